"""The live state of a listing, for reading: what follows from the submitted layer, the stock and the clock.

Pure: a function of plain values, each for some marketplaces. Source: SP-API reference §4.1, domain specification §2.4;
where both of them leave it open, ours: a listing with channels of the warehouse and of the seller shows both at all
times, and its stock is the sum of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.conditions import condition
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn.addressing import recomposed
from entrepot.domain.mfn.attributes import ALL, AVAILABILITY, OFFER, is_fba
from entrepot.domain.mfn.issues import Issue, error, warning
from entrepot.domain.mfn.locations import ACTIVE
from entrepot.domain.mfn.shapes import instant
from entrepot.domain.money import digits_of
from entrepot.domain.papers import Instance, Listing, Product, Sku, Source
from entrepot.domain.quantities import default_places, selling_places

BUYABLE: Final = "BUYABLE"
DISCOVERABLE: Final = "DISCOVERABLE"
# A deleted listing is still found so long, with an issue.
FOUND_AFTER_DELETION: Final = timedelta(hours=24)


@dataclass(frozen=True)
class State:
    """What a listing is read from. available: M_AVAIL by location. warehouse: units that can be picked, by country."""

    listing: Listing
    sku: Sku
    product: Product | None
    sources: Mapping[str, Source]
    available: Mapping[str, int]
    warehouse: Mapping[str, int]
    now: datetime


@dataclass(frozen=True)
class Image:
    """The size of a picture that only its seller has is not known: 0."""

    link: str
    height: int = 0
    width: int = 0


@dataclass(frozen=True)
class Summary:
    """fnsku: only of what the warehouse ships. Empty texts: there is none."""

    marketplace_id: str
    product_type: str
    created_at: datetime
    updated_at: datetime
    status: tuple[str, ...] = ()
    asin: str = ""
    condition_type: str = ""
    fnsku: str = ""
    item_name: str = ""
    main_image: Image | None = None


@dataclass(frozen=True)
class LiveOffer:
    """amount: a decimal number with the digits of the currency."""

    marketplace_id: str
    offer_type: str
    currency: str
    amount: str
    audience: str


@dataclass(frozen=True)
class Channel:
    """quantity None: a channel of the warehouse shows none (D-13)."""

    channel: str
    quantity: int | None = None


@dataclass(frozen=True)
class ProductType:
    marketplace_id: str
    product_type: str


@dataclass(frozen=True)
class Relationships:
    marketplace_id: str
    relationships: tuple[Any, ...] = field(default=())


def is_found(listing: Listing, now: datetime) -> bool:
    return listing.deleted_at is None or now - listing.deleted_at < FOUND_AFTER_DELETION


def _here(state: State, marketplace_ids: Iterable[str]) -> list[str]:
    """The marketplaces among these where it is listed."""
    return [id_ for id_ in marketplace_ids if id_ in state.listing.marketplaces]


# quantities


def shown_default(available: Mapping[str, int], sources: Mapping[str, Source]) -> int:
    """DEFAULT as it is shown (§2.4)."""
    places = default_places(place for place in sources if _active(sources, place))
    return sum(units for place, units in available.items() if place in places)


def _active(sources: Mapping[str, Source], place: str) -> bool:
    source = sources.get(place)
    return source is not None and source.status == ACTIVE


def fulfillment_availability(state: State) -> list[Channel]:
    """DEFAULT first, then the warehouse, then locations from old to new. DEFAULT stands for all locations, so it is
    there as soon as one of them is."""
    if state.listing.deleted_at is not None:
        return []
    stocked = (place for place, units in state.available.items() if units)
    found = dict.fromkeys((*state.listing.availability, *stocked))
    if not all(is_fba(channel) for channel in found):
        found[DEFAULT_LOCATION] = None
    channels = list(found)
    channels.sort(key=lambda channel: _rank(state, channel))
    return [Channel(channel, _quantity(state, channel)) for channel in channels]


def _rank(state: State, channel: str) -> tuple[int, datetime, str]:
    source = state.sources.get(channel)
    first = 0 if channel == DEFAULT_LOCATION else 1 if is_fba(channel) else 2
    return first, source.created_at if source else state.listing.created_at, channel


def _quantity(state: State, channel: str) -> int | None:
    if is_fba(channel):
        return None
    if channel == DEFAULT_LOCATION:
        return shown_default(state.available, state.sources)
    return state.available.get(channel, 0)


def _in_stock(state: State, marketplace_id: str) -> bool:
    availability = state.listing.availability
    if any(is_fba(channel) for channel in availability) and state.warehouse.get(
        MARKETPLACES[marketplace_id].country, 0
    ):
        return True
    places = selling_places(availability, [place for place in state.sources if _active(state.sources, place)])
    return any(
        state.available.get(place, 0) or availability.get(place, {}).get("is_inventory_available") is True
        for place in places
    )


def default_beside_locations(listing: Listing, sources: Mapping[str, Source], units: int) -> list[Issue]:
    """The guide's caution: with stock at locations, DEFAULT is to be 0 (D-15)."""
    if units and any(_active(sources, channel) for channel in listing.availability):
        return [warning("default_beside_locations", AVAILABILITY, quantity=units)]
    return []


# offers


