"""What on the road is called nearly as something asked for: topics and labs by key or name (pure)."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from core.text import fold
from roadmap.model import Lab, Topic

Place = TypeVar("Place", bound=Topic | Lab)
ENOUGH = 0.72  # likeness (difflib's ratio) from which a name is worth naming
LONGEST = 80  # characters compared: the ratio takes time that grows with both lengths


def called(text: str, places: Mapping[str, Place]) -> list[str]:
    """List the keys of the topics or labs that go by exactly this name or key, in either language."""
    wanted = fold(text[:LONGEST])
    return [key for key, place in places.items() if wanted in _names(place)] if wanted else []


def close(text: str, places: Mapping[str, Place], most: int = 3) -> list[str]:
    """List the keys of the topics or labs whose key or name is nearest, nearest first; none where nothing is near."""
    wanted = fold(text[:LONGEST])
    owners = {name: key for key, place in places.items() for name in _names(place)}
    found = get_close_matches(wanted, owners, n=most * 3, cutoff=ENOUGH) if wanted else []
    begun = [name for name in owners if len(wanted) > 2 and wanted in name.split()]
    return list(dict.fromkeys(owners[name] for name in [*found, *begun]))[:most]


def _names(place: Topic | Lab) -> set[str]:
    texts = [place.key, place.name.en, place.name.ja]
    texts += [place.short.en, place.short.ja] if isinstance(place, Topic) else []
    return {fold(text) for text in texts}
