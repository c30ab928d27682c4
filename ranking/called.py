"""A name as people ask by it: behind "papers by" or author:, with a year or a venue; what is left is it (pure)."""

import re
import unicodedata
from dataclasses import dataclass

_VENUES = (
    "AAAI|ACL|arXiv|AISTATS|COLING|COLM|COLT|CoRL|CVPR|EACL|ECCV|EMNLP|ICASSP|ICCV|ICLR|ICML|ICRA|IJCAI|Interspeech"
    "|IROS|JMLR|KDD|NAACL|NeurIPS|NIPS|RSS|SIGGRAPH|SIGIR|TACL|TMLR|UAI|WACV|WWW"
)
# A year alone: no part of a day, a number, an id or a model's name.
_YEAR = re.compile(rf"(?:\b(?:{_VENUES})\W{{1,3}})?(?<![\w.-])((?:19|20)\d\d)[a-z]?(?![\w-]|\.\w)", re.IGNORECASE)
_NEW = r"(?:(?:the|all|latest|newest|new|recent)\s+)"
_WORKS = r"(?:papers?|publications?|preprints?|articles?|research|works?)"
_FRAMES = [
    (re.compile(rf"{_NEW}*{_WORKS}\s+by\s+(.+)", re.IGNORECASE), True),
    (re.compile(r"(?:authors?|au)\s*:\s*(.+)", re.IGNORECASE), True),
    (re.compile(rf"(?:{_NEW}*{_WORKS}\s+(?:from|of)|by)\s+(?:the\s+)?(.+?)(?:\s+(?:lab|team))?", re.IGNORECASE), False),
    (re.compile(rf"{_NEW}*(.+?)(?:['’]s)?\s+{_NEW}*{_WORKS}", re.IGNORECASE), False),
    (re.compile(r"(.+?)\s+(?:latest|newest|recent)", re.IGNORECASE), False),
    (re.compile(r"the\s+(.+?)\s+(?:lab|team)", re.IGNORECASE), False),
]


@dataclass(frozen=True, slots=True)
class Called:
    """What may be a name, without what people set around one; the year beside it."""

    name: str
    year: int | None = None
    marked: bool = False  # said to be an author's


def named(text: str) -> Called:
    """Take from a query what people set around the name of an author or a lab; it need not be one."""
    rest, year = undated(text)
    plain = rest.strip(" ,;()[]")
    for frame, marked in _FRAMES:
        if match := frame.fullmatch(plain):
            return Called(match[1].replace("_", " "), year, marked)
    return Called(rest, year)


def undated(text: str) -> tuple[str, int | None]:
    """Take the year out of a text, with a venue before it; a text with several years keeps them, and has none."""
    plain = unicodedata.normalize("NFKC", text)
    years = list(_YEAR.finditer(plain))
    if len(years) != 1:
        return text, None
    start, end = years[0].span()
    return f"{plain[:start]} {plain[end:]}", int(years[0][1])
