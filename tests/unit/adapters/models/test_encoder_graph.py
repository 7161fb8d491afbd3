"""A sentence encoder's graph against numpy, one text at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.tiny_encoder import WIDTH, vector, write_encoder

from pressroom.adapters.models.encoder_graph import encoder_graph, opened_encoder
from pressroom.adapters.models.errors import UnsupportedModel
from pressroom.engines.sessions import Provider, open_session

ROWS = [[2, 4, 6, 3], [2, 5, 9, 6, 8, 10, 3], [2, 3], [2, 7, 3]]


def _run(folder: Path, rows: list[list[int]], filler: int = 0) -> Any:
    graph = encoder_graph(opened_encoder(folder, folder / "model.safetensors"))
    session = open_session(graph.SerializeToString(), Provider.CPU)
    longest = max(map(len, rows))
    tokens = np.array([row + [filler] * (longest - len(row)) for row in rows], np.int64)
    (vectors,) = session.run({"tokens": tokens, "lengths": np.array([len(row) for row in rows], np.int64)})
    return vectors


def test_each_vector_is_that_of_numpy_whoever_is_beside_it(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    together = _run(tmp_path, ROWS)
    assert together.shape == (len(ROWS), WIDTH)
    for row, found in zip(ROWS, together, strict=True):
        np.testing.assert_allclose(found, vector(row), atol=2e-6)
        np.testing.assert_allclose(_run(tmp_path, [row])[0], found, atol=2e-6)


def test_what_a_text_is_filled_up_with_is_not_read(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    np.testing.assert_array_equal(_run(tmp_path, ROWS), _run(tmp_path, ROWS, filler=7))


def test_vectors_have_the_length_of_one(tmp_path: Path) -> None:
    write_encoder(tmp_path, seed=5)
    np.testing.assert_allclose(np.linalg.norm(_run(tmp_path, ROWS), axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "roberta"},
        {"hidden_act": "relu"},
        {"position_embedding_type": "relative_key"},
        {"num_hidden_layers": 3},
        {"hidden_size": "wide"},
        {"layer_norm_eps": None},
    ],
)
def test_what_is_no_such_encoder_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    write_encoder(tmp_path, **changes)
    with pytest.raises(UnsupportedModel):
        encoder_graph(opened_encoder(tmp_path, tmp_path / "model.safetensors"))


def test_weights_that_are_cut_are_refused(tmp_path: Path) -> None:
    weights = write_encoder(tmp_path)
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UnsupportedModel, match="cannot be read"):
        opened_encoder(tmp_path, weights)
