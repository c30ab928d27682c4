"""The schedule as a table: what runs when (cron, UTC), what it does, what a missed run means.

Adding a job is one function and one line in `schedule`. A job takes the wiring and a `Stopping`; it calls `check` where
it may stop, gives what it did, and may be cut off at any step: the next run goes on. Who runs it when is told by
shirube/worker.py.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from core.errors import RefusedError
from core.months import first_day, growing_months, month_of, shift
from core.record import PaperRecord
from db import jobs as runs
from db import windows
from db.engine import reading
from digest import service as digests
from ingest.results import WindowResult, summed
from ingest.sources import added
from ranking import service as ranking
from shirube import backups, closing, mail, monthly, people, pulling
from shirube.names import NETWORK_SOURCES
from shirube.notify import notify
from shirube.steps import LOOK_BACK
from shirube.stopping import Stopping
from shirube.summaries import summarise
from shirube.wiring import Wiring

_log = logging.getLogger(__name__)
KEPT = timedelta(days=30)  # runs are remembered so long
UNREAD_TOLD = 20  # entries named in the log after a pull, at most
VOTES_BACK = timedelta(days=62)  # a month that closes has first days as old as this at most


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, by name, and what failed of it where the rest was done."""

    counts: dict[str, int] = field(default_factory=dict)
    failure: str | None = None


