"""Batch refunds: what a file gives back, in which order its rows are judged, and the report that says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.feeds import aim_refunds, applying
from entrepot.services.batches import Batches, NewBatch
from entrepot.services.documents import Documents
from entrepot.services.ledger import Ledger
from entrepot.services.report_requests import REFUNDS
from entrepot.services.reports import Reports
from entrepot.services.submissions import Submission, Submissions
from entrepot.services.verification import verify
from entrepot.storage.database import Database
from entrepot.storage.migrate import migrate
from entrepot.worker import Worker
from tests.cast import US, Player, market, new_player, url_of
from tests.reports.making import WHO, documents_of, list_own

HEADER = "order-id\tpayments-transaction-id\trefund-amount\treason\tmessage"
REASON = "CouldNotShip"
PATIENCE = 20.0
UNTOUCHED = (
    "select account, place, sum(quantity)::bigint n from balances where seller_id = $1 group by 1, 2 order by 1, 2"
)


@dataclass(frozen=True)
class Item:
    """An order of one item."""

    order: str
    item: str

    def row(self, amount: object, reason: str = REASON, message: str = "") -> str:
        return f"{self.order}\t{self.item}\t{amount}\t{reason}\t{message}"

    def told(self, outcome: str) -> str:
        return f"{self.order}order-item-id: {self.item}\t{outcome}"


@dataclass
class Scene:
    """A seller, a worker beside him, and what he sells for 10 a unit."""

    player: Player
    documents: Documents

    async def sold(self, quantity: int = 2, *, paid: bool = True) -> Item:
        placed = await self.player.do(c.PlaceOrder("A", quantity, channel="MFN"))
        order: Any = placed.answer["order"]
        if paid:
            await self.player.do(c.VerifyPayment(order))
        items: Any = placed.answer["order_items"]
        return Item(order, items[0]["order_item"])

    async def upload(self, *rows: str, header: str = HEADER) -> Submission:
        """The submission of a file, once it has ended."""
        body = "".join(f"{row}\r\n" for row in (header, *rows)).encode()
        new = NewBatch(REFUNDS, "aim", US, {}, False, "text/xml", body)
        batches, submissions = Batches(self.player.database, self.documents), Submissions(self.player.database)
        number = await batches.upload(self.player.id, new, WHO)
        async with asyncio.timeout(PATIENCE):
            while (found := await submissions.find(self.player.id, number)).finished_at is None:
                await asyncio.sleep(0.01)
        return found

    async def report(self, submission: Submission) -> list[str]:
        """The lines of a file's report, which is listed under the number of the file."""
        reports = Reports(self.player.database, self.documents)
        listed = await reports.latest(self.player.id, [REFUNDS])
        assert listed.number == submission.submission_id
        document = await reports.document(self.player.id, listed.number)
        *lines, end = b"".join([chunk async for chunk in reports.contents(document)]).decode("cp1252").split("\r\n")
        assert end == ""
        return lines

    async def told(self, *rows: str) -> list[str]:
        return await self.report(await self.upload(*rows))

    async def refunded(self) -> list[int]:
        return [
            row[0]
            for row in await self.player.fetch("select refunded from order_items where seller_id = $1 order by 1")
        ]


@pytest_asyncio.fixture
async def scene(fresh_database_url: str, postgres: str, tmp_path: Path) -> AsyncIterator[Scene]:
    await migrate(fresh_database_url)
    database = await Database.open(fresh_database_url)
    player = await new_player(database)
    await list_own(player, "A", 900, price=10)
    documents = documents_of(player, tmp_path)
    worker = Worker(await url_of(database, postgres), database, Ledger(database), documents, poll=0.02)
    task = asyncio.create_task(worker.run())
    yield Scene(player, documents)
    worker.stop()
    await asyncio.wait_for(task, PATIENCE)
    report = await verify(database, seller_id=player.id)
    await database.close()
    assert report.clean, [str(difference) for check in report.checks for difference in check.differences]


