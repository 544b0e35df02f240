"""JSON_LISTINGS_FEED, done: messages in the order of their SKUs, plain quantities by the thousand, the rest one by one.

Messages about one SKU keep their order; between SKUs the order means nothing, and neighbours are faster together.
"""

from __future__ import annotations

from asyncio import to_thread
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, Final

import msgspec

from entrepot.domain.commands import Command, DeleteListing, Patch, PatchListing, PutListing
from entrepot.domain.mfn.attributes import AVAILABILITY
from entrepot.domain.mfn.issues import locale_of
from entrepot.feeds import json_feed
from entrepot.feeds.applying import JSON_CODES, apply, origin, perform, whole
from entrepot.feeds.findings import NOT_JSON, FeedUnreadable, Finding, counted
from entrepot.feeds.job import JSON, Job, Result
from entrepot.feeds.json_feed import JsonFeed, Message
from entrepot.feeds.processing_report import json_report
from entrepot.services.bulk import CHUNK, Availability, Places, places_of, plain_instances
from entrepot.services.listing_items import item_shown
from entrepot.services.listings import Listings
from entrepot.storage.bulk import Instances, Submitted, replace_instances
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

_PATH: Final = f"/attributes/{AVAILABILITY}"
# Listings read at once for a report that shows them.
ITEMS: Final = 500


async def process(job: Job) -> Result:
    content = await whole(job)
    try:
        feed = await to_thread(json_feed.read, content, job.seller_id, job.strict, job.marketplaces[0])
    except FeedUnreadable as problem:
        return _unreadable(job, problem)
    del content
    feed.messages.sort(key=attrgetter("sku"))
    async with job.database.read() as connection:
        places = await places_of(connection, job.seller_id)
    await apply(job, feed.messages, CHUNK, partial(_prepared, places), partial(_chunk, job, feed))
    findings = sorted([*feed.findings, *await job.findings()], key=attrgetter("number"))
    counts = counted(feed.processed, findings)
    items = await _items(job, feed) if feed.report_options else []
    report = json_report(job.seller_id, job.submission_id, counts, findings, feed.report_options, items)
    return Result("DONE", JSON, report)


async def _items(job: Job, feed: JsonFeed) -> list[dict[str, Any]]:
    """The listings that the file was about, as its header asked to see them."""
    assert feed.report_options is not None
    skus = list(dict.fromkeys(message.sku for message in feed.messages))
    included, marketplaces = feed.report_options.included_data, tuple(job.marketplaces)
    locale = locale_of(feed.issue_locale, marketplaces[0])
    listings, found = Listings(job.database, job.ledger), []
    for start in range(0, len(skus), ITEMS):
        for view in await listings.named(job.seller_id, skus[start : start + ITEMS], marketplaces):
            found.append(msgspec.to_builtins(item_shown(view, included, locale)))
    return found


def _unreadable(job: Job, problem: FeedUnreadable) -> Result:
    """Nothing of it applies. The report of what is no JSON does not say whose it is: it named nobody."""
    finding = problem.finding
    seller_id = "" if finding.code == NOT_JSON else job.seller_id
    return Result("DONE", JSON, json_report(seller_id, job.submission_id, counted(0, [finding]), [finding]))


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


async def _chunk(
    job: Job, feed: JsonFeed, connection: Connection, ledger: LedgerRow, prepared: _Prepared
) -> list[Finding]:
    places = await places_of(connection, job.seller_id)
    if places != prepared.places:
        prepared = _prepared(places, prepared.messages)
    submitted = Submitted(job.submission_id, job.marketplaces, origin(job))
    ledger, left = await replace_instances(connection, ledger, prepared.instances, submitted)
    done = set(prepared.instances.numbers) - left
    asked = [(_blank(message), _command(job, message)) for message in prepared.messages if message.number not in done]
    locale = locale_of(feed.issue_locale, job.marketplaces[0])
    return await perform(job, connection, ledger, asked, JSON_CODES, locale)


def _quantities(message: Message) -> Sequence[object] | None:
    """The instances of a message that only replaces quantities."""
    if message.operation != "PATCH" or len(message.patches) != 1:
        return None
    patch = message.patches[0]
    return patch.value if patch.path == _PATH and patch.op in ("add", "replace") else None


def _blank(message: Message) -> Finding:
    return Finding(message.number, "", "", message_id=message.message_id, sku=message.sku)


def _command(job: Job, message: Message) -> Command:
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
