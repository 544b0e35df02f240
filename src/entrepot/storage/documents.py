"""Documents: what is known of them. Their bytes are in the byte store, under the name `object`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from entrepot.storage.database import Connection


@dataclass(frozen=True)
class Document:
    """`object` is None until something was uploaded; `submission` is the one it belongs to, once it does."""

    seller_id: str
    document_id: str
    content_type: str
    object: str | None
    size: int
    gzip: bool
    created_at: datetime
    submission: str | None

    @property
    def of_report(self) -> bool:
        return self.document_id.startswith(REPORT)


# How the names of reports' documents begin.
REPORT = "amzn1.spdoc.1."
_COLUMNS = "seller_id, document_id, content_type, object, size, gzip, created_at, submission"


async def insert(connection: Connection, document: Document) -> None:
    await connection.execute(
        f"insert into documents ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        document.seller_id,
        document.document_id,
        document.content_type,
        document.object,
        document.size,
        document.gzip,
        document.created_at,
        document.submission,
    )


async def find(connection: Connection, seller_id: str, document_id: str, *, lock: bool = False) -> Document | None:
    """The document, kept as it is until the transaction ends if `lock`."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from documents where seller_id = $1 and document_id = $2" + (" for update" if lock else ""),
        seller_id,
        document_id,
    )
    return None if row is None else _document(row)


async def set_object(connection: Connection, document: Document, name: str, size: int, gzip: bool) -> None:
    await connection.execute(
        "update documents set object = $3, size = $4, gzip = $5 where seller_id = $1 and document_id = $2",
        document.seller_id,
        document.document_id,
        name,
        size,
        gzip,
    )


async def set_submission(connection: Connection, seller_id: str, document_id: str, submission_id: str) -> None:
    await connection.execute(
        "update documents set submission = $3 where seller_id = $1 and document_id = $2",
        seller_id,
        document_id,
        submission_id,
    )


def _document(row: asyncpg.Record) -> Document:
    return Document(**dict(row.items()))
