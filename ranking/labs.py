"""Which lab an item comes from, with the evidence that says so (pure). Unknown beats wrong.

A model's name in a title is no evidence: most papers that name a model are about it, not from its makers.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from core.text import fold
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
CERTAIN_ENOUGH = 0.5  # below this a lab is not named


@dataclass(frozen=True, slots=True)
class LabFacts:
    """What is known of an item that may speak for a lab; every part may be empty."""

    authors: tuple[tuple[str, str | None], ...] = ()  # (name, affiliation)
    organization: str | None = None  # Hugging Face handle or name
    organizations: tuple[str, ...] = ()  # Papers with Code
    repositories: tuple[str, ...] = ()
    project_url: str | None = None
    claims: tuple[tuple[str, str, str], ...] = ()  # (lab, kind, detail) from the lab's feed
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """A lab, how surely, and the evidence, strongest first as (kind, detail)."""

    lab: str
    confidence: float
    evidence: tuple[tuple[str, str], ...]


def attribute(facts: LabFacts, labs: Mapping[str, Lab]) -> tuple[Attribution, ...]:
    """Name the labs an item comes from, most certain first; nothing where the evidence does not carry it."""
    found = (_weigh(key, _evidence(facts, lab)) for key, lab in labs.items())
    sure = [a for a in found if a is not None and a.confidence >= CERTAIN_ENOUGH]
    return tuple(sorted(sure, key=lambda a: (-a.confidence, a.lab)))


def _weigh(key: str, evidence: Iterable[tuple[str, str]]) -> Attribution | None:
    """Join independent evidence: each further kind leaves only its own doubt of the doubt that was left."""
    ordered = sorted(set(evidence), key=lambda e: (-TRUST[e[0]], e))
    if not ordered:
        return None
    doubt = 1.0
    for kind in {kind for kind, _ in ordered}:
        doubt *= 1 - TRUST[kind]
    return Attribution(key, round(1 - doubt, 4), tuple(ordered))


def _evidence(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    return [
        *_by_authors(facts, lab),
        *_by_affiliation(facts, lab),
        *_by_organization(facts, lab),
        *_by_repository(facts, lab),
        *_by_domain(facts, lab),
        *((kind, detail) for key, kind, detail in facts.claims if key == lab.key and kind in TRUST),
    ]


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
    for url in facts.repositories:
        host, owner = _host_and_owner(url)
        if (host == "github.com" and owner in owners) or (host == "huggingface.co" and owner in hubs):
            found.append(("repository", url))
    return found


def _by_domain(facts: LabFacts, lab: Lab) -> list[tuple[str, str]]:
    if not facts.project_url:
        return []
    host, _ = _host_and_owner(facts.project_url)
    own_domain = any(host == domain or host.endswith("." + domain) for domain in lab.domains)
    own_pages = any(host == f"{account.casefold()}.github.io" for account in lab.github)
    return [("domain", facts.project_url)] if own_domain or own_pages else []


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
