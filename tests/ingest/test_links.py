"""Repositories in texts: one spelling each. And values from strangers, read without trust."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record import CodeLink
from ingest import loose
from ingest.links import code_links, repository


@pytest.mark.parametrize(
    ("text", "url"),
    [("Code: https://github.com/kitamori-lab/public-records-rag.", "https://github.com/kitamori-lab/public-records-rag"),
     ("see github.com/a/b.git)", "https://github.com/a/b"),
     (r"\url{https://www.GitHub.com/a/my\_repo/tree/main?x=1#y}", "https://github.com/a/my_repo"),
     ("(https://gitlab.com/group/project/-/tree)", "https://gitlab.com/group/project"),
     ("at https://huggingface.co/datasets/org/set, and", "https://huggingface.co/datasets/org/set"),
     ("hf.co/org/model", "https://huggingface.co/org/model"),
     ("http://github.com/a/v1.5", "https://github.com/a/v1.5")],
)  # fmt: skip
def test_a_repository_has_one_spelling(text: str, url: str) -> None:
    assert code_links(text) == (CodeLink(url),)
    assert repository(url) == url


@pytest.mark.parametrize(
    "text",
    ["https://github.com/kitamori-lab", "https://github.com/features/actions", "https://huggingface.co/papers/2609.00001",
     "https://github.io/a/b", "https://notgithub.com/a/b", "mail@github.com/a/b", "https://github.com/a/..", "", None],
)  # fmt: skip
def test_what_names_no_repository_gives_none(text: str | None) -> None:
    assert code_links(text) == ()


def test_each_repository_comes_once_in_order() -> None:
    found = code_links("github.com/b/c and github.com/a/b", "https://github.com/B/C")
    assert [link.url for link in found] == ["https://github.com/b/c", "https://github.com/a/b"]
    assert {link.official for link in found} == {None}


@given(st.text(alphabet="github.com/ab-_\\{}.:?# \n"))
def test_any_text_gives_repositories_that_name_themselves(text: str) -> None:
    for link in code_links(text):
        assert repository(link.url) == link.url


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_no_value_of_a_stranger_is_an_exception(value: Any) -> None:
    assert loose.text(value) is None or loose.text(value) == loose.text(loose.text(value))
    count, link, when = loose.whole(value), loose.address(value), loose.moment(value)
    assert count is None or 0 <= count < 2**31
    assert link is None or link.lower().startswith(("http://", "https://"))
    assert when is None or when.tzinfo is UTC
    assert all(isinstance(name, str) and name for name in loose.texts(value))
    assert isinstance(loose.mapping(value), dict)


@pytest.mark.parametrize(
    ("value", "moment"),
    [("2026-08-20T00:00:00.000Z", datetime(2026, 8, 20, tzinfo=UTC)), ("2026-08-20", datetime(2026, 8, 20, tzinfo=UTC)),
     ("2026-08-20T01:30:00+09:00", datetime(2026, 8, 19, 16, 30, tzinfo=UTC)), ("yesterday", None), (7, None),
     ("0001-01-01T00:00:00+23:00", None), ("2025-02-29", None)],
)  # fmt: skip
def test_moments_are_aware_or_absent(value: Any, moment: datetime | None) -> None:
    assert loose.moment(value) == moment


@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", "data:text/html,x", "https://", "http://a b", "https://me:pw@x.org/", "//x.org", "http://[",
     5, "https://x.org/" + "a" * 2000],
)  # fmt: skip
def test_only_plain_web_addresses_are_linked(value: Any) -> None:
    assert loose.address(value) is None


def test_a_true_is_no_count() -> None:
    assert loose.whole(True) is None
    assert loose.whole(3) == 3
