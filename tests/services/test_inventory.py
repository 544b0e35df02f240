"""Reading stock: what a row shows, what changed since, and sets read page by page while others go on writing."""

from __future__ import annotations

import asyncio
import random
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.commands import Command
from entrepot.domain.errors import Problem
from entrepot.services.inventory import PAGE_SIZE, Asked, Bookmark, Inventory, Summary
from entrepot.services.verification import verify
from entrepot.storage.database import Database
from tests.cast import CA, START, US, Player, another_node, new_player, numbers

DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=1)
SKU = "A-1"


@pytest_asyncio.fixture
async def player(database: Database) -> AsyncIterator[Player]:
    """A seller in two countries, whose books must be right when the test is over."""
    player = await new_player(database)
    yield player
    report = await verify(database, seller_id=player.id)
    assert report.clean, [str(d) for check in report.checks for d in check.differences]


# Rows.


async def test_a_sku_without_stock_is_a_row_of_zeros_from_its_creation_to_its_end(player: Player) -> None:
    await player.offer(SKU, "B")
    created = await player.summaries()

    await player.do(c.CloseItem(SKU))

    assert [(row.sku, numbers(row)) for row in created] == [(SKU, {}), ("B", {})]
    assert [row.sku for row in await player.summaries()] == ["B"]


async def test_a_sku_offered_again_keeps_its_item(player: Player) -> None:
    await player.offer(SKU)
    before = await player.summary(SKU)
    await player.do(c.CloseItem(SKU))

    await player.do(c.CreateItem(SKU, "Another title"))

    again = await player.summary(SKU)
    assert (again.fnsku, again.asin, again.title) == (before.fnsku, before.asin, "Another title")


async def test_rows_come_in_the_order_of_code_points(player: Player) -> None:
    skus = ["a", "Z", "A", "10", "9", "é", "e", "商品", "\U0001d4b3", "\uff5e", "a b", "a-b"]
    await player.offer(*skus)

    assert [row.sku for row in await player.summaries()] == sorted(skus)


NASTY = [
    "'; drop table skus; --", 'a "quoted" one', "back\\slash", "{brace,comma}", "NULL", "null", "(1,2)", "%s $1 {0}",
    "\u2028line", "\u00a0 nbsp\u00a0x", "\u200b", "\ufeffbom", "\U0001f4e6", "a\u0301\u0327", "ﬁ", "-infinity",
    "<b>&amp;</b>",
]  # fmt: skip


async def test_names_come_back_letter_for_letter(player: Player) -> None:
    kept = {unicodedata.normalize("NFC", name).strip(): name for name in NASTY}
    await asyncio.gather(*[player.do(c.CreateItem(name, name)) for name in NASTY])
    await asyncio.gather(*[player.do(c.AddStock(name, 3)) for name in NASTY])
    for n, name in enumerate(NASTY):
        await player.do(c.PlaceOrder(name, 1, order=f"{name[:20]} {n}" if name[:20].isprintable() else None))

    rows = {row.sku: row for row in await player.summaries()}

    assert {row.sku: row.title for row in rows.values()} == {name: name for name in kept}
    assert all(numbers(row)["pending_customer_order"] == 1 for row in rows.values())
    assert [row.sku for row in await player.summaries(skus=list(kept))] == sorted(kept)


async def test_skus_asked_for_by_name_show_the_same_as_in_the_whole_set(player: Player) -> None:
    """Invariant 18: how much of a row is asked for does not change its numbers."""
    await player.offer(SKU, "B", "C")
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.Plan("C", 7))

    whole = {row.sku: row for row in await player.summaries()}

    assert await player.summaries(skus=["C", SKU, "no such SKU"]) == [whole[SKU], whole["C"]]


async def test_skus_that_share_an_item_each_show_its_whole_stock(player: Player) -> None:
    asin = await player.answer(c.CreateItem("new", "Thing"), "asin")
    await player.offer("twin", asin=asin)
    await player.offer("used", asin=asin, condition="UsedGood")
    await player.do(c.AddStock("new", 5))
    await player.do(c.PlaceOrder("twin", 2))

    rows = {row.sku: row for row in await player.summaries()}

    assert rows["new"].fnsku == rows["twin"].fnsku != rows["used"].fnsku
    assert numbers(rows["new"]) == numbers(rows["twin"]) == {
        "fulfillable": 3, "pending_customer_order": 2, "total_reserved": 2, "total": 5
    }  # fmt: skip
    assert numbers(rows["used"]) == {}


