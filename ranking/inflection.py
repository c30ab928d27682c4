"""Forms that a Japanese verb or adjective takes, made from the one that stands in dictionaries (pure).

Only those that queries hold: present and past, plain and polite, "not", "can", "is done", "how to". Whether a verb in
る drops it or turns it is not to be seen where a kanji stands before it (見る, 減る); both rows of forms are made then,
and the wrong ones are no words that anybody types.
"""

from collections.abc import Iterator

# By the last sign: before ます, before ない, before る of what can be done; past; "and".
_TURNED = {
    "う": ("い", "わ", "え", "った", "って"),
    "く": ("き", "か", "け", "いた", "いて"),
    "ぐ": ("ぎ", "が", "げ", "いだ", "いで"),
    "す": ("し", "さ", "せ", "した", "して"),
    "つ": ("ち", "た", "て", "った", "って"),
    "ぶ": ("び", "ば", "べ", "んだ", "んで"),
    "む": ("み", "ま", "め", "んだ", "んで"),
    "る": ("り", "ら", "れ", "った", "って"),
}
_BEFORE_RU = frozenset("いきしちにひみりぎじびえけせてねへめれげぜでべ")  # signs behind which る drops
_POLITE = (
    "ます",
    "ますか",
    "ません",
    "ました",
    "たい",
    "たいです",
    "方",
    "やすい",
    "やすく",
    "にくい",
    "すぎる",
    "ながら",
)
_NOT = ("ない", "ないで", "ず", "ずに", "せる", "せて", "せた")
_CAN = ("る", "ば", "るか", "ない", "ます", "ますか")
_AND = ("", "いる", "いるか", "いない", "も", "は", "ください", "くれる", "しまう")
_ADJECTIVE = ("い", "いか", "く", "くて", "くない", "くなる", "かった", "ければ", "すぎる", "そうな")


def forms(word: str) -> Iterator[str]:
    """Give a word and, where it ends as a verb or an adjective does, its other forms."""
    yield word
    stem, last = word[:-1], word[-1:]
    if last == "い" and stem:
        yield from (stem + end for end in _ADJECTIVE)
    if last == "る" and (stem[-1:] in _BEFORE_RU or _is_kanji(stem[-1:])):
        yield from _dropped(stem)
    if last in _TURNED and stem and not (last == "る" and stem[-1:] in _BEFORE_RU):
        yield from _turned(stem, *_TURNED[last])


def _dropped(stem: str) -> Iterator[str]:
    yield from (
        stem + end
        for end in (
            *_POLITE,
            *_NOT[:4],
            "させる",
            "させて",
            "させた",
            "るか",
            "るには",
            "れば",
            "た",
            "られる",
            "られた",
            "よう",
        )
    )
    yield from (f"{stem}て{end}" for end in _AND)


def _turned(stem: str, polite: str, no: str, can: str, past: str, and_: str) -> Iterator[str]:
    yield from (stem + polite + end for end in _POLITE)
    yield from (stem + no + end for end in (*_NOT, "れる", "れた", "れて"))
    yield from (stem + can + end for end in _CAN)
    yield stem + past
    yield from (stem + and_ + end for end in _AND)


def _is_kanji(sign: str) -> bool:
    return "\u3400" <= sign <= "\u9fff"
