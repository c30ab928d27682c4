"""What the status page shows: the standing of the store in words, and a month as weeks of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from api.schedule import PULL, JobJson, WorkerJson
from api.standing import DayJson, GapJson, MonthStandingJson, SourceStateJson, StatusJson
from core.months import first_day, month_of, shift
from digest.notices import source_name
from digest.words import Line, Voice

GOOD = ("complete",)
FULL = ("complete", "growing")
OPEN_SHOWN = 12


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: its name, how it stands, when it was last read in full and is asked next, what it brings."""

    name: str
    state: Line
    bad: bool
    last: Line
    next: Line
    brings: Line


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job: its name, when it last ran and how that ended, how long it took, when it runs next."""

    name: Line
    last: Line
    ended: Line
    bad: bool
    took: str
    next: Line


@dataclass(frozen=True, slots=True)
class DayCell:
    """One day of the calendar; `kind` is its look, `said` its words, a line may end after each."""

    number: int
    kind: str
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusPage:
    """Everything the status page prints."""

    heading: Line
    deck: list[Line]
    facts: tuple[tuple[str, Line], ...]
    sources: tuple[SourceRow, ...]
    month: str
    weeks: tuple[tuple[DayCell | None, ...], ...]
    weekdays: tuple[str, ...]
    kinds: frozenset[str]  # looks that the calendar uses, for its key
    undated: int
    open: tuple[tuple[Line, Line], ...]
    more_open: int
    asked: bool  # any source, about this month
    before: str | None
    after: str | None
    recorded: int
    jobs: tuple[JobRow, ...]
    worker: Line  # what must be known of who runs them; "" where all is well


def status_page(found: StatusJson, v: Voice) -> StatusPage:
    """Prepare the page of a standing; the first of its months is the one shown."""
    month, at = found["months"][0], datetime.fromisoformat(found["at"])
    weeks = _weeks(month, v)
    gaps = month["open"]
    return StatusPage(
        heading=_heading(found["sources"], month, v),
        deck=_deck(found, v),
        facts=_facts(found, month, v),
        sources=tuple(_source(source, at, v) for source in found["sources"]),
        month=month["month"],
        weeks=weeks,
        weekdays=tuple(v.locale.days["stand-alone"]["abbreviated"][day] for day in range(7)),
        kinds=frozenset(cell.kind for week in weeks for cell in week if cell is not None),
        undated=month["papers"] - sum(day["stored"] for day in month["days"]),
        open=tuple(_gap(gap, at, v) for gap in gaps[:OPEN_SHOWN]),
        asked=month["asked"],
        more_open=max(0, len(gaps) - OPEN_SHOWN),
        before=shift(month["month"], -1) if (found["oldest_month"] or month_of(at)) < month["month"] else None,
        after=shift(month["month"], 1) if month["month"] < month_of(at) else None,
        recorded=month["recorded"],
        jobs=tuple(_job(job, v) for job in found["jobs"]) if found["worker"]["state"] != "never" else (),
        worker=_worker(found["worker"], v),
    )


def _heading(sources: Sequence[SourceStateJson], month: MonthStandingJson, v: Voice) -> Line:
    """Sum up the sources as they are now, and where all is well with them, what of the month shown is not."""
    good = sum(source["state"] in GOOD for source in sources)
    if all(source["state"] == "absent" for source in sources):
        return v.t("No source has been read yet")
    if not good:
        return v.t("No source is up to date")
    if good < len(sources):
        return v.t("%(good)s of %(all)s sources are up to date", good=good, all=len(sources))
    if not month["asked"]:
        return v.t("All sources are up to date, but none was asked about %(month)s", month=v.month(month["month"]))
    if month["open"]:
        return v.t("All sources are up to date, but %(month)s has gaps", month=v.month(month["month"]))
    return v.t("All sources are up to date")


def _deck(found: StatusJson, v: Voice) -> list[Line]:
    said = []
    if found["newest_paper"]:
        said.append(v.t("The newest paper stored was submitted on %(day)s.", day=v.date(_day(found["newest_paper"]))))
    bad = [source for source in found["sources"] if source["state"] not in (*GOOD, "absent")]
    if bad and any(source["state"] in GOOD for source in found["sources"]):
        names = v.join(source_name(v, source["source"]) for source in bad)
        said.append(v.t("Not up to date: %(names)s; everything else goes on without.", names=names))
    newest = found["newest_issue"]
    if newest and newest["status"] == "final":
        said.append(v.t("The newest issue is %(month)s.", month=v.month(newest["month"])))
    closes = datetime.fromisoformat(found["next_issue"]["closes"])
    month, day = v.month(found["next_issue"]["month"]), v.moment(closes)
    if closes > datetime.fromisoformat(found["at"]):
        said.append(v.t("%(month)s is closed on %(day)s at the earliest.", month=month, day=day))
    else:
        said.append(v.t("%(month)s has been due to close since %(day)s.", month=month, day=day))
    return said


def _facts(found: StatusJson, month: MonthStandingJson, v: Voice) -> tuple[tuple[str, Line], ...]:
    missing = sum(gap["missing"] or 0 for gap in month["open"])
    facts = [
        (v.number(found["stored"]), v.n("paper or post stored", "papers and posts stored", found["stored"])),
        (v.number(found["embedded"]), v.t("of them found by meaning")),
        (v.number(found["ranked"]), v.t("of them ranked")),
    ]
    if missing:
        facts.append((v.number(missing), v.t("announced in %(month)s, not stored", month=v.month(month["month"]))))
    if month["unreadable"]:
        facts.append((v.number(month["unreadable"]), v.t("records unreadable, kept as received")))
    return tuple(facts)


def _source(source: SourceStateJson, at: datetime, v: Voice) -> SourceRow:
    last = source["last_complete"]
    return SourceRow(
        name=source_name(v, source["source"]),
        state=_state(source["state"], v),
        bad=source["state"] not in (*GOOD, "absent"),
        last=v.line(v.moment(datetime.fromisoformat(last))) if last else v.t("never"),
        next=_next(source["next_try"], at, v),
        brings=_brings(source["source"], v),
    )


def _state(state: str, v: Voice) -> Line:
    return {
        "complete": v.t("up to date"),
        "growing": v.t("up to date"),
        "behind": v.t("behind"),
        "partial": v.t("in part"),
        "stale": v.t("stale"),
        "failed": v.t("failed"),
        "unreachable": v.t("no answer"),
        "open": v.t("to be read"),
        "absent": v.t("not asked"),
    }[state]


def _next(moment: str | None, at: datetime, v: Voice) -> Line:
    if moment is None:
        return v.t("not by itself")
    when = datetime.fromisoformat(moment)
    return v.line(v.moment(when)) if when > at else v.t("at the next reading")


def _brings(source: str, v: Voice) -> Line:
    return {
        "arxiv": v.t("New papers and versions, corrections, withdrawals"),
        "hf": v.t("Votes, organisations, code"),
        "pwc": v.t("Code, tasks, organisations"),
        "labs": v.t("Posts, and links to papers"),
    }.get(source, Line())


def _worker(worker: WorkerJson, v: Voice) -> Line:
    last = worker["last_seen"]
    if last is None:
        return v.t(
            "Nothing runs by itself here: whoever runs this service reads the sources and closes months by hand."
        )
    if worker["state"] == "silent":
        return v.t("Nothing has run by itself since %(moment)s.", moment=v.moment(datetime.fromisoformat(last)))
    return Line()


def _job(job: JobJson, v: Voice) -> JobRow:
    started, following, seconds = job["started_at"], job["next"], job["seconds"]
    return JobRow(
        name=job_name(v, job["job"]),
        last=v.line(v.moment(datetime.fromisoformat(started))) if started else v.t("not yet"),
        ended=_ended(job["state"], v) if job["state"] else Line(),
        bad=job["state"] in ("partly", "failed", "interrupted", "lost"),
        took=_took(seconds, v) if seconds is not None else "",
        next=v.line(v.moment(datetime.fromisoformat(following))) if following else v.t("not by itself"),
    )


def job_name(v: Voice, job: str) -> Line:
    """Name a job of the schedule by what it does for readers; one from a newer version by its own name."""
    names = {
        f"{PULL}labs": v.t("Read the news of the labs"),
        "reread": v.t("Read again what stayed open"),
        "votes": v.t("Read the votes of the last two months"),
        "rank": v.t("Rank what is new, write the draft anew"),
        "close": v.t("Close months that are due"),
        "outbox": v.t("Send mails"),
    }
    if job not in names and job.startswith(PULL):
        return v.t("Read %(source)s", source=source_name(v, job.removeprefix(PULL)))
    return names.get(job) or v.line(job)


def _ended(state: str, v: Voice) -> Line:
    return {
        "running": v.t("under way"),
        "done": v.t("done"),
        "partly": v.t("done in part"),
        "failed": v.t("failed"),
        "interrupted": v.t("interrupted"),
        "lost": v.t("broken off"),
    }[state]


def _took(seconds: float, v: Voice) -> str:
    """Write how long a run took: 40 s, 11 min, 1 h 2 min."""
    return v.duration(round(seconds / 60)) if seconds >= 60 else str(v.t("%(seconds)s s", seconds=max(1, int(seconds))))


def _weeks(month: MonthStandingJson, v: Voice) -> tuple[tuple[DayCell | None, ...], ...]:
    before = first_day(month["month"]).weekday()
    cells: list[DayCell | None] = [None] * before + [_cell(day, v) for day in month["days"]]
    cells += [None] * (-len(cells) % 7)
    return tuple(tuple(cells[start : start + 7]) for start in range(0, len(cells), 7))


def _cell(day: DayJson, v: Voice) -> DayCell:
    """Say a day: what is stored, of those announced where some lack; a stale day by its word, not by a number."""
    state, stored, announced = day["state"], day["stored"], day["announced"]
    number = date.fromisoformat(day["day"]).day
    if state == "stale":
        return DayCell(number, "stale", (str(v.t("stale")),))
    if state == "partial" and announced is not None:
        return DayCell(number, "part", (f"{v.number(day['received'] or 0)}/", v.number(announced)))
    if state in ("partial", "failed"):
        return DayCell(number, "part", (*([f"{v.number(stored)}, "] if stored else []), str(_state(state, v))))
    if state == "growing" or (state == "open" and stored):
        return DayCell(number, "open", (str(v.t("%(count)s open", count=stored)),))
    if state == "complete":
        return DayCell(number, "full", (v.number(stored),))
    return DayCell(number, "none", (v.number(stored),) if stored else ())


def _gap(gap: GapJson, at: datetime, v: Voice) -> tuple[Line, Line]:
    first, last = date.fromisoformat(gap["first"]), date.fromisoformat(gap["last"])
    days = v.line(v.day(first)) if first == last else v.t("%(first)s to %(last)s", first=v.day(first), last=v.day(last))
    head = v.t("%(source)s, %(days)s", source=source_name(v, gap["source"]), days=days)
    said = [_state(gap["state"], v)]
    if gap["missing"]:
        said.append(v.n("%(n)s paper missing", "%(n)s papers missing", gap["missing"]))
    if gap["next_try"]:
        said.append(v.t("asked again: %(when)s", when=_next(gap["next_try"], at, v)))
    return head, v.join(said, "clauses")


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()
