"""Every write that moves stock, as plain values. A request, a row of a file and a line of a scenario all become one
of these; field names are what the operator API and the command line accept.

Quantities are whole units, 1 to 999,999,999. `fc` is a fulfilment centre's code, `marketplace` a marketplace id;
where they may be left out, the seller's first marketplace and its default centre are meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

BadDisposition = Literal[
    "DEFECTIVE", "CUSTOMER_DAMAGED", "WAREHOUSE_DAMAGED", "DISTRIBUTOR_DAMAGED", "CARRIER_DAMAGED", "EXPIRED"
]
AnyDisposition = Literal[
    "SELLABLE",
    "DEFECTIVE",
    "CUSTOMER_DAMAGED",
    "WAREHOUSE_DAMAGED",
    "DISTRIBUTOR_DAMAGED",
    "CARRIER_DAMAGED",
    "EXPIRED",
]


class Command:
    """Base of all commands."""

    __slots__ = ()


# catalogue


@dataclass(frozen=True)
class CreateItem(Command):
    sku: str
    title: str
    marketplace: str | None = None
    asin: str | None = None
    condition: str = "NewItem"
    barcode: Literal["amazon", "manufacturer"] = "amazon"


@dataclass(frozen=True)
class CloseItem(Command):
    """Take a SKU off a marketplace. Free stock is written off; strict: refused while any unit is there."""

    sku: str
    marketplace: str | None = None
    strict: bool = False


@dataclass(frozen=True)
class MergeItems(Command):
    """Two SKUs are found to be one item: the free stock of `a` becomes stock of `b`."""

    a: str
    b: str
    quantity: int | None = None


# inbound


@dataclass(frozen=True)
class Plan(Command):
    """Announce units of a SKU; a given working shipment is added to."""

    sku: str
    quantity: int
    fc: str | None = None
    shipment: str | None = None


@dataclass(frozen=True)
class ChangePlan(Command):
    """Set the announced quantity of a SKU in a working shipment (0 takes it out)."""

    shipment: str
    sku: str
    quantity: int


@dataclass(frozen=True)
class CancelPlan(Command):
    shipment: str


@dataclass(frozen=True)
class Ship(Command):
    shipment: str
    eta: datetime | None = None


@dataclass(frozen=True)
class Depart(Command):
    shipment: str


@dataclass(frozen=True)
class Arrive(Command):
    shipment: str


@dataclass(frozen=True)
class CheckIn(Command):
    shipment: str


@dataclass(frozen=True)
class StartReceiving(Command):
    shipment: str


@dataclass(frozen=True)
class Receive(Command):
    """Scan units in. More than announced, or a SKU that was not announced, is received too (F09)."""

    shipment: str
    sku: str
    quantity: int
    disposition: Literal["SELLABLE", "DISTRIBUTOR_DAMAGED", "CARRIER_DAMAGED", "DEFECTIVE", "EXPIRED"] = "SELLABLE"


@dataclass(frozen=True)
class CloseShipment(Command):
    shipment: str


@dataclass(frozen=True)
class Locate(Command):
    """A shortage of a closed shipment turns up."""

    sku: str
    quantity: int
    fc: str | None = None


@dataclass(frozen=True)
class StockLine:
    sku: str
    quantity: int
    marketplace: str | None = None


@dataclass(frozen=True)
class AddStock(Command):
    """Put stock in directly: one SKU, or several `lines` all or none. `expires` turns it EXPIRED at that instant."""

    sku: str | None = None
    quantity: int | None = None
    fc: str | None = None
    marketplace: str | None = None
    expires: datetime | None = None
    lines: tuple[StockLine, ...] = ()


@dataclass(frozen=True)
class OpenBalance(Command):
    """Opening stock on import."""

    sku: str
    quantity: int
    fc: str | None = None
    disposition: AnyDisposition = "SELLABLE"


# orders; the order, or one of its items, may name it


@dataclass(frozen=True)
class OrderLine:
    sku: str
    quantity: int


@dataclass(frozen=True)
class PlaceOrder(Command):
    """One SKU, or several `lines` all or none. MCF: a multi-channel order of the seller himself."""

    sku: str | None = None
    quantity: int | None = None
    lines: tuple[OrderLine, ...] = ()
    marketplace: str | None = None
    channel: Literal["AFN", "MCF"] = "AFN"
    order: str | None = None


@dataclass(frozen=True)
class CancelOrder(Command):
    order: str | None = None
    order_item: str | None = None
    quantity: int | None = None


@dataclass(frozen=True)
class ShipOrder(Command):
    order: str | None = None
    order_item: str | None = None
    quantity: int | None = None


@dataclass(frozen=True)
class MissPick(Command):
    """The picker finds the bin empty: the units go to research, others are reserved; what lacks is cancelled."""

    quantity: int
    order: str | None = None
    order_item: str | None = None


@dataclass(frozen=True)
class LoseDelivery(Command):
    order: str | None = None
    order_item: str | None = None
    quantity: int | None = None


@dataclass(frozen=True)
class ReturnUnit(Command):
    order: str | None = None
    order_item: str | None = None
    quantity: int = 1
    disposition: AnyDisposition = "SELLABLE"
    fc: str | None = None
    inspect: bool = False


# network


@dataclass(frozen=True)
class StartTransfer(Command):
    sku: str
    quantity: int
    origin: str
    destination: str
    eta: datetime | None = None


@dataclass(frozen=True)
class ArriveTransfer(Command):
    transfer: str
    quantity: int | None = None


@dataclass(frozen=True)
class LoseTransfer(Command):
    transfer: str
    quantity: int | None = None


@dataclass(frozen=True)
class Hold(Command):
    sku: str
    quantity: int
    reason: Literal["MEASURE", "SAMPLE", "PUTAWAY", "RETURN_INSPECT", "HOLD"] = "HOLD"
    fc: str | None = None


@dataclass(frozen=True)
class Release(Command):
    sku: str
    quantity: int
    reason: Literal["MEASURE", "SAMPLE", "PUTAWAY", "RETURN_INSPECT", "HOLD"] | None = None
    fc: str | None = None


# trouble


@dataclass(frozen=True)
class Misplace(Command):
    sku: str
    quantity: int
    fc: str | None = None


@dataclass(frozen=True)
class Find(Command):
    """Units turn up: first those under research, then lost ones, then (reversing it) reimbursed ones."""

    sku: str
    quantity: int
    fc: str | None = None


@dataclass(frozen=True)
class GiveUp(Command):
    """Research ends: lost. Without a quantity, all of it."""

    sku: str
    quantity: int | None = None
    fc: str | None = None


@dataclass(frozen=True)
class Lose(Command):
    sku: str
    quantity: int
    fc: str | None = None
    reason: Literal["M", "5"] = "M"


@dataclass(frozen=True)
class Reimburse(Command):
    """A loss is paid (money), replaced by the same item (unit), or a damaged unit is bought (damaged)."""

    sku: str
    quantity: int
    method: Literal["money", "unit", "damaged"] = "money"
    stage: Literal["INBOUND", "FC", "TRANSFER", "DELIVERY"] | None = None
    fc: str | None = None


@dataclass(frozen=True)
class Damage(Command):
    """Damaged in the centre; `suspected` opens research first; a `disposition` says it was bad before."""

    sku: str
    quantity: int
    fc: str | None = None
    suspected: bool = False
    disposition: AnyDisposition = "SELLABLE"


@dataclass(frozen=True)
class ConfirmDamage(Command):
    sku: str
    quantity: int
    fc: str | None = None


@dataclass(frozen=True)
class ChangeDisposition(Command):
    sku: str
    quantity: int
    before: AnyDisposition
    after: AnyDisposition
    fc: str | None = None


@dataclass(frozen=True)
class Expire(Command):
    sku: str
    quantity: int
    fc: str | None = None


@dataclass(frozen=True)
class InspectOk(Command):
    sku: str
    quantity: int
    disposition: BadDisposition
    fc: str | None = None


@dataclass(frozen=True)
class Correct(Command):
    """Add (positive) or take away (negative) units by correction."""

    sku: str
    quantity: int
    kind: Literal["software", "ownership"] = "software"
    fc: str | None = None


# leaving


@dataclass(frozen=True)
class RequestRemoval(Command):
    sku: str
    quantity: int
    disposition: AnyDisposition = "SELLABLE"
    method: Literal["RETURN", "DESTROY", "DONATE", "LIQUIDATE"] = "RETURN"
    fc: str | None = None


@dataclass(frozen=True)
class CancelRemoval(Command):
    removal: str
    quantity: int | None = None


@dataclass(frozen=True)
class ShipRemoval(Command):
    """Returned to the seller, or handed to the liquidator."""

    removal: str
    quantity: int | None = None


@dataclass(frozen=True)
class Dispose(Command):
    removal: str
    quantity: int | None = None


# the world itself


@dataclass(frozen=True)
class SetPolicy(Command):
    """How this seller's warehouse behaves, where the specification leaves a choice (D-4, D-8, D-17, D-27)."""

    putaway: Literal["PICKABLE_AT", "FC_PROCESSING"] | None = None
    putaway_hours: int | None = None
    returns_at_fault: Literal["AMAZON_OWNS", "KEEP_THEN_REIMBURSE"] | None = None
    sell_in_transfer: bool | None = None
    remote_serving: bool | None = None


@dataclass(frozen=True)
class AgeResearch(Command):
    """A timer: units that went missing at `opened_at` reach the next age, or on day 61 are lost."""

    fnsku: str
    fc: str
    kind: str
    opened_at: datetime
    give_up: bool


@dataclass(frozen=True)
class FinishPutaway(Command):
    """A timer: units received earlier can be picked now."""

    fnsku: str
    fc: str
    pickable_at: datetime


@dataclass(frozen=True)
class EndProcessing(Command):
    """A timer: units that went into processing for put-away come out of it."""

    fnsku: str
    fc: str
    quantity: int


@dataclass(frozen=True)
class ReachExpiry(Command):
    """A timer: what is left of units with that expiry turns EXPIRED."""

    fnsku: str
    fc: str
    quantity: int
