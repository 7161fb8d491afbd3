"""``MemoryWordListStore``: the port ``WordListStore`` in memory."""

import threading
from dataclasses import replace

from pressroom.domain.times import wall_ms
from pressroom.domain.word_lists import WordList


class MemoryWordListStore:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], WordList] = {}

    def lists(self, tenant: str) -> tuple[WordList, ...]:
        with self._lock:
            return tuple(self._kept[key] for key in sorted(self._kept) if key[0] == tenant)

    def keep(self, tenant: str, words: WordList) -> WordList:
        kept = replace(words, updated_at=wall_ms())
        with self._lock:
            self._kept[tenant, words.name] = kept
        return kept

    def remove(self, tenant: str, name: str) -> bool:
        with self._lock:
            return self._kept.pop((tenant, name), None) is not None
