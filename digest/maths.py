"""LaTeX from titles and abstracts made readable: MathML for pages, plain characters for mail and feeds.

Titles on arXiv are TeX-ish text: formulas between dollars, accents as macros, and money. What cannot be converted is
shown as written, in `<code>`; nothing is half converted and no word is lost. Hostile input stays inert: latex2mathml
does not escape `\\text`, so all it makes passes an allow-list of MathML elements without links or styles.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import islice

import nh3
from latex2mathml.converter import convert
from markupsafe import Markup, escape

from core.accents import in_prose
from core.formulas import formulas
from digest.symbols import IN_PROSE, NAMED, OVER, SUBSCRIPTS, SUPERSCRIPTS, SYMBOLS

MAX_FORMULA = 240  # characters; longer ones are shown as written
MAX_FORMULAS = 12  # per text: the time for a field stays bounded
MAX_TEXT = 20_000  # beyond it formulas stay as written
MAX_DEPTH = 12  # nested braces
MAX_TYPES = 40  # changes of type in one text

_REFUSED = re.compile(
    r"\\(?:href|url|class|style|id|html\w*|data|require|include\w*|input|def|let|gdef|edef|newcommand|renewcommand|csname"
    r"|color|textcolor|colorbox|fcolorbox|unicode|char|rule|hspace|vspace|phantom)(?![A-Za-z])"
)
_TAGS = {
    "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac", "msqrt", "mroot",
    "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "menclose",
}  # fmt: skip
_ATTRIBUTES = {"math": {"display"}, "mo": {"stretchy", "movablelimits", "fence"}, "mi": {"mathvariant"}}
_NAME = re.compile(r"<mi>([a-z]{3,})</mi>(?=(<mo stretchy=\"false\">\()?)")
_BEFORE, _AFTER = re.compile(r"(?<!\\)[(\[“‘]+$"), re.compile(r"[.,;:!?)\]”’-]+")
_TEXT_MACRO = re.compile(
    r"\\(?:emph|textit|textbf|texttt|textsc|textrm|textsf|textsuperscript|text|mbox)\s*\{([^{}]*)\}"
)
# What sets words in another type and may hold formulas: it ends at the brace that closes it.
_TYPE = re.compile(
    r"\\(?:emph|textit|textbf|texttt|textsc|textrm|textsf|textsl|textup|underline|uline)\s*\{"
    r"|\{\s*\\(?:em|it|bf|tt|sc|sl|rm|sf|itshape|bfseries)(?![A-Za-z])\s*"
)
_TIE = re.compile(r"(?:(?<=[A-Za-z]{3})|(?<=[.,)}]))~(?=[A-Za-z0-9\\$(\[])")  # not ~80, 5~10 or x~N(0, 1)
_QUOTED = re.compile(r"``([^`']{1,200})''")
# A sign among words; none where more of a formula goes on, nor in a formula that could not be converted.
_SIGN = re.compile(
    r"\$[^$]*\$|\\\(.{1,400}?\\\)|\\\[.{1,400}?\\\]|\\begin\{.*\\end\{"
    r"|(?P<brace>\{)?\\(?P<name>[A-Za-z]++)(?:\{\}|\\(?=\s))?(?(brace)\})(?P<stop>(?<=[A-Za-z])\.)?(?![_^{])",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\([%&_#${}])")
_FOLLOWS = re.compile(r"\s*[A-Za-z0-9(^]")  # what would be read as part of what stands before it
_TOKEN = re.compile(r"\\(?P<macro>[A-Za-z]+)\*?\s*|\\(?P<sign>.)|(?P<script>[\^_])|(?P<char>.)", re.DOTALL)


def to_html(text: str) -> Markup:
    """Write a text as HTML: formulas as MathML, or their source in `<code>`; the rest escaped. Never raises."""
    text = _in_one_type(text)
    out, position = Markup(""), 0
    found = _formulas(text)
    untils = [*(start for start, _, _ in found[1:]), len(text)]
    for (start, end, source), until in zip(found, untils, strict=False):
        before, after = _BEFORE.search(text[position:start]), _AFTER.match(text[end:until])
        held = len(before.group()) if before else 0
        out += escape(_prose(text[position : start - held]))
        position = end + (len(after.group()) if after else 0)
        out += _together(text[start - held : start], _formula_html(source), text[end:position])
    return out + escape(_prose(text[position:]))


def _together(before: str, formula: Markup, after: str) -> Markup:
    """Keep a formula on one line with the brackets and the stop around it: a browser would break between them."""
    if formula.startswith("<code>") or not before + after:
        return escape(before) + formula + escape(after)
    return Markup('<span class="nw">{}{}{}</span>').format(before, formula, after)


def to_text(text: str) -> str:
    """Write a text without LaTeX, in characters a mail or a feed can carry. Never raises, loses no word."""
    text = _in_one_type(text)
    out, position = [], 0
    for start, end, source in _formulas(text):
        out += [_prose(text[position:start]), _formula_text(source)]
        position = end
    return "".join([*out, _prose(text[position:])])


def split(text: str) -> list[tuple[bool, str]]:
    """Part a text into (is a formula, text): sources of formulas without their dollars, and readable words between."""
    text = _in_one_type(text)
    parts: list[tuple[bool, str]] = []
    position = 0
    for start, end, source in _formulas(text):
        parts += [(False, _prose(text[position:start])), (True, source)]
        position = end
    return [*parts, (False, _prose(text[position:]))]


def _in_one_type(text: str) -> str:
    """Take away outside formulas what only sets words in another type, whatever they hold."""
    position = 0
    for _ in range(MAX_TYPES if len(text) <= MAX_TEXT else 0):
        match = _TYPE.search(text, position)
        if match is None:
            break
        end = _closing(text, match.end())
        if end is None or any(start < match.start() < until for start, until, _ in _formulas(text)):
            position = match.end()
        else:
            position = match.start()
            text = text[:position] + text[match.end() : end] + text[end + 1 :]
    return text


def _closing(text: str, position: int) -> int | None:
    """Find the brace that closes a group begun before a position; None where none does."""
    depth = 1
    for end in range(position, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return end
    return None


def _formulas(text: str) -> list[tuple[int, int, str]]:
    """Find (start, end, source) of each formula; money and lone dollars are none."""
    if len(text) > MAX_TEXT or not re.search(r"[$\\]", text):
        return []
    return list(islice(formulas(text), MAX_FORMULAS))


@lru_cache(maxsize=2048)
def _formula_html(source: str) -> Markup:
    mathml = _mathml(source)
    return Markup(mathml) if mathml else Markup("<code>{}</code>").format(source)  # noqa: S704 - passed nh3


def _mathml(source: str) -> str | None:
    if not source or len(source) > MAX_FORMULA or _REFUSED.search(source) or not _shallow(source):
        return None
    if re.search(r"<\s*[A-Za-z/!?]", source) and "\\text" in source:  # markup inside \text is no formula
        return None
    try:
        raw = convert(_percent(source))
    except Exception:  # a converter of strangers' text raises what it likes, RecursionError included: show the source
        return None
    clean = nh3.clean(
        raw, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None, clean_content_tags=set(), url_schemes=set()
    )
    return None if "\\" in clean or not re.search(r"<m[ino]\b|<mtext", clean) else _NAME.sub(_function, clean)


def _function(match: re.Match[str]) -> str:
    """Set a function's name, such as log, apart from its neighbours as TeX does: by a thin space, none at a bracket."""
    after = "0" if match[2] else "0.167em"
    return f'<mo lspace="0.167em" rspace="{after}">{match[1]}</mo>'


