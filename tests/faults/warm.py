"""A process that has imported everything and forks a child for each run, which it may kill at a numbered step.

A step is every outgoing request and every statement and commit of a database, counted from outside: by SQLAlchemy's
events and around the guard's transport. Nothing in the program knows of it. The child is killed by SIGKILL right before
the step it was told. `Warm` is the side of the tests; this file run as a program is the other one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import TracebackType
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 1_800  # seconds: a child that hangs ends, even on a machine that is busy with other work


@dataclass(frozen=True)
class Ended:
    """How a run ended: the steps it came to, the step it was killed at, and what it raised or gave."""

    steps: int
    killed_at: str | None = None
    error: str | None = None
    result: Any = None


@dataclass(frozen=True)
class Job:
    """A function as "module:name" that takes keyword arguments (plain values) and does its work in this process."""

    function: str
    arguments: Mapping[str, Any]


class Warm:
    """The warm process, as a context manager; it imports the modules it is named, and of a package all below it."""

    def __init__(self, *modules: str) -> None:
        """Start it; nothing inherited but the path: each run is told its settings."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=env,
            text=True,
        )

    def run(self, job: Job, kill_at: int | None = None) -> Ended:
        """Run a function in a child of its own, killed right before its step with this number, counted from 1."""
        return self._order([(job, kill_at)])[0]

    def together(self, jobs: Sequence[Job], kill_at: Sequence[int | None] = ()) -> list[Ended]:
        """Run functions at the same time, a child for each; each may be killed right before a step of its own."""
        return self._order(list(zip(jobs, kill_at or [None] * len(jobs), strict=True)))

    def _order(self, runs: Sequence[tuple[Job, int | None]]) -> list[Ended]:
        asked = [{"function": j.function, "arguments": dict(j.arguments), "kill_at": at} for j, at in runs]
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(asked) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, "the warm process is gone"
        return [Ended(**ended) for ended in json.loads(line)]

    def __enter__(self) -> Warm:
        """It runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it: it stops when nothing can be ordered any more."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(30)


class Steps:
    """Counts the steps of a run and kills it right before the one it was told."""

    def __init__(self, kill_at: int | None, tell: Callable[[dict[str, Any]], None]) -> None:
        """Begin at zero; `tell` hears the last words."""
        self.count = 0
        self._kill_at = kill_at
        self._tell = tell

    def step(self, name: str) -> None:
        """Come to one more step."""
        self.count += 1
        if self.count == self._kill_at:
            self._tell({"steps": self.count, "killed_at": name[:100]})
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count every statement and commit of every engine, and every request of every guard."""
        from sqlalchemy import Engine, event

        from ingest.guard import GuardedTransport

        send = GuardedTransport.handle_request

        def counted(transport: GuardedTransport, request: Any) -> Any:
            self.step(f"{request.method} {request.url}")
            return send(transport, request)

        event.listen(Engine, "before_cursor_execute", lambda *given: self.step(given[2]))
        event.listen(Engine, "commit", lambda connection: self.step("COMMIT"))
        GuardedTransport.handle_request = counted  # type: ignore[method-assign, assignment]


def main(modules: Sequence[str], orders: IO[str], answers: IO[str]) -> None:
    """Import, then answer each line of orders with a line of ends."""
    for name in modules:
        module = import_module(name)
        for below in walk_packages(getattr(module, "__path__", ()), f"{name}."):
            import_module(below.name)
    for line in orders:
        children = [_begun(**run) for run in json.loads(line)]
        answers.write(json.dumps([_ended(*child) for child in children]) + "\n")
        answers.flush()


def _begun(function: str, arguments: dict[str, Any], kill_at: int | None) -> tuple[int, int]:
    """Fork a child; gives its process id and the end of the pipe on which it tells how it ended."""
    ear, mouth = os.pipe()
    pid = os.fork()
    if pid:
        os.close(mouth)
        return pid, ear
    signal.alarm(LONGEST)
    with suppress(BaseException):  # nothing may go on into the parent's loop; what is raised was told before
        _live(function, arguments, kill_at, lambda words: _told(mouth, words))
    os._exit(0)


def _live(
    function: str, arguments: dict[str, Any], kill_at: int | None, tell: Callable[[dict[str, Any]], None]
) -> None:
    steps = Steps(kill_at, tell)
    try:
        steps.watch()
        module, _, name = function.partition(":")
        result = getattr(import_module(module), name)(**arguments)
    except BaseException:
        tell({"steps": steps.count, "error": traceback.format_exc()})
    else:
        tell({"steps": steps.count, "result": result})


def _told(mouth: int, words: dict[str, Any]) -> None:
    with os.fdopen(mouth, "w", closefd=False) as pipe:
        json.dump(words, pipe)


def _ended(pid: int, ear: int) -> dict[str, Any]:
    """Hear a child out, and hold what it said against the way it ended."""
    with os.fdopen(ear) as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    words: dict[str, Any] = json.loads(said) if said else {"steps": -1}
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number != (signal.SIGKILL if "killed_at" in words else 0):
        words["error"] = f"ended by signal {number}, after {words}"
    return words


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin, sys.stdout)
