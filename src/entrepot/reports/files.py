"""A report as a file: its header once, then its rows as the database sends them, block by block, never all at once."""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

from entrepot.domain.marketplaces import Marketplace
from entrepot.feeds.encodings import Encoding, encoding_of
from entrepot.feeds.job import Result

__all__ = ["Encoding", "encoding_of", "table"]

# Control characters but tab and line feed: some programs take a few of them for the end of a line.
_CONTROLS: Final = bytes({*range(32), 127} - set(b"\t\n"))
_AS_BLANKS: Final = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))


def table(
    marketplace: Marketplace,
    columns: Sequence[str],
    rows: AsyncGenerator[bytes, None],
    encoding: Encoding | None = None,
) -> Result:
    """A finished report: rows are blocks of lines in UTF-8, cut anywhere. How many there are is known when all of them
    have been read. encoding: by default that of the marketplace's old files."""
    chosen = encoding or encoding_of(marketplace)
    counts = {"rows": 0}
    return Result("DONE", chosen.content_type, _encoded(columns, rows, chosen.codec, counts), counts)


async def _encoded(
    columns: Sequence[str], rows: AsyncGenerator[bytes, None], codec: str, counts: dict[str, int]
) -> AsyncIterator[bytes]:
    yield ("\t".join(columns) + "\n").encode(codec)
    decoder = codecs.getincrementaldecoder("utf-8")()
    async with aclosing(rows):
        async for given in rows:
            block = given.translate(_AS_BLANKS)
            counts["rows"] += block.count(b"\n")
            # In all of these encodings ASCII is written as itself.
            if block.isascii() and not decoder.getstate()[0]:
                yield block
            else:
                yield decoder.decode(block).encode(codec, "replace")
