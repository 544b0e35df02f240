"""Tokens 2021-03-01: restricted data tokens, for the resources that their caller names.

Sources: the SP-API reference §1.6, and Amazon's Tokens API Use Case Guide. Nothing here holds data of buyers, so no
operation asks for such a token; it is there for the programs that fetch one by themselves. Hence the paths need not be
of operations that are here, a generic path is good for any of them, `dataElements` select nothing, and
`targetApplication` is not looked up: the token is the caller's, whoever sends it.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation, Quota
from entrepot.api.spapi.decoding import body, shown, success
from entrepot.api.spapi.messages import Spelling, spelled
from entrepot.api.spapi.room import Call
from entrepot.domain.errors import Invalid, Problem
from entrepot.services.access_tokens import ACCESS_TOKEN_SECONDS, RESOURCES_MAX, SEGMENTS_MAX, Resource

METHODS: Final = ("GET", "PUT", "POST", "DELETE")

# As the model's own example has it.
ERRORS: Final[dict[type[Problem], Spelling]] = {
    Invalid: Spelling(400, "InvalidRequest", "Request is missing or has invalid parameters"),
}


class RestrictedResource(msgspec.Struct):
    method: str = ""
    path: str = ""
    dataElements: list[str] | None = None


class CreateRestrictedDataTokenRequest(msgspec.Struct):
    restrictedResources: list[RestrictedResource] | None = None
    targetApplication: str | None = None


@spelled(ERRORS)
async def create_restricted_data_token(call: Call) -> Response:
    asked = body(call.request, CreateRestrictedDataTokenRequest).restrictedResources or []
    if not asked:
        raise Invalid("restrictedResources", "Resource not provided.")
    if len(asked) > RESOURCES_MAX:
        raise Invalid("restrictedResources", f"restrictedResources takes 1 to {RESOURCES_MAX} resources")
    resources = [_resource(one) for one in asked]
    made = call.services.access.restricted_token(call.request.headers["x-amz-access-token"], resources)
    return success(call, {"restrictedDataToken": made, "expiresIn": ACCESS_TOKEN_SECONDS})


def _resource(asked: RestrictedResource) -> Resource:
    if not asked.method or not asked.path:
        raise Invalid("restrictedResources", "Resource not provided.")
    if asked.method not in METHODS:
        raise Invalid("method", f"a resource's method is one of {', '.join(METHODS)}, not '{shown(asked.method)}'")
    before, *segments = asked.path.split("/")
    if before or len(segments) > SEGMENTS_MAX:
        raise Invalid("path", f"a resource's path begins with / and has at most {SEGMENTS_MAX} segments")
    if "?" in asked.path:
        raise Invalid("path", "a resource's path has no query")
    try:
        return Resource(asked.method, tuple(_segment(segment) for segment in segments))
    except UnicodeDecodeError:
        raise Invalid("path", "a resource's path is UTF-8") from None


def _segment(raw: str) -> str | None:
    """Decoded; None for any, as `{orderId}` is: a SKU in braces comes percent-encoded."""
    return None if raw.startswith("{") and raw.endswith("}") else unquote(raw, errors="strict")


_QUOTA: Final = Quota(rate=1, burst=10)
# fmt: off
_ROLES: Final = frozenset({  # "Roles for the Tokens API v2021-03-01"
    "Amazon Fulfillment", "Buyer Communication", "Buyer Solicitation", "Direct-to-Consumer Shipping",
    "Finance and Accounting", "Inventory and Order Tracking", "Pricing", "Product Listing", "Professional Services",
    "Selling Partner Insights", "Tax Invoicing", "Tax Remittance",
})
# fmt: on
_PATH: Final = "/tokens/2021-03-01/restrictedDataToken"

OPERATIONS: Final = (
    Operation("createRestrictedDataToken", "POST", _PATH, create_restricted_data_token, _QUOTA, _ROLES),
)
