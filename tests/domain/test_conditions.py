"""Conditions: one pair, spelled by each door in its way."""

from __future__ import annotations

import pytest

from entrepot.domain.conditions import CONDITIONS, condition
from entrepot.domain.errors import Invalid


@pytest.mark.parametrize("name", ["NewItem", "new_new"])
def test_a_condition_is_known_by_either_spelling(name: str) -> None:
    assert condition(name).literal == "NewItem"


@pytest.mark.parametrize("name", ["", "new", "newitem", "11"])
def test_an_unknown_condition_is_invalid(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        condition(name)

    assert refused.value.field == "condition"


def test_no_two_conditions_share_a_spelling() -> None:
    literals = [c.literal for c in CONDITIONS]
    listings = [c.listing for c in CONDITIONS if c.listing]
    loaders = [c.loader for c in CONDITIONS if c.loader]

    assert all(len(names) == len(set(names)) for names in (literals, listings, loaders))


def test_the_numbers_of_the_loader_are_those_of_the_tab_delimited_files() -> None:
    assert {c.loader for c in CONDITIONS if c.loader} == {1, 2, 3, 4, 5, 6, 7, 8, 10, 11}


@pytest.mark.parametrize("name", [c.literal for c in CONDITIONS] + [c.listing for c in CONDITIONS if c.listing])
def test_every_spelling_leads_back_to_its_condition(name: str) -> None:
    assert name in (condition(name).literal, condition(name).listing)