async def test_money_goes_back_and_the_report_says_so(scene: Scene) -> None:
    sold = await scene.sold()
    stock = await scene.player.fetch(UNTOUCHED)

    submission = await scene.upload(sold.row("10.0"))

    assert await scene.report(submission) == [sold.told("SUCCESS 10.00 is Refunded.")]
    assert submission.counts == {"activated": 1, "rejected": 0, "warnings": 0}
    assert await scene.refunded() == [1000]
    assert await scene.player.fetch(UNTOUCHED) == stock


async def test_each_row_is_told_of_in_the_order_of_the_file(scene: Scene) -> None:
    one, other = await scene.sold(), await scene.sold()

    lines = await scene.told(one.row("21"), other.row("5"), one.row("1.50", "GeneralAdjustment", "Sorry"))

    assert lines == [
        one.told(f"FAILURE Order item '{one.item}': 20.00 USD of what was paid for it are left to refund."),
        other.told("SUCCESS 5.00 is Refunded."),
        one.told("SUCCESS 1.50 is Refunded."),
    ]


async def test_rows_are_judged_in_the_order_of_the_rules(scene: Scene) -> None:
    sold, unpaid, cancelled = await scene.sold(), await scene.sold(paid=False), await scene.sold()
    await scene.player.do(c.CancelOrder(cancelled.order))
    nowhere, foreign = Item("1-2-3", sold.item), Item(sold.order, unpaid.item)
    rows = {
        f"{sold.order}\t{sold.item}\t1\t{REASON}": "The row has 4 columns, not 5.",
        nowhere.row("x", "y"): "There is no order '1-2-3'.",
        foreign.row("x", "y"): f"Order '{sold.order}' has no order item '{unpaid.item}'.",
        unpaid.row("x", "y"): f"Order '{unpaid.order}' has not been paid for.",
        cancelled.row("1"): f"Order '{cancelled.order}' has not been paid for.",
        sold.row("x", "y"): "'refund-amount' must be an amount with at most 2 decimals, as 12.50.",
        sold.row("0", "y"): "'refund-amount' must be more than 0.00.",
        sold.row("-1"): "'refund-amount' must be an amount with at most 2 decimals, as 12.50.",
        sold.row("1.001"): "An amount in USD has at most 2 decimals.",
    }  # fmt: skip

    lines = await scene.told(*rows)

    assert [line.partition("\tFAILURE ")[2] for line in lines] == list(rows.values())
    assert lines[0].startswith(f"{sold.order}order-item-id: {sold.item}\t")
    assert await scene.refunded() == [0, 0, 0]


async def test_an_unknown_reason_is_refused_after_the_amount(scene: Scene) -> None:
    sold = await scene.sold()

    [line] = await scene.told(sold.row("99999", "Mood"))

    assert "'Mood' is not one of the reasons GeneralAdjustment, CouldNotShip" in line


async def test_the_same_row_twice_in_a_file_counts_once(scene: Scene) -> None:
    sold = await scene.sold()

    lines = await scene.told(sold.row("5"), sold.row("5.00"), sold.row("5", message="Again"))

    assert lines[0::2] == [sold.told("SUCCESS 5.00 is Refunded.")] * 2
    assert lines[1] == sold.told("FAILURE The row says the same as row 1 of this file.")
    assert await scene.refunded() == [1000]


async def test_a_repetition_of_what_cannot_be_paid_is_told_that(scene: Scene) -> None:
    sold = await scene.sold()

    lines = await scene.told(sold.row("15"), sold.row("15"))

    assert lines[1] == sold.told(f"FAILURE Order item '{sold.item}': 5.00 of what was paid for it are left to refund.")


async def test_equal_refunds_in_different_files_are_different_refunds(scene: Scene) -> None:
    sold, other = await scene.sold(), await scene.sold()

    await scene.told(sold.row("5"))
    lines = await scene.told(sold.row("5"), other.row("1"))

    assert lines[0] == sold.told("SUCCESS 5.00 is Refunded.")
    assert await scene.refunded() == [100, 1000]


