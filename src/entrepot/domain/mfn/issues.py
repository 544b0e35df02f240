"""Issues: what is wrong with a submission or a listing, as meanings; code, categories and text are rows of a table.

Codes, categories and enforcements are those that sellers see (SP-API reference §4.5); texts are ours except where a
real one is known. Where no real code fits, the code is of our own range: `EP` and four digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from entrepot.domain.marketplaces import MARKETPLACES

Severity = Literal["ERROR", "WARNING", "INFO"]

# The language of each country's marketplace; in it are its item names, and its issues unless another is asked for.
LANGUAGES: Final[dict[str, str]] = {
    "US": "en_US", "CA": "en_CA", "MX": "es_MX", "BR": "pt_BR", "GB": "en_GB", "DE": "de_DE", "FR": "fr_FR",
    "IT": "it_IT", "ES": "es_ES", "NL": "nl_NL", "BE": "fr_BE", "IE": "en_IE", "SE": "sv_SE", "PL": "pl_PL",
    "TR": "tr_TR", "ZA": "en_ZA", "EG": "ar_AE", "SA": "ar_AE", "AE": "en_AE", "IN": "en_IN", "JP": "ja_JP",
    "AU": "en_AU", "SG": "en_SG",
}  # fmt: skip
FALLBACK: Final = "en_US"


@dataclass(frozen=True)
class Meaning:
    """texts: by locale; `{…}` in them stands for a parameter of the issue."""

    code: str
    categories: tuple[str, ...]
    texts: dict[str, str]
    enforcements: tuple[str, ...] = ()


_INVALID: Final = ("INVALID_ATTRIBUTE",)
_MISSING: Final = ("MISSING_ATTRIBUTE",)
_ATTRIBUTE: Final = ("ATTRIBUTE_SUPPRESSED",)
_LISTING: Final = ("LISTING_SUPPRESSED",)

MEANINGS: Final[dict[str, Meaning]] = {
    # the codes that sellers know
    "attributes_invalid": Meaning(
        "90000900",
        _INVALID,
        {
            "en_US": "The attributes are invalid.",
            "de_DE": "Die Attribute sind ungültig.",
            "fr_FR": "Les attributs ne sont pas valides.",
            "ja_JP": "属性が無効です。",
        },
        _ATTRIBUTE,
    ),
    "member_unknown": Meaning(
        "90000900",
        _INVALID,
        {
            "en_US": "The attributes are invalid. '{member}' is not a member of '{attribute}'.",
            "de_DE": "Die Attribute sind ungültig. „{member}“ gehört nicht zu „{attribute}“.",
            "fr_FR": "Les attributs ne sont pas valides. « {member} » ne fait pas partie de « {attribute} ».",
            "ja_JP": "属性が無効です。「{member}」は「{attribute}」の項目ではありません。",
        },
        _ATTRIBUTE,
    ),
    "missing": Meaning(
        "90220",
        _MISSING,
        {
            "en_US": "'{member}' is required but not supplied.",
            "de_DE": "„{member}“ ist erforderlich, wurde aber nicht angegeben.",
            "fr_FR": "« {member} » est obligatoire mais n’a pas été fourni.",
            "ja_JP": "「{member}」は必須ですが、指定されていません。",
        },
        _ATTRIBUTE,
    ),
    "too_few": Meaning(
        "99022",
        _MISSING,
        {
            "en_US": "The field '{member}' for the attribute '{attribute}' does not have enough values. "
            "The required minimum is '1' value(s).",
            "de_DE": "Das Feld „{member}“ des Attributs „{attribute}“ hat nicht genügend Werte. "
            "Mindestens „1“ Wert ist erforderlich.",
            "fr_FR": "Le champ « {member} » de l’attribut « {attribute} » n’a pas assez de valeurs. "
            "Le minimum requis est de « 1 » valeur.",
            "ja_JP": "属性「{attribute}」の項目「{member}」の値が足りません。最低「1」個の値が必要です。",
        },
        _ATTRIBUTE,
    ),
    "value_invalid": Meaning(
        "4000001",
        _INVALID,
        {
            "en_US": "The value '{value}' of '{member}' is invalid: expected {expected}.",
            "de_DE": "Der Wert „{value}“ von „{member}“ ist ungültig: erwartet wird {expected}.",
            "fr_FR": "La valeur « {value} » de « {member} » n’est pas valide : attendu {expected}.",
            "ja_JP": "「{member}」の値「{value}」は無効です。必要な値: {expected}",
        },
        _ATTRIBUTE,
    ),
    "combination_invalid": Meaning(
        "4000001",
        _INVALID,
        {
            "en_US": "'{member}' must not be combined with '{other}' in one instance of '{attribute}'.",
            "de_DE": "„{member}“ und „{other}“ dürfen in einer Instanz von „{attribute}“ nicht zusammen stehen.",
            "fr_FR": "« {member} » et « {other} » ne peuvent pas figurer ensemble dans « {attribute} ».",
            "ja_JP": "「{attribute}」の中で「{member}」と「{other}」を同時に指定することはできません。",
        },
        _ATTRIBUTE,
    ),
    "asin_mismatch": Meaning(
        "4005015",
        _INVALID,
        {
            "en_US": "The ASIN '{value}' does not match the catalog: the product data belong to '{other}'.",
            "de_DE": "Die ASIN „{value}“ passt nicht zum Katalog: Die Produktdaten gehören zu „{other}“.",
            "fr_FR": "L’ASIN « {value} » ne correspond pas au catalogue : les données sont celles de « {other} ».",
            "ja_JP": "ASIN「{value}」はカタログと一致しません。商品データは「{other}」のものです。",
        },
        _ATTRIBUTE,
    ),
    "no_asin": Meaning(
        "8560",
        _MISSING,
        {
            "en_US": "The SKU cannot be matched to any ASIN, and there is not enough data to create a new one.",
            "de_DE": "Die SKU lässt sich keiner ASIN zuordnen, und für eine neue ASIN fehlen Daten.",
            "fr_FR": "Le SKU ne correspond à aucun ASIN et les données ne suffisent pas pour en créer un.",
            "ja_JP": "SKUに一致するASINがなく、新しいASINを作成するための情報が足りません。",
        },
        ("SEARCH_SUPPRESSED", "LISTING_SUPPRESSED"),
    ),
    "not_in_catalog": Meaning(
        "13013",
        _INVALID,
        {
            "en_US": "The SKU is not in the catalog, or was deleted.",
            "de_DE": "Die SKU ist nicht im Katalog oder wurde gelöscht.",
            "fr_FR": "Le SKU n’est pas dans le catalogue ou a été supprimé.",
            "ja_JP": "SKUがカタログに存在しないか、削除されています。",
        },
        ("CATALOG_ITEM_REMOVED",),
    ),
    "no_price": Meaning(
        "90220",
        ("MISSING_PRICE",),
        {
            "en_US": "'{member}' is required but not supplied.",
            "de_DE": "„{member}“ ist erforderlich, wurde aber nicht angegeben.",
            "fr_FR": "« {member} » est obligatoire mais n’a pas été fourni.",
            "ja_JP": "「{member}」は必須ですが、指定されていません。",
        },
        _LISTING,
    ),
    # our own range
    "misspelt": Meaning(
        "EP0001",
        _INVALID,
        {
            "en_US": "'{member}' was read as '{right}', which is the right name of this field of '{attribute}'.",
            "de_DE": "„{member}“ wurde als „{right}“ gelesen, den richtigen Namen dieses Feldes von „{attribute}“.",
            "fr_FR": "« {member} » a été lu comme « {right} », le nom exact de ce champ de « {attribute} ».",
            "ja_JP": "「{member}」は「{attribute}」の正しい項目名「{right}」として読み取られました。",
        },
    ),
    "patches_as_object": Meaning(
        "EP0002",
        _INVALID,
        {
            "en_US": "'patches' was an object and was read as a list with one operation; it must be a list.",
            "de_DE": "„patches“ war ein Objekt und wurde als Liste mit einer Operation gelesen; nötig ist eine Liste.",
            "fr_FR": "« patches » était un objet, lu comme une liste d’une opération ; ce doit être une liste.",
            "ja_JP": "「patches」がオブジェクトだったため、1件のリストとして読み取られました。リストにしてください。",
        },
    ),
    "product_type_assumed": Meaning(
        "EP0003",
        _MISSING,
        {
            "en_US": "'productType' is missing and was read as '{value}'; it must be supplied.",
            "de_DE": "„productType“ fehlt und wurde als „{value}“ gelesen; die Angabe ist nötig.",
            "fr_FR": "« productType » manque et a été lu comme « {value} » ; il doit être fourni.",
            "ja_JP": "「productType」がないため「{value}」として読み取られました。必ず指定してください。",
        },
    ),
    "default_beside_locations": Meaning(
        "EP0004",
        _INVALID,
        {
            "en_US": "The channel DEFAULT has quantity {quantity} beside supply sources: set it to 0, or a second "
            "offer shows wrong stock and shipping times.",
            "de_DE": "Der Kanal DEFAULT hat neben Lagerorten die Menge {quantity}: Setzen Sie ihn auf 0, sonst zeigt "
            "ein zweites Angebot falsche Bestände und Versandzeiten.",
            "fr_FR": "Le canal DEFAULT a une quantité de {quantity} à côté d’autres emplacements : mettez-le à 0, "
            "sinon une seconde offre affiche un stock et des délais inexacts.",
            "ja_JP": "出荷元のほかにDEFAULTチャネルの在庫数が{quantity}あります。0にしないと、"
            "誤った在庫数と配送日数の出品が別に表示されます。",
        },
    ),
    "location_not_active": Meaning(
        "EP0005",
        _INVALID,
        {
            "en_US": "The supply source '{value}' is {status}: its stock is not for sale until it is Active.",
            "de_DE": "Der Lagerort „{value}“ ist {status}: Sein Bestand ist erst verkäuflich, wenn er Active ist.",
            "fr_FR": "L’emplacement « {value} » est {status} : son stock n’est en vente qu’une fois Active.",
            "ja_JP": "出荷元「{value}」は{status}です。Activeになるまで在庫は販売されません。",
        },
    ),
}


@dataclass(frozen=True)
class Issue:
    """One thing to know. `meaning` names its row in `MEANINGS`; parameters fill the text.

    enforcements: what is done to the listing because of it. marketplace_ids: only where it is of some of them.
    """

    meaning: str
    code: str
    severity: Severity
    attribute_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enforcements: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    marketplace_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return text(self, FALLBACK)

    def at(self, marketplace_ids: Iterable[str]) -> Issue:
        """The same, of these marketplaces."""
        return replace(self, marketplace_ids=tuple(marketplace_ids))


# Longer values are cut in texts: who sent them knows the rest.
_SHOWN_MAX: Final = 100


def issue(meaning: str, severity: Severity, *attribute_names: str, **parameters: object) -> Issue:
    """An issue of that meaning. What only warns enforces nothing."""
    row = MEANINGS[meaning]
    return Issue(
        meaning,
        row.code,
        severity,
        attribute_names,
        row.categories,
        row.enforcements if severity == "ERROR" else (),
        tuple((name, _shown(value)) for name, value in parameters.items()),
    )


def _shown(value: object) -> str:
    """A value as its sender wrote it, in JSON if it is no text; what no answer could spell is replaced."""
    spelt = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return spelt[:_SHOWN_MAX].encode("utf-8", "replace").decode().replace("\0", "?")


def error(meaning: str, *attribute_names: str, **parameters: object) -> Issue:
    return issue(meaning, "ERROR", *attribute_names, **parameters)


def warning(meaning: str, *attribute_names: str, **parameters: object) -> Issue:
    return issue(meaning, "WARNING", *attribute_names, **parameters)


def text(found: Issue, locale: str) -> str:
    """What an issue says, in the locale or its language where we have it, else in English."""
    texts = MEANINGS[found.meaning].texts
    return texts[_spoken(locale, texts)].format(**dict(found.parameters))


def locale_of(issue_locale: str | None, marketplace_id: str) -> str:
    """`de_DE` of `de-DE` or `de_DE`; without one, the language of the marketplace."""
    if issue_locale and issue_locale.strip():
        language, _, country = issue_locale.strip().replace("-", "_").partition("_")
        return f"{language.lower()}_{country.upper()}" if country else language.lower()
    marketplace = MARKETPLACES.get(marketplace_id)
    return language_of(marketplace.country) if marketplace else FALLBACK


def language_of(country: str) -> str:
    return LANGUAGES.get(country, FALLBACK)


def _spoken(locale: str, texts: Iterable[str]) -> str:
    known = list(texts)
    if locale in known:
        return locale
    language = locale.partition("_")[0]
    return next((other for other in known if other.partition("_")[0] == language), FALLBACK)
