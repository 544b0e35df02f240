"""AIM's inventory uploads, done: add-modify-delete, modify-only and purge-replace.

Rows whose listing is known by the same mark change numbers only, and go by the thousand; new listings and new
descriptions are commands. A purge first takes off sale what the file does not name, then loads the file: rows that the
shop already is like are done by that (domain specification §3.2, D-22).

Sources: AIM reference §6 (the three modes, the quantity rules of October 2007), §8 (counts).
"""

from __future__ import annotations

from asyncio import gather, to_thread
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple, cast

import msgspec

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import Command, DeleteListing, Patch, PatchListing
from entrepot.domain.marketplaces import MARKETPLACES, Marketplace
from entrepot.domain.mfn.attributes import ALL, AVAILABILITY, CHANNEL, FBA_CHANNELS, LEAD_TIME, offer_key
from entrepot.domain.mfn.products import ASIN_ATTRIBUTE
from entrepot.feeds import aim_file
from entrepot.feeds.aim_file import MODIFY_ONLY, AimFile, Begun, Format, Mode
from entrepot.feeds.applying import FLAT_CODES, apply, origin, perform, whole
from entrepot.feeds.findings import CELL_INVALID, FeedUnreadable, Finding, counted
from entrepot.feeds.job import TEXT, Job, Result
from entrepot.feeds.patches import NOT_IN_CATALOG, NOT_IN_CATALOG_TEXT, from_warehouse, offer_patches, to_warehouse
from entrepot.feeds.sheet import CLEARED
from entrepot.services.bulk import CHUNK, listed
from entrepot.storage import shop
from entrepot.storage.bulk import Submitted, Terms, merge_terms
from entrepot.storage.database import Connection
from entrepot.storage.worlds import LedgerRow

MODES: Final[dict[str, Mode]] = {
    "AIM_ADD_MODIFY_DELETE": "add-modify-delete",
    "AIM_MODIFY_ONLY": "modify-only",
    "AIM_PURGE_REPLACE": "purge-replace",
}
PURGE: Final = "purge-replace"
# AsinMatchCreate N: no new products. The text of 2006; the code that later files had for it.
NO_PRODUCT: Final = "5501"
NO_PRODUCT_TEXT: Final = "SKU {sku} cannot be matched to an existing product for the following reason: [ , ]."
# 2007 guide, §3.1: for sellers with fewer; a rule for strict fidelity.
PURGE_MAX: Final = 50_000
PURGE_REFUSED: Final = "Purge and replace is for sellers with fewer than 50,000 listings."
_WAREHOUSE: Final = ("AMAZON", *FBA_CHANNELS.values())


async def process(job: Job) -> Result:
    mode, marketplace = MODES[job.feed_type], MARKETPLACES[job.marketplaces[0]]
    try:
        if mode == PURGE:
            upload = await _purge(job, marketplace)
        else:
            content = await whole(job)
            file = await to_thread(aim_file.read, content, mode, _format(job), marketplace, job.strict, _flags(job))
            upload = _Upload(job, mode, marketplace, file, {}, file.skus)
    except FeedUnreadable as problem:
        return Result("FATAL", TEXT, problem.message.encode())
    rows = sorted(_rows(upload.file), key=attrgetter("sku"))
    total = len(upload.named)
    await apply(job, rows, CHUNK, upload.prepared, upload.chunk, upload.positions(rows), total)
    return Result("DONE", TEXT, None, await _counts(upload, rows, total + 1))


def _format(job: Job) -> Format:
    return cast(Format, job.options["format"])


def _flags(job: Job) -> str:
    return " ".join(job.options.get(name, "") for name in ("upload_for", "expedited"))


class _Row(NamedTuple):
    """A row of the file: `place` is its place in the columns, `number` that in the file."""

    place: int
    number: int
    sku: str
    action: str
    price: Decimal | None
    quantity: int | None
    minimum: Decimal | None
    maximum: Decimal | None
    days: int | None
    center: str | None
    mark: int | None


def _rows(file: AimFile) -> Iterator[_Row]:
    columns = (file.numbers, file.skus, file.actions, file.prices, file.quantities, file.minima, file.maxima)
    return map(_Row, range(len(file.numbers)), *columns, file.handling_times, file.centers, file.marks)


async def _counts(upload: _Upload, rows: Sequence[_Row], all_of_it: int) -> dict[str, int]:
    """The file's own findings are kept like those of its rows, once: as if it had one row more."""
    job, file = upload.job, upload.file
    if job.applied < all_of_it:
        async with job.database.write() as connection:
            await job.progress(connection, all_of_it, file.findings, all_of_it)
    findings = await job.findings()
    counts = counted(file.processed, findings)
    refused = {finding.number for finding in findings if finding.severity == "ERROR"}
    added = upload.same + sum(row.action == "a" and row.number not in refused for row in rows)
    return {
        "processed": file.processed,
        "activated": added,
        "rejected": counts.refused,
        "warnings": counts.warnings,
    }


@dataclass(frozen=True)
class _Prepared:
    """Rows that change something or may do, and the plain ones among them as columns."""

    rows: Sequence[_Row]
    terms: Terms


