"""Parameters that no route knows are errors: a filter that is spelt wrongly must not quietly list everything."""

from difflib import get_close_matches

from fastapi import Depends, Request

from api.errors import Problem
from api.openapi import document, operations
from api.site import site_of


async def _known_only(request: Request) -> None:
    allowed = _allowed(request)
    for name in request.query_params:
        if allowed is not None and name not in allowed:
            raise _unknown(name, sorted(allowed))


# For all of /api/v1 and the feeds; what a route takes is read from its own description.
STRICT = Depends(_known_only)


def _allowed(request: Request) -> frozenset[str] | None:
    """Name the query parameters of the route that answers; None for one that is not described."""
    known: dict[tuple[str, str], frozenset[str]] | None = getattr(request.app.state, "parameters", None)
    if known is None:
        known = {
            (method, path): frozenset(p["name"] for p in operation.get("parameters", []) if p["in"] == "query")
            for method, path, operation in operations(document(request.app, site_of(request)))
        }
        request.app.state.parameters = known
    route = request.scope["route"]
    return known.get((request.method.lower(), route.path_format))


def _unknown(name: str, allowed: list[str]) -> Problem:
    close = get_close_matches(name, allowed, n=3)
    known = f"Known are {', '.join(allowed)}" if allowed else "No parameter is known here"
    advice = f"Did you mean {' or '.join(close)}?" if close else known
    problem = Problem(422, f"There is no parameter {name[:50]!r} here", advice)
    problem.errors = [{"parameter": name[:50], "detail": "not known here"}]
    return problem
