"""Workers that die, that are many, that are slow: every row is applied exactly once, and nobody waits for another."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from entrepot.domain.ledger import Origin
from entrepot.feeds.kinds import CATALOGUE, ORDERS, QUANTITY
from entrepot.services.documents import Documents
from entrepot.services.submissions import New, Submission, Submissions
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from entrepot.storage.migrate import migrate
from tests.cast import US, Player, new_player, url_of
from tests.faults.slow_worker import CHUNK

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


@pytest_asyncio.fixture
async def alone(fresh_database_url: str) -> AsyncIterator[Database]:
    """A database whose queue is the test's alone, with a table that counts what was applied."""
    await migrate(fresh_database_url)
    opened = await Database.open(fresh_database_url)
    async with opened.write() as connection:
        await connection.execute("create table applied (submission_id text, lane text, line text)")
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def url(alone: Database, postgres: str) -> str:
    return await url_of(alone, postgres)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def documents(alone: Database, place: Path) -> Documents:
    return Documents(alone, ByteStore.open(place))


@contextmanager
def worker(url: str, place: Path, seconds: float = 0.02) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, killed at the end of the block if it still runs."""
    words = [sys.executable, "-m", "tests.faults.slow_worker", url, str(place), str(seconds)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def submitted(documents: Documents, player: Player, rows: int, lane: str = CATALOGUE) -> str:
    async def lines() -> AsyncIterator[bytes]:
        for row in range(rows):
            yield f"row {row}\n".encode()

    name = await documents.announce(player.id, "text/plain; charset=UTF-8", "NA")
    await documents.upload(player.id, name, lines())
    new = New("SLOW", lane, [US], name, {}, False)
    return await Submissions(player.database).submit(player.id, new, Origin("spapi", "a test"))


async def found(player: Player, name: str) -> Submission:
    return await Submissions(player.database).find(player.id, name)


async def reached(player: Player, name: str, applied: int) -> Submission:
    """The submission once so many of its rows are done."""
    async with asyncio.timeout(PATIENCE):
        while (submission := await found(player, name)).applied < applied:
            await asyncio.sleep(0.005)
    return submission


async def ended(player: Player, name: str) -> Submission:
    async with asyncio.timeout(PATIENCE):
        while (submission := await found(player, name)).status in ("IN_QUEUE", "IN_PROGRESS"):
            await asyncio.sleep(0.01)
    return submission


async def applied(alone: Database, name: str) -> list[str]:
    async with alone.read() as connection:
        rows = await connection.fetch("select line from applied where submission_id = $1", name)
    return [row["line"] for row in rows]


async def report(documents: Documents, player: Player, submission: Submission) -> bytes:
    assert submission.result_id is not None
    document = await documents.find(player.id, submission.result_id)
    return b"".join([chunk async for chunk in documents.contents(document)])


async def test_after_kills_at_any_instant_a_submission_completes_and_each_row_is_applied_once(
    alone: Database, documents: Documents, url: str, place: Path
) -> None:
    player = await new_player(alone)
    rows, kills = 400, 5
    name = await submitted(documents, player, rows)

    for kill in range(kills):
        with worker(url, place) as process:
            await reached(player, name, 60 * kill + 1)
            await asyncio.sleep(0.007 * kill)
            process.send_signal(signal.SIGKILL)
            process.wait()
    left = await found(player, name)
    with worker(url, place):
        submission = await ended(player, name)

    assert left.status == "IN_PROGRESS"
    assert (submission.status, submission.attempt) == ("DONE", kills + 1)
    assert sorted(await applied(alone, name)) == sorted(f"row {row}" for row in range(rows))
    assert await report(documents, player, submission) == str(rows // CHUNK).encode()


async def test_two_workers_never_run_two_of_one_lane(
    alone: Database, documents: Documents, url: str, place: Path
) -> None:
    player = await new_player(alone)
    names = [await submitted(documents, player, 100, lane) for _ in range(3) for lane in (CATALOGUE, QUANTITY, ORDERS)]
    overlaps: list[Any] = []
    most = 0

    with worker(url, place), worker(url, place):
        async with asyncio.timeout(PATIENCE):
            while True:
                async with alone.read() as connection:
                    running = await connection.fetch("select lane from submissions where status = 'IN_PROGRESS'")
                    waiting = await connection.fetchval("select count(*) from submissions where finished_at is null")
                lanes = [row["lane"] for row in running]
                most = max(most, len(lanes))
                overlaps += [lanes] if len(set(lanes)) < len(lanes) else []
                if not waiting:
                    break

    assert overlaps == []
    assert most == 3
    for name in names:
        submission = await found(player, name)
        assert (submission.status, submission.attempt) == ("DONE", 1)
        assert len(await applied(alone, name)) == 100
    async with alone.read() as connection:
        order = await connection.fetch(
            "select submission_id from applied where lane = 'quantity' group by 1 order by min(xmin::text::bigint)"
        )
    assert [row["submission_id"] for row in order] == names[1::3]


async def test_a_slow_seller_does_not_delay_another(
    alone: Database, documents: Documents, url: str, place: Path
) -> None:
    slow, quick = await new_player(alone), await new_player(alone)
    for lane in (CATALOGUE, QUANTITY, ORDERS):
        await submitted(documents, slow, 2000, lane)

    with worker(url, place, 0.1):
        async with asyncio.timeout(PATIENCE):
            while (
                await slow.fetch("select count(*) n from submissions where seller_id = $1 and started_at is not null")
            )[0]["n"] < 3:
                await asyncio.sleep(0.01)
        began = time.monotonic()
        name = await submitted(documents, quick, 10)
        submission = await ended(quick, name)
        seconds = time.monotonic() - began

    assert submission.status == "DONE"
    assert seconds < 3


async def test_a_worker_told_to_stop_ends_soon_and_another_goes_on(
    alone: Database, documents: Documents, url: str, place: Path
) -> None:
    player = await new_player(alone)
    name = await submitted(documents, player, 300)
    with worker(url, place) as process:
        await reached(player, name, 20)
        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, PATIENCE)
    left = await found(player, name)

    with worker(url, place):
        submission = await ended(player, name)

    assert code == 0
    assert left.status == "IN_PROGRESS"
    assert left.applied < 300
    assert (submission.status, submission.attempt) == ("DONE", 2)
    assert len(set(await applied(alone, name))) == len(await applied(alone, name)) == 300


async def test_a_worker_that_hangs_is_not_robbed_but_once_it_is_killed(
    alone: Database, documents: Documents, url: str, place: Path
) -> None:
    player = await new_player(alone)
    name = await submitted(documents, player, 200)
    with worker(url, place) as hanging, worker(url, place) as other:
        await reached(player, name, 20)
        os.kill(hanging.pid, signal.SIGSTOP)
        os.kill(other.pid, signal.SIGSTOP)
        before = await found(player, name)
        with worker(url, place):
            await asyncio.sleep(1)
            during = await found(player, name)
            hanging.kill()
            other.kill()
            submission = await ended(player, name)

    assert (before.attempt, during.attempt, during.status) == (1, 1, "IN_PROGRESS")
    assert (submission.status, submission.attempt) == ("DONE", 2)
    assert len(set(await applied(alone, name))) == len(await applied(alone, name)) == 200
