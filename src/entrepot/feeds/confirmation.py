"""The mail that a seller asked for with an upload (`email: Y`): that it was processed, or why it could not be.

The guide only says that there is such a mail; its wording is ours (AIM reference §1, §8, §15).
"""

from __future__ import annotations

from typing import Final

from entrepot.feeds.job import Result
from entrepot.services.mail import Mail
from entrepot.storage import access
from entrepot.storage import submissions as storage
from entrepot.storage.database import Connection
from entrepot.storage.submissions import Submission

# What the counters of a batch are called in the mail.
_NAMES: Final = {"activated": "Items activated", "rejected": "Items not activated", "warnings": "Warnings"}

# So many bytes of a report that stands in the place of findings.
_REPORT_MAX: Final = 4000

_ACCEPTED: Final = """\
Your inventory file was processed.

Batch: {batch}
{counts}
{advice}"""
_REJECTED: Final = """\
Your inventory file was rejected; nothing was read from it.

Batch: {batch}
{reasons}"""
_ADVICE: Final = "The error log of the batch says which records were not loaded, and why.\n"


async def confirm(connection: Connection, submission: Submission, result: Result) -> None:
    """Write the mail in the transaction that ends the upload."""
    if submission.door != "aim" or submission.options.get("email", "").upper() != "Y":
        return
    seller = await access.seller(connection, submission.seller_id)
    if seller is None:
        return
    reasons = [] if result.status == "DONE" else [one.message for one in await storage.issues(connection, submission)]
    if not reasons and isinstance(result.body, bytes):
        reasons = [result.body[:_REPORT_MAX].decode("utf-8", "ignore")]
    subject, body = confirmation(submission.submission_id, result, reasons)
    await Mail.write(connection, seller.seller_id, seller.email, subject, body)


def confirmation(batch: str, result: Result, reasons: list[str]) -> tuple[str, str]:
    """Subject and text."""
    if result.status != "DONE":
        body = _REJECTED.format(batch=batch, reasons="".join(f"{reason}\n" for reason in reasons))
        return f"Inventory file rejected: batch {batch}", body
    counts = "".join(f"{name}: {result.counts.get(key, 0)}\n" for key, name in _NAMES.items())
    faults = result.counts.get("rejected", 0) + result.counts.get("warnings", 0)
    body = _ACCEPTED.format(batch=batch, counts=counts, advice=_ADVICE if faults else "").rstrip("\n") + "\n"
    return f"Inventory file processed: batch {batch}", body
