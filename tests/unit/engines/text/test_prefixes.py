"""Pieces of prompts have names that tell what lies before them, and few enough of them are kept."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pressroom.engines.text.prefixes import Piece, PrefixCache, border_after, pieces


def names(prompt: Sequence[int], scope: str = "") -> list[bytes]:
    return [piece.name for piece in pieces(prompt, 256, scope)]


def values(tokens: int = 64) -> NDArray[np.float32]:
    """1 KB for each 64 tokens."""
    return np.zeros((2, 1, tokens, 2), np.float32)


@pytest.mark.parametrize(
    ("chunk", "borders"),
    [
        (256, [64, 128, 256, 512, 768]),
        (128, [64, 128, 256, 384, 512]),
        (8, [8, 16, 24]),
        (100, [64, 100, 200]),
    ],
)
def test_borders_lie_close_at_first_and_then_at_each_chunk(chunk: int, borders: list[int]) -> None:
    found = [0]
    while len(found) <= len(borders):
        found.append(border_after(found[-1], chunk))
    assert found[1:] == borders


def test_only_whole_pieces_are_told() -> None:
    assert [(piece.start, piece.end) for piece in pieces(range(300), 256, "")] == [
        (0, 64),
        (64, 128),
        (128, 256),
    ]
    assert [(piece.start, piece.end) for piece in pieces(range(64), 256, "")] == [(0, 64)]
    assert list(pieces(range(63), 256, "")) == []


def test_what_begins_alike_has_the_same_names_up_to_where_it_differs() -> None:
    one, other = list(range(300)), list(range(300))
    other[130] = 7
    assert names(one)[:2] == names(other)[:2]
    assert names(one)[2] != names(other)[2]


def test_the_same_tokens_behind_another_beginning_are_another_piece() -> None:
    assert names([1] * 64 + [2] * 64)[1] != names([3] * 64 + [2] * 64)[1]


def test_nothing_is_alike_across_scopes() -> None:
    assert not set(names(range(300), "acme")) & set(names(range(300), "bolt"))
    # Nor where a scope's end could be taken for tokens.
    assert names(range(64), "a") != names(range(64), "a\x00")


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
