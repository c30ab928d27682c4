"""Reads the hand-written titles and abstracts and fills their slots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "seeds"
SENTENCE_START = re.compile(r"(?:^|[.?!] )[a-z]")
# Names and words made from names, which are written with a capital inside a sentence too.
PROPER = {
    "Arctic",
    "Basque",
    "Bayes",
    "Boreal",
    "CIFAR",
    "Eichental",
    "Galician",
    "Gaussian",
    "Gumbel",
    "Hadamard",
    "Hamiltonian",
    "Harbour",
    "Hausa",
    "Hessian",
    "Jacobian",
    "Japanese",
    "Khmer",
    "Krylov",
    "Lao",
    "Laplacian",
    "Lipschitz",
    "Llama",
    "Loom",
    "Markov",
    "Mistral",
    "Nordic",
    "Norhaven",
    "Petrel",
    "Poisson",
    "Python",
    "Qwen",
    "Schur",
    "Sequoia",
    "Strata",
    "Tessera",
    "Toeplitz",
    "Tucker",
    "Yoruba",
}


@dataclass
class Seed:
    """One title and abstract with slots; the n-th options of all slots belong together."""

    topic: str | None
    title: str
    abstract: str
    slots: dict[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many different papers the seed gives."""
        return max((len(options) for options in self.slots.values()), default=1)

    def filled(self, turn: int) -> tuple[str, str]:
        """Title and abstract of the seed's paper number `turn`."""
        title, abstract = self.title, self.abstract
        # A title that opens with a slot and a colon gives the work a name, which keeps its capitals.
        named = title[1 : title.index("}")] if re.match(r"\{\w\}:", title) else ""
        for name, options in self.slots.items():
            option = options[turn % len(options)]
            slot = f"{{{name}}}"
            title = title.replace(slot, option)
            abstract = abstract.replace(slot, option if name == named else _in_prose(option))
        return title, SENTENCE_START.sub(lambda match: match.group().upper(), abstract)


@cache
def seeds() -> tuple[Seed, ...]:
    """All seeds in a fixed order, those without a topic included."""
    return tuple(seed for path in sorted(FOLDER.glob("*.txt")) for seed in _read(path.read_text("utf-8")))


def topics() -> list[str]:
    """The keys of all topics that have seeds."""
    return list(dict.fromkeys(seed.topic for seed in seeds() if seed.topic))


def _read(text: str) -> Iterator[Seed]:
    """Seeds of one file: `# topic`, then blocks of `T`, `A` and one line for each slot."""
    topic: str | None = None
    for block in text.split("\n\n"):
        lines = [line for line in block.strip().splitlines() if line]
        if lines and lines[0].startswith("# "):
            name = lines.pop(0)[2:].strip()
            topic = None if name == "elsewhere" else name
        if lines:
            yield _seed(topic, dict(_field(line) for line in lines))


def _field(line: str) -> tuple[str, str]:
    """A line's name and value."""
    name, _, value = line.partition(": ")
    return name, value.strip()


def _seed(topic: str | None, fields: dict[str, str]) -> Seed:
    """A seed from the lines of its block."""
    slots = {name: value.split(" | ") for name, value in fields.items() if name not in ("T", "A")}
    return Seed(topic, fields["T"], fields["A"], slots)


def _in_prose(option: str) -> str:
    """An option as it stands inside a sentence: capitals of a title fall away, those of names stay."""
    return re.sub(r"[A-Z][a-z]+", lambda match: _small(match.group()), option)


def _small(word: str) -> str:
    """One capitalized word in small letters, unless it is a name."""
    return word if word in PROPER else word.lower()
