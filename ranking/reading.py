"""Reading apart from scoring: what words say of each text, as sparse rows that know no weight of any topic (pure).

Reading takes nearly all the time of scoring and depends on texts, terms and phrases alone; so it is done once, and
scored again whenever weights, descriptions or queries change.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from ranking.lexical import PhraseIndex
from ranking.words import Rows, Texts, Vocabulary


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read of some texts, a row each."""

    terms: Rows = field(repr=False)  # as Vocabulary.rows gives them
    phrases: Rows = field(repr=False)  # as PhraseIndex.rows gives them

    def __len__(self) -> int:
        """Count the texts."""
        return int(self.terms.shape[0])

    def take(self, places: Sequence[int]) -> "Readings":
        """Give the rows at these places, in their order."""
        return Readings(self.terms[places], self.phrases[places])

    def joined(self, more: "Readings") -> "Readings":
        """Give the rows of both, one after the other."""
        return Readings(
            *(sparse.vstack(pair, "csr") for pair in ((self.terms, more.terms), (self.phrases, more.phrases)))
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """What to look for in texts."""

    vocabulary: Vocabulary
    phrases: PhraseIndex

    @property
    def fingerprint(self) -> str:
        """Name all that a reading depends on beside its text: 16 hex digits."""
        known = "\n".join((*self.vocabulary.terms, "", *self.phrases.known)).encode()
        return hashlib.sha256(known + np.asarray(self.vocabulary.rarity, np.float32).tobytes()).hexdigest()[:16]

    def read(self, texts: Sequence[Texts]) -> Readings:
        """Read texts, each independent of the others."""
        return Readings(self.vocabulary.rows(texts), self.phrases.rows(texts))
