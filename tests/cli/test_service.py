"""`entrepot service`: what the operator has to say of the service, until he takes it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Entrepot
from tests.running import RunningServer


@pytest.fixture(autouse=True)
def nothing_said(server: RunningServer) -> Iterator[None]:
    yield
    server.operator("DELETE", "/service/message")


def said(entrepot: Entrepot, *words: str) -> list[tuple[str, str]]:
    return [(one["locale"], one["text"]) for one in entrepot("service", "message", *words).json["messages"]]


def test_a_message_is_set_shown_and_cleared(entrepot: Entrepot) -> None:
    first = said(entrepot, "set", "Closed on Sunday")
    both = said(entrepot, "set", "Sonntag zu", "--locale", "de_DE", "--message-id", "M7")
    shown = entrepot("service", "message", "show").json
    one_left = said(entrepot, "clear", "--locale", "de_DE")
    none_left = said(entrepot, "clear")

    assert first == [("en_US", "Closed on Sunday")]
    assert both == [("de_DE", "Sonntag zu"), *first]
    assert shown["status"] == "GREEN_I"
    assert {one["message_id"] for one in shown["messages"]} == {"M7"}
    assert (one_left, none_left) == (first, [])
    assert entrepot("service", "message", "show").json["status"] == "GREEN"


def test_what_is_no_message_is_refused_in_one_line(entrepot: Entrepot) -> None:
    assert entrepot("service", "message", "set", " ").complaint.startswith("Invalid: a message has")
    assert entrepot("service", "message", "clear", "--locale", "xx_XX").complaint == (
        "NotFound: service message 'xx_XX' does not exist"
    )


def test_unknown_members_are_refused(server: RunningServer) -> None:
    with pytest.raises(AssertionError, match="Invalid"):
        server.operator("PUT", "/service/message", {"text": "x", "colour": "red"})
    with pytest.raises(AssertionError, match="Invalid"):
        server.operator("PUT", "/service/message", {})
