"""`python -m bench`: measure everything, print the table, write build/bench.json."""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import aim, feeds, pages, reservations, starts, supply
from bench.results import Result, circumstances, show, write
from bench.sizes import FULL, QUICK, Sizes
from bench.world import World, postgres, seed
from entrepot.datadir import DataDirectory

BUILD = Path("build")


def main(words: Sequence[str] | None = None) -> int:
    sizes = _sizes(words)
    # As Ctrl-C: inside an event loop that ends what is measured in order, an exception from nowhere would not.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    console = Console(width=None if sys.stdout.isatty() else 180)
    BUILD.mkdir(exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, refresh_per_second=2)
    try:
        # Below the project, not in the system's temporary folder: that may be no disk at all.
        with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD.resolve()) as folder, progress:
            world, results = _measure(Path(folder) / "data", sizes, progress)
    except KeyboardInterrupt:
        console.print("interrupted: nothing was written")
        return 130
    where = circumstances(world.postgresql)
    show(results, where, console)
    write(results, where, BUILD / "bench.json")
    return 0


def _sizes(words: Sequence[str] | None) -> Sizes:
    parser = argparse.ArgumentParser(prog="bench", description="Ours beside a bare-bones limit for the same work.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and shorter rounds: for a first look")
    parser.add_argument("--skus", type=int, help=f"the seller's SKUs (at least 101; {FULL.skus:,})")
    parser.add_argument("--rounds", type=int, help=f"rounds of each figure ({FULL.rounds})")
    parser.add_argument("--seconds", type=float, help=f"seconds of a round ({FULL.seconds})")
    parser.add_argument("--requests", type=int, help=f"requests before memory is read ({FULL.requests:,})")
    parser.add_argument("--starts", type=int, help=f"starts of each kind ({FULL.starts})")
    parser.add_argument("--listings", type=int, help=f"listings of the seller of files ({FULL.listings:,})")
    parser.add_argument("--patches", type=int, help=f"messages of a JSON file ({FULL.patches:,})")
    parser.add_argument("--flat-rows", type=int, help=f"rows of a flat file ({FULL.flat_rows:,})")
    parser.add_argument("--feeds", type=int, help=f"files of each kind ({FULL.feeds})")
    parser.add_argument("--aim-rows", type=int, help=f"rows of an AIM inventory file ({FULL.aim_rows:,})")
    parser.add_argument("--reported", type=int, help=f"listings of the seller of reports ({FULL.reported:,})")
    given = vars(parser.parse_args(words))
    base = QUICK if given.pop("quick") else FULL
    return replace(base, **{name: value for name, value in given.items() if value is not None})


def _measure(data: Path, sizes: Sizes, progress: Progress) -> tuple[World, list[Result]]:
    families = (pages, supply, reservations, feeds, aim, starts)
    task = progress.add_task("", total=1 + sum(family.steps(sizes) for family in families))
    done = itertools.count()

    def tell(what: str) -> None:
        """Say what comes next; everything told before is done."""
        progress.update(task, description=what, completed=next(done))

    data.mkdir()
    directory = DataDirectory(data)
    with postgres(directory) as url:
        tell(f"seeding {sizes.data}")
        world = uvloop.run(seed(url, directory, sizes.skus))
        results = pages.measure(world, url, data, sizes, tell)
        results += supply.measure(world, url, data, sizes, tell)
        results += uvloop.run(reservations.measure(world, url, sizes, tell))
        results += feeds.measure(world, url, data, sizes, tell)
        results += aim.measure(world, url, data, sizes, tell)
    return world, results + starts.measure(world, data, sizes, tell)


if __name__ == "__main__":
    sys.exit(main())
