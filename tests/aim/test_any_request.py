"""Whatever is sent, the answer is one of AIM's own: no crash, no traceback, and the server goes on."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.api.aim.messages import TOKENS
from entrepot.api.aim.operations import OPERATIONS
from tests.aim.program import HEADER_NAMES, LOADER, Program

# What HTTP lets into a header's value: visible characters, blanks, and the upper half of Latin-1.
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)
LIKELY = st.sampled_from(
    ["Y", "N", "0", "15", "2600000001", "9" * 30, "OpenListings", "Order", "UIEE", "zShop", "TabDelimitedBooks"]
)
HEADERS = st.dictionaries(st.sampled_from(HEADER_NAMES), LIKELY | VALUES, max_size=6)
BODIES = st.binary(max_size=400) | st.binary(max_size=200).map(lambda junk: LOADER + junk) | st.just(LOADER)
PATHS = st.sampled_from([one.path for one in OPERATIONS]) | st.text(max_size=40).map(
    lambda rest: "/exec/panama/seller-admin/" + quote(rest)
)
OWN = re.compile(
    rb"<(Success|BatchID|PendingUploadsCount|Batches|Reports|BusinessLogicError|FileError)>.*</\1>", re.DOTALL
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), headers=HEADERS, body=BODIES)
def test_any_request_has_an_answer_of_aim(
    program: Program, path: str, method: str, headers: dict[str, str], body: bytes
) -> None:
    encoded = {name: value.strip().encode("latin-1") for name, value in headers.items()}
    request = httpx.Request(
        method,
        program.server.url,
        headers=[*((name.encode(), value) for name, value in encoded.items()), *program.identity],
        content=body,
        extensions={"target": path.encode()},
    )

    response = program.http.send(request)

    assert response.status_code in (200, 404, 405)
    is_file = response.headers["content-type"].startswith("text/plain")
    assert is_file or OWN.fullmatch(response.content)
    for token in re.findall(rb"<(?:BusinessLogic|File)Error>(.*?)<", response.content):
        assert token.decode() in TOKENS
        assert token != b"INTERNAL_ERROR"
