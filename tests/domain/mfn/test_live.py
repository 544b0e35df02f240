"""The live state: what a reader sees follows from what was submitted, the stock and the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from entrepot.domain.mfn import live
from entrepot.domain.mfn.live import Channel, Image, State
from entrepot.domain.papers import Listing, Product, Sku, Source

US, CA, JP = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1VC38T7YXB528"
NOW = datetime(2026, 3, 4, 18, tzinfo=UTC)
A, B = "id-a", "id-b"


def place(source_id: str, status: str = "Active", age: int = 0) -> Source:
    created = NOW - timedelta(days=age)
    return Source(source_id, source_id.upper(), "", status, {}, {}, {}, created, created)


def channel(code: str, **fields: object) -> dict[str, Any]:
    return {"fulfillment_channel_code": code, **fields}


def offer(worth: float, marketplace: str = US, currency: str = "USD", audience: str = "ALL", **more: Any) -> Any:
    schedule = [{"schedule": [{"value_with_tax": worth}]}]
    where = {"marketplace_id": marketplace, "currency": currency, "audience": audience}
    return f"{marketplace}|{currency}|{audience}", {**where, "our_price": schedule, **more}


def state(
    *offers: Any,
    availability: dict[str, Any] | None = None,
    available: dict[str, int] | None = None,
    warehouse: dict[str, int] | None = None,
    sources: tuple[Source, ...] = (),
    asin: str = "B000000001",
    marketplaces: tuple[str, ...] = (US,),
    **attributes: Any,
) -> State:
    channels = {"DEFAULT": channel("DEFAULT", quantity=3)} if availability is None else availability
    listing = Listing("A", "LUGGAGE", "LISTING", list(marketplaces), channels, dict(offers), attributes, NOW, NOW)
    return State(
        listing,
        Sku("A", "X000000001", asin, "NewItem", "amazon"),
        Product(asin, "", "LUGGAGE", "Atlas") if asin else None,
        {source.source_id: source for source in sources},
        available or {},
        warehouse or {},
        NOW,
    )


# quantities


def test_default_alone_shows_its_own_units() -> None:
    assert live.fulfillment_availability(state(available={"DEFAULT": 3})) == [Channel("DEFAULT", 3)]


@pytest.mark.parametrize(("second", "total"), [(5, 15), (7, 17)])
def test_default_shows_the_sum_of_the_locations_as_the_guide_does(second: int, total: int) -> None:
    channels = {A: channel(A), B: channel(B), "DEFAULT": channel("DEFAULT", quantity=0)}
    sources = (place(A, age=2), place(B, age=1))

    found = live.fulfillment_availability(state(availability=channels, available={A: 10, B: second}, sources=sources))

    assert found == [Channel("DEFAULT", total), Channel(A, 10), Channel(B, second)]


def test_a_location_that_closes_lowers_default_by_what_it_has_and_opening_restores_it() -> None:
    channels = {"DEFAULT": channel("DEFAULT"), A: channel(A), B: channel(B)}
    available = {"DEFAULT": 1, A: 10, B: 5}
    opened = state(availability=channels, available=available, sources=(place(A), place(B)))
    closed = state(availability=channels, available=available, sources=(place(A), place(B, "Inactive")))

    assert live.fulfillment_availability(opened)[0] == Channel("DEFAULT", 16)
    assert live.fulfillment_availability(closed) == [Channel("DEFAULT", 11), Channel(A, 10), Channel(B, 5)]


def test_a_channel_of_the_warehouse_shows_no_quantity() -> None:
    channels = {"AMAZON_NA": channel("AMAZON_NA"), "DEFAULT": channel("DEFAULT")}

    found = live.fulfillment_availability(state(availability=channels, available={"DEFAULT": 2}, warehouse={"US": 9}))

    assert found == [Channel("DEFAULT", 2), Channel("AMAZON_NA")]


# offers


def test_the_price_is_a_text_with_the_digits_of_its_currency() -> None:
    [found] = live.offers(state(offer(19.9)), [US])

    assert (found.amount, found.currency, found.offer_type, found.audience) == ("19.90", "USD", "B2C", "ALL")
    yen = state(offer(1980, JP, "JPY"), marketplaces=(JP,))
    assert live.offers(yen, [JP])[0].amount == "1980"
    assert [live.amount(worth, "USD") for worth in (0, 0.005, 1e6, 0.1 + 0.2)] == ["0.00", "0.01", "1000000.00", "0.30"]
    assert live.amount(1980.5, "JPY") == "1981"


def test_a_business_offer_is_one_of_its_own() -> None:
    found = live.offers(state(offer(19), offer(17, audience="B2B")), [US])

    assert [(one.offer_type, one.amount) for one in found] == [("B2C", "19.00"), ("B2B", "17.00")]


@pytest.mark.parametrize(
    ("start", "end", "amount"),
    [
        ("2026-03-01", "2026-03-31", "15.00"),
        ("2026-03-04", "2026-03-04", "15.00"),
        ("2026-03-04T18:00:00Z", "2026-03-04T18:00:01Z", "15.00"),
        ("2026-03-01", "2026-03-03", "19.00"),
        ("2026-03-05", "2026-03-31", "19.00"),
        ("2026-03-01T00:00:00Z", "2026-03-04T18:00:00Z", "19.00"),
    ],
)
def test_a_discount_holds_while_it_runs(start: str, end: str, amount: str) -> None:
    discount = [{"schedule": [{"start_at": start, "end_at": end, "value_with_tax": 15}]}]

    [found] = live.offers(state(offer(19, discounted_price=discount)), [US])

    assert found.amount == amount


def test_an_offer_outside_of_its_time_or_without_a_price_is_none() -> None:
    over = offer(19, end_at={"value": "2026-03-03"})
    soon = offer(19, audience="B2B", start_at={"value": "2026-03-05T00:00:00Z"})
    key, unpriced = offer(19, CA, "CAD")
    del unpriced["our_price"]

    assert live.offers(state(over, soon, (key, unpriced), marketplaces=(US, CA)), [US, CA]) == []


def test_offers_are_those_of_the_marketplaces_asked_for() -> None:
    found = state(offer(19), offer(25, CA, "CAD"), marketplaces=(US, CA))

    assert [one.marketplace_id for one in live.offers(found, [CA])] == [CA]
    assert live.offers(found, [JP]) == []


# status


def test_buyable_needs_an_offer_stock_and_nothing_against_it() -> None:
    stocked = state(offer(19), available={"DEFAULT": 1})

    assert live.status(stocked, US) == ("BUYABLE", "DISCOVERABLE")
    assert live.status(state(offer(19)), US) == ("DISCOVERABLE",)
    assert live.status(state(available={"DEFAULT": 1}), US) == ("DISCOVERABLE",)
    assert live.status(state(offer(19), available={"DEFAULT": 1}, asin=""), US) == ()
    assert live.status(stocked, CA) == ()
    skipped = state(offer(19), available={"DEFAULT": 1}, skip_offer=[{"value": True, "marketplace_id": US}])
    assert live.status(skipped, US) == ("DISCOVERABLE",)


def test_what_is_always_available_is_buyable_without_stock() -> None:
    always = {"DEFAULT": channel("DEFAULT", is_inventory_available=True)}

    assert live.status(state(offer(19), availability=always), US) == ("BUYABLE", "DISCOVERABLE")


def test_stock_of_a_closed_location_makes_nothing_buyable() -> None:
    channels = {A: channel(A)}

    closed = state(offer(19), availability=channels, available={A: 5}, sources=(place(A, "Inactive"),))
    opened = state(offer(19), availability=channels, available={A: 5}, sources=(place(A),))

    assert live.status(closed, US) == ("DISCOVERABLE",)
    assert live.status(opened, US) == ("BUYABLE", "DISCOVERABLE")


def test_stock_of_the_warehouse_counts_in_its_own_country() -> None:
    offers = (offer(19), offer(25, CA, "CAD"))
    channels = {"AMAZON_NA": channel("AMAZON_NA")}

    found = state(*offers, availability=channels, warehouse={"US": 2}, marketplaces=(US, CA))

    assert (live.status(found, US), live.status(found, CA)) == (("BUYABLE", "DISCOVERABLE"), ("DISCOVERABLE",))


# the rest


def test_a_summary_says_what_the_item_is() -> None:
    image = [{"media_location": "https://example.com/a.jpg", "marketplace_id": US}]
    named = [{"value": "The atlas", "marketplace_id": US}]
    literal = [{"value": "new_new", "marketplace_id": US}]

    found = state(main_product_image_locator=image, item_name=named, condition_type=literal)
    [summary] = live.summaries(found, [US, CA])

    assert (summary.marketplace_id, summary.asin, summary.product_type) == (US, "B000000001", "LUGGAGE")
    assert (summary.condition_type, summary.item_name, summary.fnsku) == ("new_new", "The atlas", "")
    assert summary.main_image == Image("https://example.com/a.jpg")
    assert (summary.created_at, summary.updated_at) == (NOW, NOW)


def test_the_fnsku_is_shown_of_what_the_warehouse_ships() -> None:
    [summary] = live.summaries(state(availability={"AMAZON_NA": channel("AMAZON_NA")}), [US])

    assert summary.fnsku == "X000000001"
    assert summary.item_name == "Atlas"


def test_attributes_are_what_was_submitted_with_the_marketplace_of_each_channel() -> None:
    names = [{"value": "Atlas", "marketplace_id": US}, {"value": "L’atlas", "marketplace_id": CA}]
    found = state(offer(19), offer(25, CA, "CAD"), marketplaces=(US, CA), item_name=names, colour=[{"value": "red"}])

    assert live.attributes(found, [US]) == {
        "fulfillment_availability": [channel("DEFAULT", quantity=3, marketplace_id=US)],
        "purchasable_offer": [offer(19)[1]],
        "item_name": names[:1],
        "colour": [{"value": "red"}],
    }
    assert live.attributes(found, [JP]) == {}


def test_product_types_and_relationships_are_told_by_marketplace() -> None:
    found = state(marketplaces=(US, CA))

    assert [(one.marketplace_id, one.product_type) for one in live.product_types(found, [CA, JP])] == [(CA, "LUGGAGE")]
    assert [(one.marketplace_id, one.relationships) for one in live.relationships(found, [US])] == [(US, ())]


def codes(found: State, *marketplaces: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (issue.code, issue.severity, issue.marketplace_ids) for issue in live.issues(found, marketplaces or (US, CA))
    ]


def test_a_listing_without_price_or_product_says_so() -> None:
    assert codes(state(offer(19))) == []
    assert codes(state(asin="")) == [("8560", "ERROR", (US,)), ("90220", "ERROR", (US,))]
    [issue] = live.issues(state(), [US])
    assert str(issue) == "'purchasable_offer' is required but not supplied."
    found = state()
    found.listing.requirements = "LISTING_PRODUCT_ONLY"
    assert codes(found) == []


def test_default_above_nothing_beside_locations_is_an_issue() -> None:
    channels = {"DEFAULT": channel("DEFAULT"), A: channel(A)}
    found = state(offer(19), availability=channels, available={"DEFAULT": 3, A: 5}, sources=(place(A),))

    assert codes(found) == [("EP0004", "WARNING", (US,))]
    assert codes(replace(found, available={"DEFAULT": 0, A: 5})) == []


def test_a_deleted_listing_is_found_for_a_day_with_nothing_but_an_issue() -> None:
    found = state(offer(19), available={"DEFAULT": 3})
    found.listing.deleted_at = NOW

    assert [*live.summaries(found, [US]), *live.offers(found, [US]), *live.fulfillment_availability(found)] == []
    assert codes(found, US) == [("13013", "ERROR", (US,))]
    assert live.is_found(found.listing, NOW + timedelta(hours=23, minutes=59))
    assert not live.is_found(found.listing, NOW + timedelta(hours=24))
