"""The rows of reports about orders: those that were paid for, those that wait to be shipped, and all there are.

Sources: AIM reference §9.2 and §9.3 (which also has the columns of unshipped orders); SP-API reference §7.2; domain
specification §4.2. Values of the report of all orders are as live files have them: instants in UTC, `Cancelled`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.storage.database import Connection, Database
from entrepot.storage.report_rows import LISTING_ID, amount, attribute_cell, cells, copied, text
from entrepot.storage.worlds import world_time

Layout = Literal["order", "order_report"]
Dated = Literal["placed_at", "updated_at"]


@dataclass(frozen=True)
class Span:
    """Orders of these marketplaces, from `start` to before `end`; `zone`: in whose time."""

    start: datetime
    end: datetime
    marketplaces: tuple[str, ...]
    zone: str


_BUYER: Final = {name: text(f"o.details #>> '{{buyer,{name}}}'") for name in ("name", "email", "phone")}
_ADDRESS: Final = {
    name: text(f"o.details #>> '{{address,{name}}}'")
    for name in ("name", "line1", "line2", "city", "state", "postal_code", "country")
}
_RECIPIENT: Final = f"coalesce({_ADDRESS['name']}, {_BUYER['name']})"
_ITEM_NAME: Final = f"coalesce({attribute_cell('item-name', 'o.marketplace_id')}, {text('p.title')})"
_SHIP_OPTION: Final = "o.details ->> 'ship_option'"
_ISO: Final = 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'

_ORDER_CELLS: Final = {
    "order-id": text("o.order_id"),
    "order-item-id": "t.order_item_id",
    "payments-date": "to_char(o.paid_at, 'YYYY-MM-DD HH24:MI:SS TZ')",
    "item-name": _ITEM_NAME,
    "listing-id": LISTING_ID,
    "sku": "t.sku",
    "price": amount("t.price"),
    "shipping-fee": amount("0"),
    "quantity-purchased": "t.ordered::text",
    "total-price": amount("t.price * t.ordered"),
    "purchase-date": "to_char(o.placed_at, 'YYYY-MM-DD HH24:MI:SS TZ')",
    "buyer-email": _BUYER["email"],
    "buyer-name": _BUYER["name"],
    "recipient-name": _RECIPIENT,
    "ship-address-1": _ADDRESS["line1"],
    "ship-address-2": _ADDRESS["line2"],
    "ship-city": _ADDRESS["city"],
    "ship-state": _ADDRESS["state"],
    "ship-zip": _ADDRESS["postal_code"],
    "ship-country": _ADDRESS["country"],
    "ship-method": f"case {_SHIP_OPTION} when 'SecondDay' then 'second' when 'NextDay' then 'next'"
    f" else lower({_SHIP_OPTION}) end",
}
_ORDER_REPORT_CELLS: Final = {
    **_ORDER_CELLS,
    "purchase-date": f"to_char(o.placed_at, '{_ISO}')",
    "payments-date": f"to_char(o.paid_at, '{_ISO}')",
    "buyer-phone-number": _BUYER["phone"],
    "product-name": _ITEM_NAME,
    "currency": "t.currency",
    # Of all units together, as all amounts here.
    "item-price": amount("t.price * t.ordered"),
    "item-tax": amount("0"),
    "shipping-price": amount("0"),
    "shipping-tax": amount("0"),
    "ship-service-level": _SHIP_OPTION,
    "ship-postal-code": _ADDRESS["postal_code"],
    "ship-phone-number": _BUYER["phone"],
}
_LAYOUTS: Final[dict[Layout, dict[str, str]]] = {"order": _ORDER_CELLS, "order_report": _ORDER_REPORT_CELLS}

_LINES: Final = """
    from orders o
    join order_items t on t.seller_id = $1 and t.order_id = o.order_id
    left join listings i on i.seller_id = $1 and i.sku = t.sku
    left join listing_attributes a on a.seller_id = $1 and a.sku = i.sku
    left join skus k on k.seller_id = $1 and k.sku = t.sku
    left join products p on p.seller_id = $1 and p.asin = k.asin
"""
# Of the orders that the seller ships himself.
_PAID: Final = "o.seller_id = $1 and o.channel = 'MFN' and o.placed_at < $3 and o.paid_at >= $2 and o.paid_at < $3"
_ORDERS: Final = f"""{_LINES}
    where {_PAID} and o.marketplace_id = any($4::text[])
    order by o.paid_at, o.order_id, t.line, t.order_item_id
