"""Issues: one meaning a row, told in the language that was asked for."""

from __future__ import annotations

import re
import string
from datetime import date

import pytest

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn.issues import FALLBACK, LANGUAGES, MEANINGS, error, locale_of, text, warning

US, DE, FR, JP, IT = "ATVPDKIKX0DER", "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "A1VC38T7YXB528", "APJ6JRA9NG5V4"
LOCALES = ("en_US", "de_DE", "fr_FR", "ja_JP")
CATEGORIES = {
    "INVALID_ATTRIBUTE", "MISSING_ATTRIBUTE", "INVALID_IMAGE", "MISSING_IMAGE", "INVALID_PRICE", "MISSING_PRICE",
    "DUPLICATE", "QUALIFICATION_REQUIRED",
}  # fmt: skip
ACTIONS = {"LISTING_SUPPRESSED", "ATTRIBUTE_SUPPRESSED", "CATALOG_ITEM_REMOVED", "SEARCH_SUPPRESSED"}


def parameters_of(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_every_meaning_has_all_languages_with_the_same_parameters(meaning: str) -> None:
    row = MEANINGS[meaning]

    assert set(LOCALES) <= row.texts.keys()
    assert len({frozenset(parameters_of(template)) for template in row.texts.values()}) == 1
    assert set(row.categories) <= CATEGORIES
    assert row.categories
    assert set(row.enforcements) <= ACTIONS


def test_codes_are_the_known_ones_or_of_our_own_range() -> None:
    known = {"90220", "90000900", "99022", "4000001", "8560", "13013", "4005015"}

    strangers = {row.code for row in MEANINGS.values()} - known

    assert strangers
    assert all(re.fullmatch(r"EP\d{4}", code) for code in strangers)


def test_an_issue_speaks_the_language_asked_for_and_english_where_it_has_none() -> None:
    found = error("attributes_invalid", "fake_attribute")

    assert text(found, "en_US") == "The attributes are invalid."
    assert text(found, "de_DE") == "Die Attribute sind ungültig."
    assert text(found, "fr_CA") == text(found, "fr_FR") == "Les attributs ne sont pas valides."
    assert text(found, "ja_JP") == "属性が無効です。"
    assert text(found, "it_IT") == text(found, "") == "The attributes are invalid."
    assert str(found) == "The attributes are invalid."


@pytest.mark.parametrize(
    ("asked", "marketplace", "locale"),
    [
        ("de_DE", US, "de_DE"),
        ("de-DE", US, "de_DE"),
        ("DE-de", US, "de_DE"),
        ("fr", US, "fr"),
        (None, US, "en_US"),
        (None, DE, "de_DE"),
        (None, FR, "fr_FR"),
        (None, JP, "ja_JP"),
        (None, IT, "it_IT"),
        ("", DE, "de_DE"),
        (None, "nowhere", FALLBACK),
    ],
)
def test_the_locale_is_the_one_asked_for_or_that_of_the_first_marketplace(
    asked: str | None, marketplace: str, locale: str
) -> None:
    assert locale_of(asked, marketplace) == locale


def test_every_country_has_a_language() -> None:
    assert {marketplace.country for marketplace in MARKETPLACES.values()} == LANGUAGES.keys()


def test_a_missing_value_is_told_with_the_words_that_sellers_know() -> None:
    assert str(error("missing", "x", member="x")) == "'x' is required but not supplied."
    assert str(error("too_few", "a", member="f", attribute="a")) == (
        "The field 'f' for the attribute 'a' does not have enough values. The required minimum is '1' value(s)."
    )


def test_what_only_warns_enforces_nothing() -> None:
    assert error("missing", member="x").enforcements == ("ATTRIBUTE_SUPPRESSED",)
    assert warning("missing", member="x").enforcements == ()


def test_a_value_that_no_answer_can_spell_is_shown_all_the_same() -> None:
    found = error("value_invalid", member="m", value="\ud800\0{x}" + "9" * 1000, expected=date(2026, 1, 1))

    assert str(found).startswith("The value '??{x}999")
    assert len(str(found)) < 200
