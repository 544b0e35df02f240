"""What people read on the terminal: tables in colour there, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def as_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()) -> None:
    made = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    for row in rows:
        made.add_row(*(str(cell) if cell is not None else "" for cell in row))
    console.print(made)


def entries(answer: Mapping[str, Any]) -> None:
    """A verb's answer: what it gave, and the lines it posted."""
    for name, value in answer.items():
        if name not in ("entries", "replayed") and value not in (None, "", []):
            console.print(f"[bold]{name}[/]: {value}")
    if answer.get("replayed"):
        console.print("[yellow]this idempotency key was used before: nothing was posted again[/]")
    rows = [
        (
            entry["seq"] if number == 0 else "",
            f"{entry['event']} {entry['title']}" if number == 0 else "",
            line["account"],
            " ".join(filter(None, (line["place"], line["disposition"], line["detail"], line["ref"]))),
            f"{line['delta']:+d}",
        )
        for entry in answer.get("entries", ())
        for number, line in enumerate(entry["lines"] or [{"account": "", "place": "", "disposition": "", "detail": "",
                                                         "ref": "", "delta": 0}])
    ]  # fmt: skip
    if rows:
        table("", ("entry", "event", "account", "where", "units"), rows, right=("entry", "units"))
