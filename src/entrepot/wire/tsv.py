"""Tab-delimited text: one record a line, one name a column, no quoting. Knows no column by meaning.

A quotation mark is a character like any other: sellers' titles measure in inches, and Amazon never enforced quoting
(AIM reference §7). Encodings: BOM, then strict UTF-8, then what spreadsheets wrote (windows-1252, or one that the
caller names); line ends CRLF, LF or CR.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
HEADER_LINES_MAX: Final = 5  # a template's own lines before the names of the columns


class Unreadable(ValueError):
    """The file is no tab-delimited text."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def decoded(content: bytes, fallback: str = "cp1252") -> str:
    """The file's text. Bytes that the fall-back cannot read are taken for ISO-8859-1, which reads all."""
    if content.startswith(WORKBOOKS):
        raise Unreadable("the file is a workbook; save it as tab-delimited text")
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _strict(content[len(mark) :], encoding)
    if b"\0" in content:
        raise Unreadable("the file holds zero bytes; it is binary, or UTF-16 without its byte order mark")
    for encoding in ("utf-8", fallback):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("iso-8859-1")


def _strict(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as problem:
        raise Unreadable(
            f"the file is not the {encoding.upper()} that its byte order mark says: {problem.reason}"
        ) from None
    if "\0" in text:
        raise Unreadable("the file holds zero characters")
    return text


def lines(text: str) -> list[str]:
    """The lines, whatever ends them; none for the end of the last one. (str.splitlines also splits inside texts.)"""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.rstrip("\n").split("\n") if text else []


def column_name(cell: str) -> str:
    """How names of columns are compared: lower-case, `_` as `-`, no white space or quotes around."""
    return cell.strip().strip('"').strip().lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns, and the lines below them; the first of these is record 1."""

    header: list[str]
    lines: list[str]


def table(text: str, key: str) -> Table | None:
    """The table whose header names the column `key`; template lines before it are skipped. None: there is no such."""
    found = lines(text)
    for place, line in enumerate(found[:HEADER_LINES_MAX]):
        header = [column_name(cell) for cell in line.split("\t")]
        if key in header:
            return Table(header, found[place + 1 :])
    return None


def columns(table: Table) -> tuple[list[int], list[list[str]], list[int]]:
    """(record numbers, the cells column by column, numbers of the records with more cells than columns).

    Short records are filled up with blanks, blank ones are left out; a line break never ends up in a cell.
    """
    width, records = len(table.header), table.lines
    numbers = list(range(1, len(records) + 1))
    too_long: list[int] = []
    if not _is_level(records, width):
        records, numbers, too_long = _levelled(records, width)
    # One list of all cells, and every n-th of it, instead of a list a record: nothing for the garbage collector.
    cells = "\t".join(records).split("\t") if records else []
    return numbers, [cells[place::width] for place in range(width)], too_long


def _is_level(records: list[str], width: int) -> bool:
    tabs = {record.count("\t") for record in records}
    return tabs <= {width - 1} and True not in {record.isspace() or not record for record in records}


def _levelled(records: list[str], width: int) -> tuple[list[str], list[int], list[int]]:
    kept: list[str] = []
    numbers: list[int] = []
    too_long: list[int] = []
    for number, record in enumerate(records, 1):
        if not record or record.isspace():
            continue
        missing = width - 1 - record.count("\t")
        if missing < 0:
            cells = record.split("\t")
            if any(map(str.strip, cells[width:])):
                too_long.append(number)
                continue
            record = "\t".join(cells[:width])
        kept.append(record + "\t" * max(missing, 0))
        numbers.append(number)
    return kept, numbers, too_long


def line(cells: Iterable[str]) -> str:
    """One line, without its end; a tab or a line break inside a cell becomes a blank."""
    return "\t".join([_cell(cell) for cell in cells])


def _cell(cell: str) -> str:
    return cell if cell.isprintable() else cell.replace("\t", " ").replace("\r\n", " ").translate({10: " ", 13: " "})


def written(header: Sequence[str], rows: Iterable[Iterable[str]], encoding: str = "utf-8") -> bytes:
    """A whole file; what the encoding cannot say becomes a question mark."""
    return "".join([f"{line(cells)}\n" for cells in (header, *rows)]).encode(encoding, "replace")
