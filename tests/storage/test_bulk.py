"""Many listings at once do to each listing what its command would do; what is no plain case is left to the commands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.domain import commands as c
from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import Command, Patch, PatchListing, PutListing
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn.attributes import ALL, LEAD_TIME, offer_key
from entrepot.feeds.patches import offer_patches
from entrepot.services.bulk import Availability, places_of, plain_instances
from entrepot.services.verification import verify
from entrepot.storage.bulk import Submitted, Terms, merge_terms, replace_instances
from entrepot.storage.database import Database
from tests.cast import CA, US, Player, new_player

AVAILABILITY = "/attributes/fulfillment_availability"
CHANNEL = "fulfillment_channel_code"
ADDRESS = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
SOURCES = ("S1", "S2")
SKUS = ("A", "B", "a b", "ß", "9")
OFFER = {"marketplace_id": US, "currency": "USD", "audience": ALL}
MERGE = Origin("test", "a file")


def attributes(availability: Sequence[Mapping[str, Any]], **offer: str) -> dict[str, Any]:
    priced = {name: [{"schedule": [{"value_with_tax": float(amount)}]}] for name, amount in offer.items()}
    found: dict[str, Any] = {
        "item_name": [{"value": "A kettle"}],
        "condition_type": [{"value": "new_new"}],
        "fulfillment_availability": list(availability),
        "purchasable_offer": [priced] if priced else [],
    }
    return {name: value for name, value in found.items() if value}


def instance(place: str, quantity: int | None = None, **more: Any) -> dict[str, Any]:
    found = {CHANNEL: place, "quantity": quantity, **more}
    return {name: value for name, value in found.items() if value is not None}


async def seller(database: Database, listings: Mapping[str, dict[str, Any]]) -> Player:
    """A seller with two open locations, and with these listings."""
    player = await new_player(database, (US, CA))
    for source in SOURCES:
        await player.do(c.CreateSource(f"code of {source}", "Store", ADDRESS, source))
        await player.do(c.SourceStatus(source, "Active"))
    for sku, submitted in listings.items():
        await player.do(PutListing(sku, "KETTLE", submitted, US))
    return player


async def stored(player: Player) -> tuple[Any, Any, Any]:
    """What a seller's listings say, what is where, and what the journal says of each account."""
    columns = "sku, product_type, requirements, marketplaces, availability, offers, deleted_at, updated_at"
    listings = await player.fetch(f"select {columns} from listings where seller_id = $1 order by sku")
    units = "account, place, detail, ref, sum({})::bigint from {} where seller_id = $1"
    grouped = "group by item, account, place, detail, ref having sum({}) <> 0 order by 1, 2, 3, 4, 5"
    balances, lines = [
        await player.fetch(f"select item, {units.format(what, table)} {grouped.format(what)}")
        for what, table in (("quantity", "balances"), ("delta", "lines"))
    ]
    decoded = [
        tuple(json.loads(value) if name in ("marketplaces", "availability", "offers") else value
              for name, value in row.items())
        for row in listings
    ]  # fmt: skip
    return decoded, [tuple(row) for row in balances], [tuple(row) for row in lines]


async def assert_in_order(*players: Player) -> None:
    for player in players:
        report = await verify(player.database, seller_id=player.id)
        assert report.clean, [str(difference) for check in report.checks for difference in check.differences]


async def replaced(
    player: Player, changes: Mapping[str, Sequence[dict[str, Any]]], marketplaces: Sequence[str] = (US,)
) -> set[str]:
    """Do changes of availability at once; the SKUs of those that were left, or are not plain."""
    skus = sorted(changes)
    rows = [Availability(number, sku, changes[sku]) for number, sku in enumerate(skus)]
    async with player.ledger.at_work(player.id) as (connection, ledger):
        plain = plain_instances(rows, await places_of(connection, player.id))
        _, left = await replace_instances(connection, ledger, plain, Submitted("F", marketplaces, MERGE))
    return {sku for number, sku in enumerate(skus) if number in left or number not in plain.numbers}


@dataclass(frozen=True)
class Row:
    """What a row of a flat file says; None: the cell is blank."""

    quantity: int | None = None
    days: int | None = None
    price: str | None = None
    minimum: str | None = None
    maximum: str | None = None


