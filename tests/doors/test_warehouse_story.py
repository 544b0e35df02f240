"""One story of stock in the warehouse, through every state that a unit can be in, and what each generation says of it.

After each chapter the same units are read through SP-API, through MWS, in three reports asked for by both, and as
`entrepot explain` derives them from the journal. What a chapter leads to is told in the parts of which all other
numbers are made; the sums are those of the specification: invariants 11 to 19.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.doors.cast import OPEN_LISTINGS, Cast, Rows, new_cast
from tests.mws.program import INVENTORY, tree
from tests.reports.agreement import BY_DISPOSITION, MANAGED, RESERVED
from tests.reports.agreement import COLUMNS as MANAGED_COLUMNS
from tests.reports.agreement import PARTS as RESERVED_COLUMNS
from tests.running import RunningServer, json_command
from tests.spapi.program import CA, US

LAMP, VASE = "LAMP", "VASE"
START = "2026-03-31T12:00:00Z"
IMMEDIATELY, UNKNOWN = "Immediately", "Unknown"

INBOUND = ("inbound_working", "inbound_shipped", "inbound_receiving")
SUMS = {
    "total_reserved": ("pending_customer_order", "pending_transshipment", "fc_processing"),
    "total_unfulfillable": (
        "customer_damaged", "warehouse_damaged", "distributor_damaged", "carrier_damaged", "defective", "expired",
    ),
    "total_researching": ("researching_in_short_term", "researching_in_mid_term", "researching_in_long_term"),
}  # fmt: skip
STATES = ("fulfillable", *INBOUND, *(state for parts in SUMS.values() for state in parts))
# Which states each kind of supply is made of.
SUPPLY = {
    "InStock": ("fulfillable",),
    "Transfer": ("pending_transshipment",),
    "Inbound": ("inbound_shipped", "inbound_receiving"),
}

Units = dict[str, int]


def summed(units: Units) -> Units:
    """Every number of a SKU, from its units by state: domain specification §2.1 and §2.3."""
    found = dict.fromkeys(STATES, 0) | units
    assert len(found) == len(STATES), f"no states: {found.keys() - set(STATES)}"
    found |= {name: sum(found[state] for state in parts) for name, parts in SUMS.items()}
    found["total"] = sum(
        found[name] for name in ("fulfillable", "total_reserved", "total_unfulfillable", *INBOUND)
    )  # fmt: skip
    found["in_stock_supply"] = found["fulfillable"]
    found["total_supply"] = sum(found[state] for states in SUPPLY.values() for state in states)
    return found


@dataclass
class Story:
    """What is expected of each SKU, in each marketplace that it is sold in; and since when a chapter goes on."""

    cast: Cast
    expected: dict[str, dict[str, Units]] = field(default_factory=lambda: {US: {LAMP: {}, VASE: {}}})
    earliest: dict[str, str | None] = field(default_factory=lambda: {LAMP: None, VASE: None})
    since: str = START

    def world(self, verb: str, **arguments: Any) -> Any:
        return self.cast.world(verb, **arguments)

    def now(self) -> str:
        return str(self.world("now")["now"])

    def begin(self, hours: int = 1) -> None:
        """Time passes, so that what changes from now on can be told from what changed before."""
        self.world("advance", duration=f"{hours}h")
        self.since = self.now()

    def leads_to(self, *changed: str, earliest: str | None, inbound_alone: bool = False, **units: int) -> None:
        """The chapter moved units of the lamp to these states, and it is supplied from then on; every door says so.
        `changed`: the SKUs that a program finds that asks what changed since the chapter began. Inbound units alone are
        a change of supply, but none to SP-API."""
        self.expected[US][LAMP] |= units
        self.earliest[LAMP] = earliest
        self.agree()
        assert list(supplies(self.cast, QueryStartDateTime=self.since)) == list(changed)
        assert self.cast.new.listed(startDateTime=self.since) == ([] if inbound_alone else list(changed))

    def agree(self, marketplace: str = US) -> None:
        every = {sku: summed(units) for sku, units in self.expected[marketplace].items()}
        self._spapi_agrees(marketplace, every)
        self._mws_agrees(marketplace, every)
        self._reports_agree(marketplace, every)
        for sku, numbers in every.items():
            self.world("assert", sku=sku, numbers=numbers, marketplace=marketplace)  # it asks `explain` for each

    def _spapi_agrees(self, marketplace: str, every: dict[str, Units]) -> None:
        """Invariants 11, 12 and 18."""
        detailed = summaries(self.cast, marketplace, details="true")
        brief = summaries(self.cast, marketplace)
        by_time = summaries(self.cast, marketplace, details="true", startDateTime=START)
        shown = [name for name in next(iter(every.values())) if not name.endswith("_supply")]
        assert detailed == by_time == {sku: {name: units[name] for name in shown} for sku, units in every.items()}
        assert brief == {sku: {"total": units["total"]} for sku, units in every.items()}

    def _mws_agrees(self, marketplace: str, every: dict[str, Units]) -> None:
        """Invariants 14 to 18."""
        by_sku = {f"SellerSkus.member.{number}": sku for number, sku in enumerate(every, 1)}
        by_time = {"QueryStartDateTime": START}
        detailed = supplies(self.cast, marketplace, ResponseGroup="Detailed", **by_sku)
        basic = supplies(self.cast, marketplace, **by_sku)
        assert supplies(self.cast, marketplace, ResponseGroup="Detailed", **by_time) == detailed
        assert supplies(self.cast, marketplace, **by_time) == basic
        assert basic == {sku: supply | {"rows": []} for sku, supply in detailed.items()}
        assert list(detailed) == list(every)
        now = self.now()
        for sku, supply in detailed.items():
            assert supply["InStockSupplyQuantity"] == every[sku]["in_stock_supply"] == every[sku]["fulfillable"]
            assert supply["TotalSupplyQuantity"] == every[sku]["total_supply"] <= every[sku]["total"]
            rows = supply["rows"]
            assert {kind: sum(row.units for row in rows if row.kind == kind) for kind in SUPPLY} == {
                kind: sum(every[sku][state] for state in states) for kind, states in SUPPLY.items()
            }
            for row in rows:
                assert row.units > 0
                assert row.earliest in (IMMEDIATELY, UNKNOWN) or row.earliest > now
                assert row.earliest == row.latest
            assert supply["earliest"] == min((row.earliest for row in rows), key=rank, default=None)
            assert (supply["earliest"] is None) == (every[sku]["total_supply"] == 0)
            assert supply["earliest"] != IMMEDIATELY or every[sku]["in_stock_supply"]
            if marketplace == US:
                assert supply["earliest"] == self.earliest[sku]

    def _reports_agree(self, marketplace: str, every: dict[str, Units]) -> None:
        """Invariants 12, 13, 14 and 19."""
        reports = self.cast.reports(MANAGED, BY_DISPOSITION, RESERVED, marketplace=marketplace)
        assert quantities(
            reports[MANAGED], {f"{name}-quantity": number for name, number in MANAGED_COLUMNS.items()}
        ) == {sku: {number: units[number] for number in MANAGED_COLUMNS.values()} for sku, units in every.items()}
        for row in reports[MANAGED]:
            units = every[row["sku"]]
            warehouse = units["fulfillable"] + units["total_unfulfillable"] + units["total_reserved"]
            assert int(row["afn-warehouse-quantity"]) == warehouse
            assert int(row["afn-total-quantity"]) - warehouse == sum(units[name] for name in INBOUND)
        assert quantities(reports[RESERVED], RESERVED_COLUMNS) == {
            sku: {number: units[number] for number in RESERVED_COLUMNS.values()}
            for sku, units in every.items()
            if units["total_reserved"]
        }
        assert [
            (row["seller-sku"], row["Warehouse-Condition-code"], int(row["Quantity Available"]))
            for row in reports[BY_DISPOSITION]
        ] == [
            (sku, code, units[number])
            for sku, units in every.items()
            for code, number in (("SELLABLE", "fulfillable"), ("UNSELLABLE", "total_unfulfillable"))
        ]


@dataclass(frozen=True)
class Row:
    """A row of SupplyDetail; times are `Immediately`, `Unknown`, or as they are written."""

    kind: str
    units: int
    earliest: str
    latest: str


def rank(timepoint: str) -> tuple[bool, bool, str]:
    return timepoint == UNKNOWN, timepoint != IMMEDIATELY, timepoint


def timepoint(element: Any) -> str | None:
    """What a Timepoint says; None where there is none."""
    if element is None:
        return None
    kind, instant = element.findtext("TimepointType"), element.findtext("DateTime")
    assert (kind == "DateTime") == (instant is not None)
    return str(instant or kind)


def supplies(cast: Cast, marketplace: str = US, **parameters: str) -> dict[str, dict[str, Any]]:
    """ListInventorySupply, by SKU."""
    response = cast.middle.call(INVENTORY, "ListInventorySupply", {"MarketplaceId": marketplace, **parameters})
    assert response.status_code == 200, response.text
    result = tree(response.content).find("ListInventorySupplyResult")
    assert (result.findtext("MarketplaceId"), result.find("NextToken")) == (marketplace, None)
    return {
        member.findtext("SellerSKU"): {
            "TotalSupplyQuantity": int(member.findtext("TotalSupplyQuantity")),
            "InStockSupplyQuantity": int(member.findtext("InStockSupplyQuantity")),
            "earliest": timepoint(member.find("EarliestAvailability")),
            "rows": [
                Row(
                    row.findtext("SupplyType"),
                    int(row.findtext("Quantity")),
                    str(timepoint(row.find("EarliestAvailableToPick"))),
                    str(timepoint(row.find("LatestAvailableToPick"))),
                )
                for row in member.find("SupplyDetail")
            ],
        }
        for member in result.find("InventorySupplyList")
    }


def summaries(cast: Cast, marketplace: str = US, **query: str) -> dict[str, Units]:
    """getInventorySummaries: the numbers of each SKU by the names that `explain` has for them."""
    response = cast.new.summaries(marketplace, **query)
    assert response.status_code == 200, response.text
    return {one["sellerSku"]: dict(named(one)) for one in response.json()["payload"]["inventorySummaries"]}


def named(values: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Every quantity in an object, however deep: `fulfillableQuantity` as `fulfillable`."""
    for name, value in values.items():
        if isinstance(value, dict) and name != "futureSupplyQuantity":
            yield from named(value)
        elif isinstance(value, list):
            for one in value:
                yield ours(one["name"]), one["quantity"]
        elif isinstance(value, int):
            yield ours(name), value


