"""Additions as somebody would write them, and what the program says of itself in the checkout where they are.

`python -m tests.additions QUESTION` runs in a copy of the checkout, in a process of its own, and prints JSON.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

NOW = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)

SOURCE = '''"""Nightjar: a list of papers that somebody keeps, as an addition would read it."""

from datetime import UTC, datetime

from core.record import Author, PaperRecord
from ingest.source import NOTHING, Page, Window
from ingest.sources import Added


class Nightjar:
    """One window a month; it says titles of two invented papers."""

    name = "nightjar"

    def windows(self, start, end, today):
        """Give one window over the days asked for."""
        return [Window(self.name, "list", start, min(end, today))]

    def reread_days(self):
        """Never again."""
        return 0

    def fetch(self, window, now, earlier=NOTHING):
        """Give both papers."""
        titles = {"2610.90001": "A lantern for nightjars", "2610.90002": "Owls in a loop"}
        records = tuple(
            PaperRecord(
                source=self.name,
                id=item_id,
                kind="paper",
                arxiv_id=item_id,
                title=title,
                authors=(Author("Ada Moorhen"),),
                as_of=datetime(2026, 10, 5, tzinfo=UTC),
            )
            for item_id, title in titles.items()
        )
        yield Page(records, expected=2)


def make(guard):
    """Make it; a real one keeps the guarded client."""
    return Nightjar()


def check(answer):
    """Say what is wrong with an answer: nothing."""
    return None


ADDED = Added("nightjar", "The nightjar list", "https://nightjar.example/list", make, check)
'''
FORMAT = '''"""The digest as an outline: one title a line."""

MEDIA_TYPE = "text/x-outline"
SUFFIX = "outline"


def render(digest, lang):
    """Write every printed title on a line of its own."""
    return "".join(f"- {entry.title}\\n" for entry in digest.entries.values())
'''
TOPIC = """name = { en = "Puzzle solving", ja = "パズルの解法" }
short = { en = "Puzzles", ja = "パズル" }
description = { en = "Programs that solve puzzles.", ja = "パズルを解くプログラムを扱います。" }
queries = ["Solving jigsaw puzzles with neural networks", "Sudoku as constraint satisfaction"]
queries_ja = ["数独の解法"]
near_misses = ["A puzzling result in physics."]
neighbours = ["tool-use"]
prerequisites = []
categories = ["cs.AI"]

[phrases]
"jigsaw puzzle" = 1.0
"""
LAB = """
[[lab]]
key = "quince"
name = { en = "Quince Research", ja = "クインス研究所" }
homepage = "https://quince.example"
github = ["quince-research"]
affiliations = ["Quince Research"]
"""
SIGNAL = '''

def brief_signal(signals: Signals) -> float | None:
    """A certain paper is a little likelier to be read."""
    return 0.5 if signals.has_code else None


SIGNALS["brief"] = (brief_signal, 0.1)
'''


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
    sys.stdout.write(json.dumps(QUESTIONS[sys.argv[1]]()))
