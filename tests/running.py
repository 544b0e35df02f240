"""A real server process for tests: started as a user would, on a free loopback port, ended by its own pid."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60.0
# Shared, because making one is slow; without connections kept, because servers here come and go.
_CLIENT = httpx.Client(verify=False, trust_env=False, timeout=60, limits=httpx.Limits(max_keepalive_connections=0))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RunningServer:
    """`entrepot serve` in a process of its own."""

    data: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def scheme(self) -> str:
        return "https" if "--tls" in self.options else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data.with_name(self.data.name + ".log")

    def start(self) -> RunningServer:
        """Start and wait until it can serve."""
        command = [sys.executable, "-m", "entrepot", "serve", "--port", str(self.port), "--data", str(self.data)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*command, *self.options], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log.read_text()[-3000:]}")
            try:
                if _CLIENT.get(f"{self.url}/healthz", timeout=5).status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not answer: {self.log.read_text()[-3000:]}")

    def stop(self, name: signal.Signals = signal.SIGTERM, seconds: float = 40) -> int:
        """End the process with a signal; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(name)
        return self.process.wait(seconds)

    def operator(self, method: str, path: str, body: object = None) -> Any:
        """Call the operator API; the decoded answer, or an AssertionError with the refusal."""
        token = (self.data / "operator.token").read_text().strip()
        response = _CLIENT.request(
            method,
            f"{self.url}/operator/v1{path}",
            json=body,
            headers={"authorization": f"Bearer {token}"},
        )
        assert response.is_success, response.text
        return response.json()

    def world(self, verb: str, **arguments: Any) -> Any:
        """Do a verb of the world (`seller=` says whose)."""
        return self.operator("POST", f"/world/{verb}", arguments)

    def add_seller(self, name: str, **more: Any) -> dict[str, Any]:
        """A new seller; the credentials of all generations."""
        body = {"email": f"{name.lower()}@example.test", "password": "a long enough password", "name": name, **more}
        credentials: dict[str, Any] = self.operator("POST", "/sellers", body)
        return credentials

    def access_token(self, credentials: dict[str, Any]) -> str:
        """A fresh LWA access token of a seller."""
        form = {"grant_type": "refresh_token", **credentials["spapi"]}
        response = _CLIENT.post(f"{self.url}/auth/o2/token", data=form)
        token: str = response.json()["access_token"]
        return token


def command(server: RunningServer, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run an `entrepot` command against a server, as its operator would."""
    environment = {**os.environ, "ENTREPOT_DATA": str(server.data)}
    return subprocess.run(
        [sys.executable, "-m", "entrepot", *words],
        capture_output=True,
        text=True,
        timeout=seconds,
        env=environment,
        check=False,
    )


def json_command(server: RunningServer, *words: str) -> Any:
    """The JSON that a command prints; it must succeed."""
    done = command(server, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
