"""A client of AIM: the guide's functions, as they are called at any address that speaks AIM.

Sources: 2007 guide §1.3 (headers), §3, §4; AIM reference §1, §4, §5 (what servers really answered).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from entrepot.cli.refusals import Refused, Unreachable
from entrepot.domain.errors import Invalid
from entrepot.wire import tsv

PREFIX: Final = "/exec/panama/seller-admin/"
# The guide: 10 MB for Add/Modify/Delete and Modify/Delete; a purge has no limit of its.
UPLOAD_MAX: Final = 10 * 1024 * 1024
MODES: Final = ("add-modify-delete", "modify-only", "purge-replace")
REPORTS: Final = ("OpenListingsLite", "OpenListingsLiter", "OpenListings")

# The guide's own values, the same for every seller: they identify nobody.
_COOKIE: Final = (
    "x-main=YvjPkwfntqDKun0QEmVRPcTTZDMe?Tn?; ubid-main=002-8989859-9917520; ubid-tacbus=019-5423258-4241018;"
    "x-tacbus=vtm4d53DvX@Sc9LxTnAnxsFL3DorwxJa; ubid-tcmacb=087-8055947-0795529;"
    " ubid-ty2kacbus=161-5477122-2773524; session-id=087-178254-5924832; session-id-time=950660664"
)
_SECONDS: Final = 600.0
_CONNECT_SECONDS: Final = 20.0
# For what is only asked: whoever waits for something asks again.
_ASKING_SECONDS: Final = 60.0

# What the tokens of a refusal mean to a person.
MEANINGS: Final[dict[str, str]] = {
    "CUSTOMER_UNAUTHORIZED": "the e-mail address or the password is wrong, or this seller may not do this here",
    "INVALID_FILE_FORMAT": "the file is not of the format that was named, or too long",
    "INVALID_LISTING_PROGRAM": "there is no such place to create items at (--upload-for)",
    "INVALID_BATCH": "there is no such batch",
    "INVALID_REPORT_NAME": "there is no such report",
    "ACCESS_DENIED": "this report is not for this seller",
    "FILE_NOT_FOUND": "there is no such file",
}
MISSING: Final = "FILE_NOT_FOUND"

_REFUSAL: Final = re.compile(r"<(?:BusinessLogicError|FileError)>\s*(\w+)\s*<")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_BATCH_ID: Final = re.compile(rf"<BatchID>\s*({_NUMBER.pattern})\s*</BatchID>", re.IGNORECASE)
_SUCCESS: Final = re.compile(r"<Success>\s*SUCCESS\s*</Success>")
_COUNT: Final = re.compile(rf"<PendingUploadsCount>\s*({_NUMBER.pattern})\s*</PendingUploadsCount>")
_ENTRY: Final = re.compile(r"<(Batch|Report)>(.*?)</\1>", re.DOTALL)
# `key=value` pairs; a value may have blanks in it, and ends where the next key begins.
_PAIR: Final = re.compile(r"(\w+)=(.*?)(?=\s+\w+=|\s*$)", re.DOTALL)
_CHARSET: Final = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
_ENDED: Final = re.compile(r"done|fail|error|negative|cancel|reject", re.IGNORECASE)


@dataclass(frozen=True)
class Batch:
    """An upload, as get-batches tells of it."""

    batch_id: str
    status: str
    activated: int = 0
    rejected: int = 0
    warnings: int = 0

    @property
    def ended(self) -> bool:
        """Whether it was processed. Only `Done` is documented; the others are what a failure may be called."""
        return bool(_ENDED.search(self.status))

    @property
    def clean(self) -> bool:
        return self.status.lower() == "done" and self.rejected == 0


@dataclass(frozen=True)
class Downloaded:
    """A file, in its own bytes."""

    content: bytes
    charset: str | None

    @property
    def codec(self) -> str | None:
        """What its answer says that it is written in."""
        return _codec(self.charset) if self.charset else None

    def text(self) -> str:
        """Read as its answer says it is written, or as it looks. Raises Invalid for what is no text."""
        try:
            return self.content.decode(self.codec) if self.codec else tsv.decoded(self.content)
        except (UnicodeError, LookupError):
            return self.content.decode("iso-8859-1")
        except tsv.Unreadable as problem:
            raise Invalid("report", problem.message) from None


def _codec(charset: str) -> str:
    """What a charset means in practice: Japanese files have more characters than Shift_JIS."""
    return "cp932" if charset.lower().replace("-", "_") in ("shift_jis", "windows_31j") else charset


_NO_URL: Final = "the URL is not valid: http(s)://host[:port]"


def address_of(url: str) -> str:
    """Where the functions are: a server's address, or the guide's whole path. Invalid never repeats a secret."""
    try:
        parts = urlsplit(url)
        named = _is_host(parts.hostname) and parts.port != 0
    except ValueError:
        raise Invalid("url", _NO_URL) from None
    if parts.scheme not in ("http", "https") or not named or parts.query or parts.fragment:
        raise Invalid("url", _NO_URL)
    if parts.username is not None or parts.password is not None:
        raise Invalid("url", "e-mail address and password do not belong into the URL")
    path = parts.path if "/seller-admin" in parts.path else parts.path.rstrip("/") + PREFIX
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"


def _is_host(name: str | None) -> bool:
    """Whether the name can be looked up at all, by the rules of the client and of the system."""
    try:
        return bool(name) and bool(httpx.URL(scheme="http", host=name or "").host) and bool((name or "").encode("idna"))
    except (httpx.InvalidURL, UnicodeError):
        return False


class AimClient:
    """`authority`: a certificate to trust in the place of the system's. nearby: no proxy is on the way."""

    def __init__(
        self, url: str, email: str, password: str, authority: Path | None = None, nearby: bool = False
    ) -> None:
        self.address = address_of(url)
        try:
            basic = httpx.BasicAuth(email, password)
        except UnicodeEncodeError:
            raise Invalid("password", "the password is no text") from None
        # Plain HTTP needs no certificates, and reading them is slow.
        trusted = ssl.create_default_context(cafile=authority) if self.address.startswith("https") else False
        self._client = httpx.Client(
            auth=basic,
            headers={"content-type": "text/xml", "cookie": _COOKIE, "user-agent": "entrepot"},
            verify=trusted,
            trust_env=not nearby,
        )

    def __enter__(self) -> AimClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def upload(self, mode: str, content: bytes, parameters: Mapping[str, str]) -> str | None:
        """Hand a file in; its batch id, or None where the answer has none."""
        answer = self._said(f"catalog-upload/{mode}", {**parameters, "BatchID": "Y"}, content)
        if found := _BATCH_ID.search(answer):
            return found[1]
        if _SUCCESS.search(answer):
            return None
        raise self._strange(answer)

    def pending(self) -> int:
        """How many uploads wait to be processed."""
        answer = self._said("manual-reports/get-pending-uploads-count", {})
        found = _COUNT.search(answer)
        if found is None:
            raise self._strange(answer)
        return int(found[1])

    def batches(self, number: int) -> list[Batch]:
        """The newest batches, the newest first."""
        entries = self._entries("catalog-upload/get-batches", {"NumberofBatches": str(number)}, "Batches")
        return sorted(filter(None, map(_batch, entries)), key=lambda one: int(one.batch_id), reverse=True)

    def newest_batch(self) -> str | None:
        return next((batch.batch_id for batch in self.batches(1)), None)

    def error_log(self, batch_id: str) -> bytes | None:
        """None: there is none."""
        return self._file("download/errorlog", {"BatchID": batch_id})

    def quick_fix(self, batch_id: str) -> bytes | None:
        """The rejected rows; None: there is none."""
        return self._file("download/quickfix", {"BatchID": batch_id})

    def generate(self, report: str) -> None:
        """Have a report made."""
        answer = self._said("manual-reports/generate-report-now", {"ReportName": report})
        if not _SUCCESS.search(answer):
            raise self._strange(answer)

    def newest_report(self, report: str) -> str | None:
        """The id of the newest report of a name that is ready."""
        parameters = {"ReportName": report, "NumberOfReports": "1"}
        entries = self._entries("manual-reports/get-report-status", parameters, "Reports")
        found = [entry["reportid"] for entry in entries if _NUMBER.fullmatch(entry.get("reportid", ""))]
        return max(found, key=int) if found else None

    def report(self, report_id: str) -> Downloaded:
        response = self._call("download/report", {"ReportID": report_id})
        self._check(response)
        charset = _CHARSET.search(response.headers.get("content-type", ""))
        return Downloaded(response.content, charset[1] if charset else None)

    def _file(self, path: str, parameters: Mapping[str, str]) -> bytes | None:
        response = self._call(path, parameters)
        try:
            self._check(response)
        except Refused as refusal:
            if refusal.code == MISSING:
                return None
            raise
        return response.content

    def _entries(self, path: str, parameters: Mapping[str, str], root: str) -> list[dict[str, str]]:
        answer = self._said(path, parameters)
        if f"<{root}" not in answer:
            raise self._strange(answer)
        return [dict(_PAIR.findall(inside.strip())) for _, inside in _ENTRY.findall(answer)]

    def _said(self, path: str, parameters: Mapping[str, str], content: bytes = b"") -> str:
        response = self._call(path, parameters, content)
        self._check(response)
        return response.text

    def _call(self, path: str, parameters: Mapping[str, str], content: bytes = b"") -> httpx.Response:
        asking = not content and not path.startswith("download/")
        seconds = httpx.Timeout(_ASKING_SECONDS if asking else _SECONDS, connect=_CONNECT_SECONDS)
        try:
            return self._client.post(self.address + path, headers=dict(parameters), content=content, timeout=seconds)
        except (httpx.TransportError, httpx.DecodingError) as problem:
            raise Unreachable(f"{self.address} does not answer ({problem or type(problem).__name__})") from None

    def _check(self, response: httpx.Response) -> None:
        """A refusal is one small element, at the start of the answer, whatever the HTTP status is."""
        start = response.content[:500].decode("ascii", "replace").lstrip()
        if start.startswith("<") and (found := _REFUSAL.search(start)):
            raise Refused({"code": found[1], "message": MEANINGS.get(found[1], "refused")})
        if response.status_code == httpx.codes.UNAUTHORIZED:
            code = "CUSTOMER_UNAUTHORIZED"
            raise Refused({"code": code, "message": MEANINGS[code]})
        if not response.is_success:
            raise Unreachable(f"what answers at {self.address} is not AIM (HTTP {response.status_code})")

    def _strange(self, answer: str) -> Unreachable:
        start = " ".join(answer[:80].split())
        return Unreachable(f"what answers at {self.address} is not AIM: {start!r}")


def _batch(entry: Mapping[str, str]) -> Batch | None:
    if not _NUMBER.fullmatch(entry.get("batchid", "")):
        return None
    # The misspelling was on the wire, the guide of 2007 spells it right.
    rejected = _number(entry, ("itemsnotacivated", "itemsnotactivated"))
    activated, warnings = _number(entry, ("activateditems",)), _number(entry, ("numberofwarnings",))
    return Batch(entry["batchid"], entry.get("status", ""), activated, rejected, warnings)


def _number(entry: Mapping[str, str], names: Sequence[str]) -> int:
    return next((int(entry[name]) for name in names if _NUMBER.fullmatch(entry.get(name, ""))), 0)
