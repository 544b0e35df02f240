"""Signature Version 2: the vectors of real clients, and that it holds for anything and against any change."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entrepot.wire.query_signing import METHODS, canonical, decoded, hosts, signature, string_to_sign, verifies
from tests.mws import recorded

SECRET = "secretKEY0123456789"
HOST, PATH = "mws.amazonservices.com", "/FulfillmentInventory/2010-10-01"
QUERY = (
    "AWSAccessKeyId=AKIAEXAMPLE&Action=ListInventorySupply&MWSAuthToken=amzn.mws.TEST&ResponseGroup=Detailed"
    "&SellerId=A2NKEEXAMPLEF53&SellerSkus.member.1=a%20b%2Fc%2Bd&SellerSkus.member.10=%28x%29"
    "&SellerSkus.member.2=%C3%A9%2A~&SignatureMethod=HmacSHA256&SignatureVersion=2"
    "&Timestamp=2010-10-01T02%3A40%3A36Z&Version=2010-10-01"
)
PAIRS = st.lists(st.tuples(st.binary(min_size=1, max_size=12), st.binary(max_size=20)), min_size=1, max_size=8).filter(
    lambda pairs: all(name != b"Signature" for name, _ in pairs)
)
KINDS = st.sampled_from(sorted(METHODS))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("HmacSHA256", "YF3eEE06HXXZbaPVrhq87eniT8iCFjfEiV9L0svygVg="), ("HmacSHA1", "mPQkFl/uS9sLhcL6bX0zhyaKhiY=")],
)
def test_the_vector_of_two_other_implementations(kind: str, wanted: str) -> None:
    query = canonical(decoded(QUERY.replace("HmacSHA256", kind).encode()))

    assert query == QUERY.replace("HmacSHA256", kind)
    assert signature(SECRET, kind, string_to_sign("POST", HOST, PATH, query)) == wanted


@recorded.needs_requests
def test_there_are_as_many_vectors_as_were_recorded() -> None:
    assert len(recorded.CLIENT_REQUESTS) == 63


@recorded.needs_requests
@pytest.mark.parametrize("line", recorded.CLIENT_REQUESTS, ids=lambda line: f"{line['client']}, {line['action']}")
def test_what_real_clients_sent_verifies(line: dict[str, Any]) -> None:
    pairs = recorded.pairs(line)
    path, _ = recorded.path_and_query(line)
    given = recorded.value(pairs, "Signature")
    kind = recorded.value(pairs, "SignatureMethod")
    candidates = hosts(recorded.headers(line)["host"])

    def good(secret: str) -> bool:
        return verifies(secret, kind, line["method"], candidates, path, pairs, given)

    assert line["signed_host"] in candidates
    assert good(recorded.SECRET)
    assert not good(recorded.SECRET + "x")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("MWS.AmazonServices.com", ("mws.amazonservices.com", "http://mws.amazonservices.com")),
        ("127.0.0.1:8080", ("127.0.0.1:8080", "127.0.0.1", "http://127.0.0.1:8080")),
        ("[::1]:8080", ("[::1]:8080", "[::1]", "http://[::1]:8080")),
        ("", ("", "http://")),
    ],
)
def test_the_host_may_have_been_signed_in_three_spellings(header: str, wanted: tuple[str, ...]) -> None:
    assert hosts(header) == wanted


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b"&&a=1&", [(b"a", b"1")]),
        (b"a", [(b"a", b"")]),
        (b"a==b", [(b"a", b"=b")]),
        (b"a=%zz%4", [(b"a", b"%zz%4")]),
        (b"a=b+c%2Bd", [(b"a", b"b c+d")]),
        (b"%61=%ff", [(b"a", b"\xff")]),
        (b"a=1&a=0", [(b"a", b"1"), (b"a", b"0")]),
    ],
)
def test_what_clients_send_is_decoded_without_loss(sent: bytes, wanted: list[tuple[bytes, bytes]]) -> None:
    assert decoded(sent) == wanted


def test_names_are_sorted_by_bytes_and_an_empty_value_keeps_its_sign() -> None:
    assert canonical(decoded(b"m.2=&m.10=x&M.1=y&Signature=z")) == "M.1=y&m.10=x&m.2="


def test_a_signature_whose_plus_signs_became_blanks_is_good() -> None:
    numbers = (number for number in range(1000) if "+" in _signed([(b"n", str(number).encode())], "HmacSHA256"))
    pairs = [(b"n", str(next(numbers)).encode())]

    assert _good(pairs, "HmacSHA256", _signed(pairs, "HmacSHA256").replace("+", " "))


def _signed(pairs: list[tuple[bytes, bytes]], kind: str) -> str:
    """Signed by other means than ours."""
    words = sorted((name, value) for name, value in pairs)
    query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in words)
    digest = hmac.new(
        SECRET.encode(), f"POST\n{HOST}\n{PATH}\n{query}".encode(), getattr(hashlib, METHODS[kind])
    ).digest()
    return base64.b64encode(digest).decode()


def _encoded(value: bytes) -> str:
    kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in value)


def _good(pairs: list[tuple[bytes, bytes]], kind: str, given: str, **changed: Any) -> bool:
    told = {"secret": SECRET, "verb": "POST", "host": HOST, "path": PATH, **changed}
    return verifies(told["secret"], kind, told["verb"], hosts(told["host"]), told["path"], pairs, given)


@given(pairs=PAIRS, kind=KINDS, data=st.data())
def test_any_parameters_in_any_order_and_any_encoding_verify(
    pairs: list[tuple[bytes, bytes]], kind: str, data: st.DataObject
) -> None:
    given_signature = _signed(pairs, kind)
    sent = data.draw(st.permutations([*pairs, (b"Signature", given_signature.encode())]))
    form, safe = data.draw(st.booleans()), data.draw(st.sampled_from(["", "/*~!'()", "-_.~"]))

    wire = "&".join(f"{quote_from_bytes(name, safe=safe)}={quote_from_bytes(value, safe=safe)}" for name, value in sent)
    if form:
        wire = wire.replace("%20", "+")

    received = decoded(f"&{wire}".encode())

    assert received == list(sent)
    assert _good(received, kind, given_signature)


@given(pairs=PAIRS, kind=KINDS, data=st.data())
def test_any_bit_of_the_parameters_matters(pairs: list[tuple[bytes, bytes]], kind: str, data: st.DataObject) -> None:
    given_signature = _signed(pairs, kind)
    place = data.draw(st.integers(0, len(pairs) - 1))
    name, value = pairs[place]
    flipped = _flipped(name + b"=" + value, data)
    changed_name, equals, changed_value = flipped.partition(b"=")
    changed = [*pairs]
    changed[place] = (changed_name, changed_value)
    assume(equals and changed_name != b"Signature" and sorted(changed) != sorted(pairs))

    assert not _good(changed, kind, given_signature)


@pytest.mark.parametrize("part", ["secret", "verb", "path", "host", "signature"])
@given(pairs=PAIRS, kind=KINDS, data=st.data())
def test_any_bit_of_all_else_that_is_signed_matters(
    part: str, pairs: list[tuple[bytes, bytes]], kind: str, data: st.DataObject
) -> None:
    given_signature = _signed(pairs, kind)
    right = {"secret": SECRET, "verb": "POST", "path": PATH, "host": HOST, "signature": given_signature}
    wrong = _flipped(right[part].encode(), data).decode("latin-1")
    if part == "host":
        assume(wrong.strip().lower() != HOST and not wrong.endswith(":"))
    if part == "signature":
        assert not _good(pairs, kind, wrong)
    else:
        assert not _good(pairs, kind, given_signature, **{part: wrong})


def _flipped(value: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_parameters_left_out_or_added_are_noticed() -> None:
    pairs = [(b"a", b"1"), (b"b", b"2")]
    given_signature = _signed(pairs, "HmacSHA1")

    assert _good(pairs, "HmacSHA1", given_signature)
    assert not _good(pairs[:1], "HmacSHA1", given_signature)
    assert not _good([*pairs, (b"b", b"2")], "HmacSHA1", given_signature)
    assert not _good(pairs, "HmacSHA256", given_signature)
    assert not _good(pairs, "HmacSHA1", "")
    assert not _good(pairs, "HmacSHA1", quote(given_signature, safe="") + "\udcff")
