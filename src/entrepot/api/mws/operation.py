"""One operation of MWS as a row, and the call that its function is given.

Sources: MWS reference §4 (usage plans: burst, restore rate and, in some sections, a number of requests an hour).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from lxml import etree

from entrepot.api.http import Request, Response
from entrepot.api.mws.messages import enveloped
from entrepot.api.mws.parameters import Parameters
from entrepot.api.mws.sections import Section
from entrepot.api.operation import Quota
from entrepot.api.paging import Pager
from entrepot.domain.ledger import Origin
from entrepot.domain.marketplaces import Marketplace
from entrepot.services.access import Access
from entrepot.services.documents import Documents
from entrepot.services.health import Health
from entrepot.services.reports import Reports
from entrepot.services.submissions import Submissions
from entrepot.services.supply import Supplies
from entrepot.wire import xml


@dataclass(frozen=True)
class Services:
    """What the operations call."""

    access: Access
    health: Health
    pager: Pager
    supplies: Supplies
    documents: Documents
    submissions: Submissions
    reports: Reports
    strict: bool  # the server's fidelity, where the seller has none of his own


@dataclass(frozen=True)
class Call:
    """A request whose sender, seller and operation are known."""

    request: Request
    parameters: Parameters
    section: Section
    action: str
    seller_id: str
    marketplaces: tuple[str, ...]  # the seller's, by id
    marketplace: Marketplace  # the one that the endpoint is for
    access_key_id: str
    at: float  # real time, in seconds
    strict: bool
    services: Services
    chunks: AsyncIterator[bytes]  # the body, where the operation streams it; else nothing

    @property
    def origin(self) -> Origin:
        """Who asked, for the journal."""
        return Origin("mws", self.access_key_id)


@dataclass(frozen=True)
class MwsOperation:
    """`bucket`: operations of a section with the same one share their quota; none: the action's own. `outage`: what it
    answers where nobody can be identified, as the database is away; given the section, the request's id and the time.
    """

    section: Section
    action: str
    handle: Callable[[Call], Awaitable[Response]]
    quota: Quota
    bucket: str = ""
    hourly: int | None = None
    outage: Callable[[Section, str, float], Response] | None = None
    streams: bool = False  # POST only; all parameters are in the query, and the body is the function's

    @property
    def name(self) -> str:
        return f"{self.section.name}.{self.action}"


def result_of(call: Call) -> xml.Element:
    """The empty element `{Action}Result`, to be filled with `wire.xml.add`."""
    return etree.Element(f"{call.action}Result")


def envelope(call: Call, result: xml.Element | bytes) -> Response:
    """The answer with this result, the element `{Action}Result` or its bytes."""
    return enveloped(call.section, call.action, call.request.request_id, call.at, result)
