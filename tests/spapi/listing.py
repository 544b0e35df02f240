"""Calls of the Listings Items operations, each held against Amazon's model, and the bodies that tests send."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from tests.spapi.model import LISTINGS, assert_as_modelled
from tests.spapi.program import UNPARSABLE, US, Program, errors

DATA = "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,productTypes"
AVAILABILITY = "fulfillment_availability"


def target(program: Program, sku: str | None = None, version: str = "2021-08-01", **query: Any) -> str:
    """Path and query; a parameter of None is left out, marketplaceIds is the US unless named."""
    given = {name: value for name, value in {"marketplaceIds": US, **query}.items() if value is not None}
    path = f"/listings/{version}/items/{program.seller_id}" + (f"/{quote(sku, safe='')}" if sku is not None else "")
    return f"{path}?{urlencode(given, doseq=True, quote_via=quote, safe='')}"


def _call(program: Program, operation: str, method: str, where: str, **more: Any) -> httpx.Response:
    response = program.call(method, where, **more)
    assert_as_modelled(operation, response, LISTINGS)
    return response


def get(program: Program, sku: str, **query: Any) -> httpx.Response:
    return _call(program, "getListingsItem", "GET", target(program, sku, **query))


def item(program: Program, sku: str, **query: Any) -> dict[str, Any]:
    """Everything there is to read of a listing."""
    response = get(program, sku, **{"includedData": DATA, **query})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def search(program: Program, **query: Any) -> httpx.Response:
    return _call(program, "searchListingsItems", "GET", target(program, **query))


def put(program: Program, sku: str, body: object, **query: Any) -> httpx.Response:
    return _call(program, "putListingsItem", "PUT", target(program, sku, **query), json=body)


def patch(program: Program, sku: str, *patches: dict[str, Any], **query: Any) -> httpx.Response:
    body = {"productType": "PRODUCT", "patches": list(patches)}
    return _call(program, "patchListingsItem", "PATCH", target(program, sku, **query), json=body)


def patch_as(program: Program, sku: str, body: object, **query: Any) -> httpx.Response:
    """A PATCH with a body of the test's own."""
    return _call(program, "patchListingsItem", "PATCH", target(program, sku, **query), json=body)


def delete(program: Program, sku: str, **query: Any) -> httpx.Response:
    response = program.call("DELETE", target(program, sku, **query))
    # The model forgets that a SKU may be unknown here as well.
    operation = "getListingsItem" if response.status_code == 404 else "deleteListingsItem"
    assert_as_modelled(operation, response, LISTINGS)
    return response


def accepted(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["status"]) == (200, "ACCEPTED"), response.text
    return body


def price(amount: float, **more: object) -> dict[str, Any]:
    return {"our_price": [{"schedule": [{"value_with_tax": amount}]}], **more}


def attributes(quantity: int | None = 3, **more: Any) -> dict[str, Any]:
    """What makes a listing complete; an attribute of None is left out."""
    found = {
        "item_name": [{"value": "A kettle"}],
        "condition_type": [{"value": "new_new"}],
        "purchasable_offer": [price(10.5)],
        AVAILABILITY: None if quantity is None else [channel("DEFAULT", quantity)],
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def channel(code: str, quantity: int) -> dict[str, Any]:
    return {"fulfillment_channel_code": code, "quantity": quantity}


def quantities(*pairs: tuple[str, int], op: str = "replace") -> dict[str, Any]:
    """A patch of quantities by channel."""
    return {"op": op, "path": f"/attributes/{AVAILABILITY}", "value": [channel(code, units) for code, units in pairs]}


def listed(program: Program, quantity: int | None = 3, sku: str | None = None, **more: Any) -> str:
    """A SKU with a complete listing in the US."""
    sku = sku or program.new_sku()
    accepted(put(program, sku, {"productType": "KETTLE", "attributes": attributes(quantity, **more)}))
    return sku


def available(program: Program, sku: str) -> dict[str, int | None]:
    """Live quantities by channel."""
    found = item(program, sku, includedData="fulfillmentAvailability")["fulfillmentAvailability"]
    return {one["fulfillmentChannelCode"]: one.get("quantity") for one in found}


def location(program: Program, code: str | None = None, status: str = "Active") -> str:
    """The id of a new supply source."""
    address = {"name": "Shop - Red", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
    body = {"supplySourceCode": code or secrets.token_hex(4), "alias": "Shop - Red", "address": address}
    sources = "/supplySources/2020-07-01/supplySources"
    source: str = program.call("POST", sources, json=body).json()["supplySourceId"]
    assert program.call("PUT", f"{sources}/{source}/status", json={"status": status}).status_code == 204
    return source


def not_found(sku: str, marketplaces: str = US) -> tuple[int, dict[str, Any]]:
    """The outcome of a request about a SKU that is not listed there."""
    return 404, errors("NOT_FOUND", f"SKU '{sku}' not found in marketplace {marketplaces}", "")


def assert_refused(response: httpx.Response, named: str) -> None:
    """400 InvalidInput, and the details name what is wrong."""
    [error] = response.json()["errors"]
    assert (response.status_code, error["code"], error["message"]) == (400, "InvalidInput", UNPARSABLE)
    assert named in error["details"]
