"""`entrepot world VERB`: every verb as people write it, and what it says when it cannot."""

from __future__ import annotations

import json
import re
import secrets
import shlex
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from entrepot.domain.verbs import VERBS
from tests.cli.conftest import Entrepot
from tests.running import RunningServer, command


@pytest.fixture
def seller(server: RunningServer) -> str:
    """A seller in two countries with one SKU, whose clock stands still."""
    more = {"marketplaces": ["US", "CA"], "seed": 1, "clock": "2026-01-01T00:00:00Z"}
    seller_id: str = server.add_seller(f"world.{secrets.token_hex(4)}", **more)["seller_id"]
    server.world("create_item", seller=seller_id, sku="K", title="Known")
    return seller_id


# A story that uses every verb once at least. `NAME =` keeps a part of the answer; `$NAME` uses it.
STORY = """
    create-item --sku A --title 'Item A' --barcode manufacturer
    create-item --sku B --title=B --asin B000000002 --condition UsedGood
    create_item --sku C --title C --marketplace A2EUQ1WTGCTBG2
    set-policy --putaway FC_PROCESSING --putaway-hours 24
    shipment = plan --sku A --n 100
    change-plan --shipment $shipment --sku A --quantity 90
    plan --sku B --n 5 --shipment $shipment
    ship --shipment $shipment --eta 2026-01-05T00:00:00Z
    depart --shipment $shipment
    arrive --shipment $shipment
    check-in --shipment $shipment
    start-receiving --shipment $shipment
    receive --shipment $shipment --sku A --n 80
    receive --shipment $shipment --sku B --n 2 --disposition CARRIER_DAMAGED
    close-shipment --shipment $shipment
    release --sku A --n 40 --reason PUTAWAY
    advance 2d
    set-policy --putaway PICKABLE_AT
    locate --sku A --n 1
    shipment = plan --sku A --quantity 1
    cancel-plan --shipment $shipment
    add-stock --sku A --quantity 20 --fc PHX6 --expires 2026-02-01T00:00:00Z
    add-stock --lines '[{"sku": "A", "quantity": 5}, {"sku": "B", "quantity": 40}]'
    open-balance --sku B --quantity 3 --disposition DEFECTIVE
    order = place-order --sku A --n 10 --idempotency-key first
    order_item = place-order --lines '[{"sku": "A", "quantity": 3}]' --channel MCF
    miss-pick --order $order --n 2
    cancel-order --order $order --quantity 1
    ship-order --order $order
    ship-order --order-item $order_item
    return-unit --order $order --disposition CUSTOMER_DAMAGED
    return-unit --order-item $order_item --inspect
    lose-delivery --order $order --quantity 1
    find --sku A --n 1
    give-up --sku A --n 1
    transfer = transfer --sku A --n 6 --from PHX6 --to LAX9 --eta 2026-01-20T00:00:00Z
    arrive-transfer --transfer $transfer --n 4
    lose-transfer --transfer $transfer
    hold --sku A --n 4 --reason SAMPLE
    release --sku A --n 4
    misplace --sku A --n 2
    lose --sku A --n 3
    reimburse --sku A --n 1 --method money
    damage --sku A --n 4
    damage --sku A --n 2 --suspected
    confirm-damage --sku A --n 2
    change-disposition --sku A --n 1 --from WAREHOUSE_DAMAGED --to DEFECTIVE
    inspect-ok --sku A --n 1 --disposition DEFECTIVE
    expire --sku A --n 1
    correct --sku A --n -2
    correct --sku A --quantity=2 --kind ownership
    removal = request-removal --sku A --n 3 --disposition WAREHOUSE_DAMAGED --method RETURN
    cancel-removal --removal $removal --n 1
    ship-removal --removal $removal
    removal = request-removal --sku B --n 2 --disposition DEFECTIVE --method DESTROY
    dispose --removal $removal
    merge-items --a A --b B --quantity 1
    close-item --sku C --marketplace A2EUQ1WTGCTBG2 --strict
    put-listing --sku M --product-type KETTLE --attributes '{"item_name": [{"value": "A kettle"}]}'
    patch-listing --sku M --patches '[{"op": "delete", "path": "/attributes/item_name"}]'
    set-quantity --sku M --n 20
    source = create-source --code SHOP --alias Shop --address '{"name": "Shop", "addressLine1": "1 Main St", "stateOrRegion": "WA", "countryCode": "US"}'
    update-source --source $source --alias 'The shop'
    source-status --source SHOP --status Active
    set-quantity --sku M --quantity 10 --source SHOP --as-of-seq 1
    move-quantity --sku M --n 4 --origin SHOP --destination DEFAULT
    order = place-order --sku M --n 3 --channel MFN --address '{"city": "Seattle", "country": "US"}' --ship-option NextDay
    verify-payment --order $order
    cancel-order --order $order --n 1 --reason NoInventory
    confirm-shipment --order $order --package '{"carrier": "UPS", "tracking": "1Z"}'
    restock-return --order $order --n 1 --source SHOP
    order_item = place-order --lines '[{"sku": "M", "quantity": 1, "price": "9.50"}]' --order 123-1234567-1234567
    verify-payment --order 123-1234567-1234567
    refund --order-item $order_item --amount 1.00
    delete-listing --sku M
"""  # noqa: E501


