"""JSON_LISTINGS_FEED: how the document is read into messages, each on its own, so that a bad one is its own issue.

Sources: Amazon's JSON schemas of the feed and of its messages, version 2; SP-API reference §6.2 for the real refusals;
client reference, rule 26 (text written as ISO-8859-1).

Forgiving fidelity accepts, with a warning that names the right form, what the guide's own examples do wrong: `patches`
as an object, no productType in a PATCH; and members that do not apply to an operation. Strict fidelity refuses such a
message. What is inside of attributes is not looked at here: the rules of listings judge it, misspelt names included.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from entrepot.domain.mfn import issues
from entrepot.domain.mfn.issues import locale_of
from entrepot.domain.mfn.opening import ANY_PRODUCT
from entrepot.feeds.findings import (
    ABSENT,
    BAD_REQUEST,
    NOT_JSON,
    FeedUnreadable,
    Finding,
    Severity,
)
from entrepot.feeds.processing_report import API_VERSION, VERSION, ReportOptions
from entrepot.feeds.values import plain_sku, read_sku
from entrepot.services.listing_items import INCLUDED_DATA

MESSAGES_MAX: Final = 25_000
# What a document may weigh once it is decoded: bytes, and values (each has a comma beside it, but for the first). Ours.
BYTES_MAX: Final = 64 * 1024 * 1024
VALUES_MAX: Final = 4_000_000
MESSAGE_ID_MAX: Final = 2_147_483_647

Operation = Literal["UPDATE", "PARTIAL_UPDATE", "PATCH", "DELETE"]
Requirements = Literal["LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"]

# Which members an operation must have, and which it may not have (the oneOf of the schema).
_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "UPDATE": ("productType", "attributes"),
    "PARTIAL_UPDATE": ("productType", "attributes"),
    "PATCH": ("productType", "patches"),
    "DELETE": (),
}
_EXCLUDED: Final[dict[str, tuple[str, ...]]] = {
    "UPDATE": ("patches",),
    "PARTIAL_UPDATE": ("requirements", "patches"),
    "PATCH": ("requirements", "attributes"),
    "DELETE": ("requirements", "attributes", "productType", "patches"),
}


class Patch(msgspec.Struct, gc=False):
    """One operation of JSON Patch, on a whole attribute."""

    op: Literal["add", "replace", "merge", "delete"]
    path: str
    value: list[dict[str, Any]] | None = None


class Message(msgspec.Struct, gc=False):
    """A message that can be carried out. number: its place in the document, from 1.

    attributes belong to UPDATE and PARTIAL_UPDATE, patches to PATCH; the SKU is in normal form.
    """

    number: int
    message_id: int
    sku: str
    operation: Operation
    product_type: str
    requirements: Requirements
    attributes: dict[str, Any]
    patches: list[Patch]


@dataclass(slots=True)
class JsonFeed:
    """A document: its header, the messages to carry out, and everything there is to say about messages.

    Of `processed` messages those with an error among `findings` are not in `messages`.
    """

    seller_id: str
    version: str
    issue_locale: str | None
    report_options: ReportOptions | None
    processed: int
    messages: list[Message] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class _Header(msgspec.Struct, rename="camel"):
    seller_id: Any = None
    version: Any = None
    issue_locale: Any = None
    report: Any = None


class _Document(msgspec.Struct):
    header: _Header | None = None
    messages: list[msgspec.Raw] | None = None


class _Wire(msgspec.Struct, rename="camel", gc=False):
    """A message as the schema wants it; a member that is absent is UNSET."""

    message_id: int
    sku: str
    operation_type: Operation
    product_type: str | msgspec.UnsetType = msgspec.UNSET
    requirements: Requirements | msgspec.UnsetType = msgspec.UNSET
    attributes: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    patches: list[Patch] | Patch | msgspec.UnsetType = msgspec.UNSET


class _Loose(msgspec.Struct, rename="camel"):
    """What names a message that is not as the schema wants it."""

    message_id: Any = None
    sku: Any = None


_DOCUMENT: Final = msgspec.json.Decoder(_Document)
_MESSAGE: Final = msgspec.json.Decoder(_Wire)
_LOOSE: Final = msgspec.json.Decoder(_Loose)
_UNDECODABLE: Final = (ValueError, RecursionError)  # msgspec's errors are ValueErrors
_WHERE: Final = re.compile(r" - at `\$\.?(.*?)`$")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")


def read(content: bytes, seller_id: str, strict: bool = False, marketplace_id: str = "") -> JsonFeed:
    """The document that the seller submitted, for that marketplace. FeedUnreadable: it is refused as a whole."""
    if len(content) > BYTES_MAX or content.count(b",") > VALUES_MAX or content.count(b"{") > VALUES_MAX:
        raise FeedUnreadable(BAD_REQUEST, "feed messages list beyond allowed size")
    document = _decoded(content)
    header = document.header
    if header is None or header.seller_id in (None, ""):
        raise FeedUnreadable(ABSENT, "Attribute 'Merchant' is required, but not present.")
    if header.version is None:
        raise FeedUnreadable(ABSENT, "Attribute 'Version' is required, but not present.")
    if header.version != VERSION:
        raise FeedUnreadable(BAD_REQUEST, f"The feed's version is not supported; header.version must be '{VERSION}'.")
    if header.seller_id != seller_id:
        raise FeedUnreadable(
            BAD_REQUEST, "The sellerId in the feed's header is not the seller that submitted the feed."
        )
    raws = document.messages
    if not raws:
        raise FeedUnreadable(ABSENT, "Attribute 'Messages' is required, but not present.")
    if len(raws) > MESSAGES_MAX:
        raise FeedUnreadable(BAD_REQUEST, f"feed messages list beyond allowed size ({MESSAGES_MAX})")
    locale = header.issue_locale if isinstance(header.issue_locale, str) else None
    feed = JsonFeed(seller_id, VERSION, locale, _report_options(header.report), len(raws))
    _read_messages(raws, feed, strict, locale_of(locale, marketplace_id))
    return feed


def _decoded(content: bytes) -> _Document:
    try:
        return _DOCUMENT.decode(_utf8(content))
    except _UNDECODABLE:
        raise FeedUnreadable(NOT_JSON, "Item 'Feed' cannot be parsed.") from None


def _utf8(content: bytes) -> bytes:
    """The document in UTF-8. What is not valid UTF-8 was written by a program that takes every text for ISO-8859-1."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("iso-8859-1").encode()
    return content


