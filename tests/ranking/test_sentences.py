"""Where a sentence of an abstract ends: not at abbreviations, in formulas, or at prices."""

import pytest

from ranking.summary import extract, sentences


@pytest.mark.parametrize(
    "text",
    [
        "We use herons, e.g. Brass ones.",
        "As in Fig. 2 and Eq. 3, it holds.",
        "Smith et al. Showed it.",
        "It costs 12.5 dollars.",
        "J. R. Heron wrote it.",
        "It holds (cf. Section 2).",
        "Let $a. B$ be given.",
        "We cast 40 herons (avg. 98 minutes each).",
        "It is drawn in Figs. 2 and 3 and Refs. 4 and 5.",
        "A heron at \\$5 has $x = 1. Y = 2$ legs.",
        "With $3.5\\times n. Then 2$ it holds.",
        "With $9.8. \\pm 1$ it holds.",
        "With $ x. Y = 2 $ it holds.",
        "It is kept at heron.example and in Pond.Js files.",
    ],
)
def test_these_are_one_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("It fails for ponds of class A. We cast one.", "It fails for ponds of class A."),
        ("It slows retrieval.In this paper, we cast one.", "It slows retrieval."),
        ("It stands in ponds.Inside the mill, we cast one.", "It stands in ponds."),
        ('He calls it "still." We do not.', 'He calls it "still."'),
    ],
)
def test_these_are_two(text: str, ends: str) -> None:
    first, second = sentences(text)
    assert first == ends
    assert second.startswith(("We", "In"))


@pytest.mark.parametrize(
    "price",
    [
        "\\$5",
        "$5",
        "US$5.40",
        "$1,200",
        "~$0.2M",
        "$8 billion",
        "$5, $6 or $7",
        "$5-$6 or $7",
        "$5, not $y$,",
        "($5)",
        "5$",
    ],
)
@pytest.mark.parametrize(
    "rest", ["of brass.", "in $O(n \\log n)$ steps.", "for \\$6.", "that is $3\\times$ faster.", "at US$6."]
)
def test_a_price_is_no_formula(price: str, rest: str) -> None:
    whole = [f"It costs {price} a day.", f"We cast one {rest}"]
    assert sentences(" ".join(whole)) == whole


@pytest.mark.parametrize("lone", ["5$", "90$ brass", "$HERON", "$/heron", "(0, 5]$"])
def test_a_dollar_that_nothing_closes_is_no_formula(lone: str) -> None:
    whole = [f"It takes {lone} a day.", "We cast one for \\$6.", "It holds ($p < 1$)."]
    assert sentences(" ".join(whole)) == whole
    assert sentences(" ".join(whole[:2])) == whole[:2]


def test_a_price_does_not_cost_the_summary() -> None:
    abstract = f"A day of work costs up to \\$5 in moulds. We propose a heron of brass. {'It waits very long. ' * 30}"
    assert extract(abstract) == "We propose a heron of brass."


def test_sentences_end_at_stops_questions_and_calls() -> None:
    assert sentences("It holds. Does it? It does! (So we say.)") == [
        "It holds.",
        "Does it?",
        "It does!",
        "(So we say.)",
    ]
