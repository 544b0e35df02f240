"""A seller's world in memory, for rules that need no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from entrepot.domain.accounts import Account, Key
from entrepot.domain.commands import Command, CreateSource, SourceStatus
from entrepot.domain.ledger import Book
from entrepot.domain.papers import Listing, OrderItem, Sku
from entrepot.domain.verbs import VERB_OF, VERBS
from entrepot.domain.world import Policies, World

START = datetime(2026, 3, 4, 18, tzinfo=UTC)  # a Wednesday; 10:00 in Los Angeles
US, JP = "ATVPDKIKX0DER", "A1VC38T7YXB528"
ADDRESS = {"name": "Store - City", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}


def new_world(marketplaces: tuple[str, ...] = (US,), **policies: Any) -> World:
    world = World(Book({}, START), 7, 0, 0, marketplaces, replace(Policies(), **policies))
    world.begin()
    return world


def do(world: World, command: Command) -> dict[str, Any]:
    """Perform a command as the ledger does: all or none."""
    world.begin()
    try:
        return VERBS[VERB_OF[type(command)]].perform(world, command)
    except Exception:
        world.rollback()
        raise


def source(world: World, code: str, *, active: bool = True, **address: str) -> str:
    """A location, open for sale; its id."""
    source_id = str(do(world, CreateSource(code, f"Alias of {code}", {**ADDRESS, **address}))["source"])
    if active:
        do(world, SourceStatus(source_id, "Active"))
    return source_id


def stock(world: World, sku: str, units: Mapping[str, int]) -> None:
    """A SKU with so many units at these locations, counted in by the seller."""
    world.skus.setdefault(sku, Sku(sku, f"X{sku:0>9}", "B000000001", "NewItem", "amazon"))
    for place, quantity in units.items():
        world.book.begin()
        entry = world.book.entry("M01", kind="sku", ref=sku)
        world.book.post(entry, quantity, Key(sku, Account.X_SELLER, detail="COUNT"), Key(sku, Account.M_AVAIL, place))


def listing(world: World, sku: str, availability: dict[str, Any], offers: dict[str, Any] | None = None) -> Listing:
    found = Listing(sku, "PRODUCT", "LISTING", list(world.marketplaces), availability, offers or {}, {}, START, START)
    world.listings[sku] = found
    return found


def units(world: World, sku: str, account: str, place: str | None = None) -> int:
    """Units of a SKU in an account, at one location or everywhere."""
    return sum(
        quantity
        for key, quantity in world.book.balances.items()
        if (key.item, key.account) == (sku, account) and place in (None, key.place)
    )


def only_item(world: World, order: str) -> OrderItem:
    [item] = world.items_of_order(order)
    return item


def events(world: World) -> list[str]:
    """The events of the last command."""
    return [entry.event for entry in world.book.entries[world.book._entries_before :]]
