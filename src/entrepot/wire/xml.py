"""XML documents, read one record at a time and written in one piece. Refuses everything that can grow or reach out.

No document type (so no entities, internal or external), no network, bounded size, depth, text and number of elements: a
document that is none of our business ends in `Unreadable`, with the line where it went wrong.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final, cast

from lxml import etree

Element = etree._Element

BYTES_MAX: Final = 64 * 1024 * 1024
ELEMENTS_MAX: Final = 10_000  # in one record
TEXT_MAX: Final = 100_000  # characters of one element
RECORDS_MAX: Final = 100_000
TAGS_MAX: Final = 2_500_000
GAP_MAX: Final = 1024 * 1024  # bytes from the end of one element to the end of the next: bounds attributes, too

# What real programs declare; any other would hand the bytes to whatever decoder the platform has.
ENCODINGS: Final = frozenset(
    ("utf-8", "utf8", "us-ascii", "ascii", "utf-16", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "shift_jis")
)
_UTF8: Final = frozenset(("utf-8", "utf8"))
_BOMS_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK: Final = 32 * 1024
_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")

_SCHEMA_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
# Everything that XML 1.0 cannot hold, in whatever spelling.
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unreadable(ValueError):
    """The document is not XML that we read; `line` and `column` count from 1, 0 where there is none."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def local(element: Element) -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text(element: Element) -> str:
    """The element's own text, without white space around it."""
    return (element.text or "").strip()


def line_of(element: Element) -> int:
    """Where the element begins, from 1; 0: not known."""
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs leave it open
    return line or 0


def records(content: bytes) -> Iterator[tuple[str, Element]]:
    """(name of the root, child of the root) for every child, complete; it is emptied when the next one is asked for.

    Unreadable may come after some children did: only what was read to the end is a document.
    """
    count = elements = 0
    root: Element | None = None
    for element in _elements(_prepared(content)):
        if root is None:
            root = element.getroottree().getroot()
        elements += 1
        if elements > ELEMENTS_MAX:
            raise Unreadable(f"one record has more than {ELEMENTS_MAX} elements", line_of(element))
        if element.text and len(element.text) > TEXT_MAX:
            raise Unreadable(f"a text is longer than {TEXT_MAX} characters", line_of(element))
        if element.getparent() is root:
            count += 1
            if count > RECORDS_MAX:
                raise Unreadable(f"the document has more than {RECORDS_MAX} records", line_of(element))
            yield local(root), element
            elements = 0
            _release(element)


def root_name(content: bytes) -> str:
    """The name of the root of a document that has no children; empty if there is no such."""
    return next((local(element) for element in _elements(_prepared(content))), "")


def _elements(document: bytes) -> Iterator[Element]:
    """The elements in the order in which they end."""
    parser = etree.XMLPullParser(
        events=("end",),
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    ended = 0  # where in the document an element ended last
    try:
        for place in range(0, len(document), _CHUNK):
            parser.feed(document[place : place + _CHUNK])
            for _, element in parser.read_events():
                ended = place
                yield cast(Element, element)
            if place - ended > GAP_MAX:
                raise Unreadable(f"no element ends within {GAP_MAX} bytes", document.count(b"\n", 0, ended) + 1)
        parser.close()
    except etree.XMLSyntaxError as problem:
        line, column = problem.position
        raise Unreadable(_plain(problem.msg or "not well-formed"), line, column) from None
    for _, element in parser.read_events():
        yield cast(Element, element)


def _release(element: Element) -> None:
    element.clear()
    while (before := element.getprevious()) is not None:
        parent = before.getparent()
        assert parent is not None
        parent.remove(before)


def _prepared(content: bytes) -> bytes:
    """The document in UTF-8, without white space before it.

    What claims to be UTF-8 and is not was written by a program that takes every text for ISO-8859-1.
    """
    if len(content) > BYTES_MAX:
        raise Unreadable(f"the document is larger than {BYTES_MAX} bytes")
    if content.count(b"<") > TAGS_MAX:
        raise Unreadable(f"the document has more than {TAGS_MAX} tags")
    document = _in_utf8(content).lstrip(b" \t\r\n")
    if not document.rstrip(b" \t\r\n\0"):
        raise Unreadable("the document is empty", 1, 1)
    doctype = document.find(b"<!DOCTYPE")
    if doctype >= 0:
        raise Unreadable("a document type declaration is not allowed", document.count(b"\n", 0, doctype) + 1, 1)
    return document


def _in_utf8(content: bytes) -> bytes:
    if content.startswith(_BOMS_UTF16):
        return _recoded(content, "utf-16")
    document = content.removeprefix(codecs.BOM_UTF8)
    declared = _DECLARED.match(document.lstrip(b" \t\r\n"))
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if encoding not in ENCODINGS:
        raise Unreadable(f"the encoding '{encoding}' is not supported", 1)
    if encoding not in _UTF8:
        return _recoded(document, encoding)
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        return _recoded(document, "iso-8859-1")
    return document


def _recoded(document: bytes, encoding: str) -> bytes:
    try:
        return document.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as problem:
        before = document[: problem.start].count(b"\n") + 1
        raise Unreadable(f"the document is not the {encoding.upper()} that it claims to be", before) from None


def _plain(message: str) -> str:
    """The parser's message without the place, which `line` and `column` carry, and without advice to programmers."""
    return re.sub(r",? line \d+, column \d+.*$|, (?:use|try|see) [Xx]\w+.*$", "", message.strip())


# ---------------------------------------------------------------------------------------------------------- writing

# What stands for itself in a text, in one class, as that is searched fastest: all but & < > \r and the unwritable.
_UNWRITTEN: Final = re.compile("[^\t\n\u0020-\u0025\u0027-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def escaped(content: str) -> str:
    """The text of an element, for documents written as text; what XML cannot hold becomes U+FFFD."""
    return _UNWRITTEN.sub(lambda found: _REFERENCES.get(found[0], "\ufffd"), content)


def document(name: str, schema: str | None = None) -> Element:
    """A new root; `schema` is the file that `xsi:noNamespaceSchemaLocation` names."""
    if schema is None:
        return etree.Element(name)
    root = etree.Element(name, nsmap={"xsi": _SCHEMA_INSTANCE})
    root.set(f"{{{_SCHEMA_INSTANCE}}}noNamespaceSchemaLocation", schema)
    return root


def add(parent: Element, name: str, content: str | int | None = None) -> Element:
    """A new last child; what XML cannot hold in its text becomes U+FFFD."""
    child = etree.SubElement(parent, name)
    if content is not None:
        child.text = _UNWRITABLE.sub("\ufffd", str(content))
    return child


def written(root: Element) -> bytes:
    """The document in UTF-8, one element a line, indented by tabs."""
    etree.indent(root, space="\t")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8") + b"\n"
