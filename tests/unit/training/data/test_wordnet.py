"""What WordNet's lines say: a definition with its word, and each example by itself."""

from pathlib import Path

import pytest

from pressroom.training.data import sources
from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.wordnet import SOURCE, load, pairs, texts

LINES = """\
  1 This software and database is being provided to you, the LICENSEE, by
  2 Princeton University | under the following license.
00003443 29 v 02 burp 0 bubble 0 002 @ 00105087 v 0000 + 00118398 n 0405 01 + 02 00 | expel gas; "Please don't burp"
00003662 29 v 01 force_out 0 001 @ 00105087 v 0000 02 + 08 00 | emit with force; "force out the air"; "and the rest"
00001740 00 a 01 able(p) 0 001 = 05200169 n 0000 | (usually followed by `to') having the means; "able to swim"
00002098 00 a 01 mute 0 000 | "an example alone"
00002098 00 a 01 bare 0 000 | no example
"""


def test_a_line_is_a_definition_and_its_examples() -> None:
    assert list(texts(LINES)) == [
        "burp: expel gas",
        "Please don't burp",
        "force out: emit with force",
        "force out the air",
        "and the rest",
        "able: (usually followed by `to') having the means",
        "able to swim",
        "an example alone",
        "bare: no example",
    ]


def test_words_of_one_line_mean_the_same() -> None:
    more = "00003443 29 v 0c a 0 b_c 0 d 0 e(p) 0 f 0 g 0 h 0 i 0 j 0 k 0 l 0 m 0 001 @ 00105087 v 0000 01 + 02 00 | x"
    assert list(pairs(LINES)) == [("burp", "bubble")]
    assert ("a", "e") in set(pairs(more))
    assert ("l", "m") in set(pairs(more))
    assert len(list(pairs(more))) == 11 * 10 // 2


def test_files_that_are_others_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CACHE", tmp_path / "cache")
    for name in SOURCE.files:
        (tmp_path / name).write_text(LINES, encoding="utf-8")
    with pytest.raises(DataCorrupt, match="sha256 differs"):
        load(tmp_path)
