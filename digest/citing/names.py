"""Names of authors in their parts, as reference managers want them: a person's, or that of a team, kept whole."""

import re
from dataclasses import dataclass

from bibtexparser.middlewares.names import parse_single_name_into_parts

from core.text import clean
from digest import maths

# Words by which a name is that of many; as whole words and as written, since "Ai" and "Lab" can be a person's.
_MANY = re.compile(
    r"\b(?:Team|Collaboration|Consortium|Group|Project|Community|Initiative|Institute|Foundation|Research|Laboratory"
    r"|Labs|University|Authors|Contributors|Committee|Alliance|AI|and|for|of)\b|&|^The\s"
)
_INITIALS_LAST = re.compile(r"(?P<family>[^\s.]+(?:\s[^\s.]+)*)\s(?P<given>[^\W\d_]\.(?:[\s-]?[^\W\d_]\.)*)")
_SUFFIX = re.compile(r",?\s+(?P<suffix>Jr\.?|Sr\.?|II|III|IV)$")


@dataclass(frozen=True, slots=True)
class Name:
    """A person by parts, or, as `literal` alone, a name that has none."""

    family: str = ""
    given: str = ""
    particle: str = ""  # "van der": printed before the family name, not sorted by
    suffix: str = ""  # "Jr."
    literal: str = ""

    @property
    def sorted_by(self) -> str:
        """Give the word that lists are sorted by."""
        return self.family or self.literal

    def inverted(self) -> str:
        """Write a person with the family name first: "van der Plover, Ivo, Jr."; a literal as it is."""
        family = f"{self.particle} {self.family}".strip()
        return self.literal or ", ".join(part for part in (family, self.given, self.suffix) if part)


def name_of(text: str) -> Name:
    """Read an author's name in the order it is printed in, or family name first with a comma.

    The parts are those of BibTeX (Patashnik, "BibTeXing", 4). One word alone, and the name of a team or collaboration,
    has no parts.
    """
    plain = clean(maths.to_text(text))
    suffix = _SUFFIX.search(plain)
    person = plain[: suffix.start()] if suffix else plain
    if " " not in person or _MANY.search(person) or any(sign in person for sign in "{}\\"):
        return Name(literal=plain)
    if swapped := _INITIALS_LAST.fullmatch(person):  # "Lim S. T.", as some write a family name that comes first
        person = f"{swapped['family']}, {swapped['given']}"
    parts = parse_single_name_into_parts(person.replace("~", " "), strict=False)
    if not parts.last or not parts.first:
        return Name(literal=plain)
    jr = suffix["suffix"] if suffix else " ".join(parts.jr)
    return Name(" ".join(parts.last), " ".join(parts.first), " ".join(parts.von), jr)
