"""Every quantity that any door shows, as a sum of balances.

`NUMBERS` says for each name which accounts (and dispositions, and research ages) are added up; `explain` prints the
same table's answer balance by balance. A `Position` is the running sum of one item in one country, by state.
`MERCHANT_NUMBERS` are those of stock that the seller has himself, by location.
Source: domain specification §2.1, §2.3, §2.4; the age bands of research are those of the FBA Inventory v1 reference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from entrepot.domain.accounts import DEFAULT_LOCATION, Account, Disposition, Key

# D-3: units under research are not counted in the total (the published formula of the report leaves them out).
RESEARCHING_IN_TOTAL: Final = False

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Band:
    """A span of research days, both ends included: day n began (n - 1) times 24 hours after the research opened."""

    first_day: int
    last_day: int


SHORT_TERM: Final = Band(1, 10)
MID_TERM: Final = Band(11, 20)
LONG_TERM: Final = Band(21, 10**6)
# Research never exceeds 60 days: at the end of day 60 the units are lost unless found before (D-1).
RESEARCH_DAYS: Final = 60


def research_day(opened_at: datetime, now: datetime) -> int:
    """1 on the first day of research, 2 on the second… (D-1)."""
    return max((now - opened_at) // DAY, 0) + 1


@dataclass(frozen=True)
class Part:
    """What one balance must be to count."""

    account: Account
    disposition: Disposition | None = None
    band: Band | None = None

    def counts(self, key: Key, now: datetime) -> bool:
        if key.account is not self.account or (self.disposition and key.disposition != self.disposition):
            return False
        if self.band is None or key.at is None:
            return self.band is None
        return self.band.first_day <= research_day(key.at, now) <= self.band.last_day


def _unsellable(disposition: Disposition) -> Part:
    return Part(Account.FC_UNS, disposition)


_RESERVED: Final = (Part(Account.FC_ORDER), Part(Account.FC_XFER), Part(Account.FC_PROC))
_INBOUND: Final = (Part(Account.IN_WORKING), Part(Account.IN_SHIPPED), Part(Account.IN_RECEIVING))
_RESEARCHING: Final = (Part(Account.FC_RESEARCH),)

NUMBERS: Final[dict[str, tuple[Part, ...]]] = {
    "fulfillable": (Part(Account.FC_AVAIL),),
    "inbound_working": (Part(Account.IN_WORKING),),
    "inbound_shipped": (Part(Account.IN_SHIPPED),),
    "inbound_receiving": (Part(Account.IN_RECEIVING),),
    "total_reserved": _RESERVED,
    "pending_customer_order": (Part(Account.FC_ORDER),),
    "pending_transshipment": (Part(Account.FC_XFER),),
    "fc_processing": (Part(Account.FC_PROC),),
    "total_researching": _RESEARCHING,
    "researching_in_short_term": (Part(Account.FC_RESEARCH, band=SHORT_TERM),),
    "researching_in_mid_term": (Part(Account.FC_RESEARCH, band=MID_TERM),),
    "researching_in_long_term": (Part(Account.FC_RESEARCH, band=LONG_TERM),),
    "total_unfulfillable": (Part(Account.FC_UNS),),
    "customer_damaged": (_unsellable(Disposition.CUSTOMER_DAMAGED),),
    "warehouse_damaged": (_unsellable(Disposition.WAREHOUSE_DAMAGED),),
    "distributor_damaged": (_unsellable(Disposition.DISTRIBUTOR_DAMAGED),),
    "carrier_damaged": (_unsellable(Disposition.CARRIER_DAMAGED),),
    "defective": (_unsellable(Disposition.DEFECTIVE),),
    "expired": (_unsellable(Disposition.EXPIRED),),
    "total": (
        Part(Account.FC_AVAIL),
        *_RESERVED,
        Part(Account.FC_UNS),
        *_INBOUND,
        *(_RESEARCHING if RESEARCHING_IN_TOTAL else ()),
    ),
    # MWS: what can be picked, at once or when it is put away; and what is on the way to where it can.
    "in_stock_supply": (Part(Account.FC_AVAIL),),
    "total_supply": (
        Part(Account.FC_AVAIL),
        Part(Account.FC_XFER),
        Part(Account.IN_SHIPPED),
        Part(Account.IN_RECEIVING),
    ),
}
# Free stock of other countries counts in these, where the seller lets it serve (D-17).
SERVED_FROM_EVERYWHERE: Final = frozenset(("fulfillable", "total", "in_stock_supply", "total_supply"))


def number(name: str, balances: Iterable[tuple[Key, int]], now: datetime) -> int:
    """The value of one of `NUMBERS` over the balances given."""
    parts = NUMBERS[name]
    return sum(units for key, units in balances if any(part.counts(key, now) for part in parts))


# Of merchant-fulfilled stock: what is for sale, what is reserved. `mfn_default` is what the channel DEFAULT shows: its
# own units and those of all locations that are open for sale (D-15).
MERCHANT_NUMBERS: Final[dict[str, tuple[Part, ...]]] = {
    "mfn_available": (Part(Account.M_AVAIL),),
    "mfn_default": (Part(Account.M_AVAIL),),
    "mfn_pending": (Part(Account.M_RES_PENDING),),
    "mfn_unshipped": (Part(Account.M_RES_UNSHIPPED),),
    "mfn_reserved": (Part(Account.M_RES_PENDING), Part(Account.M_RES_UNSHIPPED)),
}


def default_places(active: Iterable[str]) -> frozenset[str]:
    """What the channel DEFAULT is shown to have: its own units, and those of all locations that are active."""
    return frozenset((DEFAULT_LOCATION, *active))


def selling_places(channels: Collection[str], active: Iterable[str]) -> list[str]:
    """The locations that orders of a SKU may be shipped from: those that are active, and DEFAULT's own units only while
    the SKU has a channel at none of them (D-23)."""
    places = list(active)
    return places if any(place in channels for place in places) else [*places, DEFAULT_LOCATION]


@dataclass(slots=True)
class Position:
    """Units of one item in one country by state; the running sum of its stock balances."""

    available: int = 0
    ordered: int = 0
    in_transfer: int = 0
    processing: int = 0
    researching: int = 0
    customer_damaged: int = 0
    warehouse_damaged: int = 0
    distributor_damaged: int = 0
    carrier_damaged: int = 0
    defective: int = 0
    expired: int = 0
    working: int = 0
    shipped: int = 0
    receiving: int = 0

    def sums(self) -> tuple[int, int, int]:
        """Reserved, unfulfillable, and the total: units in an inbound shipment or in a centre (D-3 for research)."""
        reserved = self.ordered + self.in_transfer + self.processing
        unfulfillable = (
            self.customer_damaged
            + self.warehouse_damaged
            + self.distributor_damaged
            + self.carrier_damaged
            + self.defective
            + self.expired
        )
        inbound = self.working + self.shipped + self.receiving
        total = self.available + reserved + unfulfillable + inbound
        return reserved, unfulfillable, total + self.researching if RESEARCHING_IN_TOTAL else total

    @property
    def reserved(self) -> int:
        return self.sums()[0]

    @property
    def unfulfillable(self) -> int:
        return self.sums()[1]

    @property
    def total(self) -> int:
        return self.sums()[2]


# Which column of a position a balance is added to.
POSITION_COLUMNS: Final[dict[tuple[Account, str], str]] = {
    (Account.FC_AVAIL, "SELLABLE"): "available",
    (Account.FC_ORDER, "SELLABLE"): "ordered",
    (Account.FC_XFER, "SELLABLE"): "in_transfer",
    **{(Account.FC_PROC, disposition.value): "processing" for disposition in Disposition},
    (Account.FC_RESEARCH, "SELLABLE"): "researching",
    **{
        (Account.FC_UNS, disposition.value): disposition.value.lower()
        for disposition in Disposition
        if disposition is not Disposition.SELLABLE
    },
    (Account.IN_WORKING, ""): "working",
    (Account.IN_SHIPPED, ""): "shipped",
    (Account.IN_RECEIVING, ""): "receiving",
}
