"""AIM end to end: an inventory file of 10 MB, the same as a purge that changes nothing, and the lite open listings.

An upload is measured from its first byte to the error log in hand. Beside it: the same bytes decoded, copied into a
temporary table and upserted in one statement; for the purge that finds nothing to do, the bytes decoded and the shop
read by the same SQL; for the report, COPY of the same columns.
"""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from bench import merchant, pages
from bench.merchant import Merchant
from bench.processes import ask, peak_of_child
from bench.results import Result, cost, speed
from bench.sizes import Sizes
from bench.world import MARKETPLACE, World
from entrepot.datadir import DataDirectory
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds import aim_file
from entrepot.storage import shop

MOST_TIMES: Final = 3.0
MOST_TIMES_UNCHANGED: Final = 1.5
LEAST_SHARE: Final = 0.5
MOST_MEGABYTES: Final = 300.0
MOST_MEGABYTES_REPORTED: Final = 200.0
_PATIENCE_SECONDS: Final = 600.0
_PATH: Final = "/exec/panama/seller-admin"

Tell = Callable[[str], None]
Row = tuple[Any, ...]

_HEADER: Final = (
    "sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\twill-ship-internationally\t"
    "expedited-shipping\titem-note\titem-name\n"
)


def document(rows: int, turn: int, first: int = 0) -> bytes:
    """A file about the listings from `first` on, in no order that helps; price and quantity are new each turn."""
    numbers = list(range(first, first + rows))
    random.Random(turn).shuffle(numbers)
    return (_HEADER + "".join(_line(number, turn) for number in numbers)).encode()


def _line(number: int, turn: int) -> str:
    price, quantity = f"{5 + (number + turn) % 90}.{(number * 7 + turn) % 100:02d}", 1 + (number * 13 + turn) % 500
    return (
        f"{merchant.sku(number)}\t{_isbn(number)}\t2\t{price}\t{1 + number % 4}\t{quantity}\ta\t1\tN\t"
        f"Clean copy, number {number}\tThe book of number {number}\n"
    )


def _isbn(number: int) -> str:
    digits = f"{number + 30_000_000:09d}"
    check = -sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 11
    return digits + ("X" if check == 10 else str(check))


def _decode(content: bytes) -> list[Row]:
    return [
        (sku, product, int(kind), Decimal(price), int(condition), int(quantity), *rest)
        for sku, product, kind, price, condition, quantity, *rest in (
            line.split("\t") for line in content.decode().split("\n")[1:-1]
        )
    ]


def steps(sizes: Sizes) -> int:
    return 2 + 2 * (1 + sizes.feeds) + sizes.feeds + 1 + sizes.feeds


def measure(world: World, url: str, data: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    """All rows; PostgreSQL is running, and no server."""
    tell(f"seeding {sizes.listings:,} listings")
    seller = uvloop.run(merchant.seed(url, DataDirectory(data), sizes.listings, "bookshop"))
    uvloop.run(_prepare(url, seller, sizes.aim_rows))
    tell(f"seeding {sizes.reported:,} listings")
    large = uvloop.run(merchant.seed(url, DataDirectory(data), sizes.reported, "warehouse"))
    results = []
    with pages.entrepot_server(world, data, ("--database", url)) as server:
        results.append(_open_listings(Door(server.port, "warehouse"), url, large, sizes, tell))
        tell(f"OpenListings of {sizes.reported:,} listings")
        Door(server.port, "warehouse").report("OpenListings", large.listings)
        results.append(_memory("AIM's worker after reports", server.pid, sizes.reported, MOST_MEGABYTES_REPORTED))
    with pages.entrepot_server(world, data, ("--database", url)) as server:
        door = Door(server.port, "bookshop")
        results.append(_uploads(door, url, sizes, tell))
        results.append(_unchanged(door, url, seller, sizes, tell))
        results.append(_first_uploads(door, url, sizes, tell))
        results.append(_memory("AIM's worker after files", server.pid, sizes.listings, MOST_MEGABYTES))
    return results


def _memory(name: str, server: int, listings: int, most: float) -> Result:
    return cost(
        f"memory of {name}, at its peak (at most {most:.0f} MB)", "MB", [peak_of_child(server, "worker")], [most],
        most=most, data=f"{listings:,} listings", limit_is="what it may have",
    )  # fmt: skip


async def _prepare(url: str, seller: Merchant, rows: int) -> None:
    """The listings as such a file has left them, and a table as wide as its rows with a row for each listing."""
    file = aim_file.read(document(rows, 0), "add-modify-delete", "TabDelimited", MARKETPLACES[MARKETPLACE.id])
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "update listings l set mark = i.mark from unnest($2::text[], $3::bigint[]) as i(sku, mark)"
            " where l.seller_id = $1 and l.sku = i.sku",
            seller.seller_id, file.skus, file.marks,
        )  # fmt: skip
        await connection.execute(
            """
            create table bare_books (
                seller_id text not null, sku text not null collate "C", product text, kind int, price numeric,
                condition int, quantity bigint, action text, abroad text, expedited text, note text, name text,
                primary key (seller_id, sku)
            )
            """
        )
        await connection.execute(
            "insert into bare_books select seller_id, sku, '', 2, 9.99, 1, 5, 'a', '1', 'N',"
            " 'Clean copy, number 12345', 'The book of number 12345' from listings where seller_id = $1",
            seller.seller_id,
        )
        await connection.execute("vacuum analyze listings, bare_books")
    finally:
        await connection.close()


