"""Which attribute of a listing keeps what a column of AIM's files says; files are read and reports written by it.

Names of columns are in normal form: lower-case, with hyphens. Not here is what the ledger, the offer and the product's
identity keep: sku, price and its bounds, quantity, handling-time, fulfillment-center-id, product-id and its type,
add-delete. Sources: AIM reference §7.2 (loader, zShops, non-ISBN file), §7.4 (books, music, video), §7.5 (fields of
UIEE that have no column of their own: place-of-publication, keywords).
"""

from __future__ import annotations

from typing import Final

CONDITION: Final = "condition_type"
NAME: Final = "item_name"
IMAGE: Final = "main_product_image_locator"

# Every attribute has one instance {"value": text} as the file has it, but for two: CONDITION holds the name that
# listings have for the number, and IMAGE keeps the address as "media_location".
ATTRIBUTES: Final[dict[str, str]] = {
    "item-name": NAME,
    "title": NAME,
    "item-description": "product_description",
    "description": "product_description",
    "item-note": "condition_note",
    "item-condition": CONDITION,
    "image-url": IMAGE,
    "main-image-url": IMAGE,
    "product-tax-code": "product_tax_code",
    "merchant-shipping-group-name": "merchant_shipping_group",
    "merchant-shipping-group": "merchant_shipping_group",
    "will-ship-internationally": "will_ship_internationally",
    "expedited-shipping": "expedited_shipping",
    "standard-plus": "standard_plus",
    "item-is-marketplace": "item_is_marketplace",
    "category1": "category1",
    "browse-path": "browse_path",
    "storefront-feature": "storefront_feature",
    "boldface": "boldface",
    "shipping-fee": "shipping_fee",
    "bid-for-featured-placement": "bid_for_featured_placement",
    "asin1": "asin1",
    "asin2": "asin2",
    "asin3": "asin3",
    "author": "author",
    "publisher": "publisher",
    "pub-date": "publication_date",
    "publication-date": "publication_date",
    "binding": "binding",
    "edition": "edition",
    "volume": "volume",
    "illustrator": "illustrator",
    "dust-jacket": "dust_jacket",
    "signed-by": "signed_by",
    "place-of-publication": "place_of_publication",
    "keywords": "generic_keyword",
    "music-label": "music_label",
    "product-type": "media_product_type",
    "media-type": "media_type",
    "number-of-disks": "number_of_disks",
    "language": "language",
    "catalog-id-number": "catalog_id_number",
    "mpaa-rating": "mpaa_rating",
    "studio": "studio",
    "runtime": "runtime",
    "audio-encoding": "audio_encoding",
    "subtitle-language1": "subtitle_language1",
    "country-of-origin": "country_of_origin",
}
