"""One submission at work: what the processing of a kind of file is given, and what it gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from entrepot.domain.errors import NotFound
from entrepot.domain.ledger import Origin
from entrepot.feeds.findings import Finding
from entrepot.services.documents import Documents, Unreadable
from entrepot.services.ledger import Ledger
from entrepot.storage import submissions as storage
from entrepot.storage.database import Connection, Database
from entrepot.storage.submissions import Issue, Submission

__all__ = ["Job", "Process", "Result", "Superseded", "Unreadable"]

JSON: Final = "application/json; charset=UTF-8"
XML: Final = "text/xml; charset=UTF-8"
TEXT: Final = "text/plain; charset=UTF-8"


class Superseded(Exception):
    """This attempt is over: another worker has the submission, or this one is stopping. Nothing more may be written."""


@dataclass(frozen=True)
class Result:
    """How a submission ended, its report (None: it has none), and its numbers."""

    status: Literal["DONE", "FATAL"]
    content_type: str
    body: bytes | AsyncIterator[bytes] | None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Job:
    """`applied` messages were done by earlier attempts: go on behind them."""

    submission: Submission
    database: Database
    ledger: Ledger
    documents: Documents
    applied: int = 0
    stopping: Callable[[], bool] = lambda: False
    _last: bool = field(default=False, init=False)

    @property
    def seller_id(self) -> str:
        return self.submission.seller_id

    @property
    def submission_id(self) -> str:
        return self.submission.submission_id

    @property
    def feed_type(self) -> str:
        return self.submission.feed_type

    @property
    def marketplaces(self) -> Sequence[str]:
        return self.submission.marketplaces

    @property
    def options(self) -> dict[str, str]:
        return self.submission.options

    @property
    def strict(self) -> bool:
        return self.submission.strict

    @property
    def origin(self) -> Origin:
        """Who asked, for the journal."""
        return Origin(self.submission.door, self.submission.actor)

    async def open(self) -> AsyncIterator[bytes]:
        """The document's bytes, unpacked. Raises Unreadable where it is damaged, cut off or too long."""
        try:
            document = await self.documents.find(self.seller_id, self.submission.document_id)
            async for chunk in self.documents.contents(document):
                yield chunk
        except NotFound:
            raise Unreadable("the document is not there any more") from None

    async def progress(
        self, connection: Connection, applied: int, findings: Sequence[Finding] = (), total: int | None = None
    ) -> None:
        """Note, in the transaction that did them, that the first `applied` messages are done, and what was found.

        Raises Superseded, which must undo the transaction: this attempt has lost the submission, or is to stop.
        """
        if self._last:
            raise Superseded("the worker is stopping")
        issues = [_issue(finding) for finding in findings]
        if not await storage.progress(connection, self.submission, applied, total, issues):
            raise Superseded("another worker has taken the submission over")
        self.applied = applied
        self._last = self.stopping()

    async def findings(self) -> list[Finding]:
        """Everything that was noted by `progress`, of all attempts, in the order of the messages."""
        async with self.database.read() as connection:
            return [_finding(issue) for issue in await storage.issues(connection, self.submission)]


Process = Callable[[Job], Awaitable[Result]]


def _issue(finding: Finding) -> Issue:
    return Issue(
        finding.number,
        finding.code,
        finding.message,
        finding.severity,
        finding.message_id,
        finding.sku,
        finding.attribute,
        finding.details,
    )


def _finding(issue: Issue) -> Finding:
    return Finding(
        issue.number,
        issue.code,
        issue.message,
        "ERROR" if issue.severity == "ERROR" else "WARNING",
        issue.message_id,
        issue.sku,
        issue.attribute,
        issue.details,
    )
