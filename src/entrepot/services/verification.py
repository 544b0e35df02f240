"""Recomputes everything that is kept beside the journal, and says what is not as it should be. Repairs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from entrepot.storage import verification as storage
from entrepot.storage.database import Connection, Database
from entrepot.storage.verification import CHECKS, Difference


@dataclass(frozen=True)
class Finding:
    """What one check found: `checked` rows looked at, `differing` of its results wrong, the first 20 in `differences`.

    `name` is what should be true; `invariants` are the numbers of the specification's invariants that it covers.
    """

    name: str
    invariants: Sequence[int]
    checked: int
    differing: int
    differences: Sequence[Difference]


@dataclass(frozen=True)
class Report:
    clean: bool
    checks: Sequence[Finding]


# Told after each check how many are done, of how many.
Progress = Callable[[int, int], None]


async def verify(database: Database, progress: Progress | None = None, seller_id: str | None = None) -> Report:
    """Check the books of all sellers, or of one, as they are at this moment; a server may be at work meanwhile.

    Raises Unavailable when the database is away.
    """
    async with (
        database.read() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await examine(connection, progress, seller_id)


async def examine(connection: Connection, progress: Progress | None = None, seller_id: str | None = None) -> Report:
    """All checks, in the transaction that this connection is in."""
    await storage.prepare(connection)
    rows: dict[str, int] = {}
    findings: list[Finding] = []
    for check in CHECKS:
        for table in check.tables:
            if table not in rows:
                rows[table] = await storage.count(connection, table, seller_id)
        differing, differences = await storage.differences(connection, check, seller_id)
        checked = sum(rows[table] for table in check.tables)
        findings.append(Finding(check.name, check.invariants, checked, differing, differences))
        if progress is not None:
            progress(len(findings), len(CHECKS))
    return Report(not any(finding.differing for finding in findings), findings)
