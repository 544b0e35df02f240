"""Parameters as headers: every spelling of a name that clients sent, and what holds where there is none."""

from __future__ import annotations

import pytest

from entrepot.api.aim.parameters import FORMATS, PROGRAMS, Parameters, canonical, value_of


@pytest.mark.parametrize(
    "spelling",
    ["enable-expedited-shipping", "Enable-Expedited-Shipping", "EnableExpeditedShipping", "enable_expedited shipping"],
)
def test_a_name_is_the_same_in_any_spelling(spelling: str) -> None:
    assert canonical(spelling) == "enableexpeditedshipping"


@pytest.mark.parametrize("spelling", ["BatchID", "BatchId", "Batchid", "batchid", "batch-id", "BATCH_ID"])
def test_a_parameter_is_found_however_the_client_spells_it(spelling: str) -> None:
    assert Parameters.of({spelling: " 2600000001 "}).text("BatchID") == "2600000001"


def test_an_empty_value_is_as_good_as_none() -> None:
    assert Parameters.of({"reportname": "  "}).text("ReportName") is None


@pytest.mark.parametrize(("given", "value"), [("zShop", "zShop"), ("ZShop", "zShop"), ("ZSHOP", "zShop"), ("zS", None)])
def test_values_may_be_in_any_case(given: str, value: str | None) -> None:
    assert value_of(given, PROGRAMS) == value


def test_a_format_is_not_guessed_from_its_beginning() -> None:
    assert value_of("Tab", FORMATS) is None
    assert value_of("tabdelimitedbooks", FORMATS) == "TabDelimitedBooks"


@pytest.mark.parametrize(
    ("given", "flag"), [("Y", True), ("y", True), ("N", False), ("", False), ("1x", False), (None, False)]
)
def test_a_flag_is_set_by_y_alone(given: str | None, flag: bool) -> None:
    headers = {} if given is None else {"Asinate": given}

    assert Parameters.of(headers).flag("Asinate") is flag


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (None, 10),
        ("", 10),
        ("1", 1),
        ("25", 25),
        ("100", 100),
        ("101", 100),
        ("999999999999999999", 100),
        ("9" * 5000, 10),
        ("0", 10),
        ("-3", 10),
        ("ten", 10),
        ("1.5", 10),
        ("٣", 10),
        ("1_0", 10),
    ],
)
def test_how_many_entries_a_list_has(given: str | None, count: int) -> None:
    headers = {} if given is None else {"numberofbatches": given}

    assert Parameters.of(headers).count("NumberOfBatches") == count


@pytest.mark.parametrize(
    ("given", "days"), [(None, 15), ("15", 15), ("30", 30), ("60", 60), ("5", 5), ("61", 15), ("0", 15), ("x", 15)]
)
def test_how_many_days_an_order_report_covers(given: str | None, days: int) -> None:
    headers = {} if given is None else {"numberofdays": given}

    assert Parameters.of(headers).days == days
