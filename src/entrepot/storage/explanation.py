"""The journal read backwards: what an item's balances were after an entry, and which entries changed a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from entrepot.domain.accounts import ACCOUNTS, DEFAULT_LOCATION, Account, Key
from entrepot.domain.quantities import Part
from entrepot.storage.database import Connection
from entrepot.storage.loading import key_of

_TICK: Final = timedelta(microseconds=1)


def _indexed(accounts: Iterable[Account], lines: str = "") -> str:
    """What must be said of the lines of warehouse accounts for their index to be used."""
    return "" if any(ACCOUNTS[account].merchant for account in accounts) else f"and {lines}warehouse"


async def skus_of_item(connection: Connection, seller_id: str, sku: str) -> list[asyncpg.Record]:
    """The SKU and those that share its item: sku, fnsku; none if the seller has no such SKU."""
    rows = await connection.fetch(
        """
        select other.sku, other.fnsku from skus k
        join skus other on other.seller_id = k.seller_id and other.fnsku = k.fnsku
        where k.seller_id = $1 and k.sku = $2 order by other.sku
        """,
        seller_id,
        sku,
    )
    return list(rows)


async def last_seq(connection: Connection, seller_id: str, at: datetime) -> int:
    """The last entry that had happened at an instant of the world; 0 before the first."""
    seq: int = await connection.fetchval("select first_seq_since($1, $2) - 1", seller_id, at + _TICK)
    return seq


@dataclass(frozen=True)
class Balance:
    """Units of a balance after an entry, and the last entry until then that changed them."""

    key: Key
    country: str
    units: int
    changed_seq: int


async def balances(
    connection: Connection, seller_id: str, item: str, accounts: Iterable[Account], until: int
) -> list[Balance]:
    """An item's balances in some accounts after entry `until`, added up from the journal."""
    chosen = list(accounts)
    rows = await connection.fetch(
        f"""
        select item, account, place, disposition, detail, ref, at, country, sum(delta)::bigint as units,
               max(seq) as changed_seq
        from (
            select item, account, place, disposition, detail, ref, at, country, seq, sum(delta) as delta from lines
            where seller_id = $1 and item = $2 and seq <= $3 and account = any($4) {_indexed(chosen)}
            group by item, account, place, disposition, detail, ref, at, country, seq having sum(delta) <> 0
        ) changes
        group by item, account, place, disposition, detail, ref, at, country having sum(delta) <> 0
        order by account, place, disposition, at, detail, ref
        """,
        seller_id,
        item,
        until,
        chosen,
    )
    return [Balance(key_of(row), row["country"], row["units"], row["changed_seq"]) for row in rows]


@dataclass(frozen=True)
class Counted:
    """What a number counts: a part of it, in one country or in all (None), at some places or at all (None)."""

    part: Part
    country: str | None
    places: frozenset[str] | None = None


# Units under research change their age by themselves: the mark that says so (T50) takes them out of one number and
# brings them into another, on the first day of their new age.
_CHANGES = """
    with counted as (
        select * from unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::int[], $10::text[])
            as c(account, disposition, country, first_day, last_day, places)
    ), moves as (
        select l.seq, l.delta, e.event, c.first_day, c.last_day, l.line,
               case when c.first_day > 0 then
                   greatest(div(extract(epoch from e.effective_at - l.at), 86400), 0) + 1
               end as day,
               row_number() over (
                   partition by e.event, e.effective_at, l.account, l.place, l.detail, l.at, l.delta > 0 order by l.seq
               ) as times
        from lines l
        join entries e on e.seller_id = l.seller_id and e.seq = l.seq
        join counted c on c.account = l.account and c.disposition in ('', l.disposition)
            and c.country in ('', l.country) and (c.places is null or l.place = any(string_to_array(c.places, e'\n')))
        where l.seller_id = $1 and l.item = $2 and l.seq <= $3 {indexed}
    ), deltas as (
        select seq, case
            when first_day = 0 then delta
            when event <> 'T50' then case when day between first_day and last_day then delta else 0 end
            when delta < 0 or times > 1 then 0
            when day = first_day then delta
            when day = last_day + 1 then -delta
            else 0
        end as delta
        from moves
    )
    select e.*, d.delta from (
        select seq, sum(delta)::bigint as delta from deltas group by seq having sum(delta) <> 0
        order by seq desc limit $9
    ) d join entries e on e.seller_id = $1 and e.seq = d.seq order by e.seq desc
"""


async def changes(
    connection: Connection, seller_id: str, item: str, until: int, counted: Iterable[Counted], limit: int
) -> list[asyncpg.Record]:
    """The last entries up to `until` that changed what is counted: their columns, and `delta`; newest first."""
    rows = [
        (
            c.part.account.value,
            c.part.disposition or "",
            c.country or "",
            c.part.band.first_day if c.part.band else 0,
            c.part.band.last_day if c.part.band else 0,
            None if c.places is None else "\n".join(sorted(c.places)),
        )
        for c in counted
    ]
    *columns, places = (list(column) for column in zip(*rows, strict=True))
    query = _CHANGES.format(indexed=_indexed([Account(account) for account in columns[0]], "l."))
    return list(await connection.fetch(query, seller_id, item, until, *columns, limit, places))


async def sources(connection: Connection, seller_id: str, until: int | None = None) -> list[asyncpg.Record]:
    """Every location of the seller: source_id, code, status; with `until`, the status that it had after that entry."""
    if until is None:
        query = "select source_id, code, status from sources where seller_id = $1"
        return list(await connection.fetch(query, seller_id))
    return list(await connection.fetch(_SOURCES_AFTER, seller_id, until, DEFAULT_LOCATION))


# What is told by no entry: the location that every seller has is open from the beginning, any other one is not.
_SOURCES_AFTER: Final = """
    with told as (
        select distinct on (reference) reference, reason from entries
        where seller_id = $1 and event = 'M11' and seq <= $2 order by reference, seq desc
    )
    select s.source_id, s.code,
           coalesce(t.reason, case when s.code = $3 then 'Active' else 'Inactive' end) as status
    from sources s left join told t on t.reference = s.source_id
    where s.seller_id = $1
"""


async def entries(connection: Connection, seller_id: str, seqs: Iterable[int]) -> dict[int, asyncpg.Record]:
    """Entries by their number."""
    rows = await connection.fetch("select * from entries where seller_id = $1 and seq = any($2)", seller_id, list(seqs))
    return {row["seq"]: row for row in rows}
