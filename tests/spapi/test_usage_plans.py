"""Usage plans: the bucket's arithmetic with a clock of our own, and that each operation has the bucket it should."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.api.operation import Quota, Throttle
from tests.running import RunningServer
from tests.spapi.program import ITEMS, NewSeller, Program, at_once, errors, new_program, summaries_target

EXCEEDED = errors("QuotaExceeded", "You exceeded your quota for the requested resource.", "")
READ, WRITE = Quota(rate=2, burst=2), Quota(rate=5, burst=15)
KEY = ("application", "seller", "operation")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("quota", "burst"), [(READ, 2), (WRITE, 15)])
def test_a_full_bucket_gives_its_burst_at_once_and_then_says_how_long_to_wait(quota: Quota, burst: int) -> None:
    throttle = Throttle(Clock())

    waits = [throttle.spend(KEY, quota) for _ in range(burst + 2)]

    assert waits == [0.0] * burst + [1 / quota.rate] * 2


def test_the_bucket_fills_by_its_rate_and_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []

    for at in (0.0, 0.0, 0.0, 0.25, 0.5, 0.5, 1.0, 60.0, 60.0, 60.0):
        clock.now = 1000.0 + at
        waits.append(throttle.spend(KEY, READ))

    assert waits == [0.0, 0.0, 0.5, 0.25, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5]


@given(st.lists(st.floats(0, 3), max_size=60), st.sampled_from([READ, WRITE, Quota(rate=0.0167, burst=15)]))
def test_nobody_ever_gets_more_than_the_burst_and_the_rate(pauses: list[float], quota: Quota) -> None:
    clock = Clock()
    throttle = Throttle(clock)
    given_at = []

    for pause in pauses:
        clock.now += pause
        if throttle.spend(KEY, quota) == 0:
            given_at.append(clock.now)

    for first, start in enumerate(given_at):
        for last, end in enumerate(given_at[first:], start=first):
            assert last - first + 1 <= quota.burst + (end - start) * quota.rate + 1e-6


def test_buckets_do_not_share() -> None:
    throttle = Throttle(Clock())
    keys = [(application, seller, operation) for application in "ab" for seller in "AB" for operation in ("get", "put")]

    waits = [throttle.spend(key, READ) for key in keys * 2]

    assert waits == [0.0] * len(keys) * 2


def test_the_bucket_unused_for_longest_is_forgotten_when_there_are_too_many() -> None:
    throttle = Throttle(Clock(), most=2)
    once = Quota(rate=1, burst=1)

    waits = [throttle.spend((name,), once) for name in ("a", "b", "a", "c", "a", "b")]

    assert waits == [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]


# Against a server with the plans of Amazon


@pytest.fixture(scope="module")
def limited(limited_server: RunningServer) -> Iterator[Program]:
    """A seller, each of whose buckets is emptied by one test at most."""
    made = new_program(limited_server)
    yield made
    made.http.close()


@pytest.mark.parametrize(("operation", "quota"), [("read", READ), ("create", WRITE), ("delete", WRITE), ("add", WRITE)])
def test_requests_beyond_the_plan_are_refused(limited: Program, operation: str, quota: Quota) -> None:
    calls: dict[str, Callable[[], httpx.Response]] = {
        "read": limited.summaries,
        "create": lambda: limited.create(""),
        "delete": lambda: limited.delete("NONE"),
        "add": lambda: limited.add(("NONE", 1)),
    }

    started = time.monotonic()
    responses = at_once(60, calls[operation])
    seconds = time.monotonic() - started

    refused = [response for response in responses if response.status_code == 429]
    assert quota.burst <= len(responses) - len(refused) <= quota.burst + quota.rate * seconds
    assert refused
    for response in refused:
        assert response.json() == EXCEEDED
        assert response.headers["x-amzn-RateLimit-Limit"] == str(float(quota.rate))
        assert response.headers["x-amzn-RequestId"]
        assert "retry-after" not in response.headers  # a fraction in it breaks the official Python client


def test_another_operation_application_or_seller_has_a_bucket_of_its_own(
    new_seller: NewSeller, limited_server: RunningServer
) -> None:
    limited = new_seller(on=limited_server)
    application = limited_server.operator("POST", "/applications", {"name": "ERP"})
    both = {"seller": limited.seller_id, "application": application["client_id"]}
    refresh_token = limited_server.operator("POST", "/authorizations", both)["refresh_token"]
    other_token = limited_server.access_token({"spapi": {**application, "refresh_token": refresh_token}})
    other_seller = new_seller(on=limited_server, application=application["client_id"])
    exhausted = {response.status_code for response in at_once(60, limited.summaries)}

    other_operation = limited.delete("NONE")
    other_application = limited.call("GET", summaries_target(), headers={"x-amz-access-token": other_token})
    statuses = [other_seller.summaries().status_code for _ in range(2)]

    assert 429 in exhausted
    assert other_operation.status_code == 404
    assert other_application.status_code == 200
    assert statuses == [200, 200]


def test_the_unauthorized_spend_nothing(new_seller: NewSeller, limited_server: RunningServer) -> None:
    limited = new_seller(on=limited_server)
    for _ in range(20):
        limited.call("POST", ITEMS, headers={"x-amz-access-token": None})
        limited.call("GET", "/unknown")

    assert limited.create("SKU").status_code == 200


def test_a_server_without_limits_still_tells_the_rate(program: Program) -> None:
    responses = at_once(20, program.summaries)

    assert {(r.status_code, r.headers["x-amzn-RateLimit-Limit"]) for r in responses} == {(200, "2.0")}
