"""AIM's side of the queue: files that sellers upload become batches, with a number, counts, and findings.

The file, the number and the place in the queue commit together. Refuses to know how files look and how AIM spells its
answers. Sources: AIM reference §1 (one file per hour, 2007 guide §3.1), §8.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from entrepot.domain.errors import NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.world import Policies
from entrepot.services.documents import Documents
from entrepot.storage import batches as storage
from entrepot.storage import submissions, worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.submissions import CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE, Issue, Submission
from entrepot.storage.worlds import LedgerRow

__all__ = [
    "CANCELLED",
    "DONE",
    "FATAL",
    "IN_PROGRESS",
    "IN_QUEUE",
    "Batches",
    "Issue",
    "NewBatch",
    "Standing",
    "Submission",
]

# The uploads of inventory; each is a batch of its own. Refunds are in the queue too, but are shown as reports.
INVENTORY: Final = ("AIM_ADD_MODIFY_DELETE", "AIM_MODIFY_ONLY", "AIM_PURGE_REPLACE")

# What one file an hour is said of; but a later upload never passes one that waits.
PACED: Final = ("AIM_ADD_MODIFY_DELETE", "AIM_MODIFY_ONLY")
PACE: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """What time it is in a seller's world, and what was chosen for him."""

    now: datetime
    policies: Policies


@dataclass(frozen=True)
class NewBatch:
    """A file to be processed. `strict`: the fidelity that it is processed with."""

    feed_type: str
    lane: str
    marketplace_id: str
    options: Mapping[str, str]
    strict: bool
    content_type: str
    body: bytes | AsyncIterator[bytes]


class Batches:
    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    async def standing(self, seller_id: str) -> Standing:
        async with self._database.read() as connection:
            world = await _world(connection, seller_id)
        return Standing(world.now, world.policies)

    async def upload(self, seller_id: str, new: NewBatch, origin: Origin) -> str:
        """Keep a file and queue it; its number."""
        # If the commit fails its outcome may be unknown, so the bytes stay: better an orphan than a batch without file.
        stored = await self._documents.store(seller_id, new.content_type, new.body, pack=False)
        region = MARKETPLACES[new.marketplace_id].region
        async with self._database.write() as connection:
            arrived = await submissions.next_arrival(connection, seller_id)
            world = await _world(connection, seller_id)
            number = await submissions.next_number(connection)
            document_id = await self._documents.keep_result(connection, seller_id, number, region, stored)
            await submissions.insert(
                connection,
                Submission(
                    seller_id,
                    number,
                    arrived,
                    origin.channel,
                    origin.actor,
                    new.feed_type,
                    new.lane,
                    [new.marketplace_id],
                    document_id,
                    dict(new.options),
                    new.strict,
                    IN_QUEUE,
                    world.now,
                    ready_at=await _turn(connection, world, new),
                ),
            )
        return number

    async def newest(self, seller_id: str, marketplace_id: str, limit: int) -> list[Submission]:
        """The batches of inventory for a marketplace, the newest first."""
        async with self._database.read() as connection:
            return await storage.newest(connection, seller_id, INVENTORY, marketplace_id, limit)

    async def pending_count(self, seller_id: str, marketplace_id: str) -> int:
        """How many batches of inventory for a marketplace are waiting or at work."""
        async with self._database.read() as connection:
            return await storage.pending(connection, seller_id, INVENTORY, marketplace_id)

    async def find(self, seller_id: str, number: str) -> Submission:
        """A batch of inventory. Raises NotFound for what is not this seller's."""
        async with self._database.read() as connection:
            found = await submissions.find(connection, seller_id, number)
        if found is None or found.feed_type not in INVENTORY:
            raise NotFound("batch", number)
        return found

    async def findings(self, batch: Submission) -> list[Issue]:
        """What was noted about a batch, in the order of its rows."""
        async with self._database.read() as connection:
            return await submissions.issues(connection, batch)

    async def content(self, batch: Submission) -> bytes:
        """The file as it was uploaded. Raises NotFound where it is not there any more, Unreadable if damaged."""
        return await self._whole(batch.seller_id, batch.document_id)

    async def reason(self, batch: Submission) -> bytes:
        """The report on a batch that could not be processed. Raises NotFound if it has none."""
        if batch.result_id is None:
            raise NotFound("report", batch.submission_id)
        return await self._whole(batch.seller_id, batch.result_id)

    async def foreign(self, seller_id: str, number: str) -> bool:
        """Whether a batch or report of some other seller was ever called so."""
        async with self._database.read() as connection:
            return await storage.allotted(connection, int(number)) and (
                await submissions.find(connection, seller_id, number) is None
            )

    async def _whole(self, seller_id: str, document_id: str) -> bytes:
        document = await self._documents.find(seller_id, document_id)
        return b"".join([chunk async for chunk in self._documents.contents(document)])


async def _world(connection: Connection, seller_id: str) -> LedgerRow:
    world = await worlds.peek(connection, seller_id)
    if world is None:
        raise NotFound("seller", seller_id)
    return world


async def _turn(connection: Connection, world: LedgerRow, new: NewBatch) -> datetime | None:
    """Before when a batch may not be processed, where one file an hour is the rule."""
    pace = world.policies.upload_pace
    hourly = new.strict if pace == "AS_FIDELITY" else pace == "HOURLY"
    if not hourly or new.feed_type not in PACED:
        return None
    last = await storage.last_turn(connection, world.seller_id, PACED)
    return None if last is None or last + PACE <= world.now else last + PACE


def failed_rows(findings: Sequence[Issue]) -> set[int]:
    """The numbers of the rows that were not applied; what is about the whole file is no row."""
    return {issue.number for issue in findings if issue.severity == "ERROR" and issue.number > 0}
