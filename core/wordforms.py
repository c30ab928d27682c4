"""The other forms in which a text may hold an English word: its number, and the other shore's spelling (pure).

Rules, without a dictionary: a form that is no word finds nothing and does no harm. A rule that would make one word of
two is left out.
"""

import re

_SPELLINGS = (
    # Long stems only: a size is no sise, a prize no prise.
    (re.compile(r"([a-z]{4,}i)([sz])(e|es|ed|er|ers|ing|ation|ations|ational)"), {"s": "z", "z": "s"}),
    (re.compile(r"([a-z]+ly)([sz])(e|es|ed|er|ers|ing)"), {"s": "z", "z": "s"}),
    (
        re.compile(r"(behavi|col|neighb|fav|lab|flav|hum|hon|rum|tum)(our|or)((?:s|ed|ing|al|able|hood|hoods)?)"),
        {"our": "or", "or": "our"},
    ),
    (re.compile(r"(cent|fib|theat|calib)(re|er)(s?)"), {"re": "er", "er": "re"}),
    (
        re.compile(r"((?:re)?(?:mode|labe|trave|signa|channe|leve|cance|tunne))(ll|l)(ing|ings|ed|er|ers)"),
        {"ll": "l", "l": "ll"},
    ),
    (re.compile(r"(defen|offen|licen)([cs])(es?)"), {"c": "s", "s": "c"}),
    (re.compile(r"(dial|catal|anal)(ogue|og)(s?)"), {"ogue": "og", "og": "ogue"}),
    (re.compile(r"(art)([ei])(facts?)"), {"e": "i", "i": "e"}),
)


def other_forms(word: str) -> list[str]:
    """Guess the other number and the other spelling of an English word; none where it is short or no plain word."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return []
    spelled = _spellings(word.lower())
    forms = [*_numbers(word), *spelled, *(number for form in spelled for number in _numbers(form))]
    return list(dict.fromkeys(forms))


def _numbers(word: str) -> list[str]:
    """Guess the singular or plural of a word."""
    if word.endswith("ss"):
        return []
    if word.endswith("ies"):
        return [f"{word[:-3]}y"]
    if word.endswith("s"):
        return [word[:-1], *([word[:-2]] if word.endswith(("ches", "shes", "xes", "sses")) else [])]
    if word.endswith("y") and word[-2] not in "aeiou":
        return [f"{word[:-1]}ies"]
    return [f"{word}es" if word.endswith(("ch", "sh", "x")) else f"{word}s"]


def _spellings(word: str) -> list[str]:
    found = ((rule.fullmatch(word), turned) for rule, turned in _SPELLINGS)
    return [f"{match[1]}{turned[match[2]]}{match[3]}" for match, turned in found if match]
