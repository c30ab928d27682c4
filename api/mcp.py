"""The read functions of the API for AI clients, as tools of the Model Context Protocol: small answers, read-only.

https://modelcontextprotocol.io/specification; the library speaks the protocol. Titles, abstracts and names are words
of strangers: the server says so in its instructions, and with every answer that holds any.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from types import MethodType
from typing import Annotated, Any, Literal, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool as ServedTool
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult, InputRequiredResult, Tool, ToolAnnotations
from pydantic import Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.routing import Route

from api import brief, issues
from api.brief import UNTRUSTED, Answer
from api.errors import Problem, as_problem, log
from api.filters import Filters
from api.items import find_item
from api.listing import PaperQuery, read_part
from api.routes.digests import newest_final
from api.routes.search import SearchQuery, read_places
from api.schemas import item_json
from api.similar import SimilarQuery, similar_items
from api.site import Site
from api.standing import status_json
from core.errors import ShirubeError, UsageError
from core.ids import refuse_several
from db.away import is_away
from db.engine import reading
from db.models import Item
from ranking.search import LONGEST

INSTRUCTIONS = (
    "Shirube keeps research papers on AI along a study road of stages and topics, and chooses some each month, with "
    "reasons. Everything here only reads what is stored. Begin with `road` for the keys of stages, topics and labs. "
    "Lists are short: give `next` as `cursor` to go on. " + UNTRUSTED
)
MOST, USUAL = 20, 8  # items in one answer
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Topic = Annotated[str | None, Field(description="Key of a topic, from `road`")]
Lab = Annotated[str | None, Field(description="Key of a lab, from `road`")]
Stage = Annotated[int | None, Field(description="Number of a stage, from `road`")]
Day = Annotated[str | None, Field(description="A day of submission, YYYY-MM-DD, included")]
Code = Annotated[bool | None, Field(description="True: only what has a repository")]
Kind = Annotated[Literal["paper", "post"] | None, Field(description="Papers or posts only")]
Fit = Annotated[float | None, Field(ge=0, le=1, description="Least fit of a topic; 0.5 unless given, 0 lists all")]
Limit = Annotated[int, Field(ge=1, le=MOST, description="Items in one answer")]
Cursor = Annotated[str | None, Field(description="`next` of the answer before; all else stays the same")]
Words = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST, description="Words in English or Japanese, an arXiv id, a DOI or a title"),
]
Name = Annotated[str, Field(description="An arXiv id in any form, or the id of a lab's post")]
Given = dict[str, Any]
Query = TypeVar("Query", bound=Filters)
_CLOSED = {"additionalProperties": False}


def make_server(site: Site) -> MCPServer:
    """Build the server with its seven tools over a site's store; expected errors reach the client in words."""
    return Server(
        "shirube",
        title="Shirube",
        instructions=INSTRUCTIONS,
        version=site.options.version,
        subscriptions=False,  # no tool changes while it runs: a stream of such news would hold a connection for ever
        tools=list(_tools(Tools(site))),
    )


def _tools(tools: "Tools") -> Iterator[ServedTool]:
    for method in (Tools.search, Tools.papers, Tools.paper, Tools.similar, Tools.digest, Tools.road, Tools.coverage):
        yield _signature(method).model_copy(update={"fn": MethodType(method, tools)})


@cache
def _signature(method: Callable[..., Answer]) -> ServedTool:
    """Read the parameters of a tool, once for a process: it is three quarters of what making an app takes."""
    return ServedTool.from_function(MethodType(method, Tools), annotations=READS)


def routes(server: MCPServer) -> list[Route]:
    """Give the route of the protocol over HTTP, without sessions; api.gate checks hosts before it is reached.

    Only POST is taken: the library answers GET with a stream that never ends, which the protocol lets a server refuse.
    """
    free = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    made = server.streamable_http_app(stateless_http=True, json_response=True, transport_security=free).routes
    return [Route(route.path, route.endpoint, methods=["POST"]) for route in made if isinstance(route, Route)]


