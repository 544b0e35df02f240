"""The rows of reports, streamed; and the schedules of those that are made by themselves.

A report's rows are the answer to one statement, sent by COPY as lines of cells: one moment of the stock, however long
it takes, and never more than a few blocks of it in memory. Cells have no tab and no line break, so nothing is quoted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import asyncpg
import msgspec

from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn import aim_columns
from entrepot.domain.mfn.attributes import ALL, FBA_CHANNELS, offer_key
from entrepot.domain.mfn.products import ID_ATTRIBUTES
from entrepot.domain.money import digits_of
from entrepot.storage.bulk import WAREHOUSE_CHANNELS
from entrepot.storage.database import Connection, Database

Extent = Literal["full", "lite", "liter"]
Layout = Literal["order", "order_report"]

# Streaming

COPY_SECONDS: Final = 6 * 3600.0
_BLOCKS: Final = 4  # that may wait for whoever reads them
# Cells hold neither of these characters, and none of them is null: so COPY writes every cell as it is.
_NO_QUOTE: Final = "\x01"
_NO_NULL: Final = "\x02"
_AS_BLANK: Final = "e'\\t\\r\\n\\x01\\x02', '     '"


async def _copied(database: Database, zone: str, statement: str, *arguments: object) -> AsyncGenerator[bytes, None]:
    """The lines that a statement answers, in blocks; instants are written in the time of the zone."""
    blocks: asyncio.Queue[bytes] = asyncio.Queue(_BLOCKS)

    async def copy() -> None:
        # To compile a statement that is run once costs more than it saves. And of a shop that was just loaded the
        # planner knows nothing yet: looking up each row in all others would take for ever.
        settings = f"set local timezone to '{zone}'; set local jit to off; set local enable_nestloop to off"
        async with database.write(settings) as connection:
            await connection.copy_from_query(
                statement,
                *arguments,
                output=blocks.put,
                timeout=COPY_SECONDS,
                format="csv",
                delimiter="	",
                quote=_NO_QUOTE,
                null=_NO_NULL,
            )

    copying = asyncio.create_task(copy())
    try:
        while block := await _next(blocks, copying):
            yield block
    finally:
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)


async def _next(blocks: asyncio.Queue[bytes], copying: asyncio.Task[None]) -> bytes:
    """The next block; empty when there is no more. Raises what ended the copying."""
    if blocks.empty() and not copying.done():
        waiting = asyncio.create_task(blocks.get())
        await asyncio.wait((waiting, copying), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
    if not blocks.empty():
        return blocks.get_nowait()
    await copying
    return b""


def _cells(expressions: Mapping[str, str], columns: Sequence[str]) -> str:
    """The columns of a report as those of a statement; a column without an expression is always blank."""
    return ", ".join(f"coalesce({expressions[name]}, '')" if name in expressions else "''" for name in columns)


def _text(expression: str) -> str:
    return f"translate({expression}, {_AS_BLANK})"


def _attribute(name: str, marketplace: str, member: str = "value") -> str:
    """What a listing's attribute says in a marketplace; its first instance is mostly the only one."""
    return f"""case when not a.attributes ? '{name}' then null
        when coalesce(a.attributes #>> '{{{name},0,marketplace_id}}', {marketplace}) <> {marketplace}
        then (select e ->> '{member}' from jsonb_array_elements(a.attributes -> '{name}') e
            where coalesce(e ->> 'marketplace_id', {marketplace}) = {marketplace} limit 1)
        else a.attributes #>> '{{{name},0,{member}}}' end"""


def _column(name: str, marketplace: str) -> str:
    """The attribute that keeps a column of AIM's files."""
    attribute = aim_columns.ATTRIBUTES[name]
    return _text(_attribute(attribute, marketplace, "media_location" if attribute == aim_columns.IMAGE else "value"))


# Ten or more characters of a hash make the form that real ones have: MMDD, a capital, six of letters and digits.
_HASH: Final = "md5(i.seller_id || ' ' || i.sku || ' ' || (extract(epoch from i.created_at) * 1000000)::bigint::text)"
_LISTING_ID: Final = f"""to_char(i.created_at at time zone 'UTC', 'MMDD')
    || translate(right({_HASH}, 1), '0123456789abcdef', 'GHIJKLMNOPQRSTUV')
    || translate(upper(left(encode(decode({_HASH}, 'hex'), 'base64'), 6)), '+/', 'XZ')"""


# Open listings

