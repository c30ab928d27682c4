"""Who writes waits for the turn first: what is dated after that is later than all that was written before."""

import threading

from sqlalchemy import text

from db.engine import Sessions, writing


def test_writing_begins_when_the_turn_has_come(sqlite_sessions: Sessions) -> None:
    told, begun = list[str](), threading.Event()

    def second() -> None:
        begun.set()
        with writing(sqlite_sessions):
            told.append("second")

    other = threading.Thread(target=second)
    with sqlite_sessions.begin() as session:
        session.execute(text("SELECT 1"))
        other.start()
        begun.wait()
        other.join(0.3)
        told.append("first")
    other.join()
    assert told == ["first", "second"]
