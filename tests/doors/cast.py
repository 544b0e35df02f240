"""One cast for all stories: a seller with a program of every generation, and what the doors show these programs.

A report is asked for through every door that knows it. They must all hand out the same file, so a story reads it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.aim import program as aim
from tests.mws import program as mws
from tests.mws import test_feeds as mws_feeds
from tests.mws import test_reports as mws_reports
from tests.running import RunningServer
from tests.spapi import program as spapi
from tests.spapi import test_reports as spapi_reports
from tests.spapi.program import US

Rows = list[dict[str, str]]

# What AIM calls the reports that it has, too.
AIM_NAMES = {
    "GET_MERCHANT_LISTINGS_DATA_BACK_COMPAT": "OpenListings",
    "GET_MERCHANT_LISTINGS_DATA_LITE": "OpenListingsLite",
    "GET_MERCHANT_LISTINGS_DATA_LITER": "OpenListingsLiter",
}
OPEN_LISTINGS = tuple(AIM_NAMES)


@dataclass(frozen=True)
class Cast:
    """One seller and his three programs: that of 2006, that of 2010, and that of today."""

    server: RunningServer
    old: aim.Program
    middle: mws.Program
    new: spapi.Program

    def world(self, verb: str, **arguments: Any) -> Any:
        return self.new.world(verb, **arguments)

    def upload(self, mode: str, *rows: str) -> str:
        """What AIM says of a file with a header and rows when it is done."""
        number = self.old.batch(mode, "\r\n".join([*rows, ""]).encode())
        line = f"batchid={number} status=Done"
        answer = aim.wait(lambda: _containing(self.old.call("catalog-upload/get-batches").text, line))
        return str(answer).partition(line)[2].partition("</Batch>")[0]

    def submit(self, kind: str, content: bytes) -> str:
        """What MWS says of a feed when it is done."""
        number = mws_feeds.submitted(self.middle, content, kind)
        assert mws_feeds.ended(self.middle, number)["FeedProcessingStatus"] == "_DONE_"
        return mws_feeds.result(self.middle, number).text

    def reports(self, *names: str, marketplace: str = US) -> dict[str, Rows]:
        """New reports, by their names in SP-API, as rows; the same file, to the byte, from every door."""
        first = {
            name: mws_reports.requested(self.middle, f"_{name}_", MarketplaceIdList__Id__1=marketplace)
            for name in names
        }
        second = {name: spapi_reports.asked(self.new, name, marketplaceIds=[marketplace]) for name in names}
        found: dict[str, Rows] = {}
        for name in names:
            files = [self._of_mws(first[name]), self._of_spapi(second[name])]
            if name in AIM_NAMES and marketplace == US:
                files.append(self._of_aim(AIM_NAMES[name]))
            assert files[1:] == files[:-1], f"the doors do not agree on {name}: {files}"
            found[name] = _rows(files[0])
        return found

    def _of_mws(self, number: str) -> bytes | None:
        found = mws_reports.ended(self.middle, number)
        if found["ReportProcessingStatus"] == "_DONE_NO_DATA_":
            return None
        return mws_reports.report(self.middle, found["GeneratedReportId"]).content

    def _of_spapi(self, number: str) -> bytes | None:
        found = spapi_reports.ended(self.new, number)
        if found["processingStatus"] == "CANCELLED":
            return None
        document = spapi_reports.document_of(self.new, found["reportDocumentId"])
        return spapi_reports.NOBODY.get(document["url"]).content

    def _of_aim(self, name: str) -> bytes | None:
        """Where the others say that there is no data, AIM has a file with a header."""
        asked = {"ReportName": name}
        before = self.old.call("manual-reports/get-report-status", asked).text
        assert self.old.call("manual-reports/generate-report-now", asked).content == aim.SUCCESS
        aim.wait(lambda: self.old.call("manual-reports/get-report-status", asked).text != before)
        content = self.old.call("download/report", asked).content
        return content if len(content.splitlines()) > 1 else None


@contextmanager
def new_cast(server: RunningServer, **seller: Any) -> Iterator[Cast]:
    old = aim.new_program(server, **seller)
    keys = old.credentials["mws"]
    key = mws.Key(keys["access_key_id"], keys["secret_key"])
    middle = mws.Program(server, old.seller_id, key, old.http, old.credentials)
    new = spapi.Program(server, old.credentials)
    yield Cast(server, old, middle, new)
    old.http.close()
    new.http.close()


def _containing(text: str, part: str) -> str | None:
    return text if part in text else None


def _rows(content: bytes | None) -> Rows:
    if content is None:
        return []
    header, *lines = content.decode("cp1252").splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
