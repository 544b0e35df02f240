"""Pages of getInventorySummaries, and the tokens that lead from one to the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from entrepot.api.paging import Pager
from entrepot.domain.errors import StaleToken
from entrepot.services.secrets import Keyring
from tests.running import RunningServer
from tests.spapi.program import (
    CA,
    STALE,
    START,
    SUMMARIES,
    US,
    NewSeller,
    Program,
    new_program,
    next_token,
    outcome,
    skus_of,
)


@pytest.fixture(scope="module")
def shop(server: RunningServer) -> Iterator[Program]:
    """A seller with 120 SKUs in the US, on a clock that stands still."""
    program = new_program(server, marketplaces=["US", "CA"], clock=START.isoformat())
    for sku in SHOP:
        program.world("create_item", sku=sku, title="A kettle")
    items = [(sku, number + 1) for number, sku in enumerate(SHOP)]
    assert program.add(*items).status_code == 200
    yield program
    program.http.close()


SHOP = [f"SKU-{number:03}" for number in range(120)]


def test_a_hundred_and_twenty_skus_are_three_pages(shop: Program) -> None:
    first = shop.summaries()
    second = shop.summaries(nextToken=next_token(first))
    third = shop.summaries(nextToken=next_token(second))

    assert [skus_of(page) for page in (first, second, third)] == [SHOP[:50], SHOP[50:100], SHOP[100:]]
    assert "pagination" not in third.json()


def test_fifty_skus_are_one_page(shop: Program) -> None:
    response = shop.summaries(sellerSkus=",".join(SHOP[:50]))

    assert skus_of(response) == SHOP[:50]
    assert "pagination" not in response.json()


def test_a_token_alone_carries_the_whole_query(shop: Program) -> None:
    first = shop.summaries(details="True", startDateTime=(START - timedelta(hours=1)).isoformat())

    second = shop.call("GET", f"{SUMMARIES}?nextToken={next_token(first)}")

    [summary, *_] = second.json()["payload"]["inventorySummaries"]
    assert second.json()["payload"]["granularity"] == {"granularityType": "Marketplace", "granularityId": US}
    assert (summary["sellerSku"], summary["inventoryDetails"]["fulfillableQuantity"]) == ("SKU-050", 51)
    assert len(skus_of(second)) == 50


def test_a_token_comes_before_the_parameters_that_stand_beside_it(shop: Program) -> None:
    token = next_token(shop.summaries())

    beside_others = shop.summaries(CA, nextToken=token, granularityType="x", sellerSku="SKU-000", details="maybe")
    bad_token_too = shop.summaries(nextToken="bad", granularityType="x")

    assert skus_of(beside_others) == SHOP[50:100]
    assert outcome(bad_token_too) == (400, STALE)


def test_an_empty_token_is_no_token(shop: Program) -> None:
    assert shop.listed(nextToken="") == SHOP[:50]


def test_a_page_can_be_asked_for_again(shop: Program) -> None:
    token = next_token(shop.summaries())

    once, again = shop.summaries(nextToken=token), shop.summaries(nextToken=token)

    assert once.json()["payload"] == again.json()["payload"]


def test_all_pages_of_a_set_show_the_same_moment(new_seller: NewSeller) -> None:
    program = new_seller()
    for number in range(52):
        program.world("create_item", sku=f"{number:02}", title="A kettle")
    program.add(("50", 7), ("51", 7))
    first = program.summaries(details="true")

    program.world("place_order", sku="50", quantity=3)
    program.world("create_item", sku="505", title="A newcomer")
    program.delete("51")
    program.stocked(sku="00a")
    second = program.summaries(nextToken=next_token(first))

    units = {
        summary["sellerSku"]: (summary["totalQuantity"], summary["inventoryDetails"]["fulfillableQuantity"])
        for summary in second.json()["payload"]["inventorySummaries"]
    }
    assert units == {"50": (7, 7), "51": (7, 7)}


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def keyring(program: Program) -> Keyring:
    """The server's own keys, to forge with."""
    return Keyring.load(program.server.data / "secret.key")


def test_a_token_of_the_server_expires_after_thirty_seconds(shop: Program) -> None:
    purpose = f"getInventorySummaries {shop.seller_id}"
    content = Pager(keyring(shop), time.time).open(purpose, next_token(shop.summaries()), list[Any], 30)
    clock = Clock(time.time())
    issued = {}
    for age in (20, 31, -20):
        clock.now = time.time() - age
        issued[age] = Pager(keyring(shop), clock).seal(purpose, content)

    answers = {age: shop.summaries(nextToken=token) for age, token in issued.items()}

    assert skus_of(answers[20]) == SHOP[50:100]
    assert outcome(answers[31]) == (400, STALE)
    assert outcome(answers[-20]) == (400, STALE)


def test_a_token_is_good_for_its_seller_and_its_operation_only(shop: Program, program: Program) -> None:
    token = next_token(shop.summaries())
    pager = Pager(keyring(shop), time.time)
    content = pager.open(f"getInventorySummaries {shop.seller_id}", token, list[Any], 30)
    of_another_operation = pager.seal(f"getFeeds {shop.seller_id}", content)

    by_another_seller = program.summaries(nextToken=token)
    for_another_operation = shop.summaries(nextToken=of_another_operation)

    assert outcome(by_another_seller) == (400, STALE)
    assert outcome(for_another_operation) == (400, STALE)


def test_a_token_with_other_content_is_refused(shop: Program) -> None:
    purpose = f"getInventorySummaries {shop.seller_id}"
    contents: list[object] = [None, [], {}, "x", [1, 2, 3], [["x"], True, [1, 2, 3]]]
    pager = Pager(keyring(shop), time.time)

    answers = [outcome(shop.summaries(nextToken=pager.seal(purpose, content))) for content in contents]

    assert answers == [(400, STALE)] * len(contents)


def test_a_damaged_token_is_refused(shop: Program) -> None:
    token = next_token(shop.summaries())
    damaged = [
        token[:-1],
        token + "A",
        token[1:],
        token.swapcase(),
        token + "=",
        token + " ",
        token * 50,
        "36775:2NICE",
    ]

    answers = [outcome(shop.summaries(nextToken=text)) for text in damaged]

    assert answers == [(400, STALE)] * len(damaged)


def test_a_token_travels_unchanged_in_a_url(shop: Program) -> None:
    token = next_token(shop.summaries())

    assert quote(token, safe="") == token


@pytest.mark.parametrize(("age", "good"), [(0, True), (29.9, True), (30, True), (30.1, False), (-0.1, False)])
def test_a_page_token_lives_for_its_time_and_not_before_it_was_made(age: float, good: bool) -> None:
    clock = Clock(1_800_000_000)
    pager = Pager(Keyring(bytes(32)), clock)
    token = pager.seal("pages", ["content"])

    clock.now += age

    if good:
        assert pager.open("pages", token, list[str], 30) == ["content"]
    else:
        with pytest.raises(StaleToken):
            pager.open("pages", token, list[str], 30)
