"""Reports that recur, as SP-API and MWS have it: one of each period, until their seller drops the schedule.

Sources: Reports 2021-06-30 (schedules); decided here, once:

| case | answer |
|---|---|
| a schedule that begins in the past | its first report is that of the first period that ends in the future |
| the clock jumped over several periods | one report, of all of them |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.periods import PERIODS, following, instant
from entrepot.services.report_requests import EARLIEST, Asked, Part, is_number, queue
from entrepot.storage import report_requests as storage
from entrepot.storage import submissions
from entrepot.storage.database import Connection
from entrepot.storage.report_requests import Recurring
from entrepot.storage.worlds import LedgerRow

__all__ = ["Recurrence", "Recurring", "run_recurring"]

RECURRING_MAX: Final = 500
CENTURY: Final = timedelta(days=36_525)


class Recurrence(Part):
    """Schedules of which a seller has one for each type and its marketplaces."""

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
            if begun is not None and (begun < EARLIEST or begun - ledger.now > within):
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

    async def count_recurring(self, seller_id: str, report_types: Sequence[str]) -> int:
        async with self._database.read() as connection:
            return await storage.count_recurring(connection, seller_id, report_types)

    async def recurring_one(self, seller_id: str, schedule_id: str, report_types: Sequence[str]) -> Recurring:
        """Raises NotFound."""
        for one in await self.recurring(seller_id, report_types):
            if one.schedule_id == schedule_id:
                return one
        raise NotFound("schedule", schedule_id)

    async def drop_recurring(self, seller_id: str, schedule_id: str, report_types: Sequence[str]) -> None:
        """No more reports of this schedule; those that it asked for stay. Raises NotFound."""
        async with self._database.write() as connection:
            dropped = is_number(schedule_id) and await storage.drop_recurring(
                connection, seller_id, schedule_id, report_types
            )
        if not dropped:
            raise NotFound("schedule", schedule_id)


async def run_recurring(connection: Connection, ledger: LedgerRow) -> int:
    """Have the reports made that are due; how many."""
    due = await storage.take_due_recurring(connection, ledger.seller_id, ledger.now)
    for one in due:
        await _run(connection, ledger, one)
    return len(due)


async def _run(connection: Connection, ledger: LedgerRow, due: Recurring) -> None:
    """Have one report made of what went by since the one before, to the end of the last period that is over."""
    first = following(due.period, due.begun_at, due.next_at) - 1
    upcoming = following(due.period, due.begun_at, ledger.now)
    start, end, next_at = (instant(due.period, due.begun_at, number) for number in (first - 1, upcoming - 1, upcoming))
    asked = Asked(due.report_type, due.marketplaces, due.options, due.strict, start, end)
    await queue(connection, ledger, asked, Origin(due.door, due.actor), schedule_id=due.schedule_id)
    if next_at > ledger.now:
        await storage.set_next(connection, ledger.seller_id, due.schedule_id, next_at)
    else:  # at the end of time
        await storage.drop_recurring(connection, ledger.seller_id, due.schedule_id, [due.report_type])
