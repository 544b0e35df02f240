"""Listings: what is shown of them, searches for them, and the submissions that change them.

A view is made from what one statement read, so all its parts are of one moment; reads take no lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from entrepot.domain.accounts import DEFAULT_LOCATION
from entrepot.domain.commands import DeleteListing, PatchListing, PutListing
from entrepot.domain.errors import Invalid, Rejected
from entrepot.domain.identifiers import ASIN, gtin
from entrepot.domain.items import clean_sku, tidy
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.domain.mfn import live
from entrepot.domain.mfn.attributes import AVAILABILITY, CHANNEL, is_fba
from entrepot.domain.mfn.issues import Issue
from entrepot.domain.mfn.live import State
from entrepot.domain.papers import Sku
from entrepot.services.ledger import Ledger
from entrepot.services.locations import Locations
from entrepot.storage import listings as storage
from entrepot.storage.database import Connection, Database
from entrepot.storage.listings import Filters, Hint, Place, SortBy

# Of a search no more can be reached, however many there are.
REACHABLE: Final = 1000
# What depends on stock and clock is not in the listing's row: then candidates are looked at, so many at once and so
# many for one answer; whoever wants more goes on with the next page.
CHUNK: Final = 250
CANDIDATES_MAX: Final = 5000

IdentifiersType = Literal["ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"]
Submission = PutListing | PatchListing | DeleteListing


@dataclass(frozen=True)
class View:
    """A listing, as it is in some marketplaces."""

    state: State
    marketplaces: tuple[str, ...]

    @property
    def sku(self) -> str:
        return self.state.listing.sku


@dataclass(frozen=True)
class Sought:
    """A search. Of identifiers, variation_parent and package_hierarchy at most one is given.

    with_status: any of these in one of the marketplaces, without_status: none of these there; severities: an issue of
    any of these.
    """

    marketplaces: tuple[str, ...]
    identifiers: tuple[str, ...] = ()
    identifiers_type: IdentifiersType | None = None
    variation_parent: str | None = None
    package_hierarchy: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    severities: tuple[str, ...] = ()
    with_status: tuple[str, ...] = ()
    without_status: tuple[str, ...] = ()
    sort_by: SortBy = "lastUpdatedDate"
    descending: bool = True
    size: int = 10

    @property
    def is_live(self) -> bool:
        """Whether it asks for what is not in the listings' rows."""
        return bool(self.severities or self.with_status or self.without_status)


@dataclass(frozen=True)
class Bookmark:
    """Where a page begins, or, backwards, where it ends: its neighbour, how many come before it, how many there are."""

    neighbour: Place
    before: int
    total: int
    backwards: bool = False


@dataclass(frozen=True)
class Found:
    """A page of a search."""

    total: int
    views: Sequence[View]
    following: Bookmark | None
    previous: Bookmark | None


@dataclass(frozen=True)
class Receipt:
    """What became of a submission. asin: the product's, where it was accepted and there is one."""

    accepted: bool
    issues: Sequence[Issue]
    submission: str = ""
    asin: str = ""


class Listings:
    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger
        self._locations = Locations(database)

    async def get(self, seller_id: str, sku: str, marketplaces: tuple[str, ...]) -> View | None:
        """The listing in these marketplaces, or one deleted within a day; None if there is none."""
        names = _skus([sku])
        if not names:
            return None
        async with self._database.read() as connection:
            views = await _views(connection, seller_id, names, marketplaces)
        for view in views:
            listing = view.state.listing
            gone = listing.deleted_at is not None and live.is_found(listing, view.state.now)
            if gone or not set(marketplaces).isdisjoint(listing.marketplaces):
                return view
        return None

    async def named(self, seller_id: str, skus: Sequence[str], marketplaces: tuple[str, ...]) -> list[View]:
        """The listings of these SKUs, as far as there are any, in their order."""
        async with self._database.read() as connection:
            views = await _views(connection, seller_id, skus, marketplaces)
        return [view for view in views if view.state.listing.deleted_at is None]

    async def search(self, seller_id: str, sought: Sought, bookmark: Bookmark | None = None) -> Found:
        """A page of a search: the first, or the one of a bookmark."""
        async with self._database.read() as connection:
            search = _Search(connection, seller_id, sought)
            if bookmark is None:
                return await search.first()
            if bookmark.backwards:
                return await search.previous(bookmark)
            return await search.following(bookmark)

    async def submit(self, seller_id: str, submission: Submission, origin: Origin) -> Receipt:
        """Do a submission, or nothing of it if there are errors in it. Raises Denied, NotFound (delete), Invalid."""
        await self._admit(seller_id, submission)
        try:
            return _receipt((await self._ledger.perform(seller_id, submission, origin)).answer)
        except Rejected as problem:
            return Receipt(False, problem.issues)

    async def preview(self, seller_id: str, submission: Submission) -> Receipt:
        """What would become of a submission; nothing is changed."""
        await self._admit(seller_id, submission)
        try:
            return _receipt(await self._ledger.rehearse(seller_id, submission))
        except Rejected as problem:
            return Receipt(False, problem.issues)

    async def _admit(self, seller_id: str, submission: Submission) -> None:
        if not isinstance(submission, DeleteListing) and submission.strict and names_location(submission):
            await self._locations.admit(seller_id)


