"""The ledger on a real database: every number's script, many clients at once, replays, time, and what cannot be."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.commands import Command
from entrepot.domain.errors import (
    AlreadyExists,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    Problem,
    Shortage,
    Unavailable,
)
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.services.ledger import Ledger, Outcome
from entrepot.services.verification import verify
from entrepot.storage import worlds
from entrepot.storage.database import Connection, Database
from entrepot.storage.worlds import Clock
from tests.cast import CA, DE, START, TESTER, UK, Player, another_node, new_player, numbers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SKU = "A-1"


@pytest_asyncio.fixture
async def player(database: Database) -> AsyncIterator[Player]:
    """A seller with one SKU, whose books must be right when the test is over."""
    player = await new_player(database)
    await player.offer(SKU)
    yield player
    report = await verify(database, seller_id=player.id)
    assert report.clean, [str(d) for check in report.checks for d in check.differences]


async def outcomes(tasks: Sequence[Coroutine[Any, Any, Outcome]]) -> list[Outcome | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


# Every number has a script.

Ids = dict[str, str]
Step = Callable[[Ids], Command] | timedelta


def sku(command: Callable[..., Command], *arguments: Any, **more: Any) -> Callable[[Ids], Command]:
    """A step about the SKU of the story."""
    return lambda ids: command(SKU, *arguments, **more)


def paper(command: Callable[..., Command], kind: str, *arguments: Any, **more: Any) -> Callable[[Ids], Command]:
    """A step about the shipment, order, transfer or removal that an earlier step made."""
    return lambda ids: command(ids[kind], *arguments, **more)


async def play(player: Player, script: Sequence[Step]) -> None:
    ids: Ids = {}
    for step in script:
        if isinstance(step, timedelta):
            await player.advance(step)
        else:
            answer = (await player.do(step(ids))).answer
            ids |= {name: text for name, text in answer.items() if isinstance(text, str)}


STOCK = sku(c.AddStock, 10)
SOLD = (STOCK, sku(c.PlaceOrder, 3), paper(c.ShipOrder, "order"))
PLANNED = sku(c.Plan, 10)
RECEIVING = (PLANNED, paper(c.Ship, "shipment"), paper(c.StartReceiving, "shipment"))
LOST_INBOUND = (*RECEIVING, paper(c.Receive, "shipment", SKU, 6), paper(c.CloseShipment, "shipment"))
SCRIPTS: dict[str, tuple[Sequence[Step], dict[str, int]]] = {
    "inbound working": ((PLANNED,), {"inbound_working": 10, "total": 10}),
    "inbound working, changed": (
        (PLANNED, paper(c.ChangePlan, "shipment", SKU, 4)),
        {"inbound_working": 4, "total": 4},
    ),
    "inbound shipped": ((PLANNED, paper(c.Ship, "shipment")), {"inbound_shipped": 10, "total": 10}),
    "inbound shipped, checked in": (
        (PLANNED, paper(c.Ship, "shipment", START + DAY), paper(c.Depart, "shipment"), paper(c.CheckIn, "shipment")),
        {"inbound_shipped": 10, "total": 10},
    ),
    "inbound receiving": (RECEIVING, {"inbound_receiving": 10, "total": 10}),
    "inbound receiving, fewer than shipped": (
        (*RECEIVING, paper(c.Receive, "shipment", SKU, 4)),
        {"inbound_receiving": 6, "fulfillable": 4, "total": 10},
    ),
    "fulfillable": ((STOCK,), {"fulfillable": 10, "total": 10}),
    "fulfillable, received": (
        (PLANNED, paper(c.Ship, "shipment"), paper(c.Receive, "shipment", SKU, 12)),
        {"fulfillable": 12, "total": 12},
    ),
    "pending customer order": (
        (STOCK, sku(c.PlaceOrder, 3)),
        {"fulfillable": 7, "pending_customer_order": 3, "total_reserved": 3, "total": 10},
    ),
    "pending transshipment": (
        (STOCK, sku(c.StartTransfer, 4, "PHX6", "JFK8")),
        {"fulfillable": 6, "pending_transshipment": 4, "total_reserved": 4, "total": 10},
    ),
    "fc processing, held": (
        (STOCK, sku(c.Hold, 2)),
        {"fulfillable": 8, "fc_processing": 2, "total_reserved": 2, "total": 10},
    ),
    "fc processing, bound to a removal": (
        (STOCK, sku(c.RequestRemoval, 2)),
        {"fulfillable": 8, "fc_processing": 2, "total_reserved": 2, "total": 10},
    ),
    "researching short": (
        (STOCK, sku(c.Misplace, 2), 10 * DAY - HOUR),
        {"fulfillable": 8, "researching_in_short_term": 2, "total_researching": 2, "total": 8},
    ),
    "researching mid": (
        (STOCK, sku(c.Misplace, 2), 10 * DAY),
        {"fulfillable": 8, "researching_in_mid_term": 2, "total_researching": 2, "total": 8},
    ),
    "researching long": (
        (STOCK, sku(c.Misplace, 2), 20 * DAY),
        {"fulfillable": 8, "researching_in_long_term": 2, "total_researching": 2, "total": 8},
    ),
    "researching until day 60 is over": (
        (STOCK, sku(c.Misplace, 2), 60 * DAY - HOUR),
        {"fulfillable": 8, "researching_in_long_term": 2, "total_researching": 2, "total": 8},
    ),
    "lost after day 60": ((STOCK, sku(c.Misplace, 2), 60 * DAY), {"fulfillable": 8, "total": 8}),
    "customer damaged": (
        (*SOLD, paper(c.ReturnUnit, "order", quantity=2, disposition="CUSTOMER_DAMAGED")),
        {"fulfillable": 7, "customer_damaged": 2, "total_unfulfillable": 2, "total": 9},
    ),
    "defective": (
        (*SOLD, paper(c.ReturnUnit, "order", disposition="DEFECTIVE")),
        {"fulfillable": 7, "defective": 1, "total_unfulfillable": 1, "total": 8},
    ),
    "warehouse damaged": (
        (STOCK, sku(c.Damage, 3)),
        {"fulfillable": 7, "warehouse_damaged": 3, "total_unfulfillable": 3, "total": 10},
    ),
    "distributor damaged": (
        (*RECEIVING, paper(c.Receive, "shipment", SKU, 10, "DISTRIBUTOR_DAMAGED")),
        {"distributor_damaged": 10, "total_unfulfillable": 10, "total": 10},
    ),
    "carrier damaged": (
        (*RECEIVING, paper(c.Receive, "shipment", SKU, 1, "CARRIER_DAMAGED")),
        {"inbound_receiving": 9, "carrier_damaged": 1, "total_unfulfillable": 1, "total": 10},
    ),
    "expired": (
        (sku(c.AddStock, 10, expires=START + DAY), DAY),
        {"expired": 10, "total_unfulfillable": 10, "total": 10},
    ),
    "not yet expired": ((sku(c.AddStock, 10, expires=START + DAY), DAY - HOUR), {"fulfillable": 10, "total": 10}),
    "nothing: a return that the warehouse pays for": (
        (*SOLD, paper(c.ReturnUnit, "order", disposition="WAREHOUSE_DAMAGED")),
        {"fulfillable": 7, "total": 7},
    ),
    "nothing: a shortage that is located after all": (
        (*LOST_INBOUND, sku(c.Locate, 4)),
        {"fulfillable": 10, "total": 10},
    ),
    "nothing: a removal that leaves": (
        (STOCK, sku(c.RequestRemoval, 10), paper(c.ShipRemoval, "removal")),
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
async def test_the_shortest_script_makes_the_number_what_it_should_be(player: Player, script: str) -> None:
    steps, expected = SCRIPTS[script]

    await play(player, steps)

    assert numbers(await player.summary(SKU)) == expected


def test_every_number_has_a_script() -> None:
    shown = {name for _, expected in SCRIPTS.values() for name in expected}

    assert len(shown) == 20


# Many at once.


async def test_of_200_clients_for_the_last_50_units_50_succeed_and_150_are_short(player: Player) -> None:
    await player.do(c.AddStock(SKU, 50))

    results = await outcomes([player.do(c.PlaceOrder(SKU, 1)) for _ in range(200)])

    assert Counter(type(result) for result in results) == {Outcome: 50, Shortage: 150}
    assert {(r.wanted, r.available) for r in results if isinstance(r, Shortage)} == {(1, 0)}
    assert numbers(await player.summary(SKU)) == {"pending_customer_order": 50, "total_reserved": 50, "total": 50}
    assert len(await player.fetch("select from orders where seller_id = $1")) == 50


async def test_two_nodes_cannot_sell_a_unit_twice(player: Player, postgres: str) -> None:
    await player.do(c.AddStock(SKU, 50))

    async with another_node(player, postgres) as second:
        nodes = [player, second]
        results = await outcomes([nodes[n % 2].do(c.PlaceOrder(SKU, 1)) for n in range(200)])

    assert Counter(type(result) for result in results) == {Outcome: 50, Shortage: 150}
    orders = [r.answer["order"] for r in results if isinstance(r, Outcome)]
    assert len(set(map(str, orders))) == 50
    assert numbers(await player.summary(SKU))["pending_customer_order"] == 50


async def test_orders_of_several_units_never_reserve_more_than_there_is(player: Player) -> None:
    await player.do(c.AddStock(SKU, 100))
    sizes = [random.Random(1).randint(1, 7) for _ in range(80)]

    results = await outcomes([player.do(c.PlaceOrder(SKU, size)) for size in sizes])

    sold = sum(size for size, result in zip(sizes, results, strict=True) if isinstance(result, Outcome))
    left = 100 - sold
    assert numbers(await player.summary(SKU))["pending_customer_order"] == sold
    assert all(result.wanted > left for result in results if isinstance(result, Shortage))
    assert {type(result) for result in results} == {Outcome, Shortage}


async def test_one_faulty_command_of_a_batch_fails_alone(player: Player) -> None:
    commands = [
        c.AddStock(SKU, 5),
        c.AddStock("unknown", 5),
        c.AddStock(SKU, QUANTITY_MAX),  # too much together with what is there: the database itself refuses it
        c.AddStock(SKU, 0),
        c.OpenBalance(SKU, QUANTITY_MAX),
        c.AddStock(SKU, 7),
    ]

    results = await outcomes([player.do(command) for command in commands])

    kinds = [type(result) for result in results]
    assert kinds == [Outcome, NotFound, Invalid, Invalid, Invalid, Outcome]
    assert numbers(await player.summary(SKU)) == {"fulfillable": 12, "total": 12}


async def test_commands_that_name_what_another_of_the_batch_creates_find_it(player: Player) -> None:
    results = await outcomes(
        [
            player.do(c.AddStock("B", 3)),
            player.do(c.CreateItem("B", "Bee")),
            player.do(c.PlaceOrder("B", 2, order="S01-1")),
            player.do(c.ShipOrder("S01-1")),
        ]
    )

    assert [type(result) for result in results] == [Outcome] * 4
    assert numbers(await player.summary("B")) == {"fulfillable": 1, "total": 1}


async def test_a_caller_who_hangs_up_does_not_undo_what_he_asked_for(player: Player) -> None:
    asked = asyncio.create_task(player.do(c.AddStock(SKU, 5)))
    await asyncio.sleep(0)

    asked.cancel()
    await player.ledger.close()

    assert numbers(await player.summary(SKU)) == {"fulfillable": 5, "total": 5}


async def test_commands_on_different_skus_lead_to_the_same_balances_in_any_order(database: Database) -> None:
    """Invariant 6: interleavings of what commutes are equal."""
    skus = [f"S{n}" for n in range(6)]
    stories: list[Sequence[Command]] = [
        [c.AddStock(sku, 20), c.PlaceOrder(sku, 4, order=f"order of {sku}"), c.Misplace(sku, 3), c.Damage(sku, n + 1)]
        for n, sku in enumerate(skus)
    ]
    balances = []
    for seed in range(4):
        player = await new_player(database)
        await player.offer(*skus)
        await interleave(player, stories, random.Random(seed))
        balances.append({summary.sku: numbers(summary) for summary in await player.summaries()})

    assert all(balance == balances[0] for balance in balances)
    assert balances[0]["S2"]["warehouse_damaged"] == 3


async def interleave(player: Player, stories: Sequence[Sequence[Command]], choice: random.Random) -> None:
    """Each story in its own order, all at once, arriving as chance has it."""

    async def tell(story: Sequence[Command]) -> None:
        for command in story:
            for _ in range(choice.randrange(5)):
                await asyncio.sleep(0)
            await player.do(command)

    await asyncio.gather(*map(tell, stories))


async def test_commands_on_one_sku_at_once_lead_to_what_some_order_of_them_leads_to(player: Player) -> None:
    """Invariant 6: 10 units, orders of 6 and 7 and a loss of 2: whoever comes first, the result is one of these."""
    await player.do(c.AddStock(SKU, 10))

    results = await outcomes(
        [player.do(c.PlaceOrder(SKU, 6)), player.do(c.PlaceOrder(SKU, 7)), player.do(c.Lose(SKU, 2))]
    )

    found = numbers(await player.summary(SKU))
    succeeded = tuple(isinstance(result, Outcome) for result in results)
    left = {(True, False, True): 2, (False, True, True): 1}
    assert found["fulfillable"] == left[succeeded]  # type: ignore[index]


# Idempotency keys.


async def test_a_repeated_key_changes_nothing_and_answers_as_the_first_time(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5))

    first = await player.do(c.PlaceOrder(SKU, 2), "key-1")
    again = await player.do(c.PlaceOrder(SKU, 2), "key-1")

    assert again.answer == first.answer
    assert again.entries == first.entries
    assert (first.replayed, again.replayed) == (False, True)
    assert numbers(await player.summary(SKU))["pending_customer_order"] == 2


async def test_a_key_used_by_many_at_once_on_two_nodes_counts_once(player: Player, postgres: str) -> None:
    async with another_node(player, postgres) as second:
        nodes = [player, second]
        results = await asyncio.gather(*[nodes[n % 2].do(c.AddStock(SKU, 5), f"key-{n % 3}") for n in range(60)])

    assert sum(not result.replayed for result in results) == 3
    assert numbers(await player.summary(SKU)) == {"fulfillable": 15, "total": 15}


async def test_a_key_with_another_command_is_refused(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5), "key-1")

    for command in (c.AddStock(SKU, 6), c.PlaceOrder(SKU, 5)):
        with pytest.raises(KeyReused):
            await player.do(command, "key-1")

    assert numbers(await player.summary(SKU)) == {"fulfillable": 5, "total": 5}


async def test_a_refused_command_leaves_its_key_free(player: Player) -> None:
    with pytest.raises(Shortage):
        await player.do(c.PlaceOrder(SKU, 1), "key-1")
    await player.do(c.AddStock(SKU, 1))

    outcome = await player.do(c.PlaceOrder(SKU, 1), "key-1")

    assert not outcome.replayed


async def test_a_key_of_one_seller_means_nothing_to_another(player: Player) -> None:
    stranger = await new_player(player.database)
    await stranger.offer(SKU)
    await player.do(c.AddStock(SKU, 5), "key-1")

    outcome = await stranger.do(c.AddStock(SKU, 9), "key-1")

    assert not outcome.replayed
    assert numbers(await stranger.summary(SKU)) == {"fulfillable": 9, "total": 9}


class LosesTheAnswer:
    """A database whose connection is lost when the commit has been sent."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.commits = 0

    @asynccontextmanager
    async def write(self, *first: str) -> AsyncIterator[Connection]:
        async with self._database.write(*first) as connection:
            yield connection
        self.commits += 1
        raise Unavailable("the connection to the database is lost")


