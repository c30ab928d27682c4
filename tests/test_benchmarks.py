"""Every benchmark runs once, tiny: it measures what it says, and nothing of it is broken."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse  # type: ignore[import-untyped]

from benchmarks import (
    corpus,
    digest,
    embedded,
    heads,
    ingest,
    labelled_labs,
    labs,
    network,
    picks,
    quality,
    run,
    scale,
    search,
    speed,
    stored,
    times,
    unread,
    vectors,
    web,
    withheld,
)
from benchmarks.dump import invented_lines
from benchmarks.examples import OWN_JUDGMENTS, Known, read_known
from benchmarks.heads import Lines
from benchmarks.train_topics import Linear, read_trainer
from ingest.sources import arxiv_snapshot
from ranking import matrix, topics
from ranking.guide import make_guide
from roadmap.load import load_roadmap
from tests.fakes import HashEmbedder
from tests.labelled import write_corpus


@pytest.mark.postgres
def test_the_import_is_measured_beside_its_baselines(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUBE_TEST_POSTGRES_URL", postgres_url)
    monkeypatch.setattr(corpus, "SHARED", corpus.SHARED / "absent")
    figures = dict(ingest.rows((10, 20), 20, apart=False))
    assert figures["sqlite3 executemany, 20 rows ready as tuples"].startswith("1.00")
    assert {"import of 10 papers", "import of 20 papers", "import of 20 papers into PostgreSQL"} <= figures.keys()
    assert not [what for what, said in figures.items() if "SKIPPED" in said]


def test_times_are_learned_from_the_years_of_what_lists_name() -> None:
    lists = {
        "old": {f"15{n:02d}.0000{n % 9}" for n in range(1, 13)},
        "new": {f"24{n:02d}.0000{n % 9}" for n in range(1, 13)},
        "few": {"1501.00009", "1502.00009"},
    }
    found = times.times(lists, ("old", "new", "few", "unknown"))
    assert found.shape == (4, times.LAST_YEAR - topics.FIRST_YEAR + 1)
    assert not found[:, -1].any()
    assert not found[2:].any()
    assert found[0, 0] > 1
    assert found[1, 0] < -1
    assert (np.diff(found[0]) <= 0.01).all()
    assert [times.year_of(paper) for paper in ("math/9901001", "0704.0001", "2606.12345")] == [1999, 2007, 2026]


def test_invented_lines_are_papers_each_another() -> None:
    lines = list(invented_lines(20_003))
    ids = [arxiv_snapshot.named(line) for line in (*lines[:3], *lines[-3:])]
    assert ids == ["0704.00000", "0704.00001", "0704.00002", "0705.00000", "0705.00001", "0705.00002"]
    assert len(set(lines)) == len(lines)


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An invented labelled corpus in place of the real one, words for an embedder, and nothing cached of either."""
    folder = write_corpus(tmp_path / "shared")
    for module in (corpus, labelled_labs):
        monkeypatch.setattr(module, "SHARED", folder)
    for module in (embedded, vectors):
        monkeypatch.setattr(module, "CACHE", tmp_path / "bench")
    for module in (quality, picks, run, search, unread):
        monkeypatch.setattr(module, "SentenceTransformerEmbedder", HashEmbedder)
    read = (corpus.votes, corpus._measure, labelled_labs.papers)
    for cached in read:
        cached.cache_clear()
    yield folder
    for cached in read:
        cached.cache_clear()


def numbers(said: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+\.\d+", said)]


@pytest.mark.usefixtures("labelled")
def test_topics_are_measured_beside_their_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "STEPS", 2)
    monkeypatch.setattr(network, "EPOCHS", 1)
    monkeypatch.setattr(quality, "LEAST_LABELS", 5)
    monkeypatch.setattr(withheld, "LEAST", (3, 1))
    monkeypatch.setattr(quality, "TAUGHT", 0)
    figures = dict(quality.rows())
    assert sum(what.startswith("lists: ") for what in figures) == 4
    assert sum(what.startswith("lists, as read: ") for what in figures) == 4
    assert sum(what.startswith("lists, read both ways: ") for what in figures) == 4
    withheld_rows = [numbers(said) for what, said in figures.items() if " parts of lists withheld" in what]
    assert len(withheld_rows) == 12
    assert sum(" of them, topics that other lists teach" in what for what in figures) == 9
    assert all(0 < figure <= 1 for figures_ in withheld_rows for figure in figures_)
    assert sum(what.startswith("shown 2025-06: ") for what in figures) == 5
    assert sum(what.startswith("shown of all months") for what in figures) == 1
    assert all(
        0 < figure <= 1 for what, said in figures.items() if what.startswith("lists") for figure in numbers(said)
    )


