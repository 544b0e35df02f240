"""The two tab-delimited files about stock: prices and quantities only, and the inventory loader.

Both are read column by column: each different cell is decoded once, whatever the number of rows, and what comes out are
lists of equal length, ready to be sent to the database as they are. Rows with an error are not in them.

Sources: SP-API reference §6.3 (columns, older names); AIM reference §7 (values, decimal commas, templates), §8 (codes).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress
from typing import Any, Final, NamedTuple, TypeVar

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.conditions import CONDITIONS, Condition
from entrepot.domain.errors import Invalid
from entrepot.domain.identifiers import LOADER_ID_TYPES, asin, gtin
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.domain.marketplaces import by_id
from entrepot.domain.mfn.attributes import FBA_CHANNELS
from entrepot.feeds.findings import (
    CELL_INVALID,
    CELL_MISSING,
    HEADER_MISSING,
    NOT_VALID_ID,
    SKU_COLUMN_MISSING,
    XML_FATAL,
    FeedUnreadable,
    Finding,
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
CHANNELS: Final = (DEFAULT_LOCATION, "AMAZON", *FBA_CHANNELS.values())

T = TypeVar("T")


class PriceQuantityRow(NamedTuple):
    """One row; None: the cell is blank, and nothing changes. minimum and maximum may be CLEARED."""

    number: int
    sku: str
    price: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None
    quantity: int | None
    handling_time: int | None
    channel: str | None


class LoaderRow(NamedTuple):
    """One row; None: the cell is blank, and nothing changes. action: a adds or updates, d takes off sale, x deletes.

    asin or gtin: what product-id and product-id-type say together, a GTIN in its normal form of 14 digits.
    """

    number: int
    sku: str
    asin: str | None
    gtin: str | None
    price: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None
    condition: Condition | None
    quantity: int | None
    action: str
    ships_abroad: bool | None
    expedited_shipping: str | None
    standard_plus: str | None
    note: str | None
    center: str | None
    tax_code: str | None
    handling_time: int | None
    shipping_group: str | None


@dataclass(slots=True)
class PriceQuantityColumns:
    """The good rows, column by column, in the order of the file, and what there is to say about the others.

    `processed` rows were there, without blank ones. A SKU may stand in several rows: the later one is the newer.
    """

    processed: int
    findings: list[Finding]
    numbers: list[int]
    skus: list[str]
    prices: list[Decimal | None]
    minima: list[Decimal | None]
    maxima: list[Decimal | None]
    quantities: list[int | None]
    handling_times: list[int | None]
    channels: list[str | None]

    @property
    def has_repeats(self) -> bool:
        return len(set(self.skus)) != len(self.skus)

    def rows(self) -> Iterator[PriceQuantityRow]:
        return map(
            PriceQuantityRow,
            self.numbers,
            self.skus,
            self.prices,
            self.minima,
            self.maxima,
            self.quantities,
            self.handling_times,
            self.channels,
        )


@dataclass(slots=True)
class LoaderColumns:
    """The good rows of an inventory loader file, column by column; otherwise as `PriceQuantityColumns`."""

    processed: int
    findings: list[Finding]
    numbers: list[int]
    skus: list[str]
    asins: list[str | None]
    gtins: list[str | None]
    prices: list[Decimal | None]
    minima: list[Decimal | None]
    maxima: list[Decimal | None]
    conditions: list[Condition | None]
    quantities: list[int | None]
    actions: list[str]
    ships_abroad: list[bool | None]
    expedited_shipping: list[str | None]
    standard_plus: list[str | None]
    notes: list[str | None]
    centers: list[str | None]
    tax_codes: list[str | None]
    handling_times: list[int | None]
    shipping_groups: list[str | None]

    @property
    def has_repeats(self) -> bool:
        return len(set(self.skus)) != len(self.skus)

    def rows(self) -> Iterator[LoaderRow]:
        return map(
            LoaderRow,
            self.numbers,
            self.skus,
            self.asins,
            self.gtins,
            self.prices,
            self.minima,
            self.maxima,
            self.conditions,
            self.quantities,
            self.actions,
            self.ships_abroad,
            self.expedited_shipping,
            self.standard_plus,
            self.notes,
            self.centers,
            self.tax_codes,
            self.handling_times,
            self.shipping_groups,
        )


def price_quantity(content: bytes, marketplace_id: str = "") -> PriceQuantityColumns:
    """A price-and-quantity file for that marketplace. FeedUnreadable: it is refused as a whole."""
    sheet = _Sheet(content, marketplace_id)
    price = sheet.price()
    bound = _bound(price)
    columns: list[list[Any]] = [
        sheet.skus(),
        sheet.column(("price",), price),
        sheet.column(("minimum-seller-allowed-price",), bound),
        sheet.column(("maximum-seller-allowed-price",), bound),
        sheet.column(("quantity",), _quantity),
        sheet.column(("handling-time", "leadtime-to-ship"), _handling_time),
        sheet.column(("fulfillment-channel",), _channel),
    ]
    return PriceQuantityColumns(sheet.processed, sheet.findings(), *sheet.good(columns))


def inventory_loader(content: bytes, marketplace_id: str = "") -> LoaderColumns:
    """An inventory loader file for that marketplace. FeedUnreadable: it is refused as a whole."""
    sheet = _Sheet(content, marketplace_id)
    price = sheet.price()
    bound = _bound(price)
    skus = sheet.skus()
    asins, gtins = sheet.products()
    columns: list[list[Any]] = [
        skus,
        asins,
        gtins,
        sheet.column(("price",), price),
        sheet.column(("minimum-seller-allowed-price",), bound),
        sheet.column(("maximum-seller-allowed-price",), bound),
        sheet.column(("item-condition",), _condition),
        sheet.column(("quantity",), _quantity),
        sheet.column(("add-delete",), _action, blank="a"),
        sheet.column(("will-ship-internationally",), _abroad),
        sheet.column(("expedited-shipping",), _name),
        sheet.column(("standard-plus",), _name),
        sheet.column(("item-note",), _note),
        sheet.column(("fulfillment-center-id",), _name),
        sheet.column(("product-tax-code",), _name),
        sheet.column(("handling-time", "leadtime-to-ship"), _handling_time),
        sheet.column(("merchant-shipping-group-name", "merchant-shipping-group"), _name),
    ]
    return LoaderColumns(sheet.processed, sheet.findings(), *sheet.good(columns))


class _Refused:
    """A cell that cannot be read: the code, and what is wrong with it."""

    __slots__ = ("code", "message")

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


class _Sheet:
    """A file while it is read: its cells by column, and the rows that turn out bad."""

    def __init__(self, content: bytes, marketplace_id: str) -> None:
        marketplace = by_id(marketplace_id)
        self._code = marketplace.code if marketplace else ""
        try:
            table = _table(tsv.decoded(content, "cp932" if self._code == "JP" else "cp1252"))
        except tsv.Unreadable as problem:
            raise FeedUnreadable(XML_FATAL, f"The file cannot be read: {problem.message}.") from None
        self._header = table.header
        self._numbers, self._cells, too_long = tsv.columns(table)
        self.processed = len(self._numbers) + len(too_long)
        self._skus = self._cells[self._header.index(SKU)]
        self._bad: set[int] = set()  # places in the columns
        self._findings = [
            Finding(number, CELL_INVALID, f"The row has more than {len(self._header)} cells, as many as columns.")
            for number in too_long
        ]

    def price(self) -> Callable[[str], Decimal]:
        return _comma_price if self._code in COMMA_CODES else _price

    def skus(self) -> list[str]:
        if plain_skus(self._skus):
            return self._skus
        return self.column((SKU,), read_sku, blank=_Refused(CELL_MISSING, "A value is required in the 'sku' column."))

    def column(self, names: tuple[str, ...], decode: Callable[[str], T], blank: Any = None) -> list[Any]:
        """The column of that name, or of an older one, decoded; a missing column is all blank."""
        name = next((name for name in names if name in self._header), None)
        if name is None:
            return [blank] * len(self._numbers)
        cells = self._cells[self._header.index(name)]
        meaning = {cell: _decoded(cell, name, decode, blank) for cell in set(cells)}
        return self._looked_up(cells, meaning, name)

    def _looked_up(self, cells: Sequence[Any], meaning: dict[Any, Any], name: str) -> list[Any]:
        if _Refused in set(map(type, meaning.values())):
            for place, cell in enumerate(cells):
                value = meaning[cell]
                if type(value) is _Refused:
                    self._refuse(place, value, name)
        return [meaning[cell] for cell in cells]

    def _refuse(self, place: int, refused: _Refused, name: str) -> None:
        self._bad.add(place)
        sku = self._skus[place].strip()[:80]
        number = self._numbers[place]
        self._findings.append(Finding(number, refused.code, refused.message, sku=sku, attribute=name))

    def products(self) -> tuple[list[str | None], list[str | None]]:
        """ASINs and GTINs, which the columns product-id and product-id-type name together."""
        blanks: Sequence[str] = [""] * len(self._numbers)
        ids, kinds = (
            self._cells[self._header.index(name)] if name in self._header else blanks
            for name in ("product-id", "product-id-type")
        )
        pairs = list(zip(ids, kinds, strict=True))
        meaning = {pair: _product(*pair) for pair in set(pairs)}
        found = self._looked_up(pairs, meaning, "product-id")
        usable = [value if type(value) is tuple else (None, None) for value in found]
        return [asin_ for asin_, _ in usable], [gtin_ for _, gtin_ in usable]

    def findings(self) -> list[Finding]:
        return sorted(self._findings, key=lambda finding: finding.number)

    def good(self, columns: list[list[Any]]) -> list[list[Any]]:
        """The numbers of the good rows, and these columns, without the bad ones."""
        every = [self._numbers, *columns]
        if not self._bad:
            return every
        keep = [place not in self._bad for place in range(len(self._numbers))]
        return [list(compress(column, keep)) for column in every]


def _table(text: str) -> tsv.Table:
    too_many_rows = FeedUnreadable(XML_FATAL, f"The file has more than {ROWS_MAX} rows.")
    if text.count("\n") + text.count("\r") - text.count("\r\n") > ROWS_MAX + tsv.HEADER_LINES_MAX:
        raise too_many_rows  # before there is a list of them
    table = tsv.table(text, SKU)
    if table is None:
        raise FeedUnreadable(*_no_header(text))
    if len(table.lines) > ROWS_MAX:
        raise too_many_rows
    if len(table.header) > COLUMNS_MAX or len(table.header) * len(table.lines) > CELLS_MAX:
        raise FeedUnreadable(XML_FATAL, f"The file has more than {COLUMNS_MAX} columns or {CELLS_MAX} cells.")
    twice = sorted(name[:40] for name, times in Counter(table.header).items() if name and times > 1)
    if twice:
        raise FeedUnreadable(HEADER_MISSING, f"The column '{twice[0]}' occurs more than once in the header row.")
    return table


def _no_header(text: str) -> tuple[str, str]:
    named = {tsv.column_name(cell) for line in tsv.lines(text)[: tsv.HEADER_LINES_MAX] for cell in line.split("\t")}
    if named & {"price", "quantity", "product-id", "add-delete"}:
        return SKU_COLUMN_MISSING, "The required sku field is missing from the file."
    return HEADER_MISSING, "The file's header row is missing or invalid."


def _decoded(cell: str, name: str, decode: Callable[[str], Any], blank: Any) -> Any:
    text = cell.strip()
    if not text:
        return blank
    try:
        return decode(text)
    except ValueError as problem:
        return _Refused(CELL_INVALID, f"The value in the column {name} is invalid: {problem}.")


_PRICE: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{0,6})?|\.[0-9]{1,6}")
_CENT: Final = Decimal("0.01")


def _price(text: str) -> Decimal:
    if not _PRICE.fullmatch(text):
        raise ValueError(f"'{text[:20]}' is not an amount, as 12.99 is")
    amount = Decimal(text)
    if not 0 < amount <= PRICE_MAX:
        raise ValueError(f"'{text[:20]}' is not an amount above 0 and up to {PRICE_MAX}")
    if amount != (rounded := amount.quantize(_CENT)):
        raise ValueError(f"'{text[:20]}' has more than two decimals")
    return rounded


def _comma_price(text: str) -> Decimal:
    return _price(text.replace(",", ".", 1) if "." not in text else text)


def _bound(price: Callable[[str], Decimal]) -> Callable[[str], Decimal]:
    return lambda text: CLEARED if text.lower() == "delete" else price(text)


def _quantity(text: str) -> int:
    return whole(text, 0, QUANTITY_MAX)


def _handling_time(text: str) -> int:
    return whole(text, 0, HANDLING_DAYS_MAX)


def _channel(text: str) -> str:
    channel = text.upper()
    if channel not in CHANNELS:
        raise ValueError(f"'{text[:20]}' is not one of {', '.join(CHANNELS)}")
    return channel


_CONDITIONS: Final = {str(condition.loader): condition for condition in CONDITIONS if condition.loader}


def _condition(text: str) -> Condition:
    if text not in _CONDITIONS:
        raise ValueError(f"'{text[:20]}' is not one of {', '.join(_CONDITIONS)}")
    return _CONDITIONS[text]


def _action(text: str) -> str:
    action = text.lower()
    if action not in ("a", "d", "x"):
        raise ValueError(f"'{text[:20]}' is not one of a, d, x")
    return action


_ABROAD: Final = {"1": False, "n": False, "2": True, "y": True}


def _abroad(text: str) -> bool:
    if text.lower() not in _ABROAD:
        raise ValueError(f"'{text[:20]}' is not one of 1, n, 2, y")
    return _ABROAD[text.lower()]


def _name(text: str) -> str:
    return _of_length(text, NAME_MAX)


def _note(text: str) -> str:
    return _of_length(text, NOTE_MAX)


def _of_length(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValueError(f"it is longer than {longest} characters")
    return text


def _product(text: str, kind: str) -> tuple[str | None, str | None] | _Refused:
    """(ASIN, GTIN) of a product id and its type, one of them or none; the type may be a number or a name."""
    text, kind = text.strip(), kind.strip().upper()
    if not text:
        return None, None
    known = LOADER_ID_TYPES.get(kind, kind)
    if known not in LOADER_ID_TYPES.values():
        choice = ", ".join(f"{number} ({name})" for number, name in LOADER_ID_TYPES.items())
        return _Refused(CELL_INVALID, f"A product-id needs a product-id-type: one of {choice}.")
    try:
        return (asin(text), None) if known == "ASIN" else (None, gtin(text, known))
    except Invalid as problem:
        return _Refused(NOT_VALID_ID, f"The product-id is not a valid identifier: {problem.message}.")
