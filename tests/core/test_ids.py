"""arXiv ids in every form people write them, and nothing else taken for one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import anchor, arxiv_month, find_arxiv_ids, parse_arxiv_id

new_ids = st.builds(
    "{:02d}{:02d}.{}".format,
    st.integers(7, 90),
    st.integers(1, 12),
    st.from_regex(r"[0-9]{4,5}", fullmatch=True),
)
old_ids = st.builds(
    "{}/{:02d}{:02d}{:03d}".format,
    st.sampled_from(["math", "hep-th", "cond-mat", "cs", "q-bio"]),
    st.integers(91, 99) | st.integers(0, 7),
    st.integers(1, 12),
    st.integers(0, 999),
)
versions = st.none() | st.integers(1, 40)
wrappings = st.sampled_from(
    [
        "{}",
        " {} ",
        "arXiv:{}",
        "arxiv: {}",
        "https://arxiv.org/abs/{}",
        "http://www.arxiv.org/pdf/{}.pdf",
        "export.arxiv.org/abs/{}#section",
        "https://arxiv.org/pdf/{}?download=1",
        "https://doi.org/10.48550/arXiv.{}",
        "10.48550/arxiv.{}",
        "https://huggingface.co/papers/{}",
        "https://hf.co/papers/{}/",
        "https://www.alphaxiv.org/abs/{}",
        "oai:arXiv.org:{}",
    ]
)


@given(new_ids | old_ids, versions, wrappings)
def test_every_form_gives_the_id_and_its_version(arxiv_id: str, version: int | None, wrapping: str) -> None:
    written = wrapping.format(f"{arxiv_id}{'' if version is None else f'v{version}'}")
    assert parse_arxiv_id(written) == (arxiv_id, version)


@given(st.text(max_size=40))
def test_whatever_is_read_is_a_bare_id_that_reads_as_itself(text: str) -> None:
    found = parse_arxiv_id(text)
    if found is not None:
        assert re.fullmatch(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", found[0], re.ASCII)
        assert parse_arxiv_id(found[0]) == (found[0], None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2613.00001",  # no thirteenth month
        "2600.00001",
        "2606.123",
        "2606.123456",
        "2606.00001v0",
        "2606.00001v",
        "２６０６.００００１",
        "math/0013136",  # no month 13
        "math/030913",
        "MATH/0309136",
        "10.1145/290941.291025",
        "https://example.org/abs/2606.00001",
        "2606.00001 and more",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    assert parse_arxiv_id(text) is None


def test_an_old_subject_class_is_dropped() -> None:
    assert parse_arxiv_id("math.GT/0309136v2") == ("math/0309136", 2)


def test_ids_in_a_text_come_in_order_and_once() -> None:
    text = (
        "See https://arxiv.org/abs/2606.00002v3, arXiv:2606.00001, then (https://huggingface.co/papers/2606.00002) "
        "and arxiv.org/abs/hep-th/9901001; version 2606.00009 of a part number is no link."
    )
    assert find_arxiv_ids(text) == ["2606.00002", "2606.00001", "hep-th/9901001"]


@pytest.mark.parametrize(
    ("arxiv_id", "month"),
    [("2606.00001", "2026-06"), ("hep-th/9108001", "1991-08"), ("math/0309136", "2003-09"), ("0704.0001", "2007-04")],
)
def test_an_id_carries_its_month(arxiv_id: str, month: str) -> None:
    assert arxiv_month(arxiv_id) == month


def test_anchors_are_names_a_page_may_use() -> None:
    assert anchor("2606.00001") == "p-2606.00001"
    assert anchor("math/0309136") == "p-math-0309136"
    assert anchor("openai:a-study") == "p-openai-a-study"
