"""Turns the reasons of ranking into words: a label and a sentence for each, and a shorter form for lists."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from textwrap import shorten
from typing import Any

from core.scores import REASON_ORDER, Reason
from digest.links import Links
from digest.model import Digest, Entry, WorkRef
from digest.words import Line, Part, Value, Voice, voice, web
from roadmap.model import Roadmap, Text

MOST = 4  # reasons printed for an entry
LIKE = 5  # the best so many in a hundred, whose likeness to editors' choice is always told
LONGEST = 72  # characters quoted of an affiliation, which may be a whole address
FILE = Links()


@dataclass(frozen=True, slots=True)
class Names:
    """The names that keys in reasons stand for; a key without a name is printed as it is, but for that of a work."""

    topics: Mapping[str, Text] = field(default_factory=dict)
    labs: Mapping[str, Text] = field(default_factory=dict)
    works: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # title, URL


def names_of(roadmap: Roadmap) -> Names:
    """Take the names from the curriculum."""
    return Names(
        {key: topic.name for key, topic in roadmap.topics.items()},
        {key: lab.name for key, lab in roadmap.labs.items()},
        {work.key: (work.title, work.url) for work in roadmap.canon},
    )


def names_in(digest: Digest, beyond: Iterable[Entry] = ()) -> Names:
    """Take the names from a digest itself, so that a stored issue never changes with the curriculum.

    `beyond` are entries that stand in no issue, and may be printed all the same: those of a mail of somebody's own.
    """
    entries = (*digest.entries.values(), *beyond)
    topics = {topic.key: topic.name for entry in entries for topic in entry.topics}
    topics |= {topic.key: topic.name for stage in digest.stages for topic in stage.topics}
    labs = {lab.key: lab.name for entry in entries for lab in entry.labs}
    labs |= {lab.key: lab.name for lab in digest.labs}
    return Names(topics, labs, {work.key: (work.title, work.url) for work in _works(digest, entries)})


def _works(digest: Digest, entries: Iterable[Entry]) -> Iterator[WorkRef]:
    found = (*(stage.read_first for stage in digest.stages), *(entry.read_first for entry in entries))
    yield from (work for work in found if work)


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in words: `label` names its kind, `line` is the sentence."""

    label: str
    line: Line

    def __str__(self) -> str:
        return f"{self.label}: {self.line}"


def say(reason: Reason, lang: str, roadmap: Roadmap | Names, links: Links = FILE) -> Said:
    """Say one reason in full; KeyError for a kind that has no words (core.scores.REASON_ORDER lists all)."""
    teller = _Teller(voice(lang), names_of(roadmap) if isinstance(roadmap, Roadmap) else roadmap, links)
    return teller.full(reason)


def say_all(reasons: Iterable[Reason], lang: str, names: Names, links: Links = FILE) -> list[Said]:
    """Say the reasons of an entry in the order people see them, at most four."""
    teller = _Teller(voice(lang), names, links)
    return [teller.full(reason) for reason in _sayable(reasons, names)[:MOST]]


def brief(reasons: Iterable[Reason], lang: str, names: Names, most: int = 2, *, beside: bool = True) -> Line:
    """Say the facts of a list line: the reader's own word, lab, readers, code, newness; "" where nothing is known.

    Else it is the work it is close to, the editors, or words that are quoted. `beside` tells whether the line names the
    topic already, which is then said only with words that earned it.
    """
    speaker = voice(lang)
    known = {reason.kind: reason for reason in reversed(_sayable(reasons, names))}
    facts = [kind for kind in ("you", "lab", "readers", "code", "new") if kind in known]
    topic = known["topic"].facts if "topic" in known else {}
    if beside and not topic.get("phrase") and not topic.get("repeats"):
        known.pop("topic", None)  # the line would name it twice
    chosen = facts[:most] or [kind for kind in ("builds-on", "editors", "topic") if kind in known][:1]
    teller = _Teller(speaker, names, FILE, beside=beside)
    return _capital(speaker.join((teller.short(known[kind]) for kind in chosen), "clauses"))


def in_order(reasons: Iterable[Reason]) -> list[Reason]:
    """Sort reasons as look.md lists them; a kind without words, from a newer version, is passed over.

    So are upvotes in the lower half of the month's: nobody chooses a paper for being the 391st of 502.
    """
    known = [reason for reason in reasons if reason.kind in REASON_ORDER and not _unnoticed(reason)]
    return sorted(known, key=lambda reason: REASON_ORDER.index(reason.kind))


def _sayable(reasons: Iterable[Reason], names: Names) -> list[Reason]:
    """Leave out a work that has left the reading list since, whose key tells nothing, and likeness that says little.

    Likeness beyond the best is told where a reader would else learn nothing that is not on the page already.
    """
    known = [r for r in in_order(reasons) if r.kind != "builds-on" or str(r.facts.get("work")) in names.works]
    alone = not any(r.facts.get("phrase") if r.kind == "topic" else r.kind != "editors" for r in known)
    return [r for r in known if alone or r.kind != "editors" or not _usual(r)]


def _usual(liked: Reason) -> bool:
    share = liked.facts.get("share")
    return isinstance(share, int) and share > LIKE


