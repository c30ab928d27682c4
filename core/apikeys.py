"""Keys of the API as texts: made, read, masked. What is stored of one is its prefix and its SHA-256 alone.

A key holds 256 random bits, so that a plain hash is as hard to turn back as one made slow for passwords.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

# What a key may allow. Everything else an API offers needs none.
SCOPES = {
    "subscriptions:write": "sign addresses up beyond the cap of one network; each person still confirms by mail",
    "feedback:write": "say something of an item for a subscriber, named by address",
    "feedback:read": "list the topics and labs that readers say are wrong",
}
_KEY = re.compile(r"shk_([0-9a-f]{8})_[\w-]{43}", re.ASCII)
_SECRET_BYTES, _PREFIX_BYTES = 32, 4


@dataclass(frozen=True, slots=True)
class Key:
    """A key: the prefix names it, the hash proves it, the text is shown once."""

    prefix: str
    hash: str
    text: str = field(repr=False)


def make_key() -> Key:
    """Make a new key; its beginning `shk_` lets scanners of source code recognise one that leaked."""
    found = read_key(f"shk_{secrets.token_hex(_PREFIX_BYTES)}_{secrets.token_urlsafe(_SECRET_BYTES)}")
    assert found is not None  # noqa: S101 - the form is our own
    return found


def read_key(text: str) -> Key | None:
    """Read a key as given; None where it has not the form of one."""
    found = _KEY.fullmatch(text)
    return Key(found[1], hashlib.sha256(text.encode()).hexdigest(), text) if found else None


def holds_key(text: str) -> bool:
    """Tell whether a text has a whole key in it."""
    return _KEY.search(text) is not None


def without_keys(text: str) -> str:
    """Mask every key in a text; the prefix stays, so that an operator knows which one to revoke."""
    return _KEY.sub(r"shk_\1_(secret)", text)
