"""Instants and days as XML and JSON documents write them (ISO 8601, XML Schema `dateTime` and `date`)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

_DATE_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s?(Z|z|[+-]\d\d(?::?\d\d)?)?"
)
_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|z|[+-]\d\d:?\d\d)?")


def instant(text: str) -> datetime:
    """A `dateTime` in UTC; one without a zone is taken for UTC. ValueError: it is none."""
    found = _DATE_TIME.fullmatch(text) if text.isascii() else None
    if found is None:
        raise ValueError(f"'{text[:40]}' is not a date and time")
    day, clock, fraction, zone = found.groups()
    spelled = f"{day}T{clock}{'.' + fraction[:6].ljust(6, '0') if fraction and len(clock) == 8 else ''}"
    try:
        moment = datetime.fromisoformat(spelled + (zone or "").upper())
        return moment.astimezone(UTC) if zone else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text[:40]}' is not a date and time") from None


def day(text: str) -> date:
    """A `date`, its zone ignored. ValueError: it is none."""
    found = _DATE.fullmatch(text) if text.isascii() else None
    if found is None:
        raise ValueError(f"'{text[:40]}' is not a date")
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        raise ValueError(f"'{text[:40]}' is not a date") from None
