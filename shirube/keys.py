"""The keys of the API, for the commands."""

from collections.abc import Sequence

from core.apikeys import SCOPES, Key, make_key
from core.errors import NotFoundError, RefusedError, UsageError
from db import keys
from db.engine import reading
from db.models_keys import ApiKey
from shirube.wiring import Wiring


def add(wiring: Wiring, name: str, scopes: Sequence[str]) -> Key:
    """Make a key and store its hash; the text that is given back is kept nowhere."""
    if not name.strip():
        raise UsageError("The key has no name", "Name the program that will use it, such as 'sign-up form'")
    if not scopes:
        raise UsageError("The key would allow nothing", f"Give --scope: {', '.join(SCOPES)}")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise UsageError(f"There is no scope {', '.join(unknown)}", f"Scopes are {', '.join(SCOPES)}")
    made = make_key()
    with wiring.sessions.begin() as session:
        keys.add(session, made.prefix, made.hash, name.strip(), list(dict.fromkeys(scopes)), wiring.clock())
    return made


def listed(wiring: Wiring) -> Sequence[ApiKey]:
    """Give all keys, oldest first, revoked ones too."""
    with reading(wiring.sessions) as session:
        return keys.everyone(session)


def revoke(wiring: Wiring, prefix: str) -> ApiKey:
    """Make a key worthless at once and for good; raises NotFoundError, or RefusedError where it is so already."""
    with wiring.sessions.begin() as session:
        found = keys.find(session, prefix)
        if found is None:
            raise NotFoundError("There is no key of this prefix", "shirube keys list shows the prefixes")
        if not keys.revoke(session, prefix, wiring.clock()):
            raise RefusedError(f"The key {prefix} is revoked already", "Nothing is left to do")
        return found
