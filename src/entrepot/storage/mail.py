"""Mail that was to be sent: kept in the transaction that gives the reason, sent later, told of for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from entrepot.storage.database import Connection

# A message that cannot be sent is tried again after so long, and then longer each time, and so often in all.
PAUSE: Final = timedelta(minutes=1)
TRIES_MAX: Final = 10


@dataclass(frozen=True)
class Letter:
    """`created_at` is world time; `sent_at` and `due_at` are real time. due_at: when it is tried next (None: never)."""

    seller_id: str
    mail_id: int
    recipient: str
    subject: str
    body: str
    created_at: datetime
    sent_at: datetime | None
    problem: str | None
    tries: int
    due_at: datetime | None


_COLUMNS: Final = "seller_id, mail_id, recipient, subject, body, created_at, sent_at, problem, tries, due_at"


def _letter(row: asyncpg.Record) -> Letter:
    return Letter(**row)


async def insert(connection: Connection, seller_id: str, recipient: str, subject: str, body: str, now: datetime) -> int:
    """Keep a message of a seller; its number. Others who write to him wait until this transaction ends."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended('mail ' || $1, 0))", seller_id)
    number: int = await connection.fetchval(
        "insert into mail (seller_id, mail_id, recipient, subject, body, created_at)"
        " values ($1, (select coalesce(max(mail_id), 0) + 1 from mail where seller_id = $1), $2, $3, $4, $5)"
        " returning mail_id",
        seller_id,
        recipient,
        subject,
        body,
        now,
    )
    return number


async def page(connection: Connection, seller_id: str, before: int | None, limit: int) -> Sequence[Letter]:
    """A seller's messages, the newest first."""
    rows = await connection.fetch(
        f"select {_COLUMNS} from mail where seller_id = $1 and ($2::bigint is null or mail_id < $2)"
        " order by mail_id desc limit $3",
        seller_id,
        before,
        limit,
    )
    return [_letter(row) for row in rows]


_TAKE: Final = f"""
    update mail set tries = tries + 1, due_at = clock_timestamp() + $1::interval * 2 ^ tries
    where (seller_id, mail_id) = (
        select seller_id, mail_id from mail where due_at <= clock_timestamp()
        order by due_at limit 1 for update skip locked
    )
    returning {_COLUMNS}
"""


async def take(connection: Connection) -> Letter | None:
    """A message that is due, with its next attempt already set: whoever takes it and dies leaves it to the others."""
    row = await connection.fetchrow(_TAKE, PAUSE)
    return None if row is None else _letter(row)


async def mark_sent(connection: Connection, letter: Letter) -> None:
    await connection.execute(
        "update mail set sent_at = clock_timestamp(), problem = null, due_at = null"
        " where seller_id = $1 and mail_id = $2",
        letter.seller_id,
        letter.mail_id,
    )


async def mark_failed(connection: Connection, letter: Letter, problem: str, final: bool) -> None:
    """Note why it was not sent; it is tried again, unless that is of no use or was done often enough."""
    await connection.execute(
        "update mail set problem = $3, due_at = case when $4 then null else due_at end"
        " where seller_id = $1 and mail_id = $2 and sent_at is null",
        letter.seller_id,
        letter.mail_id,
        problem.replace("\0", "\ufffd"),
        final or letter.tries >= TRIES_MAX,
    )
