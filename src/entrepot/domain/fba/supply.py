"""Supply: how many units of an item there are or soon will be, and from when they can be picked.

What is bound to an order, set aside, under research, unsellable or not yet shipped is no supply. A transfer or shipment
that is late, or that nobody dated, is expected at a time unknown.
Source: domain specification §2.3; Fulfillment Inventory 2010-10-01, data types. What they leave open is decided here:
units of one kind and one time are one row, rows go by kind and by time, and Unknown is last.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from entrepot.domain.accounts import Account


class SupplyType(StrEnum):
    IN_STOCK = "InStock"
    INBOUND = "Inbound"
    TRANSFER = "Transfer"


class Moment(Enum):
    """When units can be picked, where that is no instant."""

    IMMEDIATELY = "Immediately"
    UNKNOWN = "Unknown"


Timepoint = Moment | datetime
# Named once: to look a member up in its class costs more than to use it.
IMMEDIATELY: Final = Moment.IMMEDIATELY
UNKNOWN: Final = Moment.UNKNOWN
IN_STOCK: Final = SupplyType.IN_STOCK

# What is supply, and of which kind. In stock is what is free, though it may have to be put away first.
SUPPLY_TYPES: Final[dict[Account, SupplyType]] = {
    Account.FC_AVAIL: SupplyType.IN_STOCK,
    Account.IN_SHIPPED: SupplyType.INBOUND,
    Account.IN_RECEIVING: SupplyType.INBOUND,
    Account.FC_XFER: SupplyType.TRANSFER,
}


class SupplyRow(NamedTuple):
    """Units of one kind that can be picked from one time on; never none."""

    quantity: int
    type: SupplyType
    earliest: Timepoint
    latest: Timepoint


class Supply(NamedTuple):
    """`earliest` is when the first of the units can be picked; None if there is no unit."""

    total: int
    in_stock: int
    earliest: Timepoint | None
    rows: tuple[SupplyRow, ...]


class Portion(NamedTuple):
    """Units of a balance, as far as supply looks at it: `at` is when they can be picked, or are expected."""

    account: Account
    at: datetime | None
    units: int


NO_SUPPLY: Final = Supply(0, 0, None, ())
_TYPE_ORDER: Final = {supply_type: place for place, supply_type in enumerate(SupplyType)}


def supply(portions: Iterable[Portion], now: datetime) -> Supply:
    """The supply that some balances are; those that are none do not count."""
    units: dict[tuple[SupplyType, Timepoint], int] = {}
    for portion in portions:
        supply_type = SUPPLY_TYPES.get(portion.account)
        if supply_type is not None:
            row = supply_type, _timepoint(supply_type, portion.at, now)
            units[row] = units.get(row, 0) + portion.units
    rows = tuple(
        SupplyRow(quantity, supply_type, at, at)
        for (supply_type, at), quantity in sorted(
            units.items(), key=lambda row: (_TYPE_ORDER[row[0][0]], rank(row[0][1]))
        )
        if quantity > 0
    )
    in_stock = sum(row.quantity for row in rows if row.type is IN_STOCK)
    earliest = min((row.earliest for row in rows), key=rank, default=None)
    return Supply(sum(row.quantity for row in rows), in_stock, earliest, rows)


@lru_cache(maxsize=4096)
def on_the_shelf(units: int) -> Supply:
    """What `supply` says of free units that can be picked now, which is all that most items have."""
    if not units:
        return NO_SUPPLY
    return Supply(units, units, IMMEDIATELY, (SupplyRow(units, IN_STOCK, IMMEDIATELY, IMMEDIATELY),))


def _timepoint(supply_type: SupplyType, at: datetime | None, now: datetime) -> Timepoint:
    if at is not None and at > now:
        return at
    return IMMEDIATELY if supply_type is IN_STOCK else UNKNOWN


def rank(timepoint: Timepoint) -> tuple[int, float]:
    """Now, then every instant, then a time unknown: units that have a date come before those that have none."""
    if isinstance(timepoint, datetime):
        return 1, timepoint.timestamp()
    return (0, 0) if timepoint is IMMEDIATELY else (2, 0)
