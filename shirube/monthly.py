"""One month from its sources to a written digest: the street walked once, telling the person where it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from core.errors import ConfigError, RefusedError
from core.months import default_month, first_day, last_day, month_of, shift
from core.record import PaperRecord
from db import issues, papers
from db.engine import reading
from db.models import Issue
from db.windows import OTHER_DAYS
from digest import service as digests
from digest.errata import Row
from ingest import service as ingest
from ingest.http import reachable
from ingest.service import WindowResult
from ingest.source import SourceResult
from ingest.sources import added
from ingest.sources.arxiv_api import PAGE_SIZE
from ingest.sources.recorded import MONTH as RECORDED_MONTH
from ranking import service as ranking
from shirube import closing, pulling, telling, terminal
from shirube.names import NETWORK_SOURCES
from shirube.notify import notify
from shirube.summaries import summarise
from shirube.telling import NAMES, Countdown
from shirube.wiring import Wiring

FIRST, THEN, LAST = ("hf",), ("labs", "pwc", *added()), ("arxiv",)  # some 500 papers first: a draft within minutes
REWRITE_SECONDS = 60.0  # between two drafts while the month grows
PROBE_SECONDS = 5.0

Write = Callable[[Issue], None]
Single = Callable[[str, datetime], PaperRecord | None]  # looks one paper up in Papers with Code


@dataclass(slots=True)
class Outcome:
    """What making a month came to; anything in `failed`, or an interruption, makes it partly done (exit code 3)."""

    month: str
    failed: list[str] = field(default_factory=list)
    interrupted: bool = False
    sample: bool = False
    early: bool = False  # nothing may close: the clock is ahead

    @property
    def partly(self) -> bool:
        """Tell whether something is missing that was asked for; a sample is whole in itself."""
        return self.interrupted or self.early or (bool(self.failed) and not self.sample)


def make_month(wiring: Wiring, month: str, write: Write, *, offline: bool = False) -> Outcome:
    """Pull what is missing, embed, rank, compose, and hand the issue to `write`, as often as it grows.

    Without any network, and with nothing stored but recorded items, the recorded month is made instead and said to
    be a sample. Ctrl-C makes the digest of what came.
    """
    if offline:
        return _from_store(wiring, month, write)
    down = _unreachable(wiring)
    if len(down) == sum(bool(urls) for urls in wiring.addresses().values()):
        return _sample(wiring, write, down) if _only_recorded(wiring) else _stale(wiring, month, write, down)
    outcome = Outcome(month)
    with _interruptible(outcome):
        _gather(wiring, month, write, down, outcome)
    note_errata(wiring)
    stopped = outcome.interrupted
    outcome.early = not stopped and _early(wiring)
    write(_ranked_issue(wiring, month, summarised=not stopped, growing=stopped or outcome.early))
    _notify(wiring)
    return outcome


def month_meant(wiring: Wiring) -> str:
    """Choose the month of who names none: the last one as long as it is due and not final, else as the calendar says.

    Whoever runs `digest` alone, once a day, has no other hand that would close it.
    """
    now = wiring.clock()
    last = shift(month_of(now), -1)
    with reading(wiring.sessions) as session:
        due = digests.due_months(session, now, wiring.settings.closing_day)
    return last if last in due else default_month(now)


def close_due(wiring: Wiring) -> None:
    """Close every other month that is due, in order, tell of each, and call the webhook."""
    closed = closing.close_due(wiring)
    for month in closed:
        terminal.say(f"The issue of {month} is final now; to write its file: shirube digest {month}")
    if closed:
        _notify(wiring)


def _early(wiring: Wiring) -> bool:
    """Tell whether something is due by a clock that is ahead, and say so: then nothing closes."""
    try:
        closing.refuse_early(wiring)
    except RefusedError as refused:
        terminal.say(str(refused))
        return True
    return False


def rank(
    wiring: Wiring, *, rebuild: bool = False, part: ranking.Part = ranking.ALL, cluster: bool = False
) -> tuple[int, int]:
    """Embed (on Ray with `cluster`) and score what is new, with progress; gives (embedded, ratings changed)."""
    embedded = _embed_on_cluster(wiring, part) if cluster else _embed(wiring, part)
    with terminal.bar("Ranking months") as bar:
        changed = ranking.rank_new(
            wiring.sessions, wiring.ranker, wiring.clock, rebuild=rebuild, part=part, on_progress=bar
        )
    return embedded, changed


def _notify(wiring: Wiring) -> None:
    """Call the webhook for issues that became final; what fails is told, tried again, and no failure of the month."""
    try:
        told = notify(wiring)
    except ConfigError as problem:
        terminal.say(f"The webhook was not called: {problem}.")
        return
    if told:
        terminal.say("Webhook: " + ", ".join(f"{count} {state}" for state, count in sorted(told.items())))


def enrich(wiring: Wiring, months: Sequence[str], single: Single) -> SourceResult:
    """Ask Papers with Code for the shortlisted papers that lack code, of months without a final issue.

    Whatever was just asked for rests, so that this may be done after every reading, whether it brought anything or not.
    """
    final = pulling.final_months(wiring)
    with reading(wiring.sessions) as session:
        rows = [row for month in months if month not in final for row in issues.shortlist(session, month)]
    wanted = [row.item_id for row in rows if row.section == "main"]
    return ingest.enrich(wiring.sessions, single, wanted, wiring.clock)


def note_errata(wiring: Wiring) -> dict[str, list[Row]]:
    """Note what final issues printed and arXiv has withdrawn since, a line each; gives the rows by month."""
    with wiring.sessions.begin() as session:
        noted = digests.note_errata(session, wiring.clock())
    for month, rows in noted.items():
        for row in rows:
            became = "was withdrawn" if row["kind"] == "withdrawn" else "is no longer withdrawn"
            terminal.say(f"Erratum in the final issue of {month}: {row['item_id']} {became}.")
    return noted


def _embed(wiring: Wiring, part: ranking.Part = ranking.ALL) -> int:
    with terminal.bar("Embedding") as bar:
        return ranking.embed_new(wiring.sessions, wiring.embedder, wiring.clock, part=part, on_progress=bar)


def _embed_on_cluster(wiring: Wiring, part: ranking.Part) -> int:
    from ranking import bulk

    with bulk.cluster(bulk.recipe_of(wiring.embedder)) as workers, terminal.bar("Embedding") as bar:
        encode = workers.encode
        return ranking.embed_new(
            wiring.sessions, wiring.embedder, wiring.clock, part=part, stream=encode, on_progress=bar
        )


def _from_store(wiring: Wiring, month: str, write: Write) -> Outcome:
    """Make the digest of what is stored, or of the month that ships with the program where nothing else is."""
    if month == RECORDED_MONTH and _only_recorded(wiring):
        _read_recorded(wiring)
    rank(wiring)
    with reading(wiring.sessions) as session:
        issue = digests.build_issue(session, month, wiring.roadmap, wiring.clock, wiring.issue_options(), offline=True)
    write(issue)
    return Outcome(month)


def _unreachable(wiring: Wiring) -> list[str]:
    """Find out within seconds which sources no connection can be made to, and say so, a line each."""
    addresses = wiring.addresses()
    answers = reachable([url for urls in addresses.values() for url in urls], wiring.guard, PROBE_SECONDS)
    down = [name for name, urls in addresses.items() if urls and not any(answers[url] for url in urls)]
    for name in down:
        terminal.say(f"{NAMES[name]} cannot be reached ({', '.join(addresses[name])}).")
    return down


def _only_recorded(wiring: Wiring) -> bool:
    with reading(wiring.sessions) as session:
        return papers.only_recorded(session) or papers.is_empty(session)


def _sample(wiring: Wiring, write: Write, down: list[str]) -> Outcome:
    """Make the digest of the recorded month that ships with the program."""
    terminal.say("No source can be reached and nothing is stored yet: making the SAMPLE that ships with the program,")
    terminal.say(f"{RECORDED_MONTH} from public listings, not the whole month. Run this again when you are online.")
    _read_recorded(wiring)
    write(_ranked_issue(wiring, RECORDED_MONTH))
    return Outcome(RECORDED_MONTH, failed=down, sample=True)


def _read_recorded(wiring: Wiring) -> None:
    days = first_day(RECORDED_MONTH), last_day(RECORDED_MONTH)
    for result in ingest.pull(wiring.sessions, wiring.sources(("recorded",)), *days, wiring.clock):
        if result.failure:
            terminal.say(f"The recorded month cannot be read: {result.failure}. {result.advice}")


def _stale(wiring: Wiring, month: str, write: Write, down: list[str]) -> Outcome:
    """Make the digest of what is stored when nothing can be reached; the ledger keeps every failure."""
    terminal.say("No source can be reached: this is the digest of what is stored.")
    for _ in pulling.read(wiring, NETWORK_SOURCES, *_span(wiring, month), channels=False):
        pass
    write(_ranked_issue(wiring, month))
    return Outcome(month, failed=down)


def _gather(wiring: Wiring, month: str, write: Write, down: list[str], outcome: Outcome) -> None:
    """Read what is due of the month and have its papers enriched; `outcome` hears which sources failed."""
    results = list(_pull(wiring, month, write))
    if not results:
        terminal.say(f"Everything due of {month} is complete: no list was asked for again.")
    of_days = [result for result in results if not result.window.channel.startswith(OTHER_DAYS)]
    outcome.failed = [_told(result) for result in ingest.summed(NETWORK_SOURCES, of_days) if result.failure]
    if "pwc" not in (*outcome.failed, *down):
        _enrich(wiring, month, outcome)


def _pull(wiring: Wiring, month: str, write: Write) -> Iterator[WindowResult]:
    """Read Daily Papers, write a first draft, then the rest, arXiv day by day, newest first, the page growing."""
    start, end = _span(wiring, month)
    for result in pulling.read(wiring, FIRST, start, end):
        _tell(wiring, result)
        yield result
    began = time.monotonic()
    embedded = _embed(wiring)
    rate = embedded / (time.monotonic() - began) if embedded else None
    write(_ranked_issue(wiring, month, growing=True))
    left = Countdown(_announce(wiring, start, end, rate), time.monotonic())
    written = time.monotonic()
    for result in pulling.read(wiring, THEN + LAST, start, end, channels=False):
        ranking.embed_new(wiring.sessions, wiring.embedder, wiring.clock)
        _tell(wiring, result, left.after(_paced(result), time.monotonic()))
        if time.monotonic() - written > REWRITE_SECONDS:
            write(_ranked_issue(wiring, month, growing=True))
            written = time.monotonic()
        yield result


def _span(wiring: Wiring, month: str) -> tuple[date, date]:
    return first_day(month), min(last_day(month), wiring.clock().date())


def _announce(wiring: Wiring, start: date, end: date, rate: float | None) -> int:
    """Say how long arXiv's days of submission will take, if any is due; gives their number."""
    final, closing_day = pulling.final_months(wiring), wiring.settings.closing_day
    due = [
        window
        for source in wiring.sources(LAST, channels=False)
        for window in ingest.due_windows(
            wiring.sessions, source, start, end, wiring.clock(), final_months=final, closing_day=closing_day
        )
        if not window.channel.startswith(OTHER_DAYS)
    ]
    if due:
        terminal.say(telling.announcement(due, PAGE_SIZE, wiring.settings.arxiv_delay_seconds, rate))
    return len(due)


