"""A seller's program that speaks SP-API in plain HTTP, so that every byte of a request is the test's own."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from tests.running import RunningServer

START = datetime(2026, 3, 31, 12, tzinfo=UTC)
US, CA, DE = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9"
SUMMARIES = "/fba/inventory/v1/summaries"
ITEMS = "/fba/inventory/v1/items"
INVENTORY = f"{ITEMS}/inventory"

INVALID = "Invalid request, please check your input."
UNPARSABLE = "Request has missing or invalid parameters and cannot be parsed."
DENIED = "Access to requested resource is denied."
NOT_FOUND = "The requested resource doesn't exist."
REGION = "The marketplaces you provided are not valid for region."
STALE = {"errors": [{"code": "InvalidInput", "message": "Next token is invalid or expired", "details": ""}]}


def errors(code: str, message: str, details: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"errors": [{"code": code, "message": message, "details": details}]}


def denied(details: str) -> dict[str, Any]:
    return errors("Unauthorized", DENIED, details)


def refused(details: str) -> tuple[int, dict[str, Any]]:
    """The outcome of a request that is not understood or not possible."""
    return 400, errors("InvalidInput", INVALID, details)


def unknown(sku: str) -> tuple[int, dict[str, Any]]:
    """The outcome of a request about a SKU that is not there."""
    return 404, errors("NotFound", NOT_FOUND, f"SKU '{sku}' does not exist")


def outcome(response: httpx.Response) -> tuple[int, Any]:
    """Status and body, to be compared with one of the above."""
    return response.status_code, response.json()


class Program:
    """`call` sends a request exactly as told; the other methods are the four operations and the usual questions."""

    def __init__(self, server: RunningServer, credentials: dict[str, Any]) -> None:
        self.server = server
        self.credentials = credentials
        self.seller_id: str = credentials["seller_id"]
        self.token = server.access_token(credentials)
        self.http = httpx.Client(base_url=server.url, trust_env=False, verify=False, timeout=30)
        self._numbers = itertools.count(1)

    def call(
        self, method: str, target: str, *, headers: dict[str, str | None] | None = None, **body: Any
    ) -> httpx.Response:
        """Send a request to a target already encoded; a header of None is left out. `body` as httpx takes it."""
        wanted = {"x-amz-access-token": self.token, **(headers or {})}
        given = [(name.encode(), value.encode("latin-1")) for name, value in wanted.items() if value is not None]
        return self.http.request(method, "/", headers=given, extensions={"target": target.encode("ascii")}, **body)

    def new_sku(self) -> str:
        return f"SKU-{next(self._numbers)}"

    # The operations

    def summaries(self, marketplace: str = US, **query: object) -> httpx.Response:
        """getInventorySummaries with its required parameters, each changed, or left out when None."""
        return self.call("GET", summaries_target(marketplace, **query))

    def create(self, sku: str, marketplace: str = US, title: str = "A kettle") -> httpx.Response:
        return self.call("POST", ITEMS, json={"sellerSku": sku, "marketplaceId": marketplace, "productName": title})

    def add(self, *lines: tuple[str, object], marketplace: str = US, token: str | None = None) -> httpx.Response:
        """addInventory of (SKU, quantity) lines, with a fresh token unless one is given."""
        items = [{"sellerSku": sku, "marketplaceId": marketplace, "quantity": units} for sku, units in lines]
        headers: dict[str, str | None] = {"x-amzn-idempotency-token": token or secrets.token_hex(8)}
        return self.call("POST", INVENTORY, json={"inventoryItems": items}, headers=headers)

    def delete(self, sku: str, marketplace: str = US) -> httpx.Response:
        return self.call("DELETE", f"{ITEMS}/{quote(sku, safe='')}?marketplaceId={marketplace}")

    # What tests usually want

    def stocked(self, units: int = 0, marketplace: str = US, sku: str | None = None) -> str:
        """A SKU that is offered there, with free stock."""
        sku = sku or self.new_sku()
        assert self.create(sku, marketplace).status_code == 200
        if units:
            assert self.add((sku, units), marketplace=marketplace).status_code == 200
        return sku

    def world(self, verb: str, **arguments: Any) -> Any:
        """A verb of the world, in this seller's."""
        return self.server.world(verb, seller=self.seller_id, **arguments)

    def listed(self, marketplace: str = US, **query: object) -> list[str]:
        """The SKUs of one page."""
        return skus_of(self.summaries(marketplace, **query))

    def summary(self, sku: str, marketplace: str = US) -> dict[str, Any]:
        """The one summary of a SKU, with details."""
        [found] = self.summaries(marketplace, sellerSku=sku, details="true").json()["payload"]["inventorySummaries"]
        summary: dict[str, Any] = found
        return summary

    def total(self, sku: str, marketplace: str = US) -> int:
        return int(self.summary(sku, marketplace)["totalQuantity"])


def summaries_target(marketplace: str = US, **query: object) -> str:
    """The path and query of getInventorySummaries; a parameter of None is left out, one of a list is repeated."""
    defaults = {"granularityType": "Marketplace", "granularityId": marketplace, "marketplaceIds": marketplace}
    given = {name: value for name, value in {**defaults, **query}.items() if value is not None}
    return f"{SUMMARIES}?{urlencode(given, doseq=True, quote_via=quote, safe='')}"


def skus_of(response: httpx.Response) -> list[str]:
    return [summary["sellerSku"] for summary in response.json()["payload"]["inventorySummaries"]]


def next_token(response: httpx.Response) -> str:
    token: str = response.json()["pagination"]["nextToken"]
    return token


def at_once(requests: int, call: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to so many requests that run beside one another."""
    with ThreadPoolExecutor(requests) as threads:
        return [future.result() for future in [threads.submit(call) for _ in range(requests)]]


def new_program(server: RunningServer, **seller: Any) -> Program:
    """The program of a seller nobody knows yet."""
    return Program(server, server.add_seller(f"seller-{secrets.token_hex(6)}", **seller))


NewSeller = Callable[..., Program]
