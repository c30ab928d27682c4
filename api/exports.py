"""Lists of items written as files of any length: read part by part, so that memory and transactions stay small."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from typing import Annotated

import msgspec
from pydantic import Field

from api.filters import Filters, to_filter
from api.listing import stage_topics_of
from api.schemas import item_json
from api.site import Site
from db import papers
from db.engine import reading
from db.models import Item
from db.papers import SHOWN, PaperFilter, Sort
from digest.citing.forms import FORMS, Form
from digest.model import Digest
from roadmap.model import Roadmap

BLOCK = 20_000  # ids asked for at once: a few MB
PART = 500  # items read in one transaction: a long one would keep SQLite from tidying its log
PIECES = 100  # items sent at once
JSON_LINES = "application/x-ndjson"


class ExportQuery(Filters):
    """The parameters of a whole list as a file: the filters, the order, and at most how many."""

    sort: Annotated[Sort, Field(description="Order, best or newest first")] = "newest"
    limit: Annotated[int | None, Field(ge=1, description="At most so many items; without it all of them")] = None


def json_lines(floor: float = SHOWN) -> Form:
    """Make the format with an item's JSON on each line, as the API gives it; topics below `floor` stay out."""
    encode = msgspec.json.Encoder().encode

    def line(item: Item, roadmap: Roadmap) -> str:
        return encode(item_json(item, roadmap, floor)).decode() + "\n"

    return Form("jsonl", "jsonl", JSON_LINES, line, line)


LISTS = (json_lines(), *FORMS.values())


def written(form: Form, site: Site, query: ExportQuery, heading: str) -> Iterator[str]:
    """Write the list that a query asks for; the first part is read at once, so that what is wrong is said at once.

    Raises UsageError for a key the roadmap does not have.
    """
    floor = SHOWN if query.min_fit is None else query.min_fit
    wanted = to_filter(query, site.roadmap, sort=query.sort, min_fit=floor)
    own = json_lines(floor) if form.name == "jsonl" else form
    read = _parts(site, wanted, query.limit)
    first = next(read)
    items = chain.from_iterable(chain((first,), read))
    return _gathered(own.pieces(items, site.roadmap, heading))


def _parts(site: Site, wanted: PaperFilter, most: int | None) -> Iterator[list[Item]]:
    """Read a list part by part, each in a transaction of its own; the first comes even if it is empty.

    Which items follow is asked for a block at once, since sorting takes as long for few as for many.
    What comes meanwhile neither repeats nor hides an item that stays where it is.
    """
    stages = stage_topics_of(site.roadmap)
    left, place = most, None
    while left is None or left > 0:
        asked = replace(wanted, limit=BLOCK if left is None else min(BLOCK, left), after=place)
        with reading(site.sessions) as session:
            ids = papers.listed_ids(session, asked, stages)
        for start in range(0, max(1, len(ids)), PART):
            with reading(site.sessions) as session:
                items = papers.by_ids(session, ids[start : start + PART])
            place = papers.cursor(asked, items[-1], stages) if items else place
            yield items
        if len(ids) < asked.limit:
            return
        left = left - len(ids) if left is not None else None


def _gathered(pieces: Iterator[str]) -> Iterator[str]:
    """Join small pieces: each text sent costs a turn of a thread."""
    while some := list(islice(pieces, PIECES)):
        yield "".join(some)


def printed_ids(digest: Digest) -> list[str]:
    """List the items that an issue prints, in its order, each once: entries, late arrivals, papers and posts of labs.

    Second looks were printed by an earlier issue.
    """
    found = [entry.id for stage in digest.stages for entry in stage.entries]
    found += [entry.id for entry in digest.late]
    found += [line.id for lab in digest.labs for line in lab.lines]
    return list(dict.fromkeys(found))