@dataclass
class _Upload:
    """A file under way, or what of it changes anything. shop: what was on sale when a purge began, as lines
    (`storage.shop`) by SKU. named: the SKUs of all its good rows; `same` of these rows are what is on sale."""

    job: Job
    mode: Mode
    marketplace: Marketplace
    file: AimFile
    shop: Mapping[str, str]
    named: Sequence[str]
    same: int = 0

    @property
    def submitted(self) -> Submitted:
        return Submitted(self.job.submission_id, (self.marketplace.id,), origin(self.job))

    def positions(self, rows: Sequence[_Row]) -> Sequence[int]:
        """How far the file is with each of these rows done: its place among all, in the order of their SKUs. So an
        attempt goes on behind the one before, though other rows may be what is on sale then."""
        if len(rows) == len(self.named):
            return range(1, len(rows) + 1)
        order, behind = sorted(self.named), Counter[str]()
        found = []
        for row in rows:
            behind[row.sku] += 1
            found.append(bisect_left(order, row.sku) + behind[row.sku])
        return found

    def prepared(self, rows: Sequence[_Row]) -> _Prepared:
        times = Counter(row.sku for row in rows)
        plain = [row for row in rows if times[row.sku] == 1 and self._is_plain(row)]
        return _Prepared(rows, self._terms(plain))

    def _is_plain(self, row: _Row) -> bool:
        """Whether only numbers of the seller's own offer change, and none is taken away."""
        return (
            (row.action == "a" or self.mode == MODIFY_ONLY)
            and row.center in (None, DEFAULT_LOCATION)
            and CLEARED not in (row.minimum, row.maximum)
            and not self._cleared(row)
        )

    def _cleared(self, row: _Row) -> Sequence[str]:
        """What a purge takes away by not saying it again: terms that the offer has now."""
        line = self.shop.get(row.sku)
        if line is None:
            return ()
        _, _, days, _, minimum, maximum, _ = line.split("\t")
        pairs = ((LEAD_TIME, days, row.days), ("minimum", minimum, row.minimum), ("maximum", maximum, row.maximum))
        return [name for name, stored, said in pairs if stored and said is None]

    def _terms(self, rows: Sequence[_Row]) -> Terms:
        return Terms(
            [row.number for row in rows],
            [row.sku for row in rows],
            [row.quantity for row in rows],
            [row.days for row in rows],
            [_text(row.price) for row in rows],
            [_text(row.minimum) for row in rows],
            [_text(row.maximum) for row in rows],
            [row.mark for row in rows],
            offer_key(_offer(self.marketplace)),
            msgspec.json.encode(_offer(self.marketplace)).decode(),
        )

    async def chunk(self, connection: Connection, ledger: LedgerRow, prepared: _Prepared) -> list[Finding]:
        ledger, left = await merge_terms(connection, ledger, prepared.terms, self.submitted)
        done = set(prepared.terms.numbers) - left
        others = [row for row in prepared.rows if row.number not in done]
        known = dict(await listed(connection, self.job.seller_id, {row.sku for row in others}))
        matched = await self._matched(connection, [row for row in others if row.sku not in known])
        findings: list[Finding] = []
        asked: list[tuple[Finding, Command]] = []
        for row in others:
            command = self._command(row, known, matched.get(row.number))
            if isinstance(command, Finding):
                findings.append(command)
            elif isinstance(command, DeleteListing) or command.patches:
                asked.append((Finding(row.number, "", "", sku=row.sku), command))
        return findings + await perform(self.job, connection, ledger, asked, FLAT_CODES)

    async def _matched(self, connection: Connection, rows: Sequence[_Row]) -> dict[int, str]:
        """Asinate: the ASINs of new books without an ISBN, by their titles."""
        if self.job.options.get("asinate") != "Y":
            return {}
        titles = {row.number: self.file.item_name(row.place).lower() for row in rows if self._is_nameless(row)}
        found = await shop.products_called(connection, self.job.seller_id, sorted({*titles.values()} - {""}))
        return {number: found[title] for number, title in titles.items() if title in found}

    @property
    def _may_create_products(self) -> bool:
        return self.job.options.get("asin_match_create") != "N"

    def _is_nameless(self, row: _Row) -> bool:
        """Whether the row has no product id."""
        return self.file.asins[row.place] is None and self.file.gtins[row.place] is None

    def _command(
        self, row: _Row, known: dict[str, Sequence[str]], matched: str | None
    ) -> DeleteListing | PatchListing | Finding:
        """What a row asks for. `known` are the channels of those SKUs that are listed; the rows before it count.
        matched: the ASIN of the product that it was found to be."""
        channels = known.get(row.sku)
        if channels is None and (row.action != "a" or self.mode == MODIFY_ONLY):
            return Finding(row.number, NOT_IN_CATALOG, NOT_IN_CATALOG_TEXT, sku=row.sku)
        if row.action != "a" and self.mode != MODIFY_ONLY:
            del known[row.sku]
            return DeleteListing(row.sku, self.marketplace.id)
        if channels is None and row.center not in _WAREHOUSE and (lacks := self.file.missing_to_create(row.place)):
            return lacks
        if channels is None and matched is None and self._is_nameless(row) and not self._may_create_products:
            return Finding(row.number, NO_PRODUCT, NO_PRODUCT_TEXT.format(sku=row.sku), sku=row.sku)
        patches = [*self._described(row, matched), *self._fulfilled(row, channels or ()), *self._priced(row)]
        known.setdefault(row.sku, ())
        return PatchListing(
            row.sku, tuple(patches), marketplaces=(self.marketplace.id,), strict=self.job.strict, mark=row.mark
        )

    def _described(self, row: _Row, matched: str | None) -> Iterator[Patch]:
        """What the row says of its item, and what the request says for those rows that do not."""
        if self.mode == MODIFY_ONLY:
            return
        yield from self.file.attribute_patches(row.place)
        options = self.job.options
        said = {
            ASIN_ATTRIBUTE: matched,
            "expedited_shipping": "Domestic" if options.get("expedited") == "Y" else None,
            "item_is_marketplace": "n" if options.get("upload_for") == "zShop" else None,
        }
        for name, value in said.items():
            if value and not self.file.text(row.place, name):
                yield Patch("replace", f"/attributes/{name}", [{"value": value}])

    def _fulfilled(self, row: _Row, channels: Sequence[str]) -> Iterator[Patch]:
        if row.center in _WAREHOUSE:
            yield from to_warehouse(self.marketplace)
            return
        given = {"quantity": row.quantity, LEAD_TIME: row.days}
        given = {name: value for name, value in given.items() if value is not None}
        if row.quantity is not None:
            yield from from_warehouse(channels)
        if given and (row.quantity is not None or DEFAULT_LOCATION in channels):
            operation = "replace" if LEAD_TIME in self._cleared(row) else "merge"
            yield Patch(operation, f"/attributes/{AVAILABILITY}", [{CHANNEL: DEFAULT_LOCATION, **given}])

    def _priced(self, row: _Row) -> Iterator[Patch]:
        cleared = self._cleared(row)
        minimum = CLEARED if "minimum" in cleared else row.minimum
        maximum = CLEARED if "maximum" in cleared else row.maximum
        return offer_patches(self.marketplace, row.price, minimum, maximum)


