"""Mail to sellers: kept with its reason, sent through a real mail server, never lost and never in anybody's way."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from entrepot.datadir import DataDirectory
from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.ledger import Origin
from entrepot.feeds.confirmation import confirm, confirmation
from entrepot.feeds.job import TEXT, Job, Result
from entrepot.feeds.kinds import AIM, Kind
from entrepot.services.documents import Documents
from entrepot.services.mail import Letter, Mail, Postbox
from entrepot.services.submissions import New, Submissions
from entrepot.storage import mail as storage
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from entrepot.worker import Worker
from tests.cast import US, Player, new_player, url_of
from tests.running import RunningServer, command, free_port, json_command

SENDER = "warehouse@example.test"
PATIENCE = 15.0


class Inbox:
    """A mail server's handler: keeps what is sent; refuses recipients as it is told to."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.refusals: list[str] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def post_office(inbox: Inbox, **options: Any) -> Iterator[str]:
    """A real mail server on loopback; its host and port."""
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


async def write(player: Player, subject: str = "A subject", body: str = "A text.\n") -> None:
    async with player.database.write() as connection:
        await Mail.write(connection, player.id, "ada@example.test", subject, body)


async def letters(player: Player) -> list[Letter]:
    page = await Mail(player.database).outbox(player.id, None, 100)
    return list(page.letters)


async def hurry(database: Database) -> None:
    """Let the time until the next attempt pass."""
    async with database.write() as connection:
        await connection.execute("update mail set due_at = now() where due_at is not null")


async def test_without_a_server_mail_stays_in_the_outbox(alone: Database) -> None:
    player = await new_player(alone)
    await write(player, "First")
    await write(player, "Second")

    tried = await Mail(alone).deliver()

    found = await letters(player)
    assert tried == 0
    assert [(letter.mail_id, letter.subject, letter.sent_at, letter.tries) for letter in found] == [
        (2, "Second", None, 0),
        (1, "First", None, 0),
    ]


async def test_mail_is_written_with_its_reason_or_not_at_all(alone: Database) -> None:
    player = await new_player(alone)

    async def fail() -> None:
        async with alone.write() as connection:
            await Mail.write(connection, player.id, "ada@example.test", "Never", "")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await letters(player) == []


async def test_mail_is_sent_once_through_the_server_that_was_named(alone: Database) -> None:
    player, inbox = await new_player(alone), Inbox()
    await write(player, "Größe geändert", "Zeile 1\n.\nLine 3 €\n")

    with post_office(inbox) as address:
        mail = Mail(alone, Postbox.named(f"smtp://{address}", SENDER))
        tried = [await mail.deliver(), await mail.deliver()]

    [message], [envelope] = inbox.messages, inbox.envelopes
    [letter] = await letters(player)
    assert tried == [1, 0]
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["ada@example.test"])
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "ada@example.test", "Größe geändert")
    assert message.get_content().replace("\r\n", "\n") == "Zeile 1\n.\nLine 3 €\n"
    assert message["Message-ID"] == f"<{player.id}.1.entrepot@example.test>"
    assert letter.sent_at is not None
    assert (letter.problem, letter.due_at, letter.tries) == (None, None, 1)


async def test_a_server_that_is_away_is_tried_again_and_not_for_ever(alone: Database) -> None:
    player, inbox = await new_player(alone), Inbox()
    await write(player)
    away = Mail(alone, Postbox.named(f"smtp://127.0.0.1:{free_port()}", SENDER))

    await away.deliver()
    [waiting] = await letters(player)
    at_once = await away.deliver()
    await hurry(alone)
    with post_office(inbox) as address:
        await Mail(alone, Postbox.named(f"smtp://{address}", SENDER)).deliver()
    [sent] = await letters(player)

    assert waiting.problem
    assert waiting.due_at is not None
    assert at_once == 0
    assert (sent.problem, sent.tries, len(inbox.messages)) == (None, 2, 1)


async def test_mail_that_failed_often_enough_is_given_up_and_kept(alone: Database) -> None:
    player = await new_player(alone)
    await write(player)
    away = Mail(alone, Postbox.named(f"smtp://127.0.0.1:{free_port()}", SENDER))

    for _ in range(storage.TRIES_MAX + 2):
        await away.deliver()
        await hurry(alone)

    [letter] = await letters(player)
    assert (letter.tries, letter.due_at, letter.sent_at) == (storage.TRIES_MAX, None, None)


