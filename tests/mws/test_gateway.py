"""What the MWS room does before an operation is asked: where to, by whom, when, signed how, for whom, how often."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.http import Request, Response
from entrepot.api.mws import room as gateway
from entrepot.api.mws.messages import ERRORS, PROLOG
from entrepot.api.mws.room import REQUEST_LINE_MAX, claims
from entrepot.api.mws.sections import HOSTS, SECTIONS
from entrepot.domain.errors import Invalid, StaleToken, Unavailable
from entrepot.domain.marketplaces import named
from entrepot.services.callers import MwsAccount
from entrepot.wire.timestamps import instant
from tests.mws import house, recorded
from tests.mws.house import ADA, ADAS, AT, BEA, BEAS, DEV, ask, request, room
from tests.mws.program import FEEDS, INVENTORY, Key, code, message, namespace, tree

ROOM = room()


def refusal(response: Response) -> tuple[int, str]:
    return response.status, code(response.body)


def told(response: Response) -> dict[str, str]:
    """What the echo says that the room found out."""
    assert response.status == 200, response.body
    result = tree(response.body)[0]
    return {one.tag: one.text or "" for one in result if one.tag != "Parameter"}


def header(response: Response, name: str) -> str:
    return dict(response.headers)[name]


# A good request

WAYS = {
    "GET": request(),
    "POST of a form": request(method="POST", form=True),
    "POST with everything in the query": request(method="POST"),
    "a slash at the end": request(path=f"/{INVENTORY}/"),
    "the path /": request(path="/"),
    "SHA1": request(parameters={"SignatureMethod": "HmacSHA1"}),
    "Merchant": request(parameters={"SellerId": None, "Merchant": ADA.seller_id}),
    "an unknown parameter": request(parameters={"responseFormat": "xml"}),
    "the own token": request(parameters={"MWSAuthToken": ADA.auth_token}),
    "a leading ampersand": request(),
    "Expires": request(parameters={"Timestamp": None, "Expires": "2026-03-01T12:00:01Z"}),
    "the same access key with a charset": request(
        method="POST", form=True, headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    ),
}
WAYS["a leading ampersand"].query_string = "&" + WAYS["a leading ampersand"].query_string


@pytest.mark.parametrize("way", WAYS)
def test_a_good_request_reaches_its_operation(way: str) -> None:
    answer = told(ask(ROOM, WAYS[way]))

    assert answer == {
        "Section": INVENTORY,
        "Seller": ADA.seller_id,
        "Marketplace": "US",
        "Key": ADAS.access_key_id,
        "Strict": "False",
        "Body": "",
    }


def test_an_answer_is_what_real_clients_understand() -> None:
    response = ask(ROOM, request("GetServiceStatus"))

    assert response.body == PROLOG + (
        b'<GetServiceStatusResponse xmlns="http://mws.amazonaws.com/FulfillmentInventory/2010-10-01/">'
        b"<GetServiceStatusResult><Status>GREEN</Status><Timestamp>2026-03-01T12:00:00.000Z</Timestamp>"
        b"</GetServiceStatusResult><ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata>"
        b"</GetServiceStatusResponse>\n"
    )
    assert response.content_type == "text/xml"
    assert [name for name, _ in response.headers] == ["x-mws-request-id", "x-mws-timestamp", "x-mws-response-context"]
    assert header(response, "x-mws-request-id") == "request-1"
    assert header(response, "x-mws-timestamp") == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_section_tells_its_status(section: Any) -> None:
    response = ask(ROOM, request("GetServiceStatus", section=section.title))

    assert (response.status, namespace(response.body)) == (200, section.namespace)


async def _away(self: house.Tabled, access_key_id: str) -> MwsAccount | None:
    raise Unavailable("the database is away")


async def _silent(self: house.Tabled, access_key_id: str) -> MwsAccount | None:
    await asyncio.sleep(60)
    raise AssertionError


@pytest.mark.parametrize("lookup", [_away, _silent], ids=["away", "silent"])
def test_while_nobody_can_be_identified_the_status_is_red_and_all_else_unavailable(
    monkeypatch: pytest.MonkeyPatch, lookup: Any
) -> None:
    monkeypatch.setattr(house.Tabled, "_load_mws_developer", lookup)
    monkeypatch.setattr(gateway, "IDENTITY_SECONDS", 0.05)

    status, supply = ask(room(), request("GetServiceStatus")), ask(room(), request())

    assert (status.status, b"<Status>RED</Status>" in status.body) == (200, True)
    assert refusal(supply) == (503, "ServiceUnavailable")


def test_what_is_no_text_is_refused_by_its_name_after_all_that_is_asked_of_every_request() -> None:
    latin = {"SellerSkus.member.1": "K\udce4se"}

    unsigned = ask(ROOM, request(parameters={**latin, "Signature": "x"}))
    denied = ask(ROOM, request(parameters={**latin, "MWSAuthToken": "x"}))
    good = ask(ROOM, request(parameters=latin))

    assert refusal(unsigned) == (403, "SignatureDoesNotMatch")
    assert refusal(denied) == (401, "AccessDenied")
    assert refusal(good) == (400, "InvalidParameterValue")
    assert message(good.body).startswith("Invalid SellerSkus.member.1: K\ufffdse")


def test_what_xml_cannot_hold_is_replaced() -> None:
    response = ask(ROOM, request(parameters={"ResponseGroup": "b\x0bc\ufffe"}))

    assert "ResponseGroup=b\ufffdc\ufffd" in [one.text for one in tree(response.body)[0]]


@recorded.needs_requests
@pytest.mark.parametrize("line", recorded.CLIENT_REQUESTS, ids=lambda line: f"{line['client']}, {line['action']}")
def test_the_requests_of_real_clients_are_accepted(line: dict[str, Any]) -> None:
    found = recorded.pairs(line)
    clock = house.Clock(instant(recorded.value(found, "Timestamp")).timestamp())
    path, query = recorded.path_and_query(line)
    sent = Request(line["method"], path, query, recorded.headers(line), line["body"].encode(), "request-1")

    # Some of them have another token than the others.
    token = dict(found).get(b"MWSAuthToken", b"").decode() or DEV.auth_token
    accounts = {recorded.ACCESS_KEY: replace(DEV, auth_token=token)}

    answer = ask(room(now=clock, accounts=accounts), sent)

    assert answer.status == 200, answer.body
    assert tree(answer.body).tag == f"{line['action']}Response"
    if line["action"] != "GetServiceStatus":
        is_feed = line["action"] == "SubmitFeed"
        assert told(answer)["Body"] == (line["body"] if is_feed else "")
        assert told(answer)["Seller"] == DEV.seller_id


# The order of the checks

# What is wrong, until it is mended: (parameter, the right value), and how a request is refused that has it wrong.
NOBODY = Key("AKIANOBODY1234", "x")
ORDER: list[tuple[str, tuple[int, str]]] = [
    ("long User-Agent", (400, "UserAgentHeaderMalformed")),
    ("method", (400, "InvalidRequest")),
    ("path", (404, "InvalidAddress")),
    ("no Action", (400, "InvalidRequest")),
    ("no Version", (400, "InvalidRequest")),
    ("Version", (404, "InvalidAddress")),
    ("Action", (404, "InvalidAddress")),
    ("no AWSAccessKeyId", (400, "InvalidRequest")),
    ("AWSAccessKeyId", (403, "InvalidAccessKeyId")),
    ("no Signature", (400, "InvalidRequest")),
    ("SignatureMethod", (400, "InvalidParameterValue")),
    ("SignatureVersion", (400, "InvalidParameterValue")),
    ("no SellerId", (400, "InvalidRequest")),
    ("Timestamp", (400, "RequestExpired")),
    ("Signature", (403, "SignatureDoesNotMatch")),
    ("MWSAuthToken", (401, "AccessDenied")),
    ("host", (401, "AccessDenied")),
    ("throttle", (503, "RequestThrottled")),
    ("hour", (503, "QuotaExceeded")),
]


def with_faults(faults: set[str]) -> Request:
    """A request of Bea's program for Ada's account, with these faults."""
    parameters: dict[str, str | None] = {"MWSAuthToken": ADA.auth_token}
    wrong: Mapping[str, tuple[str, str | None]] = {
        "no Action": ("Action", None),
        "no Version": ("Version", None),
        "Version": ("Version", "2011-03-01"),
        "Action": ("Action", "Nothing"),
        "no AWSAccessKeyId": ("AWSAccessKeyId", None),
        "AWSAccessKeyId": ("AWSAccessKeyId", NOBODY.access_key_id),
        "no Signature": ("Signature", None),
        "Signature": ("Signature", "AAAA"),
        "SignatureMethod": ("SignatureMethod", "HmacMD5"),
        "SignatureVersion": ("SignatureVersion", "4"),
        "no SellerId": ("SellerId", None),
        "Timestamp": ("Timestamp", "2026-03-01T11:44:59Z"),
        "MWSAuthToken": ("MWSAuthToken", BEA.auth_token),
    }
    # What is left out is left out, even if it would be wrong, too.
    for fault in sorted(faults & wrong.keys(), key=lambda one: one.startswith("no ")):
        name, value = wrong[fault]
        parameters[name] = value
    return request(
        "CancelFeedSubmissions",
        parameters,
        section=FEEDS,
        key=BEAS,
        method="DELETE" if "method" in faults else "GET",
        path="/Feeds/2008-01-01" if "path" in faults else None,
        host="mws-eu.amazonservices.com" if "host" in faults else "mws.amazonservices.com",
        headers={"user-agent": "x" * 501} if "long User-Agent" in faults else None,
    )


@pytest.mark.parametrize("number", range(len(ORDER)), ids=[fault for fault, _ in ORDER])
def test_the_first_fault_in_order_is_the_one_that_is_said(number: int) -> None:
    faults = {fault for fault, _ in ORDER[number:]}
    asked = room(limits=True)
    used = 100 if "throttle" in faults else 2 if "hour" in faults else 0
    for _ in range(used):
        ask(asked, with_faults(set()))

    response = ask(asked, with_faults(faults))

    assert refusal(response) == ORDER[number][1]


def test_a_request_without_faults_is_answered() -> None:
    assert ask(room(limits=True), with_faults(set())).status == 200


# Where to


@pytest.mark.parametrize("path", ["", "/"])
def test_the_clock_is_told_to_anybody(path: str) -> None:
    response = ask(ROOM, Request("GET", path, "", {}, request_id="request-1"))

    assert response.status == 200
    assert tree(response.body).tag == "PingResponse"
    assert tree(response.body).find("Timestamp").get("timestamp") == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/Orders/2013-09-01", "Orders/2013-09-01"),
        ("/FulfillmentInventory/2011-03-01", "FulfillmentInventory/2011-03-01"),
        ("/FulfillmentInventory", "FulfillmentInventory/"),
        ("/fulfillmentinventory/2010-10-01", "fulfillmentinventory/2010-10-01"),
        ("/FulfillmentInventory/2010-10-01//", "FulfillmentInventory/2010-10-01"),
        ("/2009-01-01/2009-01-01", "2009-01-01/2009-01-01"),
    ],
)
def test_an_unknown_section_is_an_invalid_address(path: str, wanted: str) -> None:
    response = ask(ROOM, request(path=path))

    assert refusal(response) == (404, "InvalidAddress")
    assert message(response.body) == f"Invalid Section name or version provided - {wanted}"
    assert namespace(response.body) == "https://mws.amazonservices.com/"


def test_an_unknown_operation_is_an_invalid_address_of_its_section() -> None:
    response = ask(ROOM, request("GetOrder"))

    assert refusal(response) == (404, "InvalidAddress")
    assert message(response.body) == "Operation GetOrder is not available for section FulfillmentInventory/2010-10-01"
    assert namespace(response.body) == f"https://mws.amazonservices.com/{INVENTORY}"


@pytest.mark.parametrize(("version", "wanted"), [("2010-10-01", INVENTORY), ("2009-01-01", FEEDS)])
def test_on_the_root_action_and_version_say_which_section(version: str, wanted: str) -> None:
    action = "SubmitFeed" if wanted == FEEDS else "ListInventorySupply"

    answer = told(ask(ROOM, request(action, {"Version": version}, path="/", method="POST")))

    assert answer["Section"] == wanted


def test_on_the_root_a_version_that_no_section_has_is_an_invalid_address() -> None:
    assert refusal(ask(ROOM, request(parameters={"Version": "2000-01-01"}, path="/"))) == (404, "InvalidAddress")


@pytest.mark.parametrize(
    ("path", "host", "wanted"),
    [
        ("/", "localhost:8080", True),
        ("", "localhost:8080", False),
        ("/FulfillmentInventory/2010-10-01", "localhost", True),
        ("/FulfillmentInventory", "localhost", True),
        ("/Orders/2013-09-01/", "localhost", True),
        ("/anything", "MWS-EU.amazonservices.com:443", True),
        ("/anything", "localhost", False),
        ("/feeds/2021-06-30/feeds", "localhost", False),
        ("/fba/inventory/v1/summaries", "sellingpartnerapi-na.amazon.com", False),
    ],
)
def test_which_requests_are_those_of_mws(path: str, host: str, wanted: bool) -> None:
    assert claims(Request("GET", path, "", {"host": host})) is wanted


def test_a_request_line_that_is_too_long_is_refused_as_the_web_server_of_mws_did() -> None:
    fixed = len("GET /?a= HTTP/1.1")
    at_limit = Request("GET", "/", "a=" + "x" * (REQUEST_LINE_MAX - fixed), {})
    below = Request("GET", "/", "a=" + "x" * (REQUEST_LINE_MAX - fixed - 1), {})

    response = ask(ROOM, at_limit)

    assert (response.status, response.content_type) == (414, "text/html; charset=iso-8859-1")
    assert ask(ROOM, below).status == 400


@recorded.needs_recordings
def test_the_page_for_long_request_lines_is_the_recorded_one() -> None:
    [line] = [line for line in recorded.ERRORS if line["response"]["status"] == 414]

    assert ask(ROOM, request(parameters={"A": "x" * 9000})).body.decode() == line["response"]["body"]


# Bodies


def test_a_form_larger_than_a_mebibyte_is_refused() -> None:
    sent = request(method="POST", form=True)

    response = ask(ROOM, sent, [sent.body, b"&x=", b"y" * 1024 * 1024])

    assert refusal(response) == (400, "InvalidParameterValue")


def test_a_feed_is_never_taken_for_a_form_and_comes_in_chunks() -> None:
    sent = request(
        "SubmitFeed", section=FEEDS, method="POST", headers={"content-type": "application/x-www-form-urlencoded"}
    )

    answer = told(ask(ROOM, sent, [b"Action=Other&", b"AWSAccessKeyId=x"]))

    assert answer["Body"] == "Action=Other&AWSAccessKeyId=x"


def test_nothing_of_a_feed_is_read_before_its_sender_is_known() -> None:
    def chunks() -> Any:
        raise AssertionError("the body was asked for")
        yield b""

    response = ask(
        ROOM, request("SubmitFeed", {"Signature": "AAAA"}, section=FEEDS, method="POST", form=False), chunks()
    )

    assert refusal(response) == (403, "SignatureDoesNotMatch")


def test_a_feed_is_submitted_by_post_only() -> None:
    assert refusal(ask(ROOM, request("SubmitFeed", section=FEEDS))) == (400, "InvalidRequest")


def test_a_body_of_another_type_is_ignored() -> None:
    sent = request(method="POST", body=b"Action=Other", headers={"content-type": "text/plain"})

    assert told(ask(ROOM, sent))["Body"] == ""


# By whom, and when


@pytest.mark.parametrize(
    ("stamp", "wanted"),
    [
        ("2026-03-01T11:45:00Z", 200),
        ("2026-03-01T12:15:00Z", 200),
        ("2026-03-01T12:00:00.780Z", 200),
        ("2026-03-01T12:00:00", 200),
        ("2026-03-01T12:00:00.123456", 200),
        ("2026-03-01T14:00:00+02:00", 200),
        ("2026-03-01T04:00:00-08", 200),
        ("2026-03-01T11:44:59Z", "RequestExpired"),
        ("2026-03-01T12:15:01Z", "RequestExpired"),
        ("2026-03-01T12:00:00+02:00", "RequestExpired"),
        ("0001-01-01T00:00:00Z", "RequestExpired"),
        ("9999-12-31T23:59:59Z", "RequestExpired"),
        ("0001-01-01T00:00:00+14:00", "InvalidParameterValue"),
        ("2026-03-01", "InvalidParameterValue"),
        ("yesterday", "InvalidParameterValue"),
        ("1772366400", "InvalidParameterValue"),
    ],
)
def test_a_request_is_good_for_a_quarter_of_an_hour(stamp: str, wanted: int | str) -> None:
    response = ask(ROOM, request(parameters={"Timestamp": stamp}))

    assert wanted == (response.status if response.status == 200 else code(response.body))


def test_it_is_said_on_which_side_of_the_window_a_request_is() -> None:
    early = ask(ROOM, request(parameters={"Timestamp": "2026-03-01T10:04:57Z"}))
    late = ask(ROOM, request(parameters={"Timestamp": "2026-03-01T14:04:57Z"}))

    text = "Request signature is too far in the {} and has expired. Timestamp date: 2026-03-01T{}:04:57Z"
    assert message(early.body) == text.format("past", 10)
    assert message(late.body) == text.format("future", 14)


def test_what_has_expired_by_its_own_date_is_refused() -> None:
    sent = request(parameters={"Timestamp": None, "Expires": "2026-03-01T11:59:59Z"})

    assert refusal(ask(ROOM, sent)) == (400, "RequestExpired")


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        (None, "Missing required MWSAuthToken for Seller."),
        (BEA.auth_token, "AuthToken is not valid for SellerId and AWSAccountId"),
        ("amzn.mws.\u00e9", "AuthToken is not valid for SellerId and AWSAccountId"),
    ],
)
@pytest.mark.parametrize("seller_id", [ADA.seller_id, "AN0B0DYATALL00"])
def test_nobody_acts_for_another_without_his_token_nor_learns_whether_he_exists(
    token: str | None, wanted: str, seller_id: str
) -> None:
    response = ask(ROOM, request(parameters={"MWSAuthToken": token}, key=BEAS, seller_id=seller_id))

    assert refusal(response) == (401, "AccessDenied")
    assert message(response.body) == wanted


def test_whoever_has_the_sellers_token_acts_for_him() -> None:
    answer = told(ask(ROOM, request(parameters={"MWSAuthToken": ADA.auth_token}, key=BEAS)))

    assert (answer["Seller"], answer["Key"], answer["Strict"]) == (ADA.seller_id, BEAS.access_key_id, "False")


def test_a_wrong_token_is_refused_from_the_seller_himself() -> None:
    assert refusal(ask(ROOM, request(parameters={"MWSAuthToken": BEA.auth_token}))) == (401, "AccessDenied")


def test_a_seller_id_that_is_none_is_said_to_be_invalid() -> None:
    response = ask(ROOM, request(seller_id="ada's"))

    assert refusal(response) == (400, "InvalidParameterValue")
    assert message(response.body) == "Invalid seller id: ada's"


def test_a_seller_has_his_own_fidelity() -> None:
    asked = room(strict=True)

    assert told(ask(asked, request()))["Strict"] == "True"
    assert told(ask(ROOM, request(key=BEAS, seller_id=BEA.seller_id)))["Strict"] == "True"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("mws.amazonservices.com", "US"),
        ("MWS.amazonservices.ca:443", "CA"),
        ("mws.amazonaws.com", "US"),
        ("example.com", "US"),
        ("mws.amazonservices.com.mx", None),
        ("mws-eu.amazonservices.com", None),
        ("mws.amazonservices.com.cn", None),
    ],
)
def test_the_endpoint_is_for_its_marketplaces_only(host: str, wanted: str | None) -> None:
    response = ask(ROOM, request(host=host))

    assert (told(response)["Marketplace"] if response.status == 200 else None) == wanted
    assert wanted or refusal(response) == (401, "AccessDenied")


def test_the_table_of_hosts_is_that_of_the_facts() -> None:
    facts = recorded.contract("endpoints.json")

    for one in facts["endpoints"]:
        here = named(one["marketplace_id"])
        assert one["host"] in HOSTS
        assert here is None or here.code in HOSTS[one["host"]]
    assert {one["host"] for one in facts["historic_hosts"]} <= HOSTS.keys()
    namespaces = {one["path"]: one["response_ns"] for one in facts["sections"]}
    assert {section.path: section.namespace for section in SECTIONS}.items() <= namespaces.items()


# How often


def test_the_two_operations_of_supply_share_their_bucket() -> None:
    clock = house.Clock()
    asked = room(now=clock, limits=True)
    other = request("ListInventorySupplyByNextToken")

    statuses = [ask(asked, one).status for one in (request(), other, request(), other, request())]
    clock.now += 0.5
    statuses += [ask(asked, one).status for one in (request(), other)]

    assert statuses == [200, 200, 200, 503, 503, 200, 503]


def test_another_seller_developer_or_section_has_a_bucket_of_its_own() -> None:
    asked = room(limits=True)
    while ask(asked, request()).status == 200:
        pass

    others = [
        request(key=BEAS, seller_id=BEA.seller_id),
        request(key=BEAS, parameters={"MWSAuthToken": ADA.auth_token}),
        request("GetServiceStatus"),
        request("GetServiceStatus", section=FEEDS),
    ]

    assert [ask(asked, one).status for one in others] == [200] * 4


def test_the_status_can_be_asked_twice_and_then_every_five_minutes() -> None:
    clock = house.Clock()
    asked = room(now=clock, limits=True)

    def answers(seconds: float) -> int:
        clock.now += seconds
        return ask(asked, request("GetServiceStatus", at=clock.now)).status

    assert [answers(after) for after in (0, 0, 0, 299, 2, 0)] == [200, 200, 503, 503, 200, 503]


def test_the_refused_cost_nothing() -> None:
    asked = room(limits=True)
    for _ in range(10):
        ask(asked, request(parameters={"Signature": "AAAA"}))
        ask(asked, request(key=BEAS))

    assert [ask(asked, request()).status for _ in range(4)] == [200, 200, 200, 503]


QUOTA = ("x-mws-quota-max", "x-mws-quota-remaining", "x-mws-quota-resetsOn")


def quota(response: Response) -> tuple[str, ...]:
    return tuple(dict(response.headers)[name] for name in QUOTA if name in dict(response.headers))


def test_the_hour_has_so_many_requests_and_its_headers_tell_what_was_left_before() -> None:
    clock = house.Clock()
    asked = room(now=clock, limits=True)
    sent = request("CancelFeedSubmissions", section=FEEDS)

    answers = [ask(asked, sent) for _ in range(3)]

    remaining = [quota(one)[1] for one in answers]
    resets = instant(quota(answers[0])[2]).timestamp()
    assert [one.status for one in answers] == [200, 200, 503]
    assert (quota(answers[0])[0], remaining) == ("2.0", ["2.0", "1.0", "0.0"])
    assert AT < resets <= AT + 3600
    assert resets % 60 == 0
    assert message(answers[2].body) == (
        "You exceeded your quota of 2.0 requests per 1 hour for operation Feeds/2009-01-01/CancelFeedSubmissions."
        f"  Your quota will reset on Sun Mar 01 {datetime.fromtimestamp(resets, UTC):%H:%M:%S} UTC 2026"
    )
    clock.now = resets
    assert quota(ask(asked, request("CancelFeedSubmissions", section=FEEDS, at=resets)))[1] == "2.0"


def test_the_minute_at_which_an_hour_begins_differs_between_callers() -> None:
    asked = room(limits=True)
    ada = request("CancelFeedSubmissions", section=FEEDS)
    bea = request("CancelFeedSubmissions", section=FEEDS, key=BEAS, seller_id=BEA.seller_id)

    assert quota(ask(asked, ada))[2] != quota(ask(asked, bea))[2]


def test_without_limits_nobody_is_refused_and_the_whole_quota_is_told() -> None:
    answers = [ask(ROOM, request("CancelFeedSubmissions", section=FEEDS)) for _ in range(5)]

    assert [one.status for one in answers] == [200] * 5
    assert {quota(one)[:2] for one in answers} == {("2.0", "2.0")}


def test_this_section_has_no_headers_of_quotas() -> None:
    assert quota(ask(room(limits=True), request())) == ()


def test_what_an_operation_refuses_tells_the_quota_too() -> None:
    [plan] = [one for one in house.ECHOES if one.action == "CancelFeedSubmissions"]
    refusing = type(plan)(plan.section, plan.action, house.failing(Invalid("x", "no")), plan.quota, hourly=2)

    response = ask(room([refusing], limits=True), request("CancelFeedSubmissions", section=FEEDS))

    assert refusal(response) == (400, "InvalidParameterValue")
    assert quota(response)[:2] == ("2.0", "2.0")


# What goes wrong


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (Invalid("SellerSkus", "too many"), (400, "InvalidParameterValue")),
        (StaleToken("old"), (400, "NextTokenCorrupted")),
        (Unavailable("away"), (503, "ServiceUnavailable")),
        (TimeoutError(), (400, "InputStreamDisconnected")),
    ],
)
def test_what_an_operation_raises_is_said_as_mws_says_it(problem: Exception, wanted: tuple[int, str]) -> None:
    [plan] = [one for one in house.ECHOES if one.action == "ListInventorySupply"]
    asked = room([type(plan)(plan.section, plan.action, house.failing(problem), plan.quota)])

    assert refusal(ask(asked, request())) == wanted


def test_what_nobody_knows_is_an_internal_error_that_says_nothing() -> None:
    response = ROOM.failure(request(), RuntimeError("the secret of ada"))

    assert refusal(response) == (500, "InternalError")
    assert b"ada" not in response.body


# Anything

NAMES = st.sampled_from(
    "AWSAccessKeyId Action Version Signature SignatureMethod SignatureVersion Timestamp Expires SellerId Merchant"
    " MWSAuthToken SellerSkus.member.1 QueryStartDateTime ResponseGroup NextToken MaxCount".split()
) | st.text(max_size=10)
VALUES = st.text(max_size=20) | st.sampled_from(
    [
        "2010-10-01",
        "ListInventorySupply",
        "SubmitFeed",
        ADAS.access_key_id,
        ADA.seller_id,
        "HmacSHA1",
        "9999-12-31T23:59:59Z",
    ]
)
PATHS = st.sampled_from(["", "/", f"/{INVENTORY}", f"/{FEEDS}", f"/{FEEDS}/", "/Orders/2013-09-01"]) | st.text(
    max_size=30
)


@given(
    parameters=st.dictionaries(NAMES, st.none() | VALUES, max_size=4),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "\u00e9"]),
    path=PATHS,
    body=st.binary(max_size=60),
    host=st.text(max_size=20) | st.sampled_from(sorted(HOSTS)),
    form=st.booleans(),
)
def test_any_request_of_somebody_who_can_sign_has_an_answer_in_xml(
    parameters: dict[str, str | None], method: str, path: str, body: bytes, host: str, form: bool
) -> None:
    try:
        sent = request(parameters=parameters, method=method, path=path, host=host, form=form, body=body)
    except UnicodeEncodeError:  # a lone surrogate cannot be signed
        return

    response = ask(room(limits=True), sent)

    root = tree(response.body)
    assert root.tag in ("PingResponse", "ListInventorySupplyResponse", "SubmitFeedResponse", "ErrorResponse")
    assert root.tag != "ErrorResponse" or ERRORS[code(response.body)].status == response.status != 500


@given(
    query=st.text(max_size=80),
    path=PATHS,
    body=st.binary(max_size=80),
    headers=st.dictionaries(
        st.sampled_from(["host", "content-type", "user-agent"]),
        st.text(max_size=30) | st.just("application/x-www-form-urlencoded"),
    ),
)
def test_any_bytes_have_an_answer_in_xml(query: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    response = ask(ROOM, Request("POST", path, query, headers, body, "request-1"))

    assert ERRORS[code(response.body)].status == response.status < 500


def test_nothing_secret_is_in_what_is_shown_of_an_account() -> None:
    assert ADA.secret_key not in repr(ADA)
    assert ADA.auth_token not in repr(ADA)
