"""Listings Items one by one: what is shown, what submissions do, what is refused; and that no seller sees another's."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.running import RunningServer
from tests.spapi import listing
from tests.spapi.listing import (
    AVAILABILITY,
    accepted,
    assert_refused,
    available,
    channel,
    delete,
    get,
    item,
    listed,
    location,
    not_found,
    patch,
    patch_as,
    price,
    put,
    quantities,
    target,
)
from tests.spapi.model import LISTINGS, assert_as_modelled
from tests.spapi.program import CA, DE, REGION, START, UNPARSABLE, US, NewSeller, Program, denied, errors, outcome

ODD_SKUS = ["S/1 b%2F#+ä", "a+b", "50%", "!'()*", "日本 語", "..x", "?q=1&r=2", "😀", '"quoted"', "a,b", "x" * 40]


def codes(answer: dict[str, Any]) -> list[str]:
    return [issue["code"] for issue in answer["issues"]]


def invalid(response: httpx.Response) -> list[str]:
    """The codes of the issues of a submission that was not accepted."""
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "INVALID"), response.text
    return codes(body)


# What is shown


def test_a_listing_shows_what_was_submitted_and_what_became_of_it(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat(), seed=7)
    asin = item(program, listed(program, sku="KETTLE"))["summaries"][0]["asin"]

    assert item(program, "KETTLE") == {
        "sku": "KETTLE",
        "summaries": [
            {
                "marketplaceId": US,
                "asin": asin,
                "productType": "KETTLE",
                "conditionType": "new_new",
                "status": ["BUYABLE", "DISCOVERABLE"],
                "itemName": "A kettle",
                "createdDate": "2026-03-31T12:00:00Z",
                "lastUpdatedDate": "2026-03-31T12:00:00Z",
            }
        ],
        "attributes": {
            "item_name": [{"value": "A kettle", "language_tag": "en_US", "marketplace_id": US}],
            "condition_type": [{"value": "new_new", "marketplace_id": US}],
            "purchasable_offer": [price(10.5, marketplace_id=US, currency="USD", audience="ALL")],
            "fulfillment_availability": [{**channel("DEFAULT", 3), "marketplace_id": US}],
        },
        "issues": [],
        "offers": [
            {
                "marketplaceId": US,
                "offerType": "B2C",
                "price": {"currencyCode": "USD", "amount": "10.50"},
                "audience": {"value": "ALL", "displayName": "Sell on Amazon"},
            }
        ],
        "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 3}],
        "procurement": [],
        "relationships": [{"marketplaceId": US, "relationships": []}],
        "productTypes": [{"marketplaceId": US, "productType": "KETTLE"}],
    }


def test_only_summaries_are_shown_unless_asked_for_more(program: Program) -> None:
    sku = listed(program)

    assert set(get(program, sku).json()) == {"sku", "summaries"}
    assert set(get(program, sku, includedData="offers,issues").json()) == {"sku", "offers", "issues"}
    assert set(get(program, sku, includedData=["offers", "issues"]).json()) == {"sku", "offers", "issues"}


def test_an_item_of_the_warehouse_is_a_listing_without_quantity(program: Program) -> None:
    sku = program.stocked(5)

    found = item(program, sku)

    assert found["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "AMAZON_NA"}]
    assert found["summaries"][0]["fnSku"] == program.summary(sku)["fnSku"]
    assert found["summaries"][0]["asin"] == program.summary(sku)["asin"]


def test_orders_change_what_is_live_and_never_what_was_submitted(program: Program) -> None:
    sku = listed(program, 3)

    program.world("place_order", sku=sku, quantity=3)

    found = item(program, sku)
    assert found["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 0}]
    assert found["attributes"][AVAILABILITY] == [{**channel("DEFAULT", 3), "marketplace_id": US}]
    assert found["summaries"][0]["status"] == ["DISCOVERABLE"]


def test_each_marketplace_has_its_own_price_and_all_share_the_stock(program: Program) -> None:
    sku = listed(program)
    body = {"productType": "KETTLE", "attributes": listing.attributes(None, purchasable_offer=[price(14)])}
    accepted(put(program, sku, body, marketplaceIds=CA))

    both = item(program, sku, marketplaceIds=f"{US},{CA}")

    assert [one["marketplaceId"] for one in both["summaries"]] == [US, CA]
    assert [one["price"] for one in both["offers"]] == [
        {"currencyCode": "USD", "amount": "10.50"},
        {"currencyCode": "CAD", "amount": "14.00"},
    ]
    assert both["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 3}]


def test_a_listing_is_found_where_it_is_listed(program: Program) -> None:
    sku = listed(program)

    assert outcome(get(program, sku, marketplaceIds=CA)) == not_found(sku, CA)
    assert [one["marketplaceId"] for one in item(program, sku, marketplaceIds=[CA, US])["summaries"]] == [US]


def test_a_sku_that_nobody_listed_is_not_found(program: Program) -> None:
    assert outcome(get(program, "NOBODY'S")) == not_found("NOBODY'S")
    assert outcome(get(program, "NOBODY'S", marketplaceIds=f"{US},{CA}")) == not_found("NOBODY'S", f"{US},{CA}")
    assert outcome(get(program, "x" * 41)) == not_found("x" * 41)
    assert get(program, "\0").status_code == 404


@pytest.mark.parametrize("sku", ODD_SKUS)
def test_any_character_of_a_sku_survives(program: Program, sku: str) -> None:
    listed(program, 4, sku=sku)
    accepted(patch(program, sku, quantities(("DEFAULT", 7))))

    found = item(program, sku)

    assert found["sku"] == sku
    assert available(program, sku) == {"DEFAULT": 7}
    assert accepted(delete(program, sku))["sku"] == sku
    assert item(program, sku)["summaries"] == []


def test_a_slash_that_is_not_encoded_is_another_path(program: Program) -> None:
    listed(program, sku="A/B")

    response = program.call("GET", f"/listings/2021-08-01/items/{program.seller_id}/A/B?marketplaceIds={US}")

    assert outcome(response) == (403, denied(""))


# PUT


def test_a_put_replaces_facts_and_keeps_the_sales_terms_it_leaves_out(program: Program) -> None:
    sku = listed(program, bullet_point=[{"value": "Loud"}])

    body = {"productType": "KETTLE", "attributes": {"item_name": [{"value": "A pot"}]}}
    accepted(put(program, sku, body))

    found = item(program, sku)
    assert found["summaries"][0]["itemName"] == "A pot"
    assert "bullet_point" not in found["attributes"]
    assert found["offers"][0]["price"]["amount"] == "10.50"
    assert found["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 3}]


def test_a_put_may_name_its_marketplace_in_the_body(program: Program) -> None:
    sku = program.new_sku()
    for where in ([CA], CA):
        body = {"productType": "KETTLE", "attributes": listing.attributes(), "marketplaceIds": where}
        accepted(put(program, sku, body, marketplaceIds=None))

    assert get(program, sku, marketplaceIds=CA).status_code == 200
    assert get(program, sku).status_code == 404


def test_the_query_goes_before_the_body(program: Program) -> None:
    sku = program.new_sku()
    body = {"productType": "KETTLE", "attributes": listing.attributes(), "marketplaceIds": [CA]}

    accepted(put(program, sku, body))

    assert get(program, sku).status_code == 200


def test_an_offer_for_a_product_that_is_there_needs_no_facts(program: Program) -> None:
    owner = listed(program)
    asin = item(program, owner)["summaries"][0]["asin"]
    sku = program.new_sku()
    terms = listing.attributes(item_name=None, merchant_suggested_asin=[{"value": asin}])

    accepted(put(program, sku, {"productType": "PRODUCT", "requirements": "LISTING_OFFER_ONLY", "attributes": terms}))

    [summary] = item(program, sku)["summaries"]
    assert (summary["asin"], summary["itemName"], summary["status"]) == (asin, "A kettle", ["BUYABLE", "DISCOVERABLE"])


# PATCH


def test_a_quantity_of_a_channel_leaves_the_others_alone(program: Program) -> None:
    sku, one, other = listed(program, 0), location(program), location(program)

    accepted(patch(program, sku, quantities((one, 10), (other, 5))))
    accepted(patch(program, sku, quantities((other, 7))))

    assert available(program, sku) == {"DEFAULT": 17, one: 10, other: 7}


def test_a_location_may_be_named_by_its_code_and_is_shown_by_its_id(program: Program) -> None:
    sku, source = listed(program, 0), location(program, "ISPU01")

    accepted(patch(program, sku, quantities(("ISPU01", 10))))

    assert available(program, sku) == {"DEFAULT": 10, source: 10}
    assert item(program, sku)["attributes"][AVAILABILITY][1] == {**channel("ISPU01", 10), "marketplace_id": US}


def test_what_is_left_at_default_beside_locations_is_warned_of(program: Program) -> None:
    sku, source = listed(program, 3), location(program)

    answer = accepted(patch(program, sku, quantities((source, 10))))

    assert codes(answer) == ["EP0004"]
    assert codes(item(program, sku)) == ["EP0004"]
    assert available(program, sku) == {"DEFAULT": 13, source: 10}


def test_replacing_a_channel_forgets_what_is_not_said_again_and_merging_does_not(program: Program) -> None:
    sku = listed(program, fulfillment_availability=[{**channel("DEFAULT", 3), "lead_time_to_ship_max_days": 5}])

    accepted(patch(program, sku, quantities(("DEFAULT", 4), op="merge")))
    merged = item(program, sku)["attributes"][AVAILABILITY]
    accepted(patch(program, sku, quantities(("DEFAULT", 5))))
    replaced = item(program, sku)["attributes"][AVAILABILITY]

    assert merged == [{**channel("DEFAULT", 4), "lead_time_to_ship_max_days": 5, "marketplace_id": US}]
    assert replaced == [{**channel("DEFAULT", 5), "marketplace_id": US}]


def test_a_channel_is_taken_away_by_its_code_and_all_by_none(program: Program) -> None:
    sku, one, other = listed(program, 0), location(program), location(program)
    accepted(patch(program, sku, quantities((one, 10), (other, 5))))
    gone = {"op": "delete", "path": f"/attributes/{AVAILABILITY}"}

    accepted(patch(program, sku, {**gone, "value": [{"fulfillment_channel_code": one}]}))
    after_one = available(program, sku)
    accepted(patch(program, sku, gone))

    assert after_one == {"DEFAULT": 5, other: 5}
    assert available(program, sku) == {}


def test_a_patch_of_an_unknown_sku_creates_it(program: Program) -> None:
    sku = program.new_sku()

    accepted(patch(program, sku, quantities(("DEFAULT", 2))))

    assert available(program, sku) == {"DEFAULT": 2}
    assert "8560" in codes(item(program, sku))


def test_a_patch_may_be_about_several_marketplaces(program: Program) -> None:
    sku = program.new_sku()
    name = {"op": "replace", "path": "/attributes/item_name", "value": [{"value": "A kettle"}]}

    accepted(patch(program, sku, name, marketplaceIds=f"{US},{CA}"))

    found = item(program, sku, marketplaceIds=f"{US},{CA}")
    assert [one["itemName"] for one in found["summaries"]] == ["A kettle", "A kettle"]


def test_patches_of_different_channels_at_once_lose_nothing(program: Program) -> None:
    sku = listed(program, 0)
    sources = [location(program) for _ in range(12)]

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda n: patch(program, sku, quantities((sources[n], n + 1))), range(12)))

    for answer in answers:
        accepted(answer)
    assert available(program, sku) == {"DEFAULT": 78, **{source: n + 1 for n, source in enumerate(sources)}}


# What the multi-location guide writes


def guides(program: Program) -> tuple[str, str, dict[str, Any]]:
    """Two locations, and the guide's patch with its misspelt keys."""
    one, other = location(program), location(program)
    value = [
        {"fulfillmentchannelCode": one, "quantity": 10},
        {"fulfillmentchannelCode": other, "quantity": 5},
        {"fulfillmentchannelCode": "DEFAULT", "quantity": 0},
    ]
    return one, other, {"op": "replace", "path": f"/attributes/{AVAILABILITY}", "value": value}


