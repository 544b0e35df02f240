"""Several servers on one database of one's own: they start together, share everything, and never oversell."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from entrepot.services.secrets import Keyring
from entrepot.storage.migrate import migrations
from tests.acceptance.tools import CLIENT, fulfillable, log_lines, post, sql, stocked, summaries
from tests.running import RunningServer, free_port, json_command

NODES = 4
UNITS = 30
ASKED = 120


@pytest.fixture(scope="module")
def database(postgres: str) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"entrepot_nodes_{secrets.token_hex(6)}"
    sql(postgres, f"create database {name} template template0")
    yield urlsplit(postgres)._replace(path=f"/{name}").geturl()
    sql(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def nodes(place: Path, database: str) -> Iterator[list[RunningServer]]:
    """Servers with a data directory each and one key, started at the same moment on the empty database."""
    Keyring.load(place / "secret.key")
    made = [RunningServer(place / f"node{n}", ("--limits", "off", "--database", database)) for n in range(NODES)]
    for node in made:
        node.data.mkdir()
        shutil.copy2(place / "secret.key", node.data / "secret.key")
    with ThreadPoolExecutor(NODES) as pool:
        yield list(pool.map(RunningServer.start, made))
        assert list(pool.map(RunningServer.stop, made)) == [0] * NODES


def test_servers_that_start_together_on_an_empty_database_migrate_it_once(
    nodes: list[RunningServer], database: str
) -> None:
    applied = [row["name"] for row in sql(database, "select name from schema_migrations order by number")]

    assert applied == [step.name for step in migrations()]
    assert [line["event"] for node in nodes for line in log_lines(node) if line["level"] != "info"] == []
    assert not any((node.data / "postgres").exists() for node in nodes)


def test_the_last_units_reserved_through_all_servers_at_once_are_sold_once(nodes: list[RunningServer]) -> None:
    seller_id = stocked(nodes[0], "Everywhere", "E-1", quantity=UNITS)["seller_id"]
    order = {"seller": seller_id, "sku": "E-1", "quantity": 1}

    def ask(number: int) -> tuple[int, str]:
        response = post(nodes[number % NODES], "/world/place_order", order)
        return response.status_code, response.json().get("errors", [{"code": ""}])[0]["code"]

    with ThreadPoolExecutor(4 * NODES) as pool:
        outcomes = Counter(pool.map(ask, range(ASKED)))

    assert outcomes == {(200, ""): UNITS, (409, "Shortage"): ASKED - UNITS}
    assert fulfillable(nodes[1], seller_id, "E-1") == 0
    assert json_command(nodes[2], "verify")["clean"]


def test_tokens_of_one_server_are_good_at_another(nodes: list[RunningServer]) -> None:
    seller = nodes[0].add_seller("Roaming")
    for number in range(51):
        nodes[number % NODES].world("create_item", seller=seller["seller_id"], sku=f"R-{number:02}", title="Roaming")

    token = nodes[1].access_token(seller)
    first = summaries(nodes[2], token).json()
    rest = summaries(nodes[3], token, nextToken=first["pagination"]["nextToken"]).json()

    assert len(first["payload"]["inventorySummaries"]) == 50
    assert [row["sellerSku"] for row in rest["payload"]["inventorySummaries"]] == ["R-50"]


def test_a_server_with_another_key_is_refused(nodes: list[RunningServer], database: str, place: Path) -> None:
    words = [sys.executable, "-m", "entrepot", "serve", "--data", str(place / "key"), "--port", str(free_port())]

    refused = subprocess.run([*words, "--database", database], capture_output=True, text=True, timeout=60, check=False)

    assert refused.returncode == 1
    assert refused.stderr == "the key file is not the one this database was written with\n"


def test_health_follows_the_migrations(nodes: list[RunningServer], database: str) -> None:
    last = migrations()[-1]

    sql(database, "delete from schema_migrations where number = $1", last.number)
    behind = CLIENT.get(f"{nodes[0].url}/healthz")
    sql(
        database,
        "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
        last.number,
        last.name,
        last.checksum,
    )
    current = CLIENT.get(f"{nodes[0].url}/healthz")

    assert (behind.status_code, behind.json()["migrations"]) == (503, "1 pending")
    assert current.status_code == 200
