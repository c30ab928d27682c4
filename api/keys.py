"""Whose key a request brings (RFC 6750, the Authorization field alone), and whether it allows what is asked."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from fastapi import Request
from fastapi.security import HTTPBearer

from api.errors import Problem
from api.gate import too_many
from api.peer import place_of
from api.site import Site
from core.apikeys import SCOPES, Key, read_key
from db import keys
from db.engine import reading
from db.models_keys import ApiKey

REALM = 'Bearer realm="shirube"'
# In the OpenAPI document: what an operation needs as a dependency, and what others may be given. It refuses nothing.
BEARER = HTTPBearer(scheme_name="key", description="A key that the operator made: shk_...", auto_error=False)
OPTIONAL: dict[str, Any] = {"security": [{}, {"key": []}]}


@dataclass(frozen=True, slots=True)
class Holder:
    """A key that was found good, by its prefix."""

    prefix: str


def holder(request: Request, site: Site, scope: str) -> Holder | None:
    """Give whose key a request brings; None where it brings none. Raises Problem 401, 403 or 429.

    A key that is no good is refused even where none is needed: its owner should learn of it. Other schemes than
    Bearer are not ours; a proxy in front may ask for them.
    """
    given = _bearer(request)
    if given is None:
        return None
    place = place_of(request, site.options.trusted_proxies)
    spent = site.limiter.look("key", place)
    if spent is not None and spent.over:
        raise too_many(spent)
    row = _known(site, given)
    if row is None:
        site.limiter.take("key", place)
        raise _unauthorised("This key does not work here", 'error="invalid_token"')
    if scope not in row.scopes:
        raise _out_of_scope(scope)
    _note_use(site, row)
    return Holder(row.prefix)


def needed(request: Request, site: Site, scope: str) -> Holder:
    """Give whose key a request brings; raises Problem 401 where it brings none."""
    found = holder(request, site, scope)
    if found is None:
        raise _unauthorised("This needs a key")
    return found


def _bearer(request: Request) -> str | None:
    """Read the key given, None where there is none; a second Authorization field makes it unreadable."""
    fields = request.headers.getlist("authorization")
    scheme, _, text = fields[0].partition(" ") if fields else ("", "", "")
    if scheme.lower() != "bearer":
        return None
    return text.strip() if len(fields) == 1 else ""


def _known(site: Site, text: str) -> ApiKey | None:
    """Find the row a key proves itself for; one that is unknown takes as long as one that is wrong."""
    given = read_key(text) or Key("", "0" * 64, "")
    with reading(site.sessions) as session:
        row = keys.find(session, given.prefix)
    proved = compare_digest(row.hash if row else "-" * 64, given.hash)
    return row if row is not None and proved and row.revoked is None else None


def _note_use(site: Site, row: ApiKey) -> None:
    now = site.clock()
    if keys.use_is_stale(row, now):
        with site.sessions.begin() as session:
            keys.note_use(session, row.prefix, now)


def _unauthorised(detail: str, parameters: str = "") -> Problem:
    problem = Problem(401, detail, "Send Authorization: Bearer and a key made by shirube keys add")
    problem.headers = {"WWW-Authenticate": f"{REALM}, {parameters}" if parameters else REALM}
    return problem


def _out_of_scope(scope: str) -> Problem:
    problem = Problem(403, f"This key may not do this: it lacks {scope}", f"That scope lets a key {SCOPES[scope]}")
    problem.headers = {"WWW-Authenticate": f'{REALM}, error="insufficient_scope", scope="{scope}"'}
    return problem
