"""Any commands in any order, legal and illegal, on the real database: the invariants hold at every step.

`ENTREPOT_PROPERTIES=thorough` runs many more and longer stories, other ones each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import msgspec
import pytest_asyncio
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from entrepot.domain import commands as c
from entrepot.domain.accounts import ACCOUNTS, MERCHANT_ACCOUNTS, Disposition, Key
from entrepot.domain.commands import Command
from entrepot.domain.errors import AlreadyExists, Invalid, KeyReused, NotAllowed, NotFound, Problem, Rejected, Shortage
from entrepot.domain.fba.supply import Moment
from entrepot.domain.ledger import Entry
from entrepot.domain.quantities import MERCHANT_NUMBERS, Position, default_places
from entrepot.domain.verbs import VERBS
from entrepot.services.inventory import Summary
from entrepot.services.ledger import Outcome
from entrepot.services.supply import Supplied
from entrepot.services.verification import verify
from entrepot.services.world import WorldService
from entrepot.storage.database import Database
from entrepot.storage.loading import key_of
from tests.cast import CA, DE, START, US, Player, new_player, url_of
from tests.properties.model import AMOUNTS, COUNTRIES, ON_THE_WAY, Effect, Model, Place, Refused
from tests.reports import ledgers
from tests.reports.agreement import listings_agree, stock_agrees

THOROUGH = os.environ.get("ENTREPOT_PROPERTIES") == "thorough"
PROFILE = settings(
    max_examples=200 if THOROUGH else 20,
    stateful_step_count=60 if THOROUGH else 30,
    derandomize=not THOROUGH,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink) if THOROUGH else (Phase.generate,),  # shrinking takes minutes
    report_multiple_bugs=False,
)
VERIFY_EVERY = 1 if THOROUGH else 10
REPORTS_EVERY = 1 if THOROUGH else 15
DAY = timedelta(days=1)
SKUS = ("A", "B", "C", "D")  # A and B are one item; D has its manufacturer's barcode, as the stranger's D
ASIN_OF_A, ASIN_OF_D = "B000000A00", "B000000D00"
ADDRESS = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
T = TypeVar("T")


class Backend:
    """An event loop and a pool of its own, for rules that cannot await; and a stranger whom nothing may touch."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.database: Database = self.run(Database.open(url, size=4))
        self.stranger = self.run(new_player(self.database))
        self.run(self._settle_stranger())
        self.untouched = self.run(self.stranger.fetch(FINGERPRINT))

    async def _settle_stranger(self) -> None:
        """The same seed and the same commands as everybody: the same SKUs, items and ids."""
        story = beginning()
        command = next(story)
        with suppress(StopIteration):
            while True:
                command = story.send((await self.stranger.do(command)).answer)

    def run(self, awaitable: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(60)

    def close(self) -> None:
        self.run(self.database.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def beginning() -> Generator[Command, dict[str, Any], None]:
    """What every story begins with: a little of everything. Yields commands, is sent their answers."""
    yield c.CreateItem("A", "Title", asin=ASIN_OF_A)
    yield c.CreateItem("B", "Title", asin=ASIN_OF_A)
    yield c.CreateItem("C", "Title")
    yield c.CreateItem("D", "Title", asin=ASIN_OF_D, barcode="manufacturer")
    yield c.CreateItem("A", "Title", CA)
    yield c.CreateItem("C", "Title", CA)
    for sku in "ACD":
        yield c.AddStock(sku, 20)
        yield c.AddStock(sku, 10, fc="YYZ4")
    yield c.Plan("C", 6)
    shipped = yield c.Plan("A", 6)
    yield c.Plan("D", 4, shipment=shipped["shipment"])
    yield c.Ship(shipped["shipment"], START + 3 * DAY)
    order = yield c.PlaceOrder("A", 5)
    yield c.ShipOrder(order["order"], quantity=3)
    yield c.StartTransfer("C", 4, "PHX6", "YYZ4")
    yield c.RequestRemoval("D", 3)
    yield c.Damage("A", 2)
    yield c.Misplace("C", 2)
    yield c.Damage("D", 2, suspected=True)
    yield c.Lose("A", 2)
    yield c.Lose("A", 3)
    yield c.Find("A", 3)
    yield c.Hold("A", 2)
    yield c.ReturnUnit(order["order"], disposition="DEFECTIVE")
    short = yield c.Plan("C", 3)
    yield c.Ship(short["shipment"])
    yield c.CloseShipment(short["shipment"])
    first = yield c.CreateSource("S1", "Store", ADDRESS)
    second = yield c.CreateSource("S2", "Store", ADDRESS)
    yield c.SourceStatus(first["source"], "Active")
    yield c.SourceStatus(second["source"], "Active")
    yield c.SetQuantity("A", 20)
    yield c.SetQuantity("C", 12, first["source"])
    yield c.SetQuantity("C", 8, second["source"])
    yield c.SetQuantity("D", 6, second["source"])
    yield c.PlaceOrder("C", 2, channel="MFN")
    for sku in "AC":
        own = yield c.PlaceOrder(lines=(c.OrderLine(sku, 4, "2.50"),), channel="MFN")
        yield c.VerifyPayment(own["order"])
        yield c.ConfirmShipment(own["order"], quantity=2)


@pytest_asyncio.fixture(scope="module")
async def backend(database: Database, postgres: str) -> AsyncIterator[Backend]:
    backend = Backend(await url_of(database, postgres))
    yield backend
    backend.close()


# What may be asked.

few = st.integers(1, 4)
quantities = few | few | few | st.integers(1, 12) | st.sampled_from([20, 0, -1, 10**9, 10**30])
some_or_all = st.none() | quantities
centres = st.sampled_from([None, None, None, "PHX6", "PHX6", "JFK8", "YYZ4", "YYZ4", "LEJ1"])
origins = st.sampled_from(["PHX6", "JFK8", "YYZ4"])
names = st.sampled_from([*SKUS, *SKUS, *SKUS, "N", "unknown"])
markets = st.sampled_from([None, None, None, US, US, CA, CA, CA, DE])
dispositions = st.sampled_from([d.value for d in Disposition])
arrivals = st.sampled_from(["SELLABLE", "SELLABLE", "DISTRIBUTOR_DAMAGED", "CARRIER_DAMAGED", "DEFECTIVE", "EXPIRED"])
moments = st.none() | st.integers(0, 30).map(lambda days: START + days * DAY)
reasons = st.sampled_from(["MEASURE", "SAMPLE", "PUTAWAY", "RETURN_INSPECT", "HOLD"])
verbs = st.sampled_from([name for name, verb in VERBS.items() if not verb.timer])
methods = st.sampled_from(["money", "unit", "damaged"])
codes = st.sampled_from(["S1", "S2", "S3", "S4"])
configurations = st.sampled_from([
    {}, {"timezone": "Nowhere"},
    {"operationalConfiguration": {"throughputConfig": {"throughputCap": {"value": 2, "timeUnit": "Days"}}}},
])  # fmt: skip
capabilities = st.booleans().map(lambda outbound: {"outbound": {"isSupported": outbound}})
prices = st.sampled_from([None, "2.50", "0", "7", "1.001"])
order_lines = st.lists(st.builds(c.OrderLine, names, quantities, prices), max_size=3).map(tuple)
# What is ordered: one SKU and its quantity, or lines; rarely both, which is refused.
wanted = st.tuples(names, quantities, st.just(())) | st.tuples(
    st.sampled_from([None] * 9 + ["A"]), st.sampled_from([None] * 9 + [1]), order_lines
)
stages = st.none() | st.sampled_from(["INBOUND", "FC", "TRANSFER", "DELIVERY"])


def commands_of(verb: str, model: Model) -> st.SearchStrategy[Command]:
    """Commands of a verb, most of them about what there is and could be asked of it."""
    units = {"sku": names, "quantity": quantities, "fc": centres}

    def held(*accounts: str) -> dict[str, st.SearchStrategy[Any]]:
        return units | {"sku": one_of(model.skus_with(*accounts), *SKUS, "unknown")}

    shelf_units = units | {"disposition": st.just("SELLABLE") | one_of(model.bad_dispositions(), "EXPIRED")}
    working, shipped, coming = (
        {"shipment": one_of(model.shipments_in(*states), *model.shipments, "FBA000000000")}
        for states in (("WORKING",), ON_THE_WAY, (*ON_THE_WAY, "RECEIVING"))
    )
    reserved, with_customer = (
        st.tuples(one_of(model.orders_with(account), *model.every_order(), ("S01-0", None)), some_or_all)
        for account in ("FC_ORDER", "X_CUSTOMER")
    )
    transfers = {"transfer": one_of(model.holders_of("FC_XFER"), *model.transfers, "T0"), "quantity": some_or_all}
    removals = {"removal": one_of(model.holders_of("FC_PROC"), *model.removals, "R0"), "quantity": some_or_all}
    of_the_seller = {"pending": "M_RES_PENDING", "paid": "M_RES_UNSHIPPED", "shipped": "X_CUSTOMER"}
    own = {state: [n for n in model.orders_with(a) if is_own(n, model)] for state, a in of_the_seller.items()}
    items = [item for order in model.own.values() for item in order.items]
    places = one_of(["DEFAULT", *model.places], *codes_of(model), "nowhere")
    listed = {"sku": names, "marketplace": st.sampled_from([None, US, US, CA])}
    arguments: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "create_item": {
            "sku": names,
            "title": st.just("Title"),
            "marketplace": markets,
            "asin": st.sampled_from([None, ASIN_OF_A]),
            "condition": st.sampled_from(["NewItem", "UsedGood"]),
            "barcode": st.sampled_from(["amazon", "amazon", "manufacturer"]),
        },
        "close_item": {"sku": names, "marketplace": markets, "strict": st.booleans()},
        "merge_items": {"a": names, "b": names, "quantity": some_or_all},
        "plan": units | {"shipment": st.none() | working["shipment"]},
        "change_plan": working | {"sku": names, "quantity": quantities},
        "cancel_plan": {"shipment": working["shipment"] | shipped["shipment"]},
        "ship": working | {"eta": moments},
        "depart": shipped,
        "arrive": shipped,
        "check_in": shipped,
        "start_receiving": shipped,
        "receive": coming | {"sku": names, "quantity": quantities, "disposition": arrivals},
        "close_shipment": coming,
        "locate": held("X_LOST"),
        "add_stock": units | {"marketplace": markets, "expires": moments},
        "open_balance": units | {"disposition": dispositions},
        "place_order": {
            "marketplace": markets,
            "channel": st.sampled_from(["AFN", "MCF", "MFN", "MFN", None]),
            "order": st.none() | st.sampled_from(["S01-1", "S01-2"]),
        },
        "return_unit": {
            "disposition": dispositions,
            "fc": centres,
            "inspect": st.booleans(),
        },
        "cancel_order": {"reason": st.sampled_from(["BuyerCanceled", "BuyerCanceled", "NoInventory"])},
        "confirm_shipment": {"source": st.none() | places},
        "restock_return": {"source": st.none() | places},
        "verify_payment": {"order": one_of([o for o, i in own["pending"] if o and not i], *model.orders, "S01-0")},
        "refund": {
            "order_item": one_of(items, *(i for _, its in model.orders.values() for i in its), "00000000000000"),
            "amount": st.sampled_from(["0.01", "2.50", "2.50", *AMOUNTS]),
            "reason": st.sampled_from(["GeneralAdjustment", "CustomerReturn", "Because"]),
        },
        "put_listing": {
            "sku": st.sampled_from(sorted(model.skus)),
            "product_type": st.just("PRODUCT"),
            "attributes": st.builds(lambda one: {"fulfillment_availability": [one]}, instances(places)) | st.just({}),
        },
        "patch_listing": {
            "sku": st.sampled_from(sorted(model.skus)),
            "patches": st.lists(st.builds(patch, ops, instances(places)), max_size=2).map(tuple),
        },
        "delete_listing": listed,
        "set_quantity": {"sku": names, "quantity": quantities, "source": places},
        "move_quantity": {"sku": names, "quantity": quantities, "origin": places, "destination": places},
        "create_source": {
            "code": codes,
            "alias": st.just("Store"),
            "address": st.sampled_from([ADDRESS, ADDRESS, {"countryCode": "US"}]),
        },
        "update_source": {
            "source": places,
            "alias": st.sampled_from([None, "Shop"]),
            "configuration": st.none() | configurations,
            "capabilities": st.none() | capabilities,
        },
        "source_status": {
            "source": places,
            "status": st.sampled_from(["Active", "Active", "Active", "Inactive", "Inactive", "Archived"]),
        },
        "transfer": {"sku": names, "quantity": quantities, "origin": origins, "destination": origins, "eta": moments},
        "arrive_transfer": transfers,
        "lose_transfer": transfers,
        "hold": units | {"reason": reasons},
        "release": held("FC_PROC") | {"reason": st.none() | reasons},
        "misplace": units,
        "find": held("FC_RESEARCH", "X_LOST", "X_AMAZON"),
        "give_up": held("FC_RESEARCH") | {"quantity": some_or_all},
        "lose": units | {"reason": st.sampled_from(["M", "5"])},
        "reimburse": held("X_LOST", "FC_UNS")
        | {"method": st.sampled_from(["money", "unit", "damaged"]), "stage": stages},
        "damage": shelf_units | {"suspected": st.booleans()},
        "confirm_damage": held("FC_RESEARCH"),
        "change_disposition": held("FC_UNS", "FC_AVAIL")
        | {"before": shelf_units["disposition"], "after": dispositions},
        "expire": units,
        "inspect_ok": held("FC_UNS") | {"disposition": one_of(model.bad_dispositions(), "DEFECTIVE")},
        "correct": units
        | {"quantity": quantities | quantities.map(lambda n: -n), "kind": st.sampled_from(["software", "ownership"])},
        "request_removal": shelf_units | {"method": st.sampled_from(["RETURN", "DESTROY", "DONATE", "LIQUIDATE"])},
        "cancel_removal": removals,
        "ship_removal": removals,
        "dispose": removals,
        "set_policy": {
            "putaway": st.sampled_from([None, "PICKABLE_AT", "FC_PROCESSING"]),
            "putaway_hours": st.sampled_from([None, 0, 1, 12, 48, -1, 10**6]),
            "returns_at_fault": st.sampled_from([None, "AMAZON_OWNS", "KEEP_THEN_REIMBURSE"]),
            "sell_in_transfer": st.none() | st.booleans(),
            "remote_serving": st.none() | st.booleans(),
            "split_orders": st.none() | st.booleans(),
            "pending_minutes": st.sampled_from([None, None, 0, 5, 120]),
            "pending_end": st.sampled_from([None, None, "CANCEL", "PAY"]),
        },
    }
    make = partial(VERBS[verb].command)
    if verb in ABOUT_ORDERS:
        about = with_customer if verb in ("lose_delivery", "return_unit") else reserved
        if verb in ("confirm_shipment", "restock_return"):
            likely = own["shipped" if verb == "restock_return" else "paid"]
            about = st.tuples(one_of(likely, *model.every_order(), ("S01-0", None)), some_or_all)
        elif verb == "cancel_order":
            about |= st.tuples(one_of([*own["pending"], *own["paid"]], (None, None)), some_or_all)
        more = st.fixed_dictionaries(arguments.get(verb, {}))
        return st.builds(partial(_about_order, make, verb), about, more)
    if verb == "place_order":
        return st.builds(_order, wanted, st.fixed_dictionaries(arguments[verb]))
    return st.builds(make, **arguments[verb])


ABOUT_ORDERS = ("cancel_order ship_order miss_pick lose_delivery return_unit confirm_shipment restock_return").split()
ops = st.sampled_from(["replace", "replace", "add", "merge", "delete", "clear"])


def is_own(name: tuple[str | None, str | None], model: Model) -> bool:
    order, item = name
    return order in model.own if order is not None else any(item in own.items for own in model.own.values())


def codes_of(model: Model) -> list[str]:
    return [place.code for place in model.places.values()]


def instances(places: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    units = st.integers(0, 12) | st.sampled_from([-1, 10**9])
    return st.fixed_dictionaries({"fulfillment_channel_code": places, "quantity": units})


def patch(op: str, instance: dict[str, Any]) -> c.Patch:
    if op == "clear":
        return c.Patch("delete", "/attributes/fulfillment_availability")
    if op == "delete":
        instance = {"fulfillment_channel_code": instance["fulfillment_channel_code"]}
    return c.Patch(op, "/attributes/fulfillment_availability", [instance])


def _about_order(
    make: Callable[..., Command],
    verb: str,
    about: tuple[tuple[str | None, str | None], int | None],
    more: dict[str, Any],
) -> Command:
    (order, order_item), quantity = about
    if quantity is None and verb in ("miss_pick", "return_unit"):
        quantity = 1
    return make(order=order, order_item=order_item, quantity=quantity, **more)


def _order(wanted: tuple[str | None, int | None, tuple[c.OrderLine, ...]], more: dict[str, Any]) -> Command:
    return c.PlaceOrder(*wanted, **more)


def one_of(likely: Iterable[T], *others: T) -> st.SearchStrategy[T]:
    """One of the likely ones, mostly; sometimes another."""
    return st.sampled_from([*list(likely)[::-1] * 4, *others])


def counted(name: str, own: list[tuple[Key, int]], places: Collection[str] | None = None) -> int:
    """One of `MERCHANT_NUMBERS`, at these places or at all."""
    here = [(key, units) for key, units in own if places is None or key.place in places]
    return sum(units for key, units in here if any(part.counts(key, START) for part in MERCHANT_NUMBERS[name]))


def total(position: dict[str, int]) -> int:
    """D-3: every unit but those under research."""
    return sum(units for state, units in position.items() if state != "researching")


CATALOGUE = "create_item close_item merge_items add_stock open_balance set_policy".split()
INBOUND = (
    "plan change_plan cancel_plan ship depart arrive check_in start_receiving receive receive close_shipment locate"
).split()
ORDERS = "place_order place_order cancel_order ship_order miss_pick lose_delivery return_unit return_unit".split()
LEAVING = (
    "transfer arrive_transfer lose_transfer hold release request_removal cancel_removal ship_removal dispose"
).split()
TROUBLE = (
    "misplace find give_up lose reimburse damage confirm_damage change_disposition expire inspect_ok correct"
).split()
LISTINGS = (
    "set_quantity set_quantity move_quantity put_listing patch_listing patch_listing delete_listing create_source"
    " update_source source_status source_status"
).split()
OWN_ORDERS = (
    "place_order place_order place_order verify_payment verify_payment cancel_order confirm_shipment confirm_shipment"
    " restock_return refund refund"
).split()
EVERY_VERB = CATALOGUE + INBOUND + ORDERS + LEAVING + TROUBLE + LISTINGS + OWN_ORDERS


class LedgerMachine(RuleBasedStateMachine):
    """One seller's life, and what must be true of it at every step."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend
        self.run = backend.run
        self.player: Player = self.run(new_player(backend.database))
        self.model = Model(START)
        # Every seller has a location from the beginning.
        [default] = self.run(self.player.fetch("select source_id from sources where seller_id = $1"))
        self.model.places[default["source_id"]] = Place("DEFAULT", "Active")
        self.seq = 0
        self.steps = 0
        self.keys: list[tuple[str, Command, Outcome]] = []
        self.copies: dict[str, dict[str, Summary]] = {US: {}, CA: {}}
        self.polled_at = START
        self.unreconciled: dict[Any, int] = {}

    @initialize()
    def there_is_something_of_everything(self) -> None:
        story = beginning()
        command = next(story)
        with suppress(StopIteration):
            while True:
                outcome = self.run(self.player.do(command))
                self._book(command, outcome)
                command = story.send(outcome.answer)
        self._poll()

    # what happens: groups of verbs that have to do with one another, so that stories go somewhere

    @rule(asked=st.lists(st.sampled_from(CATALOGUE), min_size=1, max_size=2), data=st.data())
    def somebody_changes_the_catalogue(self, asked: list[str], data: st.DataObject) -> None:
        self._ask(asked, data)

    @rule(asked=st.lists(st.sampled_from(INBOUND), min_size=1, max_size=4), data=st.data())
    def something_comes_in(self, asked: list[str], data: st.DataObject) -> None:
        self._ask(asked, data)

    @rule(asked=st.lists(st.sampled_from(ORDERS), min_size=1, max_size=4), data=st.data())
    def somebody_orders(self, asked: list[str], data: st.DataObject) -> None:
        self._ask(asked, data)

    @rule(asked=st.lists(st.sampled_from(LEAVING), min_size=1, max_size=4), data=st.data())
    def something_moves_or_leaves(self, asked: list[str], data: st.DataObject) -> None:
        self._ask(asked, data)

    @rule(asked=st.lists(st.sampled_from(TROUBLE), min_size=1, max_size=4), data=st.data())
    def something_goes_wrong(self, asked: list[str], data: st.DataObject) -> None:
        self._ask(asked, data)

    @rule(asked=st.lists(st.sampled_from(LISTINGS), min_size=1, max_size=4), data=st.data())
    def the_seller_says_what_he_has(self, asked: list[str], data: st.DataObject) -> None:
        """Invariants 26 and 30."""
        self._ask(asked, data)

    @rule(asked=st.lists(st.sampled_from(OWN_ORDERS), min_size=1, max_size=5), data=st.data())
    def the_seller_ships_himself(self, asked: list[str], data: st.DataObject) -> None:
        """Invariants 27, 29 and 33."""
        self._ask(asked, data)

    @rule(sku=st.sampled_from("ACD"), units=few, pays=st.booleans(), there=st.booleans())
    def somebody_changes_his_mind(self, sku: str, units: int, pays: bool, there: bool) -> None:
        """Invariant 28: placing and cancelling is nothing at all, or as many units fewer if there is no inventory."""
        place = c.PlaceOrder(sku, units, channel="MFN")
        try:
            self.model.expect(place)
        except Refused:
            return
        before = self._own_balances()
        order = str(self._do(place).answer["order"])
        if pays:
            self._do(c.VerifyPayment(order))
        self._do(c.CancelOrder(order, reason="BuyerCanceled" if there else "NoInventory"))
        after = self._own_balances()
        gone = {key: before[key] - after.get(key, 0) for key in before if before[key] != after.get(key, 0)}
        assert set(after) <= set(before)
        assert sum(gone.values()) == (0 if there else units)
        assert not (there and gone)
        assert {(key.item, str(key.account)) for key in gone} <= {(sku, "M_AVAIL")}

    @rule(data=st.data(), count=st.integers(2, 5))
    def several_ask_at_once(self, data: st.DataObject, count: int) -> None:
        """Invariant 6, for what the model cannot foresee: whatever the order was, the books are right afterwards."""
        asked = [data.draw(commands_of(data.draw(verbs), self.model)) for _ in range(count)]
        results = self.run(_all([self.player.do(command) for command in asked]))
        done = [(a, r) for a, r in zip(asked, results, strict=True) if isinstance(r, Outcome)]
        assert all(isinstance(result, (Outcome, Problem)) for result in results), results
        for command, outcome in sorted(done, key=lambda pair: pair[1].entries[0].seq if pair[1].entries else 0):
            self._book(command, outcome)
        self._learn_what_order_decided()

    @rule(data=st.data(), verb=verbs)
    def somebody_repeats_a_key(self, data: st.DataObject, verb: str) -> None:
        """Invariant 5: an old key brings the first answer again, and nothing changes."""
        command, new = data.draw(commands_of(verb, self.model)), f"key-{self.steps}"
        [result] = self.run(_all([self.player.do(command, new)]))
        if isinstance(result, Outcome):
            self._book(command, result)
            self.keys.append((new, command, result))
        if not self.keys:
            return
        key, command, first = data.draw(st.sampled_from(self.keys))
        before = self._fingerprint(self.player)
        again = self.run(self.player.do(command, key))
        # What is kept is what can be written: an issue comes back as its parts.
        assert msgspec.to_builtins(again.answer) == msgspec.to_builtins(first.answer)
        assert (again.replayed, list(again.entries)) == (True, list(first.entries))
        [other] = self.run(_all([self.player.do(c.AddStock("A", 7777), key)]))
        assert isinstance(other, KeyReused)
        assert self._fingerprint(self.player) == before

    @rule(hours=st.sampled_from([1, 12, 24, 5 * 24, 10 * 24, 25 * 24]))
    def time_passes(self, hours: int) -> None:
        """Invariant 37: time alone never changes a total; D-1: research ends after day 60."""
        before = self._totals()
        expected = self.model.passes(self.model.now + timedelta(hours=hours))
        self.run(WorldService(self.backend.database, self.player.ledger).advance(self.player.id, hours * 3600))
        effect = self.model.apply(self._new_lines())
        assert effect == expected, f"{effect} instead of {expected}"
        assert self._totals() == before

    @rule()
    def a_client_polls(self) -> None:
        """Invariants 34 and 36: what changed since the last poll brings the client's copy up to date."""
        for marketplace in (US, CA):
            rows = self.run(self.player.summaries(marketplace, changed_since=self.polled_at))
            assert all(row.last_updated >= self.polled_at for row in rows)
            self.copies[marketplace] |= {row.sku: row for row in rows}
            for row in self.run(self.player.summaries(marketplace)):
                copy = self.copies[marketplace][row.sku]
                assert not_inbound(copy) == not_inbound(row), f"a poll missed a change of {row.sku}"
        self.polled_at = self.model.now

    def _poll(self) -> None:
        for marketplace in (US, CA):
            rows = self.run(self.player.summaries(marketplace))
            self.copies[marketplace] = {row.sku: row for row in rows}

    # how it is done

    def _ask(self, asked: list[str], data: st.DataObject) -> None:
        for verb in asked:
            command = data.draw(commands_of(verb, self.model))
            try:
                expected = self.model.expect(command)
            except Refused as refused:
                self._is_refused(command, refused.reasons)
            else:
                shown = self._shown()
                outcome = self.run(self.player.do(command))
                effect = self._book(command, outcome)
                assert effect == expected, f"{command}: {effect} instead of {expected}"
                self._shows(command, outcome.answer, shown)

    def _do(self, command: Command) -> Outcome:
        """Do what the model expects to succeed."""
        expected = self.model.expect(command)
        outcome = self.run(self.player.do(command))
        assert self._book(command, outcome) == expected
        return outcome

    def _shown(self) -> dict[str, dict[str, int]]:
        return {sku: self.model.own_numbers(sku) for sku in self.model.skus}

    def _shows(self, command: Command, answer: dict[str, Any], before: dict[str, dict[str, int]]) -> None:
        """What a command of the seller, or of his orders, must show afterwards; the model is compared at every step."""
        after = self._shown()
        match command:
            case c.SetQuantity():
                assert after[command.sku][f"mfn_available {answer['source']}"] == command.quantity
                assert after[command.sku]["mfn_reserved"] == before[command.sku]["mfn_reserved"]
            case c.ConfirmShipment(source=None) | c.VerifyPayment() | c.Refund():
                assert available(after) == available(before)
            case c.SourceStatus():
                own = f"mfn_available {answer['source']}"
                for sku, numbers in after.items():
                    change = numbers["mfn_default"] - before[sku]["mfn_default"]
                    assert change in (0, *(numbers[own], -numbers[own]))

    def _own_balances(self) -> dict[Key, int]:
        return {key: units for key, units in self.model.units.items() if units and key.account in MERCHANT_ACCOUNTS}

    def _learn_what_order_decided(self) -> None:
        """Of commands at once, only the books know which came first: which listings there are, when payment is due."""
        rows = self.run(self.player.fetch(
            "select sku, marketplaces, availability from listings where seller_id = $1 and deleted_at is null"
        ))  # fmt: skip
        self.model.listings = {
            row["sku"]: (set(json.loads(row["marketplaces"])), set(json.loads(row["availability"]))) for row in rows
        }
        offers = "select marketplace_id, sku from offers where seller_id = $1 and closed_seq is null"
        self.model.offers = {(row["marketplace_id"], row["sku"]) for row in self.run(self.player.fetch(offers))}
        due = "select due_at, arguments ->> 'order' as o from timers where seller_id = $1 and kind = 'end_pending'"
        for row in self.run(self.player.fetch(due)):
            self.model.own[row["o"]].due = row["due_at"]

    def _book(self, command: Command, outcome: Outcome) -> Effect:
        for entry in outcome.entries:
            self._is_sound(entry)
        effect = self.model.apply((line.key, line.delta) for entry in outcome.entries for line in entry.lines)
        self.model.note(command, outcome.answer)
        if isinstance(command, c.SetPolicy) and command.remote_serving is not None:
            self._poll()  # a policy is no change of stock: who serves whom is not announced
        return effect

    def _is_sound(self, entry: Entry) -> None:
        """Invariants 1 and 2, and numbers without gaps."""
        assert entry.seq == self.seq + 1
        assert entry.effective_at == self.model.now
        gives, receives = entry.lines[::2], entry.lines[1::2]
        assert [-line.delta for line in gives] == [line.delta for line in receives]
        assert all(line.delta > 0 for line in receives)
        assert [line.key.item for line in gives] == [line.key.item for line in receives]
        self.seq = entry.seq

    def _is_refused(self, command: Command, reasons: tuple[type[Problem], ...]) -> None:
        before = self._fingerprint(self.player)
        [result] = self.run(_all([self.player.do(command)]))
        # Of several faults in what was asked, either may be named; a shortage is one only if all else is right.
        named = reasons if Shortage in reasons else (Invalid, NotFound, NotAllowed, AlreadyExists, Rejected)
        assert isinstance(result, named), f"{command}: {result!r} instead of {reasons}"
        assert self._fingerprint(self.player) == before, f"{command} was refused, but changed something"

    def _new_lines(self) -> list[tuple[Key, int]]:
        lines = f"select {KEY}, delta from lines where seller_id = $1 and seq > $2 order by seq, line"
        rows = self.run(self.player.fetch(lines, self.seq))
        self.seq = self.run(self.player.fetch("select last_seq from ledgers where seller_id = $1"))[0][0]
        return [(key_of(row), row["delta"]) for row in rows]

    def _totals(self) -> list[Any]:
        """The total of every item in every country; stock that serves from elsewhere (D-17) counts where it lies."""
        total = " + ".join(part.name for part in fields(Position) if part.name != "researching")
        return self.run(
            self.player.fetch(
                f"select country, item, {total} from positions where seller_id = $1 order by country, item"
            )
        )

    def _fingerprint(self, player: Player) -> Any:
        return self.run(player.fetch(FINGERPRINT))

    # what holds at every step

    @invariant()
    def balances_are_what_the_answers_said(self) -> None:
        """Invariants 3 and 4: the balances kept are the sum of the lines answered, and no stock is negative."""
        balances = f"select {KEY}, quantity from balances where seller_id = $1 and quantity <> 0"
        rows = self.run(self.player.fetch(balances))
        expected = {k: n for k, n in self.model.units.items() if n and not ACCOUNTS[k.account].may_owe}
        found = {key_of(row): row["quantity"] for row in rows}
        assert found == expected
        assert all(units > 0 for units in found.values())
        self._own_numbers_are_shown(found)

    def _own_numbers_are_shown(self, balances: dict[Key, int]) -> None:
        """§2.4 and invariant 30: every number of what the seller has himself, at every location."""
        rows = self.run(self.player.fetch("select source_id, status from sources where seller_id = $1"))
        assert {row["source_id"]: row["status"] for row in rows} == {i: p.status for i, p in self.model.places.items()}
        active = [row["source_id"] for row in rows if row["status"] == "Active"]
        for sku in self.model.skus:
            own = [(key, units) for key, units in balances.items() if key.item == sku]
            shown = {name: counted(name, own) for name in ("mfn_pending", "mfn_unshipped", "mfn_reserved")}
            shown["mfn_default"] = counted("mfn_default", own, default_places(active))
            for place in ("DEFAULT", *self.model.places):
                shown[f"mfn_available {place}"] = counted("mfn_available", own, {place})
            assert shown == self.model.own_numbers(sku)

    @invariant()
    def pages_show_the_balances(self) -> None:
        """Invariants 11, 12 and 14–17: every number of every SKU in every marketplace."""
        for marketplace in (US, CA):
            rows = self.run(self.player.summaries(marketplace))
            supplied = self.run(self.player.supplies(marketplace=marketplace))
            assert {row.sku for row in rows} == {sku for m, sku in self.model.offers if m == marketplace}
            assert [row.sku for row in rows] == sorted(row.sku for row in rows)
            for row in rows:
                self._row_is_right(row, marketplace)
            for row, found in zip(rows, supplied, strict=True):
                self._supply_is_right(row, found, marketplace)

    def _row_is_right(self, row: Summary, marketplace: str) -> None:
        item = self.model.skus[row.sku]
        shown = {part.name: units for part in fields(Position) if (units := getattr(row.position, part.name))}
        expected = self.model.shown(item, marketplace)
        assert shown == expected, f"{row.sku} in {marketplace}: {shown} instead of {expected}"
        assert row.researching == self.model.ages(item, marketplace)
        assert sum(row.researching) == row.position.researching
        assert row.position.total == total(expected)
        assert row.fnsku == item

    def _supply_is_right(self, row: Summary, found: Supplied, marketplace: str) -> None:
        position, supply = row.position, found.supply
        assert (found.sku, found.fnsku, found.asin, found.condition) == (row.sku, row.fnsku, row.asin, row.condition)
        assert supply.in_stock == position.available
        assert supply.total == supply.in_stock + position.in_transfer + position.shipped + position.receiving
        assert 0 <= supply.in_stock <= supply.total <= position.total
        others = position.working + position.ordered + position.processing + position.unfulfillable
        assert position.total - supply.total == others
        rows = {(str(r.type), getattr(r.earliest, "value", r.earliest)): r.quantity for r in supply.rows}
        assert rows == self.model.supply(row.fnsku, marketplace)
        assert len(rows) == len(supply.rows)
        assert all(r.quantity > 0 and r.earliest == r.latest for r in supply.rows)
        assert (supply.earliest is None) == (supply.total == 0)
        assert supply.earliest is not Moment.IMMEDIATELY or supply.in_stock > 0
        dates = [r.earliest for r in supply.rows if not isinstance(r.earliest, Moment)]
        if dates and supply.earliest is not Moment.IMMEDIATELY:
            assert supply.earliest == min(dates)

    @invariant()
    def the_books_are_clean(self) -> None:
        """Invariants 1–5, 7–12, 33–37, 39 by the queries of `verify`; 18: the same rows by name; 39: the stranger."""
        self.steps += 1
        if self.steps % VERIFY_EVERY == 0:
            self._verify()
        if self.steps % REPORTS_EVERY == 0:
            self._reports_agree()

    def _verify(self) -> None:
        report = self.run(verify(self.backend.database, seller_id=self.player.id))
        assert report.clean, [str(difference) for check in report.checks for difference in check.differences]
        assert self._fingerprint(self.backend.stranger) == self.backend.untouched
        for marketplace in (US, CA):
            rows = self.run(self.player.summaries(marketplace))
            assert self.run(self.player.summaries(marketplace, ["D", "A", "no such SKU"])) == [
                row for row in rows if row.sku in ("A", "D")
            ]

    def _reports_agree(self) -> None:
        """Invariants 12, 13, 14, 19 and 32: reports say what the API says, those of listings what the model has."""
        for marketplace in (US, CA):
            self.run(stock_agrees(self.player, marketplace))
            own = {
                sku: self.model.own_numbers(sku)["mfn_default"]
                for sku, (marketplaces, _) in self.model.listings.items()
                if marketplace in marketplaces
            }
            told = self.run(listings_agree(self.player, marketplace))
            assert told == {sku: units for sku, units in own.items() if units}
        self._ledger_reports_agree()

    def _ledger_reports_agree(self) -> None:
        """Invariants 20 to 25, of the last 40 days in all centres: the rows are those of the journal's events and no
        others, what was there before and the rows are what is there now, and days and centres add up."""
        span: dict[str, Any] = {"start": max(START, self.model.now - 40 * DAY), "marketplaces": (US, CA)}
        rows, days, months, journal = self.run(_of_the_ledger(self.player, span))
        assert ledgers.told_of(rows) == ledgers.expected(journal, span["start"])
        assert ledgers.open_of(rows) == ledgers.expected_open(journal, span["start"])
        ledgers.is_paired(rows)
        ledgers.is_reconciled(rows)
        self._reconciles_for_ever(rows)
        ledgers.adds_up(days)
        ledgers.adds_up(months)
        assert ledgers.of_months(days, COUNTRIES) == ledgers.of_months(months)
        there = ledgers.in_centres(self.model.units)
        ending = ledgers.balances(days, "Ending Warehouse Balance", last=True)
        assert ending == there
        before = ledgers.balances(days, "Starting Warehouse Balance", last=False)
        before.update(ledgers.by_place(rows))
        assert {where: units for where, units in before.items() if units} == there
        assert ledgers.of_items(days, COUNTRIES) == ledgers.of_items(months) == ledgers.myi(self.model.units, COUNTRIES)

    def _reconciles_for_ever(self, rows: list[dict[str, str]]) -> None:
        times: Counter[Any] = Counter()
        for row, units in ledgers.unreconciled(rows):
            times[row] += 1
            known = row, times[row]
            assert units <= self.unreconciled.get(known, units)
            self.unreconciled[known] = units

    def teardown(self) -> None:
        self._verify()
        self._reports_agree()
        super().teardown()


async def _of_the_ledger(player: Player, span: dict[str, Any]) -> tuple[Any, ...]:
    return (
        await ledgers.told(player, ledgers.DETAIL, **span),
        await ledgers.told(player, ledgers.SUMMARY, **span, aggregateByLocation="FC", aggregatedByTimePeriod="DAILY"),
        await ledgers.told(player, ledgers.SUMMARY, **span),
        await player.fetch(ledgers.JOURNAL),
    )


async def _all(tasks: Sequence[Awaitable[Outcome]]) -> list[Outcome | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def available(shown: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The numbers of what can be sold."""
    return {
        sku: {name: units for name, units in numbers.items() if name.startswith(("mfn_available", "mfn_default"))}
        for sku, numbers in shown.items()
    }


def not_inbound(row: Summary) -> tuple[object, ...]:
    """What a client that polls must know: everything but inbound numbers, ages and the time of the last change."""
    position = {part.name: getattr(row.position, part.name) for part in fields(Position)}
    return row.fnsku, row.title, [n for name, n in position.items() if name not in ("working", "shipped", "receiving")]


KEY = "item, account, place, disposition, detail, ref, at"
FINGERPRINT = " union all ".join(
    f"(select '{table}', count(*), md5(string_agg(t::text, ';' order by t::text)) from {table} t where seller_id = $1)"
    for table in (
        "ledgers", "entries", "balances", "positions", "commands", "timers", "skus", "offers", "shipments",
        "shipment_items", "orders", "order_items", "transfers", "removals", "sources", "listings", "products",
    )
)  # fmt: skip


def test_the_invariants_hold_whatever_anybody_asks(backend: Backend) -> None:
    class Life(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(backend)

    run_state_machine_as_test(Life, settings=PROFILE)


def test_every_verb_is_asked() -> None:
    assert set(EVERY_VERB) == {name for name, verb in VERBS.items() if not verb.timer}
