"""One HTTP request and one answer, as values. Knows nothing of sockets, servers or stock.

The path is split on the raw request target and each segment is percent-decoded exactly once, so that any SKU
(`S/1`, `50%`, `a+b`) survives; in a query `+` is a blank (reference: what real clients send). Bytes that are no UTF-8
are refused, never replaced: replaced, one name would be as good as another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qs, unquote

import msgspec

from entrepot.domain.errors import Invalid

FIELDS_MAX = 1000
Headers = Sequence[tuple[str, str]]


@dataclass
class Request:
    """A whole request: the body has been read, within the limit of its door."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    request_id: str = ""

    @cached_property
    def host(self) -> str:
        """The name of the host that it is for, in small letters, without port; empty if it names none."""
        return self.headers.get("host", "").strip().lower().partition(":")[0].rstrip(".")

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, each decoded once: `/a/S%2F1` is `("a", "S/1")`. Raises Invalid."""
        try:
            return tuple(unquote(segment, errors="strict") for segment in self.raw_path.split("/")[1:])
        except UnicodeDecodeError:
            raise Invalid("path", "the path is not UTF-8") from None

    @cached_property
    def query(self) -> Mapping[str, Sequence[str]]:
        """Every value of every query parameter; names are case-sensitive, blanks are kept. Raises Invalid."""
        try:
            return parse_qs(self.query_string, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
        except UnicodeDecodeError:
            raise Invalid("query", "the query is not UTF-8") from None
        except ValueError:
            raise Invalid("query", f"a query has at most {FIELDS_MAX} parameters") from None

    def one(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True)
class Response:
    """An answer ready to be sent: status, body bytes and headers (beside Content-Length, which the server adds).

    `stream`, where there is one, is the body instead of `body`: `length` bytes in chunks; None: nobody knows how many.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Headers = field(default=())
    stream: AsyncIterator[bytes] | None = None
    length: int | None = None


_encode = msgspec.json.Encoder().encode


def json_response(status: int, value: object, headers: Headers = ()) -> Response:
    """`value` encoded as JSON."""
    return Response(status, _encode(value), "application/json", headers)
