"""What can go wrong, as meanings.

Each class is one meaning. How a meaning is spelled (status, code, sentence) is a row in the table of each door;
a test insists that no door forgets one. Texts here never contain another seller's data or a secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Problem(Exception):
    """Something the caller can understand and act on; the message is safe to show to that caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(Problem):
    """A value is missing, malformed or out of range. `field` names the offending member."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Denied(Problem):
    """The caller is not known, or may not do this. `reason` is one of the `DENIALS`."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


# Why a caller is denied; every door has a sentence for each.
DENIALS = (
    "missing",
    "malformed",
    "expired",
    "revoked",
    "role",
    "region",
    "unknown_route",
    "another_seller",
    "not_in_programme",
    "uses_warehouse",
)


class NotFound(Problem):
    """The named thing does not exist for this seller."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} '{name}' does not exist")
        self.kind = kind
        self.name = name


class AlreadyExists(Problem):
    """The named thing exists already and may exist only once."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} '{name}' already exists")
        self.kind = kind
        self.name = name


class Shortage(Problem):
    """Fewer units are there than the command needs. Nothing was moved."""

    def __init__(self, what: str, wanted: int, available: int) -> None:
        super().__init__(f"{what}: {wanted} wanted, {available} available")
        self.what = what
        self.wanted = wanted
        self.available = available


class NotAllowed(Problem):
    """The thing exists, but its state does not permit this (a closed shipment, stock still reserved)."""


class Archived(NotAllowed):
    """A location is archived for ever."""


class Rejected(Problem):
    """A submission with errors: nothing of it was done. `issues` are `domain.mfn.issues.Issue` values."""

    def __init__(self, issues: Sequence[Any]) -> None:
        super().__init__("; ".join(str(issue) for issue in issues))
        self.issues = tuple(issues)


class KeyReused(Problem):
    """An idempotency key came back with a different request."""


class StaleToken(Problem):
    """A page token is expired, damaged, or not ours."""


class Throttled(Problem):
    """The usage plan is exhausted; `retry_after` seconds until one request is available."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the usage plan is exhausted")
        self.retry_after = retry_after


class TooLarge(Problem):
    """A request body exceeds the limit of its door, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request body exceeds {limit} bytes")
        self.limit = limit


class Unavailable(Problem):
    """The database cannot be reached just now, or the server is stopping."""
