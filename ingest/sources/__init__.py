"""One module a source: it keeps the library's objects to itself and lets only records out.

A module that offers `ADDED` joins by itself: `pull`, the schedule, `digest`, `status` and `doctor` know it by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.http import Answer, Guard
    from ingest.source import Source

# Those that have settings of their own and are built from them in shirube.wiring, and what they are made of.
BUILT_IN = frozenset({
    *("arxiv_api", "arxiv_oai", "arxiv_page", "arxiv_raw", "arxiv_rss", "arxiv_snapshot", "author_line"),
    *("hf_papers", "lab_feeds", "post_text", "pwc_api", "pwc_archive", "recorded"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Added:
    """A source beside the built-in ones.

    `name` is what --source takes and the ledger keeps, `title` what people read, `address` what is asked. `make` gets
    the guarded client. `check` says what is wrong with an answer of the address, and nothing where it is what is due.
    What it says of a paper counts where no built-in source says anything (ingest.merge.BELIEF).
    """

    name: str
    title: str
    address: str
    make: Callable[[Guard], Source]
    check: Callable[[Answer], str | None]


@cache
def added() -> dict[str, Added]:
    """Find the sources beside the built-in ones by their names; imports nothing where there are none."""
    others = (info.name for info in iter_modules(__path__) if info.name not in BUILT_IN)
    offered = (getattr(import_module(f"{__name__}.{name}"), "ADDED", None) for name in others)
    return {one.name: one for one in offered if isinstance(one, Added)}