async def test_a_manufacturers_barcode_is_the_asin(player: Player) -> None:
    await player.offer(SKU, asin="B00008UI0R", barcode="manufacturer")

    assert (await player.summary(SKU)).fnsku == "B00008UI0R"


async def test_each_marketplace_shows_the_stock_of_its_own_country(player: Player) -> None:
    for marketplace in (US, CA):
        await player.offer(SKU, marketplace=marketplace)
    await player.do(c.AddStock(SKU, 5, marketplace=CA))
    await player.do(c.AddStock(SKU, 8))
    transfer = await player.answer(c.StartTransfer(SKU, 3, "PHX6", "YYZ4"), "transfer")
    on_the_way = numbers(await player.summary(SKU, CA))

    await player.do(c.ArriveTransfer(transfer))

    assert on_the_way == {"fulfillable": 5, "pending_transshipment": 3, "total_reserved": 3, "total": 8}
    assert numbers(await player.summary(SKU, US)) == {"fulfillable": 5, "total": 5}
    assert numbers(await player.summary(SKU, CA)) == {"fulfillable": 8, "total": 8}


async def test_stock_of_other_countries_serves_too_where_the_seller_allows_it(player: Player) -> None:
    for marketplace in (US, CA):
        await player.offer(SKU, marketplace=marketplace)
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.Misplace(SKU, 1))

    await player.do(c.SetPolicy(remote_serving=True))
    await player.do(c.PlaceOrder(SKU, 2, marketplace=CA))

    assert numbers(await player.summary(SKU, CA)) == {"fulfillable": 2, "total": 2}
    assert numbers(await player.summary(SKU, US)) == {
        "fulfillable": 2, "pending_customer_order": 2, "total_reserved": 2, "total": 4,
        "researching_in_short_term": 1, "total_researching": 1,
    }  # fmt: skip


async def test_research_of_both_kinds_opened_at_one_instant_is_counted_whole(player: Player) -> None:
    """Invariant 11: the ages of research add up to all units under research."""
    await player.offer(SKU)
    await player.do(c.AddStock(SKU, 10))
    await player.do(c.Misplace(SKU, 2))
    await player.do(c.Damage(SKU, 3, suspected=True))

    found = numbers(await player.summary(SKU))

    assert (found["researching_in_short_term"], found["total_researching"]) == (5, 5)


async def test_research_ages_day_by_day_and_totals_do_not_change(player: Player) -> None:
    """Invariant 37: time alone moves units between ages, and nothing else."""
    await player.offer(SKU)
    await player.do(c.AddStock(SKU, 10))
    await player.do(c.Misplace(SKU, 2))
    await player.advance(5 * DAY)
    await player.do(c.Misplace(SKU, 3))

    ages = []
    for _ in range(4):
        row = await player.summary(SKU)
        ages.append((row.researching, row.position.total))
        await player.advance(5 * DAY)

    assert ages == [((5, 0, 0), 5), ((3, 2, 0), 5), ((0, 5, 0), 5), ((0, 3, 2), 5)]


async def test_a_row_was_updated_when_any_of_its_numbers_last_changed(player: Player) -> None:
    await player.offer(SKU)
    times = [(await player.summary(SKU)).last_updated]
    for command in (c.AddStock(SKU, 5), c.Plan(SKU, 5), c.PlaceOrder(SKU, 1)):
        await player.advance(HOUR)
        await player.do(command)
        times.append((await player.summary(SKU)).last_updated)

    assert times == [START + n * HOUR for n in range(4)]


async def test_a_marketplace_without_offers_is_an_empty_set(player: Player) -> None:
    assert await player.summaries(CA) == []


# What changed since.


async def test_changes_since_an_instant_include_that_instant(player: Player) -> None:
    await player.offer(SKU, "B")
    await player.advance(HOUR)
    await player.do(c.AddStock(SKU, 5))

    assert [row.sku for row in await player.summaries(changed_since=START + HOUR)] == [SKU]
    assert await player.summaries(changed_since=START + HOUR + INSTANT) == []
    assert [row.sku for row in await player.summaries(changed_since=START)] == [SKU, "B"]


async def test_inbound_alone_is_no_change(player: Player) -> None:
    await player.offer(SKU)
    await player.advance(HOUR)
    shipment = await player.answer(c.Plan(SKU, 5), "shipment")
    await player.do(c.Ship(shipment))
    await player.do(c.StartReceiving(shipment))

    inbound_only = await player.summaries(changed_since=START + HOUR)
    await player.do(c.Receive(shipment, SKU, 1))

    assert inbound_only == []
    assert [row.sku for row in await player.summaries(changed_since=START + HOUR)] == [SKU]