async def merged(player: Player, rows: Mapping[str, Row], marketplace: str = US) -> set[str]:
    """Do rows at once; the SKUs of those that were left."""
    skus = sorted(rows)
    chosen = [rows[sku] for sku in skus]
    offer = {**OFFER, "marketplace_id": marketplace, "currency": MARKETPLACES[marketplace].currency}
    terms = Terms(
        range(len(skus)),
        skus,
        [row.quantity for row in chosen],
        [row.days for row in chosen],
        [row.price for row in chosen],
        [row.minimum for row in chosen],
        [row.maximum for row in chosen],
        [None] * len(chosen),
        offer_key(offer),
        json.dumps(offer),
    )
    async with player.ledger.at_work(player.id) as (connection, ledger):
        _, left = await merge_terms(connection, ledger, terms, Submitted("F", (marketplace,), MERGE))
    return {skus[number] for number in left}


def replacing(sku: str, instances: Sequence[dict[str, Any]]) -> Command:
    return PatchListing(sku, (Patch("replace", AVAILABILITY, list(instances)),), marketplaces=(US,))


def merging(sku: str, row: Row, has_default: bool) -> Command | None:
    """The row as a command; None: it changes nothing."""
    given = {"quantity": row.quantity, LEAD_TIME: row.days}
    given = {name: value for name, value in given.items() if value is not None}
    patches = []
    if given and (row.quantity is not None or has_default):
        patches.append(Patch("merge", AVAILABILITY, [{CHANNEL: DEFAULT_LOCATION, **given}]))
    prices = [None if text is None else Decimal(text) for text in (row.price, row.minimum, row.maximum)]
    patches += offer_patches(MARKETPLACES[US], *prices)
    return PatchListing(sku, tuple(patches), marketplaces=(US,)) if patches else None


# What listings may be, and what may be asked of them.

QUANTITIES = st.sampled_from([0, 1, 5, 5, 300_000_000])
DAYS = st.none() | st.integers(0, 30)
PRICES = st.sampled_from(["0.01", "5", "9.99", "10.50", "99999999.99"])


def instances_at(places: Sequence[str], quantities: st.SearchStrategy[int | None]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(places), unique=True, max_size=len(places)).flatmap(
        lambda chosen: st.tuples(
            *(st.builds(lambda units, days, at=place: instance(at, units, **{LEAD_TIME: days}), quantities, DAYS)
              for place in chosen)
        )
    )  # fmt: skip


LISTINGS = st.dictionaries(
    st.sampled_from(SKUS),
    st.builds(
        lambda where, offer: attributes(where, **offer),
        instances_at((DEFAULT_LOCATION, *SOURCES, "AMAZON_NA"), st.none() | QUANTITIES),
        st.fixed_dictionaries(
            {}, optional={"our_price": PRICES, "minimum_seller_allowed_price": PRICES.filter(lambda p: p != "0.01")}
        ),
    ),
    min_size=1,
)
CHANGES = st.dictionaries(
    st.sampled_from(SKUS),
    instances_at((DEFAULT_LOCATION, "S1", "code of S2"), QUANTITIES).filter(bool),
    min_size=1,
)
ROWS = st.dictionaries(
    st.sampled_from(SKUS),
    st.builds(Row, st.none() | QUANTITIES, DAYS, st.none() | PRICES, st.none() | PRICES, st.none() | PRICES),
    min_size=1,
)


@settings(max_examples=30, deadline=None)
@given(listings=LISTINGS, changes=CHANGES)
async def test_quantities_replaced_at_once_are_as_patched_one_by_one(
    database: Database, listings: dict[str, dict[str, Any]], changes: dict[str, Any]
) -> None:
    at_once, one_by_one = await seller(database, listings), await seller(database, listings)

    left = await replaced(at_once, changes)
    for sku in sorted(left):
        await at_once.do(replacing(sku, changes[sku]))
    for sku in sorted(changes):
        await one_by_one.do(replacing(sku, changes[sku]))

    assert await stored(at_once) == await stored(one_by_one)
    assert left >= changes.keys() - listings.keys()
    await assert_in_order(at_once, one_by_one)


@settings(max_examples=30, deadline=None)
@given(listings=LISTINGS, rows=ROWS)
async def test_terms_merged_at_once_are_as_patched_one_by_one(
    database: Database, listings: dict[str, dict[str, Any]], rows: dict[str, Row]
) -> None:
    at_once, one_by_one = await seller(database, listings), await seller(database, listings)
    commands = {}
    for sku in sorted(rows):
        has_default = any(one[CHANNEL] == DEFAULT_LOCATION for one in channels(listings.get(sku, {})))
        if (command := merging(sku, rows[sku], has_default)) is not None:
            commands[sku] = command

    left = await merged(at_once, rows)
    for sku in sorted(left & commands.keys()):
        await at_once.do(commands[sku])
    for command in commands.values():
        await one_by_one.do(command)

    assert await stored(at_once) == await stored(one_by_one)
    await assert_in_order(at_once, one_by_one)


