"""Customers order, and the units leave, come back or get lost on the way."""

from __future__ import annotations

from entrepot.domain.accounts import Account, Disposition, Key
from entrepot.domain.commands import CancelOrder, LoseDelivery, MissPick, PlaceOrder, ReturnUnit, ShipOrder
from entrepot.domain.errors import Shortage
from entrepot.domain.fba.stock import Answer, free, lost, on_the_shelf, processing
from entrepot.domain.fba.trouble import open_research
from entrepot.domain.ledger import Entry
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.orderbook import (
    lines_of,
    new_order_id,
    only_of_the_warehouse,
    order_and_items,
    particulars,
    prices_of,
    settle,
    shares,
)
from entrepot.domain.papers import Order, OrderItem, Sku
from entrepot.domain.places import country_of
from entrepot.domain.world import World


def place_order(world: World, command: PlaceOrder) -> Answer:
    """Reserve every line or none (F20). Raises Shortage with what the losing line wanted and could have had."""
    lines = lines_of(command)
    marketplace = world.marketplace(command.marketplace)
    order_id = new_order_id(world, command.order)
    skus, prices = [world.sku(line.sku) for line in lines], prices_of(lines, marketplace.currency)
    channel, details = command.channel or "AFN", particulars(command)
    world.add(Order(order_id, "Unshipped", channel, marketplace.id, world.now, world.now, details=details))
    entry = world.book.entry("F20", kind="order", ref=order_id)
    items = []
    for number, (line, sku, price) in enumerate(zip(lines, skus, prices, strict=True)):
        item = OrderItem(
            world.new_id("order_item"), order_id, sku.sku, sku.fnsku, line.quantity,
            currency=marketplace.currency, price=price or 0, line=number,
        )  # fmt: skip
        items.append(world.add(item))
        _reserve_line(world, entry, item, sku, marketplace)
    if not entry.moves:
        world.book.entries.remove(entry)
    return {"order": order_id, "order_items": [{"order_item": i.order_item_id, "sku": i.sku} for i in items]}


def _reserve_line(world: World, entry: Entry, item: OrderItem, sku: Sku, marketplace: Marketplace) -> None:
    wanted = item.ordered
    keys = _serving(world, sku, marketplace)
    on_shelves = min(wanted, world.book.total(keys))
    in_transfer = _serving_transfers(world, sku, marketplace) if on_shelves < wanted else []
    if on_shelves + world.book.total(in_transfer) < wanted:
        raise Shortage(f"SKU '{sku.sku}'", wanted, on_shelves + world.book.total(in_transfer))
    if on_shelves:
        world.book.move(entry, on_shelves, keys, lambda key: _reserved(key, item), f"SKU '{sku.sku}'")
    if on_shelves < wanted:
        _sell_in_transfer(world, item, wanted - on_shelves, in_transfer)


def _serving(world: World, sku: Sku, marketplace: Marketplace) -> list[Key]:
    """Free stock that serves a marketplace: its own country's first, others' if the seller allows it (D-17)."""
    keys = world.book.holding(sku.fnsku, Account.FC_AVAIL)
    home = [key for key in keys if country_of(key.place) == marketplace.country]
    if not world.policies.remote_serving:
        return home
    return home + [key for key in keys if country_of(key.place) != marketplace.country]


def _serving_transfers(world: World, sku: Sku, marketplace: Marketplace) -> list[Key]:
    if not world.policies.sell_in_transfer:
        return []
    return [k for k in world.book.holding(sku.fnsku, Account.FC_XFER) if country_of(k.place) == marketplace.country]


def _reserved(key: Key, item: OrderItem, transfer: str = "") -> Key:
    return Key(key.item, Account.FC_ORDER, key.place, Disposition.SELLABLE, transfer, item.order_item_id)


def _sell_in_transfer(world: World, item: OrderItem, quantity: int, keys: list[Key]) -> None:
    """Units between centres are promised to the order and arrive bound to it (F20b, D-8)."""
    entry = world.book.entry("F20b", kind="order", ref=item.order_id)
    for key, units in list(world.book.take(quantity, keys, f"SKU '{item.sku}'")):
        world.book.post(entry, units, key, _reserved(key, item, key.ref))
        world.edit(world.transfer(key.ref)).sold += units


def _reservations(world: World, item: OrderItem) -> list[Key]:
    return world.book.holding(item.fnsku, Account.FC_ORDER, lambda key: key.ref == item.order_item_id)


def cancel_order(world: World, command: CancelOrder) -> Answer:
    order, items = order_and_items(world, command.order, command.order_item)
    entry = world.book.entry("F21", kind="order", ref=order.order_id)
    for item, units in shares(items, command.quantity, "reserved", "cancel"):
        for key, part in list(world.book.take(units, _reservations(world, item), "reserved units")):
            world.book.post(entry, part, key, _released(world, key, part))
        world.edit(item).cancelled += units
    settle(world, order)
    return {"order": order.order_id, "status": order.status}


