"""Documents of sellers: announced, uploaded, read as a stream, downloaded. Nothing here holds one in memory whole.

An upload is kept under a name of its own and takes its place when it is complete, so that a document is always
either the whole old one or the whole new one.
"""

from __future__ import annotations

import secrets
import uuid
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.storage import documents as storage
from entrepot.storage import worlds
from entrepot.storage.bytestore import ByteStore, Missing
from entrepot.storage.database import Connection, Database
from entrepot.storage.documents import Document

USABLE: Final = timedelta(days=2)
DOCUMENT_MAX: Final = 256 * 1024 * 1024  # bytes, packed or not
CONTENT_TYPE_MAX: Final = 200
# Results longer than this are kept and sent packed.
PLAIN_MAX: Final = 8 * 1024

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + zlib.MAX_WBITS
_STEP: Final = 256 * 1024


class Unreadable(Exception):
    """The bytes of a document are not what they claim to be. The message says how, for the seller's eyes."""


@dataclass
class _Looked:
    """The chunks of a stream, and what was seen of them on the way."""

    chunks: AsyncIterator[bytes]
    size: int = 0
    head: bytes = b""

    @property
    def gzip(self) -> bool:
        return self.head.startswith(_GZIP_MAGIC)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.chunks:
            self.size += len(chunk)
            if len(self.head) < len(_GZIP_MAGIC):
                self.head += chunk[: len(_GZIP_MAGIC)]
            yield chunk


class Documents:
    """`limit`: the most bytes of a document, and of what it unpacks to."""

    def __init__(self, database: Database, store: ByteStore, limit: int = DOCUMENT_MAX) -> None:
        self._database = database
        self._store = store
        self.limit = limit

    async def announce(self, seller_id: str, content_type: str, region: str) -> str:
        """The id of a document that will be uploaded with exactly this content type."""
        if not content_type or len(content_type) > CONTENT_TYPE_MAX or not content_type.isprintable():
            raise Invalid("contentType", f"contentType is required and has at most {CONTENT_TYPE_MAX} characters")
        async with self._database.write() as connection:
            world = await worlds.peek(connection, seller_id)
            if world is None:
                raise NotFound("seller", seller_id)
            name = _new_id(region)
            await storage.insert(connection, Document(seller_id, name, content_type, None, 0, False, world.now, None))
        return name

    async def find(self, seller_id: str, document_id: str) -> Document:
        """Raises NotFound for what is not this seller's, and for what was announced only."""
        if not document_id.isprintable():
            raise NotFound("document", "")
        async with self._database.read() as connection:
            document = await storage.find(connection, seller_id, document_id)
        if document is None or document.object is None:
            raise NotFound("document", document_id)
        return document

    async def upload(self, seller_id: str, document_id: str, chunks: AsyncIterator[bytes]) -> None:
        """Keep the chunks as this document's bytes, in the place of those it may have had; all or nothing.

        Raises NotFound, NotAllowed once a submission uses the document, and whatever `chunks` raises.
        """
        async with self._database.read() as connection:
            _replaceable(await storage.find(connection, seller_id, document_id), document_id)
        name, looked = _new_object(seller_id, document_id), _Looked(chunks)
        await self._store.put(name, aiter(looked))
        try:
            async with self._database.write() as connection:
                found = await storage.find(connection, seller_id, document_id, lock=True)
                document = _replaceable(found, document_id)
                await storage.set_object(connection, document, name, looked.size, looked.gzip)
        except NotAllowed:
            await self._store.delete(name)
            raise
        if document.object is not None:
            await self._store.delete(document.object)

    async def keep_result(
        self,
        connection: Connection,
        seller_id: str,
        submission_id: str | None,
        region: str,
        result: Stored,
        *,
        report: bool = False,
    ) -> str:
        """Give what was stored, a result or an upload, its place among the seller's documents; its id."""
        world = await worlds.peek(connection, seller_id)
        if world is None:
            raise NotFound("seller", seller_id)
        document = Document(
            seller_id,
            _new_report_id(region) if report else _new_id(region),
            result.content_type,
            result.object,
            result.size,
            result.gzip,
            world.now,
            submission_id,
        )
        await storage.insert(connection, document)
        return document.document_id

    async def store(
        self, seller_id: str, content_type: str, body: bytes | AsyncIterator[bytes], *, pack: bool = True
    ) -> Stored:
        """Keep bytes, packed if they are many and may be. They are nobody's until `keep_result`."""
        chunks = _once(body) if isinstance(body, bytes) else body
        first = await _gather(chunks, PLAIN_MAX)
        whole = _chain(first, chunks)
        looked = _Looked(_packed(whole) if pack and len(first) > PLAIN_MAX else whole)
        name = _new_object(seller_id, "result")
        await self._store.put(name, aiter(looked))
        return Stored(name, content_type, looked.size, looked.gzip)

    async def keep_upload(self, seller_id: str, region: str, upload: Stored) -> str:
        """What was stored, as a document that was announced and uploaded; its id."""
        async with self._database.write() as connection:
            return await self.keep_result(connection, seller_id, None, region, upload)

    async def discard(self, stored: Stored) -> None:
        await self._store.delete(stored.object)

    async def raw(self, document: Document) -> AsyncIterator[bytes]:
        """The bytes as they are stored. Raises NotFound where there are none."""
        if document.object is None:
            raise NotFound("document", document.document_id)
        try:
            async for chunk in self._store.read(document.object):
                yield chunk
        except Missing:
            raise NotFound("document", document.document_id) from None

    async def contents(self, document: Document) -> AsyncIterator[bytes]:
        """What a document says: unpacked if it is a gzip file. Raises Unreadable where it is damaged or too long."""
        chunks = self.raw(document)
        async for chunk in unpacked(chunks, self.limit) if document.gzip else chunks:
            yield chunk


