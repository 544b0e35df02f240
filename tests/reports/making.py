"""Asking for reports and reading them, in tests: as the worker makes them, without the worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from entrepot.domain import commands as c
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.feeds.job import Job, Result
from entrepot.reports.kinds import REPORTS
from entrepot.reports.types import TYPES, of_aim
from entrepot.services.documents import Documents
from entrepot.services.report_requests import LANE, Asked
from entrepot.services.reports import Reports
from entrepot.storage import submissions
from entrepot.storage.bytestore import ByteStore
from entrepot.storage.submissions import IN_PROGRESS, Submission
from tests.cast import US, Player

WHO = Origin("aim", "a program")


def type_of(name: str) -> str:
    """The canonical name of an AIM report."""
    found = of_aim(name)
    assert found is not None
    return found.name


def documents_of(player: Player, directory: Path) -> Documents:
    return Documents(player.database, ByteStore.open(directory / "documents"))


async def processed(player: Player, documents: Documents, number: str) -> Result:
    """What the kind makes of a report that was asked for."""
    async with player.database.read() as connection:
        submission = await submissions.find(connection, player.id, number)
    assert submission is not None
    return await REPORTS[submission.feed_type].resolved()(Job(submission, player.database, player.ledger, documents))


async def report(player: Player, documents: Documents, name: str, marketplace: str = US, **options: str) -> Result:
    """A report as it is made when it is asked for now. options: the report's own, and `days`."""
    days = int(options.pop("days", "0"))
    asked = Asked(type_of(name), (marketplace,), options, days=days)
    made = await Reports(player.database, documents).request(player.id, asked, WHO)
    return await processed(player, documents, made.number)


async def read(result: Result) -> bytes:
    assert isinstance(result.body, AsyncIterator)
    return b"".join([block async for block in result.body])


async def rows(
    player: Player, documents: Documents, name: str, marketplace: str = US, **options: str
) -> list[dict[str, str]]:
    """The lines of a report by the names of its columns, each as long as the header, with nothing after the last."""
    result = await report(player, documents, name, marketplace, **options)
    content = (await read(result)).decode("cp932" if "31J" in result.content_type else "cp1252")
    *lines, end = content.split("\n")
    header, *cells = [line.split("\t") for line in lines]
    assert end == ""
    assert tuple(header) == TYPES[type_of(name)].columns
    return [dict(zip(header, row, strict=True)) for row in cells]


async def list_own(player: Player, sku: str, quantity: int | None = None, marketplace: str = US, **more: Any) -> None:
    """A listing of the seller's own stock. more: `price`, and attributes by name, as one value or whole."""
    price = more.pop("price", None)
    attributes: dict[str, Any] = {"condition_type": [{"value": "new_new"}], "item_name": [{"value": f"Title of {sku}"}]}
    attributes |= {name: value if isinstance(value, list) else [{"value": value}] for name, value in more.items()}
    if price is not None:
        schedule = [{"schedule": [{"value_with_tax": price}]}]
        attributes["purchasable_offer"] = [{"currency": MARKETPLACES[marketplace].currency, "our_price": schedule}]
    await player.do(c.PutListing(sku, "BOOK", attributes, marketplace))
    if quantity is not None:
        await player.do(c.SetQuantity(sku, quantity))


async def made(
    player: Player,
    report_type: str,
    *marketplaces: str,
    start: datetime | None = None,
    end: datetime | None = None,
    schedule_id: str | None = None,
    **options: str,
) -> Result:
    """A report of any type, as it is made now. end: now, unless given; start: as doors have it. options: its own."""
    now = await player.now()
    until = end or now
    begun = start or until - timedelta(days=TYPES[report_type].days)
    span = {"start": begun.isoformat(), "end": until.isoformat()}
    options = {f"option:{name}": value for name, value in options.items()} | span
    door, where = ("spapi", "a program"), marketplaces or (US,)
    submission = Submission(
        player.id, "0", 0, *door, report_type, LANE, where, "", options, False, IN_PROGRESS, now,
        schedule_id=schedule_id,
    )  # fmt: skip
    no_documents = cast(Documents, None)
    return await REPORTS[report_type].resolved()(Job(submission, player.database, player.ledger, no_documents))


async def lines_of(result: Result) -> list[dict[str, str]]:
    """The lines of a finished report by the names of its columns; as many as it counted."""
    header, *lines = (await read(result)).decode("cp1252").removesuffix("\n").split("\n")
    names = header.split("\t")
    found = [dict(zip(names, line.split("\t"), strict=True)) for line in lines]
    assert result.counts == {"rows": len(found)}
    return found


async def lines(player: Player, report_type: str, *marketplaces: str, **more: Any) -> list[dict[str, str]]:
    return await lines_of(await made(player, report_type, *marketplaces, **more))
