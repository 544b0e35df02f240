"""Applying a file: chunk by chunk, each chunk in one transaction together with the note of how far the file is.

A worker that dies loses the chunk under way as a whole, so whoever goes on applies each message exactly once.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, TypeVar

from entrepot.domain.commands import Command
from entrepot.domain.errors import NotFound, Problem, Rejected
from entrepot.domain.ledger import Origin
from entrepot.domain.mfn.issues import FALLBACK, Issue, text
from entrepot.feeds.findings import Finding, Severity
from entrepot.feeds.job import Job
from entrepot.services.ledger import Ask, Ledger, Outcome
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

M = TypeVar("M")
P = TypeVar("P")
# Commands in one transaction: each has its own part of the statement that writes them all.
COMMANDS: Final = 500
# How much smaller than the others the first chunk is.
FIRST: Final = 4

# The meanings that a file's commands may be refused with, as codes that sellers know. Where no reference has one, the
# code is that of bad parameters in general.
JSON_CODES: Final[dict[type[Problem], str]] = {NotFound: "13013", Problem: "BAD_REQUEST"}
FLAT_CODES: Final[dict[type[Problem], str]] = {NotFound: "13013", Problem: "90111"}

# What can be made of a chunk without the database, and how it is done: in the transaction, with the seller's ledger;
# what there is to say of its messages.
Prepare = Callable[[Sequence[M]], P]
Do = Callable[[Connection, LedgerRow, P], Awaitable[list[Finding]]]


async def apply(
    job: Job,
    messages: Sequence[M],
    size: int,
    prepare: Prepare[M, P],
    do: Do[P],
    positions: Sequence[int] | None = None,
    total: int | None = None,
) -> None:
    """Do the messages from where the file was left; they must come in the same order each time.

    positions: how far the file is with each of them done, where they are not all of it; total: with all done. While
    the database does one chunk, the next is prepared.
    """
    if positions is None:
        positions, total = range(1, len(messages) + 1), len(messages)

    def preparing(chunk: slice) -> asyncio.Task[P]:
        return asyncio.create_task(asyncio.to_thread(prepare, messages[chunk]))

    chunks = _chunks(bisect_right(positions, job.applied), len(messages), size)
    following = preparing(chunks[0])
    for chunk, after in pairwise(chunks):
        prepared = await following
        following = preparing(after)
        async with job.ledger.at_work(job.seller_id) as (connection, ledger):
            findings = await do(connection, ledger, prepared)
            await job.progress(connection, positions[chunk.stop - 1], findings, total)
    await following


def _chunks(start: int, end: int, size: int) -> list[slice]:
    """The first is small, as the database has nothing to do until it is prepared; the others are as good as equal, and
    the last is empty."""
    second = min(end, start + max(1, size // FIRST))
    others = -(-(end - second) // size)
    bounds = [start, *(second + (end - second) * number // others for number in range(others)), end]
    return [*(slice(a, b) for a, b in pairwise(bounds) if a < b), slice(end, end)]


def as_they_are(messages: Sequence[M]) -> Sequence[M]:
    """Nothing to prepare."""
    return messages


def origin(job: Job, number: int | None = None) -> Origin:
    """Who asks for what a file says: whoever submitted it; with the number of a single message or row."""
    message = "" if number is None else f" message {number}"
    return Origin(job.origin.channel, f"{job.origin.actor}, feed {job.submission_id}{message}")


# A message's commands, all or none of it at the first refusal.
Asked = tuple[Finding, Command]


async def perform(
    job: Job,
    connection: Connection,
    ledger: LedgerRow,
    asked: Iterable[Asked],
    codes: Mapping[type[Problem], str],
    locale: str = FALLBACK,
) -> list[Finding]:
    """Do commands, each for a message that its blank finding names; what there is to say of those refused or warned."""
    asked = list(asked)
    findings: list[Finding] = []
    for start in range(0, len(asked), COMMANDS):
        part = asked[start : start + COMMANDS]
        asks = [Ask(command, origin(job, blank.number)) for blank, command in part]
        results, ledger = await Ledger.perform_all(connection, ledger, asks)
        for (blank, _), result in zip(part, results, strict=True):
            findings += _said(blank, result, codes, locale)
    return findings


def _said(blank: Finding, result: Outcome | Problem, codes: Mapping[type[Problem], str], locale: str) -> list[Finding]:
    if isinstance(result, Outcome):
        return [_of_issue(blank, issue, locale) for issue in _told(result, "issues")] + [
            replace(blank, code=codes[Problem], message=str(warning), severity="WARNING")
            for warning in _told(result, "warnings")
        ]
    if isinstance(result, Rejected):
        return [_of_issue(blank, issue, locale) for issue in result.issues]
    code = next(codes[kind] for kind in type(result).__mro__ if kind in codes)
    return [replace(blank, code=code, message=_sentence(result))]


def _told(outcome: Outcome, name: str) -> list[Any]:
    """What a command has to say beside that it is done."""
    told = outcome.answer.get(name)
    return told if isinstance(told, list) else []


def _of_issue(blank: Finding, issue: Issue, locale: str) -> Finding:
    attribute = issue.attribute_names[0] if issue.attribute_names else ""
    severity: Severity = "ERROR" if issue.severity == "ERROR" else "WARNING"
    return replace(blank, code=issue.code, message=text(issue, locale), severity=severity, attribute=attribute)


def _sentence(problem: Problem) -> str:
    if isinstance(problem, NotFound):
        return f"The {problem.kind} '{problem.name}' does not exist."
    message = problem.message[:1].upper() + problem.message[1:]
    return message if message.endswith(".") else f"{message}."


async def whole(job: Job) -> bytes:
    """The whole document; Unreadable where it is damaged or too long."""
    return b"".join([chunk async for chunk in job.open()])
