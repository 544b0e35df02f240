"""Tokens 2021-03-01: who gets a restricted data token, what it opens, and when it ends."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.running import RunningServer
from tests.spapi.model import assert_as_modelled
from tests.spapi.program import (
    CA,
    ITEMS,
    SUMMARIES,
    NewSeller,
    Program,
    at_once,
    denied,
    errors,
    skus_of,
    summaries_target,
)
from tests.spapi.test_access_control import MALFORMED, assert_denied, authorized

TOKENS = "/tokens/2021-03-01/restrictedDataToken"
MODEL = "tokens_2021-03-01"
INVALID = "Request is missing or has invalid parameters"
READ = {"method": "GET", "path": SUMMARIES}


def ask(program: Program, body: Any, **headers: str) -> httpx.Response:
    response = program.call("POST", TOKENS, json=body, headers={**headers})
    assert_as_modelled("createRestrictedDataToken", response, MODEL)
    return response


def restricted(program: Program, *resources: dict[str, Any], **headers: str) -> dict[str, str | None]:
    """The header with a token for these resources."""
    response = ask(program, {"restrictedResources": resources}, **headers)
    assert response.status_code == 200, response.text
    return {"x-amz-access-token": response.json()["restrictedDataToken"]}


def test_a_restricted_token_opens_the_resource_that_it_names_as_its_caller(new_seller: NewSeller) -> None:
    ann, bob = new_seller(marketplaces=["US", "CA"]), new_seller(marketplaces=["US", "CA"])
    sku = ann.stocked(3)
    bob.stocked(4)

    made = ask(ann, {"restrictedResources": [{**READ, "dataElements": ["buyerInfo"]}], "targetApplication": "another"})
    token = made.json()["restrictedDataToken"]
    shown = ann.call("GET", summaries_target(), headers={"x-amz-access-token": token})

    assert made.json()["expiresIn"] == 3600
    assert made.headers["x-amzn-RateLimit-Limit"] == "1.0"
    assert token.startswith("Atz.sprdt|")
    assert skus_of(shown) == [sku]


def test_a_restricted_token_opens_nothing_else(program: Program) -> None:
    headers = restricted(program, READ)

    for method, target in (("POST", ITEMS), ("DELETE", f"{ITEMS}/A"), ("GET", ITEMS), ("POST", TOKENS), ("GET", "/no")):
        assert_denied(program.call(method, target, headers=headers), MALFORMED)


def test_a_placeholder_in_the_path_is_any_one_segment(program: Program) -> None:
    sku, other = program.stocked(sku="50% off/1"), program.stocked(sku="Jürgen's")
    generic = {"method": "DELETE", "path": f"{ITEMS}/{{sellerSku}}"}
    one = {"method": "DELETE", "path": f"{ITEMS}/50%25%20off%2F1"}

    of_one, of_any = restricted(program, one), restricted(program, READ, generic)
    answers = [
        program.call("DELETE", f"{ITEMS}/{spelled}?marketplaceId=ATVPDKIKX0DER", headers=headers).status_code
        for headers, spelled in ((of_one, "J%C3%BCrgen's"), (of_one, "50%25%20off%2F1"), (of_any, "J%C3%BCrgen%27s"))
    ]

    assert answers == [403, 200, 200]
    assert not {sku, other} & set(program.listed())


def test_a_sku_in_braces_is_no_placeholder_when_it_is_percent_encoded(program: Program) -> None:
    sku, other = program.stocked(sku="{A}"), program.stocked(sku="B")
    headers = restricted(program, {"method": "DELETE", "path": f"{ITEMS}/%7BA%7D"})

    answers = [
        program.call("DELETE", f"{ITEMS}/{spelled}?marketplaceId=ATVPDKIKX0DER", headers=headers).status_code
        for spelled in ("B", "%7BA%7D")
    ]

    assert answers == [403, 200]
    assert sku not in program.listed()
    assert other in program.listed()


def test_an_access_token_goes_on_opening_everything(program: Program) -> None:
    restricted(program, READ)

    assert program.summaries(CA).status_code == 200


def test_a_restricted_token_does_not_give_a_role(program: Program) -> None:
    application = authorized(program, roles=["Pricing"])
    headers = restricted(program, READ, **{"x-amz-access-token": application.token})

    assert_denied(program.call("GET", summaries_target(), headers=headers), "")


def test_an_application_that_sees_nothing_of_buyers_gets_none(program: Program) -> None:
    application = authorized(program, roles=["Brand Analytics"])

    response = ask(program, {"restrictedResources": [READ]}, **{"x-amz-access-token": application.token})

    assert (response.status_code, response.json()) == (403, denied(""))


def test_a_restricted_token_cannot_ask_for_another_even_if_it_names_that(program: Program) -> None:
    headers = restricted(program, {"method": "POST", "path": TOKENS})

    response = program.call("POST", TOKENS, json={"restrictedResources": [READ]}, headers=headers)

    assert_denied(response, MALFORMED)


def test_a_restricted_token_ends_with_the_authorization(program: Program) -> None:
    application = authorized(program)
    headers = restricted(program, READ, **{"x-amz-access-token": application.token})
    before = program.call("GET", summaries_target(), headers=headers)

    program.server.operator(
        "POST", "/authorizations/revoke", {"seller": program.seller_id, "application": application.client_id}
    )
    after = program.call("GET", summaries_target(), headers=headers)

    assert before.status_code == 200
    assert_denied(after, MALFORMED)


def test_fifty_resources_are_the_most(program: Program) -> None:
    many = [{"method": "GET", "path": f"/orders/v0/orders/902-1845936-54350{n:02}/address"} for n in range(49)]

    headers = restricted(program, *many, READ)
    refused = ask(program, {"restrictedResources": [*many, READ, READ]})

    assert program.call("GET", summaries_target(), headers=headers).status_code == 200
    assert refused.json() == errors("InvalidRequest", INVALID, "restrictedResources takes 1 to 50 resources")


NOT_PROVIDED = "Resource not provided."
BAD: dict[str, tuple[Any, str]] = {
    "nothing": ({}, NOT_PROVIDED),
    "no resource": ({"restrictedResources": []}, NOT_PROVIDED),
    "null": ({"restrictedResources": None}, NOT_PROVIDED),
    "an empty method": ({"restrictedResources": [{**READ, "method": ""}]}, NOT_PROVIDED),
    "no path": ({"restrictedResources": [{"method": "GET"}]}, NOT_PROVIDED),
    "another method": (
        {"restrictedResources": [{**READ, "method": "PATCH"}]},
        "a resource's method is one of GET, PUT, POST, DELETE, not 'PATCH'",
    ),
    "a URL": (
        {"restrictedResources": [{**READ, "path": "https://sellingpartnerapi-na.amazon.com/orders/v0/orders"}]},
        "a resource's path begins with / and has at most 32 segments",
    ),
    "a path without end": (
        {"restrictedResources": [{**READ, "path": "/{a}" * 100_000}]},
        "a resource's path begins with / and has at most 32 segments",
    ),
    "no UTF-8": ({"restrictedResources": [{**READ, "path": "/orders/%ff"}]}, "a resource's path is UTF-8"),
    "a query": ({"restrictedResources": [{**READ, "path": "/orders?a=b"}]}, "a resource's path has no query"),
}


@pytest.mark.parametrize(("body", "details"), BAD.values(), ids=BAD)
def test_a_request_for_nothing_that_can_be_is_refused(program: Program, body: Any, details: str) -> None:
    response = ask(program, body)

    assert (response.status_code, response.json()) == (400, errors("InvalidRequest", INVALID, details))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"restrictedResources": {}}',
        b'{"restrictedResources": [{"method": "GET", "path": 1}]}',
        b'{"restrictedResources": [{"method": "GET", "path": "/\\ud800"}]}',
        b'{"restrictedResources": [{"method": "GET", "path": "/a", "dataElements": "buyerInfo"}]}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_the_models_is_refused(program: Program, content: bytes) -> None:
    response = program.call("POST", TOKENS, content=content)

    assert_as_modelled("createRestrictedDataToken", response, MODEL)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "InvalidRequest"


def test_the_usage_plan_lets_ten_through_at_once(new_seller: NewSeller, limited_server: RunningServer) -> None:
    program = new_seller(on=limited_server)

    answers = at_once(30, lambda: program.call("POST", TOKENS, json={"restrictedResources": [READ]}))

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 10


def test_no_restricted_token_stands_in_the_log(program: Program, server: RunningServer) -> None:
    headers = restricted(program, READ)
    program.call("GET", summaries_target(), headers=headers)

    assert str(headers["x-amz-access-token"]) not in server.log.read_text()
