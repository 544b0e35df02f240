"""The papers that travel with stock: items on offer, listings, locations, shipments, orders, transfers, removals.

Each counts on its own what happened to it; `verify` compares the counters with the balances (invariants 7–10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Sku:
    """A seller's name for an item. Several SKUs may name one item and then share its stock (D-6)."""

    sku: str
    fnsku: str
    asin: str
    condition: str
    barcode: str


@dataclass(slots=True)
class Offer:
    """A SKU in one marketplace, from the entry that created it to the one that closed it."""

    marketplace_id: str
    sku: str
    created_seq: int
    title: str
    created_at: datetime
    closed_seq: int | None = None


Instance = dict[str, Any]  # one instance of an attribute, as submitted


@dataclass(slots=True)
class Listing:
    """What the seller submitted last about a SKU. Orders never change it; live quantities are balances.

    availability: `fulfillment_availability` by channel (DEFAULT, a supply source's id, AMAZON_NA…). offers:
    `purchasable_offer` by `marketplace|currency|audience`. attributes: every other attribute, name → instances.
    A deleted listing is still found for a day (`deleted_at`). mark: which row of a file said its attributes, so that
    the same row again need not be looked into; one more, an odd number, where the listing says more than the row.
    """

    sku: str
    product_type: str
    requirements: str
    marketplaces: list[str]
    availability: dict[str, Instance]
    offers: dict[str, Instance]
    attributes: dict[str, list[Instance]]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None
    mark: int | None = None


@dataclass(slots=True)
class Product:
    """A product of the catalogue. gtin: 14 digits, or empty."""

    asin: str
    gtin: str
    product_type: str
    title: str


@dataclass(slots=True)
class Source:
    """A supply source: a place from which the seller ships. Status: Active, Inactive or Archived.

    `window_orders` orders were routed here since `window_start`, for its throughput cap.
    """

    source_id: str
    code: str
    alias: str
    status: str
    address: dict[str, Any]
    configuration: dict[str, Any]
    capabilities: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    window_start: datetime | None = None
    window_orders: int = 0


@dataclass(slots=True)
class Shipment:
    """An inbound shipment; its status moves along `SHIPMENT_STATES`."""

    shipment_id: str
    status: str
    destination: str
    eta: datetime | None = None


@dataclass(slots=True)
class ShipmentItem:
    shipment_id: str
    fnsku: str
    sku: str
    announced: int = 0
    received: int = 0
    cancelled: int = 0
    lost: int = 0

    @property
    def remaining(self) -> int:
        return self.announced - self.received - self.cancelled - self.lost


@dataclass(slots=True)
class Order:
    """A customer's or a multi-channel order; its status follows from its items, and from payment where that is open.

    channel: AFN and MCF from the warehouse's stock, MFN from the seller's. details: buyer, address, ship option.
    promise: earliest and latest ship and delivery, as computed when the order was routed.
    """

    order_id: str
    status: str
    channel: str
    marketplace_id: str
    placed_at: datetime
    updated_at: datetime
    paid_at: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)
    promise: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class OrderItem:
    """A line of an order. price and refunded are in the currency's minor units, price is of one unit.

    routes: `{"source", "quantity"}` of the locations that ship it. packages: the shipments confirmed.
    """

    order_item_id: str
    order_id: str
    sku: str
    fnsku: str
    ordered: int
    cancelled: int = 0
    shipped: int = 0
    returned: int = 0
    lost: int = 0
    currency: str = ""
    price: int = 0
    refunded: int = 0
    routes: list[dict[str, Any]] = field(default_factory=list)
    packages: list[dict[str, Any]] = field(default_factory=list)
    line: int = 0  # its place in the order

    @property
    def reserved(self) -> int:
        return self.ordered - self.cancelled - self.shipped

    @property
    def with_customer(self) -> int:
        return self.shipped - self.returned - self.lost


@dataclass(slots=True)
class Transfer:
    transfer_id: str
    fnsku: str
    sku: str
    origin: str
    destination: str
    eta: datetime | None
    sent: int
    arrived: int = 0
    lost: int = 0
    sold: int = 0

    @property
    def on_the_way(self) -> int:
        return self.sent - self.arrived - self.lost - self.sold


@dataclass(slots=True)
class Removal:
    removal_id: str
    fnsku: str
    sku: str
    disposition: str
    method: str
    requested: int
    cancelled: int = 0
    shipped: int = 0
    disposed: int = 0

    @property
    def remaining(self) -> int:
        return self.requested - self.cancelled - self.shipped - self.disposed


# What may follow what. RECEIVING is reached by the first unit scanned; a deleted or closed shipment is final.
SHIPMENT_STATES: dict[str, tuple[str, ...]] = {
    "WORKING": ("SHIPPED", "DELETED"),
    "SHIPPED": ("IN_TRANSIT", "DELIVERED", "CHECKED_IN", "RECEIVING", "CANCELLED", "CLOSED"),
    "IN_TRANSIT": ("DELIVERED", "CHECKED_IN", "RECEIVING", "CANCELLED", "CLOSED"),
    "DELIVERED": ("CHECKED_IN", "RECEIVING", "CANCELLED", "CLOSED"),
    "CHECKED_IN": ("RECEIVING", "CANCELLED", "CLOSED"),
    "RECEIVING": ("CLOSED",),
    "CLOSED": (),
    "CANCELLED": (),
    "DELETED": (),
}
