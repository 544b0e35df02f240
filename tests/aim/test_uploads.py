"""Uploads: what is taken and what is refused, what the queue is told, and what is shown of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.aim.program import (
    COOKIE,
    GUIDE,
    INVALID_FORMAT,
    INVALID_PROGRAM,
    LOADER,
    SUCCESS,
    Program,
    outcome,
    wait,
)

Make = Callable[..., Program]

MODES = ("add-modify-delete", "modify-only", "purge-replace")
HEADER = LOADER.split(b"\r\n")[0] + b"\r\n"
UIEE = b"UR|12345\r\nTI|A book\r\nPR|10.00\r\nXB|1\r\nXD|S\r\n\r\n"
REFUNDS = b"order-id\tpayments-transaction-id\trefund-amount\treason\tmessage\r\n"
MIB = 1024 * 1024


@pytest.mark.parametrize("mode", MODES)
def test_an_upload_is_a_success_or_its_number(mode: str, new_seller: Make) -> None:
    seller = new_seller()

    plain, numbered = seller.upload(mode), seller.upload(mode, BatchID="Y")

    assert (outcome(plain), plain.headers["content-type"]) == ((200, SUCCESS), "text/xml")
    assert re.fullmatch(rb"<BatchID>[0-9]{10}</BatchID>", numbered.content)


def test_numbers_rise_over_all_sellers_and_are_the_batches(new_seller: Make) -> None:
    one, other = new_seller(), new_seller()

    numbers = [one.batch(), other.batch(), one.batch()]

    assert numbers == sorted(set(numbers))
    listed = re.findall(r"batchid=([0-9]+) ", one.call("catalog-upload/get-batches").text)
    assert listed == [numbers[2], numbers[0]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        b"no header at all\r\n",
        bytes(range(256)),
        b"\x89PNG\r\n\x1a\n",
        b"<xml/>",
        b"\x1f\x8b\x08junk",
    ],
    ids=["empty", "blank", "text", "binary", "picture", "xml", "broken gzip"],
)
@pytest.mark.parametrize("mode", [*MODES, "batch-refund"])
def test_what_is_no_such_file_is_refused_and_queued_nowhere(mode: str, body: bytes, program: Program) -> None:
    before = program.call("catalog-upload/get-batches", {"NumberOfBatches": "100"}).content

    assert outcome(program.upload(mode, body)) == (200, INVALID_FORMAT)

    assert program.call("catalog-upload/get-batches", {"NumberOfBatches": "100"}).content == before


def test_a_file_of_header_only_is_good(new_seller: Make) -> None:
    assert new_seller().upload("purge-replace", HEADER).content == SUCCESS


def test_a_file_of_ten_megabytes_is_taken_and_a_longer_one_is_read_and_refused(new_seller: Make) -> None:
    seller = new_seller()
    whole = LOADER.removesuffix(b"\r\n").ljust(10 * MIB)  # one row: many would keep the worker from other tests

    assert outcome(seller.upload(body=whole + b"\n")) == (200, INVALID_FORMAT)
    assert outcome(seller.upload("batch-refund", REFUNDS + whole)) == (200, INVALID_FORMAT)
    assert outcome(seller.upload(body=whole)) == (200, SUCCESS)


def test_a_purge_may_be_longer_than_ten_megabytes_up_to_a_hundred(new_seller: Make) -> None:
    seller = new_seller()
    long, longer = (LOADER.removesuffix(b"\r\n") + b" " * size for size in (11 * MIB, 100 * MIB))

    assert outcome(seller.upload("modify-only", long)) == (200, INVALID_FORMAT)
    assert outcome(seller.upload("purge-replace", longer)) == (200, INVALID_FORMAT)
    assert outcome(seller.upload("purge-replace", long)) == (200, SUCCESS)
    wait(lambda: b" activateditems=1 " in seller.call("catalog-upload/get-batches").content)


@pytest.mark.parametrize("given", ["MarketplaceOnly", "Marketplace", "zShop", "ZShop", "MARKETPLACE", ""])
def test_every_program_is_taken_in_any_case(given: str, program: Program) -> None:
    assert outcome(program.upload(UploadFor=given)) == (200, SUCCESS)


def test_an_unknown_program_and_an_unknown_format_are_refused(program: Program) -> None:
    assert outcome(program.upload(UploadFor="Auctions")) == (200, INVALID_PROGRAM)
    assert outcome(program.upload(FileFormat="CSV")) == (200, INVALID_FORMAT)
    assert outcome(program.upload(FileFormat="UIEE")) == (200, INVALID_FORMAT)  # the file is none
    assert outcome(program.upload(body=UIEE, FileFormat="uiee")) == (200, SUCCESS)
    assert outcome(program.upload(FileFormat="tabdelimitedbooks")) == (200, SUCCESS)


# (platform, host) → header → what is answered with strict fidelity.
STRICT: list[tuple[str, str, dict[str, str], bytes]] = [
    ("MARKETPLACE", "secure.amazon.com", {"UploadFor": "zShop"}, SUCCESS),
    ("MARKETPLACE", "secure.amazon.ca", {"UploadFor": "zShop"}, INVALID_PROGRAM),
    ("MARKETPLACE", "secure.amazon.ca", {"UploadFor": "Marketplace"}, SUCCESS),
    ("MARKETPLACE", "secure.amazon.ca", {"FileFormat": "TabDelimitedBooks"}, SUCCESS),
    ("SELLER_CENTRAL", "merchant-query.amazon.com", {"UploadFor": "Marketplace"}, INVALID_PROGRAM),
    ("SELLER_CENTRAL", "merchant-query.amazon.com", {"FileFormat": "UIEE"}, INVALID_FORMAT),
    ("SELLER_CENTRAL", "merchant-query.amazon.com", {"Asinate": "Y", "email": "Y"}, SUCCESS),
    ("SELLER_CENTRAL", "merchant-query.amazon.com", {}, SUCCESS),
]


@pytest.mark.parametrize(("platform", "host", "headers", "answer"), STRICT)
def test_the_matrix_holds_with_strict_fidelity_and_only_then(
    platform: str, host: str, headers: dict[str, str], answer: bytes, new_seller: Make
) -> None:
    seller = new_seller()
    seller.policy(aim_platform=platform, fidelity="STRICT")
    body = UIEE if headers.get("FileFormat") == "UIEE" else LOADER

    strict = seller.upload(body=body, **{**GUIDE, "host": host}, **headers)
    seller.policy(fidelity="FORGIVING")
    forgiving = seller.upload(body=body, host=host, **headers)

    assert outcome(strict) == (200, answer)
    assert outcome(forgiving) == (200, SUCCESS)


def test_a_batch_is_shown_at_once_and_counted_while_it_waits(new_seller: Make) -> None:
    seller = new_seller(clock="2026-03-31T12:00:00Z")
    seller.policy(upload_pace="HOURLY")
    first = seller.batch()
    wait(lambda: b"status=Done" in seller.call("catalog-upload/get-batches").content)

    second = seller.batch()

    assert seller.call("manual-reports/get-pending-uploads-count").content == (
        b"<PendingUploadsCount>1</PendingUploadsCount>"
    )
    listed = seller.call("catalog-upload/get-batches").text
    assert listed.startswith(
        f"<Batches> <Batch>batchid={second} status=Submitted dateandtime=03/31/2026 05:00:00 PDT activateditems=0"
        f" numberofwarnings=0 itemsnotacivated=0 </Batch><Batch>batchid={first} status=Done dateandtime=03/31/2026"
        f" 05:00:00 PDT activateditems="
    )


def test_the_second_file_waits_for_its_hour_of_the_sellers_own_time(new_seller: Make) -> None:
    seller = new_seller(clock="2026-03-31T12:00:00Z")
    seller.policy(upload_pace="HOURLY")
    for _ in range(3):
        seller.batch()

    def pending() -> int:
        return int(re.sub(r"\D", "", seller.call("manual-reports/get-pending-uploads-count").text))

    wait(lambda: pending() == 2)
    seller.server.world("advance", seller=seller.seller_id, duration="PT1H")
    wait(lambda: pending() == 1)
    seller.server.world("advance", seller=seller.seller_id, duration="PT1H")
    wait(lambda: pending() == 0)


@pytest.mark.parametrize(("fidelity", "pace", "waits"), [("STRICT", "AS_FIDELITY", True), ("STRICT", "AT_ONCE", False)])
def test_one_file_an_hour_is_a_rule_of_strict_fidelity_unless_the_pace_says_otherwise(
    fidelity: str, pace: str, waits: bool, new_seller: Make
) -> None:
    seller = new_seller(clock="2026-03-31T12:00:00Z")
    seller.policy(fidelity=fidelity, upload_pace=pace)
    numbers = [seller.batch(cookie=COOKIE) for _ in range(2)]

    def done(number: str) -> bool:
        listed = seller.call("catalog-upload/get-batches", GUIDE).text
        return f"batchid={number} status=Done" in listed

    wait(lambda: done(numbers[0]))
    if waits:
        assert not done(numbers[1])
    else:
        wait(lambda: done(numbers[1]))


def test_nobody_sees_the_batches_of_another(new_seller: Make) -> None:
    one, other = new_seller(), new_seller()
    number = one.batch()

    assert other.call("catalog-upload/get-batches").content == b"<Batches></Batches>"
    for log in ("errorlog", "quickfix"):
        answer = other.call(f"download/{log}", {"BatchID": number})
        assert outcome(answer) == (200, b"<BusinessLogicError>INVALID_BATCH</BusinessLogicError>")


def test_the_date_of_a_batch_is_the_sellers_own_time(new_seller: Make) -> None:
    seller = new_seller(clock="2009-08-07T08:48:23Z")
    seller.upload()

    assert " dateandtime=08/07/2009 01:48:23 PDT " in seller.call("catalog-upload/get-batches").text
