"""Sellers 2011-07-01: where a seller sells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entrepot.storage.database import Database
from tests.cast import CA, DE, UK, US, new_player
from tests.mws import recorded
from tests.mws.door import new_door
from tests.mws.program import SELLERS, Program, code, namespace, tree

LIST = "ListMarketplaceParticipations"


def found(program: Program) -> list[tuple[str, str]]:
    """The marketplaces, by id and name."""
    result = tree(program.call(SELLERS, LIST).content)[0]
    ids = [one.findtext("MarketplaceId") for one in result.find("ListParticipations")]
    assert ids == [one.findtext("MarketplaceId") for one in result.find("ListMarketplaces")]
    return [(one.findtext("MarketplaceId"), one.findtext("Name")) for one in result.find("ListMarketplaces")]


def test_a_seller_is_told_where_he_sells(program: Program) -> None:
    response = program.call(SELLERS, LIST)
    result = tree(response.content)[0]

    assert namespace(response.content) == "https://mws.amazonservices.com/Sellers/2011-07-01"
    assert [one.tag for one in result] == ["ListParticipations", "ListMarketplaces"]
    assert {one.tag: one.text for one in result[0][0]} == {
        "MarketplaceId": US,
        "SellerId": program.seller_id,
        "HasSellerSuspendedListings": "No",
    }
    assert {one.tag: one.text for one in result[1][1]} == {
        "MarketplaceId": CA,
        "Name": "Amazon.ca",
        "DefaultCountryCode": "CA",
        "DefaultCurrencyCode": "CAD",
        "DefaultLanguageCode": "en_CA",
        "DomainName": "www.amazon.ca",
    }
    assert not [name for name in response.headers if name.startswith("x-mws-quota")]


def test_every_seller_is_told_of_his_own(new_program: Callable[..., Program]) -> None:
    assert found(new_program(marketplaces=["DE", "UK"])) == [(DE, "Amazon.de"), (UK, "Amazon.co.uk")]
    assert found(new_program(marketplaces=["US"])) == [(US, "Amazon.com")]


async def test_at_amazons_hosts_he_sells_in_their_region_only(database: Database, tmp_path: Path) -> None:
    door = replace(new_door(await new_player(database), tmp_path), marketplaces=(US, DE, CA))

    async def told(host: str) -> list[str]:
        result = await replace(door, host=host).result(LIST)
        return [one.text for one in result[0].iter("MarketplaceId")]

    assert await told("127.0.0.1:8080") == [US, DE, CA]
    assert await told("mws.amazonservices.com") == [US, CA]


def test_there_is_no_second_page(program: Program) -> None:
    following = f"{LIST}ByNextToken"

    assert [code(program.call(SELLERS, following, {"NextToken": one}).content) for one in ("", "x")] == [
        "ValidationError",
        "NextTokenCorrupted",
    ]


@recorded.needs_live
@pytest.mark.parametrize("line", recorded.live("/Sellers/"), ids=recorded.action)
def test_the_recorded_answer_has_the_same_form(program: Program, line: dict[str, Any]) -> None:
    content = line["response"]["body"].encode()

    response = program.call(SELLERS, LIST)

    live, ours = tree(content), tree(response.content)
    assert (ours.tag, namespace(response.content)) == (live.tag, namespace(content))
    assert recorded.shape(ours) == recorded.shape(live)
    told = {one.tag: one.text for one in live.iterfind(".//Marketplace[MarketplaceId='A2EUQ1WTGCTBG2']/*")}
    assert {one.tag: one.text for one in ours.iterfind(".//Marketplace[MarketplaceId='A2EUQ1WTGCTBG2']/*")} == told
