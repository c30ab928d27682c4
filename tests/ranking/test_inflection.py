"""The forms of Japanese verbs and adjectives, by which a query's words are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.inflection import forms


@pytest.mark.parametrize(
    ("word", "some"),
    [
        (
            "使う",
            {"使います", "使わない", "使える", "使った", "使って", "使っている", "使い方", "使われる", "使わせる"},
        ),
        ("書く", {"書きたい", "書けるか", "書いた", "書いてください", "書かれた"}),
        ("防ぐ", {"防ぎます", "防げますか", "防いだ", "防がない"}),
        ("減らす", {"減らしたい", "減らせる", "減らした", "減らして", "減らさずに"}),
        ("学ぶ", {"学びたい", "学べる", "学んだ", "学んで"}),
        ("読む", {"読みやすい", "読めば", "読んだ"}),
        ("高める", {"高めたい", "高めた", "高めて", "高められる", "高めるには", "高めれば", "高めさせる"}),
        ("見る", {"見た", "見て", "見られる"}),
        ("減る", {"減った", "減って", "減らない"}),
        ("速い", {"速く", "速くて", "速かった", "速くない"}),
    ],
)
def test_a_word_is_known_in_the_forms_that_queries_hold(word: str, some: set[str]) -> None:
    assert some <= set(forms(word))


@pytest.mark.parametrize("word", ["埋め込み", "注意", "サンプル", "推論", "い", "る", "Python", "小さな"])
def test_what_is_no_verb_and_no_adjective_stays_as_it_is(word: str) -> None:
    assert list(forms(word)) == [word]


@given(st.text("使減速学びるいうくすむ", min_size=1, max_size=5))
def test_every_form_begins_with_what_does_not_change(word: str) -> None:
    assert all(form.startswith(word[:-1]) for form in forms(word))
