"""The detour: real programs, unmodified, sent to a small server on loopback; and the proxy under bad clients.

Programs run as children through `run`, with nothing but their environment to tell them where to go.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import http.server
import json
import logging
import os
import pty
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import entrepot
from entrepot import detour
from entrepot.certificates import Certificates, ensure
from entrepot.detour import HEAD_BYTES, Detour, run
from entrepot.domain.errors import Invalid

PATIENCE = 20
BIG = 6_000_000


class Amazon(http.server.BaseHTTPRequestHandler):
    """Answers like the few pages of Amazon these tests need; anything else echoes what arrived."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(f"{self.command} {self.headers['Host']} {self.path}")
        if self.path == "/auth/o2/token":
            self.answer({"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600, "refresh_token": "y"})
        elif self.path.startswith("/fba/inventory/v1/summaries"):
            self.answer({"payload": {"granularity": {}, "inventorySummaries": []}})
        elif self.path == "/big":
            self.send(b"z" * BIG)
        else:
            fields = {name.lower(): value for name, value in self.headers.items()}
            self.answer({"path": self.path, "headers": fields, "sha256": hashlib.sha256(body).hexdigest()})

    do_POST = do_GET

    def answer(self, value: object) -> None:
        self.send(json.dumps(value).encode())

    def send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Amazon)
        self.seen: list[str] = []
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server_port

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients that hang up are part of these tests


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    with Server(tls) as started:
        thread = threading.Thread(target=started.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield started
        finally:
            started.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure(tmp_path_factory.mktemp("certificates"))


def server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    return context


def python(program: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(program)]


# Unmodified programs

PROGRAMS = {
    "httpx": """
        import httpx
        print(httpx.get("https://sellingpartnerapi-eu.amazon.com/x?a=b%20c").json()["path"])
    """,
    "httpx async": """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient() as client:
                print((await client.get("https://sellingpartnerapi-eu.amazon.com/x?a=b%20c")).json()["path"])
        asyncio.run(main())
    """,
    "requests": """
        import requests
        print(requests.get("https://sellingpartnerapi-eu.amazon.com/x?a=b%20c").json()["path"])
    """,
    "urllib": """
        import json, urllib.request
        print(json.load(urllib.request.urlopen("https://sellingpartnerapi-eu.amazon.com/x?a=b%20c"))["path"])
    """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_an_unmodified_python_program_reaches_the_server(
    program: str, server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(python(program), server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "/x?a=b%20c\n", "")
    assert server.seen == ["GET sellingpartnerapi-eu.amazon.com /x?a=b%20c"]


def test_an_unmodified_sp_api_program_reads_its_inventory(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        from sp_api.api import Inventories
        from sp_api.base import Marketplaces
        secrets = {"lwa_app_id": "amzn1.application-oa2-client.x", "lwa_client_secret": "s", "refresh_token": "Atzr|x"}
        inventories = Inventories(marketplace=Marketplaces.DE, credentials=secrets)
        print(inventories.get_inventory_summary_marketplace(details=True).payload)
    """

    code = run(python(program), server.address, certificates)

    assert code == 0
    assert capfd.readouterr().out == "{'granularity': {}, 'inventorySummaries': []}\n"
    token, summaries = server.seen
    assert token == "POST api.amazon.com /auth/o2/token"
    assert summaries.startswith("GET sellingpartnerapi-eu.amazon.com /fba/inventory/v1/summaries?")


NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_an_unmodified_node_program_reaches_the_server(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        require("https").get("https://secure.amazon.co.uk/got", answer => {
            console.log(answer.statusCode);
            answer.resume();
        });
    """

    code = run([str(NODE), "-e", program], server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "200\n", "")
    assert server.seen == ["GET secure.amazon.co.uk /got"]


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_an_unmodified_node_program_that_fetches_reaches_the_server(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    version = subprocess.run([str(NODE), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major, minor = (int(number) for number in version.removeprefix("v").split(".")[:2])
    if not ((major == 22 and minor >= 21) or major >= 24):
        pytest.skip(f"fetch heeds NODE_USE_ENV_PROXY from Node.js 22.21 and 24 on, this is {version}")
    program = 'fetch("https://api.amazon.com/got").then(answer => answer.json()).then(page => console.log(page.path));'

    code = run([str(NODE), "-e", program], server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "/got\n", "")
    assert server.seen == ["GET api.amazon.com /got"]


@pytest.mark.skipif(shutil.which("javac") is None, reason="no Java development kit is installed")
def test_an_unmodified_java_program_reaches_the_server(
    server: Server, certificates: Certificates, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "Program.java"
    source.write_text("""
        public class Program {
            public static void main(String[] arguments) throws Exception {
                var page = new java.net.URL("https://mws.amazonservices.com/java").openConnection();
                System.out.println(((java.net.HttpURLConnection) page).getResponseCode());
            }
        }
    """)

    code = run(["java", str(source)], server.address, certificates)

    assert (code, capfd.readouterr().out) == (0, "200\n")
    assert server.seen == ["GET mws.amazonservices.com /java"]


PHP = shutil.which("php")


@pytest.mark.skipif(PHP is None, reason="PHP is not installed (Debian: php-cli, php-curl)")
def test_an_unmodified_php_program_reaches_the_server(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    if "curl" not in subprocess.run([str(PHP), "-m"], capture_output=True, text=True, check=True).stdout.split():
        pytest.skip("PHP has no curl (Debian: php-curl)")
    program = """
        $request = curl_init("https://mws.amazonservices.com/php");
        curl_setopt($request, CURLOPT_RETURNTRANSFER, true);
        curl_exec($request);
        echo curl_getinfo($request, CURLINFO_RESPONSE_CODE), curl_error($request);
    """

    code = run([str(PHP), "-r", program], server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "200", "")
    assert server.seen == ["GET mws.amazonservices.com /php"]


def test_php_reads_its_own_settings_and_ours_which_name_the_bundle(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = python("import os; print(os.environ['PHP_INI_SCAN_DIR'])")
    monkeypatch.delenv("PHP_INI_SCAN_DIR", raising=False)

    run(told, server.address, certificates)
    monkeypatch.setenv("PHP_INI_SCAN_DIR", "/etc/php")
    run(told, server.address, certificates)

    ours = certificates.php.parent
    assert capfd.readouterr().out.splitlines() == [f":{ours}", f"/etc/php:{ours}"]
    assert f'curl.cainfo="{certificates.bundle}"' in certificates.php.read_text()


def test_the_program_reaches_the_server_itself_under_the_address_it_is_told(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        import os, httpx
        print(httpx.get(os.environ["ENTREPOT_URL"] + "/documents/1").json()["path"])
    """

    code = run(python(program), server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "/documents/1\n", "")


def test_a_server_with_tls_is_reached_over_tls(certificates: Certificates, capfd: pytest.CaptureFixture[str]) -> None:
    program = """
        import os, httpx
        print(httpx.get("https://api.amazon.com/far").json()["path"])
        print(httpx.get(os.environ["ENTREPOT_URL"] + "/near").json()["path"])
    """

    with serving(server_context(certificates)) as server:
        code = run(python(program), server.address, certificates, tls=True)

    assert (code, *capfd.readouterr()) == (0, "/far\n/near\n", "")


def test_a_server_with_a_certificate_of_others_is_not_believed(
    certificates: Certificates, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        import httpx
        try:
            httpx.get("https://api.amazon.com/")
        except httpx.ProxyError as problem:
            print(problem)
    """

    with serving(server_context(ensure(tmp_path))) as server:
        run(python(program), server.address, certificates, tls=True)

    assert capfd.readouterr().out == "502 Bad Gateway\n"
    assert server.seen == []


def test_many_parallel_requests_all_arrive(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        import asyncio, httpx
        async def main():
            async with httpx.AsyncClient(limits=httpx.Limits(max_connections=40), timeout=60) as client:
                async def ask(number):
                    url = f"https://sellingpartnerapi-na.amazon.com/{number}"
                    return (await client.get(url)).json()["path"] == f"/{number}"
                answers = await asyncio.gather(*(ask(number) for number in range(120)))
                print(sum(answers))
        asyncio.run(main())
    """

    code = run(python(program), server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "120\n", "")
    assert len(server.seen) == 120


def test_large_bodies_arrive_whole_in_both_directions(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = f"""
        import hashlib, os, httpx
        body = os.urandom({BIG})
        answer = httpx.post("https://mws.amazonservices.com/Feeds/2009-01-01", content=body, timeout=60).json()
        print(answer["sha256"] == hashlib.sha256(body).hexdigest())
        print(httpx.get("https://mws.amazonservices.com/big", timeout=60).content == b"z" * {BIG})
    """

    code = run(python(program), server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "True\nTrue\n", "")


# What is refused


def test_any_other_host_is_refused_and_named(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        import httpx
        for _ in range(2):
            try:
                httpx.get("https://www.amazon.com/")
            except httpx.ProxyError as problem:
                print(problem)
        answer = httpx.get("http://shop.example/")
        print(answer.status_code, "shop.example:80" in answer.text)
    """

    code = run(python(program), server.address, certificates)

    out, err = capfd.readouterr()
    assert code == 0
    assert out == "403 Forbidden by entrepot exec: www.amazon.com:443\n" * 2 + "403 True\n"
    assert "refused www.amazon.com:443 (2 times)" in err
    assert "refused shop.example:80 (once)" in err
    assert server.seen == []


def test_a_program_that_goes_round_the_proxy_would_not_believe_the_real_host(
    certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    program = """
        import ssl
        context = ssl.create_default_context()
        print([dict(pairs[0] for pairs in found["subject"])["commonName"] for found in context.get_ca_certs()])
        print(ssl.get_default_verify_paths().capath)
    """

    run(python(program), ("127.0.0.1", 1), certificates)

    assert capfd.readouterr().out == f"['Entrepot local authority']\n{certificates.ca.parent}\n"


def test_the_detour_wins_over_what_the_environment_said_before(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    code = run(python(PROGRAMS["httpx"]), server.address, certificates)

    assert (code, *capfd.readouterr()) == (0, "/x?a=b%20c\n", "")


def test_java_options_that_were_there_stay(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1g")

    run(python("import os; print(os.environ['JAVA_TOOL_OPTIONS'])"), server.address, certificates)

    assert capfd.readouterr().out.startswith('-Xmx1g "-Dhttp.proxyHost=127.0.0.1" "-Dhttp.proxyPort=')


# How the program ends


@pytest.mark.parametrize(
    ("program", "code"), [("pass", 0), ("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_exit_code_is_the_programs(program: str, code: int, server: Server, certificates: Certificates) -> None:
    answered = run(python(program), server.address, certificates)

    assert answered == code


def test_a_command_that_does_not_exist_answers_127(
    server: Server, certificates: Certificates, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["no-such-program", "--flag"], server.address, certificates)

    assert (code, *capfd.readouterr()) == (127, "", "entrepot exec: command not found: no-such-program\n")


def test_a_file_that_is_no_program_answers_126(
    server: Server, certificates: Certificates, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("not a program")

    code = run([str(tmp_path / "notes.txt")], server.address, certificates)

    assert code == 126
    assert "cannot execute" in capfd.readouterr().err


def test_an_empty_command_is_invalid(server: Server, certificates: Certificates) -> None:
    with pytest.raises(Invalid):
        run([], server.address, certificates)


def test_the_program_reads_what_is_typed(server: Server, certificates: Certificates) -> None:
    driver = start_driver("print(input()[::-1])", server.address, certificates)

    out, _ = driver.communicate("abc\n", timeout=PATIENCE)

    assert (driver.returncode, out) == (0, "cba\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_passed_on_and_the_programs_answer_counts(
    number: signal.Signals, server: Server, certificates: Certificates
) -> None:
    program = f"""
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [{number}])
        print("ready", flush=True)
        signal.sigwait([{number}])
        print("told")
        raise SystemExit(7)
    """
    driver = start_driver(program, server.address, certificates)
    assert driver.stdout is not None
    assert driver.stdout.readline() == "ready\n"

    driver.send_signal(number)
    out, err = driver.communicate(timeout=PATIENCE)

    assert (driver.returncode, out, err) == (7, "told\n", "")


def test_an_interrupt_typed_at_the_terminal_reaches_the_program_once(
    server: Server, certificates: Certificates
) -> None:
    program = """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        print("ready", flush=True)
        signal.sigwait([signal.SIGINT])
        print("told", flush=True)
        print("told again" if signal.sigtimedwait([signal.SIGINT], 2) else "told once")
    """
    keyboard, terminal = pty.openpty()
    driver = start_driver(program, server.address, certificates, stdin=terminal)
    os.close(terminal)
    assert driver.stdout is not None
    assert driver.stdout.readline() == "ready\n"

    driver.send_signal(signal.SIGSTOP)  # or two interrupts might fall into one
    os.waitid(os.P_PID, driver.pid, os.WSTOPPED)
    os.write(keyboard, b"\x03")
    assert driver.stdout.readline() == "told\n"
    driver.send_signal(signal.SIGCONT)
    out, err = driver.communicate(timeout=PATIENCE)
    os.close(keyboard)

    assert (driver.returncode, out, err) == (0, "told once\n", "")


def test_a_program_killed_in_the_middle_of_its_requests_leaves_nothing_behind(
    server: Server, certificates: Certificates
) -> None:
    program = """
        import os, httpx
        with httpx.stream("GET", "https://sellingpartnerapi-na.amazon.com/big") as answer:
            next(answer.iter_raw())
            os.kill(os.getpid(), 9)
    """
    driver = start_driver(program, server.address, certificates)

    out, err = driver.communicate(timeout=PATIENCE)

    assert (driver.returncode, out, err) == (137, "", "")


DRIVER = """
import fcntl, sys, termios
from pathlib import Path
from entrepot.certificates import ensure
from entrepot.detour import run
host, port, directory, program = sys.argv[1:]
if sys.stdin.isatty():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.exit(run([sys.executable, "-c", program], (host, int(port)), ensure(Path(directory))))
"""


_started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _no_driver_outlives_its_test() -> Iterator[None]:
    yield
    while _started:
        driver = _started.pop()
        if driver.poll() is None:
            driver.kill()
            driver.communicate()


def start_driver(
    program: str, address: tuple[str, int], certificates: Certificates, *, stdin: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """`run` in the main thread of a process of its own, which shows every warning. Its terminal, if any, is `stdin`."""
    host, port = address
    driver = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", DRIVER, host, str(port), certificates.ca.parent, textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": str(Path(entrepot.__file__).parents[1])},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _started.append(driver)
    return driver


# The proxy, spoken to directly


@asynccontextmanager
async def proxying(server: tuple[str, int], certificates: Certificates, *, tls: bool = False) -> AsyncIterator[Detour]:
    """A proxy with short patience, which must leave no task behind, and none that failed."""
    proxy = Detour(server, certificates, tls=tls, head_seconds=0.3, handshake_seconds=0.3)
    await proxy.start()
    with failures() as failed:
        try:
            yield proxy
        finally:
            await proxy.stop()
        assert tasks_of_proxies() == []
        gc.collect()  # an exception nobody asked for is reported when its task is collected
    assert failed == []


@contextmanager
def failures() -> Iterator[list[dict[str, Any]]]:
    """What asyncio would log of callbacks and tasks that failed."""
    found: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: found.append(context))
    try:
        yield found
    finally:
        loop.set_exception_handler(None)


def tasks_of_proxies() -> list[asyncio.Task[object]]:
    code_of = [(task, getattr(task.get_coro(), "cr_code", None)) for task in asyncio.all_tasks()]
    return [task for task, code in code_of if code is not None and code.co_filename == detour.__file__]


async def until_no_task_is_left() -> None:
    async with asyncio.timeout(PATIENCE):
        while tasks_of_proxies():
            await asyncio.sleep(0.01)


@pytest.fixture
async def proxy(server: Server, certificates: Certificates, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Detour]:
    with caplog.at_level(logging.WARNING):
        async with proxying(server.address, certificates) as started:
            yield started
    assert [*caplog.get_records("call"), *caplog.records] == []


async def connect(proxy: Detour) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))


async def talk(proxy: Detour, *said: bytes) -> bytes:
    """All that the proxy answers, until it closes."""
    reader, writer = await connect(proxy)
    try:
        for part in said:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(PATIENCE):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def tunnel(
    proxy: Detour, certificates: Certificates, host: str = "api.amazon.com"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await connect(proxy)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    await writer.start_tls(ssl.create_default_context(cafile=certificates.bundle), server_hostname=host)
    return reader, writer


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_whole_address_of_the_server_is_forwarded(name: str, proxy: Detour, server: Server) -> None:
    address = f"{name}:{server.server_port}"

    answer = await talk(
        proxy,
        f"GET http://{address}/documents/1?signature=a%2Fb HTTP/1.1\r\nHost: elsewhere\r\nX-Kept: yes\r\n"
        "Proxy-Connection: keep-alive\r\nConnection: keep-alive\r\n\r\n".encode(),
    )

    page = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert page["path"] == "/documents/1?signature=a%2Fb"
    assert page["headers"] == {"host": address, "connection": "close", "x-kept": "yes"}


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("https://api.amazon.com/auth?x=1", "/auth?x=1"),
        ("HTTP://API.AMAZON.COM", "/"),
        ("http://user:word@api.amazon.com:80?x", "/?x"),
    ],
)
async def test_a_whole_address_of_amazon_is_forwarded(target: str, path: str, proxy: Detour, server: Server) -> None:
    await talk(proxy, f"GET {target} HTTP/1.1\r\n\r\n".encode())

    (seen,) = server.seen
    assert seen.lower().removesuffix(path) in ("get api.amazon.com ", "get api.amazon.com:80 ")
    assert seen.endswith(f" {path}")


async def test_a_tunnel_to_the_server_carries_bytes_as_they_are(proxy: Detour, server: Server) -> None:
    answer = await talk(
        proxy,
        f"CONNECT localhost:{server.server_port} HTTP/1.1\r\n\r\n".encode(),
        b"GET /through HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert server.seen == ["GET h /through"]


async def test_a_tunnel_serves_one_request_after_another(
    proxy: Detour, server: Server, certificates: Certificates
) -> None:
    reader, writer = await tunnel(proxy, certificates)

    for number in range(3):
        writer.write(f"GET /{number} HTTP/1.1\r\nHost: api.amazon.com\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
    writer.close()

    assert server.seen == [f"GET api.amazon.com /{number}" for number in range(3)]


async def test_only_http_1_1_is_agreed_on(proxy: Detour, certificates: Certificates) -> None:
    reader, writer = await connect(proxy)
    writer.write(b"CONNECT api.amazon.com:443 HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    context = ssl.create_default_context(cafile=certificates.bundle)
    context.set_alpn_protocols(["h2", "http/1.1"])

    await writer.start_tls(context, server_hostname="api.amazon.com")

    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
    writer.close()


@pytest.mark.parametrize(
    "request_line",
    [
        "CONNECT www.amazon.com:443 HTTP/1.1",
        "CONNECT evil-api.amazon.com:443 HTTP/1.1",
        "CONNECT api.amazon.com.evil.example:443 HTTP/1.1",
        "CONNECT api.amazon.com:80 HTTP/1.1",
        "CONNECT 10.0.0.1:443 HTTP/1.1",
        "CONNECT 127.0.0.1:1 HTTP/1.1",
        "GET http://api.amazon.com:8080/ HTTP/1.1",
        "GET http://api.amazon.com@evil.example/ HTTP/1.1",
        "GET http://127.0.0.1/ HTTP/1.1",
    ],
)
async def test_everything_else_is_refused(request_line: str, proxy: Detour, server: Server) -> None:
    answer = await talk(proxy, f"{request_line}\r\n\r\n".encode())

    (refused,) = proxy.refused
    assert answer.startswith(f"HTTP/1.1 403 Forbidden by entrepot exec: {refused}\r\n".encode())
    assert f"nothing reach {refused}" in answer.decode().partition("\r\n\r\n")[2]
    assert server.seen == []


async def test_a_refused_upload_reads_its_refusal(proxy: Detour) -> None:
    answer = await talk(proxy, b"POST http://shop.example/ HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n", b"x" * BIG)

    assert answer.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET http://api.amazon.com/ HTTP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: api.amazon.com\r\n\r\n",
        b"GET ftp://api.amazon.com/ HTTP/1.1\r\n\r\n",
        b"GET http:///path HTTP/1.1\r\n\r\n",
        b"CONNECT api.amazon.com HTTP/1.1\r\n\r\n",
        b"CONNECT api.amazon.com:x HTTP/1.1\r\n\r\n",
        b"CONNECT [::1:443 HTTP/1.1\r\n\r\n",
        b"CONNECT \xff\xfe:443 HTTP/1.1\r\n\r\n",
    ],
)
async def test_garbage_is_answered_400(said: bytes, proxy: Detour, server: Server) -> None:
    answer = await talk(proxy, said)

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert server.seen == []


async def test_an_endless_head_is_answered_431(proxy: Detour) -> None:
    answer = await talk(proxy, b"GET http://api.amazon.com/ HTTP/1.1\r\nX: ", b"x" * (HEAD_BYTES * 2))

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_trickles_is_answered_408(proxy: Detour) -> None:
    reader, writer = await connect(proxy)

    async def trickle() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readline()
    trickling.cancel()
    writer.close()

    assert answer == b"HTTP/1.1 408 Request Timeout\r\n"


async def test_a_client_that_never_begins_its_handshake_is_let_go(proxy: Detour) -> None:
    answer = await talk(proxy, b"CONNECT api.amazon.com:443 HTTP/1.1\r\n\r\n")

    assert answer == b"HTTP/1.1 200 Connection established\r\n\r\n"
    await until_no_task_is_left()


async def test_a_client_that_does_not_trust_us_is_let_go(proxy: Detour, server: Server) -> None:
    reader, writer = await connect(proxy)
    writer.write(b"CONNECT api.amazon.com:443 HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")

    with pytest.raises(ssl.SSLCertVerificationError):
        await writer.start_tls(ssl.create_default_context(), server_hostname="api.amazon.com")

    writer.close()
    await until_no_task_is_left()
    assert server.seen == []


@pytest.mark.parametrize(
    "said",
    [b"", b"CONN", b"CONNECT api.amazon.com:443 HTTP/1.1\r\n\r\n", b"GET http://api.amazon.com/big HTTP/1.1\r\n\r\n"],
)
async def test_a_client_that_aborts_leaves_no_task(said: bytes, proxy: Detour) -> None:
    _, writer = await connect(proxy)
    writer.write(said)
    await asyncio.sleep(0.05)

    reset(writer)

    await until_no_task_is_left()


async def test_a_client_that_leaves_as_soon_as_it_is_let_in_is_let_go(
    proxy: Detour, certificates: Certificates
) -> None:
    for _ in range(20):
        _, writer = await tunnel(proxy, certificates)
        writer.close()

    await until_no_task_is_left()


async def test_a_client_that_aborts_inside_its_tunnel_leaves_no_task(proxy: Detour, certificates: Certificates) -> None:
    reader, writer = await tunnel(proxy, certificates)
    writer.write(b"GET /big HTTP/1.1\r\nHost: api.amazon.com\r\n\r\n")
    await reader.readexactly(1000)

    reset(writer)

    await until_no_task_is_left()


def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up without a goodbye."""
    plain = writer.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


async def test_a_proxy_that_stops_ends_open_tunnels(server: Server, certificates: Certificates) -> None:
    async with proxying(server.address, certificates) as proxy:
        opened = [await tunnel(proxy, certificates) for _ in range(3)]

    for reader, writer in opened:
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_a_proxy_that_stops_does_not_wait_for_a_server_that_does_not_listen(
    tls: bool, certificates: Certificates
) -> None:
    stopped = asyncio.Event()

    async def listen_never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stopped.wait()
        writer.transport.abort()

    async with listener(listen_never, server_context(certificates) if tls else None) as address:
        async with asyncio.timeout(PATIENCE), proxying(address, certificates, tls=tls) as proxy:
            _, writer = await tunnel(proxy, certificates)
            writer.write(b"x" * BIG * 3)
            await asyncio.sleep(0.5)
        stopped.set()
        writer.transport.abort()


async def test_a_server_that_is_down_is_answered_502(certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async with proxying(("127.0.0.1", port), certificates) as proxy:
        answer = await talk(proxy, b"CONNECT api.amazon.com:443 HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert f"127.0.0.1:{port} does not answer".encode() in answer


async def test_a_client_that_closes_its_half_still_gets_the_answer(certificates: Certificates) -> None:
    heard = bytearray()

    async def answer_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nlate")
        writer.close()

    async with listener(answer_at_the_end) as address, proxying(address, certificates) as proxy:
        reader, writer = await connect(proxy)
        writer.write(f"POST http://127.0.0.1:{address[1]}/ HTTP/1.0\r\n\r\nbody".encode())
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()

    assert heard.endswith(b"\r\n\r\nbody")
    assert answer == b"HTTP/1.1 200 OK\r\n\r\nlate"


@pytest.mark.parametrize("through_tls", [False, True], ids=["plain", "tls"])
async def test_a_slow_client_gets_all_that_the_server_said_before_it_closed(
    through_tls: bool, certificates: Certificates
) -> None:
    closed = asyncio.Event()

    async def say_much_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"z" * BIG)
        await writer.drain()
        writer.close()
        closed.set()

    async with listener(say_much_and_close) as address, proxying(address, certificates) as proxy:
        if through_tls:
            reader, writer = await tunnel(proxy, certificates)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
        else:
            reader, writer = await connect(proxy)
            writer.write(b"GET http://api.amazon.com/ HTTP/1.0\r\n\r\n")
        received = 0
        async with asyncio.timeout(PATIENCE):
            while chunk := await reader.read(100_000):
                received += len(chunk)
                await asyncio.sleep(0.02)
        writer.close()

    assert closed.is_set()
    assert received == BIG


@pytest.mark.parametrize("through_tls", [False, True], ids=["plain", "tls"])
async def test_a_client_still_sending_reads_the_answer_of_a_server_that_has_heard_enough(
    through_tls: bool, certificates: Certificates
) -> None:
    over = asyncio.Event()

    async def answer_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        writer.write_eof()
        await over.wait()
        writer.close()

    async with listener(answer_early) as address, proxying(address, certificates) as proxy:
        reader, writer = await (tunnel(proxy, certificates) if through_tls else connect(proxy))
        writer.write(b"POST http://api.amazon.com/ HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            for _ in range(60):
                writer.write(b"x" * 100_000)
                await writer.drain()
            answer = await reader.read()
        writer.close()
        over.set()

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_an_answer_given_before_a_hard_close_arrives(certificates: Certificates) -> None:
    async def answer_and_hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with listener(answer_and_hang_up) as address, proxying(address, certificates) as proxy:
        reader, writer = await tunnel(proxy, certificates)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            for _ in range(60):
                writer.write(b"x" * 100_000)
                await writer.drain()
            answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_server_with_tls_that_hangs_up_during_an_upload_ends_it_quietly(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with (
        listener(hang_up, server_context(certificates)) as address,
        proxying(address, certificates, tls=True) as proxy,
    ):
        reader, writer = await tunnel(proxy, certificates)
        writer.write(b"POST / HTTP/1.1\r\nContent-Length: 6000000\r\n\r\n")
        answer = b""
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionError):  # who is still sending may learn of it by a reset
                for _ in range(60):
                    await send_if_open(writer, b"x" * 100_000)
                answer = await reader.read()
        writer.transport.abort()

    assert answer == b""
    assert caplog.records == []


async def send_if_open(writer: asyncio.StreamWriter, data: bytes) -> None:
    """asyncio logs what is written to a connection that is lost; the client of a test shall not."""
    if not writer.is_closing():
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


async def test_a_connection_that_broke_unnoticed_is_written_to_quietly(
    certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    def reset_after_the_handshake(listening: socket.socket, context: ssl.SSLContext) -> None:
        with context.wrap_socket(listening.accept()[0], server_side=True) as accepted:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = threading.Thread(target=reset_after_the_handshake, args=(listening, server_context(certificates)))
        peer.start()
        trusted = ssl.create_default_context(cafile=certificates.bundle)
        link = detour._Stream(
            *await asyncio.open_connection(*listening.getsockname(), ssl=trusted, server_hostname="localhost")
        )
        peer.join()  # while the loop stands still

        for _ in range(12):
            with suppress(ConnectionResetError):
                await link.write(b"x")
        await link.close()

    assert caplog.records == []


async def test_a_connection_that_is_closed_early_sends_what_is_left_and_may_be_ended_again() -> None:
    closing = threading.Event()

    def take_all(listening: socket.socket) -> int:
        with listening.accept()[0] as accepted:
            closing.wait(PATIENCE)
            return sum(len(chunk) for chunk in iter(lambda: accepted.recv(100_000), b""))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = asyncio.create_task(asyncio.to_thread(take_all, listening))
        link = detour._Stream(*await asyncio.open_connection(*listening.getsockname()))
        link.writer.write(b"z" * BIG * 3)
        closed = asyncio.create_task(link.close())
        await asyncio.sleep(0)
        closing.set()

        async with asyncio.timeout(PATIENCE):
            await closed
            assert await taken == BIG * 3
        link.abort()


async def test_a_client_that_aborts_while_the_server_thinks_leaves_no_task(certificates: Certificates) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def think(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await over.wait()
        writer.close()

    async with listener(think) as address, proxying(address, certificates) as proxy:
        _, writer = await connect(proxy)
        writer.write(b"GET http://api.amazon.com/ HTTP/1.1\r\n\r\n")
        await asked.wait()

        reset(writer)

        await until_no_task_is_left()
        over.set()


async def test_a_server_with_tls_learns_that_a_client_has_gone(certificates: Certificates) -> None:
    gone = asyncio.Event()

    async def wait_for_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    async with (
        listener(wait_for_the_end, server_context(certificates)) as address,
        proxying(address, certificates, tls=True) as proxy,
    ):
        _, writer = await tunnel(proxy, certificates)

        writer.close()

        async with asyncio.timeout(PATIENCE):
            await gone.wait()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # asyncio itself drops a connection accepted while it closes
@pytest.mark.parametrize("turns", range(5))
async def test_a_client_that_comes_while_the_proxy_stops_is_turned_away(
    turns: int, server: Server, certificates: Certificates
) -> None:
    proxy = Detour(server.address, certificates)
    await proxy.start()
    port = int(proxy.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)):
        for _ in range(turns):
            await asyncio.sleep(0)
        await proxy.stop()
        await asyncio.sleep(0.05)
        left = tasks_of_proxies()
    gc.collect()

    assert left == []


@asynccontextmanager
async def listener(serve: object, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, int]]:
    opened = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    try:
        yield opened.sockets[0].getsockname()
    finally:
        opened.close()
