"""Tells a database that does not answer for now from one that was asked wrongly."""

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

# https://www.postgresql.org/docs/current/errcodes-appendix.html: shut down by its operator, crashed, starting; no more
# connections. The class 08 is of connections that failed.
_STATES = frozenset(("57P01", "57P02", "57P03", "53300"))
_SAID = ("connection", "resolve host", "locked", "unable to open")  # by drivers that give no state


def is_away(error: BaseException) -> bool:
    """Tell whether an error comes of a database that does not answer now, and may soon."""
    return any(isinstance(cause, NoConnectionFree) or _is_of_connection(cause) for cause in _causes(error))


def _is_of_connection(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _STATES or state.startswith("08")
    said = str(error.orig).lower()
    return isinstance(error, OperationalError | InterfaceError) and any(part in said for part in _SAID)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__