def test_the_guides_first_example_works_with_a_warning(program: Program) -> None:
    sku = listed(program, 3)
    one, other, operation = guides(program)

    answer = accepted(patch(program, sku, operation))

    [issue] = answer["issues"]
    assert (issue["code"], issue["severity"]) == ("EP0001", "WARNING")
    assert "'fulfillment_channel_code'" in issue["message"]
    assert available(program, sku) == {"DEFAULT": 15, one: 10, other: 5}


def test_patches_as_an_object_without_product_type_work_with_warnings(program: Program) -> None:
    sku = listed(program, 3)
    one, other, operation = guides(program)

    answer = accepted(patch_as(program, sku, {"patches": operation}))

    assert codes(answer) == ["EP0002", "EP0003", "EP0001"]
    assert {issue["severity"] for issue in answer["issues"]} == {"WARNING"}
    assert available(program, sku) == {"DEFAULT": 15, one: 10, other: 5}


def test_a_put_without_product_type_works_with_a_warning(program: Program) -> None:
    sku = program.new_sku()

    answer = accepted(put(program, sku, {"attributes": listing.attributes()}))

    assert codes(answer) == ["EP0003"]


def test_a_body_that_is_no_utf_8_is_refused_with_the_place_where_it_is_none(program: Program) -> None:
    body = '{"productType":"ä'.encode() + b'\xff\xfe"}'

    response = program.call("PUT", target(program, "X"), content=body)

    details = "The request body is not valid: it is not UTF-8 (byte 18)"
    assert (response.status_code, response.json()) == (400, errors("InvalidInput", UNPARSABLE, details))


