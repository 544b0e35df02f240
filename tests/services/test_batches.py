"""AIM's side of the queue: a file, its number and its turn commit together; and nobody sees another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from entrepot.domain.commands import SetPolicy
from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.ledger import Origin
from entrepot.services.batches import Batches, Issue, NewBatch, failed_rows
from entrepot.services.documents import Documents
from entrepot.services.submissions import New, Submissions
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from entrepot.storage.submissions import Submission
from tests.cast import CA, START, US, Player, new_player

WHO = Origin("aim", "ada@example.com")
HOUR = timedelta(hours=1)
FILE = b"sku\tprice\tquantity\r\n" + b"A\t1.00\t1\r\n" * 2000


@pytest.fixture
def batches(database: Database, tmp_path: Path) -> Batches:
    return Batches(database, Documents(database, ByteStore.open(tmp_path / "documents")))


@pytest_asyncio.fixture
async def player(database: Database) -> AsyncIterator[Player]:
    yield await new_player(database)


def new(kind: str = "AIM_MODIFY_ONLY", **more: Any) -> NewBatch:
    values = {"marketplace_id": US, "options": {"format": "TabDelimited"}, "strict": False, **more}
    return NewBatch(kind, "aim", content_type="text/xml", **{"body": FILE, **values})


async def row(player: Player, number: str) -> Submission:
    [found] = await player.fetch("select * from submissions where seller_id = $1 and submission_id = $2", number)
    return found  # type: ignore[no-any-return]


async def test_a_file_is_queued_with_all_that_was_said_of_it(batches: Batches, player: Player) -> None:
    number = await batches.upload(player.id, new(options={"format": "UIEE", "email": "Y"}, strict=True), WHO)

    found = await batches.find(player.id, number)
    assert len(number) == 10
    assert (found.feed_type, found.lane, found.status, found.strict) == ("AIM_MODIFY_ONLY", "aim", "IN_QUEUE", True)
    assert (found.door, found.actor, found.marketplaces) == ("aim", "ada@example.com", [US])
    assert found.options == {"format": "UIEE", "email": "Y"}
    assert (found.created_at, found.ready_at, found.counts) == (START, None, {})
    assert await batches.content(found) == FILE


async def test_the_file_is_kept_as_it_is_and_belongs_to_its_batch(batches: Batches, player: Player) -> None:
    number = await batches.upload(player.id, new(), WHO)

    [document] = await player.fetch("select * from documents where seller_id = $1")
    assert (document["size"], document["gzip"], document["submission"]) == (len(FILE), False, number)
    feed = New("KIND", "lane", [US], document["document_id"], {}, False)
    with pytest.raises(Invalid, match="used already"):
        await Submissions(player.database).submit(player.id, feed, WHO)


async def test_files_that_come_at_the_same_time_have_rising_numbers_in_the_order_of_the_queue(
    batches: Batches, player: Player
) -> None:
    numbers = await asyncio.gather(*(batches.upload(player.id, new(), WHO) for _ in range(12)))

    listed = [one.submission_id for one in await batches.newest(player.id, US, 100)]
    assert listed == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 12


async def test_one_file_an_hour(batches: Batches, player: Player) -> None:
    await player.do(SetPolicy(upload_pace="HOURLY"))
    first, second, third = [await batches.upload(player.id, new(), WHO) for _ in range(3)]
    await player.advance(5 * HOUR)
    fourth = await batches.upload(player.id, new(), WHO)
    await player.advance(HOUR)
    fifth = await batches.upload(player.id, new(), WHO)

    turns = [(await batches.find(player.id, one)).ready_at for one in (first, second, third, fourth, fifth)]
    assert turns == [None, START + HOUR, START + 2 * HOUR, None, None]


@pytest.mark.parametrize(
    ("pace", "strict", "waits"),
    [
        ("AS_FIDELITY", True, True),
        ("AS_FIDELITY", False, False),
        ("AT_ONCE", True, False),
        ("HOURLY", False, True),
    ],
)
async def test_the_pace_is_the_sellers_or_that_of_fidelity(
    pace: Any, strict: bool, waits: bool, batches: Batches, player: Player
) -> None:
    await player.do(SetPolicy(upload_pace=pace))
    await batches.upload(player.id, new(), WHO)

    second = await batches.find(player.id, await batches.upload(player.id, new(strict=strict), WHO))

    assert (second.ready_at is not None) is waits


async def test_a_purge_neither_waits_for_an_hour_nor_makes_another_wait(batches: Batches, player: Player) -> None:
    await player.do(SetPolicy(upload_pace="HOURLY"))
    kinds = ("AIM_PURGE_REPLACE", "AIM_ADD_MODIFY_DELETE", "AIM_PURGE_REPLACE", "AIM_MODIFY_ONLY")

    numbers = [await batches.upload(player.id, new(kind), WHO) for kind in kinds]

    turns = [(await batches.find(player.id, one)).ready_at for one in numbers]
    assert turns == [None, None, None, START + HOUR]


async def test_refund_files_have_no_hour_and_are_no_batches(batches: Batches, player: Player) -> None:
    await player.do(SetPolicy(upload_pace="HOURLY"))
    await batches.upload(player.id, new(), WHO)

    number = await batches.upload(player.id, new("AIM_BATCH_REFUND"), WHO)

    assert (await row(player, number))["ready_at"] is None  # type: ignore[index]
    assert number not in [one.submission_id for one in await batches.newest(player.id, US, 100)]
    assert await batches.pending_count(player.id, US) == 1
    with pytest.raises(NotFound):
        await batches.find(player.id, number)


async def test_each_marketplace_has_its_own_list(batches: Batches, player: Player) -> None:
    american, canadian = [await batches.upload(player.id, new(marketplace_id=one), WHO) for one in (US, CA)]

    assert [one.submission_id for one in await batches.newest(player.id, US, 10)] == [american]
    assert [one.submission_id for one in await batches.newest(player.id, CA, 10)] == [canadian]
    assert await batches.pending_count(player.id, CA) == 1


async def test_pending_are_those_that_wait_or_are_at_work(batches: Batches, player: Player) -> None:
    for _ in range(4):
        await batches.upload(player.id, new(), WHO)
    async with player.database.write() as connection:
        for place, status in enumerate(("IN_PROGRESS", "DONE", "FATAL"), 1):
            await connection.execute(
                "update submissions set status = $3 where seller_id = $1 and arrived = $2", player.id, place, status
            )

    assert await batches.pending_count(player.id, US) == 2


async def test_the_newest_are_as_many_as_asked_for_however_old(batches: Batches, player: Player) -> None:
    numbers = []
    for _ in range(3):
        numbers.append(await batches.upload(player.id, new(), WHO))
        await player.advance(timedelta(days=200))

    assert [one.submission_id for one in await batches.newest(player.id, US, 2)] == numbers[:0:-1]


async def test_a_batch_of_another_is_not_found_and_its_number_is_known_as_foreign(
    batches: Batches, player: Player, database: Database
) -> None:
    other = await new_player(database)
    number = await batches.upload(player.id, new(), WHO)

    with pytest.raises(NotFound):
        await batches.find(other.id, number)
    assert await batches.foreign(other.id, number)
    assert not await batches.foreign(player.id, number)
    assert not await batches.foreign(other.id, "2599999999")
    assert not await batches.foreign(other.id, "9999999999")


async def test_a_seller_who_is_not_there_uploads_nothing(batches: Batches) -> None:
    with pytest.raises(NotFound):
        await batches.upload("ANOBODY", new(), WHO)


def test_failed_rows_are_those_with_an_error() -> None:
    issues = [
        Issue(0, "90000", "the whole file"),
        Issue(1, "99002", "ignored", "WARNING"),
        Issue(2, "90111", "bad"),
        Issue(2, "99002", "too", "WARNING"),
        Issue(7, "90111", "bad"),
    ]

    assert failed_rows(issues) == {2, 7}
