"""Reads typed values out of one TOML table and notes every problem instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from roadmap.model import Phrase, Term, Text

LANGUAGES = ("en", "ja")


@dataclass(slots=True)
class Problems:
    """The list of everything that is wrong, in the order it was met."""

    lines: list[str] = field(default_factory=list)

    def add(self, file: str, place: str, what: str) -> None:
        """Note one problem: the file, the key inside it, what is wrong and what to do."""
        self.lines.append(f"{file}: {place}: {what}")


class Fields:
    """One table being read; every key must be asked for, and `finish` reports those nobody asked for."""

    def __init__(self, file: str, place: str, table: Mapping[str, object], problems: Problems) -> None:
        self.file, self.place = file, place
        self._table, self._problems = table, problems
        self._asked: set[str] = set()

    def problem(self, name: str, what: str) -> None:
        """Note a problem of one key of this table."""
        self._problems.add(self.file, f"{self.place}.{name}" if name else self.place, what)

    def _take(self, name: str, required: bool) -> object:
        self._asked.add(name)
        value = self._table.get(name)
        if value is None and required:
            self.problem(name, "is missing; write it")
        return value

    def string(self, name: str, required: bool = True) -> str:
        """Read a non-empty string; an absent optional one is the empty string."""
        value = self._take(name, required)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value is not None:
            self.problem(name, f"should be a non-empty string, is {value!r}; write one or delete the line")
        return ""

    def integer(self, name: str, low: int, high: int) -> int:
        """Read a whole number between two bounds."""
        value = self._take(name, True)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        if value is not None:
            self.problem(name, f"should be a whole number from {low} to {high}, is {value!r}; correct it")
        return low

    def boolean(self, name: str) -> bool:
        """Read a yes or no; an absent one is no."""
        value = self._take(name, False)
        if isinstance(value, bool):
            return value
        if value is not None:
            self.problem(name, f"should be true or false, is {value!r}; correct it")
        return False

    def strings(self, name: str, required: bool = False) -> tuple[str, ...]:
        """Read a list of distinct non-empty strings."""
        value = self._take(name, required)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            self.problem(name, "should be a list of non-empty strings; correct it")
            return ()
        for item in sorted({item for item in value if value.count(item) > 1}):
            self.problem(name, f"names {item!r} twice; delete one")
        return tuple(value)

    def text(self, name: str) -> Text:
        """Read a text in every language; one that lacks a language is a problem."""
        value = self._take(name, True)
        if value is None:
            return Text("", "")
        if not isinstance(value, dict):
            self.problem(name, "should be a table { en = ..., ja = ... }; write both languages")
            return Text("", "")
        inner = Fields(self.file, f"{self.place}.{name}", value, self._problems)
        text = Text(*(inner.string(lang) for lang in LANGUAGES))
        inner.finish()
        return text

    def phrases(self, name: str) -> tuple[Phrase, ...]:
        """Read a table of phrase = weight, lowercase and with weights above 0 and up to 1."""
        value = self._take(name, True)
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.problem(name, 'should be a table of "phrase" = weight; correct it')
            return ()
        return tuple(self._phrase(name, text, weight) for text, weight in value.items())

    def terms(self, name: str) -> tuple[Term, ...]:
        """Read a table of Japanese word = English name, or a list of names, the usual one first."""
        value = self._take(name, True)
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.problem(name, 'should be a table of "Japanese" = "English"; correct it')
            return ()
        return tuple(self._term(name, ja, en) for ja, en in value.items())

    def lists(self, name: str) -> dict[str, tuple[str, ...]]:
        """Read a table of lists of distinct non-empty strings; an absent one is empty."""
        value = self._take(name, False)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.problem(name, 'should be a table of "key" = ["...", "..."]; correct it')
            return {}
        inner = Fields(self.file, f"{self.place}.{name}", value, self._problems)
        return {key: inner.strings(key) for key in value}

    def _term(self, name: str, ja: str, en: object) -> Term:
        given = en if isinstance(en, list) else [en]
        names = tuple(one.strip() for one in given if isinstance(one, str) and one.strip())
        if not ja.strip() or not names or len(names) < len(given):
            self.problem(name, f"{ja!r} should have an English name or a list of names, is {en!r}; correct it")
        return Term(ja, names)

    def _phrase(self, name: str, text: str, weight: object) -> Phrase:
        if text != text.strip().lower() or not text:
            self.problem(name, f"phrase {text!r} should be lowercase without outer spaces; correct it")
        if text.strip() and not re.search(r"\w", text):
            self.problem(name, f"phrase {text!r} has no word; write one into it or delete it")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1:
            self.problem(name, f"weight of {text!r} should be above 0 and at most 1, is {weight!r}; correct it")
            return Phrase(text, 0.0)
        return Phrase(text, float(weight))

    def finish(self) -> None:
        """Report keys that nobody asked for: most are misspelt, and would be ignored in silence."""
        for name in self._table:
            if name not in self._asked:
                known = ", ".join(sorted(self._asked))
                self.problem(name, f"is not a known key; delete it or use one of: {known}")
