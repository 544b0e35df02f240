"""Sealed tokens: what a restricted one is good for, how long, and how long it gets."""

from __future__ import annotations

import pytest

from entrepot.domain.errors import Denied
from entrepot.services.access_tokens import RESOURCES_MAX, SEGMENTS_MAX, AccessTokens, Resource, Subject
from entrepot.services.secrets import Keyring

KEYRING = Keyring(bytes(32))
SUBJECT = Subject("amzn1.application-oa2-client." + "c" * 32, "A" * 14, "z" * 32)
DOCUMENT = Resource("GET", ("reports", "2021-06-30", "documents", "amzn1.spdoc.1"))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> AccessTokens:
    return AccessTokens(KEYRING, clock)


def reason(tokens: AccessTokens, token: str, asked: Resource | None = None) -> str:
    with pytest.raises(Denied) as refused:
        tokens.subject_of(token, asked)
    return refused.value.reason


def test_a_restricted_token_speaks_for_the_same_subject_where_it_is_named_and_nowhere_else(
    tokens: AccessTokens,
) -> None:
    token = tokens.restricted(tokens.issue(SUBJECT), [DOCUMENT])

    assert tokens.subject_of(token, DOCUMENT) == SUBJECT
    assert reason(tokens, token, DOCUMENT._replace(method="DELETE")) == "malformed"
    assert reason(tokens, token, DOCUMENT._replace(segments=DOCUMENT.segments[:-1])) == "malformed"
    assert reason(tokens, token) == "malformed"


def test_a_slash_inside_a_segment_is_no_border_between_two(tokens: AccessTokens) -> None:
    token = tokens.restricted(tokens.issue(SUBJECT), [Resource("GET", ("items", "A/B"))])

    assert tokens.subject_of(token, Resource("GET", ("items", "A/B"))) == SUBJECT
    assert reason(tokens, token, Resource("GET", ("items", "A", "B"))) == "malformed"


def test_a_placeholder_is_any_one_segment(tokens: AccessTokens) -> None:
    token = tokens.restricted(tokens.issue(SUBJECT), [Resource("GET", ("orders", None, "address"))])

    assert tokens.subject_of(token, Resource("GET", ("orders", "1", "address"))) == SUBJECT
    assert tokens.subject_of(token, Resource("GET", ("orders", "{orderId}", "address"))) == SUBJECT
    for other in (("orders", "1"), ("orders", "1", "items"), ("orders", "1", "2", "address")):
        assert reason(tokens, token, Resource("GET", other)) == "malformed"


def test_a_restricted_token_lives_an_hour_of_its_own(tokens: AccessTokens, clock: Clock) -> None:
    access_token = tokens.issue(SUBJECT)
    clock.now += 3599
    token = tokens.restricted(access_token, [DOCUMENT])
    clock.now += 3599

    assert tokens.subject_of(token, DOCUMENT) == SUBJECT
    clock.now += 1
    assert reason(tokens, token, DOCUMENT) == "expired"


def test_a_restricted_token_begets_no_other(tokens: AccessTokens) -> None:
    token = tokens.restricted(tokens.issue(SUBJECT), [DOCUMENT])

    with pytest.raises(Denied, match="malformed"):
        tokens.restricted(token, [DOCUMENT])


def test_the_seal_of_one_kind_does_not_pass_for_the_other(tokens: AccessTokens) -> None:
    access_token = tokens.issue(SUBJECT)
    restricted = tokens.restricted(access_token, [DOCUMENT])

    assert reason(tokens, "Atza|" + restricted.partition("|")[2], DOCUMENT) == "malformed"
    assert reason(tokens, "Atz.sprdt|" + access_token.partition("|")[2], DOCUMENT) == "malformed"


def test_the_longest_restricted_token_is_no_longer_than_amazon_promises(tokens: AccessTokens) -> None:
    resources = [
        Resource("DELETE", tuple(None if place <= one % SEGMENTS_MAX else f"{one}" for place in range(SEGMENTS_MAX)))
        for one in range(RESOURCES_MAX)
    ]

    token = tokens.restricted(tokens.issue(SUBJECT), resources)

    assert len(token) <= 2048
    assert all(tokens.subject_of(token, resource) == SUBJECT for resource in resources)
