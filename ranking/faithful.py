"""Tells whether a text that a machine wrote about a paper may stand under its title (pure).

A machine invents, and it obeys what it reads. So nothing is shown that is not plain English prose about this very
paper: no address, no markup, nobody spoken to, no number and no name that title and abstract do not have. This cannot
tell whether a sentence turns the meaning round; where in doubt the text is refused, since the authors' own sentences
are always there instead.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from core.text import clean
from ranking.summary import MAX_CHARS, sentences

MIN_CHARS = 40
MAX_SENTENCES = 2
SHARED = 0.6  # of the words that carry meaning, so many must be the paper's own
MIN_SHARED = 3
FUNCTION_WORDS = 0.15  # of all words: less is a list of terms, or another language
STEM = 6  # letters by which two forms of a word are one

_MARKUP = re.compile(r"[<>{}\[\]|`\\$#^~_]|&\w+;|\*")
_ADDRESS = re.compile(r"://|\bwww\b|@|\w\.[a-z]{2,}|\b\d+(?:\.\d+){3}\b|\bdoi\b|\barxiv\b|\bhttps?\b", re.IGNORECASE)
_ADDRESSED = re.compile(r"\b(?:[Yy]ou|[Yy]our|[Yy]ours|yourself|I|[Mm]e|[Mm]y|[Pp]lease|[Ss]orry)\b|[?!]")
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,40}\b(?:instructions?|prompts?|rules?|previous|above|prior)"
    r"\b|\bsystem prompt\b|\byou are (?:an?|now|the)\b|\byou (?:must|should|will|have to)\b"
    r"|\bas an? (?:ai|language model),"
    r"|\b(?:attention|note to|dear) (?:all )?(?:ai|llms?|language models?|reviewers?|assistants?|chatbots?)\s*[:,]"
    r"|\b(?:respond|reply|answer) (?:only )?with\b|\bdo not (?:mention|summari[sz]e|reveal)\b|\bpositive review\b"
    r"|<\|?(?:im_start|system|user|assistant)|\[/?inst\]|#{2,} ?(?:instruction|system)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# Words that send a reader somewhere; they may stand where the paper itself is about them.
_SENDING = frozenset(
    _WORD.findall("visit click subscribe download email mail send password login account buy order pay follow scan")
)
_NUMBER = re.compile(
    r"(?<![\w.])?(\d+(?:,\d{3})*(?:\.\d+)?)(?:\s?(%|percentage points?|percent|per cent|x\b|times\b|-?fold\b))?"
)
_UNITS = {"%": "%", "percent": "%", "per cent": "%", "x": "x", "times": "x", "fold": "x", "-fold": "x"}
_DIGITS = _WORD.findall("one two three four five six seven eight nine")
_TEENS = _WORD.findall("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
_TENS = _WORD.findall("twenty thirty forty fifty sixty seventy eighty ninety")
_COUNTS = dict(zip(_DIGITS + _TEENS + _TENS, (*range(1, 20), *range(20, 100, 10)), strict=True))
# A number in words. "One" alone is mostly none: "the one", "one of".
_COUNTED = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({'|'.join(_DIGITS)}))?|({'|'.join(_DIGITS[1:] + _TEENS)}|one(?= per ?cent)))"
    r"(?:\b|(?=fold\b))"
)
# What else says how much; any form of a word stands for any other.
_FORMS = (
    "double doubles doubled doubling",
    "triple triples tripled tripling",
    "quadruple quadruples quadrupled quadrupling",
    "half halves halve halved halving",
    "magnitude magnitudes",
    *_WORD.findall(
        "twice thrice quarter quarters tens dozen dozens hundred hundreds thousand thousands million millions billion"
        " billions trillion trillions manyfold severalfold hundredfold thousandfold millionfold"
    ),
)
_AMOUNTS = {form: forms for forms in _FORMS for form in _WORD.findall(forms)}
_NAME = re.compile(r"[^\W_][\w+.-]*[\w+]|[^\W_]")
_GRAMMAR = frozenset(
    _WORD.findall(
        "a all an and any are as at be by can each even for from has have in into is it its not of on only or our per"
        " than that the their these they this through to via was we were which while with without"
    )
)
# What every summary of a paper says, whatever the paper is about.
_COMMON = _GRAMMAR | frozenset(
    _WORD.findall(
        "paper papers author authors study work article method methods approach approaches result results show shows"
        " shown present presents propose proposes introduce introduces using used uses based over more most also across"
        " both when where such find finds found existing previous prior between within under"
    )
)
# How else a sentence of any summary may begin. Any other first word may be a name, and must be the paper's own.
_OPENERS = _COMMON.union(
    _AMOUNTS,
    _WORD.findall(
        "after against along alongside also although among because before besides beyond but compared conversely"
        " crucially despite due during either every few finally first fold following further furthermore given hence"
        " here how however if instead many meanwhile moreover most much nearly neither no notably once one other"
        " others overall rather second several similarly since so some specifically still surprisingly then there"
        " therefore third those though throughout thus together toward towards under unlike until upon what whether who"
        " additional additionally combined consequently current different empirical extensive human large modern"
        " multiple new recent small subsequently theoretical traditional typical various"
        " ablations analyses analysis code comparisons data developers evaluation evaluations evidence examples"
        " experiment experiments experimental experts findings humans key model models people performance"
        " practitioners research researchers scientists simulations studies systems tests theory training users"
        " applied applying building built combining comparing designed developed evaluated evaluating extending"
        " improving including inspired integrating leveraging motivated providing reducing replacing starting tested"
        " testing trained"
    ),
)
_START = re.compile(r"(?:^|\. )(?=\w)")
_LETTERS = re.compile(r"[^\W\d_]+")
_TEX = re.compile(r"\\times\b")
_TEX_SIGNS = re.compile(r"\\[a-zA-Z]+\s*|[$\\{}^_~]")


def gives_orders(text: str) -> bool:
    """Tell whether a text speaks to a machine that reads it: such an abstract is not handed to one."""
    return _ORDERS.search(unicodedata.normalize("NFKC", text)) is not None


@dataclass(frozen=True)
class Source:
    """What a paper says of itself, in the forms a text is held against."""

    title: str
    abstract: str

    @cached_property
    def plain(self) -> str:
        """Title and abstract without LaTeX, in small letters."""
        text = unicodedata.normalize("NFKC", f"{self.title}. {self.abstract}")
        return _TEX_SIGNS.sub("", _TEX.sub("x", text)).replace("×", "x").casefold()

    @cached_property
    def words(self) -> frozenset[str]:
        """All words."""
        return frozenset(_WORD.findall(self.plain)) | frozenset(_LETTERS.findall(self.plain))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The beginnings of all words."""
        return frozenset(word[:STEM] for word in self.words)

    @cached_property
    def names(self) -> frozenset[str]:
        """All that may be a name, whole and in the parts between hyphens."""
        found = _NAME.findall(self.plain)
        return frozenset(found) | frozenset(part for name in found for part in re.split(r"[-+]", name))

    @cached_property
    def numbers(self) -> frozenset[tuple[Decimal, str]]:
        """All numbers, each with its unit and without one; words such as "three" count."""
        found = _numbers(self.plain)
        return frozenset(found | {(value, "") for value, _ in found})

    @cached_property
    def amounts(self) -> frozenset[str]:
        """What else says how much: "doubles", "millions"."""
        return _amounts(self.plain)


