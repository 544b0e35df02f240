"""Feeds 2021-06-30: documents by presigned URL, feeds from IN_QUEUE to their report, and who may see what."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import httpx
import pytest

from entrepot.api.documents import URL_SECONDS, Links, Refused
from entrepot.api.gateway import Gateway
from entrepot.api.http import Request, Response
from entrepot.api.metrics import Metrics
from entrepot.services.secrets import Keyring
from tests.acceptance.tools import alive, database_url, sql, wait_for
from tests.running import RunningServer
from tests.spapi.model import FEEDS as MODEL
from tests.spapi.model import MODELS, assert_as_modelled
from tests.spapi.program import CA, DE, REGION, US, NewSeller, Program, denied, errors, new_program, outcome

FEEDS = "/feeds/2021-06-30/feeds"
DOCUMENTS = "/feeds/2021-06-30/documents"
JSON = "application/json; charset=UTF-8"
NOBODY = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
PATIENCE = 30.0
TYPE = "JSON_LISTINGS_FEED"


OPERATIONS = {
    ("POST", DOCUMENTS): "createFeedDocument",
    ("GET", f"{DOCUMENTS}/"): "getFeedDocument",
    ("POST", FEEDS): "createFeed",
    ("GET", FEEDS): "getFeeds",
    ("GET", f"{FEEDS}/"): "getFeed",
    ("DELETE", f"{FEEDS}/"): "cancelFeed",
}


def call(program: Program, method: str, target: str, **more: Any) -> httpx.Response:
    """The answer to a request, held against Amazon's model where that is."""
    response = program.call(method, target, **more)
    if MODELS is not None:
        collection = FEEDS if target.startswith(FEEDS) else DOCUMENTS
        one = "/" if target.startswith(f"{collection}/") else ""
        assert_as_modelled(OPERATIONS[method, collection + one], response, MODEL)
    return response


def announced(program: Program, content_type: str = JSON) -> dict[str, str]:
    response = call(program, "POST", DOCUMENTS, json={"contentType": content_type})
    assert response.status_code == 201, response.text
    document: dict[str, str] = response.json()
    return document


def put(url: str, content: Any, content_type: str = JSON) -> httpx.Response:
    return NOBODY.put(url, content=content, headers={"content-type": content_type})


def uploaded(program: Program, content: bytes = b"{}", content_type: str = JSON) -> str:
    document = announced(program, content_type)
    assert put(document["url"], content, content_type).status_code == 200
    return document["feedDocumentId"]


def create(program: Program, document: str, kind: str = TYPE, **more: Any) -> httpx.Response:
    body = {"feedType": kind, "marketplaceIds": [US], "inputFeedDocumentId": document, **more}
    return call(program, "POST", FEEDS, json=body)


def created(program: Program, content: bytes = b"{}", kind: str = TYPE, **more: Any) -> str:
    response = create(program, uploaded(program, content), kind, **more)
    assert response.status_code == 202, response.text
    assert list(response.json()) == ["feedId"]
    feed: str = response.json()["feedId"]
    return feed


