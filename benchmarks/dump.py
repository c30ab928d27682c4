"""Dumps in the shape of arXiv's metadata snapshot: of the labelled corpus where it is at hand, else invented."""

import json
import lzma
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from benchmarks import corpus
from benchmarks.invented import invented_texts
from tests.snapshot import snapshot_line


def invented_lines(count: int) -> Iterator[bytes]:
    """Make lines of a dump, without meaning but of the usual length, the same for the same count."""
    rng = random.Random(5)  # noqa: S311 - nothing secret
    texts = invented_texts(500)
    names = [word.capitalize() for word in texts[0].split()]
    for number in range(count):
        month, place = divmod(number, 20_000)
        day = datetime(2007, 4, 1, tzinfo=UTC) + timedelta(days=30.44 * month + 14)
        yield snapshot_line(
            {
                "id": f"{day:%y%m}.{place:05d}",
                "title": f"{' '.join(rng.choices(names, k=9))} {number}",
                "abstract": f"{rng.choice(texts)} {rng.choice(texts)[:300]}",
                "authors": [f"{rng.choice(names)} {rng.choice(names)}" for _ in range(rng.randint(1, 8))],
                "categories": ["cs.LG", "stat.ML"],
                "published": f"{day:%Y-%m-%d}",
            }
        )


def written(path: Path, count: int) -> str:
    """Write a dump: of the labelled corpus where it is here, else invented."""
    with path.open("wb") as file:
        file.writelines(_corpus_lines(count) if corpus.SHARED.is_dir() else invented_lines(count))
    return str(path)


def _corpus_lines(count: int) -> Iterator[bytes]:
    with lzma.open(corpus.SHARED / "corpus" / "papers.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in islice(lines, count):
            yield snapshot_line(json.loads(line))


def cut(folder: Path, dump: str, count: int) -> str:
    """Give a dump of so many lines: the file itself where it has no more."""
    path = folder / "cut.json"
    with open(dump, "rb") as whole, path.open("wb") as file:
        file.writelines(islice(whole, count))
        if not whole.readline():
            return dump
    return str(path)
