"""What must be true of the stored ledger, as queries that look for the opposite.

Every check compares what is stored with what the journal, or the domain's own tables, say it should be, over all
sellers at once or one of them; a row that comes out is a difference. Nothing here repairs anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from entrepot.domain.accounts import (
    ACCOUNTS,
    BUILDING_ACCOUNTS,
    DEFAULT_LOCATION,
    KEPT_ACCOUNTS,
    MERCHANT_ACCOUNTS,
    Account,
)
from entrepot.domain.events import EVENTS
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.places import AIRPORTS
from entrepot.domain.quantities import NUMBERS, POSITION_COLUMNS, RESEARCHING_IN_TOTAL, Part, Position
from entrepot.storage.database import Connection

SHOWN_MAX: Final = 20
# A server with millions of lines needs more than what is allowed to a request.
_SECONDS: Final = 24 * 3600.0


@dataclass(frozen=True)
class Check:
    """A sentence that must be true, the numbers of the invariants it stands for, and the query for its opposite.

    The query answers seller_id, subject, expected and found. `{x}` in it limits the table with alias x to the seller
    asked for; its own arguments begin at $2. `tables` are those whose rows it looks at.
    """

    name: str
    invariants: tuple[int, ...]
    tables: tuple[str, ...]
    query: str
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be."""

    seller_id: str
    subject: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.seller_id}, {self.subject}: {self.expected} expected, {self.found} found"


async def prepare(connection: Connection) -> None:
    """Tell the planner, until the transaction ends, that whole tables are to be read, however small they seem."""
    await connection.execute("set local enable_nestloop = off; set local jit = off; set local work_mem = '64MB'")


async def count(connection: Connection, table: str, seller_id: str | None) -> int:
    """The rows of a table, of one seller or all."""
    query = _limited(f"select count(*) from {table} x where {{x}}", seller_id)
    rows: int = await connection.fetchval(query, seller_id, timeout=_SECONDS)
    return rows


async def differences(connection: Connection, check: Check, seller_id: str | None) -> tuple[int, list[Difference]]:
    """How many differences a check finds, and the first of them."""
    query = _limited(check.query, seller_id)
    query = f"select d.*, count(*) over () from ({query}) d order by 1, 2 limit {SHOWN_MAX}"
    rows = await connection.fetch(query, seller_id, *check.arguments, timeout=_SECONDS)
    return (rows[0][4] if rows else 0), [Difference(*row[:4]) for row in rows]


def _limited(query: str, seller_id: str | None) -> str:
    condition = "$1::text is null" if seller_id is None else r"\1.seller_id = $1"
    return re.sub(r"\{(\w)\}", condition, query)


def _compared(expected: str, found: str, columns: str, subject: str) -> str:
    """The query for units that differ between two queries over the same columns, rows missing in either included."""
    return f"""
        select seller_id, {subject} as subject, coalesce(e.units, 0)::text as expected, coalesce(f.units, 0)::text
        from ({expected}) e full join ({found}) f using (seller_id, {columns})
        where coalesce(e.units, 0) <> coalesce(f.units, 0)
    """


def _columns(rows: Iterable[tuple[object, ...]]) -> tuple[list[object], ...]:
    """Rows as columns: what `unnest` takes."""
    return tuple(list(column) for column in zip(*rows, strict=True))


# The journal.