@pytest.mark.usefixtures("labelled")
def test_over_all_months_the_best_of_each_month_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "SHOWN_PER_TOPIC", 2)
    grades = {"linear-algebra": {"2501.1": 2, "2501.2": 1, "2501.3": 0, "2502.1": 2, "2502.2": 2}, "rag": {"2501.1": 0}}
    trainer = replace(read_trainer(load_roadmap(), HashEmbedder(), read_known()), known=Known({}, grades))
    ids = sorted(grades["linear-algebra"])
    scores = np.zeros((len(ids), len(trainer.guide.topics)), np.float32)
    scores[:, trainer.guide.topics.index("linear-algebra")] = [0.9, 0.8, 0.7, 0.6, 0.4]
    _, said = quality.over_months(trainer, ids, scores)
    assert said == "precision 0.667 of 3 pairs  least: linear-algebra 0.667"


@pytest.mark.usefixtures("labelled")
def test_what_readers_file_otherwise_than_the_lists_counts_neither_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "LEAST_LABELS", 5)
    known = read_known()
    topic, other = "linear-algebra", "rag"
    ids = sorted(set().union(*known.lists.values()))
    beyond, wrong = min(known.lists[other]), min(known.lists[topic])
    trainer = read_trainer(load_roadmap(), HashEmbedder(), replace(known, grades={topic: {beyond: 2, wrong: 1}}))
    moved = np.array([2 * (p == beyond) - 2 * (p == wrong) for p in ids], np.float32)
    listed = np.array([[p in known.lists[t] for t in trainer.guide.topics] for p in ids], np.float32)
    scores = listed + moved[:, None]
    plain, read, both = (quality.listed(scores, ids, trainer, way) for way in quality.READ)
    assert plain < read < both


@pytest.mark.usefixtures("labelled")
def test_labs_are_measured_by_each_evidence() -> None:
    figures = dict(labs.rows())
    assert figures["labs, labels: Hugging Face organisation alone"].startswith("precision 1.000")
    assert figures["labs, labels: qwen"].endswith("( 80 true)")
    assert figures["labs: attribution of the corpus"].startswith("320 papers")


@pytest.mark.usefixtures("labelled")
def test_picks_are_measured_by_month_and_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picks, "DEPTH", 20)
    figures = dict(picks.rows())
    assert {"picks, among all of 2506: worth", "picks, among all of 2606: worth"} <= figures.keys()
    assert all(0 <= numbers(said)[0] <= 1 for what, said in figures.items() if "among all" in what)
    assert any(what.startswith("shown of 2506") for what in figures)


@pytest.mark.usefixtures("labelled")
def test_search_is_measured_beside_its_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "ASKED", 8)
    figures = dict(search.rows(200))
    for name in search.KEPT:
        like, *_, both = numbers(figures[f"{name}, 200 titles"])
        assert 0 <= like <= both <= 1
    assert "of the scan" in figures["two words over 200: full text"]
    assert figures["similar: ours, exact, twins folded, titles read"].startswith("p50")


def test_every_speed_is_measured_beside_its_baseline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(corpus, "SHARED", tmp_path / "absent")
    monkeypatch.setattr(vectors, "CACHE", tmp_path / "bench")
    monkeypatch.setattr(speed, "ROUNDS", 1)
    for module in (speed, stored):  # the roadmap's sentences take seconds to embed, and no figure is about them
        monkeypatch.setattr(module, "make_guide", lambda roadmap, *_: make_guide(roadmap, HashEmbedder()))
    monkeypatch.setattr(speed, "_alone", lambda name, count, cache: 100.0 if name is None else 50.0)
    figures = dict(speed.rows(2, 300, 1))
    assert figures["embedding, fp32, against encode() as shipped"].endswith("least cosine 1.00000")
    assert figures["peak memory of a process that embeds, fp32"] == "50 MB, 0.50 of encode()"
    assert "times one bare product" in figures["scoring 300 stored papers on all topics"]
    assert "bytes a paper" in figures["scoring 300 stored papers on all topics, finding what was read of them"]
    assert figures["top 20 of 300 vectors, against numpy float32"].endswith("2000 of 2000 hits found")
    assert "a rank with nothing new, 300 papers stored" in figures
    assert "a rank with 150 changed papers among them" in figures


