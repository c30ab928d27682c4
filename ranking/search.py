"""Hybrid search: what a query asks for, and two rankings, by words and by meaning, made one (pure).

Reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.ids import arxiv_ids_asked
from core.querywords import TITLE_WORDS, TITLES
from core.text import clean, fold
from ranking.called import named, undated
from ranking.glossary import Reading, Terms, is_japanese, read, topics_named
from roadmap.model import Lab, Roadmap

K = 60  # the paper's constant: how little the first places of one ranking count against being in both
DEPTH = 100  # places of each ranking that are looked at
BESIDE = 3  # papers of a lab that come first where other words stand beside its name
OF_A_LAB = 20  # papers of a lab that come first where its name is asked for
LONGEST = 2_000  # characters of a query that count
_AROUND = " <>()[]{}\"'`“”‘’「」『』【】.,;:!?、。…"  # what stands around a name that was copied out of a text
_DOI = re.compile(r"^(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)$", re.IGNORECASE)
_URL = re.compile(r"^https?://\S+$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]")
_POST = re.compile(r"^[a-z0-9-]+:[^\s/]\S*$")
_REPOSITORY = re.compile(
    r"^(https?://(?:www\.)?(?:github|gitlab)\.com/[^/\s]+/[^/\s?#]+?)(?:\.git)?(?:[/?#].*)?$", re.I
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a query may be the name of: an item's id, a DOI, addresses, a folded title; none is known to exist."""

    ids: tuple[str, ...] = ()
    doi: str | None = None
    urls: tuple[str, ...] = ()
    title: str = ""
    only: bool = False  # the query is an arXiv id, a DOI or an address, and no words


@dataclass(frozen=True, slots=True)
class Asked:
    """A query understood: what it may name, and the words looked for, in English."""

    text: str
    named: Named
    reading: Reading

    @property
    def words(self) -> str:
        """The words for both arms; none where the query is a name, or nothing of it was understood."""
        return "" if self.named.only else self.reading.english

    @property
    def arxiv_id(self) -> str | None:
        """The first arXiv id, where the query is nothing but ids; it need not be stored."""
        return self.named.ids[0] if self.named.only and self.named.ids else None


def understand(query: str, terms: Terms) -> Asked:
    """Read a query: a name of a paper in any of its forms, else words, the Japanese among them by the glossary."""
    text = clean(query[:LONGEST])
    name = _unwrapped(text)
    ids, rest = arxiv_ids_asked(name)
    reading = read(rest if ids else text, terms)
    return Asked(text, _named(text, name, ids, reading), reading)


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a person is told of how their Japanese was read."""

    english: str  # what is looked for; empty where nothing was understood
    terms: tuple[tuple[str, str], ...]  # (Japanese, English), as the glossary has them
    unknown: tuple[str, ...]  # words no term covers: they are not looked for
    topics: tuple[str, ...]  # keys of the road's topics that go by the name of a term

    @property
    def empty(self) -> bool:
        """Tell whether the Japanese only joins words, and no other word is there to be looked for."""
        return not (self.english or self.unknown)


def read_as(asked: Asked, roadmap: Roadmap) -> ReadAs | None:
    """Tell how Japanese was read; None where there was none to speak of, or the query is a name and was not read."""
    reading = asked.reading
    silent = reading.english and not (reading.terms or reading.unknown)
    if asked.named.only or silent or not is_japanese(asked.text):
        return None
    return ReadAs(reading.english, reading.terms, reading.unknown, tuple(topics_named(reading, roadmap)))


@dataclass(frozen=True, slots=True)
class LabAsked:
    """A lab that a query names, and the words beside its name; none where the name is all."""

    key: str
    beside: str = ""


def lab_asked(asked: Asked, roadmap: Roadmap) -> LabAsked | None:
    """Tell which lab a query names, alone or beside words; None where it names none, or is a paper's name."""
    if called := lab_called(asked, roadmap):
        return LabAsked(called)
    said = undated(asked.words)[0]
    names = [(name, lab.key) for lab in roadmap.labs.values() for name in _names(lab)]
    for name, key in sorted(names, key=lambda pair: (-len(pair[0]), pair)):
        rest = _without(name, said)
        if rest and fold(rest):
            return LabAsked(key, rest)
    return None