def _receipt(answer: Mapping[str, Any]) -> Receipt:
    return Receipt(True, tuple(answer["issues"]), str(answer["submission"]), str(answer.get("asin", "")))


def names_location(submission: Submission) -> bool:
    """Whether it is about a quantity at a location, other than where everybody's is."""
    if isinstance(submission, PutListing):
        values = [submission.attributes.get(AVAILABILITY)]
    elif isinstance(submission, DeleteListing):
        return False
    else:
        values = [patch.value for patch in submission.patches if patch.path.rpartition("/")[2] == AVAILABILITY]
    instances = (part for value in values if isinstance(value, list) for part in value)
    codes = (instance.get(CHANNEL) for instance in instances if isinstance(instance, dict))
    return any(isinstance(code, str) and code and not _is_everybodys(tidy(code)) for code in codes)


def _is_everybodys(channel: str) -> bool:
    return channel == DEFAULT_LOCATION or is_fba(channel)


# Reading


async def _views(
    connection: Connection, seller_id: str, skus: Sequence[str], marketplaces: tuple[str, ...]
) -> list[View]:
    countries = sorted({MARKETPLACES[id_].country for id_ in marketplaces})
    shelf = await storage.shelf(connection, seller_id, skus, countries)
    if shelf is None:
        return []
    return [
        View(
            State(
                item.listing,
                item.sku or Sku(item.listing.sku, "", "", "NewItem", "amazon"),
                item.product,
                shelf.sources,
                item.available,
                item.warehouse,
                shelf.now,
            ),
            marketplaces,
        )
        for item in shelf.items
    ]


def _skus(texts: Sequence[str]) -> tuple[str, ...]:
    """SKUs in their normal form. A text that cannot be one names nothing, as any unknown SKU."""
    skus = []
    for one in texts:
        with suppress(Invalid):
            skus.append(clean_sku(one))
    return tuple(skus)


# Searching


@dataclass
class _Search:
    connection: Connection
    seller_id: str
    sought: Sought
    filters: Filters = field(init=False)

    def __post_init__(self) -> None:
        self.filters = _filters(self.sought)

    async def first(self) -> Found:
        if self.sought.is_live:
            sifted = await self._sift(None, REACHABLE + 1)
            return self._page(sifted, self.sought.size, 0, len(sifted.views))
        total = await storage.count(self.connection, self.seller_id, self.filters)
        views = await self._plain(None, self.sought.size) if total else []
        return self._page(_Sifted(views), self.sought.size, 0, total)

    async def following(self, bookmark: Bookmark) -> Found:
        size = min(self.sought.size, REACHABLE - bookmark.before)
        if self.sought.is_live:
            sifted = await self._sift(bookmark.neighbour, size + 1)
        else:
            sifted = _Sifted(await self._plain(bookmark.neighbour, size))
        return self._page(sifted, size, bookmark.before, bookmark.total)

    async def previous(self, bookmark: Bookmark) -> Found:
        size = min(self.sought.size, bookmark.before)
        if self.sought.is_live:
            views = (await self._sift(bookmark.neighbour, size, backwards=True)).views[:size]
        else:
            views = (await self._plain(bookmark.neighbour, size, backwards=True))[:size]
        views.reverse()
        before = bookmark.before - size
        return Found(
            bookmark.total,
            views,
            Bookmark(self._place(views[-1]), bookmark.before, bookmark.total) if views else None,
            self._backwards(views, before, bookmark.total),
        )

    def _page(self, sifted: _Sifted, size: int, before: int, total: int) -> Found:
        """The first of these as a page; there may be more of them, or more to look at."""
        shown = sifted.views[:size]
        after = before + len(shown)
        following = None
        if after < REACHABLE:
            if len(sifted.views) > size:
                following = Bookmark(self._place(shown[-1]), after, total)
            elif sifted.left_at is not None:
                following = Bookmark(sifted.left_at, after, total)
        return Found(total, shown, following, self._backwards(shown, before, total))

    def _backwards(self, shown: Sequence[View], before: int, total: int) -> Bookmark | None:
        return Bookmark(self._place(shown[0]), before, total, backwards=True) if before > 0 and shown else None

    def _place(self, view: View) -> Place:
        listing = view.state.listing
        at = {"sku": None, "createdDate": listing.created_at, "lastUpdatedDate": listing.updated_at}
        return Place(at[self.sought.sort_by], listing.sku)

    async def _plain(self, after: Place | None, size: int, backwards: bool = False) -> list[View]:
        """The next listings of a search that the rows answer, and one more if there is one."""
        places = await self._candidates(after, size + 1, backwards)
        return await self._views([place.sku for place in places])

    async def _sift(self, after: Place | None, wanted: int, backwards: bool = False) -> _Sifted:
        """The next listings of a search by what is live: so many, or those among the candidates it may look at."""
        places = await self._candidates(after, CANDIDATES_MAX, backwards)
        found: list[View] = []
        for start in range(0, len(places), CHUNK):
            part = places[start : start + CHUNK]
            found += [view for view in await self._views([place.sku for place in part]) if _fits(view, self.sought)]
            if len(found) >= wanted:
                return _Sifted(found, part[-1])
        return _Sifted(found, places[-1] if len(places) == CANDIDATES_MAX else None)

    async def _candidates(self, after: Place | None, size: int, backwards: bool) -> list[Place]:
        """The next listings that fit as far as the rows can tell."""
        descending = self.sought.descending != backwards
        return await storage.find(
            self.connection, self.seller_id, self.filters, self.sought.sort_by, descending, size, after
        )

    async def _views(self, skus: Sequence[str]) -> list[View]:
        views = await _views(self.connection, self.seller_id, skus, self.sought.marketplaces) if skus else []
        return [view for view in views if view.state.listing.deleted_at is None]


