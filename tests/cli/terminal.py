"""A terminal for commands: what they show to people, not to programs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from tests.running import RunningServer


def on_terminal(server: RunningServer, *words: str) -> tuple[int, str]:
    """Exit code of a command, and what it prints on a terminal of sixty columns."""
    return python_on_terminal("-m", "entrepot", *words, ENTREPOT_DATA=str(server.data))


def python_on_terminal(*words: str, **variables: str) -> tuple[int, str]:
    """The same of a Python program."""
    main, other = pty.openpty()
    environment = {**os.environ, "COLUMNS": "60", "TERM": "dumb", **variables}
    process = subprocess.Popen([sys.executable, *words], stdout=other, stderr=other, env=environment)
    os.close(other)
    printed = b""
    with os.fdopen(main, "rb", buffering=0) as terminal:
        while True:
            try:
                more = terminal.read(65536)
            except OSError:  # how Linux says that nobody writes any more
                break
            if not more:
                break
            printed += more
    return process.wait(30), printed.decode()
