"""The two tab-delimited files about stock: prices and quantities only, and the inventory loader.

Both are read column by column: each different cell is decoded once, whatever the number of rows, and what comes out are
lists of equal length, ready to be sent to the database as they are. Rows with an error are not in them.

Sources: SP-API reference §6.3 (columns, older names); AIM reference §7 (values, decimal commas, templates), §8 (codes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.conditions import Condition
from entrepot.domain.marketplaces import by_id
from entrepot.domain.mfn.attributes import FBA_CHANNELS
from entrepot.feeds import sheet
from entrepot.feeds.findings import Finding
from entrepot.feeds.sheet import CLEARED as CLEARED
from entrepot.feeds.sheet import Sheet

CHANNELS: Final = (DEFAULT_LOCATION, "AMAZON", *FBA_CHANNELS.values())


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
    file = _sheet(content, marketplace_id)
    price = file.price()
    bound = sheet.bound(price)
    columns: list[list[Any]] = [
        file.skus(),
        file.column(("price",), price),
        file.column(("minimum-seller-allowed-price",), bound),
        file.column(("maximum-seller-allowed-price",), bound),
        file.column(("quantity",), sheet.quantity),
        file.column(("handling-time", "leadtime-to-ship"), sheet.handling_time),
        file.column(("fulfillment-channel",), _channel),
    ]
    return PriceQuantityColumns(file.processed, file.findings(), *file.good(columns))


def inventory_loader(content: bytes, marketplace_id: str = "") -> LoaderColumns:
    """An inventory loader file for that marketplace. FeedUnreadable: it is refused as a whole."""
    file = _sheet(content, marketplace_id)
    price = file.price()
    bound = sheet.bound(price)
    skus = file.skus()
    asins, gtins = file.products()
    columns: list[list[Any]] = [
        skus,
        asins,
        gtins,
        file.column(("price",), price),
        file.column(("minimum-seller-allowed-price",), bound),
        file.column(("maximum-seller-allowed-price",), bound),
        file.column(("item-condition",), sheet.condition),
        file.column(("quantity",), sheet.quantity),
        file.column(("add-delete",), sheet.action, blank="a"),
        file.column(("will-ship-internationally",), sheet.abroad),
        file.column(("expedited-shipping",), sheet.name),
        file.column(("standard-plus",), sheet.name),
        file.column(("item-note",), sheet.note),
        file.column(("fulfillment-center-id",), sheet.name),
        file.column(("product-tax-code",), sheet.name),
        file.column(("handling-time", "leadtime-to-ship"), sheet.handling_time),
        file.column(("merchant-shipping-group-name", "merchant-shipping-group"), sheet.name),
    ]
    return LoaderColumns(file.processed, file.findings(), *file.good(columns))


def _sheet(content: bytes, marketplace_id: str) -> Sheet:
    marketplace = by_id(marketplace_id)
    return sheet.sheet(content, marketplace.code if marketplace else "")


def _channel(text: str) -> str:
    channel = text.upper()
    if channel not in CHANNELS:
        raise ValueError(f"'{text[:20]}' is not one of {', '.join(CHANNELS)}")
    return channel
