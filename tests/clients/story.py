"""The story that every client tells, as values: what happens to one SKU, and what every number must say after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

US, GERMANY = "ATVPDKIKX0DER", "A1PA6795UKMFR9"
SKU = "KETTLE-1.7L"
ADDED = 25

Numbers = dict[str, int]

NOTHING: Numbers = dict.fromkeys(
    [
        "totalQuantity",
        "fulfillableQuantity",
        "inboundWorkingQuantity",
        "inboundShippedQuantity",
        "inboundReceivingQuantity",
        "totalReservedQuantity",
        "pendingCustomerOrderQuantity",
        "pendingTransshipmentQuantity",
        "fcProcessingQuantity",
        "totalResearchingQuantity",
        "researchingQuantityInShortTerm",
        "researchingQuantityInMidTerm",
        "researchingQuantityInLongTerm",
        "totalUnfulfillableQuantity",
        "customerDamagedQuantity",
        "warehouseDamagedQuantity",
        "distributorDamagedQuantity",
        "carrierDamagedQuantity",
        "defectiveQuantity",
        "expiredQuantity",
    ],
    0,
)


def numbers(summary: Mapping[str, Any]) -> Numbers:
    """Every quantity of a summary, by its name in the model; `futureSupplyQuantity`, which no model has, left out."""
    found: Numbers = {}
    for name, value in summary.items():
        if name == "futureSupplyQuantity":
            continue
        if name == "researchingQuantityBreakdown":
            found.update({entry["name"]: entry["quantity"] for entry in value})
        elif isinstance(value, Mapping):
            found.update(numbers(value))
        elif isinstance(value, int):
            found[name] = value
    return found


@dataclass(frozen=True)
class Step:
    """A verb of the world, and the numbers after it (those not named are 0)."""

    verb: str
    arguments: dict[str, Any] = field(default_factory=dict)
    after: Numbers = field(default_factory=dict)


# Told of one order of 3 units: an argument `order` is filled in.
STEPS = (
    Step(
        "place_order",
        {"sku": SKU, "quantity": 3},
        {
            "totalQuantity": 25,
            "fulfillableQuantity": 22,
            "totalReservedQuantity": 3,
            "pendingCustomerOrderQuantity": 3,
        },
    ),
    Step(
        "ship_order",
        {"quantity": 2},
        {
            "totalQuantity": 23,
            "fulfillableQuantity": 22,
            "totalReservedQuantity": 1,
            "pendingCustomerOrderQuantity": 1,
        },
    ),
    Step(
        "return_unit",
        {"quantity": 1, "disposition": "CUSTOMER_DAMAGED"},
        {
            "totalQuantity": 24,
            "fulfillableQuantity": 22,
            "totalReservedQuantity": 1,
            "pendingCustomerOrderQuantity": 1,
            "totalUnfulfillableQuantity": 1,
            "customerDamagedQuantity": 1,
        },
    ),
    Step(
        "return_unit",
        {"quantity": 1},
        {
            "totalQuantity": 25,
            "fulfillableQuantity": 23,
            "totalReservedQuantity": 1,
            "pendingCustomerOrderQuantity": 1,
            "totalUnfulfillableQuantity": 1,
            "customerDamagedQuantity": 1,
        },
    ),
    Step(
        "cancel_order",
        {},
        {
            "totalQuantity": 25,
            "fulfillableQuantity": 24,
            "totalUnfulfillableQuantity": 1,
            "customerDamagedQuantity": 1,
        },
    ),
)


@dataclass
class Teller:
    """Lets the steps happen in a seller's world."""

    server: Any
    seller_id: str
    order: str | None = None

    def tell(self, step: Step) -> None:
        order = {} if self.order is None else {"order": self.order}
        answer = self.server.world(step.verb, seller=self.seller_id, **step.arguments, **order)
        self.order = answer["order"]


# 120 SKUs, in the order that the API must give them: by code point.
MANY = sorted([f"sku-{number}" for number in range(60)] + [f"SKU-{number:03}" for number in range(59)] + ["Ägypten"])

# As people really name their goods. (`..` is taken out of a path by many clients themselves.)
# A comma can be told apart in `sellerSku` only.
WEIRD = ["S/1 b%2F#+ä", "100%", "'single' \"double\"", "😀👍🏽", "x" * 40, "a&b=c?d;e", "new\\line"]
WITH_COMMA = "a,b"
