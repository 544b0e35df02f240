"""Reports: asked for by sellers or made by themselves, found again, and read. Who makes them is the worker.

A report is a submission, in a lane of its own, without a document but for what the operator installs; its result is the
file. It is about a span of the seller's own time. All doors see all reports of a seller whose type they know, whoever
asked for them. Sources: AIM reference §9.1; Reports 2021-06-30 (spans, schedules); decided here, once:

| case | answer |
|---|---|
| a span without a start, or without an end | it starts where it ends; it ends now |
| a span that reaches beyond now, forgiving | it ends, or even starts, now: programs have clocks of their own |
| a span that reaches beyond now, strict | Invalid |
| a report without rows | its status is NO_DATA; who knows no such status calls it as he likes |
| a schedule that begins in the past | its first report is that of the first period that ends in the future |
| the clock jumped over several periods | one report, of all of them |
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.periods import PERIODS, following, instant
from entrepot.services.documents import Documents, unpacked
from entrepot.services.ledger import run_timers
from entrepot.storage import report_orders as rows
from entrepot.storage import report_requests as storage
from entrepot.storage import submissions, worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.documents import Document
from entrepot.storage.report_requests import NO_DATA, Recurring, Schedule, Wanted
from entrepot.storage.submissions import CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE, Submission
from entrepot.storage.worlds import LedgerRow

__all__ = [
    "CANCELLED",
    "DONE",
    "FATAL",
    "IN_PROGRESS",
    "IN_QUEUE",
    "NO_DATA",
    "Document",
    "Recurring",
    "Reports",
    "Schedule",
    "Wanted",
]

LANE: Final = "reports"
# What every seller has from the beginning, and the uploads that are reports themselves.
ORDERS: Final = "GET_CONVERGED_FLAT_FILE_ORDER_REPORT_DATA"
OPEN_LISTINGS: Final = "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT"
REFUNDS: Final = "AIM_BATCH_REFUND"
PREORDER: Final = "AIM_PREORDER"

# Periods of AIM's schedules begin at whole hours of this zone's time.
PACIFIC: Final = "America/Los_Angeles"
ORDERS_HOURS: Final = 4
HOURS_MAX: Final = 30 * 24
# Reports that one schedule may make at once; what is left is made the next time.
AT_ONCE: Final = 100
RECURRING_MAX: Final = 500
# What is listed unless somebody asks for more.
LISTED: Final = timedelta(days=90)
# An option of the report itself, among those of the submission.
OPTION: Final = "option:"
CENTURY: Final = timedelta(days=36_525)
_SELLERS_AT_ONCE: Final = 100
_ITSELF: Final = Origin("timer", "schedule")
_OPERATOR: Final = Origin("operator", "operator")
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)

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


class Reports:
    """What the doors ask for, and what the clock does. `report_types` are always those that a door knows."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    async def request(self, seller_id: str, asked: Asked, origin: Origin) -> Report:
        """Have a report made. Raises Invalid where its span cannot be."""
        async with self._locked(seller_id) as (connection, ledger):
            return await _queue(connection, ledger, _spanning(asked, ledger.now), origin)

    async def issue_again(self, seller_id: str, report_type: str, marketplace: str, origin: Origin) -> Report:
        """The newest finished report of a type once more, under a new number. Raises NotFound where there is none."""
        async with self._locked(seller_id) as (connection, ledger):
            found = await storage.newest(connection, seller_id, Wanted([report_type], [marketplace], [DONE]), None, 1)
            if not found:
                raise NotFound("report", report_type)
            number = await submissions.next_number(connection)
            arrived, who = int(number) - _UNCOUNTED, (origin.channel, origin.actor)
            return _report(await storage.issue_again(connection, found[0], number, arrived, LANE, *who, ledger.now))

    async def install_preorder(self, seller_id: str, columns: Sequence[str], text: str, marketplace: str | None) -> str:
        """Keep a file as the seller's newest Preorder report; its number. Raises Invalid: it has not these columns."""
        header = text.partition("\n")[0].rstrip("\r").split("\t")
        if header != list(columns):
            raise Invalid("content", f"the first line of a Preorder report is {', '.join(columns)}, with tabs between")
        async with self._locked(seller_id) as (connection, ledger):
            chosen = marketplace or ledger.marketplaces[0]
            if chosen not in ledger.marketplaces:
                raise Invalid("marketplace", "this is no marketplace of the seller")
        stored = await self._documents.store(seller_id, "text/plain; charset=utf-8", text.encode(), pack=False)
        async with self._locked(seller_id) as (connection, ledger):
            document_id = await self._documents.keep_result(
                connection, seller_id, "", MARKETPLACES[chosen].region, stored
            )
            asked = _spanning(Asked(PREORDER, (chosen,)), ledger.now)
            return (await _queue(connection, ledger, asked, _OPERATOR, document_id=document_id)).number

    # found again

    async def find(self, seller_id: str, number: str, report_types: Collection[str]) -> Report:
        """Raises NotFound, also for another seller's and for a type that is not among these."""
        async with self._database.read() as connection:
            return _report(await _found(connection, seller_id, number, report_types))

    async def newest(self, seller_id: str, wanted: Wanted, bookmark: str | None, size: int) -> Page:
        """A page of reports, the newest first, by default of the last 90 days."""
        async with self._database.read() as connection:
            wanted = await _recent(connection, seller_id, wanted)
            found = await storage.newest(connection, seller_id, wanted, bookmark, size + 1)
        page = [_report(one) for one in found[:size]]
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
            return [_report(one) for one in await storage.newest(connection, seller_id, wanted, None, limit)]

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
            now = (await _ledger(connection, seller_id)).now
            found = await _found(connection, seller_id, number, report_types)
            if await storage.cancel(connection, seller_id, [number], now):
                return
            found = await _found(connection, seller_id, number, report_types)
        raise NotAllowed(f"only a report that is IN_QUEUE can be cancelled; this one is {_report(found).status}")

    async def cancel_all(self, seller_id: str, wanted: Wanted, limit: int) -> tuple[int, list[Report]]:
        """Cancel what still waits among these; how many that were, and the newest of all of these as they are now."""
        async with self._database.write() as connection:
            wanted = await _recent(connection, seller_id, wanted)
            now = (await _ledger(connection, seller_id)).now
            numbers = [one.submission_id for one in await storage.newest(connection, seller_id, wanted, None, _ALL)]
            cancelled = await storage.cancel(connection, seller_id, numbers, now)
            these = Wanted(wanted.report_types, numbers=numbers[:limit])
            found = await storage.newest(connection, seller_id, these, None, limit) if numbers else []
        return cancelled, [_report(one) for one in found]

    async def acknowledge(
        self, seller_id: str, numbers: Sequence[str], acknowledged: bool, report_types: Sequence[str]
    ) -> list[Report]:
        """Note which finished reports the seller has, or has not; those of the numbers that are finished reports."""
        wanted = Wanted(report_types, statuses=(DONE,), numbers=[one for one in numbers if _is_number(one)] or ("-",))
        async with self._database.write() as connection:
            now = (await _ledger(connection, seller_id)).now
            found = await storage.acknowledge(connection, seller_id, wanted, acknowledged, now)
        return [_report(one) for one in found]

    # their files

    async def document(self, seller_id: str, number: str) -> Document:
        """The file of a finished report, to be read by `contents`. Raises NotFound, also for another seller's."""
        async with self._database.read() as connection:
            found = await submissions.find(connection, seller_id, number) if _is_number(number) else None
        if found is None or found.result_id is None or found.status != DONE:
            raise NotFound("report", number)
        if found.lane != LANE and found.feed_type != REFUNDS:
            raise NotFound("report", number)
        return await self._documents.find(seller_id, found.result_id)

    async def document_named(self, seller_id: str, document_id: str, report_types: Collection[str]) -> Document:
        """A report's file by its own name. Raises NotFound, also where it is another kind of document."""
        document = await self._documents.find(seller_id, document_id)
        report = await self.find(seller_id, document.submission or "", report_types)
        if report.document_id != document_id or report.status == NO_DATA:
            raise NotFound("document", document_id)
        return document

    async def contents(self, document: Document) -> AsyncIterator[bytes]:
        """What a report says, however long it is: we made it ourselves."""
        chunks = self._documents.raw(document)
        async for chunk in unpacked(chunks, sys.maxsize) if document.gzip else chunks:
            yield chunk

    # schedules of SP-API and MWS

    async def set_recurring(
        self,
        seller_id: str,
        asked: Asked,
        period: str,
        begun: datetime | None,
        origin: Origin,
        *,
        at_once: bool = False,
        within: timedelta = CENTURY,
    ) -> Recurring:
        """Have a report made at `begun`, by default a period from now, and after each period (a name of `PERIODS`). It
        replaces the schedule of the same type and marketplaces; the span of `asked` does not count. Raises Invalid.

        at_once: where `begun` is none or past, the first report is made now. within: how far off `begun` may be.
        """
        if period not in PERIODS:
            raise Invalid("period", f"period is one of {', '.join(PERIODS)}")
        async with self._locked(seller_id) as (connection, ledger):
            if begun is not None and (begun < _EARLIEST or begun - ledger.now > within):
                raise Invalid("begun", f"a schedule begins within {within.days} days")
            now_too = at_once and (begun is None or begun <= ledger.now)
            begun = ledger.now if begun is None or now_too else begun
            new = Recurring(
                await submissions.next_number(connection),
                asked.report_type,
                asked.marketplaces,
                dict(asked.options),
                period,
                begun,
                begun if now_too else instant(period, begun, following(period, begun, ledger.now)),
                origin.channel,
                origin.actor,
                asked.strict,
            )
            if not await storage.replace_recurring(connection, seller_id, new, RECURRING_MAX):
                raise NotAllowed(f"a seller has at most {RECURRING_MAX} schedules of reports")
        return new

    async def recurring(self, seller_id: str, report_types: Sequence[str]) -> list[Recurring]:
        """The schedules of these types, the oldest first."""
        async with self._database.read() as connection:
            return await storage.recurring(connection, seller_id, report_types)

    async def recurring_one(self, seller_id: str, schedule_id: str, report_types: Sequence[str]) -> Recurring:
        """Raises NotFound."""
        for one in await self.recurring(seller_id, report_types):
            if one.schedule_id == schedule_id:
                return one
        raise NotFound("schedule", schedule_id)

    async def drop_recurring(self, seller_id: str, schedule_id: str, report_types: Sequence[str]) -> None:
        """No more reports of this schedule; those that it asked for stay. Raises NotFound."""
        async with self._database.write() as connection:
            dropped = _is_number(schedule_id) and await storage.drop_recurring(
                connection, seller_id, schedule_id, report_types
            )
        if not dropped:
            raise NotFound("schedule", schedule_id)

    # schedules of AIM

    async def begin(self, connection: Connection, seller_id: str, strict: bool = False) -> None:
        """What a new seller has, in the transaction that makes him: a schedule of order reports, and a report of his
        open listings in each marketplace, as programs wait for the second one they see."""
        ledger = await _ledger(connection, seller_id)
        await storage.set_schedule(connection, seller_id, _upcoming(ORDERS, ORDERS_HOURS, ledger.now))
        for marketplace in ledger.marketplaces:
            first = Asked(OPEN_LISTINGS, (marketplace,), strict=strict)
            await _queue(connection, ledger, _spanning(first, ledger.now), _ITSELF)

    async def schedules(self, seller_id: str) -> list[Schedule]:
        """Raises NotFound for an unknown seller."""
        async with self._database.read() as connection:
            await _ledger(connection, seller_id)
            return await storage.schedules(connection, seller_id)

    async def set_schedule(self, seller_id: str, report_type: str, hours: int) -> None:
        """Have a report made at the end of each period of so many hours, from the one under way; 0: no more."""
        if not 0 <= hours <= HOURS_MAX:
            raise Invalid("hours", f"hours is a number from 0 (no report by itself) to {HOURS_MAX}")
        async with self._locked(seller_id) as (connection, ledger):
            if hours:
                await storage.set_schedule(connection, seller_id, _upcoming(report_type, hours, ledger.now))
            else:
                await storage.drop_schedule(connection, seller_id, report_type)

    # the clock

    async def run_schedules(self) -> int:
        """Have all reports made that are due in their sellers' worlds, by either kind of schedule; how many."""
        async with self._database.read() as connection:
            sellers = await storage.sellers_with_due_schedules(connection, _SELLERS_AT_ONCE)
        made = 0
        for seller_id in sellers:
            async with self._locked(seller_id) as (connection, ledger):
                for schedule in await storage.take_due(connection, seller_id, ledger.now):
                    made += await _run(connection, ledger, schedule)
                for recurring in await storage.take_due_recurring(connection, seller_id, ledger.now):
                    await _run_recurring(connection, ledger, recurring)
                    made += 1
        return made

    @asynccontextmanager
    async def _locked(self, seller_id: str) -> AsyncIterator[tuple[Connection, LedgerRow]]:
        """The seller's ledger under his lock, after what was due: nothing more will be dated before its now."""
        async with self._database.write(worlds.locking(seller_id)) as connection:
            ledger = await _ledger(connection, seller_id)
            yield connection, await run_timers(connection, ledger)


