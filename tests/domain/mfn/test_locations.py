"""Supply sources: what may be said about one, what is final, and how a location is named."""

from __future__ import annotations

from typing import Any

import pytest

from entrepot.domain.commands import CreateSource, SourceStatus, UpdateSource
from entrepot.domain.errors import AlreadyExists, Archived, Invalid, NotFound
from entrepot.domain.mfn.hours import DEFAULT_WEEK, Duration
from entrepot.domain.mfn.locations import active, location_of, resolve
from entrepot.domain.mfn.routing import Throughput
from entrepot.domain.world import World
from tests.domain.mfn.worlds import ADDRESS, START, do, events, new_world, source

OPERATIONAL = {
    "contactDetails": {"primary": {"email": "store@example.com", "phone": "1234"}},
    "throughputConfig": {"throughputCap": {"value": 5, "timeUnit": "Hours"}, "throughputUnit": "Order"},
    "operatingHoursByDay": {"monday": [{"startTime": "08:00", "endTime": "12:00"}]},
    "handlingTime": {"value": 90, "timeUnit": "Minutes"},
}
CONFIGURATION = {"operationalConfiguration": OPERATIONAL, "timezone": "America/New_York"}


@pytest.fixture
def world() -> World:
    return new_world()


def configured(world: World, **operational: Any) -> str:
    """A location with this in its operational configuration."""
    source_id = source(world, "S1")
    do(world, UpdateSource(source_id, configuration={"operationalConfiguration": operational}))
    return source_id


def test_a_new_location_is_inactive_and_in_the_journal(world: World) -> None:
    answer = do(world, CreateSource("S1", "Store - City", ADDRESS))

    assert answer == {"source": answer["source"], "code": "S1", "status": "Inactive"}
    assert world.sources[answer["source"]].address == ADDRESS
    assert events(world) == ["C05"]


def test_a_code_is_unique_also_when_its_location_is_archived(world: World) -> None:
    do(world, SourceStatus(source(world, "S1"), "Archived"))

    with pytest.raises(AlreadyExists, match="supply source 'S1'"):
        do(world, CreateSource(" S1 ", "Another", ADDRESS))


def test_a_location_may_be_given_its_id_once_and_no_channels_name(world: World) -> None:
    assert do(world, CreateSource("S1", "Store", ADDRESS, source="my-id"))["source"] == "my-id"
    with pytest.raises(AlreadyExists):
        do(world, CreateSource("S2", "Store", ADDRESS, source="my-id"))
    with pytest.raises(Invalid):
        do(world, CreateSource("S2", "Store", ADDRESS, source="DEFAULT"))


@pytest.mark.parametrize("part", ["name", "addressLine1", "stateOrRegion", "countryCode"])
def test_an_address_without_a_required_part_is_named(world: World, part: str) -> None:
    for wrong in ({}, {part: ""}, {part: " "}, {part: None}, {part: 7}):
        address = {name: text for name, text in ADDRESS.items() if name != part} | wrong
        with pytest.raises(Invalid) as refused:
            do(world, CreateSource("S1", "Store", address))
        assert refused.value.field == f"address.{part}"
    assert world.sources == {}


