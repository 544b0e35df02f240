"""The verbs of the world, as one literal table: name → command, what it does, and the events it may post.

The events tell storage which balances a command needs (those that may give), so the table is also its shopping list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from entrepot.domain import commands as c
from entrepot.domain import orders
from entrepot.domain.accounts import WAREHOUSE_ACCOUNTS, Account
from entrepot.domain.errors import Invalid
from entrepot.domain.events import EVENTS
from entrepot.domain.fba import catalog, inbound, leaving, network, trouble
from entrepot.domain.fba import orders as warehouse
from entrepot.domain.fba.stock import Answer
from entrepot.domain.mfn import listing, locations
from entrepot.domain.mfn import orders as merchant
from entrepot.domain.world import World


def set_policy(world: World, command: c.SetPolicy) -> Answer:
    wanted = {name: value for name, value in asdict(command).items() if value is not None}
    if not 0 <= wanted.get("putaway_hours", 0) <= 24 * 365:
        raise Invalid("putaway_hours", "must be between 0 and 8760")
    if not 1 <= wanted.get("pending_minutes", 1) <= 60 * 24 * 365:
        raise Invalid("pending_minutes", "must be between 1 and 525600")
    world.policies = replace(world.policies, **wanted)
    world.policies_changed = True
    return asdict(world.policies)


@dataclass(frozen=True)
class Verb:
    command: type[c.Command]
    perform: Callable[[World, Any], Answer]
    events: tuple[str, ...] = ()
    reads: tuple[Account, ...] = ()  # accounts it must see whole, although it may not take from them
    relatives: bool = False  # needs the offers of its SKUs, and the SKUs that share an item with them
    listings: bool = False  # needs the listings and products of its SKUs, and all locations of the seller
    timer: bool = False  # happens by itself; no door offers it

    @property
    def takes_from(self) -> tuple[Account, ...]:
        """The accounts that may give."""
        return tuple(dict.fromkeys(gives for event in self.events for gives, _ in EVENTS[event].moves))


def _verb(
    command: type[c.Command],
    perform: Callable[[World, Any], Answer],
    events: str,
    reads: tuple[Account, ...] = (),
    relatives: bool = False,
    listings: bool = False,
    timer: bool = False,
) -> Verb:
    return Verb(command, perform, tuple(events.split()), reads, relatives, listings, timer)


# Research opened twice at one instant ages once: whoever opens it must see what is open.
_RESEARCH: Final = (Account.FC_RESEARCH,)

VERBS: Final[dict[str, Verb]] = {
    # catalogue
    "create_item": _verb(c.CreateItem, catalog.create_item, "C01", relatives=True, listings=True),
    "close_item": _verb(
        c.CloseItem, catalog.close_item, "C02 F80", reads=WAREHOUSE_ACCOUNTS, relatives=True, listings=True
    ),
    "merge_items": _verb(c.MergeItems, catalog.merge_items, "F65"),
    # inbound
    "plan": _verb(c.Plan, inbound.plan, "F01"),
    "change_plan": _verb(c.ChangePlan, inbound.change_plan, "F02"),
    "cancel_plan": _verb(c.CancelPlan, inbound.cancel_plan, "F03 F12 F05"),
    "ship": _verb(c.Ship, inbound.ship, "F04"),
    "depart": _verb(c.Depart, inbound.depart, "F05"),
    "arrive": _verb(c.Arrive, inbound.arrive, "F05"),
    "check_in": _verb(c.CheckIn, inbound.check_in, "F05"),
    "start_receiving": _verb(c.StartReceiving, inbound.start_receiving, "F06"),
    "receive": _verb(c.Receive, inbound.receive, "F06 F07 F08 F09"),
    "close_shipment": _verb(c.CloseShipment, inbound.close_shipment, "F10 F05"),
    "locate": _verb(c.Locate, inbound.locate, "F11"),
    "add_stock": _verb(c.AddStock, inbound.add_stock, "F90", relatives=True),
    "open_balance": _verb(c.OpenBalance, inbound.open_balance, "F91"),
    # orders
    "place_order": _verb(c.PlaceOrder, orders.place_order, "F20 F20b M02", listings=True),
    "cancel_order": _verb(c.CancelOrder, orders.cancel_order, "F21 M04 M05"),
    "ship_order": _verb(c.ShipOrder, warehouse.ship_order, "F22"),
    "miss_pick": _verb(c.MissPick, warehouse.miss_pick, "F23 F20", reads=_RESEARCH),
    "lose_delivery": _verb(c.LoseDelivery, warehouse.lose_delivery, "F24"),
    "return_unit": _verb(c.ReturnUnit, warehouse.return_unit, "F25 F26 F27 F59"),
    "verify_payment": _verb(c.VerifyPayment, merchant.verify_payment, "M03"),
    "confirm_shipment": _verb(c.ConfirmShipment, merchant.confirm_shipment, "M06 M09", listings=True),
    "restock_return": _verb(c.RestockReturn, merchant.restock_return, "M07", listings=True),
    "refund": _verb(c.Refund, merchant.refund, "M12"),
    # listings
    "put_listing": _verb(c.PutListing, listing.put_listing, "C03 C01 M01 M10", relatives=True, listings=True),
    "patch_listing": _verb(c.PatchListing, listing.patch_listing, "C03 C01 M01 M10", relatives=True, listings=True),
    "delete_listing": _verb(
        c.DeleteListing, listing.delete_listing, "C04 C02 M10", reads=WAREHOUSE_ACCOUNTS, relatives=True, listings=True
    ),
    "set_quantity": _verb(c.SetQuantity, listing.set_quantity, "M01", listings=True),
    "move_quantity": _verb(c.MoveQuantity, listing.move_quantity, "M08", listings=True),
    # locations
    "create_source": _verb(c.CreateSource, locations.create_source, "C05", listings=True),
    "update_source": _verb(c.UpdateSource, locations.update_source, "C06", listings=True),
    "source_status": _verb(c.SourceStatus, locations.source_status, "M11", listings=True),
    # network
    "transfer": _verb(c.StartTransfer, network.transfer, "F30"),
    "arrive_transfer": _verb(c.ArriveTransfer, network.arrive_transfer, "F31 F31b"),
    "lose_transfer": _verb(c.LoseTransfer, network.lose_transfer, "F32"),
    "hold": _verb(c.Hold, network.hold, "F40"),
    "release": _verb(c.Release, network.release, "F41"),
    # trouble
    "misplace": _verb(c.Misplace, trouble.misplace, "F50", reads=_RESEARCH),
    "find": _verb(c.Find, trouble.find, "F51 F54 F56"),
    "give_up": _verb(c.GiveUp, trouble.give_up, "F52"),
    "lose": _verb(c.Lose, trouble.lose, "F53"),
    "reimburse": _verb(c.Reimburse, trouble.reimburse, "F55 F57 F59"),
    "damage": _verb(c.Damage, trouble.damage, "F60 F60x F61", reads=_RESEARCH),
    "confirm_damage": _verb(c.ConfirmDamage, trouble.confirm_damage, "F61"),
    "change_disposition": _verb(c.ChangeDisposition, trouble.change_disposition, "F62"),
    "expire": _verb(c.Expire, trouble.expire, "F63"),
    "inspect_ok": _verb(c.InspectOk, trouble.inspect_ok, "F64"),
    "correct": _verb(c.Correct, trouble.correct, "F58 F80"),
    # leaving
    "request_removal": _verb(c.RequestRemoval, leaving.request_removal, "F70"),
    "cancel_removal": _verb(c.CancelRemoval, leaving.cancel_removal, "F71"),
    "ship_removal": _verb(c.ShipRemoval, leaving.ship_removal, "F72 F74"),
    "dispose": _verb(c.Dispose, leaving.dispose, "F73"),
    # the world
    "set_policy": _verb(c.SetPolicy, set_policy, ""),
    # timers
    "age_research": _verb(c.AgeResearch, trouble.age_research, "T50 F52", reads=(Account.X_LOST,), timer=True),
    "finish_putaway": _verb(c.FinishPutaway, trouble.finish_putaway, "T07", timer=True),
    "end_processing": _verb(c.EndProcessing, trouble.end_processing, "F41", timer=True),
    "reach_expiry": _verb(c.ReachExpiry, trouble.reach_expiry, "F63", reads=(Account.FC_UNS,), timer=True),
    "end_pending": _verb(c.EndPending, merchant.end_pending, "M03 M04", timer=True),
}

VERB_OF: Final[dict[type[c.Command], str]] = {verb.command: name for name, verb in VERBS.items()}
