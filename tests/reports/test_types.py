"""The table of reports, and how a report becomes a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.kinds import KINDS, UPLOADS
from entrepot.reports.files import table
from entrepot.reports.kinds import REPORTS
from entrepot.reports.types import SELLER_CENTRAL, TYPES, of_aim
from entrepot.services.reports import PREORDER
from tests.cast import UK, US, market

# Of the guides and of what live files had.
WIDTHS = {"Order": 26, "OrderReport": 29, "OpenListings": 27, "OpenListingsLite": 4, "OpenListingsLiter": 2}


@pytest.mark.parametrize(("name", "width"), WIDTHS.items())
def test_a_report_has_as_many_columns_as_the_real_one(name: str, width: int) -> None:
    found = of_aim(name)

    assert found is not None
    assert len(set(found.columns)) == len(found.columns) == width


def test_reports_are_named_in_any_case() -> None:
    assert of_aim(" openLISTINGSlite ") is of_aim("OpenListingsLite")
    assert of_aim("OpenListingsLite") is not None
    assert of_aim("Nothing") is None


def test_every_report_that_can_be_generated_or_installed_has_a_maker_and_no_other() -> None:
    makers = {name: kind.resolved() for name, kind in REPORTS.items()}

    assert set(makers) == {name for name, one in TYPES.items() if one.generated or one.name == PREORDER}
    assert all(callable(maker) for maker in makers.values())
    assert not set(REPORTS) & {*KINDS, *UPLOADS}


def test_what_cannot_be_generated_comes_by_itself() -> None:
    assert [one.aim for one in TYPES.values() if not one.generated] == ["Preorder", "BatchRefund"]
    assert [one.aim for one in TYPES.values() if one.platforms == (SELLER_CENTRAL,)] == ["OrderReport"]


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
