"""Search without a database: what a query names, how rankings are joined, how Japanese is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean
from ranking.glossary import JOINING, is_japanese, read, terms_of, topics_named
from ranking.search import TITLES, Named, fuse, half_remembered, joined, read_as, understand
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


# Japanese


TERMS = {"拡散": "diffusion", "拡散モデル": "diffusion model", "動画": "video", "トランスフォーマ": "transformer"}


@pytest.mark.parametrize(
    ("query", "english", "unknown"),
    [
        ("拡散モデルによる動画", "diffusion model video", ()),
        ("トランスフォーマーの拡散", "transformer diffusion", ()),
        ("トランス・フォーマ", "transformer", ()),
        ("ﾄﾗﾝｽﾌｫｰﾏｰ", "transformer", ()),
        ("LLMの拡散", "LLM diffusion", ()),
        ("LoRA 動画 2026", "LoRA video 2026", ()),
        ("料理の動画", "video", ("料理",)),
        ("料理のレシピ", "", ("料理", "レシピ")),
        ("diffusion models", "diffusion models", ()),
    ],
)
def test_japanese_is_read_term_by_term(query: str, english: str, unknown: tuple[str, ...]) -> None:
    reading = read(query, TERMS)
    assert (reading.english, reading.unknown) == (english, unknown)


CUT = {
    "データ": "data", "テキスト": "text", "モデル": "model", "知識": "knowledge", "性能": "performance", "学習": "learning",
    "言語モデル": "language model", "エージェント": "agent", "3次元": "3D", "生成AI": "generative AI", "生成": "generation",
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "english", "unknown"),
    [
        # Katakana: what a term leaves over is a word of its own, or the term is no more than a part of a word.
        ("コンテキスト", "", ("コンテキスト",)),
        ("データベース", "data", ()),  # only the glossary knows better
        ("データセンター", "", ("データセンタ",)),
        ("テキストデータ", "text data", ()),
        ("エージェントフレームワーク", "agent", ("フレームワーク",)),
        ("言語モデルアーム", "language model", ("アーム",)),
        # What joins words stands behind a word, and is no part of another.
        ("性能向上", "performance", ("向上",)),
        ("平等", "", ("平等",)),
        ("典型的な学習", "learning", ("典型的な",)),
        ("目的関数", "", ("目的関数",)),
        ("研究者", "", ("研究者",)),
        ("型理論", "", ("型理論",)),
        ("知識型", "knowledge", ()),
        ("BERTベースの学習", "BERT learning", ()),
        ("ベース", "", ("ベース",)),
        ("とらんすふぉーま", "", ("とらんすふぉーま",)),
        ("やさしい学習", "learning", ("やさしい",)),
        ("学習をまとめた論文", "learning", ("まとめた",)),
        ("高さの学習", "learning", ("高さ",)),
        ("小さなモデル", "model", ("小さな",)),
        ("学習との関係", "learning", ("関係",)),
        # Terms with Latin letters or digits in them
        ("3次元", "3D", ()),
        ("３次元の学習", "3D learning", ()),
        ("13次元", "13", ("次元",)),
        ("生成AIのデータ", "generative AI data", ()),
        ("生成aiの学習", "generative AI learning", ()),
        ("生成AIM", "generation AIM", ()),
    ],
)
def test_no_word_is_cut_in_the_middle(query: str, english: str, unknown: tuple[str, ...]) -> None:
    reading = read(query, CUT)
    assert (reading.english, reading.unknown) == (english, unknown)


def test_a_query_that_only_joins_words_is_told_of(roadmap: Roadmap) -> None:
    terms = terms_of(roadmap)
    for query in ("論文", "最新の論文", "を使った"):
        told = read_as(understand(query, terms), roadmap)
        assert told is not None
        assert told.empty
        assert not told.english
    for query in ("推論", "料理", "diffusion", "2606.00001の論文"):
        told = read_as(understand(query, terms), roadmap)
        assert told is None or not told.empty


@given(st.lists(st.sampled_from([*CUT, *sorted(JOINING), "アーム", "向", "さ", "LLM", " "]), max_size=8))
def test_nothing_of_a_query_is_lost(parts: list[str]) -> None:
    query = "".join(parts)
    reading = read(query, CUT)
    said = [*(ja for ja, _ in reading.terms), *reading.unknown, *JOINING, "LLM", "AI", "3"]
    rest = query
    for word in sorted(said, key=len, reverse=True):
        rest = rest.replace(word, " ")
    assert not rest.strip().strip("ー")


@given(st.lists(st.sampled_from([*TERMS, *sorted(JOINING), "料理", "LLM", " "]), max_size=8))
def test_every_part_of_a_query_is_translated_kept_or_named(parts: list[str]) -> None:
    reading = read("".join(parts), TERMS)
    assert not is_japanese(reading.english)
    assert all(term in TERMS for term, _ in reading.terms)
    assert ("料理" in parts) == any("料理" in word for word in reading.unknown)


def test_the_names_of_the_road_are_terms(roadmap: Roadmap) -> None:
    terms = terms_of(roadmap)
    for topic in roadmap.topics.values():
        reading = read(topic.name.ja, terms)
        assert reading.unknown == (), topic.key
    assert topics_named(read("検索拡張生成", terms), roadmap) == ["rag"]


def test_the_glossary_is_large_and_consistent(roadmap: Roadmap) -> None:
    terms = roadmap.glossary
    assert len(terms) >= 150
    for term in terms:
        assert is_japanese(term.ja), term
        assert not any(is_japanese(name) for name in term.en), term
        assert term.ja not in JOINING, term
    known = terms_of(roadmap)
    assert all(read(term.ja, known).unknown == () for term in terms)


def test_what_the_road_asks_in_japanese_is_mostly_understood(roadmap: Roadmap) -> None:
    terms = terms_of(roadmap)
    queries = [query for topic in roadmap.topics.values() for query in topic.queries_ja]
    understood = sum(bool(read(query, terms).english) for query in queries)
    assert understood >= 0.95 * len(queries)
