"""Documents: whole or not there, never in memory whole, unpacked within bounds."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.domain.errors import Invalid, NotAllowed, NotFound, TooLarge, Unavailable
from entrepot.domain.ledger import Origin
from entrepot.services.documents import PLAIN_MAX, Documents, Unreadable, unpacked
from entrepot.services.submissions import New, Submissions
from entrepot.storage.bytestore import ByteStore, Missing
from entrepot.storage.database import Database
from tests.cast import US, Player, new_player

LIMIT = 1024 * 1024
WHO = Origin("test", "tester")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def documents(database: Database, place: Path) -> Documents:
    return Documents(database, ByteStore.open(place), LIMIT)


async def chunks(*parts: bytes, problem: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if problem is not None:
        raise problem


async def read(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in stream])


def files(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


async def announced(documents: Documents, player: Player) -> str:
    return await documents.announce(player.id, "text/plain; charset=UTF-8", "NA")


async def test_an_uploaded_document_is_read_back_as_it_was_sent(documents: Documents, database: Database) -> None:
    player = await new_player(database)
    name = await announced(documents, player)

    await documents.upload(player.id, name, chunks(b"sku\t", b"quantity\n"))

    document = await documents.find(player.id, name)
    assert name.startswith("amzn1.tortuga.4.na.")
    assert (document.size, document.gzip, document.content_type) == (13, False, "text/plain; charset=UTF-8")
    assert await read(documents.raw(document)) == b"sku\tquantity\n"
    assert await read(documents.contents(document)) == b"sku\tquantity\n"


async def test_an_empty_upload_is_a_document_too(documents: Documents, database: Database) -> None:
    player = await new_player(database)
    name = await announced(documents, player)

    await documents.upload(player.id, name, chunks())

    assert await read(documents.contents(await documents.find(player.id, name))) == b""


@pytest.mark.parametrize("problem", [TooLarge(1), TimeoutError()])
async def test_an_upload_that_breaks_off_leaves_nothing(
    documents: Documents, database: Database, place: Path, problem: Exception
) -> None:
    player = await new_player(database)
    name = await announced(documents, player)

    with pytest.raises(type(problem)):
        await documents.upload(player.id, name, chunks(b"x" * 6_000_000, problem=problem))

    with pytest.raises(NotFound):
        await documents.find(player.id, name)
    assert files(place) == []


async def test_a_second_upload_takes_the_place_of_the_first_only_when_it_is_whole(
    documents: Documents, database: Database, place: Path
) -> None:
    player = await new_player(database)
    name = await announced(documents, player)
    await documents.upload(player.id, name, chunks(b"first"))

    with pytest.raises(TimeoutError):
        await documents.upload(player.id, name, chunks(b"sec", problem=TimeoutError()))
    before = await read(documents.raw(await documents.find(player.id, name)))
    await documents.upload(player.id, name, chunks(b"second"))

    assert before == b"first"
    assert await read(documents.raw(await documents.find(player.id, name))) == b"second"
    assert len(files(place)) == 1


async def test_a_document_in_use_is_not_replaced(documents: Documents, database: Database, place: Path) -> None:
    player = await new_player(database)
    name = await announced(documents, player)
    await documents.upload(player.id, name, chunks(b"first"))
    await Submissions(database).submit(player.id, New("T", "catalogue", [US], name, {}, False), WHO)

    with pytest.raises(NotAllowed):
        await documents.upload(player.id, name, chunks(b"second"))

    assert await read(documents.raw(await documents.find(player.id, name))) == b"first"
    assert len(files(place)) == 1


async def test_a_document_is_not_found_by_another_seller(documents: Documents, database: Database) -> None:
    player, other = await new_player(database), await new_player(database)
    name = await announced(documents, player)
    await documents.upload(player.id, name, chunks(b"mine"))

    with pytest.raises(NotFound):
        await documents.find(other.id, name)
    with pytest.raises(NotFound):
        await documents.upload(other.id, name, chunks(b"yours"))


@pytest.mark.parametrize("content_type", ["", "x" * 201, "text/plain\r\nX-More: 1"])
async def test_a_content_type_that_no_header_can_carry_is_refused(
    documents: Documents, database: Database, content_type: str
) -> None:
    player = await new_player(database)

    with pytest.raises(Invalid) as refused:
        await documents.announce(player.id, content_type, "NA")

    assert refused.value.field == "contentType"


async def test_a_packed_upload_is_unpacked_for_its_readers_only(documents: Documents, database: Database) -> None:
    player = await new_player(database)
    name = await announced(documents, player)
    packed = gzip.compress(b"one") + gzip.compress(b"two") + b"\0\0"

    await documents.upload(player.id, name, chunks(packed[:1], packed[1:]))

    document = await documents.find(player.id, name)
    assert document.gzip
    assert await read(documents.raw(document)) == packed
    assert await read(documents.contents(document)) == b"onetwo"


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (gzip.compress(b"x" * 1000)[:-4], "cut off"),
        (gzip.compress(b"x")[:2], "cut off"),
        (b"\x1f\x8bnothing of the kind", "damaged"),
        (gzip.compress(b"x") + b"rest", "damaged"),
        (gzip.compress(b"x" * 1000)[:-8] + bytes(8), "damaged"),
        (gzip.compress(bytes(LIMIT + 1)), "unpacks to more than"),
    ],
    ids=["cut off", "cut off in its head", "damaged", "followed by something", "of another sum", "a bomb"],
)
async def test_a_packed_document_is_refused_that_is(packed: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        await read(unpacked(chunks(packed), LIMIT))


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_a_packed_document_may_come_in_pieces_of_any_length(step: int) -> None:
    plain = os.urandom(3000) + bytes(100_000)
    packed = gzip.compress(plain)
    pieces = [packed[at : at + step] for at in range(0, len(packed), step)]

    assert await read(unpacked(chunks(*pieces), LIMIT)) == plain


async def test_a_bomb_is_stopped_before_it_has_unpacked() -> None:
    seen: list[int] = []

    async def unpack() -> None:
        async for chunk in unpacked(chunks(gzip.compress(bytes(200 * LIMIT))), LIMIT):
            seen.append(len(chunk))

    with pytest.raises(Unreadable):
        await unpack()

    assert sum(seen) <= LIMIT


@pytest.mark.parametrize("size", [0, PLAIN_MAX, PLAIN_MAX + 1, 3_000_000])
async def test_a_long_result_is_kept_packed(documents: Documents, database: Database, size: int) -> None:
    player = await new_player(database)

    stored = await documents.store(player.id, "text/plain", bytes(size))
    async with database.write() as connection:
        name = await documents.keep_result(connection, player.id, "5", "NA", stored)

    document = await documents.find(player.id, name)
    assert document.gzip == (size > PLAIN_MAX)
    assert document.submission == "5"
    raw = await read(documents.raw(document))
    assert len(raw) == document.size
    assert (gzip.decompress(raw) if document.gzip else raw) == bytes(size)


async def test_a_result_may_come_in_pieces(documents: Documents, database: Database) -> None:
    player = await new_player(database)

    stored = await documents.store(player.id, "text/plain", chunks(b"a" * PLAIN_MAX, b"b", b"c" * PLAIN_MAX))
    async with database.write() as connection:
        name = await documents.keep_result(connection, player.id, "5", "NA", stored)

    assert len(await read(documents.contents(await documents.find(player.id, name)))) == 2 * PLAIN_MAX + 1


async def test_a_document_whose_bytes_are_gone_is_not_found(
    documents: Documents, database: Database, place: Path
) -> None:
    player = await new_player(database)
    name = await announced(documents, player)
    await documents.upload(player.id, name, chunks(b"here"))
    for file in files(place):
        file.unlink()

    with pytest.raises(NotFound):
        await read(documents.raw(await documents.find(player.id, name)))


async def test_drafts_of_killed_processes_are_swept_when_they_are_old(place: Path) -> None:
    old, young, whole = place / "A" / "x#1", place / "A" / "y#1", place / "A" / "z"
    place.joinpath("A").mkdir(parents=True)
    for file in (old, young, whole):
        file.write_bytes(b"x")
    past = young.stat().st_mtime - timedelta(days=1).total_seconds()
    os.utime(old, (past, past))
    os.utime(whole, (past, past))

    store = ByteStore.open(place)

    assert sorted(files(place)) == [young, whole]
    with pytest.raises(Missing):
        await read(store.read("A/none"))
    await store.delete("A/none")


async def test_a_store_may_be_named_by_a_url(tmp_path: Path) -> None:
    for where in ("memory:///", f"file://{tmp_path}/deep/down"):
        store = ByteStore.open(where)
        await store.put("A/x", chunks(b"by", b"tes"))
        assert await read(store.read("A/x")) == b"bytes"
        await store.delete("A/x")
        with pytest.raises(Missing):
            await read(store.read("A/x"))


@pytest.mark.parametrize("where", ["nonsense://bucket", "s3://"])
def test_a_store_that_cannot_be_is_refused(where: str) -> None:
    with pytest.raises(Unavailable, match="the document store cannot be opened"):
        ByteStore.open(where)
