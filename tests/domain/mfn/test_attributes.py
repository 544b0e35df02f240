"""Attributes: instances are told apart by their selectors, and each operation changes those that it addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn.addressing import Scope, recomposed
from entrepot.domain.mfn.attributes import AVAILABILITY, MERGEABLE, OFFER, SALES_TERMS, SELECTORS, SHAPES
from entrepot.domain.mfn.drafting import Draft
from entrepot.domain.mfn.shapes import Findings, instant

US, CA, JP = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1VC38T7YXB528"
CODES = {"DEFAULT": "DEFAULT", "AMAZON_NA": "AMAZON_NA", "ISPU01": "id-1", "id-1": "id-1", "id-2": "id-2"}
Instance = dict[str, Any]


def channel_of(code: str, findings: Findings, closing: bool) -> str | None:
    if code not in CODES:
        findings.wrong("fulfillment_channel_code", code, "a channel")
    return CODES.get(code)


def draft(
    *marketplaces: str,
    strict: bool = False,
    availability: dict[str, Instance] | None = None,
    offers: dict[str, Instance] | None = None,
    attributes: dict[str, list[Instance]] | None = None,
) -> Draft:
    scope = Scope(tuple(MARKETPLACES[id_] for id_ in marketplaces or (US,)), channel_of, strict)
    return Draft(scope, availability or {}, offers or {}, attributes or {})


def channel(code: str, **fields: object) -> Instance:
    return {"fulfillment_channel_code": code, **fields}


def price(worth: float, **fields: object) -> Instance:
    return {**fields, "our_price": [{"schedule": [{"value_with_tax": worth}]}]}


def patched(one: Draft, op: str, name: str, value: Any) -> Draft:
    one.patch(op, f"/attributes/{name}", value)
    return one


def codes(one: Draft) -> list[tuple[str, str]]:
    return [(issue.code, issue.severity) for issue in one.issues]


# replace


def test_a_replaced_instance_loses_the_fields_that_are_left_out() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3, lead_time_to_ship_max_days=2, restock_date="2026-04-01")}

    found = patched(draft(availability=stored), "replace", AVAILABILITY, [channel("DEFAULT", quantity=4)])

    assert found.availability == {"DEFAULT": channel("DEFAULT", quantity=4)}
    assert stored["DEFAULT"]["lead_time_to_ship_max_days"] == 2


@pytest.mark.parametrize("op", ["replace", "add"])
def test_a_new_channel_is_added_beside_the_others(op: str) -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3)}

    found = patched(draft(availability=stored), op, AVAILABILITY, [channel("AMAZON_NA")])

    assert found.availability == {**stored, "AMAZON_NA": channel("AMAZON_NA")}
    assert found.quantities == {}


def test_a_location_is_the_same_by_its_code_and_by_its_id() -> None:
    found = patched(draft(), "replace", AVAILABILITY, [channel("ISPU01", quantity=1)])
    patched(found, "replace", AVAILABILITY, [channel("id-1", quantity=2)])

    assert found.availability == {"id-1": channel("id-1", quantity=2)}
    assert found.quantities == {"id-1": 2}
    assert codes(patched(draft(), "replace", AVAILABILITY, [channel("id-1"), channel("ISPU01")])) == [
        ("4000001", "ERROR")
    ]


def test_an_offer_is_told_apart_by_marketplace_currency_and_audience() -> None:
    found = patched(draft(US, CA), "replace", OFFER, [price(9, marketplace_id=US, currency="USD")])
    patched(found, "replace", OFFER, [price(8, marketplace_id=US, currency="USD", audience="B2B")])
    patched(found, "replace", OFFER, [price(7, marketplace_id=US, currency="USD", audience="ALL")])

    assert {key: offer["our_price"][0]["schedule"][0]["value_with_tax"] for key, offer in found.offers.items()} == {
        f"{US}|USD|ALL": 7,
        f"{US}|USD|B2B": 8,
    }


def test_without_a_marketplace_those_of_the_request_are_meant() -> None:
    found = patched(draft(US, CA), "replace", OFFER, [price(9)])

    assert [*found.offers] == [f"{US}|USD|ALL", f"{CA}|CAD|ALL"]


def test_without_any_selector_the_whole_attribute_is_replaced_in_the_marketplaces_of_the_request() -> None:
    names = [
        {"value": "Atlas", "marketplace_id": US, "language_tag": "en_US"},
        {"value": "Atlante", "marketplace_id": US, "language_tag": "es_US"},
        {"value": "L’atlas", "marketplace_id": CA, "language_tag": "fr_CA"},
    ]

    found = patched(draft(attributes={"item_name": names}), "replace", "item_name", [{"value": "New"}])

    new = {"value": "New", "marketplace_id": US, "language_tag": "en_US"}
    assert found.attributes == {"item_name": [names[2], new]}


def test_several_instances_with_the_same_selectors_are_replaced_together() -> None:
    points = [{"value": text, "marketplace_id": US, "language_tag": "en_US"} for text in "abc"]
    here = {"marketplace_id": US, "language_tag": "en_US"}

    found = patched(draft(attributes={"bullet_point": points}), "replace", "bullet_point", [{"value": "x", **here}])

    assert found.attributes["bullet_point"] == [{"value": "x", **here}]


def test_an_unknown_attribute_is_accepted_and_told_apart_by_what_it_has() -> None:
    found = patched(draft(), "replace", "wheel_size", [{"value": 20, "unit": "inches", "marketplace_id": US}])
    patched(found, "replace", "wheel_size", [{"value": 28, "marketplace_id": US}])
    patched(found, "replace", "colour_map", [{"value": "red"}, {"value": "blue"}])

    assert found.attributes == {
        "wheel_size": [{"value": 28, "marketplace_id": US}],
        "colour_map": [{"value": "red"}, {"value": "blue"}],
    }
    assert found.issues == []


def test_a_marketplace_that_is_not_of_the_request_is_refused() -> None:
    assert codes(patched(draft(US), "replace", OFFER, [price(9, marketplace_id=CA)])) == [("4000001", "ERROR")]
    assert codes(patched(draft(US), "replace", "anything", [{"marketplace_id": CA}])) == [("4000001", "ERROR")]


# merge


def test_a_merge_keeps_what_it_does_not_mention_and_null_takes_a_field_away() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3, lead_time_to_ship_max_days=2)}

    found = patched(draft(availability=stored), "merge", AVAILABILITY, [channel("DEFAULT", quantity=9)])
    assert found.availability == {"DEFAULT": channel("DEFAULT", quantity=9, lead_time_to_ship_max_days=2)}
    assert found.quantities == {"DEFAULT": 9}

    patched(found, "merge", AVAILABILITY, [channel("DEFAULT", lead_time_to_ship_max_days=None)])
    assert found.availability == {"DEFAULT": channel("DEFAULT", quantity=9)}


def test_a_merge_that_says_nothing_of_the_quantity_sets_none() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3)}

    found = patched(draft(availability=stored), "merge", AVAILABILITY, [channel("DEFAULT", restock_date="2026-05-01")])

    assert found.quantities == {}


def test_a_merge_into_what_is_not_there_adds_it() -> None:
    found = patched(draft(), "merge", OFFER, [price(5, marketplace_id=US, currency="USD", audience="B2B")])

    assert [*found.offers] == [f"{US}|USD|B2B"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (OFFER, [{"our_price": None, "marketplace_id": US, "currency": "USD", "audience": "ALL"}], "4000001"),
        (OFFER, [price(5, marketplace_id=US, currency="", audience="ALL")], "99022"),
        (OFFER, [price(5, marketplace_id=US)], "99022"),
        (AVAILABILITY, [{"quantity": 5}], "99022"),
        (AVAILABILITY, [channel("DEFAULT", colour=None)], "90000900"),
        (AVAILABILITY, [channel("DEFAULT", is_inventory_available=True)], "4000001"),
        ("item_name", [{"value": "x"}], "4000001"),
    ],
)
def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(name: str, value: Any, code: str) -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3)}

    found = patched(draft(availability=stored), "merge", name, value)

    assert code in [issue.code for issue in found.issues]
    assert (found.availability, found.offers, found.attributes) == (stored, {}, {})


# delete


def test_delete_takes_the_channels_named_away() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3), "id-1": channel("ISPU01"), "AMAZON_NA": channel("AMAZON_NA")}

    found = patched(draft(availability=stored), "delete", AVAILABILITY, [channel("ISPU01", quantity=0)])

    assert [*found.availability] == ["DEFAULT", "AMAZON_NA"]
    assert [*found.closed] == ["id-1"]


def test_delete_without_a_value_clears_the_merchant_channels_only() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3), "id-1": channel("ISPU01"), "AMAZON_NA": channel("AMAZON_NA")}

    found = patched(draft(availability=stored), "delete", AVAILABILITY, None)

    assert [*found.availability] == ["AMAZON_NA"]
    assert [*found.closed] == ["DEFAULT", "id-1"]


def test_a_channel_that_comes_back_with_a_quantity_is_not_closed() -> None:
    found = patched(
        draft(availability={"DEFAULT": channel("DEFAULT", quantity=3)}), "delete", AVAILABILITY, [channel("DEFAULT")]
    )
    patched(found, "add", AVAILABILITY, [channel("DEFAULT", quantity=5)])

    assert (found.quantities, found.closed) == ({"DEFAULT": 5}, {})


def test_delete_takes_offers_and_other_instances_by_their_selectors() -> None:
    offers = {f"{US}|USD|{who}": price(5, marketplace_id=US, currency="USD", audience=who) for who in ("ALL", "B2B")}
    names = [{"value": "A", "marketplace_id": US, "language_tag": tag} for tag in ("en_US", "es_US")]
    found = draft(offers=offers, attributes={"item_name": names})

    patched(found, "delete", OFFER, [{"marketplace_id": US, "currency": "USD", "audience": "B2B"}])
    patched(found, "delete", "item_name", [{"language_tag": "en_US"}])

    assert [*found.offers] == [f"{US}|USD|ALL"]
    assert found.attributes == {"item_name": names[1:]}
    patched(found, "delete", "item_name", None)
    patched(found, "delete", OFFER, None)
    assert (found.offers, found.attributes) == ({}, {})


def test_delete_is_about_the_marketplaces_of_the_request() -> None:
    names = [{"value": "A", "marketplace_id": id_, "language_tag": "en_US"} for id_ in (US, CA)]
    offers = {f"{id_}|XXX|ALL": price(5, marketplace_id=id_, currency="XXX", audience="ALL") for id_ in (US, CA)}
    found = draft(US, offers=offers, attributes={"item_name": names})

    patched(found, "delete", "item_name", [{"language_tag": "en_US"}])
    patched(found, "delete", OFFER, [{"audience": "ALL"}])

    assert found.attributes == {"item_name": names[1:]}
    assert [*found.offers] == [f"{CA}|XXX|ALL"]


# what is wrong


@pytest.mark.parametrize(
    ("path", "code", "names"),
    [
        ("/attributes/fulfillmentAvailability", "90000900", ("fulfillmentAvailability",)),
        ("/attributes/fulfillment_availability/0/quantity", "4000001", ()),
        ("/fulfillment_availability", "4000001", ()),
        ("fulfillment_availability", "4000001", ()),
        ("/attributes/", "4000001", ()),
        ("", "4000001", ()),
        ("/attributes/ä", "90000900", ("ä",)),
    ],
)
def test_a_path_names_one_attribute_in_its_own_spelling(path: str, code: str, names: tuple[str, ...]) -> None:
    found = draft()

    found.patch("replace", path, [channel("DEFAULT", quantity=1)])

    assert [(issue.code, issue.severity, issue.attribute_names) for issue in found.issues] == [(code, "ERROR", names)]
    assert found.availability == {}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("fulfillmentchannelCode", "fulfillment_channel_code"),
        ("fulfillmentChannelCode", "fulfillment_channel_code"),
        ("fulfilment_channel_code", "fulfillment_channel_code"),
        ("leadTimeToShipMaxDays", "lead_time_to_ship_max_days"),
        ("isInventoryAvailable", "is_inventory_available"),
        ("restockDate", "restock_date"),
        ("Quantity", "quantity"),
    ],
)
def test_a_misspelt_key_is_forgiven_with_a_warning_that_names_the_right_one(wrong: str, right: str) -> None:
    worth = {"fulfillment_channel_code": "DEFAULT", "is_inventory_available": True, "restock_date": "2026-04-01"}
    value = {"fulfillment_channel_code": "DEFAULT", right: worth.get(right, 1)}
    misspelt = {wrong if key == right else key: part for key, part in value.items()}

    found = patched(draft(), "replace", AVAILABILITY, [misspelt])

    assert found.availability == {"DEFAULT": value}
    [issue] = found.issues
    assert issue.severity == "WARNING"
    assert f"'{right}'" in str(issue)
    refused = patched(draft(strict=True), "replace", AVAILABILITY, [misspelt])
    assert refused.availability == {}
    assert ("90000900", "ERROR") in codes(refused)


def test_a_field_that_is_not_nearly_right_is_refused_by_all() -> None:
    for strict in (False, True):
        found = patched(draft(strict=strict), "replace", AVAILABILITY, [channel("DEFAULT", stock=4)])

        assert codes(found) == [("90000900", "ERROR")]
        assert "'stock'" in str(found.issues[0])


@pytest.mark.parametrize("value", [-1, 1.5, "10", None, True, 10**9, [1], {}])
def test_a_quantity_is_a_whole_number_of_units(value: Any) -> None:
    assert codes(patched(draft(), "replace", AVAILABILITY, [channel("DEFAULT", quantity=value)])) == [
        ("4000001", "ERROR")
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (AVAILABILITY, None),
        (AVAILABILITY, []),
        (AVAILABILITY, {}),
        (AVAILABILITY, [1]),
        (AVAILABILITY, [{}]),
        (AVAILABILITY, [channel("nowhere")]),
        (AVAILABILITY, [channel("DEFAULT"), channel("DEFAULT")]),
        (AVAILABILITY, [channel("DEFAULT", lead_time_to_ship_max_days=31)]),
        (AVAILABILITY, [channel("DEFAULT", restock_date="soon")]),
        (AVAILABILITY, [channel("DEFAULT", quantity=1, is_inventory_available=True)]),
        (AVAILABILITY, [{"fulfillment_channel_code": {}}]),
        (OFFER, [price(-1)]),
        (OFFER, [price(float("inf"))]),
        (OFFER, [price(float("nan"))]),
        (OFFER, [price(9, currency="EUR")]),
        (OFFER, [price(9, audience="FRIENDS")]),
        (OFFER, [{"our_price": [{"schedule": [{}]}]}]),
        (OFFER, [{"our_price": [{}]}]),
        (OFFER, [{"our_price": []}]),
        (OFFER, [{"discounted_price": [{"schedule": [{"value_with_tax": 3}]}]}]),
        (OFFER, [price(9), price(8)]),
        ("condition_type", [{"value": "shiny"}]),
        ("skip_offer", [{"value": "true"}]),
        ("item_name", [{"value": "x" * 201}]),
        ("item_name", [{"value": "a\0b"}]),
        ("condition_note", [{"value": "x" * 2205}]),
        ("merchant_suggested_asin", [{"value": "B0"}]),
        ("package_contains_sku", [{"sku": "A", "quantity": 251}]),
        ("anything", ["text"]),
        ("anything", [{"language_tag": {}}]),
        ("anything", [{"a": "\ud800"}]),
    ],
)
def test_a_value_that_is_wrong_is_an_error_and_changes_nothing(name: str, value: Any) -> None:
    found = patched(draft(), "replace", name, value)

    assert found.errors
    assert (found.availability, found.offers, found.attributes) == ({}, {}, {})


def test_a_value_nested_too_deeply_is_an_error() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]

    assert patched(draft(), "replace", "anything", [{"value": deep}]).errors


def test_of_very_many_slips_the_first_are_told_and_an_error_is_never_lost() -> None:
    misspelt = [{"fulfillmentChannelCode": "DEFAULT", "Quantity": -1} for _ in range(900)]

    found = patched(draft(), "replace", AVAILABILITY, misspelt)

    assert found.errors
    assert len(found.issues) == 200
    assert codes(patched(draft(), "replace", AVAILABILITY, [{}] * 1001)) == [("4000001", "ERROR")]


def test_an_operation_is_one_of_four() -> None:
    assert codes(patched(draft(), "remove", AVAILABILITY, None)) == [("4000001", "ERROR")]


def test_what_was_read_may_be_sent_back() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3)}
    read = recomposed(stored, {}, {}, [US])[AVAILABILITY]

    found = patched(draft(strict=True, availability=stored), "replace", AVAILABILITY, read)

    assert read == [channel("DEFAULT", quantity=3, marketplace_id=US)]
    assert found.availability == stored
    assert found.issues == []


def test_dates_and_times_of_all_usual_forms_are_read() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert instant("2026-03-01T12:00:00Z") == instant("2026-03-01T13:00:00+01:00") == noon
    assert instant("2026-03-01 12:00:00.000+00:00") == instant("2026-03-01T12:00:00") == noon
    assert instant("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert instant("2026-03-01", end_of_day=True) == datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert [instant(text) for text in ("20260301", "2026-13-01", "0001-01-01T00:00:00+14:00", "٢٠٢٦-01-01", "")] == (
        [None] * 5
    )


# put


def test_a_put_replaces_the_facts_and_keeps_the_sales_terms_that_it_leaves_out() -> None:
    stored = {"DEFAULT": channel("DEFAULT", quantity=3)}
    offers = {f"{US}|USD|ALL": price(5, marketplace_id=US, currency="USD", audience="ALL")}
    facts = {
        "brand": [{"value": "Old", "marketplace_id": US}, {"value": "Vieux", "marketplace_id": CA}],
        "colour": [{"value": "red"}],
        "condition_type": [{"value": "used_good", "marketplace_id": US}],
    }
    found = draft(availability=stored, offers=offers, attributes=facts)

    found.put({"item_name": [{"value": "New"}]}, keep_facts=False)

    assert (found.availability, found.offers) == (stored, offers)
    assert found.attributes == {
        "brand": [{"value": "Vieux", "marketplace_id": CA}],
        "condition_type": [{"value": "used_good", "marketplace_id": US}],
        "item_name": [{"value": "New", "marketplace_id": US, "language_tag": "en_US"}],
    }


def test_a_put_of_an_offer_only_keeps_the_facts() -> None:
    found = draft(attributes={"colour": [{"value": "red"}]})

    found.put({"condition_type": [{"value": "new_new"}]}, keep_facts=True)

    assert [*found.attributes] == ["colour", "condition_type"]


def test_a_put_in_camel_case_is_refused() -> None:
    found = draft()

    found.put({"fulfillmentAvailability": [channel("DEFAULT")]}, keep_facts=False)

    assert [(issue.code, issue.attribute_names) for issue in found.issues] == [
        ("90000900", ("fulfillmentAvailability",))
    ]


def test_the_tables_agree() -> None:
    assert set(MERGEABLE) <= SALES_TERMS
    assert SHAPES.keys() <= SELECTORS.keys()
    for name, selectors in SELECTORS.items():
        if name in SHAPES and SHAPES[name].closed:
            assert set(selectors) <= SHAPES[name].members.keys()


# the algebra, whatever is stored

CHANNELS = ("DEFAULT", "AMAZON_NA", "id-1", "id-2")


@st.composite
def instances(draw: st.DrawFn) -> list[Instance]:
    """Instances of some channels, each with some fields."""
    chosen = draw(st.lists(st.sampled_from(CHANNELS), unique=True, min_size=1))
    found = []
    for code in chosen:
        fields = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "quantity": st.integers(0, 999),
                    "lead_time_to_ship_max_days": st.integers(0, 30),
                    "restock_date": st.just("2026-04-01"),
                },
            )
        )
        found.append(channel(code, **fields))
    return found


def by_channel(value: list[Instance]) -> dict[str, Instance]:
    return {instance["fulfillment_channel_code"]: instance for instance in value}


@given(instances(), instances())
def test_what_was_replaced_reads_back_and_nothing_else_changed(before: list[Instance], value: list[Instance]) -> None:
    stored = by_channel(before)

    found = patched(draft(availability=stored), "replace", AVAILABILITY, value)

    assert found.availability == {**stored, **by_channel(value)}
    assert found.issues == []
    again = patched(draft(availability=found.availability), "replace", AVAILABILITY, value)
    assert again.availability == found.availability


@given(instances(), instances())
def test_what_was_merged_keeps_its_other_fields(before: list[Instance], value: list[Instance]) -> None:
    stored, new = by_channel(before), by_channel(value)

    found = patched(draft(availability=stored), "merge", AVAILABILITY, value)

    assert found.availability == stored | {code: stored.get(code, {}) | new[code] for code in new}
    assert found.quantities == {
        code: part["quantity"] for code, part in new.items() if "quantity" in part and code != "AMAZON_NA"
    }


@given(instances(), instances(), st.sampled_from(["replace", "merge"]))
def test_the_order_of_patches_of_different_instances_does_not_matter(
    before: list[Instance], value: list[Instance], op: str
) -> None:
    there, back = draft(availability=by_channel(before)), draft(availability=by_channel(before))

    for instance in value:
        patched(there, op, AVAILABILITY, [instance])
    for instance in reversed(value):
        patched(back, op, AVAILABILITY, [instance])

    assert (there.availability, there.quantities) == (back.availability, back.quantities)


@given(instances(), instances())
def test_what_was_deleted_is_gone_and_the_rest_is_not(before: list[Instance], value: list[Instance]) -> None:
    stored, gone = by_channel(before), by_channel(value)

    found = patched(draft(availability=stored), "delete", AVAILABILITY, value)

    assert found.availability == {code: part for code, part in stored.items() if code not in gone}


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([*CHANNELS, US]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SHAPES[AVAILABILITY].members, *SHAPES[OFFER].members, "value"]), inner)
    ),
    max_leaves=12,
)


@given(st.sampled_from(["replace", "merge", "delete", "add", "x"]), st.sampled_from([*SELECTORS, "other"]), JSON)
def test_no_value_breaks_a_patch_and_an_error_changes_nothing(op: str, name: str, value: Any) -> None:
    found = patched(draft(availability={"DEFAULT": channel("DEFAULT", quantity=1)}), op, name, value)

    if op != "merge" and found.errors:
        assert found.availability == {"DEFAULT": channel("DEFAULT", quantity=1)}
        assert (found.offers, found.attributes) == ({}, {})
