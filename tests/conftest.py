"""What many tests share: one PostgreSQL server for the whole run and databases in it, and servers as users run them."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from entrepot.storage.database import Database
from entrepot.storage.embedded import EmbeddedPostgres
from entrepot.storage.migrate import migrate
from tests.running import RunningServer

# The modules that take longest, so that in a run with several workers none of them is left alone with one at the end.
LONG = """
    faults/test_feeds_survive acceptance/test_crashes acceptance/test_stopping house/test_bench
    properties/test_state_machine spapi/test_feeds clients/test_multi_location_npm clients/test_exec aim/test_mending
    clients/test_aim_guide_client faults/test_worker aim/test_uploads services/test_mail services/test_submissions
    reports/test_operator transcripts/test_aim acceptance/test_nodes
""".split()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False  # xdist would put those with few tests last, and they are the longest
    # Where no bytecode may lie beside the sources, it goes elsewhere, so that processes of tests need not compile all.
    # Tests themselves take libraries' own: there are some that do not compile without warnings.
    distributes = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not distributes and os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(config.rootpath / "build" / "bytecode"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first, all others after them in their order."""
    ranks = {Path(__file__).parent / f"{name}.py": rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path, len(LONG)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server where databases can be made: ours, or the one in ENTREPOT_TEST_DATABASE."""
    if url := os.environ.get("ENTREPOT_TEST_DATABASE"):
        yield url
        return
    # Not below pytest's own directory: each run of pytest closes that to other users again, so also to root's server.
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = EmbeddedPostgres(Path(directory) / "postgres", durable=False)
        try:
            yield server.start()
        finally:
            server.stop()


@pytest_asyncio.fixture
async def fresh_database_url(postgres: str) -> AsyncIterator[str]:
    """An empty database of the test's own."""
    name = await _make_database(postgres)
    yield _url_of(postgres, name)
    await _drop_database(postgres, name)


@pytest_asyncio.fixture
async def alone(fresh_database_url: str) -> AsyncIterator[Database]:
    """A database whose queue, outbox and schedules are the test's alone."""
    await migrate(fresh_database_url)
    opened = await Database.open(fresh_database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session")
async def database(postgres: str) -> AsyncIterator[Database]:
    """A migrated database, shared: each test brings a seller of its own."""
    name = await _make_database(postgres)
    await migrate(_url_of(postgres, name))
    opened = await Database.open(_url_of(postgres, name))
    yield opened
    await opened.close()
    await _drop_database(postgres, name)


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server process with an embedded database and no usage plans; each test brings a seller, or SKUs, of its own."""
    with _running("--limits", "off") as started:
        yield started


@pytest.fixture(scope="session")
def limited_server() -> Iterator[RunningServer]:
    """A server process as it starts by itself, so with Amazon's usage plans."""
    with _running() as started:
        yield started


@contextmanager
def _running(*options: str) -> Iterator[RunningServer]:
    # As above: the embedded database of a server run by root must be able to reach its directory.
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = RunningServer(Path(directory) / "data", options)
        try:
            yield server.start()
        finally:
            server.stop()


async def _make_database(server: str) -> str:
    name = f"entrepot_test_{secrets.token_hex(6)}"
    await _command(server, f"create database {name} template template0 strategy file_copy")
    return name


async def _drop_database(server: str, name: str) -> None:
    await _command(server, f"drop database {name} with (force)")


async def _command(server: str, sql: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _url_of(server: str, name: str) -> str:
    """The server's URL with another database in its path."""
    return re.sub(r"^([a-z]+://[^/?]*)(/[^?]*)?", rf"\1/{name}", server)
