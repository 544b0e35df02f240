"""Reports through python-amazon-sp-api, unmodified: asked for, downloaded, listed page by page, and on a schedule."""

# mypy: allow-untyped-calls
from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sp_api.api import ReportsV2
from sp_api.auth import AccessTokenClient
from sp_api.base import SellingApiBadRequestException, SellingApiNotFoundException

from tests.clients.story import US
from tests.clients.test_python_amazon_sp_api import options
from tests.running import RunningServer

LITER = "GET_MERCHANT_LISTINGS_DATA_LITER"
INVENTORY = "GET_AFN_INVENTORY_DATA"
PATIENCE = 30.0


class Shop:
    """A seller's program that uses the classic client, with 300 SKUs that lie with Amazon."""

    def __init__(self, server: RunningServer) -> None:
        self.seller = server.add_seller(f"reports-{secrets.token_hex(6)}", marketplaces=["US", "CA"])
        self.api = ReportsV2(**options(server, self.seller, AccessTokenClient))
        for number in range(300):
            sku = f"SKU-{number:03}"
            server.world("create_item", seller=self.seller["seller_id"], sku=sku, title="A kettle")

    def close(self) -> None:
        self.api.close()
        self.api._auth._transport.close()  # the library leaves this one open

    def ended(self, number: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] = self.api.get_report(number).payload
            if found["processingStatus"] not in ("IN_QUEUE", "IN_PROGRESS"):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


@pytest.fixture(scope="module")
def shop(server: RunningServer) -> Iterator[Shop]:
    made = Shop(server)
    yield made
    made.close()


def test_a_report_is_asked_for_and_downloaded(shop: Shop) -> None:
    number = shop.api.create_report(reportType=INVENTORY, marketplaceIds=[US]).payload["reportId"]
    found = shop.ended(number)

    response = shop.api.get_report_document(found["reportDocumentId"], download=True)

    assert found["processingStatus"] == "DONE"
    assert response.payload["compressionAlgorithm"] == "GZIP"
    header, *lines = response.payload["document"].strip().splitlines()
    assert header.startswith("seller-sku\tfulfillment-channel-sku\tasin\t")
    assert sorted({line.split("\t")[0] for line in lines}) == [f"SKU-{number:03}" for number in range(300)]


def test_reports_are_listed_page_by_page_and_cancelled_when_there_is_nothing_in_them(shop: Shop) -> None:
    numbers = [
        shop.api.create_report(
            reportType=LITER, marketplaceIds=[US], dataStartTime=datetime(2026, 1, 1, tzinfo=UTC)
        ).payload["reportId"]
        for _ in range(3)
    ]
    ends = [shop.ended(number)["processingStatus"] for number in numbers]

    first = shop.api.get_reports(reportTypes=[LITER], processingStatuses=["CANCELLED", "DONE"], pageSize=2)
    second = shop.api.get_reports(nextToken=first.next_token)

    listed = [one["reportId"] for page in (first, second) for one in page.payload["reports"]]
    assert listed == numbers[::-1]
    assert ends == ["CANCELLED"] * 3
    with pytest.raises(SellingApiBadRequestException):
        shop.api.cancel_report(numbers[0])


def test_a_schedule_is_made_found_and_ended(shop: Shop) -> None:
    made = shop.api.create_report_schedule(reportType=LITER, period="P1D", marketplaceIds=[US]).payload
    number = made["reportScheduleId"]

    one = shop.api.get_report_schedule(number).payload
    every = shop.api.get_report_schedules(reportTypes=[LITER, INVENTORY]).payload["reportSchedules"]
    shop.api.cancel_report_schedule(number)

    assert (one["period"], one["marketplaceIds"]) == ("P1D", [US])
    assert every == [one]
    with pytest.raises(SellingApiNotFoundException):
        shop.api.get_report_schedule(number)


def test_what_cannot_be_is_a_bad_request(shop: Shop) -> None:
    with pytest.raises(SellingApiBadRequestException):
        shop.api.create_report(reportType="GET_NOTHING", marketplaceIds=[US])
