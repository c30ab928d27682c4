"""What a person sees at the terminal: lines, progress and tables, all on stderr; results alone go to stdout."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress

WIDTH = 79  # columns of what is laid out here: right at any terminal, and the same in a pipe
QUIET_SECONDS = 10.0  # between two lines of progress where there is no terminal to redraw


class Bar(Protocol):
    """Something that is told how far a piece of work has come."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show that `done` of `total` are ready; `note` says more of it."""
        ...


def say(text: str) -> None:
    """Tell the person one thing."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints; a bar steps aside for it


def out(text: str) -> None:
    """Write a result to stdout, exactly; a reader that has seen enough, such as `head`, ends the program well."""
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe: or the interpreter's last flush complains
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def plain(text: str) -> str:
    """Show what a stranger wrote: everything that a terminal would obey, or that turns the line round, is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


@contextmanager
def bar(label: str, *, left: bool = True) -> Iterator[Bar]:
    """Show progress of one piece of work: a redrawn bar on a terminal, else a line every ten seconds.

    `left`: guess the time left from the pieces done; without, the notes tell it.
    """
    if not sys.stderr.isatty():
        yield _Lines(label)
        return
    with _progress(left) as progress:
        task = progress.add_task(label, total=None)

        def show(done: int, total: int, note: str = "") -> None:
            progress.update(task, completed=done, total=total, description=f"{label}{note}")

        yield show


def _progress(left: bool) -> "Progress":
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
        *([rich.TimeRemainingColumn()] if left else []),
    )
    console = Console(stderr=True, highlight=False, soft_wrap=True, no_color="NO_COLOR" in os.environ)
    return rich.Progress(*columns, console=console, transient=True)


class _Lines:
    """Progress as lines, for logs and pipes; short work stays silent."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._last = time.monotonic()

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        if now - self._last >= QUIET_SECONDS:
            self._last = now
            say(f"{self._label}: {done:,} of {total:,}{note}")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print a table for people on stdout; columns in `right` are aligned to the right."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        shown.add_column(heading, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    width = None if sys.stdout.isatty() else 120
    Console(highlight=False, width=width, no_color="NO_COLOR" in os.environ, markup=False).print(shown)
