"""Amazon's own Python SDK (amzn-sp-api), unmodified, against a server."""

# mypy: allow-untyped-calls
from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from spapi.api.fba_inventory_v1.fba_inventory_api import FbaInventoryApi
from spapi.models.fba_inventory_v1 import (  # type: ignore[attr-defined]
    AddInventoryRequest,
    CreateInventoryItemRequest,
    InventoryItem,
)

from spapi import ApiException, SPAPIClient, SPAPIConfig  # type: ignore[attr-defined]
from tests.clients.story import (
    ADDED,
    GERMANY,
    MANY,
    NOTHING,
    SKU,
    STEPS,
    US,
    WEIRD,
    WITH_COMMA,
    Numbers,
    Teller,
    numbers,
)
from tests.running import RunningServer


class Shop:
    """A seller's program as the SDK's manual would have it."""

    def __init__(self, server: RunningServer, **changed: str) -> None:
        self.server = server
        self.credentials = server.add_seller(f"official-{secrets.token_hex(6)}", marketplaces=["US", "CA"])
        config = SPAPIConfig(**{**self.credentials["spapi"], "region": "NA", **changed})
        self.client = SPAPIClient(config, endpoint=server.url, oauth_endpoint=f"{server.url}/auth/o2/token")
        self.connection: Any = self.client.api_client
        self.api = FbaInventoryApi(self.connection)

    def create(self, sku: str, marketplace: str = US) -> Any:
        body = CreateInventoryItemRequest(seller_sku=sku, marketplace_id=marketplace, product_name="A kettle")
        return self.api.create_inventory_item(body)

    def add(self, *lines: tuple[str, int], token: str | None = None) -> Any:
        items = [InventoryItem(seller_sku=sku, marketplace_id=US, quantity=units) for sku, units in lines]
        return self.api.add_inventory(token or secrets.token_hex(8), AddInventoryRequest(inventory_items=items))

    def delete(self, sku: str) -> Any:
        return self.api.delete_inventory_item(sku, US)

    def read(self, marketplace: str = US, **query: Any) -> Any:
        return self.api.get_inventory_summaries("Marketplace", marketplace, [marketplace], **query)

    def listed(self, **query: Any) -> list[str]:
        return [summary.seller_sku for summary in self.read(**query).payload.inventory_summaries]

    def numbers(self, sku: str) -> Numbers:
        [summary] = self.read(details=True, seller_sku=sku).payload.inventory_summaries
        return numbers(self.connection.sanitize_for_serialization(summary))

    def close(self) -> None:
        self.connection.rest_client.pool_manager.clear()


