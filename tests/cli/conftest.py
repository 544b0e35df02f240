"""Commands run in this process, against a real server: as `entrepot …` would, without its time to start."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from entrepot.cli import main
from tests.acceptance.conftest import place
from tests.running import RunningServer

__all__ = ["place"]  # a fixture here as there


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that a command says when it is refused."""
        assert self.code == 1
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        return self.err.removesuffix("\n")


Entrepot = Callable[..., Done]


@pytest.fixture
def entrepot(server: RunningServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Entrepot:
    """Run a command: `entrepot("seller", "list", "--json")`."""
    monkeypatch.setenv("ENTREPOT_DATA", str(server.data))

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["entrepot", *map(str, words)])
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        assert isinstance(code, int | None)
        return Done(code or 0, out, err)

    return run
