"""Which steps a seller's world has seen: so a step that posts no entry (time, a check) is not repeated either.

A mark takes the place that an idempotency key has among the seller's commands; what the step was is not kept.
"""

from __future__ import annotations

from entrepot.domain.commands import SetPolicy
from entrepot.domain.ledger import Origin
from entrepot.services.ledger import Ledger
from entrepot.storage import writing
from entrepot.storage.database import Database


class Marks:
    """Not atomic with the step: one that a crash cut off between doing and marking is done again."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    async def known(self, seller_id: str, key: str) -> bool:
        async with self._database.read() as connection:
            return key in await writing.kept_answers(connection, seller_id, [key])

    async def keep(self, seller_id: str, key: str, origin: Origin) -> None:
        """Raises NotFound for an unknown seller, KeyReused if a command has this key."""
        await self._ledger.perform(seller_id, SetPolicy(), origin, key)  # changes nothing, and takes the key
