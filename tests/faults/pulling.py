"""What the killed children do: a pull of all sources by the program's own wiring, at an hour that stands still."""

import os
from datetime import date, datetime
from functools import cached_property

from roadmap.load import load_roadmap
from roadmap.model import Roadmap
from shirube import pulling
from shirube.names import NETWORK_SOURCES
from shirube.settings import load_settings
from shirube.wiring import Wiring

ROADMAP = load_roadmap()  # read once, and not by every child


class Ready(Wiring):
    """The real wiring, with the packaged curriculum at hand."""

    @cached_property
    def roadmap(self) -> Roadmap:
        """Give the curriculum that was read before."""
        return ROADMAP


def pull(env: dict[str, str], now: str, start: str, end: str) -> list[str]:
    """Pull the days from start to end as `shirube pull` does; gives what failed."""
    os.environ.update(env)
    moment = datetime.fromisoformat(now)
    wiring = Ready(load_settings(), lambda: moment)
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    results = pulling.read(wiring, NETWORK_SOURCES, first, last)
    return [f"{result.window}: {result.failure}" for result in results if result.failure]
