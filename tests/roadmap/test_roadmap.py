"""The packaged curriculum is whole, and the loader names everything wrong with one that is not."""

from __future__ import annotations

import csv
import html
import json
import lzma
import re
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from core.errors import ShirubeError
from roadmap.load import RoadmapError, load_roadmap
from roadmap.model import Roadmap, Text, Work

SHARED = Path(__file__).parents[2].parent / "shared"

# stage number -> its key and topics, as the outline of the curriculum fixes them
OUTLINE = {
    1: (
        "maths-and-programming",
        "linear-algebra calculus-and-autodiff probability-and-statistics convex-and-nonconvex-optimization "
        "scientific-python-and-pytorch",
    ),
    2: ("classical-ml", "classical-ml clustering-and-dimensionality-reduction model-evaluation-and-metrics"),
    3: (
        "deep-learning-core",
        "optimization-for-deep-learning regularization-normalization backpropagation-and-activations "
        "generalization-and-overfitting",
    ),
    4: ("cnn-rnn-transformer", "cnn-image-classification rnn-lstm-sequence transformer-architectures-attention"),
    5: (
        "nlp-and-foundation-models",
        "bert-pretraining gpt-llm-pretraining open-llm-families mixture-of-experts llm-alignment-rlhf peft-lora "
        "quantization",
    ),
    6: (
        "multimodal-and-generative",
        "vision-transformers diffusion-image-generation video-generation audio-speech-generation "
        "unified-multimodal-models",
    ),
    7: (
        "agents-and-systems",
        "prompt-engineering chain-of-thought-reasoning agent-memory-planning rag tool-use multi-agent-systems",
    ),
    8: (
        "frontier-research",
        "efficient-inference agent-alignment-and-evaluation multimodal-understanding world-models",
    ),
}
LABS = ["openai", "deepseek", "qwen", "anthropic", "google-deepmind", "meta-fair"]
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def roadmap() -> Roadmap:
    return load_roadmap()


# --- the packaged curriculum


def test_stages_and_topics_are_those_of_the_outline_and_others_may_stand_among_them(roadmap: Roadmap) -> None:
    assert {stage.number: stage.key for stage in roadmap.stages} == {n: key for n, (key, _) in OUTLINE.items()}
    for stage in roadmap.stages:
        outlined = OUTLINE[stage.number][1].split()
        assert [topic for topic in stage.topics if topic in outlined] == outlined
    assert list(roadmap.topics) == [topic for stage in roadmap.stages for topic in stage.topics]
    assert all(topic.stage == stage.number for stage in roadmap.stages for topic in roadmap.topics_of(stage.number))


def test_labs_are_those_of_the_outline(roadmap: Roadmap) -> None:
    assert [lab for lab in roadmap.labs if lab in LABS] == LABS
    for lab in roadmap.labs.values():
        assert all([lab.github, lab.hf, lab.hf_names, lab.affiliations, lab.domains]), lab.key


@pytest.mark.parametrize("field", ["github", "hf", "hf_names", "authors", "affiliations", "domains"])
def test_no_evidence_speaks_for_two_labs(roadmap: Roadmap, field: str) -> None:
    seen = Counter(value.lower() for lab in roadmap.labs.values() for value in getattr(lab, field))
    assert [value for value, count in seen.items() if count > 1] == []


def test_no_lab_is_vetoed_by_its_own_affiliations(roadmap: Roadmap) -> None:
    for lab in roadmap.labs.values():
        assert not {text.lower() for text in lab.affiliations} & {text.lower() for text in lab.not_affiliations}


def test_prose_is_written_in_both_languages(roadmap: Roadmap) -> None:
    prose = [stage.description for stage in roadmap.stages]
    prose += [topic.description for topic in roadmap.topics.values()]
    prose += [work.why for work in roadmap.canon]
    for text in prose:
        assert re.fullmatch(r"[^!]+\.", text.en), text.en
        assert re.fullmatch(r"[^!！]+。", text.ja), text.ja
        assert not JAPANESE.search(text.en), text.en
        assert JAPANESE.search(text.ja), text.ja


