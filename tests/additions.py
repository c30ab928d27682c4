"""Additions as somebody would write them, and what the program says of itself in the checkout where they are.

`python -m tests.additions` runs in a copy of the checkout, in a process of its own, and prints JSON.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

NOW = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)

SOURCE = '''"""Nightjar: a list of papers that somebody keeps, a day at a time, as an addition would read it."""

import json

from core.ids import parse_arxiv_id
from core.months import days
from core.record import PaperRecord
from ingest import loose
from ingest.source import NOTHING, EntryError, Page, Window
from ingest.sources import Added

ADDRESS = "https://nightjar.example/api/daily_papers"


class Nightjar:
    """Papers that the nightjar keeps: ids, titles and abstracts."""

    name = "nightjar"

    def __init__(self, address, guard):
        self._address, self._guard = address, guard

    def windows(self, start, end, today):
        """Give one window a day, newest first, none after today."""
        return [Window(self.name, "list", day, day) for day in reversed(list(days(start, min(end, today))))]

    def reread_days(self):
        """Never again."""
        return 0

    def fetch(self, window, now, earlier=NOTHING):
        """Read the list of a day; raises SourceError."""
        asked = {"date": window.start.isoformat(), "limit": "100"}
        answer = self._guard.get(self._address, asked, "application/json", check=check)
        read = [read_entry(entry, now) for entry in json.loads(answer.body)]
        records = {entry.id: entry for entry in read if isinstance(entry, PaperRecord)}
        errors = tuple(entry for entry in read if isinstance(entry, EntryError))
        yield Page(tuple(records.values()), errors, len(records) + len(errors))


def read_entry(entry, now):
    """Read one entry, or say why it cannot be read."""
    paper = loose.mapping(loose.mapping(entry).get("paper"))
    parsed, title = parse_arxiv_id(loose.text(paper.get("id")) or ""), loose.text(paper.get("title"))
    if parsed is None or title is None:
        return EntryError("no id or no title", json.dumps(entry).encode())
    abstract = loose.text(paper.get("summary"))
    return PaperRecord(
        source="nightjar", id=parsed[0], kind="paper", arxiv_id=parsed[0], title=title, abstract=abstract, as_of=now
    )


def check(answer):
    """Say what is wrong with an answer, if anything."""
    try:
        return None if isinstance(json.loads(answer.body), list) else "the answer is no list"
    except ValueError:
        return "the answer is no complete JSON"


ADDED = Added("nightjar", "The nightjar list", ADDRESS, lambda guard: Nightjar(ADDRESS, guard), check)
'''
BUILDER = """from ingest.sources.nightjar import Nightjar

BUILDERS[Nightjar] = lambda up, guard: Nightjar(f"{up.url}/api/daily_papers", guard)
"""
FORMAT = '''"""The digest as an outline: what must be known first, then one title a line."""

from digest.formats.text import Writer
from digest.news import stood
from digest.reasons import FILE
from digest.words import voice

MEDIA_TYPE = "text/x-outline"
SUFFIX = "outline"


def render(digest, lang):
    """Write what must be known first and the hour, then every printed title, which is withdrawn and where it stood."""
    v = voice(lang)
    writer = Writer(digest, v, FILE)
    writer.top()
    writer.front()
    for entry in digest.entries.values():
        mark = f" ({v.t('withdrawn')})" if entry.withdrawn else ""
        writer.sheet.text(v.line(f"{entry.title}{mark}"))
        if entry.stood:
            writer.sheet.text(stood(v, entry.stood))
    return str(writer.sheet)
'''
TOPIC = """name = { en = "Puzzle solving", ja = "パズルの解法" }
short = { en = "Puzzles", ja = "パズル" }
description = { en = "Programs that solve puzzles.", ja = "パズルを解くプログラムを扱います。" }
queries = [
    "Solving jigsaw puzzles with neural networks",
    "Sudoku as constraint satisfaction",
    "Crosswords solved by language models",
    "Search over the states of a sliding puzzle",
    "A benchmark of logic grid puzzles",
    "Learning the moves of a cube",
]
queries_ja = ["数独の解法", "ジグソーパズルを解くニューラルネットワーク"]
near_misses = [
    "A puzzling result in physics.",
    "The puzzle of missing heritability.",
    "Puzzle-like proteins.",
    "An open puzzle of economics.",
]
neighbours = ["world-models"]
prerequisites = []
categories = ["cs.AI"]

