"""Every write that moves stock, as plain values. A request, a row of a file and a line of a scenario all become one
of these; field names are what the operator API and the command line accept.

Quantities are whole units, 1 to 999,999,999. `fc` is a fulfilment centre's code, `marketplace` a marketplace id;
where they may be left out, the seller's first marketplace and its default centre are meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

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
    """price: of one unit, as a decimal text; without it, what the listing asks."""

    sku: str
    quantity: int
    price: str | None = None


@dataclass(frozen=True)
class Buyer:
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Address:
    """Where an order goes. country: two letters."""

    name: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True)
class PlaceOrder(Command):
    """One SKU and its quantity, or several `lines` all or none; not both. AFN: from the warehouse's stock; MCF: so, for
    the seller himself; MFN: from the seller's own locations. Without a channel, as the first SKU is offered."""

    sku: str | None = None
    quantity: int | None = None
    lines: tuple[OrderLine, ...] = ()
    marketplace: str | None = None
    channel: Literal["AFN", "MCF", "MFN"] | None = None
    order: str | None = None
    buyer: Buyer = Buyer()
    address: Address = Address()
    ship_option: Literal["Standard", "Expedited", "SecondDay", "NextDay"] = "Standard"


CancelReason = Literal[
    "NoInventory",
    "ShippingAddressUndeliverable",
    "CustomerExchange",
    "BuyerCanceled",
    "GeneralAdjustment",
    "CarrierCreditDecision",
    "RiskAssessmentInformationNotValid",
    "CarrierCoverageFailure",
    "CustomerReturn",
    "MerchandiseNotReceived",
]


@dataclass(frozen=True)
class CancelOrder(Command):
    """The units are free again; those of a merchant-fulfilled order are written off if there is NoInventory."""

    order: str | None = None
    order_item: str | None = None
    quantity: int | None = None
    reason: CancelReason = "BuyerCanceled"


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


# merchant-fulfilled orders


@dataclass(frozen=True)
class VerifyPayment(Command):
    order: str


@dataclass(frozen=True)
class Package:
    """What a shipment's confirmation says of it; texts as the seller gave them."""

    carrier: str = ""
    method: str = ""
    tracking: str = ""
    shipped_at: datetime | None = None


@dataclass(frozen=True)
class ConfirmedItem:
    """An item of a shipment; without quantity, all that is left of it."""

    order_item: str
    quantity: int | None = None


@dataclass(frozen=True)
class ConfirmShipment(Command):
    """The whole order, one item of it, or some `items`, all or none. source: the location it left from, if not the one
    that was reserved."""

    order: str | None = None
    order_item: str | None = None
    quantity: int | None = None
    items: tuple[ConfirmedItem, ...] = ()
    source: str | None = None
    package: Package = Package()


@dataclass(frozen=True)
class RestockReturn(Command):
    """A customer's return is on the seller's shelf again, at the location it was shipped from unless one is named."""

    order: str | None = None
    order_item: str | None = None
    quantity: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Refund(Command):
    """Money back, as a decimal text; never moves stock (D-21)."""

    order_item: str
    amount: str
    reason: str = "GeneralAdjustment"
    order: str | None = None
    message: str = ""


@dataclass(frozen=True)
class EndPending(Command):
    """A timer: an order is not paid in time."""

    order: str


# listings and locations


@dataclass(frozen=True)
class PutListing(Command):
    """Create a listing, or replace its product facts; sales terms that are left out stay."""

    sku: str
    product_type: str
    attributes: dict[str, Any]
    marketplace: str | None = None
    requirements: Literal["LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"] = "LISTING"
    strict: bool = False


@dataclass(frozen=True)
class Patch:
    """One operation on one attribute. value None: there was none, which only `delete` allows."""

    op: str
    path: str
    value: list[Any] | None = None


@dataclass(frozen=True)
class PatchListing(Command):
    """Change attributes of a listing; one that is not there is created. marketplaces: none means the first.

    mark: an even number, of the row of a file that says all of this; the listing keeps it until its attributes change
    again."""

    sku: str
    patches: tuple[Patch, ...]
    product_type: str = "PRODUCT"
    marketplaces: tuple[str, ...] = ()
    strict: bool = False
    mark: int | None = None


@dataclass(frozen=True)
class DeleteListing(Command):
    """In one marketplace; its stock is written off with the last one. Reservations stay."""

    sku: str
    marketplace: str | None = None
    reason: Literal["DELETE", "PURGE"] = "DELETE"


@dataclass(frozen=True)
class SetQuantity(Command):
    """What is available at a location from now on; reservations stay (D-19). With an as-of (an instant, or an entry's
    number), what was reserved since is taken off, what was released since is added (D-20)."""

    sku: str
    quantity: int
    source: str = "DEFAULT"
    as_of: datetime | None = None
    as_of_seq: int | None = None


@dataclass(frozen=True)
class MoveQuantity(Command):
    sku: str
    quantity: int
    origin: str
    destination: str


@dataclass(frozen=True)
class CreateSource(Command):
    """A new location. address: name, addressLine1, stateOrRegion, countryCode at least. source: its id, if it must have
    a certain one."""

    code: str
    alias: str
    address: dict[str, Any]
    source: str | None = None


@dataclass(frozen=True)
class UpdateSource(Command):
    """What is named is replaced as a whole."""

    source: str
    alias: str | None = None
    configuration: dict[str, Any] | None = None
    capabilities: dict[str, Any] | None = None


@dataclass(frozen=True)
class SourceStatus(Command):
    """Archived is for ever."""

    source: str
    status: Literal["Active", "Inactive", "Archived"]


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
    multi_location: bool | None = None
    split_orders: bool | None = None
    pending_minutes: int | None = None
    pending_end: Literal["CANCEL", "PAY"] | None = None
    legacy_feeds: Literal["AS_FIDELITY", "WORK", "FATAL"] | None = None
    fidelity: Literal["AS_SERVER", "FORGIVING", "STRICT"] | None = None
    aim_platform: Literal["MARKETPLACE", "SELLER_CENTRAL"] | None = None
    upload_pace: Literal["AS_FIDELITY", "AT_ONCE", "HOURLY"] | None = None
    errorlog_style: Literal["2009", "CLASSIC"] | None = None


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
