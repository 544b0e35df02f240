"""Reports that come by themselves, as AIM has it: above all of orders, for each period of some hours, without gaps.

Source: AIM reference §9.1, and when the recorded ones ended. Of several periods that are over, those without orders are
left out but for the last.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from entrepot.domain.errors import Invalid
from entrepot.domain.ledger import Origin
from entrepot.services.report_requests import OPEN_LISTINGS, ORDERS, Asked, Part, ledger_of, queue, spanning
from entrepot.storage import report_orders as rows
from entrepot.storage import report_requests as storage
from entrepot.storage.database import Connection
from entrepot.storage.report_requests import Schedule
from entrepot.storage.worlds import LedgerRow

# Periods begin at whole hours of this zone's time.
PACIFIC: Final = "America/Los_Angeles"
ORDERS_HOURS: Final = 4
HOURS_MAX: Final = 30 * 24
# Reports that one schedule may make at once; what is left is made the next time.
AT_ONCE: Final = 100
_ITSELF: Final = Origin("timer", "schedule")


class Schedules(Part):
    """Schedules of which a seller has one for each type."""

    async def begin(self, connection: Connection, seller_id: str, strict: bool = False) -> None:
        """What a new seller has, in the transaction that makes him: a schedule of order reports, and a report of his
        open listings in each marketplace, as programs wait for the second one they see."""
        ledger = await ledger_of(connection, seller_id)
        await storage.set_schedule(connection, seller_id, _upcoming(ORDERS, ORDERS_HOURS, ledger.now))
        for marketplace in ledger.marketplaces:
            first = Asked(OPEN_LISTINGS, (marketplace,), strict=strict)
            await queue(connection, ledger, spanning(first, ledger.now), _ITSELF)

    async def schedules(self, seller_id: str) -> list[Schedule]:
        """Raises NotFound for an unknown seller."""
        async with self._database.read() as connection:
            await ledger_of(connection, seller_id)
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


async def run_order_schedules(connection: Connection, ledger: LedgerRow) -> int:
    """Have the reports made that are due; how many."""
    due = await storage.take_due(connection, ledger.seller_id, ledger.now)
    return sum([await _run(connection, ledger, schedule) for schedule in due])


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
        await queue(connection, ledger, asked, _ITSELF)
    await storage.set_schedule(connection, ledger.seller_id, following)
    return len(periods)


# Periods

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
