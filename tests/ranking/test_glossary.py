"""Japanese queries: how they are cut and said in English, and what the road's glossary knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.glossary import JOINING, Reading, Sense, Terms, is_japanese, read, terms_of, topics_named
from ranking.search import read_as, understand
from roadmap.model import Roadmap

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
    "データ": "data",
    "テキスト": "text",
    "モデル": "model",
    "知識": "knowledge",
    "性能": "performance",
    "学習": "learning",
    "言語モデル": "language model",
    "エージェント": "agent",
    "3次元": "3D",
    "生成AI": "generative AI",
    "生成": "generation",
}


@pytest.mark.parametrize(
    ("query", "english", "unknown"),
    [
        # Katakana: what a term leaves over is a word of its own, or the term is no more than a part of a word.
        ("コンテキスト", "", ("コンテキスト",)),
        ("データベース", "data", ()),  # only the glossary knows better
        ("データセンター", "", ("データセンター",)),
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
    assert len(terms) >= 600
    for term in terms:
        assert is_japanese(term.ja), term
        assert not any(is_japanese(name) for name in term.en), term
        assert term.ja not in JOINING, term
    known = terms_of(roadmap)
    assert all(read(term.ja, known).unknown == () for term in terms)


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("推論", "reasoning"),
        ("数学的推論", "mathematical reasoning"),
        ("推論能力の評価", "reasoning ability evaluation"),
        ("推論高速化", "inference acceleration"),
        ("推論の高速化", "inference acceleration"),
        ("推論コスト", "inference cost"),
        ("LLMの推論を高速化する方法", "LLM inference acceleration"),
        ("推論エンジン", "inference engine"),
        ("推論サーバー", "inference serving"),
        ("高速推論", "fast inference"),
        ("推論時計算", "inference-time compute"),
        ("大規模言語モデルの効率的な推論", "large language model efficient inference"),
        ("推論を速くする", "inference fast"),
        ("推論が遅い", "inference slow"),
        ("LLMの推論を軽くする方法", "LLM inference lightweight"),
        ("学習と推論の違い", "training and inference"),
        ("オンデバイス推論", "on-device inference"),
        ("エッジ端末での推論", "edge device inference"),
        ("推論用gpu", "inference gpu"),
        ("推論の計算量", "inference complexity"),
        ("スマホで推論したい", "smartphone inference"),
        ("常識推論の高速化", "commonsense reasoning acceleration"),
        ("推論モデルを速くする", "reasoning model fast"),
        ("GPT-4の推論", "GPT-4 reasoning"),
    ],
)
def test_what_runs_a_model_is_inference_and_what_thinks_is_reasoning(
    roadmap: Roadmap, query: str, english: str
) -> None:
    said = read(query, terms_of(roadmap))
    assert (said.english.lower(), said.unknown) == (english.lower(), ())


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("データベース", "database"),
        ("モデルベース強化学習", "model-based reinforcement learning"),
        ("生成AI", "generative AI"),
        ("知識ベース", "knowledge base"),
        ("長文コンテキスト", "long context"),
        ("3次元再構成", "3D reconstruction"),
        ("ディープラーニング", "deep learning"),
        ("創薬とタンパク質", "drug discovery protein"),
        ("メタデータ", "metadata"),
        ("プロンプトインジェクション", "prompt injection"),
        ("混合精度で軽量化", "mixed precision lightweight"),
        ("グーグルのロボティクス", "Google robotics"),
        ("ディープシーク", "DeepSeek"),
        ("4ビット量子化", "4-bit quantization"),
        ("1ビットLLM", "1-bit LLM"),
        ("２ビット", "2 bit"),
        ("確率論", "probability theory"),
        ("サポートベクトルマシン", "support vector machine"),
        ("テキストから画像を生成する", "text-to-image generation"),
        ("学習を速くする", "training fast"),
        ("バイアスと分散のトレードオフ", "bias variance trade-off"),
        ("ラージランゲージモデル", "large language model"),
        ("インストラクションチューニング", "instruction tuning"),
        ("手順", "procedure"),
        ("手芸", ""),
        ("文鎮の研究", ""),
        ("平等", ""),
        ("スパゲッティ", ""),
    ],
)
def test_everyday_words_of_the_field_are_known(roadmap: Roadmap, query: str, english: str) -> None:
    assert read(query, terms_of(roadmap)).english.lower() == english.lower()


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("トランスフォーマーとは何ですか？", "transformer"),
        ("「トランスフォーマー」って何？", "transformer"),
        ("トランスフォーマーの仕組みを教えてください", "transformer mechanism"),
        ("なぜドロップアウトは効くのか", "dropout"),
        ("強化学習の基礎を学びたい", "reinforcement learning"),
        ("過学習を防ぐにはどうすればいいですか", "overfitting preventing"),
        ("機械学習入門", "machine learning"),
        ("RNNとLSTMの違い", "RNN LSTM"),
        ("活性化関数の選び方", "activation function"),
        ("LLMは本当に理解しているのか", "LLM understanding"),
        ("幻覚を減らしたい", "hallucination reducing"),
        ("幻覚を減らす", "hallucination reducing"),
        ("大規模言語モデルはなぜ嘘をつくのでしょうか", "large language model hallucination"),
        ("転移学習ができるモデルの作り方", "transfer learning model"),
        ("継続学習で忘れない", "continual learning forgetting"),
    ],
)
def test_what_a_question_asks_is_read_and_its_words_of_asking_are_not(
    roadmap: Roadmap, query: str, english: str
) -> None:
    said = read(query, terms_of(roadmap))
    assert (said.english.lower(), said.unknown) == (english.lower(), ())


def test_a_question_about_nothing_is_empty(roadmap: Roadmap) -> None:
    terms = terms_of(roadmap)
    for query in ("とは何ですか", "なぜ？", "違いを教えてください", "使い方"):
        told = read_as(understand(query, terms), roadmap)
        assert told is not None
        assert told.empty, query


def test_a_word_of_two_meanings_is_told_by_what_stands_beside_it() -> None:
    terms: Terms = {"分散": Sense("distributed", "variance", ("平均と", "gpu")), "学習": "learning"}
    assert read("分散学習", terms).english == "distributed learning"
    assert read("平均と分散", terms).english == "variance"
    assert read("GPUの分散", terms).english == "GPU variance"
    assert read("分散", terms) == Reading("distributed", (("分散", "distributed"),), ())


def test_what_the_road_asks_in_japanese_is_mostly_understood(roadmap: Roadmap) -> None:
    terms = terms_of(roadmap)
    queries = [query for topic in roadmap.topics.values() for query in topic.queries_ja]
    understood = sum(bool(read(query, terms).english) for query in queries)
    assert understood >= 0.95 * len(queries)


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("バックプロパゲーション", "backpropagation"), ("マルコフ決定過程", "Markov decision process"),
        ("正規化フロー", "normalizing flow"), ("機械的解釈可能性", "mechanistic interpretability"),
        ("拡張現実", "augmented reality"), ("近似最近傍探索", "approximate nearest neighbor search"),
        ("ガウス分布", "Gaussian distribution"), ("ヘッセ行列", "Hessian"), ("脳", "brain"),
        ("自己教師", "self-supervised"), ("バイアスとバリアンス", "bias variance"), ("具身AI", "embodied AI"),
    ],
)  # fmt: skip
def test_usual_terms_are_known(roadmap: Roadmap, query: str, english: str) -> None:
    reading = read(query, terms_of(roadmap))
    assert (reading.english, reading.unknown) == (english, ())


def test_a_word_that_is_not_known_is_named_as_it_stands_in_the_query(roadmap: Roadmap) -> None:
    known = terms_of(roadmap)
    assert read("ヴェルデュー", known).unknown == ("ヴェルデュー",)
    assert read("ヴェル・デュー と学習", known).unknown == ("ヴェル・デュー",)
    assert read("ﾌｸﾞｰ", known).unknown == ("フグー",)
