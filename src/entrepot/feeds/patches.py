"""What rows of the older files mean as patches of a listing: who fulfils, and at which price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from entrepot.domain.commands import Patch
from entrepot.domain.marketplaces import Marketplace
from entrepot.domain.mfn.attributes import ALL, AVAILABILITY, CHANNEL, FBA_CHANNELS, OFFER
from entrepot.feeds.flat_files import CLEARED

# Named as the place where an item lies, the warehouse fulfils.
WAREHOUSE: Final = ("AMAZON", *FBA_CHANNELS.values())
# What a row about a SKU that is not listed is told.
NOT_IN_CATALOG: Final = "13013"
NOT_IN_CATALOG_TEXT: Final = "This SKU does not exist in the catalog of this seller, so nothing was updated."


def offer_of(marketplace: Marketplace) -> dict[str, str]:
    """The offer that these files are about: that to everybody."""
    return {"marketplace_id": marketplace.id, "currency": marketplace.currency, "audience": ALL}


def to_warehouse(marketplace: Marketplace) -> Iterator[Patch]:
    """The warehouse fulfils from now on; what the seller has himself is not for sale any more."""
    yield Patch("delete", f"/attributes/{AVAILABILITY}")
    yield Patch("replace", f"/attributes/{AVAILABILITY}", [{CHANNEL: FBA_CHANNELS[marketplace.region]}])


def from_warehouse(channels: Sequence[str]) -> Iterator[Patch]:
    """The seller fulfils from now on."""
    warehouse = [{CHANNEL: channel} for channel in channels if channel in FBA_CHANNELS.values()]
    if warehouse:
        yield Patch("delete", f"/attributes/{AVAILABILITY}", warehouse)


def offer_patches(
    marketplace: Marketplace, price: Decimal | None, minimum: Decimal | None, maximum: Decimal | None
) -> Iterator[Patch]:
    """The prices that are given, in the offer to everybody; CLEARED takes a bound away."""
    prices = {"our_price": price, "minimum_seller_allowed_price": minimum, "maximum_seller_allowed_price": maximum}
    amounts = {
        name: None if amount == CLEARED else [{"schedule": [{"value_with_tax": float(amount)}]}]
        for name, amount in prices.items()
        if amount is not None
    }
    if amounts:
        yield Patch("merge", f"/attributes/{OFFER}", [{**offer_of(marketplace), **amounts}])
