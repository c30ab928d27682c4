"""What the children of the database's fault tests do: migrate, restore, write, read, check-point and back up.

`python -m tests.faults.storing write|read|checkpoint|backup URL SECONDS NAME LEAST` does one of the last four for some
time, and until it was done so often at least; prints how often. Whatever fails ends it with a traceback.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select, text

from core.clock import system_clock
from db import migrate
from db.engine import Sessions, make_engine, make_sessions, reading
from db.models_mail import MailDomain
from db.models_readers import Allowance
from shirube import backups
from shirube.settings import load_settings
from shirube.wiring import Wiring

SHARED = "shared"


def upgrade(url: str) -> None:
    """Bring a database to the newest form."""
    migrate.upgrade(make_engine(url))


def restore(url: str, folder: str, file: str) -> None:
    """Restore a backup as `shirube db restore` does."""
    wiring = Wiring(load_settings(database_url=url, data_dir=Path(folder)), system_clock)
    backups.restore(wiring, Path(file))


def write(sessions: Sessions, name: str, done: int) -> None:
    """Count a shared number on by reading and writing it, and note the step in a row of its own."""
    with sessions.begin() as session:
        row = session.get_one(MailDomain, SHARED, with_for_update=True)
        session.add(Allowance(key=f"{name} {done}", began=system_clock(), used=row.refusals))
        row.refusals += 1


def read(sessions: Sessions, _name: str, _done: int) -> None:
    """See the number and the rows agree, as of one moment."""
    with reading(sessions) as session:
        number = select(MailDomain.refusals).where(MailDomain.domain == SHARED).scalar_subquery()
        rows = select(func.count()).select_from(Allowance).scalar_subquery()
        said, found = session.execute(select(number, rows)).one()
    assert said == found, (said, found)
    time.sleep(0.01)


def checkpoint(sessions: Sessions, _name: str, _done: int) -> None:
    """Write the log into the file, as far as nobody reads it."""
    with sessions.kw["bind"].connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    time.sleep(0.2)


def backup(sessions: Sessions, name: str, _done: int) -> None:
    """Write a backup into the folder named, which reads it back; names are to the second."""
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    wiring = Wiring(load_settings(database_url=url, data_dir=Path(name)), system_clock)
    backups.backup(wiring, Path(name) / "backups")
    time.sleep(1)


ROLES: dict[str, Callable[[Sessions, str, int], None]] = {
    "write": write,
    "read": read,
    "checkpoint": checkpoint,
    "backup": backup,
}


def main(role: str, url: str, seconds: float, name: str, least: int) -> int:
    """Act in a role for some seconds and so often at least; gives how often."""
    engine = make_engine(url)
    with engine.connect() as connection:  # opened before the time begins
        connection.execute(text("SELECT 1"))
    sessions, until, done = make_sessions(engine), time.monotonic() + seconds, 0
    while time.monotonic() < until or done < least:
        ROLES[role](sessions, name, done)
        done += 1
    return done


if __name__ == "__main__":
    sys.stdout.write(str(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], int(sys.argv[5]))))
