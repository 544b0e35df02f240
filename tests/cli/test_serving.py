"""`entrepot serve`: what its options change, and what it shows on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Entrepot
from tests.cli.terminal import python_on_terminal
from tests.running import RunningServer, command


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[RunningServer]:
    """A server with certificates of its own, at every address of this machine."""
    running = RunningServer(place / "data", ("--tls", "--host", "0.0.0.0")).start()
    yield running
    running.stop()


def test_commands_reach_a_server_where_it_listens_and_trust_its_certificates(
    entrepot: Entrepot, server: RunningServer
) -> None:
    listed = entrepot("seller", "list")

    assert listed.json == {"sellers": []}
    assert json.loads((server.data / "server.json").read_text())["url"] == f"https://127.0.0.1:{server.port}"


def test_plain_http_is_not_answered_where_tls_is_served(server: RunningServer) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{server.port}/healthz", trust_env=False, verify=False)


@pytest.mark.parametrize(
    "words",
    [
        ("--port", "0"),
        ("--port", "http"),
        ("--limits", "some"),
        ("--fidelity", "sloppy"),
        ("--log-level", "loud"),
        ("--colour", "red"),
        ("now",),
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_said_before_anything_is_touched(
    entrepot: Entrepot, tmp_path: Path, words: tuple[str, ...]
) -> None:
    refused = entrepot("serve", "--data", tmp_path / "data", *words)

    assert refused.code == 2
    assert "Usage:" in refused.err
    assert "Traceback" not in refused.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_refused_in_one_line(tmp_path: Path, host: str) -> None:
    refused = command(RunningServer(tmp_path / "data"), "serve", "--host", host)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"cannot listen on {host}:8700: ")
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "data" / "postgres").exists()


CRASHING = """
import structlog
from entrepot.cli.serving import _configure_log
from entrepot.settings import Settings

_configure_log(Settings())

def crash():
    secret = "-".join(["geheim"] * 2)
    raise ValueError("a crash")

try:
    crash()
except ValueError:
    structlog.get_logger().exception("crashed")
"""


def test_a_crash_that_is_shown_on_a_terminal_shows_no_values_of_variables() -> None:
    code, shown = python_on_terminal("-c", CRASHING)

    assert code == 0
    assert "ValueError: a crash" in shown
    assert "geheim-geheim" not in shown
