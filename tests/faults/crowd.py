"""`python -m tests.faults.crowd NOW WORDS...`: the real command line at an hour, with vectors made of words."""

import sys
from datetime import datetime
from unittest import mock

from shirube import cli
from shirube.settings import Settings
from shirube.wiring import Wiring
from tests.shirube.command import Bench


def main(now: str, words: list[str]) -> None:
    """Run one command; the settings are those of the environment."""
    moment = datetime.fromisoformat(now)

    def wired(settings: Settings) -> Wiring:
        return Bench(settings, lambda: moment)

    with mock.patch.object(sys, "argv", ["shirube", *words]), mock.patch("shirube.wiring.Wiring", wired):
        cli.main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