def objection(text: str, source: Source) -> str | None:
    """Give the first reason why a text may not be shown, in words; None when there is none."""
    return next((reason for reason, is_so in _OBJECTIONS if is_so(text, source)), None)


def _odd_length(text: str, source: Source) -> bool:
    return not MIN_CHARS <= len(text) <= MAX_CHARS


def _unclean(text: str, source: Source) -> bool:
    return text != clean(text) or text != unicodedata.normalize("NFKC", text) or not text.isprintable()


def _no_sentences(text: str, source: Source) -> bool:
    parts = sentences(text)
    return not 1 <= len(parts) <= MAX_SENTENCES or not all(part.endswith(".") for part in parts)


def _other_language(text: str, source: Source) -> bool:
    """Tell whether a text is anything but English: by its letters, and by the small words no English goes without."""
    words = [word.casefold() for word in _WORD.findall(text)]
    strange = any(c.isalpha() and not c.isascii() and c.casefold() not in source.plain for c in text)
    return strange or not words or sum(word in _GRAMMAR for word in words) < FUNCTION_WORDS * len(words)


def _sends(text: str, source: Source) -> bool:
    return bool(_SENDING.intersection(_WORD.findall(text.casefold())) - source.words)


def _new_number(text: str, source: Source) -> bool:
    plain = text.replace("×", "x").casefold()
    return not _numbers(plain) <= source.numbers or not _amounts(plain) <= source.amounts


