"""A shop read as the rows of a file, and emptied by thousands: as the commands do it one by one."""

from __future__ import annotations

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.ledger import Origin
from entrepot.services.verification import verify
from entrepot.storage import shop
from entrepot.storage.bulk import Submitted
from entrepot.storage.database import Database
from tests.cast import Player, new_player

US = "ATVPDKIKX0DER"
OFFER = f"{US}|USD|ALL"
FILE = Submitted("1", (US,), Origin("aim", "seller, feed 1"))


@pytest_asyncio.fixture
async def player(database: Database) -> Player:
    return await new_player(database, (US, "A2EUQ1WTGCTBG2"))


def patches(quantity: int, price: float | None = None, **more: object) -> tuple[c.Patch, ...]:
    instance = {"fulfillment_channel_code": "DEFAULT", "quantity": quantity, **more}
    made = [
        c.Patch("replace", "/attributes/fulfillment_availability", [instance]),
        c.Patch("replace", "/attributes/item_name", [{"value": "A lamp"}]),
    ]
    if price is not None:
        offer = {"marketplace_id": US, "currency": "USD", "our_price": [{"schedule": [{"value_with_tax": price}]}]}
        made.append(c.Patch("replace", "/attributes/purchasable_offer", [offer]))
    return tuple(made)


async def emptied(player: Player, *skus: str) -> list[str]:
    async with player.ledger.at_work(player.id) as (connection, ledger):
        _, others = await shop.purge(connection, ledger, sorted(skus), FILE)
    return others


async def read(player: Player, after: str | None = None) -> list[str]:
    async with player.database.read() as connection:
        return sorted(await shop.lines(connection, player.id, US, OFFER, after))


async def test_a_shop_is_read_as_a_line_a_listing_with_what_is_not_there_left_blank(player: Player) -> None:
    await player.do(c.PatchListing("A", patches(5, 9.90), mark=-8))
    await player.do(c.PatchListing("B", patches(0, lead_time_to_ship_max_days=3)))
    await player.do(c.PatchListing("C", patches(3, 100)))
    await player.do(c.DeleteListing("C"))

    assert await read(player) == ["A\t5\t\t9.9\t\t\t-8\t", "B\t0\t3\t\t\t\t\t"]
    assert await read(player, after="A") == ["B\t0\t3\t\t\t\t\t"]


async def test_quantities_are_those_that_are_available_now(player: Player) -> None:
    await player.do(c.PatchListing("A", patches(5, 10)))

    await player.do(c.PlaceOrder("A", 2, channel="MFN"))

    assert await read(player) == ["A\t3\t\t10\t\t\t\t"]


async def test_a_mark_goes_when_somebody_else_changes_the_attributes(player: Player) -> None:
    await player.do(c.PatchListing("A", patches(5), mark=8))

    await player.do(c.PatchListing("A", (c.Patch("replace", "/attributes/item_name", [{"value": "Another"}]),)))

    assert await read(player) == ["A\t5\t\t\t\t\t\t"]


async def test_a_purge_leaves_what_deletions_one_by_one_leave(player: Player) -> None:
    for sku in ("A", "B", "KEPT"):
        await player.do(c.PatchListing(sku, patches(5, 10)))
    await player.do(c.PlaceOrder("A", 2, channel="MFN"))
    await player.do(c.DeleteListing("B", reason="PURGE"))

    others = await emptied(player, "A")

    assert others == []
    listings = await player.fetch(
        "select sku, marketplaces, availability, offers, attributes, deleted_at is not null as gone"
        " from listings join listing_attributes using (seller_id, sku) where seller_id = $1 order by sku"
    )
    one, other, kept = (tuple(row)[1:] for row in listings)
    assert one == other != kept
    moves = await player.fetch(
        "select item, quantity, account, to_account, to_detail, event, reason from moves"
        " join entries using (seller_id, seq) where seller_id = $1 and event = 'M10' order by item"
    )
    assert [tuple(row) for row in moves] == [
        ("A", 3, "M_AVAIL", "X_SELLER", "PURGE", "M10", "PURGE"),
        ("B", 5, "M_AVAIL", "X_SELLER", "PURGE", "M10", "PURGE"),
    ]
    assert (await verify(player.database, seller_id=player.id)).clean


async def test_a_purge_names_what_is_listed_elsewhere_or_not_at_all(player: Player) -> None:
    await player.do(c.PatchListing("A", patches(5)))
    await player.do(c.PatchListing("A", patches(5), marketplaces=("A2EUQ1WTGCTBG2",)))
    await player.do(c.PatchListing("B", patches(0)))

    assert await emptied(player, "A", "B", "NEVER") == ["A", "NEVER"]


@pytest.mark.parametrize("skus", [(), ("NEVER",)])
async def test_a_purge_of_nothing_posts_nothing(player: Player, skus: tuple[str, ...]) -> None:
    before = await player.fetch("select last_seq from ledgers where seller_id = $1")

    await emptied(player, *skus)

    assert await player.fetch("select last_seq from ledgers where seller_id = $1") == before
