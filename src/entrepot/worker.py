"""The worker: takes submissions off the queue, lets their kind process them, and records what came of it.

Any number of workers, on any number of machines, share the queue. A worker that dies leaves its submissions to the
others, which go on behind the last chunk that was committed. Submissions run beside one another on one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from entrepot.domain.errors import Unavailable
from entrepot.domain.marketplaces import by_id
from entrepot.feeds.job import Job, Result, Superseded, Unreadable
from entrepot.feeds.kinds import INTERNAL, KINDS, RETIRED, UNKNOWN, UPLOADS, Kind, fatal
from entrepot.reports.kinds import REPORTS
from entrepot.services.documents import Documents, Stored
from entrepot.services.ledger import Ledger
from entrepot.storage import submissions as storage
from entrepot.storage import worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.submissions import Hold, Submission

SLOTS: Final = 8
# How long a worker sleeps when nobody wakes it: dead workers announce nothing.
POLL_SECONDS: Final = 1.0
# Attempts without progress: so many that fail, or that end with their worker, and it is given up.
FAILURES_MAX: Final = 3
DEATHS_MAX: Final = 10
# What is under way when a worker is to stop may finish its chunk within this time; then it is broken off.
GRACE_SECONDS: Final = 10.0

log = structlog.get_logger("entrepot.worker")


# Told, in the transaction that ends it, how a submission ended.
Ended = Callable[[Connection, Submission, Result], Awaitable[None]]


@dataclass
class Worker:
    """`url` is the database's: the worker's locks need a connection of their own. `ended`: who else is told of ends."""

    url: str
    database: Database
    ledger: Ledger
    documents: Documents
    kinds: Mapping[str, Kind] = field(default_factory=lambda: {**KINDS, **UPLOADS, **REPORTS})
    slots: int = SLOTS
    poll: float = POLL_SECONDS
    grace: float = GRACE_SECONDS
    ended: Ended | None = None
    _running: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Claim no more; `run` ends when the chunks under way are done."""
        self._stop.set()
        self._awake.set()

    async def run(self) -> None:
        """Work until `stop`, whatever the database does in the meantime."""
        while not self._stop.is_set():
            try:
                async with Hold.open(self.url, self._awake.set) as hold:
                    log.info("worker ready", slots=self.slots)
                    await self._work(hold)
            except (Unavailable, OSError) as problem:
                log.warning("worker waits", problem=str(problem))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), self.poll)

    async def _work(self, hold: Hold) -> None:
        try:
            while not self._stop.is_set():
                self._awake.clear()
                await self._fill(hold)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self.poll)
            if self._running:
                await asyncio.wait(self._running.values(), timeout=self.grace)
        finally:
            # Without the hold nobody may go on; what was not committed did not happen.
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fill(self, hold: Hold) -> None:
        while len(self._running) < self.slots and not self._stop.is_set():
            submission = await hold.claim() or await hold.claim_left()
            if submission is None:
                return
            log.info("claimed", **_names(submission), attempt=submission.attempt)
            task = asyncio.create_task(self._attend(hold, submission))
            self._running[submission.key] = task
            task.add_done_callback(lambda _, key=submission.key: self._ended(key))  # type: ignore[misc]

    def _ended(self, key: tuple[str, str]) -> None:
        del self._running[key]
        self._awake.set()

    async def _attend(self, hold: Hold, submission: Submission) -> None:
        """One attempt, and what it ended with; never raises, but lets go of the submission."""
        try:
            await self._attempt(submission)
        except Superseded as problem:
            log.info("left", **_names(submission), problem=str(problem))
        except Unavailable as problem:
            log.warning("broken off", **_names(submission), problem=str(problem))
            await asyncio.sleep(self.poll)
        except Exception:
            log.exception("failed", **_names(submission), tries=submission.tries)
            await asyncio.sleep(self.poll)
        finally:
            with contextlib.suppress(Unavailable):
                await hold.release(submission)

    async def _attempt(self, submission: Submission) -> None:
        kind = self.kinds.get(submission.feed_type)
        job = Job(submission, self.database, self.ledger, self.documents, submission.applied, self._stop.is_set)
        try:
            await self._finish(submission, await self._processed(kind, job))
        except (Superseded, Unavailable):
            raise
        except Exception:
            if submission.tries < FAILURES_MAX:
                raise
            log.exception("given up", **_names(submission), tries=submission.tries)
            await self._finish(submission, fatal(kind, submission, INTERNAL))

    async def _processed(self, kind: Kind | None, job: Job) -> Result:
        submission = job.submission
        if kind is None:
            return fatal(kind, submission, UNKNOWN)
        if kind.legacy and await self._retired(submission):
            return fatal(kind, submission, RETIRED)
        if submission.tries > DEATHS_MAX:
            log.error("given up", **_names(submission), tries=submission.tries)
            return fatal(kind, submission, INTERNAL)
        try:
            return await kind.resolved()(job)
        except Unreadable as problem:
            return fatal(kind, submission, str(problem))

    async def _retired(self, submission: Submission) -> bool:
        """Whether a feed type that Amazon has retired is retired for this seller, too."""
        async with self.database.read() as connection:
            world = await worlds.peek(connection, submission.seller_id)
        chosen = world.policies.legacy_feeds if world else "AS_FIDELITY"
        if chosen == "AS_FIDELITY":
            return submission.strict and submission.door != "mws"  # which was gone before they were
        return chosen == "FATAL"

    async def _finish(self, submission: Submission, result: Result) -> None:
        """Keep the report, and end the submission: both or neither."""
        stored = None
        if result.body is not None:
            stored = await self.documents.store(submission.seller_id, result.content_type, result.body)
        try:
            await self._record(submission, result, stored)
        except Superseded:
            if stored is not None:
                await self.documents.discard(stored)
            raise
        log.info("finished", **_names(submission), status=result.status)

    async def _record(self, submission: Submission, result: Result, stored: Stored | None) -> None:
        async with self.database.write() as connection:
            report = None
            if stored is not None:
                report = await self.documents.keep_result(
                    connection,
                    submission.seller_id,
                    submission.submission_id,
                    _region(submission),
                    stored,
                    report=submission.feed_type in REPORTS,
                )
            world = await worlds.peek(connection, submission.seller_id)
            if world is None or not await storage.finish(
                connection, submission, result.status, report, result.counts, world.now
            ):
                raise Superseded("another worker has taken the submission over")
            if self.ended is not None:
                await self.ended(connection, submission, result)


def _region(submission: Submission) -> str:
    marketplace = by_id(submission.marketplaces[0]) if submission.marketplaces else None
    return marketplace.region if marketplace else "NA"


def _names(submission: Submission) -> dict[str, str]:
    return {
        "seller": submission.seller_id,
        "submission": submission.submission_id,
        "feed_type": submission.feed_type,
        "lane": submission.lane,
    }