async def test_a_batch_whose_commit_is_in_doubt_is_not_done_again(player: Player) -> None:
    flaky = LosesTheAnswer(player.database)
    ledger = Ledger(flaky)  # type: ignore[arg-type]

    results = await outcomes([ledger.perform(player.id, c.AddStock(SKU, 1), TESTER) for _ in range(5)])

    assert [type(result) for result in results] == [Unavailable] * 5
    assert flaky.commits == 1
    assert numbers(await player.summary(SKU)) == {"fulfillable": 5, "total": 5}


# The same world again.

STORY: Sequence[Step] = (
    sku(c.AddStock, 60, expires=START + 3 * DAY),
    sku(c.Plan, 10),
    paper(c.Ship, "shipment", START + 2 * DAY),
    paper(c.Receive, "shipment", SKU, 8),
    paper(c.CloseShipment, "shipment"),
    sku(c.PlaceOrder, 5),
    paper(c.ShipOrder, "order"),
    paper(c.ReturnUnit, "order", disposition="CARRIER_DAMAGED"),
    sku(c.Misplace, 4),
    sku(c.Misplace, 2),
    sku(c.StartTransfer, 6, "PHX6", "YYZ4"),
    paper(c.ArriveTransfer, "transfer", 2),
    sku(c.RequestRemoval, 3),
    sku(c.Lose, 2),
    sku(c.Reimburse, 1),
)


