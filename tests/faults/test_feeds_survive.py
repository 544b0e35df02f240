"""Real files at a real server that is killed in their middle: each row is applied once, and the report has it all."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from bench import merchant

from entrepot.datadir import DataDirectory
from entrepot.feeds.applying import FIRST
from entrepot.services.bulk import CHUNK
from tests.acceptance.tools import alive, database_url, sql, wait_for
from tests.running import RunningServer, json_command
from tests.spapi.listing import AVAILABILITY, channel
from tests.spapi.program import US, Program
from tests.spapi.test_feeds import PATIENCE, children, create, downloaded, ended, uploaded

# In chunks: a small one and two others.
LISTINGS = 16_000
PATCHES = LISTINGS
JSON = "JSON_LISTINGS_FEED", "application/json; charset=UTF-8"
FLAT = "POST_FLAT_FILE_PRICEANDQUANTITYONLY_UPDATE_DATA", "text/tab-separated-values; charset=UTF-8"
# In the order in which rows are done: the first, one in the middle, the last. What is said of each is said once, too.
UNKNOWN = ["A-NONE", f"{merchant.sku(6_000)}-NONE", "Z-NONE"]
# A row of the first chunk, of which a unit is sold after that: were it done again, the unit would be back.
SOLD = merchant.sku(0)
# So long does each step last before it is committed, so that a kill hits the one it is meant for.
LINGER_SECONDS = 0.3
LINGER = (
    "create function linger() returns trigger language plpgsql as"
    f" 'begin perform pg_sleep({LINGER_SECONDS}); return new; end'",
    "create trigger linger before update on submissions for each row"
    " when (new.applied > old.applied or new.status = 'DONE') execute function linger()",
)


@dataclass
class Scene:
    """A server, and the program of a seller with many listings of his own stock."""

    server: RunningServer
    program: Program

    def rows(self, statement: str, *arguments: object) -> list[Any]:
        """The rows of a statement, whose $1 is the seller."""
        return sql(database_url(self.server), statement, self.program.seller_id, *arguments)

    def submit(self, kind: tuple[str, str], content: bytes) -> str:
        feed_type, content_type = kind
        response = create(self.program, uploaded(self.program, content, content_type), feed_type)
        assert response.status_code == 202, response.text
        feed: str = response.json()["feedId"]
        return feed

    def aim(self, path: str, body: str | None = None, **headers: str) -> str:
        """What AIM answers the same seller."""
        secret = base64.b64encode(f"{merchant.address('merchant')}:{merchant.PASSWORD}".encode()).decode()
        response = self.program.http.post(
            f"/exec/panama/seller-admin/{path}",
            headers={"authorization": f"Basic {secret}", **headers},
            content=(body or "").encode(),
        )
        assert response.status_code == 200, response.text
        return response.text

    def upload(self, mode: str, content: str) -> str:
        answer = self.aim(f"catalog-upload/{mode}", content, BatchID="Y")
        return answer.removeprefix("<BatchID>").removesuffix("</BatchID>")

    def batch(self, number: str) -> str:
        """What get-batches says of a batch once it is done."""
        wait_for(lambda: f"batchid={number} status=Done" in self.aim("catalog-upload/get-batches"), PATIENCE)
        return self.aim("catalog-upload/get-batches").partition(f"batchid={number} ")[2].partition("</Batch>")[0]

    def reached(self, feed: str, attempt: int, applied: int) -> None:
        """Wait until so many rows are committed, and what comes next is under way in this attempt."""
        asyncio.run(_reached(database_url(self.server), feed, (attempt, applied)))

    def attempts(self, feed: str) -> int:
        [row] = self.rows("select attempt from submissions where seller_id = $1 and submission_id = $2", feed)
        attempts: int = row["attempt"]
        return attempts

    def report(self, feed: str) -> bytes:
        """What the report says once the feed is done."""
        found = ended(self.program, feed)
        assert found["processingStatus"] == "DONE"
        return downloaded(self.program, found["resultFeedDocumentId"])

    def available(self) -> dict[str, int]:
        rows = self.rows("select item, quantity from balances where seller_id = $1 and account = 'M_AVAIL'")
        return {row["item"]: row["quantity"] for row in rows}

    def submitted(self) -> dict[str, int]:
        rows = self.rows(
            "select sku, (availability -> 'DEFAULT' -> 'quantity')::int as quantity from listings where seller_id = $1"
        )
        return {row["sku"]: row["quantity"] for row in rows}

    def moves(self, feed: str) -> list[tuple[str, int]]:
        """The units of each line by which a feed set what is available."""
        rows = self.rows(
            "select item, delta from lines join entries using (seller_id, seq)"
            " where seller_id = $1 and event = 'M01' and reference = $2 and account = 'M_AVAIL' order by item",
            feed,
        )
        return [(row["item"], row["delta"]) for row in rows]

    def sell_one(self) -> None:
        self.program.world("place_order", sku=SOLD, quantity=1)


async def _reached(url: str, feed: str, wanted: tuple[int, int]) -> None:
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(PATIENCE):
            question = "select status, attempt, applied from submissions where submission_id = $1"
            while (row := await connection.fetchrow(question, feed)) and (row["attempt"], row["applied"]) != wanted:
                assert row["status"] in ("IN_QUEUE", "IN_PROGRESS"), row
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


@contextmanager
def slow_steps(scene: Scene) -> Iterator[None]:
    for statement in LINGER:
        sql(database_url(scene.server), statement)
    try:
        yield
    finally:
        sql(database_url(scene.server), "drop function linger cascade")


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    # Not below pytest's own directory, which the user that runs the embedded database cannot reach.
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = RunningServer(Path(directory) / "data", ("--limits", "off"))
        try:
            server.start()
            seller = asyncio.run(merchant.seed(database_url(server), DataDirectory(server.data), LISTINGS))
            credentials = {"seller_id": seller.seller_id, "spapi": msgspec.to_builtins(seller.credentials)}
            made = Scene(server, Program(server, credentials))
            yield made
            made.program.http.close()
        finally:
            server.stop()


def new_quantities(rows: int, least: int) -> dict[str, int]:
    """Quantities of so many listings, in no order that helps."""
    return {merchant.sku(number * 7919 % LISTINGS): least + number % 97 for number in range(rows)}


def patches(seller_id: str, quantities: dict[str, int]) -> bytes:
    """A feed that patches quantities, and deletes what is not there."""
    missing: list[dict[str, Any]] = [{"sku": sku, "operationType": "DELETE"} for sku in UNKNOWN]
    changes = [
        {
            "sku": sku,
            "operationType": "PATCH",
            "productType": "PRODUCT",
            "patches": [{"op": "replace", "path": f"/attributes/{AVAILABILITY}", "value": [channel("DEFAULT", units)]}],
        }
        for sku, units in quantities.items()
    ]
    messages = [{"messageId": number, **message} for number, message in enumerate(changes + missing, 1)]
    return json.dumps({"header": {"sellerId": seller_id, "version": "2.0"}, "messages": messages}).encode()


def flat_file(quantities: dict[str, int]) -> bytes:
    """A file that sets prices and quantities, also of what is not there."""
    rows = {**quantities, **dict.fromkeys(UNKNOWN, 1)}
    lines = [f"{sku}\t{units}.25\t{units}\n" for sku, units in rows.items()]
    return ("sku\tprice\tquantity\n" + "".join(lines)).encode()


def test_a_json_feed_survives_three_kills_of_its_worker(scene: Scene) -> None:
    quantities = new_quantities(PATCHES - len(UNKNOWN), least=100)
    before = scene.available()

    with slow_steps(scene):
        feed = scene.submit(JSON, patches(scene.program.seller_id, quantities))
        # In the first chunk, in the second one, and when all is applied but the report is not kept.
        for kill, applied in enumerate((0, CHUNK // FIRST, PATCHES)):
            scene.reached(feed, kill + 1, applied)
            time.sleep(0.1 * kill)
            kill_worker(scene.server)
            if applied == CHUNK // FIRST:
                scene.sell_one()
        report = json.loads(scene.report(feed))

    assert scene.attempts(feed) == 4
    assert scene.moves(feed) == sorted((sku, units - before[sku]) for sku, units in quantities.items())
    assert scene.available() == {**before, **quantities, SOLD: quantities[SOLD] - 1}
    assert scene.submitted() == {**before, **quantities}
    assert report["summary"]["messagesAccepted"] == len(quantities)
    assert sorted(issue["sku"] for issue in report["issues"]) == UNKNOWN


def kill_worker(server: RunningServer) -> None:
    assert server.process is not None
    [worker] = children(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not alive(worker))


def test_a_flat_file_survives_a_kill_of_the_server(scene: Scene) -> None:
    quantities = new_quantities(LISTINGS, least=1000)
    before = scene.available()

    with slow_steps(scene):
        feed = scene.submit(FLAT, flat_file(quantities))
        scene.reached(feed, 1, CHUNK // FIRST)
        scene.server.stop(signal.SIGKILL)
        scene.server.start()
        scene.sell_one()
        report = scene.report(feed).decode()

    prices = scene.rows(
        "select sku, offers -> $2 #> '{our_price,0,schedule,0,value_with_tax}' as price from listings"
        " where seller_id = $1",
        f"{US}|USD|ALL",
    )
    assert scene.attempts(feed) >= 2
    assert scene.moves(feed) == sorted((sku, units - before[sku]) for sku, units in quantities.items())
    assert scene.available() == {**quantities, SOLD: quantities[SOLD] - 1}
    assert scene.submitted() == quantities
    assert {row["sku"]: row["price"] for row in prices} == {sku: f"{units}.25" for sku, units in quantities.items()}
    assert f"records successful\t\t{LISTINGS}" in report
    assert [report.count(f"\t{sku}\t") for sku in UNKNOWN] == [1, 1, 1]


def test_an_aim_file_survives_a_kill_of_its_worker(scene: Scene) -> None:
    quantities = new_quantities(LISTINGS, least=2000)
    before = scene.available()
    lines = [f"{sku}\t{units}.75\t{units}\r\n" for sku, units in quantities.items()]
    missing = [f"{sku}\t1\t1\r\n" for sku in UNKNOWN]

    with slow_steps(scene):
        batch = scene.upload("modify-only", "sku\tprice\tquantity\r\n" + "".join(missing + lines))
        scene.reached(batch, 1, CHUNK // FIRST)
        kill_worker(scene.server)
        scene.sell_one()
        told = scene.batch(batch)

    assert scene.attempts(batch) == 2
    assert f"activateditems={LISTINGS} numberofwarnings=0 itemsnotacivated={len(UNKNOWN)} " in told
    assert scene.moves(batch) == sorted((sku, units - before[sku]) for sku, units in quantities.items())
    assert scene.available() == {**quantities, SOLD: quantities[SOLD] - 1}
    log = scene.aim("download/errorlog", BatchID=batch)
    assert [log.count(f"\t{sku}\t") for sku in UNKNOWN] == [1, 1, 1]


def test_a_purge_survives_kills_of_its_worker(scene: Scene) -> None:
    stock = {sku: units for sku, units in scene.available().items() if units}

    batch = scene.upload("purge-replace", "sku\tprice\tquantity\r\n")
    for kill in range(3):
        scene.reached(batch, kill + 1, 0)
        time.sleep(0.2 * kill)
        kill_worker(scene.server)
    told = scene.batch(batch)

    assert "activateditems=0 numberofwarnings=0 itemsnotacivated=0 " in told
    assert set(scene.available().values()) == {0}
    gone = scene.rows(
        "select item, quantity from moves join entries using (seller_id, seq)"
        " where seller_id = $1 and event = 'M10' and reference = $2 order by item",
        batch,
    )
    assert [tuple(row) for row in gone] == sorted(stock.items())


def test_after_all_that_the_books_are_clean(scene: Scene) -> None:
    assert json_command(scene.server, "verify")["clean"]
