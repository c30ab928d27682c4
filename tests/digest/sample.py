"""An invented issue with every state a reader may meet: full and compact entries, gaps, hostile and awkward text."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from core.scores import Reason
from digest.model import (
    Banner,
    CodeRef,
    Coverage,
    Digest,
    Entry,
    Filed,
    LabLine,
    LabRef,
    LabSection,
    LeftOut,
    Making,
    SourceCoverage,
    StageSection,
    Stood,
    Summary,
    TopicRef,
    Topmost,
    WorkRef,
)
from roadmap.model import Text

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
LONG = (
    "Towards Unified, Scalable, Interpretable and Provably Robust Representation Learning for Heterogeneous "
    "Multi-Agent Spatio-Temporal Electroencephalographymagnetoencephalography Signals: Part II"
)
LABS = {
    "openai": "OpenAI", "deepseek": "DeepSeek", "qwen": "Qwen", "anthropic": "Anthropic",
    "google-deepmind": "Google DeepMind", "meta-fair": "Meta FAIR",
}  # fmt: skip
STAGES: tuple[tuple[str, str, int, tuple[tuple[str, str, str], ...]], ...] = (
    ("Mathematics and programming", "数学とプログラミングの基礎", 418, (("algebra", "Linear algebra", "線形代数"),)),
    ("Classical machine learning", "古典的機械学習", 236, (("trees", "Trees, boosting, SVM", "決定木と勾配法"),)),
    ("Deep learning core", "深層学習の核心", 689, (("optimizers", "Optimization", "深層学習の最適化"),)),
    ("CNN, RNN, LSTM, Transformer", "畳み込みとリカレント", 402, (("rnn", "RNN, LSTM and sequences", "系列"),)),
    (
        "Modern NLP and foundation models", "現代のNLPと基盤モデル", 1544,
        (("moe", "Mixture of experts", "混合エキスパート"), ("quantization", "Quantization", "量子化")),
    ),
    ("Multimodal and generative systems", "マルチモーダルと生成", 1371, (("video", "Video generation", "動画生成"),)),
    ("AI agents and systems", "AIエージェント", 1208, (("planning", "Memory and planning", "記憶と計画"),)),
    ("Frontier research", "最新研究", 944, (("inference", "Efficient inference", "効率的な推論"),)),
)  # fmt: skip
TITLES = (
    "Routing by Regret: Mixture-of-Experts Training Without an Auxiliary Loss",
    r"An $O(n\sqrt{n})$ Bound on Memorised Labels in Overparameterised Networks",
    "Plans That Survive Contact: Re-planning Agents With a Written Memory of Failure",
    "Draft Models That Know When to Be Quiet",
    "Large Batches, Small Regrets",
    "Dropout as a Bet: A Short Note on When to Take It",
    r"Is $\unknowncommand{\theta}\|f_\theta(x)-y\|_2^2$ Enough?",
    "Warm-up Is a Variance Problem: Why the First Thousand Steps Decide the Rest",
)
CHOSEN = (3, 0, 5, 4, 8, 7, 7, 6)
WORK = WorkRef(
    "specialists", "A Thousand Narrow Specialists", "https://arxiv.org/abs/1701.00001", ("N. Ibarrena",), 2017, 35,
    Text("Sparse experts, routing and load balancing from the start.", "疎なエキスパートと経路選択を最初から。"),
)  # fmt: skip


def digest(**changes: Any) -> Digest:
    """Build the final issue of October 2026; `changes` replace fields of it."""
    stages = tuple(_stage(number) for number in range(1, 9))
    late = (replace(entry(3, 9), number="3.9", submitted=date(2026, 9, 30), title="Sparse Gradients Have Memory"),)
    chosen = sum(len(stage.entries) for stage in stages)
    made = Digest(
        month="2026-10",
        status="final",
        made=datetime(2026, 11, 5, 6, 0, tzinfo=UTC),
        published=datetime(2026, 11, 5, 6, 30, tzinfo=UTC),
        closes=datetime(2026, 11, 5, 6, 0, tzinfo=UTC),
        previous="2026-09",
        next="2026-11",
        banners=(),
        considered=6812,
        chosen=chosen,
        minutes=sum(e.minutes for stage in stages for e in stage.entries),
        topmost=Topmost("moe", Text("Mixture of experts", "混合エキスパート"), 131),
        hour=tuple(stages[n - 1].entries[0].id for n in (5, 7, 3, 6, 8)),
        hour_minutes=58,
        stages=stages,
        labs=_labs(stages),
        late=late,
        late_more=40,
        coverage=coverage(),
        making=Making("0.1.0", "all-MiniLM-L6-v2@float32", "0f" * 16),
    )
    return replace(made, **changes)


def sample(**changes: Any) -> Digest:
    """Build the sample of June 2026: recorded titles without abstracts, no source reached."""
    sources = tuple(source(name, "unreachable") for name in ("arxiv", "hf", "pwc", "labs"))
    base = digest(
        month="2026-06", status="sample", published=None, previous=None, next=None, late=(), late_more=0,
        banners=(Banner("sample", {"papers": 7592}), Banner("partial", {"sources": "arxiv, hf, pwc, labs"})),
        coverage=Coverage(None, 7592, 7592, 0, 0, (*sources, source("recorded", "complete"))),
    )  # fmt: skip
    bare = tuple(replace(s, entries=tuple(_bare(e) for e in s.entries)) for s in base.stages)
    return replace(base, stages=bare, **changes)


def every_banner() -> tuple[Banner, ...]:
    """Give one banner of each kind, out of order, and one no version knows yet."""
    return (
        Banner("erratum", {"date": "2026-11-12", "item_id": "2610.55001", "kind": "withdrawn", "detail": ""}),
        Banner("overdue", {"open": "hf", "unranked": 3}),
        Banner("partial", {"sources": "hf, pwc"}),
        Banner("offline", {}),
        Banner("sample", {"papers": 7592}),
        Banner("draft", {"papers": 4653, "until": "2026-11-24", "closes": "2026-12-05", "last_final": "2026-10"}),
        Banner("of-tomorrow", {}),
    )


def coverage() -> Coverage:
    """Build a coverage with a source in every state."""
    return Coverage(
        6824, 6812, 6809, 41, 3,
        (
            source("arxiv", "complete"), source("hf", "partial", tuple(date(2026, 10, d) for d in (3, 19, 20, 21))),
            source("pwc", "failed"), source("labs", "unreachable"), source("arxiv-snapshot", "absent"),
        ),
    )  # fmt: skip


def source(name: str, state: str, missing: tuple[date, ...] = ()) -> SourceCoverage:
    """Build the coverage of one source."""
    read = datetime(2026, 11, 4, 9, 0, tzinfo=UTC) if state in ("complete", "partial") else None
    return SourceCoverage(name, state, 31, 27, 31, 27, missing, read, None if read else "HTTP 503")


def entry(stage: int, place: int) -> Entry:
    """Build one entry; the place decides which awkward state it shows."""
    name = STAGES[stage - 1][3][0]
    topic = TopicRef(name[0], Text(name[1], name[2]), 0.81)
    lab = list(LABS)[(stage + place) % len(LABS)]
    made = Entry(
        number=f"{stage}.{place}", id=f"2610.{stage}{place:04d}", kind="paper",
        title=TITLES[(stage + place) % len(TITLES)], authors=("W. Harroway-Tan", "K. Obuyade", "E. Fennimarsh"),
        more_authors=38 if place == 1 else 0, submitted=date(2026, 10, 2 + place), categories=("cs.CL", "cs.LG"),
        url=f"https://arxiv.org/abs/2610.{stage}{place:04d}", pdf_url=f"https://arxiv.org/pdf/2610.{stage}{place:04d}",
        topics=(topic,), labs=(LabRef(lab, Text(LABS[lab], LABS[lab]), 0.97, (("repository", "x"),)),),
        code=(CodeRef("https://github.com/example/regret", True, 1870, date(2026, 11, 4)),), votes=243, worth=0.71,
        minutes=12, minutes_guessed=False, reasons=reasons(topic.key, lab), summary=Summary(
            "We ask what a token would have lost at a second expert, and route by it. This removes the auxiliary loss, "
            "its coefficient and the warm-up of $10^4$ steps it needs, at 50% of the cost & without regret.",
            "extractive",
        ),
        withdrawn=False, read_first=WORK, has_abstract=True, recorded=False,
    )  # fmt: skip
    return _awkward(made, stage, place)


def reasons(topic: str, lab: str) -> tuple[Reason, ...]:
    """Build one reason of every kind, out of order."""
    return (
        Reason("builds-on", {"work": "specialists"}),
        Reason("code", {"official": True, "stars": 1870, "date": "2026-11-04"}, 0.1),
        Reason("readers", {"votes": 243, "place": 3, "of": 1032, "date": "2026-11-04"}, 0.2),
        Reason("lab", {"lab": lab, "evidence": "repository", "detail": "https://github.com/example"}, 0.1),
        Reason("topic", {"topic": topic, "phrase": "what a token would have lost", "title_only": False}, 0.3),
    )


TYPES = {(5, 1): "survey", (5, 4): "benchmark", (6, 1): "dataset", (7, 1): "method"}


def _awkward(made: Entry, stage: int, place: int) -> Entry:
    topic = made.topics[0].key
    if place == 2:  # a record without abstract, code, lab or page count
        short = (Reason("topic", {"topic": topic, "phrase": "Memorised Labels", "title_only": True}),)
        return replace(made, summary=None, has_abstract=False, code=(), labs=(), reasons=short, minutes_guessed=True)
    if (stage, place) in TYPES:
        return replace(made, type=TYPES[stage, place])
    if (stage, place) == (5, 3):
        return replace(made, title=LONG, more_authors=1204, withdrawn=True, code=(), read_first=None)
    if (stage, place) == (6, 3):
        return replace(made, title=HOSTILE, url="javascript:alert(1)", authors=(HOSTILE,), summary=Summary(
            HOSTILE + r" $\text{<script>alert(2)</script>}$ costs $5 and $10", "machine", "tiny", date(2026, 11, 1)
        ))  # fmt: skip
    if (stage, place) == (7, 3):
        return replace(
            made, kind="post", id="qwen:release-notes", title="Release Notes for a Small Vision Model", authors=(),
            more_authors=0, categories=(), pdf_url=None, code=(), url="https://qwen.example/notes",
            reasons=(Reason("lab", {"lab": "qwen", "evidence": "feed", "detail": "x"}), Reason("new", {}),
                     Reason("editors", {"date": "2026-10-12"})),
        )  # fmt: skip
    return made


def _bare(made: Entry) -> Entry:
    only = tuple(replace(r, facts={**r.facts, "title_only": True}) for r in made.reasons if r.kind == "topic")
    return replace(made, summary=None, has_abstract=False, recorded=True, reasons=only, minutes_guessed=True)


def _stage(number: int) -> StageSection:
    en, ja, considered, topics = STAGES[number - 1]
    entries = tuple(entry(number, place) for place in range(1, CHOSEN[number - 1] + 1))
    left = (
        LeftOut("2610.99001", "The Only Optimiser You Will Need", "https://arxiv.org/abs/2610.99001", 288, "fit"),
        LeftOut("2610.99002", "A Survey of Surveys", "https://arxiv.org/abs/2610.99002", 1, "floor"),
        LeftOut("2610.99003", "Ten Thousand Tools", "https://arxiv.org/abs/2610.99003", 119, "twin", f"{number}.1"),
    )
    return StageSection(
        number, f"stage-{number}", Text(en, ja), Text("What the stage is about.", "この段階で学ぶことです。"),
        tuple(TopicRef(key, Text(a, b), 0.0) for key, a, b in topics), considered, WORK, entries,
        left if number in (3, 5, 7) else (), filed=Filed(considered // 4, 0, 0),
    )  # fmt: skip


def _labs(stages: tuple[StageSection, ...]) -> tuple[LabSection, ...]:
    first = stages[4].entries[0]
    lines = (
        LabLine(first.id, "paper", first.title, first.url, first.number, (("repository", "x"),)),
        LabLine(
            "qwen:small",
            "post",
            "Release notes for a small model",
            "https://qwen.example/small",
            None,
            (("feed", "x"),),
        ),
    )
    return tuple(LabSection(key, Text(name, name), 6 if key == "qwen" else 0, lines if key == "qwen" else ())
                 for key, name in LABS.items())  # fmt: skip


def replaced(stage: StageSection, **changes: Any) -> StageSection:
    """Give a stage with some fields replaced."""
    return replace(stage, **changes)


def catch_up() -> Digest:
    """Build a catch-up view of March to June 2026."""
    base = digest(month="2026-06", since="2026-03", published=None, previous=None, next=None, late=(), late_more=0)
    banner = Banner("catch-up", {"months": 3, "empty": "2026-04"})
    stages = tuple(
        replace(s, entries=tuple(replace(e, stood=Stood("2026-03", e.number)) for e in s.entries)) for s in base.stages
    )
    return replace(base, stages=stages, banners=(banner,), status="draft")


def replaced_coverage(*sources: SourceCoverage) -> Coverage:
    """Build a coverage of these sources alone."""
    return replace(coverage(), sources=sources)
