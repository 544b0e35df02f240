"""Submissions: what sellers hand in for processing, told of, listed and cancelled. Who processes them is the worker.

Their place in the queue, and the document that they take, commit together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.ledger import Origin
from entrepot.services.documents import USABLE
from entrepot.storage import documents, worlds
from entrepot.storage import submissions as storage
from entrepot.storage.database import Connection, Database
from entrepot.storage.documents import Document
from entrepot.storage.submissions import (
    CANCELLED,
    DONE,
    FATAL,
    IN_PROGRESS,
    IN_QUEUE,
    STATUSES,
    Submission,
    Wanted,
)
from entrepot.storage.worlds import LedgerRow

__all__ = [
    "CANCELLED",
    "DONE",
    "FATAL",
    "IN_PROGRESS",
    "IN_QUEUE",
    "STATUSES",
    "Filters",
    "New",
    "Page",
    "Submission",
    "Submissions",
]

LISTED: Final = timedelta(days=90)


@dataclass(frozen=True)
class New:
    """What is handed in. `strict`: the fidelity that it is processed with."""

    feed_type: str
    lane: str
    marketplaces: Sequence[str]
    document_id: str
    options: Mapping[str, str]
    strict: bool


@dataclass(frozen=True)
class Filters:
    """Which submissions to list; an empty filter lets all through. `since`: by default 90 days ago."""

    feed_types: Sequence[str] = ()
    marketplaces: Sequence[str] = ()
    statuses: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    submissions: list[Submission]
    bookmark: int | None  # None: there is no more


class Submissions:
    """The seller's side of the queue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(self, seller_id: str, new: New, origin: Origin) -> str:
        """Queue a document for processing; the submission's id. Raises Invalid where the document cannot be used."""
        async with self._database.write() as connection:
            arrived = await storage.next_arrival(connection, seller_id)
            world = await _world(connection, seller_id)
            document = await documents.find(connection, seller_id, new.document_id, lock=True)
            _check_usable(document, new.document_id, world.now)
            name = await _new_id(connection, world, arrived)
            await storage.insert(
                connection,
                Submission(
                    seller_id,
                    name,
                    arrived,
                    origin.channel,
                    origin.actor,
                    new.feed_type,
                    new.lane,
                    new.marketplaces,
                    new.document_id,
                    dict(new.options),
                    new.strict,
                    IN_QUEUE,
                    world.now,
                ),
            )
            await documents.set_submission(connection, seller_id, new.document_id, name)
        return name

    async def usable(self, seller_id: str, document_id: str) -> Document:
        """The document, as `submit` would take it now. Raises Invalid."""
        if not document_id.isprintable():
            raise Invalid("inputFeedDocumentId", "this is not the id of a feed document")
        async with self._database.read() as connection:
            world = await _world(connection, seller_id)
            document = await documents.find(connection, seller_id, document_id)
        return _check_usable(document, document_id, world.now)

    async def find(self, seller_id: str, submission_id: str) -> Submission:
        """Raises NotFound for what is not this seller's."""
        async with self._database.read() as connection:
            found = await storage.find(connection, seller_id, submission_id)
        if found is None:
            raise NotFound("feed", submission_id)
        return found

    async def newest(self, seller_id: str, filters: Filters, bookmark: int | None, size: int) -> Page:
        """A page of submissions, the newest first."""
        async with self._database.read() as connection:
            wanted = _wanted(filters, (await _world(connection, seller_id)).now)
            found = await storage.newest(connection, seller_id, wanted, bookmark, size + 1)
        page = found[:size]
        return Page(page, page[-1].arrived if len(found) > size else None)

    async def count(self, seller_id: str, filters: Filters) -> int:
        """How many `newest` would list, all pages together."""
        async with self._database.read() as connection:
            wanted = _wanted(filters, (await _world(connection, seller_id)).now)
            return await storage.count(connection, seller_id, wanted)

    async def cancel_all(self, seller_id: str, filters: Filters, limit: int) -> tuple[int, list[Submission]]:
        """Cancel what still waits among these; how many that were, and the newest of all of these as they are now."""
        async with self._database.write() as connection:
            now = (await _world(connection, seller_id)).now
            return await storage.cancel_all(connection, seller_id, _wanted(filters, now), limit, now)

    async def cancel(self, seller_id: str, submission_id: str) -> None:
        """Raises NotFound; NotAllowed once it is not waiting any more."""
        async with self._database.write() as connection:
            now = (await _world(connection, seller_id)).now
            if await storage.cancel(connection, seller_id, submission_id, now):
                return
            found = await storage.find(connection, seller_id, submission_id)
        if found is None:
            raise NotFound("feed", submission_id)
        raise NotAllowed(f"only a feed that is IN_QUEUE can be cancelled; this one is {found.status}")


def _wanted(filters: Filters, now: datetime) -> Wanted:
    since, until = filters.since or now - LISTED, filters.until or now
    return Wanted(filters.feed_types, filters.marketplaces, filters.statuses, since, until, filters.ids)


async def _world(connection: Connection, seller_id: str) -> LedgerRow:
    world = await worlds.peek(connection, seller_id)
    if world is None:
        raise NotFound("seller", seller_id)
    return world


def _check_usable(document: Document | None, document_id: str, now: datetime) -> Document:
    if document is None:
        raise Invalid("inputFeedDocumentId", f"the feed document '{document_id[:100]}' does not exist")
    if document.object is None:
        raise Invalid("inputFeedDocumentId", "nothing was uploaded to the feed document")
    if document.submission is not None:
        raise Invalid("inputFeedDocumentId", "the feed document was used already; each feed needs one of its own")
    if now - document.created_at > USABLE:
        raise Invalid("inputFeedDocumentId", f"the feed document is older than {USABLE.days} days")
    return document


async def _new_id(connection: Connection, world: LedgerRow, arrived: int) -> str:
    """Eleven digits, as Amazon's; the same for the same seller, seed and history."""
    salt = 0
    while True:
        words = f"submission {world.seller_id} {world.seed} {arrived} {salt}"
        digest = hashlib.blake2b(words.encode(), digest_size=8).digest()
        name = str(5 * 10**10 + int.from_bytes(digest, "big") % 10**10)
        if await storage.find(connection, world.seller_id, name) is None:
            return name
        salt += 1