_COLUMNS: Final = "sku, product, kind, price, condition, quantity, action, abroad, expedited, note, name"


async def _bare_upload(url: str, content: bytes) -> float:
    connection = await asyncpg.connect(url)
    try:
        seller_id = await connection.fetchval("select seller_id from bare_books limit 1")
        started = time.perf_counter()
        rows = _decode(content)
        async with connection.transaction():
            await connection.execute("create temp table incoming (like bare_books) on commit drop")
            await connection.execute("alter table incoming alter seller_id drop not null")
            await connection.execute("alter table incoming drop column seller_id")
            await connection.copy_records_to_table("incoming", records=rows)
            changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[1:])
            await connection.execute(
                f"insert into bare_books (seller_id, {_COLUMNS}) select $1, {_COLUMNS} from incoming"
                f" on conflict (seller_id, sku) do update set {changes}",
                seller_id,
            )
        return time.perf_counter() - started
    finally:
        await connection.close()


def _uploads(door: Door, url: str, sizes: Sizes, tell: Tell) -> Result:
    mine, best = [], []
    name = f"AIM add-modify-delete, {sizes.aim_rows:,} rows (at most {MOST_TIMES:.0f} times)"
    for turn in range(1 + sizes.feeds):  # the first is not counted
        tell(f"{name}, {turn or 'warming up'}")
        content = document(sizes.aim_rows, turn)
        seconds = uvloop.run(_bare_upload(url, content))
        ours = door.upload("add-modify-delete", content, sizes.aim_rows)
        if turn:
            best.append(seconds)
            mine.append(ours)
    return cost(
        name, "s", mine, best, times=MOST_TIMES, data=f"{sizes.listings:,} listings",
        limit_is="decode, COPY, one upsert of the same rows",
    )  # fmt: skip


def _first_uploads(door: Door, url: str, sizes: Sizes, tell: Tell) -> Result:
    """Files of items that are not there yet: an item is six rows in as many tables, beside one in the bare one."""
    mine, best = [], []
    name = f"AIM add-modify-delete, {sizes.aim_rows:,} new items"
    for turn in range(sizes.feeds):
        tell(f"{name}, {turn + 1}")
        content = document(sizes.aim_rows, turn, sizes.listings + turn * sizes.aim_rows)
        best.append(uvloop.run(_bare_upload(url, content)))
        mine.append(door.upload("add-modify-delete", content, sizes.aim_rows))
    return cost(
        name, "s", mine, best, data=f"{sizes.aim_rows:,} listings", limit_is="decode, COPY, one upsert of the same rows"
    )


async def _bare_read(url: str, seller: Merchant, content: bytes) -> float:
    connection = await asyncpg.connect(url)
    try:
        started = time.perf_counter()
        _decode(content)
        await shop.lines(connection, seller.seller_id, MARKETPLACE.id, f"{MARKETPLACE.id}|USD|ALL")
        return time.perf_counter() - started
    finally:
        await connection.close()