@pytest.mark.parametrize(("refusal", "again"), [("450 try later", True), ("550 no such mailbox", False)])
async def test_a_recipient_who_is_refused_for_good_is_not_tried_again(
    alone: Database, refusal: str, again: bool
) -> None:
    player, inbox = await new_player(alone), Inbox()
    inbox.refusals = [refusal]
    await write(player)

    with post_office(inbox) as address:
        await Mail(alone, Postbox.named(f"smtp://{address}", SENDER)).deliver()

    [letter] = await letters(player)
    assert letter.problem == refusal
    assert (letter.due_at is not None) is again


async def test_one_bad_message_does_not_hold_up_the_others(alone: Database) -> None:
    player, inbox = await new_player(alone), Inbox()
    await write(player, "Broken\nBcc: everybody@example.test")
    await write(player, "Whole")

    with post_office(inbox) as address:
        await Mail(alone, Postbox.named(f"smtp://{address}", SENDER)).deliver()

    whole, broken = await letters(player)
    assert [message["Subject"] for message in inbox.messages] == ["Whole"]
    assert whole.sent_at is not None
    assert (broken.sent_at, broken.due_at) == (None, None)


@pytest.mark.parametrize("recipient", ["a@[1", "a@b,c@d", "(.@(", ',b@a),"', "a@b\nBcc: everybody@example.test"])
async def test_an_address_that_no_message_can_have_is_given_up_at_once(alone: Database, recipient: str) -> None:
    player, inbox = await new_player(alone), Inbox()
    async with alone.write() as connection:
        await Mail.write(connection, player.id, recipient, "Lost", "text")
    await write(player, "Whole")

    with post_office(inbox) as address:
        await Mail(alone, Postbox.named(f"smtp://{address}", SENDER)).deliver()

    _, lost = await letters(player)
    assert [message["Subject"] for message in inbox.messages] == ["Whole"]
    assert (lost.sent_at, lost.due_at, lost.problem) == (None, None, "no message can be sent to this address")


async def test_who_took_a_message_and_died_leaves_it_to_the_others(alone: Database) -> None:
    player, inbox = await new_player(alone), Inbox()
    await write(player)
    async with alone.write() as connection:
        taken = await storage.take(connection)
        second = await storage.take(connection)
    await hurry(alone)

    with post_office(inbox) as address:
        await Mail(alone, Postbox.named(f"smtp://{address}", SENDER)).deliver()

    assert taken is not None
    assert second is None
    assert len(inbox.messages) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
async def test_a_password_opens_the_mail_server_and_is_never_told(alone: Database) -> None:
    player, inbox = await new_player(alone), Inbox()
    await write(player)
    seen: list[tuple[bytes, bytes]] = []

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        seen.append((data.login, data.password))
        return AuthResult(success=data.password == b"s3cret/word", handled=False)

    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with post_office(inbox, **options) as address, structlog.testing.capture_logs() as logged:
        wrong = Postbox.named(f"smtp://ada:wr0ngword@{address}", SENDER)
        await Mail(alone, wrong).deliver()
        [refused] = await letters(player)
        await hurry(alone)
        await Mail(alone, Postbox.named(f"smtp://ada:s3cret%2Fword@{address}", SENDER)).deliver()

    assert len(inbox.messages) == 1
    assert seen[-1] == (b"ada", b"s3cret/word")
    told = f"{logged} {refused} {wrong}"
    assert "535" in str(refused.problem)
    assert "wr0ngword" not in told
    assert "s3cret" not in told


def test_a_password_leaves_this_machine_only_under_tls() -> None:
    with_password = [
        Postbox.named(f"smtp://a:b@{host}", SENDER) for host in ("mail.example.test", "127.0.0.1", "[::1]")
    ]
    without = Postbox.named("smtp://mail.example.test", SENDER)
    tls = Postbox.named("smtps://a:b@mail.example.test", SENDER)

    assert [postbox.starttls for postbox in with_password] == [True, None, None]
    assert without.starttls is None
    assert (tls.tls, tls.port, without.port) == (True, 465, 25)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.test",
        "http://mail",
        "smtp://",
        "smtp://a@host",
        "smtp://h:port",
        "smtp://h:99999",
        "smtp://[::1",
    ],
)
def test_a_wrong_address_of_a_mail_server_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        Postbox.named(url, SENDER)

    assert refused.value.message.startswith("the address of the mail server is not valid")


@pytest.mark.parametrize("sender", [None, "", "nobody", "a@b\nBcc: c@d", "A <a@b>", "a@[1"])
def test_a_mail_server_needs_a_sender(sender: str | None) -> None:
    with pytest.raises(Invalid, match="mail-from"):
        Postbox.named("smtp://mail.example.test", sender)


