"""`entrepot world run FILE`: a test world in one file, played once however often it is run, refused in one line."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Entrepot
from tests.running import RunningServer, command

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a scenario; `NAME` in it becomes a name that no other test has."""
    name = f"scenario{secrets.token_hex(4)}"

    def to_file(text: str) -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(text.replace("NAME", name), encoding="utf-8")
        return path

    return to_file


GOOD = """
scenario: NAME
sellers:
  ada: {email: ada.NAME@example.test, password: long enough, name: Ada, seed: 7, clock: 2026-01-01T00:00:00Z}
  bob: {email: bob.NAME@example.test, password: long enough, name: Bob, seed: 8, clock: 2026-01-01T00:00:00Z}
steps:
  - place_order: {seller: ada, sku: ADA-01, quantity: 1}
    fails: NotFound
  - create_item: {seller: ada, sku: "ADA-{n:02d}", title: "Book {n}"}
    repeat: 3
  - create-item: {seller: bob, sku: BOB, title: Bob}
  - plan: {seller: ada, sku: ADA-01, n: 10}
    as: shipment
  - assert: {seller: ada, sku: ADA-01, numbers: {inbound_working: 10}}
  - ship: {seller: ada, shipment: $shipment.shipment, eta: 2026-02-01T00:00:00Z}
  - advance: 2d
  - start_receiving: {seller: ada, shipment: $shipment.shipment}
  - receive: {seller: ada, shipment: $shipment.shipment, sku: ADA-01, quantity: 10}
  - place_order: {seller: ada, sku: ADA-01, quantity: 11}
    fails: Shortage
  - place_order: {seller: ada, lines: [{sku: ADA-01, quantity: 4}]}
    as: order
  - ship_order: {seller: ada, order_item: $order.order_items.0.order_item}
  - assert: {seller: ada, sku: ADA-01, numbers: {fulfillable: 6, total: 6}}
  - advance_to: {seller: bob, to: 2026-03-01T00:00:00Z}
  - add_stock: {seller: ada, sku: ADA-01, quantity: 100}
"""


def world_of(server: RunningServer, sellers: dict[str, dict[str, str]]) -> dict[str, object]:
    """All that playing a file again could change."""
    found: dict[str, object] = {}
    for alias, credentials in sellers.items():
        seller = credentials["seller_id"]
        sku = {"ada": "ADA-01", "bob": "BOB"}[alias]
        explained = server.world("explain", seller=seller, sku=sku, number="total")
        found[alias] = (server.world("now", seller=seller), explained["seq"], explained["value"])
    return found


def test_a_scenario_builds_a_world_and_played_again_changes_nothing(
    server: RunningServer, entrepot: Entrepot, write: Write
) -> None:
    file = write(GOOD)

    first = command(server, "world", "run", str(file))
    assert first.returncode == 0, first.stderr
    once = entrepot("world", "run", file).json
    before = world_of(server, once["sellers"])
    again = entrepot("world", "run", file, "--json").json

    assert again == once
    assert again["steps"] == 17
    assert list(again["sellers"]["ada"]) == ["seller_id", "email", "marketplaces", "mws", "spapi"]
    assert world_of(server, again["sellers"]) == before
    ada, bob = before["ada"], before["bob"]
    assert ada[0]["now"] == "2026-01-03T00:00:00Z"  # type: ignore[index]
    assert ada[2] == 106  # type: ignore[index]
    assert bob[0]["now"] == "2026-03-01T00:00:00Z"  # type: ignore[index]


def test_a_scenario_stops_at_the_step_that_is_refused_and_may_be_mended(
    server: RunningServer, entrepot: Entrepot, write: Write
) -> None:
    wrong = GOOD.replace("quantity: 4}", "quantity: 40}")

    refused = entrepot("world", "run", write(wrong))
    mended = entrepot("world", "run", write(GOOD))

    assert refused.complaint == "StepFailed: step 11 (place_order): SKU 'ADA-01': 40 wanted, 10 available"
    assert mended.json["steps"] == 17


def test_a_scenario_that_orders_a_sku_beside_lines_is_told_which_of_them_to_leave_out(
    entrepot: Entrepot, write: Write
) -> None:
    both = GOOD.replace("place_order: {seller: ada, lines", "place_order: {seller: ada, sku: ADA-01, lines")

    refused = entrepot("world", "run", write(both))

    assert refused.complaint == (
        "StepFailed: step 11 (place_order): 'sku' and 'lines' exclude each other: every line has its own sku"
    )


def test_a_clock_verb_of_a_scenario_leaves_the_worlds_of_others_alone(
    server: RunningServer, entrepot: Entrepot, write: Write
) -> None:
    other = server.add_seller(f"other.{secrets.token_hex(4)}", clock="2026-01-01T00:00:00Z")["seller_id"]

    entrepot("world", "run", write(GOOD))

    assert server.world("now", seller=other)["now"] == "2026-01-01T00:00:00Z"