def test_a_peak_is_that_of_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(corpus, "SHARED", tmp_path / "absent")
    held = bytearray(b"x") * 600_000_000
    peak = speed._alone("fp32", 1, str(tmp_path))
    assert 150 < peak < speed._peak()
    assert len(held) > 0


def test_an_issue_and_its_mails_are_measured() -> None:
    figures = dict(digest.rows(60, 40, 20))
    composed = next(said for what, said in figures.items() if what.startswith("composing their issue"))
    assert re.fullmatch(r"\d+\.\d\d s \(\d+\.\d\d s of the processor\), \d+\.\d% of ranking them", composed)
    assert re.fullmatch(r"[1-9]\d* mails/s on one core", figures["40 personal mails, to the byte as sent"])
    assert float(figures["the largest of them"].split()[0]) < 100
    assert re.match(r"[1-9]\d* mails/s on one core", figures["20 mails of readers who all said something"])


def test_the_readers_of_the_benchmark_are_of_every_kind() -> None:
    found = [reader for _, reader in digest.readers(5_000)]
    assert len({reader.unsubscribe_url for reader in found}) == 5_000
    assert len({reader.wishes for reader in found}) == 4 * (16 + 4 + 2)


@pytest.mark.usefixtures("labelled")
def test_the_web_is_measured_beside_a_bare_route() -> None:
    figures = dict(web.rows(60, 0.3, 1, 0.9))
    said = "".join(figures)
    assert all(
        kind in said for kind in ("lists of 20 papers", "each asked once", "a final issue", "packed", "304", "memory")
    )
    kinds = [figure for figure in figures.values() if "/s of " in figure]
    assert len(kinds) == 5
    assert all(min(numbers(figure)) > 0 for figure in kinds)


@pytest.mark.usefixtures("labelled")
def test_search_among_many_is_measured_beside_numpy_and_faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "PART", 250)
    monkeypatch.setattr(matrix, "LARGE", 600)
    figures = dict(scale.rows(600, 4))
    for kind in scale.KINDS:
        said = figures[f"top 20 of 600 vectors, {kind}: ours"]
        assert "recall 1.0000" in said
        assert 800 < float(said.split()[-4].replace(",", "")) < 1_200, "halves, signs, ids, and a state of some hundred"
        assert "shortlist 600" in figures[f"top 20 of 600 vectors, {kind}: building ours, with making the vectors"]


@pytest.mark.usefixtures("labelled")
def test_what_a_list_alone_says_of_a_topic_is_forgotten_and_teaches_nothing_against_it() -> None:
    trainer = read_trainer(load_roadmap(), HashEmbedder(), read_known())
    [left] = [left for left in withheld.left_out(trainer, sorted(trainer.papers), (1, 1)) if left.topic == "rag"]
    assert left.alone == trainer.known.lists["rag"]
    forgot = left.forget(trainer.known)
    assert not left.alone & (forgot.lists["rag"] | forgot.grades["rag"].keys())
    assert forgot.lists["tool-use"] == trainer.known.lists["tool-use"]
    linear = Linear(trainer)
    alone = [example.paper in left.alone for example in linear.examples]
    assert linear.shares[alone, trainer.guide.topics.index("rag")].all()
    assert not withheld.taught(trainer, linear, [left])[1][alone, -1].any()


def test_no_judgment_of_the_month_kept_apart_is_learned_from() -> None:
    judged, apart = ({p for _, p, _ in corpus.judgments(file)} for file in (OWN_JUDGMENTS, quality.HELD_BACK))
    assert apart
    assert {paper[:4] for paper in apart} == {quality.APART}
    assert not [paper for paper in judged if paper.startswith(quality.APART)]


def test_no_pair_that_was_unread_is_learned_from() -> None:
    unread_pairs, learned = ({(t, p) for t, p, _ in corpus.judgments(f)} for f in (unread.UNREAD, OWN_JUDGMENTS))
    assert unread_pairs
    assert not unread_pairs & learned


