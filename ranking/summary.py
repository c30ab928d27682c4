"""The short text under a title: whole sentences of the abstract that say what was done and found (pure)."""

import re
from collections.abc import Sequence

from ranking import macros, openers
from ranking.announcing import EMPTY, NUMBERED, PAST, SHARED, STEP, Title, plainly

MAX_CHARS = 480
LONGEST = 640  # of one sentence, where it alone says what was done
_PAGES = re.compile(r"(\d{1,4})\s*(?:\+\s*\d+\s*)?(?:pages|pp\.?|pgs?\.?)(?![a-z])", re.IGNORECASE)
_OPENER = (
    r"(?:In (?:this|our)|To (?:address|this|bridge|tackle|overcome)|We|This|These|Our|However|Here|Experiment|Result)"
)
# A stop and a space before something that may begin a sentence, or a forgotten space before one that surely does.
_BREAK = re.compile(
    rf"[.!?][\"')\]]*(?:\s+(?=[\"'(\[]?[A-Z0-9$\\]|[a-z]{{1,4}}[A-Z]|\((?:i{{1,3}}|iv|v|[a-h])\) [A-Z])"
    rf"|(?<=[a-z)]\.)(?={_OPENER}\w* )"
    r"|(?<=[a-z]{4}\.)(?=[A-Z][a-z]+,? [a-z]))"
)
_OPENS = re.compile(_OPENER + r"\w*[ ,]")
# Abbreviations after which a full stop ends no sentence.
_SHORT = re.compile(
    r"\b(?:e\.g|i\.e|et al|cf|vs|etc|Figs?|Eqs?|Sec|Tab|resp|approx|w\.r\.t|a\.k\.a|No|St|Dr|Prof|Refs?|Thm|avg)\.$"
)
_INITIAL = re.compile(r"\b[A-Z]\.$")
# No dollar to come, or the next one begins something, as in " $x" or "$5": it closes no formula that was begun before.
_NONE_CLOSES = re.compile(r"[^$]*+(?:\Z|(?<![^\s(\[~-])\$(?![\s.,;:!?)\]])|\$(?=\d|\\[a-zA-Z]))")

# What follows is matched against sentences in small letters.
_FINDS = re.compile(
    r"\bwe (?:also |further |then |empirically |theoretically )?(?:show|find|found|prove|demonstrate|observe|reveal"
    r"|(?:discover|conclude|uncover) that)"
    r"|\bit is (?:shown|demonstrated|found|proved|proven|observed) that"
    r"|\b(?:key|main|central|core) (?:\w+ )?(?:finding|result)s? (?:is|are)\b"
    r"|\bour (?:analysis|work|study|data|research) (?:show|suggest|indicat|demonstrat|reveal|confirm|find|establish)"
    r"|\b(?:results?|experiments?|evaluations?|findings?|analyses|stud(?:y|ies)|simulations?|tests)\b[^.;]{0,90}?"
    r"\b(?:show|suggest|indicat|demonstrat|reveal|confirm|find|validat|establish|verif)"
)
# That it works, and not how well.
_HOLLOW = re.compile(
    r"\b(?:validat|demonstrat|verif|confirm|show|illustrat|highlight|corroborat|prov|support)\w*(?: \w+ly)?"
    r" (?:the|our|its|their)(?: [\w-]+(?: and|,)?){0,4}? (?:effectiveness|superiority|efficacy|validity|efficiency"
    r"|feasibility|usefulness|utility|advantages?|benefits|potential|performance|applicability|analysis|analyses|theory"
    r"|findings|results|claims|predictions)(?: (?:and|of) [^,;:]{0,60})?[^a-z]*$"
)
# What is done "to improve" something is an aim; "leads to improved" is none. "Self-improving" is a kind of system.
_GAINS = re.compile(
    r"\b(?:outperform|surpass|exceed|state-of-the-art|faster|up to|better than"
    r"|(?<!\bto )(?<!\bto further )(?<!\bto better )(?<!self-)(?:achiev|improv|reduc|increas)"
    r"|(?<!self-)(?:achiev|improv|reduc|increas)(?:ed|ing)"
    r"|more accurate|competitive|yields?\b|attain|saves?\b|saving|cuts\b|lowers?\b)"
)
# What was found of others, or of what was there before: told where no gain of the paper's own is.
_FAILING = re.compile(
    r"\b(?:current|existing|prior|previous|leading|strong|frontier|today's|state-of-the-art|most|even)"
    r" (?:[\w-]+ ){0,5}?(?:struggle|fail|underperform|fall short|falter)"
    r"|\bstill (?:underperform|lag|fall|fail|struggle)"
)
# Made to measure others: that these fail is what it finds.
_MEASURE = re.compile(r"bench\b|\b(?:benchmark|dataset|leaderboard|test suite|corpus|evaluat)")
_MAYBE = re.compile(r"\b(?:may|might|could|should|need|must)\b")
_SPARED = re.compile(
    r"\b(?:without|no|eliminat\w*|remov\w*|obviat\w*|avoid\w*|bypass\w*|circumvent\w*|reduc\w*) (?:the )?need\b"
)
_FIGURES = re.compile(r"\d ?(?:\\?%|[x×]\b(?! ?\d)|times\b|-?fold\b|points?\b|pp\b)")
_RESULTS = re.compile(r"\bwe (?:\w+ )?(?:two|three|four|five|several)(?: \w+)? (?:results|theorems)[^a-z]*$")
_POINTS = re.compile(r"(?:this|these|those|it(?! is \w+ that)|its|they|their|such|both)\b")
_EARLY = 0.3  # what is announced is announced early: cost of each sentence before
_LONG = 2.0  # cost of a sentence that fills more room than two may
_TELLS = 2.0  # from which a sentence surely says what was found