def _released(world: World, key: Key, units: int) -> Key:
    """Where a released unit goes: back on the shelf, or back into the transfer it was sold from."""
    if not key.detail:
        return Key(key.item, Account.FC_AVAIL, key.place, Disposition.SELLABLE)
    transfer = world.edit(world.transfer(key.detail))
    transfer.sold -= units
    return Key(
        key.item, Account.FC_XFER, key.place, Disposition.SELLABLE, transfer.origin, transfer.transfer_id, transfer.eta
    )


def ship_order(world: World, command: ShipOrder) -> Answer:
    """Only units on a shelf can leave: those sold while between centres must arrive first."""
    order, items = order_and_items(world, command.order, command.order_item)
    only_of_the_warehouse(order, "confirm_shipment confirms what he sent")
    entry = world.book.entry("F22", kind="order", ref=order.order_id)
    for item, units in shares(items, command.quantity, "reserved", "ship"):
        keys = [key for key in _reservations(world, item) if not key.detail]
        to = Key(item.fnsku, Account.X_CUSTOMER, ref=item.order_item_id)
        for key, part in list(world.book.take(units, keys, "reserved units in a centre")):
            world.book.post(entry, part, key, to)
        world.edit(item).shipped += units
    settle(world, order)
    return {"order": order.order_id, "status": order.status}


def miss_pick(world: World, command: MissPick) -> Answer:
    """The bin is empty: research opens (F23), other units are reserved (F20), what lacks is cancelled."""
    order, items = order_and_items(world, command.order, command.order_item)
    only_of_the_warehouse(order, "cancel_order with the reason NoInventory writes off what he cannot find")
    cancelled = 0
    for item, units in shares(items, command.quantity, "reserved", "pick"):
        sku = world.sku(item.sku)
        entry = world.book.entry("F23", kind="order", ref=order.order_id)
        keys = [key for key in _reservations(world, item) if not key.detail]
        for key, part in list(world.book.take(units, keys, "reserved units in a centre")):
            open_research(world, entry, part, key, sku, "MISPLACED")
        cancelled += units - _reserve_again(world, order, item, units)
    settle(world, order)
    return {"order": order.order_id, "status": order.status, "cancelled": cancelled}


def _reserve_again(world: World, order: Order, item: OrderItem, units: int) -> int:
    keys = _serving(world, world.sku(item.sku), world.marketplace(order.marketplace_id))
    found = min(units, world.book.total(keys))
    if found:
        entry = world.book.entry("F20", kind="order", ref=order.order_id)
        world.book.move(entry, found, keys, lambda key: _reserved(key, item), f"SKU '{item.sku}'")
    if found < units:
        world.edit(item).cancelled += units - found
    return found


def lose_delivery(world: World, command: LoseDelivery) -> Answer:
    order, items = order_and_items(world, command.order, command.order_item)
    only_of_the_warehouse(order, "no verb loses it")
    entry = world.book.entry("F24", kind="order", ref=order.order_id)
    for item, units in shares(items, command.quantity, "with_customer", "lose"):
        gives = Key(item.fnsku, Account.X_CUSTOMER, ref=item.order_item_id)
        world.book.post(entry, units, gives, lost(item.fnsku, "DELIVERY"))
        world.edit(item).lost += units
    return {"order": order.order_id}


# Returns damaged through the warehouse's or its carrier's fault (D-4).
_AT_FAULT = (Disposition.WAREHOUSE_DAMAGED, Disposition.CARRIER_DAMAGED)


def return_unit(world: World, command: ReturnUnit) -> Answer:
    order, items = order_and_items(world, command.order, command.order_item)
    only_of_the_warehouse(order, "restock_return puts it back on his shelf")
    marketplace = order.marketplace_id if order.marketplace_id in world.marketplaces else None
    centre = world.centre(command.fc, marketplace)
    for item, units in shares(items, command.quantity, "with_customer", "return"):
        _return(world, item, units, command, centre)
        world.edit(item).returned += units
    return {"order": order.order_id}


def _return(world: World, item: OrderItem, units: int, command: ReturnUnit, centre: str) -> None:
    sku = world.sku(item.sku)
    gives = Key(item.fnsku, Account.X_CUSTOMER, ref=item.order_item_id)
    at_fault = command.disposition in _AT_FAULT
    if at_fault and world.policies.returns_at_fault == "AMAZON_OWNS":
        entry = world.book.entry("F27", kind="order", ref=item.order_id)
        world.book.post(entry, units, gives, Key(item.fnsku, Account.X_AMAZON, ref=world.new_id("reimbursement")))
        return
    if command.disposition == Disposition.SELLABLE:
        entry = world.book.entry("F25", kind="order", ref=item.order_id)
        inspected = processing(sku, centre, "RETURN_INSPECT") if command.inspect else free(sku, centre)
        world.book.post(entry, units, gives, inspected)
        return
    entry = world.book.entry("F26", kind="order", ref=item.order_id)
    shelf = on_the_shelf(sku, centre, command.disposition)
    world.book.post(entry, units, gives, shelf)
    if at_fault:
        entry = world.book.entry("F59", kind="order", ref=item.order_id, reason="O")
        world.book.post(entry, units, shelf, Key(item.fnsku, Account.X_AMAZON, ref=world.new_id("reimbursement")))
