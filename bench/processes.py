"""Other processes: started, asked over loopback, weighed, and ended by their own pid whatever happens here."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MEGABYTE = 1_000_000
_PATIENCE_SECONDS = 120.0
_FAREWELL_SECONDS = 40.0
_POLL_SECONDS = 0.005


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(words: Sequence[str], log: Path, told: bytes = b"") -> Iterator[subprocess.Popen[bytes]]:
    """`python WORDS`, told something on its standard input, until the end of the block."""
    command, environment = [sys.executable, *words], _keeping_bytecode(log.parent)
    with log.open("ab") as output:
        # In a session of its own, so that Ctrl-C reaches us alone and everything ends in order.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
        )
    try:
        assert process.stdin is not None
        process.stdin.write(told)
        process.stdin.close()
        yield process
    finally:
        _end(process)


def _keeping_bytecode(folder: Path) -> dict[str, str]:
    """Our environment. Where it forbids bytecode, that goes into a folder: starting is not measured with compiling."""
    environment = dict(os.environ)
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):
        environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    return environment


def _end(process: subprocess.Popen[bytes]) -> None:
    for name in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(name)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_FAREWELL_SECONDS)


def output_of(words: Sequence[str], told: bytes) -> bytes:
    """What `python WORDS` printed; it must succeed."""
    command = [sys.executable, *words]
    return subprocess.run(command, input=told, stdout=subprocess.PIPE, check=True, start_new_session=True).stdout


def ask(port: int, path: str, headers: Mapping[str, str] | None = None, form: str | bytes | None = None) -> bytes:
    """The body of a 200; AssertionError with the answer otherwise, OSError when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if form is None else "POST", path, form, dict(headers or {}))
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, f"{path}: {response.status} {body[:500]!r}"
        return body
    finally:
        connection.close()


def await_answer(process: subprocess.Popen[bytes], log: Path, port: int, path: str) -> None:
    """Wait until a request is answered with 200."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            ask(port, path)
            return
        except (OSError, http.client.HTTPException, AssertionError):
            if process.poll() is not None:
                break
            time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"{path} was never answered: {log.read_text(errors='replace')[-3000:]}")


class _Process(NamedTuple):
    parent: int
    resident: float  # MB
    name: str


def resident(pid: int) -> float:
    """The memory of a process in MB: what is resident."""
    return _processes()[pid].resident


def share_of_postgres_below(pid: int) -> float:
    """The memory of all PostgreSQL processes that descend from a process, in MB.

    Memory that they share is divided among them, where the system tells; else it is counted once for each.
    """
    processes = _processes()
    family = [pid]
    for member in family:
        family.extend(child for child, process in processes.items() if process.parent == member)
    return sum(_share(one, processes[one]) for one in family if "postgres" in processes[one].name)


def peak_of_child(pid: int, word: str) -> float:
    """The most memory, in MB, that a child of a process ever had; the child is known by a word of its command line."""
    for child, process in _processes().items():
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0") if process.parent == pid else []
        if word.encode() in words:
            status = Path(f"/proc/{child}/status").read_text(encoding="utf-8")
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
            return int(peak.split()[1]) * 1024 / MEGABYTE
    raise RuntimeError(f"process {pid} has no child with '{word}' in its command line")


def _share(pid: int, process: _Process) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return process.resident
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / MEGABYTE


def _processes() -> dict[int, _Process]:
    """All processes of this machine."""
    if not Path("/proc/self/status").exists():
        return _processes_by_ps()
    found = {}
    for file in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = dict(line.split(":", 1) for line in file.read_text(encoding="utf-8").splitlines() if ":" in line)
            kilobytes = int(fields.get("VmRSS", "0 kB").split()[0])
            found[int(file.parent.name)] = _Process(
                int(fields["PPid"]), kilobytes * 1024 / MEGABYTE, fields["Name"].strip()
            )
    return found


def _processes_by_ps() -> dict[int, _Process]:
    command = ["ps", "-A", "-o", "pid=,ppid=,rss=,comm="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split(None, 3) for line in lines]
    return {int(row[0]): _Process(int(row[1]), int(row[2]) * 1024 / MEGABYTE, row[3]) for row in rows}