_NUMBERED: Final = """
    select m.seller_id, 'entry ' || m.seq as subject, 'moves from 0 to ' || count(*) - 1 as expected,
           'moves from ' || min(m.move) || ' to ' || max(m.move)
    from moves m where {m} group by m.seller_id, m.seq having min(m.move) <> 0 or max(m.move) <> count(*) - 1
"""
_MOVES: Final = """
    select m.seller_id, 'entry ' || m.seq || ', move ' || m.move as subject, 'a move of ' || e.event as expected,
           m.account || ' to ' || m.to_account
    from moves m
    join entries e on e.seller_id = m.seller_id and e.seq = m.seq
    left join unnest($2::text[], $3::text[], $4::text[]) as a(event, gives, receives)
        on a.event = e.event and a.gives = m.account and a.receives = m.to_account
    where {m} and a.event is null
"""
_BARE: Final = """
    select e.seller_id, 'entry ' || e.seq as subject, 'moves' as expected, e.event || ' without moves'
    from entries e where {e} and e.event <> all($2::text[])
    and not exists (select from moves m where m.seller_id = e.seller_id and m.seq = e.seq)
"""
_HOMELESS: Final = """
    select m.seller_id, 'move ' || m.move || ' of entry ' || m.seq as subject, 'an entry' as expected, 'none'
    from moves m where {m}
    and not exists (select from entries e where e.seller_id = m.seller_id and e.seq = m.seq)
"""
_CHARTED: Final = """
    select l.seller_id, 'entry ' || l.seq || ', line ' || l.line as subject, 'a balance of the chart' as expected,
           concat_ws(' ', l.account, l.place, l.disposition, l.detail, l.ref, nullif(l.at, '-infinity'))
    from lines l
    left join unnest($2::text[], $3::text[]) as a(account, disposition)
        on a.account = l.account and a.disposition = l.disposition
    where {l} and (
        a.account is null
        or (l.place <> '') <> (l.account = any($4::text[]))
        or (l.detail <> '' and l.account <> all($5::text[]))
        or (l.ref <> '' and l.account <> all($6::text[]))
        or (l.at <> '-infinity' and l.account <> all($7::text[]))
    )
"""
_COUNTRIES: Final = """
    select l.seller_id, 'entry ' || l.seq || ', line ' || l.line || ', place ' || l.place as subject,
           coalesce(c.country, '') as expected, l.country
    from lines l left join unnest($2::text[], $3::text[]) as c(airport, country)
        on c.airport = left(l.place, 3) and l.account <> all($4::text[])
    where {l} and l.country <> coalesce(c.country, '')
"""
_LOCATIONS: Final = """
    select l.seller_id, 'place ' || l.place || ' in ' || l.account as subject,
           'one of the locations of the seller' as expected, 'none'
    from (select distinct l.seller_id, l.account, l.place from lines l where {l} and l.account = any($2::text[])) l
    where l.place <> $3
    and not exists (select from sources s where s.seller_id = l.seller_id and s.source_id = l.place)
"""
_SEQUENCES: Final = """
    select seller_id, 'journal' as subject, 'entries 1 to ' || coalesce(l.last_seq, 0) as expected,
           coalesce(e.entries, 0) || ' entries, ' || coalesce(e.first, 0) || ' to ' || coalesce(e.last, 0)
    from (select * from ledgers l where {l}) l
    full join (
        select e.seller_id, count(*) as entries, min(e.seq) as first, max(e.seq) as last
        from entries e where {e} group by e.seller_id
    ) e using (seller_id)
    where coalesce(l.last_seq, 0) <> coalesce(e.entries, 0) or coalesce(l.last_seq, 0) <> coalesce(e.last, 0)
    or e.first <> 1
"""
_TIMES: Final = """
    select e.seller_id, 'entry ' || e.seq as subject, 'not before ' || e.before as expected, e.effective_at::text
    from (
        select e.*, lag(e.effective_at) over (partition by e.seller_id order by e.seq) as before
        from entries e where {e}
    ) e where e.effective_at < e.before
    union all
    select l.seller_id, 'last entry', l.last_at::text, e.effective_at::text
    from ledgers l join entries e on e.seller_id = l.seller_id and e.seq = l.last_seq
    where {l} and e.effective_at <> l.last_at
"""
_KEYS: Final = """
    select seller_id, 'idempotency key ' || idempotency_key as subject,
           coalesce(c.entries, 0) || ' entries from ' || coalesce(c.first, 0) as expected,
           coalesce(e.entries, 0) || ' entries from ' || coalesce(e.first, 0) || ' to ' || coalesce(e.last, 0)
    from (
        select c.seller_id, c.idempotency_key, jsonb_array_length(c.answer::jsonb -> 0) as entries,
               (c.answer::jsonb #>> '{0,0,seq}')::bigint as first
        from commands c where {c}
    ) c
    full join (
        select e.seller_id, e.idempotency_key, count(*) as entries, min(e.seq) as first, max(e.seq) as last
        from entries e where {e} and e.idempotency_key is not null group by e.seller_id, e.idempotency_key
    ) e using (seller_id, idempotency_key)
    where coalesce(c.entries, 0) <> coalesce(e.entries, 0)
    or e.first is distinct from c.first or e.last - e.first + 1 <> e.entries
"""

