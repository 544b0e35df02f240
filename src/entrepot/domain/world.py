"""One seller's world, as far as the commands at hand need it: balances, papers, timers, clock and policies.

Filled by storage under the seller's lock; commands change it through `edit`, `book` and `schedule`; a refused command
is rolled back as a whole. What remains is written in one statement.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, TypeVar

from entrepot.domain.accounts import Account, Key
from entrepot.domain.errors import AlreadyExists, Invalid, NotFound
from entrepot.domain.items import allot, clean_sku, tidy
from entrepot.domain.ledger import Book, Entry
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.papers import (
    Listing,
    Offer,
    Order,
    OrderItem,
    Product,
    Removal,
    Shipment,
    ShipmentItem,
    Sku,
    Source,
    Transfer,
)
from entrepot.domain.places import DEFAULT_CENTRES, country_of

Paper = Sku | Offer | Listing | Product | Source | Shipment | ShipmentItem | Order | OrderItem | Transfer | Removal
P = TypeVar("P", bound=Paper)


@dataclass(frozen=True)
class Policies:
    """Choices that the specification leaves open, per seller (D-4, D-8, D-17, D-27), and those of the seller himself.

    multi_location: whether he is in the multi-location programme, where the server insists on it (strict fidelity).
    legacy_feeds: whether feed types that Amazon retired WORK, are FATAL, or as fidelity has it.
    split_orders: whether a line may be shipped from several locations. pending_minutes: how long an unpaid order holds
    its units; then it is cancelled (pending_end CANCEL) or becomes paid by itself (PAY). fidelity: that of the server,
    or the seller's own. aim_platform: what his AIM account is on; which files and reports it has depends on it.
    upload_pace: whether AIM's next file is processed AT_ONCE or an hour after the one before (HOURLY). errorlog_style:
    whether AIM's error logs have the layout of 2009, or the CLASSIC one before it.
    """

    putaway: str = "PICKABLE_AT"
    putaway_hours: int = 12
    returns_at_fault: str = "AMAZON_OWNS"
    sell_in_transfer: bool = False
    remote_serving: bool = False
    multi_location: bool = False
    split_orders: bool = False
    pending_minutes: int = 30
    pending_end: str = "CANCEL"
    legacy_feeds: str = "AS_FIDELITY"
    fidelity: str = "AS_SERVER"
    aim_platform: str = "MARKETPLACE"
    upload_pace: str = "AS_FIDELITY"
    errorlog_style: str = "2009"


@dataclass(frozen=True)
class Timer:
    """Something that happens by itself at `due_at`: the command `kind` with these arguments."""

    timer_no: int
    due_at: datetime
    kind: str
    arguments: dict[str, object]


# Where each kind of paper lies in a world, and what it is found by.
_SHELVES: Final[dict[type, tuple[str, tuple[str, ...]]]] = {
    Sku: ("skus", ("sku",)),
    Offer: ("offers", ("marketplace_id", "sku")),
    Listing: ("listings", ("sku",)),
    Product: ("products", ("asin",)),
    Source: ("sources", ("source_id",)),
    Shipment: ("shipments", ("shipment_id",)),
    ShipmentItem: ("shipment_items", ("shipment_id", "fnsku")),
    Order: ("orders", ("order_id",)),
    OrderItem: ("order_items", ("order_item_id",)),
    Transfer: ("transfers", ("transfer_id",)),
    Removal: ("removals", ("removal_id",)),
}


@dataclass
class World:
    book: Book
    seed: int
    counter: int
    last_seq: int
    marketplaces: tuple[str, ...]
    policies: Policies = Policies()
    skus: dict[str, Sku] = field(default_factory=dict)
    # The open offers only, by (marketplace, sku).
    offers: dict[tuple[str, str], Offer] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    # The products of the ASINs and GTINs at hand, by ASIN.
    products: dict[str, Product] = field(default_factory=dict)
    # All locations of the seller, where a command needs any.
    sources: dict[str, Source] = field(default_factory=dict)
    shipments: dict[str, Shipment] = field(default_factory=dict)
    shipment_items: dict[tuple[str, str], ShipmentItem] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    order_items: dict[str, OrderItem] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    removals: dict[str, Removal] = field(default_factory=dict)
    timers: list[Timer] = field(default_factory=list)
    # Units that orders took (negative) or gave back at each location since a seller counted: (sku, as of, as of seq)
    moved_since: dict[tuple[str, datetime | None, int | None], dict[str, int]] = field(default_factory=dict)
    # Entries without lines that still change what an item shows in a country: (country, item, entry)
    touched: list[tuple[str, str, Entry]] = field(default_factory=list)
    policies_changed: bool = False

    def __post_init__(self) -> None:
        self.changed: dict[int, Paper] = {}
        self._saved: list[tuple[Paper, Paper | None]] = []
        self._before = (self.counter, self.policies, 0, 0, self.policies_changed)

    # one command

    def begin(self) -> None:
        self.book.begin()
        self._saved.clear()
        self._before = (self.counter, self.policies, len(self.timers), len(self.touched), self.policies_changed)

    def rollback(self) -> None:
        self.book.rollback()
        for paper, copied in reversed(self._saved):
            if copied is None:
                self.changed.pop(id(paper), None)
                self._forget(paper)
            else:
                for part in fields(paper):
                    setattr(paper, part.name, getattr(copied, part.name))
        self._saved.clear()
        self.counter, self.policies, timers, touched, self.policies_changed = self._before
        del self.timers[timers:]
        del self.touched[touched:]

    @property
    def now(self) -> datetime:
        return self.book.now

    # papers

    def edit(self, paper: P) -> P:
        """Announce a change of a paper, so that it is written, or restored if the command fails.

        Lists and objects in it are to be replaced, not changed in place.
        """
        self._saved.append((paper, copy.copy(paper)))
        self.changed[id(paper)] = paper
        return paper

    def add(self, paper: P) -> P:
        """Register a new paper."""
        table, key = self._shelf(paper)
        table[key] = paper
        self._saved.append((paper, None))
        self.changed[id(paper)] = paper
        return paper

    def _forget(self, paper: Paper) -> None:
        table, key = self._shelf(paper)
        table.pop(key, None)

    def _shelf(self, paper: Paper) -> tuple[dict[Any, Any], object]:
        shelf, names = _SHELVES[type(paper)]
        key = tuple(getattr(paper, name) for name in names)
        return getattr(self, shelf), key if len(key) > 1 else key[0]

    def sku(self, name: str, field_name: str = "sku") -> Sku:
        """The SKU of that name; NotFound if this seller has none."""
        found = self.skus.get(clean_sku(name, field_name))
        if found is None:
            raise NotFound("SKU", name)
        return found

    def shipment(self, shipment_id: str) -> Shipment:
        return _present(self.shipments, "shipment", shipment_id)

    def order(self, order_id: str) -> Order:
        return _present(self.orders, "order", order_id)

    def transfer(self, transfer_id: str) -> Transfer:
        return _present(self.transfers, "transfer", transfer_id)

    def removal(self, removal_id: str) -> Removal:
        return _present(self.removals, "removal", removal_id)

    def items_of_shipment(self, shipment_id: str) -> list[ShipmentItem]:
        return [item for item in self.shipment_items.values() if item.shipment_id == shipment_id]

    def items_of_order(self, order_id: str) -> list[OrderItem]:
        return [item for item in self.order_items.values() if item.order_id == order_id]

    def new_id(self, kind: str) -> str:
        self.counter += 1
        return allot(kind, self.seed, self.counter)

    def schedule(self, due_at: datetime, kind: str, /, **arguments: object) -> None:
        self.counter += 1
        self.timers.append(Timer(self.counter, due_at, kind, arguments))

    # places

    def marketplace(self, marketplace_id: str | None) -> Marketplace:
        """One of the seller's marketplaces, the first if none is named; Invalid if it is not his."""
        chosen = marketplace_id or self.marketplaces[0]
        if chosen not in self.marketplaces:
            raise Invalid("marketplace", f"'{chosen}' is not one of this seller's marketplaces")
        return MARKETPLACES[chosen]

    def centre(self, fc: str | None, marketplace_id: str | None = None) -> str:
        """The centre named, in one of the seller's countries; else the default centre of the marketplace."""
        if fc is None:
            return DEFAULT_CENTRES[self.marketplace(marketplace_id).country]
        country = country_of(fc)
        region = MARKETPLACES[self.marketplaces[0]].region
        if not any(m.country == country and m.region == region for m in MARKETPLACES.values()):
            raise Invalid("fc", f"'{fc}' is not in this seller's region")
        return fc

    def refuse_existing(self, table: Iterable[str], kind: str, name: str) -> None:
        if name in table:
            raise AlreadyExists(kind, name)

    def holding(self, sku: Sku, account: Account, fc: str | None = None) -> list[Key]:
        """Balances of an item that hold units, in one centre or everywhere."""
        if fc is not None:
            self.centre(fc)
        return self.book.holding(sku.fnsku, account, lambda key: fc is None or key.place == fc)


def _present(table: dict[str, P], kind: str, name: str) -> P:
    found = table.get(tidy(name))
    if found is None:
        raise NotFound(kind, name)
    return found