"""


def orders(
    database: Database, seller_id: str, columns: Sequence[str], span: Span, layout: Layout
) -> AsyncGenerator[bytes, None]:
    """What was paid for in a span of time, a line an item; those of an order follow one another."""
    statement = f"select {cells(_LAYOUTS[layout], columns)} {_ORDERS}"
    return copied(database, span.zone, statement, seller_id, *_spanned(span))


def _spanned(span: Span) -> tuple[datetime, datetime, list[str]]:
    return span.start, span.end, list(span.marketplaces)


async def periods_with_orders(
    connection: Connection,
    seller_id: str,
    start: datetime,
    end: datetime,
    zone: str,
    since: datetime,
    hours: int,
    limit: int,
) -> list[int]:
    """In which periods of so many hours orders were paid for, oldest first; counted from `since`, in a zone's time."""
    rows = await connection.fetch(
        f"""
        select distinct
            floor(extract(epoch from (o.paid_at at time zone $4) - $5::timestamp) / ($6::bigint * 3600))::bigint
                as period
        from orders o where {_PAID} order by period limit $7
        """,
        seller_id,
        start,
        end,
        zone,
        since,
        hours,
        limit,
    )
    return [row["period"] for row in rows]


# Unshipped orders

_TO_SHIP: Final = "(t.ordered - t.cancelled - t.shipped)"
_PROMISED: Final = "(o.promise ->> 'latest_ship')::timestamptz"
_NOW: Final = f"(select {world_time()} from ledgers l where l.seller_id = $1)"
_UNSHIPPED_CELLS: Final = {
    **_ORDER_REPORT_CELLS,
    # An order is told of as soon as it is paid for.
    "reporting-date": f"to_char(o.paid_at, '{_ISO}')",
    "promise-date": f"to_char({_PROMISED}, '{_ISO}')",
    # Calendar days of the zone; below zero while there is time.
    "days-past-promise": f"({_NOW}::date - {_PROMISED}::date)::text",
    "quantity-shipped": "t.shipped::text",
    "quantity-to-ship": f"{_TO_SHIP}::text",
    "is-business-order": "'false'",
    "is-prime": "'false'",
}
_UNSHIPPED: Final = f"""{_LINES}
    where {_PAID} and o.marketplace_id = any($4::text[]) and {_TO_SHIP} > 0
    order by o.paid_at, o.order_id, t.line, t.order_item_id
"""


def unshipped(database: Database, seller_id: str, columns: Sequence[str], span: Span) -> AsyncGenerator[bytes, None]:
    """What was paid for in a span of time, and is still to be shipped by the seller."""
    statement = f"select {cells(_UNSHIPPED_CELLS, columns)} {_UNSHIPPED}"
    return copied(database, span.zone, statement, seller_id, *_spanned(span))


# All orders

# What a marketplace is called as a channel: after its site.
_SITE: Final = " ".join(f"when '{m.id}' then 'Amazon.{m.site}'" for m in MARKETPLACES.values())
_KEPT: Final = "(t.ordered - t.cancelled)"
# Nothing is said of what an item cost that nobody gets.
_CHARGED: Final = f"case when {_KEPT} > 0 then {{}} end"

_EVERY_ORDER_CELLS: Final = {
    "amazon-order-id": text("o.order_id"),
    "purchase-date": f"to_char(o.placed_at, '{_ISO}')",
    "last-updated-date": f"to_char(o.updated_at, '{_ISO}')",
    "order-status": "case o.status when 'Canceled' then 'Cancelled' else o.status end",
    "fulfillment-channel": "case o.channel when 'MFN' then 'Merchant' else 'Amazon' end",
    # Multi-channel orders came from elsewhere.
    "sales-channel": f"case when o.channel = 'MCF' then 'Non-Amazon' else case o.marketplace_id {_SITE} end end",
    "order-channel": "case o.channel when 'MFN' then 'WebsiteOrderChannel' end",
    "ship-service-level": _SHIP_OPTION,
    "product-name": _ITEM_NAME,
    "sku": "t.sku",
    "asin": "k.asin",
    "item-status": f"case when {_TO_SHIP} > 0 then 'Unshipped' when t.shipped > 0 then 'Shipped' else 'Cancelled' end",
    "quantity": f"{_KEPT}::text",
    "currency": "t.currency",
    "item-price": _CHARGED.format(amount(f"t.price * {_KEPT}")),
    **{name: _CHARGED.format(amount("0")) for name in ("item-tax", "shipping-price", "shipping-tax")},
    "ship-city": _ADDRESS["city"],
    "ship-state": _ADDRESS["state"],
    "ship-postal-code": _ADDRESS["postal_code"],
    "ship-country": _ADDRESS["country"],
    "is-business-order": "'false'",
}
_EVERY_ORDER: Final = f"""{_LINES}
    where o.seller_id = $1 and o.{{dated}} >= $2 and o.{{dated}} < $3 and o.marketplace_id = any($4::text[])
    order by o.{{dated}}, o.order_id, t.line, t.order_item_id
"""


def every_order(
    database: Database, seller_id: str, columns: Sequence[str], span: Span, dated: Dated
) -> AsyncGenerator[bytes, None]:
    """All orders, whoever ships them, that were placed, or changed last, in a span of time."""
    statement = f"select {cells(_EVERY_ORDER_CELLS, columns)} {_EVERY_ORDER.format(dated=dated)}"
    return copied(database, span.zone, statement, seller_id, *_spanned(span))
