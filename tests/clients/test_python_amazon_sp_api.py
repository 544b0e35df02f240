"""python-amazon-sp-api, unmodified, against a server: its classic client and its asyncio one."""

# mypy: allow-untyped-calls
from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from sp_api.api import Inventories
from sp_api.asyncio.api import Inventories as AsyncInventories
from sp_api.asyncio.auth import AccessTokenClient as AsyncAccessTokenClient
from sp_api.auth import AccessTokenClient
from sp_api.auth.exceptions import AuthorizationError
from sp_api.base import (
    SellingApiBadRequestException,
    SellingApiException,
    SellingApiForbiddenException,
    SellingApiNotFoundException,
    SellingApiRequestThrottledException,
)

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


@dataclass(frozen=True)
class Marketplace:
    """What stands in for a member of the library's `Marketplaces`."""

    endpoint: str
    marketplace_id: str = US
    region: str = "us-east-1"


def login_at(server: RunningServer, kind: type[Any]) -> type[Any]:
    """The library's own class, told where to fetch tokens."""
    scheme, _, host = server.url.partition("://")
    return type("LocalAccessTokenClient", (kind,), {"scheme": f"{scheme}://", "host": host})


def options(server: RunningServer, seller: dict[str, Any], login: type[Any], **changed: str) -> dict[str, Any]:
    """The arguments by which either client reaches the server as this seller."""
    spapi = {**seller["spapi"], **changed}
    return {
        "marketplace": Marketplace(server.url),
        "refresh_token": spapi["refresh_token"],
        "credentials": {"lwa_app_id": spapi["client_id"], "lwa_client_secret": spapi["client_secret"]},
        "auth_token_client_class": login_at(server, login),
    }


def item(sku: str, marketplace: str = US) -> dict[str, str]:
    return {"sellerSku": sku, "marketplaceId": marketplace, "productName": "A kettle"}


def delivery(*lines: tuple[str, int], token: str | None = None) -> dict[str, Any]:
    """addInventory's arguments. This client cannot send the token as a header: it becomes a member of the body."""
    items = [{"sellerSku": sku, "marketplaceId": US, "quantity": units} for sku, units in lines]
    return {"x-amzn-idempotency-token": token or secrets.token_hex(8), "inventoryItems": items}


def skus(response: Any) -> list[str]:
    return [summary["sellerSku"] for summary in response.payload["inventorySummaries"]]


class Shop:
    """A seller's program that uses the classic client."""

    def __init__(self, server: RunningServer, **changed: str) -> None:
        self.server = server
        self.seller = server.add_seller(f"classic-{secrets.token_hex(6)}", marketplaces=["US", "CA"])
        self.api = Inventories(**options(server, self.seller, AccessTokenClient, **changed))

    def close(self) -> None:
        self.api.close()
        self.api._auth._transport.close()  # the library leaves this one open

    def numbers(self, sku: str) -> Numbers:
        response = self.api.get_inventory_summary_marketplace(details=True, sellerSku=sku, marketplaceIds=[US])
        [summary] = response.payload["inventorySummaries"]
        return numbers(summary)


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
    teller = Teller(shop.server, shop.seller["seller_id"])

    shop.api.create_inventory_item(**item(SKU))
    assert shop.numbers(SKU) == NOTHING

    for _ in range(2):  # the second is a replay
        shop.api.add_inventory(**delivery((SKU, ADDED), token="first delivery"))
        assert shop.numbers(SKU) == {**NOTHING, "totalQuantity": ADDED, "fulfillableQuantity": ADDED}

    for step in STEPS:
        teller.tell(step)
        assert shop.numbers(SKU) == {**NOTHING, **step.after}, step.verb

    shop.api.delete_inventory_item(SKU, marketplaceId=US)
    assert skus(shop.api.get_inventory_summary_marketplace()) == []


def test_many_skus_are_paged_through_in_their_order(shop: Shop) -> None:
    for sku in reversed(MANY):
        shop.api.create_inventory_item(**item(sku))

    pages = [shop.api.get_inventory_summary_marketplace(details=True)]
    while token := pages[-1].next_token:
        pages.append(shop.api.get_inventory_summary_marketplace(details=True, nextToken=token))

    assert [len(skus(page)) for page in pages] == [50, 50, 20]
    assert [sku for page in pages for sku in skus(page)] == MANY