def words_of(line: str, known: dict[str, str]) -> tuple[str, list[str]]:
    """What of the answer is kept, and the words of the command."""
    kept, _, words = line.partition(" = ") if " = " in line else ("", "", line)
    return kept.strip(), [known.get(word, word) for word in shlex.split(words)]


def test_every_verb_can_be_written_on_the_command_line(entrepot: Entrepot, seller: str, server: RunningServer) -> None:
    known: dict[str, str] = {}
    posted: list[str] = []
    used: set[str] = set()

    for line in STORY.strip().splitlines():
        kept, words = words_of(line.strip(), known)
        done = entrepot("world", *words, "--seller", seller)
        assert done.code == 0, f"{line.strip()}: {done.err}"
        answer = done.json
        used.add(words[0].replace("-", "_"))
        posted += [entry["event"] for entry in answer.get("entries", [])]
        if kept:
            known[f"${kept}"] = answer["order_items"][0]["order_item"] if kept == "order_item" else answer[kept]

    assert used - {"advance"} == {name for name, verb in VERBS.items() if not verb.timer}
    assert len(set(posted)) > 35
    assert entrepot("verify").json["clean"]


def test_the_journal_says_that_a_command_came_from_the_command_line(entrepot: Entrepot, seller: str) -> None:
    entrepot("world", "create_item", "--sku", "A", "--title", "A", "--seller", seller)
    entrepot("world", "add_stock", "--sku", "A", "--quantity", "5", "--seller", seller)

    explained = entrepot("explain", "A", "fulfillableQuantity", "--seller", seller).json

    assert explained["value"] == 5
    assert explained["changes"][0]["entry"]["channel"] == "cli"


def test_a_shortage_is_one_line_and_moves_nothing(server: RunningServer, seller: str) -> None:
    server.world("create_item", seller=seller, sku="A", title="A")
    server.world("add_stock", seller=seller, sku="A", quantity=2)

    short = command(server, "world", "place-order", "--sku", "A", "--quantity", "3", "--seller", seller)

    assert short.returncode == 1
    assert short.stdout == ""
    assert short.stderr == "Shortage: SKU 'A': 3 wanted, 2 available\n"
    assert server.world("explain", seller=seller, sku="A", number="fulfillable")["value"] == 2


