"""Rows of the operator's messages about the service, and how long the queue makes a file wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.storage.database import Connection
from entrepot.storage.worlds import real_time, world_time


@dataclass(frozen=True, slots=True)
class Message:
    locale: str
    message_id: str
    text: str
    set_at: datetime


async def messages(connection: Connection) -> list[Message]:
    """All of them, by locale."""
    rows = await connection.fetch(
        'select locale, message_id, text, set_at from service_messages order by locale collate "C"'
    )
    return [Message(**row) for row in rows]


async def put(connection: Connection, locale: str, message_id: str, text: str) -> None:
    """Set the text of one locale. All locales have the id that was set last: it is one message."""
    await connection.execute("update service_messages set message_id = $1 where message_id <> $1", message_id)
    await connection.execute(
        """
        insert into service_messages (locale, message_id, text) values ($1, $2, $3)
        on conflict (locale) do update set message_id = excluded.message_id, text = excluded.text, set_at = now()
        """,
        locale,
        message_id,
        text,
    )


async def delete(connection: Connection, locale: str | None) -> int:
    """Delete the text of one locale, or all; how many there were."""
    rows = await connection.fetch(
        "delete from service_messages where $1::text is null or locale = $1 returning locale", locale
    )
    return len(rows)


async def queue_age(connection: Connection) -> float:
    """For how many seconds the file that waits longest could have been started; 0: none waits."""
    seconds: float | None = await connection.fetchval(_QUEUE_AGE)
    return seconds or 0.0


# Of files that nothing of their lane is before, and which are ready in their seller's world; `ready_at` as real time.
_QUEUE_AGE: Final = f"""
    select extract(epoch from clock_timestamp() - min(greatest(s.queued_at, {real_time("s.ready_at")})))::float8
    from submissions s join ledgers l using (seller_id)
    where s.status in ('IN_QUEUE', 'IN_PROGRESS')  -- as the index has it
    and s.status = 'IN_QUEUE'
    and (s.ready_at is null or s.ready_at <= {world_time()})
    and not exists (
        select from submissions o where o.seller_id = s.seller_id and o.lane = s.lane
        and (o.status = 'IN_PROGRESS' or (o.status = 'IN_QUEUE' and o.arrived < s.arrived))
    )
"""
