"""Units go missing, turn up, break, expire, are paid for or corrected."""

from __future__ import annotations

from datetime import timedelta

from entrepot.domain.accounts import LOSS_STAGES, Account, Disposition, Key
from entrepot.domain.commands import (
    AgeResearch,
    ChangeDisposition,
    ConfirmDamage,
    Correct,
    Damage,
    EndProcessing,
    Expire,
    Find,
    FinishPutaway,
    GiveUp,
    InspectOk,
    Lose,
    Misplace,
    ReachExpiry,
    Reimburse,
)
from entrepot.domain.errors import Invalid, NotAllowed, Shortage
from entrepot.domain.fba.stock import Answer, correction, free, lost, on_the_shelf, research, unsellable
from entrepot.domain.ledger import Entry, check_quantity
from entrepot.domain.papers import Sku
from entrepot.domain.quantities import LONG_TERM, MID_TERM, RESEARCH_DAYS
from entrepot.domain.world import World


def open_research(world: World, entry: Entry, quantity: int, gives: Key, sku: Sku, kind: str) -> None:
    """Start research on units; it ages on days 11 and 21 and ends as lost after day 60 (D-1)."""
    receives = research(sku, gives.place, kind, world.now)
    known = world.book.balances.get(receives, 0) > 0
    world.book.post(entry, quantity, gives, receives)
    if known:
        return
    for days in (MID_TERM.first_day - 1, LONG_TERM.first_day - 1, RESEARCH_DAYS):
        world.schedule(
            world.now + timedelta(days=days),
            "age_research",
            fnsku=sku.fnsku,
            fc=gives.place,
            kind=kind,
            opened_at=world.now,
            give_up=days == RESEARCH_DAYS,
        )


def misplace(world: World, command: Misplace) -> Answer:
    sku = world.sku(command.sku)
    entry = world.book.entry("F50", kind="sku", ref=sku.sku)
    keys = world.holding(sku, Account.FC_AVAIL, command.fc)
    for key, units in list(world.book.take(command.quantity, keys, f"SKU '{sku.sku}'")):
        open_research(world, entry, units, key, sku, "MISPLACED")
    return {"sku": sku.sku}


def age_research(world: World, command: AgeResearch) -> Answer:
    """A timer: the next age band begins (a mark, no unit moves), or research ends as lost (F52)."""
    key = Key(command.fnsku, Account.FC_RESEARCH, command.fc, Disposition.SELLABLE, command.kind, at=command.opened_at)
    units = world.book.balances.get(key, 0)
    if units:
        entry = world.book.entry("F52" if command.give_up else "T50", kind="item", ref=command.fnsku)
        entry.reason = "M" if command.give_up else ""
        world.book.post(entry, units, key, lost(command.fnsku, "FC") if command.give_up else key)
    return {}


def finish_putaway(world: World, command: FinishPutaway) -> Answer:
    """A timer: what is left of units put away can be picked now (T07)."""
    key = Key(command.fnsku, Account.FC_AVAIL, command.fc, Disposition.SELLABLE, at=command.pickable_at)
    units = world.book.balances.get(key, 0)
    if units:
        entry = world.book.entry("T07", kind="item", ref=command.fnsku)
        shelf = Key(command.fnsku, Account.FC_AVAIL, command.fc, Disposition.SELLABLE)
        world.book.post(entry, units, key, shelf)
    return {}


def end_processing(world: World, command: EndProcessing) -> Answer:
    """A timer: of the units set aside for put-away, those still there become free (F41)."""
    held = world.book.holding(
        command.fnsku, Account.FC_PROC, lambda key: key.place == command.fc and key.detail == "PUTAWAY"
    )
    units = min(command.quantity, world.book.total(held))
    if units:
        entry = world.book.entry("F41", kind="item", ref=command.fnsku)
        shelf = Key(command.fnsku, Account.FC_AVAIL, command.fc, Disposition.SELLABLE)
        world.book.move(entry, units, held, lambda key: shelf, "units in put-away")
    return {}