# What is kept beside it: balances, and positions with their marks.

_NEGATIVE: Final = """
    select b.seller_id, concat_ws(' ', b.account, b.item, b.place, b.disposition, b.detail, b.ref) as subject,
           '0 or more' as expected, b.quantity::text
    from balances b where {b} and b.quantity < 0
"""
_KEY: Final = "item, account, ref, place, disposition, detail, at"
_BALANCES: Final = _compared(
    f"select l.seller_id, {_KEY}, sum(l.delta) as units from lines l where {{l}} and l.account = any($2::text[])"
    f" group by l.seller_id, {_KEY}",
    f"select b.seller_id, {_KEY}, b.quantity as units from balances b where {{b}}",
    _KEY,
    "concat_ws(' ', account, item, place, disposition, detail, ref, nullif(at, '-infinity'))",
)
_STATES: Final = tuple(field.name for field in fields(Position))
_POSITION_ROWS: Final = (
    "select p.seller_id, p.country, p.item, v.state, v.units from positions p cross join lateral (values "
    + ", ".join(f"('{state}', p.{state})" for state in _STATES)
    + ") as v(state, units) where {p} and v.units <> 0"
)
_POSITIONS: Final = _compared(
    """
    select l.seller_id, l.country, l.item, s.state, sum(l.delta) as units from lines l
    join unnest($2::text[], $3::text[], $4::text[]) as s(account, disposition, state)
        on s.account = l.account and s.disposition = l.disposition
    where {l} and l.country <> '' group by l.seller_id, l.country, l.item, s.state
    """,
    _POSITION_ROWS,
    "country, item, state",
    "concat_ws(' ', item, country, state)",
)
_MARKS: Final = """
    with marks as (
        select l.seller_id, l.country, l.item, max(l.seq) as any_seq,
               max(l.seq) filter (where l.account = any($2::text[])) as stock_seq
        from lines l where {l} and l.country <> '' group by l.seller_id, l.country, l.item
        union all
        select o.seller_id, m.country, k.fnsku, greatest(o.created_seq, o.closed_seq),
               greatest(o.created_seq, o.closed_seq)
        from offers o
        join skus k on k.seller_id = o.seller_id and k.sku = o.sku
        join unnest($3::text[], $4::text[]) as m(marketplace_id, country) on m.marketplace_id = o.marketplace_id
        where {o}
    ), latest as (
        select seller_id, country, item, max(any_seq) as any_seq, coalesce(max(stock_seq), 0) as stock_seq
        from marks group by seller_id, country, item
    ), expected as (
        select x.*, e.effective_at as any_at
        from latest x left join entries e on e.seller_id = x.seller_id and e.seq = x.any_seq
    )
    select seller_id, item || ' ' || country as subject, concat_ws(' ', x.stock_seq, x.any_seq, x.any_at) as expected,
           concat_ws(' ', p.stock_seq, p.any_seq, p.any_at)
    from expected x full join (select * from positions p where {p}) p using (seller_id, country, item)
    where (x.stock_seq, x.any_seq, x.any_at) is distinct from (p.stock_seq, p.any_seq, p.any_at)
"""

# The papers, which count on their own.

