"""Submissions: files to be processed, in the order they came. The table is the queue, shared by all workers.

Who processes a submission holds a session lock of its own (`Hold`) as long as he lives; one that is IN_PROGRESS and
whose lock is free was left by a worker that died. Every claim raises `attempt`, and every write of progress names the
attempt it belongs to: so whoever lost a submission without noticing cannot write any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from entrepot.storage import worlds
from entrepot.storage.database import Connection, reaching

IN_QUEUE: Final = "IN_QUEUE"
IN_PROGRESS: Final = "IN_PROGRESS"
DONE: Final = "DONE"
FATAL: Final = "FATAL"
CANCELLED: Final = "CANCELLED"
STATUSES: Final = (CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE)

_CHANNEL: Final = "entrepot_submissions"


@dataclass(frozen=True)
class Submission:
    """A file, or a report that was asked for, and what became of it. Instants are world time.

    ready_at: it may not be started before. counts: what came of it, for those who ask for numbers only. Of a report,
    acknowledged_at: when its seller said that he has it; schedule_id: what asked for it.
    """

    seller_id: str
    submission_id: str
    arrived: int
    door: str
    actor: str
    feed_type: str
    lane: str
    marketplaces: Sequence[str]
    document_id: str
    options: dict[str, str]
    strict: bool
    status: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result_id: str | None = None
    total: int | None = None
    applied: int = 0
    attempt: int = 0
    tries: int = 0
    ready_at: datetime | None = None
    counts: dict[str, int] = field(default_factory=dict)
    acknowledged_at: datetime | None = None
    schedule_id: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.seller_id, self.submission_id


@dataclass(frozen=True, slots=True)
class Issue:
    """What was wrong with one message (row) of a file, from 1, or with the whole of it, 0."""

    number: int
    code: str
    message: str
    severity: str = "ERROR"  # or WARNING, INFO
    message_id: int | None = None
    sku: str = ""
    attribute: str = ""
    details: tuple[tuple[str, str], ...] = ()


COLUMNS: Final = (
    "seller_id, submission_id, arrived, door, actor, feed_type, lane, marketplaces, document_id, options, strict,"
    " status, created_at, started_at, finished_at, result_id, total, applied, attempt, tries,"
    " ready_at, counts, acknowledged_at, schedule_id"
)


def submission_of(row: asyncpg.Record) -> Submission:
    values = {name: value for name, value in row.items() if name != "held"}
    options = msgspec.json.decode(row["options"], type=dict[str, str])
    return Submission(
        **{**values, "options": options, "counts": msgspec.json.decode(row["counts"], type=dict[str, int])}
    )


# Submitting


async def next_arrival(connection: Connection, seller_id: str) -> int:
    """The number of the seller's next submission; others who submit for him wait until this transaction ends.

    Reports have numbers of their own, all of them negative.
    """
    await connection.execute("select pg_advisory_xact_lock(hashtextextended('submit ' || $1, 0))", seller_id)
    last = await connection.fetchval(
        "select max(arrived) from submissions where seller_id = $1 and arrived > 0", seller_id
    )
    return (last or 0) + 1


async def next_number(connection: Connection) -> str:
    """What the next batch of AIM, report or schedule is called: ten digits, rising over all sellers."""
    return str(await connection.fetchval("select nextval('batch_numbers')"))


async def insert(connection: Connection, submission: Submission) -> None:
    """Queue a submission, and wake the workers when the transaction ends."""
    await connection.execute(
        "insert into submissions (seller_id, submission_id, arrived, door, actor, feed_type, lane, marketplaces,"
        " document_id, options, strict, status, created_at, ready_at, schedule_id)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'IN_QUEUE', $12, $13, $14)",
        submission.seller_id,
        submission.submission_id,
        submission.arrived,
        submission.door,
        submission.actor,
        submission.feed_type,
        submission.lane,
        submission.marketplaces,
        submission.document_id,
        msgspec.json.encode(submission.options).decode(),
        submission.strict,
        submission.created_at,
        submission.ready_at,
        submission.schedule_id,
    )
    await connection.execute(f"notify {_CHANNEL}")


async def cancel(connection: Connection, seller_id: str, submission_id: str, now: datetime) -> bool:
    """Take a submission off the queue; whether it was still waiting there."""
    return bool(
        await connection.fetchval(
            "update submissions set status = 'CANCELLED', finished_at = $3"
            " where seller_id = $1 and submission_id = $2 and status = 'IN_QUEUE' returning true",
            seller_id,
            submission_id,
            now,
        )
    )


# Asking


async def find(connection: Connection, seller_id: str, submission_id: str) -> Submission | None:
    row = await connection.fetchrow(
        f"select {COLUMNS} from submissions where seller_id = $1 and submission_id = $2", seller_id, submission_id
    )
    return None if row is None else submission_of(row)


@dataclass(frozen=True)
class Wanted:
    """A list of submissions; an empty filter lets everything through."""

    feed_types: Sequence[str]
    marketplaces: Sequence[str]
    statuses: Sequence[str]
    since: datetime
    until: datetime
    ids: Sequence[str] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        return self.feed_types, self.marketplaces, self.statuses, self.since, self.until, self.ids


_WANTED: Final = """
    seller_id = $1
    and (cardinality($2::text[]) = 0 or feed_type = any($2))
    and (cardinality($3::text[]) = 0 or marketplaces && $3)
    and (cardinality($4::text[]) = 0 or status = any($4))
    and created_at between $5 and $6
    and (cardinality($7::text[]) = 0 or submission_id = any($7))