[phrases]
"jigsaw puzzle" = 1.0
"jigsaw" = 0.9
"sudoku" = 1.0
"crossword" = 1.0
"sliding puzzle" = 1.0
"logic puzzle" = 0.9
"logic grid" = 0.8
"nonogram" = 1.0
"rubik's cube" = 1.0
"puzzle solver" = 1.0
"puzzle solving" = 1.0
"tangram" = 0.8
"""
WORK = """
[[work]]
key = "book-of-puzzles"
url = "https://puzzles.example/book"
title = "A Book of Puzzles"
authors = ["A. Moorhen"]
year = 2020
stage = 8
topic = "puzzle-solving"
why = { en = "Lists puzzles by how they are solved.", ja = "解き方ごとにパズルを並べた本です。" }
minutes = 60
checked = "memory"
"""
LAB = """
[[lab]]
key = "quince"
name = { en = "Quince Research", ja = "クインス研究所" }
homepage = "https://quince.example"
github = ["quince-research"]
hf = ["quince-research"]
hf_names = ["Quince Research"]
affiliations = ["Quince Research"]
domains = ["quince.example"]
"""
SIGNAL = '''

def brief_signal(signals: Signals) -> float | None:
    """A certain paper is a little likelier to be read."""
    return 0.5 if signals.has_code else None


SIGNALS["brief"] = (brief_signal, 0.1)
'''


@cache
def site() -> Any:
    """Open the web service, signing up included, over an empty database."""
    from db.engine import make_engine, make_sessions
    from db.migrate import upgrade
    from roadmap.load import load_roadmap
    from tests.api import people

    folder = TemporaryDirectory()
    engine = make_engine(f"sqlite:///{folder.name}/shirube.db")
    upgrade(engine)
    client = people.site(make_sessions(engine), load_roadmap(), lambda: NOW, people.Post())
    client.__dict__["folder"] = folder  # as long as the client lives
    return client


def routes() -> dict[str, int]:
    """Ask the site for what an addition of a topic, a lab and a format should bring."""
    client = site()
    places = ("topics/puzzle-solving", "labs/quince")
    asked = [f"/{place}" for place in places]
    asked += [f"/feeds/{place}.{suffix}" for place in places for suffix in ("atom", "rss", "json")]
    asked += [f"/api/v1/papers?{place.replace('s/', '=')}" for place in places]
    found = {path: client.get(path).status_code for path in asked}
    found["opml"] = sum(place in client.get("/feeds.opml").text for place in places)
    form = client.get("/subscribe").text
    found["subscribe"] = sum(f'value="{key}"' in form for key in ("puzzle-solving", "quince"))
    found["outline"] = "/digests/{month}.outline" in client.get("/api/v1/openapi.json").json()["paths"]
    return found


def language() -> dict[str, Any]:
    """Ask whoever offers a choice of languages for a third one."""
    from locales.load import LANGUAGES
    from shirube.cli.options import Lang

    client = site()
    page = client.get("/about?lang=de").text
    document = client.get("/api/v1/openapi.json").json()
    export = document["paths"]["/digests/{month}.txt"]["get"]["parameters"]
    return {
        "languages": list(LANGUAGES),
        "command": [one.value for one in Lang],
        "page": '<html lang="de"' in page and "⟦" in page,
        "switch": "Deutsch" in client.get("/about").text,
        "header": '<html lang="de"' in client.get("/about", headers={"Accept-Language": "de-AT"}).text,
        "sign_up": 'name="lang" value="de"' in client.get("/subscribe").text,
        "feed": client.get("/feeds/digests.atom?lang=de").headers.get("content-language"),
        "export": "de" in json.dumps(export),
    }


def signal() -> dict[str, Any]:
    """Weigh a paper by the signal that was added."""
    from ranking.worth import Signals, worth

    found = worth(Signals(fit=0.8, has_code=True))
    return {"score": found.score, "shares": found.shares, "about": site().get("/about").text}


QUESTIONS: dict[str, Callable[[], dict[str, Any]]] = {"routes": routes, "language": language, "signal": signal}

if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: ask() for name, ask in QUESTIONS.items()}))
