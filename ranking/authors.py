"""A query that is a person's name, and which papers are by an author of that name (pure)."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, islice, pairwise, product

from core.text import fold

LONGEST = 5  # words of a name
ODD = 3  # letters of a word that may be others than those typed
SPELLINGS = 128  # forms of one word that are looked for
# Letters that are no plain ones with a sign, so that neither fold nor a full-text index knows them for these.
_PLAIN = {"ß": "ss", "ø": "o", "ł": "l", "ı": "i", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th"}
_BACK = [(re.compile(plain), letter) for letter, plain in _PLAIN.items()]
_LETTERS = str.maketrans(_PLAIN)
# Two letters are typed for one with dots or a stroke: only for a letter that a name has, as Yue is no Yu.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe"})
_UMLAUT = re.compile("[äöüø]", re.IGNORECASE)
_TWO = re.compile("ae|oe|ue")
WAYS = 8  # ways in which the words of one name may stand in an index
NAMES = 5  # names of one query
OF_A_WORD = 20  # papers that come first where the name is a word alone
SIGNED = 20  # more papers than this by an author beside whose name words are asked for are a subject
TITLES = 5  # more titles than this with a word are a subject of its own, as songs are
_INITIAL = re.compile(r"(?<![^\W_])([^\W\d_])\.")
_MARK = re.compile(r"^\W*(?:(?:dr|prof|professor)\b\.?\s*)+|\bet\s+al\b\.?", re.IGNORECASE)
_BETWEEN = re.compile(r"[,;&、，；＆]|\band\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AuthorAsked:
    """What may be an author's name: its plain words, and the letters that stand for one, as in Y. LeCun."""

    words: frozenset[str]
    initials: frozenset[str]
    sure: bool  # if an author has that name, it is meant; a word alone, with nothing that marks it, may be any word


def unmarked(text: str) -> str:
    """Take away what only marks a name: Dr. and Prof. before it, "et al." behind."""
    return _MARK.sub(" ", text)


def authors_asked(text: str) -> list[AuthorAsked]:
    """Take a query for a name, or for several where each of its parts may be a whole one; none where it is no name."""
    parts = [part for part in _BETWEEN.split(unmarked(text)) if part.strip(" .")]
    several = [one for part in parts if (one := author_asked(part)) and one.sure]
    if 1 < len(parts) == len(several) <= NAMES:
        return several
    whole = author_asked(text)
    return [whole] if whole else []


def author_asked(text: str) -> AuthorAsked | None:
    """Take a query for a name: up to five words without digits, one of them at least written out; else None."""
    bare = unmarked(unicodedata.normalize("NFKC", text))
    stopped = {plainly(letter) for letter in _INITIAL.findall(bare)}
    parts = frozenset(plainly(bare).split())
    initials = frozenset(part for part in parts if part in stopped or (len(part) == 1 and part.upper() != part))
    whole = parts - initials
    plain = all(part.isalpha() for part in parts)
    if not plain or len(parts) > LONGEST or not any(len(part) > 1 for part in whole):
        return None
    return AuthorAsked(whole, initials, sure=len(whole) > 1 or bool(stopped & parts) or _MARK.search(text) is not None)


def plainly(name: str) -> str:
    """Fold a name to the letters that every keyboard has: ø is no o with an accent, and typed as one."""
    return fold(name).translate(_LETTERS)


def spellings(word: str) -> list[str]:
    """List the forms in which a plain word may stand in an index, itself first; at most ODD of its letters change."""
    return _forms(word, [(match.span(), letter) for plain, letter in _BACK for match in plain.finditer(word)])


def shortened(word: str) -> list[str]:
    """List the forms of a plain word in which a, o or u, as an index has ä, ö and ü, stands for some ae, oe or ue."""
    return _forms(word, [(match.span(), match[0][0]) for match in _TWO.finditer(word)])[1:]


def ways(asked: AuthorAsked) -> list[list[list[str]]]:
    """List the ways in which a name's words may stand in an index, as typed first; of each word all its spellings."""
    words = [[word, *shortened(word)] for word in sorted(asked.words)]
    return [[spellings(word) for word in way] for way in islice(product(*words), WAYS)]