def _report_options(report: Any) -> ReportOptions | None:
    """What the report shall show of the listings; a wish that the schema does not know is not granted."""
    if report is None:
        return None
    try:
        options = msgspec.convert(report, ReportOptions)
    except msgspec.ValidationError:
        raise FeedUnreadable(BAD_REQUEST, "header.report must have includedData, a list, and apiVersion.") from None
    unknown = [name[:40] for name in options.included_data if name not in INCLUDED_DATA]
    if unknown or not options.included_data or options.api_version != API_VERSION:
        raise FeedUnreadable(
            BAD_REQUEST,
            f"header.report: includedData is a choice of {', '.join(INCLUDED_DATA)}; apiVersion is '{API_VERSION}'.",
        )
    return options


def _read_messages(raws: list[msgspec.Raw], feed: JsonFeed, strict: bool, locale: str) -> None:
    decode, keep = _MESSAGE.decode, feed.messages.append
    seen: set[int] = set()
    for number, raw in enumerate(raws, 1):
        try:
            wire = decode(raw)
        except _UNDECODABLE as problem:
            feed.findings.append(_malformed(number, raw, problem, seen, locale))
            continue
        message_id = wire.message_id
        message = None if message_id in seen else _usual(number, wire)
        if message is None:
            said = _Said(number, message_id, wire.sku, strict, locale)
            message = _examined(wire, said, seen)
            feed.findings += said.findings
        seen.add(message_id)
        if message is not None:
            keep(message)


def _usual(number: int, wire: _Wire) -> Message | None:
    """The message, if there is nothing to say about it, as about nearly all: a PATCH in the schema's own form."""
    patches, product_type = wire.patches, wire.product_type
    if (
        wire.operation_type != "PATCH"
        or not isinstance(patches, list)
        or not isinstance(product_type, str)
        or not (patches and product_type)
        or wire.attributes is not msgspec.UNSET
        or wire.requirements is not msgspec.UNSET
        or not 1 <= wire.message_id <= MESSAGE_ID_MAX
        or not plain_sku(wire.sku)
    ):
        return None
    return Message(number, wire.message_id, wire.sku, "PATCH", product_type, "LISTING", {}, patches)


def _examined(wire: _Wire, said: _Said, seen: set[int]) -> Message | None:
    """The message, or None: it cannot be carried out."""
    if not 1 <= wire.message_id <= MESSAGE_ID_MAX:
        said.message_id = None
        said.refuse(BAD_REQUEST, f"messageId must be between 1 and {MESSAGE_ID_MAX}.", "messageId")
    elif wire.message_id in seen:
        said.refuse(BAD_REQUEST, f"The messageId {wire.message_id} occurs more than once in the feed.", "messageId")
    said.sku = _clean(wire.sku, said)
    message = _message(wire, said)
    return None if said.refused else message


