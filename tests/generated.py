"""Parts of the pages that are made from code and data; tests.test_docs compares them and writes them anew."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric

from api.metrics import Metrics, families
from db.engine import make_engine, make_sessions
from db.gauges import Gauges
from digest import compose
from ingest.guard import Policy
from ingest.http import Guard
from ingest.source import Counting, Source
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_oai import ArxivOai
from ingest.sources.arxiv_rss import ArxivRss
from ingest.sources.hf_papers import HfPapers
from ingest.sources.lab_feeds import LabFeeds
from ingest.sources.pwc_api import PwcApi
from ranking import labs, shortlist, worth
from roadmap.load import load_roadmap
from shirube import jobs


def rereading() -> str:
    """Write the table of how long the windows of each source may grow."""
    guard, today = Guard(Policy()), date(2026, 6, 1)
    sources: list[Source] = [
        ArxivApi("https://arxiv.example", ["cs.CL"], guard),
        ArxivOai("https://arxiv.example", ["cs.CL"], guard),
        ArxivRss("https://arxiv.example", ["cs.CL"], guard, lambda: datetime(2026, 6, 1, 12, tzinfo=UTC)),
        HfPapers("https://hf.example", guard),
        PwcApi("https://pwc.example", guard),
        LabFeeds({"qwen": "https://lab.example"}, guard),
    ]
    rows = []
    for source in sources:
        channel = source.windows(today, today, today)[0].channel.partition(":")[0]
        name = f"`{source.name}`, `{channel}`" if source.name == "arxiv" else f"`{source.name}`"
        again = "its total" if isinstance(source, Counting) else "the whole window"
        rows.append((name, f"{source.reread_days()} days", again))
    return "| source, channel | may grow after its last day for | what is asked again |\n|---|---|---|\n" + table(rows)


def stages() -> str:
    """Write the table of stages."""
    road = load_roadmap()
    head = "| stage | name | | topics | works to read |\n|---|---|---|---|---|\n"
    rows = ((s.number, s.name.en, s.name.ja, len(s.topics), len(road.canon_of(s.number))) for s in road.stages)
    return head + table(rows)


def topic_list() -> str:
    """Write the table of topics, in study order."""
    road = load_roadmap()
    rows = (
        (stage.number, f"`{t.key}`", t.name.en, t.name.ja)
        for stage in road.stages
        for t in road.topics_of(stage.number)
    )
    return "| stage | key | name | |\n|---|---|---|---|\n" + table(rows)


def lab_list() -> str:
    """Write the table of labs."""
    rows = ((f"`{lab.key}`", lab.name.en, lab.feed or "none") for lab in load_roadmap().labs.values())
    return "| key | name | feed |\n|---|---|---|\n" + table(rows)


def trust() -> str:
    """Write the table of evidence for labs."""
    return "| evidence | trusted |\n|---|---|\n" + table((f"`{kind}`", much) for kind, much in labs.TRUST.items())


def signals() -> str:
    """Write the table of signals of worth, and what follows from it for a paper that nobody noticed."""
    known = {name: (rule.__doc__ or "").rstrip(".") for name, (rule, _) in worth.SIGNALS.items()}
    rows = [(f"`{name}`", weight, known[name]) for name, (_, weight) in worth.SIGNALS.items()]
    rows.append(("prior", worth.PRIOR_WEIGHT, f"What an unknown paper is worth: {worth.PRIOR}"))
    head = "| signal | weight | says |\n|---|---|---|\n"
    return head + table(rows) + f"\nThe floor is {compose.WORTH_FLOOR}. {alone()}\n"


def alone() -> str:
    """Say which fit a paper needs of which nothing else is known."""
    weight = worth.SIGNALS["topic"][1]
    needed = (compose.WORTH_FLOOR * (worth.PRIOR_WEIGHT + weight) - worth.PRIOR * worth.PRIOR_WEIGHT) / weight
    fit = round(0.5 + max(0.0, needed) / 2, 3)
    assert worth.worth(worth.Signals(fit=fit)).score == pytest.approx(compose.WORTH_FLOOR, abs=0.001)
    return f"A paper of which only the topic is known passes it with a best fit of {fit} and more."


def order() -> str:
    """Say how a shortlist is ordered."""
    return (
        f"Near-twins (cosine {shortlist.TWIN} and more) are folded under the worthier one. Then places are given one by"
        f"\none to the paper with the greatest worth, less {shortlist.SAMENESS} of its likeness to the nearest paper "
        f"already placed,\nless {shortlist.SAME_TOPIC} for each paper of the same topic already placed; "
        f"{shortlist.LENGTH} places at most.\n"
    )


def layout() -> str:
    """Say how much of a shortlist is printed."""
    return (
        f"Of each shortlist the first {compose.STAGE_BUDGET} that pass one floor shared by all stages "
        f"({compose.WORTH_FLOOR}) are printed.\nAt most {compose.LEFT_OUT_BUDGET} papers a stage that many readers "
        f"noticed ({compose.NOTICED_VOTES} votes and more) are listed as left out,\neach with its neutral reason.\n"
    )


def table(rows: Any) -> str:
    """Write rows of a Markdown table."""
    return "".join(f"| {' | '.join(str(cell) for cell in row)} |\n" for row in rows)


def schedule() -> str:
    """Write the table of jobs."""
    head = "| job | when (cron, UTC) | what it does | a missed run |\n|---|---|---|---|\n"
    return head + table((f"`{job.name}`", f"`{job.cron}`", job.does, job.missed) for job in jobs.schedule(5))


def metrics() -> str:
    """Write the table of what /metrics tells of the store and of requests."""
    answered = Metrics(make_sessions(make_engine("sqlite://")), "1", "model")
    answered.answered("/", "GET", 200, 0.01)
    told = [*families(Gauges(0, 0, 0, {}, {}, {}, {}, {}, {}, 1, {}, 1, False, {}, {})), *answered.registry.collect()]
    rows = ((f"`{metric_name(one)}`", ", ".join(metric_labels(one)), one.documentation) for one in told)
    shown = [row for row in rows if row[0].startswith("`shirube_")]
    return "| metric | labels | tells |\n|---|---|---|\n" + table(shown)


def metric_name(family: Metric) -> str:
    """Name a family as its samples are named."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def metric_labels(family: Metric) -> list[str]:
    """List the labels of a family, from a sample where it has one."""
    names = family.samples[0].labels if family.samples else getattr(family, "_labelnames", ())
    return [f"`{name}`" for name in names if name != "le"]


GENERATED: dict[str, Callable[[], str]] = {
    "rereading": rereading,
    "stages": stages,
    "topics": topic_list,
    "labs": lab_list,
    "trust": trust,
    "signals": signals,
    "order": order,
    "layout": layout,
    "schedule": schedule,
    "metrics": metrics,
}
