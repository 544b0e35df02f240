"""What the operations of SP-API have in common: reading queries and bodies as real clients send them, and answering.

Source: the reference of what clients send on the wire, rules 13–16 and 18–20; it says which client breaks on what.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from entrepot.api.http import Request, Response, json_response
from entrepot.api.spapi.messages import Unparsable
from entrepot.api.spapi.room import Call
from entrepot.domain.errors import Denied, Invalid
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES

Word = TypeVar("Word", bound=str)
Place = TypeVar("Place")

# What lists of feeds and of reports take.
MARKETPLACES_LISTED_MAX: Final = 10


def checked_marketplace(call: Call, marketplace_id: str) -> str:
    """The id, if it is of a marketplace where the seller sells."""
    if marketplace_id not in MARKETPLACES:
        raise Invalid("marketplaceIds", "this is not a marketplace id")
    if marketplace_id not in call.caller.marketplaces:
        raise Denied("region")
    return marketplace_id


def array(request: Request, name: str) -> list[str]:
    """An array parameter: comma-joined, repeated, or both; clients do either."""
    joined = (value for given in request.query.get(name, ()) for value in given.split(","))
    return [value for value in joined if value.strip()]


def words(request: Request, name: str, known: Collection[str], default: Sequence[str] = ()) -> list[str]:
    """An array parameter whose values are a few known words, each once."""
    given = list(dict.fromkeys(value.strip() for value in array(request, name)))
    for value in given:
        if value not in known:
            raise Invalid(name, f"{name} takes {', '.join(known)}, not '{shown(value)}'")
    return given or list(default)


def word(request: Request, name: str, known: Collection[Word]) -> Word | None:
    """A parameter whose value is one of a few known words."""
    value = request.one(name)
    if value is None:
        return None
    for one in known:
        if one == value:
            return one
    raise Invalid(name, f"{name} is one of {', '.join(known)}, not '{shown(value)}'")


def whole(request: Request, name: str, default: int, most: int, *, number: bool = False) -> int:
    """A whole number from 1 on; `number`: the model says so, not `integer`, and `10.0` is as good as `10`."""
    text = (request.one(name) or str(default)).strip()
    if number:
        text = re.sub(r"(?<=[0-9])\.0+$", "", text)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise Invalid(name, f"{name} is a whole number from 1 to {most}")
    return int(text)


def boolean(request: Request, name: str) -> bool:
    """`true` in any case: some clients send `True`."""
    value = (request.one(name) or "false").strip().lower()
    if value not in ("true", "false"):
        raise Invalid(name, f"{name} must be true or false")
    return value == "true"


# ISO 8601 as clients write it: T or a blank between, any fraction, Z or an offset (whose + may have become a blank).
_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+ -]\d\d:?\d\d)?)?", re.IGNORECASE
)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 date-time, UTC if it names no zone; ValueError otherwise."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    day, clock, zone = match.groups()
    zone = (zone or "Z").upper().replace(" ", "+").replace("Z", "+00:00")
    clock = re.sub(r"(\.\d{6})\d+", r"\1", clock or "00:00:00")
    return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)


def instant(request: Request, name: str) -> datetime | None:
    """A parameter that is a date-time."""
    return moment(name, request.one(name))


def moment(name: str, text: str | None) -> datetime | None:
    """A date-time of that name, if there is one."""
    if not text:
        return None
    try:
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise Invalid(name, f"{name} is not an ISO 8601 date-time") from None


def listed_marketplaces(call: Call) -> list[str]:
    """The parameter marketplaceIds of what lists feeds or reports."""
    marketplaces = array(call.request, "marketplaceIds")
    if len(marketplaces) > MARKETPLACES_LISTED_MAX:
        raise Invalid("marketplaceIds", f"marketplaceIds takes 1 to {MARKETPLACES_LISTED_MAX} marketplaces")
    return [checked_marketplace(call, one) for one in marketplaces]


def resumed(call: Call, purpose: str, kind: type[Place], seconds: float) -> Place | None:
    """What the nextToken of a list carries, which stands alone; None where there is none."""
    token = call.request.one("nextToken")
    if not token:
        return None
    if call.strict and len(call.request.query) > 1:
        raise Invalid("nextToken", "nextToken must be the only parameter")
    return call.services.pager.open(purpose, token, kind, seconds)


def written(moment: datetime) -> str:
    """As Amazon writes it in feeds and reports: `2023-03-12T21:23:02+00:00`."""
    return moment.isoformat(timespec="seconds")


Body = TypeVar("Body")


def body(request: Request, kind: type[Body]) -> Body:
    """The body as its model; unknown members are ignored, as several clients add some."""
    try:
        decoded: Body = msgspec.json.decode(request.body, type=kind)
        if b"\\u0000" in request.body:
            _refuse_unstorable_names(msgspec.json.decode(request.body))
    except UnicodeDecodeError:
        where = f"byte {_place(request.body)}"
        raise Unparsable("body", f"The request body is not valid: it is not UTF-8 ({where})") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise Unparsable("body", f"The request body is not valid: {shown(str(problem))}") from None
    return decoded


def _place(content: bytes) -> int:
    """Where it stops being UTF-8; the decoder of JSON says where within one of its texts."""
    try:
        content.decode()
    except UnicodeDecodeError as problem:
        return problem.start
    return len(content)


def _refuse_unstorable_names(value: object) -> None:
    """PostgreSQL's text has no NUL character; in a value it is refused where the value is looked at."""
    if isinstance(value, dict):
        if any("\0" in name for name in value):
            raise ValueError("a member's name may not contain the character NUL")
        for inner in value.values():
            _refuse_unstorable_names(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable_names(inner)


def shown(text: str) -> str:
    """A caller's own text, fit to be repeated to him."""
    return text.encode("utf-8", "replace").decode()[:500]


def origin(call: Call) -> Origin:
    """Who asked, for the journal."""
    return Origin("spapi", call.caller.client_id)


def success(call: Call, answer: object, status: int = 200) -> Response:
    headers = (("x-amzn-RequestId", call.request.request_id), *call.headers)
    return Response(status, headers=headers) if status == 204 else json_response(status, answer, headers)
