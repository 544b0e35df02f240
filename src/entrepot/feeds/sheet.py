"""A tab-delimited file while it is read: its cells by column, each different one decoded once; and what cells mean.

What comes out are lists of equal length, without the rows that have an error. Which columns a file has is its reader's
business. Sources: SP-API reference §6.3 (columns, older names); AIM reference §7 (values, decimal commas, templates),
§8 (codes).
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import compress
from typing import Any, Final, TypeVar

from entrepot.domain.conditions import CONDITIONS, Condition
from entrepot.domain.errors import Invalid
from entrepot.domain.identifiers import LOADER_ID_TYPES, asin, gtin
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.domain.marketplaces import named
from entrepot.domain.money import digits_of
from entrepot.feeds.findings import (
    CELL_INVALID,
    CELL_MISSING,
    HEADER_MISSING,
    NOT_VALID_ID,
    SKU_COLUMN_MISSING,
    XML_FATAL,
    FeedUnreadable,
    Finding,
    Severity,
)
from entrepot.feeds.values import plain_skus, read_sku, whole
from entrepot.wire import tsv

SKU: Final = "sku"
# Where people write 12,99; a point is understood there, too.
COMMA_CODES: Final = ("DE", "FR", "IT", "ES")
HANDLING_DAYS_MAX: Final = 30
NOTE_MAX: Final = 2204
NAME_MAX: Final = 100
PRICE_MAX: Final = Decimal("99999999.99")
# In a column of bounds of the price: the bound is to be taken away.
CLEARED: Final = Decimal(0)
# Short rows are filled up, so little text may mean very many cells; what is read is in memory whole.
ROWS_MAX: Final = 2_000_000
COLUMNS_MAX: Final = 1_000
CELLS_MAX: Final = 30_000_000
# So much of a SKU is told in findings; none is that long.
SKU_SHOWN: Final = 80
# Where the header is looked for first.
BEGINNING: Final = 1 << 16

# (ASIN, GTIN), one of them or none; a GTIN in its normal form of 14 digits.
ProductId = tuple[str | None, str | None]
T = TypeVar("T")


class Refused:
    """A cell that cannot be read: the code, and what is wrong with it."""

    __slots__ = ("code", "message")

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


class Sheet:
    """The cells of a table by column, and the rows that turn out bad. code: of the marketplace, for its decimals."""

    def __init__(self, header: Sequence[str], numbers: list[int], cells: list[list[str]], code: str) -> None:
        self.header = list(header)
        self.numbers = numbers
        self.processed = len(numbers)
        self._code = code
        self._cells = cells
        self._skus = self.cells(SKU)
        # Places in the columns.
        self._bad: set[int] = set()
        self.exempt: frozenset[int] = frozenset()
        self._findings: list[Finding] = []

    @classmethod
    def of(cls, table: tsv.Table, code: str) -> Sheet:
        """The sheet of a table; rows with more cells than columns are bad."""
        numbers, cells, too_long = tsv.columns(table)
        found = cls(table.header, numbers, cells, code)
        found.processed += len(too_long)
        message = f"The row has more than {len(table.header)} cells, as many as columns."
        found._findings = [
            Finding(number, CELL_INVALID, message, sku=_sku_in(table, number - 1)[:SKU_SHOWN]) for number in too_long
        ]
        return found

    @property
    def bad(self) -> frozenset[int]:
        """The places of the rows that turned out bad so far."""
        return frozenset(self._bad)

    def keep(self, places: Sequence[int]) -> None:
        """From now on only these rows are there, the bad ones among them; what was found stays."""
        moved = {old: new for new, old in enumerate(places)}
        self.numbers = [self.numbers[place] for place in places]
        self._cells = [[column[place] for place in places] for column in self._cells]
        self._skus = [self._skus[place] for place in places]
        self._bad = {moved[place] for place in self._bad}
        self.exempt = frozenset(moved[place] for place in self.exempt if place in moved)

    def cells(self, name: str) -> list[str]:
        """The column of that name, as it is; one that is missing is all blank."""
        return self._cells[self.header.index(name)] if name in self.header else [""] * len(self.numbers)

    def joined(self, name: str) -> None:
        """Several columns have that name: from now on the first holds the last cell that is not blank."""
        first, *others = (self._cells[place] for place, other in enumerate(self.header) if other == name)
        for column in others:
            first = [new if new.strip() else old for old, new in zip(first, column, strict=True)]
        self._cells[self.header.index(name)] = first
        if name == SKU:
            self._skus = first

    def price(self) -> Callable[[str], Decimal]:
        here = named(self._code)
        if here is not None and not digits_of(here.currency):
            return whole_price
        return comma_price if self._code in COMMA_CODES else price

    def skus(self) -> list[str]:
        if plain_skus(self._skus):
            return self._skus
        return self.column((SKU,), read_sku, blank=Refused(CELL_MISSING, "A value is required in the 'sku' column."))

    def column(self, names: tuple[str, ...], decode: Callable[[str], T], blank: Any = None) -> list[Any]:
        """The column of that name, or of an older one, decoded; a missing column is all blank."""
        name = next((name for name in names if name in self.header), None)
        if name is None:
            return [blank] * len(self.numbers)
        cells = self.cells(name)
        return self.looked_up(cells, {cell: decoded(cell, name, decode, blank) for cell in set(cells)}, name)

    def looked_up(self, cells: Sequence[Any], meaning: Mapping[Any, Any], name: str) -> list[Any]:
        """What these cells mean, place by place; rows whose meaning is Refused turn bad."""
        if len(meaning) == 1 and Refused not in map(type, meaning.values()):
            return [*meaning.values()] * len(cells)
        if Refused not in set(map(type, meaning.values())):
            return [meaning[cell] for cell in cells]
        found = []
        for place, cell in enumerate(cells):
            value = meaning[cell]
            if type(value) is Refused:
                self.refuse(place, value, name)
                value = None
            found.append(value)
        return found

    def refuse(self, place: int, refused: Refused, name: str) -> None:
        """That row is bad, because of that column; unless the row is one of the exempt."""
        if place not in self.exempt:
            self._bad.add(place)
            self.find(place, refused.code, refused.message, name)

    def find(self, place: int, code: str, message: str, name: str, severity: Severity = "ERROR") -> None:
        """Something to tell about that row, which does not make it bad."""
        sku = self._skus[place].strip()[:SKU_SHOWN]
        self._findings.append(Finding(self.numbers[place], code, message, severity, sku=sku, attribute=name))

    def warn(self, code: str, message: str) -> None:
        """Something to tell about the whole file."""
        self._findings.append(Finding(0, code, message, "WARNING"))

    def products(self) -> tuple[list[str | None], list[str | None]]:
        """ASINs and GTINs, which the columns product-id and product-id-type name together."""
        pairs = list(zip(self.cells("product-id"), self.cells("product-id-type"), strict=True))
        found = self.looked_up(pairs, {pair: product(*pair) for pair in set(pairs)}, "product-id")
        return [value and value[0] for value in found], [value and value[1] for value in found]

    def findings(self) -> list[Finding]:
        return sorted(self._findings, key=lambda finding: finding.number)

    def good(self, columns: list[list[Any]]) -> list[list[Any]]:
        """The numbers of the good rows, and these columns without the bad ones."""
        every = [self.numbers, *columns]
        if not self._bad:
            return every
        keep = [place not in self._bad for place in range(len(self.numbers))]
        return [list(compress(column, keep)) for column in every]


def _sku_in(table: tsv.Table, place: int) -> str:
    """What a row that cannot be read has below the name of the SKU: the last cell that is not blank."""
    cells = zip(table.header, table.lines[place].split("\t"), strict=False)
    found = [cell.strip() for name, cell in cells if name == SKU and cell.strip()]
    return found[-1] if found else ""


def sheet(content: bytes, code: str) -> Sheet:
    """A file with a column `sku`, for the marketplace of that code. FeedUnreadable: it is refused as a whole."""
    found = table(text(content, code), (SKU,))
    refuse_repeated(found.header)
    return Sheet.of(found, code)


def text(content: bytes, code: str) -> str:
    """The file's text, in the encoding that its marketplace's spreadsheets write. FeedUnreadable: it is no text."""
    try:
        return tsv.decoded(content, "cp932" if code == "JP" else "cp1252")
    except tsv.Unreadable as problem:
        raise FeedUnreadable(XML_FATAL, f"The file cannot be read: {problem.message}.") from None


def beginning(content: bytes, length: int = BEGINNING) -> str | None:
    """What the file begins with, read cheaply: enough for names of columns, while other characters may come out wrong.
    None: it is no text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content[:length].decode("utf-16", "ignore")
    if content.startswith(tsv.WORKBOOKS) or b"\0" in content:
        return None
    return content[:length].removeprefix(codecs.BOM_UTF8).decode("iso-8859-1")


