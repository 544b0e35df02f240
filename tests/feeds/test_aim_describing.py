"""Rows that describe items anew go by the thousand; what they leave is what they leave as commands, one by one. And
whatever was there before, after a purge exactly that is on sale which its file says (invariant 31)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from entrepot.domain import commands as c
from entrepot.feeds import aim_inventory
from entrepot.services.documents import Documents
from entrepot.services.verification import verify
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from tests.cast import CA, US, new_player
from tests.feeds.test_aim_inventory import Shop

COLUMNS = (
    "sku", "product-id", "item-condition", "price", "quantity", "add-delete", "item-name", "item-note", "author",
    "handling-time", "minimum-seller-allowed-price",
)  # fmt: skip
SKUS = ("A", "B", "C")
BOOK, OTHER_BOOK, TOY, ASIN = "0306406152", "0747554323", "4006381333931", "B00005RIH0"
ADDRESS = {"name": "Store", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}


def cells(**given: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(given).map(
        lambda said: "\t".join(said.get(name.replace("-", "_"), "") for name in COLUMNS)
    )


ROWS = cells(
    sku=st.sampled_from(SKUS),
    product_id=st.sampled_from(["", BOOK, BOOK, OTHER_BOOK, TOY, ASIN]),
    item_condition=st.sampled_from(["", "", "1", "11"]),
    price=st.sampled_from(["9.99", "9.99", "10", "", "0"]),
    quantity=st.sampled_from(["5", "5", "3", "0", ""]),
    add_delete=st.sampled_from(["a", "a", "", "d", "x"]),
    item_name=st.sampled_from(["", "A lamp", "Another lamp", "Long " * 20]),
    item_note=st.sampled_from(["", "As new", "Signed"]),
    author=st.sampled_from(["", "", "A. Author", "x" * 1001]),
    handling_time=st.sampled_from(["", "", "3"]),
    minimum_seller_allowed_price=st.sampled_from(["", "", "5", "delete"]),
)
FILES = st.tuples(
    st.sampled_from(["ADD_MODIFY_DELETE", "ADD_MODIFY_DELETE", "PURGE_REPLACE", "MODIFY_ONLY"]),
    st.lists(ROWS, max_size=4),
    st.dictionaries(st.sampled_from(["asinate", "expedited"]), st.just("Y"))
    | st.just({"asin_match_create": "N"}),
)  # fmt: skip


def listing(*channels: tuple[str, int], **more: str) -> dict[str, Any]:
    instances = [{"fulfillment_channel_code": code, "quantity": units} for code, units in channels]
    texts = {name: [{"value": value}] for name, value in more.items()}
    return {"fulfillment_availability": instances, "condition_type": [{"value": "new_new"}], **texts}


# What others do between the files, to a SKU.
STEPS: Mapping[str, Callable[[str], c.Command]] = {
    "listed": lambda sku: c.PutListing(sku, "LAMP", listing(("DEFAULT", 2), item_name="Theirs", brand="Brand"), US),
    "listed in Canada": lambda sku: c.PutListing(sku, "LAMP", listing(("DEFAULT", 2), item_name="Theirs"), CA),
    "at a location": lambda sku: c.PutListing(sku, "LAMP", listing(("S1", 4), item_name="Theirs"), US),
    "in the warehouse": lambda sku: c.CreateItem(sku, "Theirs"),
    "deleted": lambda sku: c.DeleteListing(sku),
    "ordered": lambda sku: c.PlaceOrder(sku, 1, channel="MFN"),
}
OTHERS = st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(SKUS))


@dataclass(frozen=True)
class One:
    """A seller's shop, and where its documents are."""

    shop: Shop

    @classmethod
    async def open(cls, database: Database, directory: Path) -> One:
        player = await new_player(database, (US, CA))
        await player.do(c.CreateSource("S1", "Store", ADDRESS, "S1"))
        await player.do(c.SourceStatus("S1", "Active"))
        return cls(Shop(player, Documents(database, ByteStore.open(directory))))

    async def step(self, name: str, sku: str) -> None:
        try:
            await self.shop.player.do(STEPS[name](sku))
        except Exception as problem:
            if type(problem).__module__ != "entrepot.domain.errors":
                raise

    async def stored(self) -> list[Any]:
        """Everything about items, with the ids that were allotted replaced by the order in which they are met."""
        queries = (
            "select sku, asin, fnsku, condition, barcode from skus where seller_id = $1 order by sku",
            "select sku, product_type, requirements, marketplaces, availability, offers, mark, deleted_at is null"
            " from listings where seller_id = $1 order by sku",
            "select sku, attributes from listing_attributes where seller_id = $1 order by sku",
            "select p.asin, p.gtin, p.product_type, p.title from products p where p.seller_id = $1"
            " order by (select min(sku) from skus k where k.seller_id = $1 and k.asin = p.asin), p.gtin, p.title",
            "select item, account, place, quantity from balances where seller_id = $1 and quantity <> 0"
            " and account like 'M!_%' escape '!' order by 1, 2, 3",
            "select item, account, place, sum(delta)::bigint from lines where seller_id = $1 group by 1, 2, 3"
            " having sum(delta) <> 0 order by 1, 2, 3",
        )
        met: dict[str, str] = {}
        numbers = count()

        def plain(value: Any) -> Any:
            if isinstance(value, str) and value.startswith(("{", "[")):
                return plain(json.loads(value))
            if isinstance(value, dict):
                return {name: plain(part) for name, part in value.items()}
            if isinstance(value, list):
                return [plain(part) for part in value]
            if isinstance(value, str) and len(value) == 10 and value.startswith(("B0", "BX", "X0")) and value != ASIN:
                return met.setdefault(value, f"id {next(numbers)}")
            return value

        return [[[plain(value) for value in row] for row in await self.shop.player.fetch(query)] for query in queries]

    async def on_sale(self) -> dict[str, int]:
        """What open listings show of the seller's own stock, of what the warehouse does not ship."""
        rows = await self.shop.player.fetch(
            """
            select l.sku, sum(b.quantity)::bigint as quantity from listings l
            join balances b on b.seller_id = l.seller_id and b.item = l.sku and b.account = 'M_AVAIL'
            where l.seller_id = $1 and l.deleted_at is null and l.marketplaces ? $2 and not l.availability ? 'AMAZON_NA'
            group by l.sku having sum(b.quantity) > 0
            """,
            US,
        )
        return {row["sku"]: row["quantity"] for row in rows}


