"""Stock arrives: shipments are announced, shipped, received and closed; or stock is simply put in."""

from __future__ import annotations

from datetime import datetime, timedelta

from entrepot.domain.accounts import Account, Disposition, Key
from entrepot.domain.commands import (
    AddStock,
    Arrive,
    CancelPlan,
    ChangePlan,
    CheckIn,
    CloseShipment,
    Depart,
    Locate,
    OpenBalance,
    Plan,
    Receive,
    Ship,
    StartReceiving,
    StockLine,
)
from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.fba.stock import (
    Answer,
    correction,
    free,
    inbound,
    lost,
    on_the_shelf,
    processing,
    supplier,
    unsellable,
)
from entrepot.domain.ledger import QUANTITY_MAX, Entry, check_quantity
from entrepot.domain.papers import SHIPMENT_STATES, Shipment, ShipmentItem, Sku
from entrepot.domain.world import World


def plan(world: World, command: Plan) -> Answer:
    sku = world.sku(command.sku)
    shipment = _working(world, command.shipment) if command.shipment else _new_shipment(world, command.fc)
    if command.fc and command.fc != shipment.destination:
        raise Invalid("fc", f"shipment '{shipment.shipment_id}' goes to {shipment.destination}")
    entry = world.book.entry("F01", kind="shipment", ref=shipment.shipment_id)
    world.book.post(entry, command.quantity, supplier(sku.fnsku), _working_key(sku.fnsku, shipment))
    _item(world, shipment, sku).announced += command.quantity
    return {"shipment": shipment.shipment_id, "fc": shipment.destination}


def _new_shipment(world: World, fc: str | None) -> Shipment:
    return world.add(Shipment(world.new_id("shipment"), "WORKING", world.centre(fc)))


def _working(world: World, shipment_id: str) -> Shipment:
    shipment = world.shipment(shipment_id)
    if shipment.status != "WORKING":
        raise NotAllowed(f"shipment '{shipment_id}' is {shipment.status}, not WORKING")
    return shipment


def _item(world: World, shipment: Shipment, sku: Sku) -> ShipmentItem:
    found = world.shipment_items.get((shipment.shipment_id, sku.fnsku))
    if found is not None:
        return world.edit(found)
    return world.add(ShipmentItem(shipment.shipment_id, sku.fnsku, sku.sku))


def _working_key(fnsku: str, shipment: Shipment) -> Key:
    return inbound(Account.IN_WORKING, fnsku, shipment.destination, shipment.shipment_id)


def _shipped_key(fnsku: str, shipment: Shipment) -> Key:
    return inbound(Account.IN_SHIPPED, fnsku, shipment.destination, shipment.shipment_id, shipment.eta)


def _receiving_key(fnsku: str, shipment: Shipment) -> Key:
    return inbound(Account.IN_RECEIVING, fnsku, shipment.destination, shipment.shipment_id, shipment.eta)


def change_plan(world: World, command: ChangePlan) -> Answer:
    """Set the announced quantity; the difference goes to or comes from the supplier (F02)."""
    shipment = _working(world, command.shipment)
    sku = world.sku(command.sku)
    if not 0 <= command.quantity <= QUANTITY_MAX:
        raise Invalid("quantity", f"a quantity must be between 0 and {QUANTITY_MAX}")
    item = _item(world, shipment, sku)
    change = command.quantity - item.announced
    if change:
        entry = world.book.entry("F02", kind="shipment", ref=shipment.shipment_id)
        here, there = _working_key(sku.fnsku, shipment), supplier(sku.fnsku)
        gives, receives = (there, here) if change > 0 else (here, there)
        world.book.post(entry, abs(change), gives, receives)
        item.announced = command.quantity
    return {"shipment": shipment.shipment_id, "changed": change}


