"""Every error of MWS: its status, its form, and that the recorded ones are spelled as they were."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from entrepot.api.mws.messages import ERRORS, PROBLEMS, Refused, enveloped, problem_response, refused
from entrepot.api.mws.operations import OPERATIONS
from entrepot.api.mws.room import DENIALS
from entrepot.api.mws.sections import FEEDS, FULFILLMENT_INVENTORY, REPORTS, Section
from entrepot.domain import errors
from entrepot.domain.errors import Problem
from tests.mws import recorded
from tests.mws.program import namespace, tree

AT = 1_463_998_936.616

# §3.2 of the reference: the common codes and their statuses.
COMMON = {
    "InputStreamDisconnected": 400,
    "InvalidParameterValue": 400,
    "AccessDenied": 401,
    "InvalidAccessKeyId": 403,
    "SignatureDoesNotMatch": 403,
    "InvalidAddress": 404,
    "InternalError": 500,
    "QuotaExceeded": 503,
    "RequestThrottled": 503,
    "ServiceUnavailable": 503,
}


def test_the_common_codes_have_the_documented_statuses() -> None:
    assert {code: ERRORS[code].status for code in COMMON} == COMMON


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_is_spelled_by_whoever_says_it(code: str) -> None:
    response = problem_response(Refused(code, of="7"), FULFILLMENT_INVENTORY, "request-1", AT)

    root, spelling = tree(response.body), ERRORS[code]
    gateway = spelling.form == "gateway"
    assert (response.status, response.content_type) == (spelling.status, "text/xml")
    assert root.findtext("Error/Type") == spelling.type
    assert root.findtext("Error/Code") == code
    assert root.findtext("Error/Message") == spelling.message.replace("{}", "7")
    assert root.findtext("RequestID" if gateway else "RequestId") == "request-1"
    assert root.find("RequestId" if gateway else "RequestID") is None
    assert namespace(response.body) == (
        "https://mws.amazonservices.com/FulfillmentInventory/2010-10-01"
        if gateway
        else "http://mws.amazonaws.com/FulfillmentInventory/2010-10-01/"
    )


@pytest.mark.parametrize("section", [FEEDS, REPORTS])
@pytest.mark.parametrize("code", ["RequestThrottled", "InvalidReportId"])
def test_feeds_and_reports_have_one_namespace_and_their_id_in_one_header_more(section: Section, code: str) -> None:
    response = problem_response(Refused(code), section, "request-1", AT)

    assert namespace(response.body) == "http://mws.amazonaws.com/doc/2009-01-01/"
    assert ("x-amz-request-id", "request-1") in response.headers


def test_the_newer_sections_have_no_header_of_the_oldest() -> None:
    response = enveloped(FULFILLMENT_INVENTORY, "X", "request-1", AT, b"")

    assert "x-amz-request-id" not in dict(response.headers)


RECORDED = [
    line
    for line in recorded.ERRORS
    if "RequestID" in line["response"]["body"] and "html" not in line["response"]["body"].lower()
]


@recorded.needs_recordings
@pytest.mark.parametrize("line", RECORDED, ids=lambda line: str(line["response"]["status"]))
def test_the_errors_of_the_live_gateway_are_spelled_byte_for_byte(line: dict[str, Any]) -> None:
    answer = line["response"]
    root = tree(answer["body"].encode())
    name, version = line["request"]["path"].strip("/").split("/")
    said = Refused(str(root.findtext("Error/Code")), root.findtext("Error/Message"))

    response = problem_response(said, Section(name, version, ""), str(root.findtext("RequestID")), AT)

    assert response.body.decode() == answer["body"]
    assert response.status == answer["status"]
    assert response.content_type == dict(answer["headers"])["Content-Type"]


def test_texts_are_escaped() -> None:
    response = problem_response(Refused("InvalidParameterValue", "<&>\0"), None, "request-1", AT)

    assert b"&lt;&amp;&gt;\xef\xbf\xbd" in response.body
    assert namespace(response.body) == "https://mws.amazonservices.com/"


MEANINGS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Problem) and kind is not Problem
]


@pytest.mark.parametrize("meaning", MEANINGS)
def test_there_is_a_code_for_every_meaning(meaning: type[Problem]) -> None:
    assert PROBLEMS[meaning] in ERRORS


def test_a_problem_without_a_code_says_nothing_of_itself() -> None:
    said = refused(Problem("our insides"))

    assert (said.code, said.message) == ("InternalError", ERRORS["InternalError"].message)


def test_the_reasons_to_deny_are_among_those_of_the_house() -> None:
    assert DENIALS.keys() <= set(errors.DENIALS)


def test_the_bytes_of_a_result_are_taken_as_they_are() -> None:
    response = enveloped(FULFILLMENT_INVENTORY, "X", "request-1", AT, b"<XResult/>")

    assert response.body.endswith(
        b"<XResult/><ResponseMetadata><RequestId>request-1</RequestId></ResponseMetadata></XResponse>\n"
    )
    assert ("x-mws-timestamp", "2016-05-23T10:22:16.616Z") in response.headers


def test_no_operation_is_there_twice() -> None:
    names = [one.name for one in OPERATIONS]

    assert len(names) == len(set(names))
