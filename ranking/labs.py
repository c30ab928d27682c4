"""Which lab an item comes from, with the evidence that says so (pure). Unknown beats wrong.

A model's name in a title is no evidence: most papers that name a model are about it, not from its makers. Where nothing
else speaks, the people who sign may (ranking/affinity.py), never one of them alone and never against what the submitter
said on Hugging Face.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
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
_LINK = re.compile(r"(?:https?://)?(?:[\w-]+\.)+[a-z]{2,}/?[\w.\-/%]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LabFacts:
    """What is known of an item that may speak for a lab; every part may be empty."""

    authors: tuple[tuple[str, str | None], ...] = ()  # (name, affiliation)
    organization: str | None = None  # Hugging Face handle or name
    organizations: tuple[str, ...] = ()  # Papers with Code
    repositories: tuple[str, ...] = ()
    project_url: str | None = None
    links: tuple[str, ...] = ()  # addresses written in the abstract: a repository or a page
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


def attribute(facts: LabFacts, labs: Mapping[str, Lab], people: Affinity | None = None) -> tuple[Attribution, ...]:
    """Name the labs an item comes from, most certain first; nothing where the evidence does not carry it.

    `people` is what is known of who publishes with which lab; without it authors are no evidence.
    """
    proofs = {key: _evidence(facts, lab) for key, lab in labs.items() if not _before(facts.day, lab)}
    if people is not None:
        for key, proof in _by_people(facts, people).items():
            if key in proofs and (proofs[key] or not facts.organization):
                proofs[key].append(proof)
    sure = [_weigh(key, found) for key, found in proofs.items() if found]
    return tuple(sorted((a for a in sure if a.confidence >= CERTAIN_ENOUGH), key=lambda a: (-a.confidence, a.lab)))


def links_in(text: str | None) -> tuple[str, ...]:
    """Find the addresses written in a text, without the full stop that ends their sentence."""
    return tuple(dict.fromkeys(m[0].rstrip("./") for m in _LINK.finditer(text or "") if "/" in m[0]))


def _weigh(key: str, proofs: Iterable[_Proof]) -> Attribution:
    """Join independent evidence: each further kind leaves only its own doubt of the doubt that was left."""
    ordered = sorted(set(proofs), key=lambda p: (-p.trust, p.kind, p.detail))
    doubt = 1.0
    for trust in {p.kind: p.trust for p in ordered}.values():
        doubt *= 1 - trust
    return Attribution(key, round(1 - doubt, 4), tuple((p.kind, p.detail) for p in ordered))


def _before(day: date | None, lab: Lab) -> bool:
    """Tell whether an item is older than the lab and all that it grew from: then only the name is shared."""
    return bool(day and lab.since and f"{day:%Y-%m}" < lab.since)


def _by_people(facts: LabFacts, people: Affinity) -> dict[str, _Proof]:
    if facts.day is None:
        return {}
    found = people.of((name for name, _ in facts.authors), years(facts.day))
    return {lab: _Proof(AFFINITY, ", ".join(names), sure) for lab, (sure, names) in found.items()}


def _evidence(facts: LabFacts, lab: Lab) -> list[_Proof]:
    found = [
        *_by_authors(facts, lab),
        *_by_affiliation(facts, lab),
        *_by_organization(facts, lab),
        *_by_repository(facts, lab),
        *_by_domain(facts, lab),
        *((kind, detail) for key, kind, detail in facts.claims if key == lab.key and kind in TRUST),
    ]
    return [_Proof(kind, detail, TRUST[kind]) for kind, detail in found]


def _by_authors(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    collective = {fold(name) for name in lab.authors}
    return [("author", name) for name, _ in facts.authors if fold(name) in collective]


def _by_affiliation(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    """Look for the lab's phrases in affiliations; a near miss in the same string vetoes it."""
    return [
        ("affiliation", affiliation)
        for _, affiliation in facts.authors
        if affiliation and _names(affiliation, lab.affiliations) and not _names(affiliation, lab.not_affiliations)
    ]


def _by_organization(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    known = {fold(name) for name in (*lab.hf, *lab.hf_names)}
    found = []
    if facts.organization and fold(facts.organization) in known:
        found.append(("hf-organization", facts.organization))
    listed = {fold(name) for name in lab.pwc}
    return [*found, *(("pwc", name) for name in facts.organizations if fold(name) in listed)]


def _by_repository(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    owners = {owner.casefold() for owner in lab.github}
    hubs = {owner.casefold() for owner in lab.hf}
    found = []
    for url in (*facts.repositories, *facts.links):
        host, owner = _host_and_owner(url)
        if (host == "github.com" and owner in owners) or (host == "huggingface.co" and owner in hubs):
            found.append(("repository", url))
    return found


def _by_domain(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    return [("domain", url) for url in (facts.project_url, *facts.links) if url and _is_own_page(url, lab)]


def _is_own_page(url: str, lab: Lab) -> bool:
    host, _ = _host_and_owner(url)
    own_domain = any(host == domain or host.endswith("." + domain) for domain in lab.domains)
    return own_domain or any(host == f"{account.casefold()}.github.io" for account in lab.github)


def _host_and_owner(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
    except ValueError:
        return "", ""
    host = (parts.hostname or "").removeprefix("www.")
    path = [part for part in parts.path.split("/") if part]
    return host, path[0].casefold() if path else ""


def _names(text: str, phrases: Iterable[str]) -> bool:
    plain = f" {fold(text)} "
    return any(re.search(rf" {re.escape(fold(phrase))} ", plain) for phrase in phrases)
