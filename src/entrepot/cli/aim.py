"""Commands about AIM: the guide's two workflows, at any address that speaks AIM; and the mail that uploads ask for.

Sources: 2007 guide §6.1.1 (upload, watch the batch, fetch the error log and the quick fix), §6.1.2 (reconcile).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from entrepot.cli import output, reconciling
from entrepot.cli.aim_client import UPLOAD_MAX, AimClient, Batch, Downloaded
from entrepot.cli.client import ask
from entrepot.cli.options import Data, Json
from entrepot.cli.reconciling import Comparison, Difference, Sheet, Stock
from entrepot.cli.refusals import Unreachable
from entrepot.datadir import DataDirectory
from entrepot.domain.errors import Invalid
from entrepot.settings import DEFAULT_DATA

T = TypeVar("T")

VARIABLE: Final = "ENTREPOT_AIM_PASSWORD"
# How often to ask whether something is ready: soon at first, then as programs of that time did.
SOON_SECONDS: Final = 0.2
LATE_SECONDS: Final = 15.0
SLOWER: Final = 1.3
# Answers that may be missed one after the other while something is awaited.
MISSES_MAX: Final = 5
SHOWN: Final = 50
DEFAULT_PATIENCE: Final = 120.0  # minutes

aim = typer.Typer(no_args_is_help=True, help="The two workflows of the AIM guide, at any address that speaks AIM.")


def register(app: typer.Typer) -> None:
    app.add_typer(aim, name="aim")
    app.command("mail")(mail)


File = Annotated[Path, typer.Argument(help="The inventory file.")]
Url = Annotated[str | None, typer.Option(help="Any server that speaks AIM; default: the one of --data.")]
Email = Annotated[str, typer.Option(help="The seller's e-mail address.", envvar="ENTREPOT_AIM_EMAIL")]
PasswordFile = Annotated[
    Path | None, typer.Option(help=f"A file with the seller's password; else {VARIABLE}, else it is asked for.")
]
Patience = Annotated[float, typer.Option(min=0, help="How many minutes to wait for a batch or a report.")]
Mode = Literal["add-modify-delete", "modify-only", "purge-replace"]
Format = Literal["TabDelimited", "TabDelimitedBooks", "UIEE"]
Report = Literal["OpenListingsLite", "OpenListingsLiter", "OpenListings"]


@aim.command("upload")
def upload(
    file: File,
    mode: Annotated[Mode, typer.Option(help="What the file does to the inventory.")],
    email: Email,
    format: Annotated[Format, typer.Option(help="The file's format.")] = "TabDelimited",
    upload_for: Annotated[
        Literal["MarketplaceOnly", "Marketplace", "zShop"], typer.Option(help="Where items are created.")
    ] = "MarketplaceOnly",
    expedited_shipping: Annotated[bool, typer.Option("--expedited-shipping", help="Offer expedited shipping.")] = False,
    asin_match_create: Annotated[
        bool, typer.Option("--asin-match-create", help="Match products, and create those that are missing.")
    ] = False,
    asinate: Annotated[bool, typer.Option("--asinate", help="Match books without an ISBN.")] = False,
    confirmation: Annotated[bool, typer.Option("--confirmation", help="Ask for a confirmation by mail.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for the batch, and save what was wrong.")] = False,
    patience: Patience = DEFAULT_PATIENCE,
    url: Url = None,
    password_file: PasswordFile = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Upload an inventory file; with --watch exit code 1 when rows were rejected."""
    content = _read(file)
    if mode != "purge-replace" and len(content) > UPLOAD_MAX:
        raise Invalid("file", f"{file} is longer than the {UPLOAD_MAX // 2**20} MB that AIM takes in one file")
    flags = {
        "enable-expedited-shipping": expedited_shipping,
        "AsinMatchCreate": asin_match_create,
        "Asinate": asinate,
        "email": confirmation,
    }
    parameters: dict[str, str] = {"UploadFor": upload_for, "FileFormat": format}
    parameters |= {name: "Y" for name, wanted in flags.items() if wanted}
    with _client(url, email, password_file, data) as client, _progress() as progress:
        waiting = Waiting(progress, patience)
        batch = _handed_in(client, mode, content, parameters, waiting)
        outcome = _outcome(client, batch, file, waiting) if watch else None
    if outcome is None:
        _print_batch(batch, json)
        return
    _print_outcomes([outcome], json)
    sys.exit(0 if outcome.batch.clean else 1)


