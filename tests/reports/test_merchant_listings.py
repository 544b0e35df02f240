"""All listings of a marketplace with their status, and open listings as the newer generations have them."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.domain import commands as c
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn import live
from entrepot.services.listings import Listings
from entrepot.storage.database import Database
from tests.cast import CA, DE, US, Player, new_player
from tests.reports.agreement import ALL, INVENTORY, OPEN, listings_agree
from tests.reports.making import lines, list_own, made, read

ACTIVE = "GET_MERCHANT_LISTINGS_DATA"
INACTIVE = "GET_MERCHANT_LISTINGS_INACTIVE_DATA"
ADDRESS = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
PRICE = [{"schedule": [{"value_with_tax": 9}]}]


@pytest.fixture
async def player(database: Database) -> Player:
    return await new_player(database)


async def statuses(player: Player, marketplace: str = US) -> dict[str, str]:
    return {row["seller-sku"]: row["status"] for row in await lines(player, ALL, marketplace)}


def discounted(start: str, end: str) -> list[dict[str, Any]]:
    return [{"schedule": [{"value_with_tax": 5, "start_at": start, "end_at": end}]}]


# In the world it is the first of March 2026, noon in UTC.
OFFERS: dict[str, dict[str, Any]] = {
    "plain": {"our_price": PRICE},
    "no price": {"map_price": PRICE},
    "begun": {"our_price": PRICE, "start_at": {"value": "2026-03-01"}},
    "not begun": {"our_price": PRICE, "start_at": {"value": "2026-03-02"}},
    "begun this second": {"our_price": PRICE, "start_at": {"value": "2026-03-01T12:00:00Z"}},
    "not begun by a second": {"our_price": PRICE, "start_at": {"value": "2026-03-01T12:00:01Z"}},
    "begun elsewhere": {"our_price": PRICE, "start_at": {"value": "2026-03-01T13:59:59+02:00"}},
    "not begun elsewhere": {"our_price": PRICE, "start_at": {"value": "2026-03-01T10:00:01-02:00"}},
    "without a zone": {"our_price": PRICE, "start_at": {"value": "2026-03-01 12:00"}},
    "later without a zone": {"our_price": PRICE, "start_at": {"value": "2026-03-01T12:00:00.5"}},
    "ends today": {"our_price": PRICE, "end_at": {"value": "2026-03-01"}},
    "ended": {"our_price": PRICE, "end_at": {"value": "2026-02-28"}},
    "ends now": {"our_price": PRICE, "end_at": {"value": "2026-03-01T12:00:00Z"}},
    "discount runs": {"discounted_price": discounted("2026-02-01", "2026-03-01")},
    "discount over": {"discounted_price": discounted("2026-02-01", "2026-02-02")},
    "for business": {"our_price": PRICE, "audience": "B2B"},
}


async def test_a_listing_is_active_exactly_where_the_api_has_it_buyable(player: Player) -> None:
    source = await player.answer(c.CreateSource("S1", "Store", ADDRESS), "source")
    shut = await player.answer(c.CreateSource("S2", "Shut", ADDRESS), "source")
    for one in (source, shut):
        await player.do(c.SourceStatus(one, "Active"))
    for name, offer in OFFERS.items():
        await list_own(player, name, 3, purchasable_offer=[offer])
    for marketplace in (US, CA):
        await list_own(player, "both", 3, marketplace, price=9)
    await list_own(player, "canadian", 3, CA, price=9)
    await list_own(player, "none", 0, price=9)
    await list_own(player, "skipped", 3, price=9, skip_offer=True)
    await list_own(player, "not skipped", 3, price=9, skip_offer=False)
    await list_own(player, "always", price=9, fulfillment_availability=[
        {"fulfillment_channel_code": "DEFAULT", "is_inventory_available": True}])  # fmt: skip
    await list_own(player, "never", price=9, fulfillment_availability=[
        {"fulfillment_channel_code": "DEFAULT", "is_inventory_available": False}])  # fmt: skip
    await list_own(player, "beside a location", 3, price=9)
    await player.do(c.SetQuantity("beside a location", 0, source))
    await list_own(player, "at a location", price=9)
    await player.do(c.SetQuantity("at a location", 2, source))
    away = [{"fulfillment_channel_code": "DEFAULT"}, {"fulfillment_channel_code": shut, "is_inventory_available": True}]
    await list_own(player, "always at one that closed", price=9, fulfillment_availability=away)
    await list_own(player, "at one that closed", price=9)
    await player.do(c.SetQuantity("at one that closed", 2, shut))
    await player.do(c.SourceStatus(shut, "Inactive"))
    await list_own(player, "gone", 3, price=9)
    await player.do(c.DeleteListing("gone"))
    await player.offer("warehouse", "empty warehouse", "no offer")
    for sku in ("warehouse", "empty warehouse"):
        attributes = {"purchasable_offer": [{"our_price": PRICE}]}
        await player.do(c.PatchListing(sku, (c.Patch("replace", "/attributes/purchasable_offer",
                                                     attributes["purchasable_offer"]),)))  # fmt: skip
    await player.do(c.AddStock("warehouse", 3))
    await player.do(c.AddStock("empty warehouse", 3, fc="YYZ4"))
    await player.do(c.PutListing("no product", "BOOK", {}, US))

    for marketplace in (US, CA):
        found = await statuses(player, marketplace)
        views = await Listings(player.database, player.ledger).named(player.id, sorted(found), (marketplace,))
        assert {
            view.sku: "Active" if live.BUYABLE in live.status(view.state, marketplace) else "Inactive"
            for view in views
            if view.state.sku.asin
        } == {sku: status for sku, status in found.items() if status != "Incomplete"}
    found = await statuses(player)
    assert "gone" not in found
    assert found["no product"] == "Incomplete"
    assert {row["sku"] for row in await lines(player, INVENTORY)} == found.keys() - {"no product"}
    active = {sku for sku, status in found.items() if status == "Active"}
    assert active == {
        "plain", "begun", "begun this second", "begun elsewhere", "without a zone", "ends today", "discount runs",
        "for business", "both", "not skipped", "always", "at a location", "warehouse",
    }  # fmt: skip


async def test_active_and_inactive_listings_are_parts_of_all(player: Player) -> None:
    await list_own(player, "B", 3, price=9)
    await list_own(player, "A", 0, price=9)
    await player.do(c.PutListing("C", "BOOK", {}, US))

    every, active, inactive = [await lines(player, name) for name in (ALL, ACTIVE, INACTIVE)]

    assert [(row["seller-sku"], row.pop("status")) for row in every] == [
        ("A", "Inactive"), ("B", "Active"), ("C", "Incomplete"),
    ]  # fmt: skip
    assert (active, inactive) == ([every[1]], [every[0]])


async def test_a_row_has_what_open_listings_have_and_the_shipping_group(player: Player) -> None:
    await list_own(player, "A", 12, price=7.5, merchant_shipping_group="Small things")
    await player.do(c.PlaceOrder("A", 2, channel="MFN"))

    [open_one] = await lines(player, OPEN)
    [row] = await lines(player, ALL)

    assert row == {**open_one, "merchant-shipping-group": "Small things", "status": "Active"}
    assert (row["quantity"], row["pending-quantity"], row["fulfillment-channel"]) == ("10", "2", "DEFAULT")


async def test_what_is_sold_out_has_a_zero_and_what_the_warehouse_ships_nothing(player: Player) -> None:
    await list_own(player, "A", 0, price=9)
    await list_own(player, "BARE")
    await player.offer("F")
    await player.do(c.AddStock("F", 5))

    found = {row["seller-sku"]: row for row in await lines(player, ALL)}
    short = {row["sku"]: row for row in await lines(player, INVENTORY)}

    quantities = {sku: (row["quantity"], row["pending-quantity"], row["fulfillment-channel"])
                  for sku, row in found.items()}  # fmt: skip
    assert quantities == {"A": ("0", "0", "DEFAULT"), "BARE": ("0", "0", "DEFAULT"), "F": ("", "", "AMAZON_NA")}
    assert {sku: row["quantity"] for sku, row in short.items()} == {"A": "0", "BARE": "0", "F": ""}
    assert short["A"] == {"sku": "A", "asin": found["A"]["asin1"], "price": "9.00", "quantity": "0"}


async def test_the_four_lengths_of_open_listings_agree(player: Player) -> None:
    """Invariant 32."""
    await list_own(player, "A", 3, price=9)
    await list_own(player, "NONE", 0, price=9)
    await list_own(player, "SOLD", 2, price=9)
    await player.do(c.PlaceOrder("SOLD", 2, channel="MFN"))
    await player.offer("F")

    assert await listings_agree(player, US) == {"A": 3}
    assert {row["seller-sku"] for row in await lines(player, OPEN)} == {"A", "F"}


async def test_of_several_marketplaces_the_first_counts(player: Player) -> None:
    await list_own(player, "A", 3, price=9)
    await list_own(player, "A", None, CA, price=11)

    found = [[row["price"] for row in await lines(player, INVENTORY, *where)] for where in ((US, CA), (CA, US))]

    assert found == [["9.00"], ["11.00"]]


async def test_what_some_programs_take_for_the_end_of_a_line_is_written_as_a_blank(player: Player) -> None:
    await list_own(player, "A", 1, item_name="one\x0btwo\x1cthree\x7f", price=9)

    content = (await read(await made(player, ALL))).decode("ascii")

    assert len(content.splitlines()) == 2
    assert content.splitlines()[1].startswith("one two three \t")


async def test_dates_are_those_of_the_marketplace(database: Database) -> None:
    player = await new_player(database, [DE])
    await list_own(player, "A", 1, DE)

    [row] = await lines(player, ALL, DE)

    assert row["open-date"] == "2026-03-01 13:00:00 CET"
    assert MARKETPLACES[DE].zone == "Europe/Berlin"


async def test_nobody_sees_another_sellers_listings(player: Player, database: Database) -> None:
    other = await new_player(database)
    await list_own(player, "SHARED", 2, price=9)
    await list_own(other, "SHARED", 9, price=1)
    await list_own(other, "HIS", 9, price=1)

    for name, column in ((ALL, "seller-sku"), (ACTIVE, "seller-sku"), (INVENTORY, "sku")):
        [row] = await lines(player, name)
        assert (row[column], row["quantity"], row["price"]) == ("SHARED", "2", "9.00")
