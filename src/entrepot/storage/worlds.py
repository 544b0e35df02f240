"""A seller's ledger row: his lock, sequence, clock and policies; and the timers of his world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.errors import NotFound
from entrepot.domain.identifiers import SELLER_ID
from entrepot.domain.items import allot
from entrepot.domain.ledger import Entry
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.world import Policies, Timer, World
from entrepot.storage.database import Connection


@dataclass(frozen=True)
class Clock:
    """World time runs from `world` since the real instant `real` at `rate` (0: frozen)."""

    world: datetime
    real: datetime
    rate: float

    def at(self, real_now: datetime) -> datetime:
        return self.world + (real_now - self.real) * self.rate


def world_time(real_now: str = "clock_timestamp()") -> str:
    """SQL of `Clock.at`, in a statement that has the seller's row of `ledgers` as `l`."""
    return f"(l.clock_world + ({real_now} - l.clock_real) * l.clock_rate)"


def real_time(world: str) -> str:
    """SQL of when the clock of `l` shows a world time; null if it is frozen."""
    return f"(l.clock_real + ({world} - l.clock_world) / nullif(l.clock_rate, 0))"


@dataclass(frozen=True)
class LedgerRow:
    """A seller's ledger under lock; `real_now` is the database's clock, so that nodes need not agree on theirs."""

    seller_id: str
    seed: int
    counter: int
    last_seq: int
    last_at: datetime
    clock: Clock
    policies: Policies
    marketplaces: tuple[str, ...]
    real_now: datetime
    next_due: datetime | None

    @property
    def now(self) -> datetime:
        return told_time(self.clock.at(self.real_now), self.last_at)

    def after(self, world: World, last: Entry | None) -> LedgerRow:
        """The row as it is once a world's changes are written."""
        return replace(
            self,
            counter=world.counter,
            policies=world.policies,
            last_seq=last.seq if last else self.last_seq,
            last_at=last.effective_at if last else self.last_at,
        )


def told_time(clock: datetime, last_at: datetime) -> datetime:
    """World time as it is told: of what the clock shows whole milliseconds, and never before the last entry.

    Rounded up: who asks for changes since an instant must not miss one that came a microsecond later.
    """
    return max(clock + timedelta(microseconds=-clock.microsecond % 1000), last_at)


LEDGER = """
    select l.*, s.marketplaces, clock_timestamp() as real_now,
           (select min(due_at) from timers t where t.seller_id = l.seller_id) as next_due
    from ledgers l join sellers s using (seller_id)
    where l.seller_id = $1
"""


def locking(seller_id: str) -> str:
    """SQL that takes a seller's lock until the transaction ends: his entries are written one batch after another.

    Sent along with BEGIN (`Database.write`), so it is text.
    """
    if SELLER_ID.fullmatch(seller_id) is None:
        raise NotFound("seller", seller_id)
    return f"select from ledgers where seller_id = '{seller_id}' for no key update"


async def peek(connection: Connection, seller_id: str) -> LedgerRow | None:
    """The seller's ledger as it is, without lock."""
    return ledger_row(await connection.fetchrow(LEDGER, seller_id))


def ledger_row(row: asyncpg.Record | None) -> LedgerRow | None:
    if row is None:
        return None
    return LedgerRow(
        row["seller_id"],
        row["seed"],
        row["counter"],
        row["last_seq"],
        row["last_at"],
        Clock(row["clock_world"], row["clock_real"], row["clock_rate"]),
        msgspec.json.decode(row["policies"], type=Policies),
        tuple(row["marketplaces"]),
        row["real_now"],
        row["next_due"],
    )


async def all_sellers(connection: Connection) -> list[str]:
    return [row["seller_id"] for row in await connection.fetch("select seller_id from ledgers order by seller_id")]


async def real_now(connection: Connection) -> datetime:
    """The database's clock."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def create_ledger(connection: Connection, seller_id: str, seed: int, clock: Clock) -> None:
    await connection.execute(
        "insert into ledgers (seller_id, seed, last_at, clock_world, clock_real, clock_rate)"
        " values ($1, $2, $3, $3, $4, $5)",
        seller_id,
        seed,
        clock.world,
        clock.real,
        clock.rate,
    )
    marketplace_id = await connection.fetchval("select marketplaces[1] from sellers where seller_id = $1", seller_id)
    address = {
        "name": "Default location",
        "addressLine1": "not given",
        "stateOrRegion": "not given",
        "countryCode": MARKETPLACES[marketplace_id].country,
    }
    await connection.execute(
        _DEFAULT_SOURCE,
        seller_id,
        allot("source", seed, 0),
        DEFAULT_LOCATION,
        msgspec.json.encode(address).decode(),
        clock.world,
    )


# The multi-location programme adds the seller's default location as a supply source; where it is, he has not said yet.
_DEFAULT_SOURCE: Final = """
    insert into sources (seller_id, source_id, code, alias, status, address, configuration, capabilities,
                         window_orders, created_at, updated_at)
    values ($1, $2, $3, 'Default location', 'Active', $4::jsonb, '{}', '{}', 0, $5, $5)
"""


async def set_clock(connection: Connection, seller_id: str, clock: Clock) -> None:
    await connection.execute(
        "update ledgers set clock_world = $2, clock_real = $3, clock_rate = $4 where seller_id = $1",
        seller_id,
        clock.world,
        clock.real,
        clock.rate,
    )


async def set_seed(connection: Connection, seller_id: str, seed: int) -> None:
    await connection.execute("update ledgers set seed = $2 where seller_id = $1", seller_id, seed)
    await connection.execute(
        "update sources set source_id = $2 where seller_id = $1 and code = $3",
        seller_id,
        allot("source", seed, 0),
        DEFAULT_LOCATION,
    )


async def due_timers(connection: Connection, seller_id: str, now: datetime, limit: int) -> list[Timer]:
    """The timers that are due, oldest first, taken off the list."""
    rows = await connection.fetch(
        """
        with due as (
            select timer_no from timers where seller_id = $1 and due_at <= $2 order by due_at, timer_no limit $3
        )
        delete from timers t using due where t.seller_id = $1 and t.timer_no = due.timer_no
        returning t.timer_no, t.due_at, t.kind, t.arguments
        """,
        seller_id,
        now,
        limit,
    )
    timers = [Timer(row["timer_no"], row["due_at"], row["kind"], msgspec.json.decode(row["arguments"])) for row in rows]
    return sorted(timers, key=lambda timer: (timer.due_at, timer.timer_no))


async def sellers_with_due_timers(connection: Connection, limit: int) -> list[str]:
    """Sellers whose world clock has passed a timer."""
    rows = await connection.fetch(
        f"""
        select l.seller_id from ledgers l
        where exists (
            select from timers t where t.seller_id = l.seller_id and t.due_at <= {world_time()}
        ) limit $1
        """,
        limit,
    )
    return [row["seller_id"] for row in rows]
