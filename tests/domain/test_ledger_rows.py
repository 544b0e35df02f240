"""The rows of the inventory ledger against the specification's table (§1.4) and D-11, said here once more."""

from __future__ import annotations

import pytest

from entrepot.domain.events import EVENTS
from entrepot.domain.fba.ledger_rows import EVENT_TYPES, IN_CENTRES, OPENING, ROWS

WITHOUT_ROWS = set(
    "F01 F02 F03 F04 F05 F06 F10 F12 F20 F20b F21 F23 F24 F27 F40 F41 F50 F51 F55 F70 F71 F91 T07 T50".split()
)
# D-11: reasons by column. P goes with the reason that it follows.
COLUMNS = {
    "Found": "FN",
    "Lost": "M5",
    "Damaged": "EHKU67",
    "Disposed": "DG",
    "Other Events": "Q34O12J",
}


def test_the_events_of_the_warehouse_that_the_specification_gives_rows_have_them() -> None:
    warehouse = {code for code in EVENTS if code[0] in "FT"}

    assert {row.event for row in ROWS} == warehouse - WITHOUT_ROWS


def test_whatever_brings_units_into_a_centre_or_out_of_it_shows_on_that_side() -> None:
    rows = {(row.event, row.side) for row in ROWS}

    for event in EVENTS.values():
        for gives, receives in event.moves:
            # Units that are sold while between two centres do not get into one.
            if event.code in (OPENING, "F20b") or (gives in IN_CENTRES) == (receives in IN_CENTRES):
                continue
            if event.code != "F21":
                assert (event.code, "gives" if gives in IN_CENTRES else "receives") in rows, event.code


@pytest.mark.parametrize(("column", "reasons"), COLUMNS.items())
def test_a_reason_counts_in_its_column(column: str, reasons: str) -> None:
    found = {row.reason for row in ROWS if row.column == column and row.type == "Adjustments"} - {"P"}

    assert found == set(reasons)


def test_a_row_p_counts_where_the_row_counts_that_it_follows() -> None:
    pairs = [(row, other) for row in ROWS for other in ROWS if row.reason == "P" and other.event == row.event]

    assert {row.event for row, _ in pairs} == {"F60", "F60x", "F61", "F62", "F63", "F64"}
    assert all(row.column == other.column for row, other in pairs)


def test_only_the_six_types_are_told() -> None:
    assert {row.type for row in ROWS} == set(EVENT_TYPES)
