"""What the child does with the corpus: pull stretches of days from the stand-in, and tell what it cost."""

import resource
import time
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from db.engine import make_engine, make_sessions
from ingest.guard import Policy
from ingest.http import Guard
from ingest.service import pull
from ingest.source import Source
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_oai import ArxivOai
from ingest.sources.hf_papers import HfPapers

READ_TIMEOUT = 3.0  # seconds: less than the storm hangs


@dataclass(frozen=True)
class Figures:
    """What a pull came to: windows closed and left open, some of the failures, and CPU seconds and peak memory (MB)."""

    closed: int
    left_open: int
    unreadable: int
    failures: list[str]
    cpu: float
    peak: float


def run(
    database: str, url: str, runs: list[list[str]], now: str, categories: list[str], oai: bool, retry_errors: bool
) -> dict[str, object]:
    """Pull each run of days, [first, last], from all channels once; waiting takes no time."""
    began = time.process_time()
    engine, moment = make_engine(database), datetime.fromisoformat(now)
    policy = Policy(allow_private=frozenset({url.partition("//")[2]}), read_timeout=READ_TIMEOUT)
    guard = Guard(policy, sleep=lambda seconds: None)
    sources: list[Source] = [ArxivApi(url, categories, guard), HfPapers(url, guard)]
    if oai:
        sources.append(ArxivOai(f"{url}/oai", categories, guard))
    one = partial(pull, make_sessions(engine), sources, clock=lambda: moment, retry_errors=retry_errors)
    results = [
        result for first, last in runs for result in one(start=date.fromisoformat(first), end=date.fromisoformat(last))
    ]
    guard.close()
    engine.dispose()
    failures = [f"{result.window.channel} {result.window.start}: {result.failure}" for result in results]
    figures = Figures(
        closed=sum(result.closed for result in results),
        left_open=sum(not result.closed for result in results),
        unreadable=sum(result.tally.errors for result in results),
        failures=[failure for failure, result in zip(failures, results, strict=True) if result.failure],
        cpu=time.process_time() - began,
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    return vars(figures)
