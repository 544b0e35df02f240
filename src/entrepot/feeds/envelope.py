"""AmazonEnvelope: the frame of every file in XML, checked once, and its messages one by one.

Sources: domain specification §4.4 (elements and their order), SP-API reference §6.3; the words of the refusals are
those that programs know from real processing reports.

Forgiving fidelity accepts what Amazon's schema would refuse but leaves no doubt (another order of elements, unknown
ones) with a warning; strict fidelity refuses that message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from entrepot.feeds.findings import (
    NOT_PROCESSED,
    XML_ERROR,
    XML_FATAL,
    FeedUnreadable,
    Finding,
    Severity,
)
from entrepot.wire import xml

ROOT: Final = "AmazonEnvelope"
MESSAGE_ID: Final = re.compile(r"[0-9]{1,20}")
OPERATIONS: Final = ("Update", "Delete", "PartialUpdate")
FINDINGS_MAX: Final = 20  # about one message
_MERCHANT_TOKEN: Final = re.compile(r"M_\w+", re.ASCII)
_FRAME: Final = ("Header", "MessageType", "MarketplaceName", "PurgeAndReplace", "EffectiveDate", "Message")

T = TypeVar("T")


@dataclass(slots=True)
class XmlFeed(Generic[T]):
    """A file in XML: the messages to carry out, and everything there is to say about messages.

    Of `processed` messages those with an error among `findings` are not in `messages`.
    """

    processed: int = 0
    messages: list[T] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Body:
    """The body of one message, while it is read: its elements by name, and what there is to say about them."""

    __slots__ = (
        "_elements",
        "details",
        "findings",
        "line",
        "message_id",
        "number",
        "operation",
        "refused",
        "sku",
        "strict",
    )

    def __init__(self, number: int, line: int, strict: bool) -> None:
        self.number = number
        self.line = line
        self.strict = strict
        self.message_id: int | None = None
        self.operation = "Update"
        self.sku = ""
        self.details: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.refused = False
        self._elements: dict[str, list[xml.Element]] = {}

    def refuse(self, message: str, attribute: str = "", code: str = XML_ERROR) -> None:
        self.refused = True
        self._say("ERROR", code, message, attribute)

    def warn(self, message: str, attribute: str = "", code: str = XML_ERROR) -> None:
        self._say("WARNING", code, message, attribute)

    def object(self, message: str, attribute: str = "", code: str = XML_ERROR) -> None:
        """Strict fidelity refuses, forgiving fidelity warns."""
        (self.refuse if self.strict else self.warn)(message, attribute, code)

    def _say(self, severity: Severity, code: str, message: str, attribute: str) -> None:
        if len(self.findings) == FINDINGS_MAX:
            return
        if code == XML_ERROR:
            message = f"XML Parsing Error at Line {self.line}: {message}"
        details = tuple(self.details.items())
        self.findings.append(
            Finding(self.number, code, message, severity, self.message_id, self.sku, attribute, details)
        )

    def enter(self, element: xml.Element, allowed: Sequence[str], repeated: Sequence[str] = ()) -> None:
        """Read the children of the element: which are there, and whether they stand in the order of `allowed`."""
        self.line = xml.line_of(element) or self.line
        found: dict[str, list[xml.Element]] = {}
        self._elements = found
        name, place = xml.local(element), 0
        for child in element:
            inner = xml.local(child)
            if inner not in allowed:
                self.object(f"'{name}' has no element '{inner[:40]}'.", inner[:40])
                continue
            if inner in found and inner not in repeated:
                self.refuse(f"'{inner}' occurs more than once in '{name}'.", inner)
            if allowed.index(inner) < place:
                self.object(f"'{inner}' is out of its place in '{name}'.", inner)
            place = max(place, allowed.index(inner))
            found.setdefault(inner, []).append(child)

    def all(self, name: str) -> list[xml.Element]:
        return self._elements.get(name, [])

    def one(self, name: str) -> xml.Element | None:
        return self._elements[name][0] if name in self._elements else None

    def text(self, name: str, longest: int = 0) -> str:
        """The text of the element, empty if it is absent; `longest` is how many characters it may have."""
        element = self.one(name)
        found = "" if element is None else xml.text(element)
        if longest and len(found) > longest:
            self.refuse(f"'{name}' is longer than {longest} characters.", name)
            return found[:longest]
        return found

    def read(self, name: str, convert: Callable[[str], T]) -> T | None:
        """The element's value, None if it is absent or empty; a ValueError of `convert` refuses the message."""
        found = self.text(name)
        if not found:
            return None
        try:
            return convert(found)
        except ValueError as problem:
            self.refuse(f"'{name}': {problem}.", name)
            return None


