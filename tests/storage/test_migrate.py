"""Migrations, on the real server; and `schema.sql`, which must be their sum."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
import pytest_asyncio

from entrepot.domain.errors import NotAllowed, Unavailable
from entrepot.storage import embedded
from entrepot.storage.database import Connection
from entrepot.storage.migrate import (
    HOW_TO_WRITE_SCHEMA,
    SCHEMA,
    Migration,
    dump_schema,
    migrate,
    migrations,
    pending,
)

FIRST = Migration(1, "0001_goods", "create table goods (sku text primary key); insert into goods values ('S1');")
SECOND = Migration(2, "0002_units", "alter table goods add units int not null default 0;")
BROKEN = Migration(3, "0003_broken", "create table half (n int); select n from nowhere;")


@pytest_asyncio.fixture
async def connection(fresh_database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(fresh_database_url)
    yield connection
    await connection.close()


def test_the_migrations_are_numbered_without_gaps() -> None:
    numbers = [step.number for step in migrations()]

    assert numbers
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_new_database_gets_every_migration_once(fresh_database_url: str) -> None:
    first = await migrate(fresh_database_url)
    second = await migrate(fresh_database_url)

    assert first == [step.name for step in migrations()]
    assert second == []


async def test_each_migration_is_recorded_as_it_was(connection: Connection) -> None:
    await migrate(connection, [FIRST, SECOND])

    rows = await connection.fetch("select number, name, checksum, applied_at <= now() as past from schema_migrations")

    assert [tuple(row) for row in rows] == [
        (1, "0001_goods", FIRST.checksum, True),
        (2, "0002_units", SECOND.checksum, True),
    ]
    assert FIRST.checksum != SECOND.checksum


async def test_an_older_database_gets_only_what_is_missing(connection: Connection) -> None:
    await migrate(connection, [FIRST])

    before = await pending(connection, [FIRST, SECOND])
    applied = await migrate(connection, [FIRST, SECOND])
    after = await pending(connection, [FIRST, SECOND])

    assert before == ["0002_units"]
    assert applied == ["0002_units"]
    assert after == []
    assert await connection.fetchval("select units from goods") == 0


async def test_all_is_pending_in_a_database_nobody_migrated(connection: Connection) -> None:
    names = await pending(connection)

    assert names == [step.name for step in migrations()]


async def test_nodes_that_start_at_once_apply_each_migration_once(fresh_database_url: str) -> None:
    steps = [replace(step, text=step.text + "select pg_sleep(0.05);") for step in (FIRST, SECOND)]

    answers = await asyncio.gather(*(migrate(fresh_database_url, steps) for _ in range(4)))

    assert sorted(name for answer in answers for name in answer) == ["0001_goods", "0002_units"]


async def test_a_migration_that_fails_leaves_nothing_of_itself(connection: Connection) -> None:
    with pytest.raises(asyncpg.UndefinedTableError) as raised:
        await migrate(connection, [FIRST, SECOND, BROKEN])

    assert raised.value.__notes__ == ["in migration 0003_broken"]
    assert await connection.fetchval("select to_regclass('half')") is None
    assert await pending(connection, [FIRST, SECOND, BROKEN]) == ["0003_broken"]


async def test_a_database_newer_than_the_program_is_refused(connection: Connection) -> None:
    await migrate(connection, [FIRST, SECOND])

    with pytest.raises(NotAllowed, match="newer than this program, which does not know migration 0002_units"):
        await migrate(connection, [FIRST])
    with pytest.raises(NotAllowed, match="newer than this program"):
        await pending(connection, [FIRST])


async def test_a_migration_changed_after_it_was_applied_is_refused(connection: Connection) -> None:
    await migrate(connection, [FIRST])
    changed = replace(FIRST, text=FIRST.text + "-- an afterthought")

    with pytest.raises(NotAllowed, match="another migration 0001_goods"):
        await migrate(connection, [changed, SECOND])

    assert await pending(connection, [FIRST, SECOND]) == ["0002_units"]


async def test_a_database_out_of_reach_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await migrate("postgresql://postgres@/postgres?host=/nowhere")


async def test_the_schema_file_is_the_sum_of_the_migrations(fresh_database_url: str, connection: Connection) -> None:
    if connection.get_server_version().major != embedded.VERSION:
        pytest.skip("another version of PostgreSQL describes the same schema in other words")
    await migrate(connection)

    dumped = await asyncio.to_thread(dump_schema, fresh_database_url)

    assert SCHEMA.read_text(encoding="utf-8") == dumped, f"regenerate it: {HOW_TO_WRITE_SCHEMA}"


async def test_the_schema_file_makes_the_same_schema_again(fresh_database_url: str, connection: Connection) -> None:
    if connection.get_server_version().major != embedded.VERSION:
        pytest.skip("another version of PostgreSQL describes the same schema in other words")
    text = SCHEMA.read_text(encoding="utf-8")

    await connection.execute(text)

    assert await asyncio.to_thread(dump_schema, fresh_database_url) == text


def test_a_dump_that_fails_does_not_pass_for_an_empty_schema() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        dump_schema("postgresql://postgres@/postgres?host=/nowhere")