async def _ledger(connection: Connection, seller_id: str) -> LedgerRow:
    ledger = await worlds.peek(connection, seller_id) if seller_id.isprintable() else None
    if ledger is None:
        raise NotFound("seller", seller_id)
    return ledger


async def _found(connection: Connection, seller_id: str, number: str, report_types: Collection[str]) -> Submission:
    found = await submissions.find(connection, seller_id, number) if _is_number(number) else None
    if found is None or found.feed_type not in report_types:
        raise NotFound("report", number)
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


# More than any seller asks for in 90 days.
_ALL: Final = 1_000_000


async def _recent(connection: Connection, seller_id: str, wanted: Wanted) -> Wanted:
    if wanted.created_since is not None:
        return wanted
    return replace(wanted, created_since=(await _ledger(connection, seller_id)).now - LISTED)


def _report(found: Submission) -> Report:
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


def _spanning(asked: Asked, now: datetime) -> Asked:
    """With the span that it comes to. Raises Invalid where there is none."""
    end = asked.end or now
    if end < _EARLIEST:
        raise Invalid("end", f"the data of a report end after {_EARLIEST.year}")
    start = asked.start or end - timedelta(days=asked.days)
    if start > end:
        raise Invalid("start", "the data of a report cannot begin after they end")
    if start < _EARLIEST:
        raise Invalid("start", f"the data of a report begin after {_EARLIEST.year}")
    if end > now and asked.strict:
        raise Invalid("end", "the data of a report end now or before")
    return replace(asked, start=min(start, now), end=min(end, now))


