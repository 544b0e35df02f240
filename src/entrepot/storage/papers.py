"""Where each kind of paper is kept: one literal table from class to table, columns and key."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, get_type_hints

from entrepot.domain.papers import Offer, Order, OrderItem, Removal, Shipment, ShipmentItem, Sku, Transfer


@dataclass(frozen=True)
class Table:
    """Where a kind of paper is kept; the columns are the fields of its class."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    types: tuple[str, ...]


_SQL_TYPES: Final = {str: "text", int: "bigint", datetime: "timestamptz"}


def _table(paper: type, name: str, *key: str) -> tuple[type, Table]:
    hints = get_type_hints(paper)
    columns = tuple(field.name for field in fields(paper))
    types = tuple(next(sql for kind, sql in _SQL_TYPES.items() if kind in _alternatives(hints[c])) for c in columns)
    return paper, Table(name, key, columns, types)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__args__", None) or (hint,)


PAPERS: Final[dict[type, Table]] = dict(
    (
        _table(Sku, "skus", "sku"),
        _table(Offer, "offers", "marketplace_id", "sku", "created_seq"),
        _table(Shipment, "shipments", "shipment_id"),
        _table(ShipmentItem, "shipment_items", "shipment_id", "fnsku"),
        _table(Order, "orders", "order_id"),
        _table(OrderItem, "order_items", "order_item_id"),
        _table(Transfer, "transfers", "transfer_id"),
        _table(Removal, "removals", "removal_id"),
    )
)
