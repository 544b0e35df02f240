"""Supply Sources: six operations, their refusals by number, the programme; and that no seller sees another's."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from tests.spapi.model import SUPPLY_SOURCES, assert_as_modelled
from tests.spapi.program import STALE, START, NewSeller, Program, at_once, denied, errors, outcome

ALL = "/supplySources/2020-07-01/supplySources"
ADDRESS = {"name": "Shop - Red", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
TAKEN = (400, errors("InvalidInput", "Supply Source with given Code already exists", "1004"))
ARCHIVED = (400, errors("InvalidInput", "Supply Source has been archived and cannot be modified.", "1005"))
NO_ADDRESS = (400, errors("InvalidInput", "Invalid or malformed address Id.", "1012"))
UNKNOWN = (400, errors("InvalidInput", "Invalid Input", ""))
NOWHERE = "ed85fcf9-798c-4b63-a47e-8d4f0d273ddb"

OPERATIONAL = {
    "contactDetails": {"primary": {"email": "shop@example.com", "phone": "111"}},
    "operatingHoursByDay": {"monday": [{"startTime": "01:30", "endTime": "02:40"}]},
    "throughputConfig": {"throughputCap": {"value": 17, "timeUnit": "Hours"}, "throughputUnit": "Order"},
    "handlingTime": {"value": 1, "timeUnit": "Hours"},
}
CONFIGURATION = {"operationalConfiguration": OPERATIONAL, "timezone": "Africa/Accra"}
CAPABILITIES = {
    "outbound": {
        "isSupported": True,
        "operationalConfiguration": OPERATIONAL,
        "deliveryChannel": {"isSupported": True, "operationalConfiguration": OPERATIONAL},
        "pickupChannel": {
            "isSupported": True,
            "inventoryHoldPeriod": {"value": 4, "timeUnit": "Minutes"},
            "inStorePickupConfiguration": {
                "isSupported": True,
                "parkingConfiguration": {"parkingCostType": "Free", "numberOfParkingSpots": 3},
            },
            "curbsidePickupConfiguration": {
                "isSupported": False,
                "parkingWithAddressConfiguration": {"parkingSpotIdentificationType": "Other", "address": ADDRESS},
            },
        },
    },
    "services": {"isSupported": True},
}


def call(program: Program, operation: str, method: str, target: str, **more: Any) -> httpx.Response:
    """A call whose answer the model describes."""
    response = program.call(method, target, **more)
    assert_as_modelled(operation, response, SUPPLY_SOURCES)
    return response


def create(program: Program, code: str | None = None, **parts: Any) -> httpx.Response:
    payload = {"supplySourceCode": code or secrets.token_hex(4), "alias": "Shop - Red", "address": ADDRESS, **parts}
    return call(program, "createSupplySource", "POST", ALL, json=payload)


def created(program: Program, code: str | None = None) -> str:
    response = create(program, code)
    assert response.status_code == 200, response.text
    return str(response.json()["supplySourceId"])


def read(program: Program, source: str) -> httpx.Response:
    return call(program, "getSupplySource", "GET", f"{ALL}/{source}")


def update(program: Program, source: str, **payload: Any) -> httpx.Response:
    return call(program, "updateSupplySource", "PUT", f"{ALL}/{source}", json=payload)


def turn(program: Program, source: str, status: object) -> httpx.Response:
    return call(program, "updateSupplySourceStatus", "PUT", f"{ALL}/{source}/status", json={"status": status})


def archive(program: Program, source: str) -> httpx.Response:
    return call(program, "archiveSupplySource", "DELETE", f"{ALL}/{source}")


def listed(program: Program, query: str = "") -> dict[str, Any]:
    response = call(program, "getSupplySources", "GET", ALL + query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def codes(page: dict[str, Any]) -> list[str]:
    return [source["supplySourceCode"] for source in page["supplySources"]]


# The life of a source


def test_a_new_seller_has_his_default_location(new_seller: NewSeller) -> None:
    program = new_seller(marketplaces=["DE"])

    [source] = listed(program)["supplySources"]

    assert source["supplySourceCode"] == "DEFAULT"
    assert source["address"]["countryCode"] == "DE"
    assert read(program, source["supplySourceId"]).json()["status"] == "Active"


def test_a_source_is_inactive_until_it_is_turned_on(new_seller: NewSeller) -> None:
    program = new_seller(clock=START.isoformat())

    source = created(program, "SHOP-1")
    before = read(program, source).json()
    assert turn(program, source, "Active").status_code == 204

    assert before == {
        "supplySourceId": source,
        "supplySourceCode": "SHOP-1",
        "alias": "Shop - Red",
        "status": "Inactive",
        "address": ADDRESS,
        "configuration": {},
        "capabilities": {},
        "createdAt": "2026-03-31T12:00:00Z",
        "updatedAt": "2026-03-31T12:00:00Z",
    }
    assert read(program, source).json() == {**before, "status": "Active"}


def test_what_an_update_names_is_replaced_as_a_whole_and_the_rest_stays(program: Program) -> None:
    source = created(program)

    assert update(program, source, configuration=CONFIGURATION, capabilities=CAPABILITIES).status_code == 204
    assert update(program, source, alias="Other - Blue", configuration={"timezone": "Europe/Paris"}).status_code == 204

    found = read(program, source).json()
    assert found["alias"] == "Other - Blue"
    assert found["configuration"] == {"timezone": "Europe/Paris"}
    assert found["capabilities"] == CAPABILITIES
    assert found["address"] == ADDRESS


def test_an_update_that_says_nothing_changes_nothing(program: Program) -> None:
    source = created(program)
    before = read(program, source).json()

    response = call(program, "updateSupplySource", "PUT", f"{ALL}/{source}")

    assert response.status_code == 204
    assert read(program, source).json() == before


def test_archiving_is_for_ever(new_seller: NewSeller) -> None:
    program = new_seller()
    source = created(program, "GONE")

    assert archive(program, source).status_code == 204

    assert read(program, source).json()["status"] == "Archived"
    assert codes(listed(program)) == ["DEFAULT"]
    assert outcome(turn(program, source, "Active")) == ARCHIVED
    assert outcome(turn(program, source, "Inactive")) == ARCHIVED
    assert outcome(update(program, source, alias="Back - Again")) == ARCHIVED
    assert outcome(archive(program, source)) == ARCHIVED
    assert outcome(create(program, "GONE")) == TAKEN


def test_what_some_clients_add_to_a_body_is_ignored(program: Program) -> None:
    source = created(program)

    response = update(program, source, alias="A - B", marketplaceIds=["X"], MarketplaceId="X", marketplace_ids="X")

    assert response.status_code == 204
    assert read(program, source).json()["alias"] == "A - B"


def test_a_delete_may_come_with_a_body_that_nobody_reads(program: Program) -> None:
    source = created(program)

    response = program.call("DELETE", f"{ALL}/{source}", content=b"{}", headers={"content-type": "application/json"})

    assert response.status_code == 204
    assert response.content == b""


# Refusals


def test_a_code_is_taken_once(new_seller: NewSeller) -> None:
    program = new_seller()
    created(program, "SHOP")

    assert outcome(create(program, "SHOP")) == TAKEN
    assert outcome(create(program, "DEFAULT")) == TAKEN
    assert codes(listed(program)) == ["DEFAULT", "SHOP"]


def test_of_many_at_once_one_gets_the_code(new_seller: NewSeller) -> None:
    program = new_seller()

    answers = [outcome(answer) for answer in at_once(8, lambda: create(program, "RACE"))]

    assert sorted(status for status, _ in answers) == [200] + [400] * 7
    assert [answer for answer in answers if answer[0] == 400] == [TAKEN] * 7


def test_another_seller_may_use_the_same_code(new_seller: NewSeller) -> None:
    assert created(new_seller(), "SAME") != created(new_seller(), "SAME")


@pytest.mark.parametrize("missing", ["supplySourceCode", "alias", "address"])
def test_a_new_source_needs_code_alias_and_address(program: Program, missing: str) -> None:
    payload = {"supplySourceCode": "X", "alias": "A - B", "address": ADDRESS}
    del payload[missing]

    response = call(program, "createSupplySource", "POST", ALL, json=payload)

    assert_invalid(response, missing)


@pytest.mark.parametrize("part", ["name", "addressLine1", "stateOrRegion", "countryCode"])
@pytest.mark.parametrize("value", [None, "", 5])
def test_an_address_needs_its_parts(program: Program, part: str, value: object) -> None:
    assert_invalid(create(program, address={**ADDRESS, part: value}), part)


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"operationalConfiguration": {"handlingTime": {"value": -1, "timeUnit": "Hours"}}}, "handlingTime"),
        ({"operationalConfiguration": {"handlingTime": {"value": 1.5, "timeUnit": "Hours"}}}, "handlingTime"),
        ({"operationalConfiguration": {"handlingTime": {"value": 1, "timeUnit": "Weeks"}}}, "timeUnit"),
        ({"operationalConfiguration": {"operatingHoursByDay": {"monday": [{"startTime": "25:00"}]}}}, "startTime"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused_by_its_part(
    program: Program, configuration: dict[str, Any], named: str
) -> None:
    source = created(program)

    assert_invalid(update(program, source, configuration=configuration), named)
    assert read(program, source).json()["configuration"] == {}


def test_a_whole_number_may_be_written_with_a_fraction_of_zero(program: Program) -> None:
    source = created(program)
    durations = {
        "handlingTime": {"value": 1.0, "timeUnit": "Hours"},
        "throughputConfig": {"throughputCap": {"value": 17.0, "timeUnit": "Hours"}},
    }

    response = update(program, source, configuration={"operationalConfiguration": durations})

    assert response.status_code == 204, response.text
    assert all(text in read(program, source).text for text in ('"value":1,', '"value":17,'))


@pytest.mark.parametrize("status", ["Archived", "active", "", None, 1])
def test_a_status_is_active_or_inactive(program: Program, status: object) -> None:
    source = created(program)

    assert_invalid(turn(program, source, status), "status")


def assert_invalid(response: httpx.Response, named: str) -> None:
    [error] = response.json()["errors"]
    assert (response.status_code, error["code"], error["message"]) == (400, "InvalidInput", "Invalid Input")
    assert named in error["details"]


def returning_to(source: object) -> dict[str, Any]:
    return {"outbound": {"isSupported": True, "returnLocation": {"supplySourceId": source}}}


def test_goods_return_to_a_source_of_the_seller(program: Program, new_seller: NewSeller) -> None:
    one, other, anothers = created(program), created(program), created(new_seller())

    assert update(program, one, capabilities=returning_to(other)).status_code == 204
    for nowhere in (NOWHERE, "no id at all", "", anothers):
        assert outcome(update(program, one, capabilities=returning_to(nowhere))) == NO_ADDRESS
    assert read(program, one).json()["capabilities"] == returning_to(other)


@pytest.mark.parametrize("name", [NOWHERE, "x", "%00", "%F0%9F%98%80", "a" * 1000, "DEFAULT"])
def test_what_is_no_id_of_a_source_is_invalid_input(program: Program, name: str) -> None:
    assert outcome(read(program, name)) == UNKNOWN
    assert outcome(update(program, name, alias="A - B")) == UNKNOWN
    assert outcome(turn(program, name, "Active")) == UNKNOWN
    assert outcome(archive(program, name)) == UNKNOWN


def test_a_source_is_its_sellers_alone(program: Program, new_seller: NewSeller) -> None:
    stranger = new_seller()
    source = created(program, "MINE")

    assert outcome(read(stranger, source)) == UNKNOWN
    assert outcome(update(stranger, source, alias="Not - Mine")) == UNKNOWN
    assert outcome(turn(stranger, source, "Active")) == UNKNOWN
    assert outcome(archive(stranger, source)) == UNKNOWN
    assert codes(listed(stranger)) == ["DEFAULT"]
    assert read(program, source).json()["alias"] == "Shop - Red"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"alias": 5}'])
def test_a_body_that_is_not_its_model_is_refused(program: Program, content: bytes) -> None:
    source = created(program)
    headers: dict[str, str | None] = {"content-type": "application/json"}

    made = call(program, "createSupplySource", "POST", ALL, content=content, headers=headers)
    turned = call(
        program, "updateSupplySourceStatus", "PUT", f"{ALL}/{source}/status", content=content, headers=headers
    )

    assert made.status_code == turned.status_code == 400


# The list


def test_the_list_is_paged_oldest_first(new_seller: NewSeller) -> None:
    program = new_seller()
    made = ["DEFAULT", *(f"S-{number:02d}" for number in range(12))]
    for code in made[1:]:
        created(program, code)

    first = listed(program)
    second = listed(program, f"?nextPageToken={first['nextPageToken']}")

    assert codes(first) == made[:10]
    assert codes(second) == made[10:]
    assert "nextPageToken" not in second


def test_the_token_carries_the_page_size(new_seller: NewSeller) -> None:
    program = new_seller()
    for code in ("A", "B", "C"):
        created(program, code)

    page = listed(program, "?pageSize=1")
    found = codes(page)
    while "nextPageToken" in page:
        page = listed(program, f"?nextPageToken={page['nextPageToken']}")
        found += codes(page)
        assert len(page["supplySources"]) == 1

    assert found == ["DEFAULT", "A", "B", "C"]


def test_a_token_is_good_for_its_seller_alone(new_seller: NewSeller) -> None:
    program, stranger = new_seller(), new_seller()
    created(program)
    token = listed(program, "?pageSize=1")["nextPageToken"]

    for wrong in (token, token[:-2], "x"):
        response = call(stranger, "getSupplySources", "GET", f"{ALL}?nextPageToken={wrong}")
        assert outcome(response) == (400, STALE)


@pytest.mark.parametrize("size", ["1.0", "1.000"])
def test_a_page_size_is_a_number_which_may_have_a_fraction_of_zero(new_seller: NewSeller, size: str) -> None:
    program = new_seller()
    created(program)

    assert len(listed(program, f"?pageSize={size}")["supplySources"]) == 1


@pytest.mark.parametrize("size", ["0", "0.0", "-1", "101", "ten", "1.5", "1.", ".0", "9" * 30])
def test_a_page_size_is_a_small_whole_number(program: Program, size: str) -> None:
    assert_invalid(call(program, "getSupplySources", "GET", f"{ALL}?pageSize={size}"), "pageSize")


# Who may


def every_operation(program: Program, source: str) -> list[httpx.Response]:
    return [
        call(program, "getSupplySources", "GET", ALL),
        create(program),
        read(program, source),
        update(program, source, alias="A - B"),
        turn(program, source, "Active"),
        archive(program, source),
    ]


def test_strict_fidelity_asks_for_the_programme(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")

    refused = [outcome(answer) for answer in every_operation(program, NOWHERE)]
    program.world("set_policy", multi_location=True)
    source = created(program)

    sentence = "Your seller account does not have the permissions required for multi-location inventory."
    assert refused == [(403, denied(sentence))] * 6
    assert [answer.status_code for answer in every_operation(program, source)] == [200, 200, 200, 204, 204, 204]


def test_strict_fidelity_refuses_a_seller_who_uses_the_warehouse(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")
    program.world("set_policy", multi_location=True)
    program.stocked(sku="IN-THE-WAREHOUSE")

    refused = [outcome(answer) for answer in every_operation(program, NOWHERE)]

    sentence = "Multi-location inventory is not available for sellers who use FBA inventory."
    assert refused == [(403, denied(sentence))] * 6


def test_the_role_is_selling_partner_insights(new_seller: NewSeller) -> None:
    program = new_seller()
    roles = ["Product Listing", "Amazon Fulfillment"]
    made = program.server.operator("POST", "/applications", {"name": "ERP", "roles": roles})
    both = {"seller": program.seller_id, "application": made["client_id"]}
    refresh_token = program.server.operator("POST", "/authorizations", both)["refresh_token"]
    program.token = program.server.access_token({"spapi": {**made, "refresh_token": refresh_token}})

    assert outcome(call(program, "getSupplySources", "GET", ALL)) == (403, denied(""))


def test_one_a_second_is_told(limited_server: Any, new_seller: NewSeller) -> None:
    program = new_seller(on=limited_server)

    answers = [call(program, "getSupplySources", "GET", ALL) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[0].headers["x-amzn-RateLimit-Limit"] == "1.0"