def _percent(source: str) -> str:
    """Keep a bare percent sign, which TeX would take for the start of a comment."""
    return re.sub(r"(?<!\\)%", r"\\%", source)


def _shallow(source: str) -> bool:
    depth = 0
    for char in source:
        depth += (char == "{") - (char == "}")
        if not 0 <= depth <= MAX_DEPTH:
            return False
    return depth == 0


def _prose(text: str) -> str:
    """Replace accents, ties, quotes, signs and text macros outside formulas; an unknown macro stays as written."""
    if len(text) > MAX_TEXT:
        return text
    text = _QUOTED.sub(r"“\1”", _TIE.sub(" ", text))
    if "\\" not in text:
        return text
    text = _SIGN.sub(_sign, _TEXT_MACRO.sub(r"\1", in_prose(text)))
    return _ESCAPED.sub(r"\1", text)


def _sign(match: re.Match[str]) -> str:
    """Write a sign that is a macro outside a formula; a stop after one that ends in a stop is the same one."""
    sign = IN_PROSE.get(match["name"] or "")
    stop = match["stop"] or ""
    return match[0] if sign is None else sign + (stop if sign[-1] != "." else "")


class _UnreadableError(Exception):
    """A formula holds what no plain characters say."""


@lru_cache(maxsize=2048)
def _formula_text(source: str) -> str:
    if len(source) > MAX_FORMULA or _REFUSED.search(source) or not _shallow(source):
        return source
    try:
        return _plain(source)
    except _UnreadableError:
        return source


