"""The rows of the inventory ledger reports, made of the journal since the span began and of today's balances.

What was there before is today's balance less all that came since: so a report costs what happened since its span began,
however long the journal is. It reads the journal by its key (seller, entry); of chosen items, by `moves_item`.
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
    statement = f"{_common(extent)}, {_DETAIL} select {cells(_DETAIL_CELLS, columns)} {_DETAIL_ROWS}"
    return copied(database, extent.zone, statement, *_arguments(seller_id, extent), extent.event_type)


def summary(
    database: Database, seller_id: str, columns: Sequence[str], extent: Extent, location: Location, period: Period
) -> AsyncGenerator[bytes, None]:
    """A row for each item, disposition, location and period in which there was something."""
    parts = _SUMMARY.format(location=_LOCATIONS[location], **_PERIODS[period])
    statement = f"{_common(extent)}, {parts} select {cells(_SUMMARY_CELLS, columns)} {_SUMMARY_ROWS}"
    return copied(database, extent.zone, statement, *_arguments(seller_id, extent))


def _arguments(seller_id: str, extent: Extent) -> tuple[object, ...]:
    filters = extent.fnsku, extent.msku, extent.asin
    return seller_id, extent.start, extent.until, list(extent.countries), list(extent.marketplaces), *filters


# What both are made of


def _listed(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _here(account: str, detail: str) -> str:
    """Whether the units of a balance are in a centre."""
    return f"({account} in ({_listed(IN_CENTRES)}) and not {_between(account, detail)})"


def _between(account: str, detail: str) -> str:
    return f"({account} = 'FC_XFER' or {account} = 'FC_ORDER' and {detail} <> '')"


_RULES: Final = ", ".join(
    f"('{r.event}', '{r.side}', '{r.type}', '{r.reason}', '{r.column}', '{r.said}', '{r.was}',"
    f" {-1 if r.opposite else 1})"
    for r in ROWS
)
_WAREHOUSE: Final = f"({_listed(sorted({*IN_CENTRES, *BETWEEN_CENTRES}))})"
_ALL: Final = {"of_moves": "", "of_balances": ""}
_CHOSEN: Final = {
    "of_moves": "and m.item = any(array(select item from named))",
    "of_balances": "and b.item = any(array(select item from named))",
}


def _common(extent: Extent) -> str:
    """`named`: each item under one of its SKUs, if possible one that is on offer. `sides`: what the moves since the
    span began changed in a centre or between centres. `shown`: the rows of the ledger that they are. `held`: what there
    is today."""
    chosen = _CHOSEN if extent.fnsku or extent.msku or extent.asin else _ALL
    return _COMMON.format(**chosen)


_COMMON: Final = f"""
    with span as materialized (
        select first_seq_since($1, $2) as first,
               first_seq_since($1, $3::timestamptz + interval '1 microsecond') as after
    ), rules(event, side, type, reason, column_name, said, was, sign) as (values {_RULES}
    ), centres(airport, country) as (values {", ".join(f"('{a}', '{c}')" for a, c in AIRPORTS.items())}
    ), named as materialized (
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
    ), written as (
        select m.*, e.event, e.reason, e.effective_at, e.reference_kind, e.reference,
               {_here("m.account", "m.detail")} as here, {_between("m.account", "m.detail")} as between_,
               {_here("m.to_account", "m.to_detail")} as to_here,
               {_between("m.to_account", "m.to_detail")} as to_between
        from moves m
        join entries e on e.seller_id = $1 and e.seq = m.seq and e.seq >= (select first from span)
        where m.seller_id = $1 and m.seq >= (select first from span)
            and (m.country <> '' or m.to_country <> '') {{of_moves}}
    ), sides as materialized (
        select w.seq, w.move, w.item, w.event, w.reason, w.effective_at, w.reference_kind, w.reference,
               w.disposition as was, s.*
        from written w cross join lateral (values
            ('gives', w.place, w.disposition, w.country, -w.quantity, w.here, w.between_),
            ('receives', w.to_place, w.to_disposition, w.to_country, w.quantity, w.to_here, w.to_between)
        ) s(side, place, now, where_, delta, here, between_)
        where (s.here or s.between_) and not (
            w.here = w.to_here and w.between_ = w.to_between and w.place = w.to_place
            and w.disposition = w.to_disposition)
    ), shown as (
        select s.*, r.type, r.reason as why, r.column_name, s.delta * r.sign as units
        from sides s
        join rules r on r.event = s.event and r.side = s.side and r.said in ('', s.reason) and r.was in ('', s.was)
    ), held as (
        select b.item, b.disposition, b.place, c.country,
               sum(b.quantity) filter (where {_here("b.account", "b.detail")}) as here,
               sum(b.quantity) filter (where {_between("b.account", "b.detail")}) as between_
        from balances b join centres c on c.airport = left(b.place, 3)
        where b.seller_id = $1 and b.account in {_WAREHOUSE} {{of_balances}}
        group by 1, 2, 3, 4
    )
