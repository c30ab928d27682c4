"""Which arXiv categories the papers of a topic are filed under."""

from __future__ import annotations

from tests.upstream.chance import choice, number

BY_TOPIC = {
    "linear-algebra": "math.NA cs.LG",
    "calculus-and-autodiff": "cs.LG cs.MS",
    "probability-and-statistics": "stat.ML stat.ME",
    "convex-and-nonconvex-optimization": "math.OC cs.LG",
    "scientific-python-and-pytorch": "cs.MS cs.LG",
    "classical-ml": "cs.LG stat.ML",
    "clustering-and-dimensionality-reduction": "stat.ML cs.LG",
    "model-evaluation-and-metrics": "cs.LG cs.AI",
    "optimization-for-deep-learning": "cs.LG math.OC",
    "regularization-normalization": "cs.LG cs.CV",
    "backpropagation-and-activations": "cs.LG cs.NE",
    "generalization-and-overfitting": "cs.LG stat.ML",
    "cnn-image-classification": "cs.CV cs.LG",
    "rnn-lstm-sequence": "cs.LG cs.NE",
    "transformer-architectures-attention": "cs.LG cs.CL",
    "vision-transformers": "cs.CV cs.LG",
    "diffusion-image-generation": "cs.CV cs.LG",
    "video-generation": "cs.CV cs.MM",
    "audio-speech-generation": "eess.AS cs.SD",
    "unified-multimodal-models": "cs.CV cs.CL",
    "multimodal-understanding": "cs.CV cs.CL",
    "world-models": "cs.LG cs.RO",
    "agent-memory-planning": "cs.AI cs.CL",
    "tool-use": "cs.CL cs.SE",
    "multi-agent-systems": "cs.MA cs.AI",
    "agent-alignment-and-evaluation": "cs.AI cs.CR",
    "rag": "cs.CL cs.IR",
    "efficient-inference": "cs.LG cs.DC",
}
BY_WORD = {
    "galax": "astro-ph.GA astro-ph.IM",
    "stellar": "astro-ph.SR astro-ph.IM",
    "forest": "cs.CV eess.IV",
    "satellite": "eess.IV cs.CV",
    "patient": "eess.IV cs.CV",
    "tumour": "eess.IV cs.CV",
    "molec": "physics.chem-ph cs.LG",
    "network": "cs.NI cs.CR",
    "malware": "cs.CR cs.LG",
    "soil": "stat.AP cs.LG",
}
EXTRA = ("cs.AI", "stat.ML", "cs.CL", "cs.LG", "cs.HC")


def categories(topic: str | None, title: str, key: str) -> list[str]:
    """Primary category first, then cross-lists; one paper in four has one more."""
    found = _elsewhere(title) if topic is None else BY_TOPIC.get(topic, "cs.CL cs.LG")
    names = found.split()
    # One in six is not cross-listed at all, as many real papers are not.
    if number(key + "/alone", 6) == 0 and topic:
        names = names[:1]
    if number(key + "/extra", 4) == 0:
        names.append(choice(key + "/which", EXTRA))
    return list(dict.fromkeys(names))


def _elsewhere(title: str) -> str:
    """Categories of a paper outside the roadmap, by a word of its title."""
    words = title.lower()
    return next((names for word, names in BY_WORD.items() if word in words), "cs.LG physics.comp-ph")