def test_a_repeated_idempotency_key_posts_nothing_again(entrepot: Entrepot, seller: str) -> None:
    words = ("world", "create-item", "--sku", "A", "--title", "A", "--seller", seller, "--idempotency-key", "once")

    first, second = entrepot(*words).json, entrepot(*words).json

    assert (first["replayed"], second["replayed"]) == (False, True)
    assert {**first, "replayed": True} == second


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("fly",), "NotFound: verb 'fly' does not exist"),
        (("reach-expiry", "--fnsku", "X"), "NotFound: verb 'reach_expiry' does not exist"),
        (("../sellers",), "NotFound: verb '../sellers' does not exist"),
        (("add-stock", "--sku", "A", "--quantity", "many"), "Invalid: Expected `int | null`, got `str`"),
        (("add-stock", "--sku", "A", "--quantity", "1.5"), "Invalid: Expected `int | null`, got `str`"),
        (("add-stock", "--sku", "K", "--quantity", "0"), "Invalid: a quantity must be between 1 and 999999999"),
        (("add-stock", "--sku", "K", "--quantity", "-1"), "Invalid: a quantity must be between 1 and 999999999"),
        (("add-stock", "--sku", "A", "--quantity", "1", "--colour", "red"), "Invalid: 'add_stock' has no argument"),
        (("add-stock", "--sku"), "Invalid: Expected `str | null`, got `bool`"),
        (("add-stock", "--lines", "[{"), "Invalid: --lines takes JSON"),
        (("add-stock", "A", "5"), "Invalid: what is 'A'? Arguments are written --name value"),
        (("add-stock", "-q", "5"), "Invalid: what is '-q'? Arguments are written --name value"),
        (("place-order", "--sku", "no\0where", "--quantity", "1"), "Invalid: a text may not contain the character NUL"),
        (("place-order", "--sku", "nowhere", "--quantity", "1"), "NotFound: SKU 'nowhere' does not exist"),
        (("plan", "--sku", "A"), "Invalid: Object missing required field `quantity`"),
        (("advance",), "Invalid: 'duration' is required"),
        (("advance", "soon"), "Invalid: 'soon' is not a duration"),
        (("advance-to", "2020-01-01"), "Invalid: the clock of this world stands at 2026-01-01T00:00:00+00:00"),
        (("run", "-1"), "Invalid: a rate lies between 0 and 1000000"),
        (("run",), "Invalid: 'rate' is required"),
        (("seed", "x"), "Invalid: 'seed' is not valid: x"),
        (("explain", "--sku", "A", "--number", "love"), "Invalid: 'love' is not a number of stock"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_verb_cannot_do_is_said_in_one_line(
    entrepot: Entrepot, seller: str, words: tuple[str, ...], complaint: str
) -> None:
    refused = entrepot("world", *words, "--seller", seller)

    assert refused.complaint.startswith(complaint)


def test_the_clock_of_a_world_is_turned_from_the_command_line(entrepot: Entrepot, seller: str) -> None:
    def clock(*words: str) -> tuple[str, float]:
        answer = entrepot("world", *words, "--seller", seller).json
        return answer["now"], answer["rate"]

    assert clock("now") == ("2026-01-01T00:00:00Z", 0)
    assert clock("advance", "1d 12h") == ("2026-01-02T12:00:00Z", 0)
    assert clock("advance", "--by", "P1D") == ("2026-01-03T12:00:00Z", 0)
    assert clock("advance", "--duration=60") == ("2026-01-03T12:01:00Z", 0)
    assert clock("advance-to", "2026-02-01") == ("2026-02-01T00:00:00Z", 0)
    assert clock("advance_to", "--to", "2026-02-01T10:00:00+01:00") == ("2026-02-01T09:00:00Z", 0)
    assert clock("run", "60")[1] == 60
    assert clock("freeze")[1] == 0


def test_the_seed_of_a_new_world_is_chosen_from_the_command_line(entrepot: Entrepot, server: RunningServer) -> None:
    seller_id = server.add_seller(f"seed.{secrets.token_hex(4)}")["seller_id"]

    seeded = entrepot("world", "seed", "42", "--seller", seller_id)

    assert seeded.json == {"seed": 42}


def test_numbers_are_asserted_from_the_command_line(entrepot: Entrepot, seller: str) -> None:
    entrepot("world", "create-item", "--sku", "A", "--title", "A", "--seller", seller)
    entrepot("world", "add-stock", "--sku", "A", "--quantity", "3", "--seller", seller)
    ask = ("world", "assert", "--sku", "A", "--seller", seller)

    holds = entrepot(*ask, "--number", "fulfillable", "--value", "3")
    several = entrepot(*ask, "--numbers", '{"fulfillable": 3, "total": 3}')
    fails = entrepot(*ask, "--number", "fulfillable", "--value", "4")

    assert (holds.code, several.code) == (0, 0)
    assert fails.complaint == "NotAllowed: SKU 'A': fulfillable is 3, not 4"


def test_a_sku_may_look_like_anything(entrepot: Entrepot, seller: str) -> None:
    odd = ["[1]", '{"a": 1}', "null", "-5", "a=b", "0x10", "true", " $order "]

    for sku in odd:
        created = entrepot("world", "create-item", f"--sku={sku}", "--title", "Odd", "--seller", seller)
        assert created.json["sku"] == sku.strip()


def test_the_verbs_are_listed_with_their_arguments(entrepot: Entrepot) -> None:
    listed = entrepot("world", "verbs")

    words = set(re.findall(r"[a-z_]+", listed.out))
    assert {name for name, verb in VERBS.items() if not verb.timer} <= words
    assert {"advance", "advance_to", "freeze", "run", "now", "seed", "assert", "explain"} <= words


def test_without_a_server_every_command_says_so_in_one_line(
    entrepot: Entrepot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    monkeypatch.setenv("ENTREPOT_DATA", str(nowhere))
    commands = [
        ("seller", "list"),
        ("application", "add", "--name", "X"),
        ("world", "now", "--seller", "X"),
        ("world", "run", "file.yaml"),
        ("explain", "A", "total", "--seller", "X"),
        ("verify",),
        ("exec", "true"),
    ]

    said = [entrepot(*words) for words in commands]

    assert [done.code for done in said] == [1] * len(commands)
    assert all(done.err.count("\n") == 1 for done in said)
    assert not nowhere.exists()


class Stranger(BaseHTTPRequestHandler):
    """Another program that speaks HTTP."""

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n<h1>It works!</h1>")

    def log_message(self, *_: object) -> None:
        pass


def test_something_else_on_the_recorded_address_is_not_taken_for_the_server(
    entrepot: Entrepot, server: RunningServer, tmp_path: Path
) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as other:
        threading.Thread(target=other.handle_request).start()
        url = f"http://127.0.0.1:{other.server_port}"
        record = json.loads((server.data / "server.json").read_text())
        (tmp_path / "server.json").write_text(json.dumps({**record, "url": url}))

        asked = entrepot("seller", "list", "--data", tmp_path)

    assert asked.complaint == f"what answers at {url} is not this server (HTTP 200)"
