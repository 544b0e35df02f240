"""What was measured, as rows: medians, their ratio to the limit, the goal; printed for people, written for programs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table


class Result(msgspec.Struct, frozen=True):
    """One figure. `ours` and `limit` are medians in `unit`; `ratio` is 1.0 at the limit, and bigger is better.

    `goal` is the least ratio wanted, `met` whether it was reached; both null where none is set.
    """

    name: str
    ours: float
    limit: float
    ratio: float
    goal: float | None
    met: bool | None
    unit: str
    data_size: str
    limit_is: str
    ours_rounds: Sequence[float]
    limit_rounds: Sequence[float]


class Circumstances(msgspec.Struct, frozen=True):
    """Where and when it was measured: the same in every row."""

    machine: str
    python: str
    postgresql: str
    date: datetime


def speed(
    name: str,
    unit: str,
    ours: Sequence[float],
    limit: Sequence[float],
    *,
    data: str,
    limit_is: str,
    goal: float | None = None,
) -> Result:
    """A figure of which more is better: its ratio is ours / limit."""
    mine, best = statistics.median(ours), statistics.median(limit)
    return _result(name, unit, (mine, best), mine / best, goal, (data, limit_is), (ours, limit))


def cost(
    name: str,
    unit: str,
    ours: Sequence[float],
    limit: Sequence[float],
    *,
    data: str,
    limit_is: str,
    most: float | None = None,
    times: float | None = None,
) -> Result:
    """A figure of which less is better: its ratio is limit / ours. The goal: at most `most`, or `times` the limit."""
    mine, best = statistics.median(ours), statistics.median(limit)
    goal = best / most if most else 1 / times if times else None
    return _result(name, unit, (mine, best), best / mine, goal, (data, limit_is), (ours, limit))


def _result(
    name: str,
    unit: str,
    medians: tuple[float, float],
    ratio: float,
    goal: float | None,
    words: tuple[str, str],
    rounds: tuple[Sequence[float], Sequence[float]],
) -> Result:
    met = None if goal is None else ratio >= goal
    return Result(name, *medians, ratio, goal, met, unit, *words, *rounds)


def circumstances(postgresql: str) -> Circumstances:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}"
    return Circumstances(machine, platform.python_version(), postgresql, datetime.now(UTC).replace(microsecond=0))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write(results: Sequence[Result], where: Circumstances, path: Path) -> None:
    """One JSON list, an object a row."""
    same = msgspec.to_builtins(where)
    rows = [{**msgspec.to_builtins(result), **same} for result in results]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")


def show(results: Sequence[Result], where: Circumstances, console: Console) -> None:
    table = Table(
        header_style="bold", caption_justify="left", caption=f"{where.machine}, PostgreSQL {where.postgresql}"
    )
    for column in ("", "ours", "limit", "unit", "ratio", "goal", "", "data", "the limit"):
        table.add_column(column, justify="right" if column in ("ours", "limit", "ratio", "goal") else "left")
    for result in results:
        table.add_row(
            result.name,
            _number(result.ours),
            _number(result.limit),
            result.unit,
            f"{result.ratio:.2f}",
            "" if result.goal is None else f"{result.goal:.2f}",
            {None: "", True: "[green]✓[/]", False: "[red]✗[/]"}[result.met],
            result.data_size,
            f"[dim]{result.limit_is}[/]",
        )
    console.print(table)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
