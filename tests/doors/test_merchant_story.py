"""One story with one cast, told through every generation that has a door to merchant-fulfilled stock, and compared.

After each chapter the same number is read as AIM's open listings, in three lengths, through Listings Items, and as
`entrepot explain` derives it from the journal. Whoever tells a chapter, all of them must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.aim import program as aim
from tests.running import RunningServer, json_command
from tests.spapi import program as spapi
from tests.spapi.program import US

LISTINGS = "/listings/2021-08-01/items"
HEADER = "sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\titem-note"
NOVEL, MANUAL, ATLAS = "NOVEL", "MANUAL", "ATLAS"
INVENTORY = {
    NOVEL: "0747554323\t2\t12.50\t2\t3\ta\tA little worn",
    MANUAL: "0306406152\t2\t8.00\t11\t5\ta\t",
}


@dataclass
class Cast:
    """One seller, his old program that speaks AIM and his new one that speaks SP-API."""

    server: RunningServer
    old: aim.Program
    new: spapi.Program

    def upload(self, mode: str, *rows: str, header: str = HEADER) -> str:
        """What get-batches says of the file when it is done."""
        number = self.old.batch(mode, "\r\n".join([header, *rows, ""]).encode())
        line = f"batchid={number} status=Done"
        answer = aim.wait(lambda: _containing(self.old.call("catalog-upload/get-batches").text, line))
        return str(answer).partition(line)[2].partition("</Batch>")[0]

    def report(self, name: str) -> list[dict[str, str]]:
        """A new report, as its rows."""
        asked = {"ReportName": name}
        before = self.old.call("manual-reports/get-report-status", asked).text
        assert self.old.call("manual-reports/generate-report-now", asked).content == aim.SUCCESS
        aim.wait(lambda: self.old.call("manual-reports/get-report-status", asked).text != before)
        header, *lines = self.old.call("download/report", asked).content.decode("cp1252").splitlines()
        return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]

    def listing(self, sku: str) -> dict[str, Any]:
        response = self.new.call(
            "GET",
            f"{LISTINGS}/{self.new.seller_id}/{sku}?marketplaceIds={US}"
            "&includedData=summaries,attributes,offers,fulfillmentAvailability",
        )
        return dict(response.json()) if response.status_code == 200 else {}

    def patch(self, sku: str, quantity: int) -> None:
        value = [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]
        patches = [{"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}]
        response = self.new.call(
            "PATCH", f"{LISTINGS}/{self.new.seller_id}/{sku}?marketplaceIds={US}",
            json={"productType": "PRODUCT", "patches": patches},
        )  # fmt: skip
        assert response.json()["status"] == "ACCEPTED", response.text

    def agree(self, expected: dict[str, int]) -> None:
        """Every surface says that so many of each SKU are for sale; those of which there are none are in no report."""
        on_sale = {sku: str(quantity) for sku, quantity in expected.items() if quantity}
        for name in ("OpenListings", "OpenListingsLite", "OpenListingsLiter"):
            assert {row["seller-sku"]: row["quantity"] for row in self.report(name)} == on_sale
        for sku, quantity in expected.items():
            [live] = self.listing(sku)["fulfillmentAvailability"]
            assert (live["fulfillmentChannelCode"], live["quantity"]) == ("DEFAULT", quantity)
            assert self.new.world("explain", sku=sku, number="mfn_default")["value"] == quantity


def _containing(text: str, part: str) -> str | None:
    return text if part in text else None


@pytest.fixture(scope="module")
def cast(server: RunningServer) -> Iterator[Cast]:
    old = aim.new_program(server)
    made = Cast(server, old, spapi.Program(server, old.credentials))
    yield made
    old.http.close()
    made.new.http.close()


def test_the_same_stock_is_told_through_every_generation(cast: Cast) -> None:
    told = cast.upload("add-modify-delete", *(f"{sku}\t{row}" for sku, row in INVENTORY.items()))
    assert " activateditems=2 numberofwarnings=0 itemsnotacivated=0 " in told
    cast.agree({NOVEL: 3, MANUAL: 5})
    novel = cast.listing(NOVEL)
    assert novel["summaries"][0]["asin"] == "0747554323"
    assert novel["summaries"][0]["conditionType"] == "used_very_good"
    assert novel["offers"][0]["price"]["amount"] == "12.50"
    assert novel["attributes"]["condition_note"][0]["value"] == "A little worn"

    cast.patch(NOVEL, 7)
    cast.agree({NOVEL: 7, MANUAL: 5})

    order = cast.new.world("place_order", sku=NOVEL, quantity=2, channel="MFN")
    cast.agree({NOVEL: 5, MANUAL: 5})
    [row] = [row for row in cast.report("OpenListings") if row["seller-sku"] == NOVEL]
    assert (row["pending-quantity"], row["item-condition"], row["price"]) == ("2", "2", "12.50")
    assert (row["product-id"], row["asin1"], row["fulfillment-channel"]) == ("0747554323", "0747554323", "DEFAULT")

    told = cast.upload("modify-only", f"{MANUAL}\t9.25\t", f"{NOVEL}\t\t4", header="sku\tprice\tquantity")
    assert " activateditems=2 " in told
    cast.agree({NOVEL: 4, MANUAL: 5})
    assert cast.listing(MANUAL)["offers"][0]["price"]["amount"] == "9.25"

    cast.new.world("cancel_order", order=order["order"])
    cast.agree({NOVEL: 6, MANUAL: 5})

    cast.upload("modify-only", f"{NOVEL}\t\t0", header="sku\tprice\tquantity")
    cast.agree({NOVEL: 0, MANUAL: 5})

    told = cast.upload("purge-replace", f"{ATLAS}\t0140328726\t2\t20.00\t1\t1\ta\t", f"{MANUAL}\t{INVENTORY[MANUAL]}")
    assert " activateditems=2 " in told
    cast.agree({ATLAS: 1, MANUAL: 5})
    assert cast.listing(NOVEL).get("fulfillmentAvailability", []) == []

    cast.upload("purge-replace")
    assert [cast.report(name) for name in ("OpenListings", "OpenListingsLite", "OpenListingsLiter")] == [[], [], []]
    assert json_command(cast.server, "verify")["clean"]
