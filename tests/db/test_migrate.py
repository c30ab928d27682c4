"""Migrations: one transaction, one at a time, tables equal to the models, children kept."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, inspect, select, text
from sqlalchemy.exc import OperationalError

from db import scores, storing
from db.engine import Sessions, make_engine
from db.migrate import MigrationError, at_head, check, downgrade, locked, upgrade
from db.models import Base, Embedding, Item, Rating, Window
from db.windows import count_submitted
from tests.db.shelf import THEN, stored


def engine_of(sessions: Sessions) -> Engine:
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    return engine


def test_the_tables_equal_the_models(sessions: Sessions) -> None:
    engine = engine_of(sessions)
    assert at_head(engine)
    check(engine)  # raises where they differ


def test_down_and_up_again_gives_the_same_tables(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/a.db")
    upgrade(engine)
    before = schema(engine)
    downgrade(engine, "base")
    assert not at_head(engine)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    upgrade(engine)
    assert schema(engine) == before
    assert set(Base.metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_two_migrators_at_once_both_arrive(sessions: Sessions) -> None:
    engine = engine_of(sessions)
    downgrade(engine, "base")
    failures: list[Exception] = []

    def migrate() -> None:
        try:
            upgrade(engine)
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert at_head(engine)
    check(engine)


def test_a_reader_that_holds_a_table_makes_it_fail_fast(postgres_engine: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr("db.migrate.LOCK_TIMEOUT", "100ms")
    with postgres_engine.begin() as reader:
        reader.execute(text("LOCK TABLE item IN ACCESS SHARE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            downgrade(postgres_engine, "base")
    assert at_head(postgres_engine)


def test_a_broken_migration_keeps_nothing_and_foreign_keys_come_back(sqlite_engine: Engine) -> None:
    with pytest.raises(MigrationError, match="without their parent"):
        leave_an_orphan(sqlite_engine)
    assert "half_done" not in inspect(sqlite_engine).get_table_names()
    with sqlite_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM code")).scalar_one() == 0
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_rebuilding_a_table_keeps_its_children(sqlite_engine: Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (id INTEGER REFERENCES parent (id) ON DELETE CASCADE)"))
        connection.execute(text("INSERT INTO parent VALUES (1)"))
        connection.execute(text("INSERT INTO child VALUES (1)"))
    with locked(sqlite_engine) as connection:
        connection.execute(text("CREATE TABLE fresh (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO fresh SELECT id FROM parent"))
        connection.execute(text("DROP TABLE parent"))
        connection.execute(text("ALTER TABLE fresh RENAME TO parent"))
    with sqlite_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM child")).scalar_one() == 1


def test_the_index_for_a_days_papers_comes_to_a_filled_store(sessions: Sessions) -> None:
    engine = engine_of(sessions)
    days = [datetime(2026, 6, day, tzinfo=UTC) for day in (3, 3, 4)]
    papers = [stored(f"2606.0000{n}", submitted=day, submitted_from="arxiv") for n, day in enumerate(days)]
    with sessions.begin() as session:
        storing.save(session, papers)
    downgrade(engine, "0005")
    upgrade(engine)
    check(engine)
    with sessions() as session:
        assert count_submitted(session, date(2026, 6, 3), date(2026, 6, 3), ["cs.LG"]) == 2
        assert len(session.scalars(select(Item.id)).all()) == 3


def test_counting_a_days_papers_reads_those_of_that_day_alone(sqlite_sessions: Sessions) -> None:
    asked: list[tuple[str, Any]] = []
    engine = engine_of(sqlite_sessions)
    listen = engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3]))
    with sqlite_sessions() as session:
        event.listen(*listen)
        count_submitted(session, date(2026, 6, 3), date(2026, 6, 3), ["cs.LG"])
        event.remove(*listen)
        query, values = asked[-1]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    assert "ix_item_month_submitted (month=? AND submitted>? AND submitted<?)" in str(plan)


def test_what_was_ranked_and_embedded_stays_so_and_what_had_changed_since_stays_due(sessions: Sessions) -> None:
    same, changed = "2606.00001", "2606.00002"
    made = {"model": "m", "ranked_at": THEN, "input_hash": "0" * 32, "reasons": [], "read_first": []}
    with sessions.begin() as session:
        storing.save(session, [stored(same), stored(changed, updated=THEN + timedelta(seconds=1))])
        for id_ in (same, changed):
            session.add(Embedding(item_id=id_, model="m@fp32", text_hash="0" * 32, vector=b"", made_at=THEN))
            session.add(Rating(item_id=id_, minutes=15, minutes_guessed=True, **made))
    engine = engine_of(sessions)
    downgrade(engine, "0016")
    upgrade(engine)
    with sessions() as session:
        assert [one.id for one in scores.to_embed(session, "m", 9)] == [changed]
        assert scores.due(session, "2026-06", "m", "m") == []
        scores.mark_compared(session, "m", {changed: THEN + timedelta(seconds=1)})
        assert scores.due(session, "2026-06", "m", "m") == [changed]


def test_changes_are_followed_after_a_dump_read_before_its_newest_day_was_noted(sessions: Sessions) -> None:
    with sessions.begin() as session:
        spans = (("arxiv-snapshot", "old", THEN), ("arxiv-snapshot", "begun", None), ("arxiv", "api", THEN))
        for source, channel, closed in spans:
            span = {"source": source, "channel": channel, "from_day": date(1991, 8, 1), "to_day": date(1991, 8, 1)}
            session.add(Window(**span, state="closed" if closed else "open", closed_at=closed))
    engine = engine_of(sessions)
    downgrade(engine, "0017")
    upgrade(engine)
    with sessions() as session:
        known = session.execute(select(Window.channel, Window.newest, Window.asked).order_by(Window.channel)).all()
    day = (THEN - timedelta(days=14)).date()  # a dump is some days old when it is read
    assert known == [("api", None, None), ("begun", None, None), ("old", day, None)]


def leave_an_orphan(engine: Engine) -> None:
    values = "INSERT INTO code (item_id, url, source, first_seen, checked_at) VALUES ('x', 'u', 's', '2026', '2026')"
    with locked(engine) as connection:
        connection.execute(text("CREATE TABLE half_done (x INTEGER)"))
        connection.execute(text(values))


def schema(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
        return [str(row[0]) for row in rows]
