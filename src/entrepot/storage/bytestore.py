"""Where the bytes of documents are: a directory, or a bucket that speaks S3. Knows names and bytes, no meaning.

A stored object is whole or not there: what breaks off on the way leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from entrepot.domain.errors import Unavailable

_PART_BYTES: Final = 5 * 1024 * 1024  # the least that S3 takes
_PARTS_AT_ONCE: Final = 2
# Read by ranges: a stream of the local store comes in steps of 8 KiB, ten times slower.
_RANGE_BYTES: Final = 2 * 1024 * 1024
# Beside a file that is being written stands a draft, `name#1`; one that old belongs to a process that was killed.
_DRAFT: Final = "*#[0-9]*"
_DRAFT_SECONDS: Final = 6 * 3600.0


class Missing(Exception):
    """There is no such object."""


class ByteStore:
    """Objects by name. Opened on a directory's path, or a URL: `s3://bucket/prefix`, `file:///…`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def open(cls, where: str | Path) -> ByteStore:
        """The store at a path or URL. S3's address and keys are taken from the usual `AWS_…` variables."""
        text = str(where)
        try:
            if "://" in text and not text.startswith("file://"):
                return cls(from_url(text))
            path = Path(text.removeprefix("file://")).absolute()
            _sweep(path)
            return cls(LocalStore(path, mkdir=True))
        except (BaseError, ValueError) as problem:
            raise Unavailable(f"the document store cannot be opened: {_first_line(problem)}") from None

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """Keep the chunks under a name. What `chunks` raises goes through, and nothing is kept."""
        with _reaching():
            await obstore.put_async(
                self._store,
                name,
                chunks,
                use_multipart=True,
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """The chunks of an object. Raises Missing."""
        with _reaching():
            size = (await obstore.head_async(self._store, name))["size"]
            for start in range(0, size, _RANGE_BYTES):
                end = min(start + _RANGE_BYTES, size)
                yield bytes(await obstore.get_range_async(self._store, name, start=start, end=end))

    async def delete(self, name: str) -> None:
        """Forget an object; nothing happens if there is none."""
        with contextlib.suppress(Missing), _reaching():
            await obstore.delete_async(self._store, name)


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotFoundError):
        raise Missing from None
    except BaseError as problem:
        raise Unavailable(f"the document store does not answer: {_first_line(problem)}") from problem


def _first_line(problem: Exception) -> str:
    return str(problem).partition("\n")[0]


def _sweep(path: Path) -> None:
    """Remove the drafts that killed processes left."""
    for draft in path.rglob(_DRAFT):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _DRAFT_SECONDS:
                draft.unlink()