def written_by(asked: AuthorAsked, papers: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """List the ids of the papers (id, authors' names) that one author of that name wrote.

    First those whose author has no other name besides, but for initials; otherwise the order stays as it is.
    """
    near = {item_id: max(_nearness(asked, name) for name in names) for item_id, names in papers if names}
    return sorted((item_id for item_id, how in near.items() if how), key=lambda item_id: -near[item_id])


def together(lists: Sequence[Sequence[str]]) -> list[str]:
    """Join the papers of one and more authors: what all wrote first; none where one of them wrote nothing."""
    if not all(lists):
        return []
    shared = set(lists[0]).intersection(*lists[1:])
    return list(dict.fromkeys([*(item_id for item_id in lists[0] if item_id in shared), *chain.from_iterable(lists)]))


def is_name(held: int, authored: int, titled: int) -> bool:
    """Tell from how many papers hold a word, as an author's name and in the title, whether alone it means an author.

    Adam and Song are names, but also what papers are about.
    """
    return 2 * held <= 3 * authored and titled <= TITLES and 10 * titled <= authored and authored > 0


def mostly_signed(terms: Iterable[str], papers: Collection[Iterable[str]]) -> set[str]:
    """Pick the words of a query that most papers have as an author's: of each that holds all words, the names."""
    counts = Counter(word for names in papers for word in set(plainly(" ".join(names)).split()))
    return {word for term in terms for word in plainly(term).split() if 2 * counts[word] > len(papers)}


def signed(
    terms: Sequence[str], papers: Mapping[str, tuple[str, Sequence[str]]], mostly: set[str], names: set[str]
) -> list[str]:
    """List, of the papers (id -> title, authors' names) that hold all words of a query, those by an author it names.

    An author is named by two of the words that are `mostly` authors', or by one that is no other word (`names`). What
    has the rest in its title goes first; where the papers are many, what has not all of it in its title is left out,
    and of many nothing is listed: these are a subject.
    """
    rest = {word for term in terms for word in plainly(term).split()} - mostly
    lacking = {
        item_id: len(rest - set(plainly(title).split()))
        for item_id, (title, authors) in papers.items()
        if any(parts & names or len(parts & mostly) > 1 for parts in (set(plainly(one).split()) for one in authors))
    }
    ordered = sorted(lacking, key=lacking.__getitem__)
    titled = [item_id for item_id in ordered if not lacking[item_id]]
    return ordered if len(ordered) <= SIGNED else titled if len(titled) <= TITLES else []


def _nearness(asked: AuthorAsked, name: str) -> int:
    """Tell how well a name is the one asked for: 0 not, 1 among others that it has as well, 2 it alone."""
    parts = _parts(name)
    rest = [part for part, *typed in parts if not asked.words.intersection((part, *typed))]
    if not asked.words <= set(chain.from_iterable(parts)):
        return 0
    for letter in asked.initials:
        begun = [part for part in rest if part.startswith(letter)]
        if not begun:
            return 0
        rest.remove(begun[0])
    return 1 if any(len(part) > 1 for part in rest) else 2


def _parts(name: str) -> list[list[str]]:
    """Cut a name into its plain words, each with how it is typed where its umlauts become two letters."""
    parts = [[part] for part in plainly(name).split()]
    composed = unicodedata.normalize("NFC", name)
    if _UMLAUT.search(composed):
        typed = plainly(composed.lower().translate(_UMLAUTS)).split()
        return [[*part, two] for part, two in zip(parts, typed, strict=True)]
    return parts


def _forms(word: str, places: Sequence[tuple[tuple[int, int], str]]) -> list[str]:
    """List a word with other letters at no place, at one and at up to ODD of some places; at most SPELLINGS forms."""
    chosen = (sorted(some) for count in range(ODD + 1) for some in combinations(places, count))
    forms = (_respelt(word, some) for some in chosen if all(a[0][1] <= b[0][0] for a, b in pairwise(some)))
    return list(islice(dict.fromkeys(forms), SPELLINGS))


def _respelt(word: str, places: Sequence[tuple[tuple[int, int], str]]) -> str:
    """Put other letters at some places of a word, which come in order and apart."""
    ends = [0, *(end for (_, end), _ in places)]
    kept = [word[end:start] for end, ((start, _), _) in zip(ends, places, strict=False)]
    return "".join(part + letter for part, (_, letter) in zip(kept, places, strict=True)) + word[ends[-1] :]