async def test_nobody_reads_mail_of_a_seller_who_is_not_there(database: Database) -> None:
    for nobody in ("NOBODY", "a\0b"):
        with pytest.raises(NotFound):
            await Mail(database).outbox(nobody, None, 10)


# The confirmation of an upload


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(("asked", "mails"), [("Y", 1), ("N", 0)])
async def test_an_upload_that_asked_for_mail_gets_it_when_it_ends(
    alone: Database, postgres: str, tmp_path: Path, asked: str, mails: int
) -> None:
    player = await new_player(alone)
    documents = Documents(alone, ByteStore.open(tmp_path / "documents"))
    name = await documents.announce(player.id, "text/plain; charset=UTF-8", "NA")
    await documents.upload(player.id, name, chunks(b"sku\n"))

    async def process(job: Job) -> Result:
        return Result("DONE", TEXT, None, {"activated": 81, "rejected": 1, "warnings": 0})

    kinds = {"AIM_MODIFY_ONLY": Kind("AIM_MODIFY_ONLY", AIM, "aim", False, process)}
    new = New("AIM_MODIFY_ONLY", AIM, [US], name, {"email": asked}, False)
    batch = await Submissions(alone).submit(player.id, new, Origin("aim", "ada@example.test"))
    worker = Worker(await url_of(alone, postgres), alone, player.ledger, documents, kinds, poll=0.05, ended=confirm)
    working = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while (await Submissions(alone).find(player.id, batch)).status != "DONE":
                await asyncio.sleep(0.02)
    finally:
        worker.stop()
        await working

    found = await letters(player)
    assert len(found) == mails
    for letter in found:
        assert letter.subject == f"Inventory file processed: batch {batch}"
        assert "Items activated: 81\nItems not activated: 1\nWarnings: 0\n" in letter.body


def test_the_confirmation_says_what_came_of_the_file() -> None:
    clean = confirmation("2600000001", Result("DONE", TEXT, None, {"activated": 3}), [])
    rejected = confirmation("2600000002", Result("FATAL", TEXT, None), ["The file is not tab-delimited."])

    assert "error log" not in clean[1]
    assert rejected[0] == "Inventory file rejected: batch 2600000002"
    assert "The file is not tab-delimited." in rejected[1]


# The operator's side


def test_the_operator_reads_the_outbox_page_by_page(server: RunningServer) -> None:
    seller = server.add_seller("mailless")["seller_id"]

    answer = server.operator("GET", f"/mail?seller={seller}")

    assert answer == {"mail": [], "next": None}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--smtp", "http://ada:s3cret@here"), "Invalid: the address of the mail server is not valid"),
        (("--smtp", "smtp://ada:s3cret@here"), "Invalid: a mail server needs --mail-from"),
    ],
)
@pytest.mark.parametrize("of", ["serve", "worker"])
def test_a_server_does_not_start_with_a_mail_server_that_it_cannot_use(
    server: RunningServer, of: str, words: tuple[str, ...], complaint: str
) -> None:
    done = command(server, of, *words)

    assert done.returncode == 1
    assert done.stderr.startswith(complaint)
    assert "s3cret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_running_server_sends_what_is_in_its_outbox() -> None:
    inbox = Inbox()
    with post_office(inbox) as address, tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        options = ("--smtp", f"smtp://{address}", "--mail-from", SENDER)
        running = RunningServer(Path(directory) / "data", options).start()
        try:
            seller = running.add_seller("posted")["seller_id"]
            asyncio.run(_drop_into(running, seller))
            until = time.monotonic() + PATIENCE
            while not inbox.messages and time.monotonic() < until:
                time.sleep(0.1)
            time.sleep(0.5)
            [letter] = running.operator("GET", f"/mail?seller={seller}")["mail"]
            shown = json_command(running, "mail", "--seller", seller)
        finally:
            running.stop()
            logged = running.log.read_text()

    assert [message["To"] for message in inbox.messages] == ["posted@example.test"]
    assert letter["sent_at"] is not None
    assert shown["mail"] == [letter]
    assert '"event":"mail sent"' in logged
    assert address not in logged


async def _drop_into(running: RunningServer, seller: str) -> None:
    """A mail in a running server's outbox."""
    opened = await Database.open(DataDirectory(running.data).record().database)
    try:
        async with opened.write() as connection:
            await Mail.write(connection, seller, "posted@example.test", "Subject", "Text\n")
    finally:
        await opened.close()