def channels(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = given.get("fulfillment_availability", [])
    return found


# Rows that are left.

HERE = attributes([instance(DEFAULT_LOCATION, 3)], our_price="10")


@pytest.mark.parametrize("quantity", [3, 4], ids=["no change", "a change"])
async def test_a_listing_that_is_not_there_or_not_in_this_marketplace_is_left(
    database: Database, quantity: int
) -> None:
    player = await seller(database, {"HERE": HERE, "GONE": HERE})
    await player.do(c.DeleteListing("GONE", US))
    await player.do(PutListing("CANADIAN", "KETTLE", HERE, CA))
    skus = ("HERE", "GONE", "CANADIAN", "UNKNOWN")
    before = await stored(player)

    by_instance = await replaced(player, {sku: [instance(DEFAULT_LOCATION, quantity)] for sku in skus[1:]})
    by_term = await merged(player, {sku: Row(quantity, price="11") for sku in skus[1:]})
    in_both = await replaced(player, {"HERE": [instance(DEFAULT_LOCATION, quantity)]}, (US, CA))

    assert by_instance == by_term == {"GONE", "CANADIAN", "UNKNOWN"}
    assert in_both == {"HERE"}
    assert await stored(player) == before


async def test_a_listing_that_the_warehouse_ships_is_left_by_terms(database: Database) -> None:
    player = await seller(database, {"A": attributes([instance("AMAZON_NA")], our_price="10")})
    before = await stored(player)

    left = await merged(player, {"A": Row(5, price="11")})
    not_plain = await replaced(player, {"A": [instance("AMAZON_NA", 5)]})

    assert left == not_plain == {"A"}
    assert await stored(player) == before


@pytest.mark.parametrize(("default", "left"), [(0, set[str]()), (1, {"A"})])
async def test_units_at_default_beside_a_location_are_left_because_there_is_something_to_warn_of(
    database: Database, default: int, left: set[str]
) -> None:
    player = await seller(database, {"A": attributes([instance("S1", 3)])})

    by_term = await merged(player, {"A": Row(default)})
    by_instance = await replaced(player, {"A": [instance("S1", 4), instance(DEFAULT_LOCATION, default)]})

    assert by_term == {"A"}
    assert by_instance == left
    await assert_in_order(player)


@pytest.mark.parametrize(
    "instances",
    [
        [],
        [instance("S3", 1)],
        [instance("S1", 1), instance("code of S1", 2)],
        [instance("S1", -1)],
        [instance("S1", 10**9)],
        [instance("S1", True)],
        [{CHANNEL: "S1", "quantity": "1"}],
        [{CHANNEL: "S1"}],
        [instance("S1", 1, **{LEAD_TIME: 31})],
        [instance("S1", 1, restock_date="2026-01-01")],
        ["S1"],
    ],
    ids=str,
)
async def test_instances_that_are_no_plain_quantities_are_left(database: Database, instances: list[Any]) -> None:
    player = await seller(database, {"A": HERE})
    before = await stored(player)

    assert await replaced(player, {"A": instances}) == {"A"}
    assert await stored(player) == before


async def test_a_location_that_is_not_open_is_left(database: Database) -> None:
    player = await seller(database, {"A": HERE})
    await player.do(c.SourceStatus("S1", "Inactive"))

    assert await replaced(player, {"A": [instance("S1", 1)]}) == {"A"}


async def test_everything_at_once_is_one_entry_of_who_submitted_it(database: Database) -> None:
    player = await seller(database, dict.fromkeys(SKUS, HERE))
    before = len(await player.journal())

    left = await replaced(player, {sku: [instance(DEFAULT_LOCATION, 7)] for sku in SKUS})
    same = await replaced(player, {sku: [instance(DEFAULT_LOCATION, 7)] for sku in SKUS})

    entries = (await player.journal())[before:]
    assert left == same == set()
    assert [
        (one["event"], one["channel"], one["actor"], one["reference_kind"], one["reference"]) for one in entries
    ] == [("M01", MERGE.channel, MERGE.actor, "feed", "F")]
    await assert_in_order(player)


async def test_orders_keep_what_they_reserved(database: Database) -> None:
    player = await seller(database, {"A": HERE})
    await player.do(c.PlaceOrder("A", 2, channel="MFN"))

    await merged(player, {"A": Row(9)})

    assert await player.fetch(
        "select account, quantity from balances where seller_id = $1 and quantity > 0 order by account"
    ) == [("M_AVAIL", 9), ("M_RES_PENDING", 2)]
    await assert_in_order(player)