def feed_of(program: Program, feed: str) -> dict[str, Any]:
    response = call(program, "GET", f"{FEEDS}/{feed}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def ended(program: Program, feed: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (found := feed_of(program, feed))["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def document_of(program: Program, document: str, query: str = "") -> dict[str, str]:
    response = call(program, "GET", f"{DOCUMENTS}/{document}{query}")
    assert response.status_code == 200, response.text
    found: dict[str, str] = response.json()
    return found


def downloaded(program: Program, document: str) -> bytes:
    found = document_of(program, document)
    content = NOBODY.get(found["url"]).content
    return gzip.decompress(content) if found.get("compressionAlgorithm") == "GZIP" else content


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal as S3 writes it."""
    assert response.headers["content-type"] == "application/xml"
    root = ElementTree.fromstring(response.content)
    assert root.tag == "Error"
    return response.status_code, root.findtext("Code") or "", root.findtext("Message") or ""


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and details of a refusal as SP-API writes it."""
    [error] = response.json()["errors"]
    return response.status_code, error["code"], error["details"]


# Documents


def test_a_document_has_an_id_as_amazon_s_and_a_url_of_this_server_that_says_how_long_it_is_good(
    program: Program,
) -> None:
    document = announced(program)

    assert list(document) == ["feedDocumentId", "url"]
    assert re.fullmatch(r"amzn1\.tortuga\.4\.na\.[0-9a-f-]{36}\.T[0-9A-F]+", document["feedDocumentId"])
    url = urlsplit(document["url"])
    assert f"{url.scheme}://{url.netloc}" == program.server.url
    assert url.path == f"/documents/{document['feedDocumentId']}"
    assert parse_qs(url.query)["X-Amz-Expires"] == ["300"]
    assert "%2F" in url.query


def test_what_was_uploaded_is_downloaded_byte_by_byte(program: Program) -> None:
    content = os.urandom(3_000_000)
    name = uploaded(program, content)

    found = document_of(program, name)
    response = NOBODY.get(found["url"])

    assert list(found) == ["feedDocumentId", "url"]
    assert response.status_code == 200
    assert response.content == content
    assert response.headers["content-type"] == JSON
    assert "content-encoding" not in response.headers


def test_a_success_is_exactly_200_and_empty(program: Program) -> None:
    response = put(announced(program)["url"], b"x")

    assert (response.status_code, response.content) == (200, b"")


def test_a_packed_upload_is_said_to_be_packed_and_sent_as_it_is(program: Program) -> None:
    packed = gzip.compress(b"content")
    name = uploaded(program, packed)

    found = document_of(program, name)
    encoded = document_of(program, name, "?enableContentEncodingUrlHeader=true")

    with NOBODY.stream("GET", found["url"]) as response:
        assert b"".join(response.iter_raw()) == packed
        assert "content-encoding" not in response.headers
    with NOBODY.stream("GET", encoded["url"]) as response:
        assert b"".join(response.iter_raw()) == packed
        assert response.headers["content-encoding"] == "gzip"
    assert found["compressionAlgorithm"] == encoded["compressionAlgorithm"] == "GZIP"


def test_a_second_upload_replaces_the_first_until_a_feed_uses_it(program: Program) -> None:
    document = announced(program)
    name, url = document["feedDocumentId"], document["url"]
    put(url, b"first")
    put(url, b"second")
    before = downloaded(program, name)
    create(program, name)

    response = put(url, b"third")

    assert before == b"second"
    assert problem(response)[:2] == (403, "AccessDenied")
    assert downloaded(program, name) == b"second"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/json", "text/xml; charset=UTF-8", ""]
)
def test_an_upload_with_another_content_type_does_not_match_its_signature(program: Program, content_type: str) -> None:
    response = put(announced(program)["url"], b"x", content_type)

    assert problem(response)[:2] == (403, "SignatureDoesNotMatch")


def test_a_url_is_good_for_its_method_and_document_only(program: Program) -> None:
    document, other = announced(program), announced(program)
    put(document["url"], b"mine")
    download = document_of(program, document["feedDocumentId"])["url"]

    def on_the_other(url: str) -> str:
        return url.replace(document["feedDocumentId"], other["feedDocumentId"])

    signed = 403, "SignatureDoesNotMatch"
    assert problem(NOBODY.get(document["url"]))[:2] == signed
    assert problem(put(download, b"x"))[:2] == signed
    assert problem(put(on_the_other(document["url"]), b"x"))[:2] == signed
    assert problem(NOBODY.get(on_the_other(download)))[:2] == signed
    assert problem(NOBODY.get(download.replace("Expires=300", "Expires=999")))[:2] == signed
    assert problem(NOBODY.get(f"{download}&response-content-encoding=gzip"))[:2] == signed
    assert problem(NOBODY.get(re.sub(r"Credential=[^%]+", "Credential=A000000000", download)))[:2] == signed
    assert problem(NOBODY.get(download.partition("?")[0]))[:2] == (403, "AccessDenied")
    assert problem(NOBODY.delete(download))[:2] == (405, "MethodNotAllowed")


def test_a_document_that_was_never_uploaded_is_not_there(program: Program) -> None:
    document = announced(program)

    assert call(program, "GET", f"{DOCUMENTS}/{document['feedDocumentId']}").status_code == 404