@pytest.mark.parametrize(
    ("field", "more"),
    [
        pytest.param("supplySourceCode", {"code": ""}, id="no code"),
        pytest.param("supplySourceCode", {"code": "S" * 101}, id="a long code"),
        pytest.param("supplySourceCode", {"code": "S\0"}, id="a code with a character that is none"),
        pytest.param("supplySourceCode", {"code": "AMAZON_NA"}, id="a channel of the warehouse"),
        pytest.param("alias", {"alias": " "}, id="no alias"),
        pytest.param("alias", {"alias": "A" * 201}, id="a long alias"),
        pytest.param("address.countryCode", {"address": ADDRESS | {"countryCode": "U1"}}, id="no country"),
        pytest.param("address.city", {"address": ADDRESS | {"city": "C" * 101}}, id="a long city"),
        pytest.param("address.city", {"address": ADDRESS | {"city": ["C"]}}, id="a city that is no text"),
        pytest.param("address.x", {"address": ADDRESS | {"x": "\ud800"}}, id="an unknown member with half a character"),
        pytest.param("address.x", {"address": ADDRESS | {"x": {1, 2}}}, id="an unknown member that is no JSON"),
    ],
)
def test_what_is_wrong_with_a_new_location_is_named(world: World, field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        do(world, CreateSource(**{"code": "S1", "alias": "Store", "address": ADDRESS, **more}))

    assert refused.value.field == field
    assert world.sources == {}


def test_a_country_is_kept_in_capitals_and_members_that_nobody_knows_are_kept(world: World) -> None:
    source_id = source(world, "S1", countryCode="us", landmark="the old mill")

    assert world.sources[source_id].address == {**ADDRESS, "landmark": "the old mill"}


def test_an_update_replaces_what_it_names_and_nothing_else(world: World) -> None:
    source_id = source(world, "S1")

    do(world, UpdateSource(source_id, configuration=CONFIGURATION))
    do(world, UpdateSource(source_id, alias="New name", capabilities={"outbound": {"isSupported": True}}))
    found = world.sources[source_id]
    assert (found.alias, found.configuration) == ("New name", CONFIGURATION)
    assert found.capabilities == {"outbound": {"isSupported": True}}
    assert events(world) == ["C06"]

    do(world, UpdateSource(source_id, configuration={"timezone": "Asia/Tokyo"}))
    assert found.configuration == {"timezone": "Asia/Tokyo"}


def test_an_update_that_names_nothing_changes_nothing(world: World) -> None:
    source_id = source(world, "S1")

    do(world, UpdateSource(source_id))

    assert events(world) == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        pytest.param("timezone", {"timezone": "America"}, id="a directory of zones"),
        pytest.param("timezone", {"timezone": "../etc/passwd"}, id="a path"),
        pytest.param("timezone", {"timezone": 7}, id="a zone that is no text"),
        pytest.param("operationalConfiguration", {"operationalConfiguration": []}, id="no object"),
    ],
)
def test_a_configuration_that_routing_cannot_use_is_refused(world: World, path: str, wrong: dict[str, Any]) -> None:
    source_id = source(world, "S1")

    with pytest.raises(Invalid) as refused:
        do(world, UpdateSource(source_id, configuration=wrong))

    assert refused.value.field == f"configuration.{path}"
    assert world.sources[source_id].configuration == {}


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("handlingTime.value", {"handlingTime": {"value": -1, "timeUnit": "Days"}}),
        ("handlingTime.value", {"handlingTime": {"value": 1.5, "timeUnit": "Days"}}),
        ("handlingTime.value", {"handlingTime": {"value": True, "timeUnit": "Days"}}),
        ("handlingTime.timeUnit", {"handlingTime": {"value": 1, "timeUnit": "Weeks"}}),
        ("handlingTime", {"handlingTime": {"value": 1}}),
        ("handlingTime", {"handlingTime": {"value": 366, "timeUnit": "Days"}}),
        ("throughputConfig.throughputCap.value", {"throughputConfig": {"throughputCap": {"value": 0}}}),
        ("throughputConfig.throughputCap", {"throughputConfig": {"throughputCap": {"value": 5}}}),
        ("throughputConfig.throughputUnit", {"throughputConfig": {"throughputUnit": "Unit"}}),
        ("operatingHoursByDay.monday", {"operatingHoursByDay": {"monday": {}}}),
        ("operatingHoursByDay.monday[0]", {"operatingHoursByDay": {"monday": [{"startTime": "08:00"}]}}),
        ("operatingHoursByDay.monday[0].endTime", {"operatingHoursByDay": {"monday": [{"endTime": "24:00"}]}}),
        ("operatingHoursByDay.monday[0].endTime", {"operatingHoursByDay": {"monday": [{"endTime": "8"}]}}),
        ("operatingHoursByDay.monday[0].endTime", {"operatingHoursByDay": {"monday": [{"endTime": "8:60"}]}}),
        ("operatingHoursByDay", {"operatingHoursByDay": {"monday": [{"startTime": "00:00", "endTime": "00:00"}]}}),
        ("contactDetails.primary.email", {"contactDetails": {"primary": {"email": "nobody"}}}),
    ],
)
def test_operations_that_routing_cannot_use_are_refused_wherever_they_are(
    world: World, path: str, wrong: dict[str, Any]
) -> None:
    source_id = source(world, "S1")
    inner: dict[str, Any] = {"operationalConfiguration": wrong}

    for asked, where in (
        ({"configuration": inner}, "configuration."),
        ({"capabilities": {"outbound": {"deliveryChannel": inner}}}, "capabilities.outbound.deliveryChannel."),
    ):
        with pytest.raises(Invalid) as refused:
            do(world, UpdateSource(source_id, **asked))
        assert refused.value.field == f"{where}operationalConfiguration.{path}"


def test_the_models_own_examples_are_taken_in_canonical_form(world: World) -> None:
    source_id = configured(
        world,
        throughputConfig={"throughputCap": {"value": 1, "timeUnit": "Days"}, "throughputUnit": "ORDER"},
        operatingHoursByDay={
            "monday": [{"startTime": "4:00", "endTime": "12:30"}],
            "sunday": [{"startTime": "00:00", "endTime": "00:00"}],
        },
        contactDetails={"primary": {"email": "", "phone": None}},
        somethingNew={"kept": True},
    )

    assert world.sources[source_id].configuration["operationalConfiguration"] == {
        "throughputConfig": {"throughputCap": {"value": 1, "timeUnit": "Days"}, "throughputUnit": "Order"},
        "operatingHoursByDay": {
            "monday": [{"startTime": "04:00", "endTime": "12:30"}],
            "sunday": [{"startTime": "00:00", "endTime": "00:00"}],
        },
        "contactDetails": {"primary": {}},
        "somethingNew": {"kept": True},
    }


