"""What a new seller or application may be called, and where it may be at home. Everything here raises Invalid."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from entrepot.domain import identifiers
from entrepot.domain.errors import Invalid
from entrepot.domain.marketplaces import Marketplace, named


def one_region(names: Sequence[str]) -> tuple[str, list[str]]:
    """The region and the ids of these marketplaces, each once. Raises Invalid."""
    found: dict[str, Marketplace] = {}
    for name in names:
        marketplace = named(name)
        if marketplace is None:
            raise Invalid("marketplaces", f"'{name}' is not a marketplace id or country code")
        found[marketplace.id] = marketplace
    regions = {marketplace.region for marketplace in found.values()}
    if len(regions) > 1:
        raise Invalid("marketplaces", f"one seller sells in one region, not in {' and '.join(sorted(regions))}")
    return regions.pop(), list(found)


def checked_email(email: str) -> str:
    email = email.strip()
    user, at, host = email.rpartition("@")
    # A colon would end the user name of HTTP Basic authentication.
    if not (user and at and host) or len(email) > 254 or not email.isprintable() or set(email) & set(" :"):
        raise Invalid("email", "not an e-mail address")
    return email


def checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 200 or not name.isprintable():
        raise Invalid("name", "a name has 1 to 200 printable characters")
    return name


def checked_password(password: str) -> str:
    if not password:
        raise Invalid("password", "the password is empty")
    return password


def checked_fidelity(fidelity: str | None) -> str | None:
    if fidelity not in (None, "forgiving", "strict"):
        raise Invalid("fidelity", "fidelity is 'forgiving' or 'strict'")
    return fidelity


def checked_seller_id(seller_id: str) -> str:
    if not identifiers.SELLER_ID.fullmatch(seller_id):
        raise Invalid("seller_id", "a seller id is 'A' and 5 to 19 digits or upper-case letters")
    return seller_id


def check_redirect_uri(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        absolute = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.fragment
    except ValueError:
        absolute = False
    if not absolute or not uri.isprintable():
        raise Invalid("redirect_uris", f"'{uri}' is not an absolute http or https address")
