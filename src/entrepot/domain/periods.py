"""How often a report is made by itself: periods that follow one another, by the calendar where they have months.

Source: Reports 2021-06-30, `period` of a schedule; those of MWS Reports 2009-01-01 are all among them.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

# A whole number: so many months.
PERIODS: Final[Mapping[str, timedelta | int]] = {
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT2H": timedelta(hours=2),
    "PT4H": timedelta(hours=4),
    "PT8H": timedelta(hours=8),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
    "P2D": timedelta(days=2),
    "P3D": timedelta(days=3),
    "PT84H": timedelta(hours=84),
    "P7D": timedelta(days=7),
    "P14D": timedelta(days=14),
    "P15D": timedelta(days=15),
    "P18D": timedelta(days=18),
    "P30D": timedelta(days=30),
    "P1M": 1,
}
# No period ends later: calendars do.
END_OF_TIME: Final = datetime(9999, 1, 1, tzinfo=UTC)


def instant(period: str, begun: datetime, number: int) -> datetime:
    """When a period ends, number 0 at `begun`. A month that has not its day ends with its last one."""
    length = PERIODS[period]
    try:
        if isinstance(length, timedelta):
            return min(begun + number * length, END_OF_TIME)
        year, month = divmod(begun.year * 12 + begun.month - 1 + number * length, 12)
        day = min(begun.day, monthrange(year, month + 1)[1])
        return min(begun.replace(year=year, month=month + 1, day=day), END_OF_TIME)
    except (OverflowError, ValueError):
        return END_OF_TIME


def following(period: str, begun: datetime, now: datetime) -> int:
    """The number of the first period, from 0 on, that ends after now."""
    length = PERIODS[period]
    if isinstance(length, timedelta):
        return max(0, (now - begun) // length + 1)
    number = ((now.year - begun.year) * 12 + now.month - begun.month) // length
    return max(0, number if instant(period, begun, number) > now else number + 1)