# An order's items are FNSKUs where the warehouse ships it, and SKUs where the seller does.
_ITEM_OF_ORDER: Final = "case when o.channel = 'MFN' then i.sku else i.fnsku end"
_ORDER_OF_ITEM: Final = "join orders o on o.seller_id = i.seller_id and o.order_id = i.order_id"
_RESERVED: Final = _compared(
    f"""
    select i.seller_id, i.order_item_id as paper, {_ITEM_OF_ORDER} as item, case
               when o.channel <> 'MFN' then 'FC_ORDER' when o.paid_at is null then 'M_RES_PENDING'
               else 'M_RES_UNSHIPPED'
           end as account, i.ordered - i.cancelled - i.shipped as units
    from order_items i {_ORDER_OF_ITEM} where {{i}}
    """,
    """
    select b.seller_id, b.ref as paper, b.item, b.account, sum(b.quantity) as units
    from balances b where {b} and b.account in ('FC_ORDER', 'M_RES_PENDING', 'M_RES_UNSHIPPED')
    group by b.seller_id, b.ref, b.item, b.account
    """,
    "paper, item, account",
    "concat_ws(' ', 'order item', paper, account)",
)
_WITH_CUSTOMERS: Final = _compared(
    f"""
    select i.seller_id, i.order_item_id as paper, {_ITEM_OF_ORDER} as item, i.shipped - i.returned - i.lost as units
    from order_items i {_ORDER_OF_ITEM} where {{i}}
    """,
    """
    select b.seller_id, b.ref as paper, b.item, sum(b.quantity) as units
    from balances b where {b} and b.account = 'X_CUSTOMER' group by b.seller_id, b.ref, b.item
    """,
    "paper, item",
    "'order item ' || paper",
)
_ROUTES: Final = f"""
    select i.seller_id, 'order item ' || i.order_item_id as subject,
           'routes for ' || i.ordered || ', packages of ' || i.shipped as expected,
           'routes for ' || r.units || ', packages of ' || p.units
    from order_items i {_ORDER_OF_ITEM}
    cross join lateral (
        select coalesce(sum((route ->> 'quantity')::bigint), 0) as units from jsonb_array_elements(i.routes) route
    ) r
    cross join lateral (
        select coalesce(sum((package ->> 'quantity')::bigint), 0) as units from jsonb_array_elements(i.packages) package
    ) p
    where {{i}} and o.channel = 'MFN' and (r.units <> i.ordered or p.units <> i.shipped)
"""
_REFUNDS: Final = f"""
    select i.seller_id, 'order item ' || i.order_item_id as subject,
           'refunds up to ' || case when o.paid_at is null then 0 else i.price * i.ordered end as expected,
           i.refunded::text
    from order_items i {_ORDER_OF_ITEM}
    where {{i}} and (i.refunded < 0 or i.refunded > case when o.paid_at is null then 0 else i.price * i.ordered end)
"""
_COUNTERS: Final = """
    select i.seller_id, 'order item ' || i.order_item_id as subject, 'parts within the whole' as expected,
           concat_ws(' ', i.ordered, i.cancelled, i.shipped, i.returned, i.lost)
    from order_items i where {i} and (
        least(i.cancelled, i.shipped, i.returned, i.lost) < 0 or i.ordered < 1
        or i.cancelled + i.shipped > i.ordered or i.returned + i.lost > i.shipped
    )
    union all
    select t.seller_id, 'transfer ' || t.transfer_id, 'parts within the whole',
           concat_ws(' ', t.sent, t.arrived, t.lost, t.sold)
    from transfers t where {t}
    and (least(t.arrived, t.lost, t.sold) < 0 or t.sent < 1 or t.arrived + t.lost + t.sold > t.sent)
    union all
    select r.seller_id, 'removal ' || r.removal_id, 'parts within the whole',
           concat_ws(' ', r.requested, r.cancelled, r.shipped, r.disposed)
    from removals r where {r} and (
        least(r.cancelled, r.shipped, r.disposed) < 0 or r.requested < 1
        or r.cancelled + r.shipped + r.disposed > r.requested
    )
    union all
    select s.seller_id, 'shipment ' || s.shipment_id || ', item ' || s.fnsku, 'parts within the whole',
           concat_ws(' ', s.announced, s.received, s.cancelled, s.lost)
    from shipment_items s where {s} and (
        least(s.announced, s.received, s.cancelled, s.lost) < 0
        or s.received + s.cancelled + s.lost > s.announced
    )
"""
_ORDER_STATES: Final = """
    select o.seller_id, 'order ' || o.order_id as subject, coalesce(w.status, 'items') as expected, o.status
    from (select * from orders o where {o}) o
    left join (
        select i.seller_id, i.order_id, case
            when sum(i.ordered - i.cancelled - i.shipped) > 0 and sum(i.shipped) > 0 then 'PartiallyShipped'
            when sum(i.ordered - i.cancelled - i.shipped) > 0 then 'Unshipped'
            when sum(i.shipped) > 0 then 'Shipped' else 'Canceled'
        end as status
        from order_items i where {i} group by i.seller_id, i.order_id
    ) i using (seller_id, order_id)
    cross join lateral (select case
        when o.channel = 'MFN' and o.paid_at is null and i.status = 'Unshipped' then 'Pending' else i.status
    end as status) w
    where o.status is distinct from w.status
"""
_TRANSFERS: Final = _compared(
    """
    select t.seller_id, t.transfer_id as paper, t.fnsku as item, t.destination as place,
           t.sent - t.arrived - t.lost - t.sold as units
    from transfers t where {t}
    """,
    """
    select b.seller_id, b.ref as paper, b.item, b.place, sum(b.quantity) as units
    from balances b where {b} and b.account = 'FC_XFER' group by b.seller_id, b.ref, b.item, b.place
    """,
    "paper, item, place",
    "'transfer ' || paper",
)
_SOLD_ON_THE_WAY: Final = _compared(
    """
    select t.seller_id, t.transfer_id as paper, t.fnsku as item, t.sold as units from transfers t where {t}
    """,
    """
    select b.seller_id, b.detail as paper, b.item, sum(b.quantity) as units
    from balances b where {b} and b.account = 'FC_ORDER' and b.detail <> '' group by b.seller_id, b.detail, b.item
    """,
    "paper, item",
    "'transfer ' || paper || ', sold'",
)
_REMOVALS: Final = _compared(
    """
    select r.seller_id, r.removal_id as paper, r.fnsku as item, r.disposition, v.account, v.units from removals r
    cross join lateral (values
        ('FC_PROC', r.requested - r.cancelled - r.shipped - r.disposed),
        ('X_REMOVED', case when r.method = 'RETURN' then r.shipped else 0 end)
    ) as v(account, units)
    where {r}
    """,
    """
    select b.seller_id, b.ref as paper, b.item, coalesce(nullif(b.disposition, ''), r.disposition) as disposition,
           b.account, sum(b.quantity) as units
    from balances b left join removals r on r.seller_id = b.seller_id and r.removal_id = b.ref
    where {b} and (b.account = 'X_REMOVED' or b.account = 'FC_PROC' and b.detail = 'REMOVAL')
    group by b.seller_id, b.ref, b.item, coalesce(nullif(b.disposition, ''), r.disposition), b.account
    """,
    "paper, item, disposition, account",
    "concat_ws(' ', 'removal', paper, account)",
)
_SHIPMENTS: Final = _compared(
    """
    select i.seller_id, i.shipment_id as paper, i.fnsku as item, s.destination as place, case
               when s.status = 'WORKING' then 'IN_WORKING'
               when s.status in ('SHIPPED', 'IN_TRANSIT', 'DELIVERED', 'CHECKED_IN') then 'IN_SHIPPED'
               when s.status = 'RECEIVING' then 'IN_RECEIVING'
               else 'no account, as it is ' || s.status
           end as account, i.announced - i.received - i.cancelled - i.lost as units
    from shipment_items i join shipments s on s.seller_id = i.seller_id and s.shipment_id = i.shipment_id
    where {i}
    """,
    """
    select b.seller_id, b.ref as paper, b.item, b.place, b.account, sum(b.quantity) as units
    from balances b where {b} and b.account in ('IN_WORKING', 'IN_SHIPPED', 'IN_RECEIVING')
    group by b.seller_id, b.ref, b.item, b.place, b.account
    """,
    "paper, item, place, account",
    "concat_ws(' ', 'shipment', paper, item, account)",
)
_OFFERS: Final = _compared(
    """
    select o.seller_id, o.created_seq as seq, 'C01' as event, o.sku, 1 as units from offers o where {o}
    union all
    select o.seller_id, o.closed_seq, 'C02', o.sku, 1 from offers o where {o} and o.closed_seq is not null
    """,
    """
    select e.seller_id, e.seq, e.event, e.reference as sku, 1 as units from entries e
    where {e} and e.event in ('C01', 'C02')
    """,
    "seq, event, sku",
    "'entry ' || seq || ', ' || event || ' of ' || sku",
)
_TIMERS: Final = """
    select b.seller_id, concat_ws(' ', b.account, b.item, b.place, b.detail, b.at) as subject, 'a timer' as expected,
           'none'
    from balances b where {b} and b.account = 'FC_RESEARCH' and b.quantity > 0 and not exists (
        select from timers t where t.seller_id = b.seller_id and t.kind = 'age_research'
        and t.arguments ->> 'fnsku' = b.item and t.arguments ->> 'fc' = b.place and t.arguments ->> 'kind' = b.detail
        and (t.arguments ->> 'opened_at')::timestamptz = b.at and (t.arguments ->> 'give_up')::boolean
    )
    union all
    select b.seller_id, concat_ws(' ', b.account, b.item, b.place, b.at), 'a timer', 'none'
    from balances b where {b} and b.account = 'FC_AVAIL' and b.quantity > 0 and b.at <> '-infinity' and not exists (
        select from timers t where t.seller_id = b.seller_id and t.kind = 'finish_putaway'
        and t.arguments ->> 'fnsku' = b.item and t.arguments ->> 'fc' = b.place
        and (t.arguments ->> 'pickable_at')::timestamptz = b.at
    )
    union all
    select o.seller_id, 'order ' || o.order_id, 'a timer', 'none'
    from orders o where {o} and o.status = 'Pending' and not exists (
        select from timers t where t.seller_id = o.seller_id and t.kind = 'end_pending'
        and t.arguments ->> 'order' = o.order_id
    )
"""

