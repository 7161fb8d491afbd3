"""Words and their numbers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressroom.training.text.vocabulary import SPECIAL, Vocabulary, VocabularyInvalid


def test_the_commonest_come_first_and_equal_ones_by_their_spelling() -> None:
    made = Vocabulary.of(["b", "a", "c", "a", "b", "d", "a"])
    assert made.words == (*SPECIAL, "a", "b", "c", "d")
    assert Vocabulary.of(["b", "a", "c", "a", "b", "d", "a"], most=5).words == (*SPECIAL, "a", "b")
    assert Vocabulary.of(["b", "a", "c", "a", "b", "d", "a"], least_count=2).words == (*SPECIAL, "a", "b")
    assert Vocabulary.of(["a", "b"], most=1).words == SPECIAL


@given(st.lists(st.text(max_size=3)))
def test_what_is_known_comes_back(tokens: list[str]) -> None:
    made = Vocabulary.of(tokens)
    assert made.decode(made.encode(tokens)) == tokens
    assert made.known_share(tokens) == 1


def test_what_is_not_known_is_said_to_be_so() -> None:
    made = Vocabulary.of(["a"])
    assert made.decode(made.encode(["a", "z"])) == ["a", "<unk>"]
    assert made.known_share(["a", "z", "z", "a"]) == 0.5
    for number in (-1, 4):
        with pytest.raises(IndexError, match="0 to 3"):
            made.decode([number])


def test_a_file_brings_it_back(tmp_path: Path) -> None:
    made = Vocabulary.of(["größe", "\n", '"'])
    made.write(tmp_path / "v.json")
    assert Vocabulary.read(tmp_path / "v.json") == made


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1, 2, 3]", b'["a"]', b'["<unk>", "<s>", "</s>", "a", "a"]', b"\xff\xfe", None]
)
def test_what_is_no_vocabulary_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "v.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VocabularyInvalid, match="Make it anew"):
        Vocabulary.read(path)