async def test_stock_that_serves_from_elsewhere_changes_what_it_serves(player: Player) -> None:
    """Invariant 34: the number shown in one country changed because of a unit in another."""
    for marketplace in (US, CA):
        await player.offer(SKU, marketplace=marketplace)
    await player.do(c.AddStock(SKU, 5))
    await player.advance(HOUR)
    await player.do(c.Lose(SKU, 1))

    local = await player.summaries(CA, changed_since=START + HOUR)
    await player.do(c.SetPolicy(remote_serving=True))
    [served] = await player.summaries(CA, changed_since=START + HOUR)

    assert local == []
    assert (numbers(served), served.last_updated) == ({"fulfillable": 4, "total": 4}, START + HOUR)


@pytest.mark.parametrize(("days", "event"), [(10, "mid"), (20, "long"), (60, "lost")])
async def test_research_that_grows_older_is_a_change(player: Player, days: int, event: str) -> None:
    await player.offer(SKU)
    await player.do(c.AddStock(SKU, 5))
    await player.do(c.Misplace(SKU, 1))
    await player.advance(days * DAY - INSTANT)
    quiet = await player.now()

    before = await player.summaries(changed_since=quiet)
    await player.advance(INSTANT)

    assert before == []
    assert [row.sku for row in await player.summaries(changed_since=quiet)] == [SKU], event


async def test_every_row_returned_was_updated_since(player: Player) -> None:
    """Invariant 34."""
    await player.offer(*map(sku_number, range(20)))
    marks = [await player.now()]
    for n in range(12):
        await player.advance(HOUR)
        await player.do(c.AddStock(sku_number(n), 1))
        await player.do(c.Plan(sku_number(19 - n), 1))
        marks.append(await player.now())

    for n, mark in enumerate(marks):
        rows = await player.summaries(changed_since=mark)
        assert all(row.last_updated >= mark for row in rows)
        assert {row.sku for row in rows} == {sku_number(m) for m in range(20 if n == 0 else 12) if m >= n - 1}


# Page after page.


def sku_number(n: int) -> str:
    return f"SKU-{n:03}"


def asin_number(n: int) -> str:
    return f"B0TEST{n:04}"


