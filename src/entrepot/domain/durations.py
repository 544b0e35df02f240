"""Spans of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

from entrepot.domain.errors import Invalid

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PLAIN = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhms])")
_ISO = re.compile(r"p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?")
LONGEST = timedelta(days=36525)


def duration(text: str | int | float) -> timedelta:
    """`10d`, `1d 12h`, `90m`, ISO 8601 `P1DT12H`, or a number of seconds; not negative, at most a century."""
    span = timedelta(seconds=min(text, 1e12)) if isinstance(text, int | float) else _parsed(text)
    if not timedelta(0) <= span <= LONGEST:
        raise Invalid("duration", "a duration lies between 0 and 100 years")
    return span


def _parsed(text: str) -> timedelta:
    plain = text.strip().lower()
    parts: list[tuple[str, str]] = []
    if len(plain) > 50:
        raise Invalid("duration", "is too long")
    if iso := _ISO.fullmatch(plain):
        parts = [(number, unit) for number, unit in zip(iso.groups(), "wdhms", strict=True) if number]
    elif re.fullmatch(rf"(?:{_PLAIN.pattern}\s*)+", plain):
        parts = _PLAIN.findall(plain)
    elif plain.isascii() and plain.replace(".", "", 1).isdigit():
        parts = [(plain, "s")]
    if not parts:
        raise Invalid("duration", f"'{text}' is not a duration (10d, 36h, 90m, 1d 12h, P1DT12H)")
    if any(float(number) > 1e12 for number, _ in parts):
        raise Invalid("duration", "a duration lies between 0 and 100 years")
    try:
        return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise Invalid("duration", "a duration lies between 0 and 100 years") from None
