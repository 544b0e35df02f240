"""A worker as a process of its own, with one kind of file: each of its lines becomes a row, slowly, chunk by chunk.

`python -m tests.faults.slow_worker DATABASE_URL DOCUMENTS [SECONDS_PER_CHUNK]`
"""

from __future__ import annotations

import asyncio
import signal
import sys

from entrepot.feeds.findings import Finding
from entrepot.feeds.job import TEXT, Job, Result
from entrepot.feeds.kinds import CATALOGUE, Kind
from entrepot.services.documents import Documents
from entrepot.services.ledger import Ledger
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.database import Database
from entrepot.worker import Worker

CHUNK = 10


async def main(url: str, place: str, seconds: float) -> None:
    async def process(job: Job) -> Result:
        content = b"".join([chunk async for chunk in job.open()])
        lines = content.decode().splitlines()
        while job.applied < len(lines):
            done = job.applied
            chunk = lines[done : done + CHUNK]
            async with job.ledger.at_work(job.seller_id) as (connection, _):
                await connection.execute(
                    "insert into applied select $1, $2, unnest($3::text[])",
                    job.submission_id,
                    job.submission.lane,
                    chunk,
                )
                await asyncio.sleep(seconds)
                findings = [Finding(done + 1, "C", chunk[0])]
                await job.progress(connection, done + len(chunk), findings, len(lines))
        return Result("DONE", TEXT, str(len(await job.findings())).encode())

    database = await Database.open(url)
    worker = Worker(
        url,
        database,
        Ledger(database),
        Documents(database, ByteStore.open(place)),
        {"SLOW": Kind("SLOW", CATALOGUE, "text", False, process)},
        poll=0.1,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    await worker.run()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 0.05))
