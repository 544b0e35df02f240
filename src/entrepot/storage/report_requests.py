"""Reports that were asked for, found again among the submissions; and the schedules that ask for them by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from entrepot.storage.database import Connection
from entrepot.storage.submissions import COLUMNS, Submission, changed, one_at_a_time, submission_of
from entrepot.storage.worlds import world_time

# Requests

# What a report is called that is done, and in which there is nothing; all other statuses are the queue's.
NO_DATA: Final = "NO_DATA"
STATUS: Final = f"""(case when status = 'DONE' and counts @> '{{"rows": 0}}' then '{NO_DATA}' else status end)"""


@dataclass(frozen=True)
class Wanted:
    """Which reports; what is empty or None lets all through, but for the types."""

    report_types: Sequence[str]
    marketplaces: Sequence[str] = ()
    statuses: Sequence[str] = ()
    numbers: Sequence[str] = ()
    acknowledged: bool | None = None
    created_since: datetime | None = None
    created_until: datetime | None = None
    finished_since: datetime | None = None
    finished_until: datetime | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        lists = (self.report_types, self.marketplaces, self.statuses, self.numbers)
        created = (self.created_since, self.created_until)
        return (*map(list, lists), self.acknowledged, *created, self.finished_since, self.finished_until)


_WANTED: Final = f"""
    seller_id = $1 and feed_type = any($2)
    and (cardinality($3::text[]) = 0 or marketplaces && $3)
    and (cardinality($4::text[]) = 0 or {STATUS} = any($4))
    and (cardinality($5::text[]) = 0 or submission_id = any($5))
    and ($6::boolean is null or (acknowledged_at is not null) = $6)
    and ($7::timestamptz is null or created_at >= $7) and ($8::timestamptz is null or created_at <= $8)
    and ($9::timestamptz is null or finished_at >= $9) and ($10::timestamptz is null or finished_at <= $10)
"""


async def newest(
    connection: Connection, seller_id: str, wanted: Wanted, before: str | None, limit: int, lock: bool = False
) -> list[Submission]:
    """The newest first; `before`: the number where to go on."""
    rows = await connection.fetch(
        f"select {COLUMNS} from submissions where {_WANTED} and ($11::text is null or submission_id < $11)"
        f" order by submission_id desc limit $12 {'for update' if lock else ''}",
        seller_id,
        *wanted.values,
        before,
        limit,
    )
    return [submission_of(row) for row in rows]


async def count(connection: Connection, seller_id: str, wanted: Wanted) -> int:
    return int(
        await connection.fetchval(f"select count(*) from submissions where {_WANTED}", seller_id, *wanted.values)
    )


async def issue_again(
    connection: Connection,
    found: Submission,
    number: str,
    arrived: int,
    lane: str,
    door: str,
    actor: str,
    now: datetime,
) -> Submission:
    """A finished report once more, as one of now: the same file under another number."""
    row = await connection.fetchrow(
        "insert into submissions (seller_id, submission_id, arrived, door, actor, feed_type, lane, marketplaces,"
        " document_id, options, strict, status, created_at, started_at, finished_at, result_id)"
        " select seller_id, $3, $4, $5, $6, feed_type, $7, marketplaces, '', '{}', strict, status, $8, $8, $8,"
        " result_id"
        f" from submissions where seller_id = $1 and submission_id = $2 returning {COLUMNS}",
        found.seller_id,
        found.submission_id,
        number,
        arrived,
        door,
        actor,
        lane,
        now,
    )
    assert row is not None
    return submission_of(row)


async def cancel_all(
    connection: Connection, seller_id: str, wanted: Wanted, limit: int, now: datetime
) -> tuple[int, list[Submission]]:
    """Take those that still wait off the queue; how many that were, and the newest of all of these as they are now."""
    await one_at_a_time(connection, seller_id)
    # No worker takes one meanwhile; those that are named are told whatever becomes of them, and may be at work.
    found = await newest(connection, seller_id, wanted, None, limit, lock=not wanted.numbers)
    numbers = [one.submission_id for one in found]
    if not numbers:
        return 0, []
    done = await connection.execute(
        "update submissions set status = 'CANCELLED', finished_at = $11"
        f" where {_WANTED} and status = 'IN_QUEUE' and submission_id <= $12",
        seller_id,
        *wanted.values,
        now,
        numbers[0],  # what is asked for in this moment is not meant
    )
    return changed(done), await newest(connection, seller_id, Wanted(wanted.report_types, numbers=numbers), None, limit)


async def acknowledge(
    connection: Connection, seller_id: str, wanted: Wanted, acknowledged: bool, now: datetime
) -> list[Submission]:
    """Note that the seller has these reports, from now on unless he had them before, or that he has them not."""
    await one_at_a_time(connection, seller_id)
    rows = await connection.fetch(
        f"update submissions set acknowledged_at = case when $11 then coalesce(acknowledged_at, $12) end"
        f" where {_WANTED} returning {COLUMNS}",
        seller_id,
        *wanted.values,
        acknowledged,
        now,
    )
    return sorted((submission_of(row) for row in rows), key=lambda one: one.submission_id, reverse=True)


# Schedules of AIM's order reports: spans without gaps


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
    """Sellers whose world clock has passed the end of a period, of either kind of schedule."""
    rows = await connection.fetch(
        f"""
        select distinct s.seller_id from (
            select seller_id, due_at from report_schedules
            union all select seller_id, next_at from recurring_reports
        ) s join ledgers l using (seller_id)
        where s.due_at <= {world_time()} limit $1
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


