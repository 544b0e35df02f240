"""How MWS spells its answers and its errors, and which HTTP status an error has.

Sources: MWS reference §2 (conventions), §3 (errors; the texts are those seen in recordings and in reports of users).
An error of the gateway, said before a section is asked, has `RequestID` and the gateway's namespace; one of a section
has `RequestId` and the section's. All have the XML declaration and exactly `text/xml`, as some clients need both.
Feeds and Reports, once it is known that they are meant, name their own namespace in both, and the request's id once
more in `x-amz-request-id` (recorded): Amazon's libraries for Java, C# and PHP read errors and files only so.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from lxml import etree

from entrepot.api.http import Headers, Response
from entrepot.api.mws.sections import GATEWAY, Section
from entrepot.domain import errors
from entrepot.wire import xml

XML: Final = "text/xml"
PROLOG: Final = b'<?xml version="1.0"?>\n'

Form = Literal["gateway", "service"]


@dataclass(frozen=True)
class Spelling:
    """`message` is said where whoever refuses has nothing better to say; `{}` in it is what it names."""

    status: int
    message: str
    form: Form = "service"
    type: str = "Sender"


# fmt: off
ERRORS: Final[dict[str, Spelling]] = {
    # The common codes (§3.2).
    "InputStreamDisconnected": Spelling(400, "There was an error reading the input stream.", "gateway"),
    "InvalidParameterValue": Spelling(400, "An invalid parameter value was used."),
    "AccessDenied": Spelling(401, "Access denied", "gateway"),
    "InvalidAccessKeyId": Spelling(403, "The AWS Access Key Id you provided does not exist in our records.", "gateway"),
    "SignatureDoesNotMatch": Spelling(
        403,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access"
        " Key and signing method. Consult the service documentation for details.",
        "gateway",
    ),
    "InvalidAddress": Spelling(404, "Invalid Section name or version provided", "gateway"),
    "InternalError": Spelling(500, "There was an internal service failure.", type="Receiver"),
    "QuotaExceeded": Spelling(503, "You exceeded your quota", "gateway", ""),
    "RequestThrottled": Spelling(503, "Request is throttled", "gateway", ""),
    "ServiceUnavailable": Spelling(503, "Service is temporarily unavailable. Please try again.", "gateway", "Receiver"),
    # Outside of that table.
    "RequestExpired": Spelling(400, "Request signature is too far in the past and has expired.", "gateway"),
    "InvalidRequest": Spelling(400, "The request is not valid.", "gateway"),
    "UserAgentHeaderMalformed": Spelling(400, "Problem with required MWS User-Agent header", "gateway"),
    "ValidationError": Spelling(400, "1 validation error detected"),
    "InvalidRequestException": Spelling(400, "One of SellerSkus and QueryStartDateTime is required"),
    "NextTokenCorrupted": Spelling(400, "The NextToken is invalid or has expired. Call the first operation again."),
    # Of Feeds and Reports (§6, §7); the statuses but one and the sentences are ours, but for those that name a feed.
    "AccessToFeedProcessingResultDenied": Spelling(
        401, "Insufficient privileges to access the feed processing result."
    ),
    "ContentMD5Missing": Spelling(400, "The Content-MD5 header value was missing."),
    "ContentMD5DoesNotMatch": Spelling(400, "The calculated MD5 hash value doesn't match the provided one."),
    "FeedCanceled": Spelling(400, "The feed was canceled, so there is no processing result."),
    "FeedProcessingResultNoLongerAvailable": Spelling(400, "The feed processing result is no longer available."),
    "FeedProcessingResultNotReady": Spelling(404, "Feed Submission Result is not ready for Feed Submission Id: {}"),
    "InputDataError": Spelling(400, "The feed content contains an error."),
    "InvalidFeedSubmissionId": Spelling(400, "Failed to find feed with Feed Submission ID: {}"),
    "InvalidFeedType": Spelling(400, "The FeedType is not valid."),
    "AccessToReportDenied": Spelling(401, "Insufficient privileges to access the report."),
    "InvalidReportId": Spelling(400, "The provided ReportId is invalid."),
    "InvalidReportRequestId": Spelling(400, "One or more of the provided ReportRequestIds could not be found."),
    "InvalidReportType": Spelling(400, "The ReportType is not valid."),
    "InvalidScheduleFrequency": Spelling(400, "The Schedule is not valid."),
    "ReportNoLongerAvailable": Spelling(400, "The report is no longer available."),
    "ReportNotReady": Spelling(400, "The report is not ready."),
}
# fmt: on


class Refused(Exception):
    """A request is refused with one of the codes. `of` is what its sentence names."""

    def __init__(self, code: str, message: str | None = None, headers: Headers = (), *, of: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = ERRORS[code].message.format(of) if message is None else message
        self.headers = headers


# What can go wrong, in these codes.
PROBLEMS: Final[dict[type[errors.Problem], str]] = {
    errors.Invalid: "InvalidParameterValue",
    errors.AlreadyExists: "InvalidParameterValue",
    errors.Shortage: "InvalidParameterValue",
    errors.NotAllowed: "InvalidParameterValue",
    errors.Archived: "InvalidParameterValue",
    errors.KeyReused: "InvalidParameterValue",
    errors.Rejected: "InvalidParameterValue",
    errors.NotFound: "InvalidParameterValue",
    errors.TooLarge: "InvalidParameterValue",  # "request too large" is its documented meaning
    errors.StaleToken: "NextTokenCorrupted",
    errors.Denied: "AccessDenied",
    errors.Throttled: "RequestThrottled",
    errors.Unavailable: "ServiceUnavailable",
}
_OWN_TEXT: Final = frozenset({"InvalidParameterValue"})


def refused(problem: Exception) -> Refused:
    """Any exception as a code; what is not a known meaning says nothing about itself."""
    if isinstance(problem, Refused):
        return problem
    if isinstance(problem, TimeoutError):
        return Refused("InputStreamDisconnected")
    if isinstance(problem, errors.Problem):
        code = next((PROBLEMS[kind] for kind in type(problem).__mro__ if kind in PROBLEMS), "InternalError")
        return Refused(code, problem.message if code in _OWN_TEXT else None)
    return Refused("InternalError")


def problem_response(
    problem: Exception, section: Section | None, request_id: str, at: float, *, form: Form | None = None
) -> Response:
    """An error as XML. `section`: the one that was asked, None if there is no such; `at`: real time in seconds.

    `form` is who says it, where that is not as in the table.
    """
    said = refused(problem)
    spelling = ERRORS[said.code]
    gateway = section is None or (form or spelling.form) == "gateway"
    root = xml.document("ErrorResponse")
    error = xml.add(root, "Error")
    xml.add(error, "Type", spelling.type)
    xml.add(error, "Code", said.code)
    xml.add(error, "Message", said.message)
    xml.add(root, "RequestID" if gateway else "RequestId", request_id)
    etree.indent(root)
    inner = etree.tostring(root, encoding="unicode").removeprefix("<ErrorResponse>")
    body = f'<ErrorResponse xmlns="{_namespace(section, gateway)}">{inner}\n'.encode()
    return Response(spelling.status, PROLOG + body, XML, (*ids(section, request_id, at), *said.headers))


def _namespace(section: Section | None, gateway: bool) -> str:
    if section is None:
        return GATEWAY
    return section.gateway_namespace if gateway else section.namespace


def enveloped(section: Section, action: str, request_id: str, at: float, result: xml.Element | bytes) -> Response:
    """A result in its envelope; `result` is the element `{action}Result`, or its bytes."""
    inner = result if isinstance(result, bytes) else etree.tostring(result, encoding="UTF-8")
    head = f'<{action}Response xmlns="{section.namespace}">'
    tail = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    return Response(200, PROLOG + head.encode() + inner + tail.encode() + b"\n", XML, ids(section, request_id, at))


def ids(section: Section | None, request_id: str, at: float) -> Headers:
    """The headers of every answer. The context is opaque to clients; ours says nothing."""
    context = base64.b64encode(hashlib.sha256(request_id.encode()).digest()).decode("ascii")
    older = (("x-amz-request-id", request_id),) if section is not None and section.oldest else ()
    return (
        *older,
        ("x-mws-request-id", request_id),
        ("x-mws-timestamp", milliseconds(at)),
        ("x-mws-response-context", context),
    )


def milliseconds(at: float) -> str:
    """Real time as MWS writes it: `2016-05-23T12:17:02.582Z`."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def ping(request_id: str, at: float) -> Response:
    """What `GET /` answers, so that a client can set its clock (Developer Guide, "Timestamps")."""
    body = f'<PingResponse>\n  <Timestamp timestamp="{milliseconds(at)}"/>\n</PingResponse>\n'
    return Response(200, PROLOG + body.encode(), XML, ids(None, request_id, at))


def too_long() -> Response:
    """The web server in front of MWS refused long request lines by itself (§1.1)."""
    return Response(414, _TOO_LONG, "text/html; charset=iso-8859-1")


_TOO_LONG: Final = b"""<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>414 Request-URI Too Long</title>
</head><body>
<h1>Request-URI Too Long</h1>
<p>The requested URL's length exceeds the capacity
limit for this server.<br />
</p>
</body></html>
"""