def lab_called(asked: Asked, roadmap: Roadmap) -> str | None:
    """Give the key of the lab that the query names and nothing else but a year; None where it names none.

    A word that was not understood is something else: DeepSeekの検閲 asks for more than the lab.
    """
    said = "" if asked.reading.unknown else asked.words
    wanted = {fold(said), fold(named(said).name)} - {""}
    return next((lab.key for lab in roadmap.labs.values() if wanted & _names(lab)), None)


def fuse(rankings: Sequence[Sequence[str]], k: int = K) -> list[tuple[str, float]]:
    """Join rankings of ids, each best first: (id, sum of 1 / (k + place)), best first, ties by id.

    What stands in two rankings goes before what stands equally high in one.
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, item_id in enumerate(dict.fromkeys(ranking), 1):
            scores[item_id] = scores.get(item_id, 0.0) + 1.0 / (k + place)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def joined(first: Sequence[str], rankings: Sequence[Sequence[str]], limit: int) -> list[str]:
    """Order what was found: the papers named, then the fused rankings; each id once, at most `limit`."""
    order = [*first, *(item_id for item_id, _ in fuse(rankings))]
    return list(dict.fromkeys(order))[:limit]


def half_remembered(terms: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    """List the papers whose title holds every word of a query, where these are few: what a title half remembered is.

    `titles` (id -> title) are in order of rank by words. Fusion alone would put what both arms know in the middle
    before such a paper: its vector is not near that of three words.
    """
    wanted = {part for term in terms for part in fold(term).split()}
    held = [item_id for item_id, title in titles.items() if wanted <= set(fold(title).split())]
    return held if len(wanted) >= TITLE_WORDS and len(held) <= TITLES else []


def _named(text: str, name: str, ids: Sequence[str], reading: Reading) -> Named:
    """Tell what a query is the name of: `name` is the `text` without the signs around it, `ids` are arXiv's within."""
    if ids and not (_WORD.search(reading.english) or reading.unknown):
        return Named(ids=tuple(ids), only=True)
    if match := _DOI.match(name):
        return Named(doi=match[1].lower(), only=True)
    forms = dict.fromkeys((text, name))  # an id or an address may hold a sign of full width itself
    if urls := [url for form in forms if _URL.match(form) for url in _addresses(form)]:
        return Named(ids=tuple(ids), urls=tuple(dict.fromkeys(urls)), only=True)
    return Named(ids=(*ids, *(form for form in forms if _POST.match(form))), title=fold(text))


def _names(lab: Lab) -> set[str]:
    return {fold(name) for name in (lab.key, lab.name.en, lab.name.ja, *lab.hf_names, *lab.affiliations)}


def _without(name: str, text: str) -> str | None:
    """Take a name out of a text as a whole word or words, in small or capital letters; None where it has none."""
    whole = re.compile(r"(?<![\w-])" + r"[\W_]+".join(map(re.escape, name.split())) + r"(?:['’]s)?(?![\w-])", re.I)
    rest, count = whole.subn(" ", text)
    return rest.strip() if count else None


def _unwrapped(text: str) -> str:
    """Take away the signs around a name, but not the bracket that closes one within it; full width becomes plain."""
    name = unicodedata.normalize("NFKC", text).strip(_AROUND)
    return f"{name})" if name.count("(") > name.count(")") else name


def _addresses(url: str) -> tuple[str, ...]:
    """List the forms in which an address may be stored: http or https, www or not, a final slash, the repository."""
    repository = _REPOSITORY.match(url)
    forms = [url.split("#")[0], *([repository[1]] if repository else [])]
    bare = [_bare(form) for form in forms]
    starts = ("https://", "http://", "https://www.")
    return tuple(dict.fromkeys(f"{start}{one}{end}" for one in bare for start in starts for end in ("", "/")))


def _bare(url: str) -> str:
    host, slash, path = url.partition("://")[2].rstrip("/").partition("/")
    return f"{host.lower().removeprefix('www.')}{slash}{path}"
