"""The inlets of a pipeline, which may come and go while it runs.

Each has a place whose number stays the same; batches know their frames' inlets by it. The place of
one that is gone is given to another, so that coming and going for years takes no memory.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from edgedet.stream.batch import Inlet


class Inlets(Sequence[Inlet]):
    """All inlets by place; for any thread, but `take_new` for one."""

    def __init__(self, inlets: Iterable[Inlet]) -> None:
        """Begin with these."""
        self._lock = threading.Lock()  # guards changes of all below; the values are replaced
        self._places = tuple(inlets)
        self._present = frozenset(inlet.source_id for inlet in self._places)
        self._new: tuple[int, ...] = ()

    @overload
    def __getitem__(self, place: int) -> Inlet: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Inlet, ...]: ...
    def __getitem__(self, place: int | slice) -> Inlet | tuple[Inlet, ...]:
        return self._places[place]

    def __iter__(self) -> Iterator[Inlet]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def present(self) -> frozenset[str]:
        """The sources that were not removed."""
        return self._present

    @property
    def has_new(self) -> bool:
        """Whether `take_new` has something to tell."""
        return bool(self._new)

    def add(self, inlet: Inlet) -> None:
        """Give `inlet` a place."""
        with self._lock:
            places = list(self._places)
            free = (number for number, other in enumerate(places) if _is_free(other))
            place = next(free, len(places))
            places[place : place + 1] = [inlet]
            self._changed(places)
            self._new = (*self._new, place)

    def remove(self, source_id: str) -> None:
        """Take nothing more of a source; what waits is thrown away."""
        gone = [each for each in self._places if each.source_id == source_id and not each.is_gone]
        with self._lock:
            for inlet in gone:
                inlet.is_gone = True
            self._changed(self._places)
        for inlet in gone:
            inlet.channel.discard()

    def take_new(self) -> tuple[int, ...]:
        """The places that were given away since the last time."""
        if not self._new:
            return ()
        with self._lock:
            new, self._new = self._new, ()
        return new

    def _changed(self, places: Iterable[Inlet]) -> None:
        self._places = tuple(places)
        self._present = frozenset(each.source_id for each in self._places if not each.is_gone)


def _is_free(inlet: Inlet) -> bool:
    return inlet.is_gone and inlet.channel.is_drained
