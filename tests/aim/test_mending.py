"""The mending listener: heads that HTTP servers refuse are made good, and nothing else is touched."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.mending import CONNECTIONS_MAX, HEAD_BYTES, Mending, mended
from tests.aim.program import INVALID_FORMAT, LOADER, PREFIX, Program, basic, new_program
from tests.running import RunningServer, free_port

NONE_PENDING = b"<PendingUploadsCount>0</PendingUploadsCount>"


def test_blanks_in_names_become_hyphens_and_values_stay() -> None:
    head = b"GET /a b HTTP/1.1\r\nContent Type: text/xml\r\nX \t Y : a : b\r\nPlain: a b\r\n folded: x\r\nnone\r\n\r\n"

    assert mended(head) == (
        b"GET /a b HTTP/1.1\r\nContent-Type: text/xml\r\nX-Y: a : b\r\nPlain: a b\r\n folded: x\r\nnone\r\n"
        b"Connection: close\r\n\r\n"
    )


def test_the_connection_ends_with_the_answer_whatever_the_client_wants() -> None:
    head = b"GET / HTTP/1.1\r\nConnection: keep-alive\r\nkeep-Alive: 5\r\nProxy-Connection: x\r\n\r\n"

    assert mended(head) == b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module", params=["http", "https"])
def door(request: pytest.FixtureRequest) -> Iterator[tuple[Program, int]]:
    """The program of a seller on a server with a mending listener, and the listener's port."""
    port = free_port()
    options = ("--aim-port", str(port), *(("--tls",) if request.param == "https" else ()))
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = RunningServer(Path(directory) / "data", options)
        try:
            program = new_program(server.start())
            yield program, port
            program.http.close()
        finally:
            server.stop()


def connected(door: tuple[Program, int]) -> socket.socket:
    program, port = door
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    if program.server.scheme == "http":
        return plain
    trusting = ssl.create_default_context(cafile=program.server.data / "tls" / "ca.pem")
    return trusting.wrap_socket(plain, server_hostname="secure.amazon.com")


def answer(connection: socket.socket) -> bytes:
    with connection:
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def head(program: Program, path: str, *lines: str, method: str = "GET") -> bytes:
    first = [f"{method} {PREFIX}{path} HTTP/1.1", f"Authorization: {basic(program.credentials['email'])}"]
    return "\r\n".join([*first, "Content Type: text/xml", "Host: secure.amazon.com", *lines, "", ""]).encode()


def test_a_name_with_a_blank_is_understood(door: tuple[Program, int]) -> None:
    connection = connected(door)
    connection.sendall(head(door[0], "manual-reports/get-pending-uploads-count"))

    received = answer(connection)

    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(NONE_PENDING)


def test_the_server_itself_refuses_it(door: tuple[Program, int]) -> None:
    program, _ = door
    connection = connected((program, program.server.port))
    connection.sendall(head(program, "manual-reports/get-pending-uploads-count"))

    assert answer(connection).startswith(b"HTTP/1.1 400 ")


def test_a_file_passes_as_it_is_however_its_head_is_cut(door: tuple[Program, int]) -> None:
    program, _ = door
    row = b"%b\t0747554323\t2\t12.50\t11\t3\ta\r\n"
    file = LOADER + b"".join(row % (b"S %d" % number) for number in range(50_000))
    connection = connected(door)
    whole = head(
        program, "catalog-upload/add-modify-delete", "BatchID: Y", f"Content-Length: {len(file)}", method="POST"
    )
    for start in range(0, len(whole), 50):
        connection.sendall(whole[start : start + 50])
        time.sleep(0.001)
    connection.sendall(file)

    received = answer(connection)

    assert re.search(rb"\r\n\r\n<BatchID>[0-9]{10}</BatchID>$", received), received


def test_a_file_that_is_too_long_is_refused_as_it_is_elsewhere(door: tuple[Program, int]) -> None:
    program, _ = door
    file = LOADER + b"\n" * 11_000_000
    connection = connected(door)
    connection.sendall(
        head(program, "catalog-upload/modify-only", f"Content-Length: {len(file)}", method="POST") + file
    )

    assert answer(connection).endswith(INVALID_FORMAT)


def test_a_head_without_end_is_refused(door: tuple[Program, int]) -> None:
    connection = connected(door)
    connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * (HEAD_BYTES + 5))

    assert answer(connection).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /healthz HTTP/1.1\nHost: x\n\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\rContent Type: text/xml\r\n\r\n",
    ],
)
def test_a_head_with_half_an_end_of_line_is_refused_as_it_may_be_two(
    request_head: bytes, door: tuple[Program, int]
) -> None:
    connection = connected(door)
    connection.sendall(request_head)

    received = answer(connection)

    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.count(b"HTTP/1.1") == 1


async def test_who_never_ends_his_head_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.mending.HEAD_SECONDS", 0.1)
    listener = socket.create_server(("127.0.0.1", 0))

    async with Mending("127.0.0.1", 1).listening(listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nX:")
        received = await reader.read()
        writer.close()

    assert received.startswith(b"HTTP/1.1 408 ")


def test_no_more_than_so_many_connections_wait(door: tuple[Program, int]) -> None:
    if door[0].server.scheme == "https":
        pytest.skip("a handshake for each would only cost time")
    waiting = [connected(door) for _ in range(CONNECTIONS_MAX)]
    try:
        time.sleep(0.5)
        one_more = connected(door)
        assert answer(one_more) == b""
    finally:
        for connection in waiting:
            connection.close()
    time.sleep(0.5)
    connection = connected(door)
    connection.sendall(head(door[0], "catalog-upload/no-such-function"))
    assert answer(connection).startswith(b"HTTP/1.1 404 ")


def test_a_port_that_is_taken_is_refused_at_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = RunningServer(tmp_path / "data", ("--aim-port", str(port)))

        with pytest.raises(AssertionError, match=f"cannot listen on 127.0.0.1:{port}"):
            server.start()
