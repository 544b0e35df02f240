"""Supply: how many units of an item there are or soon will be, and from when they can be picked.

What is bound to an order, set aside, under research, unsellable or not yet shipped is no supply. A transfer or shipment
that is late, or that nobody dated, is expected at a time unknown.
Source: domain specification §2.3; Fulfillment Inventory 2010-10-01, data types. What they leave open is decided here:
units of one kind and one time are one row, rows go by kind and by time, and Unknown is last.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
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
# A kind is known by its place in the order of rows.
_TYPES: Final = tuple(SupplyType)
_KINDS: Final = {account: _TYPES.index(supply_type) for account, supply_type in SUPPLY_TYPES.items()}
_SHELF: Final = _TYPES.index(IN_STOCK)
# So is what is no instant, by one that comes before, or after, all others.
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_MOMENTS: Final[dict[datetime, Timepoint]] = {_FIRST: IMMEDIATELY, _LAST: UNKNOWN}


def supply(portions: Iterable[Portion], now: datetime) -> Supply:
    """The supply that some balances are; those that are none do not count."""
    units: dict[tuple[int, datetime], int] = {}
    for account, at, quantity in portions:
        kind = _KINDS.get(account)
        if kind is not None:
            when = at if at is not None and at > now else _FIRST if kind == _SHELF else _LAST
            units[kind, when] = units.get((kind, when), 0) + quantity
    there = [(kind, at, quantity) for (kind, at), quantity in sorted(units.items()) if quantity > 0]
    if not there:
        return NO_SUPPLY
    total = sum([quantity for _, _, quantity in there])
    in_stock = sum([quantity for kind, _, quantity in there if kind == _SHELF])
    earliest = min([at for _, at, _ in there])
    return Supply(total, in_stock, _MOMENTS.get(earliest, earliest), tuple([_row(*one) for one in there]))


def _row(kind: int, at: datetime, quantity: int) -> SupplyRow:
    timepoint = _MOMENTS.get(at, at)
    return SupplyRow(quantity, _TYPES[kind], timepoint, timepoint)


@lru_cache(maxsize=4096)
def on_the_shelf(units: int) -> Supply:
    """What `supply` says of free units that can be picked now, which is all that most items have."""
    if not units:
        return NO_SUPPLY
    return Supply(units, units, IMMEDIATELY, (SupplyRow(units, IN_STOCK, IMMEDIATELY, IMMEDIATELY),))