def test_the_rate_of_the_plan_is_told(old_shop: Shop) -> None:
    assert old_shop.api.get_inventory_summary_marketplace().rate_limit == "2.0"


@pytest.mark.parametrize("sku", WEIRD)
def test_a_weird_sku_is_created_stocked_read_and_deleted(old_shop: Shop, sku: str) -> None:
    old_shop.api.create_inventory_item(**item(sku))
    old_shop.api.add_inventory(**delivery((sku, 3)))
    by_one = skus(old_shop.api.get_inventory_summary_marketplace(sellerSku=sku))
    by_many = skus(old_shop.api.get_inventory_summary_marketplace(sellerSkus=[sku, "NONE"]))
    total = old_shop.numbers(sku)["totalQuantity"]
    old_shop.api.delete_inventory_item(sku, marketplaceId=US)

    assert (by_one, by_many, total) == ([sku], [sku], 3)
    assert skus(old_shop.api.get_inventory_summary_marketplace(sellerSku=sku)) == []


def test_a_sku_with_a_comma_is_named_by_seller_sku_only(old_shop: Shop) -> None:
    old_shop.api.create_inventory_item(**item(WITH_COMMA))

    assert skus(old_shop.api.get_inventory_summary_marketplace(sellerSku=WITH_COMMA)) == [WITH_COMMA]
    assert skus(old_shop.api.get_inventory_summary_marketplace(sellerSkus=[WITH_COMMA])) == []
    old_shop.api.delete_inventory_item(WITH_COMMA, marketplaceId=US)


def test_changes_since_a_moment_are_listed(shop: Shop) -> None:
    shop.api.create_inventory_item(**item("OLD"))
    shop.server.world("advance", seller=shop.seller["seller_id"], duration="2h")
    shop.api.create_inventory_item(**item("NEW"))
    [new] = shop.api.get_inventory_summary_marketplace(sellerSku="NEW").payload["inventorySummaries"]
    moment = datetime.fromisoformat(new["lastUpdatedTime"])

    as_text = shop.api.get_inventory_summary_marketplace(startDateTime=new["lastUpdatedTime"])
    as_datetime = shop.api.get_inventory_summary_marketplace(startDateTime=moment)

    assert " " in str(moment)  # which is what this client sends
    assert (skus(as_text), skus(as_datetime)) == (["NEW"], ["NEW"])


# What makes the server refuse; then the library's own exception, code, and words of the details.
REFUSALS: dict[str, tuple[Callable[[Any], Any], type[SellingApiException], str, str]] = {
    "adding to nothing": (
        lambda api: api.add_inventory(**delivery(("NONE", 1))),
        SellingApiNotFoundException,
        "NotFound",
        "SKU 'NONE' does not exist",
    ),
    "adding without a token": (
        lambda api: api.add_inventory(inventoryItems=[]),
        SellingApiBadRequestException,
        "InvalidInput",
        "the header x-amzn-idempotency-token is required",
    ),
    "deleting nothing": (
        lambda api: api.delete_inventory_item("NONE", marketplaceId=US),
        SellingApiNotFoundException,
        "NotFound",
        "SKU 'NONE' does not exist",
    ),
    "deleting nowhere": (
        lambda api: api.delete_inventory_item("NONE"),
        SellingApiBadRequestException,
        "InvalidInput",
        "marketplaceId is required",
    ),
    "too long a SKU": (
        lambda api: api.create_inventory_item(**item("x" * 41)),
        SellingApiBadRequestException,
        "InvalidInput",
        "1 to 40 characters",
    ),
    "a stale token": (
        lambda api: api.get_inventory_summary_marketplace(nextToken="x"),
        SellingApiBadRequestException,
        "InvalidInput",
        "",
    ),
    "creating abroad": (
        lambda api: api.create_inventory_item(**item("X", GERMANY)),
        SellingApiForbiddenException,
        "Unauthorized",
        "not valid for region",
    ),
}


