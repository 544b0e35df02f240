"""Feeds 2009-01-01 against a server: submitted, listed page by page, cancelled, and their results read."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.api.mws.feeds import OPERATIONS, STATUSES
from entrepot.domain.marketplaces import MARKETPLACES
from tests.cast import CA, US
from tests.mws import recorded
from tests.mws.program import FEEDS, Program, code, message, namespace, tree
from tests.running import RunningServer

LOADER = "_POST_FLAT_FILE_INVLOADER_DATA_"
AVAILABILITY = "_POST_INVENTORY_AVAILABILITY_DATA_"
PRICES = "_POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA_"
TSV = "text/tab-separated-values; charset=iso-8859-1"
ROWS = b"sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\n"
NAMESPACE = "http://mws.amazonaws.com/doc/2009-01-01/"
PATIENCE = 30.0
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def loader(*skus: str, quantity: int = 3) -> bytes:
    return ROWS + b"".join(
        f"{sku}\tB0{sku.replace('-', ''):0>8}\t1\t9.50\t11\t{quantity}\ta\n".encode() for sku in skus
    )


def availability(seller_id: str, sku: str, quantity: int) -> bytes:
    return (
        "<?xml version='1.0' encoding='utf-8'?><AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion>"
        f"<MerchantIdentifier>{seller_id}</MerchantIdentifier></Header><MessageType>Inventory</MessageType>"
        "<Message><MessageID>1</MessageID><OperationType>Update</OperationType><Inventory>"
        f"<SKU>{sku}</SKU><Quantity>{quantity}</Quantity></Inventory></Message></AmazonEnvelope>"
    ).encode()


def submit(
    program: Program, content: bytes, kind: str = LOADER, content_type: str = TSV, **more: str
) -> httpx.Response:
    given = {"FeedType": kind, "ContentMD5Value": md5(content), **more}
    headers = {"content-type": content_type}
    return program.call(FEEDS, "SubmitFeed", given, body=content, headers=headers)


def submitted(program: Program, content: bytes, kind: str = LOADER, **more: str) -> str:
    response = submit(program, content, kind, **more)
    assert response.status_code == 200, response.text
    return str(tree(response.content).findtext("SubmitFeedResult/FeedSubmissionInfo/FeedSubmissionId"))


def listed(program: Program, action: str = "GetFeedSubmissionList", **parameters: str) -> list[dict[str, str]]:
    """The members of a list, as name → text."""
    response = program.call(FEEDS, action, named(parameters))
    assert response.status_code == 200, response.text
    return [{one.tag: one.text for one in info} for info in tree(response.content).iter("FeedSubmissionInfo")]


def named(parameters: dict[str, str]) -> dict[str, str]:
    """`FeedSubmissionIdList__Id__1` as no keyword can be."""
    return {name.replace("__", "."): value for name, value in parameters.items()}


def ended(program: Program, number: str) -> dict[str, str]:
    deadline = time.monotonic() + PATIENCE
    while True:
        [found] = listed(program, FeedSubmissionIdList__Id__1=number)
        if found["FeedProcessingStatus"] not in ("_SUBMITTED_", "_IN_PROGRESS_"):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def result(program: Program, number: str) -> httpx.Response:
    return program.call(FEEDS, "GetFeedSubmissionResult", {"FeedSubmissionId": number})


def count(program: Program, action: str = "GetFeedSubmissionCount", **parameters: str) -> int:
    response = program.call(FEEDS, action, named(parameters))
    assert response.status_code == 200, response.text
    return int(str(tree(response.content)[0].findtext("Count")))


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, code(response.content)


# Submitted, and what became of it


def test_a_feed_is_submitted_processed_and_its_result_read(program: Program) -> None:
    answer = submit(program, loader("K-1", "K-2"))
    info = tree(answer.content)[0][0]
    number = info.findtext("FeedSubmissionId")
    found = ended(program, number)
    response = result(program, number)

    assert namespace(answer.content) == NAMESPACE
    assert [one.tag for one in info] == ["FeedSubmissionId", "FeedType", "SubmittedDate", "FeedProcessingStatus"]
    assert (info.findtext("FeedType"), info.findtext("FeedProcessingStatus")) == (LOADER, "_SUBMITTED_")
    assert DATE.fullmatch(info.findtext("SubmittedDate"))
    assert found["FeedProcessingStatus"] == "_DONE_"
    assert DATE.fullmatch(found["StartedProcessingDate"])
    assert DATE.fullmatch(found["CompletedProcessingDate"])
    assert response.content.startswith(b"Feed Processing Summary:")
    assert b"Number of records processed\t\t2" in response.content
    assert response.headers["content-md5"] == md5(response.content)
    assert response.headers["content-type"] == "text/plain;charset=UTF-8"
    assert response.headers["x-mws-request-id"]


def test_the_result_of_an_xml_feed_is_the_recorded_document(program: Program) -> None:
    number = submitted(program, availability(program.seller_id, "NOBODY", 4), AVAILABILITY, content_type="text/xml")
    ended(program, number)

    response = result(program, number)
    report = tree(response.content).find("Message/ProcessingReport")

    assert response.headers["content-type"] == "text/xml;charset=UTF-8"
    assert report.findtext("DocumentTransactionID") == number
    assert report.findtext("StatusCode") == "Complete"
    assert report.findtext("ProcessingSummary/MessagesProcessed") == "1"
    assert report.findtext("Result/AdditionalInfo/SKU") == "NOBODY"


def test_the_body_of_a_feed_is_never_taken_for_a_form(program: Program) -> None:
    for content_type in ("application/x-www-form-urlencoded", "x-www-form-urlencoded"):
        answer = submit(program, loader("F-1"), content_type=content_type)
        number = str(tree(answer.content).findtext("SubmitFeedResult/FeedSubmissionInfo/FeedSubmissionId"))

        assert ended(program, number)["FeedProcessingStatus"] == "_DONE_"
        assert b"Number of records successful\t\t1" in result(program, number).content


def test_both_generations_see_the_same_feeds_but_those_of_json(server: RunningServer, program: Program) -> None:
    number = submitted(program, loader("S-1"))
    headers = {"x-amz-access-token": server.access_token(program.credentials)}
    root = f"{server.url}/feeds/2021-06-30"
    document = program.http.post(f"{root}/documents", headers=headers, json={"contentType": "application/json"}).json()
    program.http.put(document["url"], content=b"{}", headers={"content-type": "application/json"})
    body = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": [US], "inputFeedDocumentId": document["feedDocumentId"]}
    json_feed = program.http.post(f"{root}/feeds", headers=headers, json=body).json()["feedId"]

    other = program.http.get(f"{root}/feeds?feedTypes={LOADER.strip('_')}", headers=headers).json()["feeds"]

    assert [(one["feedId"], one["feedType"]) for one in other] == [(number, LOADER.strip("_"))]
    assert [one["FeedSubmissionId"] for one in listed(program)] == [number]
    assert refusal(result(program, json_feed)) == (400, "InvalidFeedSubmissionId")
    assert refusal(submit(program, b"{}", "_JSON_LISTINGS_FEED_")) == (400, "InvalidFeedType")


def test_retired_types_work_with_strict_fidelity_as_mws_was_gone_before_them(
    new_program: Callable[..., Program],
) -> None:
    program = new_program(fidelity="strict")

    number = submitted(program, loader("R-1"))

    assert ended(program, number)["FeedProcessingStatus"] == "_DONE_"


def test_a_feed_that_cannot_be_read_is_cancelled_and_its_result_says_why(program: Program) -> None:
    number = submitted(program, b"\x1f\x8b broken", PRICES)

    found = ended(program, number)

    assert found["FeedProcessingStatus"] == "_CANCELLED_"
    assert b"gzip" in result(program, number).content
    assert [one["FeedSubmissionId"] for one in listed(program, FeedProcessingStatusList__Status__1="_CANCELLED_")] == [
        number
    ]


def test_purge_and_replace_takes_off_sale_what_the_file_does_not_name(program: Program) -> None:
    ended(program, submitted(program, loader("P-1", "P-2", "P-3")))
    number = submitted(program, loader("P-2", "P-4"), PurgeAndReplace="true")

    assert ended(program, number)["FeedProcessingStatus"] == "_DONE_"
    request = program.call("Reports/2009-01-01", "RequestReport", {"ReportType": "_GET_MERCHANT_LISTINGS_DATA_LITER_"})
    report = str(tree(request.content)[0].findtext("ReportRequestInfo/ReportRequestId"))
    deadline = time.monotonic() + PATIENCE
    while (response := program.call("Reports/2009-01-01", "GetReport", {"ReportId": f"1{report}"})).status_code != 200:
        assert time.monotonic() < deadline, response.text
        time.sleep(0.05)
    assert sorted(line.split("\t")[0] for line in response.text.splitlines()[1:]) == ["P-2", "P-4"]


# Refused


def test_a_feed_is_refused_where_its_md5_is_another(program: Program) -> None:
    content, other = loader("M-1"), md5(b"other")

    by_parameter = submit(program, content, ContentMD5Value=other)
    by_header = program.call(
        FEEDS, "SubmitFeed", {"FeedType": LOADER}, body=content, headers={"content-md5": other, "content-type": TSV}
    )
    both = program.call(
        FEEDS,
        "SubmitFeed",
        {"FeedType": LOADER, "ContentMD5Value": md5(content)},
        body=content,
        headers={"content-md5": other, "content-type": TSV},
    )

    assert refusal(by_parameter) == refusal(by_header) == (400, "ContentMD5DoesNotMatch")
    assert message(by_header.content) == (
        f"The Content-MD5 HTTP header you passed for your feed ({other}) did not match the Content-MD5 we calculated"
        f" for your feed ({md5(content)})"
    )
    assert refusal(both) == (400, "InvalidParameterValue")
    assert count(program) == 0


def test_without_md5_a_feed_is_taken_but_not_with_strict_fidelity(new_program: Callable[..., Program]) -> None:
    easy, strict = new_program(), new_program(fidelity="strict")

    answers = [one.call(FEEDS, "SubmitFeed", {"FeedType": LOADER}, body=loader("A")) for one in (easy, strict)]

    assert answers[0].status_code == 200
    assert refusal(answers[1]) == (400, "ContentMD5Missing")


def test_an_md5_in_the_header_is_enough(program: Program) -> None:
    content = loader("H-1")

    answer = program.call(
        FEEDS, "SubmitFeed", {"FeedType": LOADER}, body=content, headers={"content-md5": md5(content)}
    )

    assert answer.status_code == 200


BAD_FEEDS: dict[str, tuple[dict[str, str], bytes, str]] = {
    "no type": ({"FeedType": ""}, b"x", "ValidationError"),
    "an unknown type": ({"FeedType": "_POST_NOTHING_"}, b"x", "InvalidFeedType"),
    "the name of another generation": ({"FeedType": LOADER.strip("_")}, b"x", "InvalidFeedType"),
    "nothing in it": ({}, b"", "InputDataError"),
    "a foreign marketplace": ({"MarketplaceIdList.Id.1": "A1F83G8C2ARO7P"}, b"x", "InvalidParameterValue"),
    "purge of a feed that cannot": ({"FeedType": PRICES, "PurgeAndReplace": "true"}, b"x", "InvalidParameterValue"),
    "no boolean": ({"PurgeAndReplace": "perhaps"}, b"x", "InvalidParameterValue"),
    "options that cannot be printed": ({"FeedOptions": "a\x07b"}, b"x", "InvalidParameterValue"),
}


@pytest.mark.parametrize("case", BAD_FEEDS)
def test_a_feed_that_cannot_be_is_refused(program: Program, case: str) -> None:
    more, content, expected = BAD_FEEDS[case]

    response = submit(program, content, **more)

    assert refusal(response) == (400, expected)
    assert count(program) == 0


def test_a_feed_whose_parameters_came_as_a_form_is_empty(program: Program) -> None:
    response = program.call(FEEDS, "SubmitFeed", {"FeedType": LOADER})

    assert refusal(response) == (400, "InputDataError")


def test_a_feed_is_for_the_marketplace_that_is_named(program: Program) -> None:
    here = submitted(program, loader("A"))
    there = submitted(program, loader("B"), **{"MarketplaceIdList.Id.1": CA})

    headers = {"x-amz-access-token": program.server.access_token(program.credentials)}
    feeds = [
        program.http.get(f"{program.server.url}/feeds/2021-06-30/feeds/{one}", headers=headers).json()
        for one in (here, there)
    ]
    assert [feed["marketplaceIds"] for feed in feeds] == [[US], [CA]]


# Lists


def test_lists_come_page_by_page_the_newest_first(program: Program) -> None:
    numbers = [submitted(program, loader(f"L-{place}")) for place in range(5)]

    first = program.call(FEEDS, "GetFeedSubmissionList", {"MaxCount": "2"})
    pages = [first]
    while tree(pages[-1].content)[0].findtext("HasNext") == "true":
        token = tree(pages[-1].content)[0].findtext("NextToken")
        pages.append(program.call(FEEDS, "GetFeedSubmissionListByNextToken", {"NextToken": token}))

    found = [one.text for page in pages for one in tree(page.content).iter("FeedSubmissionId")]
    assert found == numbers[::-1]
    assert [one.tag for one in tree(first.content)[0]][:2] == ["NextToken", "HasNext"]
    assert tree(pages[-1].content)[0][0].tag == "HasNext"
    assert len(pages) == 3


def test_lists_and_counts_are_filtered(program: Program) -> None:
    numbers = [submitted(program, loader("A")), submitted(program, b"sku\tquantity\nA\t1\n", PRICES)]
    for one in numbers:
        ended(program, one)
    future, past = "2999-01-01T00:00:00Z", "2000-01-01"

    def of(**parameters: str) -> list[str]:
        found = [one["FeedSubmissionId"] for one in listed(program, **parameters)]
        assert count(program, **parameters) == len(found)
        return found

    assert of(FeedTypeList__Type__1=PRICES) == numbers[1:]
    assert of(FeedTypeList__Type__1=PRICES, FeedTypeList__Type__2=LOADER) == numbers[::-1]
    assert of(FeedTypeList__Type__1="_POST_PRODUCT_DATA_") == []
    assert of(FeedProcessingStatusList__Status__1="_DONE_") == numbers[::-1]
    assert of(FeedProcessingStatusList__Status__1="_IN_SAFETY_NET_") == []
    assert of(SubmittedFromDate=past, SubmittedToDate=future) == numbers[::-1]
    assert of(SubmittedFromDate=future) == []
    assert of(SubmittedToDate=past) == []


def test_ids_that_are_named_come_whatever_the_other_conditions_say(program: Program) -> None:
    numbers = [submitted(program, loader(f"I-{place}")) for place in range(12)]
    ids = {f"FeedSubmissionIdList__Id__{place}": one for place, one in enumerate([*numbers, "1"], 1)}

    found = listed(program, **ids, FeedTypeList__Type__1=PRICES, MaxCount="3")

    assert [one["FeedSubmissionId"] for one in found] == numbers[::-1]


BAD_LISTS = [
    {"MaxCount": "0"},
    {"MaxCount": "101"},
    {"MaxCount": "-1"},
    {"MaxCount": "two"},
    {"FeedProcessingStatusList.Status.1": "_FINE_"},
    {"FeedProcessingStatusList.Status.1": "DONE"},
    {"SubmittedFromDate": "yesterday"},
    {"SubmittedToDate": "2026-13-01T00:00:00Z"},
    {f"FeedSubmissionIdList.Id.{place}": str(place) for place in range(1, 102)},
]


@pytest.mark.parametrize("parameters", BAD_LISTS, ids=lambda one: "&".join(one)[:40])
def test_a_question_for_feeds_that_cannot_be_is_refused(program: Program, parameters: dict[str, str]) -> None:
    assert refusal(program.call(FEEDS, "GetFeedSubmissionList", parameters)) == (400, "InvalidParameterValue")


def test_a_token_is_good_for_its_seller_and_list_only(new_program: Callable[..., Program]) -> None:
    program, other = new_program(), new_program()
    for one in "AB":
        submitted(program, loader(one))
    token = tree(program.call(FEEDS, "GetFeedSubmissionList", {"MaxCount": "1"}).content)[0].findtext("NextToken")
    following = "GetFeedSubmissionListByNextToken"

    assert program.call(FEEDS, following, {"NextToken": token}).status_code == 200
    assert refusal(other.call(FEEDS, following, {"NextToken": token})) == (400, "NextTokenCorrupted")
    assert refusal(program.call(FEEDS, following, {"NextToken": f"{token}x"})) == (400, "NextTokenCorrupted")
    assert refusal(program.call(FEEDS, following)) == (400, "ValidationError")


def test_nobody_sees_another_sellers_feeds(new_program: Callable[..., Program]) -> None:
    program, other = new_program(), new_program()
    number = submitted(program, loader("N-1"))
    ended(program, number)

    assert refusal(result(other, number)) == refusal(result(other, "1")) == (400, "InvalidFeedSubmissionId")
    assert f"Failed to find feed with Feed Submission ID: {number}" in result(other, number).text
    mine = submitted(other, loader("N-2"))
    both = {"FeedSubmissionIdList.Id.1": mine, "FeedSubmissionIdList.Id.2": number}
    assert f"Submission ID: {number}<" in other.call(FEEDS, "CancelFeedSubmissions", both).text
    assert listed(other, FeedSubmissionIdList__Id__1=number) == []
    assert [one["FeedSubmissionId"] for one in listed(other)] == [mine]
    assert count(other) == 1
    assert refusal(other.call(FEEDS, "CancelFeedSubmissions", {"FeedSubmissionIdList.Id.1": number})) == (
        400,
        "InvalidFeedSubmissionId",
    )


def test_the_id_of_a_feed_is_a_number(program: Program) -> None:
    refused = result(program, "one4567890")

    assert refusal(refused) == (400, "InvalidRequest")
    assert "one4567890 failed a validation check: one4567890 is not a valid identifer." in refused.text


def test_the_result_of_a_feed_brings_its_request_id_twice(program: Program) -> None:
    number = submitted(program, loader("H-1"))
    ended(program, number)

    headers = result(program, number).headers

    assert headers["x-amz-request-id"] == headers["x-mws-request-id"]


def test_the_answers_have_the_quota_of_the_hour(program: Program) -> None:
    for operation in OPERATIONS:
        response = program.call(FEEDS, operation.action)

        assert response.headers["x-mws-quota-max"] == f"{operation.hourly}.0"
        assert response.headers["x-mws-quota-remaining"] == f"{operation.hourly}.0"
        assert response.headers["x-mws-quota-resetson"]


# As recorded


@recorded.needs_live
@pytest.mark.parametrize(
    "line", recorded.live("/Feeds/"), ids=lambda line: f"{recorded.action(line)} {line['recorded_at']}"
)
def test_the_recorded_answers_have_the_same_form(program: Program, line: dict[str, Any]) -> None:
    action = recorded.action(line)
    number = submitted(program, availability(program.seller_id, "A", 4), AVAILABILITY, content_type="text/xml")
    ended(program, number)
    content = line["response"]["body"].encode()
    if action == "SubmitFeed":
        response = submit(program, loader("A"))
    elif action == "GetFeedSubmissionResult":
        response = result(program, number)
    else:
        empty = b"<FeedSubmissionInfo>" not in content
        response = program.call(FEEDS, action, {"FeedTypeList.Type.1": LOADER if empty else AVAILABILITY})

    live, ours = tree(content), tree(response.content)
    assert response.status_code == line["response"]["status"]
    assert ours.tag == live.tag
    if action == "GetFeedSubmissionResult":
        ours.find("Message/ProcessingReport").remove(ours.find("Message/ProcessingReport/Result"))
    else:
        assert namespace(response.content) == namespace(content)
    assert recorded.shape(ours) == recorded.shape(live)
    headers = dict(line["response"]["headers"])
    assert response.headers["content-type"] == headers["content-type"]
    assert {name for name in headers if name.startswith(("x-mws", "content-md5"))} <= set(response.headers)


# Whatever comes


PARAMETERS = st.dictionaries(
    st.sampled_from(
        (
            "FeedType",
            "MaxCount",
            "NextToken",
            "FeedSubmissionId",
            "FeedSubmissionIdList.Id.1",
            "FeedTypeList.Type.1",
            "FeedProcessingStatusList.Status.1",
            "SubmittedFromDate",
            "SubmittedToDate",
            "ContentMD5Value",
            "PurgeAndReplace",
            "MarketplaceIdList.Id.1",
            "FeedOptions",
        )
    ),
    st.text(max_size=30)
    | st.sampled_from((LOADER, *STATUSES, *MARKETPLACES, "1", "true", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")),
    max_size=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(OPERATIONS), PARAMETERS, st.binary(max_size=60))
def test_no_parameters_are_too_much(program: Program, operation: Any, parameters: dict[str, str], body: bytes) -> None:
    content = body if operation.streams else None
    response = program.call(FEEDS, operation.action, parameters, body=content)

    assert response.status_code < 500
    assert response.headers["content-type"].startswith("text/xml")