async def fill(player: Player, skus: int) -> None:
    """So many SKUs with some stock of every kind; each third shares its item with the one before."""
    many: list[Command] = [
        c.CreateItem(sku_number(n), f"Title {n}", asin=asin_number(n - n % 3 // 2)) for n in range(skus)
    ]
    await asyncio.gather(*map(player.do, many))
    many = [c.AddStock(sku_number(n), 20 + n) for n in range(skus)]
    many += [c.Misplace(sku_number(n), 2) for n in range(0, skus, 4)]
    many += [c.Damage(sku_number(n), 1, suspected=n % 2 == 0) for n in range(0, skus, 5)]
    many += [c.Plan(sku_number(n), 3) for n in range(0, skus, 7)]
    many += [c.AddStock(sku_number(n), 4, fc="YYZ4") for n in range(0, skus, 2)]
    await asyncio.gather(*map(player.do, many))


def disturbances(skus: int, choice: random.Random) -> list[Command]:
    """One command of each kind that changes what a page shows, on SKUs chosen by chance."""

    def some() -> str:
        return sku_number(choice.randrange(skus))

    return [
        c.PlaceOrder(some(), 1),
        c.PlaceOrder(some(), 1),
        c.AddStock(some(), 5),
        c.AddStock(some(), 2, fc="YYZ4"),
        c.Misplace(some(), 1),
        c.Damage(some(), 1, suspected=True),
        c.Find(some(), 1),
        c.GiveUp(some()),
        c.Plan(some(), 1),
        c.StartTransfer(some(), 1, "PHX6", "YYZ4"),
        c.StartTransfer(some(), 1, "YYZ4", "PHX6"),
        c.RequestRemoval(some(), 1),
        c.CloseItem(some()),
        c.CreateItem(some(), "Again"),
        c.CreateItem(f"{some()} and a half", "New"),
        c.CreateItem(f"0 {some()}", "New, before all others"),
        c.ChangeDisposition(some(), 1, "SELLABLE", "DEFECTIVE"),
    ]


async def disturb(player: Player, commands: Sequence[Command]) -> int:
    """Do what can be done of these commands; how many were done."""
    results = await asyncio.gather(*map(player.do, commands), return_exceptions=True)
    wrong = [result for result in results if isinstance(result, BaseException) and not isinstance(result, Problem)]
    assert not wrong
    return sum(not isinstance(result, BaseException) for result in results)


@pytest.mark.parametrize(
    ("seed", "since", "remote_serving"),
    [(1, None, False), (2, None, True), (3, START, False), (4, START + DAY, False), (5, START + DAY, True)],
)
async def test_pages_are_those_of_the_moment_of_the_first_whatever_is_written_between(
    player: Player, seed: int, since: datetime | None, remote_serving: bool
) -> None:
    """Invariant 35: no SKU lost, none twice, every number as it was."""
    choice, skus = random.Random(seed), 130
    await player.do(c.SetPolicy(remote_serving=remote_serving))
    await fill(player, skus)
    await player.advance(DAY)
    await disturb(player, [command for _ in range(8) for command in disturbances(skus, choice)])
    await player.advance(10 * DAY)
    asked = Asked(US, changed_since=since)
    expected = await at_once(player, since)
    inventory = Inventory(player.database)

    page = await inventory.summaries(player.id, asked)
    found, disturbed = list(page.summaries), 0
    while page.bookmark is not None:
        disturbed += await disturb(player, disturbances(skus, choice) + disturbances(skus, choice))
        await player.advance(10 * DAY)
        page = await inventory.summaries(player.id, asked, page.bookmark)
        found += page.summaries

    assert_same(found, expected)
    assert len(expected) > PAGE_SIZE or since == START + DAY
    assert disturbed > 20 or len(expected) <= PAGE_SIZE


async def at_once(player: Player, since: datetime | None) -> list[Summary]:
    """The set without a second page, which is what is to be tested: some SKUs at a time, by their names."""
    offers = "select sku from offers where seller_id = $1 and marketplace_id = $2 and closed_seq is null order by sku"
    skus = [row["sku"] for row in await player.fetch(offers, US)]
    parts = [skus[n : n + PAGE_SIZE] for n in range(0, len(skus), PAGE_SIZE)]
    return [row for part in parts for row in await player.summaries(US, part, since)]


def assert_same(found: Sequence[Summary], expected: Sequence[Summary]) -> None:
    assert [row.sku for row in found] == [row.sku for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        assert row == wanted


async def test_a_page_can_be_asked_for_again(player: Player) -> None:
    await fill(player, 60)
    inventory = Inventory(player.database)
    first = await inventory.summaries(player.id, Asked(US))
    assert first.bookmark is not None

    once = await inventory.summaries(player.id, Asked(US), first.bookmark)
    await player.do(c.AddStock(sku_number(59), 100))
    again = await inventory.summaries(player.id, Asked(US), first.bookmark)

    assert once == again
    assert len(once.summaries) == 10


@pytest.mark.parametrize("gone", [True, False], ids=["a twin that goes", "a twin that comes"])
async def test_an_item_that_changed_by_its_twin_is_still_changed_on_a_later_page(player: Player, gone: bool) -> None:
    """Invariant 35: two SKUs share an item; one of them comes or goes, which counts as a change of both."""
    await player.offer(*map(sku_number, range(PAGE_SIZE)))
    await player.offer("T-1", "T-2", asin=asin_number(0))
    await player.offer("U-1", asin=asin_number(1))
    await player.advance(HOUR)
    await player.do(c.CloseItem("T-2") if gone else c.CreateItem("U-2", "Twin", asin=asin_number(1)))
    await asyncio.gather(*[player.do(c.AddStock(sku_number(n), 1)) for n in range(PAGE_SIZE)])
    asked = Asked(US, changed_since=START + HOUR)
    expected = await at_once(player, START + HOUR)
    inventory = Inventory(player.database)

    page = await inventory.summaries(player.id, asked)
    await player.advance(HOUR)
    await player.do(c.AddStock("T-1", 1))
    await player.do(c.AddStock("U-1", 1))
    rest = await inventory.summaries(player.id, asked, page.bookmark)

    assert [row.sku for row in expected[PAGE_SIZE:]] == (["T-1"] if gone else ["U-1", "U-2"])
    assert_same([*page.summaries, *rest.summaries], expected)


async def test_pages_read_while_others_write_are_those_of_the_journal_up_to_the_first(
    player: Player, postgres: str
) -> None:
    """Invariant 35, with another node that never stops: the pages equal the journal's own sums up to the snapshot."""
    skus = 130
    await fill(player, skus)
    stop = asyncio.Event()

    async def write(node: Player) -> None:
        choice = random.Random(1)
        while not stop.is_set():
            await disturb(node, disturbances(skus, choice))

    read: list[tuple[int, list[Summary]]] = []
    async with another_node(player, postgres) as second:
        writer = asyncio.create_task(write(second))
        while len({snapshot for snapshot, _ in read}) < 5:
            read.append(await read_slowly(player))
        stop.set()
        await writer

    for snapshot, rows in read:
        assert {row.sku: (row.position.available, row.position.total) for row in rows} == await truth(player, snapshot)


async def read_slowly(player: Player) -> tuple[int, list[Summary]]:
    inventory = Inventory(player.database)
    page = await inventory.summaries(player.id, Asked(US))
    assert page.bookmark is not None
    snapshot, rows = page.bookmark.snapshot, list(page.summaries)
    while page.bookmark is not None:
        await asyncio.sleep(0.02)
        page = await inventory.summaries(player.id, Asked(US), page.bookmark)
        rows += page.summaries
    assert len({row.sku for row in rows}) == len(rows)
    return snapshot, rows


async def truth(player: Player, snapshot: int) -> dict[str, tuple[int, int]]:
    """Free and total units by SKU, straight from the journal's lines up to an entry."""
    rows = await player.fetch(
        """
        select o.sku, coalesce(sum(l.delta) filter (where l.account = 'FC_AVAIL'), 0)::int as free,
               coalesce(sum(l.delta) filter (where l.account <> 'FC_RESEARCH'), 0)::int as total
        from offers o join skus k using (seller_id, sku)
        left join lines l on l.seller_id = $1 and l.item = k.fnsku and l.seq <= $2 and l.country = 'US'
        where o.seller_id = $1 and o.marketplace_id = $3 and o.created_seq <= $2
        and (o.closed_seq is null or o.closed_seq > $2) group by o.sku
        """,
        snapshot,
        US,
    )
    return {row["sku"]: (row["free"], row["total"]) for row in rows}


async def test_a_client_that_polls_for_changes_ends_with_the_true_state(database: Database, postgres: str) -> None:
    """Invariant 36: each poll asks for what changed since the one before was sent; in the end nothing is lost."""
    player = await new_player(database, rate=1)
    skus = [sku_number(n) for n in range(150)]
    await player.offer(*skus)
    since = await player.now()
    known = {row.sku: row for row in await player.summaries()}
    async with another_node(player, postgres) as second:
        # Each SKU changes once: a change that a poll misses is never healed by a later one.
        writers = [asyncio.create_task(change_each(node, skus[n::2])) for n, node in enumerate((player, second))]
        while not all(writer.done() for writer in writers):
            sent = await player.now()
            known |= {row.sku: row for row in await player.summaries(changed_since=since)}
            since = sent
    known |= {row.sku: row for row in await player.summaries(changed_since=since)}

    assert known == {row.sku: row for row in await player.summaries()}
    assert all(row.position.available == 1 for row in known.values())


async def change_each(node: Player, skus: Sequence[str]) -> None:
    for sku in skus:
        await node.do(c.AddStock(sku, 1))


async def test_a_poll_that_overlaps_a_write_finds_it_then_or_the_next_time(database: Database) -> None:
    """Invariant 36, the narrow case: an entry that began before the answer was given, and was committed after it."""
    player = await new_player(database, rate=1)
    await player.offer(SKU)
    await asyncio.sleep(0.01)
    since = await player.now()

    async with player.ledger.locked(player.id):  # somebody's batch is under way
        change = asyncio.create_task(player.do(c.AddStock(SKU, 1)))
        await asyncio.sleep(0.02)
        sent = await player.now()
        poll = asyncio.create_task(player.summaries(changed_since=since))
        await asyncio.sleep(0.02)
    first = await poll
    await change

    found = [*first, *await player.summaries(changed_since=sent)]
    assert numbers(found[-1]) == {"fulfillable": 1, "total": 1}


async def test_two_sellers_with_the_same_skus_never_see_each_others_rows(database: Database) -> None:
    """Invariant 39."""
    one, other = await new_player(database), await new_player(database)
    for player in (one, other):
        await player.offer(SKU, asin="B00008UI0R", barcode="manufacturer")
    before = await other.summaries()

    await one.do(c.AddStock(SKU, 5))
    await one.do(c.SetPolicy(remote_serving=True))

    assert await other.summaries() == before
    assert await other.summaries(changed_since=START + INSTANT) == []
    bookmark = Bookmark(0, START, "")
    assert (
        await Inventory(database).summaries(other.id, Asked(US), replace(bookmark, snapshot=10**9))
    ).bookmark is None
