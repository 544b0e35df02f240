"""How the operator's commands reach the server: its address and token are in the data directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec

from entrepot.datadir import DataDirectory
from entrepot.domain.errors import Problem


class Refused(Problem):
    """The server's refusal: the meaning's name, and its text."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "refused")))
        self.code = str(error.get("code", "Error"))
        self.error = error


class Unreachable(Exception):
    """No server answers."""


class OperatorClient:
    """Calls /operator/v1 of the server that runs on a data directory."""

    def __init__(self, data: Path, channel: str = "cli") -> None:
        directory = DataDirectory(data)
        self.url = directory.record().url
        ca = directory.tls / "ca.pem"
        self._client = httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {directory.operator_token()}", "x-entrepot-channel": channel},
            verify=str(ca) if self.url.startswith("https") and ca.exists() else True,
            timeout=600,
            trust_env=False,
        )

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON answer; Refused with the server's error, Unreachable when nobody answers."""
        content = msgspec.json.encode(body) if body is not None else None
        try:
            response = self._client.request(method, f"/operator/v1{path}", content=content)
        except httpx.TransportError as problem:
            raise Unreachable(f"the server at {self.url} does not answer ({problem})") from None
        answer = msgspec.json.decode(response.content)
        if response.is_success:
            return answer
        raise Refused(answer["errors"][0])