"""

_NAMES: Final = {"FNSKU": "n.item", "ASIN": "n.asin", "MSKU": "n.sku", "Title": text("n.title")}

# Detail

# What came into a pool later than a row is what is left in the pool today, so far as it reaches; so the row's units are
# open as far as more is left. Found units were lost before: nothing of them is ever open.
_DETAIL: Final = f"""
    told as (
        select seq, item, place, where_, now, type, why, event, min(move) as move, min(side) as side,
               sum(units) as units, min(effective_at) as at, min(reference_kind) as kind, min(reference) as reference
        from shown
        where seq < (select after from span) and where_ = any($4::text[]) and ($9::text is null or type = $9)
        group by seq, item, place, where_, now, type, why, event
    ), came as (
        select seq, item, pool, place, sum(units) as units, max(move) as move from (
            select seq, item, case event when 'F32' then 'TRANSFER' else 'FC' end as pool, place, -units as units, move
            from shown where why in ({_listed(LOSSES)})
            union all
            select seq, item, 'at ' || place, place, delta, move from sides
            where here and now = '{Disposition.WAREHOUSE_DAMAGED}' and delta > 0
        ) pooled group by 1, 2, 3, 4
    ), remaining as (
        select item, detail as pool, sum(quantity) as units from balances
        where seller_id = $1 and account = 'X_LOST' and detail in ('FC', 'TRANSFER') group by 1, 2
        union all
        select item, 'at ' || place, here from held where disposition = '{Disposition.WAREHOUSE_DAMAGED}'
    ), open as (
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
    "Disposition": "t.now",
    "Reason": "t.why",
    "Country": "t.where_",
    "Reconciled Quantity": f"case t.why when '{FOUND}' then t.units else abs(t.units) - o.units end::text",
    "Unreconciled Quantity": f"case t.why when '{FOUND}' then 0 else o.units end::text",
    "Date and Time": """to_char(t.at, 'YYYY-MM-DD"T"HH24:MI:SSTZHTZM')""",
}
_DETAIL_ROWS: Final = f"""
    from told t join named n on n.item = t.item
    left join open o on o.seq = t.seq and o.item = t.item and o.place = t.place and t.why in ('{LOST}', '{DAMAGED}')
    order by t.seq, t.move, t.item, t.place, t.side, t.type desc, t.why
"""

# Summary

_EVENT_COLUMNS: Final = (
    "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns", "Warehouse Transfer In/Out", "Found",
    "Lost", "Damaged", "Disposed", "Other Events",
)  # fmt: skip
_LOCATIONS: Final[Mapping[Location, str]] = {"COUNTRY": "country", "FC": "place"}
# Weeks begin on Sundays.
_PERIODS: Final[Mapping[Period, Mapping[str, str]]] = {
    "DAILY": {"unit": "day", "shift": "0 days"},
    "WEEKLY": {"unit": "week", "shift": "1 day"},
    "MONTHLY": {"unit": "month", "shift": "0 days"},
}