async def test_a_file_applied_twice_refunds_once(scene: Scene) -> None:
    sold, other = await scene.sold(), await scene.sold()
    rows = [sold.row("5"), other.row("2")]

    await scene.upload(*rows)
    await scene.player.advance(timedelta(hours=23, minutes=59))
    again = await scene.upload(*rows)

    repeated = "FAILURE The same file was processed within the last 24 hours."
    assert await scene.report(again) == [sold.told(repeated), other.told(repeated)]
    assert again.counts == {"activated": 0, "rejected": 2, "warnings": 0}
    assert await scene.refunded() == [200, 500]


async def test_a_day_later_the_same_file_is_another_one(scene: Scene) -> None:
    sold = await scene.sold()

    await scene.upload(sold.row("5"))
    await scene.player.advance(timedelta(hours=24))
    lines = await scene.told(sold.row("5"))

    assert lines == [sold.told("SUCCESS 5.00 is Refunded.")]
    assert await scene.refunded() == [1000]


async def test_a_file_that_gave_nothing_back_may_come_again(scene: Scene) -> None:
    sold = await scene.sold(paid=False)

    await scene.upload(sold.row("5"))
    await scene.player.do(c.VerifyPayment(sold.order))
    lines = await scene.told(sold.row("5"))

    assert lines == [sold.told("SUCCESS 5.00 is Refunded.")]


async def test_nobody_refunds_or_learns_of_another_sellers_order(scene: Scene) -> None:
    other = await new_player(scene.player.database)
    await list_own(other, "A", 5, price=10)
    his = await Scene(other, scene.documents).sold()

    [line] = await scene.told(his.row("5"))

    assert line == his.told(f"FAILURE There is no order '{his.order}'.")


@pytest.mark.parametrize(
    "header", ["order-id\trefund-amount", "", HEADER.replace("reason\tmessage", "message\treason")]
)
async def test_another_header_refuses_the_whole_file(scene: Scene, header: str) -> None:
    sold = await scene.sold()

    submission = await scene.upload(sold.row("5"), header=header)

    assert submission.status == "FATAL"
    assert await scene.refunded() == [0]
    assert await Reports(scene.player.database, scene.documents).finished(scene.player.id, [REFUNDS], 9) == []


async def test_a_file_without_rows_has_an_empty_report(scene: Scene) -> None:
    submission = await scene.upload()

    assert await scene.report(submission) == []


async def test_after_a_crash_each_row_was_done_once_and_the_report_tells_all(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [await scene.sold() for _ in range(6)]
    calls = 0
    done = applying.perform

    async def dying(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        findings = await done(*arguments)
        if calls in (2, 4):
            raise ConnectionResetError("the worker dies before this is committed")
        return findings

    monkeypatch.setattr(aim_refunds, "perform", dying)
    monkeypatch.setattr(aim_refunds, "COMMANDS", 2)
    rows = [item.row("99" if number == 0 else number) for number, item in enumerate(items)]

    lines = await scene.told(*rows)

    assert [line.partition("\t")[2].split()[0] for line in lines] == ["FAILURE"] + ["SUCCESS"] * 5
    assert await scene.refunded() == [0, 100, 200, 300, 400, 500]
    entries = [entry["event"] for entry in await scene.player.journal()]
    assert entries.count("M12") == 5


async def test_yen_have_no_decimals(tmp_path: Path, scene: Scene) -> None:
    marketplace = market("JP")
    player = await new_player(scene.player.database, [marketplace])
    await list_own(player, "A", 5, marketplace, price=1200)
    there = Scene(player, scene.documents)
    sold = await there.sold()
    body = f"{HEADER}\n{sold.row('100')}\n{sold.row('100.5')}\n".encode()
    new = NewBatch(REFUNDS, "aim", marketplace, {}, False, "text/xml", body)

    number = await Batches(player.database, there.documents).upload(player.id, new, WHO)
    async with asyncio.timeout(PATIENCE):
        while not await Reports(player.database, there.documents).finished(player.id, [REFUNDS], 1):
            await asyncio.sleep(0.01)
    lines = await there.report(await Submissions(player.database).find(player.id, number))

    assert lines[0] == sold.told("SUCCESS 100 is Refunded.")
    assert "FAILURE" in lines[1]
