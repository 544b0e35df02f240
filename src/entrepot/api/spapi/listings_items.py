"""Listings Items 2021-08-01: getListingsItem, searchListingsItems, and the submissions PUT, PATCH and DELETE.

Source: the model; SP-API reference §2.1, §2.4 and §4; what real clients send (rules 8, 9, 19, 20, 23, 29, 30). What is
wrong with the content of a submission is an issue in a 200 answer; these are the refusals, and what no document says:

| case | answer | source |
|---|---|---|
| a body or a parameter that cannot be read | 400 InvalidInput | seen in production; details ours |
| no marketplaceIds (a misspelt name is not read) | 400 | clients' rule 9 |
| several marketplaceIds for PUT or DELETE | 400 | model |
| `patches` an object, no productType | accepted with a warning issue | the guide's examples |
| the same, strict fidelity | 400 | seen in production |
| identifiers asked for outside of a preview | 400 | model |
| sellerId of another seller | 403 | ours |
| a marketplace where the seller does not sell | 403 | seen in the sandbox |
| a SKU that is not listed there; PATCH creates it | 404 NOT_FOUND | seen in production; for DELETE ours |
| a SKU deleted within 24 hours of world time | GET: 200, no summaries, issue 13013 | seen in production |
| quantities of a location, strict fidelity | 403 outside of the multi-location programme | the guide |
| withStatus, withIssueSeverity with several values | any of them, in any of the marketplaces | ours |
| pageToken | may be sent alone, lives an hour; it holds the whole query | ours |
| numberOfResults of a search by status or issues | what was found up to the bound of the search | ours |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation, Quota
from entrepot.api.spapi.decoding import (
    array,
    body,
    checked_marketplace,
    instant,
    origin,
    shown,
    success,
    whole,
    word,
    words,
)
from entrepot.api.spapi.messages import UNPARSABLE, Spelling, Unparsable, spelled
from entrepot.api.spapi.room import Call
from entrepot.domain.commands import DeleteListing, Patch, PatchListing, PutListing
from entrepot.domain.errors import Denied, Invalid, NotFound
from entrepot.domain.mfn.issues import Issue as Finding
from entrepot.domain.mfn.issues import locale_of, warning
from entrepot.services.listing_items import INCLUDED_DATA, Issue, Item, issues_shown, item_shown
from entrepot.services.listings import Bookmark, IdentifiersType, Receipt, Sought, Submission

TOKEN_SECONDS: Final = 3600.0
PAGE_SIZE: Final = 10
PAGE_SIZE_MAX: Final = 20
IDENTIFIERS_MAX: Final = 20

# The item, as the model has it


class Pagination(msgspec.Struct, omit_defaults=True):
    nextToken: str | None = None
    previousToken: str | None = None


class SearchResults(msgspec.Struct, omit_defaults=True):
    numberOfResults: int
    items: list[Item]
    pagination: Pagination | None = None


class Identifiers(msgspec.Struct):
    marketplaceId: str
    asin: str


class SubmissionAnswer(msgspec.Struct, omit_defaults=True):
    sku: str
    status: Literal["ACCEPTED", "INVALID", "VALID"]
    submissionId: str
    identifiers: list[Identifiers] | None = None
    issues: list[Issue] | None = None


class NotListed(NotFound):
    """No listing of that SKU in these marketplaces; the sentence is the one seen in production."""

    def __init__(self, sku: str, marketplaces: Sequence[str]) -> None:
        super().__init__("SKU", sku)
        self.message = f"SKU '{shown(sku)}' not found in marketplace {','.join(marketplaces)}"


ERRORS: Final = {
    NotListed: Spelling(404, "NOT_FOUND", None, ""),
    Invalid: UNPARSABLE,
}

# What every operation reads


def _owner(call: Call) -> str:
    """The seller of the path, who must be the caller's."""
    if call.parameters["sellerId"] != call.seller_id:
        raise Denied("another_seller")
    return call.seller_id


def _marketplaces(call: Call, given: Sequence[str], most: int | None = None) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(given))
    if not found:
        raise Invalid("marketplaceIds", "marketplaceIds is required")
    if most is not None and len(found) > most:
        raise Invalid("marketplaceIds", f"marketplaceIds takes {most} marketplace, not {len(found)}")
    return tuple(checked_marketplace(call, one) for one in found)


def _locale(call: Call, marketplaces: Sequence[str]) -> str:
    return locale_of(call.request.one("issueLocale"), marketplaces[0])


# getListingsItem and searchListingsItems


@spelled(ERRORS)
async def get_listings_item(call: Call) -> Response:
    seller_id, sku, request = _owner(call), call.parameters["sku"], call.request
    marketplaces = _marketplaces(call, array(request, "marketplaceIds"))
    included = words(request, "includedData", INCLUDED_DATA, ("summaries",))
    view = await call.services.listings.get(seller_id, sku, marketplaces)
    if view is None:
        raise NotListed(sku, marketplaces)
    return success(call, item_shown(view, included, _locale(call, marketplaces)))