# Schedules of SP-API and MWS


@dataclass(frozen=True)
class Recurring:
    """A report of one type and its marketplaces that is asked for at `next_at`, and then after each period.

    options: those of the report, by their own names. begun_at: what the periods are counted from. Instants are world
    time; door, actor, strict: who set it, and how.
    """

    schedule_id: str
    report_type: str
    marketplaces: Sequence[str]
    options: dict[str, str]
    period: str
    begun_at: datetime
    next_at: datetime
    door: str
    actor: str
    strict: bool


_RECURRING: Final = "schedule_id, report_type, marketplaces, options, period, begun_at, next_at, door, actor, strict"


async def replace_recurring(connection: Connection, seller_id: str, new: Recurring, most: int) -> bool:
    """Set a schedule, in the place of the one of the same type and marketplaces. False: there would be too many."""
    await connection.execute(
        "delete from recurring_reports where seller_id = $1 and report_type = $2"
        " and marketplaces @> $3 and marketplaces <@ $3",
        seller_id,
        new.report_type,
        list(new.marketplaces),
    )
    if await connection.fetchval("select count(*) from recurring_reports where seller_id = $1", seller_id) >= most:
        return False
    await connection.execute(
        f"insert into recurring_reports (seller_id, {_RECURRING})"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        seller_id,
        new.schedule_id,
        new.report_type,
        list(new.marketplaces),
        msgspec.json.encode(new.options).decode(),
        new.period,
        new.begun_at,
        new.next_at,
        new.door,
        new.actor,
        new.strict,
    )
    return True


async def recurring(connection: Connection, seller_id: str, report_types: Sequence[str]) -> list[Recurring]:
    """Those of some types, the oldest first."""
    rows = await connection.fetch(
        f"select {_RECURRING} from recurring_reports where seller_id = $1 and report_type = any($2)"
        ' order by schedule_id collate "C"',
        seller_id,
        list(report_types),
    )
    return [_recurring(row) for row in rows]


async def count_recurring(connection: Connection, seller_id: str, report_types: Sequence[str]) -> int:
    return int(
        await connection.fetchval(
            "select count(*) from recurring_reports where seller_id = $1 and report_type = any($2)",
            seller_id,
            list(report_types),
        )
    )


async def drop_recurring(connection: Connection, seller_id: str, schedule_id: str, report_types: Sequence[str]) -> bool:
    """Whether it was there."""
    return bool(
        await connection.fetchval(
            "delete from recurring_reports where seller_id = $1 and schedule_id = $2 and report_type = any($3)"
            " returning true",
            seller_id,
            schedule_id,
            list(report_types),
        )
    )


async def take_due_recurring(connection: Connection, seller_id: str, now: datetime) -> list[Recurring]:
    """Those that are to be asked for, nobody else's until the transaction ends."""
    rows = await connection.fetch(
        f"select {_RECURRING} from recurring_reports where seller_id = $1 and next_at <= $2"
        ' order by next_at, schedule_id collate "C" for update',
        seller_id,
        now,
    )
    return [_recurring(row) for row in rows]


async def set_next(connection: Connection, seller_id: str, schedule_id: str, next_at: datetime) -> None:
    await connection.execute(
        "update recurring_reports set next_at = $3 where seller_id = $1 and schedule_id = $2",
        seller_id,
        schedule_id,
        next_at,
    )


def _recurring(row: asyncpg.Record) -> Recurring:
    return Recurring(**{**row, "options": msgspec.json.decode(row["options"], type=dict[str, str])})
