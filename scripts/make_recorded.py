"""Makes the recorded month that ships with the program, byte for byte the same from the same input.

    python scripts/make_recorded.py --corpus papers.jsonl.xz --vectors vec.npy --ids ids.json

The corpus holds one JSON a line: id, title, abstract, authors, categories, published, published_kind, hf_upvotes,
hf_date, hf_org, github. Abstracts are only hashed, never copied: they are other people's sentences.
"""

import argparse
import json
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.ids import parse_arxiv_id
from core.text import clean, embedding_text, text_hash
from ingest.sources.recorded import FOLDER, MODEL, MONTH

PREFIX = MONTH[2:4] + MONTH[5:7] + "."
LARGEST = 5_000_000  # bytes of all files together


def main() -> None:
    """Read the arguments, write the files, say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="JSON lines, .xz")
    parser.add_argument("--vectors", type=Path, required=True, help=".npy of float32 rows")
    parser.add_argument("--ids", type=Path, required=True, help="JSON list: the ids of the rows")
    parser.add_argument("--out", type=Path, default=FOLDER)
    given = parser.parse_args()
    size = make(given.corpus, given.vectors, given.ids, given.out)
    sys.stderr.write(f"{size:,} bytes in {given.out}\n")


def make(corpus: Path, vectors: Path, ids: Path, out: Path) -> int:
    """Write both files, papers in order of id; gives their bytes. Raises ValueError where a paper has no vector."""
    papers = sorted(_papers(corpus), key=lambda paper: str(paper["id"]))
    rows = {item_id: row for row, item_id in enumerate(json.loads(ids.read_text(encoding="utf-8")))}
    missing = [paper["id"] for paper in papers if paper["id"] not in rows]
    if missing:
        raise ValueError(f"{len(missing)} of {len(papers)} papers have no vector, {missing[0]} first")
    quantised, scale = quantise(np.load(vectors, mmap_mode="r")[[rows[paper["id"]] for paper in papers]])
    header = {"month": MONTH, "model": MODEL, "count": len(papers), "dimensions": quantised.shape[1], "scale": scale}
    lines = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in (header, *papers))
    out.mkdir(parents=True, exist_ok=True)
    files = (out / f"{MONTH}.jsonl.xz", out / f"{MONTH}.vectors.npy")
    files[0].write_bytes(lzma.compress(lines.encode(), preset=9 | lzma.PRESET_EXTREME))
    np.save(files[1], quantised)
    size = sum(file.stat().st_size for file in files)
    if size > LARGEST:
        raise ValueError(f"the files have {size:,} bytes; {LARGEST:,} is the most that ships")
    return size


def quantise(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], float]:
    """Round all values to int8 by one factor: 127 stands for the greatest of them, which is given as well."""
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds values that are no numbers")
    scale = float(np.abs(vectors).max())
    return np.rint(vectors / scale * 127).astype(np.int8), scale


def _papers(corpus: Path) -> Iterator[dict[str, Any]]:
    with lzma.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            paper = json.loads(line)
            parsed = parse_arxiv_id(paper["id"])
            if parsed and paper["id"].startswith(PREFIX):
                yield {name: value for name, value in _facts(paper).items() if value not in (None, [], "")}


def _facts(paper: dict[str, Any]) -> dict[str, Any]:
    title, abstract = clean(paper["title"]), clean(paper["abstract"] or "")
    kind = "submitted" if paper["published_kind"] == "arxiv" else "announced"
    return {
        "id": paper["id"],
        "title": title,
        "authors": [clean(name) for name in paper["authors"] or ()],
        "categories": paper["categories"],
        kind: paper["published"],
        "votes": paper["hf_upvotes"],
        "daily": paper["hf_date"],
        "organization": paper["hf_org"],
        "code": [paper["github"]] if paper["github"] else [],
        "text": text_hash(embedding_text(title, abstract)),
    }


if __name__ == "__main__":
    main()
