"""The weight format that a host has chosen: the fastest, whole on disk, or a clear error."""

from pathlib import Path

import pytest

from pressroom.catalog.choice import CHOICE_FILE, Rates, choice_of, read_choice, write_choice
from pressroom.domain.errors import ModelCorrupt

FAST = Rates(prompt=900, alone=60, together=300)


def test_neither_a_lone_text_nor_many_at_once_are_bought_with_the_other() -> None:
    rates = {"q8": Rates(prompt=1, alone=100, together=100), "i8": Rates(prompt=9, alone=60, together=200)}
    assert choice_of(rates).variant == "i8"
    assert choice_of({**rates, "q4lr": Rates(prompt=1, alone=150, together=90)}).variant == "q4lr"


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_choice(tmp_path) is None
    choice = choice_of({"i8": FAST})
    for _ in range(2):  # also over another one
        write_choice(tmp_path, choice)
        assert read_choice(tmp_path) == choice
    assert [path.name for path in tmp_path.iterdir()] == [CHOICE_FILE]


@pytest.mark.parametrize("content", ["", "{}", '{"variant": 3, "rates": {}}', "\x00"])
def test_one_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / CHOICE_FILE).write_text(content)
    with pytest.raises(ModelCorrupt, match="models choose"):
        read_choice(tmp_path)
