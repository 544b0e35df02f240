"""Many descriptions of items at once: what is there, what is plain, and the writing of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from entrepot.domain.identifiers import isbn_10
from entrepot.domain.items import allot
from entrepot.domain.mfn.describing import Description, planned
from entrepot.storage import describing as storage
from entrepot.storage.bulk import Submitted
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow


@dataclass(frozen=True)
class Listed:
    """A listing's channels, and the names of its other attributes. closed: it was deleted, so it has none."""

    channels: Sequence[str]
    attributes: frozenset[str]
    closed: bool = False


async def listings_of(connection: Connection, seller_id: str, skus: Iterable[str]) -> Mapping[str, Listed]:
    """Those of these SKUs that are or were listed."""
    found = await storage.listed(connection, seller_id, list(skus))
    return {
        sku: Listed(channels, frozenset(attributes), closed) for sku, (channels, attributes, closed) in found.items()
    }


@dataclass
class _Ids:
    """The seller's next ids."""

    seed: int
    counter: int

    def new(self, kind: str) -> str:
        self.counter += 1
        return allot(kind, self.seed, self.counter)


async def describe(
    connection: Connection, ledger: LedgerRow, rows: Sequence[Description], submitted: Submitted, whole: bool = False
) -> tuple[LedgerRow, set[int]]:
    """Do the plain ones of these rows, in a transaction that holds the seller's lock: his ledger after them, and their
    numbers. Their prices and quantities are still to come. whole: what a row does not say of its item does not stay."""
    if not rows:
        return ledger, set()
    isbns = {row.gtin: isbn for row in rows if row.gtin and (isbn := isbn_10(row.gtin))}
    facts = await storage.facts(connection, ledger.seller_id, submitted.marketplaces[0], rows, isbns)
    ids = _Ids(ledger.seed, ledger.counter)
    plan = planned(rows, facts, ids.new, whole)
    if not plan.numbers:
        return ledger, set()
    return await storage.write(connection, ledger, plan, ids.counter, submitted), plan.numbers
