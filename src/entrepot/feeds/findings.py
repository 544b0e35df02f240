"""What is wrong with an uploaded file: with the whole of it, or with one message or row. Files yield findings.

The codes are those that sellers' programs know; where no reference names one, `Ours` says so. Sources: SP-API
reference §4.5, §6.2, §6.3; AIM reference §8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["ERROR", "WARNING"]

# Files in JSON.
NOT_JSON: Final = "4002001"
ABSENT: Final = "4002005"
BAD_REQUEST: Final = "BAD_REQUEST"
# Files in XML.
XML_ERROR: Final = "5000"
XML_FATAL: Final = "5001"
NOT_PROCESSED: Final = "5002"
ORDER_DATA: Final = "18028"
# Flat files.
HEADER_MISSING: Final = "90009"
SKU_COLUMN_MISSING: Final = "90012"
NOT_VALID_ID: Final = "5505"
# Ours: no reference names the codes of a cell that is blank or cannot be read.
CELL_MISSING: Final = "99001"
CELL_INVALID: Final = "90111"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell the sender. number: the message's or row's place in the file, from 1; 0 is the whole file.

    message_id: what the sender calls the message, where he does. details: names and values that an XML report adds.
    """

    number: int
    code: str
    message: str
    severity: Severity = "ERROR"
    message_id: int | None = None
    sku: str = ""
    attribute: str = ""
    details: tuple[tuple[str, str], ...] = ()


class FeedUnreadable(ValueError):
    """The file as a whole is refused: nothing of it applies."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def finding(self) -> Finding:
        return Finding(0, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a report sums up. `refused` messages had an error; `warned` ones had warnings only; of `errors` and
    `warnings` one message may have several."""

    processed: int
    refused: int
    warned: int
    errors: int
    warnings: int

    @property
    def accepted(self) -> int:
        return self.processed - self.refused


def counted(processed: int, findings: Iterable[Finding]) -> Counts:
    """The counts of `processed` messages with these findings; those about the whole file belong to no message."""
    refused: set[int] = set()
    warned: set[int] = set()
    errors = warnings = 0
    for finding in findings:
        if finding.severity == "ERROR":
            errors += 1
            refused.add(finding.number)
        else:
            warnings += 1
            warned.add(finding.number)
    return Counts(processed, len(refused - {0}), len(warned - refused - {0}), errors, warnings)
