"""Items as the JSON that answers are put together from, kept while nothing is stored.

Lists that are asked for the first time mostly hold items that other lists held before them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import msgspec
from msgspec import Raw
from sqlalchemy.orm import Session

from api.schemas import item_json
from db import wholes
from roadmap.model import Roadmap

MOST_BYTES = 64_000_000
OVERHEAD = 400  # of an entry besides its text: two keys, the places in the table, the object around the text
_encode = msgspec.json.Encoder().encode
Key = tuple[str, float]  # an item, and the fit from which its topics are told


class ItemTexts:
    """Texts of items, all of one state of the database (db.pulse); safe between threads, the least lately used leave.

    A state that cannot be told (None) keeps nothing.
    """

    def __init__(self, roadmap: Roadmap, most: int = MOST_BYTES) -> None:
        self._roadmap, self._most = roadmap, most
        self._state: str | None = None
        self._texts: OrderedDict[Key, Raw] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Tell how many bytes are held."""
        return self._size

    def of(self, session: Session, ids: Sequence[str], floor: float, state: str | None) -> list[Raw]:
        """Write items in their wire shape, in the order asked for; those not stored are left out.

        `state` was read before the session read anything; topics below `floor` stay out.
        """
        found = self._find(ids, floor, state)
        missing = [item_id for item_id in ids if item_id not in found]
        if missing:
            items = wholes.by_ids(session, missing)
            made = {item.id: Raw(_encode(item_json(item, self._roadmap, floor))) for item in items}
            self._keep(made, floor, state)
            found |= made
        return [found[item_id] for item_id in ids if item_id in found]

    def _find(self, ids: Sequence[str], floor: float, state: str | None) -> dict[str, Raw]:
        found: dict[str, Raw] = {}
        with self._lock:
            if state is None or state != self._state:
                return found
            for item_id in ids:
                if (text := self._texts.get((item_id, floor))) is not None:
                    self._texts.move_to_end((item_id, floor))
                    found[item_id] = text
        return found

    def _keep(self, made: dict[str, Raw], floor: float, state: str | None) -> None:
        if state is None:
            return
        with self._lock:
            if state != self._state:
                self._texts.clear()
                self._state, self._size = state, 0
            for item_id, text in made.items():
                if (item_id, floor) not in self._texts:
                    self._texts[item_id, floor] = text
                    self._size += len(memoryview(text)) + OVERHEAD
            while self._size > self._most:
                self._size -= len(memoryview(self._texts.popitem(last=False)[1])) + OVERHEAD
