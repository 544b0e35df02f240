"""Fulfilment centres and the countries they lie in."""

from __future__ import annotations

import re

import pytest

from entrepot.domain.errors import Invalid
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.places import AIRPORTS, DEFAULT_CENTRES, country_of


@pytest.mark.parametrize(
    ("centre", "country"),
    [("PHX6", "US"), ("LEJ1", "DE"), ("JFK8", "US"), ("YYZ4", "CA"), ("BHX4", "GB"), ("NRT5", "JP"), ("SDF99", "US")],
)
def test_a_centre_lies_in_the_country_of_its_airport(centre: str, country: str) -> None:
    assert country_of(centre) == country


@pytest.mark.parametrize("centre", ["", "PHX", "PHX123", "phx6", "PHX6 ", "ZZZ1", "6PHX", "PHX٣", "PHX6\n"], ids=repr)
def test_what_is_no_centre_is_invalid(centre: str) -> None:
    with pytest.raises(Invalid) as refused:
        country_of(centre)

    assert refused.value.field == "fc"


def test_every_marketplace_has_a_default_centre_in_its_own_country() -> None:
    countries = {marketplace.country for marketplace in MARKETPLACES.values()}

    assert set(DEFAULT_CENTRES) == countries
    assert all(country_of(centre) == country for country, centre in DEFAULT_CENTRES.items())


def test_airports_have_three_letters_and_lie_in_countries_with_a_marketplace() -> None:
    assert all(re.fullmatch("[A-Z]{3}", airport) for airport in AIRPORTS)
    assert set(AIRPORTS.values()) == set(DEFAULT_CENTRES)
