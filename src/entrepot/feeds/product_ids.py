"""Product ids of whole columns at once: those in their usual forms are checked together, without a step for each digit.

The rules are those of domain/identifiers.py; what is not plain, or not right, is left to it. Source: domain
specification §5.4 (check digits).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

# Types of loader files of which thirteen digits with the right check digit are a product id.
_EAN: Final = ("3", "4")
_UPC: Final = "3"  # may have twelve, too
_ISBN: Final = ("2", "")
_ASIN: Final = ("1", "")
_BOOKLAND: Final = ("978", "979")


class Column(NamedTuple):
    """ASINs, and GTINs of 14 digits, place by place. rest: the places whose ids have to be looked at one by one."""

    asins: list[str | None]
    gtins: list[str | None]
    rest: list[int]


def column(ids: list[str], kinds: list[str]) -> Column:
    """What these ids are, as their types, beside them, say; without a type their form does."""
    found = Column([None] * len(ids), [None] * len(ids), [])
    for length, kind, places in _groups(ids, kinds):
        if (length == 13 and kind in _EAN + _ISBN) or (length == 12 and kind == _UPC):
            _eans(ids, places, length, kind in _ISBN, found)
        elif length == 10 and kind in _ISBN + _ASIN:
            _tens(ids, places, kind, found)
        elif length:
            found.rest.extend(places)
    return found


def _groups(ids: list[str], kinds: list[str]) -> Iterator[tuple[int, str, Sequence[int]]]:
    """The places whose ids have the same length and type."""
    lengths = list(map(len, ids))
    if len(set(lengths)) == len(set(kinds)) == 1:
        yield lengths[0], kinds[0], range(len(ids))
        return
    groups: dict[tuple[int, str], list[int]] = {}
    for place, key in enumerate(zip(lengths, kinds, strict=True)):
        groups.setdefault(key, []).append(place)
    for (length, kind), places in groups.items():
        yield length, kind, places


def _eans(ids: list[str], places: Sequence[int], length: int, only_books: bool, found: Column) -> None:
    plain = _split(ids, places, length, found.rest)
    # The codes of the digits do for the digits: 48 times all the weights, 13 + 2 × 6, is a multiple of 10.
    wrong = [
        (a + c + e + g + i + k + m + 3 * (b + d + f + h + j + n)) % 10
        for a, b, c, d, e, f, g, h, i, j, k, n, m in _codes([ids[place].zfill(13) for place in plain], 13)
    ]
    for place, remainder in zip(plain, wrong, strict=True):
        text = ids[place]
        if remainder or (only_books and not text.startswith(_BOOKLAND)):
            found.rest.append(place)
        else:
            found.gtins[place] = text.zfill(14)


def _tens(ids: list[str], places: Sequence[int], kind: str, found: Column) -> None:
    others: list[int] = []
    numbers = _split(ids, places, 9, others)
    for place in others:
        text = ids[place]
        if kind in _ASIN and text.startswith("B") and text.isalnum() and text.isupper() and text.isascii():
            found.asins[place] = text
        else:
            found.rest.append(place)
    if kind not in _ISBN:
        found.rest.extend(numbers)
        return
    for place, gtin in zip(numbers, _isbns([ids[place] for place in numbers]), strict=True):
        if gtin is None:
            found.rest.append(place)
        else:
            found.gtins[place] = gtin


def _split(ids: list[str], places: Sequence[int], length: int, others: list[int]) -> Sequence[int]:
    """The places whose ids begin with so many digits, not all of them 0."""
    joined = "".join([ids[place][:length] for place in places])
    if joined.isascii() and joined.isdigit() and "0" * length not in joined:
        return places
    plain: list[int] = []
    for place in places:
        text = ids[place][:length]
        (plain if text.isascii() and text.isdigit() and text.strip("0") else others).append(place)
    return plain


def _codes(texts: list[str], length: int) -> Iterable[tuple[int, ...]]:
    joined = "".join([text[:length] for text in texts]).encode()
    return zip(*[joined[place::length] for place in range(length)], strict=True)


_CHECKS: Final = "0123456789X"
# 48 too much for each weight.
_ISBN_SURPLUS: Final = 48 * sum(range(2, 11))
_EAN_SURPLUS: Final = 48 * (5 * 3 + 4)


def _isbns(texts: list[str]) -> list[str | None]:
    """The GTINs of ISBNs of ten characters; None: the check character is wrong."""
    sums = [
        (
            10 * a + 9 * b + 8 * c + 7 * d + 6 * e + 5 * f + 4 * g + 3 * h + 2 * i - _ISBN_SURPLUS,
            3 * (a + c + e + g + i) + b + d + f + h - _EAN_SURPLUS,
        )
        for a, b, c, d, e, f, g, h, i in _codes(texts, 9)
    ]
    # 9, 3 × 7 and 8 before it make 38.
    return [
        f"0978{text[:9]}{-(38 + ean) % 10}" if _CHECKS[-isbn % 11] == text[9] else None
        for text, (isbn, ean) in zip(texts, sums, strict=True)
    ]
