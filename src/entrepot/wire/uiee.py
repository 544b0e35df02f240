"""UIEE, the exchange format of second-hand booksellers: a field a line, `XX|value`, and an empty line after a record.

Knows no tag by meaning. Up to five lines of a header (user, Books, date, time, an empty line) may stand before the
first record. Lines whose third character is not `|` say nothing. Source: AIM reference §7.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from entrepot.wire import tsv
from entrepot.wire.tsv import Unreadable

BAR: Final = "|"
# What is read is in memory whole (ours).
CHARACTERS_MAX: Final = 64_000_000
RECORDS_MAX: Final = 1_000_000
FIELDS_MAX: Final = 10_000_000
# The header's second line.
_FAMILY: Final = "books"
_HEAD: Final = 4_000


@dataclass(frozen=True, slots=True)
class Record:
    """The fields in their order, tags in capitals. number: from 1; its lines are counted from 1 in the whole file."""

    number: int
    first_line: int
    last_line: int
    fields: tuple[tuple[str, str], ...]

    def by_tag(self) -> dict[str, list[str]]:
        """The values of each tag which are not blank, in their order."""
        found: dict[str, list[str]] = {}
        for tag, value in self.fields:
            if value:
                found.setdefault(tag, []).append(value)
        return found


@dataclass(frozen=True, slots=True)
class Document:
    """header: its lines without the empty one; none where the file begins with a record."""

    header: tuple[str, ...]
    records: list[Record]


_FIELD: Final = re.compile(r"(?:\A|[\r\n])[^\r\n]{2}\|")


def found_in(text: str) -> bool:
    """Whether it is such a file: it has a field, or the header at least."""
    return bool(_FIELD.search(text)) or bool(_header(tsv.lines(text[:_HEAD])))


def document(text: str) -> Document:
    """The records of a file. Unreadable: it is too large; there may be no record in it."""
    if len(text) > CHARACTERS_MAX:
        raise Unreadable(f"the file has more than {CHARACTERS_MAX} characters")
    if text.count("\n") + text.count("\r") > FIELDS_MAX:
        raise Unreadable(f"the file has more than {FIELDS_MAX} lines")
    lines = tsv.lines(text)
    records: list[Record] = []
    for first, last in _blocks(lines):
        fields = tuple([(line[:2].upper(), line[3:].strip()) for line in lines[first : last + 1] if line[2:3] == BAR])
        if not fields:
            continue
        if len(records) == RECORDS_MAX:
            raise Unreadable(f"the file has more than {RECORDS_MAX} records")
        records.append(Record(len(records) + 1, first + 1, last + 1, fields))
    return Document(_header(lines), records)


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The first and the last place of every run of lines that are not empty."""
    first: int | None = None
    for place, line in enumerate(lines):
        if line and not line.isspace():
            first = place if first is None else first
        elif first is not None:
            yield first, place - 1
            first = None
    if first is not None:
        yield first, len(lines) - 1


def _header(lines: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    for line in lines[: tsv.HEADER_LINES_MAX]:
        if not line.strip() or line[2:3] == BAR:
            break
        found.append(line.strip())
    return tuple(found) if len(found) > 1 and found[1].lower() == _FAMILY else ()
