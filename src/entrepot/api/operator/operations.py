"""The operator's operations."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from entrepot.api.http import Response
from entrepot.api.operation import Operation
from entrepot.api.operator.room import Call, success
from entrepot.domain.accounts import ACCOUNTS
from entrepot.domain.errors import Invalid, NotAllowed, NotFound
from entrepot.domain.events import EVENTS
from entrepot.domain.ledger import Entry, Origin
from entrepot.domain.verbs import VERBS
from entrepot.services.ledger import Outcome
from entrepot.services.roles import ROLES
from entrepot.services.world import LATEST, Time, new_world

T = TypeVar("T")

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Sellers, applications, authorisations


class NewSeller(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    password: str
    name: str
    marketplaces: tuple[str, ...] = ("US",)
    fidelity: str | None = None
    seller_id: str | None = None
    application: str | None = None
    seed: int | None = None
    clock: datetime | None = None


class NewApplication(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    roles: tuple[str, ...] = ROLES
    redirect_uris: tuple[str, ...] = ()


class SellerAndApplication(msgspec.Struct, forbid_unknown_fields=True):
    seller: str
    application: str


class NewCode(msgspec.Struct, forbid_unknown_fields=True):
    seller: str
    application: str
    redirect_uri: str


def _decode(call: Call, kind: type[T]) -> T:
    try:
        return msgspec.convert(call.body(), kind)
    except msgspec.ValidationError as problem:
        raise Invalid("body", str(problem)) from None


async def add_seller(call: Call) -> Response:
    body = _decode(call, NewSeller)
    seed = secrets.randbits(62) if body.seed is None else body.seed
    if not 0 <= seed < 2**63:
        raise Invalid("seed", "a seed is a whole number from 0 to 2^63 - 1")
    start = _start(body.clock) if body.clock else None

    async def begin(connection: Any, seller_id: str) -> None:
        await new_world(connection, seller_id, seed, start)
        await call.services.reports.begin(connection, seller_id)

    credentials = await call.services.access.add_seller(
        body.email,
        body.password,
        body.name,
        body.marketplaces,
        fidelity=body.fidelity,  # type: ignore[arg-type]  # checked there
        seller_id=body.seller_id,
        client_id=body.application,
        also=begin,
    )
    return success(credentials, 201)


def _start(clock: datetime) -> datetime:
    if not EARLIEST.year <= clock.year < LATEST.year:
        raise Invalid("clock", f"a clock starts between {EARLIEST.year} and {LATEST.year}")
    return _utc(clock)


async def list_sellers(call: Call) -> Response:
    return success({"sellers": await call.services.access.list_sellers()})


async def get_seller(call: Call) -> Response:
    return success(await call.services.access.seller(call.parameters["seller"]))


async def get_credentials(call: Call) -> Response:
    return success(await call.services.access.credentials(call.parameters["seller"]))


async def add_application(call: Call) -> Response:
    body = _decode(call, NewApplication)
    return success(await call.services.access.add_application(body.name, body.roles, body.redirect_uris), 201)


async def authorize(call: Call) -> Response:
    body = _decode(call, SellerAndApplication)
    token = await call.services.access.authorize(body.seller, body.application)
    return success({"refresh_token": token}, 201)


async def revoke(call: Call) -> Response:
    body = _decode(call, SellerAndApplication)
    await call.services.access.revoke(body.seller, body.application)
    return success({})


async def authorization_code(call: Call) -> Response:
    body = _decode(call, NewCode)
    code = await call.services.access.authorization_code(body.seller, body.application, body.redirect_uri)
    return success({"code": code}, 201)


# The world

# Short names of arguments, as the specification and people write them.
_ALIASES: Final[dict[str, dict[str, str]]] = {
    "": {"n": "quantity", "seller_id": "seller", "marketplace_id": "marketplace", "product_name": "title"},
    "transfer": {"from": "origin", "to": "destination"},
    "change_disposition": {"from": "before", "to": "after", "a": "before", "b": "after"},
    "advance": {"by": "duration", "span": "duration"},
    "advance_to": {"t": "to", "time": "to", "instant": "to"},
}


async def world(call: Call) -> Response:
    """A verb of the table, or of the clock. Answers the entries it posted beside what the verb itself answers."""
    verb = call.parameters["verb"].replace("-", "_")
    arguments = _with_full_names(verb, call.body())
    seller = arguments.pop("seller", None)
    if seller is not None and not isinstance(seller, str):
        raise Invalid("seller", "a seller id is a text")
    key = _key(call, arguments)
    if verb in _OTHER_VERBS:
        return success(await _other_verb(call, verb, seller, arguments, key))
    if verb not in VERBS or VERBS[verb].timer:
        raise NotFound("verb", verb)
    if seller is None:
        raise Invalid("seller", "a seller is required")
    outcome = await call.services.world.perform(seller, verb, arguments, _origin(call), key)
    return success(outcome_view(outcome))


def _key(call: Call, arguments: dict[str, Any]) -> str | None:
    """The idempotency key, from body or header, kept apart from those of other doors."""
    key = arguments.pop("idempotency_key", call.request.headers.get("idempotency-key"))
    if key is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= 200:
        raise Invalid("idempotency_key", "an idempotency key is a text of 1 to 200 characters")
    return f"operator {key}"


async def _other_verb(
    call: Call, verb: str, seller: str | None, arguments: dict[str, Any], key: str | None
) -> dict[str, Any]:
    """A verb that posts nothing itself; with a key, it is done once."""
    if key is None:
        return await _OTHER_VERBS[verb](call, seller, arguments)
    if seller is None:
        raise Invalid("seller", "an idempotency key needs a seller")
    if await call.services.marks.known(seller, key):
        return {"replayed": True}
    answer = await _OTHER_VERBS[verb](call, seller, arguments)
    await call.services.marks.keep(seller, key, _origin(call))
    return answer


# Doors that speak through this one and say so in the journal.
_CHANNELS: Final = ("operator", "cli", "scenario")


def _origin(call: Call) -> Origin:
    channel = call.request.headers.get("x-entrepot-channel", "operator")
    return Origin(channel if channel in _CHANNELS else "operator", "operator")


def _with_full_names(verb: str, given: dict[str, Any]) -> dict[str, Any]:
    names = {**_ALIASES[""], **_ALIASES.get(verb, {})}
    return {names.get(name, name): value for name, value in given.items()}


def outcome_view(outcome: Outcome) -> dict[str, Any]:
    entries = [entry_view(entry) for entry in outcome.entries]
    return {**outcome.answer, "entries": entries, "replayed": outcome.replayed}


def entry_view(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "event": entry.event,
        "title": EVENTS[entry.event].title,
        "effective_at": entry.effective_at,
        "reference": {"kind": entry.reference_kind, "id": entry.reference},
        "reason": entry.reason,
        "lines": [
            {
                "item": line.key.item,
                "account": line.key.account,
                "meaning": ACCOUNTS[line.key.account].meaning,
                "place": line.key.place,
                "disposition": line.key.disposition,
                "detail": line.key.detail,
                "ref": line.key.ref,
                "at": line.key.at,
                "delta": line.delta,
            }
            for line in entry.lines
        ],
    }


def _clock_view(time: Time) -> dict[str, Any]:
    return {"now": time.now, "rate": time.rate}


def _argument(arguments: dict[str, Any], name: str, check: Callable[[Any], T]) -> T:
    if name not in arguments:
        raise Invalid(name, f"'{name}' is required")
    try:
        return check(arguments[name])
    except (TypeError, ValueError, OverflowError):
        raise Invalid(name, f"'{name}' is not valid: {str(arguments[name])[:100]}") from None


def _only(arguments: dict[str, Any], *names: str) -> None:
    for name in arguments:
        if name not in names:
            raise Invalid(name, f"there is no argument '{name}' here; it takes {', '.join(names) or 'none'}")


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


async def _now(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments)
    if seller is None:
        raise Invalid("seller", "a seller is required")
    return _clock_view(await call.services.world.now(seller))


async def _advance(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments, "duration")
    span = _argument(arguments, "duration", _span)
    return _clock_view(await call.services.world.advance(seller, span))


async def _advance_to(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments, "to")
    instant = _argument(arguments, "to", _instant)
    return _clock_view(await call.services.world.advance_to(seller, instant))


async def _freeze(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments)
    return _clock_view(await call.services.world.run(seller, 0.0))


async def _run(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments, "rate")
    return _clock_view(await call.services.world.run(seller, _argument(arguments, "rate", _number)))


async def _seed(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments, "seed")
    if seller is None:
        raise Invalid("seller", "a seller is required")
    seed = _argument(arguments, "seed", _whole)
    await call.services.world.seed(seller, seed)
    return {"seed": seed}


async def _explain(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    _only(arguments, "sku", "number", "marketplace", "at", "source")
    if seller is None:
        raise Invalid("seller", "a seller is required")
    explanation = await call.services.world.explain(
        seller,
        _argument(arguments, "sku", _text),
        _argument(arguments, "number", _text),
        _argument(arguments, "marketplace", _text) if arguments.get("marketplace") is not None else None,
        _argument(arguments, "at", _instant) if arguments.get("at") is not None else None,
        _argument(arguments, "source", _text) if arguments.get("source") is not None else None,
    )
    view: dict[str, Any] = msgspec.to_builtins(explanation)
    return view


# What an argument may be: of the JSON type that it names, or a text that says it (the command line knows only texts).


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, str) and len(value) <= 20 and value.isascii():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _span(value: Any) -> str | float:
    """A text that the service reads, or seconds."""
    if isinstance(value, str):
        return value
    seconds = _number(value)
    if seconds < 0:
        raise ValueError
    return seconds


def _instant(value: Any) -> datetime:
    return _utc(datetime.fromisoformat(_text(value)))


async def _assert(call: Call, seller: str | None, arguments: dict[str, Any]) -> dict[str, Any]:
    """Numbers of a SKU must be as said: {sku, number, value}, or {sku, numbers: {name: value, …}}."""
    if "numbers" in arguments:
        numbers = arguments.pop("numbers")
    else:
        numbers = {_argument(arguments, "number", _text): _argument(arguments, "value", _whole)}
        del arguments["number"], arguments["value"]
    if not isinstance(numbers, dict) or not numbers:
        raise Invalid("numbers", "'numbers' is an object of names and values")
    wrong = []
    for name in numbers:
        wanted = _argument(numbers, name, _whole)
        found = await _explain(call, seller, {**arguments, "number": name})
        if found["value"] != wanted:
            wrong.append(f"{name} is {found['value']}, not {wanted}")
    if wrong:
        raise NotAllowed(f"SKU '{arguments.get('sku')}': {'; '.join(wrong)}")
    return {"asserted": numbers}


_OTHER_VERBS: Final = {
    "now": _now,
    "advance": _advance,
    "advance_to": _advance_to,
    "freeze": _freeze,
    "run": _run,
    "seed": _seed,
    "explain": _explain,
    "assert": _assert,
}

OPERATIONS: Final = (
    Operation("addSeller", "POST", "/operator/v1/sellers", add_seller),
    Operation("listSellers", "GET", "/operator/v1/sellers", list_sellers),
    Operation("getSeller", "GET", "/operator/v1/sellers/{seller}", get_seller),
    Operation("getCredentials", "GET", "/operator/v1/sellers/{seller}/credentials", get_credentials),
    Operation("addApplication", "POST", "/operator/v1/applications", add_application),
    Operation("authorize", "POST", "/operator/v1/authorizations", authorize),
    Operation("revoke", "POST", "/operator/v1/authorizations/revoke", revoke),
    Operation("authorizationCode", "POST", "/operator/v1/authorization-codes", authorization_code),
    Operation("world", "POST", "/operator/v1/world/{verb}", world),
)
