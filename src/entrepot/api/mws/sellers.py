"""Sellers 2011-07-01: where a seller sells. Many programs ask this first, to see whether their credentials work.

Source: MWS reference §8, a live answer, the section's pages (names and languages; those of marketplaces that opened
later are ours). At a host of Amazon's the seller sells in its region only; at any other, everywhere. Nobody's listings
are suspended here, and nobody has so many marketplaces that there were a second page.
"""

from __future__ import annotations

from typing import Final

from entrepot.api.http import Response
from entrepot.api.mws.lists import required
from entrepot.api.mws.operation import Call, MwsOperation, envelope, result_of
from entrepot.api.mws.sections import HOSTS, SELLERS
from entrepot.api.operation import Quota
from entrepot.domain.errors import StaleToken
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn.issues import language_of
from entrepot.wire import xml


async def list_marketplace_participations(call: Call) -> Response:
    result = result_of(call)
    participations, shops = xml.add(result, "ListParticipations"), xml.add(result, "ListMarketplaces")
    for marketplace in _marketplaces(call):
        _add_participation(participations, marketplace, call.seller_id)
        _add_marketplace(shops, marketplace)
    return envelope(call, result)


async def list_marketplace_participations_by_next_token(call: Call) -> Response:
    required(call, "NextToken")
    raise StaleToken("no list of marketplaces has another page")


def _marketplaces(call: Call) -> list[Marketplace]:
    own = [MARKETPLACES[one] for one in call.marketplaces]
    if call.request.host not in HOSTS:
        return own
    return [one for one in own if one.region == call.marketplace.region]


def _add_participation(parent: xml.Element, marketplace: Marketplace, seller_id: str) -> None:
    element = xml.add(parent, "Participation")
    xml.add(element, "MarketplaceId", marketplace.id)
    xml.add(element, "SellerId", seller_id)
    xml.add(element, "HasSellerSuspendedListings", "No")


def _add_marketplace(parent: xml.Element, marketplace: Marketplace) -> None:
    element = xml.add(parent, "Marketplace")
    xml.add(element, "MarketplaceId", marketplace.id)
    xml.add(element, "Name", f"Amazon.{marketplace.site}")
    xml.add(element, "DefaultCountryCode", marketplace.country)
    xml.add(element, "DefaultCurrencyCode", marketplace.currency)
    xml.add(element, "DefaultLanguageCode", language_of(marketplace.country))
    xml.add(element, "DomainName", f"www.amazon.{marketplace.site}")


_PLAN: Final = Quota(rate=1 / 60, burst=15)
_LIST: Final = "ListMarketplaceParticipations"

OPERATIONS: Final = (
    MwsOperation(SELLERS, _LIST, list_marketplace_participations, _PLAN, bucket=_LIST),
    MwsOperation(SELLERS, f"{_LIST}ByNextToken", list_marketplace_participations_by_next_token, _PLAN, bucket=_LIST),
)
