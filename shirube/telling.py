"""What a person is told while sources are read: lines made of values, printed by others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from ingest.service import WindowResult
from ingest.source import Window
from roadmap.model import Lab

NAMES = {"arxiv": "arXiv", "hf": "Daily Papers", "pwc": "Papers with Code", "labs": "The labs' feeds"}

ARXIV_A_DAY = 700  # submissions a day in the default categories, weekends included; only for the first estimate


def announcement(due: Sequence[Window], page_size: int, delay: float, rate: float | None) -> str:
    """Say what arXiv will take before it begins, from the days due; `delay` is in seconds between two requests.

    `rate` is the number of papers a second that this run embedded so far; None where it embedded none.
    """
    papers = len(due) * ARXIV_A_DAY
    seconds = papers / page_size * delay + (papers / rate if rate else 0.0)
    embedding = f"at {rate:,.0f} embedded a second as just now" if rate else "time to embed them not measured yet"
    newest, oldest = max(window.end for window in due), min(window.start for window in due)
    days = f"{len(due)} day{'' if len(due) == 1 else 's'} due, from {newest} back to {oldest}"
    return (
        f"arXiv: {days}: about {papers:,} papers in {ceil(seconds / 60)} min (an estimate; {embedding}). "
        "The page grows as they come; Ctrl-C keeps them."
    )


@dataclass(slots=True)
class Countdown:
    """Tells from the windows of arXiv read in this run how long the others will take; `began` and `now` in seconds."""

    due: int
    began: float
    read: int = 0

    def after(self, source: str, now: float) -> str:
        """Note a window that was read and embedded; gives the words to add to its line, none before the second."""
        if source != "arxiv":
            self.began = now  # the other sources come first and cost their own time
            return ""
        self.read += 1
        left = self.due - self.read
        if self.read < 2 or left < 1:
            return ""
        return f", about {max(1, ceil((now - self.began) / self.read * left / 60))} min left"


def window_line(result: WindowResult, labs: Mapping[str, Lab]) -> str | None:
    """Say what reading a window came to; None where nothing came and nothing went wrong: such days need no line."""
    window, tally = result.window, result.tally
    count = tally.new + tally.changed + tally.unchanged
    if not result.asked or (result.closed and not count and not tally.errors):
        return None
    days = str(window.start) if window.start == window.end else f"{window.start} to {window.end}"
    one, many = ("paper or post", "papers and posts") if window.source == "labs" else ("paper", "papers")
    unread = f", {tally.errors:,} unreadable" if tally.errors else ""
    what = (
        f"{count:,} {one if count == 1 else many}, {tally.new:,} new{unread}"
        if result.closed
        else f"not complete: {result.failure}"
    )
    return f"{_name(window.source, window.channel, labs)} {days}: {what}"


def _name(source: str, channel: str, labs: Mapping[str, Lab]) -> str:
    """Name a source, and the lab whose feed a window is about."""
    name = NAMES.get(source, source)
    if source != "labs":
        return name
    return f"{name} ({labs[channel].name.en if channel in labs else channel})"
