"""The published figures are those of docs/ranking.md, to the digit."""

import re
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from core.months import parse_month
from ranking.figures import Figure, published

PAGE = (Path(__file__).parents[2] / "docs" / "ranking.md").read_text(encoding="utf-8")
FIGURES = published().figures


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:\.\d+)?", text)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.key)
def test_a_figure_stands_in_the_document_as_published(figure: Figure) -> None:
    assert figure.said in PAGE
    assert figure.also in PAGE
    assert figure.value in numbers(figure.said)
    assert figure.baseline in numbers(figure.said + figure.also)


def test_figures_have_a_month_keys_of_their_own_and_words_in_both_languages() -> None:
    assert parse_month(published().measured) == published().measured
    assert len({figure.key for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert figure.what.ja != figure.what.en
        assert figure.against.ja != figure.against.en


def test_a_figure_names_a_benchmark_that_exists() -> None:
    source = Path(str(benchmarks.__file__)).read_text(encoding="utf-8")
    for figure in FIGURES:
        if figure.command:
            program, _, name = figure.command.rpartition(" ")
            assert program == "python -m benchmarks"
            assert f'"{name}"' in source
