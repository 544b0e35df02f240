"""Conditions of an item, stored once as (type, subtype); every door writes the same pair its own way.

Source: domain specification §5.5 (the concatenation rule of the oldest fulfilment service, with two exceptions).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from entrepot.domain.errors import Invalid


@dataclass(frozen=True)
class Condition:
    """literal: both words in one, as warehouse interfaces write it; listing: type_subtype, as listings write it;
    loader: the number in tab-delimited files."""

    literal: str
    listing: str | None
    loader: int | None

    @property
    def words(self) -> str:
        """As reports about the warehouse write it: `Used - Like New`, `New`."""
        kind, *rest = _WORDS.findall(self.literal.removesuffix("Item"))
        return " - ".join(filter(None, (kind, " ".join(rest))))


_WORDS: Final = re.compile("[A-Z][a-z]+|[A-Z]+")

CONDITIONS: Final = (
    Condition("UsedLikeNew", "used_like_new", 1),
    Condition("UsedVeryGood", "used_very_good", 2),
    Condition("UsedGood", "used_good", 3),
    Condition("UsedAcceptable", "used_acceptable", 4),
    Condition("CollectibleLikeNew", "collectible_like_new", 5),
    Condition("CollectibleVeryGood", "collectible_very_good", 6),
    Condition("CollectibleGood", "collectible_good", 7),
    Condition("CollectibleAcceptable", "collectible_acceptable", 8),
    Condition("Refurbished", "refurbished_refurbished", 10),
    Condition("NewItem", "new_new", 11),
    Condition("Club", "club_club", None),
    Condition("NewOEM", "new_oem", None),
    Condition("NewOpenBox", "new_open_box", None),
    Condition("NewWithWarranty", None, None),
    Condition("UsedPoor", None, None),
    Condition("UsedRefurbished", None, None),
    Condition("CollectiblePoor", None, None),
    Condition("RefurbishedWithWarranty", None, None),
)

_BY_NAME: Final = {name: c for c in CONDITIONS for name in (c.literal, c.listing) if name}


def condition(name: str) -> Condition:
    """The condition of that literal or listing name; Invalid otherwise."""
    found = _BY_NAME.get(name)
    if found is None:
        raise Invalid("condition", f"'{name}' is not a condition; known: {', '.join(c.literal for c in CONDITIONS)}")
    return found
