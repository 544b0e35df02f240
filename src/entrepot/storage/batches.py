"""Batches of AIM: submissions whose id is a number of the sequence that all sellers share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from entrepot.storage import submissions
from entrepot.storage.database import Connection
from entrepot.storage.submissions import Submission, Wanted

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


async def newest(
    connection: Connection, seller_id: str, types: Sequence[str], marketplace_id: str, limit: int
) -> list[Submission]:
    """The seller's batches of these types for a marketplace, the newest first, however old."""
    wanted = Wanted(types, (marketplace_id,), (), _FIRST, _LAST)
    return await submissions.newest(connection, seller_id, wanted, None, limit)


async def pending(connection: Connection, seller_id: str, types: Sequence[str], marketplace_id: str) -> int:
    """How many batches of these types for a marketplace are not done yet."""
    count: int = await connection.fetchval(
        "select count(*) from submissions"
        " where seller_id = $1 and feed_type = any($2) and marketplaces && array[$3]"
        " and status in ('IN_QUEUE', 'IN_PROGRESS')",
        seller_id,
        types,
        marketplace_id,
    )
    return count


async def last_turn(connection: Connection, seller_id: str, types: Sequence[str]) -> datetime | None:
    """From when on the newest batch of these types may be processed, or might have been."""
    turn: datetime | None = await connection.fetchval(
        "select max(coalesce(ready_at, created_at)) from submissions"
        " where seller_id = $1 and feed_type = any($2) and status <> 'CANCELLED'",
        seller_id,
        types,
    )
    return turn


async def allotted(connection: Connection, number: int) -> bool:
    """Whether a batch or report of anybody was ever called so."""
    found: bool = await connection.fetchval(
        "select is_called and $1::bigint between"
        " (select seqmin from pg_sequence where seqrelid = 'batch_numbers'::regclass) and last_value"
        " from batch_numbers",
        number,
    )
    return found
