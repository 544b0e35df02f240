"""The files of reports: read by their sellers, and those that the operator installs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

from entrepot.domain.errors import Invalid, NotFound
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.services.documents import unpacked
from entrepot.services.report_requests import (
    DONE,
    LANE,
    NO_DATA,
    PREORDER,
    REFUNDS,
    Asked,
    Part,
    found_report,
    is_number,
    queue,
    report_of,
    spanning,
)
from entrepot.storage import submissions
from entrepot.storage.documents import Document

_OPERATOR: Final = Origin("operator", "operator")


class Files(Part):
    """What is in reports."""

    async def document(self, seller_id: str, number: str) -> Document:
        """The file of a finished report, to be read by `contents`. Raises NotFound, also for another seller's."""
        async with self._database.read() as connection:
            found = await submissions.find(connection, seller_id, number) if is_number(number) else None
        if found is None or found.result_id is None or found.status != DONE:
            raise NotFound("report", number)
        if found.lane != LANE and found.feed_type != REFUNDS:
            raise NotFound("report", number)
        return await self._documents.find(seller_id, found.result_id)

    async def document_named(self, seller_id: str, document_id: str, report_types: Collection[str]) -> Document:
        """A report's file by its own name. Raises NotFound, also where it is another kind of document."""
        document = await self._documents.find(seller_id, document_id)
        async with self._database.read() as connection:
            report = report_of(await found_report(connection, seller_id, document.submission or "", report_types))
        if report.document_id != document_id or report.status == NO_DATA:
            raise NotFound("document", document_id)
        return document

    async def contents(self, document: Document) -> AsyncIterator[bytes]:
        """What a report says, however long it is: we made it ourselves."""
        chunks = self._documents.raw(document)
        async for chunk in unpacked(chunks, sys.maxsize) if document.gzip else chunks:
            yield chunk

    async def install_preorder(self, seller_id: str, columns: Sequence[str], text: str, marketplace: str | None) -> str:
        """Keep a file as the seller's newest Preorder report; its number. Raises Invalid: it has not these columns."""
        header = text.partition("\n")[0].rstrip("\r").split("\t")
        if header != list(columns):
            raise Invalid("content", f"the first line of a Preorder report is {', '.join(columns)}, with tabs between")
        async with self._locked(seller_id) as (connection, ledger):
            chosen = marketplace or ledger.marketplaces[0]
            if chosen not in ledger.marketplaces:
                raise Invalid("marketplace", "this is no marketplace of the seller")
        stored = await self._documents.store(seller_id, "text/plain; charset=utf-8", text.encode(), pack=False)
        async with self._locked(seller_id) as (connection, ledger):
            document_id = await self._documents.keep_result(
                connection, seller_id, "", MARKETPLACES[chosen].region, stored
            )
            asked = spanning(Asked(PREORDER, (chosen,)), ledger.now)
            return (await queue(connection, ledger, asked, _OPERATOR, document_id=document_id)).number
