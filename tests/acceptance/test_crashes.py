"""What is left when a server, or its database, dies in the middle of its work: all that was acknowledged, once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.acceptance.tools import (
    PATIENCE,
    alive,
    database_url,
    fulfillable,
    kill,
    log_lines,
    post,
    postmaster,
    sql,
    stocked,
    summaries,
    wait_for,
)
from tests.running import RunningServer, json_command

SKUS = ("L-1", "L-2", "L-3")
PLENTY = 100_000
CLIENTS = 8


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[RunningServer]:
    running = RunningServer(place / "data", ("--limits", "off")).start()
    yield running
    running.stop()


@dataclass
class Load:
    """Clients that place orders of one unit as fast as they can, each with an idempotency key of its own."""

    server: RunningServer
    seller_id: str
    round: str
    sent: dict[str, str] = field(default_factory=dict)  # key → SKU
    acknowledged: dict[str, str] = field(default_factory=dict)  # key → order id

    def run(self, enough: int) -> None:
        """Until so many are acknowledged; then the clients go on by themselves until the server is gone."""
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        wait_for(lambda: len(self.acknowledged) >= enough, 30)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _client(self, number: int) -> None:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            for count in range(PLENTY // CLIENTS):
                key, sku = f"{self.round} {number} {count}", SKUS[count % len(SKUS)]
                self.sent[key] = sku
                try:
                    response = self.order(key, client)
                except httpx.TransportError:
                    return
                assert response.status_code in (200, 503), response.text
                if response.status_code == 200:
                    self.acknowledged[key] = response.json()["order"]

    def order(self, key: str, client: httpx.Client) -> httpx.Response:
        body = {"seller": self.seller_id, "sku": self.sent[key], "quantity": 1, "idempotency_key": key}
        return post(self.server, "/world/place_order", body, client)


@pytest.mark.parametrize("victims", ["the server", "the server and its database"])
def test_after_a_kill_under_load_every_acknowledged_order_is_there_and_none_is_there_twice(
    server: RunningServer, victims: str
) -> None:
    seller_id = stocked(server, victims.replace(" ", "."), *SKUS, quantity=PLENTY)["seller_id"]
    load = Load(server, seller_id, victims)
    database = postmaster(server)

    load.run(enough=200)
    server.stop(signal.SIGKILL)
    if victims != "the server":
        kill(database)
    load.join()
    server.start()

    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        for key, order in list(load.acknowledged.items())[-30:]:
            again = load.order(key, client).json()
            assert (again["replayed"], again["order"]) == (True, order)
        for key in load.sent.keys() - load.acknowledged.keys():
            first, second = load.order(key, client).json(), load.order(key, client).json()
            assert second["replayed"]
            assert first["order"] == second["order"]
    placed = sql(
        database_url(server), "select reference from entries where seller_id = $1 and event = 'F20'", seller_id
    )
    assert set(load.acknowledged.values()) <= {row["reference"] for row in placed}
    assert len(placed) == len(load.sent)
    for sku in SKUS:
        assert fulfillable(server, seller_id, sku) == PLENTY - list(load.sent.values()).count(sku)
    report = json_command(server, "verify")
    assert report["clean"]
    assert [check["name"] for check in report["checks"] if check["checked"]]
    assert not alive(database)  # the next server ended the one that was left behind


def test_while_the_database_is_away_every_door_says_so_and_nobody_waits_for_ever(server: RunningServer) -> None:
    credentials = stocked(server, "Waiting", "W-1", quantity=5)
    token = server.access_token(credentials)
    seller_id = credentials["seller_id"]
    load = Load(server, seller_id, "away", {"away 0": "W-1"})

    kill(postmaster(server))
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        health = client.get(f"{server.url}/healthz")
        order = load.order("away 0", client)
        page = summaries(server, token)
        form = {"grant_type": "refresh_token", **credentials["spapi"]}
        grant = client.post(f"{server.url}/auth/o2/token", data=form)

    assert (health.status_code, health.json()["status"]) == (503, "unavailable")
    assert (order.status_code, order.json()["errors"][0]["code"]) == (503, "Unavailable")
    assert (page.status_code, page.json()["errors"][0]["code"]) == (503, "ServiceUnavailable")
    assert (grant.status_code, grant.json()["error"]) == (503, "temporarily_unavailable")
    assert server.stop() == 0
    server.start()
    assert fulfillable(server, seller_id, "W-1") == 5
    assert [line for line in log_lines(server) if line["event"] == "crash"] == []
