"""Reports that are asked for or come by themselves: one list, each once, for whom they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.errors import Invalid, NotFound
from entrepot.reports.types import TYPES, of_aim
from entrepot.services.documents import Documents
from entrepot.services.ledger import Ledger
from entrepot.services.report_requests import OPEN_LISTINGS, ORDERS, Asked, Report
from entrepot.services.report_schedules import AT_ONCE
from entrepot.services.reports import Reports
from entrepot.services.submissions import Filters, Submissions
from entrepot.services.world import new_world
from entrepot.storage.database import Database
from entrepot.storage.submissions import next_arrival
from entrepot.worker import Worker
from tests.cast import CA, US, Player, another_node, new_player, url_of
from tests.reports.making import WHO, documents_of, list_own, processed, read

EVERY = list(TYPES)
# 14:30 in Pacific time.
START = datetime(2010, 1, 10, 22, 30, tzinfo=UTC)
PATIENCE = 20.0


@pytest_asyncio.fixture
async def player(alone: Database) -> Player:
    return await new_player(alone, start=START)


@pytest.fixture
def documents(player: Player, tmp_path: Path) -> Documents:
    return documents_of(player, tmp_path)


@pytest.fixture
def reports(player: Player, documents: Documents) -> Reports:
    return Reports(player.database, documents)


async def queued(player: Player) -> list[tuple[str, datetime, datetime]]:
    """Number, start and end of every report in the queue, as they were put there."""
    rows = await player.fetch(
        "select submission_id, options ->> 'start', options ->> 'end' from submissions where seller_id = $1"
        " and lane = 'reports' order by submission_id"
    )
    return [(number, datetime.fromisoformat(start), datetime.fromisoformat(end)) for number, start, end in rows]


async def request(reports: Reports, player: Player, report_type: str, days: int = 0) -> str:
    """The number of a report of the US that was asked for now."""
    return (await reports.request(player.id, Asked(report_type, (US,), days=days), WHO)).number


def pacific(*when: int) -> datetime:
    """An instant of a winter's day, as clocks in Seattle show it."""
    return datetime(*when, tzinfo=UTC) + timedelta(hours=8)  # type: ignore[misc,arg-type]


@asynccontextmanager
async def working(player: Player, server: str, documents: Documents) -> AsyncIterator[None]:
    url = await url_of(player.database, server)
    worker = Worker(url, player.database, Ledger(player.database), documents, poll=0.05)
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await asyncio.wait_for(task, PATIENCE)


async def until(reports: Reports, player: Player, count: int) -> list[Report]:
    async with asyncio.timeout(PATIENCE):
        while len(found := await reports.finished(player.id, EVERY, 100)) < count:
            await asyncio.sleep(0.02)
    return found


# Asking


