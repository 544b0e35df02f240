"""A seller's program that speaks AIM in plain HTTP, so that every byte of a request is the test's own."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.aim.test_auth import COOKIE as COOKIE
from tests.running import RunningServer

PREFIX = "/exec/panama/seller-admin/"
PASSWORD = "a long enough password"
START = "2026-03-31T12:00:00Z"
XML = "text/xml"
SUCCESS = b"<Success>SUCCESS</Success>"
UNAUTHORIZED = b"<BusinessLogicError>CUSTOMER_UNAUTHORIZED</BusinessLogicError>"
INVALID_FORMAT = b"<BusinessLogicError>INVALID_FILE_FORMAT</BusinessLogicError>"
INVALID_PROGRAM = b"<BusinessLogicError>INVALID_LISTING_PROGRAM</BusinessLogicError>"
INVALID_BATCH = b"<BusinessLogicError>INVALID_BATCH</BusinessLogicError>"
NOT_FOUND = b"<FileError>FILE_NOT_FOUND</FileError>"
GUIDE = {"content-type": XML, "cookie": COOKIE}

LOADER = (
    b"sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\r\n"
    b"KETTLE\t0747554323\t2\t12.50\t11\t3\ta\r\n"
)
# Every parameter of the guides, and some headers that proxies and old clients add.
HEADER_NAMES = (
    "UploadFor",
    "FileFormat",
    "enable-expedited-shipping",
    "AsinMatchCreate",
    "Asinate",
    "email",
    "BatchID",
    "NumberofBatches",
    "NumberOfReports",
    "NumberofDays",
    "ReportName",
    "ReportID",
    "productline",
    "Content-Type",
    "Cookie",
)
PATIENCE = 30.0


def basic(email: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()


def outcome(response: httpx.Response) -> tuple[int, bytes]:
    """Status and body, to be compared with one of the above."""
    return response.status_code, response.content


class Program:
    """One seller's; `call` sends a request exactly as told, with his credentials."""

    def __init__(self, server: RunningServer, credentials: dict[str, Any]) -> None:
        self.server = server
        self.credentials = credentials
        self.http = httpx.Client(trust_env=False, verify=False, timeout=60)

    @property
    def seller_id(self) -> str:
        return str(self.credentials["seller_id"])

    @property
    def identity(self) -> list[tuple[bytes, bytes]]:
        return [(b"authorization", basic(self.credentials["email"]).encode())]

    def call(
        self, path: str, headers: dict[str, str] | None = None, body: bytes = b"", *, method: str = "POST", **more: Any
    ) -> httpx.Response:
        """`path` after the prefix, unless it is a whole one."""
        target = path if path.startswith("/") else PREFIX + path
        given = {"authorization": basic(self.credentials["email"]), **(headers or {})}
        return self.http.request(method, self.server.url + target, headers=given, content=body, **more)

    def upload(self, mode: str = "add-modify-delete", body: bytes = LOADER, **headers: str) -> httpx.Response:
        return self.call(f"catalog-upload/{mode}", {"content-type": XML, **headers}, body)

    def batch(self, mode: str = "add-modify-delete", body: bytes = LOADER, **headers: str) -> str:
        """Upload a file; its number."""
        answer = self.upload(mode, body, BatchID="Y", **headers).text
        assert answer.startswith("<BatchID>"), answer
        return answer.removeprefix("<BatchID>").removesuffix("</BatchID>")

    def policy(self, **policies: str) -> None:
        self.server.world("set_policy", seller=self.seller_id, **policies)


def wait(condition: Callable[[], Any]) -> Any:
    """The first true value of the condition."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def new_program(server: RunningServer, **seller: Any) -> Program:
    name = f"aim-{secrets.token_hex(6)}"
    return Program(server, server.add_seller(name, password=PASSWORD, **{"marketplaces": ["US", "CA"], **seller}))