def sentences(text: str) -> list[str]:
    """Split a text into whole sentences; abbreviations, initials and decimals do not end one, nor does maths."""
    text = text.strip()
    signs = text.replace("\\$", "  ")  # as long as the text; an escaped dollar marks no formula
    parts: list[str] = []
    start = 0
    for end in (*(match.end() for match in _BREAK.finditer(text)), len(text)):
        part = text[start:end].rstrip()
        if part and not _goes_on(part, text[end : end + 20]) and not _in_formula(signs, start, end):
            parts.append(part)
            start = end
    return parts


def _goes_on(part: str, rest: str) -> bool:
    """Tell whether a sentence goes on after a stop: it does in "J. R. Heron", and does not in "of class A. We show"."""
    if not rest:
        return False
    if _SHORT.search(part[-10:]):
        return True
    return _INITIAL.search(part[-3:]) is not None and not _OPENS.match(rest)


def _in_formula(signs: str, start: int, end: int) -> bool:
    """Tell whether a stop is inside a formula: the dollars before it are odd in number, and the next one closes."""
    return signs.count("$", start, end) % 2 == 1 and not _NONE_CLOSES.match(signs, end)


def extract(abstract: str | None, title: str = "") -> str | None:
    """Choose whole sentences, one to three: what was done, then what was found; None where no sentence fits.

    Sentences are told apart by the verbs of announcing and of finding; the title settles where nothing is announced.
    Of the first one an opener that points at what is left out is left off; where all of it does, what it points at is
    told before.
    """
    abstract = abstract or ""
    whole = sentences(macros.put(abstract, macros.names(abstract, title)))
    found = [s for s in whole if len(s) <= LONGEST]
    if not found:
        return None
    low = [s.lower() for s in found]
    at = _announcing(low, title)
    does = openers.without(found[at])
    room = MAX_CHARS - len(does) - 1
    told = [_finding(low[n], n == at + 1) if len(found[n]) <= room else 0.0 for n in range(at + 1, len(found))]
    place = _telling(low[at + 1 :], told, _MEASURE.search(low[at]) is not None)
    finding = "" if place is None else f" {found[at + 1 + place]}"
    return _with_its_matter(whole, found[at], finding) or does + finding