async def journal(player: Player) -> list[dict[str, object]]:
    """Entries and lines, without what is the seller's own and the real time."""
    rows = await player.fetch(
        """
        select e.seq, e.event, e.effective_at, e.reference_kind, e.reference, e.reason, l.line, l.item, l.account,
               l.place, l.disposition, l.detail, l.ref, l.at, l.delta
        from entries e left join lines l using (seller_id, seq) where e.seller_id = $1 order by e.seq, l.line
        """
    )
    return [dict(row) for row in rows]


async def test_the_same_seed_and_commands_give_the_same_journal_and_ids(database: Database) -> None:
    twins = [await new_player(database, seed=99) for _ in range(2)]
    other = await new_player(database, seed=100)
    for player in (*twins, other):
        await player.offer(SKU, "B-2")
        await play(player, (*STORY, 70 * DAY))

    first, second = [await journal(player) for player in twins]

    assert first == second
    assert len(first) > 40
    assert first != await journal(other)


async def test_ids_do_not_depend_on_which_commands_were_written_together(database: Database) -> None:
    one_by_one, together = [await new_player(database) for _ in range(2)]
    refused = [c.PlaceOrder(SKU, 1000), c.Reimburse(SKU, 1), c.StartTransfer(SKU, 1000, "PHX6", "YYZ4")]
    done = [c.Misplace(SKU, 1), c.Damage(SKU, 1, suspected=True), c.Misplace(SKU, 2), c.PlaceOrder(SKU, 1)]
    commands = [*done[:1], *refused, *done[1:]] * 3
    for player in (one_by_one, together):
        await player.offer(SKU)
        await player.do(c.AddStock(SKU, 100))

    for command in commands:
        await outcomes([one_by_one.do(command)])
    results = await outcomes([together.do(command) for command in commands])

    assert Counter(type(result) for result in results) == {Outcome: 12, Shortage: 9}
    assert await journal(one_by_one) == await journal(together)
    timers = "select timer_no, due_at, kind from timers where seller_id = $1 order by 1"
    assert await one_by_one.fetch(timers) == await together.fetch(timers)