def messages(content: bytes, seller_id: str, message_type: str, strict: bool) -> Iterator[tuple[Body, xml.Element]]:
    """Each message of the seller's file, and its body. FeedUnreadable: it is refused as a whole.

    That may come after the last message; only then is the file known to be one. Messages whose frame is wrong come
    refused, with an element that says nothing more.
    """
    try:
        yield from _messages(content, seller_id, message_type, strict)
    except xml.Unreadable as problem:
        raise _fatal(f"{problem.message}", problem.line, problem.column) from None


def _fatal(message: str, line: int, column: int) -> FeedUnreadable:
    return FeedUnreadable(XML_FATAL, f"XML Parsing Fatal Error at Line {line}, Column {column}: {message}")


def _wrong_root(name: str) -> FeedUnreadable:
    return _fatal(f"cvc-elt.1: Cannot find the declaration of element '{name[:40]}'.", 1, 1)


def _messages(content: bytes, seller_id: str, message_type: str, strict: bool) -> Iterator[tuple[Body, xml.Element]]:
    merchant: str | None = None
    kind: str | None = None
    number = 0
    root = ""
    seen: set[int] = set()
    for root, element in xml.records(content):
        if root != ROOT:
            raise _wrong_root(root)
        name = xml.local(element)
        if name == "Header":
            merchant = _merchant(element)
        elif name == "MessageType":
            kind = xml.text(element)
        elif name == "Message":
            _check_frame(merchant, kind, seller_id, message_type, strict)
            number += 1
            yield _opened(number, element, message_type, seen, strict)
        elif name not in _FRAME:
            raise _fatal(f"'{ROOT}' has no element '{name[:40]}'.", xml.line_of(element), 1)
    if not root and (root := xml.root_name(content)) != ROOT:
        raise _wrong_root(root)
    _check_frame(merchant, kind, seller_id, message_type, strict)
    if not number:
        raise _fatal(f"'{ROOT}' has no element 'Message'.", 1, 1)


def _merchant(header: xml.Element) -> str:
    return next((xml.text(child) for child in header if xml.local(child) == "MerchantIdentifier"), "")


def _check_frame(merchant: str | None, kind: str | None, seller_id: str, message_type: str, strict: bool) -> None:
    if not merchant:
        raise FeedUnreadable(XML_FATAL, "The element MerchantIdentifier is missing from the Header of the document.")
    # A merchant token says nothing here: sellers have none, and who submits is known. Most programs still write one.
    if merchant != seller_id and (strict or not _MERCHANT_TOKEN.fullmatch(merchant)):
        raise FeedUnreadable(
            NOT_PROCESSED, "The MerchantIdentifier is not that of the seller who submitted the document."
        )
    if not kind:
        raise FeedUnreadable(
            XML_FATAL, f"The element MessageType is missing from the document; it must be {message_type}."
        )
    if kind != message_type:
        raise FeedUnreadable(
            XML_ERROR,
            f"The MessageType '{kind[:40]}' does not belong to this feed, which has '{message_type}'. "
            "Please specify the correct feed type when resubmitting this feed.",
        )


def _opened(
    number: int, message: xml.Element, body_name: str, seen: set[int], strict: bool
) -> tuple[Body, xml.Element]:
    body = Body(number, xml.line_of(message), strict)
    identifier = next((xml.text(child) for child in message if xml.local(child) == "MessageID"), "")
    if MESSAGE_ID.fullmatch(identifier):
        body.message_id = int(identifier)
    body.enter(message, ("MessageID", "OperationType", body_name))
    if body.message_id is None:
        body.refuse("'MessageID' must have 1 to 20 digits.", "MessageID")
    elif body.message_id in seen:
        body.refuse(f"The MessageID {body.message_id} occurs more than once.", "MessageID")
    else:
        seen.add(body.message_id)
    body.operation = body.text("OperationType") or "Update"
    if body.operation not in OPERATIONS:
        body.refuse(f"'OperationType' must be one of {', '.join(OPERATIONS)}.", "OperationType")
    element = body.one(body_name)
    if element is None:
        body.refuse(f"'Message' has no element '{body_name}'.", body_name)
        element = xml.document(body_name)
    return body, element
