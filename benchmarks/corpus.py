"""Reads the labelled corpus that measuring needs; it is not part of the project and may be absent."""

import csv
import importlib.util
import json
import lzma
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("SHIRUBE_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@dataclass(frozen=True, slots=True)
class Paper:
    """One line of the corpus, as far as ranking uses it."""

    id: str
    title: str
    abstract: str | None


def papers(wanted: Iterable[str]) -> dict[str, Paper]:
    """Read the papers named from the corpus; those it does not hold are absent."""
    ids = set(wanted)
    found: dict[str, Paper] = {}
    for name in ("papers.jsonl.xz", "papers_extra.jsonl.xz"):
        with lzma.open(SHARED / "corpus" / name, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                if row["id"] in ids:
                    found.setdefault(row["id"], Paper(row["id"], row["title"], row.get("abstract") or None))
    return found


def topic_labels() -> dict[str, set[str]]:
    """Read which papers public lists put under which topic."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for row in _rows(SHARED / "gold" / "topics.tsv"):
        labels[row["topic"]].add(row["arxiv_id"])
    return dict(labels)


def lists() -> dict[tuple[str, str], set[str]]:
    """Read the public lists by topic and name: a paper can stand in several."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in _rows(SHARED / "gold" / "topics.tsv"):
        for name in row["lists"].split(","):
            found[row["topic"], name].add(row["arxiv_id"])
    return dict(found)


def listed_titles() -> dict[str, str]:
    """Read the titles of all papers that public lists name, also those the corpus does not hold."""
    return {row["arxiv_id"]: row["title"] for row in _rows(SHARED / "gold" / "topics.tsv")}


def judgments(file: Path | None = None) -> list[tuple[str, str, int]]:
    """Read judged pairs: (topic, id, grade 0 to 2)."""
    return [(row["topic"], row["arxiv_id"], int(row["grade"])) for row in _rows(file or SHARED / "gold" / "judged.tsv")]


def overlaps(topic: str) -> set[str]:
    """Name the topics whose papers say nothing against a topic, as the measure itself counts them."""
    return set(_measure().overlaps().get(topic, set()))


def picks() -> dict[str, str]:
    """Read what a weekly newsletter's editors chose: id -> first day of the week."""
    return {row["arxiv_id"]: row["week_start"] for row in _rows(SHARED / "gold" / "weekly_picks.tsv")}


def pick_titles() -> dict[str, str]:
    """Read the titles that the newsletter gives its picks, often shortened: id -> title."""
    return {row["arxiv_id"]: row["title"] for row in _rows(SHARED / "gold" / "weekly_picks.tsv")}


@cache
def votes() -> dict[str, int]:
    """Read the votes on Daily Papers of all corpus papers that were listed there."""
    found = {}
    with lzma.open(SHARED / "corpus" / "papers.jsonl.xz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row.get("hf_upvotes") is not None:
                found[str(row["id"])] = int(row["hf_upvotes"])
    return found


def pool() -> set[str]:
    """Read the ids that ranking is measured on."""
    return set((SHARED / "gold" / "pool.txt").read_text(encoding="utf-8").split())


@cache
def _measure() -> Any:
    """Load the measure that lies beside the labels."""
    spec = importlib.util.spec_from_file_location("gold_evaluate", SHARED / "gold" / "evaluate.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{SHARED / 'gold'} holds no evaluate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def month(yymm: str) -> set[str]:
    """Name the corpus papers whose id begins with a month."""
    found = set()
    with lzma.open(SHARED / "corpus" / "papers.jsonl.xz", "rt", encoding="utf-8") as file:
        for line in file:
            if line.startswith(f'{{"id": "{yymm}.'):
                found.add(str(json.loads(line)["id"]))
    return found


def _rows(file: Path) -> Iterable[dict[str, str]]:
    with file.open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
