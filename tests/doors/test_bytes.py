"""Bytes that are no UTF-8, where a text belongs: every door refuses them in its own words, and takes no two for one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from entrepot.api.gateway import Gateway
from entrepot.api.http import Request
from entrepot.api.metrics import Metrics
from entrepot.api.probes import ProbesRoom
from entrepot.domain.errors import Invalid
from tests.aim import program as aim
from tests.doors.cast import Cast, new_cast
from tests.mws.program import INVENTORY, code, message, tree
from tests.running import RunningServer
from tests.spapi.program import ITEMS, US, denied, outcome, refused, summaries_target

LISTINGS = "/listings/2021-08-01/items"
REPLACEMENT = "K\ufffdse"
# No letter at all; in Latin-1; a surrogate; cut off; longer than it need be.
NO_TEXTS = ["%FF", "K%E4se", "K%F6se", "K%ED%A0%80se", "K%C3", "%C0%AFKse"]
PATH, QUERY = refused("the path is not UTF-8"), refused("the query is not UTF-8")


@pytest.fixture(scope="module")
def cast(server: RunningServer) -> Iterator[Cast]:
    with new_cast(server) as made:
        yield made


@pytest.fixture(scope="module")
def stocked(cast: Cast) -> Cast:
    """With a SKU that looks as those bytes do when they are replaced."""
    cast.new.stocked(7, sku=REPLACEMENT)
    return cast


@pytest.mark.parametrize("sku", NO_TEXTS)
def test_a_path_that_is_no_text_names_nothing(stocked: Cast, sku: str) -> None:
    listing = f"{LISTINGS}/{stocked.new.seller_id}/{sku}?marketplaceIds={US}"

    deleted = stocked.new.call("DELETE", f"{ITEMS}/{sku}?marketplaceId={US}")
    shown = stocked.new.call("GET", listing)
    put = stocked.new.call("PUT", listing, json={"productType": "PRODUCT", "attributes": {}})

    assert [outcome(one) for one in (deleted, shown, put)] == [PATH] * 3
    assert stocked.new.total(REPLACEMENT) == 7


@pytest.mark.parametrize("sku", NO_TEXTS)
def test_a_query_that_is_no_text_asks_for_nothing(stocked: Cast, sku: str) -> None:
    assert outcome(stocked.new.call("GET", f"{summaries_target()}&sellerSku={sku}")) == QUERY
    assert outcome(stocked.new.call("GET", f"{summaries_target()}&{sku}=x")) == QUERY
    assert (
        outcome(stocked.new.call("POST", f"/feeds/2021-06-30/documents?x={sku}", json={})) == QUERY
    )  # nobody reads it


def test_who_has_no_token_is_told_no_more_than_that_the_path_is_no_text(cast: Cast) -> None:
    nobody: dict[str, str | None] = {"x-amz-access-token": None}

    path = cast.new.call("DELETE", f"{ITEMS}/K%E4se?marketplaceId={US}", headers=nobody)
    query = cast.new.call("DELETE", f"{ITEMS}/K?marketplaceId=%E4", headers=nobody)

    assert outcome(path) == PATH
    assert outcome(query) == (403, denied("Access token is missing in the request header."))


def test_a_replacement_character_that_was_sent_as_such_is_a_letter_like_others(stocked: Cast) -> None:
    response = stocked.new.call("GET", f"{LISTINGS}/{stocked.new.seller_id}/{quote(REPLACEMENT)}?marketplaceIds={US}")
    [member] = tree(stocked.middle.call(INVENTORY, "ListInventorySupply", {"SellerSkus.member.1": REPLACEMENT}).content
                    ).iter("member")  # fmt: skip

    assert (response.status_code, response.json()["sku"]) == (200, REPLACEMENT)
    assert (member.findtext("SellerSKU"), member.findtext("InStockSupplyQuantity")) == (REPLACEMENT, "7")


def test_where_there_is_nothing_bytes_that_are_no_text_find_nothing(cast: Cast) -> None:
    answers = [
        cast.new.call("GET", "/nowhere/%E4"),
        operator(cast, "GET", "/operator/v1/nowhere/%E4"),
        cast.old.call("%E4"),
        cast.middle.call("%E4/2010-10-01", "GetServiceStatus", path="/Feeds%E4/2010-10-01"),
        cast.new.http.get("/documents/%E4"),
    ]

    assert [one.status_code for one in answers] == [400, 400, 404, 404, 400]
    assert answers[2].content == aim.NOT_FOUND
    assert b"<Code>InvalidURI</Code>" in answers[4].content


@pytest.mark.parametrize("sku", NO_TEXTS)
def test_the_operator_is_told_that_it_is_no_text(cast: Cast, sku: str) -> None:
    answers = [
        operator(cast, "GET", f"/operator/v1/sellers/{sku}"),
        operator(cast, "DELETE", f"/operator/v1/service/message?locale={sku}"),
    ]

    errors = [one.json()["errors"][0] for one in answers]
    assert [one.status_code for one in answers] == [400, 400]
    assert [(error["code"], error["field"]) for error in errors] == [("Invalid", "path"), ("Invalid", "query")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_mws_names_the_parameter_that_is_no_text_once_the_signature_is_good(stocked: Cast, method: str) -> None:
    parameters = {"SellerSkus.member.1": "K\udce4se", "SellerSkus.member.2": REPLACEMENT}

    response = stocked.middle.call(INVENTORY, "ListInventorySupply", parameters, method=method)

    assert (response.status_code, code(response.content)) == (400, "InvalidParameterValue")
    assert "SellerSkus.member.1" in message(response.content)


@pytest.mark.parametrize("where", ["form", "query", "json"])
def test_a_token_is_not_given_for_bytes_that_are_no_text(cast: Cast, where: str) -> None:
    form = b"grant_type=refresh_token&refresh_token=%E4&client_id=a&client_secret=b"
    content = {"form": form, "query": b"", "json": b'{"grant_type": "refresh_token", "refresh_token": "\xe4"}'}[where]

    response = cast.new.http.post(f"/auth/o2/token{'?x=%E4' if where == 'query' else ''}", content=content)

    assert response.status_code == 400
    assert response.json() == {"error": "invalid_request", "error_description": "The request is not UTF-8"}


async def seen(target: bytes) -> Request:
    """What a room gets to see of a request target that came as these bytes."""
    found: list[Request] = []

    async def nothing(_: Any = None) -> dict[str, Any]:
        return {"type": "http.request"}

    def choose(request: Request) -> ProbesRoom:
        found.append(request)
        return ProbesRoom(nothing, metrics)

    metrics = Metrics()
    path, _, query = target.partition(b"?")
    scope = {"type": "http", "method": "GET", "raw_path": path, "query_string": query, "headers": []}
    await Gateway(choose, metrics)(scope, nothing, nothing)  # type: ignore[arg-type]
    return found[0]


async def test_bytes_that_come_as_they_are_mean_what_they_mean_when_escaped() -> None:
    text, parts, latin = await seen("/ä%C3%B6\ufffd?ä=ö".encode()), await seen(b"/\xc3%A4"), await seen(b"/\xe4?\xe4=+")

    assert (text.segments, text.query, parts.segments) == (("äö\ufffd",), {"ä": ["ö"]}, ("ä",))
    assert (latin.raw_path, latin.query_string) == ("/%E4", "%E4=+")
    with pytest.raises(Invalid):
        _ = latin.segments


def test_the_old_programs_password_may_still_be_in_latin_1(server: RunningServer) -> None:
    credentials = server.add_seller("latin", password="ein gutes Käsebrot")
    pair = f"{credentials['email']}:ein gutes Käsebrot".encode("latin-1")
    headers = [(b"authorization", b"Basic " + base64.b64encode(pair)), (b"reportname", "Käse".encode("latin-1"))]

    response = httpx.post(f"{server.url}{aim.PREFIX}manual-reports/get-report-status", headers=headers)

    assert response.status_code == 200


def operator(cast: Cast, method: str, path: str) -> Any:
    token = (cast.server.data / "operator.token").read_text().strip()
    return cast.new.http.request(method, path, headers={"authorization": f"Bearer {token}"})
