"""How well labs are named: precision and recall on public labels, each evidence apart, beside two baselines.

Two sets. `labels`: papers that public lists put under a lab or under a near miss of it, the fields read as they are; a
label that was itself found by the Hugging Face field says nothing about that field, so papers where the field is empty
stand apart. `blind`: all papers whose origin is known, the Hugging Face field withheld; most are from elsewhere, and
those of which only a whole company is known count neither way for its lab. The histories of people never hold the paper
measured: folds by paper, and by time (learned before, measured from then on).
"""

import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from benchmarks import labelled_labs
from benchmarks.labelled_labs import Paper
from benchmarks.train_labs import Known, known_origins, learn, left_open
from core.text import fold
from ranking.affinity import Affinity, shipped
from ranking.labs import attribute
from roadmap.load import load_roadmap
from roadmap.model import Lab

FOLDS = 5
FROM = date(2026, 1, 1)  # by time: learned before, measured from here on
MODELS = {  # the baseline "a model's name in the title"
    "openai": r"gpt-?\d|gpt-?oss|chatgpt|openai|dall-?e|codex|whisper|sora\b|\bo[134]\b",
    "deepseek": r"deepseek|janus",
    "qwen": r"qwen|qwq|qvq",
    "anthropic": r"claude|anthropic|constitutional ai",
    "google-deepmind": r"gemini|gemma|deepmind|alpha(go|zero|fold|code)|\brt-[12x]\b|veo\b|genie\b",
    "meta-fair": r"llama|dinov?\d|segment anything|\bsam ?[23]\b|seamless|v?-?jepa",
}
Namer = Callable[[Paper], set[str]]
Labs = Mapping[str, Lab]


@dataclass(slots=True)
class Count:
    """Hits, wrong names and misses of one lab or of all."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __str__(self) -> str:
        named, true = self.right + self.wrong, self.right + self.missed
        precision = f"{self.right / named:.3f}" if named else "  -  "
        recall = f"{self.right / true:.3f}" if true else "  -  "
        return f"precision {precision} ({named:3} named)  recall {recall} ({true:3} true)"


def rows(limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line; `limit` takes about so many papers of known origin only."""
    papers, labs = labelled_labs.papers(), load_roadmap().labs
    known = _spread(known_origins(papers.values()), limit)
    if limit:
        papers = {number: papers[number] for number in known}
    listed = [p for p in papers.values() if p.authors and (p.said or p.not_from)]
    by_paper = _by_fold(papers, known, labs)
    late = learn(papers, {n: of for n, of in known.items() if papers[n].day < FROM}, set(labs))
    models = {"by paper": by_paper, "by time": lambda _: late}
    yield from _labels(listed, labs, models)
    yield from _blind([papers[n] for n in known], known, labs, models)
    yield _speed(papers.values(), labs)


def _spread(known: Known, limit: int | None) -> Known:
    """Take about so many papers, from all years: by time, there must be some to learn from and some to measure."""
    step = max(1, len(known) // limit) if limit else 1
    return dict(sorted(known.items())[::step])


def _by_fold(papers: Mapping[str, Paper], known: Known, labs: Labs) -> Callable[[Paper], Affinity]:
    """Learn once for each fold, from all the others."""
    folds = [
        learn(papers, {n: of for n, of in known.items() if _fold(n) != fold_number}, set(labs))
        for fold_number in range(FOLDS)
    ]
    return lambda paper: folds[_fold(paper.id)]


def _fold(number: str) -> int:
    return zlib.crc32(number.encode()) % FOLDS


def _labels(
    listed: list[Paper], labs: Labs, models: Mapping[str, Callable[[Paper], Affinity]]
) -> Iterator[tuple[str, str]]:
    namers: dict[str, Namer] = {
        "a model's name in the title": _by_title,
        "Hugging Face organisation alone": lambda p: _named(replace(p, authors=(), code=(), links=(), page=None), labs),
        "all evidence but people": lambda p: _named(p, labs),
        "all evidence, people by paper": lambda p: _named(p, labs, models["by paper"](p)),
    }
    silent = [p for p in listed if not p.organization]
    for name, namer in namers.items():
        yield f"labs, labels: {name}", str(_count(listed, namer))
        yield f"labs, labels, Hugging Face silent: {name}", str(_count(silent, namer))
    recent = [p for p in listed if p.day >= FROM]
    yield (
        f"labs, labels from {FROM:%Y-%m}: all evidence, people by time",
        str(_count(recent, lambda p: _named(p, labs, models["by time"](p)))),
    )
    for lab in labs:
        for what, some in (("", listed), (", Hugging Face silent", silent)):
            yield f"labs, labels: {lab}{what}", str(_count(some, namers["all evidence, people by paper"], lab))


def _blind(
    some: list[Paper], known: Known, labs: Labs, models: Mapping[str, Callable[[Paper], Affinity]]
) -> Iterator[tuple[str, str]]:
    for name, model in models.items():
        chosen = [p for p in some if name == "by paper" or p.day >= FROM]

        def namer(paper: Paper, model: Callable[[Paper], Affinity] = model) -> set[str]:
            return _named(replace(paper, organization=None), labs, model(paper))

        yield f"labs, blind to Hugging Face: people {name}", str(_count(chosen, namer, known=known))
        for lab in labs if name == "by paper" else ():
            yield f"labs, blind to Hugging Face: {lab}", str(_count(chosen, namer, lab, known))
    yield (
        "labs, blind to Hugging Face: all evidence but people",
        str(_count(some, lambda p: _named(replace(p, organization=None), labs), known=known)),
    )


def _named(paper: Paper, labs: Labs, people: Affinity | None = None) -> set[str]:
    return {found.lab for found in attribute(paper.facts(), labs, people)}


def _by_title(paper: Paper) -> set[str]:
    return {lab for lab, pattern in MODELS.items() if re.search(pattern, fold(paper.title).replace(" ", "-"))}


def _count(some: Iterable[Paper], namer: Namer, lab: str | None = None, known: Known | None = None) -> Count:
    """Count over the labs of the roadmap, or one of them; what only a doubtful label says counts neither way."""
    count = Count()
    for paper in some:
        true = set(known[paper.id]) if known else {k for k, (tier, _) in paper.said.items() if tier != "C"}
        doubtful = {k for k, (tier, _) in paper.said.items() if tier == "C"} | left_open(
            known[paper.id] if known else ()
        )
        named, of = namer(paper) - doubtful, true & MODELS.keys()
        for key in {lab} if lab else MODELS.keys():
            count.right += key in named and key in of
            count.wrong += key in named and key not in of
            count.missed += key in of and key not in named
    return count


def _speed(papers: Iterable[Paper], labs: Labs) -> tuple[str, str]:
    facts, people = [paper.facts() for paper in papers], shipped()
    start = time.perf_counter()
    named = sum(bool(attribute(f, labs, people)) for f in facts)
    return (
        "labs: attribution of the corpus",
        f"{len(facts)} papers in {time.perf_counter() - start:.1f} s, {named} named",
    )
