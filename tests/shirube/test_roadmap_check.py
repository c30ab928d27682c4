"""Another curriculum needs only TOML: checked with every fault named, and walked from pull to digest."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import pytest

from ranking.guide import make_guide
from ranking.service import Ranker
from ranking.topics import packaged_blend
from roadmap.load import load_roadmap
from tests.shirube.command import Bench, run
from tests.upstream import Upstream
from tests.upstream.catalogue import Catalogue
from tests.upstream.model import Author, Paper

STAGES = """
[[stage]]
number = 1
key = "dough"
name = { en = "Dough", ja = "生地" }
description = { en = "What happens before the oven.", ja = "焼く前に起こることを学びます。" }
topics = ["gluten", "sourdough"]

[[stage]]
number = 2
key = "oven"
name = { en = "Oven", ja = "窯" }
description = { en = "What heat does to it.", ja = "熱の働きを学びます。" }
topics = ["crust"]
"""
TOPIC = """
name = {{ en = "{en}", ja = "{ja}" }}
short = {{ en = "{en}", ja = "{ja}" }}
description = {{ en = "{about}", ja = "{ja}を扱います。" }}
queries = [{queries}]
near_misses = ["Hydration of cement pastes and concrete", "Proteins folded in living cells"]
[phrases]
{phrases}
"""
TOPICS = {
    "gluten": TOPIC.format(
        en="Gluten networks",
        ja="グルテン",
        about="Gluten networks of wheat dough: kneading, hydration, elasticity.",
        queries='"Gluten network formation in wheat dough during kneading", "Elasticity of hydrated gluten in dough"',
        phrases='"gluten" = 1.0\n"gluten network" = 1.0\n"wheat dough" = 0.7\n"kneading" = 0.7',
    ),
    "sourdough": TOPIC.format(
        en="Sourdough fermentation",
        ja="サワードウ",
        about="Sourdough fermentation by yeast and lactic acid bacteria.",
        queries='"Lactic acid bacteria in sourdough fermentation", "Yeast and acidity of a sourdough starter"',
        phrases='"sourdough" = 1.0\n"lactic acid bacteria" = 0.7\n"starter" = 0.4',
    ),
    "crust": TOPIC.format(
        en="Crust and Maillard browning",
        ja="焼き色",
        about="Maillard browning and crust formation of bread in the oven.",
        queries='"Maillard browning of bread crust in the oven", "Kinetics of crust formation while bread bakes"',
        phrases='"maillard" = 1.0\n"bread crust" = 1.0\n"browning" = 0.6',
    ),
}
CANON = """
[[work]]
key = "crumb-book"
url = "https://book.example/crumb"
title = "A Book of Gluten and Crumb"
authors = ["A. Author"]
year = 1999
stage = 1
topic = "gluten"
why = { en = "Begins with flour and water.", ja = "小麦粉と水から始めます。" }
minutes = 60
checked = "memory"
"""
GLOSSARY = '[terms]\n"発酵" = "fermentation"\n'
PAPERS = {
    "gluten": (
        "Gluten network formation in wheat dough under slow kneading",
        "We measure how a gluten network grows in wheat dough during kneading. Elasticity of the hydrated gluten rises "
        "with each fold. We find that slow kneading gives the strongest gluten network.",
    ),
    "sourdough": (
        "Lactic acid bacteria set the pace of sourdough fermentation",
        "We follow lactic acid bacteria and yeast in a sourdough starter. Acidity of the sourdough fermentation "
        "depends on temperature. We show that the starter settles within ten days.",
    ),
    "crust": (
        "Kinetics of Maillard browning in a bread crust",
        "We model Maillard browning of the bread crust in the oven. Crust formation follows the drying front. The "
        "model predicts browning within one shade of measured crusts.",
    ),
    "none": (
        "Hydration of cement pastes at low temperature",
        "Cement pastes are cured in cold rooms. Strength of the concrete is measured after a month. We report slower "
        "hydration than at room temperature.",
    ),
}


def road(folder: Path, **other: str) -> Path:
    """Write the curriculum of a bakery; `other` replaces files by their stem."""
    files = {"stages": STAGES, "canon": CANON, "glossary": GLOSSARY} | {f"topics/{k}": v for k, v in TOPICS.items()}
    (folder / "topics").mkdir(parents=True)
    for name, content in (files | other).items():
        (folder / f"{name}.toml").write_text(content, encoding="utf-8")
    return folder


def paper(number: int, key: str) -> Paper:
    title, abstract = PAPERS[key]
    moment = datetime(2026, 10, 5, 12, number, tzinfo=UTC)
    author = Author(f"Baker Number{number}")
    return Paper(f"2610.9{number:04d}", title, abstract, [author], ["physics.chem-ph"], [moment])


@pytest.fixture(scope="module")
def bakery() -> Iterator[Upstream]:
    """A world in which only bread and cement are studied."""
    papers = [paper(number, key) for number, key in enumerate(PAPERS, 1)]
    with Upstream(world=Catalogue(papers, [], date(2026, 11, 1))) as upstream:
        yield upstream


class Baker(Bench):
    """The wiring as it is in use: the trained weights are there, and know none of these topics."""

    @cached_property
    def ranker(self) -> Ranker:
        """Rank along whatever road is set."""
        return Ranker(self.roadmap, make_guide(self.roadmap, self.embedder), self.embedder, packaged_blend())


@pytest.fixture(scope="module")
def baked(bakery: Upstream, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a bakery whose October was pulled, ranked and made into a digest."""
    folder = tmp_path_factory.mktemp("bakery")
    env = {
        **bakery.environment(),
        "SHIRUBE_DATA_DIR": str(folder / "var"),
        "SHIRUBE_ROADMAP_DIR": str(road(folder / "road")),
        "SHIRUBE_LAB_FEEDS": "{}",
        "SHIRUBE_CATEGORIES": "physics.chem-ph",
    }
    made = run("digest", "2026-10", "--format", "json", env=env, wiring=Baker)
    assert made.code == 0, made.err
    return env


