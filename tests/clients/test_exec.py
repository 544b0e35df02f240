"""`entrepot exec`: programs that know nothing of a local server are led to one; and a server that itself speaks TLS."""

from __future__ import annotations

import secrets
import ssl
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import RunningServer, command

SUMMARIES = (
    "https://sellingpartnerapi-na.amazon.com/fba/inventory/v1/summaries"
    "?granularityType=Marketplace&granularityId=ATVPDKIKX0DER&marketplaceIds=ATVPDKIKX0DER"
)


@dataclass(frozen=True)
class Place:
    """A server, and a seller on it who has 25 kettles."""

    server: RunningServer
    seller: dict[str, Any]

    @property
    def token(self) -> str:
        return self.server.access_token(self.seller)


def with_kettles(server: RunningServer) -> Place:
    seller = server.add_seller(f"exec-{secrets.token_hex(6)}")
    server.world("create_item", seller=seller["seller_id"], sku="KETTLE", title="A kettle")
    server.world("add_stock", seller=seller["seller_id"], sku="KETTLE", quantity=25)
    return Place(server, seller)


@pytest.fixture(scope="module")
def plain(server: RunningServer) -> Place:
    return with_kettles(server)


@pytest.fixture(scope="module")
def tls() -> Iterator[Place]:
    """A server that speaks HTTPS only, with certificates of its own making."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        made = RunningServer(Path(directory) / "data", ("--limits", "off", "--tls"))
        try:
            yield with_kettles(made.start())
        finally:
            made.stop()


def run(server: RunningServer, directory: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program behind `entrepot exec`, as a person would from a file."""
    file = directory / "program.py"
    file.write_text(textwrap.dedent(program))
    return command(server, "exec", "--", sys.executable, str(file), *arguments)


PYTHON_AMAZON_SP_API = """
    import sys
    from sp_api.api import Inventories
    from sp_api.base import Marketplaces

    names = ("lwa_app_id", "lwa_client_secret", "refresh_token")
    credentials = dict(zip(names, sys.argv[1:]))
    inventories = Inventories(marketplace=Marketplaces.US, credentials=credentials)
    for summary in inventories.get_inventory_summary_marketplace(details=True).payload["inventorySummaries"]:
        print(summary["sellerSku"], summary["inventoryDetails"]["fulfillableQuantity"])
"""


def test_an_unmodified_program_reads_its_stock_from_the_server(plain: Place, tmp_path: Path) -> None:
    spapi = plain.seller["spapi"]
    credentials = [spapi[name] for name in ("client_id", "client_secret", "refresh_token")]

    done = run(plain.server, tmp_path, PYTHON_AMAZON_SP_API, *credentials)

    assert (done.returncode, done.stdout, done.stderr) == (0, "KETTLE 25\n", "")


RAW_CALLS = {
    "requests": """
        import sys, requests
        response = requests.get(sys.argv[1], headers={"x-amz-access-token": sys.argv[2]})
        print(response.json()["payload"]["inventorySummaries"][0]["totalQuantity"])
    """,
    "httpx": """
        import sys, httpx
        response = httpx.get(sys.argv[1], headers={"x-amz-access-token": sys.argv[2]})
        print(response.json()["payload"]["inventorySummaries"][0]["totalQuantity"])
    """,
}


@pytest.mark.parametrize(("library", "where"), [("requests", "plain"), ("httpx", "plain"), ("httpx", "tls")])
def test_a_raw_call_to_amazons_host_reaches_the_server(
    library: str, where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place: Place = request.getfixturevalue(where)

    done = run(place.server, tmp_path, RAW_CALLS[library], SUMMARIES, place.token)

    assert (done.returncode, done.stdout, done.stderr) == (0, "25\n", "")


ELSEWHERE = """
    import sys, httpx
    for url in sys.argv[1:]:
        try:
            print(httpx.get(url).status_code)
        except httpx.ProxyError as refusal:
            print(refusal)
"""


def test_a_call_to_any_other_host_is_refused_and_reported(server: RunningServer, tmp_path: Path) -> None:
    hosts = ["example.com", "sellingpartnerapi-na.amazon.com.example.com"]

    done = run(server, tmp_path, ELSEWHERE, *(f"https://{host}/" for host in hosts))

    assert done.returncode == 0
    assert done.stdout.splitlines() == [f"403 Forbidden by entrepot exec: {host}:443" for host in hosts]
    for host in hosts:
        assert f"refused {host}:443 (once)" in done.stderr


def test_exec_without_a_running_server_says_so(server: RunningServer, tmp_path: Path) -> None:
    nowhere = RunningServer(tmp_path / "nowhere")

    done = command(nowhere, "exec", "--", sys.executable, "-c", "print('ran')")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no server is running on the data directory" in done.stderr


# HTTPS


def test_a_tls_server_is_reached_by_whoever_trusts_its_authority(tls: Place) -> None:
    trusting = ssl.create_default_context(cafile=tls.server.data / "tls" / "ca.pem")
    target = httpx.URL(SUMMARIES).raw_path.decode()

    answers = [
        httpx.get(
            f"https://{host}:{tls.server.port}{target}",
            headers={"x-amz-access-token": tls.token},
            verify=trusting,
            trust_env=False,
        )
        for host in ("127.0.0.1", "localhost")
    ]

    for answer in answers:
        assert answer.json()["payload"]["inventorySummaries"][0]["totalQuantity"] == 25


def test_a_tls_server_is_believed_by_nobody_else_and_speaks_no_plain_http(tls: Place) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{tls.server.url}/healthz", trust_env=False)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{tls.server.port}/healthz", trust_env=False)
