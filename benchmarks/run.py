"""Writes what the weights that ship say, in the form that evaluate.py and evaluate_shown.py read: for other labels.

`python -m benchmarks.run pool > RUN.tsv` gives the fits of every paper of pool.txt; `python -m benchmarks.run 2026-06`
what readers see of a month, ten a topic at most from a fit of 0.5 on. Lines of topic, arXiv id and fit.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpus, embedded
from benchmarks.quality import SHOWN_FROM, SHOWN_PER_TOPIC
from benchmarks.times import year_of
from ranking import topics
from ranking.embedder import Embedder, SentenceTransformerEmbedder
from ranking.guide import make_guide
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

POOL = "pool"
Row = tuple[str, str, float]  # topic, paper, fit


def shipped(ids: Iterable[str], roadmap: Roadmap, embedder: Embedder) -> tuple[list[str], NDArray[np.float32]]:
    """Fit papers of the corpus by the weights that ship: their ids, and papers x topics in the roadmap's order."""
    papers = corpus.papers(ids)
    vectors = embedded.vectors(papers, embedder)
    texts = [topics.Texts(paper.title, paper.abstract) for paper in papers.values()]
    guide = make_guide(roadmap, embedder, embedded.CACHE / "guide")
    years, blend = [year_of(paper) for paper in papers], topics.packaged_blend()
    return list(papers), topics.fits(texts, years, np.array(list(vectors.values())), guide, roadmap, blend)


def rows(what: str, roadmap: Roadmap, embedder: Embedder) -> Iterator[Row]:
    """Give the lines of a run: of the pool all, of a month (YYYY-MM) what is shown; ValueError for anything else."""
    if what != POOL and not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", what):
        raise ValueError(f"{what!r} is neither {POOL!r} nor a month such as 2026-06")
    ids = corpus.pool() if what == POOL else corpus.month(what[2:4] + what[5:])
    if not ids:
        raise ValueError(f"the corpus holds no paper of {what}")
    papers, fits = shipped(ids, roadmap, embedder)
    for topic, own in zip(roadmap.topics, fits.T, strict=True):
        best = np.argsort(-own, kind="stable")
        if what != POOL:
            best = best[own[best] >= SHOWN_FROM][:SHOWN_PER_TOPIC]
        yield from ((topic, papers[n], float(own[n])) for n in best)


def main() -> None:
    """Write a run to standard output."""
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("what", help="pool, or a month (YYYY-MM)")
    try:
        found = list(rows(args.parse_args().what, load_roadmap(), SentenceTransformerEmbedder()))
    except (ValueError, FileNotFoundError) as error:
        args.error(f"{error} (SHIRUBE_SHARED names the folder of the labelled corpus)")
    sys.stdout.writelines(f"{topic}\t{paper}\t{fit:.4f}\n" for topic, paper, fit in found)


if __name__ == "__main__":
    main()
