"""Reports and the API say the same, and so do reports among one another: invariants 12, 13, 14, 19 and 32."""

from __future__ import annotations

from typing import Final

from tests.cast import Player, numbers
from tests.reports.making import lines

MANAGED: Final = "GET_FBA_MYI_UNSUPPRESSED_INVENTORY_DATA"
BY_DISPOSITION: Final = "GET_AFN_INVENTORY_DATA"
RESERVED: Final = "GET_RESERVED_INVENTORY_DATA"
ALL: Final = "GET_MERCHANT_LISTINGS_ALL_DATA"
OPEN: Final = "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT"
OPEN_LITE: Final = "GET_MERCHANT_LISTINGS_DATA_LITE"
OPEN_LITER: Final = "GET_MERCHANT_LISTINGS_DATA_LITER"
INVENTORY: Final = "GET_FLAT_FILE_OPEN_LISTINGS_DATA"

# Which column is which number of the FBA Inventory API.
COLUMNS: Final = {
    "afn-fulfillable": "fulfillable",
    "afn-unsellable": "total_unfulfillable",
    "afn-reserved": "total_reserved",
    "afn-researching": "total_researching",
    "afn-inbound-working": "inbound_working",
    "afn-inbound-shipped": "inbound_shipped",
    "afn-inbound-receiving": "inbound_receiving",
    "afn-total": "total",
}
PARTS: Final = {
    "reserved_qty": "total_reserved",
    "reserved_customerorders": "pending_customer_order",
    "reserved_fc-transfers": "pending_transshipment",
    "reserved_fc-processing": "fc_processing",
}


async def stock_agrees(player: Player, marketplace: str) -> None:
    """Every number of the reports about a marketplace is that of the FBA Inventory API."""
    shown = {row.sku: numbers(row) for row in await player.summaries(marketplace)}
    managed = await lines(player, MANAGED, marketplace)
    assert [row["sku"] for row in managed] == sorted(shown)
    for row in managed:
        units = {
            name.removesuffix("-quantity"): int(row[name]) for name in row if name.endswith("-quantity") and row[name]
        }
        api = shown[row["sku"]]
        for column, number in COLUMNS.items():
            assert units[column] == api.get(number, 0), (row["sku"], column)
        assert units["afn-warehouse"] == units["afn-fulfillable"] + units["afn-unsellable"] + units["afn-reserved"]
        inbound = sum(units[f"afn-inbound-{state}"] for state in ("working", "shipped", "receiving"))
        assert units["afn-total"] - units["afn-warehouse"] == inbound
    reserved = {row["sku"]: row for row in await lines(player, RESERVED, marketplace)}
    assert set(reserved) == {sku for sku, api in shown.items() if api.get("total_reserved")}
    for sku, row in reserved.items():
        assert {column: int(row[column]) for column in PARTS} == {
            column: shown[sku].get(number, 0) for column, number in PARTS.items()
        }
    sums = {(row["seller-sku"], row["Warehouse-Condition-code"]): int(row["Quantity Available"])
            for row in await lines(player, BY_DISPOSITION, marketplace)}  # fmt: skip
    assert sums == {
        (sku, code): api.get(number, 0)
        for sku, api in shown.items()
        for code, number in (("SELLABLE", "fulfillable"), ("UNSELLABLE", "total_unfulfillable"))
    }


async def listings_agree(player: Player, marketplace: str) -> dict[str, int]:
    """All reports of listings tell the same quantity of a SKU; what that is, where there is any."""
    full = {row["seller-sku"]: row["quantity"] for row in await lines(player, OPEN, marketplace)}
    lite, liter = [
        {row["seller-sku"]: row["quantity"] for row in await lines(player, name, marketplace)}
        for name in (OPEN_LITE, OPEN_LITER)
    ]
    every = {row["seller-sku"]: row["quantity"] for row in await lines(player, ALL, marketplace)}
    inventory = {row["sku"]: row["quantity"] for row in await lines(player, INVENTORY, marketplace)}
    assert lite == liter == {sku: quantity for sku, quantity in full.items() if quantity}
    assert full == {sku: quantity for sku, quantity in every.items() if quantity != "0"}
    assert inventory.items() <= every.items()
    return {sku: int(quantity) for sku, quantity in liter.items()}
