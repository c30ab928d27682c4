"""The short text under a title: whole sentences of the abstract that say what was done and found (pure)."""

import re
from collections.abc import Sequence

from ranking import openers

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
_WHO = (
    r"(?:\b(?:we|i(?= [a-z]))|\bthe (?:paper|article|study|essay|thesis|work)(?= (?:\w+ly )?\w+s\b)"
    r"|\b(?:this|the present|our) (?:\w+[ -]){0,2}?(?:paper|work|study|article|survey|report|letter|thesis|essay"
    r"|project|dissertation|review|chapter|tutorial|note|research|manuscript))\b[^.;]{0,40}?"
)
_AUTHORS = re.compile(r"\b(?:we|i|this|our|the (?:present|paper|article|study|essay|thesis|work))\b")
_MAKES = re.compile(
    _WHO + r"\b(?:propos|introduc|present|develop|design|formali[sz]|formulat|devis|construct|contribut|creat|describ"
    r"|establish|buil[dt]|provid)"
)
_LOOKS = re.compile(
    _WHO + r"\b(?:study|studies|investigat|analy[sz]|show|prov|deriv|survey|review|examin|ask|revisit|explor"
    r"|discuss|(?:re)?interpret(?!ab|at)|synthesi[sz]es?\b|demonstrat|identif|address|aim|argu|extend|quantif|characteri[sz]|defin|compar|find|look|consider|combin|measur|train"
    r"|illustrat|outlin|assess|tackl|reveal|discover|uncover|conclude that|refram|rethink|advocat|disentangl"
    r"|unif(?:y|ies)|reformulat|offer|reproduc|replicat|(?<=\bwe )benchmark)"
)
_TRIES = re.compile(
    _WHO
    + r"\b(?:evaluat|conduct|test|report|adapt|appl(?:y|ies|ied)|use|utili[sz]|validat|adopt|leverag|employ|integrat"
    r"|exploit|incorporat|bridg|equip|collect|curat|fine-?tun|implement(?:s|ed)?\b|focus)"
)
_MADE = re.compile(
    r"\b(?:is|are|was) (?:proposed|presented|introduced|developed)\b|\bis an? (?:[\w-]+ ){0,5}(?:framework|method|model"
    r"|benchmark|dataset|system|algorithm|library|toolkit|approach)\b"
)
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
_STEP = re.compile(
    r"(?:first|second|third|next|then|finally|lastly|additionally|furthermore|further|moreover|besides"
    r"|in addition"
    r"|specifically|concretely|in particular|for (?:instance|example)|also|meanwhile|technically"
    r"|to (?:reduce|further)|in (?:this|the) process|it(?! is \w+ that)|for [\w-]* ?evaluation)\b"
    r"|(?:\w+, )?we (?:also|further|additionally|then)\b"
)
_NUMBERED = re.compile(r"\((?:i{1,3}|iv|v|[a-h]|\d)\)")
_PAST = re.compile(
    r"(?:however|yet|but|although|despite|existing|recent|current|previous|prior|conventional|traditional|most|many"
    r"|unfortunately|nevertheless|such|because|since)\b"
)
_OTHERS = re.compile(
    r"\b(?:existing|prior|previous|current|conventional|traditional) (?:\w+[ -]){0,3}?(?:methods?|approaches|work"
    r"|studies|models?|systems|benchmarks)\b[^.;]{0,40}?\b(?:rel(?:y|ies)|fail|suffer|struggle|lack|often|typically|are|focus"
    r"|assume|remain|treat)|\b(?:remains?|ha(?:s|ve) (?:emerged|become|shown|achieved|recently)|are increasingly)\b"
)
_SHARED = re.compile(
    r"\b(?:we releas|we open-sourc|released?\b|available (?:at|online)|code (?:is|and|will)|project page"
    r"|publicly(?! (?:available|accessible|released|deployed) (?!at|on|in|to|via|under|for|upon|through|and)\w)"
    r"|(?<!\()https?:|(?<!/)github"
    r"|we (?:\w+ly |also )?provide (?:[\w-]+ ){0,6}?(?:checkpoints?|code|weights|implementations?|scripts)\b)"
)
_BACK = re.compile(
    r"\b(?:show|study|demonstrate|do|argue) (?:this|it|these|that (?:this|these|such))\b"
    r"|(?<!which )(?<!that )(?<!process )\bwe (?:\w+ly )?(?:define|call|term|refer)|\bas such an?\b"
    r"|\bwe \w+ (?:it|them)\b"
    r"|\b(?:we|paper|work|study|article) (?:\w+ly )?(?:investigat|examin|explor|analy[sz]|stud(?:y|ies)|answer|revisit"
    r"|discuss|interpret)\w* (?:this|these) (?!.* by \w+ing)"
)
_EMPTY = re.compile(
    r"\b(?:two|three|four|five|six|several|following)\b(?: [\w-]+){0,3}?"
    r" (?:contributions|questions|findings|insights)[^a-z]*$"
)
_RESULTS = re.compile(r"\bwe (?:\w+ )?(?:two|three|four|five|several)(?: \w+)? (?:results|theorems)[^a-z]*$")
_POINTS = re.compile(r"(?:this|these|those|it(?! is \w+ that)|its|they|their|such|both)\b")
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{3,}")
_DOING = ((_MAKES, 4.0), (_LOOKS, 3.0), (_TRIES, 2.0))  # the first that is found counts
_EARLY = 0.3  # what is announced is announced early: cost of each sentence before
_SHORTEST = 50  # characters: "We characterize it." says nothing
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
    """Choose one or two whole sentences: what was done, then what was found; None where no sentence fits.

    Sentences are told apart by the verbs of announcing and of finding; the title settles where nothing is announced.
    Of the first one an opener that points at what is left out is left off.
    """
    found = _printable(abstract)
    if not found:
        return None
    low = [s.lower() for s in found]
    at = _announcing(found, title)
    does = openers.without(found[at])
    room = MAX_CHARS - len(does) - 1
    told = [_finding(low[n], n == at + 1) if len(found[n]) <= room else 0.0 for n in range(at + 1, len(found))]
    place = _telling(low[at + 1 :], told, _MEASURE.search(low[at]) is not None)
    return does if place is None else f"{does} {found[at + 1 + place]}"


