"""A small store with something in every feed, and the addresses of the feeds."""

from datetime import UTC, datetime

from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, fill, make_issue

JULY = datetime(2026, 7, 8, 9, tzinfo=UTC)
FORMATS = ("atom", "rss", "json")
NAMES = (f"topics/{TOPIC}", "labs/qwen", "stages/5", "digests", "picks", "search")


def fill_all(sessions: Sessions, roadmap: Roadmap, count: int = 3) -> list[str]:
    """Store items of one topic and one lab, and print them in a final issue; gives their ids."""
    ids = fill(sessions, roadmap, count, labs={"qwen": 0.9}, code=["https://github.com/heron/clock"])
    assert make_issue(sessions, roadmap, "2026-06", JULY) == "final"
    return ids


def address(name: str, suffix: str = "atom") -> str:
    """Give the address of a feed; that of a search asks for a word every item holds."""
    return f"/feeds/{name}.{suffix}" + ("?q=clockwork" if name == "search" else "")