SELLER = "{email: s.NAME@example.test, password: long enough, name: S}"
ONE = f"scenario: NAME\nsellers: {{s: {SELLER}}}\nsteps:\n"
ITEM = "- create_item: {sku: A, title: A}\n"
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Invalid: a scenario is an object with 'sellers' and 'steps'"),
        ("[1, 2]", "Invalid: a scenario is an object with 'sellers' and 'steps'"),
        ("sellers: {a: {}", "Invalid: not valid YAML in line"),
        ("\tsellers: 1", "Invalid: not valid YAML in line 1"),
        ("sellers: {a: *nobody}", "Invalid: not valid YAML in line 1"),
        ("sellers: !!python/object/apply:os.getcwd []", "Invalid: not valid YAML in line 1: could not determine"),
        ("sellers: {a: {}}\nwhen: 2026-13-45", "Invalid: not valid YAML: month must be in 1..12"),
        ("when: !!timestamp x", "Invalid: not valid YAML"),
        ("n: " + "9" * 5000, "Invalid: not valid YAML"),
        ("a: &a [*a]", "Invalid: too large when its aliases are written out"),
        (BOMB, "Invalid: too large when its aliases are written out"),
        ("[" * 100_000, "Invalid: nested more than 50 deep"),
        ("sellers: {a: {}}\ncolour: red", "Invalid: unknown: colour"),
        ("sellers: {a: 5}", "Invalid: seller 'a' is not an object with email, password and name"),
        ("sellers: {5: {}}", "Invalid: '5' is used as a name; write it in quotes"),
        (f"scenario: {'x' * 151}\nsellers: {{}}", "Invalid: the name of a scenario is a text of 1 to 150 characters"),
        ("sellers: {a: {}}\nsteps: {}", "Invalid: 'steps' is a list"),
        ("sellers: {a: {}}\nsteps: 5", "Invalid: 'steps' is a list"),
        ("sellers: {a: {email: e}}\nsteps: []", "Invalid: seller 'a': Object missing required field `password`"),
        (ONE + ITEM + "- fly", "Invalid: step 2 is not an object"),
        (ONE + ITEM + "- {}", "Invalid: step 2 needs exactly one verb, not none"),
        (ONE + ITEM + "- {hold: {}, release: {}}", "Invalid: step 2 needs exactly one verb, not hold and release"),
        (ONE + ITEM + "- fly: {}", "Invalid: step 2: there is no verb 'fly'"),
        (ONE + ITEM + "- reach_expiry: {}", "Invalid: step 2: there is no verb 'reach_expiry'"),
        (ONE + ITEM + "- hold: {on: 1}", "Invalid: 'True' is used as a name; write it in quotes"),
        (ONE + ITEM + "- {hold: {}, as: [x]}", "Invalid: step 2: 'as' is a text"),
        (ONE + ITEM + "- {hold: {}, fails: 1}", "Invalid: step 2: 'fails' is a text"),
        (ONE + ITEM + "- {hold: {}, repeat: 0}", "Invalid: step 2: 'repeat' is a whole number from 1 to 1000000"),
        (ONE + ITEM + "- {hold: {}, repeat: yes}", "Invalid: step 2: 'repeat' is a whole number from 1 to 1000000"),
        (ONE + ITEM + "- hold: {seller: t}", "Invalid: step 2: there is no seller 't' in this scenario"),
        (ONE + ITEM + "- hold: {seller: [s]}", "Invalid: step 2: there is no seller '['s']' in this scenario"),
        (ONE + ITEM + "- hold: {sku: A}", "StepFailed: step 2 (hold): Object missing required field `quantity`"),
        (ONE + ITEM + "- hold: {sku: A, quantity: many}", "StepFailed: step 2 (hold): Expected `int`, got `str`"),
        (ONE + ITEM + "- hold: {sku: A, quantity: .nan}", "StepFailed: step 2 (hold): Expected `int`, got `null`"),
        (ONE + ITEM + "- hold: {sku: A, quantity: yes}", "StepFailed: step 2 (hold): Expected `int`, got `bool`"),
        (ONE + ITEM + "- hold: {sku: 5, quantity: 5}", "StepFailed: step 2 (hold): Expected `str`, got `int`"),
        (ONE + ITEM + '- hold: {sku: "A\\0", quantity: 5}', "StepFailed: step 2 (hold): a text may not contain"),
        (ONE + ITEM + f"- hold: {{sku: A, quantity: {10**30}}}", "StepFailed: step 2 (hold): "),
        (ONE + ITEM + "- hold: {sku: A, quantity: 1}", "StepFailed: step 2 (hold): SKU 'A': 1 wanted, 0 available"),
        (ONE + ITEM + "- hold: {sku: $b.sku, quantity: 1}", "StepFailed: step 2 (hold): '$b.sku' is not known here"),
        (
            ONE + ITEM + "- assert: {sku: A, numbers: {total: 1}}",
            "StepFailed: step 2 (assert): SKU 'A': total is 0, not 1",
        ),
        (
            ONE + ITEM + "- {set_policy: {}, fails: Shortage}",
            "StepFailed: step 2 (set_policy): should have failed with",
        ),
        (
            ONE + ITEM + "- {hold: {sku: A, quantity: 1}, fails: NotFound}",
            "StepFailed: step 2 (hold): SKU 'A': 1 wanted",
        ),
        (
            ONE + "- {create_item: {sku: A, title: '{n:0999999999}'}, repeat: 1}\n- fly: 1",
            "Invalid: step 2: there is no",
        ),
    ],
    ids=lambda text: repr(text[-45:]),
)
def test_a_bad_scenario_is_refused_in_one_line_that_names_the_step(
    entrepot: Entrepot, write: Write, text: str, complaint: str
) -> None:
    refused = entrepot("world", "run", write(text))

    assert refused.complaint.startswith(complaint)


def test_a_file_that_is_no_text_is_refused_in_one_line(entrepot: Entrepot, tmp_path: Path) -> None:
    binary, huge = tmp_path / "binary.yaml", tmp_path / "huge.yaml"
    binary.write_bytes(bytes(range(256)))
    huge.write_bytes(b"#" * 17_000_000)

    said = [entrepot("world", "run", path).complaint for path in (binary, huge, tmp_path, tmp_path / "no\nsuch.yaml")]

    assert said[0].startswith(f"Invalid: cannot read {binary}: 'utf-8' codec can't decode")
    assert said[1] == "Invalid: a scenario has at most 16000000 characters"
    assert said[2].startswith(f"Invalid: cannot read {tmp_path}: ")
    assert said[3].startswith("Invalid: cannot read ")
