"""The digest and its mails: an issue composed from all candidates of a month, and personal mails one by one."""

import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import cycle
from pathlib import Path

from sqlalchemy import select

from benchmarks.dump import invented_lines
from benchmarks.stored import insert_rows, shipped_ranker, vector_rows
from core.months import closing_time
from db.engine import Sessions, make_engine, make_sessions
from db.migrate import upgrade
from db.models import Embedding, Item
from digest.delivery.message import build_message, make_sender
from digest.formats.email import Reader
from digest.model import Digest
from digest.press import Press
from digest.service import IssueOptions, build_issue, read_digest
from ingest.service import import_snapshot
from ranking.service import rank_new
from roadmap.load import load_roadmap

MONTH = "2026-06"
CANDIDATES, MAILS, FIRST = 15_000, 5_000, 1_000
BASE = "https://digest.example.org"
SIGNED = "WzEyMzQ1NiwxNzgzMzMwODAwXQ.c2lnbmVkLWZvci1hLWJlbmNobWFyay1vbmx5LW5vdC1mb3ItYW55b25l"
MADE = datetime(2026, 7, 5, 9, tzinfo=UTC)


def rows(candidates: int = CANDIDATES, mails: int = MAILS, first: int = FIRST) -> Iterator[tuple[str, str]]:
    """Give (what, figures): the issue beside ranking the same candidates, then the mails of that issue."""
    with tempfile.TemporaryDirectory() as name:
        sessions, ranking = _ranked(Path(name), candidates)
        yield f"ranking {candidates:,} stored candidates of a month, vectors kept", ranking.says
        took, digest = _composed(sessions)
        yield (
            f"composing their issue: {digest.chosen} papers chosen",
            f"{took.says}, {took.processor / ranking.processor:.1%} of ranking them"
            + ("" if digest.chosen else "; NOTHING WAS CHOSEN: mails of an empty issue follow"),
        )
    yield from _printed(digest, mails, first)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of a piece of work: by the clock, and of the processor, which a busy machine does not lengthen."""

    clock: float
    processor: float

    @property
    def says(self) -> str:
        """Tell both."""
        return f"{self.clock:.2f} s ({self.processor:.2f} s of the processor)"


def _timed(work: Callable[[], object]) -> Took:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - clock, time.process_time() - processor)


def _ranked(folder: Path, count: int) -> tuple[Sessions, Took]:
    """Store so many papers of one month with their vectors, and rank them; gives what ranking took."""
    engine = make_engine(f"sqlite:///{folder / 'shirube.db'}")
    upgrade(engine)
    sessions, ranker = make_sessions(engine), shipped_ranker(folder)
    dump = folder / "dump.json"
    dump.write_bytes(b"".join(_of_month(line) for line in invented_lines(count)))
    import_snapshot(sessions, str(dump), lambda: MADE)
    with sessions.begin() as session:
        ids = sorted(session.scalars(select(Item.id)))
        insert_rows(session, Embedding, vector_rows(ids, ranker, count))
    return sessions, _timed(lambda: rank_new(sessions, ranker, lambda: MADE + timedelta(hours=2)))


def _of_month(line: bytes) -> bytes:
    """Move an invented paper into the month."""
    paper = json.loads(line)
    place = int(paper["id"].partition(".")[2])
    created = datetime(int(MONTH[:4]), int(MONTH[5:]), 1 + place % 28, 12, tzinfo=UTC)
    paper["id"], paper["update_date"] = f"{MONTH[2:4]}{MONTH[5:]}.{place:05}", f"{created:%Y-%m-%d}"
    paper["versions"] = [{"version": "v1", "created": format_datetime(created, usegmt=True)}]
    return json.dumps(paper).encode() + b"\n"


def _composed(sessions: Sessions) -> tuple[Took, Digest]:
    roadmap, moment = load_roadmap(), closing_time(MONTH, 5) - timedelta(days=20)

    def compose() -> None:
        with sessions.begin() as session:
            build_issue(session, MONTH, roadmap, lambda: moment, IssueOptions())

    took = _timed(compose)
    with sessions() as session:
        return took, read_digest(session, MONTH)


def readers(count: int) -> Iterator[tuple[str, Reader]]:
    """Invent readers: two languages, all stages, one or two of them, four reading times, links of their own."""
    stages = ((), *((n,) for n in range(1, 9)), *((n, n + 1) for n in range(1, 8)))
    wishes = ((lang, chosen, time) for time in (None, 30, 90, 240) for chosen in stages for lang in ("en", "en", "ja"))
    for number, (lang, chosen, minutes) in zip(range(count), cycle(list(wishes)), strict=False):
        signed = f"{SIGNED}{number:06}"
        yield (
            lang,
            Reader(
                stages=chosen,
                here=chosen[-1] if chosen else None,
                base_url=BASE,
                preferences_url=f"{BASE}/s/{signed}/preferences",
                unsubscribe_url=f"{BASE}/s/{signed}/unsubscribe",
                address=f"r•••@host{number}.example.org",
                confirmed=date(2026, 1, 1) + timedelta(days=number % 150),
                feedback_url=f"{BASE}/s/{signed}/feedback",
                minutes=minutes,
            ),
        )


def _printed(digest: Digest, count: int, first: int) -> Iterator[tuple[str, str]]:
    """Print mails to the byte as they would be sent, and compare the peak of memory early and late."""
    press, sender = Press(), make_sender("digest@example.org", BASE)
    final = replace(digest, status="final", published=MADE)
    largest, peaks, start = 0, [], time.process_time()
    for number, (lang, reader) in enumerate(readers(count), 1):
        parts = press(final, lang, reader)
        name = f"{number}@example.org"
        message = build_message(parts, sender, f"reader{number}@example.org", name, MADE, reader.unsubscribe_url)
        largest = max(largest, len(message.as_bytes()))
        if number in (first, count):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    took = time.process_time() - start
    yield f"{count:,} personal mails, to the byte as sent", f"{count / took:.0f} mails/s on one core"
    yield "the largest of them", f"{largest / 1000:.1f} kB as sent"
    yield f"peak memory after {first:,} and after {count:,}", f"{peaks[0]:.0f} MB, {peaks[-1]:.0f} MB"
