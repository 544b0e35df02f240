"""The three forms of a processing report, to the byte."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from entrepot.feeds.findings import FeedUnreadable, Finding, counted
from entrepot.feeds.processing_report import ItemsReport, ReportOptions, json_report, text_report, xml_report
from entrepot.wire import xml
from tests.feeds.contracts import REPORT, REPORT_EXAMPLE, contract, validate

SELLER, FEED = "A1PP0FEH11RW77", "50037019429"


def compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def findings(issues: list[dict[str, Any]]) -> list[Finding]:
    return [
        Finding(
            issue["messageId"],
            issue["code"],
            issue["message"],
            issue["severity"],
            issue["messageId"],
            issue["sku"],
            issue.get("attributeName", ""),
        )
        for issue in issues
    ]


def test_counts_tell_messages_from_findings() -> None:
    found = [
        Finding(1, "1", "a"),
        Finding(1, "1", "b"),
        Finding(1, "1", "c", "WARNING"),
        Finding(2, "1", "d", "WARNING"),
        Finding(0, "1", "e"),
    ]

    counts = counted(4, found)

    assert (counts.processed, counts.accepted, counts.refused, counts.warned) == (4, 3, 1, 1)
    assert (counts.errors, counts.warnings) == (3, 2)


def test_the_json_report_is_amazons_example_to_the_byte() -> None:
    example = contract(REPORT_EXAMPLE)
    header = example["header"]
    found = findings(example["issues"])

    report = json_report(
        header["sellerId"],
        header["feedId"],
        counted(4, found),
        found,
        ReportOptions(header["report"]["includedData"], header["report"]["apiVersion"]),
        example["items"],
    )

    assert report.decode() == compact(example)


def test_a_json_report_of_a_clean_feed_has_only_what_is_required() -> None:
    report = json_report(SELLER, FEED, counted(2, []), [])

    assert report.decode() == compact(
        {
            "header": {"sellerId": SELLER, "version": "2.0", "feedId": FEED},
            "issues": [],
            "summary": {
                "errors": 0,
                "warnings": 0,
                "messagesProcessed": 2,
                "messagesAccepted": 2,
                "messagesInvalid": 0,
            },
        }
    )
    validate(json.loads(report), REPORT)


def test_the_json_report_of_a_refused_document_names_no_message() -> None:
    found = [FeedUnreadable("4002001", "Item 'Feed' cannot be parsed.").finding]

    report = json.loads(json_report("", FEED, counted(0, found), found))

    assert report["issues"] == [{"code": "4002001", "severity": "ERROR", "message": "Item 'Feed' cannot be parsed."}]
    assert report["summary"]["errors"] == 1
    validate(report, REPORT)


XML = """<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">
\t<Header>
\t\t<DocumentVersion>1.02</DocumentVersion>
\t\t<MerchantIdentifier>A1PP0FEH11RW77</MerchantIdentifier>
\t</Header>
\t<MessageType>ProcessingReport</MessageType>
\t<Message>
\t\t<MessageID>1</MessageID>
\t\t<ProcessingReport>
\t\t\t<DocumentTransactionID>50037019429</DocumentTransactionID>
\t\t\t<StatusCode>Complete</StatusCode>
\t\t\t<ProcessingSummary>
\t\t\t\t<MessagesProcessed>2</MessagesProcessed>
\t\t\t\t<MessagesSuccessful>1</MessagesSuccessful>
\t\t\t\t<MessagesWithError>1</MessagesWithError>
\t\t\t\t<MessagesWithWarning>0</MessagesWithWarning>
\t\t\t</ProcessingSummary>
\t\t\t<Result>
\t\t\t\t<MessageID>2</MessageID>
\t\t\t\t<ResultCode>Error</ResultCode>
\t\t\t\t<ResultMessageCode>18028</ResultMessageCode>
\t\t\t\t<ResultDescription>The order &lt;1&gt; is not known.</ResultDescription>
\t\t\t\t<AdditionalInfo>
\t\t\t\t\t<AmazonOrderID>123-1234567-1234567</AmazonOrderID>
\t\t\t\t</AdditionalInfo>
\t\t\t</Result>
\t\t</ProcessingReport>
\t</Message>
</AmazonEnvelope>
"""


def test_the_xml_report_has_the_form_of_real_ones() -> None:
    details = (("AmazonOrderID", "123-1234567-1234567"),)
    found = [Finding(2, "18028", "The order <1> is not known.", message_id=2, details=details)]

    assert xml_report(SELLER, FEED, counted(2, found), found).decode() == XML


def test_the_xml_report_of_a_clean_feed_has_no_results() -> None:
    report = xml_report(SELLER, FEED, counted(2, []), []).decode()

    assert "<Result>" not in report
    assert "<MessagesSuccessful>2<" in report


def test_the_xml_report_of_a_refused_document_counts_an_error_and_points_at_message_0() -> None:
    found = [FeedUnreadable("5001", "XML Parsing Fatal Error at Line 1, Column 1: no").finding]

    report = xml_report(SELLER, FEED, counted(0, found), found).decode()

    assert "<MessagesProcessed>0<" in report
    assert "<MessagesWithError>1<" in report
    assert "<MessageID>0</MessageID>" in report


def test_additional_info_names_what_the_finding_is_about_in_amazons_order() -> None:
    details = (("AmazonOrderItemCode", "12345678901234"), ("FulfillmentCenterID", "DEFAULT"), ("Other", "x"))
    found = [Finding(1, "5000", "warned", "WARNING", 9, "A-1", "SKU", details)]

    report = xml_report(SELLER, FEED, counted(1, found), found).decode()

    info = report.partition("<AdditionalInfo>")[2].partition("</AdditionalInfo>")[0].split()
    assert info == [
        "<SKU>A-1</SKU>",
        "<FulfillmentCenterID>DEFAULT</FulfillmentCenterID>",
        "<AmazonOrderItemCode>12345678901234</AmazonOrderItemCode>",
    ]
    assert "<ResultCode>Warning</ResultCode>" in report
    assert "<MessagesSuccessful>1<" in report
    assert "<MessagesWithWarning>1<" in report


# The log of a real batch of 2009, as a client's tests keep it.
LOG = (
    "Feed Processing Summary:\n"
    "\tNumber of records processed\t\t82\n"
    "\tNumber of records successful\t\t81\n"
    "\n"
    "original-record-number\tsku\terror-code\terror-type\terror-message\n"
    "27\t1111111111\t8026\tError\tSeller is not authorized to list products in this category.\n"
)


def test_the_text_report_is_a_real_log_to_the_byte() -> None:
    found = [Finding(27, "8026", "Seller is not authorized to list products in this category.", sku="1111111111")]

    assert text_report(counted(82, found), found) == LOG.encode()


def test_the_text_report_of_a_clean_file_ends_after_its_blank_line() -> None:
    assert text_report(counted(1, []), []) == (
        b"Feed Processing Summary:\n\tNumber of records processed\t\t1\n\tNumber of records successful\t\t1\n\n"
    )


def test_a_refused_flat_file_is_fatal_at_record_0() -> None:
    found = [FeedUnreadable("90012", "The required sku field is missing from the file.").finding]

    assert text_report(counted(0, found), found).endswith(
        b"\n0\t\t90012\tFatal\tThe required sku field is missing from the file.\n"
    )


def test_a_row_of_the_text_report_is_one_line_whatever_the_sku() -> None:
    found = [Finding(1, "1", "a\nb", "WARNING", sku="x\ty")]

    assert text_report(counted(1, found), found).endswith(b"\n1\tx y\t1\tWarning\ta b\n")


FINDINGS = st.lists(
    st.builds(
        Finding,
        st.integers(0, 5),
        st.text(max_size=3),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
        st.sampled_from(["ERROR", "WARNING"]),
        st.none() | st.integers(1, 5),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    ),
    max_size=5,
)


@given(FINDINGS)
def test_any_findings_make_readable_reports(found: list[Finding]) -> None:
    counts = counted(5, found)

    as_json = json_report(SELLER, FEED, counts, found)
    as_xml = list(xml.records(xml_report(SELLER, FEED, counts, found)))
    as_text = text_report(counts, found)

    validate(json.loads(as_json), REPORT)
    assert [xml.local(record) for _, record in as_xml] == ["Header", "MessageType", "Message"]
    assert as_text.count(b"\n") == 4 + (len(found) + 1 if found else 0)


def test_a_report_in_pieces_says_what_the_whole_one_says() -> None:
    options = ReportOptions(["summaries", "issues"])
    found = [Finding(2, "90220", "'sku' is required but not supplied.", message_id=7)]
    items = [{"sku": f"S{n}", "issues": [{"severity": "WARNING"}]} for n in range(5)]
    counts = counted(3, found)

    pieces = ItemsReport(SELLER, FEED, counts, found, options)
    document = pieces.head + pieces.page(items[:2]) + pieces.page([]) + pieces.page(items[2:]) + pieces.tail

    assert json.loads(document) == json.loads(json_report(SELLER, FEED, counts, found, options, items))