def offers(state: State, marketplace_ids: Sequence[str]) -> list[LiveOffer]:
    """One for each purchasable offer that is active now and has a price."""
    if state.listing.deleted_at is not None:
        return []
    here = _here(state, marketplace_ids)
    found = []
    for instance in state.listing.offers.values():
        price = price_of(instance, state.now) if instance["marketplace_id"] in here else None
        if price is not None:
            audience, currency = instance["audience"], instance["currency"]
            kind = "B2C" if audience == ALL else "B2B"
            found.append(LiveOffer(instance["marketplace_id"], kind, currency, amount(price, currency), audience))
    return found


def amount(price: float, currency: str) -> str:
    """A price with the digits of its currency, as `19.99`; yen have none."""
    unit = Decimal(1).scaleb(-digits_of(currency))
    return f"{Decimal(str(price)).quantize(unit, ROUND_HALF_UP):f}"


def price_of(offer: Instance, now: datetime) -> float | None:
    """What the offer asks now: the discounted price while one runs, else our price; None outside of its time."""
    if not _runs({name: offer.get(name, {}).get("value") for name in ("start_at", "end_at")}, now):
        return None
    for discount in _schedule(offer, "discounted_price"):
        if _runs(discount, now):
            return _number(discount)
    return next((_number(price) for price in _schedule(offer, "our_price")), None)


def _number(price: Instance) -> float:
    value: float = price["value_with_tax"]
    return value


def _schedule(offer: Instance, name: str) -> Iterable[Instance]:
    return (price for part in offer.get(name, ()) for price in part["schedule"])


_EVER: Final = datetime.max.replace(tzinfo=UTC)
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


def _runs(span: Mapping[str, Any], now: datetime) -> bool:
    start, end = span.get("start_at"), span.get("end_at")
    begins = instant(start) if start else None
    ends = instant(end, end_of_day=True) if end else None
    return (begins or _ALWAYS) <= now < (ends or _EVER)


# the rest


def summaries(state: State, marketplace_ids: Sequence[str]) -> list[Summary]:
    """None of a deleted listing."""
    if state.listing.deleted_at is not None:
        return []
    listing, sku = state.listing, state.sku
    from_warehouse = any(is_fba(channel) for channel in listing.availability)
    literal = condition(sku.condition).listing if listing.attributes.get("condition_type") else None
    return [
        Summary(
            id_,
            listing.product_type,
            listing.created_at,
            listing.updated_at,
            status(state, id_),
            sku.asin,
            literal or "",
            sku.fnsku if from_warehouse else "",
            _item_name(state, id_),
            _image(listing, id_),
        )
        for id_ in _here(state, marketplace_ids)
    ]


def status(state: State, marketplace_id: str) -> tuple[str, ...]:
    """DISCOVERABLE: customers find it. BUYABLE: there is an active offer, stock, and nothing that forbids it."""
    listing = state.listing
    if not state.sku.asin or marketplace_id not in listing.marketplaces or listing.deleted_at is not None:
        return ()
    skipped = any(instance["value"] is True for instance in _instances(listing, "skip_offer", marketplace_id))
    sold = not skipped and _in_stock(state, marketplace_id) and bool(offers(state, [marketplace_id]))
    return (BUYABLE, DISCOVERABLE) if sold else (DISCOVERABLE,)


def _instances(listing: Listing, name: str, marketplace_id: str) -> list[Instance]:
    instances = listing.attributes.get(name, ())
    return [instance for instance in instances if instance.get("marketplace_id") in (None, marketplace_id)]


def _item_name(state: State, marketplace_id: str) -> str:
    named = _instances(state.listing, "item_name", marketplace_id)
    return str(named[0]["value"]) if named else state.product.title if state.product else ""


def _image(listing: Listing, marketplace_id: str) -> Image | None:
    for instance in _instances(listing, "main_product_image_locator", marketplace_id):
        link = instance.get("media_location")
        if isinstance(link, str) and link:
            return Image(link)
    return None


def issues(state: State, marketplace_ids: Sequence[str]) -> list[Issue]:
    listing = state.listing
    if listing.deleted_at is not None:
        return [error("not_in_catalog").at(marketplace_ids)]
    here = _here(state, marketplace_ids)
    found: list[Issue] = []
    if here and not state.sku.asin:
        found.append(error("no_asin").at(here))
    if listing.requirements != "LISTING_PRODUCT_ONLY":
        priced = {instance["marketplace_id"] for instance in listing.offers.values() if "our_price" in instance}
        if unpriced := [id_ for id_ in here if id_ not in priced]:
            found.append(error("no_price", OFFER, member=OFFER).at(unpriced))
    own = state.available.get(DEFAULT_LOCATION, 0)
    found += [issue.at(here) for issue in default_beside_locations(listing, state.sources, own)]
    return found


def attributes(state: State, marketplace_ids: Sequence[str]) -> dict[str, list[Instance]]:
    """What the seller submitted last; orders never change it."""
    listing = state.listing
    here = _here(state, marketplace_ids)
    return recomposed(listing.availability, listing.offers, listing.attributes, here) if here else {}


def product_types(state: State, marketplace_ids: Sequence[str]) -> list[ProductType]:
    return [ProductType(id_, state.listing.product_type) for id_ in _here(state, marketplace_ids)]


def relationships(state: State, marketplace_ids: Sequence[str]) -> list[Relationships]:
    """None yet: variations are not modelled."""
    return [Relationships(id_) for id_ in _here(state, marketplace_ids)]
