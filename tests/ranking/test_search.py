"""Search without a database: what a query names, and how rankings are joined."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.querywords import TITLES
from core.text import clean
from ranking.glossary import terms_of
from ranking.search import Named, fuse, half_remembered, joined, lab_called, understand
from roadmap.model import Roadmap

ids = st.lists(st.sampled_from([f"p{n}" for n in range(12)]), max_size=12, unique=True)


# What a query names


@pytest.mark.parametrize(
    "query",
    ["2606.00001", "arXiv:2606.00001v3", "https://arxiv.org/abs/2606.00001", "  10.48550/arXiv.2606.00001 "],
)
def test_an_arxiv_id_in_any_form_is_a_name(query: str) -> None:
    asked = understand(query, {})
    assert asked.named == Named(ids=("2606.00001",), only=True)
    assert asked.words == ""


@pytest.mark.parametrize(
    "query",
    [
        "arXiv:2606.00001 [cs.CL]", "arXiv:2606.00001v2 [cs.CL] 3 Jun 2026", "arXiv 2606.00001", "arxiv.2606.00001",
        "[2606.00001]", "(2606.00001)", "2606.00001.", "2606.00001,", "「2606.00001」", "<https://arxiv.org/abs/2606.00001>",
        "https://arxiv.org/abs/2606.00001.", "https://arxiv.org/abs/2606.00001)",
        "２６０６.００００１", "arXiv：2606.00001", "2606.00001の論文", "論文2606.00001",
        "doi:10.48550/arXiv.2606.00001", "https://ar5iv.labs.arxiv.org/html/2606.00001", "https://papers.cool/arxiv/2606.00001",
        "https://www.semanticscholar.org/arxiv/2606.00001", "https://www.alphaxiv.org/overview/2606.00001v1",
    ],
)  # fmt: skip
def test_an_id_is_found_as_people_copy_it(query: str) -> None:
    asked = understand(query, {})
    assert asked.named.ids == ("2606.00001",)
    assert asked.named.only
    assert asked.words == ""


def test_an_id_beside_words_is_a_name_and_the_words_are_looked_for() -> None:
    asked = understand("Brass herons, arXiv:2606.00001v2 (and 2606.00002)", {})
    assert asked.named.ids == ("2606.00001", "2606.00002")
    assert "herons" in asked.words
    assert "2606" not in asked.words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("https://arxiv.org/abs/2606.00001 https://www.arxiv.org/pdf/2606.00002v3.pdf#page=2", ""),
        ("https://arxiv.org/abs/2606.00001, https://doi.org/10.48550/arXiv.2606.00002", ""),
        ("https://arxiv.org/abs/2606.00001 の論文 https://huggingface.co/papers/2606.00002/", ""),
        ("[herons](https://arxiv.org/abs/2606.00001) and 2606.00002", "herons and"),
        ("~/Downloads/2606.00001v2.pdf ~/Downloads/2606.00002.pdf", ""),
        ("C:\\papers\\2606.00001v2.pdf and 2606.00002", "and"),
        ("herons <https://papers.cool/arxiv/2606.00001?x=1> (arXiv:2606.00002).", "herons"),
    ],
)
def test_no_part_of_an_ids_address_is_a_word(query: str, words: str) -> None:
    asked = understand(query, {})
    assert asked.named.ids == ("2606.00001", "2606.00002")
    assert re.findall(r"\w+", asked.words) == words.split()
    assert asked.named.only == (not words)


def test_ids_stay_in_the_order_asked() -> None:
    assert understand("2606.00002 and arXiv:2606.00001", {}).named.ids == ("2606.00002", "2606.00001")


@given(
    st.lists(st.sampled_from(["https://arxiv.org/abs/{}", "doi:10.48550/arXiv.{}", "/marsh/{}v1.pdf", "[{}]", "({}),"]))
)
def test_of_ids_alone_no_words_are_left(forms: list[str]) -> None:
    query = " ".join(["2606.00000", *(form.format(f"2606.0000{n % 9}") for n, form in enumerate(forms))])
    assert understand(query, {}).words == ""
    assert re.findall(r"\w+", understand(f"brass {query} herons", {}).words) == ["brass", "herons"]


@given(st.text(max_size=8).filter(lambda text: not any(char.isalnum() or char in "._" for char in text)), st.integers())
def test_signs_around_an_id_are_none_of_it(signs: str, turn: int) -> None:
    at = turn % (len(signs) + 1)
    assert understand(f"{signs[:at]} 2606.00001 {signs[at:]}", {}).named.ids == ("2606.00001",)


@pytest.mark.parametrize(
    "query", ["10.1109/CVPR.2012.1234 and more", "pi is 3.1412", "12606.00001", "2606.00001.5", "v2606.0001x"]
)
def test_a_number_that_only_looks_like_an_id_is_none(query: str) -> None:
    assert understand(query, {}).named.ids == ()


def test_an_address_loses_the_signs_around_it() -> None:
    assert "https://github.com/brass/heron" in understand("(https://github.com/brass/heron).", {}).named.urls
    assert understand("10.1000/heron(2)", {}).named.doi == "10.1000/heron(2)"


@pytest.mark.parametrize(
    "query", ["10.1145/1571941.1572114", "https://doi.org/10.1145/1571941.1572114", "doi:10.1145/1571941.1572114."]
)
def test_a_doi_is_a_name(query: str) -> None:
    assert understand(query, {}).named == Named(doi="10.1145/1571941.1572114", only=True)


def test_an_address_is_looked_for_in_all_its_forms() -> None:
    urls = understand("http://www.GitHub.com/brass/heron/tree/main#readme", {}).named.urls
    assert {"https://github.com/brass/heron", "https://www.github.com/brass/heron/tree/main"} <= set(urls)
    assert all(url.startswith("http") for url in urls)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("２６０６．００００１", Named(ids=("2606.00001",), only=True)),
        ("ａｒＸｉｖ：２６０６．００００１ｖ３", Named(ids=("2606.00001",), only=True)),
        ("１０．１１４５／１５７１９４１．１５７２１１４", Named(doi="10.1145/1571941.1572114", only=True)),
    ],
)
def test_a_name_is_one_in_the_full_width_of_japanese_input_too(query: str, named: Named) -> None:
    assert understand(query, {}).named == named
    assert "millpond:herons" in understand("ｍｉｌｌｐｏｎｄ：ｈｅｒｏｎｓ", {}).named.ids


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30))
def test_full_width_names_what_half_width_does(query: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in query)
    ours, theirs = understand(wide, {}).named, understand(query, {}).named
    assert (ours.doi, ours.title, ours.only) == (theirs.doi, theirs.title, theirs.only)
    assert set(theirs.ids) <= set(ours.ids)
    assert set(theirs.urls) <= set(ours.urls)


@pytest.mark.parametrize("query", ["brass herons", "rag: a survey", "10.5 percent better", "2606 papers"])
def test_words_are_words_and_perhaps_a_title(query: str) -> None:
    asked = understand(query, {})
    assert not asked.named.only
    assert asked.words == query
    assert asked.named.title


def test_what_may_be_a_post_is_searched_for_as_words_too() -> None:
    asked = understand("millpond:brass-herons", {})
    assert asked.named.ids == ("millpond:brass-herons",)
    assert asked.words == "millpond:brass-herons"


@given(st.text(max_size=60))
def test_no_query_is_an_error(query: str) -> None:
    asked = understand(query, {"拡散": "diffusion"})
    assert asked.text == clean(query)


def test_signs_that_a_database_refuses_are_no_part_of_a_query() -> None:
    assert understand("sparse\x00 herons\x1b", {}).text == "sparse herons"
    assert understand("marsh:\x00", {}).named.ids == ()


# Fusion


def test_fusion_is_that_of_the_paper() -> None:
    found = fuse([["a", "b"], ["b", "c"]])
    assert [key for key, _ in found] == ["b", "a", "c"]
    assert [score for _, score in found] == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])


@given(ids)
def test_one_ranking_stays_as_it_is(ranking: list[str]) -> None:
    assert [item for item, _ in fuse([ranking, []])] == ranking


@given(ids, ids)
def test_fusion_finds_what_either_found_and_no_order_of_arms_counts(one: list[str], other: list[str]) -> None:
    found = fuse([one, other])
    assert {item for item, _ in found} == {*one, *other}
    assert len(found) == len({*one, *other})
    assert found == fuse([other, one])


@given(ids, ids)
def test_what_is_first_in_both_is_first(one: list[str], other: list[str]) -> None:
    assert fuse([["x", *one], ["x", *other]])[0][0] == "x"


@given(ids, ids, st.data())
def test_rising_in_one_ranking_never_lowers_a_paper(one: list[str], other: list[str], data: st.DataObject) -> None:
    if not one:
        return
    item = data.draw(st.sampled_from(one))
    place = data.draw(st.integers(0, one.index(item)))
    risen = [each for each in one if each != item]
    risen.insert(place, item)
    before, after = ([each for each, _ in fuse([ranking, other])].index(item) for ranking in (one, risen))
    assert after <= before


@given(ids, ids, ids, st.integers(1, 8))
def test_the_named_come_first_and_nothing_twice(named: list[str], one: list[str], other: list[str], limit: int) -> None:
    found = joined(named, [one, other], limit)
    assert found[: len(named)] == named[:limit]
    assert len(found) == len(set(found)) <= limit


def test_a_title_half_remembered_goes_before_the_fused_rankings() -> None:
    titles = {"a": "Slow herons", "b": "Brass herons, cast slowly", "c": "Cast of brass: the slowly made herons"}
    assert half_remembered(["cast", "brass", "Herons"], titles) == ["b", "c"]
    assert half_remembered(["brass", "herons"], titles) == []  # two words are a subject
    assert half_remembered(["cast", "brass", "tin"], titles) == []
    many = {f"p{n}": "Brass herons cast" for n in range(TITLES + 1)}
    assert half_remembered(["cast", "brass", "herons"], many) == []


# Labs


@pytest.mark.parametrize(
    ("query", "lab"),
    [
        ("Google DeepMind", "google-deepmind"), ("DeepMind", "google-deepmind"), ("google-deepmind", "google-deepmind"),
        ("Meta AI", "meta-fair"), ("“OpenAI”", "openai"), ("オープンAIの論文", "openai"), ("Qwen 3", None), ("", None),
        ("qwen2.5-vl", None), ("2606.00001", None), ("deep mind games", None),
        ("DeepSeekの検閲", None),
    ],
)  # fmt: skip
def test_only_the_name_of_a_lab_names_it(roadmap: Roadmap, query: str, lab: str | None) -> None:
    assert lab_called(understand(query, terms_of(roadmap)), roadmap) == lab