def test_strict_fidelity_refuses_them(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")
    sku = listed(program, 3)
    operation = quantities(("DEFAULT", 4))
    misspelt = {**operation, "value": [{"fulfillmentchannelCode": "DEFAULT", "quantity": 4}]}

    assert_refused(patch_as(program, sku, {"productType": "PRODUCT", "patches": operation}), "patches")
    assert_refused(patch_as(program, sku, {"patches": [operation]}), "productType")
    assert_refused(put(program, sku, {"attributes": listing.attributes(9)}), "productType")
    assert "90000900" in invalid(patch(program, sku, misspelt))
    assert available(program, sku) == {"DEFAULT": 3}


def test_strict_fidelity_keeps_locations_to_the_programme(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")
    sku = listed(program, 0)
    body = {"productType": "KETTLE", "attributes": listing.attributes(None, **{AVAILABILITY: [channel("SHOP", 1)]})}

    outside = [outcome(patch(program, sku, quantities(("SHOP", 1)))), outcome(put(program, sku, body))]
    preview = outcome(patch(program, sku, quantities(("SHOP", 1)), mode="VALIDATION_PREVIEW"))
    program.world("set_policy", multi_location=True)
    source = location(program, "SHOP")
    accepted(patch(program, sku, quantities(("SHOP", 1))))

    sentence = "Your seller account does not have the permissions required for multi-location inventory."
    assert outside == [(403, denied(sentence))] * 2
    assert preview == (403, denied(sentence))
    assert available(program, sku) == {"DEFAULT": 1, source: 1}


# What is wrong with a submission


def test_a_submission_with_errors_changes_nothing(program: Program) -> None:
    sku = listed(program, 3)
    before = item(program, sku)
    wrong = {"op": "replace", "path": "/attributes/fulfillmentAvailability", "value": [channel("DEFAULT", 9)]}

    response = patch(program, sku, quantities(("DEFAULT", 8)), wrong)

    assert invalid(response) == ["90000900"]
    assert "identifiers" not in response.json()
    assert item(program, sku) == before


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([{"quantity": 5}], "99022"),
        ([channel("DEFAULT", -1)], "4000001"),
        ([channel("NOWHERE", 1)], "4000001"),
        ([{**channel("DEFAULT", 1), "is_inventory_available": True}], "4000001"),
        ([{**channel("DEFAULT", 1), "colour": "red"}], "90000900"),
    ],
)
def test_what_is_wrong_with_a_quantity_is_an_issue(program: Program, value: list[Any], code: str) -> None:
    sku = listed(program, 3)

    response = patch(program, sku, {"op": "replace", "path": f"/attributes/{AVAILABILITY}", "value": value})

    assert invalid(response) == [code]
    assert available(program, sku) == {"DEFAULT": 3}


