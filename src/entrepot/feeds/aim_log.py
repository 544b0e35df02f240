"""What AIM tells a sender about his upload: the error log in its two layouts, and the quick-fix file.

Both are made on demand, of the stored findings and the stored file. Source: AIM reference §8; the header of the classic
layout and the names of its message types in lower case are ours, as no sample of one was found.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

from entrepot.feeds.aim_file import header_lines
from entrepot.feeds.findings import Counts, Finding
from entrepot.feeds.processing_report import text_report
from entrepot.wire import tsv

Layout = Literal["classic", "seller-central"]

_COLUMNS: Final = ("row-number", "sku", "item-name", "message-type", "message")
_TEMPLATE_ERROR, _DATA_ERROR, _STATUS = "template error", "data error", "status message"


def error_log(
    layout: Layout,
    counts: Counts,
    findings: Sequence[Finding],
    item_names: Mapping[int, str],
    encoding: str = "cp1252",
) -> bytes:
    """The log of an upload; without findings it is the summary log, in either layout. item_names: by row number."""
    if layout == "seller-central" or not findings:
        return text_report(counts, findings, encoding)
    return tsv.written(_COLUMNS, _classic(findings, item_names), encoding)


def _classic(findings: Iterable[Finding], item_names: Mapping[int, str]) -> Iterable[tuple[str, ...]]:
    for finding in findings:
        name = item_names.get(finding.number, "")
        yield str(finding.number), finding.sku, name, _message_type(finding), finding.message


def _message_type(finding: Finding) -> str:
    if finding.severity == "WARNING":
        return _STATUS
    return _DATA_ERROR if finding.number else _TEMPLATE_ERROR


# A line with what ends it. Neither byte is ever the second one of a character of Shift_JIS or UTF-8.
_LINE: Final = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_WIDE: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def quick_fix(content: bytes, failed_rows: Collection[int]) -> bytes | None:
    """The header and those rows of a tab-delimited file, byte for byte. None: no row failed, or it is no such file."""
    mark = content[:2]
    if mark in _WIDE:
        encoding = _WIDE[mark]
        kept = _kept(content[2:].decode(encoding, "ignore").encode(), failed_rows)
        return None if kept is None else mark + kept.decode().encode(encoding)
    return _kept(content, failed_rows)


def _kept(content: bytes, failed_rows: Collection[int]) -> bytes | None:
    lines = _LINE.findall(content)
    head = b"".join(lines[: tsv.HEADER_LINES_MAX]).removeprefix(codecs.BOM_UTF8)
    # Names of columns are ASCII, whatever the rest is.
    before = header_lines(head.decode("iso-8859-1"))
    if before is None:
        return None
    wanted = sorted(number for number in failed_rows if 0 < number <= len(lines) - before)
    rows = [lines[before + number - 1] for number in wanted]
    return b"".join([*lines[:before], *rows]) if any(map(bytes.strip, rows)) else None
