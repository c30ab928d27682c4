"""What the mails of one issue have in common: written, wrapped and styled once, and put into each of them."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import css_inline
from markupsafe import Markup

from digest.model import Digest
from digest.reasons import Names, names_in
from digest.sheet import Sheet
from digest.templating import TEMPLATES

Key = tuple[object, ...]
_ROWS = (
    "<!doctype html><html><body><table><tbody><tr><td>{mark}</td></tr>{rows}<tr><td>{mark}</td></tr></tbody></table>"
)


@cache
def inliner() -> css_inline.CSSInliner:
    """Make the inliner once: it loads nothing, and keeps the one style element for dark and narrow."""
    return css_inline.CSSInliner(
        extra_css=(TEMPLATES / "mail.css").read_text(encoding="utf-8"),
        inline_style_tags=True,
        keep_style_tags=True,
        load_remote_stylesheets=False,
    )


@dataclass(slots=True)
class Pieces:
    """Rows of HTML and lines of text by what they show; a mail holds a mark where rows are to be put in.

    Nothing in them may depend on the reader, but for marks that are filled in at the end. A mark cannot be guessed, so
    that no stranger's words are taken for one.
    """

    mark: str = field(default_factory=lambda: f"x{secrets.token_hex(12)}")
    lines: dict[Key, list[str]] = field(default_factory=dict)
    _places: list[str] = field(default_factory=list)
    _numbers: dict[Key, int] = field(default_factory=dict)
    _names: Names | None = None

    def names_of(self, digest: Digest) -> Names:
        """Give the names that the reasons of the issue stand for, collected once."""
        if self._names is None:
            self._names = names_in(digest)
        return self._names

    def row(self, key: Key, write: Callable[[], str]) -> Markup:
        """Give the mark of some rows of a table, which are written and styled the first time."""
        if key not in self._numbers:
            self._numbers[key] = len(self._places)
            self._places.append(self._styled(write()))
        return Markup("<tr><td>{}</td></tr>").format(f"{self.mark}-{self._numbers[key]}-")

    def put_in(self, page: str) -> str:
        """Replace the marks of a styled page by their rows."""
        return re.sub(rf"<tr><td>{self.mark}-(\d+)-</td></tr>", lambda found: self._places[int(found[1])], page)

    def write(self, sheet: Sheet, key: Key, write: Callable[[Sheet], None]) -> None:
        """Put lines on a sheet, which are written on one of their own the first time."""
        if key not in self.lines:
            write(own := Sheet())
            self.lines[key] = own.lines
        sheet.paste(self.lines[key])

    def _styled(self, rows: str) -> str:
        page = inliner().inline(_ROWS.format(mark=self.mark, rows=rows))
        return page.split(f"{self.mark}</td></tr>", 1)[1].rsplit(f"<tr><td>{self.mark}", 1)[0]
