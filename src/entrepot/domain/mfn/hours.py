"""When a location works, and when something that takes handling time is ready there.

All sums are done on the location's own calendar and turned into instants last, so a day on which the clocks change is
one day like any other. Source: D-23 step 3 of the domain specification; the default promise (two business days)
§3.3. Ours: with no hours configured a location is open Monday to Friday, 09:00 to 17:00.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS: Final[dict[str, timedelta]] = {
    "Minutes": timedelta(minutes=1),
    "Hours": timedelta(hours=1),
    "Days": timedelta(days=1),
}
MIDNIGHT: Final = 24 * 60
DAY: Final = timedelta(days=1)

Span = tuple[int, int]  # minutes after midnight: open from, closed at
Week = tuple[tuple[Span, ...], ...]  # Monday first
DEFAULT_WEEK: Final[Week] = (((9 * 60, 17 * 60),),) * 5 + ((),) * 2


@dataclass(frozen=True)
class Duration:
    """So many of a unit of `UNITS`."""

    value: int
    unit: str

    @property
    def span(self) -> timedelta:
        return self.value * UNITS[self.unit]


DEFAULT_HANDLING: Final = Duration(2, "Days")


def minutes(text: str) -> int:
    """Minutes after midnight of `HH:mm` (`H:mm` too); ValueError otherwise."""
    hour, colon, minute = text.partition(":")
    if not (colon and len(minute) == 2 and 1 <= len(hour) <= 2 and (hour + minute).isascii()):
        raise ValueError(f"{text!r} is no time of day")
    if not ((hour + minute).isdigit() and int(hour) < 24 and int(minute) < 60):
        raise ValueError(f"{text!r} is no time of day")
    return int(hour) * 60 + int(minute)


def week_of(hours_by_day: Mapping[str, Any]) -> Week:
    """The opening hours of `operatingHoursByDay`. A span from a time to itself is none; one may pass midnight."""
    days: list[list[Span]] = [[] for _ in WEEKDAYS]
    for number, name in enumerate(WEEKDAYS):
        for span in hours_by_day.get(name) or ():
            opens, closes = minutes(span["startTime"]), minutes(span["endTime"])
            if opens < closes:
                days[number].append((opens, closes))
            elif opens > closes:
                days[number].append((opens, MIDNIGHT))
                days[(number + 1) % 7].extend([(0, closes)] if closes else [])
    return tuple(tuple(sorted(day)) for day in days)


@dataclass(frozen=True)
class Calendar:
    """Opening hours in a time zone. At least one day of the week must have some."""

    zone: str
    week: Week = DEFAULT_WEEK

    def next_open(self, instant: datetime) -> datetime:
        """The first instant at which the location works, not before this one."""
        local = instant.astimezone(ZoneInfo(self.zone))
        for opens, closes in self.week[local.weekday()]:
            if instant < self._at(local.date(), closes):
                return max(instant, self._at(local.date(), opens))
        day = self._open_day(local.date() + DAY)
        return self._at(day, self.week[day.weekday()][0][0])

    def ready(self, begun: datetime, handling: Duration) -> datetime:
        """When handling that began at a working instant is done: days end with the closing time of the last one,
        hours and minutes pass on open days only and end when the location works."""
        day = begun.astimezone(ZoneInfo(self.zone)).date()
        if handling.unit == "Days":
            for _ in range(handling.value):
                day = self._open_day(day + DAY)
            return self._at(day, max(closes for _, closes in self.week[day.weekday()]))
        left, instant = handling.span, begun
        while (midnight := self._at(day, MIDNIGHT)) - instant < left:
            left -= midnight - instant
            day = self._open_day(day + DAY)
            instant = self._at(day, 0)
        return self.next_open(instant + left)

    def window(self, instant: datetime, unit: str) -> datetime:
        """The beginning of the minute, hour or day of the location's clock that holds an instant."""
        local = instant.astimezone(ZoneInfo(self.zone))
        if unit == "Days":
            return self._at(local.date(), 0)
        past = timedelta(minutes=local.minute if unit == "Hours" else 0, seconds=local.second)
        return instant.astimezone(UTC) - past - timedelta(microseconds=local.microsecond)

    def _open_day(self, day: date) -> date:
        """The first day with opening hours, not before this one."""
        return next(later for later in (day + n * DAY for n in range(7)) if self.week[later.weekday()])

    def _at(self, day: date, minute: int) -> datetime:
        """The instant of a time of day; where clocks skip it, the instant that it would have been."""
        if minute == MIDNIGHT:
            day, minute = day + DAY, 0
        return datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(self.zone)).astimezone(UTC)
