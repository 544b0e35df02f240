"""The rows of the inventory ledger reports, made of the journal since the span began and of today's balances.

What was there before is today's balance less all that came since: so a report costs what happened since its span began,
however long the journal is. It reads the journal by its key (seller, entry); of chosen items, by `moves_item`.

A statement is a chain of named steps, each said in a line before it. Its arguments: $1 the seller, $2 and $3 the span,
$4 its countries, $5 the marketplaces of titles; $6, $7 and $8 an FNSKU, a SKU, an ASIN; of the detail, $9 a type.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from entrepot.domain.accounts import Disposition
from entrepot.domain.fba.ledger_rows import (
    BETWEEN_CENTRES,
    DAMAGED,
    FOUND,
    IN_CENTRES,
    LOSSES,
    LOST,
    OPENING,
    ROWS,
)
from entrepot.domain.places import AIRPORTS
from entrepot.storage.database import Database
from entrepot.storage.report_rows import cells, copied, text

Location = Literal["COUNTRY", "FC"]
Period = Literal["DAILY", "WEEKLY", "MONTHLY"]


@dataclass(frozen=True)
class Extent:
    """What a report is about: [start, until] of world time, both included, in the time of a zone; the centres of these
    countries; titles as in these marketplaces. Of the filters None does not filter."""

    start: datetime
    until: datetime
    zone: str
    countries: tuple[str, ...]
    marketplaces: tuple[str, ...]
    fnsku: str | None = None
    msku: str | None = None
    asin: str | None = None
    event_type: str | None = None


def detail(database: Database, seller_id: str, columns: Sequence[str], extent: Extent) -> AsyncGenerator[bytes, None]:
    """A row for each event, item, centre and disposition, in the order of the journal."""
    steps = f"{_common(extent)}, {_DETAIL}"
    statement = f"with {steps} select {cells(_DETAIL_CELLS, columns)} {_DETAIL_ROWS}"
    return copied(database, extent.zone, statement, *_arguments(seller_id, extent), extent.event_type)


def summary(
    database: Database, seller_id: str, columns: Sequence[str], extent: Extent, location: Location, period: Period
) -> AsyncGenerator[bytes, None]:
    """A row for each item, disposition, location and period in which there was something."""
    steps = f"{_common(extent)}, {_summary(_LOCATIONS[location], *_PERIODS[period])}"
    statement = f"with {steps} select {cells(_SUMMARY_CELLS, columns)} {_SUMMARY_ROWS}"
    return copied(database, extent.zone, statement, *_arguments(seller_id, extent))


def _arguments(seller_id: str, extent: Extent) -> tuple[object, ...]:
    filters = extent.fnsku, extent.msku, extent.asin
    return seller_id, extent.start, extent.until, list(extent.countries), list(extent.marketplaces), *filters


# What both are made of


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _whereabouts(account: str, detail: str) -> str:
    """Whether the units of a balance are in a centre or between two; null: neither."""
    return f"""case when {account} = 'FC_XFER' or {account} = 'FC_ORDER' and {detail} <> '' then 'transit'
        when {account} in ({_listed(IN_CENTRES)}) then 'here' end"""


_RULES: Final = ", ".join(
    f"('{r.event}', '{r.side}', '{r.type}', '{r.reason}', '{r.column}', '{r.said}', '{r.was}',"
    f" {-1 if r.opposite else 1})"
    for r in ROWS
)
_WAREHOUSE: Final = _listed(sorted({*IN_CENTRES, *BETWEEN_CENTRES}))
_STARTED: Final = "(select first from span)"
_ENDED: Final = "(select after from span)"
_CHOSEN: Final = "and {item} = any(array(select item from named))"


def _common(extent: Extent) -> str:
    chosen = _CHOSEN if extent.fnsku or extent.msku or extent.asin else ""
    return _COMMON.format(of_moves=chosen.format(item="m.item"), of_balances=chosen.format(item="b.item"))


_COMMON: Final = f"""
    -- the numbers of the first entry of the span, and of the first one after it
    span as materialized (
        select first_seq_since($1, $2) as first,
               first_seq_since($1, $3::timestamptz + interval '1 microsecond') as after
    ),
    -- as which row, and in which column, a side of an event shows
    rules(event, side, type, reason, column_name, said, was, sign) as (values {_RULES}),
    centres(airport, country) as (values {", ".join(f"('{a}', '{c}')" for a, c in AIRPORTS.items())}),
    -- each item under one of its SKUs, if possible one that is on offer
    named as materialized (
        select distinct on (k.fnsku) k.fnsku as item, k.sku, k.asin, coalesce(o.title, p.title, '') as title
        from skus k
        left join (
            select distinct on (sku) sku, title from offers
            where seller_id = $1 and marketplace_id = any($5::text[]) order by sku, created_seq desc
        ) o on o.sku = k.sku
        left join products p on p.seller_id = $1 and p.asin = k.asin
        where k.seller_id = $1 and ($6::text is null or k.fnsku = $6) and ($7::text is null or k.sku = $7)
            and ($8::text is null or k.asin = $8)
        order by k.fnsku, o.sku is null, k.sku
    ),
    -- the moves since the span began that touched the warehouse, and where both of their sides are
    moved as (
        select m.*, e.event, e.reason, e.effective_at, e.reference_kind, e.reference,
               {_whereabouts("m.account", "m.detail")} as state,
               {_whereabouts("m.to_account", "m.to_detail")} as to_state
        from moves m
        join entries e on e.seller_id = $1 and e.seq = m.seq and e.seq >= {_STARTED}
        where m.seller_id = $1 and m.seq >= {_STARTED} and (m.country <> '' or m.to_country <> '') {{of_moves}}
    ),
    -- the sides of these moves that changed what is in a centre, or between centres
    sides as materialized (
        select m.seq, m.move, m.item, m.event, m.reason, m.effective_at, m.reference_kind, m.reference,
               m.disposition as was, s.*
        from moved m cross join lateral (values
            ('gives', m.place, m.disposition, m.country, -m.quantity, m.state),
            ('receives', m.to_place, m.to_disposition, m.to_country, m.quantity, m.to_state)
        ) s(side, place, disposition, country, units, state)
        where s.state is not null
            and (m.place, m.disposition, m.state) is distinct from (m.to_place, m.to_disposition, m.to_state)
    ),
    -- the rows of the ledger that they are
    shown as (
        select s.seq, s.move, s.item, s.event, s.effective_at, s.reference_kind, s.reference, s.side, s.place,
               s.disposition, s.country, s.units * r.sign as units, r.type, r.reason, r.column_name
        from sides s
        join rules r on r.event = s.event and r.side = s.side and r.said in ('', s.reason) and r.was in ('', s.was)
    ),
    -- what there is today
    held as (
        select b.item, b.place, b.disposition, c.country, {_whereabouts("b.account", "b.detail")} as state,
               sum(b.quantity) as units
        from balances b join centres c on c.airport = left(b.place, 3)
        where b.seller_id = $1 and b.account in ({_WAREHOUSE}) {{of_balances}}
        group by 1, 2, 3, 4, 5
    )
