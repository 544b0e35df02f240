"""`entrepot seller` and `entrepot application`: credentials that work, said so that programs can read them."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.cli.conftest import Entrepot
from tests.cli.terminal import on_terminal
from tests.running import RunningServer, command

PARTICULARS = ("--password", "long enough", "--name", "Ada's Books")


def grant(server: RunningServer, **form: str) -> httpx.Response:
    return httpx.post(f"{server.url}/auth/o2/token", data=form, trust_env=False, verify=False)


def test_an_added_seller_has_credentials_of_all_three_generations(server: RunningServer) -> None:
    done = command(
        server, "seller", "add", "--email", "Ada@example.test", *PARTICULARS, "--marketplace", "DE", "--json"
    )

    assert (done.returncode, done.stderr) == (0, "")
    credentials = json.loads(done.stdout)
    assert list(credentials) == ["seller_id", "email", "marketplaces", "mws", "spapi"]
    assert list(credentials["mws"]) == ["access_key_id", "secret_key", "auth_token"]
    assert list(credentials["spapi"]) == ["client_id", "client_secret", "refresh_token"]
    assert credentials["email"] == "Ada@example.test"
    assert credentials["marketplaces"] == ["A1PA6795UKMFR9"]
    assert grant(server, grant_type="refresh_token", **credentials["spapi"]).status_code == 200


def test_sellers_are_listed_and_shown_again(entrepot: Entrepot) -> None:
    added = entrepot("seller", "add", "--email", "shown@example.test", *PARTICULARS).json

    listed = entrepot("seller", "list").json["sellers"]
    shown = entrepot("seller", "show", added["seller_id"], "--json").json

    assert shown == added
    [row] = [row for row in listed if row["seller_id"] == added["seller_id"]]
    assert (row["name"], row["region"], row["fidelity"]) == ("Ada's Books", "NA", None)
    assert not {"password", "password_hash", "mws", "spapi"} & row.keys()


def test_a_seller_may_be_given_everything_at_once(entrepot: Entrepot) -> None:
    application = entrepot("application", "add", "--name", "Shared").json
    words = ("--email", "all@example.test", *PARTICULARS, "--seller-id", "ALLATONCE1", "--seed", "7")

    added = entrepot(
        "seller", "add", *words, "--marketplace", "US", "--marketplace", "CA", "--fidelity", "strict",
        "--application", application["client_id"],
    ).json  # fmt: skip

    assert added["seller_id"] == "ALLATONCE1"
    assert len(added["marketplaces"]) == 2
    assert added["spapi"]["client_id"] == application["client_id"]


def test_an_address_serves_one_seller_however_it_is_spelled(entrepot: Entrepot) -> None:
    entrepot("seller", "add", "--email", "once@example.test", *PARTICULARS)

    again = entrepot("seller", "add", "--email", "ONCE@Example.test", *PARTICULARS, "--json")

    assert again.complaint == "AlreadyExists: seller 'ONCE@Example.test' already exists"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("seller", "show", "NOBODY1"), "NotFound: seller 'NOBODY1' does not exist"),
        (("seller", "show", "../../etc?x#y"), "NotFound: seller '../../etc?x#y' does not exist"),
        (("seller", "add", "--email", "nobody", *PARTICULARS), "Invalid: not an e-mail address"),
        (
            ("seller", "add", "--email", "b@example.test", *PARTICULARS, "--marketplace", "Atlantis"),
            "Invalid: 'Atlantis' is not a marketplace id or country code",
        ),
        (("application", "add", "--name", "X", "--redirect-uri", "here"), "Invalid: 'here' is not an absolute"),
        (("application", "add", "--name", "X", "--role", "King"), "Invalid: 'King' is not one of"),
        (("application", "revoke", "--seller", "NOBODY1", "--application", "x"), "NotFound: seller 'NOBODY1'"),
    ],
)
def test_what_is_refused_is_said_in_one_line(entrepot: Entrepot, words: tuple[str, ...], complaint: str) -> None:
    refused = entrepot(*words)

    assert refused.complaint.startswith(complaint)


def test_an_application_is_authorised_exchanges_a_code_and_is_revoked(
    server: RunningServer, entrepot: Entrepot
) -> None:
    seller = entrepot("seller", "add", "--email", "consent@example.test", *PARTICULARS).json["seller_id"]
    uri = "https://app.example.test/callback"
    application = entrepot("application", "add", "--name", "App", "--redirect-uri", uri).json
    both = ("--seller", seller, "--application", application["client_id"])

    authorized = entrepot("application", "authorize", *both).json
    code = entrepot("application", "code", *both, "--redirect-uri", uri).json["code"]
    exchanged = grant(server, grant_type="authorization_code", code=code, redirect_uri=uri, **application)
    refreshed = grant(server, grant_type="refresh_token", **authorized, **application)
    revoked = entrepot("application", "revoke", *both)
    refused = grant(server, grant_type="refresh_token", **authorized, **application)
    again = entrepot("application", "revoke", *both)

    assert exchanged.status_code == 200
    assert exchanged.json()["refresh_token"] == authorized["refresh_token"]
    assert refreshed.status_code == 200
    assert revoked.code == 0
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert again.complaint.startswith("NotFound: authorization")


def test_on_a_narrow_terminal_credentials_are_folded_but_never_cut(server: RunningServer) -> None:
    body = {"email": "narrow@example.test", "password": "long enough", "name": "Narrow [/] [bold]"}
    seller = server.operator("POST", "/sellers", body)

    with ThreadPoolExecutor(2) as pool:
        showing = pool.submit(on_terminal, server, "seller", "show", seller["seller_id"])
        listing = pool.submit(on_terminal, server, "seller", "list")
        (_, shown), (_, listed) = showing.result(), listing.result()

    cells = re.findall(r"│([^│]*)│([^│]*)│", shown)
    assert seller["spapi"]["client_secret"] in "".join(value.strip() for _, value in cells)
    assert "…" not in shown
    assert "[/]" in listed


def test_orders_are_listed_and_shown_to_programs_and_people(entrepot: Entrepot, server: RunningServer) -> None:
    seller = server.add_seller("ordered", clock="2026-03-04T18:00:00Z")["seller_id"]
    server.world("create_item", seller=seller, sku="A", title="A")
    server.world("set_quantity", seller=seller, sku="A", quantity=9)
    ask = {"seller": seller, "sku": "A", "channel": "MFN"}
    first, second = (server.world("place_order", **ask, quantity=units)["order"] for units in (1, 2))
    server.world("verify_payment", seller=seller, order=first)

    listed = entrepot("order", "list", "--seller", seller, "--json").json["orders"]
    paid = entrepot("order", "list", "--seller", seller, "--status", "Unshipped", "--json").json["orders"]
    shown = entrepot("order", "show", second, "--seller", seller, "--json").json
    _, table = on_terminal(server, "order", "list", "--seller", seller)
    _, detail = on_terminal(server, "order", "show", second, "--seller", seller)

    assert {order["order_id"] for order in listed} == {first, second}
    assert [order["order_id"] for order in paid] == [first]
    assert shown in listed
    assert [(item["sku"], item["ordered"]) for item in shown["items"]] == [("A", 2)]
    assert [table.count(word) for word in ("ship by", "MFN")] == [1, 2]
    assert "Pending" in detail
    assert "items" in detail


def test_what_cannot_be_shown_of_orders_is_said_in_one_line(entrepot: Entrepot, server: RunningServer) -> None:
    seller = server.add_seller("orderless")["seller_id"]

    none = entrepot("order", "list", "--seller", seller, "--json").json
    refused = [
        entrepot("order", "show", "111-1111111-1111111", "--seller", seller).complaint,
        entrepot("order", "show", "../..", "--seller", seller).complaint,
        entrepot("order", "list", "--seller", "NOBODY").complaint,
        entrepot("order", "list", "--seller", seller, "--status", "a b").complaint,
    ]

    assert none == {"orders": [], "next": None}
    assert refused[0] == "NotFound: order '111-1111111-1111111' does not exist"
    assert [complaint.split(":")[0] for complaint in refused] == ["NotFound", "NotFound", "NotFound", "Invalid"]
