"""Reports that are asked for, once or by a schedule: put into the queue, found again, cancelled, acknowledged.

A report is a submission, in a lane of its own, without a document but for what the operator installs; its result is the
file. It is about a span of the seller's own time. All doors see all reports of a seller whose type they know, whoever
asked for them. Sources: AIM reference §9.1; Reports 2021-06-30 (spans); decided here, once:

| case | answer |
|---|---|
| a span without a start, or without an end | it starts where it ends; it ends now |
| a span that reaches beyond now, forgiving | it ends, or even starts, now: programs have clocks of their own |
| a span that reaches beyond now, strict | Invalid |
| a report without rows | its status is NO_DATA; who knows no such status calls it as he likes |
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.ledger import Origin
from entrepot.services.documents import Documents
from entrepot.services.ledger import run_timers
from entrepot.storage import report_requests as storage
from entrepot.storage import submissions, worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.report_requests import NO_DATA, Wanted
from entrepot.storage.submissions import CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE, Submission
from entrepot.storage.worlds import LedgerRow

# For the doors, which do not know of storage.
__all__ = ["CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE", "NO_DATA", "Wanted"]

LANE: Final = "reports"
# What every seller has from the beginning, and the uploads that are reports themselves.
ORDERS: Final = "GET_CONVERGED_FLAT_FILE_ORDER_REPORT_DATA"
OPEN_LISTINGS: Final = "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT"
REFUNDS: Final = "AIM_BATCH_REFUND"
PREORDER: Final = "AIM_PREORDER"

# What is listed unless somebody asks for more.
LISTED: Final = timedelta(days=90)
# No report is about anything before it, and no schedule begins before it.
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
# An option of the report itself, among those of the submission.
OPTION: Final = "option:"

# Reports do not count among what the seller hands in, so that the ids of his feeds do not depend on the hour.
_UNCOUNTED: Final = 10**10


@dataclass(frozen=True)
class Asked:
    """A report to be made. options: the report's, by their own names. start, end: the span that it is about, by default
    `days` before its end, and now."""

    report_type: str
    marketplaces: Sequence[str]
    options: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    start: datetime | None = None
    end: datetime | None = None
    days: int = 0


@dataclass(frozen=True)
class Report:
    """A report and what became of it. status: the queue's, or NO_DATA. start, end: the span that it is about; the same,
    where it shows one moment. document_id: its file; one that is FATAL has one that says why."""

    number: str
    report_type: str
    marketplaces: Sequence[str]
    status: str
    start: datetime
    end: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    document_id: str | None
    schedule_id: str | None
    acknowledged_at: datetime | None


@dataclass(frozen=True)
class Page:
    reports: list[Report]
    bookmark: str | None  # None: there is no more


class Part:
    """A part of the service (`services.reports`). Its `report_types` are always those that a door knows."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    @asynccontextmanager
    async def _locked(self, seller_id: str) -> AsyncIterator[tuple[Connection, LedgerRow]]:
        """The seller's ledger under his lock, after what was due: nothing more will be dated before its now."""
        async with self._database.write(worlds.locking(seller_id)) as connection:
            ledger = await ledger_of(connection, seller_id)
            yield connection, await run_timers(connection, ledger)


