"""Japanese queries said in English, term by term, by the roadmap's names and the glossary (pure).

Terms are found by longest match from the left, as the first Japanese word segmenters did: without grammar and without
weights, so that anyone can see from the data file why a query was read as it was. What no term covers is named.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from roadmap.model import Roadmap

_RUN = re.compile(r"[\u3005-\u3007\u3041-\u3096\u30a1-\u30fc\u3400-\u9fff]+")  # kana, kanji and the signs inside words
_LONG = "\u30fc"
_FINAL_LONG = re.compile(r"(?<=[\u30a1-\u30fa])\u30fc(?![\u30a1-\u30fc])")
# What only joins words, or says that a paper or a method is looked for.
_JOINING = (
    "の を に は が と で へ も や か な から まで より など する した して される された による によって における "
    "に対する に関する についての について ための ため として という を用いた を使った に基づく ベース 研究 論文 "
    "手法の 向け 上 型 的 的な 等 及び および または とは どう 方法 最新 最近"
)
JOINING = frozenset(_JOINING.split())
Terms = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a query was read: the English for all of it, the terms translated, and what was not understood."""

    english: str
    terms: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def is_japanese(text: str) -> bool:
    """Tell whether a text holds Japanese words."""
    return _RUN.search(_plain(text)) is not None


def terms_of(roadmap: Roadmap) -> dict[str, str]:
    """Gather what the curriculum knows in both languages: glossary, then topics, stages and labs by name, which win."""
    named = [
        *((stage.name.ja, stage.name.en) for stage in roadmap.stages),
        *((topic.name.ja, topic.name.en) for topic in roadmap.topics.values()),
        *((lab.name.ja, lab.name.en) for lab in roadmap.labs.values()),
    ]
    glossary = [(term.ja, term.en[0]) for term in roadmap.glossary]
    return {_plain(ja): en for ja, en in [*glossary, *named] if is_japanese(ja)}


def read(query: str, terms: Terms) -> Reading:
    """Read a query: as a whole where it is a name, else Japanese runs term by term and the rest as it stands."""
    plain = _plain(query)
    if whole := terms.get(plain):
        return Reading(whole, ((plain, whole),), ())
    english: list[str] = []
    found: list[tuple[str, str]] = []
    unknown: list[str] = []
    end = 0
    for run in _RUN.finditer(plain):
        english.append(plain[end : run.start()])
        end = run.end()
        for word, meaning in _pieces(run.group(), terms):
            if meaning is None:
                unknown.append(word)
            elif meaning:
                found.append((word, meaning))
                english.append(meaning)
    english.append(plain[end:])
    said = " ".join(" ".join(english).split())
    return Reading(said, tuple(dict.fromkeys(found)), tuple(dict.fromkeys(unknown)))


def _pieces(run: str, terms: Terms) -> Iterator[tuple[str, str | None]]:
    """Cut one run of Japanese: (word, English), English "" for what only joins and None for what is not known."""
    unknown = ""
    place = 0
    longest = _longest(terms)
    while place < len(run):
        word = _match(run, place, terms, longest)
        if word is None:
            unknown += run[place]
            place += 1
            continue
        if unknown:
            yield unknown, None
            unknown = ""
        yield word, terms.get(word, "")
        place += len(word)
        place += run.startswith(_LONG, place)  # ユーザー and ユーザ are one word
    if unknown:
        yield unknown, None


def _match(run: str, place: int, terms: Terms, longest: int) -> str | None:
    for length in range(min(longest, len(run) - place), 0, -1):
        word = run[place : place + length]
        if word in terms or word in JOINING:
            return word
    return None


def _longest(words: Iterable[str]) -> int:
    return max(map(len, [*words, *JOINING]))


def _plain(text: str) -> str:
    """Make two spellings of a word one: full width, a middle dot, a long vowel at the end of a katakana word."""
    plain = unicodedata.normalize("NFKC", text).replace("・", "")
    return _FINAL_LONG.sub("", plain)


def topics_named(reading: Reading, roadmap: Roadmap) -> Sequence[str]:
    """List the topics that a query named in so many words, by key: what is filed there can be listed instead."""
    said = {ja for ja, _ in reading.terms}
    return [key for key, topic in roadmap.topics.items() if {_plain(topic.name.ja), _plain(topic.short.ja)} & said]