def _plain(source: str) -> str:
    """Write a formula in plain characters that mean the same; raises _UnreadableError where some would not."""
    source = _TEXT_MACRO.sub(r"\1", source)
    out: list[str] = []
    position = 0
    while match := _TOKEN.match(source, position):
        position = match.end()
        if match["script"]:
            raised, position = _argument(source, position)
            out[-1:] = [last.rstrip() for last in out[-1:]]
            out.append(_script(match["script"], _plain(raised)))
        elif match["macro"] in _SPANNING:
            written, position = _SPANNING[match["macro"]](source, position)
            out.append(written)
        elif match["macro"] in OVER:
            base, position = _argument(source, position)
            out.append(_under(OVER[match["macro"]], _plain(base)))
        else:
            apart = match["macro"] in NAMED and out[-1:] and out[-1][-1:].isalnum()
            out.append(" " * bool(apart) + _token(match))
    return re.sub(r"\s+", " ", "".join(out)).strip()


def _token(match: re.Match[str]) -> str:
    if macro := match["macro"]:
        if macro not in SYMBOLS:
            raise _UnreadableError(macro)
        return SYMBOLS[macro]
    if sign := match["sign"]:
        return {"!": "", "|": "‖"}.get(sign, " " if sign in ",;:> \n" else sign)
    return "" if match["char"] in "{}" else match["char"].replace("~", " ")


def _fraction(source: str, position: int) -> tuple[str, int]:
    """Write a fraction in one line, in parentheses where what follows would seem to stand below it."""
    above, position = _argument(source, position)
    below, position = _argument(source, position)
    written = f"{_whole(above)}/{_whole(below)}"
    return (f"({written})" if _FOLLOWS.match(source, position) else written), position


def _root(source: str, position: int) -> tuple[str, int]:
    if source[position : position + 1] == "[":
        raise _UnreadableError("sqrt of a degree")
    inside, position = _argument(source, position)
    written = _whole(inside)
    return ("√" + (f"({written})" if _FOLLOWS.match(source, position) and written[:1] != "(" else written)), position


_SPANNING = {**dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), _fraction), "sqrt": _root}


def _whole(source: str) -> str:
    """Write an argument so that it stays one: in parentheses, unless it is one character or one number."""
    text = _plain(source)
    if not text:
        raise _UnreadableError("an argument is missing")
    return text if len(text) == 1 or text.isdecimal() else f"({text})"


def _under(mark: str, base: str) -> str:
    """Set a mark over one character; over several no plain character can."""
    if len(base) != 1:
        raise _UnreadableError("a mark over several characters")
    return unicodedata.normalize("NFC", base + mark)


def _argument(source: str, position: int) -> tuple[str, int]:
    """Read what a ^, a _ or a macro applies to: a group, a macro or one character. Gives it and where it ends."""
    position += len(source) - position - len(source[position:].lstrip())
    if position < len(source) and source[position] == "{":
        depth = 0
        for end in range(position, len(source)):
            depth += (source[end] == "{") - (source[end] == "}")
            if depth == 0:
                return source[position + 1 : end], end + 1
        return source[position + 1 :], len(source)
    match = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL).match(source, position)
    return (match.group(), match.end()) if match else ("", position)


def _script(sign: str, text: str) -> str:
    """Raise or lower a short text by Unicode characters where all exist, else with the sign itself."""
    table = SUPERSCRIPTS if sign == "^" else SUBSCRIPTS
    if all(char in table for char in text):
        return "".join(table[char] for char in text)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
