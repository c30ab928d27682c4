"""What a person is told while sources are read: lines made of values, printed by others."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from ingest.due import estimate
from ingest.results import Progress, WindowResult
from ingest.source import SourceResult, Window
from ingest.sources import added
from roadmap.model import Lab
from shirube.terminal import WIDTH, plain

NAMES = {"arxiv": "arXiv", "hf": "Daily Papers", "pwc": "Papers with Code", "labs": "The labs' feeds"}
NAMES |= {name: one.title for name, one in added().items()}
LANES = NAMES | {"arxiv oai": "arXiv's changes", "arxiv rss": "arXiv's announcements"}

ARXIV_A_DAY = 700  # submissions a day in the default categories, weekends included; only for the first estimate


PAGES = {"arxiv": 2.0}  # pages of a window on average; one where nothing else is known


def lane(window: Window) -> str:
    """Name what a window is one of: its source; of arXiv's lists by another day than that of submission, the list."""
    kind = window.channel.partition(":")[0]
    return f"{window.source} {kind}" if f"{window.source} {kind}" in LANES else window.source


@dataclass(slots=True)
class Due:
    """What a pull will ask of one lane; `delay` is in seconds between two requests, 0 where no pace is set."""

    lane: str
    delay: float
    windows: int = 0
    counted: int = 0  # of them complete ones of which only the total is asked
    oldest: date | None = None
    newest: date | None = None

    def add(self, window: Window, *, counted: bool) -> None:
        """Count a window."""
        self.windows += 1
        self.counted += counted
        self.oldest = min(self.oldest or window.start, window.start)
        self.newest = max(self.newest or window.end, window.end)

    @property
    def pages(self) -> float:
        """Tell how many pages a window is thought to have."""
        read = self.windows - self.counted
        return (read * PAGES.get(self.lane, 1.0) + self.counted) / max(self.windows, 1)

    @property
    def requests(self) -> int:
        """Count the requests thought to be needed."""
        return ceil(self.windows * self.pages)


def plan(due: Sequence[Due]) -> list[str]:
    """Say before a pull what it will ask and about how long it takes; the sources are read in turn."""
    asked = [one for one in due if one.windows]
    if not asked:
        return ["Nothing is due: everything asked for is complete."]
    lines = [_planned(one) for one in asked]
    seconds = sum(estimate(one.windows, one.delay, 0, 0.0, one.pages) for one in asked)
    if seconds >= 60:
        lines.append(
            f"About {duration(seconds)} for the pauses that arXiv asks for, the other sources besides: an estimate, "
            "corrected as it goes. Ctrl-C keeps what came."
        )
    return lines


def _planned(due: Due) -> str:
    days = f"{due.newest}" if due.newest == due.oldest else f"{due.newest} back to {due.oldest}"
    windows = f"{due.windows:,} window{'' if due.windows == 1 else 's'} due, {days}"
    counted = f", {due.counted:,} of them only counted" if due.counted else ""
    pace = f", {due.delay:g} s apart" if due.delay else ""
    return f"{LANES.get(due.lane, due.lane)}: {windows}{counted}; about {due.requests:,} requests{pace}"


class Pace:
    """Tells from the windows read in this run how long the others will take; moments are in seconds."""

    def __init__(self, due: Sequence[Due], began: float) -> None:
        self._due = {one.lane: one for one in due}
        self._read = dict.fromkeys(self._due, 0)
        self._spent = dict.fromkeys(self._due, 0.0)
        self._last = began

    def note(self, name: str, now: float) -> None:
        """Note a window of a lane that was dealt with: the time since the last one was its own."""
        self._read[name] = self._read.get(name, 0) + 1
        self._spent[name] = self._spent.get(name, 0.0) + now - self._last
        self._last = now

    def seconds(self) -> float:
        """Give the seconds that are thought to be left."""
        return sum(
            estimate(one.windows, one.delay, self._read[name], self._spent[name], one.pages)
            for name, one in self._due.items()
        )

    def left(self) -> str:
        """Say how long it still takes; nothing where it is a matter of seconds."""
        seconds = self.seconds()
        return f", about {duration(seconds)} left" if seconds >= 20 else ""


def duration(seconds: float) -> str:
    """Write a time for people: 40 s, 12 min, 3 h 20 min."""
    if seconds < 60:
        return f"{ceil(seconds)} s"
    minutes = ceil(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def span(seconds: float) -> str:
    """Write a length of time: `4 s`, `12 min`, `3 h 5 min`, `2 days 3 h`."""
    minutes = round(abs(seconds) / 60)
    if abs(seconds) < 120:
        return f"{abs(seconds):.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"


def place(progress: Progress) -> str:
    """Say which window is being read and how far."""
    window = progress.window
    of = f" of {progress.expected:,}" if progress.expected is not None else ""
    return f" {LANES.get(lane(window), window.source)} {window.start}: {progress.received:,}{of}"


def stopped(results: Sequence[SourceResult], command: str) -> str:
    """Say what a pull that was stopped by hand leaves, and how to go on."""
    new, closed = sum(r.new for r in results), sum(r.windows_closed for r in results)
    open_ = sum(r.windows_open for r in results)
    return (
        f"Stopped; what was read is kept: {new:,} new, {closed:,} windows complete, {open_:,} still open. "
        f"Go on with: {command}"
    )


def came_to(results: Sequence[SourceResult]) -> list[str]:
    """Write what a pull came to: a row for each source, and below them each failure with its advice."""
    head = f"{'source':<9}{'new':>9}{'changed':>9}{'unchanged':>11}{'unread.':>9}{'complete':>10}{'open':>6}"
    lines = [head, *map(_row, results)]
    for result in results:
        if result.failure:
            said = f"{NAMES.get(result.source, result.source)}: {plain(result.failure)}. {plain(result.advice)}"
            lines += textwrap.wrap(said.strip(), WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    if any(result.windows_open for result in results):
        lines.append("What is open is asked again by the next pull of these days: shirube status.")
    return lines


def _row(result: SourceResult) -> str:
    counts = f"{result.new:>9,}{result.changed:>9,}{result.unchanged:>11,}{result.errors:>9,}"
    return f"{result.source:<9}{counts}{result.windows_closed:>10,}{result.windows_open:>6,}"


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
            self.began = now if not self.read else self.began  # what comes before arXiv costs its own time
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
    return f"{_name(window, labs)} {days}: {what}"


def _name(window: Window, labs: Mapping[str, Lab]) -> str:
    """Name a source, and the lab, the set or the category whose list a window is about."""
    name, channel = LANES.get(lane(window), window.source), window.channel
    if window.source == "labs":
        return f"{name} ({labs[channel].name.en if channel in labs else channel})"
    return name if lane(window) == window.source else f"{name} ({channel.partition(':')[2]})"
