"""What points at what stands before: an opener such as "To address this challenge," and what is about that (pure)."""

import re

CUT = "…"
# A noun that says nothing without what came before it; "this data scarcity" does say something.
_NOUN = (
    r"(?:challeng|problem|issue|limitation|gap|void|question|need|demand|shortcoming|drawback|concern|difficult"
    r"|bottleneck|obstacle|barrier|hurdle|weakness|deficienc|constraint|pitfall|flaw|dilemma|tension|conflict"
    r"|trade-?off|end|goal|aim|objective|purpose|reason|observation|insight|finding|discover|idea|intuition|analys"
    r"|result|hypothes|foundation|premise|motivation|principle|perspective|view|respect|regard|context|vein|direction"
    r"|light|basis|back(?:ground|drop))\w*"
)
_EMPTY = (
    r"(?:above(?:-mentioned)?|aforementioned|key|critical|crucial|important|fundamental|significant|major|main|central"
    r"|core|pressing|urgent|open|practical|technical|remaining|existing|inherent|persistent|unmet|growing|dual|twin|two"
    r"|three|first|simple|surprising|striking|empirical|theoretical|research|knowledge|long-?standing|intertwined|performance"
    r"|structural|foundational|widening|emerging|new|novel)"
)
_WHICH = r"(?:this|these|that|those|such|the|our|both|all)"
_ALONE = rf"(?:this|these|that|those)(?: {_EMPTY})? [a-z-]+"  # whatever it is that stands before the comma
_THESE = (
    rf"(?:{_WHICH}(?: of these)?(?: {_EMPTY}){{0,2}} {_NOUN}(?: and {_NOUN})?|{_ALONE}|(?:this|these|that|it|them|both)"
    r"(?: \w+ly)?)"
)
_LED = (
    r"(?:motivated|inspired|driven|guided|informed|prompted|encouraged|based|building|built|grounded|drawing|leveraging"
    r"|exploiting|using|following|addressing|tackling|responding)(?: (?:by|on|upon|from|in|to))?"
)
_POINTING = re.compile(
    r"(?:"
    rf"to (?:\w+ly )?(?!the\b)\w+(?: in| and \w+)? {_THESE}|to do so|to (?:this|that|these) (?:end|aim)s?"
    rf"|(?:\w+ly )?{_LED} {_THESE}"
    rf"|in response(?: to {_THESE})?|(?:in (?:the )?light of|in view of|given|because of|due to) {_THESE}"
    r"|in (?:this|that) (?:context|regard|respect|vein|direction|light)|with (?:this|these) in mind"
    rf"|(?:on|for|from|with|against|towards?|under|as a (?:first )?step towards?) {_THESE}"
    r"|as a (?:result|consequence|solution|remedy|response)|as such"
    r"|therefore|thus|hence|accordingly|consequently|specifically|concretely|in particular|furthermore|moreover"
    r"|additionally|in addition|also|instead|(?:first|second|third)(?:ly)?|then|next|subsequently|finally|lastly"
    r")(?:, +(?!and |or |but |which |such )(?=\w)| (?=we ))",
    re.IGNORECASE,
)

_AUTHORS = r"(?:we|(?:this|our|the present) (?:paper|work|study|article|survey|report|review))"
_THAT = rf"(?:this|these|those|the above|such(?! an? | as )|both(?: of these)?(?= {_NOUN}))"
# "We study this question on ponds", "..., a heron that addresses these limitations.": the point is what stands before.
_ABOUT = re.compile(
    rf"(?:[^,]{{0,60}}, )?(?:in this [a-z ]+,? )?{_AUTHORS} (?:\w+ly |then |first |also )?"
    rf"(?:(?:aim|seek|propose|attempt) to )?\w+ (?:and \w+ )?{_THAT}\b"
    r"(?! (?:paper|work|study|article|survey|report|review|perspective|that)\b)"
    r"|.*\b(?:address|tackl|overcom|solv|mitigat|alleviat|resolv|bridg|fill|target|handl|avoid|reduc|explor|leverag)\w*"
    rf" {_THAT}(?: [a-z-]+){{1,3}}\W*$",
    re.IGNORECASE,
)
_LEANS = re.compile(r"(?:[^,]{0,60}, )?(?:this|these|those|such|it|its|they|their)\b", re.IGNORECASE)


def without(sentence: str) -> str:
    """Leave off openers that only point at what came before, and say so by an ellipsis; the words stay."""
    rest = sentence
    while found := _POINTING.match(rest):
        rest = rest[found.end() :]
    return f"{CUT} {rest}" if rest != sentence else sentence


def needed(before: str, sentence: str) -> bool:
    """Tell whether a sentence is about what the one before it says, and whether that one says it by itself."""
    leans = _LEANS.match(before) is not None or _POINTING.match(before) is not None
    return _ABOUT.match(sentence) is not None and not leans
