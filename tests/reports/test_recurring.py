"""The service of reports as SP-API and MWS use it: spans, statuses, lists, acknowledgements, schedules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.reports.types import NEWER
from entrepot.services import recurring_reports as service
from entrepot.services.documents import Documents
from entrepot.services.recurring_reports import Recurring
from entrepot.services.report_requests import CANCELLED, DONE, IN_QUEUE, NO_DATA, OPEN_LISTINGS, Asked, Report, Wanted
from entrepot.services.reports import Reports
from entrepot.storage.database import Database
from tests.cast import CA, US, Player, another_node, new_player
from tests.reports.making import WHO, documents_of, list_own
from tests.reports.test_schedules import working

LITE = "GET_MERCHANT_LISTINGS_DATA_LITE"
LITER = "GET_MERCHANT_LISTINGS_DATA_LITER"
EVERY = tuple(NEWER)
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
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


async def request(reports: Reports, player: Player, kind: str = LITE, marketplaces: Sequence[str] = (US,)) -> Report:
    return await reports.request(player.id, Asked(kind, marketplaces), WHO)


async def every(reports: Reports, player: Player) -> list[Report]:
    return (await reports.newest(player.id, Wanted(EVERY, created_since=START - DAY), None, 100)).reports


async def ended(reports: Reports, player: Player, documents: Documents, postgres: str) -> list[Report]:
    """All reports, once none waits any more."""
    async with working(player, postgres, documents), asyncio.timeout(PATIENCE):
        while any(one.finished_at is None for one in await every(reports, player)):
            await asyncio.sleep(0.02)
    return await every(reports, player)


async def plan(
    reports: Reports, player: Player, period: str, begun: datetime | None = None, kind: str = LITE
) -> Recurring:
    return await reports.set_recurring(player.id, Asked(kind, (US,), {"custom": "true"}), period, begun, WHO)


# Reports


async def test_a_report_with_rows_is_done_and_one_without_says_so(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    empty = await request(reports, player)
    [first] = await ended(reports, player, documents, postgres)
    await list_own(player, "A", 3, price=9)
    full = await request(reports, player)

    found = await ended(reports, player, documents, postgres)

    assert (empty.status, first.number, first.status) == (IN_QUEUE, empty.number, NO_DATA)
    assert [(one.number, one.status) for one in found] == [(full.number, DONE), (empty.number, NO_DATA)]
    # AIM knows no such status: whoever asks for it gets a header.
    assert [one.number for one in await reports.finished(player.id, [LITE], 9)] == [full.number, empty.number]
    content = [chunk async for chunk in reports.contents(await reports.document(player.id, empty.number))]
    assert b"".join(content) == b"seller-sku\tquantity\tprice\tproduct-id\n"
    assert found[0].document_id is not None
    assert (await reports.document_named(player.id, found[0].document_id, EVERY)).gzip is False
    for name, types in ((found[1].document_id or "", EVERY), (found[0].document_id, (LITER,)), ("\0", EVERY)):
        with pytest.raises(NotFound):
            await reports.document_named(player.id, name, types)


async def test_reports_are_filtered_counted_and_paged(player: Player, reports: Reports) -> None:
    asked = [
        await request(reports, player, kind, marketplaces)
        for kind, marketplaces in ((LITE, (US,)), (LITER, (CA,)), (LITE, (US, CA)))
    ]
    one, two, three = (report.number for report in asked)
    wanted = {
        (three, two, one): Wanted(EVERY),
        (three, one): Wanted([LITE]),
        (three, two): Wanted(EVERY, marketplaces=[CA]),
        (two,): Wanted(EVERY, numbers=[two, "x"]),
        (): Wanted(EVERY, statuses=[DONE, NO_DATA]),
    }

    for numbers, which in wanted.items():
        page = await reports.newest(player.id, which, None, 100)
        assert (tuple(report.number for report in page.reports), page.bookmark) == (numbers, None)
        assert await reports.count(player.id, which) == len(numbers)
    first = await reports.newest(player.id, Wanted(EVERY), None, 2)
    second = await reports.newest(player.id, Wanted(EVERY), first.bookmark, 2)
    assert [report.number for report in (*first.reports, *second.reports)] == [three, two, one]
    assert second.bookmark is None
    assert await reports.count(player.id, Wanted(EVERY, created_since=START + DAY)) == 0
    assert await reports.count(player.id, Wanted(EVERY, created_until=START)) == 3
    assert await reports.count(player.id, Wanted(EVERY, finished_since=START - DAY)) == 0
    await player.advance(91 * DAY)
    assert await reports.count(player.id, Wanted(EVERY)) == 0
    assert await reports.count(player.id, Wanted(EVERY, created_since=START)) == 3


async def test_what_waits_is_cancelled_once_and_what_is_done_is_not(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    await list_own(player, "A", 3, price=9)
    done = await request(reports, player)
    await ended(reports, player, documents, postgres)
    first, second, third = [await request(reports, player, kind) for kind in (LITE, LITER, LITE)]

    await reports.cancel(player.id, first.number, EVERY)
    cancelled, found = await reports.cancel_all(player.id, Wanted([LITE]), 2)

    assert cancelled == 1
    assert [(one.number, one.status) for one in found] == [(third.number, CANCELLED), (first.number, CANCELLED)]
    statuses = {one.number: one.status for one in await every(reports, player)}
    assert (statuses[second.number], statuses[done.number]) == (IN_QUEUE, DONE)
    assert await reports.cancel_all(player.id, Wanted([LITE], numbers=["x"]), 9) == (0, [])
    for number in (first.number, done.number):
        with pytest.raises(NotAllowed):
            await reports.cancel(player.id, number, EVERY)
    for number, types in ((second.number, (LITE,)), ("1234567890", EVERY), ("\0", EVERY), ("", EVERY), ("²", EVERY)):
        with pytest.raises(NotFound):
            await reports.cancel(player.id, number, types)
        with pytest.raises(NotFound):
            await reports.find(player.id, number, types)


async def test_finished_reports_are_acknowledged_by_their_seller(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    await list_own(player, "A", 3, price=9)
    mine = await request(reports, player)
    await ended(reports, player, documents, postgres)
    waiting = await request(reports, player)
    other = await new_player(player.database)
    numbers = [mine.number, waiting.number, "x", "\0"]

    theirs = await reports.acknowledge(other.id, numbers, True, EVERY)
    [first] = await reports.acknowledge(player.id, numbers, True, EVERY)
    await player.advance(DAY)
    [again] = await reports.acknowledge(player.id, numbers, True, EVERY)

    assert theirs == []
    assert await reports.acknowledge(player.id, ["x"], True, EVERY) == []
    assert (first.number, first.acknowledged_at, again.acknowledged_at) == (mine.number, START, START)
    assert await reports.count(player.id, Wanted(EVERY, acknowledged=True)) == 1
    assert await reports.count(player.id, Wanted(EVERY, acknowledged=False)) == 1
    [taken_back] = await reports.acknowledge(player.id, numbers, False, EVERY)
    assert taken_back.acknowledged_at is None
    assert await reports.count(player.id, Wanted(EVERY, acknowledged=True)) == 0


async def test_a_span_that_ends_before_there_were_reports_is_refused(player: Player, reports: Reports) -> None:
    beginning_of_time = datetime(1, 1, 1, tzinfo=UTC)

    with pytest.raises(Invalid):
        await reports.request(player.id, Asked(LITE, (US,), end=beginning_of_time, days=1), WHO)


async def test_a_span_ends_now_at_the_latest(player: Player, reports: Reports) -> None:
    def asked(start: datetime | None, end: datetime | None, strict: bool = False) -> Asked:
        return Asked(LITE, (US,), start=start, end=end, strict=strict)

    before, after = START - DAY, START + DAY
    spans = {
        (None, None): (START, START),
        (before, None): (before, START),
        (None, before): (before, before),
        (before, after): (before, START),
        (after, after): (START, START),
    }
    for (start, end), span in spans.items():
        report = await reports.request(player.id, asked(start, end), WHO)
        assert (report.start, report.end) == span
    for start, end, strict in (
        (START, before, False),
        (before, after, True),
        (datetime.min.replace(tzinfo=UTC), START, False),
    ):
        with pytest.raises(Invalid):
            await reports.request(player.id, asked(start, end, strict), WHO)


# Schedules


async def test_one_report_is_made_of_all_periods_that_went_by(player: Player, reports: Reports) -> None:
    schedule = await plan(reports, player, "P1M")

    at_first = await reports.run_schedules()
    await player.advance(28 * DAY)  # to the 28th of February, where this month ends
    monthly = [await reports.run_schedules() for _ in "12"]
    await player.advance(100 * DAY)
    jumped = [await reports.run_schedules() for _ in "12"]

    assert (at_first, monthly, jumped) == (0, [1, 0], [1, 0])
    second, first = await every(reports, player)
    months = [START.replace(month=month, day=number) for month, number in ((1, 31), (2, 28), (5, 31))]
    assert (first.start, first.end, second.start, second.end) == (months[0], months[1], months[1], months[2])
    assert first.schedule_id == second.schedule_id == schedule.schedule_id
    [now] = await reports.recurring(player.id, [LITE])
    assert now.next_at == START.replace(month=6, day=30)
    [(door, actor, options)] = await player.fetch(
        "select distinct door, actor, options ->> 'option:custom' from submissions where seller_id = $1"
    )
    assert (door, actor, options) == (WHO.channel, WHO.actor, "true")


async def test_the_first_report_of_a_schedule_comes_when_it_was_said_to_come(player: Player, reports: Reports) -> None:
    later = await plan(reports, player, "PT12H", START + DAY)
    past = await plan(reports, player, "P7D", START - 8 * DAY, LITER)

    assert (later.next_at, past.next_at) == (START + DAY, START + 6 * DAY)
    await player.advance(DAY)
    assert await reports.run_schedules() == 1
    [report] = await every(reports, player)
    assert (report.start, report.end) == (START + DAY - timedelta(hours=12), START + DAY)


async def test_a_schedule_is_replaced_by_one_of_the_same_marketplaces_in_any_order(
    player: Player, reports: Reports
) -> None:
    async def set_for(*marketplaces: str) -> str:
        asked = Asked(LITE, marketplaces)
        return (await reports.set_recurring(player.id, asked, "P1D", None, WHO)).schedule_id

    first, us, ca, second = [await set_for(*one) for one in ((US, CA), (US,), (CA,), (CA, US))]

    assert [one.schedule_id for one in await reports.recurring(player.id, EVERY)] == [us, ca, second]
    with pytest.raises(NotFound):
        await reports.recurring_one(player.id, first, EVERY)
    with pytest.raises(NotFound):
        await reports.recurring_one(player.id, second, [LITER])
    with pytest.raises(NotFound):
        await reports.drop_recurring(player.id, second, [LITER])
    await reports.drop_recurring(player.id, second, EVERY)
    with pytest.raises(NotFound):
        await reports.drop_recurring(player.id, second, EVERY)


async def test_nobody_has_or_ends_another_sellers_schedule(player: Player, reports: Reports) -> None:
    other = await new_player(player.database, start=START)
    mine, theirs = await plan(reports, player, "P1D"), await plan(reports, other, "P1D")

    with pytest.raises(NotFound):
        await reports.drop_recurring(other.id, mine.schedule_id, EVERY)
    assert [one.schedule_id for one in await reports.recurring(other.id, EVERY)] == [theirs.schedule_id]
    await player.advance(DAY)
    assert await reports.run_schedules() == 1
    assert await every(reports, other) == []


async def test_there_are_not_too_many_schedules(
    player: Player, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RECURRING_MAX", 2)
    for kind in (LITE, LITER, LITE):  # the third replaces the first
        await plan(reports, player, "P1D", kind=kind)

    with pytest.raises(NotAllowed):
        await plan(reports, player, "P1D", kind=OPEN_LISTINGS)

    assert len(await reports.recurring(player.id, EVERY)) == 2
    with pytest.raises(Invalid):
        await plan(reports, player, "P1Y")


async def test_two_nodes_make_each_report_once(
    player: Player, reports: Reports, documents: Documents, postgres: str
) -> None:
    await plan(reports, player, "PT4H")
    await player.advance(DAY)

    async with another_node(player, postgres) as second:
        nodes = [reports, Reports(second.database, documents)]
        made = await asyncio.gather(*(nodes[n % 2].run_schedules() for n in range(12)))

    assert sum(made) == 1
    assert len(await every(reports, player)) == 1


async def test_a_schedule_at_the_end_of_time_ends(player: Player, reports: Reports) -> None:
    await plan(reports, player, "P1M")
    await player.advance(datetime(9999, 6, 1, tzinfo=UTC) - START)

    made = [await reports.run_schedules() for _ in "123"]

    assert made == [1, 0, 0]
    assert await reports.recurring(player.id, EVERY) == []