def test_a_url_is_good_for_five_minutes_of_real_time() -> None:
    clock = 1_000_000.0
    links = Links(Keyring(b"k" * 32), "http://example.test", lambda: clock)
    url = urlsplit(links.download("ASELLER", "document"))
    request = Request("GET", url.path, url.query, {})

    clock += URL_SECONDS
    assert links.check(request, "document") == "ASELLER"
    clock += 1
    with pytest.raises(Refused, match="Request has expired") as refused:
        links.check(request, "document")

    assert refused.value.code == "AccessDenied"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "X-Amz-Date=x&X-Amz-Expires=300&X-Amz-Credential=A/s3/aws4_request",
        "X-Amz-Date=20260101T000000Z&X-Amz-Expires=1e9&X-Amz-Credential=A",
        f"X-Amz-Date=20260101T000000Z&X-Amz-Expires={'9' * 400}&X-Amz-Credential=A&X-Amz-Signature=%C3%BF",
        "X-Amz-Date=20260101T000000Z&X-Amz-Expires=9999999999&X-Amz-Credential=A/s3/aws4_request&X-Amz-Signature=%C3%BFé",
    ],
)
def test_a_url_that_nobody_signed_is_refused_without_a_crash(server: RunningServer, query: str) -> None:
    response = NOBODY.get(f"{server.url}/documents/x?{query}")

    assert response.status_code == 403


# Uploads that go wrong


