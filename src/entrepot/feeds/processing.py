"""How most kinds of files are processed: read as a whole, done, and told of in one report.

A file that is refused as a whole has such a report too, and is done with.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar

from entrepot.feeds.applying import whole
from entrepot.feeds.findings import Counts, FeedUnreadable, Finding, counted
from entrepot.feeds.job import TEXT, XML, Job, Result
from entrepot.feeds.processing_report import text_report, xml_report


class File(Protocol):
    """What reading gives: how many messages there were, and what there is to say of them."""

    processed: int
    findings: list[Finding]


F = TypeVar("F", bound=File)
Report = Callable[[Job, Counts, Sequence[Finding]], Result]


async def process_file(
    job: Job, read: Callable[[bytes], F], do: Callable[[F], Awaitable[None]], report: Report
) -> Result:
    """Both `read` and `do`, before it does anything, may raise FeedUnreadable."""
    try:
        file = await to_thread(read, await whole(job))
        await do(file)
    except FeedUnreadable as problem:
        return report(job, counted(0, [problem.finding]), [problem.finding])
    findings = sorted([*file.findings, *await job.findings()], key=attrgetter("number"))
    return report(job, counted(file.processed, findings), findings)


def in_xml(job: Job, counts: Counts, findings: Sequence[Finding]) -> Result:
    return Result("DONE", XML, xml_report(job.seller_id, job.submission_id, counts, findings))


def in_text(job: Job, counts: Counts, findings: Sequence[Finding]) -> Result:
    return Result("DONE", TEXT, text_report(counts, findings))