"""


async def newest(
    connection: Connection, seller_id: str, wanted: Wanted, before: int | None, limit: int, lock: bool = False
) -> list[Submission]:
    """The newest first; `before`: the `arrived` where to go on."""
    rows = await connection.fetch(
        f"select {COLUMNS} from submissions where {_WANTED} and ($8::bigint is null or arrived < $8)"
        f" order by arrived desc limit $9 {'for update' if lock else ''}",
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


async def one_at_a_time(connection: Connection, seller_id: str) -> None:
    """Wait for whoever else changes many of a seller's submissions: each would lock them in an order of its own."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended('many of ' || $1, 0))", seller_id)


async def cancel_all(
    connection: Connection, seller_id: str, wanted: Wanted, limit: int, now: datetime
) -> tuple[int, list[Submission]]:
    """Take those that still wait off the queue; how many that were, and the newest of all of these as they are now."""
    await one_at_a_time(connection, seller_id)
    # No worker takes one meanwhile; those that are named are told whatever becomes of them, and may be at work.
    found = await newest(connection, seller_id, wanted, None, limit, lock=not wanted.ids)
    if not found:
        return 0, []
    done = await connection.execute(
        "update submissions set status = 'CANCELLED', finished_at = $8"
        f" where {_WANTED} and status = 'IN_QUEUE' and arrived <= $9",
        seller_id,
        *wanted.values,
        now,
        found[0].arrived,  # what comes in this moment is not meant
    )
    these = replace(wanted, statuses=(), ids=[one.submission_id for one in found])
    return changed(done), await newest(connection, seller_id, these, None, limit)


def changed(done: str) -> int:
    """How many rows a statement changed, by what the server says of it: `UPDATE 5`."""
    return int(done.rpartition(" ")[2])


async def issues(connection: Connection, submission: Submission) -> list[Issue]:
    """Everything that was noted about a submission, in the order of its messages."""
    rows = await connection.fetch(
        "select number, code, message, severity, message_id, sku, attribute, details from submission_issues"
        " where seller_id = $1 and submission_id = $2 order by number, position",
        *submission.key,
    )
    return [Issue(**{**row, "details": msgspec.json.decode(row["details"], type=_DETAILS)}) for row in rows]


_DETAILS: Final = tuple[tuple[str, str], ...]


# Processing

# The lock of who processes a submission.
_LOCK: Final = "hashtextextended(seller_id || ' ' || submission_id, 0)"

_NAMED: Final = "(values ($1::text, $2::text)) as t (seller_id, submission_id)"

# First of its lane, and nothing in progress there; sellers with less in progress go first.
_NEXT: Final = f"""
    select seller_id, submission_id from submissions s
    where status = 'IN_QUEUE'
    and (ready_at is null or ready_at <= (
        select {worlds.world_time()} from ledgers l where l.seller_id = s.seller_id
    ))
    and not exists (
        select from submissions o where o.seller_id = s.seller_id and o.lane = s.lane
        and (o.status = 'IN_PROGRESS' or (o.status = 'IN_QUEUE' and o.arrived < s.arrived))
    )
    order by
        (select count(*) from submissions o where o.seller_id = s.seller_id and o.status = 'IN_PROGRESS'), queued_at
    limit 1 for update skip locked
"""
_CLAIM: Final = f"""
    update submissions set status = 'IN_PROGRESS', attempt = attempt + 1, tries = tries + 1, started_at = $3
    where seller_id = $1 and submission_id = $2 and status = 'IN_QUEUE'
    returning {COLUMNS}, pg_try_advisory_lock({_LOCK}) as held
"""
_LEFT: Final = f"""
    select seller_id, submission_id, attempt from submissions
    where status = 'IN_PROGRESS' and {_LOCK} not in (
        select (classid::bigint << 32) | objid::bigint from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
        and database = (select oid from pg_database where datname = current_database())
    )
    order by queued_at limit 20
"""
_CLAIM_LEFT: Final = f"""
    update submissions set attempt = attempt + 1, tries = tries + 1
    where seller_id = $1 and submission_id = $2 and attempt = $3 and status = 'IN_PROGRESS'
    returning {COLUMNS}
"""

