"""The chart of accounts: where a unit can be, and what each place means.

Every unit of every item is in exactly one account. Stock accounts are never negative; outside accounts (`X_…`) are
the world beyond the buildings and may be. For every item the sum over all accounts is zero.

An item is an FNSKU in the warehouse's accounts (`IN_…`, `FC_…`) and a SKU in the seller's own (`M_…`), where a place
is one of his locations: the id of a supply source, or `DEFAULT`.
Source: the three axes of FBA stock (hold, disposition, place), domain specification §1.1–1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Account(StrEnum):
    IN_WORKING = "IN_WORKING"
    IN_SHIPPED = "IN_SHIPPED"
    IN_RECEIVING = "IN_RECEIVING"
    FC_AVAIL = "FC_AVAIL"
    FC_ORDER = "FC_ORDER"
    FC_XFER = "FC_XFER"
    FC_PROC = "FC_PROC"
    FC_RESEARCH = "FC_RESEARCH"
    FC_UNS = "FC_UNS"
    M_AVAIL = "M_AVAIL"
    M_RES_PENDING = "M_RES_PENDING"
    M_RES_UNSHIPPED = "M_RES_UNSHIPPED"
    X_SUPPLIER = "X_SUPPLIER"
    X_SELLER = "X_SELLER"
    X_CUSTOMER = "X_CUSTOMER"
    X_REMOVED = "X_REMOVED"
    X_DISPOSED = "X_DISPOSED"
    X_LOST = "X_LOST"
    X_AMAZON = "X_AMAZON"
    X_CORRECTION = "X_CORRECTION"


class Disposition(StrEnum):
    """The physical condition of a unit; says nothing about whether it may be picked."""

    SELLABLE = "SELLABLE"
    DEFECTIVE = "DEFECTIVE"
    CUSTOMER_DAMAGED = "CUSTOMER_DAMAGED"
    WAREHOUSE_DAMAGED = "WAREHOUSE_DAMAGED"
    DISTRIBUTOR_DAMAGED = "DISTRIBUTOR_DAMAGED"
    CARRIER_DAMAGED = "CARRIER_DAMAGED"
    EXPIRED = "EXPIRED"


BAD_DISPOSITIONS: Final = tuple(d for d in Disposition if d is not Disposition.SELLABLE)


@dataclass(frozen=True)
class Traits:
    """What is true of every balance of an account. The key's parts that it uses are named as in `Key`."""

    meaning: str
    parts: tuple[str, ...] = ()
    outside: bool = False
    inbound: bool = False  # announced, not yet in a building: startDateTime does not see it move
    merchant: bool = False  # in the seller's own hands: the item is a SKU, the place one of his locations
    may_owe: bool = False  # an outside account that may give more than it received
    dispositions: tuple[Disposition, ...] = ()


_SELLABLE: Final = (Disposition.SELLABLE,)

