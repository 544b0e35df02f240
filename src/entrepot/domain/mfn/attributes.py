"""The attributes of a listing: their names, what tells their instances apart, and what each of these may say.

An attribute is a list of instances; its *selectors* say which instance is which. Source: the product type definitions
(selectors, fields, bounds).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from entrepot.domain.conditions import CONDITIONS
from entrepot.domain.ledger import QUANTITY_MAX
from entrepot.domain.mfn.shapes import ANYTHING, Each, Fields, Flag, Instant, Price, Shape, Text, Whole
from entrepot.domain.papers import Instance

AVAILABILITY: Final = "fulfillment_availability"
OFFER: Final = "purchasable_offer"
ASIN_ATTRIBUTE: Final = "merchant_suggested_asin"
ID_ATTRIBUTES: Final = ("externally_assigned_product_identifier", "supplier_declared_external_product_id")
CHANNEL: Final = "fulfillment_channel_code"
ALL: Final = "ALL"

LEAD_TIME, LEAD_DAYS_MAX = "lead_time_to_ship_max_days", 30
# The warehouse's channel in each region.
FBA_CHANNELS: Final[dict[str, str]] = {"NA": "AMAZON_NA", "EU": "AMAZON_EU", "FE": "AMAZON_JP"}

_PLACE: Final = ("marketplace_id",)
_PLACE_AND_LANGUAGE: Final = ("marketplace_id", "language_tag")
SELECTORS: Final[dict[str, tuple[str, ...]]] = {
    AVAILABILITY: (CHANNEL,),
    OFFER: ("marketplace_id", "currency", "audience"),
    "condition_type": _PLACE,
    "condition_note": _PLACE_AND_LANGUAGE,
    "list_price": ("marketplace_id", "currency"),
    ASIN_ATTRIBUTE: ("marketplace_id", "value"),
    **dict.fromkeys(ID_ATTRIBUTES, ("marketplace_id", "type", "value")),
    "skip_offer": _PLACE,
    "merchant_shipping_group": _PLACE,
    "product_tax_code": _PLACE,
    "max_order_quantity": _PLACE,
    "gift_options": _PLACE,
    "merchant_release_date": _PLACE,
    "package_contains_sku": ("marketplace_id", "sku"),
    "item_name": _PLACE_AND_LANGUAGE,
    "brand": _PLACE_AND_LANGUAGE,
    "bullet_point": _PLACE_AND_LANGUAGE,
    "product_description": _PLACE_AND_LANGUAGE,
    "manufacturer": _PLACE_AND_LANGUAGE,
    "main_product_image_locator": _PLACE,
}
# An attribute that is not in the table is told apart by those of these that its instances have.
_USUAL_SELECTORS: Final = _PLACE_AND_LANGUAGE

# What a PUT that leaves it out does not take away.
SALES_TERMS: Final = frozenset(
    (
        OFFER, AVAILABILITY, "condition_type", "condition_note", "list_price", "product_tax_code",
        "merchant_release_date", "merchant_shipping_group", "max_order_quantity", "gift_options",
    )
)  # fmt: skip
MERGEABLE: Final = (AVAILABILITY, OFFER)

_TEXT: Final = Text(1000)
_PRICE: Final = Price()
_FLAG: Final = Flag()
_INSTANT: Final = Instant()
_WHERE: Final[dict[str, Shape]] = {"marketplace_id": _TEXT}
_WHERE_AND_LANGUAGE: Final[dict[str, Shape]] = {**_WHERE, "language_tag": Text(35)}


def _schedule(required: tuple[str, ...], members: Mapping[str, Shape]) -> Shape:
    return Each(Fields({"schedule": Each(Fields(members, required))}, ("schedule",)))


def _worth(shape: Shape) -> Fields:
    return Fields({**_WHERE_AND_LANGUAGE, "value": shape}, ("value",), closed=False)


_AMOUNT: Final = _schedule(("value_with_tax",), {"value_with_tax": _PRICE})
_WITHIN: Final[dict[str, Shape]] = {"start_at": _INSTANT, "end_at": _INSTANT, "value_with_tax": _PRICE}
_LEVEL: Final = Fields({"lower_bound": Whole(1, QUANTITY_MAX), "value": _PRICE}, ("lower_bound", "value"))
_PLAN: Final[dict[str, Shape]] = {"discount_type": Text(choices=("fixed", "percent")), "levels": Each(_LEVEL, 5)}

# The fields of the two attributes that may be merged, as the product type definitions have them. Answers add the
# marketplace to `fulfillment_availability`, so who sends back what he read sends it too.
AVAILABILITY_FIELDS: Final = Fields(
    {
        CHANNEL: _TEXT,
        "quantity": Whole(0, QUANTITY_MAX),
        LEAD_TIME: Whole(0, LEAD_DAYS_MAX),
        "restock_date": _INSTANT,
        "is_inventory_available": _FLAG,
        "marketplace_id": _TEXT,
    },
    (CHANNEL,),
)
OFFER_FIELDS: Final = Fields(
    {
        "marketplace_id": _TEXT,
        "currency": _TEXT,
        "audience": Text(choices=(ALL, "B2B")),
        "our_price": _AMOUNT,
        "discounted_price": _schedule(("start_at", "end_at", "value_with_tax"), _WITHIN),
        "minimum_seller_allowed_price": _AMOUNT,
        "maximum_seller_allowed_price": _AMOUNT,
        "map_price": _AMOUNT,
        "start_at": Fields({"value": _INSTANT}),
        "end_at": Fields({"value": _INSTANT}),
        "quantity_discount_plan": _schedule(("discount_type", "levels"), _PLAN),
        "automated_pricing_merchandising_rule_plan": ANYTHING,
    }
)
_PRODUCT_ID: Final = Fields({**_WHERE, "type": Text(20), "value": Text(20)}, ("type", "value"), closed=False)
SHAPES: Final[dict[str, Fields]] = {
    AVAILABILITY: AVAILABILITY_FIELDS,
    OFFER: OFFER_FIELDS,
    "condition_type": _worth(Text(choices=tuple(c.listing for c in CONDITIONS if c.listing))),
    "condition_note": _worth(Text(2204)),
    "list_price": Fields({**_WHERE, "currency": _TEXT, "value": _PRICE, "value_with_tax": _PRICE}, closed=False),
    ASIN_ATTRIBUTE: _worth(Text(10, shortest=10)),
    **dict.fromkeys(ID_ATTRIBUTES, _PRODUCT_ID),
    "skip_offer": _worth(_FLAG),
    "merchant_shipping_group": _worth(_TEXT),
    "product_tax_code": _worth(_TEXT),
    "max_order_quantity": _worth(Whole(1, QUANTITY_MAX)),
    "merchant_release_date": _worth(_INSTANT),
    "package_contains_sku": Fields(
        {**_WHERE, "sku": Text(40), "quantity": Whole(1, 250)}, ("sku", "quantity"), closed=False
    ),
    "item_name": _worth(Text(200)),
    "brand": _worth(_TEXT),
    "bullet_point": _worth(_TEXT),
    "product_description": _worth(ANYTHING),
    "manufacturer": _worth(_TEXT),
}
# Of any other attribute only the selectors are looked at.
_ANY_SHAPE: Final = Fields(_WHERE_AND_LANGUAGE, closed=False)


def shape_of(name: str) -> Fields:
    return SHAPES.get(name, _ANY_SHAPE)


def selectors_of(name: str, instances: Iterable[Instance]) -> tuple[str, ...]:
    known = SELECTORS.get(name)
    if known is not None:
        return known
    there = {member for instance in instances for member in instance}
    return tuple(selector for selector in _USUAL_SELECTORS if selector in there)


def offer_key(instance: Instance) -> str:
    """Under what a purchasable offer is stored."""
    return f"{instance['marketplace_id']}|{instance['currency']}|{instance['audience']}"


def is_fba(channel: str) -> bool:
    return channel in FBA_CHANNELS.values()