def _sums(of: str) -> str:
    return ", ".join(f"{of.format(number=number, column=column)}" for number, column in enumerate(_EVENT_COLUMNS))


# `c0`… are the columns of events; `any_` is what happened at all, whether a column has it or not.
_SUMMARY: Final = f"""
    periods as (
        select start, (start + interval '1 {{unit}}')::timestamp as next
        from generate_series(
            date_trunc('{{unit}}', $2::timestamptz::timestamp + interval '{{shift}}') - interval '{{shift}}',
            $3::timestamptz::timestamp, interval '1 {{unit}}'
        ) p(start)
        where $2::timestamptz <= $3::timestamptz
    ), opening as (
        select item, disposition, location, sum(here) as here, sum(between_) as between_ from (
            select item, disposition, {{location}} as location, coalesce(here, 0) as here,
                   coalesce(between_, 0) as between_
            from held where country = any($4::text[])
            union all
            select item, now, case '{{location}}' when 'place' then place else where_ end,
                   case when here then -delta else 0 end, case when between_ then -delta else 0 end
            from sides
            where where_ = any($4::text[]) and not (event = '{OPENING}' and seq < (select after from span))
        ) since group by 1, 2, 3
    ), happened as (
        select item, now as disposition, case '{{location}}' when 'place' then place else where_ end as location,
               date_trunc('{{unit}}', effective_at::timestamp + interval '{{shift}}') - interval '{{shift}}' as start,
               sum(any_) as any_, sum(between_) as between_, {
    _sums("sum(units) filter (where column_name = '{column}') as c{number}")
}
        from (
            select item, now, place, where_, effective_at, '' as column_name, 0 as units,
                   case when here then delta else 0 end as any_, case when between_ then delta else 0 end as between_
            from sides where event <> '{OPENING}' and seq < (select after from span) and where_ = any($4::text[])
            union all
            select item, now, place, where_, effective_at, column_name, units, 0, 0
            from shown where seq < (select after from span) and where_ = any($4::text[])
        ) told group by 1, 2, 3, 4
    ), running as (
        select o.item, o.disposition, o.location, p.start, p.next, {_sums("coalesce(h.c{number}, 0) as c{number}")},
               coalesce(h.any_, 0) as any_, o.here + coalesce(sum(h.any_) over so_far, 0) as ending,
               o.between_ + coalesce(sum(h.between_) over so_far, 0) as in_transit
        from opening o cross join periods p
        left join happened h on h.item = o.item and h.disposition = o.disposition and h.location = o.location
            and h.start = p.start
        window so_far as (partition by o.item, o.disposition, o.location order by p.start)
    )
"""
_KNOWN: Final = " + ".join(f"r.c{number}" for number, _ in enumerate(_EVENT_COLUMNS))
_SUMMARY_CELLS: Final = {
    **_NAMES,
    # The last day that the row is about.
    "Date": "to_char(least(r.next - interval '1 day', $3::timestamptz::timestamp), 'MM/DD/YYYY')",
    "Disposition": "r.disposition",
    "Starting Warehouse Balance": "(r.ending - r.any_)::text",
    "In Transit Between Warehouses": "r.in_transit::text",
    **{column: f"r.c{number}::text" for number, column in enumerate(_EVENT_COLUMNS)},
    "Ending Warehouse Balance": "r.ending::text",
    "Unknown Events": f"(r.any_ - ({_KNOWN}))::text",
    "Location": "r.location",
}
_SUMMARY_ROWS: Final = f"""
    from running r join named n on n.item = r.item
    where r.ending <> 0 or r.any_ <> 0 or r.in_transit <> 0
        or {" or ".join(f"r.c{number} <> 0" for number, _ in enumerate(_EVENT_COLUMNS))}
    order by r.item, r.disposition, r.location, r.start
"""
