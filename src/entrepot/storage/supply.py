"""Reading supply: the pages of `storage/inventory.py`, with the balances that have a time of their own.

What is free and not dated needs no balance: it is what a position has beyond the dated ones.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg

from entrepot.domain.accounts import Account
from entrepot.storage import inventory
from entrepot.storage.database import NO_INSTANT, Connection
from entrepot.storage.inventory import Query

# Free units of other countries count where the seller lets them serve (D-17), so their dates do.
_COLUMNS: Final = """
    p.available, p.in_transfer, p.shipped, p.receiving, p.any_seq,
    case when p.available + p.in_transfer + p.shipped + p.receiving > 0
              or l.policies @> '{"remote_serving": true}'
    then (
        select array_agg((b.account, b.place, b.at, b.quantity)) from balances b
        where b.seller_id = $1 and b.item = k.fnsku and b.quantity > 0
        and b.account = any (case when p.in_transfer + p.shipped + p.receiving = 0 then array['FC_AVAIL']
                             else array['FC_AVAIL', 'FC_XFER', 'IN_SHIPPED', 'IN_RECEIVING'] end)
        and (b.account <> 'FC_AVAIL' or b.at > '-infinity')
    ) end as dated
"""


async def page(connection: Connection, query: Query) -> list[asyncpg.Record]:
    """As `inventory.page`: available, in_transfer, shipped, receiving, any_seq; `dated` is for `dated_of`."""
    return await inventory.page(connection, query, _COLUMNS)


def dated_of(row: asyncpg.Record) -> list[tuple[Account, str, datetime | None, int]]:
    """The balances that a page row carries: account, place, time, units. Of free units, those with a time only."""
    return [
        (_ACCOUNTS[account], place, None if at == NO_INSTANT else at, units)
        for account, place, at, units in row["dated"] or ()
    ]


# To look a member up in a table costs a quarter of what its class takes for it.
_ACCOUNTS: Final = {account.value: account for account in Account}