class _Place(msgspec.Struct, array_like=True):
    """What a pageToken carries: the whole query, and where it was left."""

    sought: Sought
    included: list[str]
    locale: str
    bookmark: Bookmark


@spelled(ERRORS)
async def search_listings_items(call: Call) -> Response:
    seller_id, services = _owner(call), call.services
    purpose = f"searchListingsItems {seller_id}"
    bookmark = None
    if token := call.request.one("pageToken"):
        place = services.pager.open(purpose, token, _Place, TOKEN_SECONDS)
        sought, included, locale, bookmark = place.sought, place.included, place.locale, place.bookmark
        _marketplaces(call, sought.marketplaces)
    else:
        sought = _sought(call)
        included = words(call.request, "includedData", INCLUDED_DATA, ("summaries",))
        locale = _locale(call, sought.marketplaces)
    found = await services.listings.search(seller_id, sought, bookmark)

    def sealed(neighbour: Bookmark | None) -> str | None:
        return services.pager.seal(purpose, _Place(sought, included, locale, neighbour)) if neighbour else None

    pagination = Pagination(sealed(found.following), sealed(found.previous))
    items = [item_shown(view, included, locale) for view in found.views]
    return success(call, SearchResults(found.total, items, pagination if pagination != Pagination() else None))


SEVERITIES: Final = ("WARNING", "ERROR")
STATUSES: Final = ("BUYABLE", "DISCOVERABLE")
IDENTIFIERS_TYPES: Final = get_args(IdentifiersType)
SORT_BY: Final[tuple[Literal["sku", "createdDate", "lastUpdatedDate"], ...]] = ("sku", "createdDate", "lastUpdatedDate")


def _sought(call: Call) -> Sought:
    request = call.request
    identifiers = array(request, "identifiers")
    kind = word(request, "identifiersType", IDENTIFIERS_TYPES)
    if bool(identifiers) != bool(kind):
        raise Invalid("identifiers", "identifiers and identifiersType are required together")
    if len(identifiers) > IDENTIFIERS_MAX:
        raise Invalid("identifiers", f"identifiers takes at most {IDENTIFIERS_MAX}, not {len(identifiers)}")
    parent, package = request.one("variationParentSku") or None, request.one("packageHierarchySku") or None
    if sum(map(bool, (identifiers, parent, package))) > 1:
        raise Invalid("identifiers", "identifiers, variationParentSku and packageHierarchySku exclude one another")
    return Sought(
        marketplaces=_marketplaces(call, array(request, "marketplaceIds")),
        identifiers=tuple(identifiers),
        identifiers_type=kind,
        variation_parent=parent,
        package_hierarchy=package,
        created_after=instant(request, "createdAfter"),
        created_before=instant(request, "createdBefore"),
        updated_after=instant(request, "lastUpdatedAfter"),
        updated_before=instant(request, "lastUpdatedBefore"),
        severities=tuple(words(request, "withIssueSeverity", SEVERITIES)),
        with_status=tuple(words(request, "withStatus", STATUSES)),
        without_status=tuple(words(request, "withoutStatus", STATUSES)),
        sort_by=word(request, "sortBy", SORT_BY) or "lastUpdatedDate",
        descending=word(request, "sortOrder", ("ASC", "DESC")) != "ASC",
        size=whole(request, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX),
    )


# The submissions


class PatchOperation(msgspec.Struct):
    op: str
    path: str
    value: list[Any] | None = None


class PatchRequest(msgspec.Struct):
    patches: list[PatchOperation] | PatchOperation
    productType: str | None = None


class PutRequest(msgspec.Struct):
    attributes: dict[str, Any]
    productType: str | None = None
    requirements: Literal["LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"] = "LISTING"
    marketplaceIds: list[str] | str = ""  # where one client puts what belongs into the query


@dataclass(frozen=True)
class _Wish:
    """What the query says of how a submission is to be answered."""

    preview: bool
    included: Sequence[str]
    locale: str


def _wish(call: Call, marketplaces: Sequence[str]) -> _Wish:
    preview = word(call.request, "mode", ("VALIDATION_PREVIEW",)) is not None
    included = words(call.request, "includedData", ("identifiers", "issues"), ("issues",))
    if "identifiers" in included and not preview:
        raise Invalid("includedData", "includedData takes identifiers only when mode is VALIDATION_PREVIEW")
    return _Wish(preview, included, _locale(call, marketplaces))


def _product_type(call: Call, given: str | None) -> str:
    """Without one, an empty text: the domain forgives it with a warning; strict, the body is not its model."""
    if given is None and call.strict:
        raise Unparsable("productType", "productType is required")
    return given or ""


