"""The order book as the operator reads it: one order, pages of them, and what is asked wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.running import RunningServer

Book = dict[str, Any]


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    token = (server.data / "operator.token").read_text().strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def book(server: RunningServer) -> Book:
    """A seller with seven orders, the oldest first; the last two are of one instant."""
    seller = server.add_seller("Booked", clock="2026-03-04T18:00:00Z", seed=3)["seller_id"]
    server.world("create_item", seller=seller, sku="W", title="Of the warehouse")
    server.world("add_stock", seller=seller, sku="W", quantity=100)
    server.world("create_item", seller=seller, sku="M", title="Of the merchant")
    server.world("set_quantity", seller=seller, sku="M", quantity=100)
    orders = []
    for number in range(7):
        more = {"sku": "M", "channel": "MFN"} if number % 2 else {"sku": "W", "channel": "AFN"}
        orders.append(server.world("place_order", seller=seller, quantity=number + 1, **more)["order"])
        if number < 5:
            server.world("advance", seller=seller, duration="1m")
    server.world("verify_payment", seller=seller, order=orders[1])
    return {"seller": seller, "orders": orders}


def orders(client: httpx.Client, book: Book, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/operator/v1/sellers/{book['seller']}/orders", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [order["order_id"] for order in found["orders"]]


def pages(client: httpx.Client, book: Book, **query: Any) -> list[list[str]]:
    found = [orders(client, book, **query)]
    while found[-1]["next"] is not None:
        found.append(orders(client, book, **query, after=found[-1]["next"]))
    return [ids(page) for page in found]


def test_an_order_is_shown_with_its_items_and_where_they_come_from(client: httpx.Client, book: Book) -> None:
    order = book["orders"][1]

    answer = client.get(f"/operator/v1/sellers/{book['seller']}/orders/{order}")

    found = answer.json()
    assert (answer.status_code, found["order_id"], found["status"]) == (200, order, "Unshipped")
    assert found["placed_at"] == "2026-03-04T18:01:00Z"
    assert found["promise"]["latest_ship"]
    [item] = found["items"]
    assert (item["sku"], item["ordered"], item["shipped"], item["cancelled"]) == ("M", 2, 0, 0)
    assert item["routes"] == [{"source": "DEFAULT", "quantity": 2}]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
def test_pages_show_each_order_once_the_newest_first(client: httpx.Client, book: Book, limit: int) -> None:
    newest = sorted(book["orders"][5:], reverse=True) + book["orders"][4::-1]

    found = pages(client, book, limit=limit)

    assert [order for page in found for order in page] == newest
    assert {len(page) for page in found[:-1]} <= {limit}
    assert found[-1]


def test_orders_are_filtered_by_status_and_channel(client: httpx.Client, book: Book) -> None:
    first, second, *others = book["orders"]

    merchant = pages(client, book, channel="MFN", limit=2)
    unpaid = ids(orders(client, book, channel="MFN", status="Pending"))

    assert sorted(order for page in merchant for order in page) == sorted([second, *others[1::2]])
    assert unpaid == [order for page in merchant for order in page if order != second]
    assert ids(orders(client, book, status="Unshipped", channel="MFN")) == [second]
    assert first in ids(orders(client, book, channel="AFN"))
    assert orders(client, book, status="Nonsense") == {"orders": [], "next": None}


def test_nobody_sees_the_orders_of_another_seller(client: httpx.Client, server: RunningServer, book: Book) -> None:
    other = server.add_seller("Unbooked")["seller_id"]

    answer = client.get(f"/operator/v1/sellers/{other}/orders/{book['orders'][0]}")

    assert answer.status_code == 404
    assert orders(client, {"seller": other}) == {"orders": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=",
        "limit=ten",
        "limit=1.5",
        "limit=%D9%A3",
        "limit=0000010000000",
        "limit=000001" + "0" * 5000,
        "limit=" + "9" * 5000,
        "status=",
        "status=a%20b",
        "status=%00",
        "channel='",
        "channel=M;N",
        "after=x",
        "after=~",
        "after=20260304T180000.000000Z~%00",
        "after=99999999T180000.000000Z~1",
    ],
    ids=lambda query: query[:40],
)
def test_a_wrong_question_is_refused(client: httpx.Client, book: Book, query: str) -> None:
    answer = client.get(f"/operator/v1/sellers/{book['seller']}/orders?{query}")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "Invalid")


@pytest.mark.parametrize(
    "path",
    ["NOBODY/orders", "{seller}/orders/111-1111111-1111111", "{seller}/orders/%00", "NOBODY/orders/1", "%00/orders",
     "%00/orders/1", "{seller}/orders/%20"],
)  # fmt: skip
def test_what_is_not_in_the_book_is_not_found(client: httpx.Client, book: Book, path: str) -> None:
    answer = client.get(f"/operator/v1/sellers/{path.format(seller=book['seller'])}")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NotFound")
