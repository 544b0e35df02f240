"""The parameters of AIM: HTTP headers, whose names clients spell as they like, and what holds where there is none.

Sources: AIM reference §1 (values; defaults of the 2004 guide), §3 (names and values differ by case between the guides),
§4 H3 (names that HTTP libraries re-capitalised), §15 (numbers that are none).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PROGRAMS: Final = ("MarketplaceOnly", "Marketplace", "zShop")
FORMATS: Final = ("TabDelimited", "TabDelimitedBooks", "UIEE")
DEFAULT_PROGRAM: Final = "MarketplaceOnly"
DEFAULT_FORMAT: Final = "TabDelimited"

DEFAULT_COUNT: Final = 10
COUNT_MAX: Final = 100
DEFAULT_DAYS: Final = 15
DAYS_MAX: Final = 60
_DIGITS_MAX: Final = 18

_YES: Final = frozenset({"y", "yes"})


def canonical(name: str) -> str:
    """A parameter's name, however it was spelled: `Enable-Expedited-Shipping` is `enableexpeditedshipping`."""
    return name.lower().translate(_SPELLING)


_SPELLING: Final = str.maketrans("", "", "-_ ")


def value_of(text: str, values: tuple[str, ...]) -> str | None:
    """The one of the values that is meant, in any case; None: it is none of them."""
    return next((value for value in values if value.lower() == text.lower()), None)


def number_of(text: str) -> int | None:
    """A whole number that is written in plain digits, or None."""
    plain = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX
    return int(text) if plain else None


@dataclass(frozen=True)
class Parameters:
    """The parameters of one request, by canonical name; an empty value is as good as none."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Parameters:
        values: dict[str, str] = {}
        for name, value in headers.items():
            values.setdefault(canonical(name), value.strip())
        return cls(values)

    def text(self, name: str) -> str | None:
        return self.values.get(canonical(name)) or None

    def flag(self, name: str) -> bool:
        """Y or N; N where nothing is said, or something else."""
        return (self.text(name) or "").lower() in _YES

    def count(self, name: str) -> int:
        """How many entries of a list are wanted."""
        number = number_of(self.text(name) or "")
        return min(number, COUNT_MAX) if number else DEFAULT_COUNT

    @property
    def days(self) -> int:
        """How many days of orders are wanted."""
        number = number_of(self.text("NumberOfDays") or "")
        return number if number is not None and 1 <= number <= DAYS_MAX else DEFAULT_DAYS
