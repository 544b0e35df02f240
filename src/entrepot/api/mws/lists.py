"""What Feeds and Reports have in common: their lists, which come page by page, their dates, and their files.

Sources: MWS reference §6 and §7, live answers (dates with +00:00, a file's Content-MD5), and the sections' own pages:
ten of a list unless MaxCount says otherwise; where ids are named, no other condition counts. Decided here, once:

| case | answer |
|---|---|
| MaxCount that is not a whole number from 1 to 100 | 400 InvalidParameterValue |
| more than 100 ids; a status or a date that is none | 400 InvalidParameterValue |
| ids | all of them, up to 100 at once, whatever MaxCount says |
| ids that are not the seller's, and types that are not here | they are left out |
| a required parameter that is missing | 400 ValidationError, as recorded of NextToken |
| a NextToken older than a day, damaged, or of another seller | 400 NextTokenCorrupted |
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from entrepot.api.http import Response
from entrepot.api.mws.messages import Refused, ids
from entrepot.api.mws.operation import Call, envelope, result_of
from entrepot.api.mws.parameters import bad
from entrepot.domain.errors import NotFound
from entrepot.services.submissions import IN_QUEUE
from entrepot.wire import xml

T = TypeVar("T")
# Writes one member of a list into the result.
Add = Callable[[xml.Element, T], object]

PAGE_SIZE: Final = 10
PAGE_SIZE_MAX: Final = 100
IDS_MAX: Final = 100
# Of what was cancelled, so many are told.
TOLD_MAX: Final = 100
TOKEN_SECONDS: Final = 24 * 3600.0
# No submission has such a name, type or status: what asks for it gets nothing.
NONE: Final = "-"


def required(call: Call, name: str) -> str:
    """A parameter that must be there. Raises Refused."""
    value = call.parameters.text(name)
    if value is None:
        raise missing(name)
    return value


def missing(name: str) -> Refused:
    text = f"1 validation error detected: Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint:"
    return Refused("ValidationError", f"{text} Member must not be null")


def named_ids(call: Call, name: str) -> list[str]:
    """The ids of a list, each once. Raises Refused."""
    found = list(dict.fromkeys(call.parameters.listed(name, "Id")))
    if len(found) > IDS_MAX:
        raise bad(name, str(len(found)), f"at most {IDS_MAX} ids")
    return found


def page_size(call: Call, named: Sequence[str]) -> int:
    size = call.parameters.number("MaxCount", 1, PAGE_SIZE_MAX, PAGE_SIZE)
    return IDS_MAX if named else size


def statuses(call: Call, name: str, known: Mapping[str, Sequence[str]]) -> list[str]:
    """What the statuses of a list mean; none: all. Raises Refused."""
    given = call.parameters.listed(name, "Status")
    for one in given:
        if one not in known:
            raise bad(name, one, f"of {', '.join(known)}")
    return [ours for one in dict.fromkeys(given) for ours in known[one]] or ([NONE] if given else [])


def waiting(those: Sequence[str]) -> list[str]:
    """What of these statuses (no statuses mean all) can still be cancelled."""
    return [IN_QUEUE if not those or IN_QUEUE in those else NONE]


def marketplaces(call: Call) -> list[str]:
    """Those that are named, which must be the seller's, else that of the endpoint. Raises Refused."""
    found = list(dict.fromkeys(call.parameters.listed("MarketplaceIdList", "Id")))
    for one in found:
        if one not in call.marketplaces:
            raise bad("MarketplaceIdList", one, "not one of the seller's")
    return found or [call.marketplace.id]


# Pages


def _purpose(call: Call) -> str:
    return f"{call.action.removesuffix('ByNextToken')} {call.seller_id}"


def opened(call: Call, kind: type[T]) -> T:
    """What the parameter NextToken holds. Raises Refused and StaleToken."""
    return call.services.pager.open(_purpose(call), required(call, "NextToken"), kind, TOKEN_SECONDS)


def paged(call: Call, members: Iterable[T], add: Add[T], place: object | None = None) -> Response:
    """A page of a list. place: where the next page begins, if there is one."""
    result = result_of(call)
    if place is not None:
        xml.add(result, "NextToken", call.services.pager.seal(_purpose(call), place))
    xml.add(result, "HasNext", spelled(place is not None))
    for one in members:
        add(result, one)
    return envelope(call, result)


def counted(call: Call, number: int) -> Response:
    """So many there are."""
    result = result_of(call)
    xml.add(result, "Count", str(number))
    return envelope(call, result)


def told(call: Call, number: int, members: Iterable[T], add: Add[T]) -> Response:
    """What became of those that were meant: how many they are, and some of them, or all."""
    result = result_of(call)
    xml.add(result, "Count", str(number))
    for one in members:
        add(result, one)
    return envelope(call, result)


# Values


def spelled(flag: bool) -> str:
    return "true" if flag else "false"


def written(moment: datetime) -> str:
    """As recorded: `2020-06-25T12:32:14+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


async def file(call: Call, content_type: str, contents: Callable[[], AsyncIterator[bytes]], gone: str) -> Response:
    """A file as it is, with its Content-MD5. It is read twice, as that must be known before the first byte is sent.
    gone: how it is said that its bytes are not there any more."""
    digest, length = hashlib.md5(usedforsecurity=False), 0
    try:
        async for chunk in contents():
            digest.update(chunk)
            length += len(chunk)
    except NotFound:
        raise Refused(gone) from None
    said = ("Content-MD5", base64.b64encode(digest.digest()).decode("ascii"))
    headers = (said, *ids(call.section, call.request.request_id, call.at))
    return Response(200, b"", content_type.replace("; ", ";"), headers, contents(), length)
