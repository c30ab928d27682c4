"""What ranking needs beside the database, and the name that says when everything must be ranked anew."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.text import text_hash
from ranking import editors, kinds, topics
from ranking.affinity import shipped
from ranking.embedder import Embedder, trained_as
from ranking.guide import Guide
from ranking.kept import Kept
from ranking.reading import Reader
from ranking.topics import Blend
from roadmap.model import Roadmap

SCORER = "blend-15"  # named with every rating: a new scorer ranks everything anew


@dataclass(frozen=True)
class Ranker:
    """What ranking needs beside the database."""

    roadmap: Roadmap
    guide: Guide
    embedder: Embedder
    blend: Blend | None  # None: no trained weights for this model
    cache: Path | None = None  # where what was read of texts is kept; None: it is not

    @property
    def model(self) -> str:
        """Name the embedding model without its arithmetic."""
        return self.embedder.identity.partition("@")[0]

    @property
    def trained(self) -> bool:
        """Tell whether each topic has trained weights: then a fit depends on its paper, not on its month's others."""
        return self.blend is not None and set(self.guide.topics) <= set(self.blend.topics)

    @property
    def taste(self) -> editors.Taste | None:
        """Give what editors choose, where that was learned: for this model, and for topics of the packaged road alone.

        An editor of another field's news says nothing about what a road of one's own is for.
        """
        found = editors.shipped()
        return found if self.trained and found.model == trained_as(self.model) else None

    @cached_property
    def reader(self) -> Reader:
        """Give what reads texts for scoring."""
        return topics.make_reader(self.guide, self.roadmap, self.blend)

    def readings(self, month: str) -> Kept:
        """Give what was read of a month's texts."""
        return Kept(self.reader, self.cache, month)

    @cached_property
    def engine(self) -> str:
        """Name all that a rating depends on beside the item: scorer, weights, model, roadmap."""
        roadmap = repr((self.roadmap.topics, self.roadmap.labs, self.roadmap.canon, self.roadmap.applied))
        weights = (self.blend.fingerprint if self.blend else "no weights") + shipped().fingerprint
        weights += self.taste.fingerprint if self.taste else ""
        weights += kinds.fingerprint()
        return f"{SCORER}+{self.model}+{text_hash(roadmap + weights)[:8]}"