def test_a_configuration_nested_too_deeply_is_refused(world: World) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"x": deep}

    with pytest.raises(Invalid, match="deeply"):
        do(world, UpdateSource(source(world, "S1"), configuration=deep))


def test_a_location_opens_and_closes_and_every_change_is_an_entry(world: World) -> None:
    source_id = source(world, "S1", active=False)

    for status in ("Active", "Inactive", "Active"):
        assert do(world, SourceStatus(source_id, status))["status"] == status
        assert events(world) == ["M11"]

    do(world, SourceStatus(source_id, "Active"))
    assert events(world) == []


def test_an_archived_location_can_never_be_changed_again(world: World) -> None:
    source_id = source(world, "S1")
    do(world, SourceStatus(source_id, "Archived"))

    for command in (
        SourceStatus(source_id, "Active"),
        SourceStatus(source_id, "Archived"),
        UpdateSource(source_id, alias="Again"),
    ):
        with pytest.raises(Archived):
            do(world, command)
    assert active(world) == []


def test_what_is_not_there_cannot_be_changed(world: World) -> None:
    for command in (SourceStatus("nothing", "Active"), UpdateSource("nothing", alias="A")):
        with pytest.raises(NotFound, match="supply source 'nothing'"):
            do(world, command)


def test_a_location_is_named_by_default_by_its_id_or_by_its_code(world: World) -> None:
    source_id = source(world, "S1", active=False)

    assert [resolve(world, name) for name in ("DEFAULT", " DEFAULT ", source_id, "S1", " S1 ")] == [
        "DEFAULT", "DEFAULT", source_id, source_id, source_id,
    ]  # fmt: skip


def test_the_channel_default_is_not_the_location_with_that_code(world: World) -> None:
    source_id = source(world, "DEFAULT")

    assert resolve(world, "DEFAULT") == "DEFAULT" != source_id


def test_a_location_that_is_unknown_or_archived_is_no_location(world: World) -> None:
    source_id = source(world, "S1")
    do(world, SourceStatus(source_id, "Archived"))

    with pytest.raises(Invalid) as refused:
        resolve(world, "S2", "fulfillment_channel_code")
    assert refused.value.field == "fulfillment_channel_code"
    with pytest.raises(Archived):
        resolve(world, "S1")
    assert resolve(world, "S1", reserved=frozenset([source_id])) == source_id


def test_the_most_specific_operations_count(world: World) -> None:
    source_id = source(world, "S1")
    outbound = {
        "operationalConfiguration": {"handlingTime": {"value": 3, "timeUnit": "Hours"}},
        "deliveryChannel": {"operationalConfiguration": {"handlingTime": {"value": 2, "timeUnit": "Hours"}}},
    }

    def seen() -> tuple[Duration | None, Throughput | None]:
        location = location_of(world.sources[source_id], "UTC")
        return location.handling, location.throughput

    assert seen() == (None, None)
    do(world, UpdateSource(source_id, configuration=CONFIGURATION))
    assert seen() == (Duration(90, "Minutes"), Throughput(5, "Hours"))
    do(world, UpdateSource(source_id, capabilities={"outbound": outbound}))
    assert seen() == (Duration(2, "Hours"), Throughput(5, "Hours"))


def test_a_location_without_configuration_works_on_working_days_in_the_marketplaces_zone(world: World) -> None:
    location = location_of(world.sources[source(world, "S1")], "Asia/Tokyo")

    assert (location.calendar.zone, location.calendar.week, location.delivers) == ("Asia/Tokyo", DEFAULT_WEEK, True)
    assert location.address.state == "WA"


@pytest.mark.parametrize(
    "outbound", [{"isSupported": False}, {"isSupported": True, "deliveryChannel": {"isSupported": False}}]
)
def test_a_location_that_says_so_does_not_deliver(world: World, outbound: dict[str, Any]) -> None:
    source_id = source(world, "S1")

    do(world, UpdateSource(source_id, capabilities={"outbound": outbound}))

    assert location_of(world.sources[source_id], "UTC").delivers is False


def test_a_refused_change_leaves_the_location_as_it_was(world: World) -> None:
    source_id = source(world, "S1")

    with pytest.raises(Invalid):
        do(world, UpdateSource(source_id, alias="New", configuration={"timezone": "Nowhere"}))

    assert world.sources[source_id].alias == "Alias of S1"
    assert world.sources[source_id].updated_at == START
