"""Reading stock: pages of one marketplace, as they were at one moment of the journal.

A page is read by one statement, so it is consistent in itself. Later pages of the same set name the snapshot (a
sequence number) of the first; what moved since is taken back by the journal's own lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from entrepot.domain.accounts import BUILDING_ACCOUNTS, WAREHOUSE_ACCOUNTS, Account, Key
from entrepot.storage.database import NO_INSTANT, Connection
from entrepot.storage.loading import key_of
from entrepot.storage.worlds import world_time


@dataclass(frozen=True)
class Query:
    """Which rows: of one seller in one marketplace, after a SKU; by name, or changed since an instant of the world."""

    seller_id: str
    marketplace_id: str
    country: str
    after: str
    limit: int
    skus: Sequence[str] | None = None
    changed_since: datetime | None = None
    snapshot: int | None = None  # None: as of now
    inbound_too: bool = False  # units on the way to a centre that come, go or move are a change, too


# Free stock of other countries serves too (D-17): it counts, and its changes do.
_REMOTE: Final = """l.policies @> '{{"remote_serving": true}}'"""
_PAGE: Final = f"""
    select l.last_seq, {world_time()} as clock, l.last_at, page.*
    from ledgers l left join lateral (
        select o.sku, k.fnsku, k.asin, k.condition, {{columns}},
               case when {_REMOTE} then (
                   select (sum(r.available)::bigint, max(r.any_at)) from positions r
                   where r.seller_id = $1 and r.item = k.fnsku and r.country <> $3
               ) end as remote
        from offers o
        join skus k on k.seller_id = $1 and k.sku = o.sku and k.sku > $4
        join positions p on p.seller_id = $1 and p.country = $3 and p.item = k.fnsku
        where o.seller_id = $1 and o.marketplace_id = $2 and o.sku > $4 {{conditions}}
        order by o.sku limit {{limit}}
    ) page on true
    where l.seller_id = $1
"""
_SUMMARY: Final = """
    o.title, o.created_at,
    p.available, p.ordered, p.in_transfer, p.processing, p.researching, p.customer_damaged,
    p.warehouse_damaged, p.distributor_damaged, p.carrier_damaged, p.defective, p.expired,
    p.working, p.shipped, p.receiving, p.any_seq, p.any_at,
    case when p.researching > 0 then (
        select array_agg((b.place, b.detail, b.at, b.quantity)) from balances b
        where b.seller_id = $1 and b.item = k.fnsku and b.account = 'FC_RESEARCH' and b.quantity > 0
    ) end as research
