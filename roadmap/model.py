"""The values a curriculum is made of: frozen, complete, and checked by roadmap.load before anyone sees them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """The same statement written in English and in Japanese."""

    en: str
    ja: str

    def in_(self, lang: str) -> str:
        """Give the text in a language; English is the fallback, so that no page stays blank."""
        return self.ja if lang.partition("-")[0].lower() == "ja" else self.en


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the roadmap and the topics studied in it, in order."""

    number: int
    key: str
    name: Text
    description: Text
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that speak for a topic when found in a title or abstract; weight 1.0 nearly proves it."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Topic:
    """One heading papers are filed under, with what ranking needs to tell it from its neighbours."""

    key: str
    stage: int
    name: Text
    short: Text
    description: Text
    queries: tuple[str, ...]
    queries_ja: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    near_misses: tuple[str, ...]
    neighbours: tuple[str, ...]
    prerequisites: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lab:
    """One lab to watch and the evidence by which a paper is known to be from it."""

    key: str
    name: Text
    homepage: str
    feed: str | None
    github: tuple[str, ...]
    hf: tuple[str, ...]
    hf_names: tuple[str, ...]
    pwc: tuple[str, ...]
    domains: tuple[str, ...]
    authors: tuple[str, ...]
    affiliations: tuple[str, ...]
    not_affiliations: tuple[str, ...]
    since: str | None


@dataclass(frozen=True, slots=True)
class Work:
    """One entry of the reading list: what to read, why, and how long a first pass takes."""

    key: str
    arxiv_id: str | None
    url: str
    title: str
    authors: tuple[str, ...]
    others: bool  # whether more people wrote it than are named
    year: int
    stage: int
    topic: str
    why: Text
    minutes: int
    prerequisites: tuple[str, ...]
    checked: str
    names: tuple[str, ...] = ()  # what other texts call it by: LoRA, speculative decoding


@dataclass(frozen=True, slots=True)
class Term:
    """A Japanese word of the field and what English papers call it, the usual name first.

    Where a query holds any of the signs `beside`, the second name is meant.
    """

    ja: str
    en: tuple[str, ...]
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roadmap:
    """A whole curriculum; topics and works come in study order."""

    stages: tuple[Stage, ...]
    topics: dict[str, Topic] = field(default_factory=dict)
    labs: dict[str, Lab] = field(default_factory=dict)
    canon: tuple[Work, ...] = ()
    applied: tuple[Phrase, ...] = ()  # words of fields a method may merely be applied to
    glossary: tuple[Term, ...] = ()  # for queries in Japanese

    def stage(self, number: int) -> Stage:
        """Give the stage with this number; KeyError when the curriculum has none."""
        for stage in self.stages:
            if stage.number == number:
                return stage
        raise KeyError(number)

    def topics_of(self, number: int) -> tuple[Topic, ...]:
        """Give the topics of a stage in the order they are studied."""
        return tuple(self.topics[key] for key in self.stage(number).topics)

    def canon_of(self, number: int) -> tuple[Work, ...]:
        """Give the reading list of a stage in the order it is read."""
        return tuple(work for work in self.canon if work.stage == number)
