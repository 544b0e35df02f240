"""Connections: taken from a pool, given back, and never waited for without end. Knows no table and no schema."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import asyncpg.pool

from entrepot.domain.errors import Unavailable

# What every function of this floor takes: a connection of its own, or one lent by the pool.
Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"

# How '-infinity' comes back from a timestamptz, and may be sent: the one value that asyncpg makes without a zone.
NO_INSTANT = datetime.min

_CONNECT_SECONDS = 10.0
_COMMAND_SECONDS = 60.0
_HEALTH_SECONDS = 5.0
_FAREWELL_SECONDS = 2.0
_STATEMENTS_KEPT = 512  # prepared statements per connection: more than this program has

_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
# What asyncpg raises when the server's last words come at the wrong moment; the connection is of no use after it.
_Confused = asyncpg.InternalClientError
# What it raises when there is no connection any more, but for other reasons too.
_FAILED_LOCALLY = (OSError, asyncpg.InterfaceError, _Confused)


@contextmanager
def reaching() -> Iterator[None]:
    """Translates the failures of an attempt to connect into Unavailable."""
    try:
        yield
    except asyncpg.ClientConfigurationError:
        raise
    except (*_GONE, *_FAILED_LOCALLY) as problem:
        raise _unavailable(problem) from problem


def _unavailable(problem: BaseException) -> Unavailable:
    if isinstance(problem, asyncpg.TooManyConnectionsError):
        return Unavailable("the database has too many connections")
    if isinstance(problem, asyncpg.CannotConnectNowError):
        return Unavailable("the database is starting or stopping")
    if isinstance(problem, TimeoutError):
        return Unavailable("the database did not answer in time")
    return Unavailable("the database cannot be reached, or the connection to it is lost")


class _PooledConnection(asyncpg.Connection):  # type: ignore[misc,type-arg,unused-ignore]
    """A connection that leaves no session state behind, so that giving it back costs no round trip.

    In return: no SET outside a transaction (SET LOCAL is fine), no session advisory locks and no LISTEN on it.
    """

    def get_reset_query(self) -> str:
        return ""


class Database:
    """A pool of connections to one PostgreSQL database. It outlives restarts of the server."""

    def __init__(self, pool: asyncpg.Pool[Any], connect_timeout: float) -> None:
        self._pool = pool
        self._connect_timeout = connect_timeout

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        size: int = 10,
        connect_timeout: float = _CONNECT_SECONDS,
        command_timeout: float = _COMMAND_SECONDS,
    ) -> Database:
        """Connects once, to be sure, and to at most `size` connections as they are needed.

        Timeouts are in seconds; `connect_timeout` also bounds the wait for a free connection.
        Raises Unavailable when the server cannot be reached; asyncpg's own errors for a wrong URL, name or password.
        """
        with reaching():
            pool = await asyncpg.create_pool(
                url,
                min_size=0,  # else the pool itself goes on knocking, and complaining, while the server is away
                max_size=size,
                timeout=connect_timeout,
                command_timeout=command_timeout,
                statement_cache_size=_STATEMENTS_KEPT,
                connection_class=_PooledConnection,
                # Every statement is planned once a connection: planning again cost more than running most of them.
                server_settings={"application_name": "entrepot", "plan_cache_mode": "force_generic_plan"},
            )
        database = cls(pool, connect_timeout)
        try:
            async with database.read():
                return database
        except BaseException:
            pool.terminate()
            raise

    async def close(self) -> None:
        """Waits shortly for the connections that are lent out, then closes all."""
        try:
            await asyncio.wait_for(self._pool.close(), self._connect_timeout)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection without a transaction: each statement sees what is committed when it starts.

        Raises Unavailable when there is none to be had, or when it is lost on the way.
        """
        with reaching():
            connection = await self._pool.acquire(timeout=self._connect_timeout)
        try:
            yield connection
        except BaseException as problem:
            await _hang_up_if_stuck(connection, problem)
            if _is_lost(connection, problem):
                raise _unavailable(problem) from problem
            raise
        finally:
            # What fails here ends the connection, which is all that is left to do with it.
            with contextlib.suppress(*_GONE, *_FAILED_LOCALLY):
                await self._pool.release(connection)

    @asynccontextmanager
    async def write(self, first: str = "") -> AsyncIterator[Connection]:
        """A connection inside one READ COMMITTED transaction, committed at the end of the block, rolled back on errors.

        `first` is SQL to send along with BEGIN, to save its way there and back; it takes no arguments and its result
        is not seen. Raises Unavailable as `read` does; when the connection is lost at the very commit, its outcome is
        not known.
        """
        async with self.read() as connection:
            try:
                await connection.execute(f"begin isolation level read committed; {first}")
                yield connection
            except BaseException as problem:
                await _hang_up_if_stuck(connection, problem)
                if not _is_closed(connection):
                    await connection.execute("rollback")
                raise
            await connection.execute("commit")

    async def alive(self) -> bool:
        """Whether the database answers, found out within a few seconds."""
        try:
            async with asyncio.timeout(_HEALTH_SECONDS), self.read() as connection:
                return bool(await connection.fetchval("select true", timeout=_HEALTH_SECONDS))
        except (Unavailable, TimeoutError):
            return False


async def _hang_up_if_stuck(connection: Connection, problem: BaseException) -> None:
    """After a timeout or a cancellation the server may still be busy, or silent: ask it to cancel, but hardly wait."""
    if isinstance(problem, (TimeoutError, asyncio.CancelledError, _Confused)) and not _is_closed(connection):
        with contextlib.suppress(*_GONE, *_FAILED_LOCALLY):
            await connection.close(timeout=_FAREWELL_SECONDS)


def _is_lost(connection: Connection, problem: BaseException) -> bool:
    if isinstance(problem, (*_GONE, _Confused)):
        return True
    return _is_closed(connection) and isinstance(problem, _FAILED_LOCALLY)


def _is_closed(connection: Connection) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True  # the pool took it back when it was closed
