"""Where a text says what a query says: the passage with most of its words, each marked (pure)."""

import re
from collections.abc import Collection, Sequence

from markupsafe import Markup, escape

from core.querywords import telling, terms_of
from core.wordforms import other_forms

WIDTH = 200  # characters of a passage, about two lines
_WORD = re.compile(r"[^\W_]+")
_DOTS = "…"


def forms(words: str) -> dict[str, str]:
    """List the words that a query looks for, in lower case, with their other forms: form -> the word as written."""
    found: dict[str, str] = {}
    for term in telling(terms_of(words)):
        for form in (term, *other_forms(term.casefold())):
            found.setdefault(form.casefold(), term)
    return found


def hits(text: str, known: dict[str, str]) -> tuple[str, ...]:
    """List which words of a query a text has, each once, in the query's order; `known` is made by `forms`."""
    said = {known[word] for match in _WORD.finditer(text) if (word := match[0].casefold()) in known}
    return tuple(term for term in dict.fromkeys(known.values()) if term in said)


def marked(text: str, known: Collection[str]) -> Markup:
    """Write a text as HTML with the words of a query marked."""
    done, end = [], 0
    for match in _WORD.finditer(text):
        if match[0].casefold() in known:
            done += [escape(text[end : match.start()]), Markup("<mark>{}</mark>").format(match[0])]
            end = match.end()
    return Markup().join([*done, escape(text[end:])])


def passage(text: str, known: dict[str, str], width: int = WIDTH) -> Markup | None:
    """Cut out the passage that has most of a query's words and mark them; None where the text has none of them."""
    found = [match for match in _WORD.finditer(text) if match[0].casefold() in known]
    if not found:
        return None
    first = max(found, key=lambda match: (_wealth(found, match.start(), known, width), -match.start()))
    start, end = _window(text, first.start(), width)
    before, after = (f"{_DOTS} " if start else ""), (f" {_DOTS}" if end < len(text) else "")
    return Markup("{}{}{}").format(before, marked(text[start:end], known), after)


def _wealth(found: Sequence[re.Match[str]], start: int, known: dict[str, str], width: int) -> int:
    """Count the different words that begin within `width` characters from `start`."""
    return len({known[match[0].casefold()] for match in found if start <= match.start() < start + width * 3 // 4})


def _window(text: str, at: int, width: int) -> tuple[int, int]:
    """Give the ends of a passage of about `width` characters around a place, cut between words."""
    start = max(0, at - width // 4)
    space = text.rfind(" ", max(0, start - width // 4), start)
    start = space + 1 if start and space >= 0 else start
    end = min(len(text), start + width)
    if end < len(text):
        end = max(text.rfind(" ", at, end), at) if " " in text[at:end] else end
    return start, end
