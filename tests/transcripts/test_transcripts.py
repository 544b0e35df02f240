"""Transcripts: requests and the exact answers to them, in JSON files beside this one, played against a server.

A file tells of one new seller: how his world is made (`seller`, `world`), then `exchanges`, in order. In a request,
`$TOKEN`, `$CLIENT_ID`, `$CLIENT_SECRET` and `$REFRESH_TOKEN` stand for the seller's own; `$NEXT_TOKEN` for the one in
the answer before. An answer's `body` must be exactly that, but for `$ANY`; its `headers` must be among those that came
(null: must not be there).
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import RunningServer

FILES = sorted(Path(__file__).parent.glob("*.json"))
ANY = "$ANY"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_answers_are_those_of_the_transcript(file: Path, server: RunningServer) -> None:
    transcript = json.loads(file.read_text(encoding="utf-8"))
    seller = server.add_seller(f"transcript-{secrets.token_hex(6)}", **transcript["seller"])
    for step in transcript["world"]:
        server.world(seller=seller["seller_id"], **step)
    known = {f"${name.upper()}": value for name, value in seller["spapi"].items()}
    known["$TOKEN"] = server.access_token(seller)

    with httpx.Client(trust_env=False) as client:
        for number, exchange in enumerate(transcript["exchanges"], start=1):
            response = client.send(request_of(filled_in(exchange["request"], known), server))
            body = response.json()
            known["$NEXT_TOKEN"] = body.get("pagination", {}).get("nextToken", "")

            wanted = exchange["answer"]
            assert (number, response.status_code, masked(body, wanted["body"])) == (
                number,
                wanted["status"],
                wanted["body"],
            )
            for name, value in wanted.get("headers", {}).items():
                assert (number, name, response.headers.get(name)) == (number, name, value)


def request_of(request: dict[str, Any], server: RunningServer) -> httpx.Request:
    body = request.get("body")
    content = body if isinstance(body, str) else None if body is None else json.dumps(body)
    extensions = {"target": request["target"].encode()}
    return httpx.Request(
        request["method"], server.url, headers=request.get("headers"), content=content, extensions=extensions
    )


def filled_in(value: Any, known: dict[str, str]) -> Any:
    """The value with every known name in its texts replaced."""
    if isinstance(value, dict):
        return {name: filled_in(inner, known) for name, inner in value.items()}
    if isinstance(value, str):
        for name, text in known.items():
            value = value.replace(name, text)
    return value


def masked(found: Any, wanted: Any) -> Any:
    """What was found, but `$ANY` where that is wanted."""
    if wanted == ANY:
        return ANY
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {name: masked(value, wanted.get(name)) for name, value in found.items()}
    return found
