"""Open listings in three lengths: what is in them, how it is written, and that they need no memory."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.services.documents import Documents
from entrepot.storage.database import Database
from tests.cast import CA, UK, US, Player, market, new_player
from tests.reports.making import documents_of, list_own, made, report, rows

ADDRESS = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}


@pytest.fixture
async def player(database: Database) -> Player:
    return await new_player(database)


@pytest.fixture
def documents(player: Player, tmp_path: Path) -> Documents:
    return documents_of(player, tmp_path)


async def quantities(player: Player, documents: Documents, name: str) -> dict[str, str]:
    return {row["seller-sku"]: row["quantity"] for row in await rows(player, documents, name)}


async def stocked_in_every_way(player: Player) -> None:
    """SKUs with and without stock, at locations, reserved, in the warehouse, deleted, elsewhere."""
    await list_own(player, "OWN", 7, price=9.5)
    await list_own(player, "NONE", 0, price=9.5)
    await list_own(player, "BARE")
    await list_own(player, "PENDING", 5)
    await player.do(c.PlaceOrder("PENDING", 2, channel="MFN"))
    await list_own(player, "SOLD-OUT", 3)
    await player.do(c.PlaceOrder("SOLD-OUT", 3, channel="MFN"))
    source = await player.answer(c.CreateSource("S1", "Store", ADDRESS), "source")
    closed = await player.answer(c.CreateSource("S2", "Shut", ADDRESS), "source")
    await player.do(c.SourceStatus(source, "Active"))
    await list_own(player, "SPREAD", 1)
    await player.do(c.SetQuantity("SPREAD", 4, source))
    await list_own(player, "SHUT")
    await player.do(c.SourceStatus(closed, "Active"))
    await player.do(c.SetQuantity("SHUT", 4, closed))
    await player.do(c.SourceStatus(closed, "Inactive"))
    await player.offer("WAREHOUSE")
    await list_own(player, "GONE", 5)
    await player.do(c.DeleteListing("GONE"))
    await list_own(player, "ELSEWHERE", 5, CA)


OPEN = {"OWN": "7", "PENDING": "3", "SPREAD": "5"}


async def test_the_three_reports_agree_on_what_is_for_sale(player: Player, documents: Documents) -> None:
    await stocked_in_every_way(player)

    full, lite, liter = [
        await quantities(player, documents, name) for name in ("OpenListings", "OpenListingsLite", "OpenListingsLiter")
    ]

    assert lite == liter == OPEN
    assert full == {**OPEN, "WAREHOUSE": ""}


async def test_rows_are_in_the_order_of_their_skus(player: Player, documents: Documents) -> None:
    for sku in ("b", "B", "a 1", "A"):
        await list_own(player, sku, 1)

    found = [
        [row["seller-sku"] for row in await rows(player, documents, name)]
        for name in ("OpenListings", "OpenListingsLite")
    ]

    assert found == [["A", "B", "a 1", "b"]] * 2


async def test_a_full_row_says_everything_that_is_known(player: Player, documents: Documents) -> None:
    await list_own(
        player, "BOOK-1", 12, price=7.5, condition_type="used_very_good", condition_note="A note",
        product_description="A description", expedited_shipping="Domestic,Second,", will_ship_internationally="2",
        externally_assigned_product_identifier=[{"type": "isbn", "value": "9780306406157"}],
    )  # fmt: skip
    await player.do(c.PlaceOrder("BOOK-1", 2, channel="MFN"))

    [row] = await rows(player, documents, "OpenListings")

    listing_id = row.pop("listing-id")
    assert re.fullmatch(r"0301[A-Z][A-Z0-9]{6}", listing_id)
    assert {name: value for name, value in row.items() if value} == {
        "item-name": "Title of BOOK-1",
        "item-description": "A description",
        "seller-sku": "BOOK-1",
        "price": "7.50",
        "quantity": "10",
        "open-date": "2026-03-01 04:00:00 PST",
        "item-is-marketplace": "y",
        "product-id-type": "2",
        "item-note": "A note",
        "item-condition": "2",
        "asin1": "0306406152",
        "will-ship-internationally": "2",
        "expedited-shipping": "Domestic,Second",
        "product-id": "9780306406157",
        "pending-quantity": "2",
        "fulfillment-channel": "DEFAULT",
    }


async def test_what_the_warehouse_ships_has_no_quantities(player: Player, documents: Documents) -> None:
    await player.offer("F")
    await player.do(c.AddStock("F", 5))

    [row] = await rows(player, documents, "OpenListings")

    assert (row["quantity"], row["pending-quantity"], row["fulfillment-channel"]) == ("", "", "AMAZON_NA")
    assert row["item-name"] == "Title of F"
    assert (row["product-id-type"], row["product-id"]) == ("1", row["asin1"])
    assert row["asin1"]


async def test_lite_names_products_by_asin(player: Player, documents: Documents) -> None:
    await list_own(
        player, "A", 3, price=12, externally_assigned_product_identifier=[{"type": "ean", "value": "4006381333931"}]
    )

    [lite] = await rows(player, documents, "OpenListingsLite")
    [full] = await rows(player, documents, "OpenListings")

    assert lite == {"seller-sku": "A", "quantity": "3", "price": "12.00", "product-id": full["asin1"]}
    assert (full["product-id"], full["product-id-type"]) == ("4006381333931", "4")
    assert full["asin1"] != full["product-id"]


@pytest.mark.parametrize(
    ("given", "kind", "shown"),
    [
        ({"type": "upc", "value": "036000291452"}, "3", "036000291452"),
        ({"type": "gtin", "value": "00036000291452"}, "3", "036000291452"),
        ({"type": "gtin", "value": "09780306406157"}, "2", "9780306406157"),
        ({"type": "isbn", "value": "0-306-40615-2"}, "2", "0306406152"),
        ({"type": "ean", "value": "4006381333931"}, "4", "4006381333931"),
    ],
)
async def test_a_product_id_is_told_with_its_kind(
    player: Player, documents: Documents, given: dict[str, str], kind: str, shown: str
) -> None:
    await list_own(player, "A", 1, externally_assigned_product_identifier=[given])

    [row] = await rows(player, documents, "OpenListings")

    assert (row["product-id-type"], row["product-id"]) == (kind, shown)


@pytest.mark.parametrize(
    ("attribute", "value", "column", "shown"),
    [
        ("condition_type", "collectible_acceptable", "item-condition", "8"),
        ("condition_type", "new_oem", "item-condition", "11"),
        ("condition_type", "refurbished_refurbished", "item-condition", "10"),
        ("condition_type", "club_club", "item-condition", ""),
        ("will_ship_internationally", "y", "will-ship-internationally", "2"),
        ("will_ship_internationally", "n", "will-ship-internationally", "1"),
        ("expedited_shipping", "y", "expedited-shipping", "Domestic"),
        ("expedited_shipping", "0", "expedited-shipping", "N"),
        ("item_is_marketplace", "n", "item-is-marketplace", "n"),
        ("category1", "68284", "zshop-category1", "68284"),
        ("boldface", "y", "zshop-boldface", "y"),
        ("condition_note", "two\r\nlines\tand a tab", "item-note", "two  lines and a tab"),
        ("condition_note", 'quoted "so"', "item-note", 'quoted "so"'),
        ("condition_note", "a back\\slash \\. \\N", "item-note", "a back\\slash \\. \\N"),
        ("condition_note", "caf\xe9 \u2014 \u2022 \u65e5", "item-note", "caf\xe9 \u2014 \u2022 ?"),
        ("condition_note", "\x01\x02", "item-note", "  "),
    ],
)
async def test_a_cell_shows_what_its_attribute_says(
    player: Player, documents: Documents, attribute: str, value: str, column: str, shown: str
) -> None:
    await list_own(player, "A", 1, **{attribute: value})

    [row] = await rows(player, documents, "OpenListings")

    assert row[column] == shown


async def test_what_is_not_said_has_its_usual_value(player: Player, documents: Documents) -> None:
    await player.do(c.PutListing("A", "BOOK", {}, US))
    await player.do(c.SetQuantity("A", 1))

    [row] = await rows(player, documents, "OpenListings")

    usual = ("1", "N", "y")
    assert (
        tuple(row[column] for column in ("will-ship-internationally", "expedited-shipping", "item-is-marketplace"))
        == usual
    )
    assert (row["price"], row["product-id"], row["product-id-type"], row["asin1"]) == ("", "", "", "")


async def test_each_marketplace_has_its_own_names_and_prices(player: Player, documents: Documents) -> None:
    await list_own(player, "A", 4, price=10)
    await list_own(player, "A", None, CA, price=13, item_name=[{"value": "Canadian", "marketplace_id": CA}])

    [us] = await rows(player, documents, "OpenListings")
    [canada] = await rows(player, documents, "OpenListings", CA)

    assert (us["price"], canada["price"], canada["item-name"]) == ("10.00", "13.00", "Canadian")


async def test_japan_has_its_own_dates_prices_and_characters(database: Database, tmp_path: Path) -> None:
    player = await new_player(database, [market("JP")])
    documents = documents_of(player, tmp_path)
    await list_own(player, "A", 1, market("JP"), price=1200, item_name="\u65e5\u672c \xe9")

    result = await report(player, documents, "OpenListings", market("JP"))
    [row] = await rows(player, documents, "OpenListings", market("JP"))

    assert result.content_type == "text/plain; charset=Windows-31J"
    assert (row["item-name"], row["price"], row["open-date"]) == ("\u65e5\u672c ?", "1200", "2026/03/01 21:00:00 JST")


async def test_britain_writes_the_day_first(database: Database, tmp_path: Path) -> None:
    player = await new_player(database, [UK])
    await list_own(player, "A", 1, UK)

    [row] = await rows(player, documents_of(player, tmp_path), "OpenListings", UK)

    assert row["open-date"] == "01/03/2026 12:00:00 GMT"


async def test_listing_ids_differ_and_stay(player: Player, documents: Documents) -> None:
    for number in range(40):
        await list_own(player, f"SKU-{number}", 1)

    first, second = [
        {row["seller-sku"]: row["listing-id"] for row in await rows(player, documents, "OpenListings")} for _ in "12"
    ]

    assert first == second
    assert len(set(first.values())) == 40


async def test_an_empty_shop_is_a_header(player: Player, documents: Documents) -> None:
    found = [await rows(player, documents, name) for name in ("OpenListings", "OpenListingsLite", "OpenListingsLiter")]

    assert found == [[], [], []]


async def test_nobody_sees_another_sellers_listings(player: Player, documents: Documents, database: Database) -> None:
    other = await new_player(database)
    await list_own(player, "SHARED", 2)
    await list_own(other, "SHARED", 9)
    await list_own(other, "HIS", 9)

    assert await quantities(player, documents, "OpenListingsLiter") == {"SHARED": "2"}


MANY = 20_000
_MANY = (
    f"""insert into listings select $1, 'SKU-' || n, 'BOOK', 'LISTING', '["{US}"]', '{{"DEFAULT": {{}}}}',
        jsonb_build_object('{US}|USD|ALL', '{{"our_price": [{{"schedule": [{{"value_with_tax": 9.99}}]}}]}}'::jsonb),
        now(), now(), null, null from generate_series(100001, 100000 + $2) n""",
    """insert into listing_attributes select $1, 'SKU-' || n, jsonb_build_object('item_name', jsonb_build_array(
        jsonb_build_object('value', 'An item with a long name \u2014 ' || repeat('word ', 10))))
        from generate_series(100001, 100000 + $2) n""",
    """insert into balances select $1, 'SKU-' || n, 'M_AVAIL', '', 'DEFAULT', '', '', '-infinity', 5
        from generate_series(100001, 100000 + $2) n""",
)


@pytest_asyncio.fixture
async def large(player: Player) -> AsyncIterator[Player]:
    """A seller with many listings in stock, laid straight into the tables; gone in the end, as no journal has them."""
    async with player.database.write() as connection:
        for statement in _MANY:
            await connection.execute(statement, player.id, MANY)
    yield player
    async with player.database.write() as connection:
        for table in ("listings", "listing_attributes", "balances", "skus"):
            await connection.execute(f"delete from {table} where seller_id = $1", player.id)


@pytest.mark.parametrize("name", ["GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT", "GET_MERCHANT_LISTINGS_ALL_DATA"])
async def test_a_long_report_is_never_in_memory_as_a_whole(large: Player, name: str) -> None:
    result = await made(large, name)
    assert isinstance(result.body, AsyncIterator)
    size = lines = 0

    tracemalloc.start()
    async for block in result.body:
        size += len(block)
        lines += block.count(b"\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lines == MANY + 1
    assert size > 3_000_000
    assert peak < size / 2


async def test_who_stops_reading_holds_no_connection(large: Player, documents: Documents) -> None:
    result = await report(large, documents, "OpenListings")
    assert isinstance(result.body, AsyncIterator)

    blocks = [await anext(result.body) for _ in range(2)]
    await result.body.aclose()  # type: ignore[attr-defined]

    copying = "select $1::text from pg_stat_activity where query like 'COPY%' and state = 'active'"
    assert len(blocks) == 2
    async with asyncio.timeout(5):
        while await large.fetch(copying):
            await asyncio.sleep(0.01)
