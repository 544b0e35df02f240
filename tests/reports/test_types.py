"""The table of reports, and how a report becomes a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.kinds import KINDS, UPLOADS
from entrepot.reports.files import Encoding, table
from entrepot.reports.kinds import REPORTS
from entrepot.reports.types import NEWER, TYPES, of_aim, of_mws
from entrepot.services.report_requests import PREORDER
from entrepot.storage import report_listings, report_orders, report_stock
from tests.cast import UK, US, market

# Of the guides, of what live files had, and of what programs expect.
WIDTHS = {
    "GET_CONVERGED_FLAT_FILE_ORDER_REPORT_DATA": 26,
    "GET_FLAT_FILE_ORDERS_DATA": 29,
    "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT": 27,
    "GET_MERCHANT_LISTINGS_DATA_LITE": 4,
    "GET_MERCHANT_LISTINGS_DATA_LITER": 2,
    "GET_FLAT_FILE_OPEN_LISTINGS_DATA": 4,
    "GET_MERCHANT_LISTINGS_ALL_DATA": 29,
    "GET_MERCHANT_LISTINGS_DATA": 28,
    "GET_MERCHANT_LISTINGS_INACTIVE_DATA": 28,
    "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA": 21,
    "GET_FBA_MYI_ALL_INVENTORY_DATA": 21,
    "GET_AFN_INVENTORY_DATA": 6,
    "GET_AFN_INVENTORY_DATA_BY_COUNTRY": 6,
    "GET_RESERVED_INVENTORY_DATA": 9,
    "GET_LEDGER_DETAIL_VIEW_DATA": 15,
    "GET_LEDGER_SUMMARY_VIEW_DATA": 21,
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": 32,
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": 32,
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA": 24,
    "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA_SHIPPING": 28,
}
AIM = {"Order", "OrderReport", "OpenListings", "OpenListingsLite", "OpenListingsLiter", "Preorder", "BatchRefund"}


@pytest.mark.parametrize(("name", "width"), WIDTHS.items())
def test_a_report_has_as_many_columns_as_the_real_one(name: str, width: int) -> None:
    columns = TYPES[name].columns

    assert len(set(columns)) == len(columns) == width


def test_the_newer_generations_know_what_is_named_as_theirs_and_aim_what_it_has_a_name_for() -> None:
    assert set(NEWER) == set(WIDTHS)
    assert {one.aim for one in TYPES.values() if one.aim} == AIM
    assert {name for name, one in TYPES.items() if not one.newer} == {"AIM_PREORDER", "AIM_BATCH_REFUND"}


def test_reports_are_named_in_any_case() -> None:
    assert of_aim(" openLISTINGSlite ") is of_aim("OpenListingsLite")
    assert of_aim("OpenListingsLite") is not None
    assert of_aim("Nothing") is None
    assert of_aim("None") is None


def test_mws_has_underscores_around_its_names() -> None:
    found = of_mws("_GET_AFN_INVENTORY_DATA_")

    assert found is TYPES["GET_AFN_INVENTORY_DATA"]
    assert found.mws == "_GET_AFN_INVENTORY_DATA_"
    assert [of_mws(name) for name in ("GET_AFN_INVENTORY_DATA", "_AIM_PREORDER_", "__", "")] == [None] * 4


def test_every_report_that_can_be_generated_or_installed_has_a_maker_and_no_other() -> None:
    makers = {name: kind.resolved() for name, kind in REPORTS.items()}

    assert set(makers) == {name for name, one in TYPES.items() if one.generated or one.name == PREORDER}
    assert all(callable(maker) for maker in makers.values())
    assert not set(REPORTS) & {*KINDS, *UPLOADS}


def test_what_cannot_be_generated_comes_by_itself() -> None:
    assert [one.aim for one in TYPES.values() if not one.generated] == ["Preorder", "BatchRefund"]
    assert [one.name for one in TYPES.values() if not one.scheduled] == [
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
        "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    ]


def test_every_column_that_can_be_filled_is_one_of_a_report() -> None:
    filled = {
        *report_listings._listing_cells(MARKETPLACES[US]),
        *report_stock._CELLS,
        *report_orders._ORDER_CELLS,
        *report_orders._ORDER_REPORT_CELLS,
        *report_orders._UNSHIPPED_CELLS,
        *report_orders._EVERY_ORDER_CELLS,
    }

    assert filled <= {column for one in TYPES.values() for column in one.columns}


def test_conditions_have_words_in_reports() -> None:
    words = {condition.literal: condition.words for condition in CONDITIONS}

    assert words["NewItem"] == "New"
    assert words["UsedLikeNew"] == "Used - Like New"
    assert words["CollectibleVeryGood"] == "Collectible - Very Good"
    assert (words["Refurbished"], words["Club"], words["NewOEM"]) == ("Refurbished", "Club", "New - OEM")
    assert len(set(words.values())) == len(CONDITIONS)


async def _blocks(*blocks: bytes) -> AsyncGenerator[bytes, None]:
    for block in blocks:
        yield block


@pytest.mark.parametrize(
    ("marketplace", "expected"),
    [(US, b"caf\xe9 \x97 ?\n"), (UK, b"caf\xe9 \x97 ?\n"), (market("JP"), b"caf? \x81\x5c \x93\xfa\n")],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_blocks_may_be_cut_within_a_character(marketplace: str, expected: bytes, size: int) -> None:
    text = "caf\xe9 \u2014 \u65e5\n" if marketplace != market("JP") else "caf\xe9 \u2015 \u65e5\n"
    content = text.encode()
    cut = [content[start : start + size] for start in range(0, len(content), size)]

    result = table(MARKETPLACES[marketplace], ("a", "b"), _blocks(*cut))

    assert isinstance(result.body, AsyncIterator)
    assert b"".join([block async for block in result.body]) == b"a\tb\n" + expected


async def test_rows_are_counted_while_they_are_read() -> None:
    result = table(MARKETPLACES[US], ("a",), _blocks(b"1\n2", b"\n3\n"))
    assert isinstance(result.body, AsyncIterator)
    before = dict(result.counts)

    content = b"".join([block async for block in result.body])

    assert (before, result.counts, content) == ({"rows": 0}, {"rows": 3}, b"a\n1\n2\n3\n")


async def test_a_file_may_have_an_encoding_of_its_own() -> None:
    result = table(MARKETPLACES[US], ("a",), _blocks("\u65e5\n".encode()), Encoding("utf-8", "text/plain"))

    assert isinstance(result.body, AsyncIterator)
    assert b"".join([block async for block in result.body]) == "a\n\u65e5\n".encode()
    assert result.content_type == "text/plain"
