"""The ledger reports as tests read them, and what must be true of any of them (invariants 20 to 25).

What the rows of an event are is said here once more, from the specification's table (§1.4), to judge the reports by.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from entrepot.domain.accounts import Key
from entrepot.reports.types import TYPES
from tests.cast import US, Player
from tests.reports.making import made, read

DETAIL, SUMMARY = "GET_LEDGER_DETAIL_VIEW_DATA", "GET_LEDGER_SUMMARY_VIEW_DATA"
Rows = list[dict[str, str]]
# Of the summary, in the order of the specification's formula (D-10).
EVENT_COLUMNS = (
    "Receipts", "Customer Shipments", "Customer Returns", "Vendor Returns", "Warehouse Transfer In/Out", "Found",
    "Lost", "Damaged", "Disposed", "Other Events", "Unknown Events",
)  # fmt: skip


async def told(player: Player, name: str, marketplaces: Sequence[str] = (US,), **how: Any) -> Rows:
    """The lines of a report that is asked for now, by the names of its columns, each as long as the header. how:
    `start`, `end`, and the report's options; without a start the span has no length."""
    content = (await read(await made(player, name, *marketplaces, **how))).decode()
    *lines, end = content.split("\n")
    header, *rows = [line.split("\t") for line in lines]
    assert end == ""
    assert tuple(header) == TYPES[name].columns
    return [dict(zip(header, row, strict=True)) for row in rows]


# What must be true

Where = tuple[str, str, str]  # item, centre, disposition


def by_place(rows: Iterable[Mapping[str, str]]) -> Counter[Where]:
    """What the rows of detail add up to."""
    found: Counter[Where] = Counter()
    for row in rows:
        found[row["FNSKU"], row["Fulfillment Center"], row["Disposition"]] += int(row["Quantity"])
    return found


def told_of(rows: Iterable[Mapping[str, str]]) -> Counter[tuple[str, ...]]:
    """What the rows of detail add up to by all that tells them apart but the time."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        where = row["FNSKU"], row["Fulfillment Center"], row["Disposition"]
        found[*where, row["Event Type"], row["Reason"], "+" if int(row["Quantity"]) > 0 else "-"] += int(
            row["Quantity"]
        )
    return found


def of_columns(rows: Iterable[Mapping[str, str]], *keys: str) -> dict[tuple[str, ...], Counter[str]]:
    """What each column of events of the summary adds up to, for each value of the keys."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[tuple(row[key] for key in keys)].update({name: int(row[name]) for name in EVENT_COLUMNS})
    return {key: counts for key, counts in found.items() if any(counts.values())}


_ALWAYS_PAIRED = "67EHKUQ"


def is_paired(rows: Sequence[Mapping[str, str]]) -> None:
    """Invariant 23: each row of these reasons has its P, and no P is without one."""
    before: Counter[tuple[str, ...]] = Counter()
    after: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        group = tuple(row[name] for name in ("FNSKU", "Fulfillment Center", "Reference ID", "Date and Time"))
        if row["Reason"] == "P":
            assert int(row["Quantity"]) > 0
            after[group] += int(row["Quantity"])
        elif row["Reason"] and row["Reason"] in _ALWAYS_PAIRED:
            assert int(row["Quantity"]) < 0
            before[group] -= int(row["Quantity"])
    assert before == after


def is_reconciled(rows: Sequence[Mapping[str, str]]) -> None:
    """Invariant 24: the two add up to the quantity of rows M, F and E, and are empty of all others."""
    for row in rows:
        cells = row["Reconciled Quantity"], row["Unreconciled Quantity"]
        if row["Reason"] in ("M", "F", "E"):
            reconciled, unreconciled = map(int, cells)
            assert reconciled >= 0
            assert unreconciled >= 0
            assert reconciled + unreconciled == abs(int(row["Quantity"]))
        else:
            assert cells == ("", "")


def unreconciled(rows: Sequence[Mapping[str, str]]) -> list[tuple[tuple[str, ...], int]]:
    """What of each row is still open, by what the row says for ever."""
    for_ever = [name for name in TYPES[DETAIL].columns if not name.endswith(("Title", "MSKU", "onciled Quantity"))]
    return [(tuple(row[name] for name in for_ever), int(row["Unreconciled Quantity"] or 0)) for row in rows]


