"""One thing that `doctor` looked at, and all of them as lines for people."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shirube.terminal import WIDTH

_STATE, _NAME = 10, 23  # columns; what was found has the rest of the line


@dataclass(frozen=True, slots=True)
class Check:
    """One thing doctor looked at; `fix` says what to do where it is not well."""

    name: str
    well: bool
    found: str
    fix: str = ""


def lines(checks: Sequence[Check]) -> Iterator[str]:
    """Write checks at 79 columns, each with its remedy beneath, and at the end which of them are not well."""
    for check in checks:
        yield from _lines(check)
    bad = [check.name for check in checks if not check.well]
    yield ""
    yield from textwrap.wrap(
        f"Not well: {', '.join(bad)}. What to do stands beneath each." if bad else "All is well.", 79
    )


def _lines(check: Check) -> Iterator[str]:
    indent = " " * (_STATE + _NAME)
    head = f"{'well' if check.well else 'NOT WELL':<{_STATE}}{check.name:<{_NAME - 1}} "
    first, *others = check.found.splitlines() or [""]
    yield from _wrapped(f"{head}{first}", "", indent)
    for other in others:
        yield from _wrapped(other, indent, indent + "   ")
    if not check.well:
        yield from _wrapped(f"-> {check.fix}", indent, indent + "   ")


def _wrapped(text: str, begin: str, go_on: str) -> list[str]:
    """Break a line between words alone: an address is copied whole."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=begin, subsequent_indent=go_on, break_long_words=False, break_on_hyphens=False
    )