"""
_NAMED: Final = " and o.sku = any({skus}::text[])"
_OPEN: Final = " and o.closed_seq is null"
_OPEN_AT: Final = " and o.created_seq <= {snapshot} and (o.closed_seq is null or o.closed_seq > {snapshot})"
_FIRST_SINCE: Final = "(select first_seq_since($1, {since}))"
_CHANGED: Final = f""" and (
    p.{{mark}} >= {_FIRST_SINCE}
    or {_REMOTE} and exists (
        select from positions r where r.seller_id = $1 and r.item = k.fnsku and r.{{mark}} >= {_FIRST_SINCE}
    )
)"""
_CHANGED_AT: Final = (
    _CHANGED
    + f""" and (
    p.{{mark}} between {_FIRST_SINCE} and {{snapshot}}
    or exists (
        select from skus t join offers w on w.seller_id = $1 and w.sku = t.sku
        where t.seller_id = $1 and t.fnsku = k.fnsku and (w.marketplace_id = $2 or {_REMOTE}) and (
            w.created_seq >= {_FIRST_SINCE} and w.created_seq <= {{snapshot}}
            or w.closed_seq >= {_FIRST_SINCE} and w.closed_seq <= {{snapshot}}
        )
    )
    or exists (
        select from lines x
        where x.seller_id = $1 and x.item = k.fnsku and x.warehouse
        and x.country <> '' and (x.country = $3 or {_REMOTE})
        and x.account = any({{accounts}}::text[]) and x.seq >= {_FIRST_SINCE} and x.seq <= {{snapshot}}
    )
)"""
)


async def page(connection: Connection, query: Query, columns: str = _SUMMARY) -> list[asyncpg.Record]:
    """The rows of a page, with the ledger's last sequence and clock on each; one row of nulls if there are none.

    `columns` are what is told of a SKU beside its names: of its offer `o`, SKU `k` and position `p`.
    """
    arguments: list[object] = [query.seller_id, query.marketplace_id, query.country, query.after]

    def argument(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    conditions = ""
    if query.skus is not None:
        conditions += _NAMED.format(skus=argument(list(query.skus)))
    snapshot = "" if query.snapshot is None else argument(query.snapshot)
    conditions += _OPEN_AT.format(snapshot=snapshot) if snapshot else _OPEN
    if query.changed_since is not None:
        since = argument(query.changed_since)
        watched = WAREHOUSE_ACCOUNTS if query.inbound_too else BUILDING_ACCOUNTS
        accounts = argument([account.value for account in watched]) if snapshot else ""
        mark = "any_seq" if query.inbound_too else "stock_seq"
        changed = _CHANGED_AT if snapshot else _CHANGED
        conditions += changed.format(since=since, snapshot=snapshot, accounts=accounts, mark=mark)
    rows: list[asyncpg.Record] = await connection.fetch(
        _PAGE.format(columns=columns, conditions=conditions, limit=int(query.limit)), *arguments
    )
    return rows


async def settle(connection: Connection, seller_id: str) -> None:
    """Wait for entries under way: whatever commits later carries a later instant, so no poll can lose it."""
    await connection.execute("select from ledgers where seller_id = $1 for share", seller_id)


@dataclass(frozen=True)
class Undone:
    """A balance's change between a snapshot and a later moment."""

    key: Key
    country: str
    delta: int


async def moved_between(
    connection: Connection, seller_id: str, items: Sequence[str], after: int, until: int
) -> list[Undone]:
    """What the entries after one sequence number, up to another, did to these items' stock."""
    rows = await connection.fetch(
        """
        select item, account, place, disposition, detail, ref, at, country, sum(delta)::bigint as delta from lines
        where seller_id = $1 and item = any($2) and seq > $3 and seq <= $4 and warehouse and country <> ''
        group by item, account, place, disposition, detail, ref, at, country having sum(delta) <> 0
        """,
        seller_id,
        items,
        after,
        until,
    )
    return [Undone(key_of(row), row["country"], row["delta"]) for row in rows]


async def last_changes(
    connection: Connection, query: Query, items: Sequence[str], until: int, everywhere: bool
) -> dict[str, datetime]:
    """When each item last changed, as of an entry: units moved, or a SKU of it came or went; here, or everywhere."""
    rows = await connection.fetch(
        """
        select w.item, e.effective_at as changed_at from unnest($4::text[]) as w(item)
        cross join lateral (
            select greatest(
                (select max(x.seq) from lines x
                 where x.seller_id = $1 and x.item = w.item and x.seq <= $5 and x.warehouse and x.country <> ''
                 and (x.country = $3 or $6)),
                (select max(greatest(case when o.created_seq <= $5 then o.created_seq end,
                                     case when o.closed_seq <= $5 then o.closed_seq end))
                 from skus k join offers o on o.seller_id = $1 and o.sku = k.sku
                 where k.seller_id = $1 and k.fnsku = w.item and (o.marketplace_id = $2 or $6))
            ) as seq
        ) last
        join entries e on e.seller_id = $1 and e.seq = last.seq
        """,
        query.seller_id,
        query.marketplace_id,
        query.country,
        items,
        until,
        everywhere,
    )
    return {row["item"]: row["changed_at"] for row in rows}


def research_of(row: asyncpg.Record) -> list[tuple[Key, int]]:
    """The research balances that a page row carries."""
    return [
        (Key(row["fnsku"], Account.FC_RESEARCH, place, "SELLABLE", kind, at=None if at == NO_INSTANT else at), units)
        for place, kind, at, units in row["research"] or ()
    ]