def own_part(abstract: str | None, title: str = "") -> str:
    """Give an abstract from the sentence on that says what was done: what stands before it is mostly of others' work.

    All of it where no sentence fits; the words stay as they stand.
    """
    found = _printable(abstract)
    return (abstract or "")[(abstract or "").index(found[_announcing(found, title)]) :] if found else abstract or ""


def _printable(abstract: str | None) -> list[str]:
    return [s for s in sentences(abstract or "") if len(s) <= LONGEST]


def _announcing(found: Sequence[str], title: str) -> int:
    """Give the place of the sentence that says most plainly what was done."""
    words = frozenset(_WORD.findall(title.lower()))
    low = enumerate(s.lower() for s in found)
    done = [_doing(s, words) - _EARLY * n - _LONG * (len(s) > MAX_CHARS) for n, s in low]
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


def _doing(sentence: str, title: frozenset[str]) -> float:
    """Score how plainly a sentence in small letters says what was done."""
    score = 0.0
    if _AUTHORS.search(sentence):  # most sentences end here: speed
        score = next((points for cue, points in _DOING if cue.search(sentence)), 0.0)
    if not score and _MADE.search(sentence):
        score = 2.0
    if score and (_STEP.match(sentence) or _NUMBERED.match(sentence) or _SHARED.search(sentence)):
        score -= 2.0
    if score and (len(sentence) < _SHORTEST or _BACK.search(sentence)):
        score -= 2.5 if len(sentence) < _SHORTEST else 1.5
    if score and _EMPTY.search(sentence):
        score -= 2.5
    if score < 3.0 and (_PAST.match(sentence) or _OTHERS.search(sentence)):
        score -= 1.5
    return score + 0.5 * (len(title.intersection(_WORD.findall(sentence))) / len(title) if title else 0.0)


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
    if not score or _EMPTY.search(sentence) or _RESULTS.search(sentence):
        return 0.0
    score += 0.5 if _FIGURES.search(sentence) else 0.0
    score -= 3.0 if _SHARED.search(sentence) else 0.0
    score -= 0.5 if not next_one and _POINTS.match(sentence) else 0.0
    score -= 2.0 if _NUMBERED.match(sentence) else 0.0  # "(2) ..." without a first
    return score - (1.0 if _PAST.match(sentence) or _STEP.match(sentence) else 0.0)


def page_count(comment: str | None) -> int | None:
    """Read the number of pages from an author's comment such as "12 pages, 4 figures"; None where it says none."""
    match = _PAGES.search(comment or "")
    pages = int(match.group(1)) if match else 0
    return pages if 0 < pages <= 500 else None
