"""AIM told by clients: one written from the guide alone, the guide's own example, and the head of a client of 2008.

The client knows nothing but the guide of 2007: the paths that it prints, `secure.amazon.com` as the host, and the two
headers beside `Authorization`. It speaks `http.client`, as old as the guide is.
"""

from __future__ import annotations

import base64
import http.client
import re
import secrets
import socket
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import RunningServer, command, free_port

PASSWORD = "open sesame"
COOKIE = (
    "x-main=YvjPkwfntqDKun0QEmVRPcTTZDMe?Tn?; ubid-main=002-8989859-9917520; ubid-tacbus=019-5423258-4241018;"
    "x-tacbus=vtm4d53DvX@Sc9LxTnAnxsFL3DorwxJa; ubid-tcmacb=087-8055947-0795529;"
    " ubid-ty2kacbus=161-5477122-2773524; session-id=087-178254-5924832; session-id-time=950660664"
)
PATIENCE = 40.0

# The addresses, as the guide of 2007 prints them (§3–§5).
ADDRESSES = """
https://secure.amazon.com/exec/panama/seller-admin/catalog-upload/add-modify-delete
https://secure.amazon.com/exec/panama/seller-admin/catalog-upload/modify-only
https://secure.amazon.com/exec/panama/seller-admin/catalog-upload/purge-replace
https://secure.amazon.com/exe/panama/seller-admin/manual-reports/get-pending-uploads-count
https://secure.amazon.com/exe/panama/seller-admin/catalog-upload/get-batches
https://secure.amazon.com/exec/panama/seller-admin/download/errorlog
https://secure.amazon.com/exec/panama/seller-admin/download/quickfix
https://secure.amazon.com/exec/panama/seller-admin/manual-reports/generate-report-now
https://secure.amazon.com/exec/panama/seller-admin/manual-reports/get-report-status
https://secure.amazon.com/exec/panama/seller-admin/download/report
https://secure.amazon.com/exec/panama/seller-admin/catalog-upload/batch-refund
""".split()

# The request of the guide (§1.3), with the seller's credentials in the place of its own.
EXAMPLE = """\
POST https://secure.amazon.com/exec/panama/seller-admin/manual-reports/get-report-status
Authorization: Basic {credentials}
Content-Type: text/xml
Cookie: x-main=YvjPkwfntqDKun0QEmVRPcTTZDMe?Tn?; ubid-main=002-8989859-9917520; ubid-tacbus=019-5423258-4241018;x-\
tacbus=vtm4d53DvX@Sc9LxTnAnxsFL3DorwxJa; ubid-tcmacb=087-8055947-0795529; ubid-ty2kacbus=161-5477122-2773524; session-\
id=087-178254-5924832; session-id-time=950660664
NumberOfReports: 10
ReportName: OpenListingsLite
"""


@dataclass
class Guided:
    """A client made of the guide: each function is an address, headers, and perhaps a file."""

    address: tuple[str, int]
    credentials: str

    def call(self, function: str, parameters: dict[str, str] | None = None, file: bytes | None = None) -> bytes:
        [path] = [one.removeprefix("https://secure.amazon.com") for one in ADDRESSES if one.endswith(f"/{function}")]
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request(
                "POST",
                path,
                body=file,
                headers={
                    "Host": "secure.amazon.com",
                    "Authorization": f"Basic {self.credentials}",
                    "Content-Type": "text/xml",
                    "Cookie": COOKIE,
                    **(parameters or {}),
                },
            )
            answer = connection.getresponse()
            assert answer.status == 200
            return answer.read()
        finally:
            connection.close()

    def batches(self) -> list[dict[str, str]]:
        listed = self.call("get-batches", {"NumberofBatches": "10"}).decode()
        return [_members(entry) for entry in re.findall(r"<Batch>(.*?)</Batch>", listed)]

    def reports(self, name: str) -> list[dict[str, str]]:
        listed = self.call("get-report-status", {"NumberOfReports": "10", "ReportName": name}).decode()
        return [_members(entry) for entry in re.findall(r"<Report>(.*?)</Report>", listed)]

    def processed(self) -> dict[str, str]:
        """The newest batch, once it is done."""
        found: dict[str, str] = wait(lambda: next((one for one in self.batches()[:1] if one["status"] == "Done"), None))
        return found

    def table(self, name: str) -> list[list[str]]:
        """A new report as rows of cells."""
        known = [one["reportid"] for one in self.reports(name)]
        assert self.call("generate-report-now", {"ReportName": name}) == b"<Success>SUCCESS</Success>"
        newest = wait(lambda: next((one for one in self.reports(name) if one["reportid"] not in known), None))
        content = self.call("report", {"ReportID": newest["reportid"]}).decode("windows-1252")
        return [line.split("\t") for line in content.removesuffix("\n").split("\n")]