@dataclass(frozen=True)
class Stored:
    """Bytes in the store that no document names yet."""

    object: str
    content_type: str
    size: int
    gzip: bool


async def unpacked(chunks: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """The contents of a gzip file, of one member or many. Raises Unreadable if it is damaged, cut off or a bomb."""
    size, unpacker, begun = 0, zlib.decompressobj(_GZIP), False
    async for chunk in chunks:
        waiting = chunk if begun else chunk.lstrip(b"\0")  # some pad what follows a member
        while waiting:
            begun = True
            try:
                plain = unpacker.decompress(waiting, _STEP)
            except zlib.error:
                raise Unreadable("the document is a damaged gzip file") from None
            size += len(plain)
            if size > limit:
                raise Unreadable(f"the document unpacks to more than {limit} bytes")
            if plain:
                yield plain
            waiting = unpacker.unconsumed_tail
            if unpacker.eof:
                waiting = unpacker.unused_data.lstrip(b"\0")
                unpacker, begun = zlib.decompressobj(_GZIP), False
    if begun:
        raise Unreadable("the document is a gzip file that was cut off")


def _replaceable(document: Document | None, document_id: str) -> Document:
    if document is None:
        raise NotFound("document", document_id)
    if document.submission is not None:
        raise NotAllowed("the document is in use and cannot be replaced")
    return document


def _new_id(region: str) -> str:
    """As Amazon's look: `amzn1.tortuga.4.na.<uuid>.<suffix>`."""
    return f"amzn1.tortuga.4.{region.lower()}.{uuid.uuid4()}.T{secrets.token_hex(6).upper()}"


def _new_report_id(region: str) -> str:
    """As Amazon's look: `amzn1.spdoc.1.4.na.<uuid>.<suffix>.<number>`."""
    words = (
        f"4.{region.lower()}",
        uuid.uuid4(),
        f"T{secrets.token_hex(6).upper()}",
        secrets.randbelow(90_000) + 10_000,
    )
    return storage.REPORT + ".".join(map(str, words))


def _new_object(seller_id: str, document_id: str) -> str:
    return f"{seller_id}/{document_id}/{secrets.token_hex(8)}"


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _gather(chunks: AsyncIterator[bytes], most: int) -> bytes:
    """The first chunks, until they are more than so many bytes."""
    gathered = b""
    while len(gathered) <= most:
        chunk = await anext(chunks, None)
        if chunk is None:
            break
        gathered += chunk
    return gathered


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in rest:
        yield chunk


async def _packed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    async for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()
