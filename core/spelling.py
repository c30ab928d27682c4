"""What a misspelt word may have been: every word of plain letters that is one slip away (pure).

A slip is a letter too many, one that is missing, one for another, or two that changed places: four of five misspellings
are one of these (Damerau 1964, https://doi.org/10.1145/363958.363994).
"""

import string

from core.text import fold

SHORTEST, LONGEST = 4, 24  # letters: shorter words are near too many, longer ones are no words


def spelled(word: str) -> str | None:
    """Give a word in lower case without accents; None where it is short, endless, or not of plain letters."""
    plain = fold(word)
    return plain if plain.isascii() and plain.isalpha() and SHORTEST <= len(plain) <= LONGEST else None


def near(word: str) -> list[str]:
    """List the words that are one slip from a word as `spelled` gives it, in order; itself is not among them."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = string.ascii_lowercase
    found = {before + after[1:] for before, after in halves if after}
    found |= {before + after[1] + after[0] + after[2:] for before, after in halves if len(after) > 1}
    found |= {before + letter + after[1:] for before, after in halves if after for letter in letters}
    found |= {before + letter + after for before, after in halves for letter in letters}
    return sorted(found - {word})