def cancel_plan(world: World, command: CancelPlan) -> Answer:
    """Before it was shipped the shipment is deleted (F03), afterwards cancelled (F12); not once receiving began."""
    shipment = world.shipment(command.shipment)
    working = shipment.status == "WORKING"
    _advance(world, shipment, "DELETED" if working else "CANCELLED")
    entry = _final_entry(world, shipment, "F03" if working else "F12")
    for item in world.items_of_shipment(shipment.shipment_id):
        units = item.remaining
        if units:
            key = _working_key(item.fnsku, shipment) if working else _shipped_key(item.fnsku, shipment)
            world.book.post(entry, units, key, supplier(item.fnsku))
            world.edit(item).cancelled += units
    return {"shipment": shipment.shipment_id, "status": shipment.status}


def _final_entry(world: World, shipment: Shipment, event: str) -> Entry:
    """The entry of what ends a shipment; where no unit is left to move, it is a mere change of status."""
    left = any(item.remaining for item in world.items_of_shipment(shipment.shipment_id))
    reason = "" if left else shipment.status
    return world.book.entry(event if left else "F05", kind="shipment", ref=shipment.shipment_id, reason=reason)


def _advance(world: World, shipment: Shipment, status: str) -> None:
    if status not in SHIPMENT_STATES[shipment.status]:
        raise NotAllowed(f"shipment '{shipment.shipment_id}' is {shipment.status} and cannot become {status}")
    world.edit(shipment).status = status


def ship(world: World, command: Ship) -> Answer:
    shipment = _working(world, command.shipment)
    _advance(world, shipment, "SHIPPED")
    shipment.eta = command.eta
    entry = world.book.entry("F04", kind="shipment", ref=shipment.shipment_id)
    for item in world.items_of_shipment(shipment.shipment_id):
        if item.remaining:
            world.book.post(
                entry, item.remaining, _working_key(item.fnsku, shipment), _shipped_key(item.fnsku, shipment)
            )
    if not entry.moves:
        raise NotAllowed(f"shipment '{shipment.shipment_id}' is empty")
    return {"shipment": shipment.shipment_id, "status": shipment.status}


def _status_only(world: World, shipment_id: str, status: str) -> Answer:
    shipment = world.shipment(shipment_id)
    _advance(world, shipment, status)
    world.book.entry("F05", kind="shipment", ref=shipment.shipment_id, reason=status)
    return {"shipment": shipment.shipment_id, "status": status}


def depart(world: World, command: Depart) -> Answer:
    return _status_only(world, command.shipment, "IN_TRANSIT")


def arrive(world: World, command: Arrive) -> Answer:
    return _status_only(world, command.shipment, "DELIVERED")


def check_in(world: World, command: CheckIn) -> Answer:
    return _status_only(world, command.shipment, "CHECKED_IN")


def start_receiving(world: World, command: StartReceiving) -> Answer:
    shipment = world.shipment(command.shipment)
    _begin_receiving(world, shipment)
    return {"shipment": shipment.shipment_id, "status": shipment.status}


def _begin_receiving(world: World, shipment: Shipment) -> None:
    """All that is still on the way counts as being received from now on (D-2)."""
    _advance(world, shipment, "RECEIVING")
    entry = world.book.entry("F06", kind="shipment", ref=shipment.shipment_id)
    for item in world.items_of_shipment(shipment.shipment_id):
        if item.remaining:
            gives, receives = _shipped_key(item.fnsku, shipment), _receiving_key(item.fnsku, shipment)
            world.book.post(entry, item.remaining, gives, receives)


def receive(world: World, command: Receive) -> Answer:
    shipment = world.shipment(command.shipment)
    sku = world.sku(command.sku)
    check_quantity(command.quantity)
    if shipment.status != "RECEIVING":
        _begin_receiving(world, shipment)
    item = world.shipment_items.get((shipment.shipment_id, sku.fnsku))
    announced = min(command.quantity, item.remaining if item else 0)
    if item and announced:
        code = "F07" if command.disposition == Disposition.SELLABLE else "F08"
        entry = world.book.entry(code, kind="shipment", ref=shipment.shipment_id)
        _put_away(world, entry, announced, _receiving_key(sku.fnsku, shipment), sku, command.disposition, shipment)
        world.edit(item).received += announced
    surplus = command.quantity - announced
    if surplus:
        entry = world.book.entry("F09", kind="shipment", ref=shipment.shipment_id)
        _put_away(world, entry, surplus, supplier(sku.fnsku), sku, command.disposition, shipment)
    return {"shipment": shipment.shipment_id, "announced": announced, "surplus": surplus}


