"""Verbs that are about any order: who ships it decides which rules hold."""

from __future__ import annotations

from entrepot.domain import orderbook
from entrepot.domain.commands import CancelOrder, PlaceOrder
from entrepot.domain.fba import orders as warehouse
from entrepot.domain.fba.stock import Answer
from entrepot.domain.items import tidy
from entrepot.domain.mfn import orders as merchant
from entrepot.domain.world import World


def place_order(world: World, command: PlaceOrder) -> Answer:
    """Reserve every line or none. Raises Shortage with what the losing line wanted and could have had."""
    if (command.channel or _channel(world, command)) == orderbook.MERCHANT:
        return merchant.place_order(world, command)
    return warehouse.place_order(world, command)


def _channel(world: World, command: PlaceOrder) -> str:
    """How the first SKU is offered: by the warehouse if it is in one of its channels, or has no listing at all."""
    listing = world.listings.get(tidy(orderbook.lines_of(command)[0].sku))
    if listing is None or listing.deleted_at is not None:
        return "AFN"
    return "AFN" if any(channel.startswith("AMAZON_") for channel in listing.availability) else orderbook.MERCHANT


def cancel_order(world: World, command: CancelOrder) -> Answer:
    order, _ = orderbook.order_and_items(world, command.order, command.order_item)
    if order.channel == orderbook.MERCHANT:
        return merchant.cancel_order(world, command)
    return warehouse.cancel_order(world, command)
