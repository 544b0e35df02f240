"""The room of SP-API, by itself: what one application may ask for, all its sellers together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from entrepot.api.http import Request, Response
from entrepot.api.operation import Operation, Quota, Throttle
from entrepot.api.spapi.room import Call, Services, SpapiRoom
from entrepot.services.access_tokens import Resource
from entrepot.services.callers import Caller

PLENTY, TWO_AT_ONCE = Quota(rate=1, burst=100), Quota(rate=1, burst=2)


async def answered(call: Call) -> Response:
    return Response(200)


class Gate:
    """Lets everybody in; the token says who it is: application and seller."""

    async def identify(self, token: str, asked: Resource) -> Caller:
        client_id, _, seller_id = token.partition(" ")
        return Caller(seller_id, client_id, frozenset(), (), "NA", None, None)


def room(clock: list[float]) -> SpapiRoom:
    services = cast(Services, SimpleNamespace(access=Gate(), strict=False))
    operation = Operation("get", "GET", "/new", answered, PLENTY, aliases=("/old",), application_quota=TWO_AT_ONCE)
    return SpapiRoom(services, Throttle(lambda: clock[0]), (operation,))


async def test_the_sellers_of_an_application_share_its_plan_and_other_applications_do_not() -> None:
    clock = [0.0]
    spapi = room(clock)

    async def ask(application: str, seller: str, path: str = "/new") -> tuple[int, Any]:
        request = Request("GET", path, "", {"x-amz-access-token": f"{application} {seller}"})
        name, response = await spapi.answer(request)
        return response.status, name

    first = [await ask("erp", "A1"), await ask("erp", "A2", "/old"), await ask("erp", "A3"), await ask("other", "A3")]
    clock[0] = 1.0
    later = await ask("erp", "A3")

    assert first == [(200, "get"), (200, "get"), (429, "get"), (200, "get")]
    assert later == (200, "get")
