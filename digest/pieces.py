"""What the mails of one issue have in common: written, wrapped and styled once, and put into each of them."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

import css_inline
from markupsafe import Markup

from digest.reasons import Names
from digest.sheet import Sheet
from digest.templating import TEMPLATES
from digest.words import NBSP

Key = tuple[object, ...]
_ROWS = "<!doctype html><html><body><table><tbody><!--{mark}-->{rows}<!--{mark}--></tbody></table></body></html>"
_LINES = "<!doctype html><html><body><div><!--{mark}-->{rows}<!--{mark}--></div></body></html>"
_CLASSES = re.compile(r'(<[a-z][^<>]*?) class="([^"]*)"')  # of an element: within text, "<" is written otherwise
# Indents, and an element that HTML puts into a table by itself: between others, never within an attribute.
_IDLE = re.compile(r"(?<=\n)\s+|(?<=[>\s])</?tbody>(?=\s*<)")


@cache
def inliner() -> css_inline.CSSInliner:
    """Make the inliner once: it loads nothing, and keeps the one style element for dark and narrow."""
    return css_inline.CSSInliner(
        extra_css=(TEMPLATES / "mail.css").read_text(encoding="utf-8"),
        inline_style_tags=True,
        minify_css=True,
        keep_style_tags=True,
        load_remote_stylesheets=False,
    )


@cache
def _live() -> frozenset[str]:
    """Name the classes that the style element of a mail speaks of: all others have done their work once inlined."""
    style = (TEMPLATES / "mail.html.j2").read_text(encoding="utf-8").partition("<style>")[2].partition("</style>")[0]
    return frozenset(re.findall(r"\.([a-z]\w*)", style))


def styled(page: str) -> str:
    """Inline the styles of a page, and leave out what a mail carries for nothing: spent classes, indents, names."""
    return _CLASSES.sub(_kept_classes, _IDLE.sub("", inliner().inline(page)).replace("&nbsp;", NBSP))


def _kept_classes(found: re.Match[str]) -> str:
    kept = " ".join(name for name in found[2].split() if name in _live())
    return f'{found[1]} class="{kept}"' if kept else found[1]


@dataclass
class Pieces:
    """Rows of HTML and lines of text by what they show; a mail holds a mark where rows are to be put in.

    Nothing in them may depend on the reader, but for marks that are filled in at the end. A mark cannot be guessed, so
    that no stranger's words are taken for one.
    """

    names: Names = field(default_factory=Names)  # that the reasons of the issue and of its shortlists stand for
    mark: str = field(default_factory=lambda: f"x{secrets.token_hex(12)}")
    lines: dict[Key, list[str]] = field(default_factory=dict)
    _places: list[str] = field(default_factory=list)
    _numbers: dict[Key, int] = field(default_factory=dict)

    def row(self, key: Key, write: Callable[[], str]) -> Markup:
        """Give the mark of some rows of a table, which are written and styled the first time."""
        return Markup("<tr><td>{}</td></tr>").format(self._mark(key, write, _ROWS))

    def lines_of(self, key: Key, write: Callable[[], str]) -> Markup:
        """Give the mark of some paragraphs within a cell, which are written and styled the first time."""
        return Markup("<p>{}</p>").format(self._mark(key, write, _LINES))

    def put_in(self, page: str) -> str:
        """Replace the marks of a styled page by their rows and lines."""
        return self._places_of.sub(lambda found: self._places[int(found[1] or found[2])], page)

    @cached_property
    def _places_of(self) -> re.Pattern[str]:
        name = rf"{self.mark}-(\d+)-"
        return re.compile(rf"<tr><td>{name}</td></tr>|<p[^>]*>{name}</p>")

    def _mark(self, key: Key, write: Callable[[], str], frame: str) -> str:
        if key not in self._numbers:
            self._numbers[key] = len(self._places)
            self._places.append(self._styled(write(), frame))
        return f"{self.mark}-{self._numbers[key]}-"

    def write(self, sheet: Sheet, key: Key, write: Callable[[Sheet], None], *, gap: bool = True) -> None:
        """Put lines on a sheet, which are written on one of their own the first time."""
        if key not in self.lines:
            write(own := Sheet())
            self.lines[key] = own.lines
        sheet.paste(self.lines[key], gap=gap)

    def _styled(self, rows: str, frame: str) -> str:
        page = styled(frame.format(mark=self.mark, rows=rows))
        return page.split(f"<!--{self.mark}-->")[1]
