"""How AIM spells its answers: one element, no XML declaration, no indentation, no newline at the end.

Sources: AIM reference §1 (elements and tokens), §5 (the golden rule, which satisfies every client whose code is known,
byte for byte), §3 (4: `itemsnotacivated` was on the wire so), §4 (H9: what goes wrong in business is 200; H10: bad
credentials are not), §11 (dates), §15.

| case | answer |
|---|---|
| no or wrong credentials | 401 with WWW-Authenticate, CUSTOMER_UNAUTHORIZED |
| right credentials, but not for this region; strict: no cookie, no content type | 200 CUSTOMER_UNAUTHORIZED |
| no such path | 404 FILE_NOT_FOUND |
| another method than GET and POST | 405 FILE_NOT_FOUND |
| a file of more than 10 MB; to purge and replace: of more than 100 MB | 200 INVALID_FILE_FORMAT, once it is read |
| a body that does not arrive in time | 408 REQUEST_TIMEOUT (ours) |
| the database is away | 503 SERVICE_UNAVAILABLE (ours) |
| anything else | 500 INTERNAL_ERROR (ours) |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from entrepot.api.http import Headers, Response
from entrepot.domain import errors

XML: Final = "text/xml"

# token → its element.
TOKENS: Final[dict[str, str]] = {
    "CUSTOMER_UNAUTHORIZED": "BusinessLogicError",
    "INVALID_FILE_FORMAT": "BusinessLogicError",
    "INVALID_LISTING_PROGRAM": "BusinessLogicError",
    "INVALID_BATCH": "BusinessLogicError",
    "ACCESS_DENIED": "BusinessLogicError",
    "INVALID_REPORT_NAME": "BusinessLogicError",  # ours
    "REQUEST_TIMEOUT": "BusinessLogicError",  # ours
    "SERVICE_UNAVAILABLE": "BusinessLogicError",  # ours
    "INTERNAL_ERROR": "BusinessLogicError",  # ours
    "FILE_NOT_FOUND": "FileError",
}
CHALLENGE: Final = (("WWW-Authenticate", 'Basic realm="Amazon Inventory Management"'),)


class Refused(Exception):
    """A request is refused with one of the tokens."""

    def __init__(self, token: str, status: int = 200, headers: Headers = ()) -> None:
        super().__init__(token)
        self.token = token
        self.status = status
        self.headers = headers


@dataclass(frozen=True)
class Spelling:
    status: int
    token: str


_BAD_FILE: Final = Spelling(200, "INVALID_FILE_FORMAT")
_DENIED: Final = Spelling(200, "CUSTOMER_UNAUTHORIZED")
_ABSENT: Final = Spelling(200, "FILE_NOT_FOUND")

# Most of these cannot come up: what a file asks for is answered in its error log.
ERRORS: Final[dict[type[errors.Problem], Spelling]] = {
    errors.Invalid: _BAD_FILE,
    errors.AlreadyExists: _BAD_FILE,
    errors.Shortage: _BAD_FILE,
    errors.NotAllowed: _DENIED,
    errors.Archived: _DENIED,
    errors.KeyReused: _BAD_FILE,
    errors.Rejected: _BAD_FILE,
    errors.StaleToken: _ABSENT,
    errors.Denied: _DENIED,
    errors.NotFound: _ABSENT,
    errors.TooLarge: _BAD_FILE,
    errors.Throttled: Spelling(503, "SERVICE_UNAVAILABLE"),
    errors.Unavailable: Spelling(503, "SERVICE_UNAVAILABLE"),
}
TIMEOUT: Final = Spelling(408, "REQUEST_TIMEOUT")
CRASH: Final = Spelling(500, "INTERNAL_ERROR")


def element(name: str, text: str, status: int = 200, headers: Headers = ()) -> Response:
    """One element. `text` is ours or made of digits, so nothing is to be escaped."""
    return Response(status, f"<{name}>{text}</{name}>".encode(), XML, headers)


def success() -> Response:
    return element("Success", "SUCCESS")


def refusal(refused: Refused) -> Response:
    return element(TOKENS[refused.token], refused.token, refused.status, refused.headers)


def problem_response(problem: Exception) -> Response:
    """How a problem is said here; nothing of our own insides is."""
    if isinstance(problem, Refused):
        return refusal(problem)
    spelling = TIMEOUT if isinstance(problem, TimeoutError) else CRASH
    if isinstance(problem, errors.Problem):
        spelling = next((ERRORS[kind] for kind in type(problem).__mro__ if kind in ERRORS), CRASH)
    return refusal(Refused(spelling.token, spelling.status))


def not_authenticated() -> Refused:
    return Refused("CUSTOMER_UNAUTHORIZED", 401, CHALLENGE)


# Lists

PACIFIC: Final = ZoneInfo("America/Los_Angeles")
# What becomes of a batch; only `Done` was ever seen.
STATUSES: Final[dict[str, str]] = {
    "IN_QUEUE": "Submitted",
    "IN_PROGRESS": "In Progress",
    "DONE": "Done",
    "FATAL": "Failed",
    "CANCELLED": "Cancelled",
}


@dataclass(frozen=True)
class Batch:
    number: str
    status: str  # the queue's
    at: datetime
    activated: int
    warnings: int
    rejected: int


@dataclass(frozen=True)
class Report:
    """A finished report, and the period that it tells of: for a snapshot, the moment twice."""

    number: str
    start: datetime
    end: datetime


def batches(found: Iterable[Batch]) -> Response:
    return _list("Batches", "Batch", [_batch(one) for one in found])


def reports(found: Iterable[Report]) -> Response:
    return _list("Reports", "Report", [_report(one) for one in found])


def _list(name: str, inner: str, lines: list[str]) -> Response:
    """Clients need the blank before the first entry and the one after every value, and none anywhere else."""
    entries = "".join(f"<{inner}>{line} </{inner}>" for line in lines)
    return element(name, f" {entries}" if entries else "")


def _batch(batch: Batch) -> str:
    return (
        f"batchid={batch.number} status={STATUSES[batch.status]}"
        f" dateandtime={batch.at.astimezone(PACIFIC):%m/%d/%Y %H:%M:%S %Z} activateditems={batch.activated}"
        f" numberofwarnings={batch.warnings} itemsnotacivated={batch.rejected}"
    )


def _report(report: Report) -> str:
    return f"reportstarttime={_time(report.start)} reportendtime={_time(report.end)} reportid={report.number}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(PACIFIC):%m-%d-%Y:%H-%M-%S}"