def _offer(marketplace: Marketplace) -> dict[str, str]:
    return {"marketplace_id": marketplace.id, "currency": marketplace.currency, "audience": ALL}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


# The purge.


async def _purge(job: Job, marketplace: Marketplace) -> _Upload:
    """Take off sale what the file does not name, not even in a bad row; and leave out what is on sale as it says.

    After a crash this is done again: what was purged is not on sale any more, and rows that were loaded are not looked
    at (`positions`). The database reads what is on sale while the file is read.
    """
    (begun, lines), on_sale = await gather(_begun(job, marketplace), _on_sale(job, marketplace))
    changed = await to_thread(_changed, begun.skus, lines, on_sale)
    same, named = len(begun.skus) - len(changed), [sku for sku in begun.skus if sku]
    file = await to_thread(begun.read, changed)
    upload = _Upload(job, PURGE, marketplace, file, on_sale, named, same)
    surplus = sorted(on_sale.keys() - {*named, *(finding.sku for finding in file.findings)})
    for start in range(0, len(surplus), CHUNK):
        await _take_off_sale(upload, surplus[start : start + CHUNK])
    return upload


async def _begun(job: Job, marketplace: Marketplace) -> tuple[Begun, list[str]]:
    """The file, and each of its rows as a line like those of the shop."""
    content = await whole(job)

    def begin() -> tuple[Begun, list[str]]:
        begun = aim_file.begin(content, PURGE, _format(job), marketplace, job.strict, _flags(job))
        return begun, begun.lines()

    return await to_thread(begin)


async def _on_sale(job: Job, marketplace: Marketplace) -> Mapping[str, str]:
    async with job.database.read() as connection:
        lines = await shop.lines(connection, job.seller_id, marketplace.id, offer_key(_offer(marketplace)))
    if job.strict and len(lines) >= PURGE_MAX:
        raise FeedUnreadable(CELL_INVALID, PURGE_REFUSED)
    return {line.partition("\t")[0]: line for line in lines}


def _changed(skus: Sequence[str], lines: Sequence[str], on_sale: Mapping[str, str]) -> list[int]:
    """The rows that are not just what is on sale; and all of a SKU that stands in several rows."""
    changed = {place for place, line in enumerate(lines) if on_sale.get(skus[place]) != line}
    if len(set(skus)) < len(skus):
        times = Counter(skus)
        changed.update(place for place, sku in enumerate(skus) if times[sku] > 1)
    return sorted(changed)


async def _take_off_sale(upload: _Upload, skus: Sequence[str]) -> None:
    job = upload.job
    async with job.ledger.at_work(job.seller_id) as (connection, ledger):
        ledger, others = await shop.purge(connection, ledger, skus, upload.submitted)
        asked = [(Finding(0, "", "", sku=sku), DeleteListing(sku, upload.marketplace.id, "PURGE")) for sku in others]
        await perform(job, connection, ledger, asked, FLAT_CODES)
        await job.progress(connection, job.applied)
