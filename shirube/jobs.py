"""The schedule as a table, and the ticker that runs it in one process (APScheduler; everything in UTC)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from core.months import first_day
from digest import service as digests
from ingest.results import summed
from shirube import mail, monthly, people, pulling, terminal
from shirube.notify import notify
from shirube.steps import LOOK_BACK
from shirube.summaries import summarise
from shirube.wiring import NETWORK_SOURCES, Wiring

_log = logging.getLogger(__name__)
LATE_START = 6 * 3600  # seconds after its time at which a missed run is still made, once


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the schedule: when (cron, UTC), what, and what a missed run means."""

    name: str
    cron: str
    run: Callable[[Wiring], None]
    missed: str


def pull(wiring: Wiring) -> None:
    """Read all sources over the last 74 days, and note the errata of final issues that follow from what came.

    The ledger decides what is due, and what is only counted.
    """
    today = wiring.clock().date()
    start = min(first_day(f"{today:%Y-%m}"), today - LOOK_BACK)
    for result in summed(NETWORK_SOURCES, pulling.read(wiring, NETWORK_SOURCES, start, today)):
        _log.info(
            "pulled source=%s new=%d changed=%d errors=%d open=%d failure=%s",
            result.source, result.new, result.changed, result.errors, result.windows_open, result.failure,
        )  # fmt: skip
    noted = monthly.note_errata(wiring)
    _log.info("errata noted=%d months=%s", sum(map(len, noted.values())), ",".join(noted) or "none")


def rank(wiring: Wiring) -> None:
    """Embed and score what is new, and have summarised what will be shown, where a model is set."""
    embedded, changed = monthly.rank(wiring)
    _log.info("ranked embedded=%d changed=%d", embedded, changed)
    if wiring.endpoint is not None:
        tally = summarise(wiring)
        _log.info(
            "summarised written=%d refused=%d left=%d failure=%s",
            tally.written, len(tally.refused), tally.left, tally.failure,
        )  # fmt: skip


def close(wiring: Wiring) -> None:
    """Rewrite the running month's draft, close every month that is due, in order, and delete mails kept too long."""
    closed = digests.close_due(wiring.sessions, wiring.roadmap, wiring.clock, wiring.issue_options())
    with wiring.sessions.begin() as session:
        month = f"{wiring.clock():%Y-%m}"
        digests.build_issue(session, month, wiring.roadmap, wiring.clock, wiring.issue_options())
    deleted = mail.prune(wiring), people.prune(wiring)
    _log.info("closed months=%s mails_deleted=%d people_deleted=%d", ",".join(closed) or "none", *deleted)


def deliver(wiring: Wiring) -> None:
    """Go on with what waits for another try: mails that `shirube send` began, and calls of the webhook."""
    sent, told = mail.send_rest(wiring), notify(wiring)
    if sent or told:
        _log.info("delivered mails=%s calls=%s", _counts(sent), _counts(told))


def _counts(ended: dict[str, int]) -> str:
    return ",".join(f"{name}:{count}" for name, count in sorted(ended.items())) or "none"


JOBS = (
    Job("pull", "15 */4 * * *", pull, "the next one reads everything that is due"),
    Job("rank", "45 */4 * * *", rank, "the next one ranks everything that is new"),
    Job("close", "30 6 * * *", close, "made up for once; missed months are closed in order"),
    Job("deliver", "*/5 * * * *", deliver, "the next one takes all that is due"),
)


def run(wiring: Wiring) -> None:
    """Run the schedule until stopped; every job once at the start, so that a new machine is not idle for hours."""
    for job in JOBS:
        _guarded(job, wiring)
    scheduler = BlockingScheduler(timezone="UTC")
    for job in JOBS:
        scheduler.add_job(
            _guarded,
            CronTrigger.from_crontab(job.cron, timezone="UTC"),
            args=(job, wiring),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=LATE_START,
        )
    terminal.say("Working: " + "; ".join(f"{job.name} at {job.cron} UTC" for job in JOBS) + ". Ctrl-C stops.")
    scheduler.start()


def _guarded(job: Job, wiring: Wiring) -> None:
    """Run one job; whatever it raises is logged in full and the schedule goes on."""
    _log.info("job started name=%s", job.name)
    try:
        job.run(wiring)
    except Exception:
        _log.exception("job failed name=%s", job.name)
