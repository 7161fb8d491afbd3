"""The word lists of tenants: kept, changed, and held against texts."""

from collections.abc import Sequence
from typing import Protocol

from pressroom.domain.errors import InputInvalid, WordListUnknown
from pressroom.domain.word_lists import Match, WordList, has_a_word, matches

MOST_LISTS = 50
MOST_WORDS = 10_000
"""Of a tenant's lists together: they are held against every text that is moderated."""


class WordListStore(Protocol):
    """Where lists are kept. Any method may raise DatabaseUnavailable."""

    def lists(self, tenant: str) -> tuple[WordList, ...]:
        """By name."""

    def keep(self, tenant: str, words: WordList) -> WordList:
        """Make a list, or change it whole; as it is then. Also makes the tenant when it is new."""

    def remove(self, tenant: str, name: str) -> bool:
        """Whether there was one."""


class WordLists:
    """The use cases behind ``/v1/word-lists``, and the first link of the chain of moderation."""

    def __init__(self, store: WordListStore) -> None:
        self._store = store

    def lists(self, tenant: str) -> tuple[WordList, ...]:
        """Raises DatabaseUnavailable."""
        return self._store.lists(tenant)

    def find(self, tenant: str, name: str) -> WordList:
        """Raises WordListUnknown, DatabaseUnavailable."""
        for each in self._store.lists(tenant):
            if each.name == name:
                return each
        raise WordListUnknown("There is no word list of this name; /v1/word-lists tells which there are.")

    def keep(self, tenant: str, name: str, category: str, words: Sequence[str]) -> WordList:
        """Raises InputInvalid, DatabaseUnavailable."""
        for n, word in enumerate(words):
            if not has_a_word(word):
                raise InputInvalid("This has no letter or digit: no text can have it.", field=f"words.{n}")
        others = [each for each in self._store.lists(tenant) if each.name != name]
        if len(others) >= MOST_LISTS:
            raise InputInvalid(
                f"There are {MOST_LISTS} word lists, the most: remove one.", field="path.word_list"
            )
        kept = tuple(dict.fromkeys(words))
        if sum(len(each.words) for each in others) + len(kept) > MOST_WORDS:
            raise InputInvalid(
                f"All word lists together have at most {MOST_WORDS:,} words: shorten this one, or another.",
                field="words",
            )
        return self._store.keep(tenant, WordList(name, category, kept))

    def remove(self, tenant: str, name: str) -> None:
        """Raises WordListUnknown, DatabaseUnavailable."""
        if not self._store.remove(tenant, name):
            raise WordListUnknown("There is no word list of this name: it is removed already.")

    def matches(self, tenant: str, texts: Sequence[str]) -> tuple[tuple[Match, ...], ...]:
        """What each text has of the tenant's lists. Raises DatabaseUnavailable."""
        return matches(self._store.lists(tenant), texts)
