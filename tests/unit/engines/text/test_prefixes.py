"""Pieces of prompts have names that tell what lies before them, and few enough of them are kept."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.engines.text.prefixes import Piece, PrefixCache, cuts, pieces


def names(prompt: Sequence[int], scope: str = "") -> list[bytes]:
    return [piece.name for piece in pieces(prompt, cuts(prompt, 256), scope)]


def values(tokens: int = 64) -> NDArray[np.float32]:
    """1 KB for each 64 tokens."""
    return np.zeros((2, 1, tokens, 2), np.float32)


@pytest.mark.parametrize(
    ("chunk", "length", "expected"),
    [
        (256, 800, [64, 128, 256, 512, 768, 800]),
        (256, 256, [64, 128, 256]),
        (256, 63, [63]),
        (256, 64, [64]),
        (128, 300, [64, 128, 256, 300]),
        (8, 20, [8, 16, 20]),
    ],
)
def test_cuts_lie_close_at_first_and_then_at_each_chunk(chunk: int, length: int, expected: list[int]) -> None:
    assert cuts(range(length), chunk) == expected


END = 999


@pytest.mark.parametrize(
    ("first", "behind", "cut"),
    [(300, 40, True), (64, 16, True), (63, 40, False), (300, 15, False), (256, 40, True)],
)
def test_one_cut_is_behind_the_first_message_where_that_saves_something(
    first: int, behind: int, cut: bool
) -> None:
    prompt = [*range(first - 1), END, *range(1_000, 1_000 + behind)]
    found = cuts(prompt, 256, frozenset({END}))
    assert (first in found) == cut
    assert found == sorted(set(found))
    assert max(np.diff([0, *found])) <= 256


def test_later_messages_are_not_cut() -> None:
    prompt = [*range(99), END, *range(99), END, *range(99)]
    assert cuts(prompt, 256, frozenset({END})) == [64, 100, 128, 256, 299]


def test_what_begins_alike_has_the_same_names_up_to_where_it_differs() -> None:
    one, other = list(range(300)), list(range(300))
    other[130] = 7
    assert names(one)[:2] == names(other)[:2]
    assert names(one)[2] != names(other)[2]


def test_the_last_piece_is_a_prompts_own() -> None:
    assert [(piece.start, piece.end) for piece in pieces(range(300), cuts(range(300), 256), "")] == [
        (0, 64),
        (64, 128),
        (128, 256),
    ]
    assert names(range(64)) == []


def test_the_same_tokens_behind_another_beginning_are_another_piece() -> None:
    assert names([1] * 64 + [2] * 65)[1] != names([3] * 64 + [2] * 65)[1]


def test_nothing_is_alike_across_scopes() -> None:
    assert not set(names(range(300), "acme")) & set(names(range(300), "bolt"))
    # Nor where a scope's end could be taken for tokens.
    assert names(range(65), "a") != names(range(65), "a\x00")


def piece(name: str, start: int = 0) -> Piece:
    return Piece(start, start + 64, name.encode())


def test_it_is_kept_when_it_comes_for_the_second_time() -> None:
    cache = PrefixCache(10_000)
    assert not cache.wants(piece("a"))
    assert cache.wants(piece("a"))
    cache.keep(piece("a"), values())
    assert not cache.wants(piece("a")), "it is there"
    assert [found.name for found, _ in cache.beginning([piece("a")])] == [b"a"]


def test_without_room_nothing_is_kept() -> None:
    cache = PrefixCache(0)
    assert not any(cache.wants(piece("a")) for _ in range(3))


def test_a_beginning_ends_where_a_piece_is_missing() -> None:
    cache = PrefixCache(10_000)
    for name in "ac":
        cache.keep(piece(name), values())
    assert [found.name for found, _ in cache.beginning([piece("a"), piece("b"), piece("c")])] == [b"a"]
    assert cache.beginning([piece("b"), piece("a")]) == []


def test_what_was_not_used_for_longest_makes_room_and_the_front_of_a_beginning_last() -> None:
    cache = PrefixCache(3 * 1024)
    for name in "abc":
        cache.keep(piece(name), values())
    assert cache.bytes == 3 * 1024
    cache.beginning([piece("a"), piece("b")])
    cache.keep(piece("d"), values())
    assert [bool(cache.beginning([piece(name)])) for name in "abcd"] == [True, True, False, True]
    cache = PrefixCache(2 * 1024)
    for name in "ab":
        cache.keep(piece(name), values())
    cache.beginning([piece("a"), piece("b")])
    cache.keep(piece("e"), values())
    assert [bool(cache.beginning([piece(name)])) for name in "abe"] == [True, False, True]
    assert cache.bytes == 2 * 1024


def test_what_is_larger_than_all_the_room_is_not_kept_and_moves_nobody() -> None:
    cache = PrefixCache(1024)
    cache.keep(piece("a"), values())
    cache.keep(piece("large"), values(128))
    assert (len(cache), cache.bytes) == (1, 1024)


def test_names_that_never_come_again_are_forgotten() -> None:
    cache = PrefixCache(1024)
    assert not cache.wants(piece("first"))
    for n in range(20_000):
        cache.wants(piece(str(n)))
    assert not cache.wants(piece("first"))
