"""The papers that travel with stock: items on offer, shipments, orders, transfers, removals.

Each counts on its own what happened to it; `verify` compares the counters with the balances (invariants 7–10).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
    """A customer's or a multi-channel order; its status follows from its items."""

    order_id: str
    status: str
    channel: str
    marketplace_id: str
    placed_at: datetime


@dataclass(slots=True)
class OrderItem:
    order_item_id: str
    order_id: str
    sku: str
    fnsku: str
    ordered: int
    cancelled: int = 0
    shipped: int = 0
    returned: int = 0
    lost: int = 0

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
