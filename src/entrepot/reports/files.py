"""A report as a file: its header once, then its rows as the database sends them, block by block, never all at once."""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing

from entrepot.domain.marketplaces import Marketplace
from entrepot.feeds.encodings import encoding_of
from entrepot.feeds.job import Result

__all__ = ["encoding_of", "table"]


def table(marketplace: Marketplace, columns: Sequence[str], rows: AsyncGenerator[bytes, None]) -> Result:
    """A finished report: rows are blocks of lines in UTF-8, cut anywhere."""
    encoding = encoding_of(marketplace)
    return Result("DONE", encoding.content_type, _encoded(columns, rows, encoding.codec))


async def _encoded(columns: Sequence[str], rows: AsyncGenerator[bytes, None], codec: str) -> AsyncIterator[bytes]:
    yield ("\t".join(columns) + "\n").encode(codec)
    decoder = codecs.getincrementaldecoder("utf-8")()
    async with aclosing(rows):
        async for block in rows:
            # In all of these encodings ASCII is written as itself.
            if block.isascii() and not decoder.getstate()[0]:
                yield block
            else:
                yield decoder.decode(block).encode(codec, "replace")
