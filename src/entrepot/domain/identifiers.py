"""How identifiers and secrets are spelled, as pure functions of random bytes. Refuses to know where these come from.

None of them holds a blank or `+ & = %`: some clients put them into a form or a URL unescaped.
"""

from __future__ import annotations

import base64
import re
import string
import uuid
from typing import Final

from entrepot.domain.errors import Invalid

SELLER_ID = re.compile(r"A[0-9A-Z]{5,19}")
CLIENT_ID = re.compile(r"amzn1\.application-oa2-client\.[0-9a-f]{32}")
MWS_ACCESS_KEY_ID = re.compile(r"AKIA[0-9A-Z]{6,28}")

_UPPER = string.digits + string.ascii_uppercase
_BASE32 = string.ascii_uppercase + "234567"
_ALPHANUMERIC = string.digits + string.ascii_letters

# Enough random bytes for every formatter below, without visible bias.
SEED_BYTES = 40


def seller_id(seed: bytes) -> str:
    """`A` and 13 upper-case alphanumerics."""
    return "A" + _spell(seed, _UPPER, 13)


def client_id(seed: bytes) -> str:
    """The id of an application: `amzn1.application-oa2-client.` and 32 hexadecimal digits."""
    return f"amzn1.application-oa2-client.{_spell(seed, string.hexdigits[:16], 32)}"


def client_secret(seed: bytes) -> str:
    """`amzn1.oa2-cs.v1.` and 64 hexadecimal digits."""
    return f"amzn1.oa2-cs.v1.{_spell(seed, string.hexdigits[:16], 64)}"


def refresh_token(seed: bytes) -> str:
    """`Atzr|` and the seed in unpadded base64url."""
    return "Atzr|" + base64.urlsafe_b64encode(seed).rstrip(b"=").decode()


def authorization_id(seed: bytes) -> str:
    """32 hexadecimal digits; never shown to clients."""
    return _spell(seed, string.hexdigits[:16], 32)


def authorization_code(seed: bytes) -> str:
    """20 alphanumerics."""
    return _spell(seed, _ALPHANUMERIC, 20)


def mws_access_key_id(seed: bytes) -> str:
    """`AKIA` and 16 of A-Z and 2-7, 20 characters in all."""
    return "AKIA" + _spell(seed, _BASE32, 16)


def mws_secret_key(seed: bytes) -> str:
    """40 alphanumerics."""
    return _spell(seed, _ALPHANUMERIC, 40)


def mws_auth_token(seed: bytes) -> str:
    """`amzn.mws.` and a UUID."""
    return f"amzn.mws.{uuid.UUID(bytes=seed[:16], version=4)}"


def _spell(seed: bytes, alphabet: str, length: int) -> str:
    """The seed as a number in the alphabet's base, its last `length` digits. ValueError: the seed holds too little."""
    if 256 ** len(seed) < len(alphabet) ** length:
        raise ValueError(f"{len(seed)} bytes are too few for {length} of {len(alphabet)} letters")
    number, letters = int.from_bytes(seed, "big"), []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        letters.append(alphabet[digit])
    return "".join(reversed(letters))


# ------------------------------------------------------------------------------------------- product ids (domain §5.4)

# product-id-type in loader files. An older template has 3 for "EAN / UPC", so type 3 takes 12 or 13 digits.
LOADER_ID_TYPES: Final = {"1": "ASIN", "2": "ISBN", "3": "UPC", "4": "EAN"}

ASIN: Final = re.compile(r"[0-9A-Z]{10}")
_ISBN_10: Final = re.compile(r"[0-9]{9}[0-9X]")
_DIGITS: Final = re.compile(r"[0-9]{8,14}")

# How many digits an identifier of each type has; ISBN-10 stands apart for its other check.
_LENGTHS: Final[dict[str, tuple[int, ...]]] = {
    "ISBN": (13,),
    "UPC": (12, 13),
    "EAN": (8, 13),
    "JAN": (8, 13),
    "GTIN": (8, 12, 13, 14),
}


def check_digit(digits: str) -> str:
    """The last digit of an EAN, UPC or GTIN whose other digits these are: weights 3, 1, 3… from the right, mod 10."""
    odd, even = sum(map(int, digits[-1::-2])), sum(map(int, digits[-2::-2]))
    return str(-(3 * odd + even) % 10)


def isbn_10_check(digits: str) -> str:
    """The last character of an ISBN-10 whose first nine digits these are: weights 10 to 2, modulo 11."""
    return "0123456789X"[-sum((10 - place) * int(digit) for place, digit in enumerate(digits)) % 11]


def gtin(text: str, kind: str = "GTIN") -> str:
    """The normal form, GTIN-14, of an ISBN, UPC, EAN, JAN or GTIN. Invalid: its length or check digit is wrong."""
    if kind == "ISBN" and _ISBN_10.fullmatch(text):
        return _from_isbn_10(text)
    lengths = _LENGTHS[kind]
    if not _DIGITS.fullmatch(text) or len(text) not in lengths:
        raise Invalid("product-id", f"'{text[:20]}' is no {kind}: it has {_either(lengths, kind)}")
    if kind == "ISBN" and not text.startswith(("978", "979")):
        raise Invalid("product-id", f"'{text}' is no ISBN: 13 digits of an ISBN begin with 978 or 979")
    if check_digit(text[:-1]) != text[-1] or not text.strip("0"):
        raise Invalid("product-id", f"the check digit of the {kind} '{text}' is wrong")
    return text.zfill(14)


def isbn_10(gtin_14: str) -> str | None:
    """The ISBN of ten characters that a book's GTIN-14 has beside it; None if it is no book, or a newer one (979)."""
    if not gtin_14.startswith("0978"):
        return None
    digits = gtin_14[4:13]
    return digits + isbn_10_check(digits)


def asin(text: str) -> str:
    """The ASIN. Invalid: it has not ten capitals and digits, or looks like an ISBN-10 whose check is wrong."""
    if not ASIN.fullmatch(text):
        raise Invalid("product-id", f"'{text[:20]}' is no ASIN: it has 10 characters of 0-9 and A-Z")
    if _ISBN_10.fullmatch(text):
        _from_isbn_10(text)
    return text


def _from_isbn_10(text: str) -> str:
    if isbn_10_check(text[:9]) != text[9] or not text.strip("0"):
        raise Invalid("product-id", f"the check digit of the ISBN '{text}' is wrong")
    body = f"978{text[:9]}"
    return f"0{body}{check_digit(body)}"


def _either(lengths: tuple[int, ...], kind: str) -> str:
    *others, last = map(str, lengths)
    digits = f"{', '.join(others)} or {last} digits" if others else f"{last} digits"
    return f"{digits}, or 9 and a check character" if kind == "ISBN" else digits