# The numbers that doors show.

# What each number of the first column is the sum of.
_IDENTITIES: Final = {
    "total_reserved": "pending_customer_order pending_transshipment fc_processing",
    "total_unfulfillable": "customer_damaged warehouse_damaged distributor_damaged carrier_damaged defective expired",
    "total_researching": "researching_in_short_term researching_in_mid_term researching_in_long_term",
    "total": "fulfillable total_reserved total_unfulfillable inbound_working inbound_shipped inbound_receiving"
    + (" total_researching" if RESEARCHING_IN_TOTAL else ""),
    "in_stock_supply": "fulfillable",
    "total_supply": "fulfillable pending_transshipment inbound_shipped inbound_receiving",
}
_NUMBERS_OF_BALANCES: Final = """
    select b.seller_id, a.country, b.item, n.number, sum(b.quantity) as units
    from balances b
    join ledgers l on l.seller_id = b.seller_id
    join unnest($2::text[], $3::text[]) as a(airport, country) on a.airport = left(b.place, 3)
    join unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::int[])
        as n(number, account, disposition, first_day, last_day)
        on n.account = b.account and n.disposition in ('', b.disposition) and (n.first_day = 0 or
            greatest(div(extract(epoch from greatest(
                l.clock_world + (now() - l.clock_real) * l.clock_rate, l.last_at
            ) - b.at), 86400), 0) + 1 between n.first_day and n.last_day)
    where {b} and b.quantity <> 0 group by b.seller_id, a.country, b.item, n.number
"""
_NUMBERS: Final = _compared(
    _NUMBERS_OF_BALANCES,
    f"""
    select p.seller_id, p.country, p.item, s.number, sum(p.units) as units from ({_POSITION_ROWS}) p
    join unnest($9::text[], $10::text[]) as s(number, state) on s.state = p.state
    group by p.seller_id, p.country, p.item, s.number
    """,
    "country, item, number",
    "concat_ws(' ', item, country, number)",
)
_SUMS_OF_NUMBERS: Final = f"""
    with numbers as materialized ({_NUMBERS_OF_BALANCES})
    {
    _compared(
        '''
        select n.seller_id, n.country, n.item, s.whole, sum(n.units) as units from numbers n
        join unnest($9::text[], $10::text[]) as s(whole, part) on s.part = n.number
        group by n.seller_id, n.country, n.item, s.whole
        ''',
        '''
        select n.seller_id, n.country, n.item, n.number as whole, n.units from numbers n
        where n.number = any($9::text[])
        ''',
        "country, item, whole",
        "concat_ws(' ', item, country, whole)",
    )
}
"""

