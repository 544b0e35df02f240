"""Signature Version 2: query requests, decoded as clients encode them, and signed again as they should have been.

Sources: MWS Developer Guide, "Signing query requests" and "Creating the string to sign" (MWS reference §1.3), and what
ten real clients put on the wire (§1.4, §1.6). A request is verified from its decoded parameters, because several
clients send another encoding than the one they sign. Knows no clock, no seller and no section.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

SIGNATURE: Final = b"Signature"
# SignatureMethod → the hash.
METHODS: Final[dict[str, str]] = {"HmacSHA256": "sha256", "HmacSHA1": "sha1"}
VERSION: Final = "2"

Pairs = Sequence[tuple[bytes, bytes]]


def decoded(text: bytes) -> list[tuple[bytes, bytes]]:
    """The names and values of a query or a form, in the order sent. `+` is a blank in both; empty parts are nothing."""
    parts = (part.partition(b"=") for part in text.replace(b"+", b" ").split(b"&") if part)
    return [
        (unquote_to_bytes(name), unquote_to_bytes(value)) if b"%" in value or b"%" in name else (name, value)
        for name, _, value in parts
    ]


def hosts(header: str) -> tuple[str, ...]:
    """What a client may have signed as its host: the header; without the port; with a scheme that it forgot to cut."""
    host = header.strip().lower()
    name, colon, port = host.rpartition(":")
    bare = name if colon and port.isdigit() else host
    return tuple(dict.fromkeys((host, bare, f"http://{host}")))


def canonical(pairs: Pairs) -> str:
    """All parameters but the signature, sorted by bytes, encoded as RFC 3986 has it."""
    signed = sorted([pair for pair in pairs if pair[0] != SIGNATURE])
    joined = b"&".join([b"%b=%b" % pair for pair in signed])
    if joined.count(b"=") == len(signed) and joined.count(b"&") == len(signed[1:]):
        # Nothing in a name or a value looks like what joins them, so all are encoded in one go.
        return _RESERVED.sub(_escaped, joined).decode("ascii")
    return "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in signed])


_RESERVED: Final = re.compile(rb"[^A-Za-z0-9_.~=&-]")


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]


def _quoted(value: bytes) -> str:
    return quote_from_bytes(value, safe="-_.~")


def string_to_sign(verb: str, host: str, path: str, query: str) -> str:
    return f"{verb}\n{host.lower()}\n{path or '/'}\n{query}"


def signature(secret: str, method: str, text: str) -> str:
    """The signature as sent, before it is percent-encoded. `method` is one of METHODS."""
    digest = hmac.digest(secret.encode(), text.encode("utf-8", "surrogatepass"), METHODS[method])
    return base64.b64encode(digest).decode("ascii")


def verifies(
    secret: str, method: str, verb: str, candidates: Iterable[str], path: str, pairs: Pairs, given: str
) -> bool:
    """Whether the request is signed with this secret for one of the candidate hosts.

    `given` is the decoded signature; a client that forgets to encode it has its plus signs read as blanks.
    """
    query = canonical(pairs)
    claimed = given.replace(" ", "+").encode("utf-8", "surrogatepass")
    right = (signature(secret, method, string_to_sign(verb, host, path, query)) for host in candidates)
    return any(hmac.compare_digest(one.encode("ascii"), claimed) for one in right)
