"""Which claims are about one item: by its id or another it goes by, else by DOI, else by title, first author and year.

Two papers with different arXiv ids are never one, whatever else agrees. So what hangs together is at most one paper
and the posts that prove to be it. A post in a final issue keeps its name: it is found by ids alone, and by posts.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import replace

from ingest.believed import Believed
from ingest.merge import join
from ingest.names import names, same

Names = dict[str, frozenset[str]]
_KINDS = ("id", "doi", "title")  # of names, by which others are looked for


class Matcher:
    """Finds the items a belief is about among those known, and unites them."""

    def __init__(self, known: Iterable[Believed] = (), frozen: Container[str] = ()) -> None:
        self._frozen = frozen
        self._known: dict[str, Believed] = {}
        self._posts: set[str] = set()
        self._renamed: dict[str, str] = {}  # an id an item had before -> the one it has
        self._unread: list[Believed] = []  # not in the index yet: folding titles is slow and mostly unneeded
        self._names: dict[str, Names] = {}
        self._index: dict[tuple[str, str], set[str]] = defaultdict(set)  # DOI or title -> ids
        for believed in known:
            self.add(believed)

    def add(self, believed: Believed) -> None:
        """Make an item findable, or replace what was known of it."""
        self._known[believed.id] = believed
        if believed.arxiv_id is None:
            self._posts.add(believed.id)
        self._renamed.update((value, believed.id) for kind, value in believed.aliases if kind == "id")
        self._unread.append(believed)

    def united(self, fresh: Believed) -> tuple[Believed, list[str]]:
        """Unite a belief with all that is known of the same item; gives also the ids of the items it took in."""
        whole, taken = fresh, list[str]()
        found = self._by_id(fresh) or self._by_names(fresh, taken)
        while found is not None:
            whole = join(whole, found)
            if found.id in self._frozen:
                whole = replace(whole, id=found.id)
            taken.append(found.id)
            found = self._by_names(whole, taken)
        return whole, taken

    def forget(self, item_id: str) -> None:
        """Drop an item that became part of another."""
        self._known.pop(item_id, None)
        self._posts.discard(item_id)

    def _by_id(self, fresh: Believed) -> Believed | None:
        """Find an item by the id of a claim; a post also by another id that the claim gives."""
        others = sorted(value for kind, value in fresh.aliases if kind == "id") if fresh.arxiv_id is None else ()
        found = (self._known.get(id_) or self._known.get(self._renamed.get(id_, "")) for id_ in (fresh.id, *others))
        return next(filter(None, found), None)

    def _by_names(self, whole: Believed, taken: list[str]) -> Believed | None:
        """Find another item that is the same: a paper before a post, the smaller id first."""
        if whole.is_note or whole.id in self._frozen or (whole.arxiv_id is not None and not self._posts):
            return None
        self._read()
        mine = names(whole)
        ids = {id_ for kind in _KINDS for value in mine[kind] for id_ in self._index.get((kind, value), ())}
        able = [self._known[id_] for id_ in ids if id_ in self._known and id_ not in taken and id_ not in self._frozen]
        fitting = [
            known
            for known in able
            if (whole.arxiv_id is None or known.arxiv_id is None) and same(mine, self._names[known.id])
        ]
        return min(fitting, key=lambda known: (known.arxiv_id is None, known.id), default=None)

    def _read(self) -> None:
        for believed in self._unread:
            self._names[believed.id] = found = names(believed)
            for kind in _KINDS:
                for value in found[kind]:
                    self._index[kind, value].add(believed.id)
        self._unread.clear()
