"""Invented papers that a network is quantised by: the same on every machine, so that its vectors are the same too.

They stand for real titles and abstracts in what matters here: how long they are, and how words, numbers and marks
follow each other. They name nobody, and no sentence is anybody's.
"""

from collections.abc import Iterator
from itertools import count

COUNT = 300  # as NNCF takes by default (https://docs.openvino.ai/2026/openvino-workflow/model-optimization.html)
LONGEST = 15  # sentences; some ten fill the 256 tokens of the model


def _listed(words: str) -> list[str]:
    return words.split("|")


_THINGS = _listed(
    "a sparse transformer|the reward model|a diffusion prior|graph neural networks|low-rank adapters|a speech encoder|"
    "tool-using agents|the key-value cache|a vision-language model|mixture-of-experts layers|a world model|"
    "retrieval over long documents|a Bayesian optimizer|multi-agent debate|the tokenizer|a quantised decoder|"
    "gradient clipping|a policy trained offline|contrastive pre-training|the score function|a 3D scene representation|"
    "federated clients|a planner with memory|chain-of-thought prompts|a convolutional baseline|state-space models"
)
_FIELDS = _listed(
    "machine translation|protein folding|autonomous driving|code generation|music transcription|question answering|"
    "medical imaging|weather forecasting|theorem proving|robot manipulation|image segmentation|time-series anomalies|"
    "web navigation|sign language|causal inference|recommendation|molecular design|video editing|low-resource speech|"
    "traffic control|financial news|remote sensing|game playing|text-to-image synthesis|privacy auditing"
)
_VERBS = _listed(
    "reduces|improves|explains|bounds|replaces|predicts|regularises|outperforms|fails to transfer to|scales with|"
    "is robust to|approximates|depends on|accelerates|is limited by|generalises to|recovers|learns from"
)
_FIGURES = _listed(
    r"12.4%|3.1x|$O(n \log n)$|7B parameters|0.82 F1|a factor of two|1,024 tokens|$\epsilon = 10^{-3}$|40 BLEU points|"
    r"two GPUs|95.7 +/- 0.3|16k context|$\ell_2$-norm|fewer than 100 examples|8-bit weights|state of the art"
)
_TITLES = (
    "{Thing} for {field}",
    "{Name}: {thing} {verb} {other}",
    "Does {thing} help {field}? A study of {other}",
    "On {thing}, {other} and {field}",
    "Towards {field} with {thing}",
    "{Name}",
    "Learning {field} beyond {figure}: {thing} revisited",
)
_SENTENCES = (
    "Recent progress in {field} rests on {thing}, yet {other} remains poorly understood.",
    "We introduce {Name}, a method in which {thing} {verb} {other}.",
    "Existing approaches (e.g., {thing}) assume that {other} is given; in {field} this rarely holds.",
    "Our analysis shows that {thing} {verb} {other} by {figure}, under mild assumptions.",
    "Experiments on {field}, {field2}, and {field3} demonstrate gains of {figure} over {other}.",
    "However, {thing} {verb} {other} only when training data are scarce, noisy, or biased.",
    "We prove that the proposed estimator attains {figure}, matching the lower bound up to constants.",
    "To address this, we (i) collect a benchmark of {figure}; (ii) train {thing}; and (iii) release code and models.",
    "Surprisingly, {other} alone suffices: removing {thing} costs less than {figure}.",
    "Unlike prior work, {Name} requires neither labels nor {other}.",
    "What does {thing} know about {field}?",
    "Ablations reveal that {thing} accounts for most of the improvement, while {other} matters little.",
    "The resulting system runs in real time and has been deployed for {field} since 2024.",
    "Code: https://example.org/{name}.",
)
_SYLLABLES = _listed("ra|Mo|ti|Lex|qua|Deep|ne|Vis|bi|Flow|tor|Sim|ka|Net|lo|Gen|an|Bench|du|X")


def calibration_texts() -> list[str]:
    """Make the texts, from three words to beyond 256 tokens; a title and sentences, as papers are embedded by."""
    drawn = _draw()
    return [_text(drawn, number % (LONGEST + 1)) for number in range(COUNT)]


def _text(drawn: Iterator[int], sentences: int) -> str:
    parts = [_filled(_one(_TITLES, drawn), drawn), *(_filled(_one(_SENTENCES, drawn), drawn) for _ in range(sentences))]
    return ". ".join([parts[0], " ".join(parts[1:])]) if sentences else parts[0]


def _filled(pattern: str, drawn: Iterator[int]) -> str:
    thing, name = _one(_THINGS, drawn), _one(_SYLLABLES, drawn) + _one(_SYLLABLES, drawn) + _one(_SYLLABLES, drawn)
    return pattern.format(
        thing=thing,
        Thing=thing[0].upper() + thing[1:],
        other=_one(_THINGS, drawn),
        field=_one(_FIELDS, drawn),
        field2=_one(_FIELDS, drawn),
        field3=_one(_FIELDS, drawn),
        verb=_one(_VERBS, drawn),
        figure=_one(_FIGURES, drawn),
        name=name.lower(),
        Name=name,
    )


def _one(choices: tuple[str, ...] | list[str], drawn: Iterator[int]) -> str:
    return choices[next(drawn) % len(choices)]


def _draw() -> Iterator[int]:
    """Draw numbers by a rule of our own, since no library promises the same ones in its next release.

    A linear congruential generator modulo 2^64; the upper half of its digits is given, as the lower ones repeat soon
    (D. Knuth, The Art of Computer Programming 2, 3.3.4: MMIX).
    """
    state = 11
    for _ in count():
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        yield state >> 33
