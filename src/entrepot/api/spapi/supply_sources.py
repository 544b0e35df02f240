"""Supply Sources 2020-07-01: the places from which a seller ships.

Source: the model, its examples, and the multi-location guide. Refusals are 400 InvalidInput with a number in details:

| details | message | when | source |
|---|---|---|---|
| 1004 | Supply Source with given Code already exists | create: the code is taken, by an archived source too | model |
| 1005 | Supply Source has been archived and cannot be modified. | update, status, archive of an archived one | model |
| 1012 | Invalid or malformed address Id. | update: returnLocation names no source of his | model, the place ours |
| "" | Invalid Input | a supplySourceId that is no source of this seller | the model's example of getSupplySource |
| what is wrong | Invalid Input | anything else that is missing, malformed or too long | ours |

What no document says: the list leaves archived sources out (it has no status), getSupplySource shows them; a
nextPageToken may be sent alone and lives an hour; pageSize is 1 to 100; there is no published usage plan, so it is one
a second as client libraries assume, with a burst of five.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation, Quota
from entrepot.api.spapi.decoding import body, origin, shown, success, whole
from entrepot.api.spapi.messages import Spelling, Unparsable, spelled
from entrepot.api.spapi.room import Call
from entrepot.domain.commands import Command, CreateSource, SourceStatus, UpdateSource
from entrepot.domain.errors import AlreadyExists, Archived, Invalid, NotAllowed, NotFound
from entrepot.domain.papers import Source
from entrepot.services.locations import Bookmark

PAGE_SIZE: Final = 10
PAGE_SIZE_MAX: Final = 100
TOKEN_SECONDS: Final = 3600.0


class UnknownAddress(Invalid):
    """A reference to a source whose address is meant, but there is none."""


ERRORS: Final = {
    AlreadyExists: Spelling(400, "InvalidInput", "Supply Source with given Code already exists", "1004"),
    Archived: Spelling(400, "InvalidInput", "Supply Source has been archived and cannot be modified.", "1005"),
    UnknownAddress: Spelling(400, "InvalidInput", "Invalid or malformed address Id.", "1012"),
    NotFound: Spelling(400, "InvalidInput", "Invalid Input", ""),
    Unparsable: Spelling(400, "InvalidInput", "Invalid Input"),
    Invalid: Spelling(400, "InvalidInput", "Invalid Input"),
    NotAllowed: Spelling(400, "InvalidInput", "Invalid Input"),
}


class ListedSource(msgspec.Struct):
    alias: str
    supplySourceId: str
    supplySourceCode: str
    address: dict[str, Any]


class SourceList(msgspec.Struct, omit_defaults=True):
    supplySources: list[ListedSource]
    nextPageToken: str | None = None


class SupplySource(msgspec.Struct):
    supplySourceId: str
    supplySourceCode: str
    alias: str
    status: str
    address: dict[str, Any]
    configuration: dict[str, Any]
    capabilities: dict[str, Any]
    createdAt: datetime
    updatedAt: datetime


class Created(msgspec.Struct):
    supplySourceId: str
    supplySourceCode: str


class CreateSupplySourceRequest(msgspec.Struct):
    supplySourceCode: str
    alias: str
    address: dict[str, Any]


class UpdateSupplySourceRequest(msgspec.Struct):
    alias: str | None = None
    configuration: dict[str, Any] | None = None
    capabilities: dict[str, Any] | None = None


class UpdateSupplySourceStatusRequest(msgspec.Struct):
    status: Literal["Active", "Inactive"]


class _Place(msgspec.Struct, array_like=True):
    """What a nextPageToken carries."""

    size: int
    after: Bookmark


@spelled(ERRORS)
async def get_supply_sources(call: Call) -> Response:
    await _admit(call)
    services, purpose = call.services, f"getSupplySources {call.seller_id}"
    if token := call.request.one("nextPageToken"):
        place = services.pager.open(purpose, token, _Place, TOKEN_SECONDS)
        size, after = place.size, place.after
    else:
        size, after = whole(call.request, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX, number=True), None
    page = await services.locations.page(call.seller_id, size, after)
    listed = [ListedSource(one.alias, one.source_id, one.code, one.address) for one in page.sources]
    following = services.pager.seal(purpose, _Place(size, page.bookmark)) if page.bookmark else None
    return success(call, SourceList(listed, following))


@spelled(ERRORS)
async def create_supply_source(call: Call) -> Response:
    await _admit(call)
    asked = body(call.request, CreateSupplySourceRequest)
    outcome = await call.services.ledger.perform(
        call.seller_id, CreateSource(asked.supplySourceCode, asked.alias, asked.address), origin(call)
    )
    return success(call, Created(str(outcome.answer["source"]), str(outcome.answer["code"])))


@spelled(ERRORS)
async def get_supply_source(call: Call) -> Response:
    await _admit(call)
    found = await _named(call)
    return success(
        call,
        SupplySource(
            found.source_id,
            found.code,
            found.alias,
            found.status,
            found.address,
            found.configuration,
            found.capabilities,
            found.created_at,
            found.updated_at,
        ),
    )


@spelled(ERRORS)
async def update_supply_source(call: Call) -> Response:
    await _admit(call)
    asked = body(call.request, UpdateSupplySourceRequest) if call.request.body else UpdateSupplySourceRequest()
    await _check_return_location(call, asked.capabilities)
    source = await _named(call)
    return await _change(call, UpdateSource(source.source_id, asked.alias, asked.configuration, asked.capabilities))


@spelled(ERRORS)
async def update_supply_source_status(call: Call) -> Response:
    await _admit(call)
    asked = body(call.request, UpdateSupplySourceStatusRequest)
    source = await _named(call)
    return await _change(call, SourceStatus(source.source_id, asked.status))


@spelled(ERRORS)
async def archive_supply_source(call: Call) -> Response:
    await _admit(call)
    source = await _named(call)
    return await _change(call, SourceStatus(source.source_id, "Archived"))


async def _admit(call: Call) -> None:
    if call.strict:
        await call.services.locations.admit(call.seller_id)


async def _named(call: Call) -> Source:
    return await call.services.locations.one(call.seller_id, call.parameters["supplySourceId"])


async def _change(call: Call, command: Command) -> Response:
    await call.services.ledger.perform(call.seller_id, command, origin(call))
    return success(call, None, 204)


async def _check_return_location(call: Call, capabilities: dict[str, Any] | None) -> None:
    """The source named to return goods to must be there; sources never vanish, so it needs no lock to look."""
    found: Any = capabilities
    for member in ("outbound", "returnLocation", "supplySourceId"):
        found = found.get(member) if isinstance(found, dict) else None
    if not isinstance(found, str):
        return  # there is none, or what is wrong with it is said with the rest
    try:
        await call.services.locations.one(call.seller_id, found)
    except NotFound:
        raise UnknownAddress("returnLocation", f"'{shown(found)}' is not a supply source") from None


_QUOTA: Final = Quota(rate=1, burst=5)
_ROLES: Final = frozenset({"Selling Partner Insights"})
_ALL: Final = "/supplySources/2020-07-01/supplySources"
_ONE: Final = f"{_ALL}/{{supplySourceId}}"
_STATUS: Final = f"{_ONE}/status"

OPERATIONS: Final = (
    Operation("getSupplySources", "GET", _ALL, get_supply_sources, _QUOTA, _ROLES),
    Operation("createSupplySource", "POST", _ALL, create_supply_source, _QUOTA, _ROLES),
    Operation("getSupplySource", "GET", _ONE, get_supply_source, _QUOTA, _ROLES),
    Operation("updateSupplySource", "PUT", _ONE, update_supply_source, _QUOTA, _ROLES),
    Operation("updateSupplySourceStatus", "PUT", _STATUS, update_supply_source_status, _QUOTA, _ROLES),
    Operation("archiveSupplySource", "DELETE", _ONE, archive_supply_source, _QUOTA, _ROLES),
)
