"""Reading supply: what a SKU shows in each state of its units, what changed since, and sets read page by page."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.fba.supply import NO_SUPPLY, Moment, Supply, SupplyType, Timepoint
from entrepot.services.inventory import PAGE_SIZE, Asked
from entrepot.services.supply import Supplied, Supplies
from entrepot.services.verification import verify
from entrepot.storage.database import Database
from tests.cast import CA, START, US, Player, new_player

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SKU = "A-1"
IN_STOCK, INBOUND, TRANSFER = SupplyType.IN_STOCK, SupplyType.INBOUND, SupplyType.TRANSFER
NOW, UNKNOWN = Moment.IMMEDIATELY, Moment.UNKNOWN


@pytest_asyncio.fixture
async def player(database: Database) -> AsyncIterator[Player]:
    """A seller in two countries, whose books must be right when the test is over."""
    player = await new_player(database)
    yield player
    report = await verify(database, seller_id=player.id)
    assert report.clean, [str(d) for check in report.checks for d in check.differences]


async def supply_of(player: Player, sku: str = SKU, marketplace: str = US) -> Supply:
    [found] = await player.supplies([sku], marketplace)
    return found.supply


def told(found: Supply) -> tuple[Timepoint | None, list[tuple[int, SupplyType, Timepoint]]]:
    assert found.total == sum(row.quantity for row in found.rows)
    assert found.in_stock == sum(row.quantity for row in found.rows if row.type is IN_STOCK)
    return found.earliest, [(row.quantity, row.type, row.earliest) for row in found.rows]


# One SKU.


async def test_a_shipment_becomes_supply_when_it_is_shipped_and_stock_when_it_is_put_away(player: Player) -> None:
    await player.offer(SKU)
    shipment = await player.answer(c.Plan(SKU, 10), "shipment")
    planned = await supply_of(player)
    await player.do(c.Ship(shipment, eta=START + DAY))
    shipped = await supply_of(player)
    await player.advance(DAY)
    late = await supply_of(player)
    await player.do(c.Receive(shipment, SKU, 4))
    received = await supply_of(player)
    await player.advance(12 * HOUR)

    assert planned == NO_SUPPLY
    assert told(shipped) == (START + DAY, [(10, INBOUND, START + DAY)])
    assert told(late) == (UNKNOWN, [(10, INBOUND, UNKNOWN)])
    put_away = START + DAY + 12 * HOUR
    assert told(received) == (put_away, [(4, IN_STOCK, put_away), (6, INBOUND, UNKNOWN)])
    assert told(await supply_of(player)) == (NOW, [(4, IN_STOCK, NOW), (6, INBOUND, UNKNOWN)])


async def test_a_transfer_is_supply_of_the_country_that_it_goes_to(player: Player) -> None:
    for marketplace in (US, CA):
        await player.offer(SKU, marketplace=marketplace)
    await player.do(c.AddStock(SKU, 8))
    await player.do(c.StartTransfer(SKU, 3, "PHX6", "YYZ4", eta=START + DAY))
    transfer = await player.answer(c.StartTransfer(SKU, 1, "PHX6", "JFK8"), "transfer")

    before = await supply_of(player)
    await player.do(c.ArriveTransfer(transfer))

    assert told(before) == (NOW, [(4, IN_STOCK, NOW), (1, TRANSFER, UNKNOWN)])
    assert told(await supply_of(player)) == (NOW, [(5, IN_STOCK, NOW)])
    assert told(await supply_of(player, marketplace=CA)) == (START + DAY, [(3, TRANSFER, START + DAY)])


async def test_what_is_ordered_set_aside_missing_or_damaged_is_no_supply(player: Player) -> None:
    await player.offer(SKU)
    await player.do(c.AddStock(SKU, 10))
    await player.do(c.PlaceOrder(SKU, 1))
    await player.do(c.Hold(SKU, 1))
    await player.do(c.Misplace(SKU, 1))
    await player.do(c.Damage(SKU, 1))

    assert told(await supply_of(player)) == (NOW, [(6, IN_STOCK, NOW)])


async def test_stock_of_other_countries_is_in_stock_where_the_seller_lets_it_serve(player: Player) -> None:
    """D-17: free stock counts, with its dates; what is on its way elsewhere does not."""
    for marketplace in (US, CA):
        await player.offer(SKU, marketplace=marketplace)
    await player.do(c.AddStock(SKU, 5))
    shipment = await player.answer(c.Plan(SKU, 9, fc="YYZ4"), "shipment")
    await player.do(c.Ship(shipment))
    await player.do(c.Receive(shipment, SKU, 2))
    own = await supply_of(player)

    await player.do(c.SetPolicy(remote_serving=True))

    assert told(own) == (NOW, [(5, IN_STOCK, NOW)])
    assert told(await supply_of(player)) == (NOW, [(5, IN_STOCK, NOW), (2, IN_STOCK, START + 12 * HOUR)])
    assert (await supply_of(player)).in_stock == (await player.summary(SKU)).position.available


async def test_skus_come_as_they_were_asked_for_and_unknown_ones_have_a_name_and_nothing_else(player: Player) -> None:
    await player.offer(SKU, "B")
    await player.offer("C", marketplace=CA)
    await player.do(c.AddStock("B", 2))
    too_long = "x" * 41

    found = await player.supplies(["no such SKU", "B", too_long, SKU, " B ", "C", "", "a\0b", "no such SKU"])

    assert [one.sku for one in found] == ["no such SKU", "B", too_long, SKU, "C", "", "a\0b"]
    assert {one.sku for one in found if one.fnsku} == {SKU, "B"}
    assert all(one == Supplied(one.sku, NO_SUPPLY) for one in found if not one.fnsku)
    assert [one.supply.total for one in found if one.fnsku] == [2, 0]


async def test_a_sku_brings_its_identity(player: Player) -> None:
    await player.offer(SKU, asin="B00008UI0R", barcode="manufacturer")
    await player.offer("used", asin="B00008UI0R", condition="UsedGood")

    commingled, used = await player.supplies([SKU, "used"])

    assert commingled[2:] == ("B00008UI0R", "B00008UI0R", "NewItem")
    assert (used.asin, used.condition) == ("B00008UI0R", "UsedGood")
    assert used.fnsku.startswith("X00")


async def test_two_sellers_with_the_same_sku_see_their_own_supply_only(player: Player, database: Database) -> None:
    """Invariant 39."""
    other = await new_player(database)
    for someone, units in ((player, 3), (other, 4)):
        await someone.offer(SKU)
        await someone.do(c.AddStock(SKU, units))

    assert (await supply_of(player)).total == 3
    assert (await supply_of(other)).total == 4
    assert [one.supply.total for one in await other.supplies(changed_since=START)] == [4]


# What changed since.


async def test_changes_since_an_instant_include_that_instant_and_inbound_units(player: Player) -> None:
    await player.offer(SKU, "B", "C")
    await player.advance(HOUR)
    shipment = await player.answer(c.Plan("B", 5), "shipment")
    await player.do(c.Ship(shipment))
    await player.do(c.AddStock("C", 1))

    async def changed(since: timedelta) -> list[str]:
        return [one.sku for one in await player.supplies(changed_since=START + since)]

    assert await changed(HOUR) == ["B", "C"]
    assert await changed(HOUR + timedelta(milliseconds=1)) == []
    assert await changed(timedelta(0)) == [SKU, "B", "C"]
    assert await changed(-1000 * DAY) == [SKU, "B", "C"]


async def test_units_put_away_are_a_change(player: Player) -> None:
    await player.offer(SKU)
    shipment = await player.answer(c.Plan(SKU, 5), "shipment")
    await player.do(c.Ship(shipment))
    await player.do(c.Receive(shipment, SKU, 5))
    await player.advance(12 * HOUR)

    [found] = await player.supplies(changed_since=START + 12 * HOUR)

    assert told(found.supply) == (NOW, [(5, IN_STOCK, NOW)])


SKUS = 120


async def fill(player: Player) -> None:
    """Many SKUs, with units in every state and of every date."""
    chance = random.Random(5)
    names = [f"S-{number:03}" for number in range(SKUS)]
    for marketplace in (US, CA):
        await asyncio.gather(*[player.do(c.CreateItem(name, "Thing", marketplace)) for name in names])
    await asyncio.gather(*[player.do(c.AddStock(name, 50)) for name in names])
    await disturb(player, chance, 60)


async def disturb(player: Player, chance: random.Random, times: int) -> None:
    async def something() -> None:
        sku, units, later = (
            f"S-{chance.randrange(SKUS):03}",
            chance.randint(1, 3),
            timedelta(hours=chance.randint(1, 40)),
        )
        eta = chance.choice([None, await player.now() + later])
        match chance.randrange(6):
            case 0:
                await player.do(c.PlaceOrder(sku, units))
            case 1:
                await player.do(c.StartTransfer(sku, units, "PHX6", chance.choice(["JFK8", "YYZ4"]), eta=eta))
            case 2:
                await player.do(c.Hold(sku, units))
            case 3:
                await player.do(c.AddStock(sku, units, fc="YYZ4"))
            case _:
                shipment = await player.answer(c.Plan(sku, 5, fc=chance.choice(["PHX6", "YYZ4"])), "shipment")
                await player.do(c.Ship(shipment, eta=eta))
                if chance.random() < 0.6:
                    await player.do(c.Receive(shipment, sku, units))

    await asyncio.gather(*[something() for _ in range(times)])


@pytest.mark.parametrize(("seed", "remote_serving"), [(1, False), (2, True)])
async def test_pages_are_those_of_the_moment_of_the_first_whatever_is_written_between(
    player: Player, seed: int, remote_serving: bool
) -> None:
    """Invariants 35 and 16: no SKU lost, none twice, every row as it was."""
    chance = random.Random(seed)
    await player.do(c.SetPolicy(remote_serving=remote_serving))
    await fill(player)
    asked = Asked(US, changed_since=START)
    names = [f"S-{number:03}" for number in range(SKUS)]
    expected = [one for n in range(0, SKUS, PAGE_SIZE) for one in await player.supplies(names[n : n + PAGE_SIZE])]
    supplies = Supplies(player.database)

    page = await supplies.page(player.id, asked)
    found, pages = list(page.supplied), 1
    while page.bookmark is not None:
        await disturb(player, chance, 40)
        await player.advance(7 * HOUR)
        page = await supplies.page(player.id, asked, page.bookmark)
        found += page.supplied
        pages += 1

    assert pages == 3
    assert [one.sku for one in found] == names
    for one, wanted in zip(found, expected, strict=True):
        assert one == wanted
        assert told(one.supply)
    kinds = {(row.type, type(row.earliest)) for one in found for row in one.supply.rows}
    assert len(kinds) == 6, "units of every kind, with a date and without"


async def test_only_what_had_changed_at_the_first_page_is_on_later_ones(player: Player) -> None:
    await fill(player)
    await player.advance(HOUR)
    chosen = [f"S-{number:03}" for number in range(0, SKUS, 2)]
    await asyncio.gather(*[player.do(c.Plan(sku, 1)) for sku in chosen])
    asked, supplies = Asked(US, changed_since=START + HOUR), Supplies(player.database)

    first = await supplies.page(player.id, asked)
    await player.advance(HOUR)
    await asyncio.gather(*[player.do(c.Plan(f"S-{number:03}", 1)) for number in range(SKUS)])
    rest = await supplies.page(player.id, asked, first.bookmark)

    assert [one.sku for one in (*first.supplied, *rest.supplied)] == chosen
    assert rest.bookmark is None
