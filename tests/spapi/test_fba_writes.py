"""createInventoryItem, addInventory, deleteInventoryItem: as the reference says or, where it is silent, as decided."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.spapi.program import (
    CA,
    INVENTORY,
    ITEMS,
    UNPARSABLE,
    US,
    NewSeller,
    Program,
    at_once,
    outcome,
    refused,
    skus_of,
    summaries_target,
    unknown,
)

# Bodies


@pytest.mark.parametrize("body", [b"{}", b"garbage \xff\0", b'{"nextToken":"x"}', b"[" * 50_000])
def test_bodies_of_reads_and_deletions_are_ignored(program: Program, body: bytes) -> None:
    sku = program.stocked()
    headers: dict[str, str | None] = {"content-type": "application/json; charset=utf-8"}

    read = program.call("GET", summaries_target(sellerSku=sku), content=body, headers=headers)
    deleted = program.call("DELETE", f"{ITEMS}/{sku}?marketplaceId={US}", content=body, headers=headers)

    assert skus_of(read) == [sku]
    assert outcome(deleted) == (200, {})


NOT_JSON = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b"a=b&c=d",
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b'{"a":1e999}x',
]


@pytest.mark.parametrize("path", [ITEMS, INVENTORY])
@pytest.mark.parametrize("body", NOT_JSON)
def test_a_body_that_is_not_the_models_is_refused(program: Program, path: str, body: bytes) -> None:
    response = program.call("POST", path, content=body, headers={"x-amzn-idempotency-token": "t"})

    [error] = response.json()["errors"]
    assert (response.status_code, error["code"], error["message"]) == (400, "InvalidInput", UNPARSABLE)
    assert error["details"].startswith("The request body is not valid: ")


CREATE: dict[str, Any] = {"sellerSku": "x", "marketplaceId": US, "productName": "A kettle"}
LINE: dict[str, Any] = {"sellerSku": "x", "marketplaceId": US, "quantity": 1}
NO_TEXTS: list[Any] = [None, 1, ["x"], {}]
NO_ITEMS: list[Any] = [None, {}, "x", ["x"], [None]]


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in members.items() if other != name}


WRONG_MEMBERS: list[tuple[str, dict[str, Any]]] = [
    *((ITEMS, {**CREATE, name: value}) for name in CREATE for value in NO_TEXTS),
    *((ITEMS, without(CREATE, name)) for name in CREATE),
    *((INVENTORY, {"inventoryItems": value}) for value in NO_ITEMS),
    *((INVENTORY, {"inventoryItems": [{**LINE, name: None}]}) for name in LINE),
    *((INVENTORY, {"inventoryItems": [without(LINE, name)]}) for name in LINE),
]


@pytest.mark.parametrize(("path", "body"), WRONG_MEMBERS)
def test_a_member_that_is_missing_or_of_the_wrong_kind_is_named(
    program: Program, path: str, body: dict[str, object]
) -> None:
    response = program.call("POST", path, json=body, headers={"x-amzn-idempotency-token": "t"})

    [error] = response.json()["errors"]
    assert (response.status_code, error["code"], error["message"]) == (400, "InvalidInput", UNPARSABLE)
    assert any(name in error["details"] for name in ("sellerSku", "marketplaceId", "productName", "inventoryItems"))


def test_unknown_members_are_ignored(program: Program) -> None:
    sku, noise = program.new_sku(), {"marketplaceIds": [US], "MarketplaceIds": [US], "x": {"y": None}}
    item = {"sellerSku": sku, "marketplaceId": US}

    created = program.call("POST", ITEMS, json={**item, "productName": "A kettle", **noise})
    added = program.call(
        "POST",
        INVENTORY,
        json={"inventoryItems": [{**item, "quantity": 2, **noise}], **noise},
        headers={"x-amzn-idempotency-token": "noise"},
    )

    assert (outcome(created), outcome(added), program.total(sku)) == ((200, {}), (200, {}), 2)


@pytest.mark.parametrize("content_type", [None, "application/json", "Application/JSON; charset=utf-8", "text/plain"])
def test_the_content_type_of_a_body_does_not_matter(program: Program, content_type: str | None) -> None:
    body = json.dumps({**CREATE, "sellerSku": program.new_sku()}).encode()

    response = program.call("POST", ITEMS, content=body, headers={"content-type": content_type})

    assert outcome(response) == (200, {})


# createInventoryItem


def test_creating_a_sku_that_is_offered_there_changes_nothing(program: Program) -> None:
    sku = program.stocked(3)
    before = program.summary(sku)

    response = program.create(sku, title="Another title")

    assert outcome(response) == refused(f"SKU '{sku}' already exists")
    assert program.summary(sku) == before


def test_of_concurrent_creations_one_wins(program: Program) -> None:
    sku = program.new_sku()

    answers = at_once(20, lambda: program.create(sku))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    assert program.listed(sellerSku=sku) == [sku]


def test_a_deleted_sku_can_be_created_again_and_starts_empty(program: Program) -> None:
    sku = program.stocked(3)
    program.delete(sku)

    response = program.create(sku, title="Again")

    summary = program.summary(sku)
    assert outcome(response) == (200, {})
    assert (summary["productName"], summary["totalQuantity"]) == ("Again", 0)


@pytest.mark.parametrize(
    ("sku", "details"),
    [
        ("", "a SKU has 1 to 40 characters"),
        ("   ", "a SKU has 1 to 40 characters"),
        ("x" * 41, "a SKU has 1 to 40 characters"),
        ("x" * 100_000, "a SKU has 1 to 40 characters"),
        ("a\0b", "a SKU may not contain control characters"),
        ("a\nb", "a SKU may not contain control characters"),
        ("\u0085x\u0080", "a SKU may not contain control characters"),
    ],
)
def test_what_cannot_be_a_sku_is_refused_by_every_write(program: Program, sku: str, details: str) -> None:
    created, added = program.create(sku), program.add((sku, 1))

    assert outcome(created) == refused(details)
    assert outcome(added) == refused(details)
    if 0 < len(sku) < 100_000:
        assert outcome(program.delete(sku)) == refused(details)


@pytest.mark.parametrize("title", ["", " ", "x" * 501, "a\0b"])
def test_what_cannot_be_a_name_is_refused(program: Program, title: str) -> None:
    sku = program.new_sku()

    response = program.create(sku, title=title)

    assert response.status_code == 400
    assert program.listed(sellerSku=sku) == []


# addInventory


def test_one_unknown_sku_keeps_all_others_from_being_stocked(program: Program) -> None:
    sku = program.stocked(1)

    response = program.add((sku, 5), ("NONE", 5))

    assert outcome(response) == unknown("NONE")
    assert program.total(sku) == 1


def test_a_sku_of_another_marketplace_is_unknown(program: Program) -> None:
    sku = program.stocked(1)

    added, deleted = program.add((sku, 5), marketplace=CA), program.delete(sku, CA)

    assert (added.status_code, deleted.status_code) == (404, 404)
    assert program.total(sku) == 1


def test_lines_of_one_sku_add_up(program: Program) -> None:
    sku = program.stocked()

    program.add((sku, 5), (sku, 7))

    assert program.total(sku) == 12


def test_a_replay_answers_as_the_first_did_and_adds_nothing(program: Program) -> None:
    sku = program.stocked()

    answers = [outcome(program.add((sku, 5), token="replayed")) for _ in range(3)]

    assert answers == [(200, {})] * 3
    assert program.total(sku) == 5


def test_a_replay_is_recognised_however_its_body_is_written(program: Program) -> None:
    sku = program.stocked()
    program.add((sku, 5), token="rewritten")
    body = f'{{ "x": 1, "inventoryItems": [{{"quantity":5, "sellerSku" : "{sku}", "marketplaceId":"{US}"}}] }}'

    response = program.call("POST", INVENTORY, content=body, headers={"x-amzn-idempotency-token": "rewritten"})

    assert outcome(response) == (200, {})
    assert program.total(sku) == 5


def test_a_token_that_comes_back_with_another_body_is_refused(program: Program) -> None:
    sku = program.stocked()
    program.add((sku, 5), token="reused")

    response = program.add((sku, 6), token="reused")

    assert outcome(response) == refused("this idempotency key was used with a different request")
    assert program.total(sku) == 5


def test_a_refused_request_does_not_use_up_its_token(program: Program) -> None:
    sku = program.new_sku()
    refused_first = program.add((sku, 5), token="early")
    program.create(sku)

    response = program.add((sku, 5), token="early")

    assert (refused_first.status_code, response.status_code) == (404, 200)
    assert program.total(sku) == 5


def test_concurrent_replays_add_once_and_all_succeed(program: Program) -> None:
    sku = program.stocked()

    answers = at_once(40, lambda: program.add((sku, 5), token="at once"))

    assert [outcome(answer) for answer in answers] == [(200, {})] * 40
    assert program.total(sku) == 5


def test_concurrent_requests_with_tokens_of_their_own_all_add(program: Program) -> None:
    sku = program.stocked()

    answers = at_once(40, lambda: program.add((sku, 5)))

    assert [outcome(answer) for answer in answers] == [(200, {})] * 40
    assert program.total(sku) == 200


def test_of_two_concurrent_bodies_under_one_token_one_wins(program: Program) -> None:
    sku = program.stocked()

    units = itertools.cycle([1, 2])
    answers = at_once(40, lambda: program.add((sku, next(units)), token="contended"))

    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [400] * 20
    assert program.total(sku) in (1, 2)


def test_a_token_of_one_seller_means_nothing_to_another(program: Program, new_seller: NewSeller) -> None:
    other = new_seller()
    for one in (program, other):
        one.stocked(sku="SHARED")

    answers = [outcome(one.add(("SHARED", 5), token="everybody's")) for one in (program, other)]

    assert answers == [(200, {})] * 2
    assert (program.total("SHARED"), other.total("SHARED")) == (5, 5)


def test_the_token_may_come_in_the_body_but_the_header_goes_first(program: Program) -> None:
    sku = program.stocked()
    body = {"x-amzn-idempotency-token": "in the body", "inventoryItems": [{**LINE, "sellerSku": sku}]}

    in_the_body = [outcome(program.call("POST", INVENTORY, json=body)) for _ in range(2)]
    in_both = program.call("POST", INVENTORY, json=body, headers={"x-amzn-idempotency-token": "in the header"})

    assert in_the_body == [(200, {})] * 2
    assert outcome(in_both) == (200, {})
    assert program.total(sku) == 2


@pytest.mark.parametrize("members", [{}, *({"x-amzn-idempotency-token": value} for value in (None, "", 1, ["t"]))])
def test_without_a_token_nothing_is_added(program: Program, members: dict[str, object]) -> None:
    sku = program.stocked()
    body = {"inventoryItems": [{**LINE, "sellerSku": sku}], **members}

    response = program.call("POST", INVENTORY, json=body)

    assert outcome(response) == refused("the header x-amzn-idempotency-token is required")
    assert program.total(sku) == 0


@pytest.mark.parametrize("token", ["x" * 2000, "blank and 'quote'", "\xfcmlaut"])
def test_a_token_may_be_any_text(program: Program, token: str) -> None:
    sku = program.stocked()

    answers = [program.add((sku, 5), token=token).status_code for _ in range(2)]

    assert (answers, program.total(sku)) == ([200, 200], 5)


@pytest.mark.parametrize("body", [{}, {"inventoryItems": []}])
def test_without_items_nothing_happens(program: Program, body: dict[str, object]) -> None:
    response = program.call("POST", INVENTORY, json=body, headers={"x-amzn-idempotency-token": "none"})

    assert outcome(response) == (200, {})


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1.0, "1", "", True, 10**9, 10**30, [1]])
def test_a_quantity_is_a_whole_number_from_one_up(program: Program, quantity: object) -> None:
    sku = program.stocked(1)

    response = program.add((sku, quantity))

    [error] = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, "InvalidInput")
    assert "quantity" in error["details"]
    assert program.total(sku) == 1


def test_a_balance_holds_up_to_its_greatest_number_and_no_more(program: Program) -> None:
    sku = program.stocked(999_999_999)

    response = program.add((sku, 1))

    assert outcome(response) == refused("a balance may not exceed 999999999 units")
    assert program.total(sku) == 999_999_999


@pytest.mark.parametrize("marketplace", ["", "x", "\0", "US"])
def test_what_is_no_marketplace_is_refused_by_every_write(program: Program, marketplace: str) -> None:
    answers = [program.create(program.new_sku(), marketplace), program.add(("x", 1), marketplace=marketplace)]

    assert [outcome(answer) for answer in answers] == [refused("this is not a marketplace id")] * 2


# deleteInventoryItem


@pytest.mark.parametrize("query", ["", "?", "?marketplaceId=", "?MarketplaceId=x&marketplaceIds=x"])
def test_deletion_needs_its_marketplace(program: Program, query: str) -> None:
    sku = program.stocked()

    response = program.call("DELETE", f"{ITEMS}/{sku}{query}")

    assert outcome(response) == refused("marketplaceId is required")
    assert program.listed(sellerSku=sku) == [sku]


def test_a_deletion_takes_the_item_off_one_marketplace(program: Program) -> None:
    sku = program.stocked(3)
    program.stocked(4, CA, sku)

    first, second = program.delete(sku), program.delete(sku)

    assert outcome(first) == (200, {})
    assert outcome(second) == unknown(sku)
    assert (program.listed(sellerSku=sku), program.total(sku, CA)) == ([], 4)
    assert outcome(program.add((sku, 1))) == unknown(sku)


def test_a_deletion_writes_off_free_and_unsellable_units(program: Program) -> None:
    sku = program.stocked(3)
    program.world("expire", sku=sku, quantity=1)

    response = program.delete(sku)
    program.create(sku)

    assert outcome(response) == (200, {})
    assert program.total(sku) == 0


BINDING: dict[str, dict[str, Any]] = {
    "place_order": {"quantity": 2},
    "plan": {"quantity": 2},
    "misplace": {"quantity": 2},
    "hold": {"quantity": 2},
    "transfer": {"quantity": 2, "origin": "PHX6", "destination": "LAX9"},
}


@pytest.mark.parametrize("verb", BINDING)
def test_an_item_that_somebody_waits_for_is_not_deleted(program: Program, verb: str) -> None:
    sku = program.stocked(3)
    program.world(verb, sku=sku, **BINDING[verb])
    before = program.summary(sku)

    response = program.delete(sku)

    assert outcome(response) == refused(f"SKU '{sku}' has 2 units reserved, inbound, in transfer or under research")
    assert program.summary(sku) == before


def test_a_strict_seller_deletes_only_what_is_empty(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")
    full, unsellable, empty = program.stocked(3), program.stocked(2), program.stocked()
    program.world("expire", sku=unsellable, quantity=2)

    answers = [outcome(program.delete(sku)) for sku in (full, unsellable, empty)]

    assert answers == [
        refused(f"SKU '{full}' still has 3 units"),
        refused(f"SKU '{unsellable}' still has 2 units"),
        (200, {}),
    ]
    assert sorted(program.listed()) == sorted([full, unsellable])
