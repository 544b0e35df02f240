"""mws from PyPI (0.8.15), unmodified, over HTTP and over TLS: stock, a feed and its result, a report."""

# mypy: allow-untyped-calls
from __future__ import annotations

from typing import Any

import pytest

import mws  # type: ignore[import-untyped]
from tests.clients.mws_story import LITER, LOADER, OFFERS, SKU, TSV, new_seller, until
from tests.clients.story import US
from tests.running import RunningServer


class Shop:
    """A seller's program."""

    def __init__(self, server: RunningServer, seller: dict[str, Any]) -> None:
        self._server, self._seller = server, seller

    def api(self, name: str, **other: str) -> Any:
        given = {"secret_key": self._seller["mws"]["secret_key"], **other}
        return getattr(mws, name)(
            self._seller["mws"]["access_key_id"],
            given["secret_key"],
            self._seller["seller_id"],
            domain=self._server.url,
            auth_token=self._seller["mws"]["auth_token"],
        )


@pytest.fixture
def shop(here: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(here.data / "tls" / "ca.pem"))
    return Shop(here, new_seller(here))


def test_the_stock_is_listed_by_skus_and_page_by_page(shop: Shop) -> None:
    api = shop.api("Inventory")

    one = api.list_inventory_supply(skus=[SKU], response_group="Detailed").parsed
    first = api.list_inventory_supply(datetime_="2020-01-01T00:00:00Z").parsed
    second = api.list_inventory_supply(next_token=first["NextToken"]).parsed

    member = one["InventorySupplyList"]["member"]
    assert member["SellerSKU"] == SKU
    assert member["TotalSupplyQuantity"] == member["InStockSupplyQuantity"] == "7"
    assert member["SupplyDetail"]["member"]["SupplyType"] == "InStock"
    assert [len(page["InventorySupplyList"]["member"]) for page in (first, second)] == [50, 11]
    assert "NextToken" not in second


def test_every_section_tells_its_status(shop: Shop) -> None:
    for name in ("Inventory", "Sellers"):
        assert shop.api(name).get_service_status().parsed["Status"] in ("GREEN", "YELLOW")


def test_the_credentials_are_tested_by_the_marketplaces(shop: Shop) -> None:
    found = shop.api("Sellers").list_marketplace_participations().parsed

    assert found["ListParticipations"]["Participation"][0]["MarketplaceId"] == US


def test_a_feed_is_submitted_and_its_result_read_and_a_report_of_it(shop: Shop) -> None:
    feeds, reports = shop.api("Feeds"), shop.api("Reports")
    sent = feeds.submit_feed(OFFERS, LOADER, content_type=TSV, marketplaceids=[US]).parsed["FeedSubmissionInfo"]
    number = sent["FeedSubmissionId"]

    ended = until(
        lambda: feeds.get_feed_submission_list(feedids=[number]).parsed["FeedSubmissionInfo"],
        lambda found: found["FeedProcessingStatus"] == "_DONE_",
    )
    result = feeds.get_feed_submission_result(number).parsed
    requested = reports.request_report(LITER, marketplaceids=[US]).parsed["ReportRequestInfo"]
    made = until(
        lambda: reports.get_report_request_list(requestids=[requested["ReportRequestId"]]).parsed["ReportRequestInfo"],
        lambda found: found["ReportProcessingStatus"] == "_DONE_",
    )
    report = reports.get_report(made["GeneratedReportId"]).parsed

    assert sent["FeedProcessingStatus"] == "_SUBMITTED_"
    assert ended["FeedType"] == LOADER
    assert b"Number of records successful\t\t2" in result
    assert report.split() == b"seller-sku quantity OWN-1 3".split()
    assert feeds.get_feed_submission_count().parsed["Count"] == "1"
    listed = reports.get_report_list(requestids=[requested["ReportRequestId"]]).parsed["ReportInfo"]
    assert listed["ReportId"] == made["GeneratedReportId"]
    assert reports.get_report_schedule_count().parsed["Count"] == "0"


def test_what_is_wrong_is_an_error_of_the_client(shop: Shop) -> None:
    with pytest.raises(mws.MWSError, match="SignatureDoesNotMatch"):
        shop.api("Inventory", secret_key="wrong").list_inventory_supply(skus=[SKU])
    with pytest.raises(mws.MWSError, match="InvalidFeedType"):
        shop.api("Feeds").submit_feed(OFFERS, "_POST_NOTHING_")
    with pytest.raises(mws.MWSError, match="InvalidReportId"):
        shop.api("Reports").get_report("1")
