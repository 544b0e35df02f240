"""The queue: in order within a lane, lanes beside one another, nobody's work twice."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.ledger import Origin
from entrepot.feeds.findings import Finding
from entrepot.feeds.job import JSON, Job, Process, Result, Superseded
from entrepot.feeds.kinds import CATALOGUE, KINDS, LOOK_BYTES, QUANTITY, Kind, lane_of
from entrepot.services.documents import Documents
from entrepot.services.ledger import Ledger
from entrepot.services.submissions import Filters, New, Submission, Submissions
from entrepot.storage import submissions as storage
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from entrepot.storage.submissions import Hold
from entrepot.worker import DEATHS_MAX, FAILURES_MAX, Worker
from tests.cast import DE, US, Player, new_player, url_of

WHO = Origin("spapi", "an application")
PATIENCE = 15.0


@pytest.fixture
def documents(alone: Database, tmp_path: Path) -> Documents:
    return Documents(alone, ByteStore.open(tmp_path / "documents"))


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def uploaded(documents: Documents, player: Player, content: bytes = b"content") -> str:
    name = await documents.announce(player.id, "text/plain; charset=UTF-8", "NA")
    await documents.upload(player.id, name, chunks(content))
    return name


async def submitted(
    documents: Documents, player: Player, kind: str = "KIND", lane: str = CATALOGUE, **more: Any
) -> str:
    content = more.pop("content", b"content")
    new = {"marketplaces": [US], "options": {}, "strict": False, **more}
    name = await uploaded(documents, player, content)
    return await Submissions(player.database).submit(player.id, New(kind, lane, document_id=name, **new), WHO)


async def found(player: Player, name: str) -> Submission:
    return await Submissions(player.database).find(player.id, name)


async def report(documents: Documents, player: Player, name: str) -> bytes:
    submission = await found(player, name)
    assert submission.result_id is not None
    document = await documents.find(player.id, submission.result_id)
    return b"".join([chunk async for chunk in documents.contents(document)])


def kind(process: Process, name: str = "KIND", **more: Any) -> Kind:
    return Kind(name, more.pop("lane", CATALOGUE), more.pop("content", "json"), more.pop("legacy", False), process)


async def done(_: Job) -> Result:
    return Result("DONE", JSON, b"{}")


@asynccontextmanager
async def working(
    database: Database, server: str, documents: Documents, *kinds: Kind, **more: Any
) -> AsyncIterator[Worker]:
    """A worker beside the test, until the end of the block."""
    url = await url_of(database, server)
    worker = Worker(
        url, database, Ledger(database), documents, {one.name: one for one in kinds}, **{"poll": 0.05, **more}
    )
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, PATIENCE)


async def until(player: Player, name: str, *statuses: str) -> Submission:
    async with asyncio.timeout(PATIENCE):
        while (submission := await found(player, name)).status not in (statuses or ("DONE", "FATAL")):
            await asyncio.sleep(0.01)
    return submission


# Submitting, listing, cancelling


async def test_what_was_submitted_is_found_with_all_it_was_submitted_with(
    alone: Database, documents: Documents
) -> None:
    player = await new_player(alone)

    name = await submitted(documents, player, options={"a": "b"}, strict=True, lane=QUANTITY)

    submission = await found(player, name)
    assert name.isdecimal()
    assert len(name) == 11
    assert (submission.status, submission.feed_type, submission.lane) == ("IN_QUEUE", "KIND", QUANTITY)
    assert (submission.options, submission.strict, submission.door) == ({"a": "b"}, True, "spapi")
    assert submission.created_at == await player.now()
    assert (submission.started_at, submission.finished_at, submission.result_id) == (None, None, None)


async def test_every_submission_has_an_id_of_its_own(alone: Database, documents: Documents) -> None:
    player = await new_player(alone)
    names = {await submitted(documents, player) for _ in range(5)}

    assert len(names) == 5


@pytest.mark.parametrize("state", ["none", "announced", "used", "old", "another's"])
async def test_a_document_that_cannot_be_used_is_refused(alone: Database, documents: Documents, state: str) -> None:
    player = await new_player(alone)
    name = await documents.announce(player.id, "text/plain", "NA")
    if state != "announced":
        await documents.upload(player.id, name, chunks(b"x"))
    if state == "none":
        name = "amzn1.tortuga.4.na.none"
    if state == "used":
        await Submissions(alone).submit(player.id, New("KIND", CATALOGUE, [US], name, {}, False), WHO)
    if state == "old":
        await player.advance(timedelta(days=2, seconds=1))
    if state == "another's":
        player = await new_player(alone)

    with pytest.raises(Invalid) as refused:
        await Submissions(alone).submit(player.id, New("KIND", CATALOGUE, [US], name, {}, False), WHO)

    assert refused.value.field == "inputFeedDocumentId"


async def test_one_document_is_used_once_however_many_ask_at_once(alone: Database, documents: Documents) -> None:
    player = await new_player(alone)
    name = await uploaded(documents, player)
    new = New("KIND", CATALOGUE, [US], name, {}, False)

    results = await asyncio.gather(
        *(Submissions(alone).submit(player.id, new, WHO) for _ in range(8)), return_exceptions=True
    )

    assert [type(result) for result in results].count(str) == 1


async def test_pages_list_the_newest_first_through_all_filters(alone: Database, documents: Documents) -> None:
    player = await new_player(alone)
    names = []
    for number in range(7):
        names.append(await submitted(documents, player, "EVEN" if number % 2 == 0 else "ODD"))
        await player.advance(timedelta(hours=1))
    submissions = Submissions(alone)
    await submissions.cancel(player.id, names[0])

    async def listed(size: int = 100, **filters: Any) -> list[str]:
        page = await submissions.newest(player.id, Filters(**filters), None, size)
        names = [one.submission_id for one in page.submissions]
        while page.bookmark is not None:
            page = await submissions.newest(player.id, Filters(**filters), page.bookmark, size)
            names += [one.submission_id for one in page.submissions]
        return names

    third = (await found(player, names[3])).created_at
    assert await listed(feed_types=["EVEN", "ODD"]) == names[::-1]
    assert await listed(size=2) == names[::-1]
    assert await listed(feed_types=["EVEN"]) == names[::-2]
    assert await listed(statuses=["CANCELLED"]) == names[:1]
    assert await listed(marketplaces=[DE]) == []
    assert await listed(marketplaces=[DE, US], since=third) == names[:2:-1]
    assert await listed(until=third) == names[3::-1]
    await player.advance(timedelta(days=90))
    assert await listed() == []


async def test_only_what_still_waits_can_be_cancelled(alone: Database, documents: Documents, postgres: str) -> None:
    player, other = await new_player(alone), await new_player(alone)
    waiting, ended = await submitted(documents, player), await submitted(documents, player, lane=QUANTITY)
    submissions = Submissions(alone)
    await submissions.cancel(player.id, waiting)
    async with working(alone, postgres, documents, kind(done)):
        await until(player, ended)

    for name in (waiting, ended):
        with pytest.raises(NotAllowed):
            await submissions.cancel(player.id, name)
    with pytest.raises(NotFound):
        await submissions.cancel(other.id, ended)
    assert (await found(player, waiting)).status == "CANCELLED"
    assert (await found(player, waiting)).started_at is None


async def test_many_are_cancelled_at_once_and_only_the_newest_told(alone: Database, documents: Documents) -> None:
    player, other = await new_player(alone), await new_player(alone)
    names = [await submitted(documents, player, kind) for kind in ("ONE", "TWO", "ONE", "ONE")]
    stranger, submissions = await submitted(documents, other, "ONE"), Submissions(alone)
    await submissions.cancel(player.id, names[3])

    cancelled, told = await submissions.cancel_all(player.id, Filters(["ONE"]), 2)

    assert cancelled == 2
    assert [(one.submission_id, one.status) for one in told] == [(names[3], "CANCELLED"), (names[2], "CANCELLED")]
    assert [(await found(player, name)).status for name in names[:2]] == ["CANCELLED", "IN_QUEUE"]
    assert (await found(other, stranger)).status == "IN_QUEUE"
    assert await submissions.cancel_all(player.id, Filters(["ONE"], statuses=["IN_QUEUE"]), 2) == (0, [])


async def test_many_that_cancel_many_at_once_do_not_wait_for_one_another_for_ever(
    alone: Database, documents: Documents
) -> None:
    player, chance = await new_player(alone), random.Random(5)
    names = [await submitted(documents, player, "ONE") for _ in range(60)]
    submissions = Submissions(alone)

    for _ in range(8):
        some = [Filters(ids=chance.sample(names, 40)) for _ in range(4)]
        done = await asyncio.gather(*(submissions.cancel_all(player.id, those, 10) for those in (Filters(), *some)))
        assert sum(cancelled for cancelled, _ in done) == len(names)
        async with alone.write() as connection:
            await connection.execute("update submissions set status = 'IN_QUEUE' where seller_id = $1", player.id)


# Processing


async def test_a_submission_is_processed_and_its_report_can_be_read(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)

    async def process(job: Job) -> Result:
        content = b"".join([chunk async for chunk in job.open()])
        async with alone.write() as connection:
            await job.progress(connection, 1, [Finding(2, "C", "two\0"), Finding(1, "A", "one")], total=3)
        async with alone.write() as connection:
            more = Finding(1, "B", "more", "WARNING", 7, "SKU", "quantity", (("OrderID", "5"),))
            await job.progress(connection, 3, [more])
        texts = [(one.number, one.code, one.message) for one in await job.findings()]
        assert (await job.findings())[1] == more
        return Result("DONE", JSON, msgspec.json.encode([content.decode(), texts]))

    async with working(alone, postgres, documents, kind(process)):
        name = await submitted(documents, player, content=gzip.compress(b"packed"))
        submission = await until(player, name)

    assert submission.status == "DONE"
    assert submission.started_at == submission.finished_at == await player.now()
    assert (submission.total, submission.applied, submission.attempt) == (3, 3, 1)
    assert await report(documents, player, name) == msgspec.json.encode(
        ["packed", [(1, "A", "one"), (1, "B", "more"), (2, "C", "two\ufffd")]]
    )


async def test_lanes_run_beside_one_another_and_each_in_order(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player, other = await new_player(alone), await new_player(alone)
    names = [await submitted(documents, player, lane=lane) for lane in (CATALOGUE, CATALOGUE, QUANTITY, CATALOGUE)]
    theirs = await submitted(documents, other)
    gate, order, together, most = asyncio.Event(), list[str](), set[str](), 0

    async def process(job: Job) -> Result:
        nonlocal most
        lane = f"{job.seller_id} {job.submission.lane}"
        assert lane not in together
        together.add(lane)
        most = max(most, len(together))
        order.append(job.submission_id)
        await gate.wait()
        together.remove(lane)
        return await done(job)

    async with (
        working(alone, postgres, documents, kind(process)),
        working(alone, postgres, documents, kind(process)),
    ):
        async with asyncio.timeout(PATIENCE):
            while most < 3:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert set(order) == {names[0], names[2], theirs}
        gate.set()
        for name in names:
            await until(player, name)

    assert [name for name in order if name in names and name != names[2]] == [names[0], names[1], names[3]]
    assert len(order) == 5
    assert most == 3


async def test_many_workers_process_everything_once(alone: Database, documents: Documents, postgres: str) -> None:
    players = [await new_player(alone) for _ in range(4)]
    names = [(player, await submitted(documents, player)) for _ in range(8) for player in players]
    seen: list[str] = []

    async def process(job: Job) -> Result:
        seen.append(job.submission_id)
        await asyncio.sleep(0)
        return await done(job)

    async with (
        working(alone, postgres, documents, kind(process)),
        working(alone, postgres, documents, kind(process)),
        working(alone, postgres, documents, kind(process)),
    ):
        for player, name in names:
            assert (await until(player, name)).attempt == 1

    assert sorted(seen) == sorted(name for _, name in names)


async def test_a_process_that_always_fails_is_given_up_with_a_report_that_shows_nothing(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)
    tries = 0

    async def process(job: Job) -> Result:
        nonlocal tries
        tries += 1
        async with alone.write() as connection:
            await job.progress(connection, min(tries, 2))  # after the second, no progress any more
        raise RuntimeError("a secret")

    async with working(alone, postgres, documents, kind(process), kind(done, "NEXT")):
        name = await submitted(documents, player)
        following = await submitted(documents, player, "NEXT")
        submission = await until(player, name)
        assert (await until(player, following)).status == "DONE"

    assert submission.status == "FATAL"
    assert tries == 2 + FAILURES_MAX
    text = (await report(documents, player, name)).decode()
    assert "internal error" in text
    assert "secret" not in text


async def test_a_process_that_cannot_write_its_report_is_given_up(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)

    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError

    async def process(job: Job) -> Result:
        return Result("DONE", JSON, body())

    async with working(alone, postgres, documents, kind(process)):
        submission = await until(player, await submitted(documents, player))

    assert submission.status == "FATAL"


@pytest.mark.parametrize("content", ["json", "xml", "text"])
async def test_a_damaged_document_is_fatal_and_the_report_says_why(
    alone: Database, documents: Documents, postgres: str, content: str
) -> None:
    player = await new_player(alone)

    async def process(job: Job) -> Result:
        assert [chunk async for chunk in job.open()]
        return await done(job)

    async with working(alone, postgres, documents, kind(process, content=content)):
        name = await submitted(documents, player, content=gzip.compress(b"content")[:-3])
        submission = await until(player, name)

    assert (submission.status, submission.attempt) == ("FATAL", 1)
    assert b"cut off" in await report(documents, player, name)


@pytest.mark.parametrize(("strict", "status"), [(False, "DONE"), (True, "FATAL")])
async def test_a_retired_kind_works_unless_the_seller_wants_it_strict(
    alone: Database, documents: Documents, postgres: str, strict: bool, status: str
) -> None:
    player = await new_player(alone)

    async with working(alone, postgres, documents, kind(done, legacy=True)):
        name = await submitted(documents, player, strict=strict)
        submission = await until(player, name)

    assert submission.status == status
    assert (b"2025-07-31" in await report(documents, player, name)) == strict


async def test_a_kind_that_nobody_knows_is_fatal(alone: Database, documents: Documents, postgres: str) -> None:
    player = await new_player(alone)

    async with working(alone, postgres, documents):
        name = await submitted(documents, player, "STRANGE")
        submission = await until(player, name)

    assert submission.status == "FATAL"
    assert b"STRANGE is not supported" in await report(documents, player, name)


# Losing and taking over


async def test_what_a_dead_worker_left_is_taken_over_and_the_dead_can_write_no_more(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)
    name = await submitted(documents, player)
    url = await url_of(alone, postgres)
    async with Hold.open(url, lambda: None) as dead:
        lost = await dead.claim()
        assert lost is not None
        async with alone.write() as connection:
            assert await storage.progress(connection, lost, 5, None, [])
        async with Hold.open(url, lambda: None) as other:
            assert (await other.claim(), await other.claim_left()) == (None, None)  # the lock is held

    async with Hold.open(url, lambda: None) as living:
        taken = await living.claim_left()
        assert taken is not None
        assert (taken.submission_id, taken.attempt, taken.applied) == (name, 2, 5)
        zombie = Job(lost, alone, player.ledger, documents)
        with pytest.raises(Superseded):
            async with alone.write() as connection:
                await zombie.progress(connection, 9)
        async with alone.write() as connection:
            assert not await storage.finish(connection, lost, "DONE", None, {}, lost.created_at)
    assert (await found(player, name)).applied == 5


async def test_a_worker_that_loses_its_connection_goes_on_afterwards(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)
    attempts, gate = list[int](), asyncio.Event()

    async def process(job: Job) -> Result:
        attempts.append(job.submission.attempt)
        if job.submission.attempt == 1:
            await gate.wait()
        return await done(job)

    async with working(alone, postgres, documents, kind(process)):
        name = await submitted(documents, player)
        await until(player, name, "IN_PROGRESS")
        while not attempts:
            await asyncio.sleep(0.01)
        async with alone.read() as connection:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1"
                " and database = (select oid from pg_database where datname = current_database())"
            )
        submission = await until(player, name)

    assert (submission.status, attempts) == ("DONE", [1, 2])


async def test_a_document_that_kills_its_workers_is_given_up(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)
    name = await submitted(documents, player)
    url = await url_of(alone, postgres)
    for _ in range(DEATHS_MAX):
        async with Hold.open(url, lambda: None) as dead:
            assert await dead.claim() or await dead.claim_left()

    async with working(alone, postgres, documents, kind(done)):
        submission = await until(player, name)

    assert (submission.status, submission.attempt) == ("FATAL", DEATHS_MAX + 1)


async def test_a_worker_that_is_to_stop_finishes_its_chunk_and_leaves_the_rest(
    alone: Database, documents: Documents, postgres: str
) -> None:
    player = await new_player(alone)
    rows, begun = list[int](), asyncio.Event()

    async def process(job: Job) -> Result:
        for row in range(job.applied, 6):
            begun.set()
            async with alone.write() as connection:
                await asyncio.sleep(0.1)
                await job.progress(connection, row + 1)
            rows.append(row)
        return await done(job)

    async with working(alone, postgres, documents, kind(process)):
        name = await submitted(documents, player)
        await begun.wait()
    left = await found(player, name)
    assert left.status == "IN_PROGRESS"
    assert left.applied == len(rows) in (1, 2)

    async with working(alone, postgres, documents, kind(process)):
        submission = await until(player, name)

    assert (submission.status, submission.attempt) == ("DONE", 2)
    assert rows == list(range(6))


# Which lane


async def pieces(content: bytes, step: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), step):
        yield content[at : at + step]


def feed(*messages: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"header": {"sellerId": "A1", "version": "2.0"}, "messages": messages})


def patch(path: str = "/attributes/fulfillment_availability", **member: Any) -> dict[str, Any]:
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 5, **member}]
    patches = [{"op": "replace", "path": path, "value": value}]
    return {
        "messageId": 1,
        "sku": 'a "path": b',
        "operationType": "PATCH",
        "productType": "PRODUCT",
        "patches": patches,
    }


def partial(*attributes: str) -> dict[str, Any]:
    values = {name: [{"quantity": 5}] for name in attributes}
    return {"messageId": 1, "sku": "S", "operationType": "PARTIAL_UPDATE", "productType": "P", "attributes": values}


_QUANTITIES: Sequence[bytes] = (
    feed(patch()),
    feed(*[patch()] * 3000),
    feed(patch()).replace(b"/attributes/", b"\\/attributes\\/"),
    msgspec.json.format(feed(patch(), patch(restock_date="2026-01-01")), indent=2),
    b"\xef\xbb\xbf" + feed(patch()),
)
_OTHERS: Sequence[bytes] = (
    feed(*[patch()] * 3000, patch("/attributes/purchasable_offer")),
    feed(patch(), partial("fulfillment_availability")),
    feed(patch(), {"messageId": 2, "sku": "S", "operationType": "DELETE"}),
    feed(patch(), {**partial("fulfillment_availability"), "operationType": "UPDATE"}),
    feed(),
    b"",
    b"nothing of the kind",
    feed(patch()).decode().encode("utf-16"),
)


@pytest.mark.parametrize("step", [64, 65536])
@pytest.mark.parametrize(
    ("content", "lane"), [*((one, QUANTITY) for one in _QUANTITIES), *((one, CATALOGUE) for one in _OTHERS)]
)
async def test_a_json_feed_that_only_sets_quantities_goes_with_those(content: bytes, lane: str, step: int) -> None:
    assert await lane_of(KINDS["JSON_LISTINGS_FEED"], pieces(content, step)) == lane


async def test_a_document_too_long_to_look_at_goes_where_its_kind_goes() -> None:
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        yield feed(patch())
        while True:
            seen += 2**20
            yield b" " * 2**20

    assert await lane_of(KINDS["JSON_LISTINGS_FEED"], endless()) == CATALOGUE
    assert seen <= LOOK_BYTES + 2**20


def test_the_kinds_and_their_lanes_are_those_of_the_reference() -> None:
    assert {name: (kind.lane, kind.legacy) for name, kind in KINDS.items()} == {
        "JSON_LISTINGS_FEED": ("catalogue", False),
        "POST_ORDER_FULFILLMENT_DATA": ("orders", False),
        "POST_INVENTORY_AVAILABILITY_DATA": ("quantity", True),
        "POST_FLAT_FILE_INVLOADER_DATA": ("catalogue", True),
        "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA": ("quantity", True),
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_has_a_process(kind: Kind) -> None:
    assert callable(kind.resolved())
