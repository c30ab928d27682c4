"""arXiv's OAI-PMH interface: records by the day of their last change, page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from urllib.parse import parse_qsl, quote, urlencode

from tests.upstream.answer import XML, Answer, attribute, text
from tests.upstream.catalogue import Catalogue
from tests.upstream.model import Paper
from tests.upstream.oai_formats import FORMATS, set_of

BASE = "http://oaipmh.arxiv.org/oai"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"
         xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
         xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">
"""
IDENTIFY = f"""    <Identify>
        <repositoryName>arXiv</repositoryName>
        <baseURL>{BASE}</baseURL>
        <protocolVersion>2.0</protocolVersion>
        <adminEmail>help@example.org</adminEmail>
        <earliestDatestamp>2005-09-16</earliestDatestamp>
        <deletedRecord>persistent</deletedRecord>
        <granularity>YYYY-MM-DD</granularity>
    </Identify>
"""


class Refused(ValueError):
    """An OAI-PMH error: its code and a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.code = code


def answer(world: Catalogue, query: Mapping[str, str]) -> Answer:
    """The answer to a verb, or an error with status 200 as the protocol wants it."""
    attributes = "".join(f' {name}="{attribute(value)}"' for name, value in query.items())
    try:
        verb = VERBS.get(query.get("verb", ""))
        if verb is None:
            raise Refused("badVerb", "Illegal or missing OAI verb")
        body = verb(world, query)
    except Refused as error:
        attributes = "" if error.code in ("badVerb", "badArgument") else attributes
        body = f'    <error code="{error.code}">{text(str(error))}</error>\n'
    stamp = f"    <responseDate>{world.today}T05:54:30Z</responseDate>\n"
    return Answer(f"{HEAD}{stamp}    <request{attributes}>{BASE}</request>\n{body}</OAI-PMH>\n".encode(), XML)


def _identify(world: Catalogue, query: Mapping[str, str]) -> str:
    """Who we are."""
    return IDENTIFY


def _formats(world: Catalogue, query: Mapping[str, str]) -> str:
    """The metadata formats."""
    rows = "".join(f"<metadataFormat><metadataPrefix>{name}</metadataPrefix></metadataFormat>" for name in FORMATS)
    return f"    <ListMetadataFormats>{rows}</ListMetadataFormats>\n"


def _sets(world: Catalogue, query: Mapping[str, str]) -> str:
    """The sets that the papers are in."""
    names = sorted({set_of(category) for paper in world for category in paper.categories})
    rows = "".join(f"<set><setSpec>{name}</setSpec><setName>{name}</setName></set>" for name in names)
    return f"    <ListSets>{rows}</ListSets>\n"


def _one(world: Catalogue, query: Mapping[str, str]) -> str:
    """One record by its identifier."""
    paper = world.papers.get(query.get("identifier", "").removeprefix("oai:arXiv.org:"))
    if paper is None or paper.arxiv_id in world.held:
        raise Refused("idDoesNotExist", "Nothing is known under this identifier")
    return f"    <GetRecord>\n{_record(paper, _prefix(query))}    </GetRecord>\n"


def _records(world: Catalogue, query: Mapping[str, str]) -> str:
    """One page of records and, where more follow, the token that leads on."""
    wanted, skip = _resumed(query)
    prefix = _prefix(wanted)
    found = _selected(world, wanted)
    if not found:
        raise Refused("noRecordsMatch", "The combination of arguments gives an empty list")
    if skip >= len(found):
        raise Refused("badResumptionToken", "The value of the resumptionToken argument is invalid or expired.")
    page = found[skip : skip + world.oai_page]
    verb = wanted["verb"]
    draw = _record if verb == "ListRecords" else lambda paper, prefix: _header(paper)
    rows = "".join(draw(paper, prefix) for paper in page)
    return f"    <{verb}>\n{rows}{_token(world, wanted, skip, len(page), len(found))}    </{verb}>\n"


def _resumed(query: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """The arguments of the first request and how many records were sent since."""
    token = query.get("resumptionToken")
    if token is None:
        return dict(query), 0
    # A token is url-encoded already; whoever does not encode it again sends it decoded.
    pairs = dict(parse_qsl(token)) if "=" in token else dict(parse_qsl(_decoded(token)))
    if pairs.get("verb") != query.get("verb") or not pairs.get("skip", "").isdigit():
        raise Refused("badResumptionToken", "The value of the resumptionToken argument is invalid or expired.")
    return pairs, int(pairs.pop("skip"))


def _decoded(token: str) -> str:
    """One layer of url-encoding taken off."""
    return dict(parse_qsl(f"token={token}")).get("token", "")


def _token(world: Catalogue, wanted: Mapping[str, str], skip: int, sent: int, total: int) -> str:
    """The token for the next page; an empty one ends a list of several pages. The size is given or left out."""
    tomorrow = world.today + timedelta(days=1)
    size = f'completeListSize="{total}" cursor="{skip}"' if world.oai_sizes else f"expires='{tomorrow}T00:00:00Z'"
    if skip + sent >= total:
        return f"        <resumptionToken {size}/>\n" if skip else ""
    value = quote(urlencode({**wanted, "skip": str(skip + sent)}), safe="")
    return f"        <resumptionToken {size}>{value}</resumptionToken>\n"


def _prefix(query: Mapping[str, str]) -> str:
    """The metadata format asked for."""
    prefix = query.get("metadataPrefix")
    if prefix is None:
        raise Refused("badArgument", "metadataPrefix is missing")
    if prefix not in FORMATS:
        raise Refused("cannotDisseminateFormat", f"No such format: {prefix}")
    return prefix


def _selected(world: Catalogue, wanted: Mapping[str, str]) -> list[Paper]:
    """The records of a set that changed within the days given, deleted ones too."""
    first, last = _day(wanted.get("from", "1990-01-01")), _day(wanted.get("until", "2999-12-31"))
    records = [paper for key, paper in sorted(world.papers.items()) if key not in world.held]
    return sorted(
        (paper for paper in records if first <= paper.datestamp <= last and _in_set(paper, wanted.get("set"))),
        key=lambda paper: (paper.datestamp, paper.arxiv_id),
    )


def _day(value: str) -> date:
    """A day; a time of day is refused as the granularity is a day."""
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refused("badArgument", f"not a date: {value}") from error


def _in_set(paper: Paper, wanted: str | None) -> bool:
    """Whether one of the paper's sets is the wanted one or below it."""
    names = (set_of(category) for category in paper.categories)
    return wanted is None or any(name == wanted or name.startswith(f"{wanted}:") for name in names)


def _record(paper: Paper, prefix: str) -> str:
    """A record; a deleted one is its header alone."""
    if paper.deleted:
        return f"        <record>\n{_header(paper)}        </record>\n"
    metadata = f"            <metadata>\n{FORMATS[prefix](paper)}            </metadata>\n"
    return f"        <record>\n{_header(paper)}{metadata}        </record>\n"


def _header(paper: Paper) -> str:
    """Identifier, day of the last change, and sets."""
    state = ' status="deleted"' if paper.deleted else ""
    sets = "".join(
        f"            <setSpec>{name}</setSpec>\n" for name in sorted({set_of(name) for name in paper.categories})
    )
    return f"""                <header{state}>
        <identifier>oai:arXiv.org:{paper.arxiv_id}</identifier>
        <datestamp>{paper.datestamp}</datestamp>
{sets}    </header>
"""


VERBS: dict[str, Callable[[Catalogue, Mapping[str, str]], str]] = {
    "Identify": _identify,
    "ListMetadataFormats": _formats,
    "ListSets": _sets,
    "GetRecord": _one,
    "ListRecords": _records,
    "ListIdentifiers": _records,
}
