"""The limit for reading: a handler that does nothing but run the SQL it was told and encode the rows.

The same server (and settings), driver, pool, SQL, arguments and bytes as the real one; no authentication, throttle,
routing, decoding or log. `python -m bench.bare` reads a Job; `GET /?N` answers its case N. Knows nothing of entrepot.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from xml.sax.saxutils import escape

import asyncpg
import msgspec
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

PAGE_SIZE = 50
REQUEST_ID = "00000000-0000-0000-0000-000000000000"


class Case(msgspec.Struct):
    """A page: the statement that reads its rows and perhaps one more, which says that more pages follow."""

    sql: str
    arguments: Sequence[Any]
    supply: bool = False  # of ListInventorySupply


class Job(msgspec.Struct):
    port: int
    database: str
    pool_size: int
    marketplace: str
    next_token: str
    cases: list[Case]


class Granularity(msgspec.Struct):
    granularityType: str
    granularityId: str


class ResearchingEntry(msgspec.Struct):
    name: str
    quantity: int


class Reserved(msgspec.Struct):
    totalReservedQuantity: int
    pendingCustomerOrderQuantity: int
    pendingTransshipmentQuantity: int
    fcProcessingQuantity: int


class Researching(msgspec.Struct):
    totalResearchingQuantity: int
    researchingQuantityBreakdown: tuple[ResearchingEntry, ResearchingEntry, ResearchingEntry]


class Unfulfillable(msgspec.Struct):
    totalUnfulfillableQuantity: int
    customerDamagedQuantity: int
    warehouseDamagedQuantity: int
    distributorDamagedQuantity: int
    carrierDamagedQuantity: int
    defectiveQuantity: int
    expiredQuantity: int


class FutureSupply(msgspec.Struct):
    reservedFutureSupplyQuantity: int
    futureSupplyBuyableQuantity: int


class Details(msgspec.Struct):
    fulfillableQuantity: int
    inboundWorkingQuantity: int
    inboundShippedQuantity: int
    inboundReceivingQuantity: int
    reservedQuantity: Reserved
    researchingQuantity: Researching
    unfulfillableQuantity: Unfulfillable
    futureSupplyQuantity: FutureSupply


class Summary(msgspec.Struct):
    asin: str
    fnSku: str
    sellerSku: str
    condition: str
    lastUpdatedTime: datetime
    productName: str
    totalQuantity: int
    inventoryDetails: Details


class Payload(msgspec.Struct):
    granularity: Granularity
    inventorySummaries: list[Summary]


class Pagination(msgspec.Struct):
    nextToken: str


class Answer(msgspec.Struct, omit_defaults=True):
    payload: Payload
    pagination: Pagination | None = None


_NO_SUPPLY = FutureSupply(0, 0)
_NO_RESEARCH = Researching(
    0,
    (
        ResearchingEntry("researchingQuantityInShortTerm", 0),
        ResearchingEntry("researchingQuantityInMidTerm", 0),
        ResearchingEntry("researchingQuantityInLongTerm", 0),
    ),
)
_COLUMNS = itemgetter(
    "asin", "fnsku", "sku", "condition", "any_at", "title", "available", "working", "shipped", "receiving", "ordered",
    "in_transfer", "processing", "customer_damaged", "warehouse_damaged", "distributor_damaged", "carrier_damaged",
    "defective", "expired",
)  # fmt: skip


def summary(row: Any) -> Summary:
    (asin, fnsku, sku, condition, at, title, available, working, shipped, receiving, ordered, in_transfer, processing,
     customer, warehouse, distributor, carrier, defective, expired) = _COLUMNS(row)  # fmt: skip
    reserved = ordered + in_transfer + processing
    unsellable = customer + warehouse + distributor + carrier + defective + expired
    total = available + reserved + unsellable + working + shipped + receiving
    return Summary(
        asin, fnsku, sku, condition, at, title, total,
        Details(
            available, working, shipped, receiving, Reserved(reserved, ordered, in_transfer, processing), _NO_RESEARCH,
            Unfulfillable(unsellable, customer, warehouse, distributor, carrier, defective, expired), _NO_SUPPLY,
        ),
    )  # fmt: skip


SUPPLY_ROW = itemgetter("sku", "fnsku", "asin", "condition", "available")
_NOW = "<TimepointType>Immediately</TimepointType>"


def supply(row: Any) -> str:
    """A member of ListInventorySupply, Detailed: free stock, which can be picked."""
    sku, fnsku, asin, condition, available = SUPPLY_ROW(row)
    return (
        f"<member><SellerSKU>{escape(sku)}</SellerSKU><FNSKU>{fnsku}</FNSKU><ASIN>{asin}</ASIN>"
        f"<Condition>{condition}</Condition><TotalSupplyQuantity>{available}</TotalSupplyQuantity>"
        f"<InStockSupplyQuantity>{available}</InStockSupplyQuantity>"
        f"<EarliestAvailability>{_NOW}</EarliestAvailability><SupplyDetail><member><Quantity>{available}</Quantity>"
        f"<SupplyType>InStock</SupplyType><EarliestAvailableToPick>{_NOW}</EarliestAvailableToPick>"
        f"<LatestAvailableToPick>{_NOW}</LatestAvailableToPick></member></SupplyDetail></member>"
    )


def supply_answer(marketplace: str, rows: Sequence[Any]) -> bytes:
    return (
        '<?xml version="1.0"?>\n'
        '<ListInventorySupplyResponse xmlns="http://mws.amazonaws.com/FulfillmentInventory/2010-10-01/">'
        f"<ListInventorySupplyResult><MarketplaceId>{marketplace}</MarketplaceId><InventorySupplyList>"
        f"{''.join([supply(row) for row in rows])}</InventorySupplyList></ListInventorySupplyResult>"
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></ListInventorySupplyResponse>\n"
    ).encode()


class _Connection(asyncpg.Connection):  # type: ignore[misc,type-arg,unused-ignore]
    """Given back without a round trip."""

    def get_reset_query(self) -> str:
        return ""


async def serve(job: Job) -> None:
    pool = await asyncpg.create_pool(job.database, min_size=0, max_size=job.pool_size, connection_class=_Connection)
    encode = msgspec.json.Encoder().encode
    granularity, pagination = Granularity("Marketplace", job.marketplace), Pagination(job.next_token)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        case = job.cases[int(scope["query_string"] or 0)]
        rows = await pool.fetch(case.sql, *case.arguments)
        if case.supply:
            body, kind = supply_answer(job.marketplace, rows), b"text/xml"
        else:
            payload = Payload(granularity, [summary(row) for row in rows[:PAGE_SIZE]])
            body, kind = encode(Answer(payload, pagination if len(rows) > PAGE_SIZE else None)), b"application/json"
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    server = Server(
        application, address="127.0.0.1", port=job.port, interface=Interfaces.ASGINL, http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=20_000), websockets=False, backlog=1024,
        backpressure=1_000_000, log_enabled=False,
    )  # fmt: skip
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()
    await pool.close()


if __name__ == "__main__":
    uvloop.run(serve(msgspec.json.decode(sys.stdin.buffer.read(), type=Job)))
