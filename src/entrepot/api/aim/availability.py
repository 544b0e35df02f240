"""What is available where: the guide's matrix, and which region and platform a request is about.

Sources: 2007 guide §2, §3 (the tables), AIM reference §2 (the cells one by one, and how ambiguous rows are read).
Enforced with strict fidelity only. Three rows are not as printed: the flag BatchID is n/a everywhere in the guide,
whose own table of answers contradicts it, and clients of all regions read batch ids back; OrderReport can be asked for
its status wherever it can be generated, and BatchRefund be generated, as the text of §4.2 says (tables forget both).
"""

from __future__ import annotations

from typing import Final

from entrepot.domain.marketplaces import Marketplace, named

# Hosts, without their prefix → the code of the marketplace. The platform is the account's, not the host's.
HOSTS: Final[dict[str, str]] = {
    "secure.amazon.com": "US",
    "secure.amazon.ca": "CA",
    "secure.amazon.fr": "FR",
    "secure.amazon.de": "DE",
    "secure.amazon.co.uk": "UK",
    "vendornet.amazon.co.jp": "JP",
    "merchant-query.amazon.com": "US",
    "merchant-query.amazon.fr": "FR",
    "merchant-query.amazon.de": "DE",
    "merchant-query.amazon.co.uk": "UK",
}

# Regions where Seller Central is "not yet supported" have no column for it.
COLUMNS: Final = ("US", "CA", "JP", "UK", "DE", "FR", "SELLER_CENTRAL")
NO_SELLER_CENTRAL: Final = ("CA", "JP")

# x: available, -: n/a, F: "Future Support".
_MATRIX: Final = """
    feature                      US CA JP UK DE FR SELLER_CENTRAL
    UploadFor:MarketplaceOnly    x  x  x  x  x  x  -
    UploadFor:Marketplace        x  x  x  x  x  x  -
    UploadFor:zShop              x  -  -  x  x  x  -
    FileFormat:UIEE              x  x  x  x  x  x  F
    FileFormat:TabDelimited      x  x  x  x  x  x  x
    FileFormat:TabDelimitedBooks x  x  x  x  x  x  x
    enable-expedited-shipping    x  x  x  x  x  x  -
    AsinMatchCreate              x  x  x  x  x  x  -
    Asinate                      x  x  -  x  -  -  -
    email                        x  x  x  x  x  x  -
    BatchID                      x  x  x  x  x  x  x
    errorlog                     x  x  x  x  x  x  x
    quickfix                     x  x  x  x  x  x  F
    generate:Order               x  x  x  x  x  x  x
    generate:OrderReport         -  -  -  -  -  -  x
    generate:BatchRefund         x  x  x  x  x  x  x
    generate:OpenListings        x  x  x  x  x  x  x
    generate:OpenListingsLite    x  x  x  x  x  x  x
    generate:OpenListingsLiter   x  x  x  x  x  x  x
    status:Order                 x  x  x  x  x  x  x
    status:OrderReport           -  -  -  -  -  -  x
    status:Preorder              x  x  x  x  x  x  x
    status:BatchRefund           x  x  x  x  x  x  x
    status:OpenListings          x  x  x  x  x  x  x
    status:OpenListingsLite      x  x  x  x  x  x  x
    status:OpenListingsLiter     x  x  x  x  x  x  x
    download:Order               x  x  x  x  x  x  x
    download:OrderReport         -  -  -  -  -  -  x
    download:Preorder            x  x  x  x  x  x  F
    download:BatchRefund         x  x  x  x  x  x  x
    download:OpenListings        x  x  x  x  x  x  x
    download:OpenListingsLite    x  x  x  x  x  x  x
    download:OpenListingsLiter   x  x  x  x  x  x  x
"""
_ROWS: Final = [line.split() for line in _MATRIX.strip().splitlines()]
MATRIX: Final[dict[str, dict[str, str]]] = {
    feature: dict(zip(_ROWS[0][1:], cells, strict=True)) for feature, *cells in _ROWS[1:]
}


def marketplace_of(host: str) -> Marketplace | None:
    """The marketplace whose AIM host this is, or None for any other host."""
    code = HOSTS.get(host)
    return None if code is None else named(code)


def served(code: str, platform: str) -> bool:
    """Whether there was AIM for this marketplace and platform at all."""
    return code in COLUMNS and not (platform == "SELLER_CENTRAL" and code in NO_SELLER_CENTRAL)


def available(feature: str, code: str, platform: str) -> bool:
    """Whether the guide has this feature for the marketplace and platform; not for what it does not know."""
    column = "SELLER_CENTRAL" if platform == "SELLER_CENTRAL" else code
    return served(code, platform) and MATRIX.get(feature, {}).get(column) == "x"
