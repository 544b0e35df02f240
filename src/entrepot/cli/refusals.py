"""What ends a command that asked a server."""

from __future__ import annotations

from typing import Any

from entrepot.domain.errors import Problem


class Refused(Problem):
    """The server's refusal: the meaning's name, and its text."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "refused")))
        self.code = str(error.get("code", "Error"))
        self.error = error


class Unreachable(Exception):
    """No server answers, or something else does."""
