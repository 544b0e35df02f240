"""The tab-delimited files: columns, values, and every bad row named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.feeds import flat_files, sheet
from entrepot.feeds.findings import FeedUnreadable, Finding
from entrepot.feeds.flat_files import CLEARED, LoaderColumns, LoaderRow, PriceQuantityColumns, PriceQuantityRow
from entrepot.wire import tsv

US, DE, UK, JP = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A1F83G8C2ARO7P", "A1VC38T7YXB528"
HEADER = (
    "sku\tprice\tminimum-seller-allowed-price\tmaximum-seller-allowed-price\tquantity\thandling-time\t"
    "fulfillment-channel"
)
LOADER = (
    "sku\tproduct-id\tproduct-id-type\tprice\tminimum-seller-allowed-price\tmaximum-seller-allowed-price\t"
    "item-condition\tquantity\tadd-delete\twill-ship-internationally\texpedited-shipping\tstandard-plus\titem-note\t"
    "fulfillment-center-id\tproduct-tax-code\thandling-time\tmerchant_shipping_group_name"
)


def file(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def price_quantity(*rows: str, header: str = HEADER, marketplace: str = US) -> PriceQuantityColumns:
    return flat_files.price_quantity(file(header, *rows), marketplace)


def loader(*rows: str, header: str = LOADER, marketplace: str = US) -> LoaderColumns:
    return flat_files.inventory_loader(file(header, *rows), marketplace)


def finding(columns: PriceQuantityColumns | LoaderColumns) -> Finding:
    [found] = columns.findings
    return found


# ------------------------------------------------------------------------------------------------- price and quantity


def test_rows_come_out_as_columns() -> None:
    columns = price_quantity("A\t12.99\t10\t20\t5\t2\tDEFAULT", "B\t\tdelete\tDELETE\t0\t\tamazon_na", "C\t\t\t\t\t\t")

    assert columns.processed == 3
    assert columns.findings == []
    assert list(columns.rows()) == [
        PriceQuantityRow(1, "A", Decimal("12.99"), Decimal("10.00"), Decimal("20.00"), 5, 2, "DEFAULT"),
        PriceQuantityRow(2, "B", None, CLEARED, CLEARED, 0, None, "AMAZON_NA"),
        PriceQuantityRow(3, "C", None, None, None, None, None, None),
    ]


def test_columns_may_come_in_any_order_and_spelling_and_unknown_ones_are_ignored() -> None:
    columns = price_quantity("x\t7\tA\t9", header='business-price\t"Quantity"\tSKU \tHANDLING_TIME')

    assert (columns.skus, columns.quantities, columns.handling_times) == (["A"], [7], [9])
    assert columns.prices == [None]


def test_the_older_name_of_the_handling_time_is_known() -> None:
    assert price_quantity("A\t3", header="sku\tleadtime-to-ship").handling_times == [3]


def test_a_template_line_may_stand_before_the_header() -> None:
    columns = price_quantity(HEADER, "A\t\t\t\t5\t\t", header="TemplateType=PriceInventory\tVersion=2018.0924")

    assert (columns.numbers, columns.quantities) == ([1], [5])


def test_blank_rows_are_not_counted_but_keep_their_numbers() -> None:
    columns = price_quantity("A\t\t\t\t1\t\t", "", "\t\t\t\t\t\t", "B\t\t\t\t2\t\t", "")

    assert (columns.processed, columns.numbers) == (2, [1, 4])


def test_short_rows_are_filled_up_with_blanks() -> None:
    assert price_quantity("A\t5").prices == [Decimal("5.00")]


@pytest.mark.parametrize(
    ("text", "marketplace", "price"),
    [
        ("12.99", US, "12.99"),
        ("12", US, "12.00"),
        ("12.", US, "12.00"),
        (".5", US, "0.50"),
        ("12.990", US, "12.99"),
        (" 12.99 ", US, "12.99"),
        ("12,99", DE, "12.99"),
        ("12.99", DE, "12.99"),
        ("1200", JP, "1200.00"),
    ],
)
def test_a_price_is_read_as_the_marketplace_writes_it(text: str, marketplace: str, price: str) -> None:
    assert price_quantity(f"A\t{text}", marketplace=marketplace).prices == [Decimal(price)]


@pytest.mark.parametrize(
    ("row", "marketplace", "attribute", "words"),
    [
        ("A\t0", US, "price", "above 0"),
        ("A\t-1", US, "price", "'-1' is not an amount"),
        ("A\t£5", UK, "price", "'£5' is not an amount"),
        ("A\t12,99", US, "price", "'12,99' is not an amount"),
        ("A\t12,99", UK, "price", "'12,99' is not an amount"),
        ("A\t1.234,56", DE, "price", "'1.234,56' is not an amount"),
        ("A\t1.999", US, "price", "more than two decimals"),
        ("A\tNaN", US, "price", "'NaN' is not an amount"),
        ("A\t1e3", US, "price", "'1e3' is not an amount"),
        ("A\t١", US, "price", "is not an amount"),
        ("A\t999999999", US, "price", "up to 99999999.99"),
        ("A\t\tx", US, "minimum-seller-allowed-price", "'x' is not an amount"),
        ("A\t\t\t0", US, "maximum-seller-allowed-price", "above 0"),
        ("A\t\t\t\t-1", US, "quantity", "'-1' is not a whole number"),
        ("A\t\t\t\t1.0", US, "quantity", "'1.0' is not a whole number"),
        ("A\t\t\t\t1_0", US, "quantity", "'1_0' is not a whole number"),
        ("A\t\t\t\t1000000000", US, "quantity", "'1000000000' is not a whole number"),
        ("A\t\t\t\t" + "9" * 5000, US, "quantity", "is not a whole number"),
        ("A\t\t\t\t\t31", US, "handling-time", "from 0 to 30"),
        ("A\t\t\t\t\t\tMARS", US, "fulfillment-channel", "'MARS' is not one of"),
        ("x" * 41 + "\t1", US, "sku", "1 to 40 characters"),
        ("a\x07\t1", US, "sku", "control characters"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_no_other(row: str, marketplace: str, attribute: str, words: str) -> None:
    columns = price_quantity("first\t1", row, "last\t2", marketplace=marketplace)

    found = finding(columns)
    assert (found.number, found.code, found.severity, found.attribute) == (2, "90111", "ERROR", attribute)
    assert f"The value in the column {attribute} is invalid: " in found.message
    assert words in found.message
    assert (columns.numbers, columns.skus, columns.prices) == ([1, 3], ["first", "last"], [Decimal(1), Decimal(2)])
    assert columns.processed == 3


def test_a_row_without_a_sku_is_an_error_of_its_own_code() -> None:
    found = finding(price_quantity("\t5", "A\t5"))

    assert (found.number, found.code, found.attribute) == (1, "99001", "sku")


def test_every_bad_cell_of_a_row_is_named_in_the_order_of_the_file() -> None:
    columns = price_quantity("A\tx\t\t\ty", "B\t1\t\t\tz")

    assert [(found.number, found.sku, found.attribute) for found in columns.findings] == [
        (1, "A", "price"),
        (1, "A", "quantity"),
        (2, "B", "quantity"),
    ]
    assert columns.skus == []


def test_a_row_with_more_cells_than_columns_is_refused() -> None:
    columns = price_quantity("A\t1\t\t\t5\t2\tDEFAULT\textra", "B\t1\t\t\t5\t2\tDEFAULT\t\t")

    assert (finding(columns).number, columns.skus, columns.processed) == (1, ["B"], 2)


def test_a_quotation_mark_belongs_to_the_sku() -> None:
    assert price_quantity('17" screen\t5', '"quoted"\t5').skus == ['17" screen', '"quoted"']


def test_skus_are_kept_in_normal_form() -> None:
    columns = price_quantity(" A b \t1", "u\u0308ber\t1", "0042\t1")

    assert columns.skus == ["A b", "über", "0042"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_any_usual_encoding_and_with_any_line_end(encoding: str) -> None:
    for end in ("\n", "\r\n", "\r"):
        content = end.join(["sku\tquantity", "Größe\t5", ""]).encode(encoding)

        columns = flat_files.price_quantity(content, DE)

        assert (columns.skus, columns.quantities) == (["Größe"], [5])


def test_a_japanese_file_may_be_in_shift_jis() -> None:
    assert flat_files.price_quantity("sku\tquantity\n商品\t5".encode("cp932"), JP).skus == ["商品"]


def test_a_file_without_rows_has_empty_columns() -> None:
    columns = price_quantity()

    assert (columns.processed, columns.skus, list(columns.rows())) == (0, [], [])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "90009"),
        (b"hello\n", "90009"),
        (b"price\tquantity\n1\t2\n", "90012"),
        (b"sku\tprice\tPrice\nA\t1\t2\n", "90009"),
        (b"PK\x03\x04...", "5001"),
        ("sku\tquantity\n".encode("utf-16-le"), "5001"),
        (b"<AmazonEnvelope/>", "90009"),
    ],
)
def test_a_file_without_a_usable_header_is_refused_as_a_whole(content: bytes, code: str) -> None:
    for read in (flat_files.price_quantity, flat_files.inventory_loader):
        with pytest.raises(FeedUnreadable) as refused:
            read(content, US)

        assert refused.value.code == code


READERS = (flat_files.price_quantity, flat_files.inventory_loader)


def refusal(content: bytes, read: Callable[[bytes, str], object]) -> str:
    with pytest.raises(FeedUnreadable) as refused:
        read(content, US)
    assert refused.value.code == "5001"
    return str(refused.value.message)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_as_many_rows_as_are_allowed_are_read_and_not_one_more(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[bytes, str], LoaderColumns], end: str
) -> None:
    monkeypatch.setattr(sheet, "ROWS_MAX", 3)
    lines = ["TemplateType=Offer", "sku", "A", "B", "C"]

    for last in ("", end):
        assert read((end.join(lines) + last).encode(), US).processed == 3
        assert refusal((end.join([*lines, "D"]) + last).encode(), read) == "The file has more than 3 rows."


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_with_millions_of_rows_is_refused_before_it_is_split(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(tsv, "lines", None)
    rows = sheet.ROWS_MAX + tsv.HEADER_LINES_MAX + 1

    assert "more than 2000000 rows" in refusal(b"sku" + end.encode() * rows, flat_files.price_quantity)


@pytest.mark.parametrize("read", READERS)
def test_as_many_columns_as_are_allowed_are_read_and_not_one_more(read: Callable[[bytes, str], LoaderColumns]) -> None:
    columns = ["sku", *(f"x{number}" for number in range(sheet.COLUMNS_MAX - 1))]

    assert read(file("\t".join(columns), "A"), US).skus == ["A"]
    assert "more than 1000 columns" in refusal(file("\t".join([*columns, "more"]), "A"), read)


@pytest.mark.parametrize("read", READERS)
def test_as_many_cells_as_are_allowed_are_read_and_not_one_row_more(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[bytes, str], LoaderColumns]
) -> None:
    monkeypatch.setattr(sheet, "CELLS_MAX", 6)

    assert read(file("sku\tx\ty", "A", "B"), US).processed == 2
    assert "or 6 cells" in refusal(file("sku\tx\ty", "A", "B", "C"), read)


def test_short_rows_that_would_fill_the_memory_with_blanks_are_refused() -> None:
    header = "\t".join(["sku", *(f"x{number}" for number in range(sheet.COLUMNS_MAX - 1))])
    rows = ["A"] * (sheet.CELLS_MAX // sheet.COLUMNS_MAX + 1)

    assert "or 30000000 cells" in refusal(file(header, *rows), flat_files.price_quantity)


# --------------------------------------------------------------------------------------------------- inventory loader


def test_a_loader_row_says_all_it_may() -> None:
    row = "A\t4006381333931\t4\t12.99\t10\tdelete\t11\t5\tA\ty\tSecond\tN\tas new\tDEFAULT\tA_GEN\t2\tTemplate"

    columns = loader(row)

    assert columns.findings == []
    [read] = columns.rows()
    assert read.condition is not None
    assert read.condition.literal == "NewItem"
    assert read == LoaderRow(
        number=1,
        sku="A",
        asin=None,
        gtin="04006381333931",
        price=Decimal("12.99"),
        minimum=Decimal("10.00"),
        maximum=CLEARED,
        condition=read.condition,
        quantity=5,
        action="a",
        ships_abroad=True,
        expedited_shipping="Second",
        standard_plus="N",
        note="as new",
        center="DEFAULT",
        tax_code="A_GEN",
        handling_time=2,
        shipping_group="Template",
    )


def test_a_row_without_an_action_adds_or_updates() -> None:
    columns = loader("A\t", "B\tD", "C\tx", header="sku\tadd-delete")

    assert columns.actions == ["a", "d", "x"]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("B00000K3CQ", "1", ("B00000K3CQ", None)),
        ("B00000K3CQ", "asin", ("B00000K3CQ", None)),
        ("0306406152", "2", (None, "09780306406157")),
        ("036000291452", "3", (None, "00036000291452")),
        ("4006381333931", "3", (None, "04006381333931")),
        ("4006381333931", "EAN", (None, "04006381333931")),
        ("", "1", (None, None)),
        ("", "", (None, None)),
    ],
)
def test_a_product_is_named_by_id_and_type(text: str, kind: str, expected: tuple[str | None, str | None]) -> None:
    columns = loader(f"A\t{text}\t{kind}", header="sku\tproduct-id\tproduct-id-type")

    assert (columns.asins[0], columns.gtins[0]) == expected


@pytest.mark.parametrize(
    ("header", "cell", "code", "words"),
    [
        (
            "product-id\tproduct-id-type",
            "4006381333930\t4",
            "5505",
            "the check digit of the EAN '4006381333930' is wrong",
        ),
        ("product-id\tproduct-id-type", "123\t1", "5505", "'123' is no ASIN"),
        ("product-id\tproduct-id-type", "4006381333931\t9", "90111", "1 (ASIN), 2 (ISBN), 3 (UPC), 4 (EAN)"),
        ("product-id", "4006381333931", "90111", "needs a product-id-type"),
        ("item-condition", "9", "90111", "'9' is not one of 1, 2, 3, 4, 5, 6, 7, 8, 10, 11"),
        ("add-delete", "b", "90111", "'b' is not one of a, d, x"),
        ("will-ship-internationally", "maybe", "90111", "'maybe'"),
        ("item-note", "x" * 2205, "90111", "longer than 2204 characters"),
    ],
)
def test_a_bad_cell_of_a_loader_file_refuses_its_row(header: str, cell: str, code: str, words: str) -> None:
    columns = loader(f"A\t{cell}", "B", header=f"sku\t{header}")

    found = finding(columns)
    assert (found.number, found.sku, found.code) == (1, "A", code)
    assert words in found.message
    assert columns.skus == ["B"]


# ---------------------------------------------------------------------------------------------------------- any input


@given(st.binary(max_size=100) | st.text(alphabet="sku\tprice\nqty\r-1.,\0\u0300é ", max_size=80).map(str.encode))
def test_no_bytes_make_the_readers_fail_in_another_way(content: bytes) -> None:
    for read in (flat_files.price_quantity, flat_files.inventory_loader):
        with suppress(FeedUnreadable):
            read(content, DE)


CELLS = st.sampled_from(
    ["", " ", "A", "B", "1", "0", "-1", "1,5", "1.5", "x", "4006381333931", "delete", "\u00a0", "ü"]
)


@given(st.lists(st.lists(CELLS, max_size=19), max_size=8), st.sampled_from([US, DE, ""]))
def test_every_row_is_in_the_columns_or_refused_by_its_number(rows: list[list[str]], marketplace: str) -> None:
    lines = ["\t".join(row) for row in rows]

    for columns in (price_quantity(*lines, marketplace=marketplace), loader(*lines, marketplace=marketplace)):
        refused = {found.number for found in columns.findings}
        assert not refused & set(columns.numbers)
        assert len(refused) + len(columns.numbers) == columns.processed
        assert len(list(columns.rows())) == len(columns.numbers)
        assert {len(row) for row in columns.rows()} <= {len(PriceQuantityRow._fields), len(LoaderRow._fields)}


def test_each_column_is_as_long_as_the_others() -> None:
    columns = price_quantity(*[f"S{number}\t{'x' if number % 3 == 0 else 1}" for number in range(30)])

    lengths = {len(getattr(columns, name)) for name in columns.__slots__ if name not in ("processed", "findings")}
    assert lengths == {20}
    assert len(columns.findings) == 10
