"""A labelled corpus of invented papers in the shapes of the real one, so that each benchmark runs anywhere."""

import json
import lzma
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.invented import invented_texts
from roadmap.load import load_roadmap

MONTHS = ("2403", "2405", "2408", "2410", "2506", "2602", "2604", "2606")
EACH = 40  # papers of a month
VOTED = 3  # every third was voted for
PICKED = 6  # every sixth of the months with picks was picked
Table = Sequence[Mapping[str, object]]


def write_corpus(folder: Path) -> Path:
    """Write papers and labels; gives the folder that SHIRUBE_SHARED would name."""
    corpus, gold = folder / "corpus", folder / "gold"
    corpus.mkdir(parents=True)
    gold.mkdir()
    papers = _papers()
    _lines(corpus / "papers.jsonl.xz", papers)
    _lines(corpus / "papers_extra.jsonl.xz", [])
    _lines(corpus / "hf_daily_papers.jsonl.xz", [_daily(paper) for paper in papers if paper["hf_upvotes"] is not None])
    for name, rows in _labels(papers).items():
        _table(gold / name, rows)
    (gold / "pool.txt").write_text("\n".join(paper["id"] for paper in papers), encoding="utf-8")
    (gold / "evaluate.py").write_text("def overlaps():\n    return {}\n", encoding="utf-8")
    return folder


def _papers() -> list[dict[str, Any]]:
    """Invent papers in order of id, every one about a topic by its phrases."""
    phrases = [[phrase.text for phrase in topic.phrases] for topic in load_roadmap().topics.values()]
    texts, found = invented_texts(200), []
    for number, (month, place) in enumerate((month, place) for month in MONTHS for place in range(EACH)):
        said = phrases[number % len(phrases)]
        found.append(
            {
                "id": f"{month}.{place:05d}",
                "title": f"{said[0].capitalize()} and {said[number % len(said)]} in sample {number}",
                "abstract": f"{texts[number % len(texts)]} We show {said[-1]}.",
                "authors": [f"Author{number % 7} Moss", f"Author{number % 11} Heron"],
                "categories": ["cs.LG"],
                "published": f"20{month[:2]}-{month[2:]}-{place % 27 + 1:02d}",
                "hf_upvotes": number % 50 if place % VOTED == 0 else None,
                "hf_org": "Qwen" if number % 4 == 0 else "moss-mill",
                "github": None,
            }
        )
    return found


def _daily(paper: Mapping[str, Any]) -> dict[str, Any]:
    authors = [{"name": name} for name in paper["authors"]]
    inner = {"id": paper["id"], "title": paper["title"], "authors": authors, "upvotes": paper["hf_upvotes"]}
    return {"paper": inner, "title": paper["title"]}


def _labels(papers: Sequence[Mapping[str, Any]]) -> dict[str, Table]:
    topics = tuple(load_roadmap().topics)
    about = [(topics[n % len(topics)], p["id"], p["title"]) for n, p in enumerate(papers)]
    judged = [
        {"month": f"20{p[:2]}-{p[2:4]}", "topic": topic, "arxiv_id": p, "grade": grade, "title": title}
        for n, (own, p, title) in enumerate(about)
        for topic, grade in ((own, 2), (topics[(n + 5) % len(topics)], n % 2))
        if p.startswith(("2506", "2606"))
    ]
    return {
        "topics.tsv": [{"topic": t, "arxiv_id": p, "title": title, "lists": "moss"} for t, p, title in about],
        "judged.tsv": judged,
        "weekly_picks.tsv": [
            {"week_start": f"20{p[:2]}-{p[2:4]}-01", "arxiv_id": p, "title": title}
            for _, p, title in about
            if p.startswith("24") and int(p[5:]) % PICKED == 0
        ],
        "labs.tsv": [
            {"lab": "qwen", "arxiv_id": p, "title": title, "tier": "A", "evidence": "a list"}
            for n, (_, p, title) in enumerate(about)
            if n % 4 == 0
        ],
        "labs_negatives.tsv": [
            {"lab": "qwen", "arxiv_id": p, "title": title, "status": "org known"}
            for n, (_, p, title) in enumerate(about)
            if n % 4 == 1
        ],
        "hf_organizations.tsv": [
            {"arxiv_id": p, "title": title, "organization": "Moss mill", "handle": "moss-mill", "daily_date": ""}
            for n, (_, p, title) in enumerate(about)
            if n % 4 == 1
        ],
    }


def _lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)


def _table(path: Path, rows: Table) -> None:
    said = ["\t".join(rows[0]), *("\t".join(map(str, row.values())) for row in rows)]
    path.write_text("\n".join(said) + "\n", encoding="utf-8")