def for_topic(reasons: Iterable[Reason], topic: str, why: Mapping[str, Any]) -> tuple[Reason, ...]:
    """Let reasons speak of one topic in place of the best one, by `why` as it is stored (db.models.TopicScore)."""
    facts = {"topic": topic, "phrase": why.get("phrase"), "title_only": why.get("title_only", False)}
    return tuple(Reason("topic", facts, one.share) if one.kind == "topic" else one for one in reasons)


def _unnoticed(reason: Reason) -> bool:
    place, of = reason.facts.get("place"), reason.facts.get("of")
    return reason.kind == "readers" and isinstance(place, int) and isinstance(of, int) and place > of / 2


def evidence(kind: str, detail: str, speaker: Voice) -> Line:
    """Say by which evidence an item is attributed to a lab; an unknown kind is printed as it is."""
    fixed: dict[str, Callable[[], Line]] = {
        "pwc": lambda: speaker.t("listed under the lab on Papers with Code"),
        "hf-organization": lambda: speaker.t("submitted under the lab’s Hugging Face organisation"),
        "repository": lambda: _account(detail, speaker),
        "domain": lambda: speaker.t("project page on the lab’s domain"),
        "feed": lambda: speaker.t("linked from the lab’s feed"),
        "affinity": lambda: speaker.t("people who publish with the lab"),
    }
    if kind == "affiliation":
        named = speaker.title(shorten(detail, LONGEST, placeholder=" …"), kind="")
        return speaker.t("affiliation “%(name)s”", name=named) if detail else Line()
    if kind == "author":
        return speaker.t("collective author name “%(name)s”", name=speaker.title(detail, kind=""))
    return fixed[kind]() if kind in fixed else Line((Part(detail or kind),))


def _account(url: str, speaker: Voice) -> Line:
    """Say where a lab keeps what speaks for it: code, or models and data."""
    if "huggingface.co/" in url:
        return speaker.t("published in the lab’s account on Hugging Face")
    return speaker.t("published in the lab’s account on GitHub")


