"""`entrepot aim`: the guide's two workflows, against its protocol, and against the server itself."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from entrepot.cli import aim, reconciling
from entrepot.cli.aim_client import UPLOAD_MAX, AimClient, address_of
from entrepot.cli.refusals import Unreachable
from entrepot.domain.errors import Invalid
from tests.cli.conftest import Done, Entrepot
from tests.cli.fake_aim import EMAIL, PASSWORD, FakeAim, fake_aim
from tests.cli.terminal import on_terminal
from tests.running import RunningServer

LITE = b"seller-sku\tquantity\tprice\tproduct-id\n"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAim]:
    monkeypatch.setenv("ENTREPOT_AIM_PASSWORD", PASSWORD)
    monkeypatch.setattr(aim, "SOON_SECONDS", 0.01)
    with fake_aim() as started:
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "stock.txt"
    written.write_bytes(b"sku\tprice\tquantity\r\nA\t10.00\t3\r\nB\t5\t1\r\n")
    return written


Upload = Any


@pytest.fixture
def upload(entrepot: Entrepot, fake: FakeAim, file: Path) -> Upload:
    def run(*words: object, mode: str = "modify-only") -> Done:
        done: Done = entrepot("aim", "upload", file, "--mode", mode, "--url", fake.url, "--email", EMAIL, *words)
        return done

    return run


# Upload


def test_an_upload_is_what_the_guide_asks_for(upload: Upload, fake: FakeAim, file: Path) -> None:
    done = upload("--upload-for", "zShop", "--format", "TabDelimitedBooks", "--asinate", "--confirmation")

    [asked] = fake.uploads()
    wanted = {
        "uploadfor": "zShop", "fileformat": "TabDelimitedBooks", "asinate": "Y", "email": "Y", "batchid": "Y",
        "content-type": "text/xml",
    }  # fmt: skip
    assert done.json == {"batch": "2600000012"}
    assert asked.path == "/exec/panama/seller-admin/catalog-upload/modify-only"
    assert asked.body == file.read_bytes()
    assert {name: asked.headers.get(name) for name in wanted} == wanted
    assert asked.headers["cookie"].startswith("x-main=")
    assert "asinmatchcreate" not in asked.headers


@pytest.mark.parametrize("mode", ["add-modify-delete", "modify-only", "purge-replace"])
def test_each_mode_has_its_function(upload: Upload, fake: FakeAim, mode: str) -> None:
    assert upload(mode=mode).code == 0
    assert fake.uploads()[0].path.endswith(f"catalog-upload/{mode}")


def test_a_batch_that_is_not_told_is_found_in_the_list(upload: Upload, fake: FakeAim) -> None:
    fake.says_batch_id = False

    assert upload().json == {"batch": "2600000012"}


def test_watching_tells_the_counters_of_a_clean_batch(upload: Upload, fake: FakeAim, file: Path) -> None:
    fake.polls, fake.counts = 3, (3, 1, 0)

    done = upload("--watch")

    assert done.json == {
        "batch": "2600000012", "status": "Done", "activated": 3, "rejected": 0, "warnings": 1,
        "error_log": None, "quick_fix": None,
    }  # fmt: skip
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("spelling", ["itemsnotacivated", "itemsnotactivated"])
def test_rejected_rows_are_saved_beside_the_file(upload: Upload, fake: FakeAim, file: Path, spelling: str) -> None:
    fake.counts, fake.rejected_name = (81, 0, 1), spelling
    fake.error_log, fake.quick_fix = b"Feed Processing Summary:\n\xe9", b"sku\tprice\tquantity\r\nB\t5\t1\r\n"

    done = upload("--watch")

    assert done.code == 1
    assert '"rejected": 1' in done.out
    assert file.with_name("stock.txt.errors.txt").read_bytes() == fake.error_log
    assert file.with_name("stock.txt.quickfix.txt").read_bytes() == fake.quick_fix


def test_a_batch_that_failed_is_an_end_and_no_success(upload: Upload, fake: FakeAim) -> None:
    fake.status, fake.counts = "Failed", (0, 0, 0)

    done = upload("--watch")

    assert done.code == 1
    assert '"status": "Failed"' in done.out


def test_a_batch_that_does_not_end_in_time_is_said_so(upload: Upload, fake: FakeAim) -> None:
    fake.polls = 10**6

    assert "is not ready after 0 minutes" in upload("--watch", "--patience", "0").complaint


def test_a_server_that_is_silent_for_a_moment_is_asked_again(
    upload: Upload, fake: FakeAim, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.polls = 3
    told = fake.answer

    def answer(asked: Any) -> tuple[int, str, bytes]:
        if "get-pending" in asked.path and fake.misses == 0 and len(fake.asked) < 6:
            fake.misses = 2
        return told(asked)

    monkeypatch.setattr(fake, "answer", answer)

    assert upload("--watch").code == 0


@pytest.mark.parametrize("token", ["INVALID_FILE_FORMAT", "INVALID_LISTING_PROGRAM", "SOMETHING_NEW"])
def test_a_refusal_is_one_line_that_begins_with_its_token(upload: Upload, fake: FakeAim, token: str) -> None:
    fake.uploads_refused = token

    assert upload().complaint.startswith(f"{token}: ")


def test_a_wrong_password_is_said_and_not_repeated(
    upload: Upload, fake: FakeAim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_AIM_PASSWORD", "wrong s3cret")

    complaint = upload().complaint

    assert complaint.startswith("CUSTOMER_UNAUTHORIZED: ")
    assert "s3cret" not in complaint


def test_a_password_may_be_in_a_file_and_must_be_somewhere(
    upload: Upload, fake: FakeAim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENTREPOT_AIM_PASSWORD")
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")

    assert upload("--password-file", secret).code == 0
    assert "ENTREPOT_AIM_PASSWORD" in upload().complaint
    assert "cannot read" in upload("--password-file", tmp_path / "none").complaint


@pytest.mark.parametrize(
    "page",
    [
        b"<html><title>Sign in</title></html>",
        b"",
        b"\xff\xfe\x00",
        b"<Success>MAYBE</Success>",
        b"<Batches> <Batch>batchid=" + b"9" * 5000 + b" status=Done </Batch></Batches>",
    ],
)
def test_what_is_not_aim_is_said_in_one_line(upload: Upload, fake: FakeAim, page: bytes) -> None:
    fake.strange = page

    assert "is not AIM" in upload().complaint


def test_nobody_there_is_said_in_one_line(entrepot: Entrepot, fake: FakeAim, file: Path) -> None:
    words = ("aim", "upload", file, "--mode", "modify-only", "--email", EMAIL)

    assert "does not answer" in entrepot(*words, "--url", "http://127.0.0.1:9").complaint
    assert "cannot read" in entrepot(*words[:2], file.with_name("none"), *words[3:], "--url", fake.url).complaint


def test_a_server_that_never_answers_a_question_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.cli.aim_client._ASKING_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with AimClient(url, EMAIL, PASSWORD) as client, pytest.raises(Unreachable, match="timed out"):
            client.pending()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://secure.amazon.co.uk", "https://secure.amazon.co.uk/exec/panama/seller-admin/"),
        ("http://127.0.0.1:8700/", "http://127.0.0.1:8700/exec/panama/seller-admin/"),
        ("http://here/exe/panama/seller-admin", "http://here/exe/panama/seller-admin/"),
        ("http://[::1]:8700", "http://[::1]:8700/exec/panama/seller-admin/"),
    ],
)
def test_an_address_may_leave_the_path_out(url: str, address: str) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "ftp://here", "here", "http://", "https://ada:s3cret@here", "http://here/?a=b", "http://here:s3cret",
        "http://here:99999", "http://here:0", "http://[::1", "http://.", "http://a..b", "http://xn--", "http://\u2603",
        f"http://{'a' * 64}.example",
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        address_of(url)

    assert "s3cret" not in refused.value.message


def test_a_file_beyond_the_limit_is_not_sent(upload: Upload, fake: FakeAim, file: Path) -> None:
    file.write_bytes(b"sku\n" * (UPLOAD_MAX // 4 + 1))

    assert "10 MB" in upload().complaint
    assert fake.asked == []


# Reconcile

LISTED = LITE + b"A\t3\t10\tB00005RIH0\nB\t2\t5.00\tB00005RIH1\nSURPLUS\t1\t9.99\t\nOURS\t\t9.99\t\n" + LITE


@pytest.fixture
def reconcile(entrepot: Entrepot, fake: FakeAim, file: Path) -> Upload:
    fake.report = LISTED
    file.write_bytes(
        b"sku\tprice\tquantity\tproduct-id\titem-note\r\nA\t10,00\t3\tB00005RIH0\t\r\nB\t5\t1\t\t\r\n"
        b'NEW\t7.50\t4\t0747554323\tsch\xf6n \x81\x93, 12"\r\nNONE\t1\t0\t\t\r\n\r\n'
    )

    def run(*words: object) -> Done:
        done: Done = entrepot("aim", "reconcile", file, "--url", fake.url, "--email", EMAIL, *words)
        return done

    return run


def test_what_is_missing_surplus_or_different_is_told(reconcile: Upload, fake: FakeAim, file: Path) -> None:
    done = reconcile()

    told = json.loads(done.out)
    assert done.code == 1
    assert {kind: [one["sku"] for one in told[kind]["first"]] for kind in ("missing", "surplus", "different")} == {
        "missing": ["NEW"],
        "surplus": ["SURPLUS"],
        "different": ["B"],
    }
    assert told["different"]["first"][0] == {
        "sku": "B",
        "listed": {"price": "5.00", "quantity": 2},
        "file": {"price": "5", "quantity": 1},
    }
    assert (told["report"], told["listed"], told["in_file"], told["alone"]) == ("2600000011", 4, 4, 1)
    assert fake.uploads() == []


def test_the_mending_file_has_the_rows_of_the_file_byte_for_byte(reconcile: Upload, file: Path) -> None:
    reconcile()

    assert file.with_name("stock.txt.mend.txt").read_bytes() == (
        b"sku\tprice\tquantity\tproduct-id\titem-note\tadd-delete\r\n"
        b'NEW\t7.50\t4\t0747554323\tsch\xf6n \x81\x93, 12"\t\r\n'
        b"B\t5\t1\t\t\t\r\n"
        b"SURPLUS\t\t\t\t\td\r\n"
    )


def test_applied_it_is_uploaded_and_watched(reconcile: Upload, fake: FakeAim, tmp_path: Path) -> None:
    mend = tmp_path / "elsewhere.txt"

    done = reconcile("--apply", "--output", mend)

    [asked] = fake.uploads()
    assert asked.path.endswith("catalog-upload/add-modify-delete")
    assert asked.body == mend.read_bytes()
    assert done.json["applied"][0]["status"] == "Done"


def test_applied_without_success_is_no_success(reconcile: Upload, fake: FakeAim, file: Path) -> None:
    fake.counts, fake.error_log = (2, 0, 1), b"Feed Processing Summary:"

    done = reconcile("--apply")

    assert done.code == 1
    assert file.with_name("stock.txt.mend.txt.errors.txt").read_bytes() == fake.error_log


def test_a_shop_that_is_as_the_file_says_is_left_alone(reconcile: Upload, fake: FakeAim, file: Path) -> None:
    fake.report = LITE + b"A\t3\t10\t\nB\t1\t5\t\nNEW\t4\t7.5\t\n"

    done = reconcile("--apply")

    assert done.json["mended"] is None
    assert fake.uploads() == []
    assert list(file.parent.iterdir()) == [file]


def test_the_report_is_the_one_that_was_made_now(reconcile: Upload, fake: FakeAim) -> None:
    fake.polls, fake.reports = 4, []

    assert '"report": "2600000010"' in reconcile("--report", "OpenListingsLiter").out
    names = {one.headers["reportname"] for one in fake.asked if "report" in one.path and "reportname" in one.headers}
    assert names == {"OpenListingsLiter"}


def test_the_mending_file_never_takes_the_place_of_the_file_itself(
    reconcile: Upload, fake: FakeAim, file: Path
) -> None:
    before = file.read_bytes()

    assert "would be lost" in reconcile("--output", file.parent / "." / file.name).complaint
    assert (file.read_bytes(), fake.asked) == (before, [])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "has no column 'sku'"),
        (b"price\tquantity\n1\t2\n", "has no column 'sku'"),
        (b"PK\x03\x04workbook", "workbook"),
        (b"sku\0\n", "zero bytes"),
    ],
)
def test_a_file_that_is_no_inventory_is_refused_before_anything_is_asked(
    reconcile: Upload, fake: FakeAim, file: Path, content: bytes, complaint: str
) -> None:
    file.write_bytes(content)

    assert complaint in reconcile().complaint
    assert fake.asked == []


@pytest.mark.parametrize("report", [b"", b"\x00\x01", b"no report\n", LITE + b"A\tmany\t1\t\n"])
def test_a_report_that_is_none_changes_nothing(reconcile: Upload, fake: FakeAim, file: Path, report: bytes) -> None:
    fake.report = report

    assert reconcile("--apply").complaint.startswith("Invalid: ")
    assert fake.uploads() == []


@pytest.mark.parametrize("charset", ["undefined", "base64", "idna", "no-such"])
def test_a_report_in_an_encoding_that_is_none_is_read_as_it_looks(
    reconcile: Upload, fake: FakeAim, charset: str
) -> None:
    fake.content_type = f"text/plain; charset={charset}"

    assert '"listed": 4' in reconcile().out


def test_rows_that_cannot_be_read_are_named_and_nothing_is_done_about_their_listings(
    reconcile: Upload, fake: FakeAim, file: Path
) -> None:
    file.write_bytes(b"sku\tprice\tquantity\nA\tcheap\t3\nB\t5\t2\nSURPLUS\t9.99\t-1\n")

    done = reconcile("--apply")

    told = json.loads(done.out)
    assert done.code == 1
    assert [one["sku"] for one in told["unreadable"]["first"]] == ["A", "SURPLUS"]
    assert (told["surplus"]["total"], told["mended"]) == (0, None)


def test_a_row_that_deletes_wants_no_listing() -> None:
    sheet = reconciling.read_sheet(b"add-delete\tsku\tprice\nd\tA\t\nx\tGONE\t\na\tB\t2\n")
    listed = reconciling.read_listings((LITE + b"A\t3\t10\t\nB\t1\t2\t\n").decode())

    found = reconciling.compare(sheet, listed)

    assert [one.sku for one in found.surplus] == ["A"]
    assert (found.missing, found.different) == ([], [])
    assert reconciling.mending(sheet, found) == [b"add-delete\tsku\tprice\r\n", b"d\tA\t\r\n"]


def test_of_a_column_that_occurs_twice_the_cell_counts_that_counts_in_an_upload() -> None:
    sheet = reconciling.read_sheet(b"sku\tprice\tprice\tseller-sku\nA\t1\t6\t\nB\t1\t\tC\n")

    assert {sku: str(row.wanted and row.wanted.price) for sku, row in sheet.rows.items()} == {"A": "6", "C": "1"}


@pytest.mark.parametrize("price", ["1e400", "1_0", "NaN", "-5", "\uff15", "1,000.00", "."])
def test_a_price_that_an_upload_would_refuse_is_named(price: str) -> None:
    sheet = reconciling.read_sheet(f"sku\tprice\nA\t{price}\n".encode())

    assert (dict(sheet.rows), list(sheet.unreadable)) == ({}, ["A"])


def test_a_sku_in_windows_1252_is_the_one_of_the_report_and_keeps_its_bytes() -> None:
    sheet = reconciling.read_sheet(b"sku\tprice\nA\x96B\t5\n")
    found = reconciling.compare(sheet, {"A\u2013B": reconciling.Stock(Decimal(6), None, None)})

    assert (found.missing, found.surplus, found.alone) == ([], [], 0)
    assert reconciling.mending(sheet, found) == [b"sku\tprice\tadd-delete\r\n", b"A\x96B\t5\t\r\n"]


def test_conditions_are_compared_by_what_they_mean() -> None:
    sheet = reconciling.read_sheet(b"sku\titem-condition\nA\t9\nB\t11\nC\todd\n")
    listed = reconciling.read_listings("seller-sku\titem-condition\nA\t10\nB\t1\nC\todd\n")

    assert [one.sku for one in reconciling.compare(sheet, listed).different] == ["B"]


def test_a_japanese_file_is_read_as_one_if_the_report_is_one(reconcile: Upload, fake: FakeAim, file: Path) -> None:
    fake.content_type = "text/plain; charset=Windows-31J"
    fake.report = LITE + "株式①\t3\t1250\t\n".encode("cp932")
    file.write_bytes("sku\tprice\n株式①\t1250\n".encode("cp932"))

    done = reconcile()

    assert (done.code, done.json["mended"]) == (0, None)


def test_the_last_row_of_a_sku_counts() -> None:
    sheet = reconciling.read_sheet(b"sku\tquantity\nA\t1\nA\t9\n")

    found = reconciling.compare(sheet, reconciling.read_listings("seller-sku\tquantity\nA\t9\n"))

    assert found.clean


def test_a_long_mending_file_goes_in_parts_that_all_have_the_header() -> None:
    lines = [b"sku\r\n", *(b"SKU-%03d\r\n" % number for number in range(100))]

    parts = list(reconciling.parts(lines, 200))

    assert all(len(part) <= 200 and part.startswith(b"sku\r\n") for part in parts)
    assert b"".join(part.removeprefix(b"sku\r\n") for part in parts) == b"".join(lines[1:])


def test_a_hundred_thousand_rows_are_compared_in_seconds() -> None:
    count = 100_000
    rows = b"".join(b"SKU-%06d\t%d.50\t%d\tnote\n" % (n, n % 90 + 1, n % 7 + 1) for n in range(count))
    listed = b"".join(b"SKU-%06d\t%d\t%d.5\t\n" % (n, n % 7 + 1, n % 90 + 1) for n in range(1, count + 1))
    began = time.process_time()

    sheet = reconciling.read_sheet(b"sku\tprice\tquantity\titem-note\n" + rows)
    found = reconciling.compare(sheet, reconciling.read_listings((LITE + listed).decode()))

    assert [len(kind) for kind in (found.missing, found.surplus, found.different)] == [1, 1, 0]
    assert time.process_time() - began < 10


def test_people_read_tables(server: RunningServer, fake: FakeAim, file: Path) -> None:
    fake.report = LISTED
    words = (str(file), "--url", fake.url, "--email", EMAIL)

    code, reconciled = on_terminal(server, "aim", "reconcile", *words)
    _, uploaded = on_terminal(server, "aim", "upload", *words, "--mode", "modify-only", "--watch")
    _, mails = on_terminal(server, "mail", "--seller", server.add_seller("unwritten")["seller_id"])

    assert code == 1
    assert "surplus" in reconciled
    assert "SURP" in reconciled  # the rest may be in the next line
    assert "Done" in uploaded
    assert "written" in mails


# Against the server itself

STOCK = (
    b"sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\titem-note\r\n"
    b"A\tB00005RIH0\t1\t10.00\t11\t3\ta\t\r\n"
    b"B\t0747554323\t2\t7.50\t3\t1\ta\tsch\xf6n\r\n"
)


@pytest.fixture
def seller(server: RunningServer, entrepot: Entrepot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A seller and his file, and the command that is about both: `seller("upload", "--mode", …)`."""
    monkeypatch.setattr(aim, "SOON_SECONDS", 0.05)
    monkeypatch.setenv("ENTREPOT_AIM_PASSWORD", "a long enough password")
    name = f"mover{time.monotonic_ns()}"
    credentials = server.add_seller(name)
    file = tmp_path / "stock.txt"
    file.write_bytes(STOCK)

    def run(verb: str, *words: object, what: Path = file) -> Done:
        return entrepot("aim", verb, what, "--email", credentials["email"], "--patience", "1", *words)

    run.id, run.file = credentials["seller_id"], file  # type: ignore[attr-defined]
    return run


