"""The closed list of carriers."""

from __future__ import annotations

import pytest

from entrepot.domain.carriers import CARRIERS, OTHER, carrier


def test_the_list_has_the_222_carriers_that_amazon_published() -> None:
    assert len(CARRIERS) == len(set(CARRIERS)) == 222
    assert OTHER in CARRIERS


@pytest.mark.parametrize("name", CARRIERS)
def test_every_carrier_is_known_as_it_is_listed(name: str) -> None:
    assert carrier(name) == name


@pytest.mark.parametrize(
    ("name", "listed"), [("usps", "USPS"), ("FEDEX", "FedEx"), ("other", "Other"), ("sendlE", "Sendle")]
)
def test_a_carrier_in_another_case_is_found_as_it_is_listed(name: str, listed: str) -> None:
    assert carrier(name) == listed


@pytest.mark.parametrize("name", ["", "US PS", "Pony Express", "USPS "])
def test_another_name_is_not_on_the_list(name: str) -> None:
    assert carrier(name) is None
