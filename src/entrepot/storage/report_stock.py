"""The rows of reports about stock in the warehouse, all of them sums of positions.

A request for several marketplaces has the units of all their countries in one row for each SKU; of SKUs that share an
item each shows the whole (D-6). Free units of other countries count where the seller lets them serve (D-17).
Source: domain specification §2.2; research is in neither sum (D-3). What nobody models is 0: volumes, future supply.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Final, Literal

from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.money import digits_of
from entrepot.storage.bulk import WAREHOUSE_CHANNELS
from entrepot.storage.database import Database
from entrepot.storage.report_listings import STOCK, everybodys
from entrepot.storage.report_rows import cells, copied, text

Extent = Literal["open", "archived", "reserved", "by_disposition", "by_country"]

_WORDS: Final = " ".join(f"when '{condition.literal}' then '{condition.words}'" for condition in CONDITIONS)

# From the offer `o`, its market `m`, SKU `k`, units `u`, listing `i` and the seller's own stock `s`.
_OWN_EXISTS: Final = f"""(i.marketplaces ? m.id
    and (i.availability - {WAREHOUSE_CHANNELS} <> '{{}}' or coalesce(s.anywhere, 0) > 0))"""
_RESERVED: Final = "(u.ordered + u.in_transfer + u.processing)"
_STORED: Final = f"(u.available + u.unsellable + {_RESERVED})"
_CELLS: Final = {
    "sku": "o.sku",
    "fnsku": "k.fnsku",
    "asin": "k.asin",
    "product-name": text("o.title"),
    "condition": f"case k.condition {_WORDS} end",
    "your-price": "round((i.offers -> m.offer #>> '{our_price,0,schedule,0,value_with_tax}')::numeric, m.digits)::text",
    "mfn-listing-exists": f"case when {_OWN_EXISTS} then 'Yes' else 'No' end",
    "mfn-fulfillable-quantity": f"case when {_OWN_EXISTS} then coalesce(s.quantity, 0)::text end",
    "afn-listing-exists": "case when o.closed_seq is null then 'Yes' else 'No' end",
    "afn-warehouse-quantity": f"{_STORED}::text",
    "afn-fulfillable-quantity": "u.available::text",
    "afn-unsellable-quantity": "u.unsellable::text",
    "afn-reserved-quantity": f"{_RESERVED}::text",
    "afn-total-quantity": f"({_STORED} + u.working + u.shipped + u.receiving)::text",
    "per-unit-volume": "'0.00'",
    "afn-inbound-working-quantity": "u.working::text",
    "afn-inbound-shipped-quantity": "u.shipped::text",
    "afn-inbound-receiving-quantity": "u.receiving::text",
    "afn-researching-quantity": "u.researching::text",
    "afn-reserved-future-supply": "'0'",
    "afn-future-supply-buyable": "'0'",
    "reserved_qty": f"{_RESERVED}::text",
    "reserved_customerorders": "u.ordered::text",
    "reserved_fc-transfers": "u.in_transfer::text",
    "reserved_fc-processing": "u.processing::text",
    "seller-sku": "o.sku",
    "fulfillment-channel-sku": "k.fnsku",
    "condition-type": "k.condition",
    "Warehouse-Condition-code": "d.code",
    "Quantity Available": "d.units::text",
    "country": "c.country",
    "quantity-for-local-fulfillment": "c.available::text",
}

_HERE: Final = "p.country = any($3::text[])"
_STATES: Final = ("ordered", "in_transfer", "processing", "researching", "working", "shipped", "receiving")
_UNSELLABLE: Final = " + ".join(
    f"p.{name}"
    for name in (
        "customer_damaged",
        "warehouse_damaged",
        "distributor_damaged",
        "carrier_damaged",
        "defective",
        "expired",
    )
)
_UNITS: Final = f"""
    select p.item,
           coalesce(sum(p.available) filter (where {_HERE} or (select remote from seller)), 0) as available,
           coalesce(sum({_UNSELLABLE}) filter (where {_HERE}), 0) as unsellable,
           {", ".join(f"coalesce(sum(p.{name}) filter (where {_HERE}), 0) as {name}" for name in _STATES)}
    from positions p where p.seller_id = $1 and ({_HERE} or (select remote from seller)) group by p.item
"""
# Of each SKU the offer in the first of the marketplaces that has one; one that is open comes before any that is closed.
_OFFERS: Final = """
    select distinct on (o.sku) o.sku, o.title, o.closed_seq, o.marketplace_id
    from offers o join markets m on m.id = o.marketplace_id
    where o.seller_id = $1 {open}
    order by o.sku, o.closed_seq is not null, m.n, o.created_seq desc
"""
_ROWS: Final = f"""with seller as materialized (
        select policies @> '{{{{"remote_serving": true}}}}' as remote from ledgers where seller_id = $1
    ), markets as materialized (
        select * from unnest($2::text[], $3::text[], $4::text[], $5::int[])
            with ordinality m(id, country, offer, digits, n)
    )
    select {{cells}} from ({_OFFERS}) o
    join markets m on m.id = o.marketplace_id
    join skus k on k.seller_id = $1 and k.sku = o.sku
    {{joined}}
"""
_WITH_UNITS: Final = f"join ({_UNITS}) u on u.item = k.fnsku"
_WITH_LISTING: Final = f"""
    left join listings i on i.seller_id = $1 and i.sku = o.sku and i.deleted_at is null
    left join ({STOCK.format(accounts="'M_AVAIL'")}) s on s.item = o.sku
"""
_OPEN: Final = "and o.closed_seq is null"
_EXTENTS: Final[dict[Extent, tuple[str, str]]] = {
    "open": (_OPEN, f"{_WITH_UNITS} {_WITH_LISTING} order by o.sku"),
    "archived": ("", f"{_WITH_UNITS} {_WITH_LISTING} order by o.sku"),
    "reserved": (_OPEN, f"{_WITH_UNITS} where {_RESERVED} > 0 order by o.sku"),
    "by_disposition": (
        _OPEN,
        f"""{_WITH_UNITS} cross join lateral (
            values (1, 'SELLABLE', u.available), (2, 'UNSELLABLE', u.unsellable)) d(n, code, units)
        order by o.sku, d.n""",
    ),
    # Wherever it is, or may be: a country without any has a 0.
    "by_country": (_OPEN, "join positions c on c.seller_id = $1 and c.item = k.fnsku order by o.sku, c.country"),
}


def stock(
    database: Database, seller_id: str, marketplaces: Sequence[Marketplace], columns: Sequence[str], extent: Extent
) -> AsyncGenerator[bytes, None]:
    """What the warehouse has of each SKU that it sells in one of the marketplaces; `archived`: or sold there once."""
    closed_too, joined = _EXTENTS[extent]
    statement = _ROWS.format(cells=cells(_CELLS, columns), open=closed_too, joined=joined)
    return copied(
        database,
        marketplaces[0].zone,
        statement,
        seller_id,
        [one.id for one in marketplaces],
        [one.country for one in marketplaces],
        [everybodys(one) for one in marketplaces],
        [digits_of(one.currency) for one in marketplaces],
    )
