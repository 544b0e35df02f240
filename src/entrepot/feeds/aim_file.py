"""AIM's inventory files: tab-delimited, of books, or UIEE; to add, modify and delete, or to modify two columns only.

Read column by column: each different cell is decoded once, texts are only measured, and what a row says of its item is
put together when it is asked for. A row with an error is left out and named; it never stops the file. Sources: AIM
reference §6 (modes, quantities), §7 (formats, columns, values).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, Literal

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.conditions import Condition
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.aim_columns import ATTRIBUTES, CONDITION, IMAGE, NAME
from entrepot.domain.mfn.attributes import ASIN_ATTRIBUTE, ID_ATTRIBUTES
from entrepot.feeds import aim_uiee, product_ids, sheet
from entrepot.feeds.findings import CELL_INVALID, CELL_MISSING, HEADER_MISSING, XML_FATAL, FeedUnreadable, Finding
from entrepot.feeds.flat_files import CHANNELS
from entrepot.feeds.sheet import SKU, NoAmount, ProductId, Refused, Sheet
from entrepot.wire import tsv, uiee

Mode = Literal["add-modify-delete", "modify-only", "purge-replace"]
Format = Literal["TabDelimited", "TabDelimitedBooks", "UIEE"]
MODIFY_ONLY: Final = "modify-only"
BOOKS: Final = "TabDelimitedBooks"
UIEE: Final = "UIEE"

# Ours: no reference names the codes of these warnings.
COLUMN_IGNORED: Final = "99002"
TEXT_SHORTENED: Final = "99003"
VALUE_IGNORED: Final = "99004"

# So many unknown columns are named.
NAMED_MAX: Final = 30

TITLE_MAX: Final = 80
TEXT_MAX: Final = 10_000
# Two blanks, as the message had in 2007.
QUANTITY_REQUIRED: Final = "A non-zero value is required in the 'quantity' column.  Please fix the error and resubmit."
# Without a product id, a book must say all of this.
BOOK_REQUIRED: Final = ("author", "title", "publisher", "pub-date", "binding")

_MINIMUM, _MAXIMUM = "minimum-seller-allowed-price", "maximum-seller-allowed-price"
_DAYS: Final = ("handling-time", "leadtime-to-ship")
_CENTER: Final = "fulfillment-center-id"
_OWN: Final = (None, DEFAULT_LOCATION)
# What is not kept as an attribute.
_OTHERS: Final = (
    SKU, "product-id", "product-id-type", "price", "quantity", "add-delete", _MINIMUM, _MAXIMUM, *_DAYS, _CENTER
)  # fmt: skip
COLUMNS: Final = frozenset((*_OTHERS, *ATTRIBUTES))
MODIFIABLE: Final = ("price", "quantity")
# Names that the same columns have in the reports: a report may be edited and sent back.
_ALIASES: Final = {
    "seller-sku": SKU,
    "fulfillment-channel": _CENTER,
    **{f"zshop-{name}": name for name in ("category1", "browse-path", "storefront-feature", "boldface")},
    "zshop-shipping-fee": "shipping-fee",
}
_KEYS: Final = (SKU, "seller-sku")
_LONGEST: Final = {
    "condition_note": sheet.NOTE_MAX,
    "product_tax_code": sheet.NAME_MAX,
    "merchant_shipping_group": sheet.NAME_MAX,
}
# Columns whose values are known: what each may be, and whether several may stand there, with commas between.
_CHOICES: Final = {
    "item-is-marketplace": (("y", "n"), False),
    "expedited-shipping": (("y", "n", "1", "0", "domestic", "second", "next", "international"), True),
}
# A mark tells whether a row says anything new beside the terms of the offer.
_UNMARKED: Final = (SKU, "price", "quantity", "add-delete", _MINIMUM, _MAXIMUM, *_DAYS)


@dataclass(slots=True)
class AimFile:
    """The good rows, column by column, in the order of the file, and what there is to say about the others.

    `processed` rows were there, without blank ones. actions: a adds or updates, d takes off sale, x deletes. minima and
    maxima may be sheet.CLEARED. asins, gtins: what the ids are in normal form. marks: alike where rows are alike beside
    the terms of the offer; None in modify-only files.
    None elsewhere: the cell is blank, and nothing changes.
    texts: by attribute, the columns that say it, the one that counts first.
    """

    texts: dict[str, list[list[str]]]
    is_book_file: bool
    processed: int
    findings: list[Finding]
    numbers: list[int]
    skus: list[str]
    actions: list[str]
    prices: list[Decimal | None]
    quantities: list[int | None]
    minima: list[Decimal | None]
    maxima: list[Decimal | None]
    handling_times: list[int | None]
    centers: list[str | None]
    asins: list[str | None]
    gtins: list[str | None]
    ids: list[str | None]
    conditions: list[Condition | None]
    marks: list[int | None]

    def text(self, place: int, attribute: str) -> str:
        """What the row says of an attribute; empty: nothing."""
        for column in self.texts.get(attribute, ()):
            if found := column[place].strip():
                return found[:TITLE_MAX].strip() if attribute == NAME else found
        return ""

    def item_name(self, place: int) -> str:
        return self.text(place, NAME)

    def instances(self, place: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the row says of each attribute."""
        if (asin := self.asins[place]) is not None:
            yield ASIN_ATTRIBUTE, {"value": asin}
        if (gtin := self.gtins[place]) is not None:
            yield ID_ATTRIBUTES[0], _as_submitted(self.ids[place] or gtin)
        if (condition := self.conditions[place]) is not None:
            yield CONDITION, {"value": condition.listing}
        for name, columns in self.texts.items():
            if (columns[0][place] or len(columns) > 1) and (text := self.text(place, name)):
                yield name, {"media_location" if name == IMAGE else "value": text}

    def missing_to_create(self, place: int) -> Finding | None:
        """What the row lacks, if its SKU is not listed yet."""
        if not self.quantities[place]:
            return self._lacking(place, "quantity", QUANTITY_REQUIRED)
        if self.prices[place] is None:
            return self._lacking(place, "price", "A value is required in the 'price' column.")
        if self.asins[place] is None and self.gtins[place] is None:
            required = BOOK_REQUIRED if self.is_book_file else ("title",)
            lacking = [name for name in required if not self.text(place, ATTRIBUTES[name])]
            if lacking:
                columns = ", ".join(f"'{name}'" for name in lacking)
                return self._lacking(place, "product-id", f"Without a product-id a value is required for {columns}.")
        return None

    def _lacking(self, place: int, column: str, message: str) -> Finding:
        return Finding(self.numbers[place], CELL_MISSING, message, sku=self.skus[place], attribute=column)


