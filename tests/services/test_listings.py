"""Listings as a service: the bound on what a search looks at, rehearsals, and reads that wait for nobody."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from entrepot.domain.commands import DeleteListing, Patch, PatchListing, PutListing
from entrepot.domain.errors import NotFound, Rejected
from entrepot.domain.mfn import live
from entrepot.services import listings as service
from entrepot.services.listings import Found, Listings, Sought
from entrepot.storage.database import Database
from tests.cast import TESTER, US, Player, new_player


def put(sku: str, quantity: int, **offer: Any) -> PutListing:
    price = {"our_price": [{"schedule": [{"value_with_tax": 10}]}], **offer}
    return PutListing(
        sku,
        "KETTLE",
        {
            "item_name": [{"value": "A kettle"}],
            "condition_type": [{"value": "new_new"}],
            "purchasable_offer": [price],
            "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}],
        },
        US,
    )


def quantity(sku: str, units: int) -> PatchListing:
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": units}]
    return PatchListing(sku, (Patch("replace", "/attributes/fulfillment_availability", value),), marketplaces=(US,))


def skus(found: Found) -> list[str]:
    return [view.sku for view in found.views]


async def everything(listings: Listings, player: Player, sought: Sought) -> list[list[str]]:
    """The SKUs of every page."""
    found = await listings.search(player.id, sought)
    pages = [skus(found)]
    while found.following is not None:
        found = await listings.search(player.id, sought, found.following)
        pages.append(skus(found))
    return pages


@pytest.fixture
async def player(database: Database) -> Player:
    return await new_player(database)


@pytest.fixture
def listings(database: Database, player: Player) -> Listings:
    return Listings(database, player.ledger)


async def test_a_search_looks_at_a_bounded_number_and_goes_on_with_the_next_page(
    player: Player, listings: Listings, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = {"end_at": {"value": "2020-01-01"}}
    for number in range(10):
        # The rows cannot tell that an offer is over.
        await player.do(put(f"SKU-{number}", 1, **({} if number in (6, 9) else over)))
    monkeypatch.setattr(service, "CANDIDATES_MAX", 4)
    monkeypatch.setattr(service, "CHUNK", 2)
    sought = Sought((US,), with_status=(live.BUYABLE,), sort_by="sku", descending=False)

    pages = await everything(listings, player, sought)

    assert pages == [[], ["SKU-6"], ["SKU-9"]]


async def test_a_rehearsal_changes_nothing(player: Player, listings: Listings) -> None:
    await player.do(put("SKU", 3))
    before = await player.fetch("select * from ledgers where seller_id = $1"), await player.journal()

    preview = await listings.preview(player.id, quantity("SKU", 5))
    fresh = await listings.preview(player.id, put("NEW", 5))

    assert preview.accepted
    assert fresh.accepted
    assert fresh.asin
    assert await listings.get(player.id, "NEW", (US,)) is None
    assert (await player.fetch("select * from ledgers where seller_id = $1"), await player.journal()) == before


async def test_a_rehearsal_is_refused_as_the_command_would_be(player: Player) -> None:
    with pytest.raises(Rejected):
        await player.ledger.rehearse(player.id, quantity("SKU", -1))
    with pytest.raises(NotFound):
        await player.ledger.rehearse(player.id, DeleteListing("SKU", US))


async def test_a_rehearsal_lets_happen_first_what_is_due(player: Player) -> None:
    await player.do(put("SKU", 3))
    await player.advance(timedelta(hours=1))

    answer = await player.ledger.rehearse(player.id, quantity("SKU", 1))

    assert answer["status"] == "ACCEPTED"


async def test_reads_wait_for_no_writer(player: Player, listings: Listings) -> None:
    await player.do(put("SKU", 3))

    async with player.ledger.locked(player.id), asyncio.timeout(10):
        view = await listings.get(player.id, "SKU", (US,))
        found = await listings.search(player.id, Sought((US,)))

    assert view is not None
    assert skus(found) == ["SKU"]


async def test_a_refused_submission_says_why(player: Player, listings: Listings) -> None:
    receipt = await listings.submit(player.id, quantity("SKU", -1), TESTER)

    assert not receipt.accepted
    assert [issue.code for issue in receipt.issues] == ["4000001"]
