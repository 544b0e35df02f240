"""`entrepot verify`: clean books are said to be clean, whether a server runs or not; tampered ones are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.tools import cluster_state, database_url, sql
from tests.cli.conftest import Entrepot
from tests.cli.terminal import on_terminal
from tests.running import RunningServer, free_port


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[RunningServer]:
    """A server with some stock, for this module alone, because its books are tampered with."""
    running = RunningServer(place / "data", ("--limits", "off")).start()
    seller = running.add_seller("Verified")["seller_id"]
    for sku in ("A", "B"):
        running.world("create_item", seller=seller, sku=sku, title=sku)
        running.world("add_stock", seller=seller, sku=sku, quantity=10)
    running.world("place_order", seller=seller, sku="A", quantity=3)
    running.world("plan", seller=seller, sku="B", quantity=5)
    running.world(
        "ship_order", order=running.world("place_order", seller=seller, sku="B", quantity=2)["order"], seller=seller
    )
    running.world("put_listing", seller=seller, sku="C", product_type="PRODUCT", attributes={})
    running.world("set_quantity", seller=seller, sku="C", quantity=10)
    yield running
    running.stop()


def test_clean_books_are_said_to_be_clean_and_what_was_checked_is_listed(entrepot: Entrepot) -> None:
    report = entrepot("verify", "--json").json

    assert report["clean"]
    assert len(report["checks"]) > 10
    assert all(check["name"] and check["invariants"] is not None for check in report["checks"])
    assert sum(check["checked"] for check in report["checks"]) > 20


TAMPERINGS = {
    "a balance": "update balances set quantity = quantity + {} where account = 'FC_AVAIL' and quantity > 5",
    "a balance of a merchant": "update balances set quantity = quantity + {} where account = 'M_AVAIL'",
    "a balance of the world outside": "update balances set quantity = quantity + {} where account = 'X_CUSTOMER'",
    "a position": "update positions set available = available + {} where available > 5",
    "an order": "update order_items set ordered = ordered + {}",
    "a shipment": "update shipment_items set announced = announced + {}",
    "the last sequence": "update ledgers set last_seq = last_seq + {}",
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_tampered_with_in_sql_is_found(entrepot: Entrepot, server: RunningServer, what: str) -> None:
    url = database_url(server)

    sql(url, TAMPERINGS[what].format(1))
    tampered = entrepot("verify", "--json")
    sql(url, TAMPERINGS[what].format(-1))
    mended = entrepot("verify", "--json")

    assert tampered.code == 1
    assert tampered.err == ""
    assert '"clean": false' in tampered.out
    assert mended.json["clean"]


def test_people_see_which_check_found_what(server: RunningServer) -> None:
    url = database_url(server)

    sql(url, TAMPERINGS["a balance"].format(7))
    code, shown = on_terminal(server, "verify")
    sql(url, TAMPERINGS["a balance"].format(-7))

    assert code == 1
    assert "✓" in shown
    assert "✗" in shown
    assert "differences found" in shown


def test_the_books_of_a_stopped_server_are_verified_and_its_database_left_as_it_was(
    entrepot: Entrepot, server: RunningServer
) -> None:
    sql(database_url(server), TAMPERINGS["a balance"].format(1))
    server.stop()

    tampered = entrepot("verify")
    state = cluster_state(server)
    server.start()
    sql(database_url(server), TAMPERINGS["a balance"].format(-1))

    assert tampered.code == 1
    assert state == "shut down"
    assert entrepot("verify").json["clean"]


def test_a_named_database_is_verified(entrepot: Entrepot, server: RunningServer, tmp_path: Path) -> None:
    verified = entrepot("verify", "--data", tmp_path / "nowhere", "--database", database_url(server))

    assert verified.json["clean"]
    assert not (tmp_path / "nowhere").exists()


def test_a_database_that_cannot_be_used_is_refused_in_one_line(entrepot: Entrepot, server: RunningServer) -> None:
    ours = urlsplit(database_url(server))
    wrong = {
        ours._replace(path="/template1").geturl(): "Unavailable: the database refuses: relation ",
        ours._replace(path="/nowhere").geturl(): 'Unavailable: the database refuses: database "nowhere" does not exist',
        f"postgresql://user:hidden@127.0.0.1:{free_port()}/shop": "Unavailable: the database cannot be reached",
        "mysql://user:hidden@127.0.0.1/shop": "Unavailable: the database URL is not valid",
        "postgresql://user:hid/den@127.0.0.1/shop": "Unavailable: the database URL is not valid",
    }

    refused = {url: entrepot("verify", "--database", url).complaint for url in wrong}

    assert all(said.startswith(wrong[url]) for url, said in refused.items()), refused
    assert not any("hid" in said for said in refused.values())


def test_a_server_that_was_killed_is_said_not_to_answer(
    entrepot: Entrepot, server: RunningServer, tmp_path: Path
) -> None:
    record = json.loads((server.data / "server.json").read_text())
    url = f"http://127.0.0.1:{free_port()}"
    (tmp_path / "server.json").write_text(json.dumps({**record, "url": url}))

    listed = entrepot("seller", "list", "--data", tmp_path)

    assert listed.complaint.startswith(f"the server at {url} does not answer")
