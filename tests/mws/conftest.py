"""Programs of sellers that speak MWS, against the shared server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.mws.program import Program
from tests.mws.program import new_program as new
from tests.running import RunningServer


@pytest.fixture
def new_program(server: RunningServer) -> Iterator[Callable[..., Program]]:
    """Makes programs of new sellers, on the server without limits unless `on` names another."""
    made: list[Program] = []

    def make(on: RunningServer = server, **seller: Any) -> Program:
        made.append(new(on, **seller))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


@pytest.fixture
def program(new_program: Callable[..., Program]) -> Program:
    """A seller in the US and Canada."""
    return new_program()
