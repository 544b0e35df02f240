"""Which location ships what, and what is promised to the customer: D-23, as a pure function of plain values.

Candidates are locations that are open for sale, deliver, and are below their throughput cap; one that has the whole
line comes before a split. Of several the first is chosen by (deliver-by, cost, distance, most stock, id).
Source: domain specification §3.3. The tables of transit days and costs are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from entrepot.domain.errors import Shortage
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn.hours import DEFAULT_HANDLING, Calendar, Duration

POSTAL_PREFIX: Final = 3

# From where to where → for each ship option the least and the most days on the way.
TRANSIT_DAYS: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "state": {"Standard": (2, 4), "Expedited": (1, 2), "SecondDay": (2, 2), "NextDay": (1, 1)},
    "country": {"Standard": (3, 5), "Expedited": (1, 3), "SecondDay": (2, 2), "NextDay": (1, 1)},
    "region": {"Standard": (5, 9), "Expedited": (3, 5), "SecondDay": (3, 4), "NextDay": (2, 3)},
    "world": {"Standard": (10, 20), "Expedited": (4, 7), "SecondDay": (4, 6), "NextDay": (3, 5)},
}
# What a package costs, only to be compared: no currency.
COSTS: Final[dict[str, dict[str, int]]] = {
    "state": {"Standard": 4, "Expedited": 8, "SecondDay": 12, "NextDay": 20},
    "country": {"Standard": 6, "Expedited": 10, "SecondDay": 15, "NextDay": 25},
    "region": {"Standard": 15, "Expedited": 30, "SecondDay": 40, "NextDay": 60},
    "world": {"Standard": 25, "Expedited": 60, "SecondDay": 80, "NextDay": 100},
}
# How far it is: same beginning of the postal code, same state, same country, farther.
SAME_POSTAL_PREFIX, SAME_STATE, SAME_COUNTRY, FARTHER = range(4)

_REGION_OF: Final = {marketplace.country: marketplace.region for marketplace in MARKETPLACES.values()}


@dataclass(frozen=True)
class Address:
    """As much of an address as decides how far it is. country: two capitals."""

    country: str
    state: str = ""
    postal_code: str = ""


@dataclass(frozen=True)
class Throughput:
    """At most `cap` orders in a window (a minute, an hour or a day); `orders` came in the one that began at `since`."""

    cap: int
    unit: str
    since: datetime | None = None
    orders: int = 0


@dataclass(frozen=True)
class Location:
    """A place from which may be shipped, as routing sees it. handling None: not configured."""

    location_id: str
    address: Address
    calendar: Calendar
    handling: Duration | None = None
    throughput: Throughput | None = None
    delivers: bool = True

    def has_room(self, when: datetime) -> bool:
        """Whether one more order may come in the window of this instant."""
        limit = self.throughput
        if limit is None or limit.since != self.calendar.window(when, limit.unit):
            return True
        return limit.orders < limit.cap


@dataclass(frozen=True)
class Wanted:
    """One line: which locations have how many, and how long the SKU takes where the location does not say.

    stock: M_AVAIL of the candidates by location id; a location not in it is no candidate for this SKU.
    """

    sku: str
    quantity: int
    stock: Mapping[str, int]
    lead: Mapping[str, Duration] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    location_id: str
    quantity: int


@dataclass(frozen=True)
class Promise:
    """Within what the customer may expect the order; ship_from is where the first unit comes from."""

    earliest_ship: datetime
    latest_ship: datetime
    earliest_delivery: datetime
    latest_delivery: datetime
    ship_from: str

    def joined(self, other: Promise) -> Promise:
        """What covers both."""
        return Promise(
            min(self.earliest_ship, other.earliest_ship),
            max(self.latest_ship, other.latest_ship),
            min(self.earliest_delivery, other.earliest_delivery),
            max(self.latest_delivery, other.latest_delivery),
            self.ship_from,
        )


@dataclass(frozen=True)
class Routing:
    """routes: for each line in turn, which location ships how many of it."""

    routes: tuple[tuple[Route, ...], ...]
    promise: Promise


def route(
    lines: Sequence[Wanted],
    locations: Sequence[Location],
    when: datetime,
    destination: Address,
    ship_option: str,
    split: bool,
) -> Routing:
    """Share an order out. Raises Shortage for the first line that cannot be served, with what could have been.

    Lines of one SKU draw on the same stock, and an order counts once for a location however many lines it ships.
    """
    open_to_it = [location for location in locations if location.delivers and location.has_room(when)]
    gone: dict[tuple[str, str], int] = {}
    routes: list[tuple[Route, ...]] = []
    promises: list[Promise] = []
    for line in lines:
        choices = sorted(
            (
                _choice(location, line, left, when, destination, ship_option)
                for location in open_to_it
                if (left := line.stock.get(location.location_id, 0) - gone.get((line.sku, location.location_id), 0)) > 0
            ),
            key=lambda choice: choice.rank,
        )
        shares = _shares(line, choices, split)
        for choice, units in shares:
            gone[line.sku, choice.location_id] = gone.get((line.sku, choice.location_id), 0) + units
            promises.append(choice.promise)
        routes.append(tuple(Route(choice.location_id, units) for choice, units in shares))
    promise = promises[0]
    for other in promises[1:]:
        promise = promise.joined(other)
    return Routing(tuple(routes), promise)


@dataclass(frozen=True)
class _Choice:
    location_id: str
    stock: int
    promise: Promise
    rank: tuple[datetime, int, int, int, str]


def _choice(
    location: Location, line: Wanted, stock: int, when: datetime, destination: Address, ship_option: str
) -> _Choice:
    scope = scope_of(location.address, destination)
    least, most = TRANSIT_DAYS[scope][ship_option]
    begun = location.calendar.next_open(when)
    handling = location.handling or line.lead.get(location.location_id) or DEFAULT_HANDLING
    ship_by = location.calendar.ready(begun, handling)
    promise = Promise(
        begun, ship_by, begun + timedelta(days=least), ship_by + timedelta(days=most), location.location_id
    )
    rank = (
        promise.latest_delivery,
        COSTS[scope][ship_option],
        distance(location.address, destination),
        -stock,
        location.location_id,
    )
    return _Choice(location.location_id, stock, promise, rank)


def _shares(line: Wanted, choices: Sequence[_Choice], split: bool) -> list[tuple[_Choice, int]]:
    for choice in choices:
        if choice.stock >= line.quantity:
            return [(choice, line.quantity)]
    stocks = [choice.stock for choice in choices]
    available = sum(stocks) if split else max(stocks, default=0)
    if available < line.quantity:
        raise Shortage(f"SKU '{line.sku}'", line.quantity, available)
    shares, wanted = [], line.quantity
    for choice in choices:
        if wanted:
            shares.append((choice, min(wanted, choice.stock)))
            wanted -= shares[-1][1]
    return shares


def scope_of(origin: Address, destination: Address) -> str:
    """The row of the tables: within a state, a country, a region of marketplaces, or farther."""
    if origin.country == destination.country:
        return "state" if _same(origin.state, destination.state) else "country"
    region = _REGION_OF.get(origin.country)
    return "region" if region is not None and region == _REGION_OF.get(destination.country) else "world"


def distance(origin: Address, destination: Address) -> int:
    if origin.country != destination.country:
        return FARTHER
    if _same(_prefix(origin.postal_code), _prefix(destination.postal_code)):
        return SAME_POSTAL_PREFIX
    return SAME_STATE if _same(origin.state, destination.state) else SAME_COUNTRY


def _prefix(postal_code: str) -> str:
    return "".join(postal_code.split())[:POSTAL_PREFIX]


def _same(one: str, other: str) -> bool:
    """Whether two parts of an address are given and alike."""
    return bool(one.strip()) and one.strip().casefold() == other.strip().casefold()
