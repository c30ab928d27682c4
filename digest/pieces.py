"""What the mails of one issue have in common: written, wrapped and styled once, and put into each of them."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import css_inline
from markupsafe import Markup

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
    rows: dict[Key, str] = field(default_factory=dict)
    lines: dict[Key, list[str]] = field(default_factory=dict)
    names: dict[str, Key] = field(default_factory=dict)

    def row(self, key: Key, write: Callable[[], str]) -> Markup:
        """Give the mark of some rows of a table, which are written and styled the first time."""
        if key not in self.rows:
            self.rows[key] = self._styled(write())
        name = self.row_mark(key)
        self.names[name] = key
        return Markup("<tr><td>{}</td></tr>").format(name)

    def row_mark(self, key: Key) -> str:
        """Name some rows within a mail."""
        return f"{self.mark}-{'-'.join(map(str, key))}-"

    def put_in(self, page: str) -> str:
        """Replace the marks of a styled page by their rows."""
        for name, key in self.names.items():
            page = page.replace(f"<tr><td>{name}</td></tr>", self.rows[key])
        return page

    def write(self, sheet: Sheet, key: Key, write: Callable[[Sheet], None]) -> None:
        """Put lines on a sheet, which are written on one of their own the first time."""
        if key not in self.lines:
            write(own := Sheet())
            self.lines[key] = own.lines
        sheet.paste(self.lines[key])

    def _styled(self, rows: str) -> str:
        page = inliner().inline(_ROWS.format(mark=self.mark, rows=rows))
        return page.split(f"{self.mark}</td></tr>", 1)[1].rsplit(f"<tr><td>{self.mark}", 1)[0]
