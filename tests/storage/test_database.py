"""Connections and transactions, and what becomes of them when the server goes away, with the real server."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from entrepot.domain.errors import Shortage, Unavailable
from entrepot.storage import database as module
from entrepot.storage.database import NO_INSTANT, Database
from entrepot.storage.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that these tests may stop."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = EmbeddedPostgres(Path(directory) / "postgres", durable=False)
        server.start()
        yield server
        server.stop()


@pytest_asyncio.fixture
async def impatient(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A pool for what shall fail by taking too long."""
    monkeypatch.setattr(module, "_FAREWELL_SECONDS", 0.1)
    impatient = await Database.open(server.start(), size=1, connect_timeout=0.3, command_timeout=0.3)
    yield impatient
    await impatient.close()


@pytest_asyncio.fixture
async def db(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    db = await Database.open(server.start())
    async with db.write() as connection:
        await connection.execute("drop table if exists notes; create table notes (text text)")
    yield db
    await db.close()


async def write(db: Database, text: str) -> None:
    async with db.write() as connection:
        await connection.execute("insert into notes values ($1)", text)


async def notes(db: Database) -> list[str]:
    async with db.read() as connection:
        return [row["text"] for row in await connection.fetch("select text from notes order by text")]


async def test_what_is_written_in_a_block_is_committed_at_its_end(db: Database) -> None:
    async with db.write() as connection:
        await connection.execute("insert into notes values ('a')")
        during = await notes(db)
    after = await notes(db)

    assert during == []
    assert after == ["a"]


async def test_an_error_in_a_block_undoes_all_of_it_and_reaches_the_caller(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def caller() -> None:
        async with db.write() as connection:
            await connection.execute("insert into notes values ('a')")
            raise Shortage("SKU", 2, 1)

    with pytest.raises(Shortage):
        await caller()

    assert await notes(db) == []
    assert caplog.messages == [], "the pool complains of what is left open"


async def test_writing_is_read_committed_whatever_the_server_prefers(server: EmbeddedPostgres) -> None:
    strict = server.url + "&default_transaction_isolation=serializable"
    db = await Database.open(strict)

    async with db.write() as connection:
        written = await connection.fetchval("show transaction_isolation")
    async with db.read() as connection:
        read = await connection.fetchval("show transaction_isolation")
    await db.close()

    assert written == "read committed"
    assert read == "serializable"


async def test_instants_and_json_come_back_as_they_went(db: Database) -> None:
    instant = datetime(2020, 2, 29, 23, 59, 59, 123456, UTC)

    async with db.read() as connection:
        instants = [await connection.fetchval("select $1::timestamptz", value) for value in (instant, NO_INSTANT)]
        text = await connection.fetchval("select $1::timestamptz::text", NO_INSTANT)
        json = await connection.fetchval("select $1::jsonb", '{"a": 1}')
        none = await connection.fetchval("select '-infinity'::timestamptz")

    assert instants == [instant, NO_INSTANT]
    assert (text, json) == ("-infinity", '{"a": 1}')
    assert none == NO_INSTANT


async def test_a_server_out_of_reach_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await Database.open("postgresql://postgres@/postgres?host=/nowhere")


async def test_a_wrong_url_is_not_passed_off_as_unavailable(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await Database.open(server.url.replace("/postgres?", "/unheard_of?"))
    with pytest.raises(asyncpg.ClientConfigurationError):
        await Database.open("mysql://somewhere")


async def test_a_pool_outlives_a_restart_of_the_server(db: Database, server: EmbeddedPostgres) -> None:
    await write(db, "before")

    server.stop()
    with pytest.raises(Unavailable):
        await write(db, "lost")
    dead = await db.alive()
    server.start()
    await write(db, "later")

    assert not dead
    assert await db.alive()
    assert await notes(db) == ["before", "later"]


@pytest.mark.parametrize("way", ["read", "write"])
async def test_a_connection_lost_on_the_way_is_unavailable_and_replaced(db: Database, way: str) -> None:
    async def caller() -> None:
        async with getattr(db, way)() as connection:
            async with db.read() as other:
                await other.execute("select pg_terminate_backend($1)", connection.get_server_pid())
            await connection.execute("insert into notes values ('a')")

    with pytest.raises(Unavailable, match="lost"):
        await caller()

    await write(db, "b")
    assert await notes(db) == ["b"]


@pytest.mark.parametrize("way", ["read", "write"])
async def test_a_silent_server_is_not_waited_for_without_end(
    db: Database, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FAREWELL_SECONDS", 0.1)
    async with db.read() as connection:
        silent = connection.get_server_pid()

    async def caller() -> None:
        async with getattr(db, way)() as connection:
            os.kill(silent, signal.SIGSTOP)
            await connection.execute("select 1", timeout=0.2)

    try:
        with pytest.raises(Unavailable, match="in time"):
            await asyncio.wait_for(caller(), 20)
        async with asyncio.timeout(20), db.read() as connection:
            next_one = connection.get_server_pid()
    finally:
        os.kill(silent, signal.SIGCONT)

    assert next_one != silent


@pytest.mark.parametrize("way", ["read", "write"])
async def test_a_statement_that_takes_too_long_is_given_up_here_and_there(
    db: Database, impatient: Database, way: str
) -> None:
    with pytest.raises(Unavailable, match="in time"):
        async with getattr(impatient, way)() as connection:
            await connection.execute("select pg_sleep(600)")

    await nobody_sleeps(db)


async def test_a_cancelled_caller_leaves_nothing_behind(db: Database) -> None:
    async def caller() -> None:
        async with db.write() as connection:
            await connection.execute("insert into notes values ('a')")
            inside.set()
            await connection.execute("select pg_sleep(600)", timeout=600)

    inside = asyncio.Event()
    task = asyncio.create_task(caller())
    await inside.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    await nobody_sleeps(db)
    assert await notes(db) == []


async def nobody_sleeps(db: Database) -> None:
    async with asyncio.timeout(20), db.read() as connection:
        while await connection.fetchval("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"):
            await asyncio.sleep(0.01)


async def test_when_all_connections_are_lent_the_next_caller_is_told(db: Database, impatient: Database) -> None:
    async with impatient.read():
        with pytest.raises(Unavailable, match="in time"):
            await asyncio.wait_for(notes(impatient), 20)

    assert await notes(impatient) == []


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (asyncpg.TooManyConnectionsError("…"), "too many connections"),
        (asyncpg.CannotConnectNowError("…"), "starting or stopping"),
        (asyncpg.AdminShutdownError("…"), "lost"),
        (asyncpg.ConnectionFailureError("…"), "lost"),
    ],
)
async def test_what_the_server_says_when_it_cannot_serve_is_unavailable(
    db: Database, problem: Exception, message: str
) -> None:
    with pytest.raises(Unavailable, match=message):
        async with db.read():
            raise problem


@pytest.mark.parametrize("problem", [FileNotFoundError("of the caller"), asyncpg.InterfaceError("wrong arguments")])
async def test_the_mistakes_of_callers_stay_what_they_are(db: Database, problem: Exception) -> None:
    with pytest.raises(type(problem)):
        async with db.write():
            raise problem

    assert await db.alive()


async def test_a_closed_pool_is_unavailable(server: EmbeddedPostgres) -> None:
    db = await Database.open(server.start())
    await db.close()
    await db.close()

    with pytest.raises(Unavailable):
        await notes(db)