# Down to what AIM has a number for (domain specification §5.5).
_NUMBERED: Final = {
    **{condition.literal: condition.loader for condition in CONDITIONS if condition.loader},
    **dict.fromkeys(("NewOEM", "NewOpenBox", "NewWithWarranty"), 11),
}
_CONDITION: Final = (
    f"""case k.condition {" ".join(f"when '{literal}' then '{number}'" for literal, number in _NUMBERED.items())} end"""
)
# Instants of listings, as far as samples show them: Japan's, Britain's, everybody else's.
_OPEN_DATE: Final = {"JP": "YYYY/MM/DD HH24:MI:SS TZ", "UK": "DD/MM/YYYY HH24:MI:SS TZ"}
_OPEN_DATE_ELSEWHERE: Final = "YYYY-MM-DD HH24:MI:SS TZ"

# The digits of the id that was submitted, without the zeros that make 14 of them; else the ASIN.
_GIVEN: Final = " , ".join(f"a.attributes #>> '{{{name},0,value}}'" for name in ID_ATTRIBUTES)
_PRODUCT_ID: Final = f"""(select coalesce(
        case when length(g.id) = 14 and g.id like '00%' then right(g.id, 12)
             when length(g.id) = 14 and g.id like '0%' then right(g.id, 13)
             when g.id <> '' then g.id end, k.asin)
    from (select upper(translate(coalesce({_GIVEN}), e'- \\t\\r\\n\\x01\\x02', ''))) g(id))"""
_PRODUCT_ID_TYPE: Final = f"""(select case
        when p.id = '' then '' when p.id = k.asin and p.id !~ '^[0-9]{{9}}[0-9X]$' then '1'
        when length(p.id) = 10 or p.id ~ '^97[89][0-9]{{10}}$' then '2' when length(p.id) = 12 then '3' else '4' end
    from (select {_PRODUCT_ID}) p(id))"""

_OURS: Final = "coalesce(s.quantity, 0) > 0"
_CHANNEL: Final = f"""case when {_OURS} then 'DEFAULT' {
    " ".join(f"when i.availability ? '{channel}' then '{channel}'" for channel in FBA_CHANNELS.values())
} end"""
_PRICE: Final = "round((i.offers -> $3::text #>> '{our_price,0,schedule,0,value_with_tax}')::numeric, DIGITS)::text"


def _listing_cells(marketplace: Marketplace) -> dict[str, str]:
    """Each column of open listings from the listing `i`, its attributes `a`, stock `s`, SKU `k` and product `p`."""
    here = "$2::text"
    date = _OPEN_DATE.get(marketplace.code, _OPEN_DATE_ELSEWHERE)
    abroad = _attribute("will_ship_internationally", here)
    expedited = f"rtrim({_column('expedited-shipping', here)}, ', ')"
    return {
        "item-name": f"coalesce({_column('item-name', here)}, {_text('p.title')})",
        "item-description": _column("item-description", here),
        "listing-id": _LISTING_ID,
        "seller-sku": "i.sku",
        "price": _PRICE.replace("DIGITS", str(digits_of(marketplace.currency))),
        "quantity": f"case when {_OURS} then s.quantity::text end",
        "open-date": f"to_char(i.created_at, '{date}')",
        "image-url": _column("image-url", here),
        "item-is-marketplace": f"coalesce({_column('item-is-marketplace', here)}, 'y')",
        "product-id-type": _PRODUCT_ID_TYPE,
        "zshop-shipping-fee": _column("shipping-fee", here),
        "item-note": _column("item-note", here),
        "item-condition": _CONDITION,
        "zshop-category1": _column("category1", here),
        "zshop-browse-path": _column("browse-path", here),
        "zshop-storefront-feature": _column("storefront-feature", here),
        "asin1": f"coalesce(nullif(k.asin, ''), {_column('asin1', here)})",
        "asin2": _column("asin2", here),
        "asin3": _column("asin3", here),
        "will-ship-internationally": f"case when lower({abroad}) in ('2', 'y', 'yes', 'true') then '2' else '1' end",
        "expedited-shipping": f"""(select case when coalesce(lower(x), '') in ('', 'n', 'no', '0', 'false') then 'N'
            when lower(x) in ('y', 'yes', '1', 'true') then 'Domestic' else x end from (select {expedited}) e(x))""",
        "zshop-boldface": _column("boldface", here),
        "product-id": _PRODUCT_ID,
        "bid-for-featured-placement": _column("bid-for-featured-placement", here),
        "pending-quantity": f"case when {_OURS} then coalesce(s.pending, 0)::text end",
        "fulfillment-channel": _CHANNEL,
    }


# The short ones name products by ASIN.
_SHORT: Final = {"product-id": "k.asin"}