@dataclass(slots=True)
class Begun:
    """A file of which so much is read as tells whether a listing is already like its row. Columns as in AimFile, with
    the bad rows, of which there is nothing to tell yet."""

    sheet: Sheet
    format: Format
    strict: bool
    code: str
    skus: list[str]
    actions: list[str]
    prices: list[Decimal | None]
    quantities: list[int | None]
    minima: list[Decimal | None]
    maxima: list[Decimal | None]
    handling_times: list[int | None]
    centers: list[str | None]
    marks: Sequence[int | None]

    def lines(self) -> list[str]:
        """Each row as the parts of `storage.shop.OnSale` with tabs between; blank: it leaves something
        open, is about something else than an offer of the seller's own, or is bad."""
        columns: tuple[Sequence[Decimal | int | None], ...] = (
            self.quantities, self.handling_times, self.prices, self.minima, self.maxima, self.marks
        )  # fmt: skip
        texts = [_distinct(column) for column in columns]
        bad = self.sheet.bad
        skus = ["" if place in bad else sku for place, sku in enumerate(self.skus)] if bad else self.skus
        lines = map("\t".join, zip(skus, *texts, [""] * len(skus), strict=True))
        said = zip(skus, self.actions, self.quantities, self.prices, self.centers, strict=True)
        return [
            line if sku and action == "a" and None not in (quantity, price) and center in _OWN else ""
            for line, (sku, action, quantity, price, center) in zip(lines, said, strict=True)
        ]

    def read(self, places: Sequence[int] | None = None) -> AimFile:
        """The rest, of these rows or of all; once."""
        columns: tuple[Sequence[Any], ...] = (
            self.skus, self.actions, self.prices, self.quantities, self.minima, self.maxima, self.handling_times,
            self.centers, self.marks,
        )  # fmt: skip
        if places is not None:
            self.sheet.keep(places)
            columns = tuple([column[place] for place in places] for column in columns)
        return _finished(self, columns)


def _distinct(column: Sequence[Decimal | int | None]) -> list[str]:
    """The values as texts without trailing zeros, each different one made once."""
    texts = {value: _plain(value) for value in set(column)}
    return [texts[value] for value in column]


def _plain(value: Decimal | int | None) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


