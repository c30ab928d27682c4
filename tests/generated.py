"""Parts of the pages that are made from code and data; tests.test_docs compares them and writes them anew."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from sqlalchemy import create_engine

from api.metrics import Metrics, families
from core.clock import system_clock
from db.engine import make_sessions
from db.gauges import Gauges
from digest import compose
from digest.formats import formats
from ingest.guard import Policy
from ingest.http import Guard
from ingest.source import Counting, Source, Window
from ingest.sources import added
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_oai import ArxivOai
from ingest.sources.arxiv_rss import ArxivRss
from ingest.sources.hf_papers import HfPapers
from ingest.sources.lab_feeds import LabFeeds
from ingest.sources.pwc_api import PwcApi
from ingest.sources.recorded import Recorded
from ranking import labs, shortlist, worth
from roadmap.load import load_roadmap
from shirube import jobs
from shirube.names import SOURCES

TODAY = date(2026, 6, 30)  # of a month that the recorded source has
LENGTHS = {1: "a day", 7: "a week of a month", 30: "a month"}


def all_sources() -> list[Source]:
    """Make every source that --source takes, and no other, without asking any."""
    guard = Guard(Policy())
    made: list[Source] = [
        ArxivApi("https://arxiv.example", ["cs.CL"], guard),
        ArxivOai("https://arxiv.example", ["cs.CL"], guard),
        ArxivRss("https://arxiv.example", ["cs.CL"], guard, lambda: datetime(2026, 6, 30, 12, tzinfo=UTC)),
        HfPapers("https://hf.example", guard),
        PwcApi("https://pwc.example", guard),
        LabFeeds({"qwen": "https://lab.example"}, guard),
        *(one.make(guard) for one in added().values()),
        Recorded(),
    ]
    assert tuple(dict.fromkeys(source.name for source in made)) == SOURCES
    return made


def june(source: Source) -> list[Window]:
    """List the windows of a source over a month."""
    return source.windows(TODAY.replace(day=1), TODAY, TODAY)


def named(source: Source) -> str:
    """Name a source as --source does, and of arXiv the channel, of which some have one for each set or category."""
    kind, of, _ = june(source)[0].channel.partition(":")
    of = {"oai": ":<set>", "rss": ":<category>"}[kind] if of else ""
    return f"`{source.name}`, `{kind}{of}`" if source.name == "arxiv" else f"`{source.name}`"


def length(source: Source) -> str:
    """Say how long the windows of a source are."""
    longest = max((window.end - window.start).days + 1 for window in june(source))
    return LENGTHS.get(longest, f"{longest} days")


def sources() -> str:
    """Write the table of sources: what each gives by the first sentence of its class, and how it cuts time."""
    rows = [
        (
            named(source),
            f"`{type(source).__module__.rpartition('.')[2]}`",
            (type(source).__doc__ or "").partition("\n")[0].rstrip("."),
            length(source),
        )
        for source in all_sources()
    ]
    return "| source, channel | module | gives | one window |\n|---|---|---|---|\n" + table(rows)


def rereading() -> str:
    """Write the table of how long the windows of each source that is asked over the network may grow."""
    rows = [
        (
            named(source),
            f"{source.reread_days()} days",
            "its total" if isinstance(source, Counting) else "the whole window",
        )
        for source in all_sources()
        if not isinstance(source, Recorded)
    ]
    return "| source, channel | may grow after its last day for | what is asked again |\n|---|---|---|\n" + table(rows)


def digest_formats() -> str:
    """Write the table of formats: the file of a month, its media type, and what the module says of itself."""
    rows = [
        (f"`{name}`", f"`2026-10.{form.SUFFIX}`", f"`{form.MEDIA_TYPE}`", first_sentence(form))
        for name, form in formats().items()
    ]
    return "| format | file | media type | |\n|---|---|---|---|\n" + table(rows)


def first_sentence(module: ModuleType) -> str:
    """Give the first sentence of a module, without its full stop."""
    return (module.__doc__ or "").partition("\n")[0].rstrip(".")


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
    weight = worth.TOPIC_ALONE
    needed = (compose.WORTH_FLOOR * (worth.PRIOR_WEIGHT + weight) - worth.PRIOR * worth.PRIOR_WEIGHT) / weight
    fit = round(0.5 + max(0.0, needed) / 2, 3)
    assert worth.worth(worth.Signals(fit=fit)).score == pytest.approx(compose.WORTH_FLOOR, abs=0.001)
    return f"A paper of which only the topic is known would pass it with a best fit of {fit} and more."


def order() -> str:
    """Say how a shortlist is ordered."""
    return (
        f"Near-twins (cosine {shortlist.TWIN} and more, or {shortlist.FOLLOW_UP} with nearly the same title and "
        f"authors) are folded under\nthe worthier one; the {shortlist.POOL * shortlist.LENGTH} worthiest of a stage "
        f"compete. Then places are given one by one to the paper with the\ngreatest worth, less {shortlist.SAMENESS} "
        f"of its likeness to the nearest paper already placed, less {shortlist.SAME_TOPIC} for each paper of\nthe same "
        f"topic already placed; {shortlist.LENGTH} places at most.\n"
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
    return head + table((f"`{job.name}`", f"`{job.cron}`", job.does, job.missed) for job in jobs.schedule())


def metrics() -> str:
    """Write the table of what /metrics tells of the store and of requests."""
    answered = Metrics(make_sessions(create_engine("sqlite://")), "1", "model", system_clock)
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
    "sources": sources,
    "rereading": rereading,
    "formats": digest_formats,
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