# A worker's machine that vanishes is noticed after half a minute.
_KEEPALIVES: Final = {"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


class Hold:
    """A connection of a worker's own: it hears of new submissions, and has the locks of those that he processes.

    When it breaks, all its locks are gone, and with them the right to go on.
    """

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, wake: Callable[[], None]) -> AsyncIterator[Hold]:
        """`wake` is called whenever there may be something to claim, and when the connection breaks."""
        with reaching():
            connection = await asyncpg.connect(
                url, timeout=10, command_timeout=10, server_settings={"application_name": "entrepot", **_KEEPALIVES}
            )
        try:
            connection.add_termination_listener(lambda _: wake())
            with reaching():
                await connection.add_listener(_CHANNEL, lambda *_: wake())
            yield cls(connection)
        finally:
            connection.terminate()  # its locks are free at once, whatever it was doing

    async def claim(self) -> Submission | None:
        """The next submission, now IN_PROGRESS and this worker's; None: nothing is to be done."""
        async with self._turn:
            with reaching():
                return await self._claim()

    async def _claim(self) -> Submission | None:
        with contextlib.suppress(asyncpg.UniqueViolationError):  # somebody was first in this lane
            async with self._connection.transaction():
                found = await self._connection.fetchrow(_NEXT)
                world = None if found is None else await worlds.peek(self._connection, found["seller_id"])
                if found is None or world is None:
                    return None
                row = await self._connection.fetchrow(_CLAIM, *found.values(), world.now)
            return None if row is None or not row["held"] else submission_of(row)
        return None

    async def claim_left(self) -> Submission | None:
        """A submission whose worker died, now this worker's."""
        async with self._turn:
            with reaching():
                for key in await self._connection.fetch(_LEFT):
                    if row := await self._claim_left(key):
                        return submission_of(row)
        return None

    async def _claim_left(self, key: asyncpg.Record) -> asyncpg.Record | None:
        seller_id, submission_id, attempt = key.values()
        if not await self._connection.fetchval(
            f"select pg_try_advisory_lock({_LOCK}) from {_NAMED}", seller_id, submission_id
        ):
            return None
        row = await self._connection.fetchrow(_CLAIM_LEFT, seller_id, submission_id, attempt)
        if row is None:
            await self._unlock(seller_id, submission_id)
        return row

    async def release(self, submission: Submission) -> None:
        """Let go of a submission; if it is still IN_PROGRESS, anybody may go on with it."""
        async with self._turn:
            with reaching():
                await self._unlock(*submission.key)

    async def _unlock(self, seller_id: str, submission_id: str) -> None:
        await self._connection.execute(f"select pg_advisory_unlock({_LOCK}) from {_NAMED}", seller_id, submission_id)

    @property
    def broken(self) -> bool:
        return bool(self._connection.is_closed())


_MINE: Final = "seller_id = $1 and submission_id = $2 and attempt = $3 and status = 'IN_PROGRESS'"


async def progress(
    connection: Connection, submission: Submission, applied: int, total: int | None, issues: Sequence[Issue]
) -> bool:
    """Note how far a submission is, in the transaction that did it. False: it is not this attempt's any more."""
    mine = await connection.fetchval(
        "update submissions set applied = $4, total = coalesce($5, total),"
        f" tries = case when $4 > applied then 0 else tries end where {_MINE} returning true",
        submission.seller_id,
        submission.submission_id,
        submission.attempt,
        applied,
        total,
    )
    if mine and issues:
        await _insert_issues(connection, submission, issues)
    return bool(mine)


async def _insert_issues(connection: Connection, submission: Submission, issues: Sequence[Issue]) -> None:
    await connection.execute(
        """
        insert into submission_issues
            (seller_id, submission_id, number, position, severity, code, message, message_id, sku, attribute, details)
        select $1, $2, i.number,
               row_number() over (partition by i.number order by i.at)
               + coalesce((select max(position) from submission_issues o
                           where o.seller_id = $1 and o.submission_id = $2 and o.number = i.number), 0),
               i.severity, i.code, i.message, i.message_id, i.sku, i.attribute, i.details
        from rows from (jsonb_to_recordset($3::jsonb) as (number bigint, severity text, code text, message text,
            message_id bigint, sku text, attribute text, details jsonb)) with ordinality
            as i (number, severity, code, message, message_id, sku, attribute, details, at)
        """,
        submission.seller_id,
        submission.submission_id,
        # NUL is the one character that PostgreSQL's text has not.
        msgspec.json.encode(issues).decode().replace("\\u0000", "\\ufffd"),
    )


async def finish(
    connection: Connection,
    submission: Submission,
    status: str,
    result_id: str | None,
    counts: Mapping[str, int],
    now: datetime,
) -> bool:
    """End a submission, and wake the workers. False: it is not this attempt's any more."""
    mine = await connection.fetchval(
        f"update submissions set status = $4, result_id = $5, counts = $6, finished_at = $7"
        f" where {_MINE} returning true",
        submission.seller_id,
        submission.submission_id,
        submission.attempt,
        status,
        result_id,
        msgspec.json.encode(counts).decode(),
        now,
    )
    await connection.execute(f"notify {_CHANNEL}")
    return bool(mine)
