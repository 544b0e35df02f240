"""mws (2.0.11) and amazon-mws (0.0.27) from npm, unmodified, each in a Node.js process, over HTTP and over TLS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.mws_story import LITER, LOADER, OFFERS, PLAIN, new_seller, until
from tests.clients.piped import Piped
from tests.clients.story import US
from tests.running import RunningServer

HERE = Path(__file__).with_name("node")
SINCE = "2020-01-01T00:00:00Z"

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js 18 or newer: install it, then `make test`"),
    pytest.mark.skipif(
        not all((HERE / "node_modules" / name).is_dir() for name in ("mws", "amazon-mws")),
        reason="needs libraries from npm: `make test` installs them where npm is; or `npm ci` in tests/clients/node",
    ),
]


class Refused(Exception):
    """The library threw; the code that it read."""


class Library(Piped):
    """A library in a process of its own, asked line by line."""

    def __init__(self, name: str, server: RunningServer, seller: dict[str, Any]) -> None:
        authority = {"NODE_EXTRA_CA_CERTS": str(server.data / "tls" / "ca.pem")} if server.scheme == "https" else {}
        environment = {"MWS_SELLER": json.dumps(seller), "MWS_URL": server.url, **authority}
        super().__init__(["node", str(HERE / "mws.cjs"), name], environment)

    def ask(self, section: str, call: str, *given: Any) -> Any:
        said = self.said({"section": section, "call": call, "arguments": given})
        if "error" in said:
            raise Refused(said["error"])
        return said["answer"]


def first(found: Any) -> Any:
    """Of one member the library makes no list, here and there."""
    return found[0] if isinstance(found, list) else found


@pytest.fixture
def typed(here: RunningServer) -> Iterator[Library]:
    made = Library("mws", here, new_seller(here))
    yield made
    made.close()


@pytest.fixture
def plain(here: RunningServer) -> Iterator[Library]:
    made = Library("amazon-mws", here, new_seller(here))
    yield made
    made.close()


def test_mws_lists_the_stock_page_by_page_and_tests_its_credentials(typed: Library) -> None:
    one = typed.ask("fulfillmentInventory", "listInventorySupply", {"SellerSkus": [PLAIN], "ResponseGroup": "Detailed"})
    first = typed.ask("fulfillmentInventory", "listInventorySupply", {"QueryStartDateTime": SINCE})
    second = typed.ask("fulfillmentInventory", "listInventorySupplyByNextToken", first["NextToken"])
    sells = typed.ask("sellers", "listMarketplaceParticipations")

    [member] = one["InventorySupplyList"]
    assert (member["SellerSKU"], member["InStockSupplyQuantity"]) == (PLAIN, 5)
    assert [len(page["InventorySupplyList"]) for page in (first, second)] == [50, 11]
    assert sells["ListParticipations"][0]["MarketplaceId"] == US
    assert typed.ask("sellers", "getServiceStatus")["Status"] == "GREEN"


def test_mws_submits_a_feed_and_reads_its_result_and_a_report(typed: Library) -> None:
    sent = typed.ask("feeds", "submitFeed", {"FeedType": LOADER, "FeedContent": OFFERS.decode()})
    number = str(sent["FeedSubmissionInfo"]["FeedSubmissionId"])
    until(
        lambda: typed.ask("feeds", "getFeedSubmissionList", {"FeedSubmissionIdList": [number]}),
        lambda found: found["FeedSubmissionInfo"]["FeedProcessingStatus"] == "_DONE_",
    )
    result = typed.ask("feeds", "getFeedSubmissionResult", {"FeedSubmissionId": number})
    requested = typed.ask("reports", "requestReport", {"ReportType": LITER, "ReportOptions": "custom=true"})
    made = until(
        lambda: typed.ask("reports", "getReportRequestList", {"ReportRequestIdList": [requested["ReportRequestId"]]}),
        lambda found: first(found["ReportRequestInfo"])["ReportProcessingStatus"] == "_DONE_",
    )
    made = first(made["ReportRequestInfo"])["GeneratedReportId"]

    assert "Number of records successful\t\t2" in result
    assert typed.ask("reports", "getReport", {"ReportId": made}).split() == "seller-sku quantity OWN-1 3".split()
    assert typed.ask("reports", "getReportCount", {"ReportTypeList": [LITER]})["Count"] == 1
    known = typed.ask("reports", "updateReportAcknowledgements", {"ReportIdList": [made], "Acknowledged": True})
    assert first(known["ReportInfo"])["Acknowledged"] is True
    timed = typed.ask("reports", "manageReportSchedule", {"ReportType": LITER, "Schedule": "_1_DAY_"})
    assert first(timed["ReportSchedule"])["Schedule"] == "_1_DAY_"
    assert first(typed.ask("reports", "getReportScheduleList")["ReportSchedule"])["ReportType"] == LITER
    assert typed.ask("feeds", "getFeedSubmissionCount")["Count"] == 1
    assert typed.ask("feeds", "cancelFeedSubmissions", {"FeedSubmissionIdList": [number]})["Count"] == 1


def test_amazon_mws_does_the_same(plain: Library) -> None:
    stock = {"Version": "2010-10-01", "Action": "ListInventorySupply", "SellerSkus.member.1": PLAIN}
    feeds = {"Version": "2009-01-01"}
    listed = plain.ask("fulfillmentInventory", "search", stock)
    sells = plain.ask("sellers", "search", {"Version": "2011-07-01", "Action": "ListMarketplaceParticipations"})
    sent = plain.ask(
        "feeds", "submit", {**feeds, "Action": "SubmitFeed", "FeedType": LOADER, "FeedContent": OFFERS.decode()}
    )
    number = sent["FeedSubmissionInfo"]["FeedSubmissionId"]
    until(
        lambda: plain.ask(
            "feeds", "search", {**feeds, "Action": "GetFeedSubmissionList", "FeedSubmissionIdList.Id.1": number}
        ),
        lambda found: found["FeedSubmissionInfo"]["FeedProcessingStatus"] == "_DONE_",
    )
    requested = plain.ask("reports", "search", {**feeds, "Action": "RequestReport", "ReportType": LITER})
    request = requested["ReportRequestInfo"]["ReportRequestId"]
    made = until(
        lambda: plain.ask(
            "reports", "search", {**feeds, "Action": "GetReportRequestList", "ReportRequestIdList.Id.1": request}
        )["ReportRequestInfo"],
        lambda found: found["ReportProcessingStatus"] == "_DONE_",
    )
    report = plain.ask("reports", "search", {**feeds, "Action": "GetReport", "ReportId": made["GeneratedReportId"]})

    assert listed["InventorySupplyList"]["member"]["InStockSupplyQuantity"] == "5"
    assert sells["ListParticipations"]["Participation"][0]["MarketplaceId"] == US
    assert report["data"] == [{"seller-sku": "OWN-1", "quantity": "3"}]


def test_what_is_wrong_is_an_error_of_the_client(typed: Library, plain: Library) -> None:
    with pytest.raises(Refused) as unknown:
        typed.ask("reports", "requestReport", {"ReportType": "_GET_NOTHING_"})
    with pytest.raises(Refused):  # it says no more
        plain.ask("reports", "search", {"Version": "2009-01-01", "Action": "GetReport", "ReportId": "1"})

    assert str(unknown.value).startswith("InvalidReportTypeError")