@pytest.mark.parametrize(("call", "kind", "code", "details"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_the_librarys_own_exception(
    old_shop: Shop, call: Callable[[Any], Any], kind: type[SellingApiException], code: str, details: str
) -> None:
    with pytest.raises(kind) as refusal:
        call(old_shop.api)

    assert type(refusal.value) is kind
    assert refusal.value.amzn_code == code
    assert details in refusal.value.error[0]["details"]


def test_too_many_requests_are_the_librarys_own_exception(limited_server: RunningServer) -> None:
    shop = Shop(limited_server)

    def hurry() -> None:
        for _ in range(100):
            shop.api.get_inventory_summary_marketplace()

    with pytest.raises(SellingApiRequestThrottledException) as refusal:
        hurry()
    shop.close()

    assert refusal.value.amzn_code == "QuotaExceeded"
    assert refusal.value.headers["x-amzn-RateLimit-Limit"] == "2.0"


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"client_secret": "wrong"}, "invalid_client", "Client authentication failed"),
        (
            {"refresh_token": "Atzr|wrong"},
            "invalid_grant",
            "The request has an invalid grant parameter : refresh_token",
        ),
    ],
)
def test_a_refused_login_is_the_librarys_own_exception(
    server: RunningServer, changed: dict[str, str], code: str, message: str
) -> None:
    shop = Shop(server, **changed)

    with pytest.raises(AuthorizationError) as refusal:
        shop.api.get_inventory_summary_marketplace()
    shop.close()

    assert refusal.value.error_code == code
    assert refusal.value.message.startswith(message)


# The asyncio client


@dataclass(frozen=True)
class AsyncShop:
    server: RunningServer
    seller: dict[str, Any]
    api: Any

    async def numbers(self, sku: str) -> Numbers:
        response = await self.api.get_inventory_summary_marketplace(details=True, sellerSku=sku)
        [summary] = response.payload["inventorySummaries"]
        return numbers(summary)


@pytest_asyncio.fixture
async def async_shop(server: RunningServer) -> AsyncIterator[AsyncShop]:
    seller = server.add_seller(f"asyncio-{secrets.token_hex(6)}")
    async with AsyncInventories(**options(server, seller, AsyncAccessTokenClient)) as api:
        yield AsyncShop(server, seller, api)
        await api._auth.aclose()


async def test_the_story_of_a_kettle_told_by_the_asyncio_client(async_shop: AsyncShop) -> None:
    api, teller = async_shop.api, Teller(async_shop.server, async_shop.seller["seller_id"])

    await api.create_inventory_item(**item(SKU))
    assert await async_shop.numbers(SKU) == NOTHING

    for _ in range(2):  # the second is a replay
        await api.add_inventory(**delivery((SKU, ADDED), token="first delivery"))
        assert await async_shop.numbers(SKU) == {**NOTHING, "totalQuantity": ADDED, "fulfillableQuantity": ADDED}

    for step in STEPS:
        teller.tell(step)
        assert await async_shop.numbers(SKU) == {**NOTHING, **step.after}, step.verb

    await api.delete_inventory_item(SKU, marketplaceId=US)
    assert skus(await api.get_inventory_summary_marketplace()) == []


async def test_many_skus_at_once_and_page_by_page_with_the_asyncio_client(async_shop: AsyncShop) -> None:
    api = async_shop.api
    await asyncio.gather(*(api.create_inventory_item(**item(sku)) for sku in MANY))

    pages = [await api.get_inventory_summary_marketplace()]
    while token := pages[-1].next_token:
        pages.append(await api.get_inventory_summary_marketplace(nextToken=token))

    assert [len(skus(page)) for page in pages] == [50, 50, 20]
    assert [sku for page in pages for sku in skus(page)] == MANY


async def test_weird_skus_come_and_go_with_the_asyncio_client(async_shop: AsyncShop) -> None:
    api = async_shop.api
    for sku in (*WEIRD, WITH_COMMA):
        await api.create_inventory_item(**item(sku))

    listed = skus(await api.get_inventory_summary_marketplace())
    for sku in listed:
        assert skus(await api.get_inventory_summary_marketplace(sellerSku=sku)) == [sku]
        await api.delete_inventory_item(sku, marketplaceId=US)

    assert listed == sorted([*WEIRD, WITH_COMMA])
    assert skus(await api.get_inventory_summary_marketplace()) == []


async def test_refusals_are_the_same_exceptions_with_the_asyncio_client(async_shop: AsyncShop) -> None:
    for call, kind, code, details in REFUSALS.values():
        with pytest.raises(kind) as refusal:
            await call(async_shop.api)

        assert refusal.value.amzn_code == code
        assert details in refusal.value.error[0]["details"]
