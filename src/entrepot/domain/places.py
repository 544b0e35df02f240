"""Fulfilment centres: a code is the nearest airport's three letters and a number, and lies in one country.

The country decides which marketplace sees the stock (D-17). Source of the naming: domain specification §1.1.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from entrepot.domain.errors import Invalid

_AIRPORTS_OF: Final[dict[str, str]] = {
    "US": (
        "ABE ABQ ACY AKC ALB ATL AUS AVP BDL BDU BFI BFL BHM BNA BOI BOS BUF BWI CAE CHA CHS CLE CLT CMH CNO "
        "COS CVG DAB DAL DCA DEN DET DFW DSM DTW ELP EWR FAT FSD FTW FWA GEG GRR GSO GSP GYR HOU HSV IAD IAH "
        "ICT IGQ ILG IND JAN JAX JFK JVL KRB LAL LAN LAS LAX LBE LEX LFT LGA LGB LIT LUK MCC MCI MCO MDT MDW "
        "MEM MGE MIA MKC MKE MQJ MQY MSP MSY MTN OAK OKC OMA ONT ORD ORF ORH PAE PBI PCA PCW PDX PHF PHL PHX "
        "PIT POC PPO PSP PVD RBD RDU RFD RIC RMN RNO ROC SAN SAT SAV SBD SBN SCK SDF SEA SFO SHV SJC SLC SMF "
        "SNA STL SWF SYR TCY TEB TEN TPA TUL TUS TYS XLX"
    ),
    "CA": "YVR YYZ YOW YEG YYC YHM YXU YHZ YUL YOO YGK",
    "MX": "MEX MTY GDL TIJ MID",
    "BR": "GRU CNF REC POA BSB FOR",
    "GB": "BHX EDI GLA LBA LCY LTN MAN EMA CWL EUK BRS STN LHR DSA MME NCL",
    "DE": "LEJ BER FRA DUS HAM MUC CGN STR DTM FKB HAJ PAD ERF SCN NUE BRE XDE EDE",
    "FR": "ORY CDG LIL LYS MRS BVA ETZ NTE TLS",
    "IT": "MXP FCO BGY BLQ TRN VCE LIN PSR",
    "ES": "MAD BCN SVQ VLC OVD ZAZ RMU",
    "NL": "AMS RTM EIN",
    "BE": "BRU ANR LGG CRL",
    "IE": "DUB SNN ORK",
    "SE": "ARN GOT VST",
    "PL": "WRO POZ SZZ KTW LCJ WAW",
    "TR": "IST SAW ESB",
    "ZA": "CPT JNB",
    "EG": "CAI",
    "SA": "RUH JED DMM",
    "AE": "DXB AUH",
    "IN": "BOM DEL BLR HYD MAA CCU PNQ AMD LKO JAI",
    "JP": "NRT HND KIX FUK HSG TYO QCB TPX NGO CTS",
    "AU": "SYD MEL BNE PER ADL",
    "SG": "SIN",
}
AIRPORTS: Final[dict[str, str]] = {
    airport: country for country, airports in _AIRPORTS_OF.items() for airport in airports.split()
}

# Where stock goes when nobody says where.
DEFAULT_CENTRES: Final[dict[str, str]] = {
    "US": "PHX6", "CA": "YYZ4", "MX": "MEX1", "BR": "GRU5", "GB": "BHX4", "DE": "LEJ1", "FR": "ORY1", "IT": "MXP5",
    "ES": "MAD4", "NL": "AMS1", "BE": "BRU1", "IE": "DUB1", "SE": "GOT1", "PL": "WRO5", "TR": "IST1", "ZA": "CPT1",
    "EG": "CAI1", "SA": "RUH1", "AE": "DXB3", "IN": "BOM7", "JP": "NRT5", "AU": "SYD2", "SG": "SIN2",
}  # fmt: skip

_CODE: Final = re.compile(r"([A-Z]{3})[0-9]{1,2}")


@cache
def country_of(centre: str) -> str:
    """The ISO country of a fulfilment centre's code; Invalid when it is not one we know."""
    match = _CODE.fullmatch(centre)
    country = AIRPORTS.get(match[1]) if match else None
    if country is None:
        raise Invalid("fc", f"'{centre}' is not a known fulfilment centre (an airport's letters and a number, as PHX6)")
    return country
