"""XML that is read: one record at a time, and nothing that grows or reaches out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from entrepot.wire import xml
from entrepot.wire.xml import Unreadable, escaped

ROOT = Path(__file__).parents[2]
LAUGHS = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(10))


def names(content: bytes) -> list[tuple[str, str, str]]:
    return [(root, xml.local(record), xml.text(record)) for root, record in xml.records(content)]


def test_the_children_of_the_root_come_one_by_one() -> None:
    assert names(b"<r><a> 1 </a><b>2</b><a/></r>") == [("r", "a", "1"), ("r", "b", "2"), ("r", "a", "")]


def test_a_record_is_emptied_when_the_next_one_is_asked_for() -> None:
    records = xml.records(b"<r><a><b>1</b></a><a><b>2</b></a></r>")
    _, first = next(records)
    held = len(first)

    next(records)

    assert (held, len(first)) == (1, 0)


def test_names_are_read_without_their_namespace() -> None:
    assert names(b'<x:r xmlns:x="urn:x"><x:a>1</x:a></x:r>') == [("r", "a", "1")]


def test_comments_and_instructions_are_no_part_of_a_text() -> None:
    assert names(b"<r><a>1<!-- one -->2<?go now?>3</a></r>") == [("r", "a", "123")]


@pytest.mark.parametrize(
    "content",
    [
        "<r><a>é€</a></r>".encode(),
        "\ufeff<r><a>é€</a></r>".encode(),
        "<r><a>é€</a></r>".encode("utf-16"),
        '<?xml version="1.0" encoding="utf-16"?><r><a>é€</a></r>'.encode("utf-16"),
        '<?xml version="1.0" encoding="windows-1252"?><r><a>é€</a></r>'.encode("cp1252"),
        '\n  <?xml version="1.0" encoding="UTF-8"?>\n<r><a>é€</a></r>\n\n'.encode(),
    ],
)
def test_a_document_is_read_in_the_encoding_that_it_says(content: bytes) -> None:
    assert names(content) == [("r", "a", "é€")]


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="utf-8"?>'])
def test_what_is_not_the_utf_8_that_it_claims_to_be_is_read_as_latin_1(declaration: str) -> None:
    assert names(f"{declaration}<r><a>é</a></r>".encode("latin-1")) == [("r", "a", "é")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the document is empty"),
        (b" \n", "the document is empty"),
        (b'<?xml version="1.0" encoding="UCS-4"?><r/>', "the encoding 'ucs-4' is not supported"),
        (
            b'<?xml version="1.0" encoding="us-ascii"?><r>\xff</r>',
            "the document is not the US-ASCII that it claims to be",
        ),
        (b"\xff\xfe<", "the document is not the UTF-16 that it claims to be"),
    ],
)
def test_a_wrong_encoding_is_named(content: bytes, message: str) -> None:
    with pytest.raises(Unreadable) as refused:
        names(content)

    assert refused.value.message == message


@pytest.mark.parametrize("content", [b"text", b"{}", b"<r>", b"<r></a>", b"<r/><r/>", b"<r>&none;</r>", b"<r>\0</r>"])
def test_what_is_not_well_formed_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        names(content)


def test_a_document_that_breaks_off_is_unreadable_where_it_does() -> None:
    records = xml.records(b"<r>\n<a/>\n<b>\n<c")

    assert xml.local(next(records)[1]) == "a"
    with pytest.raises(Unreadable) as refused:
        next(records)
    assert refused.value.line == 4


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE r [<!ENTITY e "text">]>',
        '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/r.dtd">',
        f'<!DOCTYPE r [<!ENTITY a "ha">{LAUGHS}]>',
    ],
)
def test_no_document_declares_a_type_or_entities(declared: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        with pytest.raises(Unreadable, match="document type") as refused:
            names(f"\n{declared}<r><a>&e;&k;</a></r>".encode(encoding))

        assert refused.value.line in (1, 2)


def bombs() -> Iterator[tuple[str, bytes]]:
    yield "depth", b"<r>" * 100_000
    yield "elements in one record", b"<r><a>" + b"<b/>" * 1_000_000 + b"</a></r>"
    yield "tags", b"<r>" + (b"<a>" + b"<b/>" * 9_990 + b"</a>") * (xml.TAGS_MAX // 9_990 + 1) + b"</r>"
    yield "records", b"<r>" + b"<a/>" * (xml.RECORDS_MAX + 1) + b"</r>"
    yield "text", b"<r><a>" + b"x" * (xml.TEXT_MAX + 1) + b"</a></r>"
    yield "text outside", b"<r>" + b"x" * 20_000_000 + b"<a/></r>"
    yield "attributes", b"<r " + b" ".join(b'a%d=""' % i for i in range(400_000)) + b"/>"
    yield "comments", b"<r>" + b"<!-- -->" * 1_000_000 + b"</r>"
    yield "size", b"<r>" + b" " * xml.BYTES_MAX + b"</r>"


@pytest.mark.parametrize("bomb", [bomb for _, bomb in bombs()], ids=[name for name, _ in bombs()])
def test_a_bomb_is_refused(bomb: bytes) -> None:
    with pytest.raises(Unreadable):
        for _ in xml.records(bomb):
            pass


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_as_many_tags_as_are_allowed_are_read_and_not_one_more(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(xml, "TAGS_MAX", 5)

    assert len(names("<r><a/><b></b></r>".encode(encoding))) == 2
    with pytest.raises(Unreadable, match="more than 5 tags"):
        names("<r><a/><b><c/></b></r>".encode(encoding))


# What libxml2 takes is seen by no Python tool: a process that may not take much more than the bombs themselves.
IN_LITTLE_MEMORY = """
import resource
from contextlib import suppress
from entrepot.wire import xml
from tests.wire.test_xml import bombs