def read(
    content: bytes, mode: Mode, format: Format, marketplace: Marketplace, strict: bool = False, flags: str = ""
) -> AimFile:
    """An inventory file for that marketplace. flags: what else decides what its rows mean; their marks depend on it.
    FeedUnreadable: it is refused as a whole."""
    if mode == MODIFY_ONLY:
        return _modifications(_sheet(content, mode, format, marketplace.code, strict))
    return begin(content, mode, format, marketplace, strict, flags).read()


def begin(
    content: bytes, mode: Mode, format: Format, marketplace: Marketplace, strict: bool = False, flags: str = ""
) -> Begun:
    """As `read`, of a file whose rows say all of a listing."""
    code = marketplace.code
    return _begun(_sheet(content, mode, format, code, strict), format, code, strict, flags)


def _sheet(content: bytes, mode: Mode, format: Format, code: str, strict: bool) -> Sheet:
    if format == UIEE:
        return _uiee_sheet(content, mode, code, strict)
    return _tab_sheet(content, mode, format, code, strict)


def recognisable(content: bytes, mode: Mode, format: Format) -> bool:
    """Whether it is such a file at all, by its first lines: cheap, however large it is. False: `read` refuses it."""
    for length in (sheet.BEGINNING, len(content)):
        head = sheet.beginning(content, length)
        if head is None:
            return False
        if _begins(head, mode, format):
            return True
    return False


def _begins(text: str, mode: Mode, format: Format) -> bool:
    if format == UIEE:
        return uiee.found_in(text)
    try:
        _named(sheet.table(text, _KEYS), mode)
    except FeedUnreadable:
        return False
    return True


def item_names(content: bytes, format: Format, marketplace: Marketplace, numbers: Collection[int]) -> Mapping[int, str]:
    """What the items in these rows are called, as far as they have a name; for logs. FeedUnreadable, as `read`."""
    if format == UIEE:
        file = _uiee_sheet(content, "purge-replace", marketplace.code, strict=False)
    else:
        table = sheet.table(sheet.text(content, marketplace.code), _KEYS)
        lines = [line if number in numbers else "" for number, line in enumerate(table.lines, 1)]
        file = Sheet.of(_levelled(tsv.Table(table.header, lines))[0], marketplace.code)
    columns = [file.cells(name) for name in _columns_of(NAME)]
    found: dict[int, str] = {}
    for column in reversed(columns):
        found.update((number, cell.strip()) for number, cell in zip(file.numbers, column, strict=True) if cell.strip())
    return {number: name[:TITLE_MAX].strip() for number, name in found.items() if number in numbers}


def header_lines(text: str) -> int | None:
    """How many lines stand before the first row of a tab-delimited file; None: it is none."""
    lines = tsv.lines(text)
    for place, line in enumerate(lines[: tsv.HEADER_LINES_MAX], 1):
        if any(tsv.column_name(cell) in _KEYS for cell in line.split("\t")):
            return place
    return None


# Sheets of the formats.


def _tab_sheet(content: bytes, mode: Mode, format: Format, code: str, strict: bool) -> Sheet:
    table = _named(sheet.table(sheet.text(content, code), _KEYS), mode)
    if strict:
        sheet.refuse_repeated(table.header)
    level, surplus = _levelled(table)
    file = Sheet.of(level, code)
    if surplus:
        message = f"{len(surplus)} rows have more cells than there are columns; the surplus cells were ignored."
        file.warn(COLUMN_IGNORED, f"{message} The first is row {surplus[0]}.")
    for name in sheet.repeated(table.header):
        if name in COLUMNS:
            file.joined(name)
            message = f"The column '{name}' occurs more than once; its last cell that is not blank was used."
            file.warn(COLUMN_IGNORED, message)
    known = (SKU, *MODIFIABLE) if mode == MODIFY_ONLY else COLUMNS
    unknown = list(dict.fromkeys(name[:40] for name in table.header if name and name not in known))
    if unknown:
        file.warn(COLUMN_IGNORED, f"These columns are not used and were ignored: {', '.join(unknown[:NAMED_MAX])}.")
    return file


def _named(table: tsv.Table, mode: Mode) -> tsv.Table:
    """With the usual names of the columns. FeedUnreadable: those that the mode needs are not there."""
    header = [_ALIASES.get(name, name) for name in table.header]
    if mode == MODIFY_ONLY and not set(MODIFIABLE) & set(header):
        raise FeedUnreadable(HEADER_MISSING, "The file has neither a column 'price' nor a column 'quantity'.")
    return tsv.Table(header, table.lines)


