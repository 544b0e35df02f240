"""Brings a database to the schema this program needs, step by step. Knows nothing of what the steps are for.

`python -m entrepot.storage.migrate --write-schema` writes `schema.sql`, the sum of the steps, for people to read.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.resources
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from entrepot.domain.errors import NotAllowed
from entrepot.storage.database import Connection, reaching
from entrepot.storage.embedded import EmbeddedPostgres, binary

SCHEMA = Path(__file__).with_name("schema.sql")
HOW_TO_WRITE_SCHEMA = "python -m entrepot.storage.migrate --write-schema"

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = 7_306_937_021  # any number, the same in all nodes
_CONNECT_SECONDS = 10.0
_JOURNAL = """
create table if not exists schema_migrations (
    number     int primary key,
    name       text not null,
    applied_at timestamptz not null default now(),
    checksum   text not null
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: plain SQL that runs in a transaction. `name` is that of its file, without the ending."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> Sequence[Migration]:
    """The steps this program carries, in order."""
    found: dict[int, Migration] = {}
    for file in (importlib.resources.files("entrepot.storage") / "migrations").iterdir():
        if named := _FILE_NAME.fullmatch(file.name):
            step = Migration(int(named[1]), file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
            if step.number in found:
                raise ValueError(f"two migrations are number {step.number}: {found[step.number].name}, {step.name}")
            found[step.number] = step
    return [found[number] for number in sorted(found)]


async def migrate(database: Connection | str, steps: Sequence[Migration] | None = None) -> list[str]:
    """Applies what is missing and answers the names of what this call applied. Several nodes may call at once.

    Takes a URL, or a connection without a transaction. Raises NotAllowed when the database is newer than the program
    or an applied step was changed since, Unavailable when it cannot be reached.
    """
    steps = migrations() if steps is None else steps
    if not isinstance(database, str):
        return await _apply_missing(database, steps)
    with reaching():
        connection = await asyncpg.connect(database, timeout=_CONNECT_SECONDS)
        try:
            return await _apply_missing(connection, steps)
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)


async def pending(connection: Connection, steps: Sequence[Migration] | None = None) -> list[str]:
    """The names of the steps that the database still lacks. Raises NotAllowed as `migrate` does."""
    return [step.name for step in await _missing(connection, migrations() if steps is None else steps)]


async def _apply_missing(connection: Connection, steps: Sequence[Migration]) -> list[str]:
    applied = []
    while name := await _apply_next(connection, steps):
        applied.append(name)
    return applied


async def _apply_next(connection: Connection, steps: Sequence[Migration]) -> str | None:
    """Applies one step, if one is missing, in one transaction that holds the lock of all nodes."""
    async with connection.transaction(isolation="read_committed"):
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        missing = await _missing(connection, steps)
        if not missing:
            return None
        step = missing[0]
        try:
            await connection.execute(step.text)
        except asyncpg.PostgresError as problem:
            problem.add_note(f"in migration {step.name}")
            raise
        await connection.execute(_JOURNAL)
        await connection.execute(
            "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
            step.number,
            step.name,
            step.checksum,
        )
        return step.name


async def _missing(connection: Connection, steps: Sequence[Migration]) -> list[Migration]:
    applied = []
    if await connection.fetchval("select to_regclass('schema_migrations') is not null"):
        applied = await connection.fetch("select number, name, checksum from schema_migrations order by number")
    known = {step.number: step for step in steps}
    for row in applied:
        step = known.pop(row["number"], None)
        if step is None:
            raise NotAllowed(f"the database is newer than this program, which does not know migration {row['name']}")
        if step.checksum != row["checksum"]:
            raise NotAllowed(
                f"the database was made with another migration {row['name']} than the {step.name} of this program"
            )
    return list(known.values())


# --- the sum of the steps, as text

# What pg_dump says about itself and its session rather than about the schema.
_NOISE = re.compile(
    r"--|-- (Name: |Dumped |PostgreSQL database dump).*|\\(un)?restrict .*|SELECT pg_catalog\.set_config\(.*"
    r"|SET (default_|statement_|lock_|idle_|transaction_|client_|standard_|check_|xmloption|row_)\w* = .*;"
)


def dump_schema(url: str) -> str:
    """What `schema.sql` says if it was written from this database: without what varies from one dump to the next."""
    command = [str(binary("pg_dump")), "--schema-only", "--no-owner", "--no-privileges", "--dbname", url]
    dumped = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    heading = f"-- The sum of the migrations, for reading. Written by `{HOW_TO_WRITE_SCHEMA}`."
    return "\n".join([heading, "", *_without_noise(dumped.stdout.splitlines()), ""])


def _without_noise(lines: Iterable[str]) -> list[str]:
    kept = [""]
    for line in lines:
        if not _NOISE.fullmatch(line) and (line or kept[-1]):
            kept.append(line)
    return kept[1:-1] if kept[-1] == "" else kept[1:]


def write_schema() -> None:
    """Writes `schema.sql` anew, from a server of its own."""
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres(Path(directory) / "postgres", durable=False)
        try:
            url = postgres.start()
            asyncio.run(migrate(url))
            SCHEMA.write_text(dump_schema(url), encoding="utf-8")
        finally:
            postgres.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m entrepot.storage.migrate", description=__doc__)
    parser.add_argument("--write-schema", action="store_true", required=True)
    parser.parse_args()
    write_schema()


if __name__ == "__main__":
    main()