@pytest.fixture(scope="module")
def small_server() -> Iterator[RunningServer]:
    """A server that takes documents of one MiB, in a directory that tests may look into."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        base = Path(directory)
        options = ("--limits", "off", "--document-limit", "1", "--public-url", "https://entrepot.example.test/base/")
        running = RunningServer(base / "data", options)
        try:
            yield running.start()
        finally:
            assert running.stop() == 0


@pytest.fixture(scope="module")
def small(small_server: RunningServer) -> Iterator[Program]:
    made = new_program(small_server, marketplaces=["US"])
    yield made
    made.http.close()


def here(server: RunningServer, url: str) -> str:
    """A URL of the public base, at the server itself."""
    return url.replace("https://entrepot.example.test/base", server.url)


def stored(server: RunningServer) -> list[Path]:
    return [path for path in (server.data / "documents").rglob("*") if path.is_file()]


def test_urls_begin_with_the_public_base(small: Program) -> None:
    assert announced(small)["url"].startswith("https://entrepot.example.test/base/documents/amzn1.tortuga.4.na.")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_document_over_the_limit_is_refused_and_leaves_nothing(
    small: Program, small_server: RunningServer, chunked: bool
) -> None:
    document = announced(small)
    content = b"x" * (1024 * 1024 + 1)
    before = stored(small_server)

    response = put(here(small_server, document["url"]), iter([content[:1000], content[1000:]]) if chunked else content)

    assert problem(response)[:2] == (400, "EntityTooLarge")
    assert stored(small_server) == before
    assert call(small, "GET", f"{DOCUMENTS}/{document['feedDocumentId']}").status_code == 404


def test_a_document_of_just_the_limit_is_taken(small: Program, small_server: RunningServer) -> None:
    document = announced(small)
    content = os.urandom(1024 * 1024)

    assert put(here(small_server, document["url"]), content).status_code == 200

    found = document_of(small, document["feedDocumentId"])
    assert NOBODY.get(here(small_server, found["url"])).content == content


def test_an_upload_that_its_sender_breaks_off_leaves_nothing(small: Program, small_server: RunningServer) -> None:
    document = announced(small)
    url = urlsplit(here(small_server, document["url"]))
    before = stored(small_server)
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 900000\r\n\r\n"

    with socket.create_connection(("127.0.0.1", small_server.port)) as opened:
        opened.sendall(head.encode() + b"x" * 500_000)
        time.sleep(0.3)
    time.sleep(0.3)

    assert stored(small_server) == before
    assert call(small, "GET", f"{DOCUMENTS}/{document['feedDocumentId']}").status_code == 404


def test_a_sender_who_trickles_delays_nobody(small: Program, small_server: RunningServer) -> None:
    slow, quick = announced(small), announced(small)
    url = urlsplit(here(small_server, slow["url"]))
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 10\r\n\r\n"

    with socket.create_connection(("127.0.0.1", small_server.port), timeout=10) as opened:
        opened.sendall(head.encode() + b"x" * 5)
        began = time.monotonic()
        assert put(here(small_server, quick["url"]), b"quick").status_code == 200
        seconds = time.monotonic() - began
        opened.sendall(b"y" * 5)
        answer = opened.recv(100)

    assert seconds < 2
    assert answer.startswith(b"HTTP/1.1 200")


class Swallowing:
    """A room that reads its bodies to the end."""

    name = "swallowing"
    body_limit = 100
    body_seconds = 0.2

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    async def answer(self, request: Request) -> tuple[str, Response]:
        raise NotImplementedError

    async def answer_stream(self, request: Request, chunks: AsyncIterator[bytes]) -> tuple[str, Response]:
        async for chunk in chunks:
            self.chunks.append(chunk)
        return "swallow", Response(200)

    def failure(self, request: Request, problem: Exception) -> Response:
        return Response(408 if isinstance(problem, TimeoutError) else 413)


async def sent(room: Swallowing, *parts: bytes, length: int | None = None, hang: bool = False) -> int:
    """The status that a gateway answers with when a body comes in these parts, the last of which may never come."""
    waiting = list(parts)
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        if hang and not waiting:
            await asyncio.sleep(PATIENCE)
        return {"type": "http.request", "body": waiting.pop(0), "more_body": hang or bool(waiting)}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    headers = [(b"transfer-encoding", b"chunked")] if length is None else [(b"content-length", b"%d" % length)]
    scope = {"type": "http", "method": "PUT", "raw_path": b"/", "query_string": b"", "headers": headers}
    await Gateway(lambda _: room, Metrics())(scope, receive, send)
    return statuses[0]


async def test_a_streamed_body_is_handed_on_as_it_comes_within_its_limits() -> None:
    room = Swallowing()

    assert await sent(room, b"a" * 60, b"", b"b" * 40) == 200
    assert room.chunks == [b"a" * 60, b"b" * 40]
    assert await sent(room, b"a" * 60, b"b" * 41) == 413
    assert await sent(Swallowing(), b"a" * 50, b"b" * 51, length=101) == 413
    assert await sent(room, b"a", hang=True) == 408


def test_the_memory_of_the_server_does_not_grow_with_a_document(program: Program, server: RunningServer) -> None:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("memory is read from /proc")

    def megabytes() -> int:
        return int(re.findall(r"VmRSS:\s+(\d+)", status.read_text())[0]) // 1024

    document = announced(program)
    block = os.urandom(1024 * 1024)
    put(document["url"], b"warm")
    before, most, running = megabytes(), 0, True

    def watch() -> None:
        nonlocal most
        while running:
            most = max(most, megabytes())
            time.sleep(0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        assert put(document["url"], (block for _ in range(200))).status_code == 200
        url = document_of(program, document["feedDocumentId"])["url"]
        with NOBODY.stream("GET", url) as response:
            size = sum(len(chunk) for chunk in response.iter_raw())
    finally:
        running = False
        watching.join()

    assert size == 200 * 1024 * 1024
    assert most - before < 80


# Feeds


def test_a_feed_is_processed_and_its_report_can_be_read(program: Program) -> None:
    feed = created(program, b"nothing that is JSON")

    found = ended(program, feed)

    assert re.fullmatch(r"\d{11}", feed)
    assert found["feedId"] == feed
    assert found["feedType"] == TYPE
    assert found["marketplaceIds"] == [US]
    for name in ("createdTime", "processingStartTime", "processingEndTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found[name])
    assert json.loads(downloaded(program, found["resultFeedDocumentId"]))["header"]["feedId"] == feed


BAD: list[tuple[dict[str, Any], str]] = [
    ({"feedType": "POST_NOTHING"}, "POST_NOTHING"),
    ({"feedType": None}, "feedType"),
    ({"marketplaceIds": []}, "marketplaceIds"),
    ({"marketplaceIds": [US] * 26}, "marketplaceIds"),
    ({"marketplaceIds": ["NOWHERE"]}, "marketplace"),
    ({"marketplaceIds": US}, "marketplaceIds"),
    ({"inputFeedDocumentId": "amzn1.tortuga.4.na.nothing"}, "does not exist"),
    ({"inputFeedDocumentId": 5}, "inputFeedDocumentId"),
    ({"inputFeedDocumentId": "\0"}, "not the id"),
    ({"feedOptions": {"a": 1}}, "feedOptions"),
    ({"feedOptions": {"a": "\0"}}, "feedOptions"),
]


@pytest.mark.parametrize(("change", "words"), BAD, ids=[str(change) for change, _ in BAD])
def test_a_feed_that_cannot_be_is_refused_with_what_is_wrong(
    program: Program, change: dict[str, Any], words: str
) -> None:
    name = uploaded(program)
    body = {"feedType": TYPE, "marketplaceIds": [US], "inputFeedDocumentId": name, **change}

    response = call(program, "POST", FEEDS, json=body)

    status, code, details = refusal(response)
    assert (status, code) == (400, "InvalidInput")
    assert words in details
    assert create(program, name).status_code == 202  # nothing was used up


def test_a_marketplace_where_the_seller_does_not_sell_is_refused(program: Program) -> None:
    assert outcome(create(program, uploaded(program), marketplaceIds=[DE])) == (403, denied(REGION))


def test_a_document_must_be_uploaded_young_one_s_own_and_unused(new_seller: NewSeller) -> None:
    program, other = new_seller(clock="2026-03-01T12:00:00Z"), new_seller()
    name = announced(program)["feedDocumentId"]
    assert "nothing was uploaded" in refusal(create(program, name))[2]
    assert "does not exist" in refusal(create(program, uploaded(other)))[2]
    used = uploaded(program)
    create(program, used)
    assert "used already" in refusal(create(program, used))[2]
    old, young = uploaded(program), uploaded(program)
    program.server.operator("POST", "/world/advance", {"seller": program.seller_id, "by": "P2D"})
    assert create(program, young).status_code == 202
    program.server.operator("POST", "/world/advance", {"seller": program.seller_id, "by": "PT1S"})
    assert "older than 2 days" in refusal(create(program, old))[2]


def test_members_that_clients_add_are_ignored(program: Program) -> None:
    more = {"path": "/feeds/2021-06-30/feeds", "MarketplaceIds": [US], "MarketplaceId": US, "marketplace_ids": US}

    body = {"feedType": TYPE, "marketplaceIds": [US], "inputFeedDocumentId": uploaded(program), **more}

    assert call(program, "POST", FEEDS, json=body).status_code == 202
    assert call(program, "POST", DOCUMENTS, json={"contentType": JSON, **more}).status_code == 201


@pytest.mark.parametrize("body", [{}, {"contentType": ""}, {"contentType": 5}, [], {"contentType": "a\r\nb: c"}])
def test_a_document_without_a_content_type_is_refused(program: Program, body: object) -> None:
    response = call(program, "POST", DOCUMENTS, json=body)

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "InvalidInput")


def test_nobody_sees_another_seller_s_feeds_and_documents(program: Program, new_seller: NewSeller) -> None:
    other = new_seller()
    name, feed = uploaded(program), created(program)
    result = ended(program, feed)["resultFeedDocumentId"]

    for target in (f"{FEEDS}/{feed}", f"{DOCUMENTS}/{name}", f"{DOCUMENTS}/{result}"):
        assert call(other, "GET", target).status_code == 404
        assert call(program, "GET", target).status_code == 200
    assert call(other, "DELETE", f"{FEEDS}/{feed}").status_code == 404
    assert call(other, "GET", f"{FEEDS}?feedTypes={TYPE}").json() == {"feeds": []}


@pytest.mark.parametrize("feed", ["0", "x", "%00", "%C3%BF", "9" * 500, "a%2Fb"])
def test_a_feed_that_never_was_is_not_found(program: Program, feed: str) -> None:
    assert call(program, "GET", f"{FEEDS}/{feed}").status_code == 404
    assert call(program, "DELETE", f"{FEEDS}/{feed}").status_code == 404
    assert call(program, "GET", f"{DOCUMENTS}/{feed}").status_code == 404


def test_a_feed_is_cancelled_while_it_waits_and_stays_listed(new_seller: NewSeller) -> None:
    program = new_seller()
    first = created(program)
    ended(program, first)
    # Something is in progress in the lane, so what comes now waits. The lock comes first, or a worker goes on with it.
    url = database_url(program.server)
    blocker = HeldLock(url, program.seller_id, first)
    sql(url, "update submissions set status = 'IN_PROGRESS' where submission_id = $1", first)
    try:
        waiting = created(program)
        assert feed_of(program, waiting)["processingStatus"] == "IN_QUEUE"
        assert set(feed_of(program, waiting)) == {
            "feedId",
            "feedType",
            "marketplaceIds",
            "createdTime",
            "processingStatus",
        }

        response = call(program, "DELETE", f"{FEEDS}/{waiting}")
    finally:
        sql(url, "update submissions set status = 'DONE' where submission_id = $1", first)
        blocker.release()

    assert (response.status_code, response.json()) == (200, {})
    assert feed_of(program, waiting)["processingStatus"] == "CANCELLED"
    assert listed(program, feedTypes=TYPE, processingStatuses="CANCELLED") == [waiting]
    status, code, details = refusal(call(program, "DELETE", f"{FEEDS}/{waiting}"))
    assert (status, code) == (400, "InvalidInput")
    assert "CANCELLED" in details


class HeldLock:
    """The lock of whoever processes a submission, held by this test."""

    def __init__(self, url: str, seller_id: str, feed: str) -> None:
        program = (
            "import asyncio, asyncpg, sys\n"
            "async def main():\n"
            "    c = await asyncpg.connect(sys.argv[1])\n"
            "    await c.execute('select pg_advisory_lock(hashtextextended($1, 0))', sys.argv[2])\n"
            "    print('held', flush=True)\n"
            "    await asyncio.to_thread(sys.stdin.read)\n"
            "asyncio.run(main())\n"
        )
        words = [sys.executable, "-c", program, url, f"{seller_id} {feed}"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"held\n"

    def release(self) -> None:
        self._process.communicate()  # closes what it reads from


def listed(program: Program, **query: object) -> list[str]:
    response = call(program, "GET", f"{FEEDS}?{httpx.QueryParams(query)}")  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return [feed["feedId"] for feed in response.json()["feeds"]]


def test_pages_list_the_newest_feeds_first(new_seller: NewSeller) -> None:
    program = new_seller(clock="2026-03-01T12:00:00Z", marketplaces=["US", "CA"])
    feeds = [created(program, marketplaceIds=[US, CA] if number == 2 else [US]) for number in range(5)]
    answer = call(program, "GET", f"{FEEDS}?feedTypes={TYPE}&pageSize=2").json()
    found = [feed["feedId"] for feed in answer["feeds"]]

    while "nextToken" in answer:
        answer = call(program, "GET", f"{FEEDS}?nextToken={answer['nextToken']}").json()
        assert len(answer["feeds"]) <= 2
        found += [feed["feedId"] for feed in answer["feeds"]]

    assert found == feeds[::-1]
    assert listed(program, feedTypes=f"X,{TYPE}", marketplaceIds=CA) == [feeds[2]]
    assert listed(program, feedTypes="X") == []
    assert listed(program, feedTypes=TYPE, createdSince="2026-03-02T00:00:00Z") == []
    assert len(listed(program, feedTypes=TYPE, createdUntil="2026-03-02T00:00:00Z")) == 5
    assert listed(program, feedTypes=TYPE, createdUntil="2026-02-02T00:00:00Z") == []


BAD_QUERIES = [
    "",
    "?feedTypes=",
    f"?feedTypes={','.join(['X'] * 11)}",
    f"?feedTypes={TYPE}&pageSize=0",
    f"?feedTypes={TYPE}&pageSize=101",
    f"?feedTypes={TYPE}&pageSize=x",
    f"?feedTypes={TYPE}&processingStatuses=DONE%20",
    f"?feedTypes={TYPE}&processingStatuses=OVER",
    f"?feedTypes={TYPE}&createdSince=yesterday",
    f"?feedTypes={TYPE}&marketplaceIds={','.join([US] * 11)}",
    "?nextToken=nonsense",
]


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_question_for_feeds_that_cannot_be_is_refused(program: Program, query: str) -> None:
    response = call(program, "GET", f"{FEEDS}{query}")

    if query.endswith("DONE%20"):  # as the documentation itself writes it once
        assert response.status_code == 200
    else:
        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "InvalidInput")


def test_a_token_is_good_for_its_seller_only_and_alone_where_it_is_strict(new_seller: NewSeller) -> None:
    program, other = new_seller(fidelity="strict"), new_seller()
    for _ in range(2):
        created(program)
    token = call(program, "GET", f"{FEEDS}?feedTypes={TYPE}&pageSize=1").json()["nextToken"]

    assert call(other, "GET", f"{FEEDS}?nextToken={token}").status_code == 400
    assert call(program, "GET", f"{FEEDS}?nextToken={token}&pageSize=1").status_code == 400
    assert call(program, "GET", f"{FEEDS}?nextToken={token}").status_code == 200


def test_a_retired_feed_type_ends_fatal_where_it_is_strict(new_seller: NewSeller) -> None:
    program = new_seller(fidelity="strict")
    kind = "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA"

    found = ended(program, created(program, b"sku\tquantity\nA\t1\n", kind))

    assert found["processingStatus"] == "FATAL"
    assert b"2025-07-31" in downloaded(program, found["resultFeedDocumentId"])


def test_the_operations_are_for_two_roles_and_tell_their_rate(server: RunningServer, program: Program) -> None:
    response = call(program, "POST", DOCUMENTS, json={"contentType": JSON})

    assert response.headers["x-amzn-RateLimit-Limit"] == "0.5"
    assert call(program, "GET", f"{FEEDS}/1").headers["x-amzn-RateLimit-Limit"] == "2.0"
    assert (
        errors("NotFound", "", "")["errors"][0]["code"]
        == call(program, "GET", f"{FEEDS}/1").json()["errors"][0]["code"]
    )


# The worker of the server


@pytest.fixture
def own() -> Iterator[RunningServer]:
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        running = RunningServer(Path(directory) / "data", ("--limits", "off"))
        try:
            yield running.start()
        finally:
            running.stop()


def children(pid: int) -> list[int]:
    """The workers that a server minds."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"worker" in (stat.parent / "cmdline").read_bytes():
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found