# Time.


@pytest.mark.parametrize("steps", [1, 2, 7, 70])
async def test_time_passes_the_same_in_one_step_and_in_many(player: Player, steps: int) -> None:
    """advance(2d) ≡ advance(1d) twice: what is due happens at its own instant."""
    reference = await new_player(player.database)
    await reference.offer(SKU)
    for one in (reference, player):
        await play(one, STORY)
    await reference.advance(70 * DAY)

    for _ in range(steps):
        await player.advance(70 * DAY / steps)

    assert await journal(player) == await journal(reference)
    assert numbers(await player.summary(SKU)) == numbers(await reference.summary(SKU))
    assert await player.now() == START + 70 * DAY


async def test_what_is_due_happens_in_order_each_at_its_own_instant(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5, expires=START + 2 * DAY))
    await player.do(c.AddStock(SKU, 5, expires=START + DAY))
    await player.do(c.Misplace(SKU, 3))

    await player.advance(100 * DAY)

    happened = [
        (row["event"], row["effective_at"] - START) for row in await player.journal() if row["channel"] == "timer"
    ]
    assert happened == [("F63", DAY), ("F63", 2 * DAY), ("T50", 10 * DAY), ("T50", 20 * DAY), ("F52", 60 * DAY)]


async def turn_clock(player: Player, to: datetime) -> None:
    """As if the clock had run on, and nobody had looked since."""
    async with player.database.write() as connection:
        await worlds.set_clock(connection, player.id, Clock(to, await worlds.real_now(connection), 0))