def _levelled(table: tsv.Table) -> tuple[tsv.Table, list[int]]:
    """Without the cells that rows have more than the header, as some programs write one too many; and the numbers of
    the rows where these were not blank."""
    width = len(table.header)
    longer = [place for place, line in enumerate(table.lines) if line.count("\t") >= width]
    if not longer:
        return table, []
    lines, surplus = [*table.lines], []
    for place in longer:
        cells = lines[place].split("\t")
        lines[place] = "\t".join(cells[:width])
        if any(map(str.strip, cells[width:])):
            surplus.append(place + 1)
    return tsv.Table(table.header, lines), surplus


def _uiee_sheet(content: bytes, mode: Mode, code: str, strict: bool) -> Sheet:
    text = sheet.text(content, code)
    if not uiee.found_in(text):
        raise FeedUnreadable(HEADER_MISSING, "The file is not UIEE: it has no line as 'UR|12345'.")
    try:
        document = uiee.document(text)
    except tsv.Unreadable as problem:
        raise FeedUnreadable(XML_FATAL, f"The file cannot be read: {problem.message}.") from None
    return aim_uiee.sheet_of(document, code, strict, one_by_default=mode != MODIFY_ONLY)


# What rows mean.


def _modifications(file: Sheet) -> AimFile:
    skus = file.skus()
    prices = file.column(("price",), _price(file))
    quantities = file.column(("quantity",), sheet.quantity)
    blank = Refused(CELL_MISSING, "A value is required in the 'price' or the 'quantity' column.")
    given = zip(file.cells("price"), file.cells("quantity"), strict=True)
    for place, (price, quantity) in enumerate(given):
        if not price.strip() and not quantity.strip():
            file.refuse(place, blank, "quantity")
    actions = ["d" if quantity == 0 else "a" for quantity in quantities]
    numbers, *columns = file.good([skus, actions, prices, quantities])
    nothing: list[None] = [None] * len(numbers)
    return AimFile({}, False, file.processed, file.findings(), numbers, *columns, *[nothing] * 9)


def _begun(file: Sheet, format: Format, code: str, strict: bool, flags: str) -> Begun:
    actions = file.column(("add-delete",), sheet.action, blank="a")
    skus = file.skus()
    # Whatever else is in a row that deletes, the SKU is enough.
    file.exempt = frozenset(place for place, action in enumerate(actions) if action in ("d", "x"))
    price = _price(file)
    bound = sheet.bound(price)
    return Begun(
        file,
        format,
        strict,
        code,
        skus,
        actions,
        file.column(("price",), price),
        file.column(("quantity",), sheet.quantity),
        file.column((_MINIMUM,), bound),
        file.column((_MAXIMUM,), bound),
        file.column(_DAYS, sheet.handling_time),
        file.column((_CENTER,), _center),
        _marks(file, format, code, flags),
    )


def _finished(begun: Begun, columns: tuple[Sequence[Any], ...]) -> AimFile:
    file = begun.sheet
    *terms, marks = columns
    every: list[Any] = [
        *terms,
        *_products(file, begun.format, begun.strict),
        file.cells("product-id"),
        file.column(("item-condition",), condition),
        marks,
    ]
    file.column(("will-ship-internationally",), sheet.abroad)
    texts = _texts(file, begun.strict)
    numbers, *good = file.good([*every, *(column for columns in texts.values() for column in columns)])
    rest = iter(good[len(every) :])
    kept = {name: [next(rest) for _ in columns] for name, columns in texts.items()}
    return AimFile(kept, begun.format == BOOKS, file.processed, file.findings(), numbers, *good[: len(every)])


def _price(file: Sheet) -> Callable[[str], Decimal]:
    read = file.price()

    def price(text: str) -> Decimal:
        if not text.strip("0.,"):
            raise NoAmount
        return read(text)

    return price


def _texts(file: Sheet, strict: bool) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for column, attribute in ATTRIBUTES.items():
        if column in file.header and attribute != CONDITION:
            cells = file.cells(column)
            longest = max(map(len, cells), default=0)
            _refuse_longer(file, column, attribute, longest)
            if column in _CHOICES:
                cells = _chosen(file, column, strict)
            if longest:
                found.setdefault(attribute, []).append(cells)
    return found