def _new_name(text: str, source: Source) -> bool:
    """Tell whether a text has a name of its own: a word with a capital or a digit in it that the paper never uses."""
    starts = {match.end() for match in _START.finditer(text)}
    named = [
        match.group().casefold()
        for match in _NAME.finditer(text)
        if re.search(r"[A-Z]", match.group()[match.start() in starts :])
        or re.search(r"\d[^\W\d]|[^\W\d]\S*\d", match[0])
    ]
    if any(name not in source.names and not set(re.split(r"[-+]", name)) <= source.names for name in named):
        return True
    return not all(_may_open(text, start, source) for start in starts)


def _may_open(text: str, start: int, source: Source) -> bool:
    """Tell whether a sentence may begin so: its capital says nothing, so the word must be the paper's own or common."""
    first = _NAME.match(text, start)
    words = _LETTERS.findall(_COUNTED.sub("", first.group().casefold())) if first else []
    return all(word in _OPENERS or word[:STEM] in source.stems for word in words)


def _other_subject(text: str, source: Source) -> bool:
    telling = {word for word in _WORD.findall(text.casefold()) if len(word) > 3 and word not in _COMMON}
    shared = [word for word in telling if word[:STEM] in source.stems]
    return len(shared) < MIN_SHARED or len(shared) < SHARED * len(telling)


def _numbers(plain: str) -> set[tuple[Decimal, str]]:
    """Read the numbers of a text in small letters, each with its unit: %, x, or none."""
    found = set()
    for figure, unit in _NUMBER.findall(_COUNTED.sub(_in_figures, plain)):
        named = "points" if unit.startswith("percentage") else _UNITS.get(unit, "")
        found.add((Decimal(figure.replace(",", "")).normalize(), named))
    return found


def _in_figures(counted: re.Match[str]) -> str:
    """Write a number of words in figures: "twenty-five" is 25."""
    return str(sum(_COUNTS[word] for word in counted.groups() if word))


def _amounts(plain: str) -> frozenset[str]:
    """Read what else says how much in a text in small letters, all forms of a word as one."""
    return frozenset(_AMOUNTS[word] for word in _LETTERS.findall(plain.replace("-fold", "fold")) if word in _AMOUNTS)


_OBJECTIONS: tuple[tuple[str, Callable[[str, Source], bool]], ...] = (
    ("too short or too long", _odd_length),
    ("letters that are not plain text", _unclean),
    ("markup", lambda text, source: _MARKUP.search(text) is not None),
    ("an address", lambda text, source: _ADDRESS.search(text) is not None),
    ("speaks to somebody", lambda text, source: _ADDRESSED.search(text) is not None),
    ("gives orders", lambda text, source: gives_orders(text)),
    ("not one or two whole sentences", _no_sentences),
    ("not in English", _other_language),
    ("sends the reader somewhere", _sends),
    ("a number that the abstract does not have", _new_number),
    ("a name that the abstract does not have", _new_name),
    ("not about this paper", _other_subject),
)
