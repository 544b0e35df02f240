"""Feeds 2009-01-01: files that are processed in the queue that all generations share, and what became of them.

Source: MWS reference §6, the section's pages. A feed type is SP-API's between underscores, for all but
JSON_LISTINGS_FEED; both show the seller's feeds of these types, whoever took them. Decided here, once:

| case | answer |
|---|---|
| no ContentMD5Value and no Content-MD5, forgiving | it is not checked |
| no ContentMD5Value and no Content-MD5, strict | 400 ContentMD5Missing |
| an empty feed | 400 InputDataError |
| MarketplaceIdList with a marketplace that is not the seller's | 400 InvalidParameterValue |
| no MarketplaceIdList | the marketplace of the endpoint, not all of them: the files name no marketplace |
| PurgeAndReplace of a file that is no inventory loader | 400 InvalidParameterValue |
| FeedOptions | kept with the feed; no type here has any |
| a feed that ended FATAL | _CANCELLED_ ("aborted due to a fatal error"); its result can be read, and says why |
| a feed type that Amazon retired in 2025 | it works, as it did while MWS answered, unless the policy says FATAL |
| CancelFeedSubmissions by ids | tells of all of these, the finished ones too |
| CancelFeedSubmissions by ids of which one is not here | 400 InvalidFeedSubmissionId, nothing changes |
| CancelFeedSubmissions otherwise | tells of those that it cancelled, however old |
| the result of a feed that waits or is at work | 404 FeedProcessingResultNotReady |
| the result of an unknown feed; of one whose id is no number | 400 InvalidFeedSubmissionId; 400 InvalidRequest |
| the result of a cancelled feed; of one older than 90 days | 400 FeedCanceled; FeedProcessingResultNoLongerAvailable |
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from entrepot.api.http import Response
from entrepot.api.mws import lists
from entrepot.api.mws.lists import (
    IDS_MAX,
    TOLD_MAX,
    counted,
    file,
    named_ids,
    opened,
    page_size,
    paged,
    required,
    statuses,
    told,
    waiting,
    written,
)
from entrepot.api.mws.messages import Refused
from entrepot.api.mws.operation import Call, MwsOperation, envelope, result_of
from entrepot.api.mws.parameters import bad
from entrepot.api.mws.sections import FEEDS
from entrepot.api.operation import Quota
from entrepot.domain.errors import NotFound
from entrepot.feeds.kinds import KINDS, PURGE, PURGING, Kind
from entrepot.services.submissions import CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE, Filters, New, Submission
from entrepot.wire import xml

TYPES: Final[Mapping[str, Kind]] = {f"_{kind.name}_": kind for kind in KINDS.values() if kind.content != "json"}
KNOWN: Final = tuple(kind.name for kind in TYPES.values())
# What this generation calls a status, and which of ours it means.
STATUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "_AWAITING_ASYNCHRONOUS_REPLY_": (),
    "_CANCELLED_": (CANCELLED, FATAL),
    "_DONE_": (DONE,),
    "_IN_PROGRESS_": (IN_PROGRESS,),
    "_IN_SAFETY_NET_": (),
    "_SUBMITTED_": (IN_QUEUE,),
    "_UNCONFIRMED_": (),
}
_CALLED: Final = {ours: name for name, all_ours in STATUSES.items() for ours in all_ours}
CONTENT_TYPE_MAX: Final = 200
OPTIONS_MAX: Final = 2000
_UNNAMED: Final = "application/octet-stream"
_SHOWN: Final = 100
_LONG_AGO: Final = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass
class _Weighed:
    """The chunks of a feed, and what they come to."""

    chunks: AsyncIterator[bytes]
    size: int = 0
    digest: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.chunks:
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk

    @property
    def md5(self) -> str:
        return base64.b64encode(self.digest.digest()).decode("ascii")


async def submit_feed(call: Call) -> Response:
    kind, said = _kind(call), _said_md5(call)
    new = (kind.name, kind.lane, lists.marketplaces(call))
    options = _options(call, kind)
    documents, submissions = call.services.documents, call.services.submissions
    weighed = _Weighed(call.chunks)
    stored = await documents.store(call.seller_id, _content_type(call), aiter(weighed), pack=False)
    try:
        _check_feed(weighed, said)
    except Refused:
        await documents.discard(stored)
        raise
    document_id = await documents.keep_upload(call.seller_id, call.marketplace.region, stored)
    submission_id = await submissions.submit(call.seller_id, New(*new, document_id, options, call.strict), call.origin)
    found = await submissions.find(call.seller_id, submission_id)
    result = result_of(call)
    # As it was handed in: a worker may have it already.
    _add(result, replace(found, status=IN_QUEUE, started_at=None))
    return envelope(call, result)


def _kind(call: Call) -> Kind:
    name = required(call, "FeedType")
    if name not in TYPES:
        raise Refused("InvalidFeedType", f"The FeedType {name[:100]} is not one of {', '.join(TYPES)}.")
    return TYPES[name]


def _said_md5(call: Call) -> str | None:
    """The MD5 that the seller computed. Raises Refused."""
    value, header = call.parameters.text("ContentMD5Value"), call.request.headers.get("content-md5", "").strip() or None
    if value is not None and header is not None and value.strip() != header:
        raise bad("ContentMD5Value", value, "the header Content-MD5 has another value")
    if value is None and header is None and call.strict:
        raise Refused("ContentMD5Missing")
    return value.strip() if value is not None else header


def _check_feed(feed: _Weighed, said: str | None) -> None:
    if not feed.size:
        raise Refused("InputDataError", "The feed is empty. Its content is the body of the request.")
    if said is not None and said != feed.md5:
        text = f"The Content-MD5 HTTP header you passed for your feed ({said[:100]}) did not match the Content-MD5"
        raise Refused("ContentMD5DoesNotMatch", f"{text} we calculated for your feed ({feed.md5})")


def _content_type(call: Call) -> str:
    given = call.request.headers.get("content-type", "").strip()
    usable = given.isascii() and given.isprintable() and len(given) <= CONTENT_TYPE_MAX
    return given if given and usable else _UNNAMED


def _options(call: Call, kind: Kind) -> dict[str, str]:
    options = {}
    if call.parameters.flag(PURGE):
        if kind.name not in PURGING:
            raise bad(PURGE, "true", f"only for {', '.join(f'_{one}_' for one in PURGING)}")
        options[PURGE] = "true"
    given = call.parameters.text("FeedOptions")
    if given is not None:
        if not given.isprintable() or len(given) > OPTIONS_MAX:
            raise bad("FeedOptions", given, f"a printable text of at most {OPTIONS_MAX} characters")
        options["FeedOptions"] = given
    return options


# Lists


class _Place(msgspec.Struct, array_like=True):
    """What a NextToken carries: the whole query, and where it was left."""

    filters: Filters
    size: int
    bookmark: int | None = None


async def get_feed_submission_list(call: Call) -> Response:
    named = named_ids(call, "FeedSubmissionIdList")
    filters, size = _filters(call), page_size(call, named)
    return await _page(call, _Place(Filters(KNOWN, ids=named) if named else filters, size))


async def get_feed_submission_list_by_next_token(call: Call) -> Response:
    return await _page(call, opened(call, _Place))


async def get_feed_submission_count(call: Call) -> Response:
    return counted(call, await call.services.submissions.count(call.seller_id, _filters(call)))


async def _page(call: Call, place: _Place) -> Response:
    page = await call.services.submissions.newest(call.seller_id, place.filters, place.bookmark, place.size)
    following = None if page.bookmark is None else _Place(place.filters, place.size, page.bookmark)
    return paged(call, page.submissions, _add, following)


def _filters(call: Call) -> Filters:
    parameters = call.parameters
    return Filters(
        _types(call),
        (),
        statuses(call, "FeedProcessingStatusList", STATUSES),
        parameters.instant("SubmittedFromDate"),
        parameters.instant("SubmittedToDate"),
    )


def _types(call: Call) -> Sequence[str]:
    given = call.parameters.listed("FeedTypeList", "Type")
    found = [kind.name for name, kind in TYPES.items() if name in given]
    return found or ([lists.NONE] if given else KNOWN)


async def cancel_feed_submissions(call: Call) -> Response:
    submissions, named = call.services.submissions, named_ids(call, "FeedSubmissionIdList")
    if named:
        those = Filters(KNOWN, ids=named, since=_LONG_AGO)
        known = {
            one.submission_id for one in (await submissions.newest(call.seller_id, those, None, IDS_MAX)).submissions
        }
        for unknown in (one for one in named if one not in known):
            raise Refused("InvalidFeedSubmissionId", of=unknown[:_SHOWN])
    else:
        asked = _filters(call)
        those = replace(asked, statuses=waiting(asked.statuses), since=asked.since or _LONG_AGO)
    cancelled, found = await submissions.cancel_all(call.seller_id, those, TOLD_MAX)
    return told(call, len(named) or cancelled, found, _add)


# Results


async def get_feed_submission_result(call: Call) -> Response:
    documents, found = call.services.documents, await _found(call, required(call, "FeedSubmissionId"))
    if found.status in (IN_QUEUE, IN_PROGRESS):
        raise Refused("FeedProcessingResultNotReady", of=found.submission_id)
    if found.status == CANCELLED:
        raise Refused("FeedCanceled")
    if found.result_id is None or not await call.services.submissions.count(
        call.seller_id, Filters(ids=[found.submission_id])
    ):
        raise Refused("FeedProcessingResultNoLongerAvailable")
    document = await documents.find(call.seller_id, found.result_id)
    contents = call.services.reports.contents
    return await file(call, document.content_type, lambda: contents(document), "FeedProcessingResultNoLongerAvailable")


async def _found(call: Call, submission_id: str) -> Submission:
    named = submission_id[:_SHOWN]
    if not (submission_id.isascii() and submission_id.isdigit()):
        raise Refused("InvalidRequest", f"{named} failed a validation check: {named} is not a valid identifer.")
    try:
        found = await call.services.submissions.find(call.seller_id, submission_id)
    except NotFound:
        raise Refused("InvalidFeedSubmissionId", of=named) from None
    if found.feed_type not in KNOWN:
        raise Refused("InvalidFeedSubmissionId", of=named)
    return found


def _add(parent: xml.Element, found: Submission) -> None:
    element = xml.add(parent, "FeedSubmissionInfo")
    xml.add(element, "FeedSubmissionId", found.submission_id)
    xml.add(element, "FeedType", f"_{found.feed_type}_")
    xml.add(element, "SubmittedDate", written(found.created_at))
    xml.add(element, "FeedProcessingStatus", _CALLED[found.status])
    if found.started_at is not None:
        xml.add(element, "StartedProcessingDate", written(found.started_at))
        if found.finished_at is not None:
            xml.add(element, "CompletedProcessingDate", written(found.finished_at))


# Usage plans: MWS reference §4.
_SUBMIT: Final = Quota(rate=1 / 120, burst=15)
_MANY: Final = Quota(rate=1 / 45, burst=10)
_NEXT: Final = Quota(rate=1 / 2, burst=30)
_RESULT: Final = Quota(rate=1 / 60, burst=15)

OPERATIONS: Final = (
    MwsOperation(FEEDS, "SubmitFeed", submit_feed, _SUBMIT, hourly=30, streams=True),
    MwsOperation(FEEDS, "GetFeedSubmissionList", get_feed_submission_list, _MANY, hourly=80),
    MwsOperation(FEEDS, "GetFeedSubmissionListByNextToken", get_feed_submission_list_by_next_token, _NEXT, hourly=1800),
    MwsOperation(FEEDS, "GetFeedSubmissionCount", get_feed_submission_count, _MANY, hourly=80),
    MwsOperation(FEEDS, "CancelFeedSubmissions", cancel_feed_submissions, _MANY, hourly=80),
    MwsOperation(FEEDS, "GetFeedSubmissionResult", get_feed_submission_result, _RESULT, hourly=60),
)
