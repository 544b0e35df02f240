"""Reports: asked for by sellers or made by themselves, found again, and read. Who makes them is the worker.

A report is a submission, in a lane of its own, without a document but for what the operator installs; its result is the
file. It is about a span of the
seller's own time: what is dated ends when it is asked for. Source: AIM reference §9.1.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.services.documents import Documents, unpacked
from entrepot.services.ledger import run_timers
from entrepot.storage import reports as storage
from entrepot.storage import submissions, worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.documents import Document
from entrepot.storage.reports import Finished, Schedule
from entrepot.storage.submissions import IN_QUEUE, Submission
from entrepot.storage.worlds import LedgerRow

__all__ = ["Document", "Report", "Reports", "Schedule"]

LANE: Final = "reports"
# What every seller has from the beginning, and the uploads that are reports themselves.
ORDERS: Final = "GET_CONVERGED_FLAT_FILE_ORDER_REPORT_DATA"
OPEN_LISTINGS: Final = "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT"
REFUNDS: Final = "AIM_BATCH_REFUND"
PREORDER: Final = "AIM_PREORDER"

# Periods of a schedule begin at whole multiples of its hours in this zone's time.
PACIFIC: Final = "America/Los_Angeles"
ORDERS_HOURS: Final = 4
HOURS_MAX: Final = 30 * 24
# Reports that one schedule may make at once; what is left is made the next time.
AT_ONCE: Final = 100
_SELLERS_AT_ONCE: Final = 100
_ITSELF: Final = Origin("timer", "schedule")
_OPERATOR: Final = Origin("operator", "operator")

# Reports do not count among what the seller hands in, so that the ids of his feeds do not depend on the hour.
_UNCOUNTED: Final = 10**10


@dataclass(frozen=True)
class Report:
    """A finished report. start, end: the span that it is about; the same, where it shows one moment."""

    number: str
    report_type: str
    start: datetime
    end: datetime


class Reports:
    """What the doors ask for, and what the clock does."""

    def __init__(self, database: Database, documents: Documents) -> None:
        self._database = database
        self._documents = documents

    async def request(
        self,
        seller_id: str,
        report_type: str,
        options: Mapping[str, str],
        origin: Origin,
        marketplace: str,
        strict: bool,
    ) -> str:
        """Have a report made; its number. With the option `days` it is about so many days before now."""
        async with self._locked(seller_id) as (connection, ledger):
            span = timedelta(days=int(options.get("days", "0")))
            wanted = _Wanted(report_type, ledger.now - span, ledger.now, (marketplace,), dict(options), strict)
            return await _queue(connection, ledger, wanted, origin)

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
            wanted = _Wanted(PREORDER, ledger.now, ledger.now, (chosen,), {}, document_id=document_id)
            return await _queue(connection, ledger, wanted, _OPERATOR)

    # finished ones

    async def finished(
        self, seller_id: str, report_types: Sequence[str], limit: int, marketplace: str | None = None
    ) -> list[Report]:
        """Reports that can be fetched, the newest first, of all marketplaces or of one."""
        async with self._database.read() as connection:
            found = await storage.finished(connection, seller_id, report_types, marketplace, limit)
        return [_report(one) for one in found]

    async def latest(self, seller_id: str, report_types: Sequence[str], marketplace: str | None = None) -> Report:
        """Raises NotFound where there is none yet."""
        found = await self.finished(seller_id, report_types, 1, marketplace)
        if not found:
            raise NotFound("report", ", ".join(report_types))
        return found[0]

    async def document(self, seller_id: str, number: str) -> Document:
        """The file of a finished report, to be read by `contents`. Raises NotFound, also for another seller's."""
        if not (number.isascii() and number.isdigit()):
            raise NotFound("report", number)
        async with self._database.read() as connection:
            found = await storage.one(connection, seller_id, number, LANE, REFUNDS)
        if found is None:
            raise NotFound("report", number)
        return await self._documents.find(seller_id, found.document_id)

    async def contents(self, document: Document) -> AsyncIterator[bytes]:
        """What a report says, however long it is: we made it ourselves."""
        chunks = self._documents.raw(document)
        async for chunk in unpacked(chunks, sys.maxsize) if document.gzip else chunks:
            yield chunk

    # schedules

    async def begin(self, connection: Connection, seller_id: str, strict: bool = False) -> None:
        """What a new seller has, in the transaction that makes him: a schedule of order reports, and one report of his
        open listings, as programs wait for the second one they see."""
        ledger = await _ledger(connection, seller_id)
        await storage.set_schedule(connection, seller_id, _upcoming(ORDERS, ORDERS_HOURS, ledger.now))
        first = _Wanted(OPEN_LISTINGS, ledger.now, ledger.now, ledger.marketplaces[:1], {}, strict)
        await _queue(connection, ledger, first, _ITSELF)

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

    async def run_schedules(self) -> int:
        """Have all reports made that are due in their sellers' worlds; how many there were."""
        async with self._database.read() as connection:
            sellers = await storage.sellers_with_due_schedules(connection, _SELLERS_AT_ONCE)
        made = 0
        for seller_id in sellers:
            async with self._locked(seller_id) as (connection, ledger):
                for schedule in await storage.take_due(connection, seller_id, ledger.now):
                    made += await _run(connection, ledger, schedule)
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


def _report(found: Finished) -> Report:
    start, end = (
        datetime.fromisoformat(found.options[name]) if name in found.options else found.created_at
        for name in ("start", "end")
    )
    return Report(found.number, found.report_type, start, end)


@dataclass(frozen=True)
class _Wanted:
    report_type: str
    start: datetime
    end: datetime
    marketplaces: tuple[str, ...]
    options: dict[str, str]
    strict: bool = False
    document_id: str = ""


async def _queue(connection: Connection, ledger: LedgerRow, wanted: _Wanted, origin: Origin) -> str:
    number = await submissions.next_number(connection)
    span = {"start": wanted.start.isoformat(), "end": wanted.end.isoformat()}
    submission = Submission(
        ledger.seller_id,
        number,
        int(number) - _UNCOUNTED,
        origin.channel,
        origin.actor,
        wanted.report_type,
        LANE,
        wanted.marketplaces,
        wanted.document_id,
        {**wanted.options, **span},
        wanted.strict,
        IN_QUEUE,
        ledger.now,
    )
    await submissions.insert(connection, submission)
    return number


# Periods are numbered from 1970 in Pacific time, so midnight begins one if a day has a whole number of them.
_EPOCH: Final = datetime(1970, 1, 1)
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
    periods = await storage.periods_with_orders(connection, ledger.seller_id, *span, PACIFIC, hours, AT_ONCE)
    if len(periods) < AT_ONCE:
        periods = [*periods, last]
    else:
        following = _upcoming(schedule.report_type, hours, _beginning(periods[-1] + 1, hours))
    for period in periods:
        start, end = _beginning(period, hours), _beginning(period + 1, hours)
        wanted = _Wanted(schedule.report_type, start, end, ledger.marketplaces, {})
        await _queue(connection, ledger, wanted, _ITSELF)
    await storage.set_schedule(connection, ledger.seller_id, following)
    return len(periods)