def test_what_is_uploaded_here_is_for_sale(seller: Any, entrepot: Entrepot) -> None:
    uploaded = seller("upload", "--mode", "add-modify-delete", "--confirmation", "--watch").json
    reconciled = seller("reconcile").json

    assert (uploaded["status"], uploaded["activated"], uploaded["rejected"]) == ("Done", 2, 0)
    assert (reconciled["listed"], reconciled["mended"]) == (2, None)
    [letter] = entrepot("mail", "--seller", seller.id).json["mail"]
    assert letter["subject"] == f"Inventory file processed: batch {uploaded['batch']}"
    assert letter["sent_at"] is None


def test_a_corrected_quick_fix_is_a_file_like_any_other(seller: Any) -> None:
    seller.file.write_bytes(STOCK.replace(b"7.50", b"cheap"))

    first = seller("upload", "--mode", "add-modify-delete", "--watch")
    fix = seller.file.with_name("stock.txt.quickfix.txt")
    offered = fix.read_bytes()
    fix.write_bytes(offered.replace(b"cheap", b"7.50"))
    second = seller("upload", "--mode", "add-modify-delete", "--watch", what=fix)

    seller.file.write_bytes(STOCK)
    assert first.code == 1
    assert offered.splitlines()[0] == STOCK.splitlines()[0]
    assert b"A\tB00005RIH0" not in offered
    assert seller.file.with_name("stock.txt.errors.txt").read_bytes().startswith(b"Feed Processing Summary")
    assert second.json["activated"] == 1
    assert seller("reconcile").code == 0


@pytest.mark.parametrize("report", ["OpenListingsLite", "OpenListingsLiter", "OpenListings"])
def test_a_shop_is_mended_until_nothing_differs(seller: Any, report: str) -> None:
    seller("upload", "--mode", "add-modify-delete", "--watch")
    seller.file.write_bytes(
        STOCK.replace(b"\r\nA\t", b"\r\nC\t").replace(b"11\t3", b"11\t5").replace(b"3\t1\ta", b"3\t4\ta")
    )

    before = seller("reconcile", "--report", report, "--apply")
    after = seller("reconcile", "--report", report)

    told = before.json
    assert [told[kind]["total"] for kind in ("missing", "surplus", "different")] == [1, 1, 1]
    assert after.json["mended"] is None


def test_a_wrong_password_opens_nothing_here(seller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTREPOT_AIM_PASSWORD", "another long password")

    assert seller("upload", "--mode", "modify-only").complaint.startswith("CUSTOMER_UNAUTHORIZED: ")
