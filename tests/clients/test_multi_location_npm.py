"""amazon-sp-api from npm, unmodified, tells the story of the multi-location guide, in a Node.js process."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import multi_location as guide
from tests.clients.multi_location import CLOCK, Json, Teller
from tests.clients.piped import Piped
from tests.clients.story import US
from tests.running import RunningServer

HERE = Path(__file__).with_name("node")
SCRIPT = HERE / "walkthrough.cjs"
HOST = "sellingpartnerapi-na.amazon.com"

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js 18 or newer: install it, then `make test`"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "amazon-sp-api").is_dir(),
        reason="needs the library from npm: `make test` installs it where npm is; or `npm ci` in tests/clients/node",
    ),
]


class Refused(Exception):
    """The library threw; its own code and words."""


class NodeLibrary(Piped):
    """The library in a process of its own, asked line by line."""

    def __init__(self, seller: dict[str, Any], command: list[str], **environment: str) -> None:
        self.seller_id: str = seller["seller_id"]
        spapi = seller["spapi"]
        credentials = {
            "SELLING_PARTNER_APP_CLIENT_ID": spapi["client_id"],
            "SELLING_PARTNER_APP_CLIENT_SECRET": spapi["client_secret"],
            "REFRESH_TOKEN": spapi["refresh_token"],
        }
        super().__init__([*command, "node", str(SCRIPT)], {**credentials, **environment})

    def ask(self, **asked: object) -> Any:
        said = self.said(asked)
        if "error" in said:
            raise Refused(said["error"])
        return said["answer"]

    def call(self, operation: str, **parts: object) -> Json:
        answer: Json = self.ask(call={"operation": operation, **parts})
        return answer

    def create_source(self, body: Json) -> Json:
        return self.call("supplySources.createSupplySource", body=body)

    def update_source(self, source: str, body: Json) -> object:
        return self.call("supplySources.updateSupplySource", path={"supplySourceId": source}, body=body)

    def turn_source(self, source: str, status: str) -> object:
        path = {"supplySourceId": source}
        return self.call("supplySources.updateSupplySourceStatus", path=path, body={"status": status})

    def source(self, source: str) -> Json:
        return self.call("supplySources.getSupplySource", path={"supplySourceId": source})

    def put_listing(self, sku: str, body: Json) -> Json:
        return self.call("listingsItems.putListingsItem", **self._of(sku), body=body)

    def patch_listing(self, sku: str, body: Json) -> Json:
        return self.call("listingsItems.patchListingsItem", **self._of(sku), body=body)

    def listing(self, sku: str, *included: str) -> Json:
        return self.call("listingsItems.getListingsItem", **self._of(sku, includedData=list(included)))

    def _of(self, sku: str, **query: object) -> Json:
        return {"path": {"sellerId": self.seller_id, "sku": sku}, "query": {"marketplaceIds": [US], **query}}

    def add_inventory(self, sku: str, units: int) -> object:
        line = {"sellerSku": sku, "marketplaceId": US, "quantity": units}
        headers = {"x-amzn-idempotency-token": secrets.token_hex(8)}
        return self.call("fbaInventory.addInventory", headers=headers, body={"inventoryItems": [line]})

    def summaries(self) -> list[Json]:
        query = {"details": True, "granularityType": "Marketplace", "granularityId": US, "marketplaceIds": [US]}
        rows: list[Json] = self.call("fbaInventory.getInventorySummaries", query=query)["inventorySummaries"]
        return rows

    def submit(self, kind: str, content: str, content_type: str) -> str:
        document = self.call("feeds.createFeedDocument", body={"contentType": content_type})
        done = self.ask(upload=document, feed={"content": content, "contentType": content_type})
        assert done == {"success": True}
        body = {"feedType": kind, "marketplaceIds": [US], "inputFeedDocumentId": document["feedDocumentId"]}
        return str(self.call("feeds.createFeed", body=body)["feedId"])

    def feed(self, feed: str) -> Json:
        return self.call("feeds.getFeed", path={"feedId": feed})

    def report(self, document: str) -> str:
        found = self.call("feeds.getFeedDocument", path={"feedDocumentId": document})
        text: str = self.ask(download=found)
        return text


def teller_on(server: RunningServer, *command: str, **environment: str) -> Iterator[Teller]:
    seller = server.add_seller(f"guide-{secrets.token_hex(6)}", clock=CLOCK)
    library = NodeLibrary(seller, list(command), **environment)
    yield Teller(server, seller["seller_id"], library)
    library.close()


@pytest.fixture
def teller(server: RunningServer) -> Iterator[Teller]:
    """The library with two of its settings: an agent that leads to the server, and a version of listings."""
    yield from teller_on(server, WALKTHROUGH_PORT=str(server.port))


@pytest.fixture
def detoured_teller() -> Iterator[Teller]:
    """The library as it comes, behind `entrepot exec`: it takes the port of no URL seriously, and dials 443. So the
    URLs of documents must name a host that is led to the server, one of Amazon's."""
    with tempfile.TemporaryDirectory(prefix="entrepot-") as directory:
        server = RunningServer(Path(directory) / "data", ("--limits", "off", "--public-url", f"https://{HOST}"))
        try:
            words = ("-m", "entrepot", "exec", "--data", str(server.start().data), "--")
            yield from teller_on(server, sys.executable, *words)
        finally:
            server.stop()


def test_the_guide_and_orders_after_it_told_by_the_library_from_npm(teller: Teller) -> None:
    guide.tell(teller, *guide.OPENING, *guide.ASSIGNMENT, *guide.ORDERS)


def test_wrong_feeds_change_nothing_but_what_is_right_in_them(teller: Teller) -> None:
    guide.tell(teller, *guide.OPENING, *guide.WRONG_FEEDS)


def test_the_guide_told_by_the_library_from_npm_without_any_setting_behind_exec(detoured_teller: Teller) -> None:
    guide.tell(detoured_teller, *guide.OPENING, *guide.ASSIGNMENT)
