"""What a bookseller's UIEE records say, as the columns of a book file: which tags are read, and how.

Source: AIM reference §7.5 (the tags that were read, the words for conditions, where the ISBN is).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final

from entrepot.domain.errors import Invalid
from entrepot.domain.identifiers import gtin
from entrepot.feeds.sheet import SKU, Sheet
from entrepot.wire.uiee import Document

# Column → the tags that say it, the one that counts first, and what joins several values; None: only the first counts.
TAGS: Final[dict[str, tuple[tuple[str, ...], str | None]]] = {
    SKU: (("UR", "RE"), None),
    "title": (("TI",), None),
    "author": (("AA",), "; "),
    "illustrator": (("AI",), "; "),
    "category1": (("MT",), None),
    "publisher": (("PU",), None),
    "place-of-publication": (("PP",), None),
    "pub-date": (("DP",), None),
    "edition": (("ED",), None),
    "volume": (("SE",), None),
    "binding": (("BD",), None),
    "dust-jacket": (("JK",), None),
    "item-note": (("NT",), " "),
    "keywords": (("KE",), "; "),
    "image-url": (("IM",), None),
    "price": (("PR",), None),
}
# Columns that take more than copying, in this order.
WORKED_OUT: Final = ("item-condition", "quantity", "add-delete", "product-id", "product-id-type")

# Words for the condition → the number in loader files; other words mean good.
WORDS: Final = {
    "new": 11, "as new": 11, "new book": 11, "brand new": 11,
    "fine": 1, "like new": 1, "f": 1,
    "very good": 2, "vg": 2,
    "good": 3, "g": 3,
    "fair": 4, "poor": 4, "acceptable": 4,
}  # fmt: skip
_OTHER_WORDS: Final = 3
_COLLECTIBLE: Final = "collectible"
# From the number for used to the one for collectible; nothing collectible is new.
_COLLECTIBLE_OF: Final = {11: 5, 1: 5, 2: 6, 3: 7, 4: 8}
_NUMBERS: Final = tuple(map(str, range(1, 12)))

_DELETING: Final = ("2", "3", "4", "5", "6", "7")
_WANTED: Final = "W"
# The ISBN is looked for at the beginning of the note.
NOTE_HEAD: Final = 200
_ISBN: Final = re.compile(r"(?<![0-9-])(?:97[89][ -]?)?(?:[0-9][ -]?){9}[0-9Xx](?![0-9])")


Fields = Mapping[str, list[str]]  # the values of each tag


def sheet_of(document: Document, code: str, strict: bool, one_by_default: bool) -> Sheet:
    """The records as rows; those of books that are wanted, not for sale, are no rows. one_by_default: the quantity
    where none is given."""
    numbers: list[int] = []
    cells: list[list[str]] = [[] for _ in (*TAGS, *WORKED_OUT)]
    for record in document.records:
        fields = record.by_tag()
        if _first(fields, "XD").upper() != _WANTED:
            numbers.append(record.number)
            row = (*_copied(fields), *_worked_out(fields, strict, "1" if one_by_default else ""))
            for column, cell in zip(cells, row, strict=True):
                column.append(cell)
    return Sheet((*TAGS, *WORKED_OUT), numbers, cells, code)


def _first(fields: Fields, tag: str) -> str:
    return fields[tag][0] if tag in fields else ""


def _copied(fields: Fields) -> Iterator[str]:
    for tags, joint in TAGS.values():
        tag = next((tag for tag in tags if tag in fields), None) if len(tags) > 1 else tags[0]
        found = fields.get(tag) if tag else None
        yield "" if found is None else found[0] if joint is None else joint.join(found)


def _worked_out(fields: Fields, strict: bool, quantity: str) -> tuple[str, ...]:
    copies = _first(fields, "CO")
    if copies.isascii() and copies.isdigit():
        quantity = copies
    found = isbn(fields, strict)
    return condition(_first(fields, "CN")), quantity, _action(fields, quantity), found, "2" if found else ""


def _action(fields: Fields, quantity: str) -> str:
    status = _first(fields, "XB")
    if status in _DELETING or (quantity and not quantity.strip("0")):
        return "d"
    return "a" if status in ("", "1") else f"XB|{status}"


@lru_cache(maxsize=1000)
def condition(text: str) -> str:
    """The number in loader files that these words mean; empty for none."""
    words = text.lower()
    if not words or words in _NUMBERS:
        return words
    collectible = _COLLECTIBLE in words
    words = " ".join(re.findall("[a-z]+", words.replace(_COLLECTIBLE, " ")))
    bare = words.removeprefix("used ").removesuffix(" used")
    number = WORDS.get(words) or WORDS.get(bare, _OTHER_WORDS)
    return str(_COLLECTIBLE_OF[number] if collectible else number)


def isbn(fields: Fields, strict: bool) -> str:
    """The first ISBN at the beginning of the note. Where slips are forgiven: else that of the field for it, BN."""
    texts = [" ".join(fields.get("NT", ()))[:NOTE_HEAD]]
    if not strict:
        texts += fields.get("BN", ())
    for text in texts:
        for found in _ISBN.findall(text):
            digits = re.sub("[ -]", "", found).upper()
            with suppress(Invalid):
                gtin(digits, "ISBN")
                return digits
    return ""
