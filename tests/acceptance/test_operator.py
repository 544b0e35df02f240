"""The operator API answers whatever it is asked: with what was wrong, never with a crash."""

from __future__ import annotations

import dataclasses
import json
import string
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, get_args, get_origin, get_type_hints

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.domain.quantities import NUMBERS as NAMES
from entrepot.domain.verbs import VERBS
from tests.acceptance.tools import CLIENT
from tests.running import RunningServer

WORLD = "/operator/v1/world"
CLOCK = {
    "now": (),
    "advance": ("duration",),
    "advance_to": ("to",),
    "freeze": (),
    "run": ("rate",),
    "seed": ("seed",),
    "explain": ("sku", "number", "marketplace", "at"),
    "assert": ("sku", "number", "value", "numbers"),
}


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    token = (server.data / "operator.token").read_text().strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def seller(server: RunningServer) -> str:
    """A seller with a SKU."""
    seller_id: str = server.add_seller("Careful")["seller_id"]
    server.world("create_item", seller=seller_id, sku="SKU", title="Item")
    return seller_id


GOOD_ATTRIBUTES: dict[str, Any] = {
    "item_name": [{"value": "A kettle"}],
    "condition_type": [{"value": "new_new"}],
    "purchasable_offer": [{"our_price": [{"schedule": [{"value_with_tax": 10.5}]}]}],
    "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}],
}


@pytest.fixture(scope="module")
def fuzzed(server: RunningServer) -> dict[str, str]:
    """A seller with one of each paper that a verb may name, by `<kind>`."""
    seller_id: str = server.add_seller("Fuzzed", marketplaces=["US", "CA"], seed=1)["seller_id"]
    stock = {"seller": seller_id, "sku": "SKU", "quantity": 100_000}
    for sku in ("SKU", "OTHER"):
        server.world("create_item", seller=seller_id, sku=sku, title="Item")
    server.world("add_stock", **stock, fc="PHX6")
    own = {"seller": seller_id, "sku": "OWN", "quantity": 100_000}
    server.world("put_listing", seller=seller_id, sku="OWN", product_type="PRODUCT", attributes=GOOD_ATTRIBUTES)
    server.world("set_quantity", **own)
    address = {"name": "Shop", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}
    source = server.world("create_source", seller=seller_id, code="SHOP", alias="Shop", address=address)["source"]
    server.world("source_status", seller=seller_id, source=source, status="Active")
    server.world("set_quantity", **own, source=source)
    bought = server.world("place_order", **{**own, "quantity": 10_000})
    server.world("verify_payment", seller=seller_id, order=bought["order"])
    half = {**stock, "quantity": 10_000}
    order = server.world("place_order", **half)
    found = {
        "order": order["order"],
        "order_item": order["order_items"][0]["order_item"],
        "shipment": server.world("plan", **half)["shipment"],
        "transfer": server.world("transfer", **half, origin="PHX6", destination="PHX7")["transfer"],
        "removal": server.world("request_removal", **half)["removal"],
        "source": source,
        "own_order": bought["order"],
        "own_order_item": bought["order_items"][0]["order_item"],
        "seller": seller_id,
    }
    return {f"<{kind}>": name for kind, name in found.items()}


def errors_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """The errors of a refusal: each has a code and a message."""
    errors: list[dict[str, Any]] = answer.json()["errors"]
    assert errors
    assert all(error["code"] and error["message"] for error in errors)
    return errors


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer x{}", "Bearer \u00e9"],
)
@pytest.mark.parametrize("path", ["/operator/v1/sellers", "/operator/v1/nowhere", f"{WORLD}/freeze"])
def test_nobody_is_let_in_without_the_operator_token(
    server: RunningServer, authorization: str | None, path: str
) -> None:
    token = (server.data / "operator.token").read_text().strip()
    headers = {} if authorization is None else {b"authorization": authorization.format(token).encode()}

    answer = CLIENT.post(f"{server.url}{path}", headers=headers)

    assert answer.status_code == 401
    assert errors_of(answer)[0]["code"] == "Denied"