"""

_NAMES: Final = {"FNSKU": "n.item", "ASIN": "n.asin", "MSKU": "n.sku", "Title": text("n.title")}

# Detail

# What came into a pool later than a row is what is left in the pool today, so far as it reaches; so the row's units are
# open as far as more is left. Found units were lost before: nothing of them is ever open.
_DETAIL: Final = f"""
    -- the rows of the report
    told as (
        select seq, item, place, country, disposition, type, reason, event, min(move) as move, min(side) as side,
               sum(units) as units, min(effective_at) as at, min(reference_kind) as kind, min(reference) as reference
        from shown
        where seq < {_ENDED} and country = any($4::text[]) and ($9::text is null or type = $9)
        group by seq, item, place, country, disposition, type, reason, event
    ),
    -- what came into the pools of lost units, and into those of the damaged ones of a centre
    came as (
        select seq, item, pool, place, sum(units) as units, max(move) as move from (
            select seq, item, case event when 'F32' then 'TRANSFER' else 'FC' end as pool, place, -units as units, move
            from shown where reason in ({_listed(LOSSES)})
            union all
            select seq, item, 'at ' || place, place, units, move from sides
            where state = 'here' and disposition = '{Disposition.WAREHOUSE_DAMAGED}' and units > 0
        ) pooled group by 1, 2, 3, 4
    ),
    -- what is left in the pools today
    remaining as (
        select item, detail as pool, sum(quantity) as units from balances
        where seller_id = $1 and account = 'X_LOST' and detail in ('FC', 'TRANSFER') group by 1, 2
        union all
        select item, 'at ' || place, units from held
        where state = 'here' and disposition = '{Disposition.WAREHOUSE_DAMAGED}'
    ),
    -- how much of what came is still open
    open as (
        select c.seq, c.item, c.place,
               least(c.units, greatest(0, coalesce(r.units, 0) - coalesce(sum(c.units) over later, 0))) as units
        from came c left join remaining r on r.item = c.item and r.pool = c.pool
        window later as (
            partition by c.item, c.pool order by c.seq desc, c.move desc
            rows between unbounded preceding and 1 preceding
        )
    )
