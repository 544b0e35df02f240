"""What a shop and an inventory file say of the same SKUs: compared, and the file that mends the shop. Pure.

Sources: 2007 guide §6.1.2 (what is not onsite that should be; what is to be removed or adjusted), AIM reference §7
(columns), §9.4, §9.5 (open listings).

A listing without a quantity is in Amazon's warehouse: the file's quantity does not count for it, and it is not surplus.
A row with quantity 0, or marked for deletion, wants no stock: it is missing nowhere.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from entrepot.domain.errors import Invalid
from entrepot.feeds import aim_file
from entrepot.wire import tsv

# How old files are encoded that are not UTF-8; in Japan JAPANESE.
WESTERN: Final = "cp1252"
JAPANESE: Final = "cp932"

_SKU: Final = "sku"
_LISTED_SKU: Final = "seller-sku"
_DELETE: Final = "add-delete"
_COMPARED: Final[tuple[str, ...]] = ("price", "quantity", "item-condition")
_DELETING: Final = frozenset({"d", "x"})


class Stock(NamedTuple):
    """What one side says of a SKU; None: it does not say."""

    price: Decimal | None
    quantity: int | None
    condition: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: its SKU, what it wants (None: no listing), and its line as it stands there."""

    sku: str
    wanted: Stock | None
    line: str


class Difference(NamedTuple):
    sku: str
    listed: Stock | None
    wanted: Stock | None


@dataclass(frozen=True)
class Sheet:
    """An inventory file. Encoded again by `encoding`, its lines are the bytes that were read."""

    encoding: str
    header: str
    names: Sequence[str]
    rows: Mapping[str, Row]
    unreadable: Mapping[str, str]


@dataclass
class Comparison:
    """`alone`: listings in Amazon's warehouse that the file does not name. unreadable: SKU → why."""

    listed: int
    in_file: int
    missing: list[Difference] = field(default_factory=list)
    surplus: list[Difference] = field(default_factory=list)
    different: list[Difference] = field(default_factory=list)
    alone: int = 0
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.missing or self.surplus or self.different or self.unreadable)

    @property
    def mendable(self) -> bool:
        return bool(self.missing or self.surplus or self.different)


def read_sheet(content: bytes, fallback: str = WESTERN) -> Sheet:
    """An inventory file as it is uploaded: tab-delimited, with a column sku. The last row of a SKU counts. fallback:
    the encoding of what is not UTF-8."""
    text, encoding = _text(content, fallback)
    lines = tsv.lines(text)
    for place, line in enumerate(lines[: tsv.HEADER_LINES_MAX]):
        names = [tsv.column_name(cell) for cell in line.split("\t")]
        if _SKU in names or _LISTED_SKU in names:
            return _sheet(encoding, line, names, lines[place + 1 :])
    raise Invalid("file", "the file has no column 'sku'; it must be tab-delimited text with the names of its columns")


def _text(content: bytes, fallback: str) -> tuple[str, str]:
    """The text, and an encoding that gives each line its own bytes back, also where we do not know what they mean."""
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return tsv.decoded(content), "utf-8"
        tsv.decoded(content)  # says what is a workbook, or binary
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8"), "utf-8"
    except tsv.Unreadable as problem:
        raise Invalid("file", problem.message) from None
    except UnicodeDecodeError:
        pass
    try:
        return content.decode(fallback), fallback
    except UnicodeDecodeError:
        return content.decode("iso-8859-1"), "iso-8859-1"


def _sheet(encoding: str, header: str, names: list[str], lines: Sequence[str]) -> Sheet:
    keys = _places(names, _SKU, _LISTED_SKU)
    places = {name: _places(names, name) for name in (*_COMPARED, _DELETE)}
    rows: dict[str, Row] = {}
    unreadable: dict[str, str] = {}
    for line in lines:
        cells = line.split("\t")
        sku = _said(cells, keys)
        if not sku:
            continue
        said = {name: _said(cells, there) for name, there in places.items()}
        rows.pop(sku, None)
        unreadable.pop(sku, None)
        try:
            wanted = None if said.get(_DELETE, "").lower() in _DELETING else _stock(said)
            rows[sku] = Row(sku, wanted, line)
        except ValueError as problem:
            unreadable[sku] = str(problem)
    return Sheet(encoding, header, names, rows, unreadable)


def _places(names: Sequence[str], *wanted: str) -> list[int]:
    return [place for place, name in enumerate(names) if name in wanted]


def _said(cells: Sequence[str], places: Sequence[int]) -> str:
    """What a row says below one name: of columns that occur twice the last cell that is not blank, as in uploads."""
    for place in reversed(places):
        if place < len(cells) and (cell := cells[place].strip()):
            return cell
    return ""


