"""What tests of a server's life need: raw connections, its processes, its database, and orders in great number."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from entrepot.datadir import DataDirectory
from entrepot.storage.embedded import binary
from tests.running import RunningServer

PATIENCE = 15.0
# Shared, because making one is slow; without connections kept, because servers here come and go.
CLIENT = httpx.Client(trust_env=False, timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0))


@contextmanager
def connection(server: RunningServer) -> Iterator[socket.socket]:
    """A bare connection that gives up after a while."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as opened:
        yield opened


def head(server: RunningServer, method: str, path: str, *headers: str) -> bytes:
    """The head of a request by the operator, without the empty line that ends it."""
    token = (server.data / "operator.token").read_text().strip()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode()


def answer(opened: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer on a connection; 0 when it ends without one."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = opened.recv(65536)
        if not more:
            return 0, received
        received += more
    lines, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in lines.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0].split(b":")[1]):
        body += opened.recv(65536)
    return int(lines.split()[1]), body


def ended(opened: socket.socket) -> bool:
    """Whether the other side closes the connection, saying nothing more."""
    try:
        return opened.recv(1) == b""
    except ConnectionError:
        return True


def post(server: RunningServer, path: str, body: object, client: httpx.Client = CLIENT) -> httpx.Response:
    """A request to the operator API, whatever its answer."""
    token = (server.data / "operator.token").read_text().strip()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return client.post(f"{server.url}/operator/v1{path}", content=json.dumps(body).encode(), headers=headers)


def database_url(server: RunningServer) -> str:
    return DataDirectory(server.data).record().database


def sql(url: str, statement: str, *arguments: object) -> list[Any]:
    """The rows of a statement."""

    async def run() -> list[Any]:
        opened = await asyncpg.connect(url)
        try:
            return list(await opened.fetch(statement, *arguments))
        finally:
            await opened.close()

    return asyncio.run(run())


def postmaster(server: RunningServer) -> int:
    return int((server.data / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])


def kill(pid: int) -> None:
    """End a process as a power cut would, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """Whether a process runs; a corpse that nobody buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter when it goes while it is being read
        return False


def wait_for(happened: Any, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def cluster_state(server: RunningServer) -> str:
    """What PostgreSQL says of the files that it left."""
    said = subprocess.run(
        [str(binary("pg_controldata")), "-D", str(server.data / "postgres" / "cluster")],
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C"},
    ).stdout
    facts = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    return facts["Database cluster state"].strip()


def log_lines(server: RunningServer) -> list[dict[str, Any]]:
    """The log; every line must be a JSON object."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    return lines


def stocked(server: RunningServer, name: str, *skus: str, quantity: int) -> dict[str, Any]:
    """A new seller who has so many units of each SKU; his credentials."""
    seller = server.add_seller(name)
    for sku in skus:
        server.world("create_item", seller=seller["seller_id"], sku=sku, title=sku)
        server.world("add_stock", seller=seller["seller_id"], sku=sku, quantity=quantity)
    return seller


def fulfillable(server: RunningServer, seller_id: str, sku: str) -> int:
    explained = server.world("explain", seller=seller_id, sku=sku, number="fulfillable")
    units: int = explained["value"]
    return units


def summaries(server: RunningServer, token: str, **query: str) -> httpx.Response:
    """getInventorySummaries of the American marketplace."""
    marketplace = "ATVPDKIKX0DER"
    parameters = {
        "granularityType": "Marketplace",
        "granularityId": marketplace,
        "marketplaceIds": marketplace,
        **query,
    }
    headers = {"x-amz-access-token": token}
    return CLIENT.get(f"{server.url}/fba/inventory/v1/summaries", params=parameters, headers=headers)
