"""How the store stands, for readers and programs outside: one value that the status page and the API both tell.

It is made from what the operator's `shirube status` says, without what is the operator's alone: commands, and the words
of errors, which may name machines of theirs.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from api.schedule import JobJson, WorkerJson, next_pull, schedule_json
from api.site import Site
from core.clock import iso
from core.months import closing_time, first_day, month_of, shift
from db import papers, scores
from digest.coverage import ARXIV
from digest.service import due_months, standing

BEHIND = timedelta(days=2)  # a source that was last read in full longer ago is behind, though nothing failed
RUNNING = 2  # months that a source's state is judged by: this one and the one before, whose papers still come
RECORDED = "recorded"
# From the best to the worst; what readers are told of a source.
STATES = ("complete", "behind", "partial", "failed", "unreachable", "absent")


class SourceStateJson(TypedDict):
    """A source: its state (complete, behind, partial, failed, unreachable, absent), and when it is asked next."""

    source: str
    state: str
    last_complete: str | None
    next_try: str | None


class DayJson(TypedDict):
    """A day of submission: what is stored of it, and what its main source announced and gave; null where unknown.

    `state` is complete, growing, open, stale, partial, failed, absent, ahead; a stale day was complete once and its
    last reading failed, so that it may lack papers.
    """

    day: str
    state: str
    stored: int
    announced: int | None
    received: int | None


class GapJson(TypedDict):
    """Days of a source that are not complete; `next_try` is null where nothing asks again by itself."""

    source: str
    first: str
    last: str
    state: str
    missing: int | None
    next_try: str | None


class MonthStandingJson(TypedDict):
    """A month: its issue (draft, sample, final or null), its papers, its days and what is open.

    `asked` tells whether any source was asked about it. Days of the last two that are only to be read yet are not open.
    """

    month: str
    issue: str | None
    asked: bool
    papers: int
    ranked: int
    recorded: int
    unreadable: int
    days: list[DayJson]
    open: list[GapJson]


class IssueStateJson(TypedDict):
    """The newest issue."""

    month: str
    status: str


class NextIssueJson(TypedDict):
    """The month that is closed next, and when at the earliest."""

    month: str
    closes: str


class StatusJson(TypedDict):
    """How the store stands; moments are RFC 3339 in UTC, what is unknown is null."""

    version: str
    at: str
    model: str | None
    stored: int  # papers and posts
    ranked: int
    embedded: int
    newest_paper: str | None
    oldest_month: str | None
    newest_issue: IssueStateJson | None
    next_issue: NextIssueJson
    sources: list[SourceStateJson]
    months: list[MonthStandingJson]
    worker: WorkerJson
    jobs: list[JobJson]


Values = dict[str, Any]


def status_json(site: Site, session: Session, months: Sequence[str] = ()) -> StatusJson:
    """Tell how the store stands, with the months named, or this one and the one before."""
    now, store = site.clock(), site.collecting
    running = [shift(month_of(now), -n) for n in range(RUNNING)]
    wanted = list(dict.fromkeys([*months, *running]))
    found = standing(session, store, now, wanted)
    worker, jobs = schedule_json(session, site.options.jobs, now)
    by_month = {month["month"]: month for month in found["months"]}
    if jobs and worker["state"] != "ticking":
        by_month = {name: _asleep(month) for name, month in by_month.items()}
    stored = papers.count_all(session)
    newest = papers.newest(session)
    return {
        "version": site.options.version,
        "at": iso(now),
        "model": store.model or None,
        "stored": stored,
        "ranked": scores.count_rated(session),
        "embedded": stored - found["waiting_for_a_vector"] if store.model else 0,
        "newest_paper": iso(newest) if newest else None,
        "oldest_month": papers.oldest_month(session),
        "newest_issue": _newest(found["issues"]),
        "next_issue": _next(session, site, [by_month[month] for month in running], now),
        "sources": _sources(found, [by_month[month] for month in running], store.sources, now, jobs),
        "months": [_month(by_month[month], now) for month in months or running],
        "worker": worker,
        "jobs": jobs,
    }


def _asleep(month: Values) -> Values:
    """Take the moments of next tries out of a month: while nobody runs the jobs they promise what nobody keeps."""
    gaps = [gap | {"next": gap["next"] | {"at": None}} for gap in month["gaps"]]
    return month | {"gaps": gaps, "next": []}


def _newest(issues: dict[str, str]) -> IssueStateJson | None:
    """Name the newest final issue, else the newest of any kind."""
    chosen = [month for month, status in issues.items() if status == "final"] or list(issues)
    return {"month": chosen[-1], "status": issues[chosen[-1]]} if chosen else None


def _next(session: Session, site: Site, running: Sequence[Values], now: datetime) -> NextIssueJson:
    """Name the month to be closed next: the oldest that is due, else the older of those running that has papers."""
    closing_day = site.options.closing_day
    waiting = [month["month"] for month in running if month["papers"] and month["issue"] != "final"]
    month = next(iter(due_months(session, now, closing_day)), None) or min([*waiting, month_of(now)])
    return {"month": month, "closes": iso(closing_time(month, closing_day))}


def _sources(
    found: Values, months: Sequence[Values], used: Sequence[str], now: datetime, jobs: Sequence[JobJson]
) -> list[SourceStateJson]:
    known = {source["source"] for month in months for source in month["sources"]} - {RECORDED}
    names = [*used, *sorted(known - {*used})]
    return [
        {
            "source": name,
            "state": _state(name, months, found["last_reads"].get(name), now),
            "last_complete": found["last_reads"].get(name),
            "next_try": _first(_moments(name, months, next_pull(jobs, name))),
        }
        for name in names
    ]


def _state(name: str, months: Sequence[Values], last: str | None, now: datetime) -> str:
    """Judge a source by its newest month that was asked about, by what is open, and by when it was last read.

    Who was not asked about this month is behind, unless it has only just begun.
    """
    told = [_told(name, month) for month in months]
    asked = [state for state in told if state != "absent"]
    if not asked:
        return "absent"
    if asked[0] in ("failed", "unreachable"):
        return asked[0]
    if told[0] == "absent" and not _is_fresh(first_day(months[0]["month"]), now):
        return "behind"
    if any(gap["source"] == name for month in months for gap in _known_gaps(month, now)):
        return "partial"
    return "behind" if last is None or datetime.fromisoformat(last) < now - BEHIND else "complete"


def _told(name: str, month: Values) -> str:
    return next((str(one["state"]) for one in month["sources"] if one["source"] == name), "absent")


UNREAD = ("absent", "open")


def _known_gaps(month: Values, now: datetime) -> list[Values]:
    """List what is open of a month, without days so new that they are only to be read yet."""
    return [gap for gap in month["gaps"] if gap["state"] not in UNREAD or not _is_fresh(gap["from"], now)]


def _is_fresh(day: date | str, now: datetime) -> bool:
    """Tell whether a day is under way, or was over less than two days ago."""
    over = datetime.combine(date.fromisoformat(str(day)) + timedelta(days=1), time(), tzinfo=UTC)
    return now < over + BEHIND


def _moments(name: str, months: Sequence[Values], pull: str | None) -> Iterable[str | None]:
    """Give the moments at which something of a source is asked; what was never asked is, at its next `pull`."""
    unasked = any(gap["source"] == name and gap["state"] == "absent" for month in months for gap in month["gaps"])
    yield pull if unasked or _told(name, months[0]) == "absent" else None
    for month in months:
        yield from (gap["next"]["at"] for gap in month["gaps"] if gap["source"] == name)
        yield from (step["at"] for step in month["next"] if step["source"] == name)


def _first(moments: Iterable[str | None]) -> str | None:
    return min((moment for moment in moments if moment), default=None)


def _month(month: Values, now: datetime) -> MonthStandingJson:
    others = [source for source in month["sources"] if source["source"] != RECORDED]
    return {
        "month": month["month"],
        "issue": month["issue"],
        "asked": bool(month["channels"]) or any(source["state"] != "absent" for source in others),
        "papers": month["papers"],
        "ranked": month["ranked"],
        "recorded": month["recorded"],
        "unreadable": sum(source["unreadable"] for source in month["sources"]),
        "days": [_day(day) for day in month["days"]],
        "open": _open(_known_gaps(month, now)),
    }


def _day(day: Values) -> DayJson:
    """Tell a day by arXiv, which alone announces by day of submission; a store that never asked it has no such cell."""
    cell = day["sources"].get(ARXIV, {"state": "absent", "expected": None, "received": None})
    return {
        "day": day["day"],
        "state": cell["state"],
        "stored": day["stored"],
        "announced": cell["expected"],
        "received": cell["received"],
    }


def _open(gaps: Sequence[Values]) -> list[GapJson]:
    """List what is open: days of a source that follow each other in one state are one line, its channels joined."""
    found: list[GapJson] = []
    for gap in sorted(gaps, key=lambda one: (one["source"], one["state"], one["from"], one["to"])):
        last = found[-1] if found else None
        if last is not None and _joins(last, gap):
            last["last"] = max(last["last"], gap["to"])
            last["missing"] = _sum(last["missing"], gap["missing"])
            last["next_try"] = _first((last["next_try"], gap["next"]["at"]))
            continue
        found.append(
            {
                "source": gap["source"],
                "first": gap["from"],
                "last": gap["to"],
                "state": gap["state"],
                "missing": gap["missing"],
                "next_try": gap["next"]["at"],
            }
        )
    return found


def _joins(last: GapJson, gap: Values) -> bool:
    after = datetime.fromisoformat(last["last"]) + timedelta(days=1)
    return (last["source"], last["state"]) == (gap["source"], gap["state"]) and gap["from"] <= f"{after:%Y-%m-%d}"


def _sum(one: int | None, two: int | None) -> int | None:
    return None if one is None or two is None else one + two
