"""JSON_LISTINGS_FEED: what is read from a document, and how each thing that is wrong with it is named."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.feeds import json_feed
from entrepot.feeds.findings import FeedUnreadable, Finding
from entrepot.feeds.json_feed import MESSAGE_ID_MAX, MESSAGES_MAX, JsonFeed, Patch
from tests.feeds.contracts import FEED, FEED_EXAMPLE, contract, is_valid

SELLER = "A1PP0FEH11RW77"
HEADER = {"sellerId": SELLER, "version": "2.0"}
AVAILABILITY = "/attributes/fulfillment_availability"
INSTANCE = {"fulfillment_channel_code": "DEFAULT", "quantity": 1}
PATCH = {"op": "replace", "path": AVAILABILITY, "value": [INSTANCE]}
MESSAGE: dict[str, Any] = {
    "messageId": 1,
    "sku": "A-1",
    "operationType": "PATCH",
    "productType": "PRODUCT",
    "patches": [PATCH],
}


def read(*messages: Any, strict: bool = False, **header: Any) -> JsonFeed:
    document = {"header": {**HEADER, **header}, "messages": messages}
    return json_feed.read(json.dumps(document).encode(), SELLER, strict)


def refused(content: bytes | dict[str, Any]) -> FeedUnreadable:
    if isinstance(content, dict):
        content = json.dumps(content).encode()
    with pytest.raises(FeedUnreadable) as problem:
        json_feed.read(content, SELLER)
    return problem.value


def finding(feed: JsonFeed) -> Finding:
    [found] = feed.findings
    return found


def without(name: str) -> dict[str, Any]:
    return {member: value for member, value in MESSAGE.items() if member != name}


def test_a_document_becomes_its_header_and_messages() -> None:
    feed = read(MESSAGE, {**MESSAGE, "messageId": 7, "sku": "B"}, issueLocale="de_DE")

    assert (feed.seller_id, feed.version, feed.issue_locale, feed.processed) == (SELLER, "2.0", "de_DE", 2)
    assert feed.report_options is None
    assert [(message.number, message.message_id, message.sku) for message in feed.messages] == [
        (1, 1, "A-1"),
        (2, 7, "B"),
    ]
    assert feed.messages[0].patches == [Patch("replace", AVAILABILITY, [INSTANCE])]
    assert feed.findings == []


def test_each_operation_has_its_members() -> None:
    attributes = {"condition_type": [{"value": "new_new"}]}
    put = {"sku": "A", "productType": "SHOES", "attributes": attributes}
    feed = read(
        {**put, "messageId": 1, "operationType": "UPDATE", "requirements": "LISTING_OFFER_ONLY"},
        {**put, "messageId": 2, "operationType": "PARTIAL_UPDATE"},
        {"messageId": 3, "sku": "A", "operationType": "DELETE"},
    )

    update, partial, delete = feed.messages
    assert (update.product_type, update.requirements, update.attributes) == ("SHOES", "LISTING_OFFER_ONLY", attributes)
    assert (partial.operation, partial.requirements, partial.attributes) == ("PARTIAL_UPDATE", "LISTING", attributes)
    assert (delete.operation, delete.attributes, delete.patches) == ("DELETE", {}, [])
    assert feed.findings == []


def test_amazons_own_example_is_read_without_a_word() -> None:
    example = contract(FEED_EXAMPLE)

    feed = json_feed.read(json.dumps(example).encode(), example["header"]["sellerId"], strict=True)

    assert feed.findings == []
    assert [message.message_id for message in feed.messages] == [one["messageId"] for one in example["messages"]]
    assert [message.operation for message in feed.messages] == [one["operationType"] for one in example["messages"]]


# The bulk feed of the multi-location guide, with one of its two messages.
GUIDE = """
{
  "header": {
    "sellerId": "A1PP0FEH11RW77",
    "version": "2.0"
  },
  "messages": [
    {
      "messageId": 1,
      "sku": "ssnm002",
      "operationType": "PATCH",
      "patches": {
        "op": "replace",
        "path": "/attributes/fulfillment_availability",
        "value": [
          { "fulfillmentchannelCode": "353e4e48-6301-4d50-990e-43a86e8787a3", "quantity": 10 },
          { "fulfillmentchannelCode": "DEFAULT", "quantity": 0 }
        ]
      }
    }
  ]
}
"""


def test_the_guides_own_example_is_accepted_with_a_warning_for_each_slip() -> None:
    feed = json_feed.read(GUIDE.encode(), SELLER)

    [message] = feed.messages
    [patch] = message.patches
    assert (message.product_type, message.sku) == ("PRODUCT", "ssnm002")
    assert patch.value == [
        {"fulfillmentchannelCode": "353e4e48-6301-4d50-990e-43a86e8787a3", "quantity": 10},
        {"fulfillmentchannelCode": "DEFAULT", "quantity": 0},
    ]
    assert [(found.severity, found.attribute) for found in feed.findings] == [
        ("WARNING", "productType"),
        ("WARNING", "patches"),
    ]
    assert "'PRODUCT'" in feed.findings[0].message


def test_strict_fidelity_refuses_the_guides_own_example_as_the_schema_does() -> None:
    feed = json_feed.read(GUIDE.encode(), SELLER, strict=True)

    assert feed.messages == []
    assert [(found.severity, found.attribute) for found in feed.findings] == [
        ("ERROR", "productType"),
        ("ERROR", "patches"),
    ]


def test_findings_are_told_in_the_language_that_the_header_asks_for() -> None:
    assert "erforderlich" in finding(read(without("patches"), issueLocale="de_DE")).message


def test_without_a_language_findings_are_told_in_that_of_the_marketplace() -> None:
    document = json.dumps({"header": HEADER, "messages": [without("patches")]}).encode()

    assert "obligatoire" in finding(json_feed.read(document, SELLER, marketplace_id="A13V1IB3VIYZZH")).message


# ------------------------------------------------------------------------------------------------- the whole document


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"<xml/>",
        b'{"header": 1}',
        b'{"header": {}, "messages": {}}',
        b'{"header": {"sellerId": "A"}, "messages": [',
        b"[" * 1_000_000,
        b'{"header":' * 200_000,
        b'{"header":{"report":' + b"[" * 1_000_000,
        b'{"messages":[' + b"[" * 1_000_000,
        b"\xff\xfe{",
        b'{"header":{"sellerId":"\\ud800"}}',
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_not_json_of_the_right_form_cannot_be_parsed(content: bytes) -> None:
    problem = refused(content)

    assert (problem.code, problem.message) == ("4002001", "Item 'Feed' cannot be parsed.")


@pytest.mark.parametrize("document", [{}, {"header": {}}, {"header": {"sellerId": ""}}, {"header": None}])
def test_a_document_without_a_seller_is_refused_in_amazons_words(document: dict[str, Any]) -> None:
    problem = refused(document)

    assert (problem.code, problem.message) == ("4002005", "Attribute 'Merchant' is required, but not present.")


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        ({"header": {"sellerId": SELLER}, "messages": [MESSAGE]}, "4002005", "Attribute 'Version' is required"),
        ({"header": {**HEADER, "version": "1.0"}, "messages": [MESSAGE]}, "BAD_REQUEST", "must be '2.0'"),
        ({"header": {**HEADER, "version": 2.0}, "messages": [MESSAGE]}, "BAD_REQUEST", "must be '2.0'"),
        (
            {"header": {**HEADER, "sellerId": "A2"}, "messages": [MESSAGE]},
            "BAD_REQUEST",
            "not the seller that submitted",
        ),
        ({"header": {**HEADER, "sellerId": 5}, "messages": [MESSAGE]}, "BAD_REQUEST", "not the seller that submitted"),
        ({"header": HEADER}, "4002005", "Attribute 'Messages' is required"),
        ({"header": HEADER, "messages": []}, "4002005", "Attribute 'Messages' is required"),
        ({"header": {**HEADER, "report": 1}, "messages": [MESSAGE]}, "BAD_REQUEST", "header.report"),
        ({"header": {**HEADER, "report": {"includedData": []}}, "messages": [MESSAGE]}, "BAD_REQUEST", "header.report"),
        (
            {
                "header": {**HEADER, "report": {"includedData": ["all"], "apiVersion": "2021-08-01"}},
                "messages": [MESSAGE],
            },
            "BAD_REQUEST",
            "fulfillmentAvailability",
        ),
    ],
)
def test_a_header_that_does_not_fit_refuses_the_document(document: dict[str, Any], code: str, words: str) -> None:
    problem = refused(document)

    assert problem.code == code
    assert words in problem.message


def test_as_many_messages_as_amazon_takes_are_read_and_not_one_more() -> None:
    messages = [{**MESSAGE, "messageId": number + 1} for number in range(MESSAGES_MAX)]

    assert read(*messages).processed == MESSAGES_MAX
    problem = refused({"header": HEADER, "messages": [*messages, MESSAGE]})
    assert "feed messages list beyond allowed size" in problem.message


TOO_LARGE = "feed messages list beyond allowed size"


def test_a_document_of_as_many_bytes_as_are_allowed_is_read_and_not_of_one_more() -> None:
    document = json.dumps({"header": HEADER, "messages": [MESSAGE]}).encode().ljust(json_feed.BYTES_MAX)

    assert json_feed.read(document, SELLER).processed == 1
    problem = refused(document + b" ")
    assert (problem.code, problem.message) == ("BAD_REQUEST", TOO_LARGE)


def test_a_document_of_as_many_values_as_are_allowed_is_read_and_not_of_one_more() -> None:
    few = json.dumps({"header": HEADER, "messages": [{**MESSAGE, "attributes": {"x": [0]}}]}).encode()
    missing = json_feed.VALUES_MAX - few.count(b",")

    assert json_feed.read(few.replace(b"[0]", b"[0" + b",0" * missing + b"]"), SELLER).processed == 1
    problem = refused(few.replace(b"[0]", b"[0" + b",0" * (missing + 1) + b"]"))
    assert (problem.code, problem.message) == ("BAD_REQUEST", TOO_LARGE)


def test_objects_inside_of_one_another_count_as_values_though_no_comma_is_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_feed, "VALUES_MAX", 50)
    few = json.dumps({"header": HEADER, "messages": [{**MESSAGE, "attributes": {"x": 0}}]}).encode()
    missing = 50 - few.count(b"{")

    assert json_feed.read(few.replace(b"0}", b'{"x":' * missing + b"0}" + b"}" * missing), SELLER).processed == 1
    problem = refused(few.replace(b"0}", b'{"x":' * (missing + 1) + b"0}" + b"}" * (missing + 1)))
    assert (problem.code, problem.message) == ("BAD_REQUEST", TOO_LARGE)


def test_the_header_may_ask_what_the_report_shows_of_the_listings() -> None:
    feed = read(MESSAGE, report={"includedData": ["summaries", "issues"], "apiVersion": "2021-08-01"})

    assert feed.report_options is not None
    assert feed.report_options.included_data == ["summaries", "issues"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "utf-16"])
def test_a_document_is_read_in_any_encoding_that_clients_write(encoding: str) -> None:
    document = json.dumps({"header": HEADER, "messages": [{**MESSAGE, "sku": "Größe-é"}]}, ensure_ascii=False)

    [message] = json_feed.read(document.encode(encoding), SELLER).messages

    assert message.sku == "Größe-é"


# ---------------------------------------------------------------------------------------------------- single messages


@pytest.mark.parametrize(
    ("message", "code", "attribute", "words"),
    [
        (without("messageId"), "90220", "messageId", "'messageId' is required but not supplied."),
        (without("sku"), "90220", "sku", "'sku' is required but not supplied."),
        (without("operationType"), "90220", "operationType", "'operationType' is required but not supplied."),
        (without("patches"), "90220", "patches", "'patches' is required but not supplied."),
        ({**MESSAGE, "patches": []}, "90220", "patches", "'patches' is required but not supplied."),
        ({**MESSAGE, "messageId": 0}, "BAD_REQUEST", "messageId", "between 1 and 2147483647"),
        ({**MESSAGE, "messageId": MESSAGE_ID_MAX + 1}, "BAD_REQUEST", "messageId", "between 1 and 2147483647"),
        ({**MESSAGE, "messageId": "1"}, "BAD_REQUEST", "messageId", "Invalid parameters provided."),
        ({**MESSAGE, "messageId": 10**30}, "BAD_REQUEST", "messageId", "between 1"),
        ({**MESSAGE, "sku": 5}, "BAD_REQUEST", "sku", "Invalid parameters provided."),
        ({**MESSAGE, "sku": ""}, "BAD_REQUEST", "sku", "1 to 40 characters"),
        ({**MESSAGE, "sku": "x" * 41}, "BAD_REQUEST", "sku", "1 to 40 characters"),
        ({**MESSAGE, "sku": "a\0b"}, "BAD_REQUEST", "sku", "control characters"),
        ({**MESSAGE, "operationType": "UPSERT"}, "BAD_REQUEST", "operationType", "UPSERT"),
        ({**MESSAGE, "patches": "x"}, "BAD_REQUEST", "patches", "Invalid parameters provided."),
        ({**MESSAGE, "patches": [{**PATCH, "op": "move"}]}, "BAD_REQUEST", "patches[0].op", "move"),
        ({**MESSAGE, "patches": [{"op": "add"}]}, "90220", "patches[0].path", "'patches[0].path' is required"),
        ({**MESSAGE, "patches": [{**PATCH, "value": INSTANCE}]}, "BAD_REQUEST", "patches[0].value", "array"),
        ({**MESSAGE, "patches": [{**PATCH, "value": [1]}]}, "BAD_REQUEST", "patches[0].value[0]", "object"),
        ([], "BAD_REQUEST", "", "Invalid parameters provided."),
        (None, "BAD_REQUEST", "", "Invalid parameters provided."),
        ("text", "BAD_REQUEST", "", "Invalid parameters provided."),
    ],
)
def test_a_message_that_is_wrong_is_an_error_of_its_own(message: Any, code: str, attribute: str, words: str) -> None:
    feed = read(message, {**MESSAGE, "messageId": 2, "sku": "good"})

    found = finding(feed)
    assert (found.number, found.code, found.severity, found.attribute) == (1, code, "ERROR", attribute)
    assert words in found.message
    assert [message.sku for message in feed.messages] == ["good"]
    assert feed.processed == 2


def test_an_error_names_the_message_and_the_sku_wherever_they_can_be_read() -> None:
    found = finding(read({**MESSAGE, "messageId": 77, "operationType": "UPSERT"}))

    assert (found.message_id, found.sku) == (77, "A-1")


@pytest.mark.parametrize("operation", ["UPDATE", "PARTIAL_UPDATE"])
@pytest.mark.parametrize("absent", ["productType", "attributes"])
def test_an_update_needs_a_product_type_and_attributes(operation: str, absent: str) -> None:
    message = {**MESSAGE, "operationType": operation, "attributes": {"a": [{}]}}
    del message["patches"], message[absent]

    found = finding(read(message))

    assert (found.severity, found.message) == ("ERROR", f"'{absent}' is required but not supplied.")


@pytest.mark.parametrize(
    ("message", "member"),
    [
        ({**MESSAGE, "requirements": "LISTING"}, "requirements"),
        ({**MESSAGE, "attributes": {"a": [{}]}}, "attributes"),
        ({"messageId": 1, "sku": "A-1", "operationType": "DELETE", "productType": "SHOES"}, "productType"),
    ],
)
def test_members_that_do_not_apply_are_ignored_with_a_warning_or_refused(message: Any, member: str) -> None:
    forgiven, strict = read(message), read(message, strict=True)

    assert (finding(forgiven).severity, finding(forgiven).attribute, len(forgiven.messages)) == ("WARNING", member, 1)
    assert (finding(strict).severity, finding(strict).attribute, len(strict.messages)) == ("ERROR", member, 0)


def test_of_two_messages_with_one_id_the_later_is_refused() -> None:
    feed = read(MESSAGE, {**MESSAGE, "sku": "B"}, {**MESSAGE, "messageId": 2, "sku": "C"})

    found = finding(feed)
    assert (found.number, found.message_id, found.sku) == (2, 1, "B")
    assert "more than once" in found.message
    assert [message.sku for message in feed.messages] == ["A-1", "C"]


def test_a_malformed_message_uses_its_id_up() -> None:
    feed = read({**MESSAGE, "operationType": "UPSERT"}, MESSAGE)

    assert [found.number for found in feed.findings] == [1, 2]


def test_a_sku_is_kept_in_normal_form() -> None:
    [message] = read({**MESSAGE, "sku": " u\u0308ber "}).messages

    assert message.sku == "über"


@pytest.mark.parametrize("sku", [b"a\\u0000b", b"\\u000a ", b"\\u009f"])
def test_a_control_character_in_a_sku_refuses_its_message(sku: bytes) -> None:
    document = json.dumps({"header": HEADER, "messages": [{**MESSAGE, "sku": "?", "messageId": 2}, MESSAGE]}).encode()

    feed = json_feed.read(document.replace(b"?", sku), SELLER)

    assert (finding(feed).number, finding(feed).message_id) == (1, 2)
    assert [message.message_id for message in feed.messages] == [1]


def test_messages_about_one_sku_stay_in_their_order() -> None:
    feed = read(*({**MESSAGE, "messageId": number} for number in (3, 1, 2)))

    assert [message.message_id for message in feed.messages] == [3, 1, 2]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.binary(max_size=100)
    | st.text(alphabet='{}[]",:header1sIdmge\\u0\ud800 ', max_size=60).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
)
def test_no_bytes_make_the_reader_fail_in_another_way(content: bytes) -> None:
    with suppress(FeedUnreadable):
        json_feed.read(content, SELLER)


@given(st.dictionaries(st.sampled_from([*MESSAGE, "attributes", "requirements"]), JSON, min_size=1), st.booleans())
def test_no_message_makes_the_reader_fail_and_each_is_done_or_refused(members: dict[str, Any], strict: bool) -> None:
    feed = read({**MESSAGE, **members}, strict=strict)

    errors = [found for found in feed.findings if found.severity == "ERROR"]
    assert bool(feed.messages) != bool(errors)


MEMBERS = {
    "messageId": st.sampled_from([1, 0, 2**31, "1", None]),
    "sku": st.sampled_from(["A", "", 1]),
    "operationType": st.sampled_from(["UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE", "", None]),
    "productType": st.sampled_from(["SHOES", "", 1]),
    "requirements": st.sampled_from(["LISTING", "LISTING_OFFER_ONLY", "ALL"]),
    "attributes": st.sampled_from([{"a": [{}]}, {}, []]),
    "patches": st.sampled_from([[PATCH], [], PATCH, [{"op": "add"}], [{**PATCH, "value": [1]}]]),
}


@settings(max_examples=400)
@given(st.fixed_dictionaries({}, optional=MEMBERS))
def test_strict_fidelity_takes_exactly_what_the_schema_takes(message: dict[str, Any]) -> None:
    document = {"header": HEADER, "messages": [message]}

    assert bool(read(message, strict=True).messages) == is_valid(document, FEED)
