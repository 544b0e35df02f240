"""What tests of several client libraries share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import RunningServer


@pytest.fixture(scope="session")
def encrypted() -> Iterator[RunningServer]:
    """A server without usage plans that speaks TLS."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        made = RunningServer(Path(directory) / "data", ("--limits", "off", "--tls"))
        try:
            yield made.start()
        finally:
            made.stop()


@pytest.fixture(params=["http", "https"])
def here(request: pytest.FixtureRequest, server: RunningServer) -> RunningServer:
    """A server over HTTP, and one over TLS."""
    found: RunningServer = request.getfixturevalue("encrypted") if request.param == "https" else server
    return found