async def test_a_report_is_made_listed_and_read(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    await list_own(player, "A", 3, price=9)
    lite = of_aim("openlistingslite")
    assert lite is not None

    number = await request(reports, player, lite.name)
    none_yet = await reports.finished(player.id, EVERY, 10)
    async with working(player, postgres, documents):
        [found] = await until(reports, player, 1)

    assert none_yet == []
    assert (found.number, found.report_type, found.start, found.end) == (number, lite.name, START, START)
    assert await reports.latest(player.id, [lite.name]) == found
    document = await reports.document(player.id, number)
    content = b"".join([chunk async for chunk in reports.contents(document)])
    assert content.splitlines()[1].startswith(b"A\t3\t9.00\t")


async def test_reports_are_listed_newest_first_and_their_numbers_rise(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    await reports.set_schedule(player.id, ORDERS, 4)
    asked = [await request(reports, player, ORDERS, 15)]
    await player.advance(timedelta(hours=4))
    await reports.run_schedules()
    asked.append(await request(reports, player, OPEN_LISTINGS))
    async with working(player, postgres, documents):
        found = await until(reports, player, 3)

    numbers = [one.number for one in found]
    assert numbers == sorted(numbers, reverse=True)
    assert [numbers[2], numbers[0]] == asked
    assert all(len(number) == 10 for number in numbers)
    assert (found[2].start, found[2].end) == (START - timedelta(days=15), START)
    assert [one.number for one in await reports.finished(player.id, [ORDERS], 1)] == [numbers[1]]
    assert [one.number for one in await reports.finished(player.id, EVERY, 10, CA)] == [numbers[1]]


async def test_nobody_finds_or_reads_another_sellers_report(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    other = await new_player(player.database)
    number = await request(reports, player, OPEN_LISTINGS)
    async with working(player, postgres, documents):
        await until(reports, player, 1)

    for seller, what in ((other.id, number), (player.id, "1234567890"), (player.id, "\0"), (player.id, "")):
        with pytest.raises(NotFound):
            await reports.document(seller, what)
    with pytest.raises(NotFound):
        await reports.latest(other.id, EVERY)
    with pytest.raises(NotFound):
        await reports.request("A0000000000000", Asked(OPEN_LISTINGS, (US,)), WHO)


# Schedules


async def test_a_period_of_four_hours_ends_when_those_of_a_live_server_did(player: Player, reports: Reports) -> None:
    await reports.set_schedule(player.id, ORDERS, 4)

    before = await reports.run_schedules()
    await player.advance(timedelta(hours=3, minutes=30))
    made = await reports.run_schedules()
    again = await reports.run_schedules()

    assert (before, made, again) == (0, 1, 0)
    [(_, start, end)] = await queued(player)
    assert (start, end) == (pacific(2010, 1, 10, 14), pacific(2010, 1, 10, 18))


async def test_every_order_is_in_the_report_of_one_period(
    player: Player, reports: Reports, documents: Documents
) -> None:
    await reports.set_schedule(player.id, ORDERS, 4)
    await list_own(player, "A", 50)
    placed = []
    for _ in range(6):
        order = await player.answer(c.PlaceOrder("A", 1, channel="MFN"), "order")
        await player.do(c.VerifyPayment(order))
        placed.append(order)
        await player.advance(timedelta(minutes=90))
        await reports.run_schedules()
    await player.advance(timedelta(hours=4))
    await reports.run_schedules()

    spans = await queued(player)
    found: list[str] = []
    for number, _, _ in spans:
        lines = (await read(await processed(player, documents, number))).decode().splitlines()[1:]
        found += [line.split("\t")[1] for line in lines]

    assert found == placed
    assert all(before[2] == after[1] for before, after in pairwise(spans))


async def test_a_clock_that_is_turned_far_leaves_the_periods_with_orders_and_the_last(
    player: Player, reports: Reports
) -> None:
    await reports.set_schedule(player.id, ORDERS, 4)
    await list_own(player, "A", 50)
    for _ in range(2):
        await player.advance(timedelta(days=100))
        order = await player.answer(c.PlaceOrder("A", 1, channel="MFN"), "order")
        await player.do(c.VerifyPayment(order))
    await player.advance(timedelta(days=100))

    made = await reports.run_schedules()

    assert made == 3
    now = await player.now()
    spans = [(start, end) for _, start, end in await queued(player)]
    paid = [row[0] for row in await player.fetch("select paid_at from orders where seller_id = $1 order by paid_at")]
    assert all(start <= at < end for at, (start, end) in zip(paid, spans[:2], strict=True))
    assert spans[2][0] < spans[2][1] <= now < spans[2][1] + timedelta(hours=4)


async def test_what_is_too_much_at_once_is_made_the_next_time(player: Player, reports: Reports) -> None:
    await reports.set_schedule(player.id, ORDERS, 1)
    await player.do(c.CreateItem("A", "A"))
    await player.do(c.SetQuantity("A", 900))
    async with player.database.write() as connection:
        await connection.execute(
            "insert into orders select $1, 'ORDER-' || n, 'Unshipped', 'MFN', $2, at, at, at, '{}', '{}'"
            " from (select n, $3::timestamptz + n * interval '1 hour' as at from generate_series(1, $4) n) t",
            player.id,
            US,
            START,
            AT_ONCE + 20,
        )
    await player.advance(timedelta(hours=AT_ONCE + 30))

    made = [await reports.run_schedules() for _ in "123"]

    assert made == [AT_ONCE, 21, 0]
    spans = [(start, end) for _, start, end in await queued(player)]
    assert len(set(spans)) == AT_ONCE + 21
    assert spans == sorted(spans)


@pytest.mark.parametrize("hours", [1, 2, 4, 24])
@pytest.mark.parametrize("day", [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)])
async def test_no_moment_is_lost_or_told_twice_when_clocks_change(
    alone: Database, documents: Documents, hours: int, day: datetime
) -> None:
    player = await new_player(alone, start=day)
    reports = Reports(alone, documents)
    await reports.set_schedule(player.id, ORDERS, hours)
    for _ in range(30):
        await player.advance(timedelta(hours=1))
        await reports.run_schedules()
    spans = [(start, end) for _, start, end in await queued(player)]

    assert all(start < end for start, end in spans)
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert spans[0][0] <= day


async def test_two_nodes_make_each_report_once(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    await reports.set_schedule(player.id, ORDERS, 4)
    await player.advance(timedelta(hours=4))

    async with another_node(player, postgres) as second:
        nodes = [reports, Reports(second.database, documents)]
        made = await asyncio.gather(*(nodes[n % 2].run_schedules() for n in range(12)))

    assert sum(made) == 1
    assert len(await queued(player)) == 1


async def test_a_schedule_can_be_changed_and_ended(player: Player, reports: Reports) -> None:
    await reports.set_schedule(player.id, ORDERS, 4)
    await reports.set_schedule(player.id, ORDERS, 24)
    daily = await reports.schedules(player.id)
    await reports.set_schedule(player.id, ORDERS, 0)
    await player.advance(timedelta(days=3))

    assert [(one.hours, one.due_at) for one in daily] == [(24, pacific(2010, 1, 11, 2))]
    assert await reports.schedules(player.id) == []
    assert await reports.run_schedules() == 0
    for hours in (-1, 721):
        with pytest.raises(Invalid):
            await reports.set_schedule(player.id, ORDERS, hours)


async def test_a_new_seller_has_a_schedule_and_a_first_report_of_each_marketplace(
    player: Player, reports: Reports
) -> None:
    async with player.database.write() as connection:
        await connection.execute("delete from sources where seller_id = $1", player.id)
        await connection.execute("delete from ledgers where seller_id = $1", player.id)
        await new_world(connection, player.id, 7, START)
        await reports.begin(connection, player.id)

    assert [(one.report_type, one.hours) for one in await reports.schedules(player.id)] == [(ORDERS, 4)]
    assert [(start, end) for _, start, end in await queued(player)] == [(START, START)] * 2
    [us, ca] = await player.fetch("select marketplaces from submissions where seller_id = $1 order by submission_id")
    assert (us["marketplaces"], ca["marketplaces"]) == ([US], [CA])


async def test_reports_do_not_count_among_what_the_seller_hands_in(player: Player, reports: Reports) -> None:
    await request(reports, player, OPEN_LISTINGS)

    async with player.database.write() as connection:
        arrived = await next_arrival(connection, player.id)

    assert arrived == 1
    page = await Submissions(player.database).newest(player.id, Filters(["JSON_LISTINGS_FEED"]), None, 10)
    assert page.submissions == []