async def test_a_command_comes_after_everything_that_was_due_before_it(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5, expires=START + DAY))
    await turn_clock(player, START + 2 * DAY)

    with pytest.raises(Shortage):
        await player.do(c.PlaceOrder(SKU, 1))

    assert numbers(await player.summary(SKU))["expired"] == 5
    assert [row["effective_at"] for row in await player.journal()][-1] == START + DAY


async def test_the_tick_lets_due_timers_happen_without_any_command(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5, expires=START + DAY))
    await turn_clock(player, START + 2 * DAY)

    ticked = await player.ledger.tick()

    assert ticked >= 1
    assert numbers(await player.summary(SKU))["expired"] == 5


async def test_a_timer_that_cannot_be_done_does_not_stop_its_seller(player: Player) -> None:
    """So many units have expired that no more fit into the balance: the others stay where they are."""
    await player.do(c.OpenBalance(SKU, QUANTITY_MAX, disposition="EXPIRED"))
    await player.do(c.AddStock(SKU, 5, expires=START + DAY))

    await player.advance(2 * DAY)
    await player.do(c.PlaceOrder(SKU, 5))

    assert numbers(await player.summary(SKU))["pending_customer_order"] == 5


# What is not there, and what cannot be.


async def test_an_unknown_seller_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        await Ledger(database).perform("A0000000000000", c.AddStock(SKU, 1), TESTER)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (c.CreateItem(SKU, "Again"), AlreadyExists),
        (c.CreateItem("B", "Bee", marketplace=DE), Invalid),
        (c.CreateItem("B", "Bee", condition="Newish"), Invalid),
        (c.CreateItem("B", "Bee", asin="B00"), Invalid),
        (c.CreateItem("B", "Bee", condition="UsedGood", barcode="manufacturer"), Invalid),
        (c.CreateItem("B\0", "Bee"), Invalid),
        (c.CreateItem("B\ud800", "Bee"), Invalid),
        (c.CreateItem("B", "two\nlines"), Invalid),
        (c.CreateItem("B", "Bee", asin="\ud800" * 10), Invalid),
        (c.AddStock("nowhere", 1), NotFound),
        (c.AddStock("no\0where", 1), Invalid),
        (c.AddStock("no\ud800where", 1), Invalid),
        (c.AddStock(SKU, 1, fc="nowhere"), Invalid),
        (c.AddStock(SKU, 1, fc="LEJ1"), Invalid),
        (c.AddStock(SKU, 1, fc="PHX6\n"), Invalid),
        (c.AddStock(SKU), Invalid),
        (c.AddStock(SKU, 1, expires=START), Invalid),
        (c.AddStock(lines=(c.StockLine(SKU, 1, CA),)), NotFound),
        (c.PlaceOrder(SKU, 11), Shortage),
        (c.PlaceOrder(SKU, 1, marketplace=CA), Shortage),
        (c.PlaceOrder(SKU, 1, marketplace=UK), Invalid),
        (c.PlaceOrder(SKU, 0), Invalid),
        (c.PlaceOrder(SKU, 10**30), Shortage),
        (c.PlaceOrder(SKU, 1, order="x" * 41), Invalid),
        (c.PlaceOrder(lines=(c.OrderLine(SKU, 6), c.OrderLine(SKU, 5))), Shortage),
        (c.ShipOrder("no\0order"), NotFound),
        (c.ShipOrder("no\ud800order"), NotFound),
        (c.Hold(SKU, 0), Invalid),
        (c.Hold(SKU, -1), Invalid),
        (c.Release(SKU, 0), Invalid),
        (c.Release(SKU, 1), Shortage),
        (c.Find(SKU, 0), Invalid),
        (c.Find(SKU, 1), Shortage),
        (c.GiveUp(SKU), NotAllowed),
        (c.GiveUp(SKU, 1), Shortage),
        (c.MergeItems(SKU, SKU), Invalid),
        (c.Damage(SKU, 1, disposition="WAREHOUSE_DAMAGED"), Invalid),
        (c.ChangeDisposition(SKU, 1, "SELLABLE", "SELLABLE"), Invalid),
        (c.Correct(SKU, 0), Invalid),
        (c.Correct(SKU, -11), Shortage),
        (c.StartTransfer(SKU, 1, "PHX6", "PHX6"), Invalid),
        (c.StartTransfer(SKU, 1, "JFK8", "PHX6"), Shortage),
        (c.RequestRemoval(SKU, 1, "EXPIRED"), Shortage),
        (c.CloseItem(SKU, strict=True), NotAllowed),
        (c.CloseItem(SKU, CA), NotFound),
        (c.SetPolicy(putaway_hours=-1), Invalid),
    ],
    ids=repr,
)  # fmt: skip
async def test_an_illegal_command_says_why_and_changes_nothing(
    player: Player, command: Command, problem: type[Problem]
) -> None:
    await player.do(c.AddStock(SKU, 10))
    before = await everything(player)

    with pytest.raises(problem):
        await player.do(command)

    assert await everything(player) == before


