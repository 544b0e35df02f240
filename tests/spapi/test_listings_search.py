"""searchListingsItems: what is found by each filter, in which order, page by page, and that it stays quick."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from entrepot.datadir import DataDirectory
from tests.running import RunningServer
from tests.spapi import listing
from tests.spapi.listing import (
    accepted,
    assert_refused,
    delete,
    listed,
    location,
    patch,
    price,
    put,
    quantities,
    search,
)
from tests.spapi.program import CA, STALE, START, US, NewSeller, Program, new_program, outcome

EAN, UPC, ISBN = "4006381333931", "036000291452", "0306406152"


def found(program: Program, **query: Any) -> list[str]:
    """The SKUs of one page."""
    response = search(program, **query)
    assert response.status_code == 200, response.text
    return [item["sku"] for item in response.json()["items"]]


def pages(program: Program, **query: Any) -> list[list[str]]:
    """The SKUs of all pages; every page but the first is asked for by its token alone."""
    answer = search(program, **query).json()
    shown = [answer]
    while token := answer.get("pagination", {}).get("nextToken"):
        answer = search(program, pageToken=token, marketplaceIds=None).json()
        shown.append(answer)
    assert len({one["numberOfResults"] for one in shown}) == 1
    return [[item["sku"] for item in one["items"]] for one in shown]


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def shop(server: RunningServer) -> Iterator[Program]:
    """A seller with a listing of each kind, an hour apart; nobody changes them."""
    program = new_program(server, marketplaces=["US", "CA"], clock=START.isoformat())
    identified = [("EAN", "ean", EAN), ("UPC", "upc", UPC), ("ISBN", "isbn", ISBN)]
    for sku, kind, text in identified:
        ids = [{"type": kind, "value": text}]
        listed(program, 3, sku=sku, externally_assigned_product_identifier=ids)
        program.world("advance", duration="1h")
    listed(program, 0, sku="EMPTY")
    program.world("advance", duration="1h")
    listed(program, 3, sku="FREE", purchasable_offer=None)
    program.world("advance", duration="1h")
    accepted(patch(program, "BLANK", quantities(("DEFAULT", 2))))
    program.world("advance", duration="1h")
    location(program, "SHOP")
    listed(program, 1, sku="BOTH")
    accepted(patch(program, "BOTH", quantities(("SHOP", 4))))
    program.world("advance", duration="1h")
    program.stocked(5, sku="WAREHOUSE")
    program.world("advance", duration="1h")
    body = {"productType": "KETTLE", "attributes": listing.attributes()}
    accepted(put(program, "CANADA", body, marketplaceIds=CA))
    program.world("advance", duration="1h")
    accepted(patch(program, "EMPTY", quantities(("DEFAULT", 0))))
    listed(program, 1, sku="GONE")
    accepted(delete(program, "GONE"))
    yield program
    program.http.close()


IN_US = ["BLANK", "BOTH", "EAN", "EMPTY", "FREE", "ISBN", "UPC", "WAREHOUSE"]

# Which


def test_everything_listed_in_the_marketplaces_is_found(shop: Program) -> None:
    assert sorted(found(shop)) == IN_US
    assert found(shop, marketplaceIds=CA) == ["CANADA"]
    assert sorted(found(shop, marketplaceIds=f"{US},{CA}")) == sorted([*IN_US, "CANADA"])


def test_an_item_found_shows_the_data_sets_asked_for(shop: Program) -> None:
    query = {"identifiers": "EAN", "identifiersType": "SKU"}

    plain = search(shop, **query).json()
    full = search(shop, includedData=listing.DATA, **query).json()

    assert plain["numberOfResults"] == 1
    assert set(plain) == {"numberOfResults", "items"}
    assert set(plain["items"][0]) == {"sku", "summaries"}
    assert full["items"] == [listing.item(shop, "EAN")]


def test_identifiers_of_every_kind_find_their_listings(shop: Program) -> None:
    by_sku = {item["sku"]: item for item in search(shop, pageSize=20).json()["items"]}
    asin = {sku: item["summaries"][0].get("asin") for sku, item in by_sku.items()}
    fnsku = by_sku["WAREHOUSE"]["summaries"][0]["fnSku"]

    def by(kind: str, *identifiers: str) -> list[str]:
        return sorted(found(shop, identifiersType=kind, identifiers=list(identifiers)))

    assert by("SKU", "EAN", "UPC", "NOBODY'S", "x" * 50) == ["EAN", "UPC"]
    assert by("ASIN", asin["EAN"], asin["WAREHOUSE"].lower(), "B000000000") == ["EAN", "WAREHOUSE"]
    assert by("FNSKU", fnsku) == ["WAREHOUSE"]
    assert by("EAN", EAN) == by("JAN", EAN) == by("GTIN", EAN) == by("GTIN", f"0{EAN}") == ["EAN"]
    assert by("UPC", UPC) == by("GTIN", f"00{UPC}") == ["UPC"]
    assert by("ISBN", ISBN) == by("ISBN", "9780306406157") == by("EAN", "9780306406157") == ["ISBN"]
    assert by("EAN", "4006381333930") == by("EAN", "no digits") == by("MINSAN", "123456789") == []


def test_identifiers_may_be_joined_by_commas(shop: Program) -> None:
    assert sorted(found(shop, identifiersType="SKU", identifiers="EAN,UPC")) == ["EAN", "UPC"]


def test_a_minsan_is_found_as_it_was_given(program: Program) -> None:
    sku = listed(program, externally_assigned_product_identifier=[{"type": "minsan", "value": "A01234567"}])

    assert found(program, identifiersType="MINSAN", identifiers="A01234567") == [sku]


def test_relatives_are_found_by_their_sku(new_seller: NewSeller) -> None:
    program = new_seller()
    listed(program, sku="PARENT")
    listed(program, sku="CHILD", child_parent_sku_relationship=[{"parent_sku": "PARENT"}])
    listed(program, sku="CASE", package_contains_sku=[{"sku": "UNIT", "quantity": 6}])
    listed(program, sku="UNIT")

    assert found(program, variationParentSku="PARENT") == ["CHILD"]
    assert found(program, packageHierarchySku="UNIT") == ["CASE"]
    assert found(program, packageHierarchySku="CASE") == ["UNIT"]
    assert found(program, variationParentSku="UNIT") == found(program, packageHierarchySku="x" * 50) == []


def test_instants_bound_what_is_found_and_belong_to_it(shop: Program) -> None:
    assert sorted(found(shop, createdAfter=at(5))) == ["BLANK", "BOTH", "WAREHOUSE"]
    assert sorted(found(shop, createdBefore=at(1))) == ["EAN", "UPC"]
    assert found(shop, createdAfter=at(1), createdBefore=at(1)) == ["UPC"]
    assert found(shop, lastUpdatedAfter=at(9)) == ["EMPTY"]
    assert found(shop, createdBefore=at(3), lastUpdatedBefore=at(0.5)) == ["EAN"]
    assert found(shop, createdAfter="2026-03-31 17:00:00+00:00", createdBefore="2026-03-31T17:00:00.000Z") == ["BLANK"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"withStatus": "BUYABLE"}, ["BOTH", "EAN", "ISBN", "UPC"]),
        ({"withStatus": "DISCOVERABLE"}, ["BOTH", "EAN", "EMPTY", "FREE", "ISBN", "UPC", "WAREHOUSE"]),
        ({"withStatus": "BUYABLE,DISCOVERABLE"}, ["BOTH", "EAN", "EMPTY", "FREE", "ISBN", "UPC", "WAREHOUSE"]),
        ({"withoutStatus": "BUYABLE"}, ["BLANK", "EMPTY", "FREE", "WAREHOUSE"]),
        ({"withoutStatus": "DISCOVERABLE"}, ["BLANK"]),
        ({"withStatus": "DISCOVERABLE", "withoutStatus": "BUYABLE"}, ["EMPTY", "FREE", "WAREHOUSE"]),
        ({"withIssueSeverity": "ERROR"}, ["BLANK", "FREE", "WAREHOUSE"]),
        ({"withIssueSeverity": "WARNING"}, ["BOTH"]),
        ({"withIssueSeverity": "ERROR,WARNING"}, ["BLANK", "BOTH", "FREE", "WAREHOUSE"]),
        ({"withIssueSeverity": "ERROR", "withStatus": "DISCOVERABLE"}, ["FREE", "WAREHOUSE"]),
        ({"withStatus": "BUYABLE", "identifiersType": "SKU", "identifiers": "EAN,EMPTY"}, ["EAN"]),
    ],
)
def test_status_and_issues_are_those_of_now(shop: Program, query: dict[str, str], wanted: list[str]) -> None:
    answer = search(shop, **query).json()

    assert sorted(item["sku"] for item in answer["items"]) == wanted
    assert answer["numberOfResults"] == len(wanted)
    for item in search(shop, includedData="summaries,issues", **query).json()["items"]:
        shown = listing.item(shop, item["sku"])
        assert item["summaries"] == shown["summaries"]
        assert item["issues"] == shown["issues"]


def test_a_status_follows_an_order(new_seller: NewSeller) -> None:
    program = new_seller()
    sku = listed(program, 1)
    before = found(program, withStatus="BUYABLE")

    program.world("place_order", sku=sku, quantity=1)

    assert before == [sku]
    assert found(program, withStatus="BUYABLE") == []
    assert found(program, withoutStatus="BUYABLE") == [sku]


def test_what_is_always_available_needs_no_stock_to_be_found(new_seller: NewSeller) -> None:
    program = new_seller()
    always = [{"fulfillment_channel_code": "DEFAULT", "is_inventory_available": True}]
    sku = listed(program, None, fulfillment_availability=always)

    assert found(program, withStatus="BUYABLE") == [sku]


def test_an_item_of_the_warehouse_with_a_price_is_for_sale(new_seller: NewSeller) -> None:
    program = new_seller()
    sku = program.stocked(1)
    accepted(patch(program, sku, {"op": "add", "path": "/attributes/purchasable_offer", "value": [price(5)]}))

    assert found(program, withStatus="BUYABLE") == [sku]


# In which order


def test_the_latest_change_comes_first_unless_asked_otherwise(shop: Program) -> None:
    by_creation = ["EAN", "UPC", "ISBN", "EMPTY", "FREE", "BLANK", "BOTH", "WAREHOUSE"]
    latest_first = ["EMPTY", "WAREHOUSE", "BOTH", "BLANK", "FREE", "ISBN", "UPC", "EAN"]

    assert found(shop) == latest_first
    assert found(shop, sortBy="lastUpdatedDate", sortOrder="ASC") == latest_first[::-1]
    assert found(shop, sortBy="createdDate") == by_creation[::-1]
    assert found(shop, sortBy="createdDate", sortOrder="ASC") == by_creation
    assert found(shop, sortBy="sku", sortOrder="ASC") == IN_US
    assert found(shop, sortBy="sku") == IN_US[::-1]


@pytest.mark.parametrize("sort_by", ["sku", "createdDate", "lastUpdatedDate"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("live", [{}, {"withStatus": "DISCOVERABLE"}], ids=["plain", "live"])
def test_pages_together_are_the_whole(shop: Program, sort_by: str, order: str, live: dict[str, str]) -> None:
    query = {"sortBy": sort_by, "sortOrder": order, **live}
    whole = found(shop, pageSize=20, **query)

    shown = pages(shop, pageSize=3, **query)

    assert [sku for page in shown for sku in page] == whole
    assert [len(page) for page in shown[:-1]] == [3] * (len(shown) - 1)


@pytest.mark.parametrize("live", [{}, {"withStatus": "DISCOVERABLE"}], ids=["plain", "live"])
def test_pages_lead_back_as_well(shop: Program, live: dict[str, str]) -> None:
    first = search(shop, pageSize=3, **live).json()
    second = search(shop, pageToken=first["pagination"]["nextToken"]).json()
    third = search(shop, pageToken=second["pagination"]["nextToken"]).json()

    again = search(shop, pageToken=third["pagination"]["previousToken"]).json()
    begin = search(shop, pageToken=again["pagination"]["previousToken"]).json()
    forth = search(shop, pageToken=again["pagination"]["nextToken"]).json()

    assert (again["items"], begin["items"], forth["items"]) == (second["items"], first["items"], third["items"])
    assert "previousToken" not in first["pagination"]
    assert "previousToken" not in begin["pagination"]


def test_equal_instants_do_not_confuse_the_pages(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())
    skus = sorted(listed(program, 1) for _ in range(7))

    assert sorted(sku for page in pages(program, pageSize=2) for sku in page) == skus


def test_a_token_carries_the_query_and_goes_before_it(shop: Program) -> None:
    first = search(shop, pageSize=1, sortBy="sku", sortOrder="ASC", includedData="offers", withStatus="BUYABLE").json()

    second = search(shop, pageToken=first["pagination"]["nextToken"], pageSize=20, includedData="issues").json()

    assert [item["sku"] for item in first["items"] + second["items"]] == ["BOTH", "EAN"]
    assert set(second["items"][0]) == {"sku", "offers"}


def test_a_token_is_good_for_its_seller_alone(shop: Program, program: Program) -> None:
    token = search(shop, pageSize=1).json()["pagination"]["nextToken"]

    for wrong in (token, token[:-3], "x"):
        assert outcome(search(program, pageToken=wrong)) == (400, STALE)


def test_nothing_found_is_an_empty_page(new_seller: NewSeller) -> None:
    assert search(new_seller()).json() == {"numberOfResults": 0, "items": []}


# What is refused


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"identifiers": "A"}, "identifiersType"),
        ({"identifiersType": "SKU"}, "identifiers"),
        ({"identifiersType": "VIN", "identifiers": "A"}, "identifiersType"),
        ({"identifiersType": "SKU", "identifiers": ",".join("ABCDEFGHIJKLMNOPQRSTU")}, "identifiers"),
        ({"identifiersType": "SKU", "identifiers": "A", "variationParentSku": "B"}, "variationParentSku"),
        ({"packageHierarchySku": "A", "variationParentSku": "B"}, "packageHierarchySku"),
        ({"createdAfter": "yesterday"}, "createdAfter"),
        ({"createdBefore": "2026-13-01"}, "createdBefore"),
        ({"lastUpdatedAfter": "1"}, "lastUpdatedAfter"),
        ({"lastUpdatedBefore": "0000-01-01T00:00:00Z"}, "lastUpdatedBefore"),
        ({"withIssueSeverity": "INFO"}, "withIssueSeverity"),
        ({"withStatus": "SOLD"}, "withStatus"),
        ({"withoutStatus": "buyable"}, "withoutStatus"),
        ({"sortBy": "price"}, "sortBy"),
        ({"sortOrder": "UP"}, "sortOrder"),
        ({"pageSize": "21"}, "pageSize"),
        ({"pageSize": "0"}, "pageSize"),
        ({"includedData": "identifiers"}, "includedData"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(shop: Program, query: dict[str, str], named: str) -> None:
    assert_refused(search(shop, **query), named)


# Many


LISTINGS = 2_000
COPIES = """
    insert into listings
    select seller_id, 'SKU-' || lpad(n::text, 6, '0'), product_type, requirements, marketplaces, availability, offers,
           created_at, updated_at + n * interval '1 second', null
    from listings, generate_series(1, $2) n where seller_id = $1