def _with_its_matter(whole: Sequence[str], does: str, finding: str) -> str | None:
    """Put the sentence before an announcement that is about it, as "we study this question"; None where none is.

    Nothing gives way to it: where it does not fit together with the finding, it stays left out.
    """
    at = whole.index(does)
    if at == 0 or not openers.needed(whole[at - 1], openers.without(does)):
        return None
    text = f"{whole[at - 1]} {does}{finding}"
    return text if len(text) <= MAX_CHARS else None


def own_part(abstract: str | None, title: str = "") -> str:
    """Give an abstract from the sentence on that says what was done: what stands before it is mostly of others' work.

    All of it where no sentence fits; the words stay as they stand.
    """
    text = abstract or ""
    found = [s for s in sentences(text) if len(s) <= LONGEST]
    return text[text.index(found[_announcing([s.lower() for s in found], title)]) :] if found else text


def _announcing(low: Sequence[str], title: str) -> int:
    """Give the place of the sentence, of some in small letters, that says most plainly what was done."""
    about = Title(title)
    done = [plainly(s, about) - _EARLY * n - _LONG * (len(s) > MAX_CHARS) for n, s in enumerate(low)]
    return done.index(max(done))


def _telling(low: Sequence[str], scores: Sequence[float], measures: bool) -> int | None:
    """Give the place of the finding to tell, None where none is sure.

    That others fail gives way to a gain of the paper's own, and to what else it found where the sentence says no gain
    at all, unless the paper is made to measure others.
    """
    place = _sure(scores)
    if place is None or measures or not _FAILING.search(low[place]):
        return place
    own = _sure([score if _gains(sentence) else 0.0 for sentence, score in zip(low, scores, strict=True)])
    if own is None and not _says_gain(low[place]):
        own = _sure([0.0 if _FAILING.search(s) else score for s, score in zip(low, scores, strict=True)])
    return place if own is None else own


def _sure(scores: Sequence[float]) -> int | None:
    """Give the place of the highest score, None where that is too low to be told."""
    best = max(scores, default=0.0)
    return scores.index(best) if best >= _TELLS else None


def _gains(sentence: str) -> bool:
    """Tell whether a sentence in small letters says what the paper's own work gained."""
    return _says_gain(sentence) and not _FAILING.search(sentence)


def _says_gain(sentence: str) -> bool:
    """Tell whether a sentence speaks of a gain, whoever's; "state-of-the-art" names others' work as well."""
    return _GAINS.search(sentence.replace("state-of-the-art", "")) is not None


def _maybe(sentence: str) -> bool:
    """Tell whether a sentence says what may be or is needed; "without the need for" is a gain."""
    return _MAYBE.search(sentence) is not None and _MAYBE.search(_SPARED.sub("", sentence)) is not None


def _finding(sentence: str, next_one: bool) -> float:
    """Score how plainly a sentence in small letters says what was found; `next_one`: nothing before it is left out."""
    score = 2.5 if _FINDS.search(sentence) else 0.0
    if _GAINS.search(sentence) and not _maybe(sentence):
        score += 2.1
    elif score and _HOLLOW.search(sentence):
        score -= 0.3  # still told, where nothing else is
    elif not score and _FIGURES.search(sentence) and not _maybe(sentence):
        score = 1.5
    if not score or EMPTY.search(sentence) or _RESULTS.search(sentence):
        return 0.0
    score += 0.5 if _FIGURES.search(sentence) else 0.0
    score -= 3.0 if SHARED.search(sentence) else 0.0
    score -= 0.5 if not next_one and _POINTS.match(sentence) else 0.0
    score -= 2.0 if NUMBERED.match(sentence) else 0.0  # "(2) ..." without a first
    return score - (1.0 if PAST.match(sentence) or STEP.match(sentence) else 0.0)


def page_count(comment: str | None) -> int | None:
    """Read the number of pages from an author's comment such as "12 pages, 4 figures"; None where it says none."""
    match = _PAGES.search(comment or "")
    pages = int(match.group(1)) if match else 0
    return pages if 0 < pages <= 500 else None
