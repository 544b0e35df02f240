"""Documents by presigned URL: upload by PUT, download by GET, for whoever holds the URL and as long as it is good.

URLs and refusals look like those of S3, whose place this takes: clients of feeds read its XML. A URL is good for one
method, one document and, for an upload, exactly one content type; time here is real time. Nothing is ever sent with
Content-Encoding unless the URL says so: some clients would unpack twice, others not at all.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from entrepot.api.http import Request, Response
from entrepot.domain.errors import Invalid, NotAllowed, NotFound, Problem, TooLarge, Unavailable
from entrepot.services.documents import Documents
from entrepot.services.secrets import Keyring

URL_SECONDS: Final = 300
PREFIX: Final = "/documents/"
# An upload may take longer than its URL is good for, but not for ever.
BODY_SECONDS: Final = 900.0

_TIME: Final = "%Y%m%dT%H%M%SZ"
_SCOPE: Final = "s3/aws4_request"
_ENCODING: Final = "response-content-encoding"


class Refused(Exception):
    """A URL that is not good; the code is S3's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Links:
    """Makes and checks presigned URLs. `base`: what clients call this server; `now`: real time in seconds."""

    keyring: Keyring
    base: str
    now: Callable[[], float]

    def upload(self, seller_id: str, document_id: str, content_type: str) -> str:
        """Where to PUT a document, with exactly this content type."""
        return self._url("PUT", seller_id, document_id, content_type, {})

    def download(self, seller_id: str, document_id: str, *, encoded: bool = False) -> str:
        """Where to GET a document; `encoded`: its packing is said by Content-Encoding."""
        return self._url("GET", seller_id, document_id, "", {_ENCODING: "gzip"} if encoded else {})

    def _url(self, method: str, seller_id: str, document_id: str, content_type: str, more: dict[str, str]) -> str:
        began = datetime.fromtimestamp(int(self.now()), UTC)
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{seller_id}/{began:%Y%m%d}/{_SCOPE}",
            "X-Amz-Date": began.strftime(_TIME),
            "X-Amz-Expires": str(URL_SECONDS),
            "X-Amz-SignedHeaders": "content-type;host" if method == "PUT" else "host",
            **more,
        }
        query["X-Amz-Signature"] = self._signature(method, document_id, content_type, query)
        return f"{self.base}{PREFIX}{quote(document_id, safe='')}?{urlencode(query, quote_via=quote, safe='')}"

    def check(self, request: Request, document_id: str) -> str:
        """The seller whose document this URL is good for. Raises Refused."""
        given = {name: values[0] for name, values in request.query.items() if values}
        signature = given.pop("X-Amz-Signature", "")
        try:
            began = datetime.strptime(given["X-Amz-Date"], _TIME).replace(tzinfo=UTC).timestamp()
            until = began + int(given["X-Amz-Expires"])
            seller_id, _, scope = given["X-Amz-Credential"].partition("/")
        except (KeyError, ValueError, OverflowError):
            raise Refused("AccessDenied", "Access Denied") from None
        content_type = request.headers.get("content-type", "").strip() if request.method == "PUT" else ""
        right = self._signature(request.method, document_id, content_type, given)
        good = scope.endswith(_SCOPE) and hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace"))
        if until < self.now():
            raise Refused("AccessDenied", "Request has expired")
        if not good:
            raise Refused(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided."
                " Check your method, URL and Content-Type.",
            )
        return seller_id

    def _signature(self, method: str, document_id: str, content_type: str, query: dict[str, str]) -> str:
        words = [method, document_id, content_type, *(f"{name}={query[name]}" for name in sorted(query))]
        return self.keyring.signature("document", "\n".join(words))


# Refusals as S3 spells them: code → status.
STATUSES: Final[dict[str, int]] = {
    "AccessDenied": 403,
    "EntityTooLarge": 400,
    "InternalError": 500,
    "InvalidURI": 400,
    "MethodNotAllowed": 405,
    "NoSuchKey": 404,
    "RequestTimeout": 400,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
}
_MEANINGS: Final[tuple[tuple[type[Exception], str, str], ...]] = (
    (Invalid, "InvalidURI", "Couldn't parse the specified URI."),
    (NotFound, "NoSuchKey", "The specified key does not exist."),
    (NotAllowed, "AccessDenied", "The document is in use and cannot be replaced."),
    (TooLarge, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"),
    (Unavailable, "ServiceUnavailable", "Please reduce your request rate."),
    (TimeoutError, "RequestTimeout", "Your socket connection to the server was not read from or written to in time."),
)


class DocumentsRoom:
    """`PUT` and `GET /documents/{documentId}`."""

    name = "documents"
    body_seconds = BODY_SECONDS

    def __init__(self, documents: Documents, links: Links) -> None:
        self._documents = documents
        self._links = links
        self.body_limit = documents.limit

    async def answer(self, request: Request) -> tuple[str, Response]:
        return await self.answer_stream(request, _nothing())

    async def answer_stream(self, request: Request, chunks: AsyncIterator[bytes]) -> tuple[str, Response]:
        if request.method not in ("GET", "PUT"):
            return "refused", _error(request, "MethodNotAllowed", "The method is not allowed against this resource.")
        name = "putDocument" if request.method == "PUT" else "getDocument"
        try:
            document_id = "/".join(request.segments[1:])
            seller_id = self._links.check(request, document_id)
            if request.method == "PUT":
                await self._documents.upload(seller_id, document_id, chunks)
                return name, Response(200, content_type="application/xml", headers=_ids(request))
            return name, await self._download(request, seller_id, document_id)
        except Refused as refused:
            return name, _error(request, refused.code, str(refused))
        except (Problem, TimeoutError) as problem:
            return name, self.failure(request, problem)

    async def _download(self, request: Request, seller_id: str, document_id: str) -> Response:
        document = await self._documents.find(seller_id, document_id)
        encoded = document.gzip and request.one(_ENCODING) == "gzip"
        headers = (*_ids(request), ("Content-Encoding", "gzip")) if encoded else _ids(request)
        # The first chunk now: a document whose bytes are gone is a 404, not half an answer.
        chunks = self._documents.raw(document)
        first = await anext(chunks, b"")
        return Response(
            200,
            content_type=document.content_type,
            headers=headers,
            stream=_with_first(first, chunks),
            length=document.size,
        )

    def failure(self, request: Request, problem: Exception) -> Response:
        for meaning, code, message in _MEANINGS:
            if isinstance(problem, meaning):
                return _error(request, code, message)
        return _error(request, "InternalError", "We encountered an internal error. Please try again.")


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _ids(request: Request) -> tuple[tuple[str, str], ...]:
    return (("x-amz-request-id", request.request_id),)


def _error(request: Request, code: str, message: str) -> Response:
    words = {"Code": code, "Message": message, "RequestId": request.request_id}
    members = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in words.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{members}</Error>'
    more = (("Allow", "GET, PUT"),) if code == "MethodNotAllowed" else ()
    return Response(STATUSES[code], body.encode(), "application/xml", (*_ids(request), *more))
