"""Questions about a seller's locations (supply sources), and whether he may have several.

Commands change locations (`Ledger.perform`). Source of the programme's prerequisites: the multi-location guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.domain.errors import Denied, NotFound
from entrepot.domain.papers import Source
from entrepot.storage import sources as storage
from entrepot.storage.database import Connection, Database

Bookmark = tuple[datetime, str]  # created at, id


@dataclass(frozen=True)
class Page:
    sources: Sequence[Source]
    bookmark: Bookmark | None  # None: there is no more


class Locations:
    """Reads; never writes, never waits for a writer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, seller_id: str, size: int, after: Bookmark | None = None) -> Page:
        """The next sources, oldest first. Archived ones are left out: nobody can do anything with them."""
        async with self._database.read() as connection:
            found = await storage.page(connection, seller_id, size + 1, after)
        shown = found[:size]
        more = len(found) > size
        return Page(shown, (shown[-1].created_at, shown[-1].source_id) if more else None)

    async def one(self, seller_id: str, source_id: str) -> Source:
        """Raises NotFound."""
        found = None
        if source_id.isprintable():
            async with self._database.read() as connection:
                found = await storage.one(connection, seller_id, source_id)
        if found is None:
            raise NotFound("supply source", source_id)
        return found

    async def admit(self, seller_id: str) -> None:
        """Where fidelity is strict: Denied unless the seller is in the programme and keeps nothing at the warehouse."""
        async with self._database.read() as connection:
            reason = await why_not(connection, seller_id)
        if reason is not None:
            raise Denied(reason)


# Why a seller may not have several locations, as reasons of `Denied`, in the words of the guide.
WHY_NOT: Final[dict[str, str]] = {
    "not_in_programme": "Your seller account does not have the permissions required for multi-location inventory.",
    "uses_warehouse": "Multi-location inventory is not available for sellers who use FBA inventory.",
}


async def why_not(connection: Connection, seller_id: str) -> str | None:
    """Which of `WHY_NOT` keeps a seller from having several locations; None: he may."""
    member, warehouse = await storage.standing(connection, seller_id)
    if not member:
        return "not_in_programme"
    return "uses_warehouse" if warehouse else None
