"""Checks that nothing belongs to a stranger: rows to their seller, items and SKUs to the same one."""

from __future__ import annotations

from typing import Final

from entrepot.domain.accounts import MERCHANT_ACCOUNTS, Account
from entrepot.storage.check import Check

_WITH_SELLER: Final = (
    "ledgers", "entries", "moves", "balances", "positions", "commands", "timers", "skus", "offers", "shipments",
    "shipment_items", "orders", "order_items", "transfers", "removals", "sources", "listings", "listing_attributes",
    "products",
)  # fmt: skip
# Accounts whose items are SKUs; those of the warehouse's are FNSKUs, and those with a customer may be either.
_BY_SKU: Final = [account.value for account in (*MERCHANT_ACCOUNTS, Account.X_SELLER)]

_STRANGERS: Final = " union all ".join(
    f"""
    select x.seller_id, 'rows in {table}' as subject, 'a seller with a ledger' as expected, 'none'
    from (select distinct seller_id from {table} x where {{x}}) x
    where not exists (select from sellers s join ledgers l using (seller_id) where s.seller_id = x.seller_id)
    """
    for table in _WITH_SELLER
)
_FOREIGN_SKUS: Final = " union all ".join(
    f"""
    select x.seller_id, 'SKU ' || x.sku || ' in {table}' as subject, 'a SKU of the same seller' as expected, 'none'
    from (select distinct seller_id, sku, nullif({fnsku}, '') as fnsku from {table} x where {{x}}) x
    where not exists (
        select from skus k where k.seller_id = x.seller_id and k.sku = x.sku and k.fnsku = coalesce(x.fnsku, k.fnsku)
    )
    """
    for table, fnsku in (
        ("offers", "null::text"),
        ("shipment_items", "fnsku"),
        ("order_items", "fnsku"),
        ("transfers", "fnsku"),
        ("removals", "fnsku"),
        ("listings", "null::text"),
    )
)

CHECKS: Final = (
    Check(
        "Every row belongs to a seller with a ledger",
        (39,),
        _WITH_SELLER,
        _STRANGERS,
    ),
    Check(
        "Every item in the ledger is named by a SKU of the same seller",
        (39,),
        ("lines", "balances", "positions"),
        """
        select x.seller_id, 'item ' || x.item || ' in ' || x.account as subject, 'a SKU of the same seller' as expected,
               'none'
        from (
            select distinct seller_id, item, account from lines x where {x}
            union select seller_id, item, account from balances x where {x}
            union select seller_id, item, 'positions' from positions x where {x}
        ) x
        left join (select distinct seller_id, fnsku from skus k where {k}) f
            on f.seller_id = x.seller_id and f.fnsku = x.item
        left join skus s on s.seller_id = x.seller_id and s.sku = x.item
        where not (
            f.fnsku is not null and x.account <> all($2::text[]) or s.sku is not null and x.account = any($3::text[])
        )
        """,
        (_BY_SKU, [*_BY_SKU, "X_CUSTOMER"]),
    ),
    Check(
        "Every paper names a SKU of its seller, and that SKU's item",
        (39,),
        ("offers", "shipment_items", "order_items", "transfers", "removals", "listings"),
        _FOREIGN_SKUS,
    ),
)
