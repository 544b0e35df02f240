"""The sections of MWS that are here, their namespaces, and the hosts by which MWS was called.

Sources: MWS reference §1.8 and §2, `contracts/mws/endpoints.json`: Developer Guide, "Amazon MWS endpoints and
MarketplaceId values", Amazon's Java library for the older hosts and for China, live answers for the namespaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Section:
    """One section in one version; `namespace` is that of its answers and of its own errors."""

    name: str
    version: str
    namespace: str

    @property
    def title(self) -> str:
        return f"{self.name}/{self.version}"

    @property
    def path(self) -> str:
        return f"/{self.title}"

    @property
    def oldest(self) -> bool:
        """Whether it was there when MWS began; Amazon's libraries for these need more of an answer than others do."""
        return self.version == "2009-01-01"

    @property
    def gateway_namespace(self) -> str:
        """Where errors live that are answered before the section is asked."""
        return self.namespace if self.oldest else f"{GATEWAY}{self.title}"


GATEWAY: Final = "https://mws.amazonservices.com/"

FULFILLMENT_INVENTORY: Final = Section(
    "FulfillmentInventory", "2010-10-01", "http://mws.amazonaws.com/FulfillmentInventory/2010-10-01/"
)
FEEDS: Final = Section("Feeds", "2009-01-01", "http://mws.amazonaws.com/doc/2009-01-01/")
REPORTS: Final = Section("Reports", "2009-01-01", "http://mws.amazonaws.com/doc/2009-01-01/")
SELLERS: Final = Section("Sellers", "2011-07-01", "https://mws.amazonservices.com/Sellers/2011-07-01")

# In this order an action of the path `/` is looked for; the first two share a version, and only GetServiceStatus.
SECTIONS: Final = (FULFILLMENT_INVENTORY, FEEDS, REPORTS, SELLERS)

_EUROPE: Final = ("UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE", "TR", "EG", "SA")

# Host → the codes of the marketplaces that it serves. Ireland opened later than the table; its sellers were Europe's.
HOSTS: Final[dict[str, tuple[str, ...]]] = {
    "mws.amazonservices.com": ("US", "BR"),
    "mws.amazonservices.ca": ("CA",),
    "mws.amazonservices.com.mx": ("MX",),
    "mws-eu.amazonservices.com": _EUROPE,
    "mws.amazonservices.ae": ("AE",),
    "mws.amazonservices.in": ("IN",),
    "mws.amazonservices.jp": ("JP",),
    "mws.amazonservices.com.au": ("AU",),
    "mws-fe.amazonservices.com": ("SG",),
    "mws.amazonservices.com.cn": (),  # no marketplace of ours
    # Before the endpoints of the regions:
    "mws.amazonaws.com": ("US",),
    "mws.amazonservices.co.uk": _EUROPE,
    "mws.amazonservices.de": _EUROPE,
    "mws.amazonservices.fr": _EUROPE,
    "mws.amazonservices.it": _EUROPE,
}