def test_another_curriculum_is_walked_from_pull_to_digest(baked: dict[str, str]) -> None:
    made = run("digest", "2026-10", "--format", "json", "--out", "-", "--offline", env=baked, wiring=Baker)
    issue = json.loads(made.out)
    assert [section["number"] for section in issue["stages"]] == [1, 2]
    printed = {section["number"]: [entry["id"] for entry in section["entries"]] for section in issue["stages"]}
    assert set(printed[1]) == {"2610.90001", "2610.90002"}
    assert printed[2] == ["2610.90003"]


def test_each_paper_stands_under_its_own_heading_and_no_other(baked: dict[str, str]) -> None:
    for number, key in enumerate(PAPERS, 1):
        if key != "none":
            found = json.loads(run("papers", "--topic", key, "--format", "json", env=baked, wiring=Baker).out)
            assert [item["id"] for item in found] == [f"2610.9{number:04d}"], key


def test_its_words_are_searched_in_both_languages(baked: dict[str, str]) -> None:
    ended = run("search", "サワードウの発酵", "--format", "json", env=baked, wiring=Baker)
    assert json.loads(ended.out)[0]["id"] == "2610.90002"
    assert "Read as: Sourdough fermentation fermentation" in ended.err


def test_a_digest_in_japanese_names_its_stages(baked: dict[str, str]) -> None:
    made = run(
        "digest", "2026-10", "--format", "text", "--lang", "ja", "--out", "-", "--offline", env=baked, wiring=Baker
    )
    assert made.code == 0
    assert "生地" in made.out


# shirube roadmap check


def test_the_packaged_road_is_whole() -> None:
    ended = run("roadmap", "check")
    assert ended.code == 0, ended.out
    assert f"is whole: 8 stages, {len(load_roadmap().topics)} topics" in ended.out


def test_a_whole_road_is_counted_and_told_what_could_be_better(tmp_path: Path) -> None:
    ended = run("roadmap", "check", str(road(tmp_path / "road")))
    assert ended.code == 0
    assert "is whole: 2 stages, 3 topics, 1 work, 0 labs, 1 word of the glossary" in ended.out
    assert "could be better: topics/crust.toml: queries: has 2" in ended.out
    assert "could be better: canon.toml: no work on crust" in ended.out


def test_the_folder_of_the_setting_is_checked(tmp_path: Path) -> None:
    folder = road(tmp_path / "road", stages=STAGES.replace("number = 2", "number = 3"))
    ended = run("roadmap", "check", env={"SHIRUBE_ROADMAP_DIR": str(folder)})
    assert ended.code == 1
    assert "stages.toml: number: should count 1, 2, 3 ... in file order, is [1, 3]; renumber" in ended.out


def test_every_fault_is_named_at_once_with_file_key_and_remedy(tmp_path: Path) -> None:
    folder = road(
        tmp_path / "road",
        stages=STAGES.replace('ja = "窯"', 'jp = "窯"'),
        canon=CANON.replace("stage = 1", "stage = 2").replace("minutes = 60", 'minutes = "long"'),
        glossary='[terms]\n"発酵" = 3\n"酵母" = ""\n"種" = "leaven"\n[second]\n"種" = ["パン"]\n"粉" = "小麦"\n',
        **{"topics/gluten": TOPICS["gluten"].replace("1.0", "7"), "topics/crust": "short = 1\nqueries = oven\n"},
    )
    ended = run("roadmap", "check", str(folder))
    assert ended.code == 1
    for said in (
        "stages.toml: oven.name.ja: is missing; write it",
        "stages.toml: oven.name.jp: is not a known key; delete it or use one of: en, ja",
        "topics/gluten.toml: gluten.phrases: weight of 'gluten' should be above 0 and at most 1, is 7; correct it",
        "topics/crust.toml: file: cannot be read (Invalid value",
        "line 2",
        "canon.toml: crumb-book.minutes: should be a whole number from 1 to 6000, is 'long'; correct it",
        "canon.toml: crumb-book.stage: is 2, but its topic 'gluten' is in stage 1; correct one",
        "glossary.toml: glossary.terms: '発酵' should have an English name or a list of names, is 3; correct it",
        "glossary.toml: glossary.terms: '酵母' should have an English name",
        "glossary.toml: glossary.second: '種' has no second English name under terms; give it one or delete the line",
        "glossary.toml: glossary.second.粉: should be a list of non-empty strings; correct it",
    ):
        assert said in ended.out, said
    assert f"{folder}: problems: {len(ended.lines)}" in ended.err


def test_a_folder_that_is_not_there_says_what_to_write(tmp_path: Path) -> None:
    ended = run("roadmap", "check", str(tmp_path / "nowhere"))
    assert ended.code == 1
    assert "stages.toml: file: is missing; write it in" in ended.out


def test_a_broken_road_stops_every_command_that_needs_it(tmp_path: Path) -> None:
    folder = road(tmp_path / "road", stages="")
    env = {"SHIRUBE_ROADMAP_DIR": str(folder), "SHIRUBE_DATA_DIR": str(tmp_path / "var")}
    ended = run("papers", env=env)
    assert ended.code == 1
    assert "stages.toml: stage: has no stage" in ended.err