# What the channel DEFAULT is shown to have (`default_places`), and what waits for payment at any location.
_STOCK: Final = """
    select b.item,
           sum(b.quantity) filter (where b.account = 'M_AVAIL' and (b.place = 'DEFAULT' or b.place in (
               select source_id from sources where seller_id = $1 and status = 'Active'))) as quantity,
           sum(b.quantity) filter (where b.account = 'M_RES_PENDING') as pending
    from balances b where b.seller_id = $1 and b.account in ({accounts}) group by b.item
"""
_LISTED: Final = "i.seller_id = $1 and i.deleted_at is null and i.marketplaces ? $2"
_SHORT_ROWS: Final = f"""
    from listings i
    join ({_STOCK.format(accounts="'M_AVAIL'")}) s on s.item = i.sku
    left join skus k on k.seller_id = $1 and k.sku = i.sku
    where {_LISTED} and s.quantity > 0 and $3::text is not null
    order by i.sku
"""
_FULL_ROWS: Final = f"""
    from listings i
    join listing_attributes a on a.seller_id = $1 and a.sku = i.sku
    left join ({_STOCK.format(accounts="'M_AVAIL', 'M_RES_PENDING'")}) s on s.item = i.sku
    left join skus k on k.seller_id = $1 and k.sku = i.sku
    left join products p on p.seller_id = $1 and p.asin = k.asin
    where {_LISTED} and ({_OURS} or i.availability ?| {WAREHOUSE_CHANNELS})
    order by i.sku
"""


def open_listings(
    database: Database, seller_id: str, marketplace: Marketplace, columns: Sequence[str], extent: Extent
) -> AsyncGenerator[bytes, None]:
    """What is for sale in a marketplace now: what the seller has himself, and in full also what the warehouse ships."""
    cells, rows = _listing_cells(marketplace), _FULL_ROWS
    if extent != "full":
        cells, rows = {**cells, **_SHORT}, _SHORT_ROWS
    everybody = offer_key({"marketplace_id": marketplace.id, "currency": marketplace.currency, "audience": ALL})
    statement = f"select {_cells(cells, columns)} {rows}"
    return _copied(database, marketplace.zone, statement, seller_id, marketplace.id, everybody)


# Orders


@dataclass(frozen=True)
class Span:
    """Orders of these marketplaces that were paid for from `start` to before `end`; `zone`: in whose time."""

    start: datetime
    end: datetime
    marketplaces: tuple[str, ...]
    zone: str


_WHOLE: Final = sorted({m.currency for m in MARKETPLACES.values() if not digits_of(m.currency)})


def _amount(units: str) -> str:
    """Minor units as decimals; nothing but goods is charged, so whatever else there is costs nothing."""
    whole = ", ".join(repr(currency) for currency in _WHOLE)
    return f"case when t.currency in ({whole}) then ({units})::text else round(({units}) / 100.0, 2)::text end"


_BUYER: Final = {name: _text(f"o.details #>> '{{buyer,{name}}}'") for name in ("name", "email", "phone")}
_ADDRESS: Final = {
    name: _text(f"o.details #>> '{{address,{name}}}'")
    for name in ("name", "line1", "line2", "city", "state", "postal_code", "country")
}
_RECIPIENT: Final = f"coalesce({_ADDRESS['name']}, {_BUYER['name']})"
_ITEM_NAME: Final = f"coalesce({_column('item-name', 'o.marketplace_id')}, {_text('p.title')})"
_SHIP_OPTION: Final = "o.details ->> 'ship_option'"
_ISO: Final = 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'

_ORDER_CELLS: Final = {
    "order-id": _text("o.order_id"),
    "order-item-id": "t.order_item_id",
    "payments-date": "to_char(o.paid_at, 'YYYY-MM-DD HH24:MI:SS TZ')",
    "item-name": _ITEM_NAME,
    "listing-id": _LISTING_ID,
    "sku": "t.sku",
    "price": _amount("t.price"),
    "shipping-fee": _amount("0"),
    "quantity-purchased": "t.ordered::text",
    "total-price": _amount("t.price * t.ordered"),
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
    "item-price": _amount("t.price * t.ordered"),
    "item-tax": _amount("0"),
    "shipping-price": _amount("0"),
    "shipping-tax": _amount("0"),
    "ship-service-level": _SHIP_OPTION,
    "ship-postal-code": _ADDRESS["postal_code"],
    "ship-phone-number": _BUYER["phone"],
}
_LAYOUTS: Final[dict[Layout, dict[str, str]]] = {"order": _ORDER_CELLS, "order_report": _ORDER_REPORT_CELLS}

# Of the orders that the seller ships himself.
_PAID: Final = "o.seller_id = $1 and o.channel = 'MFN' and o.placed_at < $3 and o.paid_at >= $2 and o.paid_at < $3"
_ORDERS: Final = f"""
    from orders o
    join order_items t on t.seller_id = $1 and t.order_id = o.order_id
    left join listings i on i.seller_id = $1 and i.sku = t.sku
    left join listing_attributes a on a.seller_id = $1 and a.sku = i.sku
    left join skus k on k.seller_id = $1 and k.sku = t.sku
    left join products p on p.seller_id = $1 and p.asin = k.asin
    where {_PAID} and o.marketplace_id = any($4::text[])
    order by o.paid_at, o.order_id, t.line, t.order_item_id
"""