class _Said:
    """What there is to say about one message, while it is read."""

    __slots__ = ("findings", "locale", "message_id", "number", "refused", "sku", "strict")

    def __init__(self, number: int, message_id: int | None, sku: str, strict: bool, locale: str) -> None:
        self.number = number
        self.message_id = message_id
        self.sku = sku
        self.strict = strict
        self.locale = locale
        self.findings: list[Finding] = []
        self.refused = False

    def refuse(self, code: str, message: str, attribute: str = "") -> None:
        self.refused = True
        self._say("ERROR", code, message, attribute)

    def missing(self, name: str) -> None:
        found = issues.error("missing", member=name)
        self.refuse(found.code, issues.text(found, self.locale), name)

    def warn(self, meaning: str, name: str, **parameters: object) -> None:
        found = issues.warning(meaning, name, **parameters)
        self._say("WARNING", found.code, issues.text(found, self.locale), name)

    def ignore(self, name: str, operation: str) -> None:
        self._say(
            "WARNING", BAD_REQUEST, f"'{name}' is not applicable to {operation} operations; it was ignored.", name
        )

    def _say(self, severity: Severity, code: str, message: str, attribute: str) -> None:
        finding = Finding(self.number, code, message, severity, self.message_id, self.sku, attribute)
        self.findings.append(finding)


def _clean(sku: str, said: _Said) -> str:
    try:
        return read_sku(sku)
    except ValueError as problem:
        said.refuse(BAD_REQUEST, f"{problem}.", "sku")
        return sku.strip().replace("\0", "")[:80]


def _message(wire: _Wire, said: _Said) -> Message:
    operation = wire.operation_type
    members = {
        "productType": wire.product_type,
        "requirements": wire.requirements,
        "attributes": wire.attributes,
        "patches": wire.patches,
    }
    for name in _EXCLUDED[operation]:
        if members[name] is not msgspec.UNSET:
            _excluded(name, operation, said)
    for name in _REQUIRED[operation]:
        if not members[name]:  # UNSET is false, as is what is empty
            _required(name, operation, said)
    return Message(
        said.number,
        wire.message_id,
        said.sku,
        operation,
        wire.product_type or ANY_PRODUCT,
        (operation == "UPDATE" and wire.requirements) or "LISTING",
        (operation in ("UPDATE", "PARTIAL_UPDATE") and wire.attributes) or {},
        _patches(wire.patches, said) if operation == "PATCH" else [],
    )


def _excluded(name: str, operation: str, said: _Said) -> None:
    if said.strict:
        said.refuse(BAD_REQUEST, f"'{name}' is not applicable to {operation} operations.", name)
    else:
        said.ignore(name, operation)


def _required(name: str, operation: str, said: _Said) -> None:
    if name == "productType" and operation == "PATCH" and not said.strict:
        said.warn("product_type_assumed", name, value=ANY_PRODUCT)
    else:
        said.missing(name)


def _patches(patches: list[Patch] | Patch | msgspec.UnsetType, said: _Said) -> list[Patch]:
    if isinstance(patches, Patch):
        if said.strict:
            said.refuse(BAD_REQUEST, "'patches' must be an array.", "patches")
        else:
            said.warn("patches_as_object", "patches")
        return [patches]
    return patches or []


def _malformed(number: int, raw: msgspec.Raw, problem: Exception, seen: set[int], locale: str) -> Finding:
    """What is wrong with a message that the schema does not allow, by as much of its names as can be read."""
    try:
        loose = _LOOSE.decode(raw)
    except _UNDECODABLE:
        loose = _Loose()
    message_id = loose.message_id
    if type(message_id) is not int or not 1 <= message_id <= MESSAGE_ID_MAX:
        message_id = None
    else:
        seen.add(message_id)
    sku = loose.sku.strip().replace("\0", "")[:80] if isinstance(loose.sku, str) else ""
    text = str(problem).replace("\0", "?")
    where = _WHERE.search(text)
    attribute = where[1][:80] if where else ""
    if missing := _MISSING.match(text):
        attribute = f"{attribute}.{missing[1]}".lstrip(".")
        found = issues.error("missing", member=attribute)
        return Finding(number, found.code, issues.text(found, locale), "ERROR", message_id, sku, attribute)
    message = f"Invalid parameters provided. {text[:300]}"
    return Finding(number, BAD_REQUEST, message, "ERROR", message_id, sku, attribute)
