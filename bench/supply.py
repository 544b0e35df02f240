"""ListInventorySupply over HTTP: requests a second of one `entrepot serve`, beside the bare handler of bare.py.

The SKUs are on the shelf, as most are: a row each. Units in transfer or inbound make two rows more, and cost both sides
more; that is not measured.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from bench import bare
from bench.pages import WARM_UP, Server, Tell, bare_server, check_equal, entrepot_server, press, statement
from bench.processes import ask
from bench.results import Result, speed
from bench.sizes import Sizes
from bench.world import MARKETPLACE, SEED, World
from entrepot.services.inventory import PAGE_SIZE
from entrepot.services.supply import Supplies
from entrepot.wire.query_signing import signature, string_to_sign

GOAL = 0.5
_CASES = 20  # different requests
_PATH = "/FulfillmentInventory/2010-10-01"
_NAME = "ListInventorySupply of 50 SKUs, Detailed, all on the shelf"
_LIMIT_IS = "bare handler: same SQL, same bytes"
_FORM = "application/x-www-form-urlencoded"


def steps(sizes: Sizes) -> int:
    return sizes.rounds


def measure(world: World, url: str, data: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    """Ours and the limit take turns, so that what disturbs one disturbs the other."""
    chance = random.Random(SEED)
    named = [sorted(chance.sample(world.skus, PAGE_SIZE)) for _ in range(_CASES)]
    cases = [_case(world, skus) for skus in named]
    with entrepot_server(world, data, ("--database", url)) as ours, bare_server(url, data, cases) as limit:
        mine, best, warm = [], [], min(WARM_UP, sizes.requests)
        for number in range(sizes.rounds):
            tell(f"{_NAME}, round {number + 1}")
            forms = [_form(world, ours.port, skus) for skus in named]  # anew, as signatures grow old
            if number == 0:
                _check_same_bytes(ours, forms[0], limit.port)
            requests = [_request(ours.port, form) for form in forms]
            mine.append(press(ours.port, requests, warm, seconds=sizes.seconds).rate)
            bare_requests = [limit.request(case) for case in range(_CASES)]
            best.append(press(limit.port, bare_requests, warm, seconds=sizes.seconds).rate)
        return [speed(_NAME, "requests/s", mine, best, goal=GOAL, data=sizes.data, limit_is=_LIMIT_IS)]


def _case(world: World, skus: list[str]) -> bare.Case:
    found = statement(lambda database: Supplies(database).of(world.seller_id, MARKETPLACE.id, skus))
    return msgspec.structs.replace(found, supply=True)


def _form(world: World, port: int, skus: list[str]) -> str:
    """A signed form, as Amazon's own libraries send it."""
    parameters = {
        "AWSAccessKeyId": world.mws.access_key_id,
        "Action": "ListInventorySupply",
        "ResponseGroup": "Detailed",
        "SellerId": world.seller_id,
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "Version": "2010-10-01",
        **{f"SellerSkus.member.{number}": sku for number, sku in enumerate(skus, 1)},
    }
    query = _encoded(parameters)
    text = string_to_sign("POST", f"127.0.0.1:{port}", _PATH, query)
    return f"{query}&Signature={quote(signature(world.mws.secret_key, 'HmacSHA256', text), safe='')}"


def _encoded(parameters: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(parameters[name], safe='')}" for name in sorted(parameters))


def _request(port: int, form: str) -> str:
    head = f"POST {_PATH} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nuser-agent: bench\r\ncontent-type: {_FORM}\r\n"
    return f"{head}content-length: {len(form)}\r\n\r\n{form}"


_REQUEST_ID = re.compile(rb"<RequestId>[^<]*</RequestId>")


def _check_same_bytes(ours: Server, form: str, limit: int) -> None:
    """Else the limit would be one for other work."""
    headers = {"content-type": _FORM, "user-agent": "bench"}
    mine = _REQUEST_ID.sub(b"", ask(ours.port, _PATH, headers, form))
    check_equal(_NAME, mine, _REQUEST_ID.sub(b"", ask(limit, "/?0")))
