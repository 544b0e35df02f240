"""The load: keep-alive connections that ask again as soon as they were answered. A process of its own, no cleverness.

`python -m bench.load` reads a Job and prints a Tally. It parses only what it must, to be far lighter than a server.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import msgspec

_BUFFER = memoryview(bytearray(1 << 20))
_HEAD_MAX = 4096
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE_SECONDS = 30.0


class Job(msgspec.Struct):
    """Raw requests, asked in turn: `warm_up` that are not counted, then for so many seconds, or so many answers."""

    port: int
    requests: list[str]
    connections: int
    warm_up: int = 0
    seconds: float | None = None
    answers: int | None = None


class Tally(msgspec.Struct):
    """Whole answers with status 200 (another status is an error); `busy` is the seconds of processor used for them."""

    answers: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


class _Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._missing = 0

    def answered(self) -> bool:
        """Take what has come; whether the answer is whole. A head comes whole, on loopback."""
        size = self.socket.recv_into(_BUFFER)
        if not size:
            raise ConnectionError("the server closed a connection")
        if not self._missing:
            head = bytes(_BUFFER[: min(size, _HEAD_MAX)])
            length = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200 ") or length is None:
                raise ValueError(f"not a good answer: {head[:500]!r}")
            self._missing = head.index(b"\r\n\r\n") + 4 + int(length[1])
        self._missing -= size
        return not self._missing


def run(job: Job) -> Tally:
    requests = cycle([request.encode() for request in job.requests])
    clients = [_Client(job.port) for _ in range(job.connections)]
    with selectors.DefaultSelector() as ready:
        for client in clients:
            ready.register(client.socket, selectors.EVENT_READ, client)
            client.socket.sendall(next(requests))
        _press(ready, requests, lambda answers: answers < job.warm_up)
        started, busy = time.perf_counter(), time.process_time()
        answers = _press(ready, requests, _until(job, started))
        tally = Tally(answers, time.perf_counter() - started, time.process_time() - busy)
    for client in clients:
        client.socket.close()
    return tally


def _press(ready: selectors.BaseSelector, requests: Iterator[bytes], goes_on: Callable[[int], bool]) -> int:
    """Ask again whoever was answered; the answers."""
    answers = 0
    while goes_on(answers):
        for key, _ in ready.select(_PATIENCE_SECONDS):
            if key.data.answered():
                answers += 1
                key.data.socket.sendall(next(requests))
    return answers


def _until(job: Job, started: float) -> Callable[[int], bool]:
    if job.answers is not None:
        wanted = job.answers
        return lambda answers: answers < wanted
    deadline = started + (job.seconds or 0)
    return lambda _: time.perf_counter() < deadline


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))))
