"""Values from strangers' JSON and feeds, read one by one: what is not of the right kind is None, never an exception."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from core.text import clean

_LONGEST_ADDRESS = 2000
_LARGEST = 2**31 - 1


def mapping(value: object) -> dict[str, object]:
    """Give a JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Give a JSON list, or an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Give a cleaned text, or None when it is no text or empty."""
    return (clean(value) or None) if isinstance(value, str) else None


def texts(value: object) -> tuple[str, ...]:
    """Give the texts of a list, each once and in order; objects count by their `name`."""
    named = (text(entry.get("name") if isinstance(entry, dict) else entry) for entry in items(value))
    return tuple(dict.fromkeys(name for name in named if name))


def whole(value: object) -> int | None:
    """Give a count: a whole number from 0 that a database can hold."""
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def moment(value: object) -> datetime | None:
    """Read an ISO 8601 moment as aware UTC, to the second; one without a zone is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def address(value: object) -> str | None:
    """Give a web address (http or https, with a host, without spaces or controls), or None: nothing else is linked."""
    link = text(value)
    if link is None or " " in link or len(link) > _LONGEST_ADDRESS:
        return None
    try:
        parts = urlsplit(link)
        return link if parts.scheme.lower() in ("http", "https") and parts.hostname and not parts.username else None
    except ValueError:
        return None
