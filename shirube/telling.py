"""What a person is told while sources are read: lines made of values, printed by others."""

from collections.abc import Mapping

from ingest.service import WindowResult
from roadmap.model import Lab

NAMES = {"arxiv": "arXiv", "hf": "Daily Papers", "pwc": "Papers with Code", "labs": "The labs' feeds"}


def window_line(result: WindowResult, labs: Mapping[str, Lab]) -> str | None:
    """Say what reading a window came to; None where nothing came and nothing went wrong: such days need no line."""
    window, tally = result.window, result.tally
    count = tally.new + tally.changed + tally.unchanged
    if not result.asked or (result.closed and not count and not tally.errors):
        return None
    days = str(window.start) if window.start == window.end else f"{window.start} to {window.end}"
    things = "papers and posts" if window.source == "labs" else "papers"
    unread = f", {tally.errors:,} unreadable" if tally.errors else ""
    what = f"{count:,} {things}, {tally.new:,} new{unread}" if result.closed else f"not complete: {result.failure}"
    return f"{_name(window.source, window.channel, labs)} {days}: {what}"


def _name(source: str, channel: str, labs: Mapping[str, Lab]) -> str:
    """Name a source, and the lab whose feed a window is about."""
    name = NAMES.get(source, source)
    if source != "labs":
        return name
    return f"{name} ({labs[channel].name.en if channel in labs else channel})"
