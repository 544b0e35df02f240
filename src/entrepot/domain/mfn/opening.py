"""Listings come and go: by their seller's submissions, or with an item that the warehouse sells for him.

An item of the warehouse is readable as a listing with the warehouse's channel of its region (SP-API reference §4.1).
"""

from __future__ import annotations

from typing import Final

from entrepot.domain.conditions import condition
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.addressing import replaced
from entrepot.domain.mfn.attributes import CHANNEL, FBA_CHANNELS, is_fba
from entrepot.domain.mfn.issues import language_of
from entrepot.domain.papers import Instance, Listing, Product, Sku
from entrepot.domain.world import World

# The product type that fits everything.
ANY_PRODUCT: Final = "PRODUCT"


def current(world: World, sku: str) -> Listing | None:
    """The listing of a SKU, unless there is none or it was deleted."""
    listing = world.listings.get(sku)
    return listing if listing is not None and listing.deleted_at is None else None


def opened(world: World, sku: str) -> Listing:
    """The listing of a SKU, about to change: the one that is there, or a new one. A deleted one, which `leave` has left
    empty, begins anew."""
    listing = world.listings.get(sku)
    if listing is None:
        return world.add(Listing(sku, ANY_PRODUCT, "LISTING", [], {}, {}, {}, world.now, world.now))
    world.edit(listing)
    listing.updated_at, listing.mark = world.now, None
    if listing.deleted_at is not None:
        listing.product_type, listing.requirements = ANY_PRODUCT, "LISTING"
        listing.created_at, listing.deleted_at = world.now, None
    return listing


def listed_in(listing: Listing, *marketplace_ids: str) -> None:
    """Add marketplaces to a listing that is about to change."""
    new = [id_ for id_ in marketplace_ids if id_ not in listing.marketplaces]
    if new:
        listing.marketplaces = [*listing.marketplaces, *new]


def announce(world: World, sku: Sku, marketplace: Marketplace, title: str) -> None:
    """An item is offered from the warehouse: its listing says so."""
    if sku.asin not in world.products:
        world.add(Product(sku.asin, "", ANY_PRODUCT, title))
    listing = opened(world, sku.sku)
    listed_in(listing, marketplace.id)
    channel = FBA_CHANNELS[marketplace.region]
    listing.availability = {**listing.availability, channel: listing.availability.get(channel, {CHANNEL: channel})}
    place: Instance = {"marketplace_id": marketplace.id}
    attributes = dict(listing.attributes)
    _put(attributes, "item_name", {**place, "language_tag": language_of(marketplace.country), "value": title})
    if literal := condition(sku.condition).listing:
        _put(attributes, "condition_type", {**place, "value": literal})
    listing.attributes = attributes


def _put(attributes: dict[str, list[Instance]], name: str, instance: Instance) -> None:
    attributes[name] = replaced(attributes.get(name, []), [instance], ("marketplace_id",))


def withdraw(world: World, sku: Sku, marketplace_id: str) -> None:
    """An item is no longer offered from the warehouse in a marketplace: so says its listing, if it has one."""
    listing = current(world, sku.sku)
    if listing is None:
        return
    world.edit(listing).updated_at = world.now
    elsewhere = any(name == sku.sku and id_ != marketplace_id for id_, name in world.offers)
    if not elsewhere:
        listing.availability = {c: instance for c, instance in listing.availability.items() if not is_fba(c)}
    if elsewhere or not listing.availability:
        leave(world, listing, marketplace_id)


def leave(world: World, listing: Listing, marketplace_id: str) -> None:
    """Take a listing that is about to change out of a marketplace; out of the last one, it is deleted."""
    listing.marketplaces = [id_ for id_ in listing.marketplaces if id_ != marketplace_id]
    listing.updated_at, listing.mark = world.now, None
    if not listing.marketplaces:
        listing.availability, listing.offers, listing.attributes = {}, {}, {}
        listing.deleted_at = world.now
        return
    listing.offers = {k: kept for k, kept in listing.offers.items() if kept["marketplace_id"] != marketplace_id}
    kept = {
        name: [instance for instance in instances if instance.get("marketplace_id") != marketplace_id]
        for name, instances in listing.attributes.items()
    }
    listing.attributes = {name: instances for name, instances in kept.items() if instances}