def test_issues_speak_the_language_of_the_marketplace_or_the_one_asked_for(new_seller: NewSeller) -> None:
    program = new_seller(marketplaces=["DE", "FR"])
    wrong = {"op": "replace", "path": "/attributes/itemName", "value": [{"value": "x"}]}

    def message(**query: Any) -> str:
        text: str = patch(program, "SKU", wrong, marketplaceIds=DE, **query).json()["issues"][0]["message"]
        return text

    assert message() == "Die Attribute sind ungültig."
    assert message(issueLocale="fr_FR") == "Les attributs ne sont pas valides."
    assert message(issueLocale="ja-JP") == "属性が無効です。"
    assert message(issueLocale="xx_XX") == message(issueLocale="en_US") == "The attributes are invalid."


# Previews


def test_a_preview_says_what_would_be_and_changes_nothing(program: Program) -> None:
    sku = listed(program, 3)
    before = item(program, sku)

    response = patch(program, sku, quantities(("DEFAULT", 9)), mode="VALIDATION_PREVIEW")

    assert response.json()["status"] == "VALID"
    assert set(response.json()) == {"sku", "status", "submissionId", "issues"}
    assert item(program, sku) == before


def test_a_preview_of_a_put_creates_nothing(program: Program) -> None:
    sku = program.new_sku()
    body = {"productType": "KETTLE", "attributes": listing.attributes()}

    answer = put(program, sku, body, mode="VALIDATION_PREVIEW", includedData="identifiers,issues").json()

    assert answer["status"] == "VALID"
    assert [one["marketplaceId"] for one in answer["identifiers"]] == [US]
    assert outcome(get(program, sku)) == not_found(sku)


