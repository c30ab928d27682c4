"""`make bench`: one table of quality and speed; what needs the labelled corpus says so where it is absent."""

import argparse

from benchmarks import corpus, quality, speed


def main() -> None:
    """Run what is asked for and print it line by line."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("what", nargs="*", default=["quality", "speed"], help="quality, speed")
    args.add_argument("--tiny", action="store_true", help="a small part of each, to prove that it runs")
    options = args.parse_args()
    if "quality" in options.what:
        _quality(300 if options.tiny else None)
    if "speed" in options.what:
        for what, figures in speed.rows(16, 200) if options.tiny else speed.rows():
            print(f"{what:62} {figures}", flush=True)


def _quality(limit: int | None) -> None:
    if not corpus.SHARED.is_dir():
        print("quality: SKIPPED, the labelled corpus is not here (SHIRUBE_SHARED names its folder)")
        return
    for what, figures in quality.rows(limit):
        print(f"{what:62} {figures}", flush=True)


if __name__ == "__main__":
    main()