def test_the_server_s_worker_is_started_again_after_a_kill_and_goes_with_the_server(
    own: RunningServer, new_seller: NewSeller
) -> None:
    assert own.process is not None
    pid = own.process.pid
    program = new_seller(own)
    wait_for(lambda: len(children(pid)) == 1)
    [first] = children(pid)

    os.kill(first, signal.SIGKILL)
    feed = created(program, b"nothing that is JSON")
    found = ended(program, feed)
    [second] = children(pid)
    code = own.stop()

    assert found["processingStatus"] in ("DONE", "FATAL")
    assert second != first
    assert code == 0
    assert not alive(second)


def test_the_worker_of_a_killed_server_ends_by_itself(own: RunningServer) -> None:
    assert own.process is not None
    pid = own.process.pid
    wait_for(lambda: len(children(pid)) == 1)
    [worker] = children(pid)

    own.stop(signal.SIGKILL)

    wait_for(lambda: not alive(worker))
    own.start()


def test_more_workers_may_run_beside_the_server(own: RunningServer, new_seller: NewSeller) -> None:
    program = new_seller(own)
    words = [sys.executable, "-m", "entrepot", "worker", "--data", str(own.data), "--slots", "2"]
    said = own.data.with_name("worker.log")
    with said.open("wb") as log:
        beside = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=log)
    try:
        wait_for(lambda: "worker ready" in said.read_text())
        feeds = [created(program, b"nothing that is JSON") for _ in range(6)]
        assert all(ended(program, feed)["resultFeedDocumentId"] for feed in feeds)
        beside.terminate()
        assert beside.wait(20) == 0
    finally:
        beside.kill()
        beside.wait()
