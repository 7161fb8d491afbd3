"""How texts become numbers: what of them is read, and by which words."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.support.tiny_encoder import vector, write_encoder

from pressroom.adapters.models.encoder_graph import encoder_graph, opened_encoder
from pressroom.catalog.manifest import Manifest
from pressroom.engines.base import EngineUnavailable
from pressroom.engines.reading.readers import Embedder, Heard, Moderator
from pressroom.engines.sessions import Provider, open_session

ZOO = Path(__file__).parents[4] / "model_zoo"


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    weights = write_encoder(tmp_path)
    onnx.save(encoder_graph(opened_encoder(tmp_path, weights)), tmp_path / "reader.onnx")
    return Embedder(
        open_session(tmp_path / "reader.onnx", Provider.CPU), tmp_path / "tokenizer.json", context=8
    )


@pytest.fixture(scope="module")
def moderator() -> Moderator:
    folder = ZOO / "profanity"
    return Moderator(
        open_session(folder / "reader.onnx", Provider.CPU), folder / "words.json", context=100_000
    )


def test_a_text_is_read_with_its_marks_and_not_as_its_file_cuts_it(embedder: Embedder) -> None:
    assert embedder.heard("A warm oak lamp.") == Heard((2, 4, 5, 9, 6, 10, 3), 7)
    assert embedder.heard("lamps") == Heard((2, 6, 8, 3), 4)


def test_a_long_text_is_cut_and_keeps_its_end_mark(embedder: Embedder) -> None:
    heard = embedder.heard("lamp " * 6)
    assert heard == Heard((2, 6, 6, 6, 6, 6, 6, 3), 8)
    assert embedder.heard("lamp " * 7) == Heard(heard.ids, 8, cut=True)


def test_marks_in_a_text_are_words(embedder: Embedder) -> None:
    """Whoever writes [SEP] does not end the text for those behind it."""
    assert 3 not in embedder.heard("lamp [SEP] desk").ids[:-1]


def test_vectors_are_those_of_the_model(embedder: Embedder) -> None:
    rows = [embedder.heard(text).ids for text in ("lamp", "a warm desk.", "lamp")]
    vectors = embedder.read(rows)
    assert vectors.dtype == np.float32
    for row, found in zip(rows, vectors, strict=True):
        np.testing.assert_allclose(found, vector(list(row)), atol=2e-6)


def test_a_moderator_reads_whole_words_in_any_case(moderator: Moderator) -> None:
    plain, loud, other = (moderator.heard(text) for text in ("an idiot", "AN IDIOT!", "zzyzx an"))
    assert plain.ids == loud.ids != ()
    assert (other.ids, other.tokens) == ((), 2)
    assert moderator.heard("a b c").tokens == 0, "a letter is no word to this model"


def test_a_moderator_says_what_the_original_says(moderator: Moderator) -> None:
    with np.load(ZOO / "profanity" / "golden.npz") as golden:
        texts, expected = golden["texts"].tolist(), golden["reader/out/chances"]
        chances = moderator.read([moderator.heard(text).ids for text in texts])
    np.testing.assert_allclose(chances, expected, atol=1e-5)
    judged = dict(zip(texts, chances[:, 0] > 0.5, strict=True))
    assert judged["You are a fucking idiot."]
    assert not judged["Scunthorpe United won again."]


def test_a_text_without_a_known_word_has_a_chance_all_the_same(moderator: Moderator) -> None:
    ((chance,),) = moderator.read([()])
    assert 0 < chance < 0.1


@pytest.mark.parametrize("content", ["{", "7", "null"])
def test_a_list_of_words_that_is_none_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "words.json").write_text(content)
    session = open_session(ZOO / "profanity" / "reader.onnx", Provider.CPU)
    with pytest.raises(EngineUnavailable, match="list of words"):
        Moderator(session, tmp_path / "words.json", context=10)


def test_the_words_are_as_many_as_the_graph_counts() -> None:
    folder = ZOO / "profanity"
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest.reading is not None
    words = json.loads((folder / manifest.reading.files["words"]).read_text(encoding="utf-8"))
    (entry,) = onnx.load(folder / "reader.onnx").graph.input
    assert entry.type.tensor_type.shape.dim[1].dim_value == len(words) == len(set(words))
