"""How identifiers and secrets are spelled, as pure functions of random bytes. Refuses to know where these come from.

None of them holds a blank or `+ & = %`: some clients put them into a form or a URL unescaped.
"""

from __future__ import annotations

import base64
import re
import string
import uuid

SELLER_ID = re.compile(r"A[0-9A-Z]{5,19}")
CLIENT_ID = re.compile(r"amzn1\.application-oa2-client\.[0-9a-f]{32}")

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
