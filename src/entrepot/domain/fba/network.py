"""Units move between centres, or are set aside inside one."""

from __future__ import annotations

from entrepot.domain.accounts import Account, Disposition, Key
from entrepot.domain.commands import ArriveTransfer, Hold, LoseTransfer, Release, StartTransfer
from entrepot.domain.errors import Invalid, NotAllowed, Shortage
from entrepot.domain.fba.stock import Answer, lost, processing
from entrepot.domain.ledger import Entry
from entrepot.domain.papers import Transfer
from entrepot.domain.world import World


def transfer(world: World, command: StartTransfer) -> Answer:
    sku = world.sku(command.sku)
    origin, destination = world.centre(command.origin), world.centre(command.destination)
    if origin == destination:
        raise Invalid("destination", "a transfer needs two different centres")
    paper = Transfer(
        world.new_id("transfer"), sku.fnsku, sku.sku, origin, destination, command.eta, sent=command.quantity
    )
    entry = world.book.entry("F30", kind="transfer", ref=paper.transfer_id)
    keys = world.holding(sku, Account.FC_AVAIL, origin)
    world.book.move(entry, command.quantity, keys, lambda key: _between(paper), f"SKU '{sku.sku}' in {origin}")
    world.add(paper)
    return {"transfer": paper.transfer_id}


def _between(paper: Transfer) -> Key:
    return Key(
        paper.fnsku,
        Account.FC_XFER,
        paper.destination,
        Disposition.SELLABLE,
        paper.origin,
        paper.transfer_id,
        paper.eta,
    )


def _share(paper: Transfer, quantity: int | None) -> int:
    units = paper.on_the_way if quantity is None else quantity
    if quantity is not None and quantity < 1:
        raise Invalid("quantity", "a quantity must be at least 1")
    if units > paper.on_the_way:
        raise Shortage(f"transfer '{paper.transfer_id}'", units, paper.on_the_way)
    return units


def arrive_transfer(world: World, command: ArriveTransfer) -> Answer:
    """Units arrive (F31); with all of them, or without a quantity, those sold on the way do too (F31b)."""
    paper = world.transfer(command.transfer)
    units = _share(paper, command.quantity)
    sold = _sold_on(world, paper) if units == paper.on_the_way else []
    if not units and not sold:
        raise NotAllowed(f"transfer '{paper.transfer_id}' has nothing on the way")
    world.edit(paper)
    if units:
        _arrive(world, world.book.entry("F31", kind="transfer", ref=paper.transfer_id), paper, units)
    if sold:
        entry = world.book.entry("F31b", kind="transfer", ref=paper.transfer_id)
        for key in sold:
            part = world.book.balances[key]
            bound = Key(key.item, Account.FC_ORDER, key.place, Disposition.SELLABLE, ref=key.ref)
            world.book.post(entry, part, key, bound)
            paper.sold -= part
            paper.arrived += part
    return {"transfer": paper.transfer_id}


def _sold_on(world: World, paper: Transfer) -> list[Key]:
    return world.book.holding(paper.fnsku, Account.FC_ORDER, lambda key: key.detail == paper.transfer_id)


def _arrive(world: World, entry: Entry, paper: Transfer, units: int) -> None:
    receives = Key(paper.fnsku, Account.FC_AVAIL, paper.destination, Disposition.SELLABLE)
    world.book.post(entry, units, _between(paper), receives)
    paper.arrived += units


def lose_transfer(world: World, command: LoseTransfer) -> Answer:
    paper = world.transfer(command.transfer)
    units = _share(paper, command.quantity)
    if not units:
        raise NotAllowed(f"transfer '{paper.transfer_id}' has nothing on the way")
    entry = world.book.entry("F32", kind="transfer", ref=paper.transfer_id, reason="M")
    world.book.post(entry, units, _between(paper), lost(paper.fnsku, "TRANSFER"))
    world.edit(paper).lost += units
    return {"transfer": paper.transfer_id, "lost": units}


def hold(world: World, command: Hold) -> Answer:
    sku = world.sku(command.sku)
    entry = world.book.entry("F40", kind="sku", ref=sku.sku, reason=command.reason)
    keys = world.holding(sku, Account.FC_AVAIL, command.fc)
    world.book.move(
        entry, command.quantity, keys, lambda key: processing(sku, key.place, command.reason), f"SKU '{sku.sku}'"
    )
    return {"sku": sku.sku}


def release(world: World, command: Release) -> Answer:
    """End processing of sellable units; those bound to a removal are not touched (cancel the removal)."""
    sku = world.sku(command.sku)

    def held(key: Key) -> bool:
        return key.detail == command.reason if command.reason else key.detail != "REMOVAL"

    keys = [key for key in world.holding(sku, Account.FC_PROC, command.fc) if held(key)]
    entry = world.book.entry("F41", kind="sku", ref=sku.sku)
    what = f"SKU '{sku.sku}' in processing"
    to = Account.FC_AVAIL
    world.book.move(entry, command.quantity, keys, lambda key: Key(key.item, to, key.place, Disposition.SELLABLE), what)
    return {"sku": sku.sku}
