"""One language's voice: sentences woven from a catalogue, with dates, numbers, durations and ordinals by Babel.

A sentence is a Line of typed parts, so that page, mail and plain text say the same thing: `str(line)` is text,
`line.__html__()` is markup in which every word from strangers is escaped.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from core.clock import iso
from core.months import first_day
from digest import maths
from locales.load import language, translations
from roadmap.model import Text

NBSP = "\u00a0"
REGION = {"en": "en_GB"}  # "5 Nov 2026"; a language not named here speaks for itself
_HOLE = re.compile(r"%\((\w+)\)s|%%")
_WEB = re.compile(r"https?://[^\s<>\"'\x00-\x20]+\Z", re.IGNORECASE)
_COUNTER = re.compile("か月|[\u3041-\u9fff]")
TAGS = {"b": "b", "q": "q", "code": "code", "time": "time", "n": "span"}  # the element of a part's kind
WEB_ALONE = frozenset({"time", "n"})  # elements that no mail client makes anything of


def web(url: str | None) -> str | None:
    """Let a stranger's address through only when it is a plain http or https one."""
    return url if url and _WEB.match(url) else None


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a sentence. kind: "" plain, b, q and title (LaTeX made readable), code, time, n (figures)."""

    text: str
    kind: str = ""
    href: str | None = None
    when: str | None = None
    lang: str | None = None

    def markup(self, *, mathml: bool = True) -> Markup:
        """Write the part as HTML; without `mathml`, for mail, maths and quotation marks are plain characters."""
        if not mathml and self.kind in WEB_ALONE:
            return replace(self, kind="", when=None).markup(mathml=False)
        inner = self._inner(mathml=mathml)
        if not (self.kind or self.href or self.lang):
            return inner
        tag = TAGS.get(self.kind) if mathml or self.kind != "q" else None
        if tag:
            inner = Markup("<{}{}>{}</{}>").format(tag, self._attributes(own=True), inner, tag)
        if self.href:
            return Markup('<a href="{}"{}>{}</a>').format(self.href, self._attributes(own=not tag), inner)
        return Markup("<span{}>{}</span>").format(self._attributes(own=True), inner) if self.lang and not tag else inner

    def plain(self) -> str:
        """Write the part as text."""
        if self.kind == "title":
            return maths.to_text(self.text)
        return f"“{maths.to_text(self.text)}”" if self.kind == "q" else self.text

    def _inner(self, *, mathml: bool) -> Markup:
        if self.kind == "title":
            return maths.to_html(self.text) if mathml else escape(maths.to_text(self.text))
        if self.kind == "q":
            return maths.to_html(self.text) if mathml else escape(self.plain())
        return escape(self.text)

    def _attributes(self, *, own: bool) -> Markup:
        if not own:
            return Markup("")
        lang = Markup(' lang="{}"').format(self.lang) if self.lang else Markup("")
        when = Markup(' datetime="{}"').format(self.when) if self.when else Markup("")
        return lang + when + (Markup(' class="n"') if self.kind == "n" else Markup(""))


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or a piece of one."""

    parts: tuple[Part, ...] = ()

    def __html__(self) -> Markup:
        return Markup("".join([part.markup() for part in self.parts]))  # noqa: S704

    def mail(self) -> Markup:
        """Write the line as HTML for mail clients, which draw no MathML; never for an attribute.

        A figure and the Japanese counter after it, as in 59本, stay on one line: by an element, since a style
        at each of them is three times as long.
        """
        written, rest = Markup(""), list(self.parts)
        while rest:
            part = rest.pop(0)
            counter = _COUNTER.match(rest[0].text) if rest and _counted(part, rest[0]) else None
            if counter is None:
                written += part.markup(mathml=False)
            else:
                written += Markup("<nobr>{}{}</nobr>").format(part.markup(mathml=False), counter[0])
                rest[0] = Part(rest[0].text[counter.end() :])
        return written

    def __str__(self) -> str:
        return "".join(part.plain() for part in self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __add__(self, other: "Line") -> "Line":
        return Line(self.parts + other.parts)


Value = str | int | Part | Line


class Voice:
    """Everything said in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = language(lang)
        self.locale = Locale.parse(REGION.get(self.lang, self.lang))
        self._words = translations(self.lang)

    # -- sentences -------------------------------------------------------------------------------------------------

    def t(self, message: str, /, **values: Value) -> Line:
        """Say a message with its holes filled."""
        return self._weave(self._words.gettext(message), values)

    def tc(self, context: str, message: str, /, **values: Value) -> Line:
        """Say a message that needs its context to be translated."""
        return self._weave(self._words.pgettext(context, message), values)

    def n(self, one: str, many: str, number: int, /, **values: Value) -> Line:
        """Say a message that depends on a number; %(n)s is that number, written as the language writes it."""
        return self._weave(self._words.ngettext(one, many, number), {"n": number, **values})

    def join(self, items: Iterable[Value], context: str = "items") -> Line:
        """Join the pieces of a list with what this language puts between them; `context`: items, clauses or wishes."""
        between = {
            "clauses": self.tc("between clauses", "; "),
            "wishes": self.tc("between wishes", "; "),
        }.get(context, self.tc("between items", ", "))
        joined: tuple[Part, ...] = ()
        for index, item in enumerate(items):
            joined += (*(between.parts if index else ()), *self.line(item).parts)
        return Line(joined)

    def series(self, items: Iterable[Value]) -> Line:
        """Join the names of a sentence, the last as speech does: 1, 5 and 7."""
        *most, last = list(items) or [""]
        if not most:
            return self.line(last)
        return self.join(most) + self.tc("before the last item", " and ") + self.line(last)

    def text(self, sentences: Iterable[Line]) -> Line:
        """Put sentences after one another; Japanese leaves no space between them. Empty ones are passed over."""
        said = Line()
        for sentence in sentences:
            said = (
                self.tc("sentences", "%(one)s %(two)s", one=said, two=sentence)
                if said and sentence
                else (said or sentence)
            )
        return said

    def line(self, value: Value) -> Line:
        """Make a line of any value that may stand in a hole."""
        if isinstance(value, Line):
            return value
        if isinstance(value, int):
            return Line((Part(self.number(value)),))
        return Line((value,)) if isinstance(value, Part) else Line((Part(value),))

    def _weave(self, template: str, values: dict[str, Value]) -> Line:
        parts: list[Part] = []
        tight = False  # a number and its unit stay on one line
        for words, hole in _holes(template):
            if tight and words[:1] == " ":
                words = NBSP + words[1:]
            if words:
                parts.append(Part(words))
            if hole is not None:
                parts += [part for part in self.line(values[hole]).parts if part.text]
            tight = hole is not None and _is_figure(values[hole])
        return Line(tuple(parts))

    # -- names, numbers, dates ---------------------------------------------------------------------------------------

    def name(self, text: Text) -> str:
        """Give a name of the roadmap in this language."""
        return text.in_(self.lang)

    @property
    def english(self) -> str | None:
        """The lang attribute English words need on this page: none on an English one."""
        return None if self.lang == "en" else "en"

    def title(self, text: str, href: str | None = None, kind: str = "title") -> Part:
        """Give a title, a phrase or a name that stays in English, linked where it may be."""
        return Part(text, kind, href=href, lang=self.english)

    def bold(self, value: str | int) -> Part:
        """Give a name or a figure that stands out."""
        return Part(self.number(value) if isinstance(value, int) else value, "b")

    def number(self, value: int) -> str:
        """Write a whole number: 1,032."""
        return _decimal(value, self.locale)

    def ordinal(self, value: int) -> str:
        """Write a place in an order: 3rd, 3位."""
        forms = {
            "one": self.tc("ordinal", "%(n)sst", n=value),
            "two": self.tc("ordinal", "%(n)snd", n=value),
            "few": self.tc("ordinal", "%(n)srd", n=value),
        }
        return str(forms.get(self.locale.ordinal_form(value), self.tc("ordinal", "%(n)sth", n=value)))

    def date(self, day: dt.date) -> Part:
        """Write a date with its year: 5 Nov 2026."""
        return self._time(day, format_skeleton("yMMMd", day, locale=self.locale))

    def day(self, day: dt.date) -> Part:
        """Write a date whose year is known: 5 Nov."""
        return self._time(day, format_skeleton("MMMd", day, locale=self.locale))

    def moment(self, moment: dt.datetime) -> Part:
        """Write a moment in UTC: 5 Dec 2026, 06:00 UTC."""
        words = self.t("%(date)s, %(hour)s UTC", date=self.date(moment).text, hour=f"{moment:%H:%M}")
        return Part(_tight(str(words)), "time", when=iso(moment))

    def month(self, month: str) -> str:
        """Write a month with its year: October 2026."""
        return str(format_skeleton("yMMMM", first_day(month), locale=self.locale))

    def months(self, first: str, last: str) -> str:
        """Write a span of months with its year: March–June 2026."""
        if first == last:
            return self.month(first)
        return str(format_interval(first_day(first), first_day(last), "yMMMM", locale=self.locale))

    def month_name(self, month: str) -> str:
        """Write a month alone: October."""
        return str(format_date(first_day(month), "LLLL", locale=self.locale))

    def duration(self, minutes: int) -> str:
        """Write a reading time: 43 min, 7 h 43 min."""
        hours, rest = divmod(minutes, 60)
        if not hours:
            return _tight(str(self.t("%(minutes)s min", minutes=rest)))
        if not rest:
            return _tight(str(self.t("%(hours)s h", hours=hours)))
        return _tight(str(self.t("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)))

    @staticmethod
    def _time(day: dt.date, words: str) -> Part:
        when = f"{day.year:04d}-{day.month:02d}-{day.day:02d}"
        return Part(_tight(words), "time", when=when)


@lru_cache(maxsize=4096)
def _decimal(value: int, locale: Locale) -> str:
    return str(format_decimal(value, locale=locale))


@lru_cache(maxsize=4096)
def _holes(template: str) -> tuple[tuple[str, str | None], ...]:
    """Take a message apart: words and the hole after them, the last without one; %% stands for itself."""
    pieces, words, position = list[tuple[str, str | None]](), "", 0
    for hole in _HOLE.finditer(template):
        words += template[position : hole.start()]
        position = hole.end()
        if hole[1] is None:
            words += "%"
        else:
            pieces.append((words, hole[1]))
            words = ""
    return (*pieces, (words + template[position:], None))


def _counted(figure: Part, words: Part) -> bool:
    return figure.text[-1:].isdigit() and words == Part(words.text)


def _is_figure(value: Value) -> bool:
    return isinstance(value, int) or (isinstance(value, Part) and value.kind == "b" and value.text[-1:].isdigit())


@cache
def voice(lang: str) -> Voice:
    """Give the voice of a language; one for each, made once."""
    return Voice(lang)


def _tight(text: str) -> str:
    """Keep a date, a name or a number with its unit on one line."""
    return text.replace(" ", NBSP)
