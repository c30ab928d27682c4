"""Cursors of lists: where the last part ended, opaque to the client and checked when it comes back.

A cursor names a position, not a page number, so items stored in the meantime neither repeat nor hide others.
It holds nothing secret and grants nothing, so it is validated, not signed.
"""

import base64
import math

import msgspec

from core.errors import UsageError

MAX_LENGTH = 1000
Place = tuple[float | str, str]  # the value sorted by, and the id that breaks ties


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    sort: str
    value: float | str
    item_id: str


def encode(sort: str, place: Place) -> str:
    """Write the place after an item of a list sorted in this way."""
    plain = msgspec.json.encode(_Cursor(sort, *place))
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode("ascii")


def decode(text: str, sort: str) -> Place:
    """Read a cursor of a list sorted in this way; raises UsageError for one that this list cannot have given."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(plain, type=_Cursor)
    except (ValueError, msgspec.MsgspecError) as problem:
        raise refused() from problem
    finite = isinstance(found.value, str) or math.isfinite(found.value)
    if len(text) > MAX_LENGTH or found.sort != sort or not finite or "\x00" in found.item_id:
        raise refused()
    return found.value, found.item_id


def refused() -> UsageError:
    """Make the error for a cursor that does not belong here."""
    return UsageError("The cursor is none that this list gave", "Start again without it, or keep the sort order")
