"""Units leave for good: back to the seller, destroyed, donated or liquidated."""

from __future__ import annotations

from entrepot.domain.accounts import Account, Disposition, Key
from entrepot.domain.commands import CancelRemoval, Dispose, RequestRemoval, ShipRemoval
from entrepot.domain.errors import Invalid, NotAllowed, Shortage
from entrepot.domain.fba.stock import Answer, processing
from entrepot.domain.papers import Removal
from entrepot.domain.world import World


def request_removal(world: World, command: RequestRemoval) -> Answer:
    """Bind units to a removal; they keep their disposition and count as in processing (D-5)."""
    sku = world.sku(command.sku)
    removal = Removal(
        world.new_id("removal"), sku.fnsku, sku.sku, command.disposition, command.method, command.quantity
    )
    account = Account.FC_AVAIL if command.disposition == Disposition.SELLABLE else Account.FC_UNS
    keys = [key for key in world.holding(sku, account, command.fc) if key.disposition == command.disposition]
    entry = world.book.entry("F70", kind="removal", ref=removal.removal_id)
    what = f"SKU '{sku.sku}', {command.disposition} units"
    world.book.move(
        entry,
        command.quantity,
        keys,
        lambda key: processing(sku, key.place, "REMOVAL", removal.removal_id, command.disposition),
        what,
    )
    world.add(removal)
    return {"removal": removal.removal_id}


def _bound(world: World, removal: Removal, quantity: int | None) -> tuple[int, list[Key]]:
    if quantity is not None and quantity < 1:
        raise Invalid("quantity", "a quantity must be at least 1")
    units = removal.remaining if quantity is None else quantity
    if not units:
        raise NotAllowed(f"removal '{removal.removal_id}' has no unit left")
    if units > removal.remaining:
        raise Shortage(f"removal '{removal.removal_id}'", units, removal.remaining)
    return units, world.book.holding(removal.fnsku, Account.FC_PROC, lambda key: key.ref == removal.removal_id)


def cancel_removal(world: World, command: CancelRemoval) -> Answer:
    removal = world.removal(command.removal)
    units, keys = _bound(world, removal, command.quantity)
    sellable = removal.disposition == Disposition.SELLABLE
    account = Account.FC_AVAIL if sellable else Account.FC_UNS
    entry = world.book.entry("F71", kind="removal", ref=removal.removal_id)
    world.book.move(
        entry, units, keys, lambda key: Key(key.item, account, key.place, removal.disposition), "bound units"
    )
    world.edit(removal).cancelled += units
    return {"removal": removal.removal_id}


def ship_removal(world: World, command: ShipRemoval) -> Answer:
    """Back to the seller (F72) or to the liquidator (F74)."""
    removal = world.removal(command.removal)
    if removal.method not in ("RETURN", "LIQUIDATE"):
        raise NotAllowed(f"removal '{removal.removal_id}' is to be disposed of ({removal.method}), not shipped")
    units, keys = _bound(world, removal, command.quantity)
    if removal.method == "RETURN":
        event, gone = "F72", Key(removal.fnsku, Account.X_REMOVED, ref=removal.removal_id)
    else:
        event, gone = "F74", Key(removal.fnsku, Account.X_DISPOSED, detail="LIQUIDATE")
    entry = world.book.entry(event, kind="removal", ref=removal.removal_id)
    world.book.move(entry, units, keys, lambda key: gone, "bound units")
    world.edit(removal).shipped += units
    return {"removal": removal.removal_id}


# The ledger report's reason for each way of disposing.
_DISPOSAL_REASONS = {"DESTROY": "D", "DONATE": "G"}


def dispose(world: World, command: Dispose) -> Answer:
    removal = world.removal(command.removal)
    reason = _DISPOSAL_REASONS.get(removal.method)
    if reason is None:
        raise NotAllowed(f"removal '{removal.removal_id}' is to be shipped ({removal.method}), not disposed of")
    units, keys = _bound(world, removal, command.quantity)
    entry = world.book.entry("F73", kind="removal", ref=removal.removal_id, reason=reason)
    gone = Key(removal.fnsku, Account.X_DISPOSED, detail=removal.method)
    world.book.move(entry, units, keys, lambda key: gone, "bound units")
    world.edit(removal).disposed += units
    return {"removal": removal.removal_id}
