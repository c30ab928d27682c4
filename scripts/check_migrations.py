"""Prove that the migrations make what the models say, on SQLite and, where a server can be had, on PostgreSQL."""

import os
import sys
import tempfile
from pathlib import Path

from alembic.util.exc import CommandError

from db.engine import make_engine
from db.migrate import check, upgrade


def main() -> int:
    """Migrate an empty database of each kind to the newest form and compare; gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'check.db'}"}
        if url := os.environ.get("SHIRUBE_TEST_POSTGRES_URL"):
            urls["PostgreSQL"] = url
        else:
            say("migrations on PostgreSQL: compared in the tests (SHIRUBE_TEST_POSTGRES_URL names no server here)")
        return max(compared(kind, url) for kind, url in urls.items())


def compared(kind: str, url: str) -> int:
    """Compare one kind of database; says what differs."""
    engine = make_engine(url)
    try:
        upgrade(engine)
        check(engine)
    except CommandError as problem:
        say(f"migrations on {kind}: {problem}")
        return 1
    finally:
        engine.dispose()
    say(f"migrations on {kind}: the tables are what the models say")
    return 0


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