def _chosen(file: Sheet, column: str, strict: bool) -> list[str]:
    """The column without the values that it may not have; with strict fidelity these are errors."""
    (choice, several), cells = _CHOICES[column], file.cells(column)
    wrong = {cell for cell in set(cells) if not _is_of(choice, several, cell)}
    for place, cell in enumerate(cells) if wrong else ():
        if cell in wrong and place not in file.exempt:
            problem = f"The value in the column {column} is invalid: '{cell.strip()[:20]}' is not one of"
            message = f"{problem} {', '.join(choice)}."
            if strict:
                file.refuse(place, Refused(CELL_INVALID, message), column)
            else:
                file.find(place, VALUE_IGNORED, f"{message} It was ignored.", column, "WARNING")
    return ["" if cell in wrong else cell for cell in cells] if wrong else cells


def _is_of(choice: Collection[str], several: bool, cell: str) -> bool:
    """Whether the cell is blank, or says what it may; some programs write a comma at the end."""
    words = cell.lower().split(",") if several else [cell.lower()]
    return all(not word.strip() or word.strip() in choice for word in words)


def _refuse_longer(file: Sheet, column: str, attribute: str, there: int) -> None:
    """A title that is too long is shortened, with a warning; another text is an error. there: the longest there is."""
    longest = TITLE_MAX if attribute == NAME else _LONGEST.get(attribute, TEXT_MAX)
    if there > longest:
        for place, cell in enumerate(file.cells(column)):
            if len(cell.strip()) <= longest:
                continue
            if attribute == NAME:
                message = f"Maximum number of characters allowed for the item is {longest}; the title was shortened."
                file.find(place, TEXT_SHORTENED, message, column, "WARNING")
            else:
                message = f"The value in the column {column} is invalid: it is longer than {longest} characters."
                file.refuse(place, Refused(CELL_INVALID, message), column)


def _center(text: str) -> str:
    return text.upper() if text.upper() in CHANNELS else sheet.name(text)


def condition(text: str) -> Condition:
    # 9 was "Used; Refurbished", which listings do not tell from 10, "Refurbished".
    return sheet.condition("10" if text == "9" else text)


_ISBN_10: Final = re.compile(r"[0-9]{9}[0-9X]")
_KIND_OF_LENGTH: Final = {8: "EAN", 12: "UPC", 13: "EAN"}


def _products(file: Sheet, format: Format, strict: bool) -> tuple[list[str | None], list[str | None]]:
    """ASINs and GTINs; most ids are plain, the others are looked at one by one."""
    ids, kinds = file.cells("product-id"), file.cells("product-id-type")
    asins, gtins, rest = product_ids.column(ids, kinds)
    meaning = {pair: _product(*pair, format, strict) for pair in {(ids[place], kinds[place]) for place in rest}}
    for place in sorted(rest):
        value = meaning[ids[place], kinds[place]]
        if isinstance(value, Refused):
            file.refuse(place, value, "product-id")
        else:
            asins[place], gtins[place] = value
    return asins, gtins


def _as_submitted(text: str) -> dict[str, str]:
    """A number of a product as the seller writes it, so that reports give it back to him so."""
    digits = text.strip().upper().replace("-", "").replace(" ", "")
    is_book = len(digits) == 10 or (len(digits) == 13 and digits.startswith(("978", "979")))
    return {"type": "isbn" if is_book else "upc" if len(digits) == 12 else "ean", "value": digits}


def _product(text: str, kind: str, format: Format, strict: bool) -> ProductId | Refused:
    text = text.strip().upper()
    if not strict:
        text = text.replace("-", "").replace(" ", "")
    return sheet.product(text, kind.strip() or _guessed(text, format))


def _guessed(text: str, format: Format) -> str:
    """The type of a product id that has none beside it; in files of books it is an ISBN."""
    if text.startswith("B"):
        return "ASIN"
    if format == BOOKS or _ISBN_10.fullmatch(text) or (len(text) == 13 and text.startswith(("978", "979"))):
        return "ISBN"
    return _KIND_OF_LENGTH.get(len(text), "ASIN")


def _columns_of(attribute: str) -> list[str]:
    return [column for column, name in ATTRIBUTES.items() if name == attribute]


def _marks(file: Sheet, format: Format, code: str, flags: str) -> list[int]:
    """An even number for each row: blake2b of the cells whose columns are known, whatever the order of the columns."""
    names = sorted({name for name in file.header if name in COLUMNS and name not in _UNMARKED})
    salt = blake2b("\t".join((format, code, flags, *names)).encode(), digest_size=16).digest()
    columns = [file.cells(name) for name in names]
    rows = map("\t".join, zip(*columns, strict=True)) if columns else [""] * len(file.numbers)
    digests = b"".join([blake2b(row.encode(), digest_size=8, salt=salt).digest() for row in rows])
    return [mark & -2 for mark in struct.unpack(f">{len(file.numbers)}q", digests)]
