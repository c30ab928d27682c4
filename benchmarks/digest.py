"""The digest and its mails: an issue composed from all candidates of a month, and personal mails one by one."""

import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from itertools import cycle
from pathlib import Path
from random import Random

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
from digest.own import Bench, Moved, Own
from digest.press import Press
from digest.selection import ids_of
from digest.service import IssueOptions, build_issue, read_digest
from digest.service.own import load_bench
from ingest.service import import_snapshot
from ranking.service import rank_new
from roadmap.load import load_roadmap
from roadmap.model import Topic

Chosen = tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]]  # stages, topics, labs
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
        took, digest, bench = _composed(sessions)
        yield (
            f"composing their issue: {digest.chosen} papers chosen",
            f"{took.says}, {took.processor / ranking.processor:.1%} of ranking them"
            + ("" if digest.chosen else "; NOTHING WAS CHOSEN: mails of an empty issue follow"),
        )
    yield from _printed(digest, bench, mails, first)


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
    topics = cycle(load_roadmap().topics.values())
    dump.write_bytes(b"".join(map(_of_month, invented_lines(count), topics)))
    import_snapshot(sessions, str(dump), lambda: MADE)
    with sessions.begin() as session:
        ids = sorted(session.scalars(select(Item.id)))
        insert_rows(session, Embedding, vector_rows(ids, ranker, count, MADE))
    return sessions, _timed(lambda: rank_new(sessions, ranker, lambda: MADE + timedelta(hours=2)))


def _of_month(line: bytes, topic: Topic) -> bytes:
    """Move an invented paper into the month, and let it speak of a topic, so that there is something to choose."""
    paper = json.loads(line)
    paper["title"] = f"{topic.queries[0]} {paper['title']}"
    paper["abstract"] = " ".join((topic.description.en, *topic.queries, paper["abstract"]))
    place = int(paper["id"].partition(".")[2])
    created = datetime(int(MONTH[:4]), int(MONTH[5:]), 1 + place % 28, 12, tzinfo=UTC)
    paper["id"], paper["update_date"] = f"{MONTH[2:4]}{MONTH[5:]}.{place:05}", f"{created:%Y-%m-%d}"
    paper["versions"] = [{"version": "v1", "created": format_datetime(created, usegmt=True)}]
    return json.dumps(paper).encode() + b"\n"


def _composed(sessions: Sessions) -> tuple[Took, Digest, Bench]:
    roadmap, moment = load_roadmap(), closing_time(MONTH, 5) - timedelta(days=20)

    def compose() -> None:
        with sessions.begin() as session:
            build_issue(session, MONTH, roadmap, lambda: moment, IssueOptions())

    took = _timed(compose)
    with sessions() as session:
        digest = read_digest(session, MONTH)
        return took, digest, load_bench(session, digest, roadmap)


def readers(count: int, said: Sequence[Own] = (Own(),)) -> Iterator[tuple[str, Reader]]:
    """Invent readers: two languages, all stages, one or two of them, topics, labs, four reading times, own links.

    `said` is what they said before, taken in turn.
    """
    roadmap = load_roadmap()
    stages = ((), *((n,) for n in range(1, 9)), *((n, n + 1) for n in range(1, 8)))
    topics, labs = list(roadmap.topics), list(roadmap.labs)
    chosen: list[Chosen] = [(numbers, (), ()) for numbers in stages]
    chosen += [((), tuple(topics[n : n + 3]), ()) for n in range(0, 24, 6)] + [((), (), (lab,)) for lab in labs[:2]]
    kinds = ((lang, one, time) for time in (None, 30, 90, 240) for one in chosen for lang in ("en", "en", "ja"))
    for number, (lang, one, minutes), own in zip(range(count), cycle(list(kinds)), cycle(said), strict=False):
        yield lang, _reader(number, one, minutes, own)


def _reader(number: int, chosen: Chosen, minutes: int | None, own: Own) -> Reader:
    signed, (stages, topics, labs) = f"{SIGNED}{number:06}", chosen
    return Reader(
        stages=stages,
        here=stages[-1] if stages else None,
        base_url=BASE,
        preferences_url=f"{BASE}/s/{signed}/preferences",
        unsubscribe_url=f"{BASE}/s/{signed}/unsubscribe",
        address=f"r•••@host{number}.example.org",
        confirmed=date(2026, 1, 1) + timedelta(days=number % 150),
        feedback_url=f"{BASE}/s/{signed}/feedback",
        minutes=minutes,
        topics=topics,
        labs=labs,
        own=own,
    )


def sayings(digest: Digest, bench: Bench, count: int = 97) -> list[Own]:
    """Invent what readers said: each has hidden two entries, read three, and answers that move a tenth of the rest."""
    ids, random = sorted(ids_of(digest, bench)), Random(1)  # noqa: S311
    if len(ids) < 10:
        return [Own()]
    earned = (("2604.00001", "An Older Paper on Much the Same Matter", "more"),)
    found = []
    for _ in range(count):
        five = random.sample(ids, 5)
        moved = {id_: Moved(random.uniform(-1, 1), earned) for id_ in random.sample(ids, len(ids) // 10)}
        found.append(Own(frozenset(five[:2]), frozenset(five[2:]), moved))
    return found


def _mails(final: Digest, bench: Bench, people: Iterable[tuple[str, Reader]]) -> Iterator[int]:
    """Print mails to the byte as they would be sent; gives the size of each."""
    press, sender = Press(), make_sender("digest@example.org", BASE)
    for number, (lang, reader) in enumerate(people, 1):
        parts = press(final, lang, reader, bench)
        name = f"{number}@example.org"
        message = build_message(parts, sender, f"reader{number}@example.org", name, MADE, reader.unsubscribe_url)
        yield len(message.as_bytes())


def _printed(digest: Digest, bench: Bench, count: int, first: int) -> Iterator[tuple[str, str]]:
    """Print the mails of many readers, and compare the peak of memory early and late; then of readers with answers."""
    final = replace(digest, status="final", published=MADE)
    largest, peaks, start = 0, [], time.process_time()
    for number, size in enumerate(_mails(final, bench, readers(count)), 1):
        largest = max(largest, size)
        if number in (first, count):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    took = time.process_time() - start
    yield f"{count:,} personal mails, to the byte as sent", f"{count / took:.0f} mails/s on one core"
    yield "the largest of them", f"{largest / 1000:.1f} kB as sent"
    yield f"peak memory after {first:,} and after {count:,}", f"{peaks[0]:.0f} MB, {peaks[-1]:.0f} MB"
    start = time.process_time()
    largest = max(_mails(final, bench, readers(first, sayings(final, bench))))
    yield (
        f"{first:,} mails of readers who all said something",
        f"{first / (time.process_time() - start):.0f} mails/s on one core, the largest {largest / 1000:.1f} kB",
    )