def table(text: str, keys: tuple[str, ...]) -> tsv.Table:
    """The table whose header names one of these columns. FeedUnreadable: there is none, or it is too large."""
    too_many_rows = FeedUnreadable(XML_FATAL, f"The file has more than {ROWS_MAX} rows.")
    if text.count("\n") + text.count("\r") - text.count("\r\n") > ROWS_MAX + tsv.HEADER_LINES_MAX:
        raise too_many_rows  # before there is a list of them
    candidates = [candidate for key in keys if (candidate := tsv.table(text, key)) is not None]
    if not candidates:
        raise FeedUnreadable(*_no_header(text))
    found = max(candidates, key=lambda candidate: len(candidate.lines))  # the first header there is
    if len(found.lines) > ROWS_MAX:
        raise too_many_rows
    if len(found.header) > COLUMNS_MAX or len(found.header) * len(found.lines) > CELLS_MAX:
        raise FeedUnreadable(XML_FATAL, f"The file has more than {COLUMNS_MAX} columns or {CELLS_MAX} cells.")
    return found


def repeated(header: list[str]) -> list[str]:
    """The names that stand in it more than once, in alphabetical order."""
    return sorted(name for name, times in Counter(header).items() if name and times > 1)


def refuse_repeated(header: list[str]) -> None:
    """FeedUnreadable: a column occurs twice."""
    twice = repeated(header)
    if twice:
        raise FeedUnreadable(HEADER_MISSING, f"The column '{twice[0][:40]}' occurs more than once in the header row.")