@pytest.fixture
def shop(server: RunningServer) -> Iterator[Shop]:
    made = Shop(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def old_shop(server: RunningServer) -> Iterator[Shop]:
    """One for many tests, which may leave something behind."""
    made = Shop(server)
    yield made
    made.close()


def test_the_story_of_a_kettle(shop: Shop) -> None:
    teller = Teller(shop.server, shop.credentials["seller_id"])

    shop.create(SKU)
    assert shop.numbers(SKU) == NOTHING

    for _ in range(2):  # the second is a replay
        shop.add((SKU, ADDED), token="first delivery")
        assert shop.numbers(SKU) == {**NOTHING, "totalQuantity": ADDED, "fulfillableQuantity": ADDED}

    for step in STEPS:
        teller.tell(step)
        assert shop.numbers(SKU) == {**NOTHING, **step.after}, step.verb

    shop.delete(SKU)
    assert shop.listed() == []


def test_a_summary_is_read_into_the_sdks_own_types(old_shop: Shop) -> None:
    old_shop.create("READ")
    old_shop.add(("READ", 5))

    response = old_shop.read(details=True, seller_sku="READ")

    [summary] = response.payload.inventory_summaries
    assert response.payload.granularity.granularity_id == US
    assert response.pagination is None
    assert (summary.seller_sku, summary.product_name, summary.condition) == ("READ", "A kettle", "NewItem")
    assert datetime.fromisoformat(str(summary.last_updated_time)).tzinfo is not None  # a text without python-dateutil
    assert summary.inventory_details.fulfillable_quantity == 5
    names = [entry.name for entry in summary.inventory_details.researching_quantity.researching_quantity_breakdown]
    assert names == [f"researchingQuantityIn{term}Term" for term in ("Short", "Mid", "Long")]


def test_details_are_given_only_on_request(old_shop: Shop) -> None:
    old_shop.create("DETAILED")

    asked = [
        old_shop.read(details=details, seller_sku="DETAILED").payload.inventory_summaries[0]
        for details in (True, False)
    ]

    assert [summary.inventory_details is None for summary in asked] == [False, True]


def test_many_skus_are_paged_through_in_their_order(shop: Shop) -> None:
    for sku in reversed(MANY):
        shop.create(sku)
    shop.add(*((sku, number + 1) for number, sku in enumerate(MANY)))

    pages: list[Any] = []
    token = None
    while not pages or token:
        response = shop.read(details=True, **({"next_token": token} if token else {}))
        pages.append(response.payload.inventory_summaries)
        token = response.pagination.next_token if response.pagination else None

    listed = [summary for page in pages for summary in page]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [summary.seller_sku for summary in listed] == MANY
    assert [summary.inventory_details.fulfillable_quantity for summary in listed] == list(range(1, 121))


@pytest.mark.parametrize("sku", WEIRD)
def test_a_weird_sku_is_created_stocked_read_and_deleted(old_shop: Shop, sku: str) -> None:
    old_shop.create(sku)
    old_shop.add((sku, 3))
    by_one, by_many = old_shop.listed(seller_sku=sku), old_shop.listed(seller_skus=[sku, "NONE"])
    total = old_shop.numbers(sku)["totalQuantity"]
    old_shop.delete(sku)

    assert (by_one, by_many, total) == ([sku], [sku], 3)
    assert old_shop.listed(seller_sku=sku) == []


def test_a_sku_with_a_comma_is_named_by_seller_sku_only(old_shop: Shop) -> None:
    old_shop.create(WITH_COMMA)

    assert old_shop.listed(seller_sku=WITH_COMMA) == [WITH_COMMA]
    assert old_shop.listed(seller_skus=[WITH_COMMA]) == []
    old_shop.delete(WITH_COMMA)


def test_changes_since_a_moment_are_listed(shop: Shop) -> None:
    shop.create("OLD")
    shop.server.world("advance", seller=shop.credentials["seller_id"], duration="2h")
    shop.create("NEW")
    [new] = shop.read(seller_sku="NEW").payload.inventory_summaries

    listed = shop.listed(start_date_time=new.last_updated_time)

    assert listed == ["NEW"]


# What makes the server refuse; then status, code, and words of the details.
REFUSALS: dict[str, tuple[Callable[[Shop], Any], int, str, str]] = {
    "adding to nothing": (lambda shop: shop.add(("NONE", 1)), 404, "NotFound", "SKU 'NONE' does not exist"),
    "deleting nothing": (lambda shop: shop.delete("NONE"), 404, "NotFound", "SKU 'NONE' does not exist"),
    "too long a SKU": (lambda shop: shop.create("x" * 41), 400, "InvalidInput", "1 to 40 characters"),
    "adding none": (lambda shop: shop.add(("NONE", 0)), 400, "InvalidInput", "Expected `int` >= 1"),
    "a stale token": (lambda shop: shop.read(next_token="x"), 400, "InvalidInput", "Next token is invalid or expired"),
    "creating abroad": (lambda shop: shop.create("X", GERMANY), 403, "Unauthorized", "not valid for region"),
    "reading abroad": (lambda shop: shop.read(GERMANY), 403, "Unauthorized", "not valid for region"),
}


@pytest.mark.parametrize(("call", "status", "code", "details"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_the_sdks_own_exception(
    old_shop: Shop, call: Callable[[Shop], Any], status: int, code: str, details: str
) -> None:
    with pytest.raises(ApiException) as refusal:
        call(old_shop)

    assert refusal.value.status == status
    assert f'"code":"{code}"' in refusal.value.body
    assert details in refusal.value.body
    assert refusal.value.headers["x-amzn-RequestId"]


def test_a_revoked_token_is_the_sdks_own_exception(shop: Shop) -> None:
    both = {"seller": shop.credentials["seller_id"], "application": shop.credentials["spapi"]["client_id"]}
    shop.server.operator("POST", "/authorizations/revoke", both)

    with pytest.raises(ApiException, match="revoked, malformed or invalid") as refusal:
        shop.read()

    assert refusal.value.status == 403