def test_only_its_owner_may_read_what_is_private_in_the_data_directory(server: RunningServer) -> None:
    modes = {
        name: (server.data / name).stat().st_mode & 0o777 for name in ("operator.token", "secret.key", "server.json")
    }

    assert modes == {"operator.token": 0o600, "secret.key": 0o600, "server.json": 0o600}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"5",
        b'"text"',
        b"\xff\xfe",
        b'{"seller": "\xed\xa0\x80"}',
        b'{"seller": "\\ud800"}',
        b'{"seller": "a\\u0000b"}',
        b'{"a\\u0000b": 1}',
        b'{"seller": NaN}',
        b'{"seller": 1e999}',
        b'{"seller": ' + b"9" * 10_000 + b"}",
        b'{"seller": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"seller": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"seller": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b"{} {}",
        b"<xml/>",
        b"a=1&b=2",
    ],
    ids=lambda body: repr(body[:30]),
)
@pytest.mark.parametrize("path", ["/operator/v1/sellers", f"{WORLD}/advance", f"{WORLD}/add_stock"])
def test_a_body_that_is_no_useful_json_is_refused(client: httpx.Client, path: str, body: bytes) -> None:
    answer = client.post(path, content=body)

    assert answer.status_code == 400
    assert errors_of(answer)[0]["code"] == "Invalid"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/operator/v1/nowhere"),
        ("GET", "/operator/v1/sellers/"),
        ("PUT", "/operator/v1/sellers"),
        ("POST", "/operator/v1/world"),
        ("POST", f"{WORLD}/fly"),
        ("POST", f"{WORLD}/reach_expiry"),
        ("GET", "/operator/v1/sellers/NOBODY"),
        ("GET", "/operator/v1/sellers/%00/credentials"),
    ],
)
def test_what_does_not_exist_is_not_found(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, path)

    assert answer.status_code == 404
    assert errors_of(answer)[0]["code"] == "NotFound"


