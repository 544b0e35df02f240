"""A server of the AIM protocol as the guide describes it, for the client's tests: it knows no stock, only answers."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

EMAIL: Final = "ada@example.test"
PASSWORD: Final = "correct horse"
PREFIX: Final = "/exec/panama/seller-admin/"


@dataclass
class Asked:
    """A request, as it came."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass
class FakeAim:
    """What the server answers. polls: how often something is not ready before it is."""

    url: str = ""
    says_batch_id: bool = True
    polls: int = 1
    status: str = "Done"
    counts: tuple[int, int, int] = (3, 0, 0)  # activated, warnings, rejected
    rejected_name: str = "itemsnotacivated"
    error_log: bytes | None = None
    quick_fix: bytes | None = None
    report: bytes = b""
    content_type: str = "text/plain; charset=windows-1252"
    uploads_refused: str | None = None
    reports: list[int] = field(default_factory=lambda: [2600000001])
    batches: list[int] = field(default_factory=lambda: [2600000002])
    misses: int = 0
    strange: bytes | None = None
    asked: list[Asked] = field(default_factory=list)
    _waited: int = 0

    def uploads(self) -> list[Asked]:
        return [one for one in self.asked if "catalog-upload/" in one.path and one.body]

    def answer(self, asked: Asked) -> tuple[int, str, bytes]:
        self.asked.append(asked)
        if self.strange is not None:
            return 200, "text/html", self.strange
        expected = "Basic " + base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
        if asked.headers.get("authorization") != expected:
            return 401, "text/xml", b"<BusinessLogicError>CUSTOMER_UNAUTHORIZED</BusinessLogicError>"
        if not asked.path.startswith(PREFIX):
            return 404, "text/html", b"<html>not here</html>"
        name = asked.path.removeprefix(PREFIX)
        if name.startswith("download/"):
            return self._file(name, asked.headers)
        return 200, "text/xml", self._told(name, asked).encode()

    def _file(self, name: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        files = {
            "download/errorlog": self.error_log,
            "download/quickfix": self.quick_fix,
            "download/report": self.report,
        }
        known = self.reports if name == "download/report" else self.batches
        number = int(headers.get("reportid", headers.get("batchid", "0")))
        content = files[name] if number == max(known) else None
        if content is None:
            return 200, "text/xml", b"<FileError>FILE_NOT_FOUND<FileError>"  # as the guide prints it
        return 200, self.content_type, content

    def _told(self, name: str, asked: Asked) -> str:
        if name == "manual-reports/get-pending-uploads-count":
            return f"<PendingUploadsCount> {max(self._waited, 0)} </PendingUploadsCount>"
        if name == "catalog-upload/get-batches":
            return f"<Batches> {''.join(map(self._batch, self._listed()))}</Batches>"
        if name == "manual-reports/generate-report-now":
            self._waited = self.polls
            self.reports.append(max(self.reports, default=2600000000) + 10)
            return "<Success>SUCCESS</Success>"
        if name == "manual-reports/get-report-status":
            ready = self.reports[:-1] if self._wait() else self.reports
            return f"<Reports> {''.join(map(_report, reversed(ready)))}</Reports>"
        return self._uploaded(asked)

    def _uploaded(self, asked: Asked) -> str:
        if self.uploads_refused is not None:
            return f"<BusinessLogicError>{self.uploads_refused}</BusinessLogicError>"
        self._waited = self.polls
        self.batches.append(max(self.batches, default=2600000000) + 10)
        wanted = asked.headers.get("batchid") == "Y" and self.says_batch_id
        return f"<BatchID>{self.batches[-1]}</BatchID>" if wanted else "<Success>SUCCESS</Success>"

    def _wait(self) -> bool:
        self._waited -= 1
        return self._waited >= 0

    def _listed(self) -> list[int]:
        waiting = self._wait()
        self._status = "In Progress" if waiting else self.status
        return self.batches[::-1]

    def _batch(self, number: int) -> str:
        newest = number == max(self.batches)
        status = self._status if newest else "Done"
        done, warnings, rejected = self.counts if newest and status != "In Progress" else (0, 0, 0)
        return (
            f"<Batch>batchid={number} status={status} dateandtime=08/07/2009 01:48:23 PDT activateditems={done} "
            f"numberofwarnings={warnings} {self.rejected_name}={rejected} </Batch>"
        )


def _report(number: int) -> str:
    at = "10-18-2004:10-50-56"
    return f"<Report>reportstarttime={at} reportendtime={at} reportid={number} </Report>"


@contextmanager
def fake_aim() -> Iterator[FakeAim]:
    """The server, on a port of its own."""
    fake = FakeAim()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if fake.misses:
                fake.misses -= 1
                self.close_connection = True
                return
            status, content_type, content = fake.answer(Asked(self.path, headers, body))
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
