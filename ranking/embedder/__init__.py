"""Texts to vectors: a catalogue of models as data, and the fastest way through one on this machine."""

from ranking.embedder.catalogue import (
    CATALOGUE,
    PACKAGED,
    QUANTISED,
    EmbeddingModel,
    Vectors,
    model_folder,
    trained_as,
    verify,
)
from ranking.embedder.model import Embedder, SentenceTransformerEmbedder

__all__ = [
    "CATALOGUE",
    "PACKAGED",
    "QUANTISED",
    "Embedder",
    "EmbeddingModel",
    "SentenceTransformerEmbedder",
    "Vectors",
    "model_folder",
    "trained_as",
    "verify",
]
