"""AIM's three modes, done on a real ledger: what each row leaves behind, what is said of it, and nothing twice."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from entrepot.domain import commands as c
from entrepot.domain.ledger import Origin
from entrepot.feeds import aim_inventory, purging
from entrepot.feeds.findings import Finding
from entrepot.feeds.job import Job, Result
from entrepot.services.documents import Documents
from entrepot.services.submissions import New, Submissions
from entrepot.services.verification import verify
from entrepot.storage import submissions as storage
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from tests.cast import CA, US, Player, new_player

HEADER = "sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\titem-name"
BOOK = "0306406152"
LAMP = f"A-1\t{BOOK}\t2\t9.99\t11\t5\ta\tA lamp"


@dataclass
class Shop:
    """A seller, and what he uploads."""

    player: Player
    documents: Documents

    async def job(
        self, mode: str, content: bytes, format: str = "TabDelimited", strict: bool = False, **options: str
    ) -> Job:
        name = await self.documents.announce(self.player.id, "text/xml", "NA")

        async def body() -> AsyncIterator[bytes]:
            yield content

        await self.documents.upload(self.player.id, name, body())
        new = New(mode, "aim", [US], name, {"format": format, **options}, strict)
        submission_id = await Submissions(self.player.database).submit(self.player.id, new, Origin("aim", "seller"))
        return await self.attempt(submission_id)

    async def attempt(self, submission_id: str) -> Job:
        """As a worker that has just claimed it."""
        async with self.player.database.write() as connection:
            await connection.execute(
                "update submissions set status = 'IN_PROGRESS', attempt = attempt + 1 where submission_id = $1",
                submission_id,
            )
            submission = await storage.find(connection, self.player.id, submission_id)
        assert submission is not None
        return Job(submission, self.player.database, self.player.ledger, self.documents, submission.applied)

    async def upload(self, mode: str, *rows: str, header: str = HEADER, **more: Any) -> tuple[Result, list[Finding]]:
        job = await self.job(f"AIM_{mode}", "\r\n".join([header, *rows, ""]).encode(), **more)
        result = await aim_inventory.process(job)
        findings = await job.findings()
        async with self.player.database.write() as connection:
            assert await storage.finish(
                connection, job.submission, result.status, None, result.counts, job.submission.created_at
            )
        return result, findings

    async def stock(self) -> dict[str, tuple[int, str | None]]:
        """Quantity and price of each listing that is there."""
        rows = await self.player.fetch(
            """
            select l.sku, coalesce(b.quantity, 0) as quantity,
                   l.offers -> $2 #>> '{our_price,0,schedule,0,value_with_tax}' as price
            from listings l left join balances b
                on b.seller_id = l.seller_id and b.item = l.sku and b.account = 'M_AVAIL'
            where l.seller_id = $1 and l.deleted_at is null order by l.sku
            """,
            f"{US}|USD|ALL",
        )
        return {row["sku"]: (row["quantity"], row["price"]) for row in rows}

    async def entries(self) -> int:
        [row] = await self.player.fetch("select last_seq from ledgers where seller_id = $1")
        count: int = row["last_seq"]
        return count


@pytest_asyncio.fixture
async def shop(database: Database, tmp_path: Path) -> Shop:
    return Shop(await new_player(database, (US, CA)), Documents(database, ByteStore.open(tmp_path / "documents")))


def numbers(result: Result) -> dict[str, int]:
    return {name: count for name, count in result.counts.items() if name != "processed"}


def said(findings: list[Finding]) -> list[tuple[int, str, str]]:
    return [(finding.number, finding.sku, finding.attribute) for finding in findings if finding.severity == "ERROR"]


async def test_a_row_adds_a_listing_with_its_product_price_and_quantity(shop: Shop) -> None:
    result, findings = await shop.upload("ADD_MODIFY_DELETE", LAMP)

    assert (result.status, result.body, findings) == ("DONE", None, [])
    assert numbers(result) == {"activated": 1, "rejected": 0, "warnings": 0}
    assert await shop.stock() == {"A-1": (5, "9.99")}
    [row] = await shop.player.fetch("select asin, condition from skus where seller_id = $1")
    assert tuple(row) == (BOOK, "NewItem")
    assert (await verify(shop.player.database, seller_id=shop.player.id)).clean


async def test_the_same_row_again_with_another_price_and_quantity_changes_only_these(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)
    before = await shop.entries()

    result, _ = await shop.upload("ADD_MODIFY_DELETE", LAMP.replace("9.99", "8.5").replace("\t5\t", "\t7\t"))

    assert result.counts["activated"] == 1
    assert await shop.stock() == {"A-1": (7, "8.50")}
    assert await shop.entries() == before + 1  # one M01, by the thousand


async def test_another_description_is_taken_over(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    await shop.upload("ADD_MODIFY_DELETE", LAMP.replace("A lamp", "A better lamp"))

    [row] = await shop.player.fetch(
        "select attributes -> 'item_name' -> 0 ->> 'value' as name from listing_attributes where seller_id = $1"
    )
    assert row["name"] == "A better lamp"


async def test_d_takes_a_listing_off_sale_and_an_unknown_one_is_named(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    result, findings = await shop.upload("ADD_MODIFY_DELETE", "A-1\t\t\t\t\t\td\t", "B-2\t\t\t\t\t\td\t")

    assert result.counts == {"processed": 2, "activated": 0, "rejected": 1, "warnings": 0}
    assert said(findings) == [(2, "B-2", "")]
    assert await shop.stock() == {}


async def test_a_new_listing_needs_a_quantity_in_the_words_of_2007(shop: Shop) -> None:
    result, findings = await shop.upload("ADD_MODIFY_DELETE", LAMP.replace("\t5\t", "\t\t"), LAMP.replace("A-1", "A-2"))

    assert numbers(result) == {"activated": 1, "rejected": 1, "warnings": 0}
    assert findings[0].message == (
        "A non-zero value is required in the 'quantity' column.  Please fix the error and resubmit."
    )
    assert await shop.stock() == {"A-2": (5, "9.99")}


async def test_a_blank_quantity_leaves_what_is_there(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    await shop.upload("ADD_MODIFY_DELETE", LAMP.replace("\t5\t", "\t\t").replace("9.99", "7"))

    assert await shop.stock() == {"A-1": (5, "7.00")}


async def test_bad_rows_are_named_and_the_good_ones_land(shop: Shop) -> None:
    rows = [LAMP.replace("A-1", f"A-{n}") for n in range(5)]
    rows[2] = rows[2].replace("9.99", "cheap")

    result, findings = await shop.upload("ADD_MODIFY_DELETE", *rows)

    assert numbers(result) == {"activated": 4, "rejected": 1, "warnings": 0}
    assert said(findings) == [(3, "A-2", "price")]
    assert list(await shop.stock()) == ["A-0", "A-1", "A-3", "A-4"]


async def test_modify_only_never_creates_and_quantity_0_takes_off_sale(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP, LAMP.replace("A-1", "A-2"))

    result, findings = await shop.upload(
        "MODIFY_ONLY", "A-1\t\t0", "A-2\t1.25\t", "NONE\t5\t5", header="sku\tprice\tquantity"
    )

    assert numbers(result) == {"activated": 1, "rejected": 1, "warnings": 0}
    assert said(findings) == [(3, "NONE", "")]
    assert await shop.stock() == {"A-1": (0, "9.99"), "A-2": (5, "1.25")}


async def test_rows_about_one_sku_are_done_in_their_order(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP, LAMP.replace("\t5\ta", "\t\td"), LAMP.replace("\t5\t", "\t3\t"))

    assert await shop.stock() == {"A-1": (3, "9.99")}


async def test_purge_replace_makes_the_shop_what_the_file_says(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP, LAMP.replace("A-1", "A-2"), LAMP.replace("A-1", "A-3"))

    result, findings = await shop.upload(
        "PURGE_REPLACE", LAMP, LAMP.replace("A-1", "A-2").replace("\t5\t", "\t9\t"), LAMP.replace("A-1", "B-1")
    )

    assert (findings, result.counts["activated"]) == ([], 3)
    assert await shop.stock() == {"A-1": (5, "9.99"), "A-2": (9, "9.99"), "B-1": (5, "9.99")}
    gone = await shop.player.fetch(
        "select item from moves join entries using (seller_id, seq)"
        " where seller_id = $1 and event = 'M10' and reason = 'PURGE'"
    )
    assert [row["item"] for row in gone] == ["A-3"]
    assert (await verify(shop.player.database, seller_id=shop.player.id)).clean


async def test_the_same_purge_again_posts_nothing(shop: Shop) -> None:
    rows = [LAMP.replace("A-1", f"A-{n}").replace("9.99", "10.00") for n in range(5)]
    await shop.upload("PURGE_REPLACE", *rows)
    before = await shop.entries(), await shop.stock()

    result, _ = await shop.upload("PURGE_REPLACE", *rows)

    assert numbers(result) == {"activated": 5, "rejected": 0, "warnings": 0}
    assert (await shop.entries(), await shop.stock()) == before


async def test_a_purge_sells_again_what_was_sold_meanwhile(shop: Shop) -> None:
    await shop.upload("PURGE_REPLACE", LAMP)
    await shop.player.do(c.PlaceOrder("A-1", 2, channel="MFN"))

    await shop.upload("PURGE_REPLACE", LAMP)

    assert await shop.stock() == {"A-1": (5, "9.99")}


async def test_a_header_only_purge_empties_the_shop_but_not_the_warehouse(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP, LAMP.replace("A-1", "A-2"))
    await shop.player.offer("FBA")

    result, findings = await shop.upload("PURGE_REPLACE")

    assert (result.status, findings) == ("DONE", [])
    assert list(await shop.stock()) == ["FBA"]


async def test_a_bad_row_does_not_take_its_listing_away(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    await shop.upload("PURGE_REPLACE", LAMP.replace("9.99", "cheap"))

    assert await shop.stock() == {"A-1": (5, "9.99")}


async def test_a_purge_goes_on_behind_a_row_whose_sku_is_none(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP, LAMP.replace("A-1", "A-2"))

    result, findings = await shop.upload("PURGE_REPLACE", LAMP, LAMP.replace("A-1", ""), LAMP.replace("A-1", "A" * 41))

    assert (result.status, numbers(result)) == ("DONE", {"activated": 1, "rejected": 2, "warnings": 0})
    assert said(findings) == [(2, "", "sku"), (3, "A" * 41, "sku")]
    assert await shop.stock() == {"A-1": (5, "9.99")}


async def test_a_row_with_a_cell_too_many_does_not_take_its_listing_away(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    await shop.upload("PURGE_REPLACE", f"{LAMP}\tshifted")

    assert await shop.stock() == {"A-1": (5, "9.99")}


async def test_a_bad_row_is_not_activated_though_what_can_be_read_of_it_is_on_sale(shop: Shop) -> None:
    header = f"{HEADER}\thandling-time"
    await shop.upload("PURGE_REPLACE", f"{LAMP}\t", header=header)

    result, findings = await shop.upload("PURGE_REPLACE", f"{LAMP}\tsoon", header=header)

    assert numbers(result) == {"activated": 0, "rejected": 1, "warnings": 0}
    assert said(findings) == [(1, "A-1", "handling-time")]


async def test_a_purge_takes_away_the_bounds_that_it_does_not_say_again(shop: Shop) -> None:
    bounded = f"{HEADER}\tminimum-seller-allowed-price\thandling-time"
    await shop.upload("PURGE_REPLACE", f"{LAMP}\t5.00\t3", header=bounded)

    await shop.upload("PURGE_REPLACE", f"{LAMP}\t\t", header=bounded)

    [row] = await shop.player.fetch("select availability, offers from listings where seller_id = $1")
    assert "minimum" not in row["offers"]
    assert "lead_time" not in row["availability"]


async def test_a_purge_is_for_fewer_than_so_many_listings_where_fidelity_is_strict(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PURGE_MAX", 1)
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    strict, _ = await shop.upload("PURGE_REPLACE", strict=True)
    stock = await shop.stock()
    forgiving, _ = await shop.upload("PURGE_REPLACE")

    assert (strict.status, stock) == ("FATAL", {"A-1": (5, "9.99")})
    assert (forgiving.status, await shop.stock()) == ("DONE", {})


async def test_a_file_that_is_none_fails_and_changes_nothing(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    result, _ = await shop.upload("PURGE_REPLACE", "1\t2", header="what\never")

    assert (result.status, result.counts) == ("FATAL", {})
    assert await shop.stock() == {"A-1": (5, "9.99")}


@pytest.mark.parametrize("mode", ["AIM_ADD_MODIFY_DELETE", "AIM_PURGE_REPLACE"])
async def test_an_attempt_goes_on_where_the_one_before_was_killed(
    shop: Shop, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aim_inventory, "CHUNK", 4)
    rows = [LAMP.replace("A-1", f"A-{n:02}") for n in range(20)]
    rows[7] = rows[7].replace("9.99", "cheap")
    first = await shop.job(mode, "\n".join([HEADER, *rows]).encode())
    killed = _killed_after(first, 9)
    with pytest.raises(KeyboardInterrupt):
        await aim_inventory.process(killed)
    await shop.player.do(c.PlaceOrder("A-00", 1, channel="MFN"))

    second = await shop.attempt(first.submission_id)
    result = await aim_inventory.process(second)

    assert numbers(result) == {"activated": 19, "rejected": 1, "warnings": 0}
    assert said(await second.findings()) == [(8, "A-07", "price")]
    stock = await shop.stock()
    assert (stock.pop("A-00"), set(stock.values()), len(stock)) == ((4, "9.99"), {(5, "9.99")}, 18)


def _killed_after(job: Job, applied: int) -> Job:
    progress = job.progress

    async def dying(connection: Any, done: int, *more: Any) -> None:
        await progress(connection, done, *more)
        if done > applied:
            raise KeyboardInterrupt  # before the commit

    job.progress = dying  # type: ignore[assignment,method-assign]
    return job


def test_the_rows_of_these_tests_have_as_many_cells_as_the_header() -> None:
    assert len(next(csv.reader(StringIO(LAMP), delimiter="\t"))) == len(HEADER.split("\t"))


NAMELESS = "sku\tprice\tquantity\titem-condition\ttitle"


async def test_without_match_and_create_an_item_without_product_id_is_refused(shop: Shop) -> None:
    row = "A\t5\t1\t2\tOf winds and tides"

    refused, findings = await shop.upload("ADD_MODIFY_DELETE", row, header=NAMELESS, asin_match_create="N")
    created, _ = await shop.upload("ADD_MODIFY_DELETE", row, header=NAMELESS, asin_match_create="Y")

    assert (refused.counts["activated"], [finding.code for finding in findings]) == (0, ["5501"])
    assert created.counts["activated"] == 1


async def test_asinate_finds_a_book_without_isbn_by_its_title(shop: Shop) -> None:
    first = "A\t5\t1\t2\tOf winds and tides"
    await shop.upload("ADD_MODIFY_DELETE", first, header=NAMELESS)

    await shop.upload("ADD_MODIFY_DELETE", first.replace("A", "B").upper(), header=NAMELESS, asinate="Y")
    await shop.upload("ADD_MODIFY_DELETE", first.replace("A", "C"), header=NAMELESS)

    rows = await shop.player.fetch("select sku, asin from skus where seller_id = $1 order by sku")
    asins = {row["sku"]: row["asin"] for row in rows}
    assert asins["A"] == asins["B"] != asins["C"]


async def test_what_the_request_says_holds_for_rows_that_say_nothing_else(shop: Shop) -> None:
    header = f"{HEADER}\texpedited-shipping"
    rows = (f"{LAMP}\t", f"{LAMP.replace('A-1', 'A-2')}\tN")

    await shop.upload("ADD_MODIFY_DELETE", *rows, header=header)
    await shop.upload("ADD_MODIFY_DELETE", *rows, header=header, expedited="Y", upload_for="zShop")

    kept = await shop.player.fetch(
        "select attributes #>> '{expedited_shipping,0,value}' as expedited,"
        " attributes #>> '{item_is_marketplace,0,value}' as marketplace"
        " from listing_attributes where seller_id = $1 order by sku"
    )
    assert [tuple(row) for row in kept] == [("Domestic", "n"), ("N", "n")]


async def test_a_row_about_no_listing_is_told_so_in_the_words_of_the_time(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)
    await shop.upload("ADD_MODIFY_DELETE", "A-1\t\t\t\t\t\td\t")

    _, deleted = await shop.upload("ADD_MODIFY_DELETE", "A-1\t\t\t\t\t\td\t", "B-2\t\t\t\t\t\td\t")
    _, modified = await shop.upload(
        "MODIFY_ONLY", "A-1\t9.99\t", "A-1\t\t5", "B-2\t9.99\t", header="sku\tprice\tquantity"
    )

    assert [finding.message for finding in deleted] == [
        "Item with this SKU is already closed.",
        "Item with this SKU is not found in our system.",
    ]
    assert [finding.message for finding in modified] == [
        "SKU A-1 provided was not active; price was not updated.",
        "This SKU does not exist in the Amazon.com catalog. Your inventory data was not processed.",
        "This SKU does not exist in the Amazon.com catalog. Your inventory data was not processed.",
    ]


async def test_another_product_id_is_refused_with_the_code_of_old_logs_and_changes_nothing(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    _, findings = await shop.upload("ADD_MODIFY_DELETE", LAMP.replace(BOOK, "0747554323").replace("A lamp", "Other"))

    [title] = await shop.player.fetch("select title from products where seller_id = $1")
    assert [(finding.code, finding.severity) for finding in findings] == [("5503", "ERROR")]
    assert title["title"] == "A lamp"


async def test_a_purge_takes_away_what_its_row_does_not_say_again(shop: Shop) -> None:
    header = f"{HEADER}\titem-note\tauthor"
    await shop.upload("ADD_MODIFY_DELETE", f"{LAMP}\tSigned\tA. Author", header=header)

    result, findings = await shop.upload("PURGE_REPLACE", f"{LAMP}\t\t", header=header)

    [row] = await shop.player.fetch("select attributes from listing_attributes where seller_id = $1")
    assert (numbers(result), findings) == ({"activated": 1, "rejected": 0, "warnings": 0}, [])
    assert "condition_note" not in row["attributes"]
    assert "author" not in row["attributes"]


async def test_a_purge_row_that_could_not_begin_a_listing_is_an_error_and_leaves_its_own(shop: Shop) -> None:
    await shop.upload("ADD_MODIFY_DELETE", LAMP)

    result, findings = await shop.upload("PURGE_REPLACE", f"A-1\t{BOOK}\t2\t\t11\t\ta\tA lamp")

    assert (numbers(result)["rejected"], said(findings)) == (1, [(1, "A-1", "quantity")])
    assert await shop.stock() == {"A-1": (5, "9.99")}
