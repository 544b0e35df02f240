"""How a server starts and stops: politely, alone on its directory and its port, forgetting nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from entrepot.app import DRAIN_SECONDS, HEAD_MILLISECONDS
from tests.acceptance.tools import (
    CLIENT,
    PATIENCE,
    answer,
    cluster_state,
    connection,
    database_url,
    ended,
    fulfillable,
    head,
    log_lines,
    sql,
    stocked,
    summaries,
    wait_for,
)
from tests.running import RunningServer, free_port

# A stop that waits for clients who will never finish takes longer than this.
A_DELAY = min(DRAIN_SECONDS, HEAD_MILLISECONDS / 1000) / 2


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[RunningServer]:
    running = RunningServer(place / "data", ("--limits", "off"))
    began = time.monotonic()
    running.start()
    print(f"first start: {time.monotonic() - began:.2f} s")
    yield running
    running.stop()


def refused_start(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    """What a server says that cannot start."""
    words = [sys.executable, "-m", "entrepot", "serve", "--data", str(data), "--port", str(port)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_a_second_server_on_the_same_data_directory_is_refused(server: RunningServer) -> None:
    second = refused_start(server.data, free_port())

    assert second.returncode == 1
    assert second.stderr == f"another server is running on the data directory {server.data}\n"
    assert CLIENT.get(f"{server.url}/healthz").status_code == 200


def test_a_taken_port_is_said_before_anything_is_touched(server: RunningServer, place: Path) -> None:
    refused = refused_start(place / "other", server.port)

    assert refused.returncode == 1
    assert refused.stderr == f"cannot listen on 127.0.0.1:{server.port}: Address already in use\n"
    assert not (place / "other" / "postgres").exists()
    assert not (place / "other" / "server.json").exists()


@dataclass(frozen=True)
class Stopped:
    """What was seen of a server that got SIGTERM while two orders of 3 units were under way, and started again."""

    server: RunningServer
    seller_id: str
    token: str
    next_token: str
    answers: tuple[int, int]
    idle_ended: bool
    seconds: float
    code: int
    cluster: str
    last_event: str
    still_recorded: bool


@pytest.fixture(scope="module")
def stopped(server: RunningServer) -> Stopped:
    credentials = stocked(server, "Drained", "D-1", quantity=10)
    seller = credentials["seller_id"]
    for number in range(50):
        server.world("create_item", seller=seller, sku=f"P-{number:02}", title="Page")
    token = server.access_token(credentials)
    next_token = summaries(server, token).json()["pagination"]["nextToken"]
    with ExitStack() as opened:
        answers, idle_ended = _stop_at_work(server, seller, opened)
        began = time.monotonic()
        code = server.process.wait(60) if server.process else -1
        seconds = time.monotonic() - began
    cluster, last_event = cluster_state(server), log_lines(server)[-1]["event"]
    recorded = (server.data / "server.json").exists()
    began = time.monotonic()
    server.start()
    print(f"stop: {seconds:.2f} s, later start: {time.monotonic() - began:.2f} s")
    return Stopped(server, seller, token, next_token, answers, idle_ended, seconds, code, cluster, last_event, recorded)


def _stop_at_work(server: RunningServer, seller_id: str, opened: ExitStack) -> tuple[tuple[int, int], bool]:
    """SIGTERM while one client sends its order byte by byte, one waits for its answer, one is idle, one never ends."""
    trickling, waiting, idle, endless = (opened.enter_context(connection(server)) for _ in range(4))
    order = json.dumps({"seller": seller_id, "sku": "D-1", "quantity": 3}).encode()
    request = head(server, "POST", "/operator/v1/world/place_order", f"Content-Length: {len(order)}") + b"\r\n"
    assert server.process is not None
    endless.sendall(b"GET /healthz HTTP/1.1\r\nX-Never-Ending: ")
    idle.sendall(head(server, "GET", "/operator/v1/sellers") + b"\r\n")
    answer(idle)
    trickling.sendall(request + order[:9])
    with ledger_held(server, seller_id) as somebody_waits:
        waiting.sendall(request + order)
        wait_for(somebody_waits)
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: refuses_connections(server))
        idle_ended = ended(idle)
    trickling.sendall(order[9:])
    return (answer(waiting)[0], answer(trickling)[0]), idle_ended


@contextmanager
def ledger_held(server: RunningServer, seller_id: str) -> Iterator[Callable[[], bool]]:
    """Hold a seller's ledger, so that his commands wait; gives a question whether one does."""
    url, held, free = database_url(server), threading.Event(), threading.Event()

    async def hold() -> None:
        holder = await asyncpg.connect(url)
        async with holder.transaction():
            await holder.execute("select from ledgers where seller_id = $1 for update", seller_id)
            held.set()
            await asyncio.to_thread(free.wait, PATIENCE)
        await holder.close()

    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    assert held.wait(PATIENCE)
    try:
        yield lambda: bool(sql(url, "select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
    finally:
        free.set()
        thread.join()


def refuses_connections(server: RunningServer) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_at_sigterm_the_requests_under_way_are_answered(stopped: Stopped) -> None:
    assert stopped.answers == (200, 200)
    assert fulfillable(stopped.server, stopped.seller_id, "D-1") == 4


def test_at_sigterm_idle_clients_and_those_that_never_finish_a_head_are_not_waited_for(stopped: Stopped) -> None:
    assert stopped.idle_ended
    assert stopped.seconds < A_DELAY


def test_after_sigterm_the_server_has_ended_well_and_left_everything_clean(stopped: Stopped) -> None:
    assert stopped.code == 0
    assert stopped.cluster == "shut down"
    assert stopped.last_event == "stopped"
    assert not stopped.still_recorded


def test_access_tokens_and_page_tokens_survive_a_restart(stopped: Stopped) -> None:
    rest = summaries(stopped.server, stopped.token, nextToken=stopped.next_token)

    assert rest.status_code == 200, rest.text
    assert [row["sellerSku"] for row in rest.json()["payload"]["inventorySummaries"]] == ["P-49"]


def test_a_server_that_is_told_to_stop_while_it_starts_leaves_its_database_clean(place: Path) -> None:
    early = RunningServer(place / "early")
    words = [sys.executable, "-m", "entrepot", "serve", "--port", str(early.port), "--data", str(early.data)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: list((early.data / "postgres").glob("cluster*")))
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert code == 0
    assert cluster_state(early) == "shut down"
    assert not (early.data / "server.json").exists()