def orders(
    database: Database, seller_id: str, columns: Sequence[str], span: Span, layout: Layout
) -> AsyncGenerator[bytes, None]:
    """What was paid for in a span of time, a line an item; those of an order follow one another."""
    statement = f"select {_cells(_LAYOUTS[layout], columns)} {_ORDERS}"
    return _copied(database, span.zone, statement, seller_id, span.start, span.end, list(span.marketplaces))


async def periods_with_orders(
    connection: Connection, seller_id: str, start: datetime, end: datetime, zone: str, hours: int, limit: int
) -> list[int]:
    """Which periods of so many hours of a zone's time, counted from its 1970, orders were paid for in, oldest first."""
    rows = await connection.fetch(
        f"""
        select distinct floor(extract(epoch from (o.paid_at at time zone $4)) / ($5::bigint * 3600))::bigint as period
        from orders o where {_PAID} order by period limit $6
        """,
        seller_id,
        start,
        end,
        zone,
        hours,
        limit,
    )
    return [row["period"] for row in rows]


# Schedules


@dataclass(frozen=True)
class Schedule:
    """A report of each `hours`; `due_at`, in world time, is the end of the period that is next."""

    report_type: str
    hours: int
    due_at: datetime


async def set_schedule(connection: Connection, seller_id: str, schedule: Schedule) -> None:
    await connection.execute(
        "insert into report_schedules (seller_id, report_type, hours, due_at) values ($1, $2, $3, $4)"
        " on conflict (seller_id, report_type) do update set hours = excluded.hours, due_at = excluded.due_at",
        seller_id,
        schedule.report_type,
        schedule.hours,
        schedule.due_at,
    )


async def drop_schedule(connection: Connection, seller_id: str, report_type: str) -> None:
    await connection.execute(
        "delete from report_schedules where seller_id = $1 and report_type = $2", seller_id, report_type
    )


async def schedules(connection: Connection, seller_id: str) -> list[Schedule]:
    rows = await connection.fetch(
        "select report_type, hours, due_at from report_schedules where seller_id = $1 order by report_type", seller_id
    )
    return [Schedule(*row) for row in rows]


async def sellers_with_due_schedules(connection: Connection, limit: int) -> list[str]:
    """Sellers whose world clock has passed the end of a period."""
    rows = await connection.fetch(
        """
        select distinct s.seller_id from report_schedules s join ledgers l using (seller_id)
        where s.due_at <= l.clock_world + (clock_timestamp() - l.clock_real) * l.clock_rate limit $1
        """,
        limit,
    )
    return [row["seller_id"] for row in rows]


async def take_due(connection: Connection, seller_id: str, now: datetime) -> list[Schedule]:
    """The schedules whose period is over, nobody else's until the transaction ends."""
    rows = await connection.fetch(
        "select report_type, hours, due_at from report_schedules where seller_id = $1 and due_at <= $2"
        " order by report_type for update",
        seller_id,
        now,
    )
    return [Schedule(*row) for row in rows]


# Finished reports


@dataclass(frozen=True)
class Finished:
    """A report that can be fetched: `number` is its submission's, `document_id` its file."""

    number: str
    report_type: str
    created_at: datetime
    options: dict[str, str]
    document_id: str


_FINISHED: Final = """
    select submission_id, feed_type, created_at, options, result_id from submissions
    where seller_id = $1 and status = 'DONE' and result_id is not null
"""


async def finished(
    connection: Connection, seller_id: str, report_types: Sequence[str], marketplace: str | None, limit: int
) -> list[Finished]:
    """The newest first."""
    rows = await connection.fetch(
        f"{_FINISHED} and feed_type = any($2) and ($3::text is null or $3 = any(marketplaces))"
        " order by submission_id desc limit $4",
        seller_id,
        list(report_types),
        marketplace,
        limit,
    )
    return [_finished(row) for row in rows]


async def one(connection: Connection, seller_id: str, number: str, lane: str, refunds: str) -> Finished | None:
    """A report by its number: what a lane of reports made, or what refunds came to."""
    row = await connection.fetchrow(
        f"{_FINISHED} and submission_id = $2 and (lane = $3 or feed_type = $4)", seller_id, number, lane, refunds
    )
    return None if row is None else _finished(row)


def _finished(row: asyncpg.Record) -> Finished:
    number, report_type, created_at, options, document_id = row
    return Finished(number, report_type, created_at, msgspec.json.decode(options, type=dict[str, str]), document_id)