# Strangers.

_WITH_SELLER: Final = (
    "ledgers", "entries", "moves", "balances", "positions", "commands", "timers", "skus", "offers", "shipments",
    "shipment_items", "orders", "order_items", "transfers", "removals", "sources", "listings", "listing_attributes",
    "products",
)  # fmt: skip
_STRANGERS: Final = " union all ".join(
    f"""
    select x.seller_id, 'rows in {table}' as subject, 'a seller with a ledger' as expected, 'none'
    from (select distinct seller_id from {table} x where {{x}}) x
    where not exists (select from sellers s join ledgers l using (seller_id) where s.seller_id = x.seller_id)
    """
    for table in _WITH_SELLER
)
# An item is an FNSKU in the warehouse's accounts, a SKU in the seller's own, and either with a customer.
_FOREIGN_ITEMS: Final = """
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
"""
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


def _part(number: str, part: Part) -> tuple[object, ...]:
    first, last = (part.band.first_day, part.band.last_day) if part.band else (0, 0)
    return number, part.account, part.disposition or "", first, last


def _states_of(parts: tuple[Part, ...]) -> set[str]:
    """The columns of a position that make up a number, whatever its ages."""
    return {
        state
        for (account, disposition), state in POSITION_COLUMNS.items()
        if any(part.account is account and part.disposition in (None, disposition) for part in parts)
    }