@aim.command("reconcile")
def reconcile(
    file: File,
    email: Email,
    report: Annotated[Report, typer.Option(help="The report to compare with.")] = "OpenListingsLite",
    apply: Annotated[bool, typer.Option("--apply", help="Upload what mends the difference.")] = False,
    output_file: Annotated[
        Path | None, typer.Option("--output", help="Where to write what mends it; default: FILE.mend.txt.")
    ] = None,
    patience: Patience = DEFAULT_PATIENCE,
    url: Url = None,
    password_file: PasswordFile = None,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Compare the open listings with an inventory file, and write the Add/Modify/Delete file that mends them."""
    content = _read(file)
    sheet = reconciling.read_sheet(content)
    if output_file is not None and output_file.resolve() == file.resolve():
        raise Invalid("output", f"--output names {file} itself, which would be lost")
    outcomes: list[Outcome] = []
    with _client(url, email, password_file, data) as client, _progress() as progress:
        waiting = Waiting(progress, patience)
        report_id, made = _open_listings(client, report, waiting)
        if made.codec == reconciling.JAPANESE:
            sheet = reconciling.read_sheet(content, reconciling.JAPANESE)
        listings = reconciling.read_listings(made.text())
        found = reconciling.compare(sheet, listings)
        mended = _write_mending(sheet, found, output_file or _beside(file, "mend")) if found.mendable else None
        if mended is not None:
            progress.stop()
            if not output.wants_json(json):
                _print_comparison(found)
            progress.start()
            outcomes = _applied(client, sheet, found, mended, waiting) if apply else []
    if output.wants_json(json):
        output.as_json(_told(report_id, found, mended, outcomes))
    else:
        _print_summary(report_id, found, mended)
        if outcomes:
            _print_outcomes(outcomes, json)
    mended_all = bool(outcomes) and not found.unreadable and all(outcome.batch.clean for outcome in outcomes)
    sys.exit(0 if found.clean or mended_all else 1)


def mail(
    seller_id: Annotated[str, typer.Option("--seller", help="Seller id.")],
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """The newest hundred mails to a seller: sent, waiting, or given up."""
    answer = ask(data, "GET", f"/mail?seller={quote(seller_id, safe='')}")
    if output.wants_json(json):
        output.as_json(answer)
        return
    rows = [
        (one["mail_id"], one["created_at"], one["recipient"], f"{one['subject']}\n\n{one['body']}", _fate(one))
        for one in answer["mail"]
    ]
    output.table("", ("mail", "written", "to", "text", "sent"), rows, right=("mail",))


def _fate(one: dict[str, Any]) -> str:
    if one["sent_at"]:
        return str(one["sent_at"])
    waits = "waits" if one["due_at"] else "given up"
    return f"{waits}: {one['problem']}" if one["problem"] else waits


# Who asks whom


def _client(url: str | None, email: str, password_file: Path | None, data: Path) -> AimClient:
    if url is not None:
        return AimClient(url, email, _password(password_file))
    directory = DataDirectory(data)
    here = directory.record().url
    return AimClient(here, email, _password(password_file), authority=directory.tls / "ca.pem", nearby=True)


def _password(file: Path | None) -> str:
    """Never from the command line, where every user of the machine could read it."""
    if file is not None:
        return _read(file).decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    if given := os.environ.get(VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise Invalid("password", f"no password: set {VARIABLE}, or name a file with --password-file")
    asked: str = typer.prompt("Password", hide_input=True, err=True)
    return asked


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as problem:
        raise Invalid("file", f"cannot read {file}: {problem.strerror}") from None


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as problem:
        raise Invalid("file", f"cannot write {file}: {problem.strerror}") from None


def _beside(file: Path, what: str) -> Path:
    return file.with_name(f"{file.name}.{what}.txt")


# Waiting


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.errors, transient=True, disable=not sys.stderr.isatty()) as progress:
        yield progress


@dataclass
class Waiting:
    """Asks again and again, less and less often; `patience`: for how many minutes in all."""

    progress: Progress
    patience: float

    def task(self, description: str) -> TaskID:
        """What is awaited from now on, instead of what was before."""
        for task_id in self.progress.task_ids:
            self.progress.remove_task(task_id)
        return self.progress.add_task(escape(description), total=None)

    def until(self, what: str, ready: Callable[[], T | None]) -> T:
        """What `ready` gives at last. A server that does not answer for a moment is asked again."""
        deadline = time.monotonic() + self.patience * 60
        pause, misses = SOON_SECONDS, 0
        while True:
            try:
                found = ready()
                misses = 0
            except Unreachable:
                misses += 1
                if misses > MISSES_MAX:
                    raise
                found = None
            if found is not None:
                return found
            if time.monotonic() + pause > deadline:
                raise Unreachable(f"{what} is not ready after {self.patience:g} minutes; it may become ready later")
            time.sleep(pause)
            pause = min(pause * SLOWER, LATE_SECONDS)


# Uploading


@dataclass(frozen=True)
class Outcome:
    """What came of a batch, and where it was saved."""

    batch: Batch
    error_log: Path | None
    quick_fix: Path | None

    def told(self) -> dict[str, Any]:
        return {
            "batch": self.batch.batch_id,
            "status": self.batch.status,
            "activated": self.batch.activated,
            "rejected": self.batch.rejected,
            "warnings": self.batch.warnings,
            "error_log": None if self.error_log is None else str(self.error_log),
            "quick_fix": None if self.quick_fix is None else str(self.quick_fix),
        }


def _handed_in(client: AimClient, mode: str, content: bytes, parameters: dict[str, str], waiting: Waiting) -> str:
    """Upload, and the batch's id: the answer's, or that of the batch that is new in the list."""
    waiting.task("uploading")
    before = int(client.newest_batch() or 0)
    batch = client.upload(mode, content, parameters)
    if batch is not None:
        return batch

    def newer() -> str | None:
        newest = client.newest_batch()
        return newest if newest is not None and int(newest) > before else None

    return waiting.until("the batch", newer)


def _outcome(client: AimClient, batch_id: str, file: Path, waiting: Waiting) -> Outcome:
    """Wait for a batch; save its error log and quick fix beside the file."""
    batch = _watched(client, batch_id, waiting)
    return Outcome(
        batch,
        _saved(client.error_log(batch_id), _beside(file, "errors")),
        _saved(client.quick_fix(batch_id), _beside(file, "quickfix")),
    )


def _watched(client: AimClient, batch_id: str, waiting: Waiting) -> Batch:
    task = waiting.task(f"batch {batch_id}")
    most = 0

    def ended() -> Batch | None:
        nonlocal most
        batch = next((one for one in client.batches(100) if one.batch_id == batch_id), None)
        pending = client.pending()
        most = max(most, pending)
        status = batch.status if batch else "not listed yet"
        waiting.progress.update(
            task,
            description=escape(f"batch {batch_id}: {status}, {pending} pending"),
            total=most or None,
            completed=most - pending,
        )
        return batch if batch and batch.ended else None

    return waiting.until(f"batch {batch_id}", ended)


def _saved(content: bytes | None, file: Path) -> Path | None:
    if content is None:
        return None
    _write(file, content)
    return file


def _print_batch(batch: str, json: bool) -> None:
    if output.wants_json(json):
        output.as_json({"batch": batch})
    else:
        output.table("", ("batch",), [(batch,)])


def _print_outcomes(outcomes: Sequence[Outcome], json: bool) -> None:
    told = [outcome.told() for outcome in outcomes]
    if output.wants_json(json):
        output.as_json(told[0] if len(told) == 1 else told)
        return
    numbers = ("activated", "rejected", "warnings")
    columns = ("batch", "status", *numbers, "error log", "quick fix")
    output.table("", columns, [list(one.values()) for one in told], right=numbers)


# Reconciling


def _open_listings(client: AimClient, report: str, waiting: Waiting) -> tuple[str, Downloaded]:
    """Have the report made, and fetch it: the newest one that was not there before."""
    waiting.task(f"{report}: waiting for the report")
    before = int(client.newest_report(report) or 0)
    client.generate(report)

    def newer() -> str | None:
        newest = client.newest_report(report)
        return newest if newest is not None and int(newest) > before else None

    report_id = waiting.until(f"the report {report}", newer)
    return report_id, client.report(report_id)


def _write_mending(sheet: Sheet, found: Comparison, file: Path) -> Path:
    _write(file, b"".join(reconciling.mending(sheet, found)))
    return file


def _applied(client: AimClient, sheet: Sheet, found: Comparison, file: Path, waiting: Waiting) -> list[Outcome]:
    """Upload what mends the shop, in as many files as it needs."""
    files = list(reconciling.parts(reconciling.mending(sheet, found), UPLOAD_MAX))
    outcomes = []
    for number, content in enumerate(files, 1):
        beside = file if len(files) == 1 else file.with_name(f"{file.name}.{number}")
        batch = _handed_in(client, "add-modify-delete", content, {"FileFormat": "TabDelimited"}, waiting)
        outcomes.append(_outcome(client, batch, beside, waiting))
    return outcomes


def _kinds(found: Comparison) -> dict[str, Sequence[Difference]]:
    return {"missing": found.missing, "surplus": found.surplus, "different": found.different}


def _print_comparison(found: Comparison) -> None:
    columns = ("", "sku", "listed: price", "quantity", "condition", "file: price", "quantity", "condition")
    rows = [
        (kind, one.sku, *_cells(one.listed), *_cells(one.wanted))
        for kind, differences in _kinds(found).items()
        for one in differences[:SHOWN]
    ]
    output.table("", columns, rows, right=("listed: price", "file: price", "quantity"))


def _cells(stock: Stock | None) -> Sequence[object]:
    return ("", "", "") if stock is None else stock


def _print_summary(report_id: str, found: Comparison, mended: Path | None) -> None:
    rows: list[tuple[str, object]] = [
        ("report", report_id),
        ("listings in it", found.listed),
        ("SKUs in the file", found.in_file),
        *((kind, len(differences)) for kind, differences in _kinds(found).items()),
        ("unreadable in the file", len(found.unreadable)),
        ("in Amazon's warehouse, left alone", found.alone),
    ]
    if mended is not None:
        rows.append(("written", str(mended)))
    output.table("", ("reconciled", ""), rows)
    for sku, why in list(found.unreadable.items())[:SHOWN]:
        output.errors.print(f"{sku}: {why}", markup=False)


def _told(report_id: str, found: Comparison, mended: Path | None, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "report": report_id,
        "listed": found.listed,
        "in_file": found.in_file,
        "alone": found.alone,
        **{
            kind: {"total": len(differences), "first": [_difference(one) for one in differences[:SHOWN]]}
            for kind, differences in _kinds(found).items()
        },
        "unreadable": {
            "total": len(found.unreadable),
            "first": [{"sku": sku, "why": why} for sku, why in list(found.unreadable.items())[:SHOWN]],
        },
        "mended": None if mended is None else str(mended),
        "applied": [outcome.told() for outcome in outcomes],
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {"sku": one.sku, "listed": _side(one.listed), "file": _side(one.wanted)}


def _side(stock: Stock | None) -> dict[str, Any] | None:
    return None if stock is None else {name: value for name, value in stock._asdict().items() if value is not None}