def test_unread_pairs_are_graded_by_what_is_shown(labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    papers = sorted(corpus.topic_labels()["rag"])[:3]
    pairs = labelled / "unread.tsv"
    lines = [f"2025-05\trag\t{paper}\t{grade}\tA title" for paper, grade in zip(papers, (2, 2, 1), strict=True)]
    pairs.write_text("\n".join(["month\ttopic\tarxiv_id\tgrade\ttitle", *lines]), encoding="utf-8")
    monkeypatch.setattr(unread, "UNREAD", pairs)
    monkeypatch.setattr(topics, "fits", lambda texts, *_: np.tile([0.9], (len(texts), len(load_roadmap().topics))))
    figures = dict(unread.rows(None))
    assert figures["unread: shown"] == "2 of 3 belong, 1 touch it: 0.667"
    assert figures["unread: just below the line"].startswith("0 of 0")
    assert dict(unread.rows(2))["unread: shown"].startswith("2 of 2")


@pytest.mark.usefixtures("labelled")
def test_a_run_holds_every_pair_of_the_pool_and_of_a_month_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    roadmap, pool = load_roadmap(), corpus.pool()
    whole = list(run.rows(run.POOL, roadmap, HashEmbedder()))
    fits = {(topic, paper): fit for topic, paper, fit in whole}
    assert fits.keys() == {(topic, paper) for topic in roadmap.topics for paper in pool}
    line = sorted(fit for (_, paper), fit in fits.items() if paper.startswith("2606"))[-50]
    monkeypatch.setattr(run, "SHOWN_FROM", line)
    shown = list(run.rows("2026-06", roadmap, HashEmbedder()))
    assert shown
    assert all(fit >= line and fit == pytest.approx(fits[topic, paper], abs=1e-6) for topic, paper, fit in shown)
    assert {paper[:4] for _, paper, _ in shown} == {"2606"}
    assert max(Counter(topic for topic, *_ in shown).values()) <= quality.SHOWN_PER_TOPIC


@pytest.mark.usefixtures("labelled")
@pytest.mark.parametrize(("what", "said"), [("2606", "is neither"), ("2026-13", "is neither"), ("2019-01", "no paper")])
def test_a_run_of_nothing_is_told(what: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list(run.rows(what, load_roadmap(), HashEmbedder()))


@pytest.mark.usefixtures("labelled")
def test_the_month_kept_apart_is_measured_and_refused_once_it_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "SHOWN_FROM", 0.0)
    papers = sorted(corpus.topic_labels()["rag"])[:2]
    trainer = read_trainer(load_roadmap(), HashEmbedder(), read_known())
    grades = {"rag": {papers[0]: 2, papers[1]: 1}, "tool-use": {papers[0]: 2}}
    with pytest.raises(ValueError, match="is learned from"):
        list(quality._kept_apart(replace(trainer, known=Known({}, grades)), papers, grades))
    *_, (name, said) = quality._kept_apart(replace(trainer, known=Known({}, {})), papers, grades)
    assert "which know no judgment of it" in name
    assert said.startswith("precision 0.750  recall@10 1.000")


def test_a_network_mixed_into_lines_says_the_mean_of_both() -> None:
    rng = np.random.default_rng(3)
    words = sparse.csr_array(rng.random((6, 5), np.float32) * (rng.random((6, 5)) < 0.5))
    vectors, answers = rng.normal(size=(6, 4)).astype(np.float32), rng.random((6, 3)) < 0.5
    lines = Lines(rng.normal(size=(4, 3)).astype(np.float32), np.ones((5, 3), np.float32), np.ones(3, np.float32))
    layer = network.Layer(5, 4, 3).eval()
    with torch.no_grad():
        alone = layer(network._bags(words), torch.from_numpy(vectors)).numpy()
    wanted = (1 - network.MIX) * lines(vectors, words) + network.MIX * alone
    assert layer.beside(lines)(vectors, words) == pytest.approx(wanted, abs=1e-5)
    trained = network.train_heads(vectors, words, answers, np.ones((6, 3), np.float32))
    assert trained(vectors, words).shape == (6, 3)


@pytest.mark.usefixtures("labelled")
def test_a_run_is_all_that_stands_in_its_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["run", run.POOL])
    run.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(load_roadmap().topics) * len(corpus.pool())
    assert all(re.fullmatch(r"[a-z-]+\t\d{4}\.\d{5}\t[01]\.\d{4}", line) for line in lines)