def _having(part: str) -> list[str]:
    return [account.value for account, traits in ACCOUNTS.items() if part in traits.parts]


# Accounts whose items are SKUs.
_BY_SKU: Final = [account.value for account in (*MERCHANT_ACCOUNTS, Account.X_SELLER)]
_AIRPORT_COLUMNS: Final = _columns(AIRPORTS.items())
_PARTS: Final = [_part(name, part) for name, parts in NUMBERS.items() for part in parts]
_MOVE_COLUMNS: Final = _columns((code, *move) for code, event in EVENTS.items() for move in event.moves)
_CHART_COLUMNS: Final = _columns((a, d) for a, traits in ACCOUNTS.items() for d in traits.dispositions or ("",))
_STATE_COLUMNS: Final = _columns((*key, state) for key, state in POSITION_COLUMNS.items())

CHECKS: Final = (
    Check("The moves of every entry are numbered without gaps", (1, 2), ("moves",), _NUMBERED),
    Check("Every move is one that its event allows", (1, 2), ("moves",), _MOVES, _MOVE_COLUMNS),
    Check(
        "Only events that move nothing have entries without moves", (2,), ("entries",), _BARE,
        ([code for code, event in EVENTS.items() if not event.moves],),
    ),
    Check("Every move belongs to an entry", (2, 4), ("moves",), _HOMELESS),
    Check(
        "Every line names a balance that the chart of accounts knows", (2, 3), ("lines",), _CHARTED,
        (*_CHART_COLUMNS, _having("place"), _having("detail"), _having("ref"), _having("at")),
    ),
    Check("Every line's country is that of its place", (4,), ("lines",), _COUNTRIES,
          (*_AIRPORT_COLUMNS, list(MERCHANT_ACCOUNTS))),
    Check("No stock is negative, and nothing outside that may not owe", (3,), ("balances",), _NEGATIVE),
    Check("Balances are the sums of the lines", (4,), ("lines", "balances"), _BALANCES, (list(KEPT_ACCOUNTS),)),
    Check(
        "What the seller has himself is at DEFAULT or at one of his locations", (30,), ("lines",), _LOCATIONS,
        (list(MERCHANT_ACCOUNTS), DEFAULT_LOCATION),
    ),
    Check(
        "Positions are the sums of the lines by country, item and state", (4,), ("lines", "positions"), _POSITIONS,
        _STATE_COLUMNS,
    ),
    Check(
        "The marks of positions name the last entries that changed them", (34, 36), ("positions",), _MARKS,
        (
            [account.value for account in BUILDING_ACCOUNTS],
            *_columns((marketplace.id, marketplace.country) for marketplace in MARKETPLACES.values()),
        ),
    ),
    Check("Every journal is numbered without gaps, up to its ledger's last number", (4,), ("entries",), _SEQUENCES),
    Check("World time never goes back along a journal", (4, 37), ("entries",), _TIMES),
    Check("Every idempotency key posted once what its answer says", (5,), ("commands", "entries"), _KEYS),
    Check("Units with a customer are those shipped and neither returned nor lost", (7,), ("order_items",),
          _WITH_CUSTOMERS),
    Check("Reserved units are those ordered and neither cancelled nor shipped", (8,), ("order_items",), _RESERVED),
    Check("An order's status follows from its items and its payment", (8,), ("orders",), _ORDER_STATES),
    Check("What is routed was ordered, and what is in packages was shipped", (7, 8), ("order_items",), _ROUTES),
    Check("No more is refunded than was paid", (33,), ("order_items",), _REFUNDS),
    Check("Units in transfer are those sent and neither arrived, lost nor sold", (9,), ("transfers",), _TRANSFERS),
    Check("Units sold in transfer are reserved for orders", (8, 9), ("transfers",), _SOLD_ON_THE_WAY),
    Check("Units bound to a removal are those requested and not yet gone", (9,), ("removals",), _REMOVALS),
    Check(
        "Inbound units are those announced and not yet come, in the one account of the shipment's status", (10,),
        ("shipment_items",), _SHIPMENTS,
    ),
    Check(
        "No paper counts more in its parts than in the whole", (7, 8, 9, 10),
        ("order_items", "transfers", "removals", "shipment_items"), _COUNTERS,
    ),
    Check("Every offer was opened and closed by entries of its own", (4, 35), ("offers",), _OFFERS),
    Check("What time must end has a timer", (37,), ("balances", "orders"), _TIMERS),
    Check(
        "Every number is the same over balances and over positions", (11, 12), ("balances", "positions"), _NUMBERS,
        (
            *_AIRPORT_COLUMNS,
            *_columns(part for part in _PARTS if not part[3]),
            *_columns(
                (name, state)
                for name, parts in NUMBERS.items()
                if not any(part.band for part in parts)
                for state in sorted(_states_of(parts))
            ),
        ),
    ),
    Check(
        "Totals are the sums of their parts", (11, 12, 14, 15), ("balances",), _SUMS_OF_NUMBERS,
        (
            *_AIRPORT_COLUMNS,
            *_columns(_PARTS),
            *_columns((whole, part) for whole, parts in _IDENTITIES.items() for part in parts.split()),
        ),
    ),
    Check("Every row belongs to a seller with a ledger", (39,), _WITH_SELLER, _STRANGERS),
    Check(
        "Every item in the ledger is named by a SKU of the same seller", (39,), ("lines", "balances", "positions"),
        _FOREIGN_ITEMS, (_BY_SKU, [*_BY_SKU, "X_CUSTOMER"]),
    ),
    Check(
        "Every paper names a SKU of its seller, and that SKU's item", (39,),
        ("offers", "shipment_items", "order_items", "transfers", "removals", "listings"), _FOREIGN_SKUS,
    ),
)  # fmt: skip