async def _queue(
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
    return _report(submission)


async def _run_recurring(connection: Connection, ledger: LedgerRow, due: Recurring) -> None:
    """Have one report made of what went by since the one before, to the end of the last period that is over."""
    first = following(due.period, due.begun_at, due.next_at) - 1
    upcoming = following(due.period, due.begun_at, ledger.now)
    start, end, next_at = (instant(due.period, due.begun_at, number) for number in (first - 1, upcoming - 1, upcoming))
    asked = Asked(due.report_type, due.marketplaces, due.options, due.strict, start, end)
    await _queue(connection, ledger, asked, Origin(due.door, due.actor), schedule_id=due.schedule_id)
    if next_at > ledger.now:
        await storage.set_next(connection, ledger.seller_id, due.schedule_id, next_at)
    else:  # at the end of time
        await storage.drop_recurring(connection, ledger.seller_id, due.schedule_id, [due.report_type])


# From when periods are counted, in Pacific time: the recorded ones of four hours ended at two, six and ten o'clock.
_EPOCH: Final = datetime(1970, 1, 1, 2)
_ZONE: Final = ZoneInfo(PACIFIC)
_HOUR: Final = timedelta(hours=1)


def _period(instant: datetime, hours: int) -> int:
    """The period that an instant lies in."""
    return (instant.astimezone(_ZONE).replace(tzinfo=None) - _EPOCH) // (hours * _HOUR)


def _beginning(period: int, hours: int) -> datetime:
    """When a period begins. One of an hour that the clock skips is empty; one that it repeats has two hours."""
    return (_EPOCH + period * hours * _HOUR).replace(tzinfo=_ZONE).astimezone(UTC)


def _under_way(now: datetime, hours: int) -> int:
    """The period that has begun and not ended."""
    period = _period(now, hours)
    while _beginning(period + 1, hours) <= now:
        period += 1
    return period


def _before(instant: datetime, hours: int) -> int:
    """The last period that began before an instant."""
    period = _period(instant, hours)
    while _beginning(period, hours) >= instant:
        period -= 1
    return period


def _upcoming(report_type: str, hours: int, now: datetime) -> Schedule:
    """The schedule whose next period is the one under way."""
    return Schedule(report_type, hours, _beginning(_under_way(now, hours) + 1, hours))


async def _run(connection: Connection, ledger: LedgerRow, schedule: Schedule) -> int:
    """Have the reports made of the periods that are over: of the last one in any case, of those before it where orders
    were paid for. So a clock that is turned by a year does not leave thousands of empty ones."""
    hours = schedule.hours
    following = _upcoming(schedule.report_type, hours, ledger.now)
    last = _before(_beginning(_under_way(ledger.now, hours), hours), hours)
    span = _beginning(_before(schedule.due_at, hours), hours), _beginning(last, hours)
    periods = await rows.periods_with_orders(connection, ledger.seller_id, *span, PACIFIC, _EPOCH, hours, AT_ONCE)
    if len(periods) < AT_ONCE:
        periods = [*periods, last]
    else:
        following = _upcoming(schedule.report_type, hours, _beginning(periods[-1] + 1, hours))
    for period in periods:
        start, end = _beginning(period, hours), _beginning(period + 1, hours)
        asked = Asked(schedule.report_type, ledger.marketplaces, start=start, end=end)
        await _queue(connection, ledger, asked, _ITSELF)
    await storage.set_schedule(connection, ledger.seller_id, following)
    return len(periods)
