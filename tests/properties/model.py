"""A second opinion: what each verb may do and what it does to the accounts, said once more without the domain's code.

It knows places, states and papers only as far as they decide whether a command is legal and how many units move between
which accounts. Units come from the lines that the ledger answers, so the model never asks the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from entrepot.domain import commands as c
from entrepot.domain.accounts import Key
from entrepot.domain.commands import Command
from entrepot.domain.errors import AlreadyExists, Invalid, NotAllowed, NotFound, Problem, Rejected, Shortage

MOST = 999_999_999
COUNTRIES = {"PHX6": "US", "JFK8": "US", "YYZ4": "CA"}
MARKETS = {"ATVPDKIKX0DER": "US", "A2EUQ1WTGCTBG2": "CA"}
ZONE = ZoneInfo("America/Los_Angeles")  # of both marketplaces, and so of all locations
US_MARKET = "ATVPDKIKX0DER"
ON_THE_WAY = ("SHIPPED", "IN_TRANSIT", "DELIVERED", "CHECKED_IN")
STATES = {
    "FC_AVAIL": "available",
    "FC_ORDER": "ordered",
    "FC_XFER": "in_transfer",
    "FC_PROC": "processing",
    "FC_RESEARCH": "researching",
    "IN_WORKING": "working",
    "IN_SHIPPED": "shipped",
    "IN_RECEIVING": "receiving",
}

SUPPLY = {"FC_AVAIL": "InStock", "FC_XFER": "Transfer", "IN_SHIPPED": "Inbound", "IN_RECEIVING": "Inbound"}

Effect = Counter[tuple[str, str]]  # (item, account) → units more or less


class Refused(Exception):
    """The model says no, for one of these reasons."""

    def __init__(self, *reasons: type[Problem]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def need(condition: bool, *reasons: type[Problem]) -> None:
    if not condition:
        raise Refused(*reasons)


def account_of(key: Key) -> str:
    return f"{key.account}:{key.disposition}" if key.account == "FC_UNS" else str(key.account)


def shelf(disposition: str) -> str:
    return "FC_AVAIL" if disposition == "SELLABLE" else f"FC_UNS:{disposition}"


@dataclass
class Place:
    """A location. Its cap is so many orders a day; `orders` were routed to it on `day`."""

    code: str
    status: str = "Inactive"
    delivers: bool = True
    cap: int | None = None
    day: date | None = None
    orders: int = 0

    def has_room(self, today: date) -> bool:
        return self.cap is None or self.day != today or self.orders < self.cap

    def count(self, today: date) -> None:
        if self.cap is not None:
            self.day, self.orders = today, self.orders + 1 if self.day == today else 1


@dataclass
class OwnItem:
    """What an item of an order that the seller ships himself is beside its units; amounts in cents."""

    sku: str
    paid: int
    refunded: int = 0
    packages: list[tuple[str, int]] = field(default_factory=list)
    returned: int = 0


@dataclass
class Own:
    """An order that the seller ships himself."""

    due: datetime
    items: dict[str, OwnItem]
    pending: bool = True


Amount = tuple[bool, int]  # whether it is one, and how many cents
AMOUNTS: dict[str, Amount] = {
    "0.01": (True, 1), "2.50": (True, 250), "7": (True, 700), "1000": (True, 100_000),
    "0": (False, 0), "1.001": (False, 0), "-1": (False, 0), "some": (False, 0),
}  # fmt: skip


@dataclass
class Model:
    now: datetime
    units: Counter[Key] = field(default_factory=Counter)
    skus: dict[str, str] = field(default_factory=dict)  # SKU → item
    offers: set[tuple[str, str]] = field(default_factory=set)  # (marketplace, SKU)
    shipments: dict[str, tuple[str, str]] = field(default_factory=dict)  # → status, destination
    orders: dict[str, tuple[str, list[str]]] = field(default_factory=dict)  # → marketplace, order items
    transfers: list[str] = field(default_factory=list)
    removals: dict[str, tuple[str, str]] = field(default_factory=dict)  # → disposition, method
    timers: list[tuple[datetime, str, str, str, int]] = field(default_factory=list)  # due, from, item, centre, units
    policies: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    listings: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)  # SKU → marketplaces, channels
    own: dict[str, Own] = field(default_factory=dict)

    # what is where

    def there(self, account: str, where: Callable[[Key], bool] = lambda key: True) -> int:
        return sum(units for key, units in self.units.items() if account_of(key) == account and where(key))

    def of(self, item: str, account: str, fc: str | None = None) -> int:
        return self.there(account, lambda key: key.item == item and fc in (None, key.place))

    def by_item(self, account: str, ref: str) -> dict[str, int]:
        found: Counter[str] = Counter()
        for key, units in self.units.items():
            if units and key.account == account and key.ref == ref:
                found[key.item] += units
        return found

    def item(self, sku: str) -> str:
        need(sku in self.skus, NotFound)
        return self.skus[sku]

    def serving(self, item: str, marketplace: str, account: str = "FC_AVAIL") -> int:
        everywhere = self.policies.get("remote_serving") and account == "FC_AVAIL"
        return self.there(
            account, lambda key: key.item == item and (everywhere or COUNTRIES[key.place] == MARKETS[marketplace])
        )

    def shown(self, item: str, marketplace: str) -> dict[str, int]:
        """The states of a position as the marketplace shows it."""
        found: Counter[str] = Counter()
        for key, units in self.units.items():
            if key.item == item and key.place and COUNTRIES[key.place] == MARKETS[marketplace]:
                found[STATES.get(str(key.account)) or key.disposition.lower()] += units
        if self.policies.get("remote_serving"):
            found["available"] = self.serving(item, marketplace)
        return {state: units for state, units in found.items() if units}

    def supply(self, item: str, marketplace: str) -> dict[tuple[str, object], int]:
        """Units that can be picked, by kind and time: an instant to come, or a word."""
        found: Counter[tuple[str, object]] = Counter()
        for key, units in self.units.items():
            kind = SUPPLY.get(str(key.account))
            serves = kind == "InStock" and bool(self.policies.get("remote_serving"))
            if key.item == item and kind and (serves or COUNTRIES[key.place] == MARKETS[marketplace]):
                to_come = key.at is not None and key.at > self.now
                found[kind, key.at if to_come else "Immediately" if kind == "InStock" else "Unknown"] += units
        return {row: units for row, units in found.items() if units}

    def ages(self, item: str, marketplace: str) -> tuple[int, int, int]:
        bands = [0, 0, 0]
        for key, units in self.units.items():
            if key.item == item and key.account == "FC_RESEARCH" and COUNTRIES[key.place] == MARKETS[marketplace]:
                assert key.at is not None
                days = (self.now - key.at) / timedelta(days=1)
                bands[0 if days < 10 else 1 if days < 20 else 2] += units
        return bands[0], bands[1], bands[2]

    # what the seller has himself

    def at(self, account: str, sku: str, place: str) -> int:
        return self.there(account, lambda key: key.item == sku and key.place == place)

    def own_numbers(self, sku: str) -> dict[str, int]:
        """The numbers of a SKU in the seller's own hands, as §2.4 has them."""
        available = {place: self.at("M_AVAIL", sku, place) for place in ("DEFAULT", *self.places)}
        pending, unshipped = (self.of(sku, account) for account in ("M_RES_PENDING", "M_RES_UNSHIPPED"))
        active = sum(available[id_] for id_, place in self.places.items() if place.status == "Active")
        return {
            **{f"mfn_available {place}": units for place, units in available.items()},
            "mfn_default": available["DEFAULT"] + active,
            "mfn_pending": pending,
            "mfn_unshipped": unshipped,
            "mfn_reserved": pending + unshipped,
        }

    def own_item(self, order_item: str) -> tuple[Own, OwnItem] | None:
        return next(((o, o.items[order_item]) for o in self.own.values() if order_item in o.items), None)

    def place_named(self, name: str, *reserved: str) -> str:
        if name == "DEFAULT":
            return name
        found = next((id_ for id_, place in self.places.items() if name in (id_, place.code)), None)
        if found is None:
            raise Refused(Invalid)
        need(self.places[found].status != "Archived" or found in reserved, NotAllowed)
        return found

    # what may be asked for with success

    def shipments_in(self, *states: str) -> list[str]:
        return [name for name, (status, _) in self.shipments.items() if status in states]

    def holders_of(self, account: str) -> list[str]:
        """The papers for which an account holds units."""
        found = {key.ref: True for key, units in self.units.items() if units and key.account == account and key.ref}
        return list(found)

    def orders_with(self, account: str) -> list[tuple[str | None, str | None]]:
        """How to name an order with units in an account: by its id, by an item of it, or by both."""
        full = set(self.holders_of(account))
        named = [(order, item) for order, (_, items) in self.orders.items() for item in items if item in full]
        return [name for order, item in named for name in ((order, None), (None, item), (order, item))]

    def every_order(self) -> list[tuple[str | None, str | None]]:
        return [(order, None) for order in self.orders] + [(None, None), ("S01-1", "00000000000000")]

    def skus_with(self, *accounts: str) -> list[str]:
        full = {key.item for key, units in self.units.items() if units > 0 and key.account in accounts}
        return [sku for sku, item in self.skus.items() if item in full]

    def bad_dispositions(self) -> list[str]:
        return sorted({key.disposition for key, units in self.units.items() if units and key.account == "FC_UNS"})

    # what commands do

    def expect(self, command: Command) -> Effect:
        """The units that the command moves; raises Refused if it is illegal. Nothing is changed."""
        effect: Effect = getattr(self, f"_{type(command).__name__}")(command)
        return Counter({where: units for where, units in effect.items() if units})

    def apply(self, lines: Iterable[tuple[Key, int]]) -> Effect:
        """Book what the ledger says it moved; what that is by account."""
        effect: Effect = Counter()
        gives: Key | None = None
        for key, delta in lines:
            self.units[key] += delta
            effect[key.item, account_of(key)] += delta
            if gives is not None and delta > 0:
                self._packed(gives, key, delta)
            gives = key
        return Counter({where: units for where, units in effect.items() if units})

    def _packed(self, gives: Key, receives: Key, units: int) -> None:
        """Remember from where an item of the seller's own order left, and that units came back."""
        if gives.account == "M_RES_UNSHIPPED" and receives.account == "X_CUSTOMER":
            found = self.own_item(gives.ref)
            assert found is not None
            found[1].packages.append((gives.place, units))
        elif gives.account == "X_CUSTOMER" and receives.account == "M_AVAIL":
            found = self.own_item(gives.ref)
            assert found is not None
            found[1].returned += units

    def note(self, command: Command, answer: dict[str, Any]) -> None:
        """Remember the papers of a command that was done."""
        match command:
            case c.CreateItem():
                self.skus[answer["sku"]] = answer["fnsku"]
                self.offers.add((command.marketplace or US_MARKET, command.sku))
                self._listed(command.sku, command.marketplace or US_MARKET, "AMAZON_NA")
            case c.CloseItem():
                self._withdraw(command.sku, command.marketplace or US_MARKET)
                self.offers.remove((command.marketplace or US_MARKET, command.sku))
            case c.Plan():
                self.shipments[answer["shipment"]] = ("WORKING", answer["fc"])
            case c.Receive():
                place = self.shipments[command.shipment][1]
                self.shipments[command.shipment] = ("RECEIVING", place)
                if command.disposition == "SELLABLE" and self._putaway_hours():
                    due = self.now + timedelta(hours=self._putaway_hours())
                    for units in filter(None, (answer["announced"], answer["surplus"])):
                        self.timers.append((due, "FC_PROC", self.skus[command.sku], place, units))
            case c.PlaceOrder():
                items = [item["order_item"] for item in answer["order_items"]]
                self.orders[answer["order"]] = (command.marketplace or US_MARKET, items)
                if "promise" in answer:
                    self._note_own(command, answer)
            case c.VerifyPayment():
                self.own[command.order].pending = False
            case c.Refund():
                self._own_of_item(command.order_item).refunded += AMOUNTS[command.amount][1]
            case c.CreateSource():
                self.places[answer["source"]] = Place(command.code)
            case c.SourceStatus():
                self.places[answer["source"]].status = command.status
            case c.UpdateSource():
                self._note_source(self.places[answer["source"]], command)
            case c.SetQuantity():
                self._listed(command.sku, None, answer["source"])
            case c.MoveQuantity():
                self._listed(command.sku, None, answer["origin"], answer["destination"])
            case c.PutListing() | c.PatchListing():
                self._note_submission(command)
            case c.DeleteListing():
                self._leave(command.sku, command.marketplace or US_MARKET)
                if self._closes_with_it(command.sku, command.marketplace or US_MARKET):
                    self.offers.discard((command.marketplace or US_MARKET, command.sku))
            case c.StartTransfer():
                self.transfers.append(answer["transfer"])
            case c.RequestRemoval():
                self.removals[answer["removal"]] = (command.disposition, command.method)
            case c.AddStock(expires=datetime() as due, sku=str() as sku, quantity=int() as units):
                place = command.fc or {"US": "PHX6", "CA": "YYZ4"}[MARKETS[command.marketplace or US_MARKET]]
                self.timers.append((due, "FC_AVAIL", self.skus[sku], place, units))
            case c.SetPolicy():
                self.policies |= {name: value for name, value in vars(command).items() if value is not None}
            case _ if "status" in answer and hasattr(command, "shipment"):
                self.shipments[command.shipment] = (answer["status"], self.shipments[command.shipment][1])

    def _listed(self, sku: str, marketplace: str | None, *channels: str) -> None:
        marketplaces, known = self.listings.setdefault(sku, (set(), set()))
        marketplaces.add(marketplace or (US_MARKET if not marketplaces else next(iter(marketplaces))))
        known.update(channels)

    def _withdraw(self, sku: str, marketplace: str) -> None:
        """The warehouse sells it no longer there; where nobody else does, the listing is gone."""
        if sku in self.listings:
            elsewhere = any(name == sku and market != marketplace for market, name in self.offers)
            if not elsewhere:
                self.listings[sku][1].discard("AMAZON_NA")
            if elsewhere or not self.listings[sku][1]:
                self._leave(sku, marketplace)

    def _leave(self, sku: str, marketplace: str) -> None:
        self.listings[sku][0].discard(marketplace)
        if not self.listings[sku][0]:
            del self.listings[sku]

    def _closes_with_it(self, sku: str, marketplace: str) -> bool:
        """Whether the warehouse's offer of a SKU ends with its listing: if nothing of it is there any more."""
        item, country = self.skus[sku], MARKETS[marketplace]
        shared = any(m == marketplace and s != sku and self.skus[s] == item for m, s in self.offers)
        return shared or not any(
            n for k, n in self.units.items() if k.item == item and COUNTRIES.get(k.place) == country
        )

    def _note_submission(self, command: c.PutListing | c.PatchListing) -> None:
        new, closed = self._submitted(command)
        self._listed(command.sku, US_MARKET, *new)
        self.listings[command.sku][1].difference_update(closed)
        if "AMAZON_NA" in self.listings[command.sku][1]:
            self.offers.add((US_MARKET, command.sku))

    def _note_own(self, command: c.PlaceOrder, answer: dict[str, Any]) -> None:
        minutes = self.policies.get("pending_minutes", 30)
        items = {
            item["order_item"]: OwnItem(item["sku"], self._paid(line))
            for item, line in zip(answer["order_items"], self._lines(command), strict=True)
        }
        self.own[answer["order"]] = Own(self.now + timedelta(minutes=minutes), items)
        used = {route["source"] for item in answer["order_items"] for route in item["routes"]} - {"DEFAULT"}
        for place in used:
            self.places[place].count(self.now.astimezone(ZONE).date())

    def _paid(self, line: c.OrderLine) -> int:
        """Nothing without a price, as no listing here asks one."""
        return line.quantity * (AMOUNTS[line.price][1] if line.price else 0)

    def _own_of_item(self, order_item: str) -> OwnItem:
        found = self.own_item(order_item)
        assert found is not None
        return found[1]

    def _note_source(self, place: Place, command: c.UpdateSource) -> None:
        if command.capabilities is not None:
            place.delivers = command.capabilities.get("outbound", {}).get("isSupported", True)
        if command.configuration is not None:
            throughput = command.configuration.get("operationalConfiguration", {}).get("throughputConfig")
            place.cap = throughput["throughputCap"]["value"] if throughput else None

    def passes(self, until: datetime) -> Effect:
        """What time does: put-away ends, units with an expiry expire as far as they are free, research ends."""
        effect: Effect = Counter()
        there: Counter[tuple[str, str, str]] = Counter()
        for key, units in self.units.items():
            if key.account == "FC_AVAIL" or key.detail == "PUTAWAY":
                there[key.account, key.item, key.place] += units
            if key.account == "FC_RESEARCH" and key.at is not None and until - key.at >= timedelta(days=60):
                effect.update(moved(key.item, "FC_RESEARCH", "X_LOST", units))
        due = sorted((timer for timer in self.timers if timer[0] <= until), key=lambda timer: timer[0])
        self.timers = [timer for timer in self.timers if timer[0] > until]
        for _, source, item, place, units in due:
            target = "FC_AVAIL" if source == "FC_PROC" else "FC_UNS:EXPIRED"
            some = min(units, there[source, item, place])
            there[source, item, place] -= some
            there[target, item, place] += some
            effect.update(moved(item, source, target, some))
        for own in self.own.values():
            if own.due <= until and own.pending:
                effect.update(self._unpaid(own))
        self.now = until
        return Counter({where: units for where, units in effect.items() if units})

    def _unpaid(self, own: Own) -> Effect:
        """The time to pay is over: cancelled, or taken as paid."""
        effect: Effect = Counter()
        pays = self.policies.get("pending_end") == "PAY"
        reserved = 0
        for name, item in own.items.items():
            units = self.there("M_RES_PENDING", lambda key, name=name: key.ref == name)  # type: ignore[misc]
            effect.update(moved(item.sku, "M_RES_PENDING", "M_RES_UNSHIPPED" if pays else "M_AVAIL", units))
            reserved += units
        own.pending = own.pending and not (pays and reserved)
        return effect

    def _putaway_hours(self) -> int:
        """How long received units are in processing; 0 when the policy is another."""
        return self.policies.get("putaway_hours", 12) if self.policies.get("putaway") == "FC_PROCESSING" else 0

    # the verbs, in the order of the table

    def _market(self, marketplace: str | None) -> str:
        need(marketplace is None or marketplace in MARKETS, Invalid)
        return marketplace or US_MARKET

    def _take(
        self, sku: str, quantity: int, source: str, target: str, fc: str | None = None, there: int | None = None
    ) -> Effect:
        """The common case: so many units of an item from one account to another, in one centre or anywhere."""
        item = self.item(sku)
        there = self.of(item, source, fc) if there is None else there
        wrong, short = fc not in (None, *COUNTRIES) or not 1 <= quantity <= MOST, quantity > there
        need(not (wrong or short), *[Invalid] * wrong, *[Shortage] * short)
        return moved(item, source, target, quantity)

    def _put(self, sku: str, quantity: int, source: str, target: str, fc: str | None) -> Effect:
        return self._take(sku, quantity, source, target, fc, there=MOST)

    def _CreateItem(self, command: c.CreateItem) -> Effect:
        market = self._market(command.marketplace)
        need((market, command.sku) not in self.offers, AlreadyExists)
        new = command.sku not in self.skus
        need(not (new and command.barcode == "manufacturer" and command.condition != "NewItem"), Invalid)
        return Counter()

    def _CloseItem(self, command: c.CloseItem) -> Effect:
        item, market = self.item(command.sku), self._market(command.marketplace)
        need((market, command.sku) in self.offers, NotFound)
        if any(m == market and s != command.sku and self.skus[s] == item for m, s in self.offers):
            return Counter()
        here = {
            k: n for k, n in self.units.items() if k.item == item and COUNTRIES.get(k.place) == MARKETS[market] and n
        }
        free = {key: n for key, n in here.items() if key.account in ("FC_AVAIL", "FC_UNS")}
        need(len(free) == len(here), NotAllowed)
        need(not (command.strict and free), NotAllowed)
        effect: Effect = Counter()
        for key, units in free.items():
            effect.update(moved(item, account_of(key), "X_CORRECTION", units))
        return effect

    def _MergeItems(self, command: c.MergeItems) -> Effect:
        a, b = self.item(command.a), self.item(command.b)
        need(a != b, Invalid)
        free = self.of(a, "FC_AVAIL")
        need(free > 0, NotAllowed)
        units = free if command.quantity is None else command.quantity
        effect = self._take(command.a, units, "FC_AVAIL", "X_CORRECTION")
        effect.update(moved(b, "X_CORRECTION", "FC_AVAIL", units))
        return effect

    def _status(self, shipment: str, *allowed: str) -> str:
        need(shipment in self.shipments, NotFound)
        need(self.shipments[shipment][0] in allowed, NotAllowed)
        return self.shipments[shipment][0]

    def _Plan(self, command: c.Plan) -> Effect:
        if command.shipment is not None:
            self._status(command.shipment, "WORKING")
            need(command.fc in (None, self.shipments[command.shipment][1]), Invalid)
        return self._put(command.sku, command.quantity, "X_SUPPLIER", "IN_WORKING", command.fc)

    def _ChangePlan(self, command: c.ChangePlan) -> Effect:
        self._status(command.shipment, "WORKING")
        item = self.item(command.sku)
        need(0 <= command.quantity <= MOST, Invalid)
        change = command.quantity - self.by_item("IN_WORKING", command.shipment).get(item, 0)
        return moved(item, "X_SUPPLIER", "IN_WORKING", change)

    def _all(self, shipment: str, source: str, target: str) -> Effect:
        effect: Effect = Counter()
        for item, units in self.by_item(source, shipment).items():
            effect.update(moved(item, source, target, units))
        return effect

    def _CancelPlan(self, command: c.CancelPlan) -> Effect:
        status = self._status(command.shipment, "WORKING", *ON_THE_WAY)
        return self._all(command.shipment, "IN_WORKING" if status == "WORKING" else "IN_SHIPPED", "X_SUPPLIER")

    def _Ship(self, command: c.Ship) -> Effect:
        self._status(command.shipment, "WORKING")
        effect = self._all(command.shipment, "IN_WORKING", "IN_SHIPPED")
        need(bool(effect), NotAllowed)
        return effect

    def _Depart(self, command: c.Depart) -> Effect:
        self._status(command.shipment, "SHIPPED")
        return Counter()

    def _Arrive(self, command: c.Arrive) -> Effect:
        self._status(command.shipment, "SHIPPED", "IN_TRANSIT")
        return Counter()

    def _CheckIn(self, command: c.CheckIn) -> Effect:
        self._status(command.shipment, "SHIPPED", "IN_TRANSIT", "DELIVERED")
        return Counter()

    def _StartReceiving(self, command: c.StartReceiving) -> Effect:
        self._status(command.shipment, *ON_THE_WAY)
        return self._all(command.shipment, "IN_SHIPPED", "IN_RECEIVING")

    def _Receive(self, command: c.Receive) -> Effect:
        status = self._status(command.shipment, *ON_THE_WAY, "RECEIVING")
        item = self.item(command.sku)
        need(1 <= command.quantity <= MOST, Invalid)
        effect: Effect = Counter()
        if status != "RECEIVING":
            effect = self._all(command.shipment, "IN_SHIPPED", "IN_RECEIVING")
        source = "IN_RECEIVING" if status == "RECEIVING" else "IN_SHIPPED"
        announced = min(command.quantity, self.by_item(source, command.shipment).get(item, 0))
        target = shelf(command.disposition)
        if target == "FC_AVAIL" and self._putaway_hours():
            target = "FC_PROC"
        effect.update(moved(item, "IN_RECEIVING", target, announced))
        effect.update(moved(item, "X_SUPPLIER", target, command.quantity - announced))
        return effect

    def _CloseShipment(self, command: c.CloseShipment) -> Effect:
        status = self._status(command.shipment, *ON_THE_WAY, "RECEIVING")
        return self._all(command.shipment, "IN_RECEIVING" if status == "RECEIVING" else "IN_SHIPPED", "X_LOST")

    def _lost(self, sku: str, *stages: str) -> int:
        item = self.item(sku)
        return self.there("X_LOST", lambda key: key.item == item and key.detail in stages)

    def _Locate(self, command: c.Locate) -> Effect:
        lost = self._lost(command.sku, "INBOUND")
        return self._take(command.sku, command.quantity, "X_LOST", "FC_AVAIL", command.fc, lost)

    def _AddStock(self, command: c.AddStock) -> Effect:
        effect: Effect = Counter()
        need(bool(command.lines) or (command.sku is not None and command.quantity is not None), Invalid)
        lines = command.lines or (c.StockLine(command.sku or "", command.quantity or 0, command.marketplace),)
        for line in lines:
            self.item(line.sku)
            self._market(line.marketplace or command.marketplace)
            need(line.marketplace is None or (line.marketplace, line.sku) in self.offers, NotFound)
            effect.update(self._put(line.sku, line.quantity, "X_SUPPLIER", "FC_AVAIL", command.fc))
        need(command.expires is None or command.expires > self.now, Invalid)
        return effect

    def _OpenBalance(self, command: c.OpenBalance) -> Effect:
        return self._put(command.sku, command.quantity, "X_CORRECTION", shelf(command.disposition), command.fc)

    def _lines(self, command: c.PlaceOrder) -> tuple[c.OrderLine, ...]:
        return command.lines or (c.OrderLine(command.sku or "", command.quantity or 0),)

    def _PlaceOrder(self, command: c.PlaceOrder) -> Effect:
        market = self._market(command.marketplace)
        need(command.order not in self.orders, AlreadyExists)
        single = (command.sku is not None, command.quantity is not None)
        need(single == ((False, False) if command.lines else (True, True)), Invalid)
        lines = self._lines(command)
        for line in lines:
            self.item(line.sku)
            need(line.quantity >= 1 and (line.price is None or line.price == "0" or AMOUNTS[line.price][0]), Invalid)
        _, channels = self.listings.get(lines[0].sku, (set(), {"AMAZON_NA"}))
        if (command.channel or ("AFN" if "AMAZON_NA" in channels else "MFN")) == "MFN":
            return self._place_own(lines)
        effect: Effect = Counter()
        for line in lines:
            item = self.item(line.sku)
            need(line.quantity >= 1, Invalid)
            free = self.serving(item, market) + effect[item, "FC_AVAIL"]
            on_the_way = 0
            if self.policies.get("sell_in_transfer"):
                on_the_way = self.serving(item, market, "FC_XFER") + effect[item, "FC_XFER"]
            need(line.quantity <= free + on_the_way, Shortage)
            effect.update(moved(item, "FC_AVAIL", "FC_ORDER", min(line.quantity, free)))
            effect.update(moved(item, "FC_XFER", "FC_ORDER", line.quantity - min(line.quantity, free)))
        return effect

    def _place_own(self, lines: tuple[c.OrderLine, ...]) -> Effect:
        effect: Effect = Counter()
        gone: Counter[tuple[str, str]] = Counter()
        for line in lines:
            need(line.sku in self.listings, NotFound)
        for line in lines:
            stock = self._candidates(line.sku, gone)
            # All locations are equally far and equally fast.
            best = [place for place, units in stock.items() if units >= line.quantity][:1]
            need(bool(best) or self.policies.get("split_orders", False), Shortage)
            need(line.quantity <= sum(stock.values()), Shortage)
            left = line.quantity
            for place in best or stock:
                gone[line.sku, place] += min(left, stock[place])
                left -= min(left, stock[place])
            effect.update(moved(line.sku, "M_AVAIL", "M_RES_PENDING", line.quantity))
        return effect

    def _candidates(self, sku: str, gone: Counter[tuple[str, str]]) -> dict[str, int]:
        """The locations that may ship a SKU, best first, and what each has of it."""
        today = self.now.astimezone(ZONE).date()
        active = [id_ for id_, place in self.places.items() if place.status == "Active"]
        places = [id_ for id_ in active if self.places[id_].delivers and self.places[id_].has_room(today)]
        if not self.listings[sku][1] & set(active):
            places.append("DEFAULT")
        stock = {place: self.at("M_AVAIL", sku, place) - gone[sku, place] for place in places}
        ranked = sorted(stock, key=lambda place: (-stock[place], place))
        return {place: stock[place] for place in ranked if stock[place] > 0}

    def _is_own(self, command: Any) -> Own | None:
        """The order that a command is about, if the seller ships it himself."""
        if command.order is not None:
            return self.own.get(command.order)
        return next((own for own in self.own.values() if command.order_item in own.items), None)

    def _about_the_warehouses(self, command: Any) -> None:
        need(self._is_own(command) is None or not self._named(command), NotAllowed)

    def _about_the_sellers_own(self, command: Any) -> Own:
        own = self._is_own(command)
        if own is None or not self._named(command):
            raise Refused(NotAllowed, NotFound, Invalid)
        return own

    def _named(self, command: Any) -> bool:
        """Whether the order and the item that a command names belong together."""
        items = self.orders.get(command.order, ("", []))[1]
        return command.order is None or command.order_item is None or command.order_item in items

    def _VerifyPayment(self, command: c.VerifyPayment) -> Effect:
        need(command.order in self.orders, NotFound)
        own = self.own.get(command.order)
        reserved = own is not None and self._reserved(own, "M_RES_PENDING")
        if own is None or not own.pending or not reserved:
            raise Refused(NotAllowed)
        effect: Effect = Counter()
        for name, item in own.items.items():
            units = self.there("M_RES_PENDING", lambda key, name=name: key.ref == name)  # type: ignore[misc]
            effect.update(moved(item.sku, "M_RES_PENDING", "M_RES_UNSHIPPED", units))
        return effect

    def _reserved(self, own: Own, account: str) -> int:
        return self.there(account, lambda key: key.ref in own.items)

    def _ConfirmShipment(self, command: c.ConfirmShipment) -> Effect:
        own = self._about_the_sellers_own(command)
        need(not (own.pending and self._reserved(own, "M_RES_PENDING")), NotAllowed)
        held = {
            key.place
            for key, n in self.units.items()
            if n and key.account == "M_RES_UNSHIPPED" and key.ref in own.items
        }
        place = None if command.source is None else self.place_named(command.source, *held)
        effect, taken = Counter[tuple[str, str]](), Counter[str]()
        for _, wanted, keys in self._order_lines(command, "M_RES_UNSHIPPED"):
            sku = keys[0].item
            effect.update(moved(sku, "M_RES_UNSHIPPED", "X_CUSTOMER", wanted))
            if place is None:
                continue
            exchanged = wanted - min(wanted, sum(self.units[key] for key in keys if key.place == place))
            there = min(exchanged, self.at("M_AVAIL", sku, place) - taken[sku])
            taken[sku] += there
            effect.update(moved(sku, "M_RES_UNSHIPPED", "M_AVAIL", exchanged))
            effect.update(moved(sku, "M_AVAIL", "M_RES_UNSHIPPED", there))
            effect.update(moved(sku, "X_SELLER", "M_RES_UNSHIPPED", exchanged - there))
        return effect

    def _RestockReturn(self, command: c.RestockReturn) -> Effect:
        own = self._about_the_sellers_own(command)
        if command.source is not None:
            self.place_named(command.source)
        effect: Effect = Counter()
        for name, wanted, keys in self._order_lines(command, "X_CUSTOMER"):
            if command.source is None:
                item = own.items[name]
                left = [place for place, units in item.packages for _ in range(units)]
                for place in left[item.returned : item.returned + wanted]:
                    need(place == "DEFAULT" or self.places[place].status != "Archived", NotAllowed)
            effect.update(moved(keys[0].item, "X_CUSTOMER", "M_AVAIL", wanted))
        return effect

    def _Refund(self, command: c.Refund) -> Effect:
        own = self._about_the_sellers_own(command)
        item = own.items[command.order_item]
        shipped = any(item.packages for item in own.items.values())
        need(not own.pending and bool(shipped or self._reserved(own, "M_RES_UNSHIPPED")), NotAllowed)
        right, cents = AMOUNTS[command.amount]
        need(right and command.reason != "Because", Invalid)
        need(item.refunded + cents <= item.paid, NotAllowed)
        return Counter()

    def _CreateSource(self, command: c.CreateSource) -> Effect:
        need(command.address.get("name") is not None, Invalid, AlreadyExists)
        need(all(place.code != command.code for place in self.places.values()), AlreadyExists)
        return Counter()

    def _change_of(self, name: str) -> Place:
        found = next((place for id_, place in self.places.items() if name in (id_, place.code)), None)
        if found is None:
            raise Refused(NotFound)
        need(found.status != "Archived", NotAllowed)
        return found

    def _SourceStatus(self, command: c.SourceStatus) -> Effect:
        self._change_of(command.source)
        return Counter()

    def _UpdateSource(self, command: c.UpdateSource) -> Effect:
        self._change_of(command.source)
        need((command.configuration or {}).get("timezone") is None, Invalid)
        return Counter()

    def _SetQuantity(self, command: c.SetQuantity) -> Effect:
        self.item(command.sku)
        need(0 <= command.quantity <= MOST, Invalid)
        place = self.place_named(command.source)
        need(command.sku in self.listings, NotFound)
        return moved(command.sku, "X_SELLER", "M_AVAIL", command.quantity - self.at("M_AVAIL", command.sku, place))

    def _MoveQuantity(self, command: c.MoveQuantity) -> Effect:
        self.item(command.sku)
        origin, destination = self.place_named(command.origin), self.place_named(command.destination)
        need(origin != destination and 1 <= command.quantity <= MOST, Invalid)
        need(command.sku in self.listings, NotFound, Shortage)
        need(command.quantity <= self.at("M_AVAIL", command.sku, origin), Shortage)
        return Counter()

    def _submitted(self, command: c.PutListing | c.PatchListing) -> tuple[dict[str, int], set[str]]:
        """The quantities that a submission names by location, and the locations that it takes away."""
        attribute, operations = "fulfillment_availability", []
        if isinstance(command, c.PutListing):
            operations = [("replace", command.attributes[attribute])] if attribute in command.attributes else []
        else:
            operations = [(patch.op, patch.value) for patch in command.patches]
        new: dict[str, int] = {}
        closed: set[str] = set()
        for op, instances in operations:
            if instances is None:
                closed |= self.listings.get(command.sku, (set(), set()))[1] - {"AMAZON_NA"} | new.keys()
            for instance in instances or ():
                place = self._channel(instance["fulfillment_channel_code"], closing=op == "delete")
                if op == "delete":
                    closed.add(place)
                else:
                    need(0 <= instance["quantity"] <= MOST, Rejected)
                    new[place] = instance["quantity"]
                    closed.discard(place)
            new = {place: units for place, units in new.items() if place not in closed}
        return new, closed

    def _channel(self, code: str, *, closing: bool) -> str:
        try:
            return self.place_named(code, *self.places if closing else ())
        except Refused:
            raise Refused(Rejected) from None

    def _submission(self, command: c.PutListing | c.PatchListing) -> Effect:
        new, closed = self._submitted(command)
        effect: Effect = Counter()
        for place in closed:
            effect.update(moved(command.sku, "M_AVAIL", "X_SELLER", self.at("M_AVAIL", command.sku, place)))
        for place, units in new.items():
            change = units - self.at("M_AVAIL", command.sku, place)
            effect.update(moved(command.sku, "X_SELLER", "M_AVAIL", change))
        return effect

    def _PutListing(self, command: c.PutListing) -> Effect:
        return self._submission(command)

    def _PatchListing(self, command: c.PatchListing) -> Effect:
        need(bool(command.patches), Rejected)
        return self._submission(command)

    def _DeleteListing(self, command: c.DeleteListing) -> Effect:
        market = self._market(command.marketplace)
        need(market in self.listings.get(command.sku, (set(),))[0], NotFound)
        last = len(self.listings[command.sku][0]) == 1
        return moved(command.sku, "M_AVAIL", "X_SELLER", self.of(command.sku, "M_AVAIL") if last else 0)

    def _order_lines(self, command: Any, account: str, default: int | None = None) -> list[tuple[str, int, list[Key]]]:
        """(order item, units asked for, balances that hold its units) of what a command about an order means."""
        need(command.order is not None or command.order_item is not None, Invalid)
        names = list(self.orders.get(command.order, ("", []))[1])
        if command.order_item is not None:
            known = [i for _, items in self.orders.values() for i in items]
            need(command.order_item in (known if command.order is None else names), NotFound)
            names = [command.order_item]
        need(command.order is None or command.order in self.orders, NotFound)
        wanted = command.quantity
        need(wanted is None or len(names) == 1, Invalid)
        need(wanted is None or wanted >= 1, Invalid)
        held = {
            name: [k for k, n in self.units.items() if n and k.account == account and k.ref == name] for name in names
        }
        there = {name: sum(self.units[key] for key in keys) for name, keys in held.items()}
        need(any(there.values()) or wanted is not None, NotAllowed)
        need(wanted is None or wanted <= sum(there.values()), Shortage)
        return [(name, there[name] if wanted is None else wanted, held[name]) for name in names if there[name]]

    def _CancelOrder(self, command: c.CancelOrder) -> Effect:
        effect: Effect = Counter()
        own = self._is_own(command) if self._named(command) else None
        if own is not None:
            account = "M_RES_PENDING" if own.pending else "M_RES_UNSHIPPED"
            for _, wanted, keys in self._order_lines(command, account):
                target = "X_SELLER" if command.reason == "NoInventory" else "M_AVAIL"
                effect.update(moved(keys[0].item, account, target, wanted))
            return effect
        for _, wanted, keys in self._order_lines(command, "FC_ORDER"):
            for key in sorted(keys, key=lambda key: (key.place, key.detail)):
                units = min(wanted, self.units[key])
                effect.update(moved(key.item, "FC_ORDER", "FC_XFER" if key.detail else "FC_AVAIL", units))
                wanted -= units
        return effect

    def _in_centres(self, keys: list[Key], wanted: int) -> None:
        need(wanted <= sum(self.units[key] for key in keys if not key.detail), Shortage)

    def _ShipOrder(self, command: c.ShipOrder) -> Effect:
        self._about_the_warehouses(command)
        effect: Effect = Counter()
        for _, wanted, keys in self._order_lines(command, "FC_ORDER"):
            self._in_centres(keys, wanted)
            effect.update(moved(keys[0].item, "FC_ORDER", "X_CUSTOMER", wanted))
        return effect

    def _MissPick(self, command: c.MissPick) -> Effect:
        self._about_the_warehouses(command)
        effect: Effect = Counter()
        for name, wanted, keys in self._order_lines(command, "FC_ORDER"):
            self._in_centres(keys, wanted)
            [market] = [market for market, items in self.orders.values() if name in items]
            effect.update(moved(keys[0].item, "FC_ORDER", "FC_RESEARCH", wanted))
            again = min(wanted, self.serving(keys[0].item, market))
            effect.update(moved(keys[0].item, "FC_AVAIL", "FC_ORDER", again))
        return effect

    def _LoseDelivery(self, command: c.LoseDelivery) -> Effect:
        self._about_the_warehouses(command)
        effect: Effect = Counter()
        for _, wanted, keys in self._order_lines(command, "X_CUSTOMER"):
            effect.update(moved(keys[0].item, "X_CUSTOMER", "X_LOST", wanted))
        return effect

    def _ReturnUnit(self, command: c.ReturnUnit) -> Effect:
        self._about_the_warehouses(command)
        need(command.fc is None or command.fc in COUNTRIES, Invalid, NotFound)
        effect: Effect = Counter()
        for _, wanted, keys in self._order_lines(command, "X_CUSTOMER"):
            target = shelf(command.disposition)
            if command.disposition in ("WAREHOUSE_DAMAGED", "CARRIER_DAMAGED"):
                target = "X_AMAZON"
            elif command.disposition == "SELLABLE" and command.inspect:
                target = "FC_PROC"
            effect.update(moved(keys[0].item, "X_CUSTOMER", target, wanted))
        return effect

    def _StartTransfer(self, command: c.StartTransfer) -> Effect:
        need(command.origin in COUNTRIES and command.destination in COUNTRIES, Invalid, NotFound)
        need(command.origin != command.destination, Invalid, NotFound)
        return self._take(command.sku, command.quantity, "FC_AVAIL", "FC_XFER", command.origin)

    def _transfer(self, command: Any) -> tuple[int, str]:
        need(command.transfer in self.transfers, NotFound)
        on_the_way = self.by_item("FC_XFER", command.transfer)
        need(command.quantity is None or command.quantity >= 1, Invalid)
        need(command.quantity is None or command.quantity <= sum(on_the_way.values()), Shortage)
        units = sum(on_the_way.values()) if command.quantity is None else command.quantity
        return units, next(iter(on_the_way), "")

    def _ArriveTransfer(self, command: c.ArriveTransfer) -> Effect:
        units, item = self._transfer(command)
        sold = any(n for key, n in self.units.items() if key.account == "FC_ORDER" and key.detail == command.transfer)
        need(bool(units or sold), NotAllowed)
        return moved(item, "FC_XFER", "FC_AVAIL", units)

    def _LoseTransfer(self, command: c.LoseTransfer) -> Effect:
        units, item = self._transfer(command)
        need(units > 0, NotAllowed)
        return moved(item, "FC_XFER", "X_LOST", units)

    def _Hold(self, command: c.Hold) -> Effect:
        return self._take(command.sku, command.quantity, "FC_AVAIL", "FC_PROC", command.fc)

    def _Release(self, command: c.Release) -> Effect:
        item = self.item(command.sku)
        held = self.there(
            "FC_PROC",
            lambda key: key.item == item and command.fc in (None, key.place)
            and (key.detail == command.reason if command.reason else key.detail != "REMOVAL"),
        )  # fmt: skip
        return self._take(command.sku, command.quantity, "FC_PROC", "FC_AVAIL", command.fc, held)

    def _Misplace(self, command: c.Misplace) -> Effect:
        return self._take(command.sku, command.quantity, "FC_AVAIL", "FC_RESEARCH", command.fc)

    def _Find(self, command: c.Find) -> Effect:
        item = self.item(command.sku)
        sources = {
            "FC_RESEARCH": self.of(item, "FC_RESEARCH", command.fc),
            "X_LOST": self._lost(command.sku, "FC"),
            "X_AMAZON": self.of(item, "X_AMAZON"),
        }
        self._take(command.sku, command.quantity, "", "", command.fc, sum(sources.values()))
        effect, wanted = Counter[tuple[str, str]](), command.quantity
        for source, there in sources.items():
            effect.update(moved(item, source, "FC_AVAIL", min(wanted, there)))
            wanted -= min(wanted, there)
        return effect

    def _GiveUp(self, command: c.GiveUp) -> Effect:
        item = self.item(command.sku)
        need(command.fc is None or command.fc in COUNTRIES, Invalid)
        units = self.of(item, "FC_RESEARCH", command.fc) if command.quantity is None else command.quantity
        need(units != 0, NotAllowed)
        return self._take(command.sku, units, "FC_RESEARCH", "X_LOST", command.fc)

    def _Lose(self, command: c.Lose) -> Effect:
        return self._take(command.sku, command.quantity, "FC_AVAIL", "X_LOST", command.fc)

    def _Reimburse(self, command: c.Reimburse) -> Effect:
        if command.method == "damaged":
            return self._take(command.sku, command.quantity, "FC_UNS:WAREHOUSE_DAMAGED", "X_AMAZON", command.fc)
        stages = (command.stage,) if command.stage else ("INBOUND", "FC", "TRANSFER", "DELIVERY")
        lost = self._lost(command.sku, *stages)
        if command.method == "money":
            return self._take(command.sku, command.quantity, "X_LOST", "X_AMAZON", None, lost)
        return self._take(command.sku, command.quantity, "X_LOST", "FC_AVAIL", command.fc, lost)

    def _Damage(self, command: c.Damage) -> Effect:
        need(command.disposition == "SELLABLE" or not command.suspected, Invalid, NotFound)
        need(command.disposition != "WAREHOUSE_DAMAGED", Invalid, NotFound)
        target = "FC_RESEARCH" if command.suspected else "FC_UNS:WAREHOUSE_DAMAGED"
        return self._take(command.sku, command.quantity, shelf(command.disposition), target, command.fc)

    def _ConfirmDamage(self, command: c.ConfirmDamage) -> Effect:
        item = self.item(command.sku)
        suspected = self.there(
            "FC_RESEARCH", lambda k: k.item == item and k.detail == "DAMAGE" and command.fc in (None, k.place)
        )
        return self._take(
            command.sku, command.quantity, "FC_RESEARCH", "FC_UNS:WAREHOUSE_DAMAGED", command.fc, suspected
        )

    def _ChangeDisposition(self, command: c.ChangeDisposition) -> Effect:
        need(command.before != command.after, Invalid, NotFound)
        return self._take(command.sku, command.quantity, shelf(command.before), shelf(command.after), command.fc)

    def _Expire(self, command: c.Expire) -> Effect:
        return self._take(command.sku, command.quantity, "FC_AVAIL", "FC_UNS:EXPIRED", command.fc)

    def _InspectOk(self, command: c.InspectOk) -> Effect:
        return self._take(command.sku, command.quantity, shelf(command.disposition), "FC_AVAIL", command.fc)

    def _Correct(self, command: c.Correct) -> Effect:
        if command.quantity > 0:
            return self._put(command.sku, command.quantity, "X_CORRECTION", "FC_AVAIL", command.fc)
        return self._take(command.sku, -command.quantity, "FC_AVAIL", "X_CORRECTION", command.fc)

    def _RequestRemoval(self, command: c.RequestRemoval) -> Effect:
        return self._take(command.sku, command.quantity, shelf(command.disposition), "FC_PROC", command.fc)

    def _removal(self, command: Any, target: str, *methods: str) -> Effect:
        need(command.removal in self.removals, NotFound)
        need(self.removals[command.removal][1] in methods, NotAllowed)
        bound = self.by_item("FC_PROC", command.removal)
        need(command.quantity is None or command.quantity >= 1, Invalid)
        need(bool(bound) or command.quantity is not None, NotAllowed)
        units = sum(bound.values()) if command.quantity is None else command.quantity
        need(units <= sum(bound.values()), Shortage)
        return moved(next(iter(bound)), "FC_PROC", target, units)

    def _CancelRemoval(self, command: c.CancelRemoval) -> Effect:
        disposition, method = self.removals.get(command.removal, ("SELLABLE", ""))
        return self._removal(command, shelf(disposition), method)

    def _ShipRemoval(self, command: c.ShipRemoval) -> Effect:
        _, method = self.removals.get(command.removal, ("", ""))
        return self._removal(command, "X_REMOVED" if method == "RETURN" else "X_DISPOSED", "RETURN", "LIQUIDATE")

    def _Dispose(self, command: c.Dispose) -> Effect:
        return self._removal(command, "X_DISPOSED", "DESTROY", "DONATE")

    def _SetPolicy(self, command: c.SetPolicy) -> Effect:
        need(command.putaway_hours is None or 0 <= command.putaway_hours <= 8760, Invalid)
        need(command.pending_minutes is None or command.pending_minutes >= 1, Invalid)
        return Counter()


def moved(item: str, source: str, target: str, units: int) -> Effect:
    effect: Effect = Counter()
    effect[item, source] -= units
    effect[item, target] += units
    return effect
