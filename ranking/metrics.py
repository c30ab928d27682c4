"""How good an order is: nDCG, average precision, recall (pure)."""

import math
from collections.abc import Sequence, Set


def ndcg(order: Sequence[str], relevant: Set[str], depth: int = 20) -> float:
    """Normalised discounted cumulative gain with binary labels (Järvelin and Kekäläinen 2002); 0 without labels."""
    ideal = sum(1 / math.log2(place + 2) for place in range(min(depth, len(relevant))))
    gain = sum(1 / math.log2(place + 2) for place, item in enumerate(order[:depth]) if item in relevant)
    return gain / ideal if ideal else 0.0


def average_precision(order: Sequence[str], relevant: Set[str]) -> float:
    """Mean of the precision at each relevant place; labels that the order lacks count as never found."""
    hits = [place for place, item in enumerate(order) if item in relevant]
    return sum((n + 1) / (place + 1) for n, place in enumerate(hits)) / len(relevant) if relevant else 0.0


def recall(order: Sequence[str], relevant: Set[str], depth: int) -> float:
    """Share of what could stand among the first `depth` that does."""
    possible = min(depth, len(relevant))
    return sum(item in relevant for item in order[:depth]) / possible if possible else 0.0


def precision(order: Sequence[str], relevant: Set[str]) -> float:
    """Share of an order that is relevant; 0 for an empty one."""
    return sum(item in relevant for item in order) / len(order) if order else 0.0
