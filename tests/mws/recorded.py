"""What real programs sent, and what the live service answered: files that are no part of the project.

Looked for where `tests.spapi.model` looks; tests that need them are skipped where they are not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from entrepot.wire.query_signing import decoded
from tests.spapi.model import PLACES

FOLDER = next((found for place in PLACES if (found := place / "mws").is_dir()), None)
ACCESS_KEY, SECRET = "AKIAEXAMPLE", "secretKEY0123456789"
FORM = "application/x-www-form-urlencoded"


def lines(*path: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines; none where there is no such file."""
    file = Path(FOLDER or "").joinpath(*path)
    if FOLDER is None or not file.is_file():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


CLIENT_REQUESTS = lines("client-requests", "client_requests.jsonl")
ERRORS = lines("recorded", "peddler_errors.jsonl")
LIVE = lines("recorded", "scaleleap.jsonl")


def action(line: dict[str, Any]) -> str:
    """The operation of a recorded answer."""
    return str(dict(line["request"]["params"])["Action"])


def live(path: str) -> list[dict[str, Any]]:
    """The recorded answers of a section, but for its status."""
    return [line for line in LIVE if line["request"]["path"].startswith(path) and action(line) != "GetServiceStatus"]


def shape(element: Any) -> Any:
    """Names, and the names of what is in them, in any order; of several of a name only one."""
    return {one.tag: shape(one) for one in element}


def contract(name: str) -> Any:
    """A JSON file, read; the test is skipped where it is not on this machine."""
    if FOLDER is None:
        pytest.skip("the contracts of MWS are not on this machine")
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


needs_requests = pytest.mark.skipif(not CLIENT_REQUESTS, reason="the recorded requests are not on this machine")
needs_live = pytest.mark.skipif(not LIVE, reason="the recorded live answers are not on this machine")
needs_recordings = pytest.mark.skipif(not ERRORS, reason="the recorded answers are not on this machine")


def headers(line: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in line["headers"]}


def path_and_query(line: dict[str, Any]) -> tuple[str, str]:
    target = urlsplit(line["target"])
    return target.path, target.query


def pairs(line: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """All parameters of a recorded request."""
    found = decoded(path_and_query(line)[1].encode())
    if headers(line).get("content-type", "").startswith(FORM) and line["action"] != "SubmitFeed":
        found += decoded(line["body"].encode())
    return found


def value(found: list[tuple[bytes, bytes]], name: str) -> str:
    return dict(found)[name.encode()].decode()
