"""Credentials, cookies and content types as the guide prints them, and as clients really sent them."""

from __future__ import annotations

import base64

import pytest

from entrepot.api.aim.auth import credentials, has_cookies, is_xml

# The literal cookie of the guide (§1.3), with the line break that its example has.
COOKIE = (
    "x-main=YvjPkwfntqDKun0QEmVRPcTTZDMe?Tn?; ubid-main=002-8989859-9917520; ubid-tacbus=019-5423258-4241018;"
    "x-tacbus=vtm4d53DvX@Sc9LxTnAnxsFL3DorwxJa; ubid-tcmacb=087-8055947-0795529; ubid-ty2kacbus=161-5477122-2773524;"
    " session-id=087-178254-5924832; session-id-time=950660664"
)


def basic(text: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(text.encode(encoding)).decode()


def test_the_example_of_the_guide_of_2004_is_read() -> None:
    assert credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") == ("Aladdin", "open sesame")


def test_the_example_of_the_guide_of_2007_lost_a_letter_and_is_refused() -> None:
    assert credentials("Basic QWxhZGRpbjpvGVuIHNlc2FtZQ==") is None


@pytest.mark.parametrize("header", ["basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "BASIC QWxhZGRpbjpvcGVuIHNlc2FtZQ=="])
def test_the_scheme_may_be_in_any_case(header: str) -> None:
    assert credentials(header) == ("Aladdin", "open sesame")


@pytest.mark.parametrize(
    "header",
    [None, "", "Basic", "Basic ", "Bearer abc", "Basic !!!", "Basic QQ", basic("nocolon"), basic(":x"), basic("a:")],
)
def test_whatever_else_comes_is_no_credentials(header: str | None) -> None:
    assert credentials(header) is None


def test_credentials_that_were_encoded_twice_are_others() -> None:
    once = basic("a@example.com:word").removeprefix("Basic ")

    assert credentials(basic(once)) is None


def test_a_password_may_have_colons_and_letters_of_either_encoding() -> None:
    assert credentials(basic("a@example.com:w:ö", "utf-8")) == ("a@example.com", "w:ö")
    assert credentials(basic("a@example.com:w:ö", "latin-1")) == ("a@example.com", "w:ö")


@pytest.mark.parametrize(
    "cookie",
    [
        COOKIE,
        COOKIE.replace("; ", ";"),
        COOKIE.replace("@", "\\@"),
        "; ".join(reversed(COOKIE.split(";"))),
    ],
    ids=["as printed", "without blanks", "with a backslash", "written anew by a cookie jar"],
)
def test_the_cookie_is_known_in_every_form(cookie: str) -> None:
    assert has_cookies(cookie)


@pytest.mark.parametrize("cookie", [None, "", "x-main=1", COOKIE.replace("session-id-time", "session")])
def test_fewer_cookies_are_not_enough(cookie: str | None) -> None:
    assert not has_cookies(cookie)


@pytest.mark.parametrize(
    ("header", "xml"),
    [
        ("text/xml", True),
        ("TEXT/XML", True),
        ("text/xml;charset=utf-8", True),
        ("text/plain", False),
        ("", False),
        (None, False),
    ],
)
def test_the_content_type_is_text_xml_with_or_without_parameters(header: str | None, xml: bool) -> None:
    assert is_xml(header) is xml