for name, bomb in bombs():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(xml.Unreadable):
        for _ in xml.records(bomb):
            pass
    print(name, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, sep=": ")
"""


def test_no_bomb_fills_the_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY], capture_output=True, text=True, check=True, timeout=120, cwd=ROOT
    )

    grown = {name: int(size) for name, size in (line.split(": ") for line in done.stdout.splitlines())}
    assert len(grown) == len(list(bombs()))
    assert {name: size for name, size in grown.items() if size > 150_000} == {}  # kilobytes


def test_the_name_of_a_root_without_children_can_be_asked() -> None:
    assert xml.root_name(b"<r/>") == "r"


@given(st.binary(max_size=200) | st.text(alphabet="<>/ab&;!?\"'=[]CDATAx \n-", max_size=80).map(str.encode))
def test_no_bytes_make_the_reader_fail_in_another_way(content: bytes) -> None:
    for read in (names, xml.root_name):
        with suppress(Unreadable):
            read(content)


# ---------------------------------------------------------------------------------------------------------- writing


def test_a_document_is_written_one_element_a_line() -> None:
    root = xml.document("r", schema="r.xsd")
    child = xml.add(root, "a")
    xml.add(child, "b", "1 < 2 & é")
    xml.add(child, "c", 3)

    assert xml.written(root).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<r xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="r.xsd">\n'
        "\t<a>\n\t\t<b>1 &lt; 2 &amp; é</b>\n\t\t<c>3</c>\n\t</a>\n</r>\n"
    )


@given(st.text())
def test_any_text_can_be_written_and_read_again(text: str) -> None:
    root = xml.document("r")
    xml.add(root, "a", f"|{text}|")

    [(_, _, read)] = names(xml.written(root))

    assert len(read) == len(text) + 2
    assert all(now in (before, "\ufffd") or before == "\r" for now, before in zip(read[1:-1], text, strict=True))


@pytest.mark.parametrize("text", ["a & b <c> ]]> \"'", "line\r\nline\ttab", "商品 📦 \x85\u2028", "", "\ufffd"])
def test_a_text_that_is_escaped_is_read_as_it_was(text: str) -> None:
    assert etree.fromstring(f"<a>{escaped(text)}</a>").text == (text or None)


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_escaped_as_the_replacement_character(character: str) -> None:
    assert escaped(f"a{character}b") == "a\ufffdb"
