"""The rows of reports, streamed, and the cells that several of them have.

A report's rows are the answer to one statement, sent by COPY as lines of cells: one moment of the stock, however long
it takes, and never more than a few blocks of it in memory. Cells have no tab and no line break, so nothing is quoted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn import aim_columns
from entrepot.domain.money import digits_of
from entrepot.storage.database import Database

COPY_SECONDS: Final = 6 * 3600.0
_BLOCKS: Final = 4  # that may wait for whoever reads them
# Cells hold neither of these characters, and none of them is null: so COPY writes every cell as it is.
_NO_QUOTE: Final = "\x01"
_NO_NULL: Final = "\x02"
_AS_BLANK: Final = "e'\\t\\r\\n\\x01\\x02', '     '"


async def copied(database: Database, zone: str, statement: str, *arguments: object) -> AsyncGenerator[bytes, None]:
    """The lines that a statement answers, in blocks; instants are written in the time of the zone."""
    blocks: asyncio.Queue[bytes] = asyncio.Queue(_BLOCKS)

    async def copy() -> None:
        # To compile a statement that is run once costs more than it saves. And of a shop that was just loaded the
        # planner knows nothing yet: looking up each row in all others would take for ever.
        settings = f"set local timezone to '{zone}'; set local jit to off; set local enable_nestloop to off"
        async with database.write(settings) as connection:
            await connection.copy_from_query(
                statement,
                *arguments,
                output=blocks.put,
                timeout=COPY_SECONDS,
                format="csv",
                delimiter="	",
                quote=_NO_QUOTE,
                null=_NO_NULL,
            )

    copying = asyncio.create_task(copy())
    try:
        while block := await _next(blocks, copying):
            yield block
    finally:
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)


async def _next(blocks: asyncio.Queue[bytes], copying: asyncio.Task[None]) -> bytes:
    """The next block; empty when there is no more. Raises what ended the copying."""
    if blocks.empty() and not copying.done():
        waiting = asyncio.create_task(blocks.get())
        await asyncio.wait((waiting, copying), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
    if not blocks.empty():
        return blocks.get_nowait()
    await copying
    return b""


def cells(expressions: Mapping[str, str], columns: Sequence[str]) -> str:
    """The columns of a report as those of a statement; a column without an expression is always blank."""
    return ", ".join(f"coalesce({expressions[name]}, '')" if name in expressions else "''" for name in columns)


def text(expression: str) -> str:
    return f"translate({expression}, {_AS_BLANK})"


def attribute_value(name: str, marketplace: str, member: str = "value") -> str:
    """What a listing's attribute says in a marketplace; its first instance is mostly the only one."""
    return f"""case when not a.attributes ? '{name}' then null
        when coalesce(a.attributes #>> '{{{name},0,marketplace_id}}', {marketplace}) <> {marketplace}
        then (select e ->> '{member}' from jsonb_array_elements(a.attributes -> '{name}') e
            where coalesce(e ->> 'marketplace_id', {marketplace}) = {marketplace} limit 1)
        else a.attributes #>> '{{{name},0,{member}}}' end"""


def attribute_cell(name: str, marketplace: str) -> str:
    """The attribute that keeps a column of AIM's files."""
    attribute = aim_columns.ATTRIBUTES[name]
    return text(
        attribute_value(attribute, marketplace, "media_location" if attribute == aim_columns.IMAGE else "value")
    )


# Ten or more characters of a hash make the form that real ones have: MMDD, a capital, six of letters and digits.
_HASH: Final = "md5(i.seller_id || ' ' || i.sku || ' ' || (extract(epoch from i.created_at) * 1000000)::bigint::text)"
LISTING_ID: Final = f"""to_char(i.created_at at time zone 'UTC', 'MMDD')
    || translate(right({_HASH}, 1), '0123456789abcdef', 'GHIJKLMNOPQRSTUV')
    || translate(upper(left(encode(decode({_HASH}, 'hex'), 'base64'), 6)), '+/', 'XZ')"""

_WHOLE: Final = sorted({m.currency for m in MARKETPLACES.values() if not digits_of(m.currency)})


def amount(units: str, currency: str = "t.currency") -> str:
    """Minor units as decimals."""
    whole = ", ".join(repr(name) for name in _WHOLE)
    return f"case when {currency} in ({whole}) then ({units})::text else round(({units}) / 100.0, 2)::text end"
