"""A process that another one minds: started again when it dies, ended politely, and gone when its minder is.

The minded process has its minder's pipe as standard input. Nothing is ever sent through it: when it ends, the minder
is no more, however it went.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

MINDED: Final = "ENTREPOT_MINDED"
# One that died is started again after this; one that dies at once, ever more slowly.
PAUSE_SECONDS: Final = 0.2
PAUSE_MAX: Final = 10.0
LIVED_SECONDS: Final = 10.0
FAREWELL_SECONDS: Final = 20.0

log = structlog.get_logger("entrepot")


@dataclass
class Charge:
    """The process that is minded; `environment` comes on top of this process's own."""

    command: Sequence[str]
    environment: Mapping[str, str]
    _process: asyncio.subprocess.Process | None = field(default=None, init=False)

    async def mind(self) -> None:
        """Keep it running, until this is cancelled."""
        pause = PAUSE_SECONDS
        while True:
            started = time.monotonic()
            try:
                self._process = await self._started()
                log.warning("worker ended", code=await self._process.wait())
            except OSError as problem:  # no process or memory to be had just now
                log.warning("worker cannot start", problem=str(problem))
            await asyncio.sleep(pause)
            pause = PAUSE_SECONDS if time.monotonic() - started > LIVED_SECONDS else min(pause * 2, PAUSE_MAX)

    async def _started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, **self.environment, MINDED: "1"},
            start_new_session=True,  # a terminal's Ctrl-C is for the minder, who passes it on politely
        )

    async def dismiss(self) -> None:
        """End it: politely first."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), FAREWELL_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def parent_gone() -> None:
    """Wait until the minder of this process is no more; for ever, if nobody minds it."""
    if os.environ.get(MINDED):
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()
    else:
        await asyncio.Event().wait()