def reach_expiry(world: World, command: ReachExpiry) -> Answer:
    """A timer: of the units that came with this expiry, those still free in that centre expire (F63)."""
    keys = world.book.holding(command.fnsku, Account.FC_AVAIL, lambda key: key.place == command.fc)
    units = min(command.quantity, world.book.total(keys))
    if units:
        entry = world.book.entry("F63", kind="item", ref=command.fnsku, reason="Q")
        world.book.move(entry, units, keys, _expired, "free units")
    return {}


def _expired(key: Key) -> Key:
    return Key(key.item, Account.FC_UNS, key.place, Disposition.EXPIRED)


def find(world: World, command: Find) -> Answer:
    """Research first (F51), then what was lost in the centre (F54), then what was reimbursed (F56)."""
    sku = world.sku(command.sku)
    centre = world.centre(command.fc)
    searching = world.holding(sku, Account.FC_RESEARCH, command.fc)
    gone = world.book.holding(sku.fnsku, Account.X_LOST, lambda key: key.detail == "FC")
    paid = world.book.holding(sku.fnsku, Account.X_AMAZON)
    wanted = command.quantity
    available = world.book.total([*searching, *gone, *paid])
    check_quantity(wanted)
    if wanted > available:
        raise Shortage(f"SKU '{sku.sku}', missing units", wanted, available)
    found: dict[str, int] = {}
    for event, reason, keys in (("F51", "", searching), ("F54", "F", gone), ("F56", "N", paid)):
        units = min(wanted, world.book.total(keys))
        if units:
            entry = world.book.entry(event, kind="sku", ref=sku.sku, reason=reason)
            world.book.move(entry, units, keys, lambda key: free(sku, key.place or centre), "missing units")
            found[event] = units
            wanted -= units
    return {"sku": sku.sku, "found": found}


def give_up(world: World, command: GiveUp) -> Answer:
    sku = world.sku(command.sku)
    keys = world.holding(sku, Account.FC_RESEARCH, command.fc)
    units = world.book.total(keys) if command.quantity is None else command.quantity
    if not units:
        raise NotAllowed(f"SKU '{sku.sku}' has no unit under research")
    entry = world.book.entry("F52", kind="sku", ref=sku.sku, reason="M")
    world.book.move(entry, units, keys, lambda key: lost(sku.fnsku, "FC"), f"SKU '{sku.sku}' under research")
    return {"sku": sku.sku, "lost": units}


def lose(world: World, command: Lose) -> Answer:
    sku = world.sku(command.sku)
    entry = world.book.entry("F53", kind="sku", ref=sku.sku, reason=command.reason)
    keys = world.holding(sku, Account.FC_AVAIL, command.fc)
    world.book.move(entry, command.quantity, keys, lambda key: lost(sku.fnsku, "FC"), f"SKU '{sku.sku}'")
    return {"sku": sku.sku}


def reimburse(world: World, command: Reimburse) -> Answer:
    """Money for a loss (F55), a unit for a loss (F55 then F57), or a damaged unit bought (F59)."""
    sku = world.sku(command.sku)
    reimbursement = world.new_id("reimbursement")
    paid = Key(sku.fnsku, Account.X_AMAZON, ref=reimbursement)
    if command.method == "damaged":
        where = Disposition.WAREHOUSE_DAMAGED
        keys = [k for k in world.holding(sku, Account.FC_UNS, command.fc) if k.disposition == where]
        entry = world.book.entry("F59", kind="reimbursement", ref=reimbursement, reason="O")
        world.book.move(entry, command.quantity, keys, lambda key: paid, f"SKU '{sku.sku}', damaged units")
    else:
        stages = (command.stage,) if command.stage else LOSS_STAGES
        keys = world.book.holding(sku.fnsku, Account.X_LOST, lambda key: key.detail in stages)
        entry = world.book.entry("F55", kind="reimbursement", ref=reimbursement)
        world.book.move(entry, command.quantity, keys, lambda key: paid, f"SKU '{sku.sku}', lost units")
    if command.method == "unit":
        entry = world.book.entry("F57", kind="reimbursement", ref=reimbursement, reason="N")
        world.book.post(entry, command.quantity, paid, free(sku, world.centre(command.fc)))
    return {"reimbursement": reimbursement}