ACCOUNTS: Final[dict[Account, Traits]] = {
    Account.IN_WORKING: Traits("announced to the warehouse", ("place", "ref"), inbound=True),
    Account.IN_SHIPPED: Traits("on the way to the warehouse", ("place", "ref", "at"), inbound=True),
    Account.IN_RECEIVING: Traits("arrived, being received", ("place", "ref", "at"), inbound=True),
    Account.FC_AVAIL: Traits("can be picked, packed and shipped", ("place", "at"), dispositions=_SELLABLE),
    Account.FC_ORDER: Traits("reserved for a customer order", ("place", "ref", "detail"), dispositions=_SELLABLE),
    Account.FC_XFER: Traits("between two centres", ("place", "detail", "ref", "at"), dispositions=_SELLABLE),
    Account.FC_PROC: Traits("set aside inside the centre", ("place", "detail", "ref"), dispositions=tuple(Disposition)),
    Account.FC_RESEARCH: Traits("misplaced or suspected damaged", ("place", "detail", "at"), dispositions=_SELLABLE),
    Account.FC_UNS: Traits("cannot be sold", ("place",), dispositions=BAD_DISPOSITIONS),
    Account.M_AVAIL: Traits("with the seller, can be sold", ("place",), merchant=True),
    Account.M_RES_PENDING: Traits("with the seller, ordered and not yet paid", ("place", "ref"), merchant=True),
    Account.M_RES_UNSHIPPED: Traits("with the seller, ordered, paid, to be shipped", ("place", "ref"), merchant=True),
    Account.X_SUPPLIER: Traits("with the seller or his supplier", outside=True, may_owe=True),
    Account.X_SELLER: Traits("counted in or out by the seller", ("detail",), outside=True, may_owe=True),
    Account.X_CUSTOMER: Traits("shipped and not returned", ("ref",), outside=True),
    Account.X_REMOVED: Traits("sent back to the seller", ("ref",), outside=True),
    Account.X_DISPOSED: Traits("destroyed, donated or liquidated", ("detail",), outside=True),
    Account.X_LOST: Traits("lost, still claimable", ("detail",), outside=True),
    Account.X_AMAZON: Traits("owned by the warehouse's operator", ("ref",), outside=True),
    Account.X_CORRECTION: Traits("corrections, merges, opening balances", ("detail",), outside=True, may_owe=True),
}

# Stock that the warehouse has or expects, and stock that the seller has himself.
WAREHOUSE_ACCOUNTS: Final = tuple(a for a, traits in ACCOUNTS.items() if not traits.outside and not traits.merchant)
MERCHANT_ACCOUNTS: Final = tuple(a for a, traits in ACCOUNTS.items() if traits.merchant)
# The accounts whose movements `startDateTime` sees: everything inside a building.
BUILDING_ACCOUNTS: Final = tuple(a for a in WAREHOUSE_ACCOUNTS if not ACCOUNTS[a].inbound)
# Nobody asks the world outside whether it has enough, so what it owes is in the journal only, not in a balance.
KEPT_ACCOUNTS: Final = tuple(a for a, traits in ACCOUNTS.items() if not traits.may_owe)

# What `detail` may say, where an account has one.
PROCESSING_REASONS: Final = ("MEASURE", "SAMPLE", "PUTAWAY", "RETURN_INSPECT", "REMOVAL", "HOLD")
RESEARCH_KINDS: Final = ("MISPLACED", "DAMAGE")
LOSS_STAGES: Final = ("INBOUND", "FC", "TRANSFER", "DELIVERY")
DISPOSAL_METHODS: Final = ("DESTROY", "DONATE", "LIQUIDATE")
COUNTING_REASONS: Final = ("COUNT", "DELETE", "PURGE", "NO_INVENTORY")
# The location of a seller who names none.
DEFAULT_LOCATION: Final = "DEFAULT"


@dataclass(frozen=True, slots=True)
class Key:
    """Which balance: an account and what tells its balances apart.

    item: the FNSKU, or the SKU in a merchant account. place: the centre's code (for inbound the destination, for
    transfers too), or the seller's location. detail: a reason, a research kind, a loss stage, a transfer's origin,
    or for a unit sold while between centres its transfer.
    ref: shipment, order item, transfer, removal or reimbursement. at: eta, pickable-at or opened-at.
    """

    item: str
    account: Account
    place: str = ""
    disposition: str = ""
    detail: str = ""
    ref: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        traits = ACCOUNTS[self.account]
        for part in ("place", "detail", "ref"):
            if getattr(self, part) and part not in traits.parts:
                raise ValueError(f"{self.account} has no {part}")
        if self.at is not None and "at" not in traits.parts:
            raise ValueError(f"{self.account} has no instant")
        if (self.disposition or traits.dispositions) and self.disposition not in traits.dispositions:
            raise ValueError(f"{self.account} cannot be {self.disposition or 'without disposition'}")
