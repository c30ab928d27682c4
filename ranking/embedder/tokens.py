"""Texts to the numbers a catalogue model reads."""

from collections.abc import Callable, Sequence
from typing import Any

from ranking.embedder.catalogue import EmbeddingModel, local_folder

Tokenise = Callable[[Sequence[str]], list[list[int]]]


def tokeniser(model: EmbeddingModel) -> Tokenise:
    """Load a model's tokenizer: texts to token ids, cut at the model's limit, not padded."""
    from tokenizers import Tokenizer

    loaded: Any = Tokenizer.from_file(str(local_folder(model) / "tokenizer.json"))
    loaded.enable_truncation(max_length=model.max_tokens)
    loaded.no_padding()
    return lambda texts: [found.ids for found in loaded.encode_batch_fast(list(texts))]
