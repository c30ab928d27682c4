"""Which lab an item comes from, with the evidence that says so (pure). Unknown beats wrong.

A model's name in a title is no evidence: most papers that name a model are about it, not from its makers. Where nothing
else speaks, the people who sign may (ranking/affinity.py), never one of them alone and never against what the submitter
said on Hugging Face.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from core.text import fold
from ranking.affinity import Affinity, years
from roadmap.model import Lab

# How often each kind of evidence is right, as measured on public labels (docs/ranking.md); the rest is doubt.
TRUST = {
    "author": 0.98,  # a collective author name such as "DeepSeek-AI"
    "affiliation": 0.95,
    "pwc": 0.9,
    "hf-organization": 0.88,  # a submitter's claim
    "domain": 0.85,
    "repository": 0.85,
    "feed": 0.8,  # linked from the lab's own feed
}
AFFINITY = "affinity"  # its trust is what the authors' histories say, paper by paper
CERTAIN_ENOUGH = 0.5  # below this a lab is not named
_SHELVES = frozenset(("datasets", "spaces", "collections"))  # of huggingface.co: the account stands behind them
# Begun at no later letter of a name: a long text without spaces would be read as often as it has letters.
_LINK = re.compile(r"(?<![\w.-])(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/?[\w.\-/%]*", re.IGNORECASE)
# What stands before an address that authors give as their own; one behind what they use or test is another's.
_GIVEN = re.compile(
    r"\b(?:codes?|codebase|implementations?|available|accessible|releas(?:e|ed|es|ing)|open-?sourced?|publicly"
    r"|(?:project|web|home) ?(?:page|site)|page|demo|repository|blog|found at|hosted|visit|download\w*)\b",
    re.IGNORECASE,
)
_NEAR = 100  # characters in which such words are looked for
# Somebody who has left a lab, or whom it only pays, is not of it. Words of folded text, before and behind its name.
_NOT_OF = (
    r"(?:former|formerly|ex|previously|(?:funded|supported|sponsored) by|support (?:of|from|by))"
    r" (?:(?!now |currently )\w+ ){0,4}?"
)
_NOT_ITS = r"(?: \w+){0,4}? (?:fellows?|fellowships?|scholars?|scholarships?|grants?|alumn\w+|access program\w*)"


@dataclass(frozen=True, slots=True)
class LabFacts:
    """What is known of an item that may speak for a lab; every part may be empty."""

    authors: tuple[tuple[str, str | None], ...] = ()  # (name, affiliation)
    organization: str | None = None  # Hugging Face handle or name
    organizations: tuple[str, ...] = ()  # Papers with Code
    repositories: tuple[str, ...] = ()
    project_url: str | None = None
    links: tuple[str, ...] = ()  # addresses that the text gives as the paper's own: a repository or a page
    claims: tuple[tuple[str, str, str], ...] = ()  # (lab, kind, detail) from the lab's feed
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """A lab, how surely, and the evidence, strongest first as (kind, detail)."""

    lab: str
    confidence: float
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Proof:
    """One piece of evidence and how often its like is right."""

    kind: str
    detail: str
    trust: float


@dataclass(frozen=True, slots=True)
class _Signs:
    """A lab's names as they are looked for: folded, in sets, phrases as one pattern."""

    authors: frozenset[str]
    affiliations: re.Pattern[str] | None
    not_affiliations: re.Pattern[str] | None
    outside: re.Pattern[str] | None
    organizations: frozenset[str]
    pwc: frozenset[str]
    github: frozenset[str]
    hubs: frozenset[str]
    domains: tuple[str, ...]


_Place = tuple[str, str, str]  # address, host, owner


@dataclass(frozen=True, slots=True)
class _Plain:
    """What of an item's facts is looked at for every lab, made comparable once."""

    names: dict[str, str]  # folded author name -> as written
    affiliations: tuple[tuple[str, str], ...]  # folded between spaces, as written
    places: tuple[_Place, ...]
    links: tuple[_Place, ...]


def _plain(facts: LabFacts) -> _Plain:
    return _Plain(
        {fold(name): name for name, _ in facts.authors},
        tuple((f" {fold(where)} ", where) for _, where in facts.authors if where),
        tuple((url, *_host_and_owner(url)) for url in facts.repositories),
        tuple((url, *_host_and_owner(url)) for url in facts.links),
    )


def attribute(facts: LabFacts, labs: Mapping[str, Lab], people: Affinity | None = None) -> tuple[Attribution, ...]:
    """Name the labs an item comes from, most certain first; nothing where the evidence does not carry it.

    `people` is what is known of who publishes with which lab; without it authors are no evidence.
    """
    plain = _plain(facts)
    month = facts.day.isoformat()[:7] if facts.day else ""
    proofs = {lab.key: _evidence(facts, lab, plain) for lab in labs.values() if not _before(month, lab)}
    weaker = [*_by_links(plain, labs), *_by_people(facts, labs, people)]
    for key, proof in weaker:  # neither speaks against what the submitter said
        if key in proofs and (proofs[key] or not facts.organization):
            proofs[key].append(proof)
    sure = [_weigh(key, found) for key, found in proofs.items() if found]
    return tuple(sorted((a for a in sure if a.confidence >= CERTAIN_ENOUGH), key=lambda a: (-a.confidence, a.lab)))


def links_in(*texts: str | None) -> tuple[str, ...]:
    """Find the addresses that texts give as their authors' own, without the full stop that ends their sentence."""
    return tuple(dict.fromkeys(link for text in texts if text for link in _links(text)))


