"""Text from strangers made safe to store and to compare."""

import hashlib
import html
import re
import unicodedata
from html.entities import html5

from core.accents import without_accents

_SPACE = re.compile(r"\s+")
# C0/C1 controls except tab and newline, lone surrogates, bidi overrides and isolates: none has a place in a title.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_BLANKS = bytes.maketrans(b"\t\n\r", b"   ")
_CONTROLS = bytes(code for code in range(128) if _UNSAFE.match(chr(code)))
_WORD = re.compile(r"\w+")
_ENTITY = re.compile(r"&(?:(?P<name>[A-Za-z][A-Za-z0-9]{1,31})|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});", re.ASCII)
_PAPER = r"(?:paper|article|submission|manuscript|preprint|work|version)"
_PEOPLE = r"(?:(?:the|its|all|an?|both|first|corresponding|arxiv)\s+)*(?:authors?|submitters?|admin\w*|us|arxiv)\b"
_HOW = r"(?:(?:\w+ly|now|since|thus|hence|therefore)\s+)?"
_WRONG = r"(?:[\w'-]+\s+){0,4}(?:errors?|mistakes?|flaws?|gaps?|bugs?|problems?|incorrect|wrong)\b"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b"
)
# Only where a sentence or its main clause begins: elsewhere it tells of other papers, of former versions, of parts.
_WITHDRAWN = re.compile(
    rf"""(?:(?:^|[.!?;:]\s)[\s(\["'*]*(?:
      (?:this|the|our)\s+{_PAPER}\s+(?:(?:has|have)\s+{_HOW}been|is|was)\s+{_HOW}withdrawn\b
    | (?:the\s+|both\s+|all\s+)?(?:authors?|we|i)\s+(?:has|have)\s+{_HOW}withdrawn
      \s+(?:this|the|our|my)\s+{_PAPER}\b
    | (?:this\s+)?(?:{_PAPER}\s+)?withdrawn
      (?=\s*(?:$|[.;:!)\]*]|,\s+{_WRONG})|\s+(?:due|because|since|pending|at\s+the|by\s+{_PEOPLE}))
    )
    | ,\s+this\s+{_PAPER}\s+(?:(?:has|have)\s+{_HOW}been|is|was)\s+{_HOW}withdrawn\b
    )
    # from a venue, or one fate of several
    (?!(?:\s+by\s+{_PEOPLE})?\s+(?:from(?!\s+(?:the\s+)?arxiv)|at\s+(?-i:[A-Z])|in\s+(?!{_MONTH})(?-i:[A-Z])))
    (?!\s+(?:during|or|after(?!\s+{_WRONG})))""",
    re.IGNORECASE | re.VERBOSE,
)


def clean(text: str) -> str:
    """Drop characters that break databases, feeds or reading order; line breaks and tabs become single spaces."""
    if text.isascii():  # bytes are quicker to go through
        letters = text.encode().translate(_BLANKS, _CONTROLS).decode().strip()
        return " ".join(letters.split()) if "  " in letters else letters
    plain = text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    if plain.isprintable():  # nearly always, and then nothing is unsafe and the only space is the plain one
        plain = plain.strip()
        return " ".join(plain.split()) if "  " in plain else plain
    return _SPACE.sub(" ", _UNSAFE.sub("", text)).strip()


def said(text: str) -> str:
    """Clean a title or an abstract in which a source may have left entities of HTML or accents of TeX: both are read.

    Only whole entities are: arXiv's own texts write AT&T and LaTeX's & and mean it. Formulas stay as they are.
    """
    return clean(without_accents(_ENTITY.sub(_character, text) if "&" in text else text))


def fold(text: str) -> str:
    """Reduce a title or a name to what two spellings share: letters and digits, no accents, lower case."""
    if text.isascii():
        return " ".join(_WORD.findall(text.lower()))
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c))))


def says_withdrawn(abstract: str | None, comment: str | None) -> bool:
    """Tell whether arXiv's text for the current version announces, by a sentence of its own, that it is withdrawn."""
    parts = (part[:400] for part in (abstract, comment) if part)
    return any("withdrawn" in part.lower() and _WITHDRAWN.search(part) for part in parts)  # the pattern alone is slow


def embedding_text(title: str, abstract: str | None) -> str:
    """Join what an item is embedded by: title, full stop, abstract."""
    return f"{title}. {abstract}" if abstract else title


def text_hash(text: str) -> str:
    """Name a text by its content: the first 32 hex digits of SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _character(entity: re.Match[str]) -> str:
    """Give what an entity stands for; one that HTML does not know stays as it is."""
    name = entity["name"]
    return html5.get(f"{name};", entity.group()) if name else html.unescape(entity.group())