def adds_up(rows: Sequence[Mapping[str, str]]) -> None:
    """Invariant 21: each row in itself, and each begins where the one of the period before ended."""
    endings: dict[tuple[str, ...], str] = {}
    for row in rows:
        columns = sum(int(row[name]) for name in EVENT_COLUMNS)
        assert int(row["Ending Warehouse Balance"]) == int(row["Starting Warehouse Balance"]) + columns
        assert row["Unknown Events"] == "0"
        key = row["FNSKU"], row["Disposition"], row["Location"]
        if key in endings:
            assert row["Starting Warehouse Balance"] == endings[key]
        endings[key] = row["Ending Warehouse Balance"]


def balances(rows: Sequence[Mapping[str, str]], column: str, *, last: bool) -> Counter[Where]:
    """A balance of the first or the last row of each item, location and disposition; nothing where it is zero."""
    found: dict[Where, int] = {}
    for row in rows:
        where = row["FNSKU"], row["Location"], row["Disposition"]
        if last or where not in found:
            found[where] = int(row[column])
    return Counter({where: units for where, units in found.items() if units})


def of_months(
    rows: Iterable[Mapping[str, str]], countries: Mapping[str, str] | None = None
) -> dict[tuple[str, ...], Counter[str]]:
    """The columns of events by item, disposition, country and month. countries: of centres, where rows are of those."""
    return of_columns(
        [{**row, "Location": _country(row, countries), "Date": row["Date"][:2] + row["Date"][6:]} for row in rows],
        "FNSKU", "Disposition", "Location", "Date",
    )  # fmt: skip


def of_items(rows: Sequence[Mapping[str, str]], countries: Mapping[str, str] | None = None) -> Counter[tuple[str, str]]:
    """What there is and what is in transit at the end, together, by item and country (invariant 22)."""
    found: Counter[tuple[str, str]] = Counter()
    for column in ("Ending Warehouse Balance", "In Transit Between Warehouses"):
        for (item, location, _), units in balances(rows, column, last=True).items():
            found[item, countries[location] if countries else location] += units
    return found


def _country(row: Mapping[str, str], countries: Mapping[str, str] | None) -> str:
    return countries[row["Location"]] if countries else row["Location"]


def in_centres(units: Mapping[Key, int]) -> Counter[Where]:
    """Of balances: what lies in each centre, whatever may be done with it."""
    found: Counter[Where] = Counter()
    for key, quantity in units.items():
        if (
            key.account.startswith("FC_")
            and key.account != "FC_XFER"
            and not (key.account == "FC_ORDER" and key.detail)
        ):
            found[key.item, key.place, key.disposition] += quantity
    return Counter({where: n for where, n in found.items() if n})


# afn-warehouse-quantity (fulfillable, unsellable, reserved) and afn-researching-quantity.
_MYI = ("FC_AVAIL", "FC_UNS", "FC_ORDER", "FC_XFER", "FC_PROC", "FC_RESEARCH")


def myi(units: Mapping[Key, int], countries: Mapping[str, str]) -> Counter[tuple[str, str]]:
    """Of balances: what the inventory report calls warehouse and researching, together, by item and country."""
    found: Counter[tuple[str, str]] = Counter()
    for key, quantity in units.items():
        if key.account in _MYI:
            found[key.item, countries[key.place]] += quantity
    return Counter({where: n for where, n in found.items() if n})


# What the specification says the rows of an event are

_BY_EVENT = {
    "F07": "Receipts", "F08": "Receipts", "F09": "Receipts", "F11": "Receipts", "F90": "Receipts", "F22": "Shipments",
    "F25": "CustomerReturns", "F26": "CustomerReturns", "F30": "WhseTransfers", "F31": "WhseTransfers",
    "F31b": "WhseTransfers", "F72": "VendorReturns", "F74": "VendorReturns",
}  # fmt: skip
# The reason for less and the one for more.
_ADJUSTED = {
    "F52": "M.", "F54": ".F", "F56": ".N", "F57": ".N", "F58": "ON", "F59": "O.", "F60": "EP", "F61": "EP",
    "F62": "QP", "F63": "QP", "F64": "QP", "F65": "43", "F80": "21", "F60x": "?P",
}  # fmt: skip
_AGAIN = {
    "CUSTOMER_DAMAGED": "H", "DEFECTIVE": "K", "DISTRIBUTOR_DAMAGED": "U", "CARRIER_DAMAGED": "6", "EXPIRED": "7",
}  # fmt: skip
JOURNAL = """
    select m.*, e.event, e.reason, e.effective_at from moves m join entries e using (seller_id, seq)
    where m.seller_id = $1 order by m.seq, m.move
"""