GOOD_SELLER = {"email": "good@example.test", "password": "long enough", "name": "Good"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": ""},
        {"email": "nobody"},
        {"email": "a b@example.test"},
        {"email": 5},
        {"password": ""},
        {"password": None},
        {"name": ""},
        {"name": "x" * 201},
        {"name": True},
        {"marketplaces": ["US", "DE"]},
        {"marketplaces": ["Atlantis"]},
        {"marketplaces": "US"},
        {"fidelity": "sloppy"},
        {"seller_id": "short"},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": True},
        {"seed": 1.5},
        {"clock": "yesterday"},
        {"clock": "0001-01-01T00:00:00+14:00"},
        {"clock": "9999-12-31T23:59:59-12:00"},
        {"application": 7},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_seller_with_a_wrong_particular_is_not_added(client: httpx.Client, wrong: dict[str, Any]) -> None:
    answer = client.post("/operator/v1/sellers", json={**GOOD_SELLER, **wrong})

    assert answer.status_code == 400
    assert errors_of(answer)[0]["code"] == "Invalid"


@pytest.mark.parametrize(
    "wrong",
    [None, True, False, 0, -1, 1.5, "1.5", "", "many", [], [1], {}, 10**9, 10**30, -(10**30), "9" * 5000, 1e300],
)
def test_a_quantity_that_is_no_whole_number_of_units_is_refused(
    client: httpx.Client, seller: str, wrong: object
) -> None:
    answer = client.post(f"{WORLD}/add_stock", json={"seller": seller, "sku": "SKU", "quantity": wrong})

    assert answer.status_code == 400
    assert errors_of(answer)[0]["code"] == "Invalid"


@pytest.mark.parametrize(
    ("verb", "wrong"),
    [
        ("advance", {}),
        ("advance", {"duration": None}),
        ("advance", {"duration": True}),
        ("advance", {"duration": -1}),
        ("advance", {"duration": -1e300}),
        ("advance", {"duration": -(10**400)}),
        ("advance", {"duration": 10**400}),
        ("advance", {"duration": 1e300}),
        ("advance", {"duration": "a while"}),
        ("advance", {"duration": [1]}),
        ("advance", {"duration": "1d", "hours": 2}),
        ("advance_to", {"to": "tomorrow"}),
        ("advance_to", {"to": 5}),
        ("advance_to", {"to": "1999-01-01"}),
        ("advance_to", {"to": "9999-12-31T23:59:59-12:00"}),
        ("advance_to", {"to": "0001-01-01T00:00:00+12:00"}),
        ("run", {"rate": -1}),
        ("run", {"rate": "nan"}),
        ("run", {"rate": "inf"}),
        ("run", {"rate": True}),
        ("run", {"rate": 10**400}),
        ("seed", {"seed": -1}),
        ("seed", {"seed": 2**63}),
        ("seed", {"seed": True}),
        ("seed", {"seed": 1.5}),
        ("seed", {"seed": "9" * 5000}),
        ("freeze", {"now": 1}),
        ("now", {"at": 1}),
        ("explain", {"sku": "SKU"}),
        ("explain", {"sku": "SKU", "number": "happiness"}),
        ("explain", {"sku": "SKU", "number": ["fulfillable"]}),
        ("explain", {"sku": ["SKU"], "number": "fulfillable"}),
        ("explain", {"sku": "SKU", "number": "fulfillable", "marketplace": ["US"]}),
        ("explain", {"sku": "SKU", "number": "fulfillable", "marketplace": "A1F83G8C2ARO7P"}),
        ("explain", {"sku": "SKU", "number": "fulfillable", "at": "never"}),
        ("explain", {"sku": "SKU", "number": "fulfillable", "at": "2190-01-01T00:00:00Z"}),
        ("assert", {"sku": "SKU"}),
        ("assert", {"sku": "SKU", "number": ["a"], "value": 1}),
        ("assert", {"sku": "SKU", "number": "fulfillable", "value": True}),
        ("assert", {"sku": "SKU", "number": "fulfillable", "value": 1.5}),
        ("assert", {"sku": "SKU", "numbers": []}),
        ("assert", {"sku": "SKU", "numbers": {}}),
        ("assert", {"sku": "SKU", "numbers": {"fulfillable": None}}),
        ("add_stock", {"sku": "SKU", "quantity": 1, "idempotency_key": ""}),
        ("add_stock", {"sku": "SKU", "quantity": 1, "idempotency_key": 0}),
        ("add_stock", {"sku": "SKU", "quantity": 1, "idempotency_key": "x" * 201}),
        ("add_stock", {"sku": "SKU", "quantity": 1, "colour": "red"}),
        ("add_stock", {"sku": "SKU", "quantity": 1, "seller": 5}),
        ("place_order", {"sku": "SKU", "lines": [{"sku": "SKU", "quantity": 1}]}),
        ("place_order", {"quantity": 1, "lines": [{"sku": "SKU", "quantity": 1}]}),
    ],
    ids=str,
)
def test_a_wrong_argument_is_refused(client: httpx.Client, seller: str, verb: str, wrong: dict[str, Any]) -> None:
    answer = client.post(f"{WORLD}/{verb}", json={"seller": seller, **wrong})

    assert answer.status_code == 400
    assert errors_of(answer)[0]["code"] == "Invalid"


def test_an_assertion_that_does_not_hold_says_what_is_there_instead(
    client: httpx.Client, server: RunningServer
) -> None:
    seller_id = server.add_seller("Asserted")["seller_id"]
    server.world("create_item", seller=seller_id, sku="A", title="A")
    server.world("add_stock", seller=seller_id, sku="A", quantity=4)
    ask = {"seller": seller_id, "sku": "A"}

    holds = client.post(f"{WORLD}/assert", json={**ask, "numbers": {"fulfillable": 4, "totalQuantity": "4"}})
    fails = client.post(f"{WORLD}/assert", json={**ask, "number": "fulfillable", "value": 5})

    assert holds.status_code == 200
    assert fails.status_code == 409
    assert errors_of(fails)[0]["message"] == "SKU 'A': fulfillable is 4, not 5"


def test_a_clock_verb_with_an_idempotency_key_is_done_once(client: httpx.Client, server: RunningServer) -> None:
    seller_id = server.add_seller("Keyed", clock="2026-01-01T00:00:00Z")["seller_id"]
    ask = {"seller": seller_id, "duration": "1d", "idempotency_key": "a day"}

    first, second = (client.post(f"{WORLD}/advance", json=ask) for _ in range(2))
    reused = client.post(f"{WORLD}/add_stock", json={**ask, "sku": "A", "quantity": 1})

    assert first.json()["now"] == "2026-01-02T00:00:00Z"
    assert second.json() == {"replayed": True}
    assert server.world("now", seller=seller_id)["now"] == "2026-01-02T00:00:00Z"
    assert reused.status_code == 400  # the argument `duration`, before the key


# Any verb with anything

TEXTS = st.one_of(
    st.sampled_from(
        ["SKU", "sku ", "", "X" * 41, "0", "-1", "1.0", "null", "true", "[]", "{}", "PHX6", "YYZ1", "\u202e"]
    ),
    st.text(string.printable, max_size=50),
    st.text(max_size=50),
)
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.sampled_from([10**9 - 1, 10**9, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40]),
    st.floats(allow_nan=False, allow_infinity=False),
)
# In the calendar where they were written, but not in UTC.
BEYOND = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"]
INSTANTS = st.one_of(
    st.datetimes().map(lambda instant: instant.isoformat() + "Z"),
    st.sampled_from(
        [
            *BEYOND,
            "0001-01-01T00:00:00",
            "9999-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01",
            "1970-01-01T00:00:00+00:00",
        ]
    ),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, INSTANTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


# Attributes of listings: near to what is right, and with something odd in any place.


def nearly(wanted: Any) -> st.SearchStrategy[Any]:
    """The value, or one in which a part or another is something else."""
    if isinstance(wanted, dict):
        inner: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {name: nearly(value) for name, value in wanted.items()},
            optional={"odd": ANYTHING, "marketplace_id": st.sampled_from(["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "", 5])},
        )
    elif isinstance(wanted, list):
        inner = st.tuples(*map(nearly, wanted)).map(list) | st.lists(nearly(wanted[0]), max_size=2)
    else:
        inner = st.just(wanted)
    return st.integers(0, 19).flatmap(lambda chance: ANYTHING if chance == 0 else inner)


ATTRIBUTES: dict[str, Any] = {
    **GOOD_ATTRIBUTES,
    "brand": [{"value": "Brand", "language_tag": "en_US"}],
    "condition_note": [{"value": "as new"}],
    "externally_assigned_product_identifier": [{"type": "ean", "value": "4006381333931"}],
    "merchant_suggested_asin": [{"value": "B000000001"}],
    "list_price": [{"currency": "USD", "value": 11}],
}
AVAILABILITIES: dict[str, st.SearchStrategy[Any]] = {
    "fulfillment_channel_code": st.sampled_from(["DEFAULT", "<source>", "SHOP", "AMAZON_NA", "AMAZON_EU"]) | TEXTS,
    "quantity": st.integers(0, 3) | NUMBERS,
    "lead_time_to_ship_max_days": st.integers(0, 31) | ANYTHING,
    "is_inventory_available": st.booleans(),
}
OFFERS: dict[str, st.SearchStrategy[Any]] = {
    price: st.fixed_dictionaries(
        {"schedule": st.lists(st.fixed_dictionaries({"value_with_tax": st.integers(1, 99) | NUMBERS}), max_size=2)}
    ).map(lambda schedule: [schedule])
    for price in ("our_price", "minimum_seller_allowed_price", "maximum_seller_allowed_price")
}
INSTANCES = st.one_of(
    st.lists(st.fixed_dictionaries({}, optional=AVAILABILITIES), max_size=3),
    st.lists(st.fixed_dictionaries({}, optional=OFFERS), max_size=2),
    st.sampled_from(sorted(ATTRIBUTES)).flatmap(lambda name: nearly(ATTRIBUTES[name])),
)
SOURCE_SHAPES: dict[str, Any] = {
    "addressLine1": "1 Main St",
    "stateOrRegion": "WA",
    "countryCode": "US",
    "name": "Shop",
}
OBJECTS = st.one_of(
    nearly(ATTRIBUTES),
    nearly(SOURCE_SHAPES),
    nearly({"operationalConfiguration": {"throughputConfig": {"throughputCap": {"value": 1, "timeUnit": "Days"}}}}),
    nearly({"outbound": {"isSupported": True, "operationalConfiguration": {"contactDetails": {}}}}),
    st.dictionaries(TEXTS, ANYTHING, max_size=3),
)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Values that a field of that type accepts, its extremes among them."""
    if get_origin(hint) in (typing.Union, types.UnionType):
        return st.one_of(*(of_type(option) for option in get_args(hint) if option is not type(None)))
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(of_type(get_args(hint)[0]), max_size=3)
    if dataclasses.is_dataclass(hint):
        return fields_of(typing.cast(type, hint))
    known: dict[Any, st.SearchStrategy[Any]] = {
        dict[str, Any]: OBJECTS,
        list[Any]: st.one_of(INSTANCES, st.lists(ANYTHING, max_size=3)),
        str: TEXTS,
        int: NUMBERS,
        bool: st.booleans(),
        datetime: INSTANTS,
    }
    return known[hint]


# What lets a command come far; `<order>` and the like stand for papers of the seller.
SENSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "sku": st.sampled_from(["SKU", "OWN"]),
    "a": st.just("SKU"),
    "b": st.just("OTHER"),
    "quantity": st.integers(1, 3),
    "fc": st.sampled_from(["PHX6", "YYZ1"]),
    "origin": st.sampled_from(["PHX6", "DEFAULT"]),
    "destination": st.sampled_from(["PHX7", "<source>"]),
    "source": st.sampled_from(["<source>", "DEFAULT", "SHOP"]),
    "product_type": st.just("PRODUCT"),
    "marketplaces": st.just(["ATVPDKIKX0DER"]),
    "code": st.sampled_from(["SHOP", "OTHER"]),
    "alias": st.just("Shop"),
    "amount": st.sampled_from(["1.00", "0.01", "5"]),
    "price": st.sampled_from(["10.00", "0.01"]),
    "as_of_seq": st.integers(0, 5),
    "op": st.sampled_from(["add", "replace", "merge", "delete"]),
    "path": st.sampled_from(sorted(ATTRIBUTES)).map(lambda name: f"/attributes/{name}"),
    "marketplace": st.sampled_from(["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"]),
    **{paper: st.just(f"<{paper}>") for paper in ("shipment", "transfer", "removal")},
    **{paper: st.sampled_from([f"<{paper}>", f"<own_{paper}>"]) for paper in ("order", "order_item")},
}


def fields_of(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """The fields of a command: what it needs, some that it does not, and up to two with an odd value."""
    hints = get_type_hints(kind)
    usual = {name: SENSIBLE.get(name, of_type(hints[name])) for name in hints}
    fields = [field for field in dataclasses.fields(kind) if field.name not in ("order", "order_item")]
    needed = {field.name: usual[field.name] for field in fields if field.default is dataclasses.MISSING}
    spare = {name: value for name, value in usual.items() if name not in needed}
    odd = {name: st.one_of(of_type(hint), ANYTHING) for name, hint in hints.items()}
    return st.tuples(
        st.fixed_dictionaries(needed, optional=spare),
        st.lists(st.sampled_from(sorted(odd)), max_size=2, unique=True).flatmap(
            lambda names: st.fixed_dictionaries({name: odd[name] for name in names})
        ),
    ).map(lambda parts: {**parts[0], **parts[1]})


CLOCK_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **SENSIBLE,
    "duration": st.sampled_from(["1d", 5, "0"]),
    "rate": st.integers(0, 2),
    "number": st.sampled_from(sorted(NAMES)),
    "value": st.integers(0, 3),
    "to": INSTANTS,
}


def asked() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """A verb, and arguments."""
    of_table = st.sampled_from([name for name, verb in VERBS.items() if not verb.timer]).flatmap(
        lambda name: st.tuples(st.just(name), fields_of(VERBS[name].command))
    )
    of_clock = st.sampled_from(sorted(CLOCK)).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.fixed_dictionaries(
                {part: st.one_of(CLOCK_VALUES[part], ANYTHING) for part in CLOCK[name] if part in CLOCK_VALUES},
                optional={part: st.one_of(INSTANTS, ANYTHING) for part in CLOCK[name] if part not in CLOCK_VALUES},
            ),
        )
    )
    return st.one_of(of_table, of_table, of_clock)


def with_papers(value: Any, papers: dict[str, str]) -> Any:
    """The value with the seller's own papers where they are meant."""
    if isinstance(value, dict):
        return {name: with_papers(inner, papers) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_papers(inner, papers) for inner in value]
    return papers.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("instant", BEYOND)
def test_an_instant_beyond_the_calendar_is_refused(client: httpx.Client, server: RunningServer, instant: str) -> None:
    seller_id = server.add_seller(f"Beyond{BEYOND.index(instant)}")["seller_id"]
    stock = {"seller": seller_id, "sku": "SKU", "quantity": 5}
    server.world("create_item", seller=seller_id, sku="SKU", title="Item")
    server.world("add_stock", **stock)

    expires = client.post(f"{WORLD}/add_stock", json={**stock, "expires": instant})
    arrives = client.post(f"{WORLD}/transfer", json={**stock, "origin": "PHX6", "destination": "PHX7", "eta": instant})
    ordered = client.post(f"{WORLD}/place_order", json=stock)

    assert (expires.status_code, arrives.status_code, ordered.status_code) == (400, 400, 200)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=asked(), key=st.none() | ANYTHING)
def test_no_verb_and_no_arguments_make_the_server_crash(
    client: httpx.Client, fuzzed: dict[str, str], asked: tuple[str, dict[str, Any]], key: object
) -> None:
    verb, arguments = asked
    body = {**with_papers(arguments, fuzzed), "seller": fuzzed["<seller>"]}
    if key is not None:
        body["idempotency_key"] = key

    answer = client.post(f"{WORLD}/{verb}", content=json.dumps(body).encode())

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        errors_of(answer)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        ["/sellers", "/applications", "/authorizations", "/authorizations/revoke", "/authorization-codes"]
    ),
    body=st.dictionaries(
        st.sampled_from(
            ["email", "password", "name", "seller", "application", "redirect_uri", "roles", "redirect_uris"]
        ),
        st.one_of(TEXTS, ANYTHING, st.lists(TEXTS, max_size=2)),
    ),
)
def test_no_request_about_sellers_and_applications_makes_the_server_crash(
    client: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    answer = client.post(f"/operator/v1{path}", content=json.dumps(body).encode())

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        errors_of(answer)
