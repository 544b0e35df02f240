"""boto (2.49.0), unmodified, over HTTP and over TLS: stock, a feed and its result, a report."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.mws_story import LITER, LOADER, OFFERS, SKU, TSV, new_seller, until
from tests.clients.piped import Piped
from tests.clients.story import US
from tests.running import RunningServer

SCRIPT = Path(__file__).with_name("boto_program.py")

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="boto 2.49.0 cannot be imported by Python 3.12 and newer"
)


class Refused(Exception):
    """The library raised; the status and the code that it read."""


class Boto(Piped):
    """The library in a process of its own, asked line by line."""

    def __init__(self, server: RunningServer, seller: dict[str, Any], config: Path, **other: Any) -> None:
        arguments = {
            "aws_access_key_id": seller["mws"]["access_key_id"],
            "aws_secret_access_key": seller["mws"]["secret_key"],
            "SellerId": seller["seller_id"],
            "host": "localhost",
            "port": server.port,
            "is_secure": server.scheme == "https",
        }
        config.write_text(f"[Boto]\nca_certificates_file = {server.data / 'tls' / 'ca.pem'}\n")
        # -O: the library asserts that a file's MD5, which it has as bytes, is the header, which Python 3 has as text.
        words = [sys.executable, "-O", "-W", "ignore", str(SCRIPT), json.dumps(arguments | other)]
        super().__init__(words, {"BOTO_CONFIG": str(config)})

    def call(self, name: str, **arguments: Any) -> Any:
        """The result of a call, or its file."""
        said = self.said({"call": name, "arguments": arguments})
        if "answer" not in said:
            raise Refused(said["status"], said["code"])
        return said["answer"]


@pytest.fixture
def seller(here: RunningServer) -> dict[str, Any]:
    return new_seller(here)


@pytest.fixture
def api(here: RunningServer, seller: dict[str, Any], tmp_path: Path) -> Iterator[Boto]:
    made = Boto(here, seller, tmp_path / "boto.cfg")
    yield made
    made.close()


def test_the_stock_is_listed_by_skus_and_page_by_page(api: Boto) -> None:
    one = api.call("list_inventory_supply", SellerSkus=[SKU], ResponseGroup="Detailed")
    first = api.call("list_inventory_supply", QueryStartDateTime="2020-01-01T00:00:00Z")
    second = api.call("list_inventory_supply_by_next_token", NextToken=first["NextToken"])

    [member] = one["InventorySupplyList"]
    assert (member["SellerSKU"], member["TotalSupplyQuantity"], member["InStockSupplyQuantity"]) == (SKU, "7", "7")
    assert [row["SupplyType"] for row in member["SupplyDetail"]] == ["InStock"]
    assert [len(page["InventorySupplyList"]) for page in (first, second)] == [50, 11]


def test_the_credentials_are_tested_by_the_marketplaces(api: Boto) -> None:
    found = api.call("list_marketplace_participations")

    assert found["ListParticipations"]["Participation"][0]["MarketplaceId"] == US
    assert api.call("get_inventory_service_status")["Status"] in ("GREEN", "YELLOW")


def test_a_feed_is_submitted_and_its_result_read_and_a_report_of_it(api: Boto) -> None:
    feed = {"FeedType": LOADER, "FeedContent": OFFERS.decode("latin-1"), "content_type": TSV}
    number = api.call("submit_feed", PurgeAndReplace=False, **feed)["FeedSubmissionInfo"]["FeedSubmissionId"]
    until(
        lambda: api.call("get_feed_submission_list", FeedSubmissionIdList=[number])["FeedSubmissionInfo"][0],
        lambda found: found["FeedProcessingStatus"] == "_DONE_",
    )
    result = api.call("get_feed_submission_result", FeedSubmissionId=number)
    requested = api.call(
        "request_report", ReportType=LITER, MarketplaceIdList=[US], **{"ReportOptions=ShowSalesChannel": True}
    )["ReportRequestInfo"]["ReportRequestId"]
    made = until(
        lambda: api.call("get_report_request_list", ReportRequestIdList=[requested])["ReportRequestInfo"][0],
        lambda found: found["ReportProcessingStatus"] == "_DONE_",
    )["GeneratedReportId"]

    assert "Number of records successful\t\t2" in result
    assert api.call("get_report", ReportId=made).split() == "seller-sku quantity OWN-1 3".split()
    assert made in [one["ReportId"] for one in api.call("get_report_list", Acknowledged=False)["ReportInfo"]]
    assert api.call("update_report_acknowledgements", ReportIdList=[made])["Count"] == "1"
    assert made not in [one["ReportId"] for one in api.call("get_report_list", Acknowledged=False)["ReportInfo"]]
    assert api.call("manage_report_schedule", ReportType=LITER, Schedule="_1_DAY_")["ReportSchedule"]["Schedule"] == (
        "_1_DAY_"
    )
    assert api.call("get_report_schedule_count")["Count"] == "1"


def test_lists_are_followed_to_their_end(api: Boto) -> None:
    feed = {"FeedType": LOADER, "FeedContent": OFFERS.decode("latin-1"), "content_type": TSV}
    numbers = [api.call("submit_feed", **feed)["FeedSubmissionInfo"]["FeedSubmissionId"] for _ in range(3)]

    pages = [api.call("get_feed_submission_list", MaxCount="1")]
    while pages[-1]["HasNext"] == "true":
        pages.append(api.call("get_feed_submission_list_by_next_token", NextToken=pages[-1]["NextToken"]))

    assert [one["FeedSubmissionId"] for page in pages for one in page["FeedSubmissionInfo"]] == numbers[::-1]


def test_what_is_wrong_is_an_error_of_the_client(
    here: RunningServer, seller: dict[str, Any], api: Boto, tmp_path: Path
) -> None:
    impostor = Boto(here, seller, tmp_path / "other.cfg", aws_secret_access_key=secrets.token_hex(20))

    with pytest.raises(Refused) as wrong:
        impostor.call("list_inventory_supply", SellerSkus=[SKU])
    with pytest.raises(Refused) as unknown:
        api.call("request_report", ReportType="_GET_NOTHING_")
    impostor.close()

    assert wrong.value.args == (403, "SignatureDoesNotMatch")
    assert unknown.value.args == (400, "InvalidReportType")
