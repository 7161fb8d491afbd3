"""Numbers keyed by (seed, index): the same for ever, independent of each other, normally distributed."""

import numpy as np

from pressroom.contract.params import MAX_SEED
from pressroom.engines.image.latents import drawn_label, latent


def test_the_same_key_gives_the_same_bits_for_ever() -> None:
    # Written down once: a change here changes every stored seed's picture.
    assert latent(7, 3, 4).tobytes().hex() == "453fc03f66ae89beeee6193f899ee03e"
    assert [drawn_label(7, index, 10) for index in range(8)] == [3, 1, 0, 6, 4, 4, 2, 2]


def test_seed_and_index_each_matter() -> None:
    vectors = [latent(seed, index, 32) for seed in (0, 1, MAX_SEED) for index in (0, 1, 63)]
    distinct = {vector.tobytes() for vector in vectors}
    assert len(distinct) == len(vectors)


def test_a_shorter_latent_is_not_needed_to_be_even() -> None:
    assert latent(1, 0, 5).shape == (5,)
    assert latent(1, 0, 5).dtype == np.float32


def test_latents_are_standard_normal() -> None:
    values = np.concatenate([latent(11, index, 32) for index in range(1000)]).astype(float)
    standard_error = 1 / np.sqrt(len(values))
    assert abs(values.mean()) < 4 * standard_error
    assert abs(values.var() - 1) < 4 * np.sqrt(2) * standard_error
    assert abs((values**4).mean() - 3) < 0.3
    pairs = np.corrcoef(np.stack([latent(11, index, 32) for index in range(1000)]).T)
    assert np.abs(pairs - np.eye(32)).max() < 0.16


def test_labels_are_drawn_evenly_and_apart_from_the_latent() -> None:
    drawn = [drawn_label(5, index, 10) for index in range(2000)]
    counts = np.bincount(drawn, minlength=10)
    assert counts.min() > 140
    assert counts.max() < 260
    assert drawn == [drawn_label(5, index, 10) for index in range(2000)]