class Server(MCPServer):
    """The library's server, but strict: that passes over arguments it does not know, so one spelt wrongly lists all.

    What a client asked wrongly is told in words of ours, without the addresses of pydantic's manual.
    """

    async def list_tools(self) -> list[Tool]:
        """Give the tools; their schemas say that nothing else is taken."""
        tools = await super().list_tools()
        return [one.model_copy(update={"input_schema": one.input_schema | _CLOSED}) for one in tools]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; raises ToolError for an argument that it does not take, or not so."""
        known = next(
            (tuple(one.input_schema["properties"]) for one in await self.list_tools() if one.name == name), None
        )
        strange = [given for given in arguments if known is not None and given not in known]
        if known is not None and strange:
            raise ToolError(_unknown(strange[0], known))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as problem:
            if isinstance(problem.__cause__, ValidationError):
                raise ToolError(_faults(problem.__cause__)) from problem
            if isinstance(problem.__cause__, ToolError):  # ours, before which the library sets words of its own
                raise problem.__cause__ from None
            raise


class Tools:
    """The tools; names, texts and parameters are what a client learns of them."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def search(
        self,
        query: Words,
        topic: Topic = None,
        lab: Lab = None,
        stage: Stage = None,
        since: Day = None,
        until: Day = None,
        kind: Kind = None,
        has_code: Code = None,
        min_fit: Fit = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Answer:
        """Find stored papers and posts by words and meaning, best first; `query` tells how the words were read."""
        filters: Given = {"topic": topic, "lab": lab, "stage": stage, "since": since, "until": until}
        filters |= {"kind": kind, "has_code": has_code, "min_fit": min_fit}
        asked = _asked(SearchQuery, q=query, limit=limit, cursor=cursor, **filters)
        with self._reading() as session:
            part = read_places(self._site, session, asked)
        return brief.found(part)

    def papers(
        self,
        topic: Topic = None,
        lab: Lab = None,
        stage: Stage = None,
        since: Day = None,
        until: Day = None,
        kind: Kind = None,
        has_code: Code = None,
        min_fit: Fit = None,
        sort: Annotated[Literal["fit", "worth", "newest"], Field(description="Order, best or newest first")] = "worth",
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Answer:
        """List papers and posts filed under a topic or stage, or from a lab."""
        filters: Given = {"topic": topic, "lab": lab, "stage": stage, "since": since, "until": until}
        filters |= {"kind": kind, "has_code": has_code, "min_fit": min_fit}
        asked = _asked(PaperQuery, sort=sort, limit=limit, cursor=cursor, **filters)
        with self._reading() as session:
            part = read_part(session, self._site.roadmap, asked)
        return brief.papers(part["items"], part["next"])

    def paper(self, name: Name) -> Answer:
        """Give one paper: abstract, topics with the phrase that earned each, labs with evidence, reasons, code."""
        with self._reading() as session:
            return brief.paper(item_json(_item(session, name), self._site.roadmap))

    def similar(
        self,
        name: Name,
        topic: Topic = None,
        lab: Lab = None,
        stage: Stage = None,
        since: Day = None,
        until: Day = None,
        kind: Kind = None,
        has_code: Code = None,
        min_fit: Fit = None,
        sort: Annotated[Literal["closest", "newest"], Field(description="Of the closest, which first")] = "closest",
        limit: Limit = USUAL,
    ) -> Answer:
        """List the stored papers closest to one in meaning; near-twins are folded, and there is no next part."""
        filters: Given = {"topic": topic, "lab": lab, "stage": stage, "since": since, "until": until}
        filters |= {"kind": kind, "has_code": has_code, "min_fit": min_fit}
        asked = _asked(SimilarQuery, sort=sort, limit=limit, **filters)
        with self._reading() as session:
            found = similar_items(self._site, session, _item(session, name).id, asked)
        return brief.papers(found, None)

    def digest(
        self,
        month: Annotated[str | None, Field(description="YYYY-MM; without it the newest final issue")] = None,
        stage: Annotated[int | None, Field(description="One stage with its papers; without it an overview")] = None,
    ) -> Answer:
        """Give a month's digest: an overview, or one stage with the papers chosen and why."""
        with self._reading() as session:
            chosen = month or newest_final(self._site, self._site.links.api("/digests")).month
            found = issues.find_digest(session, chosen)
        if stage is None:
            return brief.overview(found)
        section = next((one for one in found.stages if one.number == stage), None)
        if section is None:
            have = ", ".join(str(one.number) for one in found.stages)
            raise ToolError(f"The issue of {found.month} has no stage {stage}. Its stages are {have}")
        return brief.stage(found, section)

    def road(self) -> Answer:
        """List the stages with their topics, and the labs: the keys that the other tools take."""
        road = self._site.roadmap
        stages = [
            {
                "number": stage.number,
                "name": stage.name.en,
                "about": stage.description.en,
                "topics": {key: road.topics[key].name.en for key in stage.topics},
            }
            for stage in road.stages
        ]
        return {"stages": stages, "labs": {key: lab.name.en for key, lab in road.labs.items()}}

    def coverage(self) -> Answer:
        """Tell how complete the store is: papers stored and ranked, how each source stands, the newest issue."""
        with self._reading() as session:
            found: Answer = dict(status_json(self._site, session))
        found["months"] = [
            {key: month[key] for key in month if key not in ("days", "open")} for month in found["months"]
        ]
        return found

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """Open a session that only reads; expected errors become those of the protocol, with their advice.

        So does a database that is away, which is logged in one line.
        """
        try:
            with reading(self._site.sessions) as session:
                yield session
        except ShirubeError as problem:
            raise ToolError(str(problem)) from problem
        except Problem as problem:
            raise ToolError(_told(problem)) from problem
        except SQLAlchemyError as error:
            if not is_away(error):
                raise
            away = as_problem(error)
            log.warning("request_failed", extra={"route": "/mcp", "status": away.status, "reason": away.detail})
            raise ToolError(_told(away)) from error


def _item(session: Session, name: str) -> Item:
    """Find the item of a name; raises UsageError for none and for several."""
    refuse_several(name)
    if not name.strip():
        raise UsageError("No paper is named", "Give an arXiv id or the id of a lab's post")
    return find_item(session, name)


def _asked(shape: type[Query], /, **given: Any) -> Query:
    """Read the parameters as the API reads those of an address; raises ToolError that names what is wrong."""
    try:
        return shape.model_validate(given)
    except ValidationError as problem:
        raise ToolError(_faults(problem)) from problem


def _faults(problem: ValidationError) -> str:
    """Say what is wrong with each argument."""
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors())


def _told(problem: Problem) -> str:
    return f"{problem.detail}. {problem.advice}".rstrip(" .") + "."


def _unknown(given: str, known: Sequence[str]) -> str:
    close = get_close_matches(given, known, n=3)
    all_of_them = f"Known are {', '.join(known)}." if known else "None is known."
    advice = f"Did you mean {' or '.join(close)}?" if close else all_of_them
    return f"There is no argument {given[:50]!r} here. {advice}"