def _members(entry: str) -> dict[str, str]:
    return dict(re.findall(r"([a-z]+)=([^=]+?)(?= [a-z]+=| $)", entry))


def wait(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@dataclass(frozen=True)
class Shop:
    """A server in a process of its own, with a mending listener, and a seller on it."""

    server: RunningServer
    mending_port: int

    def client(self, **seller: Any) -> Guided:
        name = f"guide-{secrets.token_hex(6)}"
        email = self.server.add_seller(name, **{"password": PASSWORD, **seller})["email"]
        credentials = base64.b64encode(f"{email}:{PASSWORD}".encode()).decode()
        return Guided(("127.0.0.1", self.server.port), credentials)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = RunningServer(Path(directory) / "data", ("--aim-port", str(port)))
        try:
            yield Shop(server.start(), port)
        finally:
            server.stop()


INVENTORY = (
    b"sku\tproduct-id\tproduct-id-type\titem-name\tprice\titem-condition\tquantity\tadd-delete\r\n"
    b"ATLAS\t0747554323\t2\tPocket atlas\t12.50\t2\t3\ta\r\n"
    b"GLOBE\t\t\tGlobe\tdear\t11\t1\ta\r\n"
    b"MAP\t\t\tMap of the town\t4.00\t1\t7\ta\r\n"
)


@pytest.mark.parametrize("fidelity", ["forgiving", "strict"])
def test_inventory_is_managed_as_the_guide_says(fidelity: str, shop: Shop) -> None:
    """§6.1.1: upload, queue, error log, quick fix; then §6.1.2: reconcile."""
    client = shop.client(fidelity=fidelity)

    assert client.call("add-modify-delete", file=INVENTORY) == b"<Success>SUCCESS</Success>"
    batch = client.processed()
    assert (batch["activateditems"], batch["numberofwarnings"], batch["itemsnotacivated"]) == ("2", "0", "1")
    assert client.call("get-pending-uploads-count") == b"<PendingUploadsCount>0</PendingUploadsCount>"

    log = client.call("errorlog", {"BatchID": batch["batchid"]}).decode("windows-1252")
    assert "\n2\tGLOBE\t" in log
    quick_fix = client.call("quickfix", {"BatchID": batch["batchid"]})
    assert quick_fix.splitlines() == [INVENTORY.splitlines()[0], INVENTORY.splitlines()[2]]

    assert client.table("OpenListingsLiter")[0] == ["seller-sku", "quantity"]
    assert sorted(client.table("OpenListingsLiter")[1:]) == [["ATLAS", "3"], ["MAP", "7"]]
    open_listings = {row[3]: row for row in client.table("OpenListings")[1:]}
    assert set(open_listings) == {"ATLAS", "MAP"}


def test_quantities_are_modified_and_the_shop_is_purged(shop: Shop) -> None:
    client = shop.client()
    client.call("add-modify-delete", file=INVENTORY)
    client.processed()

    client.call("modify-only", file=b"sku\tprice\tquantity\r\nATLAS\t\t1\r\nMAP\t\t0\r\n")
    client.processed()
    assert sorted(client.table("OpenListingsLite")[1:])[0][:3] == ["ATLAS", "1", "12.50"]

    client.call("purge-replace", file=INVENTORY.splitlines(keepends=True)[0])
    client.processed()
    assert client.table("OpenListingsLite") == [["seller-sku", "quantity", "price", "product-id"]]


def test_the_example_of_the_guide_is_understood_as_it_is_printed(shop: Shop) -> None:
    client = shop.client()
    client.table("OpenListingsLite")
    request, *lines = EXAMPLE.format(credentials=client.credentials).splitlines()
    method, url = request.split()
    headers = dict(line.split(": ", 1) for line in lines)

    connection = http.client.HTTPConnection(*client.address, timeout=30)
    connection.request(method, url.removeprefix("https://secure.amazon.com"), headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()

    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/xml")
    moment = "[0-9]{2}-[0-9]{2}-[0-9]{4}:[0-9]{2}-[0-9]{2}-[0-9]{2}"
    entry = f"<Report>reportstarttime={moment} reportendtime={moment} reportid=[0-9]{{10}} </Report>"
    assert re.fullmatch(f"<Reports> {entry}</Reports>", body)


def test_the_example_is_understood_with_the_whole_address_in_its_first_line(shop: Shop) -> None:
    client = shop.client()
    request, *lines = EXAMPLE.format(credentials=client.credentials).splitlines()

    answer = _sent(client.address, [f"{request} HTTP/1.1", "Host: secure.amazon.com", "Connection: close", *lines])

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"<Reports></Reports>")


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_the_guide_is_there(address: str, shop: Shop) -> None:
    client = shop.client()

    answer = client.call(address.rpartition("/")[2])

    assert re.match(rb"<(PendingUploadsCount|Batches|Reports|BusinessLogicError|FileError)>", answer)


def test_a_client_of_2008_works_with_its_illegal_header_line(shop: Shop) -> None:
    """It takes the newest report's number, asks for another report, and polls until the number changes."""
    client = shop.client()
    address = ("127.0.0.1", shop.mending_port)

    def get(function: str, *parameters: str) -> str:
        path = f"/exec/panama/seller-admin/{function}"
        lines = [
            f"GET {path} HTTP/1.1",
            f"Authorization: Basic {client.credentials}",
            "Content Type: text/xml",
            f"Cookie: {COOKIE}",
            *parameters,
            "User-Agent: Java/1.6.0_10",
            "Host: secure.amazon.com",
            "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "Connection: keep-alive",
        ]
        head, _, body = _sent(address, lines).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        return _plain(head, body).decode("windows-1252")

    def newest() -> str | None:
        listed = get("manual-reports/get-report-status", "NumberOfReports: 1", "ReportName: OpenListings")
        return listed.split("reportid=")[1].split(" ")[0] if "reportid=" in listed else None

    before = wait(newest)  # every seller has a first one by himself
    assert "SUCCESS" in get("manual-reports/generate-report-now", "ReportName: OpenListings", "NumberOfDays: 15")
    after = wait(lambda: found if (found := newest()) != before else None)

    assert get("download/report", f"ReportID: {after}").split("\t")[3:5] == ["seller-sku", "price"]


def test_the_wrong_password_of_that_client_is_no_success(shop: Shop) -> None:
    lines = [
        "GET /exec/panama/seller-admin/manual-reports/get-report-status HTTP/1.1",
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Content Type: text/xml",
        "Host: secure.amazon.com",
    ]

    assert _sent(("127.0.0.1", shop.mending_port), lines).startswith(b"HTTP/1.1 401 ")


def test_an_unmodified_program_reaches_the_server_under_the_hosts_of_the_guide(shop: Shop) -> None:
    client = shop.client(marketplaces=["US", "CA"])
    program = f"""
        import urllib.request
        for host in ("secure.amazon.com", "secure.amazon.ca", "merchant-query.amazon.com", "secure.amazon.co.uk"):
            request = urllib.request.Request(
                "https://" + host + "/exec/panama/seller-admin/catalog-upload/get-batches",
                headers={{"Authorization": "Basic {client.credentials}", "NumberofBatches": "1"}},
            )
            print(urllib.request.urlopen(request).read().decode())
    """

    done = command(shop.server, "exec", "--", sys.executable, "-c", textwrap.dedent(program))

    assert done.stdout.splitlines() == [
        *["<Batches></Batches>"] * 3,
        "<BusinessLogicError>CUSTOMER_UNAUTHORIZED</BusinessLogicError>",
    ], done.stderr


def _sent(address: tuple[str, int], lines: list[str]) -> bytes:
    """Everything that is answered to this head, until the connection ends."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def _plain(head: bytes, body: bytes) -> bytes:
    """A body, without the marks of its chunks if it came in chunks."""
    if b"transfer-encoding: chunked" not in head.lower():
        return body
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole
