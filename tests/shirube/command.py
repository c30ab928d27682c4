"""Runs the real command line in this process: its own wiring but for the model, the waiting and the hour.

`python -m tests.shirube.command WORDS` does so in another process.
"""

import io
import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from unittest import mock

from ingest.guard import Policy
from ingest.http import Guard
from ingest.source import Source
from ingest.sources import Added, added
from ranking.embedder import Embedder
from ranking.guide import Guide, make_guide
from ranking.service import Ranker
from roadmap.load import load_roadmap
from roadmap.model import Roadmap
from shirube import cli
from shirube.settings import Settings
from shirube.wiring import Wiring
from tests.fakes import HashEmbedder

DRAFT = datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 8, 9, 0, tzinfo=UTC)


@cache
def words_guide() -> Guide:
    """Turn the packaged curriculum into vectors of words, once."""
    return make_guide(packaged_roadmap(), HashEmbedder())


@cache
def packaged_roadmap() -> Roadmap:
    """Read the packaged curriculum, once."""
    return load_roadmap()


class Alone(Wiring):
    """The real wiring, which asks no source beside the built-in ones: no setting leads those to the stand-in."""

    @cached_property
    def roadmap(self) -> Roadmap:
        """Load the curriculum, the packaged one but once."""
        return super().roadmap if self.settings.roadmap_dir else packaged_roadmap()

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """List the addresses of the built-in sources."""
        return {name: urls for name, urls in super().addresses().items() if name not in added()}

    def _added(self, one: Added) -> list[Source]:
        """Make none; its own tests are those of the contract."""
        return []


class Bench(Alone):
    """The real wiring with vectors made of words, and without pauses between tries."""

    @cached_property
    def embedder(self) -> Embedder:
        """Make vectors of words."""
        return HashEmbedder()

    @cached_property
    def ranker(self) -> Ranker:
        """Rank without trained weights: those hold for the real model's vectors alone."""
        return Ranker(self.roadmap, words_guide(), self.embedder, None)

    @cached_property
    def guard(self) -> Guard:
        """Ask without waiting."""
        hosts = frozenset(self.settings.allow_private_hosts)
        return Guard(Policy(contact="", version="0", allow_private=hosts), sleep=lambda seconds: None)


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of its result."""
        return self.out.splitlines()


def run(
    *words: str,
    env: Mapping[str, str] | None = None,
    now: datetime = DRAFT,
    wiring: Callable[..., Wiring] = Bench,
    stdin: str = "",
) -> Ended:
    """Run `shirube` with these words and settings at an hour; nothing of this process's own settings is read."""
    made: list[Wiring] = []

    def wired(settings: Settings) -> Wiring:
        made.append(wiring(settings, lambda: now))
        return made[-1]

    out, err = io.StringIO(), io.StringIO()
    settings = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")} | dict(env or {})
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        with (
            mock.patch.dict(os.environ, settings, clear=True),
            mock.patch.object(sys, "argv", ["shirube", *words]),
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            mock.patch("shirube.wiring.Wiring", wired),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = _ended(cli.main)
    finally:
        root.handlers[:], root.level = handlers, level
        for one in made:
            if "engine" in vars(one):
                one.engine.dispose()
    return Ended(code, out.getvalue(), err.getvalue())


def _ended(main: Callable[[], None]) -> int:
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


if __name__ == "__main__":  # a process of its own, with the settings of its environment
    ended = run(
        *sys.argv[1:], env={key: value for key, value in os.environ.items() if key[:8] == "SHIRUBE_"}, now=CLOSED
    )
    sys.stdout.write(ended.out)
    sys.stderr.write(ended.err)
    sys.exit(ended.code)