@dataclass(frozen=True)
class _Sifted:
    """Listings that fit. left_at: where to go on looking for more; None: there is no more to look at."""

    views: list[View]
    left_at: Place | None = None


def _fits(view: View, sought: Sought) -> bool:
    state = view.state
    if sought.with_status or sought.without_status:
        statuses = [set(live.status(state, id_)) for id_ in sought.marketplaces if id_ in state.listing.marketplaces]
        if not any(_has_status(status, sought) for status in statuses):
            return False
    if not sought.severities:
        return True
    return any(issue.severity in sought.severities for issue in live.issues(state, sought.marketplaces))


def _has_status(status: set[str], sought: Sought) -> bool:
    if sought.with_status and status.isdisjoint(sought.with_status):
        return False
    return status.isdisjoint(sought.without_status)


_FNSKU: Final = re.compile(r"[0-9A-Z]{1,40}")
_MINSAN: Final = re.compile(r"[0-9A-Z]{1,20}", re.IGNORECASE)


def _filters(sought: Sought) -> Filters:
    kind, given = sought.identifiers_type, sought.identifiers
    capitals = tuple(text.strip().upper() for text in given)
    return Filters(
        marketplaces=sought.marketplaces,
        skus=_skus(given) if kind == "SKU" else None,
        asins=tuple(filter(ASIN.fullmatch, capitals)) if kind == "ASIN" else None,
        fnskus=tuple(filter(_FNSKU.fullmatch, capitals)) if kind == "FNSKU" else None,
        gtins=tuple(_gtins(kind, capitals)) if kind in ("EAN", "GTIN", "ISBN", "JAN", "UPC") else None,
        minsans=tuple(filter(_MINSAN.fullmatch, (text.strip() for text in given))) if kind == "MINSAN" else None,
        variation_parent=_one_sku(sought.variation_parent),
        package_hierarchy=_one_sku(sought.package_hierarchy),
        created_after=sought.created_after,
        created_before=sought.created_before,
        updated_after=sought.updated_after,
        updated_before=sought.updated_before,
        hints=tuple(_hints(sought)),
    )


def _hints(sought: Sought) -> Iterator[Hint]:
    """What the rows can tell of statuses and issues: enough to leave most of those out that do not fit."""
    if live.DISCOVERABLE in sought.with_status:
        yield "catalogued"
    elif live.BUYABLE in sought.with_status:
        yield "saleable"
    if live.DISCOVERABLE in sought.without_status:
        yield "uncatalogued"
    if sought.severities == ("ERROR",):
        yield "faulty"
    elif sought.severities == ("WARNING",):
        yield "beside_locations"


def _gtins(kind: str, texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        with suppress(Invalid):
            yield gtin(re.sub(r"[ -]", "", text), kind)


def _one_sku(text: str | None) -> str | None:
    """A SKU to look for; one that nobody has, where the text cannot be any."""
    return None if text is None else next(iter(_skus([text])), "")
