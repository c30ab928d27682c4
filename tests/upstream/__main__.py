"""Runs the stand-in from a terminal and prints the settings that point the product at it."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading

from tests.upstream.catalogue import MONTHS
from tests.upstream.faults import KINDS, parsed
from tests.upstream.server import Upstream


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted."""
    options = _parser().parse_args(arguments)
    # Set by hand: a shell without job control starts its background commands deaf to an interrupt.
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    with Upstream(options.port, tuple(options.months.split(","))) as upstream:
        for fault in options.fault:
            upstream.fault(**parsed(fault))
        for name, value in upstream.environment().items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(prog="python -m tests.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=9900, help="0 takes any free port")
    parser.add_argument("--months", default=",".join(MONTHS), help="two months, separated by a comma")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=PREFIX[,option:value]",
        help=f"for example status=/api/query,status:503,retry_after:2,times:3; names: {', '.join(KINDS)}",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
