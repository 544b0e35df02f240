"""The values of CarrierCode: the closed list of carriers that an order's confirmation may name.

Source: domain specification, appendix A. The list only ever grew; each tuple is what one revision added.
"""

from __future__ import annotations

from typing import Final

# A carrier that is not on the list is `OTHER`, named beside it; its parcels are not followed.
OTHER: Final = "Other"

# fmt: off
_IN_2009: Final = (
    "USPS", "UPS", "FedEx", "DHL", "Fastway", "GLS", "GO!", "Hermes Logistik Gruppe", "Royal Mail", "Parcelforce",
    "City Link", "TNT", "Target", "SagawaExpress", "NipponExpress", "YamatoTransport", "DHL Global Mail",
    "UPS Mail Innovations", "FedEx SmartPost", "OSM", "OnTrac", "Streamlite", "Newgistics", "Canada Post",
    "Blue Package",
)

_ADDED_BY_2018: Final = (
    "UPSMI", "Chronopost", "Deutsche Post", "DPD", "La Poste", "Parcelnet", "Poste Italiane", "SDA", "Smartmail",
    "FEDEX_JP", "JP_EXPRESS", "NITTSU", "SAGAWA", "YAMATO", "BlueDart", "AFL/Fedex", "Aramex", "India Post",
    "Professional", "DTDC", "Overnite Express", "First Flight", "Delhivery", "Lasership", "Yodel", "Other",
    "Amazon Shipping",
)

_ADDED_BY_2021: Final = (
    "Seur", "Correos", "MRW", "Endopack", "Chrono Express", "Nacex", "Otro", "Correios", "Toll Global Express",
    "China Post", "AUSSIE_POST", "EUB", "Australia Post", "Yun Express", "4PX", "YANWEN", "SF Express", "BRT",
    "AustraliaPost-Consignment", "AustraliaPost-ArticleId", "Sendle", "CouriersPlease", "A-1", "AAA Cooper", "ABF",
    "ALLJOY", "Aras Kargo", "Arkas", "Arrow XL", "Asendia", "Asgard", "Assett", "AT POST", "ATS", "Balnak",
    "Beijing Quanfeng Express", "Best Buy", "Best Express", "BJS", "Boğaziçi", "Bombax", "Cart2India", "CDC",
    "CELERITAS", "CEVA", "Ceva Lojistik", "Cititrans", "Coliposte", "Colissimo", "Conway", "Correos Express",
    "Couriers Please", "CTTExpress", "DB Schenker", "DHL eCommerce", "DHL Express", "DHL Freight",
    "DHL Home Delivery", "DHL Kargo", "DHL-Paket", "DHLPL", "Digital Delivery", "DirectLog", "Dotzot", "DSV",
    "DX Freight", "ECMS", "Ecom Express", "Emirates Post", "Energo", "Envialia", "Estafeta", "Estes", "Fedex Freight",
    "Fillo Kargo", "First Flight China", "First Mile", "Gati", "GEL Express", "geodis", "Geodis Calberson",
    "Geopost Kargo", "Hermes Einrichtungsservice", "Home Logistics", "Hongkong Post", "Horoz Lojistik", "HS code",
    "Hunter Logistics", "ICC Worldwide", "IDS Netzwerk", "InPost", "iParcel", "Japan Post", "JCEX", "Kargokar",
    "Kuehne+Nagel", "Landmark", "Metro Kargo", "MNG Kargo", "Narpost Kargo", "Nexive", "Ninjavan", "Old Dominion",
    "OneWorldExpress", "Panther", "Pilot", "Pilot Freight", "Polish Post", "Post NL", "PostNord", "PTT Kargo",
    "PUROLATOR", "QExpress", "Qxpress", "R+L", "Raben Group", "Rhenus", "Rieck", "Rivigo", "Roadrunner", "Safexpress",
    "Saia", "Seino", "SEINO TRANSPORTATION", "Selem Kargo", "Self Delivery", "SENDLE", "SFC", "Ship Delight",
    "Ship Global US", "ShipEconomy", "ShipGlobal", "Shree Maruti Courier", "Shree Tirupati Courier",
    "Shunfeng Express", "Singapore Post", "South Eastern Freight Lines", "Speedex", "Spoton", "StarTrack-ArticleID",
    "StarTrack-Consignment", "STO Express", "Sürat Kargo", "Tezel Lojistik", "The Professional Couriers", "TIPSA",
    "TNT Kargo", "TNTIT", "Total Express", "Trackon", "TransFolha", "Tuffnells", "UPS Freight", "Urban Express",
    "VIR", "VNLIN", "WanbExpress", "Watkins and Shepard", "Whizzard", "WINIT", "XDP", "XPO Freight", "Xpressbees",
    "YDH", "Yellow Freight", "YTO Express", "Yunda Express", "Yurtiçi Kargo", "ZTO Express", "Tourline",
)
# fmt: on

CARRIERS: Final = (*_IN_2009, *_ADDED_BY_2018, *_ADDED_BY_2021)

_KNOWN: Final = frozenset(CARRIERS)
# Some carriers are listed twice, in different case: the older spelling is the one meant.
_BY_FOLDED: Final = {name.casefold(): name for name in reversed(CARRIERS)}


def carrier(name: str) -> str | None:
    """The carrier as the list spells it, whatever the case of `name`; None: it is not on the list."""
    return name if name in _KNOWN else _BY_FOLDED.get(name.casefold())
