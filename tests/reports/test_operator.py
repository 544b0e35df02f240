"""The operator's side of reports: schedules, and what a new seller finds; and what SP-API does not show of AIM."""

from __future__ import annotations

import secrets

import httpx
import pytest

from tests.acceptance.tools import database_url, sql
from tests.running import RunningServer, command, json_command
from tests.spapi.program import Program


@pytest.fixture
def seller(server: RunningServer) -> str:
    found: str = server.add_seller(f"reports-{secrets.token_hex(4)}", clock="2026-03-04T18:00:00Z")["seller_id"]
    return found


def test_a_new_seller_has_order_reports_every_four_hours(server: RunningServer, seller: str) -> None:
    shown = json_command(server, "seller", "schedule", seller, "--json")

    assert shown == {
        "schedules": [
            {
                "report": "Order",
                "type": "GET_CONVERGED_FLAT_FILE_ORDER_REPORT_DATA",
                "hours": 4,
                "due_at": "2026-03-04T22:00:00Z",
            }
        ]
    }


def test_the_operator_sets_and_ends_schedules(server: RunningServer, seller: str) -> None:
    hourly = json_command(server, "seller", "schedule", seller, "--hours", "1", "--json")
    both = json_command(server, "seller", "schedule", seller, "--report", "openlistingslite", "--hours", "24", "--json")
    one = json_command(server, "seller", "schedule", seller, "--report", "Order", "--hours", "0", "--json")

    assert [row["hours"] for row in hourly["schedules"]] == [1]
    assert [row["report"] for row in both["schedules"]] == ["Order", "OpenListingsLite"]
    assert [row["report"] for row in one["schedules"]] == ["OpenListingsLite"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"report": "Preorder", "hours": 1}, "report"),
        ({"report": "Nothing", "hours": 1}, "report"),
        ({"report": 7, "hours": 1}, "report"),
        ({"hours": 1}, "report"),
        ({"report": "Order"}, "hours"),
        ({"report": "Order", "hours": "1"}, "hours"),
        ({"report": "Order", "hours": True}, "hours"),
        ({"report": "Order", "hours": -1}, "hours"),
        ({"report": "Order", "hours": 10**30}, "hours"),
        ({"report": "Order", "hours": 1, "days": 1}, "days"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(
    server: RunningServer, seller: str, body: dict[str, object], field: str
) -> None:
    token = (server.data / "operator.token").read_text().strip()

    refused = httpx.put(
        f"{server.url}/operator/v1/sellers/{seller}/report-schedules",
        json=body,
        headers={"authorization": f"Bearer {token}"},
        trust_env=False,
    )

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == field


def test_an_unknown_seller_has_no_schedules(server: RunningServer) -> None:
    refused = [command(server, "seller", "schedule", "NOBODY", *more).stderr for more in ((), ("--hours", "1"))]

    assert ["NotFound" in complaint for complaint in refused] == [True, True]


FEEDS = "/feeds/2021-06-30/feeds"


def test_reports_are_no_feeds(server: RunningServer) -> None:
    program = Program(server, server.add_seller(f"feeds-{secrets.token_hex(4)}"))
    [made] = sql(
        database_url(server),
        "select submission_id, feed_type from submissions where seller_id = $1",
        program.seller_id,
    )

    listed = program.call("GET", f"{FEEDS}?feedTypes={made['feed_type']}")
    found = program.call("GET", f"{FEEDS}/{made['submission_id']}")
    cancelled = program.call("DELETE", f"{FEEDS}/{made['submission_id']}")

    program.http.close()
    assert made["feed_type"] == "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT"
    assert listed.json() == {"feeds": []}
    assert (found.status_code, cancelled.status_code) == (404, 404)
