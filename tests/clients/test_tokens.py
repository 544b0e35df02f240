"""Restricted data tokens through python-amazon-sp-api, unmodified; and roles assumed by programs that sign."""

# mypy: allow-untyped-calls
from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sp_api.api import ReportsV2, Tokens
from sp_api.auth import AccessTokenClient
from sp_api.base import SellingApiForbiddenException

from entrepot.api.sts import HOSTS
from tests.clients.story import US
from tests.clients.test_exec import run
from tests.clients.test_python_amazon_sp_api import options
from tests.running import RunningServer

ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL"
PATIENCE = 30.0


@contextmanager
def client(kind: type[Any], server: RunningServer, seller: dict[str, Any], **more: Any) -> Iterator[Any]:
    made = kind(**options(server, seller, AccessTokenClient), **more)
    try:
        yield made
    finally:
        made.close()
        made._auth._transport.close()  # the library leaves this one open


@pytest.fixture(scope="module")
def seller(server: RunningServer) -> dict[str, Any]:
    """One with an order."""
    made = server.add_seller(f"tokens-{secrets.token_hex(6)}")
    server.world("create_item", seller=made["seller_id"], sku="KETTLE", title="A kettle")
    server.world("add_stock", seller=made["seller_id"], sku="KETTLE", quantity=25)
    server.world("place_order", seller=made["seller_id"], sku="KETTLE", quantity=2)
    return made


def document_of(reports: Any) -> str:
    """The id of the document of a report of orders."""
    number = reports.create_report(
        reportType=ORDERS, marketplaceIds=[US], dataStartTime="2020-01-01T00:00:00Z"
    ).payload["reportId"]
    deadline = time.monotonic() + PATIENCE
    while (found := reports.get_report(number).payload)["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    document: str = found["reportDocumentId"]
    return document


def test_a_report_of_orders_is_downloaded_with_a_restricted_token_that_opens_no_other(
    server: RunningServer, seller: dict[str, Any]
) -> None:
    with client(ReportsV2, server, seller) as reports, client(Tokens, server, seller) as tokens:
        document, other = document_of(reports), document_of(reports)
        path = f"/reports/2021-06-30/documents/{document}"
        made = tokens.create_restricted_data_token(
            restrictedResources=[{"method": "GET", "path": path, "dataElements": ["buyerInfo"]}]
        ).payload

    with client(ReportsV2, server, seller, restricted_data_token=made["restrictedDataToken"]) as restricted:
        found = restricted.get_report_document(document, download=True).payload["document"]
        with pytest.raises(SellingApiForbiddenException):
            restricted.get_report_document(other)
        with pytest.raises(SellingApiForbiddenException):
            restricted.get_reports(reportTypes=[ORDERS])

    assert "KETTLE" in found
    assert made["expiresIn"] == 3600


HTTPX = """
    import re, sys, httpx
    form = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": "arn:aws:iam::123456789012:role/SellingPartner",
        "RoleSessionName": "guid",
    }
    for host in sys.argv[1:]:
        print(host, re.findall("<AccessKeyId>(ASIA)", httpx.post(f"https://{host}/", data=form).text))
"""


def test_every_host_of_sts_is_reached_behind_exec(server: RunningServer, tmp_path: Path) -> None:
    hosts = sorted(HOSTS)

    done = run(server, tmp_path, HTTPX, *hosts)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{host} ['ASIA']" for host in hosts]


BOTO = """
    import os
    from urllib.parse import urlsplit
    from boto.regioninfo import RegionInfo
    from boto.sts import STSConnection

    server = urlsplit(os.environ["AWS_ENDPOINT_URL_STS"])
    connection = STSConnection(
        aws_access_key_id="AKIAEXAMPLEEXAMPLE12",
        aws_secret_access_key="secret",
        region=RegionInfo(name="us-east-1", endpoint=server.hostname),
        port=server.port,
        path=server.path,
        is_secure=False,
    )
    assumed = connection.assume_role("arn:aws:iam::123456789012:role/SellingPartner", "guid")
    print(assumed.credentials.access_key[:4], assumed.user.arn)
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="boto 2.49.0 cannot be imported by Python 3.12 and newer")
def test_boto_assumes_a_role(server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")

    done = run(server, tmp_path, BOTO)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ASIA arn:aws:sts::123456789012:assumed-role/SellingPartner/guid\n"


TOLD = """
    import os
    print(os.environ["AWS_ENDPOINT_URL_STS"], os.environ["AWS_DEFAULT_REGION"])
"""


@pytest.mark.parametrize(("set_by_user", "region"), [("", "us-east-1"), ("eu-west-1", "eu-west-1")])
def test_sdks_of_aws_are_told_where_sts_is(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_by_user: str, region: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", set_by_user)

    done = run(server, tmp_path, TOLD)

    assert done.stdout == f"{server.url}/sts {region}\n"
