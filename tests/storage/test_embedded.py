"""The embedded server's life and its accidents, with the real server."""

from __future__ import annotations

import os
import pwd
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import entrepot
from entrepot.domain.errors import NotAllowed, Unavailable
from entrepot.storage import embedded
from entrepot.storage.embedded import EmbeddedPostgres, binary

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

OWNER = """
import sys, time
from pathlib import Path
from entrepot.storage.embedded import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1]), durable=False).start(), flush=True)
time.sleep(600)
"""

ORDINARY_USER = """
import asyncio, asyncpg, os, sys
from pathlib import Path
from entrepot.storage.embedded import EmbeddedPostgres
os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[2]))
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
async def ask():
    connection = await asyncpg.connect(server.start())
    print(await connection.fetchval("select 'answered'"))
    await connection.close()
asyncio.run(ask())
server.stop()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory for one test; not pytest's, which each run of pytest closes again to root's server."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A directory whose cluster is made already and which every test leaves stopped."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as parent:
        directory = Path(parent) / "postgres"
        server = EmbeddedPostgres(directory, durable=False)
        server.start()
        server.stop()
        yield directory


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home, durable=False)
    yield server
    server.stop()


@pytest.fixture
def slow_postgres(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes the server's program do something else first."""

    def slow_down(first: str) -> None:
        program = place / "postgres"
        program.write_text(f'#!/bin/sh\n{first}\nexec {binary("postgres")} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setattr(embedded, "binary", lambda name, *_: program if name == "postgres" else binary(name))

    return slow_down


async def ask(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def postmaster(directory: Path) -> int:
    return int((directory / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def control(directory: Path) -> str:
    command = [str(binary("pg_controldata")), str(directory / "cluster")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def crash(server: EmbeddedPostgres, directory: Path) -> None:
    os.kill(postmaster(directory), signal.SIGKILL)
    wait_until(lambda: not server.running())


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python of its own that knows this program."""
    env = {**os.environ, "PYTHONPATH": str(Path(entrepot.__file__).parents[1])}
    command = [sys.executable, "-c", script, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


async def test_a_new_directory_becomes_a_durable_server_that_ends_cleanly(place: Path) -> None:
    directory = place / "data" / "postgres"
    half_made = directory / "cluster.new" / "base"
    half_made.mkdir(parents=True)
    server = EmbeddedPostgres(directory)

    try:
        url = server.start()
        answers = [await ask(url, f"show {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]
        version = await ask(url, "show server_version_num")
        await ask(url, "create table kept as select 7 as n")
    finally:
        server.stop()
    after = control(directory)
    again = server.start()
    kept = await ask(again, "select n from kept")
    server.stop()

    assert answers == ["on", "on", "on"]
    assert int(version) // 10000 == embedded.VERSION
    assert "Database cluster state:               shut down\n" in after
    assert again == url
    assert kept == 7
    assert not half_made.exists()


async def test_the_server_keeps_to_itself(server: EmbeddedPostgres, home: Path) -> None:
    url = server.start()

    addresses = await ask(url, "show listen_addresses")
    socket = home / "sockets" / ".s.PGSQL.5432"
    modes = [path.stat().st_mode & 0o077 for path in (home / "cluster", home / "sockets", home / "postgres.log")]
    session = os.getsid(postmaster(home))

    assert addresses == ""
    assert socket.is_socket()
    assert modes == [0, 0, 0]
    assert session != os.getsid(0), "Ctrl-C in the terminal would reach it"
    assert "ready to accept connections" in (home / "postgres.log").read_text()


async def test_only_a_careless_server_gives_up_durability(server: EmbeddedPostgres) -> None:
    url = server.start()

    answers = [await ask(url, f"show {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]

    assert answers == ["off", "off", "off"]


async def test_a_path_too_long_or_too_strange_for_a_socket_gets_a_short_one(home: Path, place: Path) -> None:
    directory = place / "a, strange; päth" / ("deep" * 20) / ("deeper" * 20) / "postgres"
    directory.parent.mkdir(parents=True)
    home.rename(directory)
    server = EmbeddedPostgres(directory, durable=False)

    try:
        url = server.start()
        answer = await ask(url, "select 1")
        sockets = Path(await ask(url, "show unix_socket_directories"))
    finally:
        server.stop()
        directory.rename(home)

    assert answer == 1
    assert not sockets.is_relative_to(place)
    assert not sockets.exists()


async def test_sockets_in_a_directory_of_somebody_else_are_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = place / "trap"
    trap.symlink_to(place)
    monkeypatch.setattr(embedded, "_socket_directory", lambda _: trap)

    with pytest.raises(NotAllowed, match="belongs to another user"):
        EmbeddedPostgres(place / "postgres").start()


def test_a_second_owner_is_refused(server: EmbeddedPostgres, home: Path) -> None:
    server.start()
    first = postmaster(home)

    with pytest.raises(NotAllowed, match=f"in use by process {os.getpid()}"):
        EmbeddedPostgres(home).start()

    assert postmaster(home) == first
    assert server.running()


def test_start_and_stop_may_be_repeated(server: EmbeddedPostgres, home: Path) -> None:
    server.stop()
    server.start()
    first = postmaster(home)

    server.start()
    second = postmaster(home)
    server.stop()
    server.stop()

    assert second == first
    assert not is_alive(first)


async def test_a_server_that_outlived_its_killed_owner_is_replaced(server: EmbeddedPostgres, home: Path) -> None:
    owner = python(OWNER, home)
    assert owner.stdout is not None
    await ask(owner.stdout.readline().strip(), "create table of_the_orphan as select 7 as n")
    orphan = postmaster(home)
    owner.kill()
    owner.communicate()
    assert is_alive(orphan)

    url = server.start()

    assert await ask(url, "select n from of_the_orphan") == 7
    assert not is_alive(orphan)
    assert postmaster(home) != orphan


async def test_a_killed_server_starts_again_with_all_that_was_committed(home: Path) -> None:
    server = EmbeddedPostgres(home)
    await ask(server.start(), "create table of_the_killed as select 7 as n")
    crash(server, home)

    try:
        kept = await ask(server.start(), "select n from of_the_killed")
    finally:
        server.stop()

    assert kept == 7


async def test_a_stale_pid_that_now_is_somebody_else_stops_nothing(server: EmbeddedPostgres, home: Path) -> None:
    server.start()
    owner = (home / "cluster").stat()
    left = {name: (home / name).read_text() for name in ("cluster/postmaster.pid", "sockets/.s.PGSQL.5432.lock")}
    crash(server, home)
    server.stop()
    identity = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    bystander = subprocess.Popen(["sleep", "600"], **identity)  # type: ignore[call-overload]
    for name, text in left.items():
        (home / name).write_text(str(bystander.pid) + "\n" + text.split("\n", 1)[1])

    try:
        answer = await ask(server.start(), "select 1")
        untouched = bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()

    assert answer == 1
    assert untouched


async def test_a_long_recovery_is_waited_for_and_told(
    server: EmbeddedPostgres,
    slow_postgres: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(embedded, "_PROGRESS_SECONDS", 0.1)
    slow_postgres("echo redo in progress; sleep 0.5")
    caplog.set_level("INFO")

    answer = await ask(server.start(), "select 1")

    assert answer == 1
    assert any("not ready after" in line and "redo in progress" in line for line in caplog.messages)


async def test_patience_with_a_start_has_an_end(
    home: Path, slow_postgres: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_postgres("exec sleep 600")
    server = EmbeddedPostgres(home, durable=False, patience=0.2)

    with pytest.raises(Unavailable, match="not ready after"):
        server.start()

    assert not server.running()
    monkeypatch.undo()
    patient = EmbeddedPostgres(home, durable=False)
    assert await ask(patient.start(), "select 1") == 1
    patient.stop()


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres, home: Path) -> None:
    settings = home / "cluster" / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "\nnonsense = 1\n")

    try:
        with pytest.raises(Unavailable, match="contains errors"):
            server.start()
    finally:
        settings.write_text(good)

    assert 'unrecognized configuration parameter "nonsense"' in (home / "postgres.log").read_text()


async def test_data_of_an_older_version_is_upgraded_and_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = place / "postgres"
    old = EmbeddedPostgres(directory)
    new = EmbeddedPostgres(directory, durable=False)
    with monkeypatch.context() as past:
        past.setattr(embedded, "VERSION", 16)
        past.setattr(embedded, "_LOCALE", ("--locale=C",))
        url = old.start()
    assert (await ask(url, "show server_version")).startswith("16.")
    await ask(url, "create table goods (sku text primary key, units int)")
    await ask(url, "insert into goods select 'S' || n, n from generate_series(1, 1000) n")
    crash(old, directory)
    old.stop()

    try:
        url = new.start()
        version = await ask(url, "show server_version_num")
        units = await ask(url, "select sum(units) from goods")
    finally:
        new.stop()

    assert int(version) // 10000 == 18
    assert units == 500500
    assert not list(directory.rglob("delete_old_cluster*")), "it would delete the new data"
    [kept] = directory.glob("cluster.16.*")
    assert (kept / "PG_VERSION").read_text() == "16\n"


async def test_an_upgrade_that_was_interrupted_at_the_very_end_is_finished(
    server: EmbeddedPostgres, home: Path
) -> None:
    await ask(server.start(), "create table of_the_upgraded as select 7 as n")
    server.stop()
    (home / "cluster").rename(home / "cluster.upgraded")

    url = server.start()

    assert await ask(url, "select n from of_the_upgraded") == 7
    assert not (home / "cluster.upgraded").exists()


@pytest.mark.parametrize("version", ["12", "99"])
def test_data_of_an_unknown_version_is_refused(server: EmbeddedPostgres, home: Path, version: str) -> None:
    (home / "cluster" / "PG_VERSION").write_text(version)

    try:
        with pytest.raises(NotAllowed, match=f"written by PostgreSQL {version}; this program knows 16 and 18"):
            server.start()
    finally:
        (home / "cluster" / "PG_VERSION").write_text("18\n")


def test_a_directory_that_is_no_cluster_is_refused(place: Path) -> None:
    (place / "cluster").mkdir()
    (place / "cluster" / "family.jpg").write_text("precious")

    with pytest.raises(NotAllowed, match="not a directory of PostgreSQL"):
        EmbeddedPostgres(place).start()

    assert (place / "cluster" / "family.jpg").exists()


@needs_root
@pytest.mark.parametrize("lists", [True, False], ids=["with access lists", "without"])
async def test_root_lets_its_server_through_private_directories_but_nobody_look(
    server: EmbeddedPostgres, home: Path, monkeypatch: pytest.MonkeyPatch, lists: bool
) -> None:
    if lists and not knows_access_lists(home):
        pytest.skip("this file system has no access control lists")
    if not lists:
        monkeypatch.delattr(os, "setxattr", raising=False)
    home.parent.chmod(0o700)

    answer = await ask(server.start(), "select 1")
    runs_as = Path(f"/proc/{postmaster(home)}").stat().st_uid

    assert answer == 1
    assert runs_as != 0
    assert home.parent.stat().st_mode & 0o067 == (0 if lists else 0o001)


def knows_access_lists(directory: Path) -> bool:
    plain = b"".join(struct.pack("<HHI", kind, 7 if kind == 1 else 0, 0xFFFFFFFF) for kind in (1, 4, 32))
    try:
        os.setxattr(directory, "system.posix_acl_access", struct.pack("<I", 2) + plain)
    except (AttributeError, OSError):
        return False
    return True


@needs_root
async def test_data_of_a_user_that_does_not_exist_here_is_taken_over(server: EmbeddedPostgres, home: Path) -> None:
    unknown = 4_000_000
    for path in (home, *home.rglob("*")):
        os.chown(path, unknown, unknown)

    answer = await ask(server.start(), "select 1")
    runs_as = Path(f"/proc/{postmaster(home)}").stat().st_uid

    assert answer == 1
    assert runs_as not in (0, unknown)


@needs_root
async def test_an_ordinary_user_needs_no_other_and_root_respects_it(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    directory = place / "postgres"

    said, complaints = python(ORDINARY_USER, directory, nobody.pw_uid, nobody.pw_gid).communicate(timeout=60)
    server = EmbeddedPostgres(directory, durable=False)
    try:
        answer = await ask(server.start(), "select 1")
        runs_as = Path(f"/proc/{postmaster(directory)}").stat().st_uid
    finally:
        server.stop()
    owners = {path.stat().st_uid for path in directory.rglob("*")}

    assert (said, complaints) == ("answered\n", "")
    assert answer == 1
    assert runs_as == nobody.pw_uid
    assert owners == {nobody.pw_uid}