def _unchanged(door: Door, url: str, seller: Merchant, sizes: Sizes, tell: Tell) -> Result:
    mine, best = [], []
    name = f"AIM purge-replace, {sizes.aim_rows:,} rows, no change (at most {MOST_TIMES_UNCHANGED} times)"
    content = document(sizes.aim_rows, sizes.feeds)
    for turn in range(1 + sizes.feeds):  # the first takes the other listings off sale
        tell(f"{name}, {turn or 'warming up'}")
        ours = door.upload("purge-replace", content, sizes.aim_rows)
        if turn:
            mine.append(ours)
            best.append(uvloop.run(_bare_read(url, seller, content)))
    return cost(
        name, "s", mine, best, times=MOST_TIMES_UNCHANGED, data=f"{sizes.aim_rows:,} listings",
        limit_is="decode, and COPY of the shop",
    )  # fmt: skip


_LITE: Final = """
    select l.sku, b.quantity, l.offers #>> array['{marketplace}|USD|ALL', 'our_price', '0', 'schedule', '0',
        'value_with_tax'], s.asin
    from listings l join skus s using (seller_id, sku)
    join balances b on b.seller_id = l.seller_id and b.item = l.sku and b.account = 'M_AVAIL'
    where l.seller_id = '{seller}' and b.quantity > 0 and l.deleted_at is null order by l.sku
"""


async def _bare_copy(url: str, seller: Merchant) -> float:
    connection = await asyncpg.connect(url)

    async def forget(_: bytes) -> None:
        pass

    try:
        query = _LITE.format(marketplace=MARKETPLACE.id, seller=seller.seller_id)
        started = time.perf_counter()
        await connection.copy_from_query(query, output=forget)
        return time.perf_counter() - started
    finally:
        await connection.close()


def _open_listings(door: Door, url: str, seller: Merchant, sizes: Sizes, tell: Tell) -> Result:
    mine, best = [], []
    for turn in range(sizes.feeds):
        tell(f"OpenListingsLite of {seller.listings:,} listings, {turn + 1}")
        best.append(seller.listings / uvloop.run(_bare_copy(url, seller)))
        mine.append(seller.listings / door.report("OpenListingsLite", seller.listings))
    return speed(
        f"OpenListingsLite (at least {LEAST_SHARE})", "listings/s", mine, best, goal=LEAST_SHARE,
        data=f"{seller.listings:,} listings", limit_is="COPY of the same columns",
    )  # fmt: skip


@dataclass
class Door:
    """The seller at AIM's door, who identifies himself by e-mail address and password."""

    port: int
    name: str

    def upload(self, mode: str, content: bytes, rows: int) -> float:
        """Seconds until the error log of the processed file is in hand."""
        started = time.perf_counter()
        answer = self._ask(f"catalog-upload/{mode}", content, BatchID="Y")
        batch = answer.removeprefix(b"<BatchID>").removesuffix(b"</BatchID>").decode()
        line = self._until(f"batchid={batch} status=Done", "catalog-upload/get-batches", NumberofBatches="1")
        self._ask("download/errorlog", BatchID=batch)
        seconds = time.perf_counter() - started
        assert f"activateditems={rows} " in line, line
        return seconds

    def report(self, name: str, rows: int) -> float:
        """Seconds until a new report is in hand."""
        before = self._ask("manual-reports/get-report-status", ReportName=name, NumberOfReports="1")
        started = time.perf_counter()
        self._ask("manual-reports/generate-report-now", ReportName=name)
        self._until(None, "manual-reports/get-report-status", before, ReportName=name, NumberOfReports="1")
        content = self._ask("download/report", ReportName=name)
        seconds = time.perf_counter() - started
        assert content.count(b"\n") == rows + 1, content[:200]
        return seconds

    def _until(self, wanted: str | None, path: str, before: bytes = b"", **headers: Any) -> str:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._ask(path, **headers)
            if (wanted is None and answer != before) or (wanted is not None and wanted.encode() in answer):
                return answer.decode()
            assert b"status=Failed" not in answer, answer
            time.sleep(0.02)
        raise TimeoutError(path)

    def _ask(self, path: str, body: bytes | None = None, **headers: Any) -> bytes:
        secret = base64.b64encode(f"{merchant.address(self.name)}:{merchant.PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {secret}", "Content-Type": "text/xml", **headers}
        return ask(self.port, f"{_PATH}/{path}", headers, body)