def test_a_preview_of_what_is_wrong_is_invalid(program: Program) -> None:
    query = {"mode": "VALIDATION_PREVIEW", "includedData": "identifiers,issues"}

    response = patch(program, program.new_sku(), quantities(("NOWHERE", 1)), **query)

    assert invalid(response) == ["4000001"]
    assert response.json()["identifiers"] == []


def test_identifiers_are_given_in_previews_only(program: Program) -> None:
    sku = listed(program)

    assert_refused(patch(program, sku, quantities(("DEFAULT", 9)), includedData="identifiers"), "includedData")
    assert available(program, sku) == {"DEFAULT": 3}


# DELETE


def test_a_deleted_listing_is_found_for_a_day_with_an_issue(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())
    sku = listed(program, 3)

    accepted(delete(program, sku))
    program.world("advance", duration="23h")
    found = item(program, sku)
    program.world("advance", duration="1h")

    assert found["summaries"] == found["offers"] == found["fulfillmentAvailability"] == []
    assert codes(found) == ["13013"]
    assert outcome(get(program, sku)) == not_found(sku)


def test_a_deleted_listing_may_begin_anew(program: Program) -> None:
    sku = listed(program, 3)
    accepted(delete(program, sku))

    listed(program, 2, sku=sku)

    assert available(program, sku) == {"DEFAULT": 2}


def test_what_is_not_listed_cannot_be_deleted(program: Program) -> None:
    sku = listed(program)

    assert outcome(delete(program, "NOBODY'S")) == not_found("NOBODY'S")
    assert outcome(delete(program, sku, marketplaceIds=CA)) == not_found(sku, CA)
    accepted(delete(program, sku))
    assert outcome(delete(program, sku)) == not_found(sku)


