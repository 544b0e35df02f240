"""The reports that tell a sender what became of his file: in JSON, in XML, and as tab-delimited text.

All three are written from the same counts and findings. Sources: Amazon's JSON schema of the processing report, version
2; SP-API reference §6.2 and §6.3; the text's bytes are those of a real log (AIM reference §8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from entrepot.feeds.findings import XML_ERROR, Counts, Finding
from entrepot.wire import tsv, xml

VERSION: Final = "2.0"
API_VERSION: Final = "2021-08-01"


class ReportOptions(msgspec.Struct, rename="camel", frozen=True):
    """What the header of a JSON file asked its report to show of the listings."""

    included_data: list[str]
    api_version: str = msgspec.field(default=API_VERSION)


class _Header(msgspec.Struct, rename="camel"):
    seller_id: str
    version: str
    feed_id: str
    report: ReportOptions | msgspec.UnsetType = msgspec.UNSET


class _Issue(msgspec.Struct, rename="camel"):
    message_id: int | msgspec.UnsetType
    sku: str | msgspec.UnsetType
    code: str | msgspec.UnsetType
    severity: str
    message: str
    attribute_name: str | msgspec.UnsetType


class _ItemSummary(msgspec.Struct):
    items: int
    errors: int
    warnings: int


class _Summary(msgspec.Struct, rename="camel"):
    errors: int
    warnings: int
    messages_processed: int
    messages_accepted: int
    messages_invalid: int
    item_summary: _ItemSummary | msgspec.UnsetType = msgspec.UNSET


class _Report(msgspec.Struct):
    header: _Header
    issues: list[_Issue]
    summary: _Summary
    items: Sequence[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET


def json_report(
    seller_id: str,
    feed_id: str,
    counts: Counts,
    findings: Iterable[Finding],
    options: ReportOptions | None = None,
    items: Sequence[dict[str, Any]] = (),
) -> bytes:
    """The report of a JSON file. With `options` it shows `items`, the listings that the file created or updated."""
    summary = _Summary(counts.errors, counts.warnings, counts.processed, counts.accepted, counts.refused)
    report = _Report(_Header(seller_id, VERSION, feed_id), [_issue(finding) for finding in findings], summary)
    if options is not None:
        report.header.report = options
        report.items = items
        summary.item_summary = _ItemSummary(len(items), _tallied(items, "ERROR"), _tallied(items, "WARNING"))
    return msgspec.json.encode(report)


class ItemsReport:
    """The same report in pieces, as items may be many: `head`, then each page of items, then `tail`."""

    def __init__(
        self, seller_id: str, feed_id: str, counts: Counts, findings: Iterable[Finding], options: ReportOptions
    ) -> None:
        self._summary = _Summary(counts.errors, counts.warnings, counts.processed, counts.accepted, counts.refused)
        self._tally = _ItemSummary(0, 0, 0)
        header = msgspec.json.encode(_Header(seller_id, VERSION, feed_id, options))
        issues = msgspec.json.encode([_issue(finding) for finding in findings])
        self.head = b'{"header":' + header + b',"issues":' + issues + b',"items":['

    def page(self, items: Sequence[dict[str, Any]]) -> bytes:
        """Some items more."""
        comma = b"," if self._tally.items and items else b""
        self._tally.items += len(items)
        self._tally.errors += _tallied(items, "ERROR")
        self._tally.warnings += _tallied(items, "WARNING")
        return comma + msgspec.json.encode(items)[1:-1]

    @property
    def tail(self) -> bytes:
        self._summary.item_summary = self._tally
        return b'],"summary":' + msgspec.json.encode(self._summary) + b"}"


def _issue(finding: Finding) -> _Issue:
    return _Issue(
        finding.message_id or msgspec.UNSET,
        finding.sku or msgspec.UNSET,
        finding.code or msgspec.UNSET,
        finding.severity,
        finding.message,
        finding.attribute or msgspec.UNSET,
    )


def _tallied(items: Sequence[dict[str, Any]], severity: str) -> int:
    return sum(issue["severity"] == severity for item in items for issue in item.get("issues", ()))


_RESULT_CODES: Final = {"ERROR": "Error", "WARNING": "Warning"}
# The elements that AdditionalInfo may have, in their order.
ADDITIONAL_INFO: Final = ("SKU", "FulfillmentCenterID", "AmazonOrderID", "AmazonOrderItemCode")


def xml_report(seller_id: str, feed_id: str, counts: Counts, findings: Iterable[Finding]) -> bytes:
    """The report of an XML file: a result for each finding, none for a clean message. What concerns the whole file has
    the message id 0."""
    root = xml.document("AmazonEnvelope", schema="amzn-envelope.xsd")
    header = xml.add(root, "Header")
    xml.add(header, "DocumentVersion", "1.02")
    xml.add(header, "MerchantIdentifier", seller_id)
    xml.add(root, "MessageType", "ProcessingReport")
    message = xml.add(root, "Message")
    xml.add(message, "MessageID", 1)
    report = xml.add(message, "ProcessingReport")
    xml.add(report, "DocumentTransactionID", feed_id)
    xml.add(report, "StatusCode", "Complete")
    summary = xml.add(report, "ProcessingSummary")
    xml.add(summary, "MessagesProcessed", counts.processed)
    xml.add(summary, "MessagesSuccessful", counts.accepted)
    # Programs look at this number alone: a file that was refused as a whole counts, too.
    xml.add(summary, "MessagesWithError", counts.refused or min(counts.errors, 1))
    xml.add(summary, "MessagesWithWarning", counts.warned)
    for finding in findings:
        _result(report, finding)
    return xml.written(root)


def _result(report: xml.Element, finding: Finding) -> None:
    result = xml.add(report, "Result")
    xml.add(result, "MessageID", finding.message_id or 0)
    xml.add(result, "ResultCode", _RESULT_CODES[finding.severity])
    # Codes are numbers here; what has none is told by its description.
    xml.add(result, "ResultMessageCode", finding.code if finding.code.isdigit() else XML_ERROR)
    xml.add(result, "ResultDescription", finding.message)
    shown = {"SKU": finding.sku, **dict(finding.details)}
    named = [(name, shown[name]) for name in ADDITIONAL_INFO if shown.get(name)]
    if named:
        details = xml.add(result, "AdditionalInfo")
        for name, value in named:
            xml.add(details, name, value)


_COLUMNS: Final = ("original-record-number", "sku", "error-code", "error-type", "error-message")


def text_report(counts: Counts, findings: Sequence[Finding], encoding: str = "utf-8") -> bytes:
    """The report of a flat file, which ends after its blank line where there is nothing to tell.

    Readers rely on four lines before the header, and on the one blank line.
    """
    summary = (
        "Feed Processing Summary:\n"
        f"\tNumber of records processed\t\t{counts.processed}\n"
        f"\tNumber of records successful\t\t{counts.accepted}\n\n"
    ).encode("ascii")
    return summary + tsv.written(_COLUMNS, map(_row, findings), encoding) if findings else summary


def _row(finding: Finding) -> tuple[str, ...]:
    # A refused file has no record to point at; that is an error of its own type.
    kind = "Fatal" if finding.number == 0 and finding.severity == "ERROR" else _RESULT_CODES[finding.severity]
    return str(finding.number), finding.sku, finding.code, kind, finding.message
