"""AIM's inventory files: formats, modes, columns, values; every bad row named, and nothing else lost."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.errors import Invalid
from entrepot.domain.identifiers import LOADER_ID_TYPES, asin, check_digit, gtin, isbn_10_check
from entrepot.domain.marketplaces import Marketplace, named
from entrepot.domain.mfn.aim_columns import ATTRIBUTES
from entrepot.domain.mfn.attributes import SHAPES
from entrepot.domain.mfn.shapes import Findings
from entrepot.feeds import aim_file, aim_uiee, product_ids, sheet
from entrepot.feeds.aim_file import (
    BOOKS,
    COLUMN_IGNORED,
    QUANTITY_REQUIRED,
    TEXT_SHORTENED,
    UIEE,
    AimFile,
    Format,
    Mode,
)
from entrepot.feeds.findings import (
    CELL_INVALID,
    CELL_MISSING,
    HEADER_MISSING,
    NOT_VALID_ID,
    SKU_COLUMN_MISSING,
    FeedUnreadable,
    Finding,
)


def place(code: str) -> Marketplace:
    found = named(code)
    assert found is not None
    return found


US = place("US")
MODES: tuple[Mode, ...] = ("add-modify-delete", "modify-only", "purge-replace")
FORMATS: tuple[Format, ...] = ("TabDelimited", "TabDelimitedBooks", "UIEE")
# The headers of the template of 2009 and of a book program.
TEMPLATE = (
    "product-id product-id-type item-condition price sku quantity add-delete will-ship-internationally "
    "expedited-shipping item-note item-is-marketplace fulfillment-center-id item-name item-description category1 "
    "image-url shipping-fee browse-path storefront-feature boldface asin1 asin2 asin3"
).split()
BOOK_LOADER = (
    "sku author title publisher pub-date binding price product-id product-id-type description item-note quantity "
    "item-condition item-note volume will-ship-internationally expedited-shipping illustrator main-image-url edition "
    "add-delete dust-jacket signed-by"
).split()


def read(
    content: str | bytes,
    mode: Mode = "add-modify-delete",
    format: Format = "TabDelimited",
    marketplace: str = "US",
    strict: bool = False,
) -> AimFile:
    content = content.encode() if isinstance(content, str) else content
    return aim_file.read(content, mode, format, place(marketplace), strict)


def row(**cells: str) -> str:
    """A file with one row of these columns."""
    names = [name.replace("_", "-") for name in cells]
    return "\t".join(names) + "\r\n" + "\t".join(cells.values()) + "\r\n"


def finding(file: AimFile) -> Finding:
    [found] = file.findings
    return found


def attributes(file: AimFile, place: int = 0) -> dict[str, Any]:
    return {name: given.get("value", given.get("media_location")) for name, given in file.instances(place)}


def refusal(content: str | bytes, *arguments: Any, **options: Any) -> FeedUnreadable:
    with pytest.raises(FeedUnreadable) as refused:
        read(content, *arguments, **options)
    return refused.value


# -------------------------------------------------------------------------------------------------------- the columns


def test_the_rows_of_the_template_come_out_as_columns() -> None:
    cells = (
        "0306406152 2 3 12.5 A-1 4 a 2 Second,Next, A|note y DEFAULT A|name Its|story 68284 http://x/a.jpg 3.99 17 y n "
        "0306406152 B000000001 B000000002"
    ).split()
    lines = ["\t".join(TEMPLATE), "\t".join(cell.replace("|", " ") for cell in cells), "", "\t" * 22]

    file = read("\r\n".join(lines) + "\r\n\r\n")

    assert (file.processed, file.findings, file.numbers, file.skus) == (1, [], [1], ["A-1"])
    assert (file.actions, file.prices, file.quantities) == (["a"], [Decimal("12.50")], [4])
    assert (file.gtins, file.asins, file.centers) == (["09780306406157"], [None], ["DEFAULT"])
    assert file.item_name(0) == "A name"
    assert attributes(file) == {
        "externally_assigned_product_identifier": "0306406152",
        "condition_type": "used_good",
        "item_name": "A name",
        "product_description": "Its story",
        "condition_note": "A note",
        "main_product_image_locator": "http://x/a.jpg",
        "will_ship_internationally": "2",
        "expedited_shipping": "Second,Next,",
        "item_is_marketplace": "y",
        "category1": "68284",
        "browse_path": "17",
        "storefront_feature": "y",
        "boldface": "n",
        "shipping_fee": "3.99",
        "asin1": "0306406152",
        "asin2": "B000000001",
        "asin3": "B000000002",
    }


def test_attributes_have_the_form_that_listings_take() -> None:
    file = read(row(sku="A", product_id="B000000001", image_url="http://x/a.jpg", item_name="N"))

    assert list(file.instances(0)) == [
        ("merchant_suggested_asin", {"value": "B000000001"}),
        ("item_name", {"value": "N"}),
        ("main_product_image_locator", {"media_location": "http://x/a.jpg"}),
    ]


@pytest.mark.parametrize("column", [column for column in ATTRIBUTES if column != "item-condition"])
def test_every_column_of_the_table_becomes_its_attribute(column: str) -> None:
    value = "y" if column == "item-is-marketplace" else "1"

    file = read(row(sku="A", **{column: f" {value} "}))

    assert file.findings == []
    assert attributes(file) == {ATTRIBUTES[column]: value}


def test_columns_may_come_in_any_order_and_spelling() -> None:
    file = read(' QUANTITY\tproduct_tax_code\t"Seller-SKU"\tPrice\r\n3\tA_GEN\tX\t5\r\n')

    assert (file.skus, file.quantities, file.prices) == (["X"], [3], [Decimal("5.00")])
    assert (attributes(file), file.findings) == ({"product_tax_code": "A_GEN"}, [])


def test_a_report_can_be_edited_and_sent_back() -> None:
    header = "seller-sku\tzshop-shipping-fee\tzshop-category1\tzshop-boldface\tfulfillment-channel\tadd-delete"

    file = read(f"{header}\nA\t1\t2\ty\tAMAZON_NA\t\n")

    assert (file.centers, file.findings) == (["AMAZON_NA"], [])
    assert attributes(file) == {"category1": "2", "boldface": "y", "shipping_fee": "1"}


def test_codes_of_the_warehouse_are_known_in_any_case() -> None:
    file = read("sku\tfulfillment-center-id\nA\tamazon_eu\nB\tDefault\nC\tNorth 1\n")

    assert file.centers == ["AMAZON_EU", "DEFAULT", "North 1"]


def test_unknown_columns_are_named_in_one_warning() -> None:
    file = read(row(sku="A", odd_one="1", other="2", quantity="1"))

    assert file.skus == ["A"]
    assert finding(file) == Finding(
        0, COLUMN_IGNORED, "These columns are not used and were ignored: odd-one, other.", "WARNING"
    )


def test_of_a_column_that_occurs_twice_the_last_cell_that_is_not_blank_counts() -> None:
    file = read("sku\titem-note\titem-note\nA\tfirst\tsecond\nB\tfirst\t \nC\t\tsecond\n")

    assert [file.text(place, "condition_note") for place in range(3)] == ["second", "first", "second"]
    assert "'item-note' occurs more than once" in finding(file).message
    assert finding(file).severity == "WARNING"


def test_where_rules_are_strict_no_column_may_occur_twice() -> None:
    refused = refusal("sku\titem-note\titem_note\nA\tb\tc\n", strict=True)

    assert (refused.code, "item-note" in refused.message) == (HEADER_MISSING, True)


def test_two_names_of_the_sku_are_one_column_twice() -> None:
    assert read("sku\tseller-sku\nA\t\n\tB\n").skus == ["A", "B"]
    assert read("sku\tseller-sku\nA\tB\n").skus == ["B"]


def test_an_item_may_be_called_as_a_column() -> None:
    assert read("seller-sku\tquantity\nsku\t5\n").skus == ["sku"]


def test_the_first_of_two_columns_with_one_meaning_counts_if_it_is_not_blank() -> None:
    file = read("sku\ttitle\titem-name\nA\tshort\tlong\nB\tshort\t\n")

    assert [file.item_name(place) for place in range(2)] == ["long", "short"]


def test_lines_of_a_template_may_stand_before_the_header() -> None:
    file = read("TemplateType=Loader\tVersion=1.0\nnames for people\nsku\tquantity\nA\t5\n")

    assert (file.numbers, file.quantities) == ([1], [5])


def test_a_header_alone_is_a_valid_file() -> None:
    for mode in MODES:
        file = read("sku\tprice\tquantity\r\n", mode)
        assert (file.processed, file.skus, file.findings) == (0, [], [])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", HEADER_MISSING),
        (b"\r\n\r\n", HEADER_MISSING),
        (b"no header\r\n", HEADER_MISSING),
        (b"product-id\tprice\r\nA\t1\r\n", SKU_COLUMN_MISSING),
        (b"sku\0\tprice\r\n", "5001"),
        (b"PK\x03\x04sku\r\n", "5001"),
    ],
)
def test_what_has_no_header_or_is_no_text_is_refused_by_the_door_and_by_the_reader(content: bytes, code: str) -> None:
    assert refusal(content).code == code
    assert not aim_file.recognisable(content, "add-modify-delete", "TabDelimited")


# --------------------------------------------------------------------------------------------------------- the values


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"price": "0"}, "price", "The amount value in the column price is invalid."),
        ({"price": "£5"}, "price", "not an amount"),
        ({"quantity": "-1"}, "quantity", "whole number"),
        ({"quantity": "1.5"}, "quantity", "whole number"),
        ({"item-condition": "12"}, "item-condition", "'12' is not one of"),
        ({"add-delete": "q"}, "add-delete", "one of a, d, x"),
        ({"will-ship-internationally": "3"}, "will-ship-internationally", "one of 1, n, 2, y"),
        ({"handling-time": "31"}, "handling-time", "0 to 30"),
        ({"item-note": "n" * 2205}, "item-note", "longer than 2204"),
        ({"item-description": "n" * 10_001}, "item-description", "longer than 10000"),
        ({"minimum-seller-allowed-price": "cheap"}, "minimum-seller-allowed-price", "not an amount"),
    ],
)
def test_a_bad_cell_refuses_its_row_alone(cells: dict[str, str], column: str, words: str) -> None:
    names, values = "\t".join(cells), "\t".join(cells.values())

    file = read(f"sku\t{names}\nA\t{values}\nB\t\n")

    assert (file.processed, file.skus, file.numbers) == (2, ["B"], [2])
    found = finding(file)
    assert (found.number, found.code, found.sku, found.attribute) == (1, CELL_INVALID, "A", column)
    assert words in found.message


@pytest.mark.parametrize("format", ["TabDelimited", BOOKS])
def test_a_row_with_a_surplus_cell_lands_in_either_format(format: Format) -> None:
    cells = "A Nobody A|title House 1990-01-01 paperback 5 0306406152 2 Story".split() + ["n", "2", "3"] + [""] * 10

    file = read("\t".join(BOOK_LOADER) + "\r\n" + "\t".join([*cells, "surplus"]) + "\r\n", format=format)

    assert (file.skus, file.quantities, file.prices) == (["A"], [2], [Decimal("5.00")])
    assert [(found.number, found.severity) for found in file.findings] == [(0, "WARNING")] * 2
    assert "1 rows have more cells than there are columns" in file.findings[0].message


def test_a_row_that_modifies_may_have_a_surplus_cell_and_blank_ones_need_no_warning() -> None:
    file = read("sku\tprice\nA\t5\tx\nB\t6\t\t\n", "modify-only")

    assert (file.skus, finding(file).message.split(";")[0]) == (
        ["A", "B"], "1 rows have more cells than there are columns"
    )  # fmt: skip
    assert read("sku\tprice\nB\t6\t\t\n", "modify-only").findings == []


@pytest.mark.parametrize("column", ["price", "minimum-seller-allowed-price", "maximum-seller-allowed-price"])
@pytest.mark.parametrize("mode", ["add-modify-delete", "modify-only"])
def test_yen_have_no_decimals(column: str, mode: Mode) -> None:
    if mode == "modify-only" and column != "price":
        return
    file = read(f"sku\t{column}\nA\t12.50\nB\t1250\nC\t1250.00\n", mode, marketplace="JP")

    assert file.skus == ["B", "C"]
    assert "'12.50' has decimals" in finding(file).message


COLUMN_VALUES = {
    "item-is-marketplace": (("y", "N", ""), ("q", "yes", "y,n")),
    "expedited-shipping": (
        ("y", "0", "N", "Domestic,Second,", "International, Next", ",", "domestic"),
        ("zzz", "Domestic;Second", "Domestic,3"),
    ),
}


@pytest.mark.parametrize("column", COLUMN_VALUES)
def test_a_value_that_its_column_may_not_have_is_ignored_with_a_warning_or_refused_if_strict(column: str) -> None:
    good, bad = COLUMN_VALUES[column]
    content = f"sku\t{column}\n" + "".join(f"{number}\t{value}\n" for number, value in enumerate((*good, *bad)))
    bad_rows = list(range(len(good) + 1, len(good) + len(bad) + 1))

    forgiving, strict = read(content), read(content, strict=True)

    name = column.replace("-", "_")
    assert [forgiving.text(place, name) for place in range(len(forgiving.skus))] == [*good, *[""] * len(bad)]
    assert [(found.number, found.code, found.severity) for found in forgiving.findings] == [
        (number, aim_file.VALUE_IGNORED, "WARNING") for number in bad_rows
    ]
    assert len(strict.skus) == len(good)
    assert [(found.number, found.code, found.severity) for found in strict.findings] == [
        (number, CELL_INVALID, "ERROR") for number in bad_rows
    ]
    assert read(f"sku\tadd-delete\t{column}\nA\td\tzzz\n", strict=True).findings == []


def test_the_sku_is_required() -> None:
    file = read("sku\tquantity\n\t5\nB\t6\n")

    assert (file.skus, finding(file).code, finding(file).number) == (["B"], CELL_MISSING, 1)


def test_a_row_that_deletes_needs_nothing_but_its_sku() -> None:
    file = read("sku\tprice\tquantity\tproduct-id\tadd-delete\nA\t0\t-\tnone\td\nB\t0\t-\tnone\tX\n")

    assert (file.skus, file.actions, file.findings) == (["A", "B"], ["d", "x"], [])
    assert (file.prices, file.quantities, file.asins, file.gtins) == ([None] * 2,) * 4


def test_bounds_of_the_price_may_be_taken_away() -> None:
    file = read(row(sku="A", minimum_seller_allowed_price="delete", maximum_seller_allowed_price="9"))

    assert (file.minima, file.maxima) == ([sheet.CLEARED], [Decimal("9.00")])


@pytest.mark.parametrize(("code", "good"), [("DE", True), ("FR", True), ("IT", True), ("ES", True), ("UK", False)])
def test_a_decimal_comma_is_read_where_people_write_it(code: str, good: bool) -> None:
    assert read(row(sku="A", price="12,99"), marketplace=code).prices == ([Decimal("12.99")] if good else [])


@pytest.mark.parametrize(
    ("encoding", "code"), [("utf-8", "US"), ("utf-8-sig", "US"), ("utf-16", "US"), ("cp1252", "DE"), ("cp932", "JP")]
)
def test_files_are_read_in_the_encodings_of_their_time(encoding: str, code: str) -> None:
    name = "ソ表" if code == "JP" else "Süß"

    content = row(sku="A", item_name=name).encode(encoding)

    assert read(content, marketplace=code).item_name(0) == name
    assert aim_file.recognisable(content, "add-modify-delete", "TabDelimited")


def test_a_long_title_is_shortened_with_a_warning() -> None:
    file = read(row(sku="A", item_name="n" * 79 + " more"))

    assert (file.item_name(0), attributes(file)["item_name"]) == ("n" * 79, "n" * 79)
    found = finding(file)
    assert (found.number, found.code, found.severity, found.attribute) == (1, TEXT_SHORTENED, "WARNING", "item-name")


@pytest.mark.parametrize(
    ("id_", "kind", "code", "asin_", "gtin_"),
    [
        ("B000000001", "1", "US", "B000000001", None),
        ("b000000001", "", "US", "B000000001", None),
        ("0306406152", "2", "US", None, "09780306406157"),
        ("080442957x", "2", "US", None, "09780804429573"),
        ("0-306-40615-2", "", "US", None, "09780306406157"),
        ("0306406152", "1", "US", "0306406152", None),
        ("9780306406157", "2", "US", None, "09780306406157"),
        ("9780306406157", "", "US", None, "09780306406157"),
        ("4006381333931", "4", "US", None, "04006381333931"),
        ("4006381333931", "", "US", None, "04006381333931"),
        ("4006381333931", "3", "DE", None, "04006381333931"),
        ("036000291452", "3", "US", None, "00036000291452"),
        ("036000291452", "", "US", None, "00036000291452"),
        ("0306406152", "ISBN", "US", None, "09780306406157"),
        ("", "2", "US", None, None),
    ],
)
def test_product_ids_are_what_their_type_or_their_form_says(
    id_: str, kind: str, code: str, asin_: str | None, gtin_: str | None
) -> None:
    file = read(row(sku="A", product_id=id_, product_id_type=kind), marketplace=code)

    assert (file.asins, file.gtins, file.findings) == ([asin_], [gtin_], [])


@pytest.mark.parametrize(
    ("id_", "kind"),
    [
        ("0306406153", "2"), ("9780306406158", "2"), ("4006381333931", "2"), ("0000000000000", "4"),
        ("B00000000", "1"), ("12345", ""), ("4006381333932", ""), ("030640615٢", "2"),
        ("٠306406152", "2"), ("978030640615٧", "2"), ("٩780306406157", "4"),
    ],
)  # fmt: skip
def test_a_product_id_with_a_wrong_check_digit_or_length_refuses_its_row(id_: str, kind: str) -> None:
    file = read(f"sku\tproduct-id\tproduct-id-type\nA\t{id_}\t{kind}\nB\t0306406152\t2\n")

    assert (file.skus, finding(file).code, finding(file).number) == (["B"], NOT_VALID_ID, 1)


def test_hyphens_in_product_ids_are_not_forgiven_where_rules_are_strict() -> None:
    assert read(row(sku="A", product_id="0-306-40615-2"), strict=True).skus == []


def test_the_id_of_a_book_file_is_an_isbn_unless_it_says_otherwise() -> None:
    file = read("sku\tproduct-id\nA\t0306406152\nB\tB000000001\nC\t4006381333931\n", format=BOOKS)

    assert (file.skus, file.gtins, file.asins) == (["A", "B"], ["09780306406157", None], [None, "B000000001"])
    assert "no ISBN" in finding(file).message


def test_refurbished_has_two_numbers() -> None:
    file = read("sku\titem-condition\nA\t9\nB\t10\n")

    assert [attributes(file, place)["condition_type"] for place in (0, 1)] == ["refurbished_refurbished"] * 2


# ------------------------------------------------------------------------------------------------ what rows may create


def missing(**cells: str) -> Finding | None:
    return read(row(sku="A", **cells)).missing_to_create(0)


def test_a_row_that_creates_needs_a_quantity_in_the_words_of_2007() -> None:
    complete = {"price": "5", "quantity": "1", "product_id": "0306406152"}

    assert missing(**complete) is None
    for quantity in ("", "0"):
        found = missing(**{**complete, "quantity": quantity})
        assert found == Finding(1, CELL_MISSING, QUANTITY_REQUIRED, sku="A", attribute="quantity")


def test_a_row_that_creates_needs_a_price_and_a_product() -> None:
    for cells, column in (
        ({"quantity": "1", "product_id": "0306406152"}, "price"),
        ({"quantity": "1", "price": "5"}, "product-id"),
    ):
        found = missing(**cells)
        assert found is not None
        assert found.attribute == column
    assert missing(quantity="1", price="5", title="T") is None


def test_a_book_without_an_id_must_be_described_in_full() -> None:
    cells = {"author": "A", "title": "T", "publisher": "P", "pub_date": "1960-01-01", "binding": "paperback"}
    full = row(sku="A", price="5", quantity="1", **cells)
    short = row(sku="A", price="5", quantity="1", **{**cells, "pub_date": ""})

    assert read(full, format=BOOKS).missing_to_create(0) is None
    found = read(short, format=BOOKS).missing_to_create(0)
    assert found is not None
    assert "'pub-date'" in found.message


# ------------------------------------------------------------------------------------------------------ the other kinds


def test_a_file_of_two_columns_modifies() -> None:
    file = read("sku\tprice\tquantity\r\nA\t1.5\t\r\nB\t\t7\r\nC\t2\t0\r\nD\t\t \r\n", "modify-only")

    assert (file.skus, file.actions) == (["A", "B", "C"], ["a", "a", "d"])
    assert (file.prices, file.quantities) == ([Decimal("1.50"), None, Decimal("2.00")], [None, 7, 0])
    assert (file.marks, list(file.instances(0))) == ([None] * 3, [])
    assert (finding(file).number, finding(file).code, finding(file).sku) == (4, CELL_MISSING, "D")


def test_other_columns_are_ignored_when_a_file_only_modifies() -> None:
    file = read("sku\tquantity\titem-note\nA\t1\tnew\n", "modify-only")

    assert (file.skus, list(file.instances(0))) == (["A"], [])
    assert "ignored: item-note" in finding(file).message


def test_a_file_that_modifies_has_a_column_to_modify() -> None:
    assert refusal("sku\titem-note\nA\tnew\n", "modify-only").code == HEADER_MISSING
    assert not aim_file.recognisable(b"sku\titem-note\nA\tnew\n", "modify-only", "TabDelimited")


def test_a_book_file_may_have_its_note_twice_and_a_cell_too_many() -> None:
    cells = (
        "A Nobody A|title House 1990-01-01 paperback 5 0306406152 2 Story first 2 3 second 7 1 Domestic Drawer "
        "http://x/a.jpg 1st a 2 author surplus"
    ).split()

    file = read("\t".join(BOOK_LOADER) + "\r\n" + "\t".join(cells) + "\r\n", format=BOOKS)

    assert [found.severity for found in file.findings] == ["WARNING"] * 2
    assert attributes(file) == {
        "externally_assigned_product_identifier": "0306406152",
        "condition_type": "used_good",
        "item_name": "A|title",
        "product_description": "Story",
        "condition_note": "second",
        "main_product_image_locator": "http://x/a.jpg",
        "will_ship_internationally": "1",
        "expedited_shipping": "Domestic",
        "author": "Nobody",
        "publisher": "House",
        "publication_date": "1990-01-01",
        "binding": "paperback",
        "edition": "1st",
        "volume": "7",
        "illustrator": "Drawer",
        "dust_jacket": "2",
        "signed_by": "author",
    }


RECORD = (
    "UR|A-1\r\nTI|A title\r\nAA|First\r\nAA|Second\r\nPU|House\r\nPP|Town\r\nDP|1990\r\nED|1st\r\nSE|4\r\n"
    "BD|paperback\r\nJK|fine\r\nAI|Drawer\r\nMT|Books/General\r\nCN|Collectible-Very Good\r\nKE|ships\r\nKE|sails\r\n"
    "NT|0-306-40615-2 signed\r\nwith a line that goes on\r\nNT|by both\r\nPR|12.50\r\nXA|1\r\nXB|1\r\nXC|BO\r\nXD|S\r\n"
)


def uiee(*records: str, **options: Any) -> AimFile:
    return read("\r\n".join(records) + "\r\n\r\n", format=UIEE, **options)


def test_a_record_of_uiee_is_a_row() -> None:
    file = uiee("seller\r\nBooks\r\n10-31-2004\r\n7:14 AM\r\n", RECORD)

    assert (file.processed, file.findings, file.skus, file.numbers) == (1, [], ["A-1"], [1])
    assert (file.prices, file.quantities, file.actions) == ([Decimal("12.50")], [1], ["a"])
    assert attributes(file) == {
        "externally_assigned_product_identifier": "0306406152",
        "condition_type": "collectible_very_good",
        "item_name": "A title",
        "condition_note": "0-306-40615-2 signed by both",
        "category1": "Books/General",
        "author": "First; Second",
        "publisher": "House",
        "publication_date": "1990",
        "binding": "paperback",
        "edition": "1st",
        "volume": "4",
        "illustrator": "Drawer",
        "dust_jacket": "fine",
        "place_of_publication": "Town",
        "generic_keyword": "ships; sails",
    }


@pytest.mark.parametrize(
    ("fields", "quantity", "action"),
    [
        ("", 1, "a"),
        ("CO|3\n", 3, "a"),
        ("CO|several\n", 1, "a"),
        ("CO|0\n", 0, "d"),
        ("XB|1\n", 1, "a"),
        *((f"XB|{status}\n", 1, "d") for status in range(2, 8)),
    ],
)
def test_copies_and_status_of_a_record_say_how_many_there_are(fields: str, quantity: int, action: str) -> None:
    file = uiee(f"UR|1\n{fields}")

    assert (file.quantities, file.actions) == ([quantity], [action])


def test_an_unknown_status_refuses_its_record() -> None:
    file = uiee("UR|1\nXB|9\n", "UR|2\n")

    assert (file.skus, finding(file).number, finding(file).sku) == (["2"], 1, "1")


def test_wanted_books_are_no_rows_and_the_older_tag_of_the_sku_is_known() -> None:
    file = uiee("UR|1\nXD|W\n", "RE|2\nXD|S\n")

    assert (file.processed, file.skus, file.numbers) == (1, ["2"], [2])


def test_a_record_that_only_modifies_keeps_its_quantity_unless_it_says_one() -> None:
    file = uiee("UR|1\nPR|5\n", "UR|2\nCO|4\n", "UR|3\n", mode="modify-only")

    assert (file.skus, file.quantities, file.prices) == (["1", "2"], [None, 4], [Decimal("5.00"), None])


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("New", 11), ("As New", 11), ("new book", 11), ("Fine", 1), ("used: like new", 1), ("Like New", 1),
        ("fine - used", 1), ("very good", 2), ("VG", 2), ("good", 3), ("g", 3), ("fair", 4), ("poor", 4),
        ("Acceptable", 4), ("fine - collectible", 5), ("collectible: very good", 6), ("collectible-good", 7),
        ("collectible", 7), ("poor - collectible", 8), ("a little worn", 3), ("2", 2), ("11", 11),
    ],
)  # fmt: skip
def test_conditions_are_told_by_words(words: str, number: int) -> None:
    assert aim_uiee.condition(words) == str(number)


@pytest.mark.parametrize(
    ("fields", "strict", "isbn"),
    [
        ("NT|ISBN 0306406152. Fine.", True, "0306406152"),
        ("NT|978-0-306-40615-7 worn", True, "9780306406157"),
        ("NT|080442957x", True, "080442957X"),
        ("NT|phone 0306406153", True, ""),
        ("NT|no 10306406152", True, ""),
        ("NT|no 03064061521", True, ""),
        (f"NT|{'x' * 195} 0306406152", True, ""),
        ("BN|0306406152", True, ""),
        ("BN|0306406152", False, "0306406152"),
        ("BN|0306406152\nNT|080442957X", False, "080442957X"),
    ],
)
def test_the_isbn_is_looked_for_at_the_beginning_of_the_note(fields: str, strict: bool, isbn: str) -> None:
    found = uiee(f"UR|1\n{fields}\n", strict=strict)

    assert found.gtins == [gtin(isbn, "ISBN") if isbn else None]


@pytest.mark.parametrize("content", [b"", b"sku\tprice\nA\t1\n", b"a|b\n", b"UR|1\0\n"])
def test_what_is_no_uiee_is_refused_by_the_door_and_by_the_reader(content: bytes) -> None:
    refusal(content, format=UIEE)
    assert not aim_file.recognisable(content, "purge-replace", UIEE)


def test_a_header_of_uiee_alone_is_a_valid_file() -> None:
    content = b"seller\r\nBooks\r\n10-31-2004\r\n7:14 AM\r\n\r\n"

    assert aim_file.recognisable(content, "purge-replace", UIEE)
    assert read(content, "purge-replace", UIEE).processed == 0


# ---------------------------------------------------------------------------------------------------- marks and names


def test_a_mark_tells_rows_apart_by_everything_but_price_and_quantity() -> None:
    file = read(
        "sku\tprice\tquantity\tadd-delete\titem-note\titem-name\n"
        "A\t1\t1\ta\tnote\tname\nB\t2\t2\t\tnote\tname\nC\t1\t1\ta\tother\tname\nD\t1\t1\ta\tname\tnote\n"
    )

    a, b, c, d = file.marks
    assert a == b
    assert len({a, c, d}) == 3
    assert all(mark is not None and -(2**63) <= mark < 2**63 for mark in file.marks)


def test_a_mark_does_not_depend_on_the_order_of_columns_but_on_their_names() -> None:
    [one] = read("sku\titem-note\titem-name\nA\tx\ty\n").marks
    [same] = read("item-name\tsku\titem-note\ny\tA\tx\n").marks
    [other] = read("sku\titem-note\tcategory1\nA\tx\ty\n").marks

    assert one == same != other


def test_a_mark_is_the_same_wherever_it_is_made() -> None:
    assert read(row(sku="A", item_note="note")).marks == [8231419756487390614]


def test_items_are_called_by_their_names_also_in_bad_rows() -> None:
    content = b"sku\tprice\ttitle\titem-name\nA\t0\tshort\tlong\nB\t1\tshort\t\nC\t1\t\t\nD\t0\tlast\t\n"
    records = b"UR|A\nTI|first\n\nUR|B\nTI|second\n\n"

    assert aim_file.item_names(content, "TabDelimited", US, [1, 2, 3]) == {1: "long", 2: "short"}
    assert aim_file.item_names(records, UIEE, US, [2]) == {2: "second"}


# --------------------------------------------------------------------------------------------------------- properties

SKUS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), min_size=1, max_size=40)
EANS = st.text("0123456789", min_size=12, max_size=12).map(lambda text: text + check_digit(text))
UPCS = st.text("0123456789", min_size=11, max_size=11).map(lambda text: text + check_digit(text))
ISBNS = st.text("0123456789", min_size=9, max_size=9).map(lambda text: text + isbn_10_check(text))
BOOKS_13 = st.text("0123456789", min_size=9, max_size=9).map(lambda text: f"978{text}{check_digit(f'978{text}')}")
ASINS = st.text("0123456789ABCXYZ", min_size=9, max_size=9).map(lambda text: f"B{text}")
PRODUCTS = st.one_of(
    st.tuples(ASINS, st.just("1")),
    st.tuples(ISBNS | BOOKS_13, st.just("2")),
    st.tuples(EANS, st.sampled_from("34")),
    st.tuples(UPCS, st.just("3")),
    st.tuples(st.text("0123456789XB٢ ", max_size=14), st.sampled_from(["", "1", "2", "3", "4"])),
)


@given(SKUS.filter(str.strip), st.sampled_from(CONDITIONS), st.sampled_from(["\r\n", "\n"]))
def test_skus_and_conditions_come_through_a_row_as_they_are(sku: str, condition: Any, end: str) -> None:
    number = str(condition.loader or "")

    file = read(f"item-condition\tsku{end}{number}\t{sku}{end}")

    [found] = file.skus
    assert found == sku.strip()
    assert file.conditions == [condition if number else None]


@given(st.lists(PRODUCTS, max_size=8))
def test_whole_columns_of_product_ids_mean_what_each_of_them_means(pairs: list[tuple[str, str]]) -> None:
    asins, gtins, rest = product_ids.column([id_ for id_, _ in pairs], [kind for _, kind in pairs])

    for number, (text, kind) in enumerate(pairs):
        if number not in rest and text:
            assert sheet.product(text, kind or aim_file._guessed(text, "TabDelimited")) == (
                asins[number],
                gtins[number],
            )
        elif number in rest and kind:
            # What is left to be looked at one by one is wrong, or rare.
            with suppress(Invalid):
                if kind == "1":
                    assert not asin(text).startswith("B")
                else:
                    assert gtin(text, LOADER_ID_TYPES[kind]) == text.zfill(14)
                    assert len(text) == 8


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\0"), max_size=90)


@given(st.dictionaries(st.sampled_from(sorted(aim_file.COLUMNS)), TEXTS, max_size=6), st.sampled_from(FORMATS[:2]))
def test_what_a_row_says_is_what_listings_take(cells: dict[str, str], format: Format) -> None:
    cells = {**cells, "sku": "A"}
    file = read(row(**cells), format=format)

    for place in range(len(file.skus)):
        for name, value in attributes(file, place).items():
            found = Findings(name, True)
            if name in SHAPES and not isinstance(value, dict) and name != "externally_assigned_product_identifier":
                SHAPES[name].clean({"value": value}, "", found)
            assert found.issues == []


HEADS = st.sampled_from(
    [b"", b"sku\t", b"sku\tprice\tquantity\r\n", b"UR|", b"\xff\xfe", b"\xef\xbb\xbfsku\n", b"x\nBooks\n"]
)


@given(HEADS, st.binary(max_size=200), st.sampled_from(MODES), st.sampled_from(FORMATS), st.booleans())
def test_any_bytes_are_read_or_refused_and_the_door_never_refuses_what_is_read(
    head: bytes, body: bytes, mode: Mode, format: Format, strict: bool
) -> None:
    content = head + body
    try:
        file = aim_file.read(content, mode, format, place("JP"), strict)
    except FeedUnreadable:
        return

    assert aim_file.recognisable(content, mode, format)
    rows = {found.number for found in file.findings if found.severity == "ERROR"}
    assert len(file.numbers) + len(rows) == file.processed
    columns = (file.skus, file.actions, file.prices, file.quantities, file.marks, file.asins, file.gtins, file.centers)
    assert {len(column) for column in columns} == {len(file.numbers)}
    assert all(given for place in range(len(file.skus)) for _, given in file.instances(place))
    aim_file.item_names(content, format, place("JP"), file.numbers)
