"""python-amazon-sp-api, unmodified, tells the story of the multi-location guide."""

# mypy: allow-untyped-calls
from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from sp_api.api import Feeds, Inventories, ListingsItems, SupplySources
from sp_api.auth import AccessTokenClient

from tests.clients import multi_location as guide
from tests.clients.multi_location import CLOCK, Json, Teller
from tests.clients.story import US
from tests.clients.test_python_amazon_sp_api import options
from tests.running import RunningServer


class PythonLibrary:
    """The library's clients of four APIs, as one seller."""

    def __init__(self, server: RunningServer, seller: dict[str, Any]) -> None:
        self.seller_id: str = seller["seller_id"]
        told = options(server, seller, AccessTokenClient)
        self.sources, self.listings, self.feeds, self.inventories = self.clients = (
            SupplySources(**told),
            ListingsItems(**told, version="2021-08-01"),
            Feeds(**told),
            Inventories(**told),
        )

    def close(self) -> None:
        for client in self.clients:
            client.close()
            client._auth._transport.close()  # the library leaves this one open

    def create_source(self, body: Json) -> Json:
        return answer(self.sources.create_supply_source(**body))

    def update_source(self, source: str, body: Json) -> object:
        return self.sources.update_supply_source(source, **body)

    def turn_source(self, source: str, status: str) -> object:
        return self.sources.update_supply_source_status(source, status=status)

    def source(self, source: str) -> Json:
        return answer(self.sources.get_supply_source(source))

    def put_listing(self, sku: str, body: Json) -> Json:
        return answer(self.listings.put_listings_item(self.seller_id, sku, body=body, marketplaceIds=[US]))

    def patch_listing(self, sku: str, body: Json) -> Json:
        return answer(self.listings.patch_listings_item(self.seller_id, sku, body=body, marketplaceIds=[US]))

    def listing(self, sku: str, *included: str) -> Json:
        wanted = {"marketplaceIds": [US], "includedData": list(included)}
        return answer(self.listings.get_listings_item(self.seller_id, sku, **wanted))

    def add_inventory(self, sku: str, units: int) -> object:
        # This client cannot send the token as a header: it becomes a member of the body.
        line = {"sellerSku": sku, "marketplaceId": US, "quantity": units}
        return self.inventories.add_inventory(
            **{"x-amzn-idempotency-token": secrets.token_hex(8), "inventoryItems": [line]}
        )

    def summaries(self) -> list[Json]:
        found = answer(self.inventories.get_inventory_summary_marketplace(details=True, marketplaceIds=[US]))
        rows: list[Json] = found["inventorySummaries"]
        return rows

    def submit(self, kind: str, content: str, content_type: str) -> str:
        file = io.BytesIO(content.encode())
        _, feed = self.feeds.submit_feed(kind, file, content_type, marketplaceIds=[US])
        return str(answer(feed)["feedId"])

    def feed(self, feed: str) -> Json:
        return answer(self.feeds.get_feed(feed))

    def report(self, document: str) -> str:
        text: str = self.feeds.get_feed_result_document(document)
        return text


def answer(response: Any) -> Json:
    payload: Json = response.payload
    return payload


@pytest.fixture
def teller(server: RunningServer) -> Iterator[Teller]:
    seller = server.add_seller(f"guide-{secrets.token_hex(6)}", clock=CLOCK)
    library = PythonLibrary(server, seller)
    yield Teller(server, seller["seller_id"], library)
    library.close()


def test_the_guide_and_orders_after_it_told_by_the_library_from_pypi(teller: Teller) -> None:
    guide.tell(teller, *guide.OPENING, *guide.ASSIGNMENT, *guide.ORDERS)


def test_wrong_feeds_change_nothing_but_what_is_right_in_them(teller: Teller) -> None:
    guide.tell(teller, *guide.OPENING, *guide.WRONG_FEEDS)
