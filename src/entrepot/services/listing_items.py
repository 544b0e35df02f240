"""A listing as the model Listings Items 2021-08-01 shows it, in answers and in the reports of files that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from entrepot.domain.mfn import live
from entrepot.domain.mfn.issues import Issue as Finding
from entrepot.domain.mfn.issues import text
from entrepot.services.listings import View


class Image(msgspec.Struct):
    link: str
    height: int
    width: int


class Summary(msgspec.Struct, omit_defaults=True):
    marketplaceId: str
    productType: str
    status: Sequence[str]
    createdDate: datetime
    lastUpdatedDate: datetime
    asin: str | None = None
    conditionType: str | None = None
    fnSku: str | None = None
    itemName: str | None = None
    mainImage: Image | None = None


class Action(msgspec.Struct):
    action: str


class Exemption(msgspec.Struct):
    status: str = "NOT_EXEMPT"


class Enforcements(msgspec.Struct):
    actions: list[Action]
    exemption: Exemption


class Issue(msgspec.Struct, omit_defaults=True):
    code: str
    message: str
    severity: str
    categories: Sequence[str]
    attributeNames: Sequence[str] = ()
    enforcements: Enforcements | None = None
    marketplaceIds: Sequence[str] = ()


class Money(msgspec.Struct):
    currencyCode: str
    amount: str


class Audience(msgspec.Struct):
    value: str
    displayName: str


class Offer(msgspec.Struct):
    marketplaceId: str
    offerType: str
    price: Money
    audience: Audience


class Availability(msgspec.Struct, omit_defaults=True):
    fulfillmentChannelCode: str
    quantity: int | None = None


class Relationships(msgspec.Struct):
    marketplaceId: str
    relationships: Sequence[Any]


class ProductType(msgspec.Struct):
    marketplaceId: str
    productType: str


class Item(msgspec.Struct, omit_defaults=True):
    sku: str
    summaries: list[Summary] | None = None
    attributes: dict[str, Any] | None = None
    issues: list[Issue] | None = None
    offers: list[Offer] | None = None
    fulfillmentAvailability: list[Availability] | None = None
    procurement: list[Any] | None = None
    relationships: list[Relationships] | None = None
    productTypes: list[ProductType] | None = None


def issues_shown(findings: Sequence[Finding], locale: str, marketplaces: bool = False) -> list[Issue]:
    """Issues as the model has them; those of a submission name no marketplaces."""
    return [
        Issue(
            found.code,
            text(found, locale),
            found.severity,
            found.categories,
            found.attribute_names,
            Enforcements([Action(action) for action in found.enforcements], Exemption())
            if found.enforcements
            else None,
            found.marketplace_ids if marketplaces else (),
        )
        for found in findings
    ]


def item_shown(view: View, included: Sequence[str], locale: str) -> Item:
    """The data sets asked for."""
    item = Item(view.sku)
    for name in included:
        setattr(item, name, _DATA_SETS[name](view, locale))
    return item


def _summaries(view: View, locale: str) -> list[Summary]:
    return [
        Summary(
            one.marketplace_id,
            one.product_type,
            one.status,
            one.created_at,
            one.updated_at,
            one.asin or None,
            one.condition_type or None,
            one.fnsku or None,
            one.item_name or None,
            Image(one.main_image.link, one.main_image.height, one.main_image.width) if one.main_image else None,
        )
        for one in live.summaries(view.state, view.marketplaces)
    ]


def _offers(view: View, locale: str) -> list[Offer]:
    return [
        Offer(
            one.marketplace_id,
            one.offer_type,
            Money(one.currency, one.amount),
            Audience(one.audience, AUDIENCES[one.offer_type]),
        )
        for one in live.offers(view.state, view.marketplaces)
    ]


# The model's example names the first; the second is Amazon's name of its shop for companies.
AUDIENCES: Final = {"B2C": "Sell on Amazon", "B2B": "Amazon Business"}

_DATA_SETS: Final[dict[str, Callable[[View, str], Any]]] = {
    "summaries": _summaries,
    "attributes": lambda view, locale: live.attributes(view.state, view.marketplaces),
    "issues": lambda view, locale: issues_shown(live.issues(view.state, view.marketplaces), locale, marketplaces=True),
    "offers": _offers,
    "fulfillmentAvailability": lambda view, locale: [
        Availability(one.channel, one.quantity) for one in live.fulfillment_availability(view.state)
    ],
    "procurement": lambda view, locale: [],  # of vendors only
    "relationships": lambda view, locale: [
        Relationships(one.marketplace_id, one.relationships)
        for one in live.relationships(view.state, view.marketplaces)
    ],
    "productTypes": lambda view, locale: [
        ProductType(one.marketplace_id, one.product_type) for one in live.product_types(view.state, view.marketplaces)
    ],
}
# What may be asked for, in the order of the model.
INCLUDED_DATA: Final = tuple(_DATA_SETS)
