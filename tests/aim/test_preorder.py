"""The Preorder report, which the operator installs: found and downloaded as any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.aim.program import NOT_FOUND, Program, outcome, wait
from tests.running import RunningServer, command, json_command

ASKED = {"ReportName": "Preorder"}
CONTENT = "asin\titem-name\taverage-asking-price\tquantity\n0747554323\tDie Kröte\t7.50\t3\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "preorder.txt"
    made.write_text(CONTENT, "utf-8")
    return made


def test_there_is_none_until_the_operator_installs_one(
    server: RunningServer, new_seller: Callable[..., Program], file: Path
) -> None:
    program = new_seller()
    assert outcome(program.call("download/report", ASKED)) == (200, NOT_FOUND)

    number = json_command(server, "seller", "preorder", program.seller_id, str(file))["report"]

    status = "manual-reports/get-report-status"
    wait(lambda: f"reportid={number} " in program.call(status, ASKED).text)
    found = program.call("download/report", {**ASKED, "productline": "Books", "frequency": "2"})
    assert (found.content, found.headers["content-type"]) == (
        CONTENT.encode("cp1252"),
        "text/plain; charset=windows-1252",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [("asin\tprice\n", "the first line of a Preorder report is asin, item-name"), ("", "the first line")],
)
def test_a_file_with_other_columns_is_refused(
    server: RunningServer, program: Program, file: Path, content: str, problem: str
) -> None:
    file.write_text(content)

    done = command(server, "seller", "preorder", program.seller_id, str(file))

    assert done.returncode != 0
    assert problem in " ".join(done.stderr.split())


def test_a_marketplace_that_is_not_the_sellers_is_refused(server: RunningServer, program: Program, file: Path) -> None:
    done = command(server, "seller", "preorder", program.seller_id, str(file), "--marketplace", "A1PA6795UKMFR9")

    assert done.returncode != 0
    assert "no marketplace of the seller" in " ".join(done.stderr.split())
