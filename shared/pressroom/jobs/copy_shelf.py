"""What follows from a template or a voice alone, made once and not for each row of a feed.

    place + what was found there ──same as last time──> what was made of it then, else made anew

Nobody looks here for what there is: whoever asks has found it in the store just now. So what was removed is missed there, and what was made
anew under the same name and version is another thing than last time.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

ROOM = 200
"""Things that are kept at most: those that were asked for last."""


class Shelf(Generic[T]):
    """Thread-safe; two who ask at once may both make it."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[object, T]] = OrderedDict()

    def made(self, place: Hashable, found: object, make: Callable[[], T]) -> T:
        """What ``make`` makes of what was ``found``. Whatever it raises is raised, and nothing is kept."""
        with self._lock:
            kept = self._kept.get(place)
            if kept is not None:
                self._kept.move_to_end(place)
        if kept is not None and kept[0] == found:
            return kept[1]
        made = make()
        with self._lock:
            self._kept[place] = (found, made)
            self._kept.move_to_end(place)
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)
        return made