Run = Callable[[Wiring, Stopping], Outcome]


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the schedule; `told` on /status as well, where strangers read.

    It waits while one of those it comes `after` is due or under way.
    """

    name: str
    cron: str
    run: Run
    does: str
    missed: str
    told: bool = True
    after: tuple[str, ...] = ()


def schedule() -> tuple[Job, ...]:
    """Give the whole schedule; which month is due to be closed on a day is decided by the job that closes."""
    pulls = (
        _pulling("arxiv", "15 */4 * * *"),
        _pulling("hf", "5 */4 * * *"),
        _pulling("pwc", "25 */4 * * *"),
        _pulling("labs", "35 */4 * * *"),
        *(_pulling(name, "55 */4 * * *") for name in added()),
    )
    return (
        *pulls,
        Job("reread", "30 2 * * sun", reread, "reads again what stayed open or unreadable", "the next one reads it"),
        Job("votes", "50 4 * * *", votes, "asks Daily Papers for the votes of 62 days", "the next one asks"),
        Job("rank", "45 * * * *", rank, "embeds and rates what is new, rewrites drafts", "the next one does it all"),
        Job(
            "close",
            "20 */2 * * *",
            close,
            "closes every month that is due, in order",
            "made up for; months keep their order",
            after=tuple(pull.name for pull in pulls),
        ),
        Job("outbox", "*/5 * * * *", outbox, "mails an issue just closed, and what waits", "the next one takes all"),
        _keeping("backup", "40 1 * * *", backup, "writes a backup, deletes those of 30 days", "the next one writes it"),
        _keeping("prune", "10 3 * * *", prune, "deletes what was kept long enough", "the next one deletes it"),
    )


def _pulling(source: str, cron: str) -> Job:
    does = f"reads what is due of {source} over {LOOK_BACK.days} days"
    return Job(f"pull-{source}", cron, partial(pull, source), does, "the next one reads everything that is due")


_keeping = partial(Job, told=False)  # housekeeping: nothing that readers wait for


def pull(source: str, wiring: Wiring, stop: Stopping) -> Outcome:
    """Read one source over the last 74 days, and note the errata of final issues that follow from what came.

    The ledger decides what is due, and what is only counted.
    """
    begun = wiring.clock()
    today = begun.date()
    start = min(first_day(f"{today:%Y-%m}"), today - LOOK_BACK)
    outcome = _told(source, _until_stopped(pulling.read(wiring, (source,), start, today), stop))
    _log_unread(wiring, source, begun)
    if source == "pwc" and outcome.failure is None:
        outcome = _enriched(wiring, stop, outcome)
    noted = monthly.note_errata(wiring)
    for month, rows in noted.items():
        for row in rows:
            _log.info("erratum noted", extra={"month": month, "item": row["item_id"], "kind": row["kind"]})
    return Outcome({**outcome.counts, "errata": sum(map(len, noted.values()))}, outcome.failure)


def _enriched(wiring: Wiring, stop: Stopping, outcome: Outcome) -> Outcome:
    """Have the papers that the drafts of this month and the last one would print looked up as well, one by one."""

    def single(item_id: str, now: datetime) -> PaperRecord | None:
        stop.check()
        return wiring.pwc().single(item_id, now)

    month = month_of(wiring.clock())
    result = monthly.enrich(wiring, (shift(month, -1), month), single)
    return Outcome({**outcome.counts, "changed": outcome.counts["changed"] + result.changed}, result.failure)


def reread(wiring: Wiring, stop: Stopping) -> Outcome:
    """Read again what the pulls no longer go back to: old windows that stayed open, and entries nobody could read."""
    with reading(wiring.sessions) as session:
        wanted = windows.unsettled(session, NETWORK_SOURCES, wiring.clock().date() - LOOK_BACK)
    results = []
    for source, channel, start, end in wanted:
        lists = channel.partition(":")[0] in ("oai", "rss")
        read = pulling.read(wiring, (source,), start, end, retry_errors=True, channels=lists)
        results += list(_until_stopped(read, stop))
    outcomes = [_told(name, results) for name in NETWORK_SOURCES]
    counts = {name: sum(one.counts[name] for one in outcomes) for name in outcomes[0].counts}
    failures = [one.failure for one in outcomes if one.failure]
    return Outcome({"windows": len(wanted), **counts}, "; ".join(failures) or None)


def votes(wiring: Wiring, stop: Stopping) -> Outcome:
    """Ask Daily Papers anew for days that its pull reads no more, so that a month closes with the votes of that day."""
    today = wiring.clock().date()
    read = pulling.votes(wiring, today - VOTES_BACK, today)
    return _told("hf", _until_stopped(read, stop))


def rank(wiring: Wiring, stop: Stopping) -> Outcome:
    """Embed and score what is new, have summarised what will be shown where a model is set, and rewrite the drafts.

    Last month's is one of them until it may close: the papers of its last days come in the first ones of this month.
    """

    def step(_done: int, _total: int) -> None:
        stop.check()

    embedded = ranking.embed_new(wiring.sessions, wiring.embedder, wiring.clock, on_progress=step)
    changed = ranking.rank_new(wiring.sessions, wiring.ranker, wiring.clock, on_progress=step)
    tally = summarise(wiring)
    for month in growing_months(wiring.clock(), wiring.settings.closing_day):
        stop.check()
        with wiring.sessions.begin() as session:
            digests.build_issue(session, month, wiring.roadmap, wiring.clock, wiring.issue_options())
    return Outcome({"embedded": embedded, "changed": changed, "summarised": tally.written}, tally.failure)


def close(wiring: Wiring, stop: Stopping) -> Outcome:
    """Close every month that is due, in order; not by a clock that is ahead."""
    stop.check()
    closed = closing.close_due(wiring)
    for month in closed:
        _log.info("closed month=%s", month)
    return Outcome({"closed": len(closed)})


def outbox(wiring: Wiring, stop: Stopping) -> Outcome:
    """Begin the mailing of an issue that has just become final; go on with mails and calls of the webhook that wait."""
    begun, failure = _begun(wiring)
    stop.check()
    sent = mail.send_rest(wiring, lambda: stop.asked)
    stop.check()
    told = notify(wiring)
    counts = {f"mails {state}": count for state, count in sent.items()}
    return Outcome({"begun": begun} | counts | {f"calls {state}": count for state, count in told.items()}, failure)


def _begun(wiring: Wiring) -> tuple[int, str | None]:
    """Begin what is to be mailed; gives the mails, and why none is where the clock is ahead: the rest goes on."""
    try:
        return mail.begin(wiring), None
    except RefusedError as refused:
        return 0, str(refused)


def backup(wiring: Wiring, stop: Stopping) -> Outcome:
    """Write a backup of this moment, verified, and delete those older than 30 days; one that lost much is a failure."""
    stop.check()
    file = backups.backup(wiring, wiring.backups_dir)
    less = backups.poorer(wiring.backups_dir)
    return Outcome({"bytes": file.stat().st_size}, f"the backup {less}" if less else None)


def prune(wiring: Wiring, stop: Stopping) -> Outcome:
    """Delete mails kept as files, sign-ups nobody confirmed, people who left, and old runs of the schedule."""
    counts = {"mails": mail.prune(wiring), "people": people.prune(wiring)}
    stop.check()
    now = wiring.clock()
    with wiring.sessions.begin() as session:
        return Outcome({**counts, "runs": runs.forget(session, now - KEPT, now)})


def _until_stopped(results: Iterable[WindowResult], stop: Stopping) -> Iterator[WindowResult]:
    """Go on from window to window, until asked to stop; each window read so far is stored, and told to the log."""
    stop.check()
    for result in results:
        _log_window(result)
        yield result
        stop.check()


def _log_window(result: WindowResult) -> None:
    window, tally = result.window, result.tally
    told = {"source": window.source, "channel": window.channel, "first": window.start, "last": window.end}
    counts = {"new": tally.new, "changed": tally.changed, "unread": tally.errors}
    failure = {"failure": result.failure} if result.failure else {}
    level = logging.WARNING if result.failure else logging.INFO
    _log.log(level, "window %s", "closed" if result.closed else "open", extra={**told, **counts, **failure})


def _log_unread(wiring: Wiring, source: str, since: datetime) -> None:
    """Name the entries that could not be read just now; all are listed by `shirube status` and kept as they came."""
    with reading(wiring.sessions) as session:
        for entry, window in windows.errors(session, UNREAD_TOLD):
            if window.source == source and entry.seen_at >= since:
                told = {"source": source, "channel": window.channel, "item": entry.item_id, "reason": entry.reason}
                _log.warning("entry kept unread", extra=told)


def _told(source: str, results: Iterable[WindowResult]) -> Outcome:
    (result,) = summed([source], [one for one in results if one.window.source == source])
    counts = {
        "new": result.new,
        "changed": result.changed,
        "unreadable": result.errors,
        "complete": result.windows_closed,
        "open": result.windows_open,
    }
    return Outcome(counts, result.failure)
