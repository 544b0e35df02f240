"""Server processes that tests may stop, kill and besiege: each module has its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory for data directories, open to the user that runs the embedded database (unlike pytest's own)."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        yield Path(directory)