def test_a_delete_without_marketplace_deletes_nothing(program: Program) -> None:
    listed(program, sku="hash")

    # What arrives of `hash#x` from a client that does not encode it.
    response = program.call("DELETE", f"/listings/2021-08-01/items/{program.seller_id}/hash")

    assert_as_modelled("deleteListingsItem", response, LISTINGS)
    assert_refused(response, "marketplaceIds")
    assert get(program, "hash").json()["summaries"]


# What every operation refuses

Do = Callable[..., httpx.Response]
OPERATIONS: dict[str, Do] = {
    "get": lambda program, sku, **query: get(program, sku, **query),
    "search": lambda program, sku, **query: listing.search(program, **query),
    "put": lambda program, sku, **query: put(
        program, sku, {"productType": "KETTLE", "attributes": listing.attributes(9)}, **query
    ),
    "patch": lambda program, sku, **query: patch(program, sku, quantities(("DEFAULT", 9)), **query),
    "delete": lambda program, sku, **query: delete(program, sku, **query),
}


@pytest.mark.parametrize("do", OPERATIONS.values(), ids=OPERATIONS)
def test_marketplaces_are_required_and_must_be_the_sellers(program: Program, do: Do) -> None:
    sku = listed(program)

    assert_refused(do(program, sku, marketplaceIds=None), "marketplaceIds")
    assert_refused(do(program, sku, marketplaceIds=""), "marketplaceIds")
    assert_refused(do(program, sku, marketplaceIds=None, marketplacelds=US), "marketplaceIds")
    assert_refused(do(program, sku, marketplaceIds="invalid"), "marketplace")
    assert outcome(do(program, sku, marketplaceIds=DE)) == (403, denied(REGION))
    assert available(program, sku) == {"DEFAULT": 3}


@pytest.mark.parametrize("name", ["put", "delete"])
def test_some_are_about_one_marketplace(program: Program, name: str) -> None:
    sku = listed(program)

    assert_refused(OPERATIONS[name](program, sku, marketplaceIds=f"{US},{CA}"), "marketplaceIds")
    assert available(program, sku) == {"DEFAULT": 3}


@pytest.mark.parametrize("do", OPERATIONS.values(), ids=OPERATIONS)
def test_a_path_of_another_seller_is_denied_and_says_nothing_of_him(
    program: Program, new_seller: NewSeller, do: Do
) -> None:
    other = new_seller()
    sku = listed(other, 3, sku="SECRET")
    sentence = "The seller id in the path is not the one that authorised this application."
    mine = program.seller_id
    try:
        program.seller_id = other.seller_id
        theirs = outcome(do(program, sku))
        program.seller_id = "A0NOBODYATALL"
        nobodys = outcome(do(program, sku))
    finally:
        program.seller_id = mine

    assert theirs == nobodys == (403, denied(sentence))
    assert available(other, sku) == {"DEFAULT": 3}


def test_another_sellers_sku_is_as_unknown_as_any(program: Program, new_seller: NewSeller) -> None:
    listed(new_seller(), sku="THEIRS")

    assert outcome(get(program, "THEIRS")) == not_found("THEIRS")
    assert outcome(delete(program, "THEIRS")) == not_found("THEIRS")
    assert listing.search(program, identifiers="THEIRS", identifiersType="SKU").json()["items"] == []


@pytest.mark.parametrize("query", [{"includedData": "summaries,prices"}, {"includedData": "identifiers"}])
def test_an_unknown_data_set_is_refused(program: Program, query: dict[str, str]) -> None:
    assert_refused(get(program, listed(program), **query), "includedData")


@pytest.mark.parametrize("query", [{"includedData": "summaries"}, {"mode": "PREVIEW"}, {"mode": ""}])
def test_a_wish_that_a_submission_does_not_know_is_refused(program: Program, query: dict[str, str]) -> None:
    sku = listed(program)

    assert_refused(patch(program, sku, quantities(("DEFAULT", 9)), **query), next(iter(query)))
    assert available(program, sku) == {"DEFAULT": 3}