class _Teller:
    """Finds the words of a reason by its kind."""

    def __init__(self, speaker: Voice, names: Names, links: Links, *, beside: bool = False) -> None:
        self.v, self.names, self.links, self.beside = speaker, names, links, beside

    def full(self, reason: Reason) -> Said:
        v, facts = self.v, reason.facts
        kinds: dict[str, tuple[Line, Callable[[dict[str, Any]], Line]]] = {
            "you": (v.tc("reason", "You"), self._you),
            "topic": (v.tc("reason", "Topic"), self._topic),
            "new": (v.tc("reason", "New"), self._new),
            "lab": (v.tc("reason", "Lab"), self._lab),
            "readers": (v.tc("reason", "Readers"), self._readers),
            "code": (v.tc("reason", "Code"), self._code),
            "editors": (v.tc("reason", "Editors"), self._editors),
            "builds-on": (v.tc("reason", "Close to"), self._builds_on),
        }
        label, words = kinds[reason.kind]
        return Said(str(label), _capital(words(dict(facts))))

    def short(self, reason: Reason) -> Line:
        v, facts = self.v, reason.facts
        if reason.kind == "readers":
            return self._readers_short(dict(facts))
        if reason.kind == "code":
            return self._code_short(dict(facts))
        if reason.kind == "topic" and facts.get("repeats"):
            return v.t("as its title says") if self.beside else _flatten(self._topic({**facts, "phrase": None}))
        if reason.kind == "topic" and facts.get("phrase"):
            return v.line(v.title(_quote(facts), kind="q"))
        if reason.kind == "builds-on":
            return v.t("close to %(work)s of the reading list", work=self._work(facts.get("work"), linked=False))
        return _flatten(self.full(reason).line)

    def _you(self, facts: dict[str, Any]) -> Line:
        """Say which answer of the reader's moved it; the words they answered with are those of the mail's links."""
        verb = {"more": self.v.t("More like this"), "less": self.v.t("Less like this")}[str(facts["verb"])]
        if facts.get("itself"):
            return self.v.t("You marked it “%(verb)s”", verb=verb)
        title = self.v.title(str(facts["title"]), href=self.links.paper(str(facts["item"])))
        return self.v.t("Close to %(title)s, which you marked “%(verb)s”", title=title, verb=verb)

    def _topic(self, facts: dict[str, Any]) -> Line:
        key, phrase = str(facts["topic"]), facts.get("phrase")
        name = self.names.topics.get(key)
        values: dict[str, Value] = {"topic": self.v.bold(self.v.name(name) if name else key)}
        if phrase:
            values["phrase"] = self.v.title(_quote(facts), kind="q")
        if facts.get("title_only") and phrase:
            return self.v.t("Close to %(topic)s, by the title alone: %(phrase)s", **values)
        if facts.get("title_only"):
            return self.v.t("Close to %(topic)s, by the title alone", **values)
        if phrase:
            return self.v.t("Close to %(topic)s: %(phrase)s", **values)
        return self.v.t("Close to %(topic)s", **values)

    def _new(self, facts: dict[str, Any]) -> Line:
        if since := _day(facts.get("code_since")):
            return self.v.t("Code since %(date)s, after the paper", date=self.v.day(since))
        months = facts.get("months", 12)
        return self.v.n(
            "Nothing close to it in the past month", "Nothing close to it in the past %(n)s months", int(months)
        )

    def _lab(self, facts: dict[str, Any]) -> Line:
        key, detail = str(facts["lab"]), str(facts.get("detail") or "")
        name = self.names.labs.get(key)
        lab = Part(self.v.name(name) if name else key, "b", lang=self.v.english)
        proof = evidence(str(facts.get("evidence") or ""), detail, self.v)
        return self.v.t("%(lab)s: %(evidence)s", lab=lab, evidence=proof) if proof else self.v.line(lab)

    def _readers(self, facts: dict[str, Any]) -> Line:
        votes, place, of, day = int(facts["votes"]), facts.get("place"), facts.get("of"), _day(facts.get("date"))
        values: dict[str, Value] = {"votes": self.v.bold(votes)}
        if day:
            values["date"] = self.v.day(day)
        if place and of:
            values |= {"place": self.v.ordinal(int(place)), "of": int(of)}
        if place and of and day:
            return self.v.n(
                "%(votes)s upvote on Daily Papers by %(date)s, %(place)s of %(of)s",
                "%(votes)s upvotes on Daily Papers by %(date)s, %(place)s of %(of)s",
                votes,
                **values,
            )
        if day:
            return self.v.n(
                "%(votes)s upvote on Daily Papers by %(date)s",
                "%(votes)s upvotes on Daily Papers by %(date)s",
                votes,
                **values,
            )
        return self.v.n("%(votes)s upvote on Daily Papers", "%(votes)s upvotes on Daily Papers", votes, **values)

    def _readers_short(self, facts: dict[str, Any]) -> Line:
        votes, place = int(facts["votes"]), facts.get("place")
        if not place:
            return self.v.n("%(n)s upvote", "%(n)s upvotes", votes)
        words = self.v.ordinal(int(place))
        if month := facts.get("month"):
            named = self.v.month(str(month))
            return self.v.n(
                "%(n)s upvote, %(place)s of %(month)s", "%(n)s upvotes, %(place)s of %(month)s",
                votes, place=words, month=named,
            )  # fmt: skip
        return self.v.n(
            "%(n)s upvote, %(place)s of the month", "%(n)s upvotes, %(place)s of the month", votes, place=words
        )

    def _code(self, facts: dict[str, Any]) -> Line:
        official, stars, day = facts.get("official"), facts.get("stars"), _day(facts.get("date"))
        whose = (
            self.v.tc("code", "Official") if official else self.v.tc("code", "Linked, not known whether by the authors")
        )
        if stars is None:
            return whose
        values: dict[str, Value] = {"whose": whose, "stars": self.v.bold(int(stars))}
        if not day:
            return self.v.n("%(whose)s, %(stars)s star", "%(whose)s, %(stars)s stars", int(stars), **values)
        values["date"] = self.v.day(day)
        return self.v.n(
            "%(whose)s, %(stars)s star on %(date)s", "%(whose)s, %(stars)s stars on %(date)s", int(stars), **values
        )

    def _code_short(self, facts: dict[str, Any]) -> Line:
        official, stars = facts.get("official"), facts.get("stars")
        what = self.v.t("official code") if official else self.v.t("code")
        if stars is None:
            return what
        return self.v.n("%(code)s, %(n)s star", "%(code)s, %(n)s stars", int(stars), code=what)

    def _editors(self, facts: dict[str, Any]) -> Line:
        if share := facts.get("share"):
            return self.v.t("More like a newsletter’s picks than %(n)s%% of papers", n=100 - int(share))
        if day := _day(facts.get("date")):
            return self.v.t("Listed on Daily Papers on %(date)s", date=self.v.day(day))
        return self.v.t("Listed on Daily Papers")

    def _builds_on(self, facts: dict[str, Any]) -> Line:
        return self.v.t("%(work)s, of the reading list", work=self._work(facts.get("work")))

    def _work(self, key: object, *, linked: bool = True) -> Part:
        title, url = self.names.works.get(str(key), (str(key), ""))
        return self.v.title(title, href=web(url) if linked else None)


def _day(value: object) -> date | None:
    """Read a date out of a reason's facts, where dates are ISO strings."""
    if isinstance(value, date):
        return value
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


def _quote(facts: Mapping[str, Any]) -> str:
    """Give the words to quote, marked where they were cut, if that is known (digest.quotes)."""
    return str(facts.get("quote") or facts["phrase"])


def _flatten(line: Line) -> Line:
    return Line(tuple(Part(part.text, "" if part.kind == "b" else part.kind, lang=part.lang) for part in line.parts))


def _capital(line: Line) -> Line:
    """Begin a sentence with a capital, unless it begins with a name, a figure or a quotation."""
    if not line.parts or line.parts[0].kind or line.parts[0].lang:
        return line
    first = line.parts[0]
    return Line((Part(first.text[:1].upper() + first.text[1:], href=first.href), *line.parts[1:]))