def ours(name: str) -> str:
    return re.sub("(?<!^)([A-Z])", r"_\1", name.replace("Quantity", "")).lower()


def quantities(rows: Rows, columns: dict[str, str]) -> dict[str, Units]:
    """Columns of a report, by SKU and by the names of the numbers."""
    return {row["sku"]: {number: int(row[column]) for column, number in columns.items()} for row in rows}


@pytest.fixture
def story(server: RunningServer) -> Iterator[Story]:
    with new_cast(server, clock=START) as cast:
        for sku in (LAMP, VASE):
            cast.world("create_item", sku=sku, title=f"A {sku.lower()}")
        yield Story(cast)


def test_stock_in_the_warehouse_is_told_alike_by_every_generation(story: Story) -> None:
    world = story.world

    story.begin()  # announced
    planned = world("plan", sku=LAMP, quantity=50)["shipment"]
    story.leads_to(LAMP, inbound_working=50, earliest=None, inbound_alone=True)

    story.begin()  # on the way, one of the two with a date
    dated = world("plan", sku=LAMP, quantity=20)["shipment"]
    undated = world("plan", sku=LAMP, quantity=7)["shipment"]
    world("ship", shipment=dated, eta="2026-04-03T12:00:00Z")
    world("ship", shipment=undated)
    story.leads_to(LAMP, inbound_shipped=27, earliest="2026-04-03T12:00:00Z", inbound_alone=True)

    story.begin()  # being received: some are damaged, and the good ones have to be put away
    world("receive", shipment=dated, sku=LAMP, quantity=12)
    world("receive", shipment=dated, sku=LAMP, quantity=2, disposition="DISTRIBUTOR_DAMAGED")
    world("receive", shipment=dated, sku=LAMP, quantity=1, disposition="CARRIER_DAMAGED")
    story.leads_to(
        LAMP, earliest="2026-04-01T03:00:00Z",
        fulfillable=12, inbound_shipped=7, inbound_receiving=5, distributor_damaged=2, carrier_damaged=1,
    )  # fmt: skip

    story.begin(hours=13)  # put away, ordered, sent elsewhere, set aside, to be removed
    world("add_stock", sku=LAMP, quantity=100)
    world("add_stock", sku=VASE, quantity=3)
    story.earliest[VASE] = IMMEDIATELY
    story.expected[US][VASE] = {"fulfillable": 3}
    order = world("place_order", sku=LAMP, quantity=9)["order"]
    moved = world("transfer", sku=LAMP, quantity=8, origin="PHX6", destination="LAX9", eta="2026-04-02T12:00:00Z")
    lost = world("transfer", sku=LAMP, quantity=4, origin="PHX6", destination="LAX9")
    world("hold", sku=LAMP, quantity=5)
    removal = world("request_removal", sku=LAMP, quantity=1, disposition="DISTRIBUTOR_DAMAGED")["removal"]
    story.leads_to(
        LAMP, VASE, earliest=IMMEDIATELY,
        fulfillable=86, pending_customer_order=9, pending_transshipment=12, fc_processing=6, distributor_damaged=1,
    )  # fmt: skip

    story.begin()  # missing, for as long as each age of research; what was due in the meantime is late
    for units in (11, 13, 17):
        world("misplace", sku=LAMP, quantity=units)
        if units < 17:
            world("advance", duration="10d")
    story.leads_to(
        LAMP, earliest=IMMEDIATELY,
        fulfillable=45, researching_in_long_term=11, researching_in_mid_term=13, researching_in_short_term=17,
    )  # fmt: skip

    story.begin()  # gone bad, in the warehouse and at the customer's; now there is something in every state
    world("damage", sku=LAMP, quantity=4)
    world("expire", sku=LAMP, quantity=3)
    world("ship_order", order=order, quantity=7)
    world("return_unit", order=order, quantity=2, disposition="CUSTOMER_DAMAGED")
    world("return_unit", order=order, quantity=1, disposition="DEFECTIVE")
    story.leads_to(
        LAMP, earliest=IMMEDIATELY,
        fulfillable=38, pending_customer_order=2, warehouse_damaged=4, expired=3, customer_damaged=2, defective=1,
    )  # fmt: skip
    assert all(story.expected[US][LAMP].get(state) for state in STATES)

    story.begin()  # sold out, and nobody knows when the rest comes
    last = world("place_order", sku=LAMP, quantity=38)["order"]
    story.leads_to(LAMP, earliest=UNKNOWN, fulfillable=0, pending_customer_order=40)

    story.begin()  # what was in question is settled
    world("cancel_order", order=last)
    world("arrive_transfer", transfer=moved["transfer"])
    world("lose_transfer", transfer=lost["transfer"])
    world("release", sku=LAMP, quantity=5)
    world("ship_removal", removal=removal)
    world("find", sku=LAMP, quantity=41)
    world("close_shipment", shipment=dated)
    world("cancel_plan", shipment=planned)
    world("receive", shipment=undated, sku=LAMP, quantity=7, disposition="EXPIRED")
    story.leads_to(
        LAMP, earliest=IMMEDIATELY,
        fulfillable=92, pending_customer_order=2, pending_transshipment=0, fc_processing=0, inbound_working=0,
        inbound_shipped=0, inbound_receiving=0, expired=10, researching_in_short_term=0,
        researching_in_mid_term=0, researching_in_long_term=0,
    )  # fmt: skip

    story.begin()  # sold abroad, too, from what is there and from what serves it
    world("create_item", sku=LAMP, title="Une lampe", marketplace=CA)
    world("add_stock", sku=LAMP, quantity=6, fc="YYZ4")
    world("place_order", sku=LAMP, quantity=1, marketplace=CA)
    world("ship", shipment=world("plan", sku=LAMP, quantity=2, fc="YYZ4")["shipment"])
    story.expected[CA] = {LAMP: {"fulfillable": 5, "pending_customer_order": 1, "inbound_shipped": 2}}
    story.agree()
    story.agree(CA)
    world("set_policy", remote_serving=True)
    story.expected[US][LAMP]["fulfillable"] = story.expected[CA][LAMP]["fulfillable"] = 97
    story.agree()
    story.agree(CA)

    [row, _] = story.cast.reports(OPEN_LISTINGS[0])[OPEN_LISTINGS[0]]
    assert (row["seller-sku"], row["quantity"], row["fulfillment-channel"]) == (LAMP, "", "AMAZON_NA")
    assert json_command(story.cast.server, "verify")["clean"]
