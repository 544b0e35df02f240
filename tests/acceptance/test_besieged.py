"""A server among slow, greedy and broken clients: everybody else is served, and its memory stays bounded."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from entrepot.api.operation import KIB, MIB
from tests.acceptance.tools import (
    CLIENT,
    answer,
    connection,
    ended,
    fulfillable,
    head,
    log_lines,
    post,
    stocked,
    summaries,
    wait_for,
)
from tests.running import RunningServer

SLOW = 200
# Far above what fifty requests take, far below what one of the slow clients takes.
A_HANG = 5.0


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[RunningServer]:
    with RunningServerUntilTheEnd(place / "data") as running:
        yield running


class RunningServerUntilTheEnd(RunningServer):
    """A server that must live through all of it without a crash in its log."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, ("--limits", "off"))

    def __enter__(self) -> RunningServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        assert self.stop() == 0
        assert [line for line in log_lines(self) if line["level"] not in ("info", "warning")] == []


def test_two_hundred_clients_that_never_finish_and_two_hundred_that_trickle_delay_nobody(
    server: RunningServer,
) -> None:
    credentials = stocked(server, "Patient", "S-1", quantity=100)
    seller_id, token = credentials["seller_id"], server.access_token(credentials)
    body = f'{{"seller": "{seller_id}", "sku": "S-1", "quantity": 1}}'.encode()
    request = head(server, "POST", "/operator/v1/world/place_order", f"Content-Length: {len(body)}") + b"\r\n"
    relieved = threading.Event()
    sent = 0

    with ExitStack() as opened:
        endless = [opened.enter_context(connection(server)) for _ in range(SLOW)]
        trickling = [opened.enter_context(connection(server)) for _ in range(SLOW)]
        for slow in endless:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nX-Never-Ending: ")
        for slow in trickling:
            slow.sendall(request)

        def trickle() -> None:
            nonlocal sent
            while sent < len(body) - 1 and not relieved.wait(0.1):
                for slow in (*trickling, *endless):
                    slow.sendall(body[sent : sent + 1])
                sent += 1

        feeder = threading.Thread(target=trickle)
        feeder.start()
        began = time.monotonic()
        for _ in range(25):
            assert summaries(server, token, sellerSku="S-1").status_code == 200
            assert post(server, "/world/hold", {"seller": seller_id, "sku": "S-1", "quantity": 1}).status_code == 200
        took = time.monotonic() - began
        relieved.set()
        feeder.join()
        trickling[0].sendall(body[sent:])
        patient, _ = answer(trickling[0])

    assert took < A_HANG
    assert sent > 0
    assert patient == 200
    assert fulfillable(server, seller_id, "S-1") == 74


DOORS = {
    "/fba/inventory/v1/items": (5 * MIB, "errors"),
    "/auth/o2/token": (64 * KIB, "error"),
    "/operator/v1/sellers": (16 * MIB, "errors"),
}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("way", ["with its length", "in chunks"])
def test_a_body_beyond_the_limit_of_its_door_is_refused_in_the_dialect_of_the_door(
    server: RunningServer, path: str, way: str
) -> None:
    limit, member = DOORS[path]
    token = (server.data / "operator.token").read_text().strip()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def send(size: int) -> httpx.Response:
        chunk = b" " * MIB
        chunks = (chunk[: min(MIB, size - sent)] for sent in range(0, size, MIB))
        content: Any = b" " * size if way == "with its length" else chunks
        return CLIENT.post(f"{server.url}{path}", content=content, headers=headers)

    at_the_limit, beyond = send(limit), send(limit + 1)

    assert at_the_limit.status_code in (400, 403)
    assert beyond.status_code == 413
    assert beyond.json()[member]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_twenty_clients_that_send_fifty_megabytes_each_do_not_fill_the_memory(server: RunningServer) -> None:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status")
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # forget the peak until now
    before = peak(status)

    def send(number: int) -> int:
        path = list(DOORS)[number % len(DOORS)]
        chunks = (b"x" * MIB for _ in range(50))
        content: Any = b"".join(chunks) if number % 2 else chunks
        return CLIENT.post(f"{server.url}{path}", content=content).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(send, range(20)))

    assert statuses == [413] * 20
    # Half of a thousand megabytes came with their length, and so are not kept at all; of the others, up to the limit.
    grown = peak(status) - before
    assert grown < 150 * MIB, f"{grown // MIB} MiB"


def peak(status: Path) -> int:
    """The most memory that a process had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found is not None
    return int(found[1]) * KIB


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS greeting\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00" * 1000 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"POST /auth/o2/token HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /auth/o2/token HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET /healthz HTTP/1.1\r\n" + b"".join(b"X-%d: bomb\r\n" % n for n in range(5000)) + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nX: " + b"b" * 2_000_000 + b"\r\n\r\n",
        b"GET /" + b"b" * 200_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=lambda garbage: repr(garbage[:40]),
)
def test_what_is_not_http_is_refused_and_the_connection_closed(server: RunningServer, garbage: bytes) -> None:
    with connection(server) as opened:
        try:
            opened.sendall(garbage)
            status, _ = answer(opened)
        except ConnectionError:  # closed while it was still sending
            status = 0

        assert status in (0, 400, 414, 431)
        assert ended(opened)


def test_pipelined_requests_are_answered_in_their_order(server: RunningServer) -> None:
    request = head(server, "GET", "/operator/v1/sellers/{}") + b"\r\n"

    with connection(server) as opened:
        opened.sendall(b"".join(request.replace(b"{}", b"NOBODY%d" % n) for n in range(20)))
        received = b""
        while received.count(b"does not exist") < 20:
            received += opened.recv(65536)

    assert re.findall(rb"seller 'NOBODY(\d+)' does not exist", received) == [b"%d" % n for n in range(20)]


@pytest.mark.parametrize("encoding", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("sent", [b"", b"2\r\n{}\r\n"])
def test_half_a_request_is_never_obeyed(server: RunningServer, encoding: str, sent: bytes) -> None:
    seller_id = server.add_seller(f"Half{len(sent)}{encoding[:1]}")["seller_id"]

    with connection(server) as opened:
        opened.sendall(head(server, "POST", "/operator/v1/world/freeze", encoding) + b"\r\n" + sent)
        opened.shutdown(socket.SHUT_WR)
        answer(opened)

    assert server.world("now", seller=seller_id)["rate"] == 1


def test_a_client_that_hangs_up_has_ordered_once_or_not_at_all(server: RunningServer) -> None:
    seller_id = stocked(server, "Hasty", "H-1", quantity=1000)["seller_id"]
    keys = [f"hasty {number}" for number in range(40)]
    orders = [
        f'{{"seller": "{seller_id}", "sku": "H-1", "quantity": 1, "idempotency_key": "{key}"}}'.encode() for key in keys
    ]

    for order in orders:
        with connection(server) as opened:
            request = head(server, "POST", "/operator/v1/world/place_order", f"Content-Length: {len(order)}")
            opened.sendall(request + b"\r\n" + order)
    wait_for(lambda: CLIENT.get(f"{server.url}/healthz").status_code == 200)
    for key in keys:
        server.world("place_order", seller=seller_id, sku="H-1", quantity=1, idempotency_key=key)

    assert fulfillable(server, seller_id, "H-1") == 960