def test_every_topic_gives_ranking_enough_to_work_with(roadmap: Roadmap) -> None:
    for topic in roadmap.topics.values():
        assert 6 <= len(topic.queries) <= 10, topic.key
        assert 2 <= len(topic.queries_ja) <= 3, topic.key
        assert all(JAPANESE.search(query) for query in topic.queries_ja), topic.key
        assert 12 <= len(topic.phrases) <= 25, topic.key
        assert any(phrase.weight == 1.0 for phrase in topic.phrases), topic.key
        assert all(0.3 <= phrase.weight <= 1.0 for phrase in topic.phrases), topic.key
        assert 4 <= len(topic.near_misses) <= 8, topic.key
        assert topic.categories, topic.key
        assert topic.neighbours, topic.key


def test_no_query_belongs_to_two_topics(roadmap: Roadmap) -> None:
    seen = Counter(query.lower() for topic in roadmap.topics.values() for query in topic.queries + topic.near_misses)
    assert [query for query, count in seen.items() if count > 1] == []


def test_neighbours_are_neighbours_of_each_other(roadmap: Roadmap) -> None:
    for topic in roadmap.topics.values():
        for key in topic.neighbours:
            assert topic.key in roadmap.topics[key].neighbours, f"{topic.key} -> {key}"


def test_prerequisites_of_a_topic_come_no_later_than_its_stage(roadmap: Roadmap) -> None:
    for topic in roadmap.topics.values():
        assert all(roadmap.topics[key].stage <= topic.stage for key in topic.prerequisites), topic.key


# --- the reading list


def test_the_reading_list_covers_every_stage_and_topic(roadmap: Roadmap) -> None:
    assert len(roadmap.canon) >= 80
    assert all(len(roadmap.canon_of(stage.number)) >= 8 for stage in roadmap.stages)
    assert {work.topic for work in roadmap.canon} == set(roadmap.topics)


def test_works_are_complete_and_unique(roadmap: Roadmap) -> None:
    assert max(Counter(work.key for work in roadmap.canon).values()) == 1
    assert max(Counter(work.url for work in roadmap.canon).values()) == 1
    for work in roadmap.canon:
        assert 1 <= len(work.authors) <= 3, work.key
        assert work.minutes >= 10, work.key
        assert work.url == f"https://arxiv.org/abs/{work.arxiv_id}" or work.arxiv_id is None


def test_the_reading_list_is_in_study_order(roadmap: Roadmap) -> None:
    read: set[str] = set()
    for work in roadmap.canon:
        assert set(work.prerequisites) <= read, f"{work.key} comes before {set(work.prerequisites) - read}"
        read.add(work.key)
    numbers = [work.stage for work in roadmap.canon]
    assert numbers == sorted(numbers)


def test_a_year_is_not_before_its_arxiv_id(roadmap: Roadmap) -> None:
    for work in roadmap.canon:
        if work.arxiv_id and "/" not in work.arxiv_id:
            assert work.year == 2000 + int(work.arxiv_id[:2]), work.key


def test_titles_are_those_recorded_under_the_ids(roadmap: Roadmap) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"needs the recorded papers and labels in {SHARED}, which is absent")
    for place, recorded in (("corpus", _corpus_titles()), ("gold", _gold_titles())):
        for work in roadmap.canon:
            if work.checked == place:
                titles = recorded[work.arxiv_id or ""]
                assert any(_same_title(work, title) for title in titles), f"{work.key}: {titles}"


