"""What is counted is told as what it is: a part of the stages, one paper, a road of another length."""

from dataclasses import replace
from typing import Any

import pytest

from digest import front
from digest.formats import html, markdown, text
from digest.views import view
from digest.words import NBSP, voice
from tests.digest import sample


def test_a_view_of_some_stages_says_so_and_counts_them_alone() -> None:
    part = view(sample.digest(), {5})
    said = text.render(part, "en")
    assert "Stage 5 alone." in said
    assert "386 papers of October are filed here." in said.replace(NBSP, " ")
    assert "considered" not in said.replace("posts of the labs considered", "")
    assert "of this roadmap" not in said
    assert [banner for banner in view(sample.digest(), range(1, 9)).banners if banner.kind == "stages"] == []


def test_one_paper_is_counted_in_words_for_one() -> None:
    one = replace(sample.digest(), considered=1, posts=0)
    one = replace(one, coverage=replace(one.coverage, stored=1, ranked=1), making=replace(one.making, shortlisted=1))
    en = voice("en")
    said = [str(front.facts(en, one)[0][1]), front.description(en, one), front.description(en, replace(one, posts=1))]
    assert said[0] == "paper considered"
    assert said[1].replace(NBSP, " ").startswith("1 paper of October 2026 read against")
    assert said[2].replace(NBSP, " ").startswith("1 paper of October 2026, and 1 post")
    assert "1 paper stored, 1 ranked" in " ".join(str(line) for line in front.cite(en, one)).replace(NBSP, " ")


@pytest.mark.parametrize("written", [html.render, text.render, markdown.render])
@pytest.mark.parametrize(("lang", "said"), [("en", "the one stage of this roadmap"), ("ja", "全1段階")])
def test_a_road_of_one_stage_without_labs_is_not_told_of_eight(written: Any, lang: str, said: str) -> None:
    whole = sample.digest()
    (only,) = (stage for stage in whole.stages if stage.number == 5)
    page = written(replace(whole, stages=(only,), road=1, labs=(), hour=(), topmost=None), lang)
    assert said in page
    for wrong in ("eight stages", "of 8", "8つ", "全8", "From the labs", "研究所から"):
        assert wrong not in page, wrong
