"""JSON_LISTINGS_FEED, done: messages in the order of their SKUs, plain quantities by the thousand, the rest one by one.

Messages about one SKU keep their order; between SKUs the order means nothing, and neighbours are faster together.
"""

from __future__ import annotations

from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Final

import msgspec

from entrepot.domain.commands import DeleteListing, Patch, PatchListing, PutListing
from entrepot.domain.mfn.attributes import AVAILABILITY
from entrepot.domain.mfn.issues import locale_of
from entrepot.feeds import json_feed
from entrepot.feeds.applying import COMMANDS, JSON_CODES, apply, origin, perform, whole
from entrepot.feeds.findings import BAD_REQUEST, NOT_JSON, FeedUnreadable, Finding, counted
from entrepot.feeds.job import JSON, Job, Result
from entrepot.feeds.json_feed import JsonFeed, Message
from entrepot.feeds.processing_report import ItemsReport, json_report
from entrepot.services.bulk import CHUNK, ONLY_DEFAULT, Availability, Places, channels_of, places_of, plain_instances
from entrepot.services.listing_items import item_shown
from entrepot.services.listings import Listings, Submission, names_location
from entrepot.services.locations import WHY_NOT, why_not
from entrepot.storage.bulk import Instances, Submitted, replace_instances
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

_PATH: Final = f"/attributes/{AVAILABILITY}"
# Listings read at once for a report that shows them.
ITEMS: Final = 500
# Messages that are looked at to tell how many are plain.
SAMPLE: Final = 200


async def process(job: Job) -> Result:
    content = await whole(job)
    try:
        feed = await to_thread(json_feed.read, content, job.seller_id, job.strict, job.marketplaces[0])
    except FeedUnreadable as problem:
        return _unreadable(job, problem)
    del content
    feed.messages.sort(key=attrgetter("sku"))
    async with job.database.read() as connection:
        places = (await _standing(job, connection)).places
        size = await _chunk_size(job, connection, feed.messages)
    await apply(job, feed.messages, size, partial(_prepared, places), partial(_chunk, job, feed))
    findings = sorted([*feed.findings, *await job.findings()], key=attrgetter("number"))
    counts = counted(feed.processed, findings)
    if feed.report_options is None:
        return Result("DONE", JSON, json_report(job.seller_id, job.submission_id, counts, findings))
    report = ItemsReport(job.seller_id, job.submission_id, counts, findings, feed.report_options)
    return Result("DONE", JSON, _with_items(job, feed, findings, report))


async def _with_items(
    job: Job, feed: JsonFeed, findings: Sequence[Finding], report: ItemsReport
) -> AsyncIterator[bytes]:
    """The report with the listings that the file created or updated, as its header asked to see them."""
    refused = {finding.number for finding in findings if finding.severity == "ERROR"}
    skus = list(dict.fromkeys(message.sku for message in feed.messages if message.number not in refused))
    included = feed.report_options.included_data if feed.report_options else ()
    marketplaces, listings = tuple(job.marketplaces), Listings(job.database, job.ledger)
    locale = locale_of(feed.issue_locale, marketplaces[0])
    yield report.head
    for start in range(0, len(skus), ITEMS):
        views = await listings.named(job.seller_id, skus[start : start + ITEMS], marketplaces)
        yield report.page([msgspec.to_builtins(item_shown(view, included, locale)) for view in views])
    yield report.tail


def _unreadable(job: Job, problem: FeedUnreadable) -> Result:
    """Nothing of it applies. The report of what is no JSON does not say whose it is: it named nobody."""
    finding = problem.finding
    seller_id = "" if finding.code == NOT_JSON else job.seller_id
    return Result("DONE", JSON, json_report(seller_id, job.submission_id, counted(0, [finding]), [finding]))


async def _chunk_size(job: Job, connection: Connection, messages: Sequence[Message]) -> int:
    """So many messages that few of them go one by one: those hold the seller's lock a hundred times longer. How many
    there are, some of the messages tell."""
    sample = messages[:: max(1, len(messages) // SAMPLE)]
    known = await channels_of(connection, job.seller_id, {message.sku for message in sample})
    others = sum(message.sku not in known or _quantities(message) is None for message in sample)
    return min(CHUNK, COMMANDS * len(sample) // others) if others else CHUNK


@dataclass(frozen=True)
class _Prepared:
    """Messages, and the plain ones among them as columns; which are plain depends on the places there are."""

    messages: Sequence[Message]
    places: Places
    instances: Instances


def _prepared(places: Places, messages: Sequence[Message]) -> _Prepared:
    times = Counter(message.sku for message in messages)
    quantities = (
        Availability(message.number, message.sku, instances)
        for message in messages
        if times[message.sku] == 1 and (instances := _quantities(message)) is not None
    )
    return _Prepared(messages, places, plain_instances(quantities, places))


@dataclass(frozen=True)
class _Standing:
    """The places that the seller may name; and why he may name none but his own, where fidelity asks (`Denied`)."""

    places: Places
    why_not: str | None


async def _standing(job: Job, connection: Connection) -> _Standing:
    reason = await why_not(connection, job.seller_id) if job.strict else None
    return _Standing(ONLY_DEFAULT if reason else await places_of(connection, job.seller_id), reason)


async def _chunk(
    job: Job, feed: JsonFeed, connection: Connection, ledger: LedgerRow, prepared: _Prepared
) -> list[Finding]:
    standing = await _standing(job, connection)
    if standing.places != prepared.places:
        prepared = _prepared(standing.places, prepared.messages)
    submitted = Submitted(job.submission_id, job.marketplaces, origin(job))
    ledger, left = await replace_instances(connection, ledger, prepared.instances, submitted)
    done = set(prepared.instances.numbers) - left
    asked, findings = [], []
    for message in prepared.messages:
        if message.number in done:
            continue
        command = _command(job, message)
        if standing.why_not and names_location(command):
            findings.append(replace(_blank(message), code=BAD_REQUEST, message=WHY_NOT[standing.why_not]))
        else:
            asked.append((_blank(message), command))
    locale = locale_of(feed.issue_locale, job.marketplaces[0])
    return findings + await perform(job, connection, ledger, asked, JSON_CODES, locale)


def _quantities(message: Message) -> Sequence[object] | None:
    """The instances of a message that only replaces quantities."""
    if message.operation != "PATCH" or len(message.patches) != 1:
        return None
    patch = message.patches[0]
    return patch.value if patch.path == _PATH and patch.op in ("add", "replace") else None


def _blank(message: Message) -> Finding:
    return Finding(message.number, "", "", message_id=message.message_id, sku=message.sku)


def _command(job: Job, message: Message) -> Submission:
    marketplaces = tuple(job.marketplaces)
    if message.operation == "DELETE":
        return DeleteListing(message.sku, marketplaces[0])
    if message.operation == "UPDATE":
        return PutListing(
            message.sku, message.product_type, message.attributes, marketplaces[0], message.requirements, job.strict
        )
    if message.operation == "PATCH":
        patches = tuple(Patch(patch.op, patch.path, patch.value) for patch in message.patches)
    else:
        patches = tuple(
            Patch("replace", f"/attributes/{name}", instances) for name, instances in message.attributes.items()
        )
    return PatchListing(message.sku, patches, message.product_type, marketplaces, job.strict)
