"""`make bench`: one table of quality and speed; what needs the labelled corpus says so where it is absent."""

import argparse
from collections.abc import Callable, Iterator

from benchmarks import corpus, digest, ingest, labs, picks, quality, scale, search, speed, types, unread, web

PARTS = ["quality", "unread", "labs", "picks", "types", "search", "speed", "ingest", "digest", "web"]
Rows = Callable[[int | None], Iterator[tuple[str, str]]]


def main() -> None:
    """Run what is asked for and print it line by line."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("what", nargs="*", default=PARTS, help=f"{', '.join(PARTS)}; and scale, which takes 10 GB")
    args.add_argument("--tiny", action="store_true", help="a small part of each, to prove that it runs")
    args.add_argument("--invented", type=int, help="with ingest: so many invented papers, once, instead", metavar="N")
    options = args.parse_args()
    if "quality" in options.what:
        _labelled("quality", quality.rows, 300 if options.tiny else None)
    if "unread" in options.what:
        _labelled("unread", unread.rows, 100 if options.tiny else None)
    if "labs" in options.what:
        _labelled("labs", labs.rows, 200 if options.tiny else None)
    if "picks" in options.what:
        _labelled("picks", picks.rows, 400 if options.tiny else None)
    if "types" in options.what:
        _labelled("types", types.rows, 200 if options.tiny else None)
    if "search" in options.what:
        _labelled("search", search.rows, 200 if options.tiny else None)
    if "speed" in options.what:
        for what, figures in speed.rows(4, 600, 1) if options.tiny else speed.rows():
            print(f"{what:62} {figures}", flush=True)
    if "ingest" in options.what:
        lines = ingest.rows((20, 50), 50) if options.tiny else ingest.rows()
        for what, figures in ingest.invented(options.invented) if options.invented else lines:
            print(f"{what:62} {figures}", flush=True)
    if "digest" in options.what:
        for what, figures in digest.rows(200, 60, 30) if options.tiny else digest.rows():
            print(f"{what:62} {figures}", flush=True)
    if "scale" in options.what:
        for what, figures in scale.rows(600, 4) if options.tiny else scale.rows():
            print(f"{what:62} {figures}", flush=True)
    if "web" in options.what:
        for what, figures in web.rows(200, 0.3, 1, 0.9) if options.tiny else web.rows():
            print(f"{what:62} {figures}", flush=True)


def _labelled(name: str, rows: Rows, limit: int | None) -> None:
    if not corpus.SHARED.is_dir():
        print(f"{name}: SKIPPED, the labelled corpus is not here (SHIRUBE_SHARED names its folder)")
        return
    for what, figures in rows(limit):
        print(f"{what:62} {figures}", flush=True)


if __name__ == "__main__":
    main()
