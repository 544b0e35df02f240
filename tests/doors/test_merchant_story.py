"""One story with one cast, told through every generation that has a door to merchant-fulfilled stock, and compared.

After each chapter the same number is read as open listings, in three lengths, through AIM, MWS and SP-API, through
Listings Items, and as `entrepot explain` derives it from the journal. Whoever tells a chapter, all of them must agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.doors.cast import OPEN_LISTINGS, Cast, new_cast
from tests.mws.test_feeds import AVAILABILITY, PRICES, availability
from tests.running import RunningServer, json_command
from tests.spapi.program import US

LISTINGS = "/listings/2021-08-01/items"
HEADER = "sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\titem-note"
NOVEL, MANUAL, ATLAS = "NOVEL", "MANUAL", "ATLAS"
INVENTORY = {
    NOVEL: "0747554323\t2\t12.50\t2\t3\ta\tA little worn",
    MANUAL: "0306406152\t2\t8.00\t11\t5\ta\t",
}


def listing(cast: Cast, sku: str) -> dict[str, Any]:
    response = cast.new.call(
        "GET",
        f"{LISTINGS}/{cast.new.seller_id}/{sku}?marketplaceIds={US}"
        "&includedData=summaries,attributes,offers,fulfillmentAvailability",
    )
    return dict(response.json()) if response.status_code == 200 else {}


def patch(cast: Cast, sku: str, quantity: int) -> None:
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]
    patches = [{"op": "replace", "path": "/attributes/fulfillment_availability", "value": value}]
    response = cast.new.call(
        "PATCH", f"{LISTINGS}/{cast.new.seller_id}/{sku}?marketplaceIds={US}",
        json={"productType": "PRODUCT", "patches": patches},
    )  # fmt: skip
    assert response.json()["status"] == "ACCEPTED", response.text


def agree(cast: Cast, expected: dict[str, int]) -> list[dict[str, str]]:
    """Every surface says that so many of each SKU are for sale; those of which there are none are in no report.
    The rows of the longest report."""
    on_sale = {sku: str(quantity) for sku, quantity in expected.items() if quantity}
    reports = cast.reports(*OPEN_LISTINGS)
    for name in OPEN_LISTINGS:
        assert {row["seller-sku"]: row["quantity"] for row in reports[name]} == on_sale, name
    for sku, quantity in expected.items():
        [live] = listing(cast, sku)["fulfillmentAvailability"]
        assert (live["fulfillmentChannelCode"], live["quantity"]) == ("DEFAULT", quantity)
        assert cast.world("explain", sku=sku, number="mfn_default")["value"] == quantity
    return reports[OPEN_LISTINGS[0]]


@pytest.fixture(scope="module")
def cast(server: RunningServer) -> Iterator[Cast]:
    with new_cast(server) as made:
        yield made


def test_the_same_stock_is_told_through_every_generation(cast: Cast) -> None:
    told = cast.upload("add-modify-delete", HEADER, *(f"{sku}\t{row}" for sku, row in INVENTORY.items()))
    assert " activateditems=2 numberofwarnings=0 itemsnotacivated=0 " in told
    agree(cast, {NOVEL: 3, MANUAL: 5})
    novel = listing(cast, NOVEL)
    assert novel["summaries"][0]["asin"] == "0747554323"
    assert novel["summaries"][0]["conditionType"] == "used_very_good"
    assert novel["offers"][0]["price"]["amount"] == "12.50"
    assert novel["attributes"]["condition_note"][0]["value"] == "A little worn"

    patch(cast, NOVEL, 7)
    agree(cast, {NOVEL: 7, MANUAL: 5})

    order = cast.world("place_order", sku=NOVEL, quantity=2, channel="MFN")
    [row] = [row for row in agree(cast, {NOVEL: 5, MANUAL: 5}) if row["seller-sku"] == NOVEL]
    assert (row["pending-quantity"], row["item-condition"], row["price"]) == ("2", "2", "12.50")
    assert (row["product-id"], row["asin1"], row["fulfillment-channel"]) == ("0747554323", "0747554323", "DEFAULT")

    told = cast.submit(AVAILABILITY, availability(cast.middle.seller_id, NOVEL, 9))
    assert "<MessagesSuccessful>1</MessagesSuccessful>" in told
    agree(cast, {NOVEL: 9, MANUAL: 5})

    told = cast.upload("modify-only", "sku\tprice\tquantity", f"{MANUAL}\t9.25\t", f"{NOVEL}\t\t4")
    assert " activateditems=2 " in told
    agree(cast, {NOVEL: 4, MANUAL: 5})
    assert listing(cast, MANUAL)["offers"][0]["price"]["amount"] == "9.25"

    cast.world("cancel_order", order=order["order"])
    agree(cast, {NOVEL: 6, MANUAL: 5})

    told = cast.submit(PRICES, f"sku\tprice\tquantity\n{MANUAL}\t\t8\n{NOVEL}\t11.75\t0\n".encode())
    assert "Number of records successful\t\t2" in told
    agree(cast, {NOVEL: 0, MANUAL: 8})
    assert listing(cast, NOVEL)["offers"][0]["price"]["amount"] == "11.75"

    told = cast.upload(
        "purge-replace", HEADER, f"{ATLAS}\t0140328726\t2\t20.00\t1\t1\ta\t", f"{MANUAL}\t{INVENTORY[MANUAL]}"
    )
    assert " activateditems=2 " in told
    agree(cast, {ATLAS: 1, MANUAL: 5})
    assert listing(cast, NOVEL).get("fulfillmentAvailability", []) == []

    cast.upload("purge-replace", HEADER)
    agree(cast, {})
    assert json_command(cast.server, "verify")["clean"]
