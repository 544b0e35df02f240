"""Feeds end to end, from the first byte of the upload to the report in hand, beside the bare work for the same bytes.

The bare work decodes the document, copies its rows into a temporary table and upserts them into a table as wide as the
rows, in the same database and one transaction. While the files are processed, another seller goes on reading.
"""

from __future__ import annotations

import gzip
import http.client
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import asyncpg
import msgspec
import uvloop

from bench import merchant, pages
from bench.merchant import Merchant
from bench.processes import ask, peak_of_child
from bench.results import Result, cost, speed
from bench.sizes import Sizes
from bench.world import MARKETPLACE, World
from entrepot.datadir import DataDirectory

MOST_TIMES: Final = 3.0
MOST_MEGABYTES: Final = 300.0
_LIMIT_IS: Final = "decode, COPY, one upsert of the same rows"
_PATIENCE_SECONDS: Final = 300.0

Tell = Callable[[str], None]


# SKU, channel, quantity, price, its bounds, handling time.
Row = tuple[str, str, int, Decimal | None, Decimal | None, Decimal | None, int | None]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its document in a round, and what is in it, as rows of all its columns."""

    name: str
    feed_type: str
    content_type: str
    rows: int
    document: Callable[[Merchant, int, int], bytes]
    decode: Callable[[bytes], list[Row]]


def _numbers(seller: Merchant, rows: int, turn: int) -> Iterator[tuple[str, int]]:
    """Other listings in no order that helps, and a quantity that is new each turn."""
    for number in range(rows):
        yield merchant.sku((number * 7919 + turn) % seller.listings), 100 * (turn + 1) + number % 97


def _patches(seller: Merchant, rows: int, turn: int) -> bytes:
    messages = [
        {
            "messageId": number,
            "sku": sku,
            "operationType": "PATCH",
            "productType": "PRODUCT",
            "patches": [
                {
                    "op": "replace",
                    "path": "/attributes/fulfillment_availability",
                    "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}],
                }
            ],
        }
        for number, (sku, quantity) in enumerate(_numbers(seller, rows, turn), 1)
    ]
    header = {"sellerId": seller.seller_id, "version": "2.0", "issueLocale": "en_US"}
    return json.dumps({"header": header, "messages": messages}).encode()


def _decode_patches(document: bytes) -> list[Row]:
    messages = (
        (message["sku"], message["patches"][0]["value"][0]) for message in msgspec.json.decode(document)["messages"]
    )
    return [
        (sku, value["fulfillment_channel_code"], value["quantity"], None, None, None, None) for sku, value in messages
    ]


_HEADER: Final = (
    "sku\tprice\tminimum-seller-allowed-price\tmaximum-seller-allowed-price\tquantity\thandling-time\t"
    "fulfillment-channel\n"
)


def _flat(seller: Merchant, rows: int, turn: int) -> bytes:
    lines = (f"{sku}\t{10 + quantity % 90}.99\t\t\t{quantity}\t\t\n" for sku, quantity in _numbers(seller, rows, turn))
    return (_HEADER + "".join(lines)).encode()


def _decode_flat(document: bytes) -> list[Row]:
    return [
        (
            sku,
            channel or "DEFAULT",
            int(quantity),
            Decimal(price),
            Decimal(minimum) if minimum else None,
            Decimal(maximum) if maximum else None,
            int(days) if days else None,
        )
        for sku, price, minimum, maximum, quantity, days, channel in (
            line.split("\t") for line in document.decode().split("\n")[1:-1]
        )
    ]


def kinds(sizes: Sizes) -> tuple[Kind, Kind]:
    return (
        Kind(
            f"feed of {sizes.patches:,} quantity patches (JSON)",
            "JSON_LISTINGS_FEED",
            "application/json; charset=UTF-8",
            sizes.patches,
            _patches,
            _decode_patches,
        ),
        Kind(
            f"feed of {sizes.flat_rows:,} prices and quantities (flat file)",
            "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA",
            "text/tab-separated-values; charset=UTF-8",
            sizes.flat_rows,
            _flat,
            _decode_flat,
        ),
    )


def steps(sizes: Sizes) -> int:
    return 1 + 2 * (1 + sizes.feeds) + 1


def measure(world: World, url: str, data: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    """All rows; PostgreSQL is running, and no server."""
    tell(f"seeding {sizes.listings:,} listings")
    seller = uvloop.run(merchant.seed(url, DataDirectory(data), sizes.listings))
    uvloop.run(_prepare_bare(url, seller))
    results = []
    with pages.entrepot_server(world, data, ("--database", url)) as server:
        door = Door(server.port, seller)
        for kind in kinds(sizes):
            results.append(_measure_kind(door, kind, url, sizes, tell))
        memory = peak_of_child(server.pid, "worker")
        results.append(
            cost(
                f"memory of the worker at its peak (at most {MOST_MEGABYTES:.0f} MB)", "MB", [memory], [MOST_MEGABYTES],
                most=MOST_MEGABYTES, data=f"{sizes.listings:,} listings", limit_is="what it may have",
            )
        )  # fmt: skip
        tell("another seller reads meanwhile")
        results.append(_reading_meanwhile(world, server, door, kinds(sizes)[1], sizes))
    return results


def _measure_kind(door: Door, kind: Kind, url: str, sizes: Sizes, tell: Tell) -> Result:
    mine, best = [], []
    for turn in range(1 + sizes.feeds):  # the first is not counted
        tell(f"{kind.name}, {turn or 'warming up'}")
        document = kind.document(door.seller, kind.rows, turn)
        seconds = uvloop.run(_bare_seconds(url, kind, document))
        started = time.perf_counter()
        report = door.submit(kind, document)
        ours = time.perf_counter() - started
        assert _clean(report, kind.rows), report[:1000]
        if turn:
            best.append(seconds)
            mine.append(ours)
    return cost(
        f"{kind.name} (at most {MOST_TIMES:.0f} times)", "s", mine, best, times=MOST_TIMES,
        data=f"{sizes.listings:,} listings", limit_is=_LIMIT_IS,
    )  # fmt: skip


def _clean(report: bytes, rows: int) -> bool:
    """Whether every row was accepted."""
    if report.startswith(b"{"):
        return bool(json.loads(report)["summary"]["messagesAccepted"] == rows)
    return f"records successful\t\t{rows}\n".encode() in report.replace(b"\r\n", b"\n")


def _reading_meanwhile(world: World, server: Any, door: Door, kind: Kind, sizes: Sizes) -> Result:
    """Pages a second of a seller, while a file of another one is processed, and while none is."""
    asked = pages.rows(world)[0]
    requests = [server.request(*one) for one in asked.asked]
    alone = [pages.press(server.port, requests, seconds=sizes.seconds).rate for _ in range(sizes.feeds)]
    beside = []
    for turn in range(sizes.feeds):
        document = kind.document(door.seller, kind.rows, 50 + turn)
        thread = Thread(target=door.submit, args=(kind, document))
        thread.start()
        beside.append(pages.press(server.port, requests, seconds=sizes.seconds / 2).rate)
        thread.join()
    return speed(
        "pages of another seller while a file is processed", "requests/s", beside, alone,
        data=sizes.data, limit_is="the same, no file (2 cores for all)",
    )  # fmt: skip


@dataclass
class Door:
    """The seller at the server's HTTP door."""

    port: int
    seller: Merchant

    def __post_init__(self) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.seller.credentials.refresh_token,
            "client_id": self.seller.credentials.client_id,
            "client_secret": self.seller.credentials.client_secret,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        self._token = json.loads(ask(self.port, "/auth/o2/token", headers, urlencode(form)))["access_token"]

    def submit(self, kind: Kind, document: bytes) -> bytes:
        """Upload a document, have it processed, and fetch its report."""
        made = self._call("POST", "/feeds/2021-06-30/documents", {"contentType": kind.content_type})
        self._put(made["url"], document, kind.content_type)
        feed = {
            "feedType": kind.feed_type,
            "marketplaceIds": [MARKETPLACE.id],
            "inputFeedDocumentId": made["feedDocumentId"],
        }
        feed_id = self._call("POST", "/feeds/2021-06-30/feeds", feed)["feedId"]
        done = self._await(feed_id)
        result = self._call("GET", f"/feeds/2021-06-30/documents/{done['resultFeedDocumentId']}")
        target = urlsplit(result["url"])
        body = ask(self.port, f"{target.path}?{target.query}")
        return gzip.decompress(body) if result.get("compressionAlgorithm") == "GZIP" else body

    def _await(self, feed_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            feed = self._call("GET", f"/feeds/2021-06-30/feeds/{feed_id}")
            if feed["processingStatus"] in ("DONE", "FATAL", "CANCELLED"):
                assert feed["processingStatus"] == "DONE", feed
                return feed
            time.sleep(0.02)
        raise TimeoutError(feed_id)

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"x-amz-access-token": self._token, "content-type": "application/json"}
        return dict(json.loads(self._send(method, path, json.dumps(body) if body else None, headers)))

    def _put(self, url: str, document: bytes, content_type: str) -> None:
        target = urlsplit(url)
        self._send("PUT", f"{target.path}?{target.query}", document, {"content-type": content_type})

    def _send(self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            assert response.status < 300, f"{method} {path}: {response.status} {answer[:500]!r}"
            return answer
        finally:
            connection.close()


# The bare work.


async def _prepare_bare(url: str, seller: Merchant) -> None:
    """A table as wide as a row of a file, with a row for each listing."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            """
            create table bare_rows (
                seller_id text not null, sku text not null collate "C", channel text not null, quantity bigint not null,
                price numeric, minimum numeric, maximum numeric, days bigint, primary key (seller_id, sku)
            )
            """
        )
        await connection.execute(
            "insert into bare_rows select seller_id, sku, 'DEFAULT', 5, 9.99, null, null, 2 from listings"
            " where seller_id = $1",
            seller.seller_id,
        )
        await connection.execute("vacuum analyze bare_rows")
    finally:
        await connection.close()


async def _bare_seconds(url: str, kind: Kind, document: bytes) -> float:
    connection = await asyncpg.connect(url)
    try:
        seller_id = await connection.fetchval("select seller_id from bare_rows limit 1")
        started = time.perf_counter()
        rows = kind.decode(document)
        async with connection.transaction():
            await connection.execute(
                "create temp table incoming (sku text, channel text, quantity bigint, price numeric, minimum numeric,"
                " maximum numeric, days bigint) on commit drop"
            )
            await connection.copy_records_to_table("incoming", records=rows)
            await connection.execute(
                """
                insert into bare_rows as b
                select $1, sku, channel, quantity, price, minimum, maximum, days from incoming
                on conflict (seller_id, sku) do update set
                    channel = excluded.channel, quantity = excluded.quantity,
                    price = coalesce(excluded.price, b.price), minimum = coalesce(excluded.minimum, b.minimum),
                    maximum = coalesce(excluded.maximum, b.maximum), days = coalesce(excluded.days, b.days)
                """,
                seller_id,
            )
        return time.perf_counter() - started
    finally:
        await connection.close()