def read_listings(text: str) -> dict[str, Stock]:
    """An open listings report; its header may be repeated within."""
    table = tsv.table(text, _LISTED_SKU)
    if table is None:
        raise Invalid("report", "what was downloaded is not a report of open listings")
    names = table.header
    key = names.index(_LISTED_SKU)
    places = {name: names.index(name) for name in _COMPARED if name in names}
    listed: dict[str, Stock] = {}
    for line in table.lines:
        cells = line.split("\t")
        if len(cells) <= key or not cells[key].strip() or tsv.column_name(cells[key]) == _LISTED_SKU:
            continue
        said = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
        try:
            listed[cells[key].strip()] = _stock(said)
        except ValueError as problem:
            raise Invalid("report", f"the report says of {cells[key]!r}: {problem}") from None
    return listed


def _stock(said: Mapping[str, str]) -> Stock:
    price, quantity, condition = (said.get(name, "") for name in _COMPARED)
    return Stock(
        _price(price) if price else None, _quantity(quantity) if quantity else None, _condition(condition) or None
    )


@lru_cache(maxsize=1000)
def _condition(text: str) -> str:
    """The number that reports have for it: several numbers of files mean the same."""
    with suppress(ValueError):
        return str(aim_file.condition(text).loader)
    return text


# In plain digits, as uploads take them; in some countries with a comma.
_PRICE: Final = re.compile(r"[0-9]{1,12}(?:[.,][0-9]*)?|[.,][0-9]+")


def _price(text: str) -> Decimal:
    if not _PRICE.fullmatch(text):
        raise ValueError(f"{text[:30]!r} is not a price")
    return Decimal(text.replace(",", "."))


def _quantity(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ValueError(f"{text[:30]!r} is not a quantity")
    return int(text)


def compare(sheet: Sheet, listed: Mapping[str, Stock]) -> Comparison:
    """What is missing in the shop, surplus there, or different."""
    found = Comparison(len(listed), len(sheet.rows) + len(sheet.unreadable), unreadable=sheet.unreadable)
    for sku, row in sheet.rows.items():
        here = listed.get(sku)
        if here is None:
            if row.wanted is not None and row.wanted.quantity != 0:
                found.missing.append(Difference(sku, None, row.wanted))
        elif row.wanted is None:
            found.surplus.append(Difference(sku, here, None))
        elif _differ(here, row.wanted):
            found.different.append(Difference(sku, here, row.wanted))
    for sku, here in listed.items():
        if sku in sheet.rows or sku in sheet.unreadable:
            continue
        if here.quantity is None:
            found.alone += 1
        else:
            found.surplus.append(Difference(sku, here, None))
    return found


def _differ(listed: Stock, wanted: Stock) -> bool:
    return any(
        one is not None and other is not None and one != other for one, other in zip(listed, wanted, strict=True)
    )


def mending(sheet: Sheet, found: Comparison) -> list[bytes]:
    """The lines of the Add/Modify/Delete file that mends the shop, the header first, each with its end.

    Rows are those of the file, byte for byte. Surplus rows are deleted.
    """
    deleting = _DELETE in sheet.names
    width = len(sheet.names) + (0 if deleting else 1)
    header = sheet.header if deleting else f"{sheet.header}\t{_DELETE}"
    names = [*sheet.names] if deleting else [*sheet.names, _DELETE]
    lines = [
        header,
        *(_padded(sheet.rows[one.sku].line, deleting, width) for one in (*found.missing, *found.different)),
    ]
    lines += [_deletion(one, sheet, names) for one in found.surplus]
    return [f"{line}\r\n".encode(sheet.encoding, "xmlcharrefreplace") for line in lines]


def _padded(line: str, deleting: bool, width: int) -> str:
    """The line as it is, with a blank cell for a column that the file does not have."""
    if deleting:
        return line
    cells = line.split("\t")[: width - 1]
    return "\t".join(cells + [""] * (width - len(cells)))


def _deletion(one: Difference, sheet: Sheet, names: Sequence[str]) -> str:
    row = sheet.rows.get(one.sku)
    if row is not None:
        return row.line  # it says itself that the SKU is to be deleted
    said = {_SKU: one.sku, _LISTED_SKU: one.sku, _DELETE: "d"}
    return "\t".join(said.get(name, "") for name in names)


def parts(lines: Sequence[bytes], size: int) -> Iterable[bytes]:
    """Files of at most `size` bytes, each with the header."""
    header, rows = lines[0], lines[1:]
    gathered, length = [header], len(header)
    for row in rows:
        if length + len(row) > size and len(gathered) > 1:
            yield b"".join(gathered)
            gathered, length = [header], len(header)
        gathered.append(row)
        length += len(row)
    yield b"".join(gathered)
