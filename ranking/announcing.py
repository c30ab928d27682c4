"""How plainly a sentence of an abstract announces what was done, told by its verbs and by the title (pure)."""

import re

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
    r"|discuss|(?:re)?interpret(?!ab|at)|synthesi[sz]es?\b|demonstrat|identif|address|aim|argu|extend|quantif"
    r"|characteri[sz]|defin|compar|find|look|consider|combin|measur|train"
    r"|illustrat|outlin|assess|tackl|reveal|discover|uncover|conclude that|refram|rethink|advocat|disentangl"
    r"|unif(?:y|ies)|reformulat|offer|reproduc|replicat|organi[sz]es\b|details\b|(?<=\bwe )benchmark)"
)
_TRIES = re.compile(
    _WHO
    + r"\b(?:evaluat|conduct|test|report|adapt|appl(?:y|ies|ied)|use|utili[sz]|validat|adopt|leverag|employ|integrat"
    r"|exploit|incorporat|bridg|equip|collect|curat|fine-?tun|implement(?:s|ed)?\b|focus)"
    r"|\bwe (?:\w+ly |instead |first |here |also )?(?:view|treat|frame|recast|cast(?= .* as )|pose|audit"
    r"|systemati[sz]e|highlight|dissect|decouple|restrict|challenge|evolve)\b"
)
_MADE = re.compile(
    r"\b(?:is|are|was) (?:proposed|presented|introduced|developed)\b|\bis an? (?:[\w-]+ ){0,5}(?:framework|method|model"
    r"|benchmark|dataset|system|algorithm|library|toolkit|approach)\b"
)
# What the authors' thing does says what they did, where nothing says it otherwise; what it gains is no part of this.
_WORKS = (
    r"(?:steps in\b|(?:address|tackl|overcom|resolv|leverag|us|employ|exploit|utili[sz]|combin|integrat|introduc|propos"
    r"|learn|formulat|reformulat|decompos|decoupl|extend|adapt|build|construct|defin|treat|refram|recast|replac|augment"
    r"|equip|enabl|incorporat|provid|offer|support|compris|consist|encompass|quantiz|generat|optimi[sz]|select|align"
    r"|enhanc)e?s\b|(?:unif|appl)ies\b)"
)
_OURS = re.compile(
    r"\b(?:our|the proposed) (?:[\w-]+ ){0,3}?(?:method|approach|framework|system|model|algorithm|technique|strategy"
    r"|pipeline|architecture|benchmark|dataset|library|toolkit|solution|scheme|procedure|agent|survey|analysis|theory)"
    r"\b[^.;]{0,80}?\b" + _WORKS
)
_WORKING = re.compile(r"(?: \([^)]*\)|,[^,]*,)? (?:is (?:an?|the)\b|(?:[\w-]+ly )?" + _WORKS + ")")
# What stands before the name of what was made: "to train X, we build Y" makes no X, nor does "the impact of X".
_MAKING = re.compile(
    _WHO + r"\b(?:propos|introduc|present|develop|design|devis|construct|creat|buil[dt]|releas|unveil|open-sourc"
    r"|instantiat[^.;:]{1,60} as\b)(?:(?! that | which )[^.;:]){0,100}(?<![\w-])"
    r"(?<! (?:of|on|in|to|by) )(?<! for )(?<!(?:with|from|than) )(?<!ing )\Z"
)
_OFFERED = re.compile(r"\bwe (?:\w+ly |also )?(?:releas|open-sourc).*https?:")
_GOES_ON = re.compile(r"[\w-]")
_NAMED = re.compile(r"\s*([^\s:][^:]{1,40}?)\s*:\s")  # what stands before the colon of a title
STEP = re.compile(
    r"(?:first|second|third|next|then|finally|lastly|additionally|furthermore|further|moreover|besides"
    r"|in addition"
    r"|specifically|concretely|in particular|for (?:instance|example)|also|meanwhile|technically"
    r"|to (?:reduce|further)|in (?:this|the) process|it(?! is \w+ that)|for [\w-]* ?evaluation)\b"
    r"|(?:\w+, )?we (?:also|further|additionally|then)\b"
)
NUMBERED = re.compile(r"\((?:i{1,3}|iv|v|[a-h]|\d)\)")
PAST = re.compile(
    r"(?:however|yet|but|although|despite|existing|recent|current|previous|prior|conventional|traditional|most|many"
    r"|unfortunately|nevertheless|such|because|since)\b"
)
_OTHERS = re.compile(
    r"\b(?:existing|prior|previous|current|conventional|traditional) (?:\w+[ -]){0,3}?(?:methods?|approaches|work"
    r"|studies|models?|systems|benchmarks)\b[^.;]{0,40}?\b(?:rel(?:y|ies)|fail|suffer|struggle|lack|often|typically|are"
    r"|focus|assume|remain|treat)|\b(?:remains?|ha(?:s|ve) (?:emerged|become|shown|achieved|recently)"
    r"|are increasingly)\b"
)
SHARED = re.compile(
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
EMPTY = re.compile(
    r"\b(?:two|three|four|five|six|several|following)\b(?: [\w-]+){0,3}?"
    r" (?:contributions|questions|findings|insights)[^a-z]*$"
)
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{3,}")
_DOING = ((_MAKES, 4.0), (_LOOKS, 3.0), (_TRIES, 2.0))  # the first that is found counts
_NAMED_IT = 1.0  # what a sentence gains that makes what the title names
_SHORTEST = 50  # characters: "We characterize it." says nothing


class Title:
    """A title, made ready to be asked about many sentences."""

    def __init__(self, title: str) -> None:
        """Take the title; what stands before a colon in it is the name of what was made."""
        self.words = frozenset(_WORD.findall(title.lower()))
        named = _NAMED.match(title.lower())
        self._name = named[1] if named else ""

    def made(self, sentence: str) -> bool:
        """Tell whether a sentence in small letters says that the authors made what the title names."""
        at = sentence.find(self._name) if self._name else -1
        whole = at >= 0 and _GOES_ON.match(sentence, at + len(self._name)) is None
        return whole and _MAKING.search(sentence, 0, at) is not None and not _OFFERED.search(sentence)

    def does(self, sentence: str) -> bool:
        """Tell whether a sentence in small letters begins by what the title names, and says what that is or does."""
        named = self._name and sentence.startswith(self._name)
        return bool(named) and _WORKING.match(sentence, len(self._name)) is not None

    def near(self, sentence: str) -> float:
        """Give the share of the title's words that a sentence in small letters holds."""
        return len(self.words.intersection(_WORD.findall(sentence))) / len(self.words) if self.words else 0.0


def plainly(sentence: str, title: Title) -> float:
    """Score how plainly a sentence in small letters says what was done."""
    score = 0.0
    if _AUTHORS.search(sentence):  # most sentences end here: speed
        score = next((points for cue, points in _DOING if cue.search(sentence)), 0.0)
    if not score and (_MADE.search(sentence) or _OURS.search(sentence) or title.does(sentence)):
        score = 2.0
    made = title.made(sentence)
    if made:
        score = 4.0 + _NAMED_IT
    elif score and (STEP.match(sentence) or NUMBERED.match(sentence) or SHARED.search(sentence)):
        score -= 2.0
    if score and (len(sentence) < _SHORTEST or _BACK.search(sentence)):
        score -= 2.5 if len(sentence) < _SHORTEST else 1.5
    if score and EMPTY.search(sentence):
        score -= 2.5
    if score < 3.0 and (PAST.match(sentence) or _OTHERS.search(sentence)):
        score -= 1.5
    return score + 0.5 * title.near(sentence)