"""
_DETAIL_CELLS: Final = {
    **_NAMES,
    "Date": "to_char(t.at, 'MM/DD/YYYY')",
    "Event Type": "t.type",
    # What has no paper of its own is known by its entry.
    "Reference ID": f"case when t.kind in ('', 'sku', 'item') then t.seq::text else {text('t.reference')} end",
    "Quantity": "t.units::text",
    "Fulfillment Center": "t.place",
    "Disposition": "t.disposition",
    "Reason": "t.reason",
    "Country": "t.country",
    "Reconciled Quantity": f"case t.reason when '{FOUND}' then t.units else abs(t.units) - o.units end::text",
    "Unreconciled Quantity": f"case t.reason when '{FOUND}' then 0 else o.units end::text",
    "Date and Time": """to_char(t.at, 'YYYY-MM-DD"T"HH24:MI:SSTZHTZM')""",
}
_DETAIL_ROWS: Final = f"""
    from told t join named n on n.item = t.item
    left join open o on o.seq = t.seq and o.item = t.item and o.place = t.place and t.reason in ('{LOST}', '{DAMAGED}')
    order by t.seq, t.move, t.item, t.place, t.side, t.type desc, t.reason
"""

# Summary

_EVENT_COLUMNS: Final = (
    "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns", "Warehouse Transfer In/Out", "Found",
    "Lost", "Damaged", "Disposed", "Other Events",
)  # fmt: skip
_LOCATIONS: Final[Mapping[Location, str]] = {"COUNTRY": "country", "FC": "place"}
# The unit, and how much earlier than the database's own it begins: weeks begin on Sundays.
_PERIODS: Final[Mapping[Period, tuple[str, str]]] = {
    "DAILY": ("day", "0 days"),
    "WEEKLY": ("week", "1 day"),
    "MONTHLY": ("month", "0 days"),
}


def _begun(at: str, unit: str, shift: str) -> str:
    """When the period began that a local time lies in."""
    return f"(date_trunc('{unit}', {at} + interval '{shift}') - interval '{shift}')"


def _of_each(form: str, between: str) -> str:
    return between.join(form.replace("{}", column) for column in _EVENT_COLUMNS)


def _summed(what: str) -> str:
    return f"""sum(units) filter (where what = '{what}') as "{what}\""""


def _summary(location: str, unit: str, shift: str) -> str:
    return f"""
    -- the periods of the span, as the calendar has them
    periods as (
        select start, (start + interval '1 {unit}')::timestamp as next
        from generate_series(
            {_begun("$2::timestamptz::timestamp", unit, shift)}, $3::timestamptz::timestamp, interval '1 {unit}'
        ) p(start)
        where $2::timestamptz <= $3::timestamptz
    ),
    -- what there was when the span began: what there is today, less all that came since; what a seller began with was
    -- always there
    opening as (
        select item, disposition, {location} as location,
               coalesce(sum(units) filter (where state = 'here'), 0) as here,
               coalesce(sum(units) filter (where state = 'transit'), 0) as transit
        from (
            select item, disposition, country, place, state, units from held
            union all
            select item, disposition, country, place, state, -units from sides
            where not (event = '{OPENING}' and seq < {_ENDED})
        ) since
        where country = any($4::text[]) group by 1, 2, 3
    ),
    -- what happened, once by what it did, and once by the column that it shows in, if there is one
    happened as (
        select item, disposition, country, place, effective_at, seq, state as what, units from sides
        where event <> '{OPENING}'
        union all
        select item, disposition, country, place, effective_at, seq, column_name, units from shown
    ),
    -- and what it came to in each period
    sums as (
        select item, disposition, {location} as location,
               {_begun("effective_at::timestamp", unit, shift)} as start,
               {", ".join([_summed(one) for one in ("here", "transit", *_EVENT_COLUMNS)])}
        from happened
        where seq < {_ENDED} and country = any($4::text[]) group by 1, 2, 3, 4
    ),
    -- with what there was at the end of each
    running as (
        select o.item, o.disposition, o.location, p.start, p.next, {_of_each('coalesce(h."{}", 0) as "{}"', ", ")},
               coalesce(h.here, 0) as changed, o.here + coalesce(sum(h.here) over so_far, 0) as ending,
               o.transit + coalesce(sum(h.transit) over so_far, 0) as in_transit
        from opening o cross join periods p
        left join sums h on h.item = o.item and h.disposition = o.disposition and h.location = o.location
            and h.start = p.start
        window so_far as (partition by o.item, o.disposition, o.location order by p.start)
    )
"""


_SUMMARY_CELLS: Final = {
    **_NAMES,
    # The last day that the row is about.
    "Date": "to_char(least(r.next - interval '1 day', $3::timestamptz::timestamp), 'MM/DD/YYYY')",
    "Disposition": "r.disposition",
    "Starting Warehouse Balance": "(r.ending - r.changed)::text",
    "In Transit Between Warehouses": "r.in_transit::text",
    **{column: f'r."{column}"::text' for column in _EVENT_COLUMNS},
    "Ending Warehouse Balance": "r.ending::text",
    "Unknown Events": f"""(r.changed - ({_of_each('r."{}"', " + ")}))::text""",
    "Location": "r.location",
}
_SUMMARY_ROWS: Final = f"""
    from running r join named n on n.item = r.item
    where r.ending <> 0 or r.changed <> 0 or r.in_transit <> 0 or {_of_each('r."{}" <> 0', " or ")}
    order by r.item, r.disposition, r.location, r.start
"""