async def everything(player: Player) -> list[Any]:
    tables = ("ledgers", "entries", "moves", "balances", "positions", "skus", "offers", "orders", "timers", "commands")
    found = []
    for table in tables:
        found += await player.fetch(f"select t from {table} t where seller_id = $1 order by t::text")
    return found


async def test_the_name_of_a_paper_is_kept_and_found_without_white_space_around_it(player: Player) -> None:
    await player.do(c.AddStock(f" {SKU} ", 5))
    await player.do(c.PlaceOrder(SKU, 2, order=" über-1 "))

    with pytest.raises(AlreadyExists):
        await player.do(c.PlaceOrder(SKU, 2, order="u\u0308ber-1"))
    await player.do(c.ShipOrder("\tüber-1"))

    [order] = await player.fetch("select order_id, status from orders where seller_id = $1")
    assert tuple(order) == ("über-1", "Shipped")
    assert numbers(await player.summary(SKU)) == {"fulfillable": 3, "total": 3}


@pytest.mark.parametrize("table", ["entries", "moves"])
@pytest.mark.parametrize(
    "statement", ["update {} set seq = seq + 1 where false", "delete from {} where false", "truncate {}"]
)
async def test_the_journal_can_be_neither_changed_nor_erased(database: Database, table: str, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match=f"{table} is append-only"):
        async with database.write() as connection:
            await connection.execute(statement.format(table))


async def test_the_database_itself_keeps_stock_from_going_below_zero(player: Player) -> None:
    await player.do(c.AddStock(SKU, 5))

    with pytest.raises(asyncpg.CheckViolationError, match="balances_never_negative"):
        async with player.database.write() as connection:
            await connection.execute(
                "update balances set quantity = -1 where seller_id = $1 and account = 'FC_AVAIL'", player.id
            )


async def test_the_database_refuses_a_move_of_nothing(player: Player) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with player.database.write() as connection:
            await connection.execute(
                "insert into moves values ($1, 1, 0, 'X', 0, 'X_SUPPLIER', '', '', '', '', '-infinity', '',"
                " 'FC_AVAIL', 'PHX6', 'SELLABLE', '', '', '-infinity', 'US')",
                player.id,
            )
