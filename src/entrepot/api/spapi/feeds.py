"""Feeds 2021-06-30: documents, and the feeds that process them.

Source: the Feeds 2021-06-30 reference and its model. What no document says is decided here, once:

| case | answer |
|---|---|
| createFeed with an unknown feed type or document, or one not uploaded, too old or used | 400 InvalidInput, which |
| createFeed of a retired type, forgiving | it works |
| createFeed of a retired type, strict | 202; the feed becomes FATAL, with a report |
| cancelFeed of a feed that is not IN_QUEUE | 400 InvalidInput, nothing changes |
| a feed or document of another seller | 404, as one that never was |
| nextToken beside other parameters, forgiving | they are ignored |
| nextToken beside other parameters, strict | 400 InvalidInput |
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation, Quota
from entrepot.api.spapi.decoding import (
    array,
    body,
    boolean,
    checked_marketplace,
    instant,
    listed_marketplaces,
    origin,
    resumed,
    success,
    whole,
    words,
    written,
)
from entrepot.api.spapi.room import Call
from entrepot.domain.errors import Invalid, NotFound
from entrepot.feeds.kinds import KINDS, lane_of
from entrepot.services.submissions import STATUSES, Filters, New, Submission

TYPES_MAX: Final = 10
MARKETPLACES_MAX: Final = 25
PAGE_SIZE: Final = 10
PAGE_SIZE_MAX: Final = 100
TOKEN_SECONDS: Final = 24 * 3600.0


# Documents


class CreateFeedDocumentSpecification(msgspec.Struct):
    contentType: str


class CreateFeedDocumentResponse(msgspec.Struct):
    feedDocumentId: str
    url: str


class FeedDocument(msgspec.Struct, omit_defaults=True):
    feedDocumentId: str
    url: str
    compressionAlgorithm: str | None = None


async def create_feed_document(call: Call) -> Response:
    content_type = body(call.request, CreateFeedDocumentSpecification).contentType.strip()
    if not (content_type.isascii() and content_type.isprintable()):
        raise Invalid("contentType", "contentType must be a media type in ASCII")
    services = call.services
    name = await services.documents.announce(call.seller_id, content_type, call.caller.region or "NA")
    url = services.links.upload(call.seller_id, name, content_type)
    return success(call, CreateFeedDocumentResponse(name, url), 201)


async def get_feed_document(call: Call) -> Response:
    encoded = boolean(call.request, "enableContentEncodingUrlHeader")
    document = await call.services.documents.find(call.seller_id, call.parameters["feedDocumentId"])
    if document.of_report:
        raise NotFound("document", document.document_id)
    url = call.services.links.download(call.seller_id, document.document_id, encoded=encoded and document.gzip)
    return success(call, FeedDocument(document.document_id, url, "GZIP" if document.gzip else None))


# Feeds


class CreateFeedSpecification(msgspec.Struct):
    feedType: str
    marketplaceIds: Annotated[list[str], msgspec.Meta(min_length=1, max_length=MARKETPLACES_MAX)]
    inputFeedDocumentId: str
    feedOptions: dict[str, str] | None = None


class CreateFeedResponse(msgspec.Struct):
    feedId: str


class Feed(msgspec.Struct, omit_defaults=True):
    feedId: str
    feedType: str
    marketplaceIds: list[str]
    createdTime: str
    processingStatus: str
    processingStartTime: str | None = None
    processingEndTime: str | None = None
    resultFeedDocumentId: str | None = None


class GetFeedsResponse(msgspec.Struct, omit_defaults=True):
    feeds: list[Feed]
    nextToken: str | None = None


async def create_feed(call: Call) -> Response:
    wanted = body(call.request, CreateFeedSpecification)
    kind = KINDS.get(wanted.feedType)
    if kind is None:
        raise Invalid("feedType", f"feedType '{_shown(wanted.feedType)}' is not one of {', '.join(KINDS)}")
    marketplaces = [checked_marketplace(call, one) for one in dict.fromkeys(wanted.marketplaceIds)]
    options = wanted.feedOptions or {}
    if not all(text.isprintable() for pair in options.items() for text in pair):
        raise Invalid("feedOptions", "feedOptions are printable texts")
    services = call.services
    document = await services.submissions.usable(call.seller_id, wanted.inputFeedDocumentId)
    lane = await lane_of(kind, services.documents.contents(document))
    new = New(kind.name, lane, marketplaces, document.document_id, options, call.strict)
    name = await services.submissions.submit(call.seller_id, new, origin(call))
    return success(call, CreateFeedResponse(name), 202)


async def get_feed(call: Call) -> Response:
    return success(call, _feed(await _found(call)))


async def cancel_feed(call: Call) -> Response:
    feed = await _found(call)
    await call.services.submissions.cancel(call.seller_id, feed.submission_id)
    return success(call, {})


async def _found(call: Call) -> Submission:
    """The feed that is named. Reports, and what other generations take, are in the queue too, but are no feeds."""
    found = await call.services.submissions.find(call.seller_id, _feed_id(call))
    if found.feed_type not in KINDS:
        raise NotFound("feed", found.submission_id)
    return found


def _feed_id(call: Call) -> str:
    name = call.parameters["feedId"]
    if not name.isprintable():
        raise NotFound("feed", _shown(name))
    return name


class _Place(msgspec.Struct, array_like=True):
    """What a nextToken carries: the whole query, and where it was left."""

    filters: Filters
    size: int
    bookmark: int


async def get_feeds(call: Call) -> Response:
    services, request = call.services, call.request
    purpose = f"getFeeds {call.seller_id}"
    if place := resumed(call, purpose, _Place, TOKEN_SECONDS):
        filters, size, bookmark = place.filters, place.size, place.bookmark
    else:
        filters, size, bookmark = _filters(call), whole(request, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX), None
    page = await services.submissions.newest(call.seller_id, filters, bookmark, size)
    following = None if page.bookmark is None else services.pager.seal(purpose, _Place(filters, size, page.bookmark))
    return success(call, GetFeedsResponse([_feed(one) for one in page.submissions], following))


def _filters(call: Call) -> Filters:
    request = call.request
    types = array(request, "feedTypes")
    if not 1 <= len(types) <= TYPES_MAX:
        raise Invalid("feedTypes", f"feedTypes takes 1 to {TYPES_MAX} feed types, or nextToken stands alone")
    return Filters(
        [one for one in types if one in KINDS] or ["-"],
        listed_marketplaces(call),
        words(request, "processingStatuses", STATUSES),
        instant(request, "createdSince"),
        instant(request, "createdUntil"),
    )


def _feed(submission: Submission) -> Feed:
    return Feed(
        submission.submission_id,
        submission.feed_type,
        list(submission.marketplaces),
        written(submission.created_at),
        submission.status,
        written(submission.started_at) if submission.started_at else None,
        written(submission.finished_at) if submission.finished_at else None,
        submission.result_id,
    )


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:100]


# Usage plans and roles: the reference's.
_DOCUMENTS: Final = Quota(rate=0.5, burst=15)
_SUBMIT: Final = Quota(rate=0.0083, burst=15)
_ONE: Final = Quota(rate=2, burst=15)
_MANY: Final = Quota(rate=0.0222, burst=10)
_ROLES: Final = frozenset({"Product Listing", "Inventory and Order Tracking"})
_FEEDS: Final = "/feeds/2021-06-30"

OPERATIONS: Final = (
    Operation("createFeedDocument", "POST", f"{_FEEDS}/documents", create_feed_document, _DOCUMENTS, _ROLES),
    Operation("getFeedDocument", "GET", f"{_FEEDS}/documents/{{feedDocumentId}}", get_feed_document, _MANY, _ROLES),
    Operation("createFeed", "POST", f"{_FEEDS}/feeds", create_feed, _SUBMIT, _ROLES),
    Operation("getFeeds", "GET", f"{_FEEDS}/feeds", get_feeds, _MANY, _ROLES),
    Operation("getFeed", "GET", f"{_FEEDS}/feeds/{{feedId}}", get_feed, _ONE, _ROLES),
    Operation("cancelFeed", "DELETE", f"{_FEEDS}/feeds/{{feedId}}", cancel_feed, _ONE, _ROLES),
)
