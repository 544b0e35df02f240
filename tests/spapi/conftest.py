"""Programs of sellers, against the shared server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.running import RunningServer
from tests.spapi.program import Program, new_program


@pytest.fixture(scope="session")
def program(server: RunningServer) -> Iterator[Program]:
    """The program of one seller, in the US and Canada; each test brings SKUs of its own."""
    made = new_program(server, marketplaces=["US", "CA"])
    yield made
    made.http.close()


@pytest.fixture
def new_seller(server: RunningServer) -> Iterator[Callable[..., Program]]:
    """Makes programs of sellers that are the test's alone, on the shared server unless another is named."""
    made: list[Program] = []

    def make(on: RunningServer = server, **seller: Any) -> Program:
        made.append(new_program(on, **seller))
        return made[-1]

    yield make
    for one in made:
        one.http.close()
