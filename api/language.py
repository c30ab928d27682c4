"""Which language a reader gets: `?lang=`, then the cookie, then Accept-Language (RFC 9110, 12.5.4)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Request
from pydantic import AfterValidator, WithJsonSchema

from locales.load import LANGUAGES

COOKIE = "lang"


def known(lang: str) -> str:
    """Refuse what is no language of the program; ValueError names those there are."""
    if lang not in LANGUAGES:
        raise ValueError(f"should be one of {', '.join(LANGUAGES)}")
    return lang


Known = Annotated[str, AfterValidator(known), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})]


def choose(request: Request, languages: Sequence[str]) -> str:
    """Pick one of the site's languages for a request; the first where nothing fits."""
    asked = request.query_params.get("lang"), request.cookies.get(COOKIE)
    for one in asked:
        if one in languages:
            return str(one)
    return preferred(request.headers.get("accept-language", ""), languages)


def asked(request: Request, languages: Sequence[str]) -> str | None:
    """Give the language named in the address, if it is one of the site's: that choice is remembered."""
    lang = request.query_params.get("lang")
    return lang if lang in languages else None


def preferred(header: str, languages: Sequence[str]) -> str:
    """Read Accept-Language and give the best of the site's languages, the first where none is acceptable."""
    ranked = sorted(_ranges(header), key=lambda pair: -pair[1])
    for tag, weight in ranked:
        short = tag.partition("-")[0].lower()
        if weight > 0 and short in languages:
            return short
    return languages[0]


def _ranges(header: str) -> list[tuple[str, float]]:
    """Split the header into tags and weights; a weight that is no number counts as 0."""
    found = []
    for part in header.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        name, _, value = parameters.strip().partition("=")
        found.append((tag.strip(), _weight(value) if name.strip() == "q" else 1.0))
    return found


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
