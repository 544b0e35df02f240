"""How the operator's commands reach the server: its address and token are in the data directory."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx
import msgspec

from entrepot.cli.refusals import Refused, Unreachable
from entrepot.datadir import DataDirectory
from entrepot.domain.errors import Invalid


class OperatorClient:
    """Calls /operator/v1 of the server that runs on a data directory."""

    def __init__(self, data: Path, channel: str = "cli") -> None:
        directory = DataDirectory(data)
        self.url = directory.record().url
        # Plain HTTP needs no certificates, and reading them is slow.
        trusted = ssl.create_default_context(cafile=directory.tls / "ca.pem") if self.url.startswith("https") else False
        self._client = httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {directory.operator_token()}", "x-entrepot-channel": channel},
            verify=trusted,
            timeout=600,
            trust_env=False,
        )

    def __enter__(self) -> OperatorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON answer; Refused with the server's error, Unreachable when nobody answers."""
        content = _encoded(body) if body is not None else None
        try:
            response = self._client.request(method, f"/operator/v1{path}", content=content)
        except httpx.TransportError as problem:
            raise Unreachable(f"the server at {self.url} does not answer ({problem})") from None
        try:
            answer = msgspec.json.decode(response.content)
            if response.is_success:
                return answer
            refusal = answer["errors"][0]
        except (msgspec.DecodeError, LookupError, TypeError):
            raise Unreachable(f"what answers at {self.url} is not this server (HTTP {response.status_code})") from None
        raise Refused(refusal)


def ask(data: Path, method: str, path: str, body: object = None) -> Any:
    """One call of the server that runs on a data directory."""
    with OperatorClient(data) as client:
        return client.call(method, path, body)


def _encoded(body: object) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (TypeError, OverflowError, UnicodeEncodeError) as problem:
        raise Invalid("body", f"this cannot be sent as JSON: {problem}") from None