def _corpus_titles() -> dict[str, set[str]]:
    titles: dict[str, set[str]] = defaultdict(set)
    for path in sorted((SHARED / "corpus").glob("papers*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                paper = json.loads(line)
                titles[paper["id"]].add(paper["title"])
    return titles


def _gold_titles() -> dict[str, set[str]]:
    titles: dict[str, set[str]] = defaultdict(set)
    for path in sorted((SHARED / "gold").glob("*.tsv")):
        with path.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                titles[row["arxiv_id"]].add(row.get("title") or "")
    return titles


def _same_title(work: Work, recorded: str) -> bool:
    """Compare letters and digits only: curated lists cut subtitles off and add venues and authors."""
    ours, theirs = _fold(work.title), _fold(recorded)
    return ours[:60] in theirs or (len(theirs) >= 12 and theirs[:60] in ours)


def _fold(title: str) -> str:
    plain = unicodedata.normalize("NFKD", html.unescape(title)).lower()
    return re.sub(r"[^a-z0-9]", "", plain)


# --- reading a curriculum


def test_a_text_falls_back_to_english() -> None:
    text = Text("tree", "木")
    assert [text.in_(lang) for lang in ("en", "ja", "ja-JP", "fr")] == ["tree", "木", "木", "tree"]


def test_unknown_stage_is_a_key_error(roadmap: Roadmap) -> None:
    with pytest.raises(KeyError):
        roadmap.stage(9)


STAGES = """
[[stage]]
number = 1
key = "start"
name = { en = "Start", ja = "始め" }
description = { en = "Where it begins.", ja = "ここから始めます。" }
topics = ["knots"]
"""
TOPIC = """
name = { en = "Knots", ja = "結び目" }
short = { en = "Knots", ja = "結び目" }
description = { en = "Ropes, tied.", ja = "縄の結び方です。" }
queries = ["A knot that holds under load"]
[phrases]
"knot" = 1.0
"""
WORK = """
[[work]]
key = "ashley"
url = "https://example.org/knots"
title = "The Book of Knots"
authors = ["A. Author"]
year = 1944
stage = 1
topic = "knots"
why = { en = "Lists them.", ja = "一覧です。" }
minutes = 60
checked = "memory"
"""


def _write(folder: Path, stages: str = STAGES, topic: str = TOPIC, canon: str = WORK, labs: str = "") -> Path:
    (folder / "topics").mkdir()
    (folder / "stages.toml").write_text(stages, encoding="utf-8")
    (folder / "topics" / "knots.toml").write_text(topic, encoding="utf-8")
    (folder / "canon.toml").write_text(canon, encoding="utf-8")
    if labs:
        (folder / "labs.toml").write_text(labs, encoding="utf-8")
    return folder


def _problems(folder: Path) -> str:
    with pytest.raises(RoadmapError) as caught:
        load_roadmap(folder)
    assert isinstance(caught.value, ShirubeError)
    return str(caught.value)


def test_another_curriculum_needs_only_files(tmp_path: Path) -> None:
    toy = load_roadmap(_write(tmp_path))
    assert [stage.key for stage in toy.stages] == ["start"]
    assert toy.topics["knots"].phrases[0].weight == 1.0
    assert [work.key for work in toy.canon_of(1)] == ["ashley"]
    assert toy.labs == {}


@pytest.mark.parametrize(
    ("title", "names", "known"),
    [
        ("KnotNet: Ropes at Scale", "", ("KnotNet",)),
        ("Knot-2: Ropes at Scale", 'names = ["KnotNet"]', ("KnotNet",)),
        ("KnotNet2: Ropes at Scale", 'names = ["tied net", "KnotNet2"]', ("KnotNet2", "tied net")),
        ("Bowline: Ropes at Scale", "", ()),
        ("Fine-Tying: Ropes at Scale", "", ()),
        ("The Book of Knots", "", ()),
        ("On KnotNet: A Review", "", ()),
    ],
)
def test_a_work_is_called_by_the_coined_word_of_its_title_and_what_is_written(
    tmp_path: Path, title: str, names: str, known: tuple[str, ...]
) -> None:
    canon = WORK.replace("The Book of Knots", title) + names
    assert load_roadmap(_write(tmp_path, canon=canon)).canon[0].names == known


def test_a_name_without_a_word_is_refused(tmp_path: Path) -> None:
    message = _problems(_write(tmp_path, canon=WORK + 'names = ["--", "KnotNet", " bowline", "tied  net"]'))
    for name in ("'--'", "' bowline'", "'tied  net'"):
        assert f"canon.toml: ashley.names: {name} should be words" in message
    assert "'KnotNet'" not in message


def test_a_topic_names_a_neighbour_in_its_own_file_alone(tmp_path: Path) -> None:
    folder = _write(tmp_path, stages=STAGES.replace('["knots"]', '["knots", "bends"]'))
    (folder / "topics" / "bends.toml").write_text('neighbours = ["knots"]\n' + TOPIC, encoding="utf-8")
    assert {key: topic.neighbours for key, topic in load_roadmap(folder).topics.items()} == {
        "knots": ("bends",),
        "bends": ("knots",),
    }


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    folder = _write(
        tmp_path,
        stages=STAGES.replace(', ja = "始め"', "").replace('["knots"]', '["knots", "bends"]'),
        topic='colour = "red"\nneighbours = ["sails"]\n' + TOPIC.replace("= 1.0", "= 1.5"),
        canon=WORK.replace('url = "https://example.org/knots"', 'arxiv_id = "17063762"') + WORK,
        labs='[[lab]]\nkey = "dock"\nname = { en = "Dock", ja = "港" }\nhomepage = "dock"\nsince = "long ago"\n',
    )
    (folder / "topics" / "hitches.toml").write_text(TOPIC, encoding="utf-8")
    message = _problems(folder)
    for expected in (
        "stages.toml: start.name.ja: is missing",
        "stages.toml: start.topics: 'bends' has no file",
        "topics/hitches.toml: hitches: is a topic in no stage",
        "topics/knots.toml: knots.colour: is not a known key",
        "topics/knots.toml: knots.neighbours: 'sails' is not another topic",
        "topics/knots.toml: knots.phrases: weight of 'knot'",
        "canon.toml: ashley.arxiv_id: '17063762' is not an arXiv id",
        "canon.toml: ashley: is the key of two works",
        "labs.toml: dock.homepage: should be a web address",
        "labs.toml: dock.since: should be a month",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('topic = "knots"', 'topic = "sails"', "ashley.topic: 'sails' is not a topic"),
        ("stage = 1", "stage = 3", "ashley.stage: there is no stage 3"),
        ("minutes = 60", "minutes = true", "ashley.minutes: should be a whole number"),
        ("year = 1944", 'year = 1944\nothers = "yes"', "ashley.others: should be true or false"),
        ('checked = "memory"', 'checked = "web"', "ashley.checked: should be one of"),
        ('checked = "memory"', 'checked = "memory"\nprerequisites = ["rope"]', "'rope' is not another work's key"),
        ('url = "https://example.org/knots"', "", "ashley.url: is missing"),
        ('title = "The Book of Knots"', 'title = " "', "ashley.title: should be a non-empty string"),
        ('["A. Author"]', '["A. Author", "A. Author"]', "names 'A. Author' twice"),
    ],
)
def test_a_faulty_work_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in _problems(_write(tmp_path, canon=WORK.replace(old, new)))


def test_a_file_that_is_not_toml_is_one_problem(tmp_path: Path) -> None:
    message = _problems(_write(tmp_path, topic="name = {"))
    assert "topics/knots.toml: file: cannot be read" in message
    assert "(problems: 1)" in message


def test_a_file_saved_with_a_mark_of_its_encoding_is_read(tmp_path: Path) -> None:
    """As Windows' editors save UTF-8."""
    folder = _write(
        tmp_path, labs='[[lab]]\nkey = "dock"\nname = { en = "Dock", ja = "港" }\nhomepage = "https://dock.example"\n'
    )
    for file in folder.rglob("*.toml"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert list(load_roadmap(folder).topics) == ["knots"]


@pytest.mark.parametrize("stages", ["[[stage", "", "stage = 1"])
def test_of_stages_that_cannot_be_read_nothing_is_concluded(tmp_path: Path, stages: str) -> None:
    topic = 'neighbours = ["sails"]\n' + TOPIC.replace("= 1.0", "= 1.5")
    message = _problems(_write(tmp_path, stages=stages, topic=topic))
    assert "(problems: 2)" in message
    assert "stages.toml: " in message
    assert "topics/knots.toml: knots.phrases: weight of 'knot'" in message


def test_a_broken_topic_is_told_once_however_often_it_is_named(tmp_path: Path) -> None:
    stages = STAGES.replace('["knots"]', '["knots", "bends"]') + STAGES.replace("1", "2").replace("start", "end")
    folder = _write(tmp_path, stages=stages, topic="name = {", canon="")
    (folder / "topics" / "bends.toml").write_text('neighbours = ["knots"]\n' + TOPIC, encoding="utf-8")
    assert _problems(folder).count("topics/knots.toml: file: cannot be read") == 1


@pytest.mark.parametrize("phrase", ["！", "...", "++", "- -"])
def test_a_phrase_without_a_word_is_refused(tmp_path: Path, phrase: str) -> None:
    message = _problems(_write(tmp_path, topic=TOPIC.replace('"knot" =', f'"{phrase}" =')))
    assert f"knots.phrases: phrase {phrase!r} has no word" in message


def test_stages_out_of_order_or_sharing_a_topic(tmp_path: Path) -> None:
    message = _problems(_write(tmp_path, stages=STAGES + STAGES.replace("number = 1", "number = 3")))
    assert "should count 1, 2, 3" in message
    assert "start: is the key of two stages" in message
    assert "knots: stands in two stages" in message


def test_a_missing_folder_says_which_file_to_write(tmp_path: Path) -> None:
    assert "stages.toml: file: is missing" in _problems(tmp_path / "nowhere")
