"""The bench harness: it runs, says what it measured, and measures on books that are in order. Never how fast."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from bench.results import cost, speed
from bench.world import seed

from entrepot.datadir import DataDirectory
from entrepot.services.verification import verify
from entrepot.storage.database import Database

PROJECT = Path(__file__).parents[2]
TINY = (
    "--quick --skus 150 --rounds 1 --seconds 0.1 --requests 40 --starts 1"
    " --listings 200 --patches 60 --flat-rows 90 --feeds 1 --aim-rows 80 --reported 120"
).split()


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """What a row of build/bench.json holds."""

    name: str
    ours: float
    limit: float
    ratio: float
    goal: float | None
    met: bool | None
    unit: str
    data_size: str
    limit_is: str
    ours_rounds: list[float]
    limit_rounds: list[float]
    machine: str
    python: str
    postgresql: str
    date: datetime


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own directory, which is closed to the user that runs root's server."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_the_harness_measures_every_figure_and_leaves_nothing_else_behind(folder: Path) -> None:
    paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in paths)}

    done = subprocess.run(
        [sys.executable, "-m", "bench", *TINY],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    rows = msgspec.json.decode((folder / "build" / "bench.json").read_bytes(), type=list[Row])
    assert [path.name for path in (folder / "build").iterdir()] == ["bench.json"]
    assert all(row.name in done.stdout for row in rows)
    assert {row.unit for row in rows} == {"requests/s", "orders/s", "listings/s", "s", "MB"}
    assert {row.data_size for row in rows} == {"150 SKUs", "200 listings", "80 listings", "120 listings", "empty"}
    assert sorted({row.goal for row in rows if row.goal and row.unit != "s"}) == [0.5, 0.6, 0.7, 1.0]
    for row in rows:
        assert min(row.ours, row.limit, row.ratio, *row.ours_rounds, *row.limit_rounds) > 0
        assert row.met == (None if row.goal is None else row.ratio >= row.goal)
        assert row.machine
        assert row.postgresql


def test_more_is_better_for_speed_and_less_for_cost() -> None:
    fast = speed("pages", "requests/s", [300, 100, 200], [400, 400], goal=0.6, data="", limit_is="")
    dear = cost("start", "s", [1.0], [0.5], most=2.0, data="", limit_is="")
    slow = cost("file", "s", [5.0], [2.0], times=2.0, data="", limit_is="")

    assert (fast.ours, fast.ratio, fast.met) == (200, 0.5, False)
    assert (dear.ratio, dear.goal, dear.met) == (0.5, 0.25, True)
    assert (slow.ratio, slow.goal, slow.met) == (0.4, 0.5, False)


async def test_a_seeded_seller_has_clean_books(fresh_database_url: str, tmp_path: Path) -> None:
    world = await seed(fresh_database_url, DataDirectory(tmp_path), 120)

    database = await Database.open(fresh_database_url)
    report = await verify(database)
    await database.close()
    assert report.clean, [finding for finding in report.checks if finding.differing]
    assert len(world.skus) == 120
