"""A world's clock: what SQL says of it is what Python says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from entrepot.storage.database import Database
from entrepot.storage.worlds import Clock, real_time, set_clock, told_time, world_time
from tests.cast import START, new_player

REAL = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
LATER = REAL + timedelta(hours=5, microseconds=8)


@pytest.mark.parametrize("rate", [0, 1, 0.5, 60])
async def test_sql_reads_a_clock_as_python_does_and_finds_the_real_time_of_what_it_shows(
    database: Database, rate: float
) -> None:
    player, clock = await new_player(database), Clock(START, REAL, rate)
    async with database.write() as connection:
        await set_clock(connection, player.id, clock)

        shown = world_time("$2::timestamptz")
        row = await connection.fetchrow(
            f"select {shown}, {real_time(shown)} from ledgers l where l.seller_id = $1", player.id, LATER
        )

    assert tuple(row or ()) == (clock.at(LATER), LATER if rate else None)


def test_a_time_is_told_in_whole_milliseconds_rounded_up_and_never_before_the_last_entry() -> None:
    millisecond = timedelta(milliseconds=1)

    assert told_time(START, START) == START
    assert told_time(START + timedelta(microseconds=1), START) == START + millisecond
    assert told_time(START, START + 7 * millisecond) == START + 7 * millisecond
