"""Where each kind of paper is kept: one literal table from class to table, columns and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from entrepot.domain.papers import (
    Listing,
    Offer,
    Order,
    OrderItem,
    Product,
    Removal,
    Shipment,
    ShipmentItem,
    Sku,
    Source,
    Transfer,
)

P = TypeVar("P")


@dataclass(frozen=True)
class Part:
    """A table that has some columns of a kind of paper."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Where a kind of paper is kept; the columns are the fields of its class. `source` joins its parts, mostly one."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    types: tuple[str, ...]
    source: str
    parts: tuple[Part, ...]


_SQL_TYPES: Final = {str: "text", int: "bigint", datetime: "timestamptz", dict: "jsonb", list: "jsonb"}


def _table(paper: type, name: str, *key: str, apart: tuple[str, str] | None = None) -> tuple[type, Table]:
    """`apart`: a column that is kept in a table of its own, and that table."""
    hints = get_type_hints(paper)
    columns = tuple(field.name for field in fields(paper))
    types = {c: next(sql for kind, sql in _SQL_TYPES.items() if kind in _alternatives(hints[c])) for c in columns}
    source, parts = name, {name: columns}
    if apart is not None:
        column, other = apart
        source = f"{name} join {other} using (seller_id, {', '.join(key)})"
        parts = {name: tuple(c for c in columns if c != column), other: (*key, column)}
    return paper, Table(
        name,
        key,
        columns,
        tuple(types.values()),
        source,
        tuple(Part(table, chosen, tuple(types[c] for c in chosen)) for table, chosen in parts.items()),
    )


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The classes of a hint: `dict[str, Any]` is a dict, `datetime | None` an instant or nothing."""
    return tuple(get_origin(part) or part for part in (get_args(hint) if isinstance(hint, UnionType) else (hint,)))


def paper(kind: type[P], row: Sequence[Any]) -> P:
    """A paper from a row of its table's columns."""
    types = PAPERS[kind].types
    return kind(
        *(msgspec.json.decode(value) if sql == "jsonb" else value for value, sql in zip(row, types, strict=True))
    )


PAPERS: Final[dict[type, Table]] = dict(
    (
        _table(Sku, "skus", "sku"),
        _table(Offer, "offers", "marketplace_id", "sku", "created_seq"),
        _table(Listing, "listings", "sku", apart=("attributes", "listing_attributes")),
        _table(Product, "products", "asin"),
        _table(Source, "sources", "source_id"),
        _table(Shipment, "shipments", "shipment_id"),
        _table(ShipmentItem, "shipment_items", "shipment_id", "fnsku"),
        _table(Order, "orders", "order_id"),
        _table(OrderItem, "order_items", "order_item_id"),
        _table(Transfer, "transfers", "transfer_id"),
        _table(Removal, "removals", "removal_id"),
    )
)