BAD_PATCHES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"productType": "\xff"}',
    "a list": b"[]",
    "no patches": b'{"productType": "PRODUCT"}',
    "an empty list of patches": b'{"productType": "PRODUCT", "patches": []}',
    "a patch without path": b'{"productType": "PRODUCT", "patches": [{"op": "replace"}]}',
    "a value that is no list": json.dumps(
        {"productType": "PRODUCT", "patches": [{"op": "replace", "path": "/attributes/x", "value": {"a": 1}}]}
    ).encode(),
    "a name with NUL": b'{"productType": "PRODUCT", "patches": '
    b'[{"op": "add", "path": "/attributes/x", "value": [{"\\u0000": 1}]}]}',
    "a nest": b'{"productType": "PRODUCT", "patches": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("content", BAD_PATCHES.values(), ids=BAD_PATCHES)
def test_a_body_that_is_not_its_model_is_refused(program: Program, content: bytes) -> None:
    sku = program.new_sku()

    response = program.call("PATCH", target(program, sku), content=content)

    assert_as_modelled("patchListingsItem", response, LISTINGS)
    assert_refused(response, "")
    assert get(program, sku).status_code == 404


@pytest.mark.parametrize("body", [{"productType": "X"}, {"attributes": []}, {"attributes": {}, "requirements": "NONE"}])
def test_a_put_whose_body_is_not_its_model_is_refused(program: Program, body: dict[str, Any]) -> None:
    assert_refused(put(program, program.new_sku(), body), "")


@pytest.mark.parametrize("sku", ["x" * 41, "\x07", "%20"])
def test_a_sku_that_cannot_be_one_is_not_listed(program: Program, sku: str) -> None:
    where = target(program, sku) if sku != "%20" else target(program, " ")
    body = {"productType": "KETTLE", "attributes": listing.attributes()}

    response = program.call("PUT", where, json=body)

    assert_as_modelled("putListingsItem", response, LISTINGS)
    assert_refused(response, "SKU")


# Clients


def test_writes_are_taken_under_the_path_of_the_old_version_too(program: Program) -> None:
    sku, old = program.new_sku(), {"version": "2020-09-01"}
    body = {"productType": "KETTLE", "attributes": listing.attributes()}

    accepted(put(program, sku, body, **old))
    accepted(patch(program, sku, quantities(("DEFAULT", 8)), **old))
    shown = available(program, sku)
    accepted(delete(program, sku, **old))

    assert shown == {"DEFAULT": 8}
    assert program.call("GET", target(program, sku, **old)).status_code == 403


def test_what_some_clients_add_is_ignored(program: Program) -> None:
    sku = listed(program)
    body = {
        "productType": "PRODUCT",
        "patches": [quantities(("DEFAULT", 8))],
        "MarketplaceId": CA,
        "marketplaceIds": [CA],
    }

    accepted(patch_as(program, sku, body, MarketplaceId=CA, marketplace_ids=CA))
    response = program.call("DELETE", target(program, sku), content=b"{}", headers={"content-type": "application/json"})

    assert available(program, sku) == {}
    accepted(response)


def test_the_role_is_product_listing(new_seller: NewSeller) -> None:
    program = new_seller()
    made = program.server.operator("POST", "/applications", {"name": "ERP", "roles": ["Selling Partner Insights"]})
    both = {"seller": program.seller_id, "application": made["client_id"]}
    refresh_token = program.server.operator("POST", "/authorizations", both)["refresh_token"]
    program.token = program.server.access_token({"spapi": {**made, "refresh_token": refresh_token}})

    for do in OPERATIONS.values():
        assert outcome(do(program, "SKU")) == (403, denied(""))


def test_usage_plans_are_those_of_the_model(limited_server: RunningServer, new_seller: NewSeller) -> None:
    program = new_seller(on=limited_server)
    bursts = {"get": 10, "search": 5, "put": 10, "patch": 5, "delete": 5}

    for name, burst in bursts.items():
        answers = [OPERATIONS[name](program, "SKU") for _ in range(burst + 2)]

        statuses = [answer.status_code for answer in answers]
        assert 429 not in statuses[:burst]
        assert statuses[burst:].count(429) >= 1
        assert answers[0].headers["x-amzn-RateLimit-Limit"] == "5.0"
