"""What every client of MWS is asked to do: see the stock, load a file of offers, and read a report of them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.running import RunningServer

T = TypeVar("T")

SKU = "KETTLE 1/2 (blue)*~é"
PLAIN = "SKU-00"  # for libraries that sign such names wrongly
OFFERS = (
    b"sku\tproduct-id\tproduct-id-type\tprice\titem-condition\tquantity\tadd-delete\n"
    b"OWN-1\tB000000001\t1\t9.50\t11\t3\ta\n"
    b"OWN-2\tB000000002\t1\t4.00\t11\t0\ta\n"
)
LOADER, LITER = "_POST_FLAT_FILE_INVLOADER_DATA_", "_GET_MERCHANT_LISTINGS_DATA_LITER_"
TSV = "text/tab-separated-values; charset=iso-8859-1"
PATIENCE = 30.0


def new_seller(server: RunningServer) -> dict[str, Any]:
    """A seller of 61 SKUs, with seven of one and five of another in Amazon's warehouse."""
    seller = server.add_seller(f"mws-{secrets.token_hex(6)}", marketplaces=["US", "CA"])
    for sku in (SKU, *(f"SKU-{number:02}" for number in range(60))):
        server.world("create_item", seller=seller["seller_id"], sku=sku, title="A kettle")
    server.world("add_stock", seller=seller["seller_id"], sku=SKU, quantity=7)
    server.world("add_stock", seller=seller["seller_id"], sku=PLAIN, quantity=5)
    return seller


def until(ask: Callable[[], T], good: Callable[[T], bool]) -> T:
    """What is asked again and again, until it is good."""
    deadline = time.monotonic() + PATIENCE
    while not good(found := ask()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found
