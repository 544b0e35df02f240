"""Programs of sellers that speak AIM, against the shared server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.aim.program import Program, new_program
from tests.running import RunningServer


@pytest.fixture(scope="session")
def program(server: RunningServer) -> Iterator[Program]:
    """The program of one seller, in the US and Canada."""
    made = new_program(server)
    yield made
    made.http.close()


@pytest.fixture
def new_seller(server: RunningServer) -> Iterator[Callable[..., Program]]:
    """Makes programs of sellers that are the test's alone."""
    made: list[Program] = []

    def make(**seller: Any) -> Program:
        made.append(new_program(server, **seller))
        return made[-1]

    yield make
    for one in made:
        one.http.close()
