"""A worker on the queue in a process of its own: `python -m tests.shirube.queueing DATABASE NAME HOUR`.

It has three jobs. `bell` is due every five minutes of the hours the parent names, `gong` likewise, and `slow` once:
that one writes that it was begun and waits for a line.
"""

import os
import sys
import threading
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from db.models import Place
from shirube.jobs import Job, Outcome
from shirube.queue import Queue
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.wiring import Wiring
from shirube.worker import Rhythm, Worker

EVERY_FIVE = "*/5 * * * *"
QUICK = Rhythm(lease=timedelta(seconds=3), beat=0.3, look=0.2)
WAITED = 60.0  # seconds


def main(database: str, name: str, hour: str, which: str) -> None:
    """Run one worker until it is stopped."""
    hours, go_on, stop = [datetime.fromisoformat(hour)], threading.Event(), Stopping()
    wiring = Wiring(load_settings(database_url=database), lambda: hours[0])

    def ring(job: str, given: Wiring, _stop: Stopping) -> Outcome:
        with given.sessions.begin() as session:
            note(session, f"{job} {hours[0].isoformat()} {name}")
        return Outcome({"rung": 1})

    def slow(given: Wiring, _stop: Stopping) -> Outcome:
        for word in ("begun", "ended"):
            with given.sessions.begin() as session:
                note(session, f"{word} {name}")
            if word == "begun":
                say("begun")
                go_on.wait(WAITED)
        return Outcome()

    jobs = {
        "bell": Job("bell", EVERY_FIVE, partial(ring, "bell"), "rings", "rings"),
        "gong": Job("gong", EVERY_FIVE, partial(ring, "gong"), "rings", "rings"),
        "slow": Job("slow", "0 0 1 1 *", slow, "waits", "waits"),
    }
    worker = Worker(wiring, stop, [jobs[job] for job in which.split(",")], rhythm=QUICK)
    queue = Queue(worker, wiring.engine, stop)

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "go on":
                go_on.set()
            else:
                hours[0] = datetime.fromisoformat(line.strip())

    threading.Thread(target=listen, daemon=True).start()
    with stop.listening():
        say("ready")
        left = queue.run()
    say(f"left {','.join(left)}")
    sys.stdout.flush()
    os._exit(0)  # as the command does where a job did not stop


def note(session: Session, words: str) -> None:
    """Leave a row that tells what was done; each may be there once."""
    session.add(Place(name=words))


def say(word: str) -> None:
    """Tell the parent."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
