"""AssumeRole, as programs that sign with Signature Version 4 ask for it before their first call of SP-API.

Source: the AWS Security Token Service API Reference, version 2011-06-15 ("AssumeRole", "Common Errors"). It is asked at
AWS's own host names, which lead here under `entrepot exec`, or at a path of ours. SP-API has ignored signatures since
October 2023, and so does its room here: the credentials open nothing. Therefore they are random, nothing of them is
kept, and neither the request's signature nor whose role it names is checked. The other parameters of AssumeRole change
nothing.
"""

from __future__ import annotations

import base64
import re
import secrets
import string
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from entrepot.api.http import FIELDS_MAX, Request, Response
from entrepot.api.operation import KIB
from entrepot.domain.errors import TooLarge
from entrepot.wire import xml

PATH: Final = "/sts"
# The global endpoint, and those of the regions where SP-API was.
HOSTS: Final = frozenset(
    {"sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.eu-west-1.amazonaws.com", "sts.us-west-2.amazonaws.com"}
)
VERSION: Final = "2011-06-15"
NAMESPACE: Final = f"https://sts.amazonaws.com/doc/{VERSION}/"
LIFE: Final = timedelta(hours=1)

_ARN: Final = re.compile(r"arn:([\w-]+):iam::([\w-]*):role/(?:[!-.0-~]+/)*([\w+=,.@-]{1,64})", re.ASCII)
_SESSION: Final = re.compile(r"[\w+=,.@-]*", re.ASCII)
_ID_LETTERS: Final = string.ascii_uppercase + "234567"
_SHOWN: Final = 100


@dataclass(frozen=True)
class Constraint:
    """What AssumeRole wants of a parameter, beside that it is there."""

    shortest: int
    longest: int
    pattern: re.Pattern[str] | None = None


REQUIRED: Final[dict[str, Constraint]] = {
    "RoleArn": Constraint(20, 2048),
    "RoleSessionName": Constraint(2, 64, _SESSION),
}


class Refused(Exception):
    """A request is refused with one of the codes of "Common Errors"."""

    def __init__(self, status: int, code: str, message: str, kind: str = "Sender") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.kind = kind


def claims(request: Request) -> bool:
    """Whether a request is for our path, or for one of the hosts of STS."""
    return request.raw_path in (PATH, f"{PATH}/") or request.host in HOSTS


class StsRoom:
    """`now`: real time in seconds since 1970."""

    name = "sts"
    body_limit: Final = 64 * KIB

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    async def answer(self, request: Request) -> tuple[str, Response]:
        try:
            given = _parameters(request)
            _check_action(given)
            return "AssumeRole", _response(200, _assumed(given, self._now(), request.request_id), request)
        except Refused as refused:
            return "refused", _refusal(refused, request)

    def failure(self, request: Request, problem: Exception) -> Response:
        if isinstance(problem, TooLarge):
            return _refusal(Refused(413, "RequestEntityTooLarge", problem.message), request)
        if isinstance(problem, TimeoutError):
            return _refusal(Refused(408, "RequestTimeout", "The request was not received in time."), request)
        return _refusal(Refused(500, "InternalFailure", "The request processing has failed.", "Receiver"), request)


def _parameters(request: Request) -> Mapping[str, str]:
    """Those of the form, or of the query; of several with one name, the first."""
    try:
        text = f"{request.body.decode().strip()}&{request.query_string}"
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except UnicodeDecodeError:
        raise Refused(400, "MalformedQueryString", "The request is not UTF-8.") from None
    except ValueError:
        message = f"A request has at most {FIELDS_MAX} parameters."
        raise Refused(400, "ValidationError", message) from None
    return dict(reversed(fields))


def _check_action(given: Mapping[str, str]) -> None:
    action, version = given.get("Action"), given.get("Version") or "NO_VERSION_SPECIFIED"
    if not action:
        raise Refused(400, "MissingAction", "The request is missing an action or a required parameter.")
    if action != "AssumeRole" or version != VERSION:
        message = f"Could not find operation {action[:_SHOWN]} for version {version[:_SHOWN]}"
        raise Refused(400, "InvalidAction", message)


def _assumed(given: Mapping[str, str], now: float, request_id: str) -> xml.Element:
    arn, session = _checked(given)
    ends = datetime.fromtimestamp(now, UTC) + LIFE
    root = xml.document("AssumeRoleResponse")
    result = xml.add(root, "AssumeRoleResult")
    credentials = xml.add(result, "Credentials")
    xml.add(credentials, "AccessKeyId", _identifier("ASIA", 16))
    xml.add(credentials, "SecretAccessKey", base64.b64encode(secrets.token_bytes(30)).decode())
    xml.add(credentials, "SessionToken", base64.b64encode(secrets.token_bytes(240)).decode())
    xml.add(credentials, "Expiration", f"{ends:%Y-%m-%dT%H:%M:%SZ}")
    user = xml.add(result, "AssumedRoleUser")
    xml.add(user, "Arn", arn)
    xml.add(user, "AssumedRoleId", f"{_identifier('AROA', 17)}:{session}")
    xml.add(xml.add(root, "ResponseMetadata"), "RequestId", request_id)
    return root


def _checked(given: Mapping[str, str]) -> tuple[str, str]:
    """The assumed role's ARN, and the session's name."""
    complaints = list(_complaints(given))
    if complaints:
        errors = "error" if len(complaints) == 1 else "errors"
        text = f"{len(complaints)} validation {errors} detected: {'; '.join(complaints)}"
        raise Refused(400, "ValidationError", text)
    role = _ARN.fullmatch(given["RoleArn"])
    if role is None:
        raise Refused(400, "ValidationError", f"{given['RoleArn'][:_SHOWN]} is invalid")
    partition, account, name = role.groups()
    session = given["RoleSessionName"]
    return f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}", session


def _complaints(given: Mapping[str, str]) -> Iterator[str]:
    for name, constraint in REQUIRED.items():
        value = given.get(name)
        wanted = _broken(value, constraint)
        if wanted is not None:
            said = "null" if value is None else f"'{value[:_SHOWN]}'"
            yield f"Value {said} at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: {wanted}"


def _broken(value: str | None, constraint: Constraint) -> str | None:
    """What a value does not satisfy, in the words of AWS."""
    if value is None:
        return "Member must not be null"
    if len(value) < constraint.shortest:
        return f"Member must have length greater than or equal to {constraint.shortest}"
    if len(value) > constraint.longest:
        return f"Member must have length less than or equal to {constraint.longest}"
    if constraint.pattern is not None and not constraint.pattern.fullmatch(value):
        return f"Member must satisfy regular expression pattern: {constraint.pattern.pattern}"
    return None


def _identifier(prefix: str, letters: int) -> str:
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(letters))


def _refusal(refused: Refused, request: Request) -> Response:
    root = xml.document("ErrorResponse")
    error = xml.add(root, "Error")
    xml.add(error, "Type", refused.kind)
    xml.add(error, "Code", refused.code)
    xml.add(error, "Message", refused.message)
    xml.add(root, "RequestId", request.request_id)
    return _response(refused.status, root, request)


def _response(status: int, root: xml.Element, request: Request) -> Response:
    root.set("xmlns", NAMESPACE)
    return Response(status, xml.written(root), "text/xml", (("x-amzn-RequestId", request.request_id),))