HISTORIES = st.lists(FILES | OTHERS, min_size=1, max_size=6)
PLAIN = "A\t0306406152\t11\t9.99\t5\ta\tA lamp\tAs new\t\t\t"


async def nothing_at_once(connection: Any, ledger: Any, *rest: Any) -> Any:
    return ledger, set()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
@example(history=[("ADD_MODIFY_DELETE", [PLAIN], {}), ("ADD_MODIFY_DELETE", [PLAIN.replace(BOOK, OTHER_BOOK)], {})])
@example(history=[("ADD_MODIFY_DELETE", [PLAIN], {}), ("ADD_MODIFY_DELETE", [PLAIN.replace("As new", "")], {})])
@example(history=[("ADD_MODIFY_DELETE", [PLAIN], {}), ("PURGE_REPLACE", [PLAIN.replace("As new", "")], {})])
@example(history=[("at a location", "A"), ("ADD_MODIFY_DELETE", [PLAIN.replace("\t5\t", "\t0\t")], {})])
@example(history=[("at a location", "A"), ("PURGE_REPLACE", [PLAIN], {})])
async def test_described_at_once_is_as_described_one_by_one_and_a_purge_leaves_what_its_file_says(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: list[Any]
) -> None:
    at_once, one_by_one = await One.open(database, tmp_path / "1"), await One.open(database, tmp_path / "2")
    for step in history:
        if len(step) == 2:
            await at_once.step(*step)
            await one_by_one.step(*step)
            continue
        mode, rows, options = step

        done, findings = await at_once.shop.upload(mode, *rows, header="\t".join(COLUMNS), **options)
        with monkeypatch.context() as patched:
            patched.setattr(aim_inventory, "describe", nothing_at_once)
            other, others = await one_by_one.shop.upload(mode, *rows, header="\t".join(COLUMNS), **options)

        assert (done.counts, findings) == (other.counts, others), history
        assert await at_once.stored() == await one_by_one.stored(), history
        errors = {finding.number for finding in findings if finding.severity == "ERROR"}
        if mode == "PURGE_REPLACE" and not errors and len({row.split("\t")[0] for row in rows}) == len(rows):
            said = {row.split("\t")[0]: row.split("\t") for row in rows}
            expected = {sku: int(row[4]) for sku, row in said.items() if row[5] in ("", "a") and int(row[4] or 0)}
            assert await at_once.on_sale() == expected, history
    for one in (at_once, one_by_one):
        report = await verify(database, seller_id=one.shop.player.id)
        assert report.clean, [str(difference) for check in report.checks for difference in check.differences]
