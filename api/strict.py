"""Parameters that no route knows are errors: a filter that is spelt wrongly must not quietly list everything.

So is one given twice where it may be one thing only: the first must not be passed over. What those who link a feed hang
on its address to count its readers asks for nothing, and is passed over there.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from fastapi import Depends, Request

from api.errors import Problem
from api.openapi import is_list, operations

COUNTING = "utm_"  # begins the names that campaigns are told apart by


async def _known_only(request: Request) -> None:
    given = request.query_params
    allowed = _allowed(request) if given else None  # the description is costly to make, and most ask for nothing
    if allowed is None:
        return
    for name in given:
        if name.startswith(COUNTING) and request.scope["path"].startswith("/feeds"):
            continue
        if name not in allowed:
            raise _unknown(name, sorted(allowed))
        if not allowed[name] and len(given.getlist(name)) > 1:
            raise _fault(name, f"The parameter {name!r} is given more than once", "Give it once", "given twice")


# For all of /api/v1 and the feeds; what a route takes is read from its own description.
STRICT = Depends(_known_only)


def _allowed(request: Request) -> Mapping[str, bool] | None:
    """Name the query parameters of the route that answers, each with whether it may come more than once.

    None for a route that is not described.
    """
    known: dict[tuple[str, str], dict[str, bool]] | None = getattr(request.app.state, "parameters", None)
    if known is None:
        known = {
            (method, path): {p["name"]: is_list(p) for p in operation.get("parameters", []) if p["in"] == "query"}
            for method, path, operation in operations(request.app.openapi())
        }
        request.app.state.parameters = known
    route = request.scope["route"]
    return known.get((request.method.lower(), route.path_format))


def _unknown(name: str, allowed: list[str]) -> Problem:
    close = get_close_matches(name, allowed, n=3)
    known = f"Known are {', '.join(allowed)}" if allowed else "No parameter is known here"
    advice = f"Did you mean {' or '.join(close)}?" if close else known
    return _fault(name, f"There is no parameter {name[:50]!r} here", advice, "not known here")


def _fault(name: str, detail: str, advice: str, short: str) -> Problem:
    problem = Problem(422, detail, advice)
    problem.errors = [{"parameter": name[:50], "detail": short}]
    return problem