def _put_away(
    world: World, entry: Entry, quantity: int, gives: Key, sku: Sku, disposition: str, shipment: Shipment
) -> None:
    """Sellable units are fulfillable at once and pickable some hours later, or in processing meanwhile (D-27)."""
    place = shipment.destination
    if disposition != Disposition.SELLABLE:
        world.book.post(entry, quantity, gives, unsellable(sku, place, disposition))
    elif world.policies.putaway == "FC_PROCESSING" and world.policies.putaway_hours:
        world.book.post(entry, quantity, gives, processing(sku, place, "PUTAWAY"))
        due = world.now + timedelta(hours=world.policies.putaway_hours)
        world.schedule(due, "end_processing", fnsku=sku.fnsku, fc=place, quantity=quantity)
    else:
        pickable_at = _pickable_at(world)
        world.book.post(entry, quantity, gives, free(sku, place, pickable_at))
        if pickable_at:
            world.schedule(pickable_at, "finish_putaway", fnsku=sku.fnsku, fc=place, pickable_at=pickable_at)


def _pickable_at(world: World) -> datetime | None:
    hours = world.policies.putaway_hours
    return world.now + timedelta(hours=hours) if hours else None


def close_shipment(world: World, command: CloseShipment) -> Answer:
    """What has not come is lost on the way in (F10)."""
    shipment = world.shipment(command.shipment)
    receiving = shipment.status == "RECEIVING"
    _advance(world, shipment, "CLOSED")
    entry = _final_entry(world, shipment, "F10")
    missing = 0
    for item in world.items_of_shipment(shipment.shipment_id):
        units = item.remaining
        if units:
            key = _receiving_key(item.fnsku, shipment) if receiving else _shipped_key(item.fnsku, shipment)
            world.book.post(entry, units, key, lost(item.fnsku, "INBOUND"))
            world.edit(item).lost += units
            missing += units
    return {"shipment": shipment.shipment_id, "status": "CLOSED", "missing": missing}


def locate(world: World, command: Locate) -> Answer:
    sku = world.sku(command.sku)
    entry = world.book.entry("F11", kind="sku", ref=sku.sku)
    world.book.post(entry, command.quantity, lost(sku.fnsku, "INBOUND"), free(sku, world.centre(command.fc)))
    return {"sku": sku.sku}


def add_stock(world: World, command: AddStock) -> Answer:
    """All lines or none (F90)."""
    lines = command.lines
    if not lines:
        if command.sku is None or command.quantity is None:
            raise Invalid("sku" if command.sku is None else "quantity", "sku and quantity are required")
        lines = (StockLine(command.sku, command.quantity, command.marketplace),)
    entry = world.book.entry("F90", kind="sku", ref=lines[0].sku)
    for line in lines:
        sku = world.sku(line.sku)
        marketplace = world.marketplace(line.marketplace or command.marketplace)
        if line.marketplace and (marketplace.id, sku.sku) not in world.offers:
            raise NotFound("SKU", line.sku)
        centre = world.centre(command.fc, marketplace.id)
        world.book.post(entry, line.quantity, supplier(sku.fnsku), free(sku, centre))
        if command.expires:
            if command.expires <= world.now:
                raise Invalid("expires", "must lie in the future of this world")
            world.schedule(command.expires, "reach_expiry", fnsku=sku.fnsku, fc=centre, quantity=line.quantity)
    return {"units": sum(line.quantity for line in lines)}


def open_balance(world: World, command: OpenBalance) -> Answer:
    sku = world.sku(command.sku)
    entry = world.book.entry("F91", kind="sku", ref=sku.sku)
    receives = on_the_shelf(sku, world.centre(command.fc), command.disposition)
    world.book.post(entry, command.quantity, correction(sku.fnsku, "OPENING"), receives)
    return {"sku": sku.sku}