def _no_header(text: str) -> tuple[str, str]:
    named = {tsv.column_name(cell) for line in tsv.lines(text)[: tsv.HEADER_LINES_MAX] for cell in line.split("\t")}
    if named & {"price", "quantity", "product-id", "add-delete"}:
        return SKU_COLUMN_MISSING, "The required sku field is missing from the file."
    return HEADER_MISSING, "The file's header row is missing or invalid."


def decoded(cell: str, name: str, decode: Callable[[str], Any], blank: Any) -> Any:
    """What a cell of that column means, or why it means nothing."""
    text = cell.strip()
    if not text:
        return blank
    try:
        return decode(text)
    except NoAmount:
        return Refused(CELL_INVALID, f"The amount value in the column {name} is invalid.")  # the text of 2006
    except ValueError as problem:
        return Refused(CELL_INVALID, f"The value in the column {name} is invalid: {problem}.")


_PRICE: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{0,6})?|\.[0-9]{1,6}")
_CENT: Final = Decimal("0.01")


class NoAmount(ValueError):
    """A price of nothing, of which old logs speak in words of their own."""


def price(text: str) -> Decimal:
    if not _PRICE.fullmatch(text):
        raise ValueError(f"'{text[:20]}' is not an amount, as 12.99 is")
    amount = Decimal(text)
    if not 0 < amount <= PRICE_MAX:
        raise ValueError(f"'{text[:20]}' is not an amount above 0 and up to {PRICE_MAX}")
    if amount != (rounded := amount.quantize(_CENT)):
        raise ValueError(f"'{text[:20]}' has more than two decimals")
    return rounded


def whole_price(text: str) -> Decimal:
    amount = price(text)
    if amount != amount.to_integral_value():
        raise ValueError(f"'{text[:20]}' has decimals, which amounts in this currency have not")
    return amount


def comma_price(text: str) -> Decimal:
    return price(text.replace(",", ".", 1) if "." not in text else text)


def bound(price: Callable[[str], Decimal]) -> Callable[[str], Decimal]:
    """How a bound of the price is read, where prices are read so."""
    return lambda text: CLEARED if text.lower() == "delete" else price(text)


def quantity(text: str) -> int:
    return whole(text, 0, QUANTITY_MAX)


def handling_time(text: str) -> int:
    return whole(text, 0, HANDLING_DAYS_MAX)


_CONDITIONS: Final = {str(condition.loader): condition for condition in CONDITIONS if condition.loader}


def condition(text: str) -> Condition:
    if text not in _CONDITIONS:
        raise ValueError(f"'{text[:20]}' is not one of {', '.join(_CONDITIONS)}")
    return _CONDITIONS[text]


def action(text: str) -> str:
    action = text.lower()
    if action not in ("a", "d", "x"):
        raise ValueError(f"'{text[:20]}' is not one of a, d, x")
    return action


_ABROAD: Final = {"1": False, "n": False, "2": True, "y": True}


def abroad(text: str) -> bool:
    if text.lower() not in _ABROAD:
        raise ValueError(f"'{text[:20]}' is not one of 1, n, 2, y")
    return _ABROAD[text.lower()]


def name(text: str) -> str:
    return of_length(text, NAME_MAX)


def note(text: str) -> str:
    return of_length(text, NOTE_MAX)


def of_length(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"it is longer than {longest} characters")
    return text


def product(text: str, kind: str) -> ProductId | Refused:
    """What a product id and its type name; the type may be a number or a name."""
    text, kind = text.strip(), kind.strip().upper()
    if not text:
        return None, None
    known = LOADER_ID_TYPES.get(kind, kind)
    if known not in LOADER_ID_TYPES.values():
        choice = ", ".join(f"{number} ({name})" for number, name in LOADER_ID_TYPES.items())
        return Refused(CELL_INVALID, f"A product-id needs a product-id-type: one of {choice}.")
    try:
        return (asin(text), None) if known == "ASIN" else (None, gtin(text, known))
    except Invalid as problem:
        return Refused(NOT_VALID_ID, f"The product-id is not a valid identifier: {problem.message}.")