def damage(world: World, command: Damage) -> Answer:
    """F60; suspected only: F61, research first; units that were bad before: F60x."""
    sku = world.sku(command.sku)
    sound = command.disposition == Disposition.SELLABLE
    if command.suspected and not sound:
        raise Invalid("suspected", "only sellable units are researched")
    account = Account.FC_AVAIL if sound else Account.FC_UNS
    keys = [k for k in world.holding(sku, account, command.fc) if k.disposition == command.disposition]
    if command.disposition == Disposition.WAREHOUSE_DAMAGED:
        raise Invalid("disposition", "these units are warehouse damaged already")
    event = "F61" if command.suspected else "F60" if sound else "F60x"
    entry = world.book.entry(event, kind="sku", ref=sku.sku, reason="" if command.suspected else "E")
    for key, units in list(world.book.take(command.quantity, keys, f"SKU '{sku.sku}'")):
        if command.suspected:
            open_research(world, entry, units, key, sku, "DAMAGE")
        else:
            world.book.post(entry, units, key, unsellable(sku, key.place, Disposition.WAREHOUSE_DAMAGED))
    return {"sku": sku.sku}


def confirm_damage(world: World, command: ConfirmDamage) -> Answer:
    sku = world.sku(command.sku)
    keys = [k for k in world.holding(sku, Account.FC_RESEARCH, command.fc) if k.detail == "DAMAGE"]
    entry = world.book.entry("F61", kind="sku", ref=sku.sku, reason="E")
    what = f"SKU '{sku.sku}', suspected units"
    world.book.move(
        entry, command.quantity, keys, lambda key: unsellable(sku, key.place, Disposition.WAREHOUSE_DAMAGED), what
    )
    return {"sku": sku.sku}


def change_disposition(world: World, command: ChangeDisposition) -> Answer:
    if command.before == command.after:
        raise Invalid("after", "the disposition is the same")
    return _change(world, "F62", command.sku, command.quantity, command.before, command.after, command.fc)


def expire(world: World, command: Expire) -> Answer:
    return _change(world, "F63", command.sku, command.quantity, Disposition.SELLABLE, Disposition.EXPIRED, command.fc)


def inspect_ok(world: World, command: InspectOk) -> Answer:
    before, after = command.disposition, Disposition.SELLABLE
    return _change(world, "F64", command.sku, command.quantity, before, after, command.fc)


def _change(world: World, event: str, name: str, quantity: int, before: str, after: str, fc: str | None) -> Answer:
    sku = world.sku(name)
    account = Account.FC_AVAIL if before == Disposition.SELLABLE else Account.FC_UNS
    keys = [key for key in world.holding(sku, account, fc) if key.disposition == before]
    entry = world.book.entry(event, kind="sku", ref=sku.sku, reason="Q")
    what = f"SKU '{sku.sku}', {before} units"
    world.book.move(entry, quantity, keys, lambda key: on_the_shelf(sku, key.place, after), what)
    return {"sku": sku.sku}


# How a correction is filed: the event, and the ledger report's reason for more and for less.
_CORRECTIONS = {"software": ("F80", "1", "2"), "ownership": ("F58", "N", "O")}


def correct(world: World, command: Correct) -> Answer:
    sku = world.sku(command.sku)
    event, more, less = _CORRECTIONS[command.kind]
    outside = correction(sku.fnsku, command.kind.upper())
    if command.quantity > 0:
        entry = world.book.entry(event, kind="sku", ref=sku.sku, reason=more)
        world.book.post(entry, command.quantity, outside, free(sku, world.centre(command.fc)))
    else:
        entry = world.book.entry(event, kind="sku", ref=sku.sku, reason=less)
        keys = world.holding(sku, Account.FC_AVAIL, command.fc)
        world.book.move(entry, -command.quantity, keys, lambda key: outside, f"SKU '{sku.sku}'")
    return {"sku": sku.sku}