def _links(text: str) -> Iterator[str]:
    for match in (match for match in _LINK.finditer(text) if "/" in match[0]):
        before = text[max(0, match.start() - _NEAR) : match.start()]
        said = re.split(r"[.!?;]\s", before)[-1].strip()
        if said.endswith("\\href{"):  # LaTeX has the words behind the address
            said += text[match.end() : match.end() + _NEAR]
        if not said or _GIVEN.search(said):
            yield match[0].rstrip("./")


def _weigh(key: str, proofs: Iterable[_Proof]) -> Attribution:
    """Join independent evidence: each further kind leaves only its own doubt of the doubt that was left."""
    ordered = sorted(set(proofs), key=lambda p: (-p.trust, p.kind, p.detail))
    doubt = 1.0
    for trust in {p.kind: p.trust for p in ordered}.values():
        doubt *= 1 - trust
    return Attribution(key, round(1 - doubt, 4), tuple((p.kind, p.detail) for p in ordered))


def _before(month: str, lab: Lab) -> bool:
    """Tell whether an item is older than the lab and all that it grew from: then only the name is shared."""
    return bool(month and lab.since and month < lab.since)


def _by_links(plain: _Plain, labs: Mapping[str, Lab]) -> Iterator[tuple[str, _Proof]]:
    for key, lab in labs.items():
        for kind, detail in _by_place(None, plain.links, _signs(lab)):
            yield key, _Proof(kind, detail, TRUST[kind])


def _by_people(facts: LabFacts, labs: Mapping[str, Lab], people: Affinity | None) -> Iterator[tuple[str, _Proof]]:
    """Ask who signs; a lab's collective name among them is no person, and speaks for itself."""
    if facts.day is None or people is None:
        return
    groups = frozenset().union(*(_signs(lab).authors for lab in labs.values()))
    found = people.of((name for name, _ in facts.authors if fold(name) not in groups), years(facts.day))
    yield from ((lab, _Proof(AFFINITY, ", ".join(names), sure)) for lab, (sure, names) in found.items())


@lru_cache(maxsize=256)
def _signs(lab: Lab) -> _Signs:
    return _Signs(
        authors=frozenset(map(fold, lab.authors)),
        affiliations=_any_of(lab.affiliations),
        not_affiliations=_any_of(lab.not_affiliations),
        outside=_outside(lab.affiliations),
        organizations=frozenset(map(fold, (*lab.hf, *lab.hf_names))),
        pwc=frozenset(map(fold, lab.pwc)),
        github=frozenset(map(str.casefold, lab.github)),
        hubs=frozenset(map(str.casefold, lab.hf)),
        domains=(*lab.domains, *(f"{account.casefold()}.github.io" for account in lab.github)),
    )


def _any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Make one pattern of phrases, to be looked for in folded text between spaces."""
    either = _either(phrases)
    return re.compile(rf" (?:{either}) ") if either else None


def _outside(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Make the pattern of people who are not of the lab that their affiliation names."""
    either = _either(phrases)
    return re.compile(rf" {_NOT_OF}(?:{either}) | (?:{either}){_NOT_ITS} ") if either else None


def _either(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(fold(phrase)) for phrase in phrases)


def _evidence(facts: LabFacts, lab: Lab, plain: _Plain) -> list[_Proof]:
    signs = _signs(lab)
    found = [
        *_by_authors(plain, signs),
        *_by_organization(facts, signs),
        *_by_place(facts.project_url, plain.places, signs),
        *((kind, detail) for key, kind, detail in facts.claims if key == lab.key and kind in TRUST),
    ]
    return [_Proof(kind, detail, TRUST[kind]) for kind, detail in found]


def _by_authors(plain: _Plain, signs: _Signs) -> Iterator[tuple[str, str]]:
    """Look for collective names and for affiliations; a near miss in the same string vetoes an affiliation."""
    yield from (("author", plain.names[name]) for name in signs.authors & plain.names.keys())
    for folded, where in plain.affiliations:
        vetoes = (signs.not_affiliations, signs.outside)
        vetoed = any(veto is not None and veto.search(folded) for veto in vetoes)
        if signs.affiliations and signs.affiliations.search(folded) and not vetoed:
            yield "affiliation", where


def _by_organization(facts: LabFacts, signs: _Signs) -> Iterator[tuple[str, str]]:
    if facts.organization and fold(facts.organization) in signs.organizations:
        yield "hf-organization", facts.organization
    yield from (("pwc", name) for name in facts.organizations if fold(name) in signs.pwc)


def _by_place(page: str | None, places: Iterable[_Place], signs: _Signs) -> Iterator[tuple[str, str]]:
    """Look at who owns a repository and whose page an address is."""
    for url, host, owner in places:
        if (host == "github.com" and owner in signs.github) or (host == "huggingface.co" and owner in signs.hubs):
            yield "repository", url
        if _is_own(host, signs.domains):
            yield "domain", url
    if page and _is_own(_host_and_owner(page)[0], signs.domains):
        yield "domain", page


def _is_own(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith("." + domain) for domain in domains)


@lru_cache(maxsize=4096)
def _host_and_owner(url: str) -> tuple[str, str]:
    """Give the host of an address and the account that its path names first, past the hub's own shelves."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
    except ValueError:
        return "", ""
    host = (parts.hostname or "").removeprefix("www.")
    path = [part for part in parts.path.split("/") if part and not (host == "huggingface.co" and part in _SHELVES)]
    return host, path[0].casefold() if path else ""
