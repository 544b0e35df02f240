"""The operations of Feeds, Reports and Sellers without a server and without a worker: what waits, waits."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from entrepot.api.http import Request, Response
from entrepot.api.mws.messages import problem_response
from entrepot.api.mws.operation import Call, Services
from entrepot.api.mws.operations import OPERATIONS
from entrepot.api.mws.parameters import Parameters
from entrepot.api.paging import Pager
from entrepot.domain.marketplaces import MARKETPLACES
from entrepot.services.documents import Documents
from entrepot.services.reports import Reports
from entrepot.services.secrets import Keyring
from entrepot.services.submissions import Submissions
from entrepot.storage import submissions
from entrepot.storage.submissions import Submission
from tests.cast import CA, US, Player
from tests.mws.program import code, tree
from tests.reports.making import documents_of


def plain(name: str) -> str:
    """`ReportIdList__Id__1` for what no keyword can be."""
    return name.replace("__", ".")


@dataclass(frozen=True)
class Door:
    """For one seller. `clock` is what the time is for tokens; `body` that of a request that has one."""

    player: Player
    documents: Documents
    clock: Callable[[], float] = time.time
    strict: bool = False
    host: str = "127.0.0.1"
    body: bytes = b""
    marketplaces: tuple[str, ...] = (US, CA)

    async def ask(self, action: str, **parameters: str) -> Response:
        operation = next(one for one in OPERATIONS if one.action == action)
        database = self.player.database
        services = SimpleNamespace(
            pager=Pager(Keyring(b"k" * 32), self.clock),
            documents=self.documents,
            submissions=Submissions(database),
            reports=Reports(database, self.documents),
        )
        call = Call(
            Request("POST", "/", "", {"host": self.host}, request_id="request-1"),
            Parameters({plain(name): value for name, value in parameters.items()}),
            operation.section,
            action,
            self.player.id,
            self.marketplaces,
            MARKETPLACES[self.marketplaces[0]],
            "AKIA",
            0.0,
            self.strict,
            cast(Services, services),
            _body(self.body),
        )
        try:
            return await operation.handle(call)
        except Exception as problem:
            return problem_response(problem, operation.section, "request-1", 0.0)

    async def result(self, action: str, **parameters: str) -> Any:
        """The element with a good answer's result, without namespaces."""
        response = await self.ask(action, **parameters)
        assert response.status == 200, response.body
        return tree(response.body)[0]

    async def refusal(self, action: str, **parameters: str) -> tuple[int, str]:
        response = await self.ask(action, **parameters)
        return response.status, code(response.body)

    async def members(self, action: str, **parameters: str) -> list[Mapping[str, str]]:
        """What is listed, as name → text."""
        result = await self.result(action, **parameters)
        return [{one.tag: one.text or "" for one in member} for member in result if len(member)]

    async def count(self, action: str, **parameters: str) -> int:
        return int((await self.result(action, **parameters)).findtext("Count"))

    async def end(self, number: str, status: str = "DONE", body: bytes = b"done", rows: int = 1) -> None:
        """As the worker ends what he processed."""
        player, database = self.player, self.player.database
        async with database.read() as connection:
            found = await submissions.find(connection, player.id, number)
        assert found is not None
        stored = await self.documents.store(player.id, "text/plain; charset=UTF-8", body)
        async with database.write() as connection:
            await connection.execute(
                "update submissions set status = 'IN_PROGRESS', started_at = $3, attempt = 1"
                " where seller_id = $1 and submission_id = $2",
                player.id,
                number,
                now := await self.player.now(),
            )
            result = await self.documents.keep_result(connection, player.id, number, "NA", stored)
            mine: Submission = replace(found, attempt=1)
            assert await submissions.finish(connection, mine, status, result, {"rows": rows}, now)


async def _body(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


async def content(response: Response) -> bytes:
    """The file that an answer is."""
    assert response.stream is not None
    return b"".join([chunk async for chunk in response.stream])


def new_door(player: Player, directory: Path) -> Door:
    return Door(player, documents_of(player, directory))
