"""The guide's matrix: every cell, and the hosts."""

from __future__ import annotations

import pytest

from entrepot.api.aim.availability import COLUMNS, HOSTS, MATRIX, available, marketplace_of, served
from entrepot.api.http import Request

EVERYWHERE = {"US", "CA", "JP", "UK", "DE", "FR", "SELLER_CENTRAL"}
MARKETPLACES = EVERYWHERE - {"SELLER_CENTRAL"}
# The rows that are not x everywhere, from the tables of the guide.
WHERE = {
    "UploadFor:MarketplaceOnly": MARKETPLACES,
    "UploadFor:Marketplace": MARKETPLACES,
    "UploadFor:zShop": {"US", "UK", "DE", "FR"},
    "FileFormat:UIEE": MARKETPLACES,
    "enable-expedited-shipping": MARKETPLACES,
    "AsinMatchCreate": MARKETPLACES,
    "Asinate": {"US", "CA", "UK"},
    "email": MARKETPLACES,
    "quickfix": MARKETPLACES,
    "generate:OrderReport": {"SELLER_CENTRAL"},
    "status:OrderReport": {"SELLER_CENTRAL"},
    "download:OrderReport": {"SELLER_CENTRAL"},
    "download:Preorder": MARKETPLACES,
}


@pytest.mark.parametrize("feature", MATRIX)
def test_a_feature_is_there_where_the_guide_has_it(feature: str) -> None:
    found = {column for column in COLUMNS if MATRIX[feature][column] == "x"}

    assert found == WHERE.get(feature, EVERYWHERE)
    assert set(MATRIX[feature]) == set(COLUMNS)


def test_every_row_that_is_special_is_in_the_table() -> None:
    assert set(WHERE) <= set(MATRIX)


@pytest.mark.parametrize("code", ["CA", "JP"])
def test_seller_central_was_not_yet_supported_in_canada_and_japan(code: str) -> None:
    assert served(code, "MARKETPLACE")
    assert not served(code, "SELLER_CENTRAL")
    assert not available("FileFormat:TabDelimited", code, "SELLER_CENTRAL")


def test_what_the_guide_does_not_know_is_not_available() -> None:
    assert not available("generate:SoldListings", "US", "MARKETPLACE")
    assert not available("FileFormat:TabDelimited", "IT", "MARKETPLACE")


@pytest.mark.parametrize(("host", "code"), HOSTS.items())
def test_a_host_of_aim_names_its_marketplace(host: str, code: str) -> None:
    for spelling in (host, host.upper(), f"{host}:443", f"{host}."):
        found = marketplace_of(Request("GET", "/", "", {"host": spelling}).host)
        assert found is not None
        assert found.code == code


@pytest.mark.parametrize("host", ["", "127.0.0.1:8700", "amazon.com", "[::1]:80", "secure.amazon.com.example"])
def test_another_host_names_none(host: str) -> None:
    assert marketplace_of(Request("GET", "/", "", {"host": host} if host else {}).host) is None