def _paced(result: WindowResult) -> str:
    """Name the source whose pace a window tells of: days that were only counted, or are no days of submission, none."""
    quick = result.counted or result.window.channel.startswith(OTHER_DAYS)
    return "" if quick else result.window.source


def _tell(wiring: Wiring, result: WindowResult, more: str = "") -> None:
    if line := telling.window_line(result, wiring.roadmap.labs):
        terminal.say(f"  {line}{more}")


def _told(result: SourceResult) -> str:
    terminal.say(f"{NAMES.get(result.source, result.source)} failed: {result.failure}. {result.advice}")
    return result.source


def _ranked_issue(wiring: Wiring, month: str, *, summarised: bool = False, growing: bool = False) -> Issue:
    """Rank and compose; `summarised` asks the model that is set, which drafts that still grow are not worth.

    A draft that is `growing` does not close: what the person came to fetch would be late as soon as it is read.
    """
    rank(wiring)
    if summarised:
        summarise(wiring)
    with wiring.sessions.begin() as session:
        return digests.build_issue(
            session, month, wiring.roadmap, wiring.clock, wiring.issue_options(), growing=growing
        )


def _enrich(wiring: Wiring, month: str, outcome: Outcome) -> None:
    """Rank what was read, since only then it is known what is shortlisted, and have that looked up."""
    rank(wiring)
    result = enrich(wiring, [month], wiring.pwc().single)
    if result.failure:
        outcome.failed.append(_told(result))


@contextmanager
def _interruptible(outcome: Outcome) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        outcome.interrupted = True
        terminal.say("Stopped: making the digest of what came. (Ctrl-C again to leave at once.)")
