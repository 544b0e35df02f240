"""Submissions: done as a whole or not at all; what they say is available is what can be sold."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.accounts import Account, Key
from entrepot.domain.commands import (
    AddStock,
    CloseItem,
    Command,
    CreateItem,
    DeleteListing,
    MoveQuantity,
    Patch,
    PatchListing,
    PutListing,
    SetQuantity,
    SourceStatus,
)
from entrepot.domain.errors import Archived, Invalid, NotFound, Rejected, Shortage
from entrepot.domain.mfn import listing
from entrepot.domain.mfn.issues import Issue
from entrepot.domain.verbs import VERB_OF, VERBS
from entrepot.domain.world import World
from tests.domain.mfn.worlds import JP, START, US, events, new_world, source, units

CA = "A2EUQ1WTGCTBG2"
STORE_A, STORE_B = "353e4e48-6301-4d50-990e-43a86e8787a3", "8e07a0c9-ab0a-4108-9f16-83dc3496bee0"
HANDLERS: dict[type[Command], Callable[[World, Any], dict[str, object]]] = {
    PutListing: listing.put_listing,
    PatchListing: listing.patch_listing,
    DeleteListing: listing.delete_listing,
    SetQuantity: listing.set_quantity,
    MoveQuantity: listing.move_quantity,
}


def do(world: World, command: Command) -> dict[str, Any]:
    """Perform a command as the ledger does: all or none."""
    world.begin()
    try:
        handler = HANDLERS.get(type(command)) or VERBS[VERB_OF[type(command)]].perform
        return handler(world, command)
    except Exception:
        world.rollback()
        raise


def channel(code: str, **fields: object) -> dict[str, Any]:
    return {"fulfillment_channel_code": code, **fields}


def price(worth: float, **fields: object) -> dict[str, Any]:
    return {**fields, "our_price": [{"schedule": [{"value_with_tax": worth}]}]}


def patch(sku: str, *value: dict[str, Any], op: str = "replace", name: str = "fulfillment_availability") -> Command:
    return PatchListing(sku, (Patch(op, f"/attributes/{name}", list(value) or None),))


def put(sku: str, requirements: Any = "LISTING", **attributes: Any) -> PutListing:
    return PutListing(sku, "LUGGAGE", attributes, requirements=requirements)


def named(title: str = "Atlas", **more: Any) -> dict[str, Any]:
    return {"item_name": [{"value": title}], **more}


def identified(kind: str, value: str) -> dict[str, Any]:
    return {"externally_assigned_product_identifier": [{"type": kind, "value": value}]}


def refusal(world: World, command: Command) -> list[Issue]:
    before = copy.deepcopy((world.listings, world.skus, world.products, world.offers, world.book.balances))
    with pytest.raises(Rejected) as refused:
        do(world, command)
    assert (world.listings, world.skus, world.products, world.offers, world.book.balances) == before
    return list(refused.value.issues)


def codes(issues: Any) -> list[tuple[str, str]]:
    return [(issue.code, issue.severity) for issue in issues]


def available(world: World, sku: str) -> dict[str, int]:
    keys = world.book.holding(sku, Account.M_AVAIL)
    return {key.place: world.book.balances[key] for key in keys}


# the guide's walk-throughs, literally


def guide(body: str) -> tuple[Patch, ...]:
    patches = json.loads(body)["patches"]
    return tuple(Patch(**one) for one in (patches if isinstance(patches, list) else [patches]))


SINGLE = """{
  "productType": "PRODUCT",
  "patches": [
    {
      "op": "replace",
      "path": "/attributes/fulfillment_availability",
      "value": [
        { "fulfillmentchannelCode": "353e4e48-6301-4d50-990e-43a86e8787a3", "quantity": 10 },
        { "fulfillmentchannelCode": "8e07a0c9-ab0a-4108-9f16-83dc3496bee0", "quantity": 5 },
        { "fulfillmentchannelCode": "DEFAULT", "quantity": 0 }
      ]
    }
  ]
}"""
FIRST = """{
  "productType": "PRODUCT",
  "patches": [
    {
      "op": "replace",
      "path": "/attributes/fulfillment_availability",
      "value": [ { "fulfillment_channel_code": "StoreID1234567", "quantity": 10 } ]
    }
  ]
}"""
SEVERAL = """{
  "productType": "PRODUCT",
  "patches": [
    {
      "op": "replace",
      "path": "/attributes/fulfillment_availability",
      "value": [
        { "fulfillment_channel_code": "ISPU01", "quantity": 10 },
        { "fulfillment_channel_code": "ISPU02", "quantity": 10 }
      ]
    }
  ]
}"""
FEED_MESSAGE = """{
  "messageId": 1,
  "sku": "ssnm002",
  "operationType": "PATCH",
  "patches": {
    "op": "replace",
    "path": "/attributes/fulfillment_availability",
    "value": [
      { "fulfillmentchannelCode": "353e4e48-6301-4d50-990e-43a86e8787a3", "quantity": 10 },
      { "fulfillmentchannelCode": "8e07a0c9-ab0a-4108-9f16-83dc3496bee0", "quantity": 7 },
      { "fulfillmentchannelCode": "DEFAULT", "quantity": 0 }
    ]
  }
}"""


def with_stores(**policies: Any) -> World:
    world = new_world((US, CA), **policies)
    for code, id_ in (("StoreA", STORE_A), ("StoreB", STORE_B)):
        given_id = source(world, code)
        paper = world.sources.pop(given_id)
        paper.source_id = id_
        world.sources[id_] = paper
    return world


def test_the_guide_sets_one_sku_at_two_locations_and_default_to_nothing() -> None:
    world = with_stores()
    do(world, patch("ssnm001", channel("DEFAULT", quantity=3)))

    answer = do(world, PatchListing("ssnm001", guide(SINGLE)))

    assert answer["status"] == "ACCEPTED"
    assert codes(answer["issues"]) == [("EP0001", "WARNING")]
    assert "'fulfillment_channel_code'" in str(answer["issues"][0])
    assert available(world, "ssnm001") == {STORE_A: 10, STORE_B: 5}


def test_the_guide_names_locations_by_their_codes() -> None:
    world = new_world()
    by_code = {code: source(world, code) for code in ("StoreID1234567", "ISPU01", "ISPU02")}

    first = do(world, PatchListing("SKUID1234567", guide(FIRST)))
    several = do(world, PatchListing("My-SKU-01", guide(SEVERAL)))

    assert first["issues"] == several["issues"] == []
    assert available(world, "SKUID1234567") == {by_code["StoreID1234567"]: 10}
    assert available(world, "My-SKU-01") == {by_code["ISPU01"]: 10, by_code["ISPU02"]: 10}


def test_the_guide_sends_a_feed_message_without_product_type() -> None:
    world = with_stores()

    answer = do(world, PatchListing("ssnm002", guide(FEED_MESSAGE), product_type=""))

    assert codes(answer["issues"]) == [("EP0003", "WARNING"), ("EP0001", "WARNING")]
    assert available(world, "ssnm002") == {STORE_A: 10, STORE_B: 7}


def test_strict_refuses_what_the_guide_misspells_and_leaves_out() -> None:
    world = with_stores(multi_location=True)

    misspelt = refusal(world, PatchListing("ssnm001", guide(SINGLE), strict=True))
    untyped = refusal(world, PatchListing("My-SKU-01", guide(SEVERAL), product_type="", strict=True))

    assert ("90000900", "ERROR") in codes(misspelt)
    assert ("90220", "ERROR") in codes(untyped)


def test_strict_knows_no_locations_of_a_seller_outside_the_programme() -> None:
    value = channel(STORE_A, quantity=1)

    issues = refusal(
        with_stores(), PatchListing("A", (Patch("add", "/attributes/fulfillment_availability", [value]),), strict=True)
    )
    answer = do(
        with_stores(multi_location=True),
        PatchListing("A", (Patch("add", "/attributes/fulfillment_availability", [value]),), strict=True),
    )

    assert codes(issues) == [("4000001", "ERROR")]
    assert answer["issues"] == []


def test_default_above_nothing_beside_locations_warns() -> None:
    world = with_stores()
    do(world, patch("A", channel("DEFAULT", quantity=3)))

    answer = do(world, patch("A", channel(STORE_A, quantity=10)))
    cured = do(world, patch("A", channel("DEFAULT", quantity=0)))

    assert codes(answer["issues"]) == [("EP0004", "WARNING")]
    assert cured["issues"] == []


def test_a_location_that_is_not_active_takes_stock_with_a_warning_and_an_archived_one_none() -> None:
    world = with_stores()
    do(world, SourceStatus(STORE_A, "Inactive"))
    do(world, SourceStatus(STORE_B, "Archived"))

    answer = do(world, patch("A", channel("StoreA", quantity=10)))

    assert codes(answer["issues"]) == [("EP0005", "WARNING")]
    assert available(world, "A") == {STORE_A: 10}
    assert codes(refusal(world, patch("A", channel("StoreB", quantity=10)))) == [("4000001", "ERROR")]
    with pytest.raises(Archived):
        do(world, SetQuantity("A", 1, "StoreB"))


# what sellers complain about


def test_a_quantity_that_was_accepted_is_both_submitted_and_available() -> None:
    """Complaint 8: feed accepted, quantity unchanged."""
    world = new_world()

    for quantity in (7, 7, 0, 2):
        answer = do(world, patch("A", channel("DEFAULT", quantity=quantity)))

        assert answer["status"] == "ACCEPTED"
        assert world.listings["A"].availability["DEFAULT"]["quantity"] == quantity
        assert units(world, "A", "M_AVAIL") == quantity


def test_an_order_changes_what_is_available_and_never_what_was_submitted() -> None:
    """Complaint 8: attributes and fulfillmentAvailability disagree, which is right."""
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=5)))
    submitted = copy.deepcopy(world.listings["A"])

    reserve(world, "A", 2)

    assert world.listings["A"] == submitted
    assert units(world, "A", "M_AVAIL") == 3


def test_a_quantity_patch_by_merge_keeps_lead_time_and_restock_date_and_replace_loses_them() -> None:
    """Complaint 9, and its cure."""
    world = new_world()
    whole = channel("DEFAULT", quantity=5, lead_time_to_ship_max_days=3, restock_date="2026-04-01")
    do(world, patch("A", whole))

    do(world, patch("A", channel("DEFAULT", quantity=6), op="merge"))
    assert world.listings["A"].availability == {"DEFAULT": {**whole, "quantity": 6}}

    do(world, patch("A", channel("DEFAULT", quantity=7)))
    assert world.listings["A"].availability == {"DEFAULT": channel("DEFAULT", quantity=7)}


def test_switching_to_the_warehouse_adds_its_channel_until_the_other_is_deleted() -> None:
    """Complaint 10: replace adds a second channel; both in one request make the switch."""
    world = new_world()
    do(world, put("A", **named(fulfillment_availability=[channel("DEFAULT", quantity=5)])))

    do(world, patch("A", channel("AMAZON_NA")))
    assert [*world.listings["A"].availability] == ["DEFAULT", "AMAZON_NA"]
    assert units(world, "A", "M_AVAIL") == 5

    do(world, patch("A", channel("DEFAULT"), op="delete"))
    assert [*world.listings["A"].availability] == ["AMAZON_NA"]
    assert units(world, "A", "M_AVAIL") == 0
    assert events(world) == ["M10"]


# quantities


def reserve(world: World, sku: str, quantity: int, place: str = "DEFAULT") -> None:
    world.begin()
    gives, holds = Key(sku, Account.M_AVAIL, place), Key(sku, Account.M_RES_PENDING, place, ref="1")
    world.book.post(world.book.entry("M02"), quantity, gives, holds)


def test_a_quantity_is_what_is_available_and_reservations_stay() -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=5)))
    reserve(world, "A", 2)

    do(world, patch("A", channel("DEFAULT", quantity=5)))

    assert units(world, "A", "M_AVAIL") == 5
    assert units(world, "A", "M_RES_PENDING") == 2


def test_the_journal_tells_of_a_new_listing_and_of_each_quantity_that_changed() -> None:
    world = with_stores()

    do(world, patch("A", channel("DEFAULT", quantity=0), channel(STORE_A, quantity=10), channel(STORE_B, quantity=5)))
    assert events(world) == ["C03", "M01", "M01"]

    do(world, patch("A", channel(STORE_A, quantity=10), channel(STORE_B, quantity=4)))
    assert events(world) == ["M01"]
    entry = world.book.entries[-1]
    assert [(line.key.account, line.delta) for line in entry.lines] == [("M_AVAIL", -1), ("X_SELLER", 1)]
    assert (entry.reference_kind, entry.reference) == ("sku", "A")

    do(world, patch("A", channel(STORE_A, quantity=10)))
    assert events(world) == []


def test_a_quantity_alone_changes_the_instance_and_leaves_its_other_fields() -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", is_inventory_available=True, lead_time_to_ship_max_days=3)))

    answer = do(world, SetQuantity("A", 4))

    assert answer == {"sku": "A", "source": "DEFAULT", "quantity": 4}
    assert world.listings["A"].availability["DEFAULT"] == channel("DEFAULT", quantity=4, lead_time_to_ship_max_days=3)
    assert units(world, "A", "M_AVAIL") == 4


@pytest.mark.parametrize(
    ("moved", "counted", "expected"),
    [({"DEFAULT": -1}, 5, 4), ({"DEFAULT": 2}, 5, 7), ({"DEFAULT": -9}, 5, 0), ({}, 5, 5)],
)
def test_a_quantity_counted_earlier_allows_for_the_orders_since(
    moved: dict[str, int], counted: int, expected: int
) -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=5)))
    as_of = START - timedelta(minutes=5)
    world.moved_since["A", as_of, None] = moved

    answer = do(world, SetQuantity("A", counted, as_of=as_of))

    assert answer["quantity"] == expected == units(world, "A", "M_AVAIL")


def test_an_order_of_the_same_batch_counts_as_since() -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=5)))
    reserve(world, "A", 2)
    world.moved_since["A", None, 3] = {"DEFAULT": -1}

    answer = do(world, SetQuantity("A", 5, as_of_seq=3))

    assert answer["quantity"] == 2


def test_stock_moves_between_locations_and_both_are_submitted_anew() -> None:
    world = with_stores()
    do(world, patch("A", channel("StoreA", quantity=10)))

    answer = do(world, MoveQuantity("A", 4, "StoreA", STORE_B))

    assert answer == {"sku": "A", "origin": STORE_A, "destination": STORE_B, "quantity": 4}
    assert available(world, "A") == {STORE_A: 6, STORE_B: 4}
    assert {c: part["quantity"] for c, part in world.listings["A"].availability.items()} == {STORE_A: 6, STORE_B: 4}
    with pytest.raises(Shortage):
        do(world, MoveQuantity("A", 7, "StoreA", "StoreB"))
    with pytest.raises(Invalid):
        do(world, MoveQuantity("A", 1, "StoreA", STORE_A))


@pytest.mark.parametrize("quantity", [-1, 10**9])
def test_a_quantity_out_of_bounds_is_invalid(quantity: int) -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=1)))

    with pytest.raises(Invalid):
        do(world, SetQuantity("A", quantity))
    with pytest.raises(NotFound):
        do(world, SetQuantity("B", 1))
    with pytest.raises(Invalid):
        do(world, SetQuantity("A", 1, "nowhere"))


@given(st.lists(st.tuples(st.sampled_from(["DEFAULT", STORE_A, "StoreB"]), st.integers(0, 20)), max_size=8))
def test_after_any_quantities_each_location_has_what_was_said_last(said: list[tuple[str, int]]) -> None:
    world = with_stores()
    last = {STORE_B if code == "StoreB" else code: quantity for code, quantity in said}

    for code, quantity in said:
        do(world, patch("A", channel(code, quantity=quantity)))

    assert available(world, "A") == {place: quantity for place, quantity in last.items() if quantity}
    assert sum(world.book.balances.values()) == 0


# listings


def test_a_patch_of_an_unknown_sku_creates_it() -> None:
    world = new_world()

    answer = do(world, patch("New", channel("DEFAULT", quantity=2)))

    paper = world.listings["New"]
    assert (paper.product_type, paper.requirements, paper.marketplaces) == ("PRODUCT", "LISTING", [US])
    assert world.skus["New"].asin == answer["asin"] == ""


def test_a_put_creates_a_listing_with_all_that_it_says() -> None:
    world = new_world()

    answer = do(
        world,
        put(
            "A",
            **named(
                "Atlas",
                purchasable_offer=[price(19.99)],
                fulfillment_availability=[channel("DEFAULT", quantity=3)],
                condition_type=[{"value": "used_good"}],
            ),
        ),
    )

    paper, sku = world.listings["A"], world.skus["A"]
    assert paper.product_type == "LUGGAGE"
    assert [*paper.offers] == [f"{US}|USD|ALL"]
    assert (sku.asin, sku.condition) == (answer["asin"], "UsedGood")
    assert world.products[sku.asin].title == "Atlas"
    assert units(world, "A", "M_AVAIL") == 3


def test_a_put_in_a_second_marketplace_keeps_the_first() -> None:
    world = new_world((US, CA))
    do(world, put("A", **named("Atlas", purchasable_offer=[price(9)])))

    do(world, PutListing("A", "LUGGAGE", named("L’atlas", purchasable_offer=[price(12)]), marketplace=CA))

    paper = world.listings["A"]
    assert paper.marketplaces == [US, CA]
    assert [*paper.offers] == [f"{US}|USD|ALL", f"{CA}|CAD|ALL"]
    assert [instance["value"] for instance in paper.attributes["item_name"]] == ["Atlas", "L’atlas"]


def test_product_type_product_never_takes_the_real_one_away() -> None:
    world = new_world()
    do(world, put("A", **named()))

    do(world, patch("A", channel("DEFAULT", quantity=1)))

    assert world.listings["A"].product_type == "LUGGAGE"


@pytest.mark.parametrize("product_type", ["SHOE RACK", "a/b", "x" * 101, "\0"])
def test_a_product_type_is_a_name(product_type: str) -> None:
    assert codes(refusal(new_world(), PutListing("A", product_type, named()))) == [("4000001", "ERROR")]


def test_an_offer_needs_a_product_and_a_condition() -> None:
    world = new_world()

    issues = refusal(world, put("A", "LISTING_OFFER_ONLY", purchasable_offer=[price(9)]))
    assert [issue.attribute_names for issue in issues] == [("merchant_suggested_asin",), ("condition_type",)]
    assert codes(issues) == [("90220", "ERROR")] * 2

    do(
        world,
        put(
            "A",
            "LISTING_OFFER_ONLY",
            merchant_suggested_asin=[{"value": "B000000001"}],
            condition_type=[{"value": "new_new"}],
        ),
    )
    assert world.skus["A"].asin == "B000000001"
    assert world.listings["A"].requirements == "LISTING_OFFER_ONLY"


def test_strict_wants_a_name_and_a_real_product_type() -> None:
    issues = refusal(new_world(), PutListing("A", "PRODUCT", {}, strict=True))

    assert codes(issues) == [("90220", "ERROR"), ("4000001", "ERROR")]


def test_an_error_leaves_nothing_behind_even_of_the_patches_that_were_right() -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=5)))
    right = Patch("replace", "/attributes/fulfillment_availability", [channel("DEFAULT", quantity=9)])
    wrong = Patch("replace", "/attributes/fulfillmentAvailability", [channel("DEFAULT", quantity=9)])

    issues = refusal(world, PatchListing("A", (right, wrong)))

    assert codes(issues) == [("90000900", "ERROR")]
    assert codes(refusal(world, PatchListing("A", ()))) == [("90220", "ERROR")]


def test_marketplaces_of_others_are_not_found() -> None:
    with pytest.raises(Invalid):
        do(new_world(), PutListing("A", "X", {}, marketplace=JP))
    with pytest.raises(Invalid):
        do(new_world(), PatchListing("A", (), marketplaces=(US, JP)))


# products


def test_one_gtin_is_one_product() -> None:
    world = new_world()

    first = do(world, put("A", **named(**identified("ean", "4006381333931"))))
    second = do(world, put("B", **named("Other", **identified("gtin", "04006381333931"))))

    assert first["asin"] == second["asin"]
    assert world.products[first["asin"]].gtin == "04006381333931"
    assert world.skus["A"].fnsku == world.skus["B"].fnsku


def test_skus_of_another_condition_have_another_fnsku() -> None:
    world = new_world()
    asin = {"merchant_suggested_asin": [{"value": "B000000001"}]}

    do(world, put("A", **asin))
    do(world, put("B", **asin, condition_type=[{"value": "used_good"}]))
    do(world, put("C", **asin))

    assert world.skus["A"].fnsku == world.skus["C"].fnsku != world.skus["B"].fnsku
    shared = world.skus["A"].fnsku
    do(world, patch("C", {"value": "used_good"}, name="condition_type"))
    assert (world.skus["C"].condition, world.skus["A"].fnsku) == ("UsedGood", shared)
    assert world.skus["C"].fnsku != shared


def test_a_book_has_its_isbn_for_asin() -> None:
    world = new_world()

    answer = do(world, put("A", **named(**identified("isbn", "0-306-40615-2"))))

    assert answer["asin"] == "0306406152"
    assert world.products["0306406152"].gtin == "09780306406157"


def test_a_suggested_asin_that_belongs_to_another_product_is_refused() -> None:
    world = new_world()
    do(world, put("A", **named(**identified("ean", "4006381333931"))))

    issues = refusal(
        world, put("B", merchant_suggested_asin=[{"value": "B000000001"}], **identified("ean", "4006381333931"))
    )

    assert codes(issues) == [("4005015", "ERROR")]
    assert world.skus["A"].asin in str(issues[0])


def test_a_sku_stays_with_its_product_until_it_is_deleted() -> None:
    world = new_world()
    do(world, put("A", merchant_suggested_asin=[{"value": "B000000001"}]))

    issues = refusal(world, patch("A", {"value": "B000000002"}, name="merchant_suggested_asin"))
    assert codes(issues) == [("4005015", "ERROR")]

    do(world, DeleteListing("A"))
    do(world, put("A", merchant_suggested_asin=[{"value": "B000000002"}]))
    assert world.skus["A"].asin == "B000000002"


@pytest.mark.parametrize(("kind", "value"), [("ean", "4006381333932"), ("upc", "1"), ("isbn", "0306406153")])
def test_a_wrong_check_digit_is_an_error(kind: str, value: str) -> None:
    issues = refusal(new_world(), put("A", **named(**identified(kind, value))))

    assert codes(issues) == [("4000001", "ERROR")]


def test_ids_without_a_common_form_are_kept_as_they_are() -> None:
    answer = do(new_world(), put("A", **named(**identified("pzn", "12345678"))))

    assert answer["asin"]


def test_a_listing_that_gets_a_name_later_gets_its_product_then() -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=2)))

    answer = do(world, patch("A", {"value": "Atlas"}, name="item_name"))

    assert world.skus["A"].asin == answer["asin"] != ""
    assert world.products[answer["asin"]].title == "Atlas"


# the warehouse


def test_a_channel_of_the_warehouse_makes_an_item_of_it_in_each_marketplace_of_the_request() -> None:
    world = new_world((US, CA))

    do(
        world,
        PatchListing(
            "A", (Patch("add", "/attributes/fulfillment_availability", [channel("AMAZON_NA")]),), marketplaces=(US, CA)
        ),
    )

    assert [*world.offers] == [(US, "A"), (CA, "A")]
    assert events(world) == ["C03", "C01", "C01"]
    assert codes(refusal(world, patch("A", channel("AMAZON_EU")))) == [("4000001", "ERROR")]


def test_an_item_of_the_warehouse_is_readable_as_a_listing_until_it_is_closed() -> None:
    world = new_world((US, CA))

    answer = do(world, CreateItem("A", "Atlas", condition="UsedGood"))
    do(world, CreateItem("A", "L’atlas", marketplace=CA))

    paper = world.listings["A"]
    assert paper.availability == {"AMAZON_NA": channel("AMAZON_NA")}
    assert paper.marketplaces == [US, CA]
    assert [instance["value"] for instance in paper.attributes["item_name"]] == ["Atlas", "L’atlas"]
    assert paper.attributes["condition_type"][0] == {"marketplace_id": US, "value": "used_good"}
    assert world.products[answer["asin"]].title == "Atlas"
    do(world, CloseItem("A"))
    assert (paper.marketplaces, [*paper.availability], paper.deleted_at) == ([CA], ["AMAZON_NA"], None)
    do(world, CloseItem("A", marketplace=CA))
    assert (paper.marketplaces, paper.availability, paper.deleted_at) == ([], {}, START)


def test_closing_an_item_leaves_what_the_seller_sells_himself() -> None:
    world = new_world()
    do(world, CreateItem("A", "Atlas"))
    do(world, patch("A", channel("DEFAULT", quantity=3)))

    do(world, CloseItem("A"))

    paper = world.listings["A"]
    assert ([*paper.availability], paper.marketplaces, paper.deleted_at) == (["DEFAULT"], [US], None)
    assert units(world, "A", "M_AVAIL") == 3


def test_an_item_may_be_created_of_a_listing_that_has_no_product_yet() -> None:
    world = new_world()
    do(world, patch("A", channel("DEFAULT", quantity=3)))

    answer = do(world, CreateItem("A", "Atlas"))

    assert world.skus["A"].asin == answer["asin"] != ""
    assert [*world.listings["A"].availability] == ["DEFAULT", "AMAZON_NA"]


def test_the_condition_of_an_item_of_the_warehouse_does_not_change() -> None:
    world = new_world()
    do(world, CreateItem("A", "Atlas"))

    issues = refusal(world, patch("A", {"value": "used_good"}, name="condition_type"))

    assert codes(issues) == [("4000001", "ERROR")]


# deletion


def test_a_deleted_listing_takes_its_stock_along_and_leaves_reservations() -> None:
    world = with_stores()
    do(world, patch("A", channel("DEFAULT", quantity=5), channel(STORE_A, quantity=4)))
    reserve(world, "A", 2)

    answer = do(world, DeleteListing("A"))

    assert (answer["status"], answer["written_off"]) == ("ACCEPTED", 7)
    assert available(world, "A") == {}
    assert units(world, "A", "M_RES_PENDING") == 2
    assert world.listings["A"].deleted_at == START
    assert events(world) == ["C04", "M10", "M10"]
    for again in (DeleteListing("A"), SetQuantity("A", 1), DeleteListing("B")):
        with pytest.raises(NotFound):
            do(world, again)


def test_a_listing_deleted_in_one_marketplace_goes_on_in_the_other() -> None:
    world = new_world((US, CA))
    value = [channel("DEFAULT", quantity=5)]
    do(world, put("A", **named(fulfillment_availability=value, purchasable_offer=[price(9)])))
    do(world, PutListing("A", "LUGGAGE", named(purchasable_offer=[price(9)]), marketplace=CA))

    do(world, DeleteListing("A", marketplace=US))

    paper = world.listings["A"]
    assert (paper.marketplaces, [*paper.offers], paper.deleted_at) == ([CA], [f"{CA}|CAD|ALL"], None)
    assert units(world, "A", "M_AVAIL") == 5
    with pytest.raises(NotFound):
        do(world, DeleteListing("A", marketplace=US))


def test_a_listing_deleted_and_sent_again_is_a_new_one() -> None:
    world = new_world()
    do(world, put("A", **named(purchasable_offer=[price(9)], colour=[{"value": "red"}])))
    do(world, DeleteListing("A"))

    do(world, patch("A", channel("DEFAULT", quantity=1)))

    paper = world.listings["A"]
    assert (paper.deleted_at, paper.offers, paper.attributes) == (None, {}, {})
    assert paper.product_type == "PRODUCT"


def test_an_item_of_the_warehouse_stays_on_its_shelf_until_it_is_empty() -> None:
    world = new_world()
    for sku in ("Empty", "Full"):
        do(world, CreateItem(sku, "Atlas"))
    do(world, AddStock("Full", 3))

    do(world, DeleteListing("Empty"))
    do(world, DeleteListing("Full"))

    assert [*world.offers] == [(US, "Full")]
    assert world.listings["Full"].deleted_at == START


def test_a_preview_changes_nothing() -> None:
    world = new_world()
    before = copy.deepcopy((world.listings, world.skus, world.products, world.book.balances, world.counter))

    world.begin()
    listing.put_listing(world, put("A", **named(fulfillment_availability=[channel("DEFAULT", quantity=3)])))
    world.rollback()

    balances = {key: units for key, units in world.book.balances.items() if units}
    assert (world.listings, world.skus, world.products, balances, world.counter) == before
    assert world.changed == {}


def test_a_refusal_names_every_slip_at_once() -> None:
    value = [channel("nowhere", quantity=-1), {"quantity": 1}]

    issues = refusal(new_world(), patch("A", *value))

    assert codes(issues) == [("4000001", "ERROR"), ("99022", "ERROR")]
