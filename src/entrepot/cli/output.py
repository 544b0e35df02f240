"""What people read on the terminal: tables in colour there, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def as_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def wants_json(asked: bool) -> bool:
    """Whether a program reads this: it asked for JSON, or standard output is no terminal."""
    return asked or not sys.stdout.isatty()


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()) -> None:
    made = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        # Folded, not cut: a credential must be copied whole.
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(str(cell)) if cell is not None else "" for cell in row))
    console.print(made)


def entries(answer: Mapping[str, Any]) -> None:
    """A verb's answer: what it gave, and the lines it posted."""
    for name, value in answer.items():
        if name not in ("entries", "replayed") and value not in (None, "", []):
            console.print(f"[bold]{name}[/]: {escape(str(value))}")
    if answer.get("replayed"):
        console.print("[yellow]this idempotency key was used before: nothing was posted again[/]")
    rows = [
        (
            entry["seq"] if number == 0 else "",
            f"{entry['event']} {entry['title']}" if number == 0 else "",
            line["account"],
            _where(line),
            f"{line['delta']:+d}",
        )
        for entry in answer.get("entries", ())
        for number, line in enumerate(entry["lines"] or [{"account": "", "place": "", "disposition": "", "detail": "",
                                                         "ref": "", "delta": 0}])
    ]  # fmt: skip
    if rows:
        table("", ("entry", "event", "account", "where", "units"), rows, right=("entry", "units"))


def explanation(answer: Mapping[str, Any]) -> None:
    """A number, the balances it adds up, and the entries that changed it last."""
    title = f"{answer['number']} of {answer['sku']} ({answer['fnsku']}) at {answer['at']}, after entry {answer['seq']}"
    console.print(f"[bold]{answer['value']}[/]  ", end="")
    console.print(title, markup=False)
    if len(answer["skus"]) > 1:
        console.print(f"stock shared by {', '.join(answer['skus'])}", markup=False)
    rows = [
        (share["units"], share["account"], share["meaning"], _where(share), share["at"], share["changed"]["seq"])
        for share in answer["shares"]
    ]
    table("balances", ("units", "account", "meaning", "where", "since or due", "entry"), rows, right=("units", "entry"))
    changes = [
        (
            change["entry"]["seq"],
            f"{change['delta']:+d}",
            f"{change['entry']['event']} {change['entry']['title']}",
            change["entry"]["effective_at"],
            f"{change['entry']['channel']} / {change['entry']['actor']}",
            f"{change['entry']['reference_kind']} {change['entry']['reference']}".strip(),
        )
        for change in answer["changes"]
    ]
    columns = ("entry", "change", "event", "world time", "door / who", "about")
    table("last changes", columns, changes, right=("entry", "change"))


def _where(balance: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (balance[part] for part in ("place", "disposition", "detail", "ref"))))
