"""A finder over invented vectors: how close two items are is what the test says, and no model is loaded."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from api.finder import Finder
from ranking import matrix
from roadmap.model import Roadmap


def finder_of(roadmap: Roadmap, folder: Path, cosines: Mapping[str, float]) -> Finder:
    """Make a finder whose first item is as close to each other one as said; its own cosine is 1.

    Items but the first are turned away from one another, so that none is a near-twin unless the same cosine is said.
    """
    ids = sorted(cosines)
    rows = np.zeros((len(ids), len(ids) + 1), dtype=np.float32)
    axes: dict[float, int] = {}
    for place, item_id in enumerate(ids):
        cosine = cosines[item_id]
        rows[place, 0] = cosine
        rows[place, axes.setdefault(cosine, 1 + len(axes))] = math.sqrt(1 - cosine * cosine)
    made = matrix.write(folder, "invented", "", ids, rows)
    finder = Finder(roadmap, lambda held: made)
    finder.refresh()
    return finder
