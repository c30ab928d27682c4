"""Japanese queries said in English, term by term, by the roadmap's names and the glossary (pure).

Terms are found by longest match from the left, as the first Japanese word segmenters did: without weights, and without
grammar but for the endings of verbs and adjectives, so that anyone can see from the data file why a query was read as
it was. What no term covers is named, as a whole word: what was found within a word that is not known is no meaning of
it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ranking.inflection import forms
from roadmap.model import Roadmap, Term

_RUN = re.compile(r"[\u3005-\u3007\u3041-\u3096\u30a1-\u30fc\u3400-\u9fff]+")  # kana, kanji and the signs inside words
_LETTER = re.compile(r"[^\W_]")
_LONG = "\u30fc"
_KATAKANA = re.compile(r"[\u30a1-\u30fc]+")
_TAIL = re.compile(r"[\u30a1-\u30fc]+$")
_FINAL_LONG = re.compile(r"(?<=[\u30a1-\u30fa])\u30fc(?![\u30a1-\u30fc])")
# What only joins words, asks, or says that a paper, a method or an explanation is looked for.
_JOINING = (
    "の を に は が と で へ も や か な から まで より など する した して される された されて されている させる "
    "させた させて しない し したい したいです します しますか しました している しているか すれば するには できる "
    "できるか できない できた できて できます できますか による によって における において に対する に対して "
    "に関する に関して についての について ための ため には として という というもの を用いた を用いて を使った "
    "を使って に基づく に基づいた をもとに ベース 研究 論文 手法の 向け 上 型 的 的な 的に 等 及び および または "
    "とは どう 方法 最新 最近 との での への では にも でも からの までの その この そして のもとで に代わる "
    "をもつ とは何か 法 なら だけ のみ のみの だけの だけで よりも ほど こと もの とき ときに 時 場合 場合の 用 "
    "用の 性 化 例 何 何か 何が 何を 何で 何ですか なにか なに なんですか です ですか だ だろうか でしょうか ます "
    "ますか のか なのか なの のでしょうか なのでしょうか って っていう って何 って何ですか とは何 とは何ですか "
    "とはなにか とはなんですか なぜ どうして どのように どのような どんな どうやって どうすれば どうしたら いつ "
    "どれ どの どこ どっち どちら どれくらい どのくらい いくつ 教えて 教えてください を教えて について教えて "
    "ください お願いします 知りたい 入門 初心者 初心者向け 基礎 基本 基礎知識 概要 解説 まとめ 一覧 おすすめ 違い "
    "種類 具体例 応用例 使用例 問題点 動向 代わり 代わりに 自分 自分の 利点 欠点 長所 短所 メリット デメリット "
    "仕方 やり方 わかりやすい わかりやすく 簡単 簡単な 簡単に 本当 本当に 必要 必要な 可能 可能な とても もっと "
    "最も 一番 最新の 新しい 良い よい いい 強い 難しい 優れた 有効 有効な"
)
# What most often is done with what is looked for, and tells nothing of it.
_DOING = (
    "使う 用いる 使用する 利用する 活用する 作る 学ぶ 知る 分かる わかる 解く 書く 読む 見る 調べる 選ぶ 試す "
    "起こる 起きる 起こす 効く 扱う 行う 求める 示す 持つ もつ なる いう 言う 呼ぶ 得る 与える 変わる 変える "
    "異なる 優れる 代わる 置き換える 加える 含む 伴う 動く かかる 決める 読み取る 始める 進める 実現する 関わる "
    "関する"
)
JOINING = frozenset([*_JOINING.split(), *(form for word in _DOING.split() for form in forms(word))])
# These join only what stands before them.
_ENDINGS = frozenset(["ベース", "向け", "上", "型", "的", "的な", "的に", "等", "法", "用", "用の", "性", "化"])
_LONGEST_JOINT = max(map(len, JOINING))
_PARTICLES = frozenset("のをにはがで")  # end a word in hiragana where another follows
_WORD_ALONE = 4  # signs of katakana that are a word of their own beside a term, and not the rest of a longer one


@dataclass(frozen=True, slots=True)
class Sense:
    """The English of a word that means two things: the second where the query holds any of some signs besides."""

    usual: str
    second: str
    beside: tuple[str, ...]

    def within(self, query: str) -> str:
        """Give the English that is meant in a query."""
        return self.second if any(sign in query.lower() for sign in self.beside) else self.usual


Terms = Mapping[str, str | Sense]
Piece = tuple[str, str | Sense | None]  # a word, its English: "" where it only joins, None where it is not known


@dataclass(frozen=True, slots=True)
class Reading:
    """How a query was read: the English for all of it, the terms translated, and what was not understood."""

    english: str
    terms: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def is_japanese(text: str) -> bool:
    """Tell whether a text holds Japanese words."""
    return _RUN.search(_plain(text)) is not None


def terms_of(roadmap: Roadmap) -> dict[str, str | Sense]:
    """Gather what the curriculum knows in both languages: glossary, then topics, stages and labs by name, which win.

    Verbs and adjectives of the glossary are known in all their forms.
    """
    named = [
        *((stage.name.ja, stage.name.en) for stage in roadmap.stages),
        *((topic.name.ja, topic.name.en) for topic in roadmap.topics.values()),
        *((lab.name.ja, lab.name.en) for lab in roadmap.labs.values()),
    ]
    said = [(term.ja, _english(term)) for term in roadmap.glossary]
    turned = [(form, en) for ja, en in said for form in forms(ja)]
    return {_plain(ja): en for ja, en in [*turned, *said, *named] if is_japanese(ja)}


def _english(term: Term) -> str | Sense:
    if not term.beside:
        return term.en[0]
    return Sense(term.en[0], term.en[1], tuple(_plain(sign).lower() for sign in term.beside))


def read(query: str, terms: Terms) -> Reading:
    """Read a query: as a whole where it is a name, else Japanese runs term by term and the rest as it stands."""
    plain = _plain(query)
    if whole := _said(terms.get(plain), plain):
        return Reading(whole, ((plain, whole),), ())
    japanese = is_japanese(plain)  # then signs that stand between words mean nothing: 「注意」？
    english: list[str] = []
    found: list[tuple[str, str]] = []
    unknown: list[str] = []
    for word, piece in _words(plain, terms):
        meaning = _said(piece, plain)
        english.append(meaning if meaning and (word or _LETTER.search(meaning) or not japanese) else "")
        if meaning is None:
            unknown.append(_as_asked(word, query))
        elif meaning and word:
            found.append((word, meaning))
    said = " ".join(" ".join(english).split())
    return Reading(said, tuple(dict.fromkeys(found)), tuple(dict.fromkeys(unknown)))


def _as_asked(word: str, query: str) -> str:
    """Give a word as it stands in the query: with its middle dots, and the long vowel at its end."""
    spelt = "・?".join(map(re.escape, word))
    match = re.search(f"{spelt}{_LONG}?", unicodedata.normalize("NFKC", query))
    return match.group() if match else word


def _said(meaning: str | Sense | None, query: str) -> str | None:
    return meaning.within(query) if isinstance(meaning, Sense) else meaning


def _words(plain: str, terms: Terms) -> Iterator[Piece]:
    """Cut a query: (Japanese word, English), and ("", text) for what stands in other letters."""
    mixed = {term.lower(): term for term in terms if not _RUN.fullmatch(term)}
    known = re.compile("|".join(map(_bounded, sorted(mixed, key=len, reverse=True))) or "(?!)", re.IGNORECASE)
    end = 0
    for match in known.finditer(plain):
        yield from _runs(plain[end : match.start()], terms)
        term = mixed[match.group().lower()]
        yield term, terms[term]
        end = match.end()
    yield from _runs(plain[end:], terms)


def _bounded(term: str) -> str:
    """Write a term with Latin letters or digits as a pattern: these are no part of a longer word or number."""
    start, end = (r"(?<![a-z\d])" if term[0].isascii() else ""), (r"(?![a-z\d])" if term[-1].isascii() else "")
    return f"{start}{re.escape(term)}{end}"


def _runs(text: str, terms: Terms) -> Iterator[Piece]:
    end = 0
    for run in _RUN.finditer(text):
        yield "", text[end : run.start()]
        latin = text[run.start() - 1 : run.start()].isalnum()
        yield from _whole_words(list(_pieces(run.group(), terms)), latin=latin)
        end = run.end()
    yield "", text[end:]


def _pieces(run: str, terms: Terms) -> Iterator[Piece]:
    """Cut one run of Japanese: (word, English), English "" for what only joins and None for what is not known."""
    place = 0
    longest = _longest(terms)
    while place < len(run):
        word = _match(run, place, terms, longest)
        yield (word, terms.get(word, "")) if word else (run[place], None)
        place += len(word or run[place])
        place += bool(word) and run.startswith(_LONG, place)  # ユーザー and ユーザ are one word


def _match(run: str, place: int, terms: Terms, longest: int) -> str | None:
    for length in range(min(longest, len(run) - place), 0, -1):
        word = run[place : place + length]
        if word in terms or word in JOINING:
            return word
    return None


def _whole_words(pieces: list[Piece], *, latin: bool) -> list[Piece]:
    """Give back to the words that are not known what was taken for a word within them, until nothing is left to give.

    `latin` tells that a word in other letters stands right before.
    """
    while True:
        edged: list[Piece | None] = [("x", "x") if latin else None, *(pieces := _merged(pieces)), None]
        places = range(1, len(pieces) + 1)
        for place in (*places, *reversed(places)):
            edged[place] = _kept(edged[place - 1], edged[place], edged[place + 1])
        if edged[1:-1] == pieces:
            return pieces
        pieces = [piece for piece in edged[1:-1] if piece]


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for known, group in groupby(pieces, key=lambda piece: piece[1] is not None):
        beside = list(group)
        merged += beside if known else [("".join(word for word, _ in beside), None)]
    return merged


def _kept(before: Piece | None, piece: Piece | None, after: Piece | None) -> Piece | None:
    """Give a piece as it is, or as not known where it is a part of an unknown word beside it."""
    if piece is None or piece[1] is None:
        return piece
    word, meaning = piece
    within = _is_end_of_word(word, before, after) if meaning else _is_no_joint(word, before, after)
    return (word, None) if within else piece


def _is_end_of_word(term: str, before: Piece | None, after: Piece | None) -> bool:
    """Tell whether a term stands in a longer word: テキスト in コンテキスト, 手 in 手順."""
    if len(term) == 1:
        return any(side and side[1] is None and _script(sign) == "other" for side, sign in _signs(before, after))
    left = _TAIL.search(before[0]) if before and before[1] is None else None
    right = _KATAKANA.match(after[0]) if after and after[1] is None else None
    rests = [match.group() for match in (left, right) if match]
    return bool(_KATAKANA.fullmatch(term)) and any(len(rest) < _WORD_ALONE for rest in rests)


def _signs(before: Piece | None, after: Piece | None) -> Iterator[tuple[Piece, str]]:
    """Give the pieces on both sides, each with the sign that stands next."""
    if before:
        yield before, before[0][-1]
    if after:
        yield after, after[0][0]


def _is_no_joint(word: str, before: Piece | None, after: Piece | None) -> bool:
    """Tell whether what could join words is a part of one: 型 in 典型, 上 in 向上, と in まとめ."""
    if word in _ENDINGS and (before is None or before[1] is None):
        return True
    follows = before is not None and _script(before[0][-1]) != _script(word[0])
    leads = after is not None and _script(after[0][0]) != _script(word[-1])
    cut_left = before is not None and before[1] is None and not follows
    cut_right = after is not None and after[1] is None and not leads
    if _script(word[0]) == "hiragana":  # a particle behind a word, and one before the next
        return (cut_right and not follows) or (cut_left and not (leads and word in _PARTICLES))
    return cut_left or cut_right


def _script(sign: str) -> str:
    if "\u3041" <= sign <= "\u3096":
        return "hiragana"
    return "katakana" if "\u30a1" <= sign <= _LONG else "other"


def _longest(words: Iterable[str]) -> int:
    return max(_LONGEST_JOINT, max(map(len, words), default=0))


def _plain(text: str) -> str:
    """Make two spellings of a word one: full width, a middle dot, a long vowel at the end of a katakana word."""
    plain = unicodedata.normalize("NFKC", text).replace("・", "")
    return _FINAL_LONG.sub("", plain)


def topics_named(reading: Reading, roadmap: Roadmap) -> Sequence[str]:
    """List the topics that a query named in so many words, by key: what is filed there can be listed instead."""
    said = {ja for ja, _ in reading.terms}
    return [key for key, topic in roadmap.topics.items() if {_plain(topic.name.ja), _plain(topic.short.ja)} & said]
