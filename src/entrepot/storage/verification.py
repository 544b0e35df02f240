"""What must be true of the stored ledger, as queries that look for the opposite.

Every check compares what is stored with what the journal, or the domain's own tables, say it should be, over all
sellers at once or one of them; a row that comes out is a difference. Nothing here repairs anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from entrepot.storage import (
    check_balances,
    check_journal,
    check_numbers,
    check_orders,
    check_papers,
    check_sellers,
    check_timers,
)
from entrepot.storage.check import Check
from entrepot.storage.database import Connection

CHECKS: Final = (
    *check_journal.CHECKS,
    *check_balances.CHECKS,
    *check_orders.CHECKS,
    *check_papers.CHECKS,
    *check_timers.CHECKS,
    *check_numbers.CHECKS,
    *check_sellers.CHECKS,
)
SHOWN_MAX: Final = 20
# A server with millions of lines needs more than what is allowed to a request.
_SECONDS: Final = 24 * 3600.0


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be."""

    seller_id: str
    subject: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.seller_id}, {self.subject}: {self.expected} expected, {self.found} found"


async def prepare(connection: Connection) -> None:
    """Tell the planner, until the transaction ends, that whole tables are to be read, however small they seem."""
    await connection.execute("set local enable_nestloop = off; set local jit = off; set local work_mem = '64MB'")


async def count(connection: Connection, table: str, seller_id: str | None) -> int:
    """The rows of a table, of one seller or all."""
    query = _limited(f"select count(*) from {table} x where {{x}}", seller_id)
    rows: int = await connection.fetchval(query, seller_id, timeout=_SECONDS)
    return rows


async def differences(connection: Connection, check: Check, seller_id: str | None) -> tuple[int, list[Difference]]:
    """How many differences a check finds, and the first of them."""
    query = _limited(check.query, seller_id)
    query = f"select d.*, count(*) over () from ({query}) d order by 1, 2 limit {SHOWN_MAX}"
    rows = await connection.fetch(query, seller_id, *check.arguments, timeout=_SECONDS)
    return (rows[0][4] if rows else 0), [Difference(*row[:4]) for row in rows]


def _limited(query: str, seller_id: str | None) -> str:
    condition = "$1::text is null" if seller_id is None else r"\1.seller_id = $1"
    return re.sub(r"\{(\w)\}", condition, query)