@spelled(ERRORS)
async def put_listings_item(call: Call) -> Response:
    _owner(call)
    asked = body(call.request, PutRequest)
    in_body = [asked.marketplaceIds] if isinstance(asked.marketplaceIds, str) else asked.marketplaceIds
    given = array(call.request, "marketplaceIds") or [one for part in in_body for one in part.split(",") if one]
    marketplaces = _marketplaces(call, given, most=1)
    submission = PutListing(
        call.parameters["sku"],
        _product_type(call, asked.productType),
        asked.attributes,
        marketplaces[0],
        asked.requirements,
        call.strict,
    )
    return await _submit(call, submission, _wish(call, marketplaces), marketplaces)


@spelled(ERRORS)
async def patch_listings_item(call: Call) -> Response:
    _owner(call)
    marketplaces = _marketplaces(call, array(call.request, "marketplaceIds"))
    asked = body(call.request, PatchRequest)
    forgiven: tuple[Finding, ...] = ()
    if isinstance(asked.patches, PatchOperation):
        if call.strict:
            raise Unparsable("patches", "patches must be an array")
        asked.patches, forgiven = [asked.patches], (warning("patches_as_object"),)
    if not asked.patches:
        raise Unparsable("patches", "patches must hold at least one operation")
    submission = PatchListing(
        call.parameters["sku"],
        tuple(Patch(one.op, one.path, one.value) for one in asked.patches),
        _product_type(call, asked.productType),
        marketplaces,
        call.strict,
    )
    return await _submit(call, submission, _wish(call, marketplaces), marketplaces, forgiven)


@spelled(ERRORS)
async def delete_listings_item(call: Call) -> Response:
    _owner(call)
    marketplaces = _marketplaces(call, array(call.request, "marketplaceIds"), most=1)
    submission = DeleteListing(call.parameters["sku"], marketplaces[0])
    wish = _Wish(False, ("issues",), _locale(call, marketplaces))
    return await _submit(call, submission, wish, marketplaces)


async def _submit(
    call: Call, submission: Submission, wish: _Wish, marketplaces: Sequence[str], forgiven: tuple[Finding, ...] = ()
) -> Response:
    listings = call.services.listings
    try:
        if wish.preview:
            receipt = await listings.preview(call.seller_id, submission)
        else:
            receipt = await listings.submit(call.seller_id, submission, origin(call))
    except NotFound:
        raise NotListed(submission.sku, marketplaces) from None
    return success(call, _answer(call, submission.sku, receipt, wish, marketplaces, forgiven))


def _answer(
    call: Call,
    sku: str,
    receipt: Receipt,
    wish: _Wish,
    marketplaces: Sequence[str],
    forgiven: tuple[Finding, ...],
) -> SubmissionAnswer:
    status: Literal["ACCEPTED", "INVALID", "VALID"] = "INVALID"
    if receipt.accepted:
        status = "VALID" if wish.preview else "ACCEPTED"
    answer = SubmissionAnswer(shown(sku), status, _submission_id(call, receipt, wish))
    if "identifiers" in wish.included:
        answer.identifiers = [Identifiers(one, receipt.asin) for one in marketplaces] if receipt.asin else []
    if "issues" in wish.included:
        answer.issues = issues_shown((*forgiven, *receipt.issues), wish.locale)
    return answer


def _submission_id(call: Call, receipt: Receipt, wish: _Wish) -> str:
    """That of the journal; what is not kept there is known by its request."""
    return receipt.submission if receipt.accepted and not wish.preview else call.request.request_id.replace("-", "")


# Usage plans of the model; those of an application, the reference §2.4 quoting Amazon's documentation, bursts ours.
_QUICK: Final = Quota(rate=5, burst=10)
_STEADY: Final = Quota(rate=5, burst=5)
_TOGETHER: Final = Quota(rate=100, burst=100)
_PATCHES: Final = Quota(rate=500, burst=500)
_ROLES: Final = frozenset({"Product Listing"})
_ALL: Final = "/listings/2021-08-01/items/{sellerId}"
_ONE: Final = f"{_ALL}/{{sku}}"
# One client sends its writes here.
_OLD: Final = ("/listings/2020-09-01/items/{sellerId}/{sku}",)

OPERATIONS: Final = (
    Operation("searchListingsItems", "GET", _ALL, search_listings_items, _STEADY, _ROLES, (), _TOGETHER),
    Operation("getListingsItem", "GET", _ONE, get_listings_item, _QUICK, _ROLES, (), _TOGETHER),
    Operation("putListingsItem", "PUT", _ONE, put_listings_item, _QUICK, _ROLES, _OLD, _TOGETHER),
    Operation("patchListingsItem", "PATCH", _ONE, patch_listings_item, _STEADY, _ROLES, _OLD, _PATCHES),
    Operation("deleteListingsItem", "DELETE", _ONE, delete_listings_item, _STEADY, _ROLES, _OLD, _TOGETHER),
)
