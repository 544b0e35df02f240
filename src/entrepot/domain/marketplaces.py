"""The marketplaces: which there are, and what is fixed about each. Refuses to know sellers and hosts.

A marketplace's *code* is Amazon's short name (`UK`), its *country* the ISO 3166 code (`GB`); they differ only there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Region = Literal["NA", "EU", "FE"]


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace; `currency` is an ISO 4217 code, `zone` an IANA time zone, `site` the
    end of its domain name."""

    code: str
    id: str
    country: str
    currency: str
    zone: str
    region: Region
    site: str


_TABLE = (
    Marketplace("US", "ATVPDKIKX0DER", "US", "USD", "America/Los_Angeles", "NA", "com"),
    Marketplace("CA", "A2EUQ1WTGCTBG2", "CA", "CAD", "America/Los_Angeles", "NA", "ca"),
    Marketplace("MX", "A1AM78C64UM0Y8", "MX", "MXN", "America/Los_Angeles", "NA", "com.mx"),
    Marketplace("BR", "A2Q3Y263D00KWC", "BR", "BRL", "America/Sao_Paulo", "NA", "com.br"),
    Marketplace("UK", "A1F83G8C2ARO7P", "GB", "GBP", "Europe/London", "EU", "co.uk"),
    Marketplace("DE", "A1PA6795UKMFR9", "DE", "EUR", "Europe/Berlin", "EU", "de"),
    Marketplace("FR", "A13V1IB3VIYZZH", "FR", "EUR", "Europe/Paris", "EU", "fr"),
    Marketplace("IT", "APJ6JRA9NG5V4", "IT", "EUR", "Europe/Rome", "EU", "it"),
    Marketplace("ES", "A1RKKUPIHCS9HS", "ES", "EUR", "Europe/Madrid", "EU", "es"),
    Marketplace("NL", "A1805IZSGTT6HS", "NL", "EUR", "Europe/Amsterdam", "EU", "nl"),
    Marketplace("BE", "AMEN7PMS3EDWL", "BE", "EUR", "Europe/Brussels", "EU", "com.be"),
    Marketplace("IE", "A28R8C7NBKEWEA", "IE", "EUR", "Europe/Dublin", "EU", "ie"),
    Marketplace("SE", "A2NODRKZP88ZB9", "SE", "SEK", "Europe/Stockholm", "EU", "se"),
    Marketplace("PL", "A1C3SOZRARQ6R3", "PL", "PLN", "Europe/Warsaw", "EU", "pl"),
    Marketplace("TR", "A33AVAJ2PDY3EV", "TR", "TRY", "Europe/Istanbul", "EU", "com.tr"),
    Marketplace("ZA", "AE08WJ6YKNBMC", "ZA", "ZAR", "Africa/Johannesburg", "EU", "co.za"),
    Marketplace("EG", "ARBP9OOSHTCHU", "EG", "EGP", "Africa/Cairo", "EU", "eg"),
    Marketplace("SA", "A17E79C6D8DWNP", "SA", "SAR", "Asia/Riyadh", "EU", "sa"),
    Marketplace("AE", "A2VIGQ35RCS4UG", "AE", "AED", "Asia/Dubai", "EU", "ae"),
    Marketplace("IN", "A21TJRUUN4KGV", "IN", "INR", "Asia/Kolkata", "EU", "in"),
    Marketplace("JP", "A1VC38T7YXB528", "JP", "JPY", "Asia/Tokyo", "FE", "co.jp"),
    Marketplace("AU", "A39IBJ37TRP1C6", "AU", "AUD", "Australia/Sydney", "FE", "com.au"),
    Marketplace("SG", "A19VAU5U5O7RUS", "SG", "SGD", "Asia/Singapore", "FE", "sg"),
)

MARKETPLACES: dict[str, Marketplace] = {marketplace.id: marketplace for marketplace in _TABLE}

_BY_SHORT_NAME = {name: marketplace for marketplace in _TABLE for name in (marketplace.code, marketplace.country)}


def by_id(marketplace_id: str) -> Marketplace | None:
    """The marketplace with this id, or None."""
    return MARKETPLACES.get(marketplace_id)


def named(name: str) -> Marketplace | None:
    """The marketplace a person means by an id, a code or a country code, in either case; or None."""
    key = name.strip().upper()
    return MARKETPLACES.get(key) or _BY_SHORT_NAME.get(key)


def in_region(region: str) -> tuple[Marketplace, ...]:
    """The region's marketplaces, in the order of the table; none for an unknown region."""
    return tuple(marketplace for marketplace in _TABLE if marketplace.region == region)
