"""How the service is said to be, by what was measured and by what the operator said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import pytest_asyncio

from entrepot.api.metrics import Metrics
from entrepot.domain.errors import Invalid, NotFound, Unavailable
from entrepot.services import health as service
from entrepot.services.health import Health, Limits
from entrepot.storage.database import Connection, Database
from tests.cast import new_player


class Measures:
    """What is measured besides the database, by hand: each question of the clock takes `slow` seconds."""

    def __init__(self) -> None:
        self.failures = 0.0
        self.slow = 0.0
        self.now = 0.0

    def failed(self) -> float:
        return self.failures

    def tick(self) -> float:
        self.now += self.slow
        return self.now


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest_asyncio.fixture
async def health(database: Database, measures: Measures) -> AsyncIterator[Health]:
    async with database.write() as connection:  # other tests may have left files in the queue
        await connection.execute("update submissions set status = 'CANCELLED' where status = 'IN_QUEUE'")
    found = Health(database, measures.failed, tick=measures.tick)
    yield found
    await found.unsay()


async def level(health: Health) -> str:
    return (await health.status()).level


async def test_all_is_well_and_nothing_is_said(health: Health) -> None:
    status = await health.status()

    assert (status.level, status.message_id, list(status.messages)) == ("GREEN", None, [])


@pytest.mark.parametrize(
    ("failures", "slow", "wanted"),
    [
        (0.04, 0.9, "GREEN"),
        (0.05, 0.0, "YELLOW"),
        (0.0, 1.0, "YELLOW"),
        (0.5, 0.0, "RED"),
        (0.0, 10.0, "RED"),
        (0.05, 10.0, "RED"),
    ],
)
async def test_failures_and_a_slow_database_are_told(
    health: Health, measures: Measures, failures: float, slow: float, wanted: str
) -> None:
    measures.failures, measures.slow = failures, slow

    assert await level(health) == wanted


@pytest.mark.parametrize(
    ("waits", "ready_at", "status", "wanted"),
    [
        ("4 minutes", None, "IN_QUEUE", "GREEN"),
        ("6 minutes", None, "IN_QUEUE", "YELLOW"),
        ("61 minutes", None, "IN_QUEUE", "RED"),
        ("61 minutes", "2099-01-01", "IN_QUEUE", "GREEN"),
        ("61 minutes", "2001-01-01", "IN_QUEUE", "RED"),
        ("61 minutes", None, "IN_PROGRESS", "GREEN"),
    ],
)
async def test_a_file_that_waits_for_a_worker_is_told(
    health: Health, database: Database, waits: str, ready_at: str | None, status: str, wanted: str
) -> None:
    player = await new_player(database)
    async with database.write() as connection:
        await connection.execute(
            f"""
            insert into submissions (seller_id, submission_id, arrived, door, actor, feed_type, lane, marketplaces,
                                     document_id, options, strict, status, created_at, queued_at, ready_at)
            values ($1, '1', 1, 'test', 'test', 'X', 'x', '{{}}', '', '{{}}', false, $2, now(),
                    clock_timestamp() - interval '{waits}', $3::text::timestamptz)
            """,
            player.id,
            status,
            ready_at,
        )
    try:
        assert await level(health) == wanted
    finally:
        async with database.write() as connection:
            await connection.execute("delete from submissions where seller_id = $1", player.id)


async def test_a_file_behind_another_of_its_lane_waits_for_that_and_not_for_a_worker(
    health: Health, database: Database
) -> None:
    player = await new_player(database)
    async with database.write() as connection:
        for arrived, status in ((1, "IN_PROGRESS"), (2, "IN_QUEUE")):
            await connection.execute(
                """
                insert into submissions (seller_id, submission_id, arrived, door, actor, feed_type, lane, marketplaces,
                                         document_id, options, strict, status, created_at, queued_at)
                values ($1, $2::int::text, $2, 'test', 'test', 'X', 'x', '{}', '', '{}', false, $3, now(),
                        clock_timestamp() - interval '61 minutes')
                """,
                player.id,
                arrived,
                status,
            )
    try:
        assert await level(health) == "GREEN"
    finally:
        async with database.write() as connection:
            await connection.execute("delete from submissions where seller_id = $1", player.id)


async def test_without_a_database_the_service_is_red(measures: Measures) -> None:
    class Away:
        @asynccontextmanager
        async def read(self) -> AsyncIterator[Connection]:
            raise Unavailable("away")
            yield

    assert await level(Health(cast(Any, Away()), measures.failed)) == "RED"


async def test_a_database_that_says_nothing_is_not_waited_for_longer_than_tells_that_it_is_red(
    measures: Measures, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent:
        @asynccontextmanager
        async def read(self) -> AsyncIterator[Connection]:
            await asyncio.Event().wait()
            yield cast(Any, None)

    monkeypatch.setattr(service, "DATABASE_SECONDS", Limits(0.01, 0.05))

    async with asyncio.timeout(10):
        assert await level(Health(cast(Any, Silent()), measures.failed)) == "RED"


async def test_what_the_operator_says_makes_green_an_information(health: Health, measures: Measures) -> None:
    await health.say("We move house on Sunday.")

    status = await health.status()
    measures.failures = 0.1

    [message] = status.messages
    assert (status.level, message.locale, message.text) == ("GREEN_I", "en_US", "We move house on Sunday.")
    assert status.message_id == message.message_id != ""
    assert await level(health) == "YELLOW"


async def test_a_message_has_one_id_in_all_languages(health: Health) -> None:
    await health.say("Hello", message_id="M1")
    await health.say("Hallo", "de_DE")
    both = [(one.locale, one.message_id, one.text) for one in await health.messages()]
    await health.say("Hallo!", "de_DE", "M2")
    again = [(one.locale, one.message_id, one.text) for one in await health.messages()]

    assert both == [("de_DE", "M1", "Hallo"), ("en_US", "M1", "Hello")]
    assert again == [("de_DE", "M2", "Hallo!"), ("en_US", "M2", "Hello")]


async def test_a_message_is_taken_back_in_one_language_or_in_all(health: Health) -> None:
    for locale in ("en_US", "de_DE", "fr_FR"):
        await health.say("x", locale)

    await health.unsay("de_DE")
    left = [one.locale for one in await health.messages()]
    await health.unsay()

    assert left == ["en_US", "fr_FR"]
    assert await health.messages() == []
    with pytest.raises(NotFound):
        await health.unsay("en_US")
    await health.unsay()


async def test_what_is_no_language_has_no_message_to_take_back(health: Health) -> None:
    await health.say("Wartung um zehn", "de_DE")

    for nonsense in ("", "de", "\0", "de_DE\0"):
        with pytest.raises(NotFound):
            await health.unsay(nonsense)

    assert [one.locale for one in await health.messages()] == ["de_DE"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("text", (" ",)),
        ("text", ("x" * 2001,)),
        ("text", ("a\0b",)),
        ("locale", ("x", "english")),
        ("locale", ("x", "")),
        ("message_id", ("x", "en_US", "a b")),
        ("message_id", ("x", "en_US", "")),
    ],
)
async def test_a_message_that_is_none_is_refused(health: Health, field: str, words: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        await health.say(*words)

    assert refused.value.field == field


def test_the_share_of_failures_is_that_of_the_latest_answers() -> None:
    metrics = Metrics()

    def count(status: int, times: int) -> float:
        for _ in range(times):
            metrics.count("x", "y", status, 0.0)
        return metrics.failed()

    assert count(500, 1) == 0.01  # one of few tells little
    assert count(503, 99) == 0.01
    assert count(500, 99) == pytest.approx(100 / 199)
    assert count(200, 801) == 0.1
    assert count(200, 1000) == 0.0
