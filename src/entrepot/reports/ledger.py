"""The inventory ledger: every event of stock in the warehouse (detail), or what they came to in each period (summary).

Sources: domain specification §2.2; SP-API reference §7.2 (columns, report options). A span that has no length, because
nobody said when it begins, begins with the period, of the detail with the month, that its end lies in (ours).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from entrepot.domain.fba.ledger_rows import EVENT_TYPES
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.job import TEXT, Job, Result, Unreadable
from entrepot.reports.files import Encoding
from entrepot.reports.making import columns_of, finished, marketplace_of, span_of
from entrepot.services.report_requests import OPTION
from entrepot.storage import report_ledger as storage
from entrepot.storage.report_ledger import Extent, Location, Period

# So far back the ledger is told.
MONTHS: Final = 18

_LOCATIONS: Final[Mapping[str, Location]] = {
    "COUNTRY": "COUNTRY",
    "FC": "FC",
    "FULFILLMENTCENTER": "FC",  # as it was called before
}
_PERIODS: Final[Mapping[str, Period]] = {"DAILY": "DAILY", "WEEKLY": "WEEKLY", "MONTHLY": "MONTHLY"}
_TYPES: Final = {name.upper(): name for name in EVENT_TYPES}
# Live files of these two are not in the old encodings.
_UTF8: Final = Encoding("utf-8", TEXT)
_TICK: Final = timedelta(microseconds=1)
T = TypeVar("T", bound=str)


async def detail(job: Job) -> Result:
    event_type = _chosen(job, "eventType", _TYPES)
    extent = replace(
        _extent(job, "MONTHLY"),
        fnsku=_said(job, "FNSKU"),
        msku=_said(job, "MSKU"),
        asin=_said(job, "ASIN"),
        event_type=event_type,
    )
    return finished(job, storage.detail(job.database, job.seller_id, columns_of(job), extent), _UTF8)


async def summary(job: Job) -> Result:
    location = _chosen(job, "aggregateByLocation", _LOCATIONS) or "COUNTRY"
    period = _chosen(job, "aggregatedByTimePeriod", _PERIODS) or "MONTHLY"
    extent = _extent(job, period)
    rows = storage.summary(job.database, job.seller_id, columns_of(job), extent, location, period)
    return finished(job, rows, _UTF8)


def _said(job: Job, name: str) -> str | None:
    """A report option; one that says nothing is as good as none."""
    return job.options.get(OPTION + name, "").strip() or None


def _chosen(job: Job, name: str, choices: Mapping[str, T]) -> T | None:
    """One of the values that an option may have, in any case of its letters. Raises Unreadable."""
    said = _said(job, name)
    if said is None:
        return None
    if said.upper() not in choices:
        values = ", ".join(dict.fromkeys(choices.values()))
        raise Unreadable(f"The report option {name} has no value '{said}'. Its values are {values}.")
    return choices[said.upper()]


def _extent(job: Job, period: Period) -> Extent:
    """The end itself belongs to the next report, unless it is this very moment: then all that happened is told."""
    start, end = span_of(job)
    now, zone = job.submission.created_at, ZoneInfo(marketplace_of(job).zone)
    until = now if end >= now else end - _TICK
    if start >= end:
        start = _beginning(until.astimezone(zone), period)
    return Extent(
        max(start, _months_before(now.astimezone(zone), MONTHS)),
        until,
        zone.key,
        tuple({MARKETPLACES[one].country: True for one in job.marketplaces}),
        tuple(job.marketplaces),
    )


def _beginning(local: datetime, period: Period) -> datetime:
    """When the period begins that an instant lies in."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "MONTHLY":
        return midnight.replace(day=1)
    return midnight - timedelta(days=local.isoweekday() % 7) if period == "WEEKLY" else midnight


def _months_before(local: datetime, months: int) -> datetime:
    """The midnight of the same day of an earlier month, or of that month's last day."""
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day, hour=0, minute=0, second=0, microsecond=0)
