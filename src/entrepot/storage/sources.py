"""Reading supply sources: pages of a seller's, oldest first, and one; and whether he may have several at all."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from entrepot.domain.papers import Source
from entrepot.storage.database import Connection
from entrepot.storage.papers import PAPERS, paper

_COLUMNS: Final = ", ".join(PAPERS[Source].columns)
_PAGE: Final = f"""
    select {_COLUMNS} from sources
    where seller_id = $1 and status <> 'Archived' and ($3::timestamptz is null or (created_at, source_id) > ($3, $4))
    order by created_at, source_id limit $2
"""
_ONE: Final = f"select {_COLUMNS} from sources where seller_id = $1 and source_id = $2"
_STANDING: Final = """
    select l.policies @> '{"multi_location": true}' as member,
           exists (select from offers o where o.seller_id = $1 and o.closed_seq is null) as warehouse
    from ledgers l where l.seller_id = $1
"""


async def page(
    connection: Connection, seller_id: str, limit: int, after: tuple[datetime, str] | None = None
) -> list[Source]:
    """The next sources that are not archived, after a place in the list (created at, id)."""
    rows = await connection.fetch(_PAGE, seller_id, limit, *(after or (None, None)))
    return [paper(Source, row) for row in rows]


async def one(connection: Connection, seller_id: str, source_id: str) -> Source | None:
    """The seller's source of that id, archived or not."""
    row = await connection.fetchrow(_ONE, seller_id, source_id)
    return paper(Source, row) if row else None


async def standing(connection: Connection, seller_id: str) -> tuple[bool, bool]:
    """Whether the seller is in the multi-location programme, and whether he offers anything from the warehouse."""
    row = await connection.fetchrow(_STANDING, seller_id)
    return (row["member"], row["warehouse"]) if row else (False, False)


async def names(connection: Connection, seller_id: str) -> list[tuple[str, str]]:
    """(id, code) of each source that is Active."""
    rows = await connection.fetch(
        "select source_id, code from sources where seller_id = $1 and status = 'Active'", seller_id
    )
    return [(row["source_id"], row["code"]) for row in rows]
