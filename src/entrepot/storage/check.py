"""A check of the stored ledger, as a value: a sentence that must be true, and the query that looks for its opposite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A sentence that must be true, the numbers of the invariants it stands for, and the query for its opposite.

    The query answers seller_id, subject, expected and found. `{x}` in it limits the table with alias x to the seller
    asked for; its own arguments begin at $2. `tables` are those whose rows it looks at.
    """

    name: str
    invariants: tuple[int, ...]
    tables: tuple[str, ...]
    query: str
    arguments: tuple[object, ...] = ()


def compared(expected: str, found: str, columns: str, subject: str) -> str:
    """The query for units that differ between two queries over the same columns, rows missing in either included."""
    return f"""
        select seller_id, {subject} as subject, coalesce(e.units, 0)::text as expected, coalesce(f.units, 0)::text
        from ({expected}) e full join ({found}) f using (seller_id, {columns})
        where coalesce(e.units, 0) <> coalesce(f.units, 0)
    """


def columns(rows: Iterable[tuple[object, ...]]) -> tuple[list[object], ...]:
    """Rows as columns: what `unnest` takes."""
    return tuple(list(column) for column in zip(*rows, strict=True))
