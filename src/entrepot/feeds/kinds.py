"""The kinds of files that sellers upload: under which name, in which lane, and who processes them.

Within a lane a seller's files are processed one at a time, in the order they came; his lanes do not wait for one
another. So quantities never wait behind a catalogue, which is what sellers complain of most.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Literal

from entrepot.feeds.findings import Finding, counted
from entrepot.feeds.job import JSON, TEXT, XML, Process, Result, Unreadable
from entrepot.feeds.processing_report import json_report, text_report, xml_report
from entrepot.storage.submissions import Submission

CATALOGUE: Final = "catalogue"
QUANTITY: Final = "quantity"
ORDERS: Final = "orders"
AIM: Final = "aim"

Content = Literal["json", "xml", "text", "aim"]


@dataclass(frozen=True)
class Kind:
    """`legacy`: retired by Amazon on 2025-07-31. `process` is a function, or where it is: `module:function`."""

    name: str
    lane: str
    content: Content
    legacy: bool
    process: Process | str

    def resolved(self) -> Process:
        if not isinstance(self.process, str):
            return self.process
        module, _, function = self.process.partition(":")
        found: Process = getattr(import_module(module), function)
        return found


_TABLE: Final = (
    Kind("JSON_LISTINGS_FEED", CATALOGUE, "json", False, "entrepot.feeds.json_listings:process"),
    Kind("POST_ORDER_FULFILLMENT_DATA", ORDERS, "xml", False, "entrepot.feeds.order_fulfillment:process"),
    Kind("POST_INVENTORY_AVAILABILITY_DATA", QUANTITY, "xml", True, "entrepot.feeds.inventory_availability:process"),
    Kind("POST_FLAT_FILE_INVLOADER_DATA", CATALOGUE, "text", True, "entrepot.feeds.inventory_loader:process"),
    Kind(
        "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
        QUANTITY,
        "text",
        True,
        "entrepot.feeds.price_and_quantity:process",
    ),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _TABLE}

# The option of MWS by which a file replaces all that is on sale, and the kinds that may have it.
PURGE: Final = "PurgeAndReplace"
PURGING: Final = ("POST_FLAT_FILE_INVLOADER_DATA",)

# What AIM takes; the other generations neither take nor show it.
_UPLOADS: Final = (
    Kind("AIM_ADD_MODIFY_DELETE", AIM, "aim", False, "entrepot.feeds.aim_inventory:process"),
    Kind("AIM_MODIFY_ONLY", AIM, "aim", False, "entrepot.feeds.aim_inventory:process"),
    Kind("AIM_PURGE_REPLACE", AIM, "aim", False, "entrepot.feeds.aim_inventory:process"),
    Kind("AIM_BATCH_REFUND", AIM, "aim", False, "entrepot.feeds.aim_refunds:process"),
)
UPLOADS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _UPLOADS}

# What a file that was not processed is told.
RETIRED: Final = "The feed type {name} is not supported since 2025-07-31. Use JSON_LISTINGS_FEED."
INTERNAL: Final = (
    "An internal error occurred while the feed was processed. The messages before it may have been applied."
)
UNKNOWN: Final = "The feed type {name} is not supported."
_CODES: Final[dict[Content, str]] = {"json": "4000000", "xml": "5001", "text": "90000", "aim": "90000"}


def fatal(kind: Kind | None, submission: Submission, text: str) -> Result:
    """The end of a file that could not be processed, with a report that says why."""
    content: Content = kind.content if kind else "text"
    message = text.replace("{name}", submission.feed_type)
    finding = Finding(0, _CODES[content], message)
    counts = counted(0, [finding])
    if content == "json":
        return Result("FATAL", JSON, json_report(submission.seller_id, submission.submission_id, counts, [finding]))
    if content == "xml":
        return Result("FATAL", XML, xml_report(submission.seller_id, submission.submission_id, counts, [finding]))
    return Result("FATAL", TEXT, text_report(counts, [finding]))


# Which lane

# A look at a document for a queue's name must cost little: longer ones go where their kind goes.
LOOK_BYTES: Final = 32 * 1024 * 1024
# In a JSON feed that only sets quantities these occur equally often: each operation is a PATCH, each path is this one.
_PAIRS: Final = (
    (b'"operationType"', b'"PATCH"'),
    (b'"path"', b'"/attributes/fulfillment_availability"'),
)
_OVERLAP: Final = max(len(word) for pair in _PAIRS for word in pair) - 1


async def lane_of(kind: Kind, chunks: AsyncIterator[bytes]) -> str:
    """The lane of a document of this kind: a JSON feed that only sets quantities goes with those."""
    if kind.name != "JSON_LISTINGS_FEED":
        return kind.lane
    try:
        return QUANTITY if await _only_quantities(chunks) else kind.lane
    except Unreadable:
        return kind.lane  # its processing will say so


async def _only_quantities(chunks: AsyncIterator[bytes]) -> bool:
    """Whether every message sets quantities, as far as counted words can tell; no parsing."""
    words = [word for pair in _PAIRS for word in pair]
    times = dict.fromkeys(words, 0)
    size, tail = 0, b""
    async for chunk in chunks:
        size += len(chunk)
        if size > LOOK_BYTES:
            return False
        if b"\\/" in chunk:
            chunk = chunk.replace(b"\\/", b"/")
        for word in words:
            # In the chunk, and where it meets the one before.
            times[word] += chunk.count(word) + (tail[1 - len(word) :] + chunk[: len(word) - 1]).count(word)
        tail = chunk[-_OVERLAP:] if len(chunk) >= _OVERLAP else (tail + chunk)[-_OVERLAP:]
    return all(times[what] == times[wanted] > 0 for what, wanted in _PAIRS)