def expected(journal: Iterable[Any], start: datetime) -> Counter[tuple[str, ...]]:
    """What `told_of` must be of a report from `start` on, by moves of the journal."""
    found: Counter[tuple[str, ...]] = Counter()
    for move in journal:
        if move["effective_at"] < start:
            continue
        for *row, units in _rows(move):
            found[move["item"], *row, "+" if units > 0 else "-"] += units
    return found


def _rows(move: Any) -> Iterable[tuple[Any, ...]]:
    event, units = move["event"], move["quantity"]
    gives = move["place"], move["disposition"]
    receives = move["to_place"], move["to_disposition"]
    if event == "F32":
        return [(*gives, "WhseTransfers", "", units), (*gives, "Adjustments", "M", -units)]
    if event == "F61" and move["to_account"] == "FC_RESEARCH":
        return []
    less, more = _inside(move, ""), _inside(move, "to_")
    if event in _BY_EVENT:
        return [(*receives, _BY_EVENT[event], "", units)] if more else [(*gives, _BY_EVENT[event], "", -units)]
    if event in ("F53", "F73"):
        return [(*gives, "Adjustments", move["reason"], -units)]
    if event not in _ADJUSTED:
        return []
    down, up = _ADJUSTED[event][0], _ADJUSTED[event][1]
    down = _AGAIN[move["disposition"]] if down == "?" else down
    rows = [(*gives, "Adjustments", down, -units)] if less else []
    return rows + ([(*receives, "Adjustments", up, units)] if more else [])


def _inside(move: Any, side: str) -> bool:
    account: str = move[f"{side}account"]
    sold_between = account == "FC_ORDER" and move[f"{side}detail"]
    return account.startswith("FC_") and account != "FC_XFER" and not sold_between


# What is accounted for by now, the oldest first, counted from the beginning


def open_of(rows: Iterable[Mapping[str, str]]) -> Counter[tuple[Any, ...]]:
    """Of which rows M and E how much is open."""
    return Counter(
        (row["FNSKU"], row["Fulfillment Center"], row["Reason"], row["Quantity"], int(row["Unreconciled Quantity"]))
        for row in rows
        if row["Reason"] in ("M", "E")
    )


def expected_open(journal: Iterable[Any], start: datetime) -> Counter[tuple[Any, ...]]:
    """What `open_of` must be of a report from `start` on, by the whole journal."""
    pools: dict[Any, dict[Any, int]] = defaultdict(dict)
    told: Counter[tuple[Any, ...]] = Counter()
    since: set[Any] = set()
    for move in journal:
        bucket = move["seq"], move["item"], move["place"] or move["to_place"]
        reason = _open_reason(move)
        if reason:
            told[*bucket, reason] += move["quantity"]
        if move["effective_at"] >= start:
            since.add(bucket)
        _settle(pools[_pool(move, "")], move["quantity"])
        pool = pools[_pool(move, "to_")]
        pool[bucket] = pool.pop(bucket, 0) + move["quantity"]
    left = {bucket: units for name, pool in pools.items() if name for bucket, units in pool.items()}
    return Counter(
        (item, place, reason, str(-units), left.get((seq, item, place), 0))
        for (seq, item, place, reason), units in told.items()
        if (seq, item, place) in since
    )


def _open_reason(move: Any) -> str:
    if move["event"] in ("F32", "F52") or (move["event"], move["reason"]) == ("F53", "M"):
        return "M"
    return "E" if move["event"] in ("F60", "F61") and move["to_account"] == "FC_UNS" else ""


def _pool(move: Any, side: str) -> Any:
    """What the units of a side count among; nothing, where both sides are the same."""
    names = [_pool_of(move, one) for one in ("", "to_")]
    return None if names[0] == names[1] else names[1 if side else 0]


def _pool_of(move: Any, side: str) -> Any:
    if move[f"{side}account"] == "X_LOST":
        return move["item"], move[f"{side}detail"]
    if _inside(move, side) and move[f"{side}disposition"] == "WAREHOUSE_DAMAGED":
        return move["item"], "at", move[f"{side}place"]
    return None


def _settle(pool: dict[Any, int], units: int) -> None:
    for bucket in list(pool):
        settled = min(units, pool[bucket])
        pool[bucket] -= settled
        units -= settled