class Requests(Part):
    """What sellers ask for, and what they do with it."""

    async def request(self, seller_id: str, asked: Asked, origin: Origin) -> Report:
        """Have a report made. Raises Invalid where its span cannot be."""
        async with self._locked(seller_id) as (connection, ledger):
            return await queue(connection, ledger, spanning(asked, ledger.now), origin)

    async def issue_again(self, seller_id: str, report_type: str, marketplace: str, origin: Origin) -> Report:
        """The newest finished report of a type once more, under a new number. Raises NotFound where there is none."""
        async with self._locked(seller_id) as (connection, ledger):
            found = await storage.newest(connection, seller_id, Wanted([report_type], [marketplace], [DONE]), None, 1)
            if not found:
                raise NotFound("report", report_type)
            number = await submissions.next_number(connection)
            arrived, who = int(number) - _UNCOUNTED, (origin.channel, origin.actor)
            return report_of(await storage.issue_again(connection, found[0], number, arrived, LANE, *who, ledger.now))

    # found again

    async def find(self, seller_id: str, number: str, report_types: Collection[str]) -> Report:
        """Raises NotFound, also for another seller's and for a type that is not among these."""
        async with self._database.read() as connection:
            return report_of(await found_report(connection, seller_id, number, report_types))

    async def newest(self, seller_id: str, wanted: Wanted, bookmark: str | None, size: int) -> Page:
        """A page of reports, the newest first, by default of the last 90 days."""
        async with self._database.read() as connection:
            wanted = await _recent(connection, seller_id, wanted)
            found = await storage.newest(connection, seller_id, wanted, bookmark, size + 1)
        page = [report_of(one) for one in found[:size]]
        return Page(page, page[-1].number if len(found) > size else None)

    async def count(self, seller_id: str, wanted: Wanted) -> int:
        """How many `newest` would list, all pages together."""
        async with self._database.read() as connection:
            return await storage.count(connection, seller_id, await _recent(connection, seller_id, wanted))

    async def finished(
        self, seller_id: str, report_types: Sequence[str], limit: int, marketplace: str | None = None
    ) -> list[Report]:
        """Reports that can be fetched, however old, the newest first, of all marketplaces or of one."""
        wanted = Wanted(report_types, () if marketplace is None else (marketplace,), (DONE, NO_DATA))
        async with self._database.read() as connection:
            return [report_of(one) for one in await storage.newest(connection, seller_id, wanted, None, limit)]

    async def latest(self, seller_id: str, report_types: Sequence[str], marketplace: str | None = None) -> Report:
        """Raises NotFound where there is none yet."""
        found = await self.finished(seller_id, report_types, 1, marketplace)
        if not found:
            raise NotFound("report", ", ".join(report_types))
        return found[0]

    # what their seller does with them

    async def cancel(self, seller_id: str, number: str, report_types: Collection[str]) -> None:
        """Raises NotFound; NotAllowed once it does not wait any more."""
        async with self._database.write() as connection:
            now = (await ledger_of(connection, seller_id)).now
            await found_report(connection, seller_id, number, report_types)
            if await submissions.cancel(connection, seller_id, number, now):
                return
            found = await found_report(connection, seller_id, number, report_types)
        raise NotAllowed(f"only a report that is IN_QUEUE can be cancelled; this one is {report_of(found).status}")

    async def cancel_all(self, seller_id: str, wanted: Wanted, limit: int) -> tuple[int, list[Report]]:
        """Cancel what still waits among these; how many that were, and the newest of all of these as they are now."""
        async with self._database.write() as connection:
            wanted = await _recent(connection, seller_id, wanted)
            now = (await ledger_of(connection, seller_id)).now
            cancelled, found = await storage.cancel_all(connection, seller_id, wanted, limit, now)
        return cancelled, [report_of(one) for one in found]

    async def acknowledge(
        self, seller_id: str, numbers: Sequence[str], acknowledged: bool, report_types: Sequence[str]
    ) -> list[Report]:
        """Note which finished reports the seller has, or has not; those of the numbers that are finished reports."""
        wanted = Wanted(report_types, statuses=(DONE,), numbers=[one for one in numbers if is_number(one)] or ("-",))
        async with self._database.write() as connection:
            now = (await ledger_of(connection, seller_id)).now
            found = await storage.acknowledge(connection, seller_id, wanted, acknowledged, now)
        return [report_of(one) for one in found]


async def ledger_of(connection: Connection, seller_id: str) -> LedgerRow:
    ledger = await worlds.peek(connection, seller_id) if seller_id.isprintable() else None
    if ledger is None:
        raise NotFound("seller", seller_id)
    return ledger


async def found_report(
    connection: Connection, seller_id: str, number: str, report_types: Collection[str]
) -> Submission:
    found = await submissions.find(connection, seller_id, number) if is_number(number) else None
    if found is None or found.feed_type not in report_types:
        raise NotFound("report", number)
    return found


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


async def _recent(connection: Connection, seller_id: str, wanted: Wanted) -> Wanted:
    if wanted.created_since is not None:
        return wanted
    return replace(wanted, created_since=(await ledger_of(connection, seller_id)).now - LISTED)


def report_of(found: Submission) -> Report:
    start, end = (
        datetime.fromisoformat(found.options[name]) if name in found.options else found.created_at
        for name in ("start", "end")
    )
    return Report(
        found.submission_id,
        found.feed_type,
        found.marketplaces,
        NO_DATA if found.status == DONE and found.counts.get("rows") == 0 else found.status,
        start,
        end,
        found.created_at,
        found.started_at,
        found.finished_at,
        found.result_id,
        found.schedule_id,
        found.acknowledged_at,
    )


def spanning(asked: Asked, now: datetime) -> Asked:
    """With the span that it comes to. Raises Invalid where there is none."""
    end = asked.end or now
    if end < EARLIEST:
        raise Invalid("end", f"the data of a report end after {EARLIEST.year}")
    start = asked.start or end - timedelta(days=asked.days)
    if start > end:
        raise Invalid("start", "the data of a report cannot begin after they end")
    if start < EARLIEST:
        raise Invalid("start", f"the data of a report begin after {EARLIEST.year}")
    if end > now and asked.strict:
        raise Invalid("end", "the data of a report end now or before")
    return replace(asked, start=min(start, now), end=min(end, now))


async def queue(
    connection: Connection,
    ledger: LedgerRow,
    asked: Asked,
    origin: Origin,
    *,
    document_id: str = "",
    schedule_id: str | None = None,
) -> Report:
    """Queue a report whose span is known."""
    number = await submissions.next_number(connection)
    span = {"start": asked.start or ledger.now, "end": asked.end or ledger.now}
    submission = Submission(
        ledger.seller_id,
        number,
        int(number) - _UNCOUNTED,
        origin.channel,
        origin.actor,
        asked.report_type,
        LANE,
        asked.marketplaces,
        document_id,
        {
            **{f"{OPTION}{name}": value for name, value in asked.options.items()},
            **{name: moment.isoformat() for name, moment in span.items()},
        },
        asked.strict,
        IN_QUEUE,
        ledger.now,
        schedule_id=schedule_id,
    )
    await submissions.insert(connection, submission)
    return report_of(submission)