"""
COPIES_OF_ATTRIBUTES = """
    insert into listing_attributes
    select seller_id, 'SKU-' || lpad(n::text, 6, '0'), attributes
    from listing_attributes, generate_series(1, $2) n where seller_id = $1
"""
COPIES_OF_SKUS = """
    insert into skus
    select seller_id, 'SKU-' || lpad(n::text, 6, '0'), 'X' || n, asin, condition, barcode
    from skus, generate_series(1, $2) n where seller_id = $1
"""
STOCK = """
    insert into balances
    select $1, sku, 'M_AVAIL', '', 'DEFAULT', '', '', '-infinity', 1 from listings
    where seller_id = $1 and sku like '%00'
"""


ADDED = (("balances", "item"), ("skus", "sku"), ("listing_attributes", "sku"), ("listings", "sku"))


@pytest.fixture(scope="module")
def crowd(server: RunningServer) -> Iterator[Program]:
    """A seller with 2,001 listings, of which every hundredth can be bought."""
    program = new_program(server, marketplaces=["US"], clock=START.isoformat())
    listed(program, 0, sku="SKU")

    async def do(*statements: tuple[str, *tuple[object, ...]]) -> None:
        connection = await asyncpg.connect(DataDirectory(server.data).record().database)
        for statement, *arguments in statements:
            await connection.execute(statement, program.seller_id, *arguments)
        await connection.close()

    asyncio.run(do((COPIES, LISTINGS), (COPIES_OF_ATTRIBUTES, LISTINGS), (COPIES_OF_SKUS, LISTINGS), (STOCK,)))
    yield program
    # No journal knows of them: other tests on this server ask whether its books are right.
    asyncio.run(
        do(*((f"delete from {table} where seller_id = $1 and {column} like 'SKU-%'",) for table, column in ADDED))
    )
    program.http.close()


def test_never_more_than_a_thousand_can_be_reached(crowd: Program) -> None:
    shown = pages(crowd, pageSize=19)

    assert search(crowd).json()["numberOfResults"] == LISTINGS + 1
    assert [len(page) for page in shown] == [19] * 52 + [12]
    assert shown[0][0] == "SKU-002000"
    assert len({sku for page in shown for sku in page}) == 1000


def test_few_among_many_are_all_found(crowd: Program) -> None:
    shown = pages(crowd, withStatus="BUYABLE", pageSize=7)

    assert [len(page) for page in shown] == [7, 7, 6]
    assert shown[0][0] == "SKU-002000"


@pytest.mark.parametrize("query", [{}, {"sortBy": "sku"}, {"withStatus": "BUYABLE"}, {"withoutStatus": "BUYABLE"}])
def test_a_search_among_many_is_quick(crowd: Program, query: dict[str, Any]) -> None:
    search(crowd, **query)
    started = time.perf_counter()
    search(crowd, pageSize=20, **query)

    assert time.perf_counter() - started < 2
