"""The bounds of a VAE: their parts, how they lie to each other, and where bits a pixel may be told."""

import math

import numpy as np
import pytest
import torch

from pressroom.training.data.idx import Split
from pressroom.training.vae.evaluate import bounds, importance_bound
from pressroom.training.vae.model import Vae, VaeConfig, terms

pytestmark = pytest.mark.train


def _vae(**changes: object) -> Vae:
    torch.manual_seed(0)
    config = {"height": 4, "width": 4, "classes": 0, "hidden": (8, 16), "latent": 3, **changes}
    return Vae(VaeConfig(**config)).eval()  # type: ignore[arg-type]


def _split(count: int = 1500) -> Split:
    dice = np.random.default_rng(0)
    return Split(
        dice.integers(0, 256, (count, 4, 4)).astype(np.uint8), dice.integers(0, 2, count).astype(np.uint8)
    )


def _data() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(400, 4, 4, generator=torch.Generator().manual_seed(1)), torch.zeros(
        400, dtype=torch.int64
    )


def _bound(vae: Vae, samples: int, seed: int = 0) -> float:
    return float(importance_bound(vae, *_data(), samples, torch.Generator().manual_seed(seed)).mean())


def test_with_one_sample_it_is_the_elbo() -> None:
    vae = _vae()
    with torch.no_grad():
        noise = torch.randn(400, 3, generator=torch.Generator().manual_seed(5))
        found = terms(vae, *_data(), noise=noise)
    # Of one sample log p(z) / q(z) takes the place of the KL, whose mean it is.
    many = [_bound(vae, 1, seed) for seed in range(60)]
    assert np.mean(many) == pytest.approx(float(found.negative_elbo.mean()), abs=5 * float(np.std(many)))


def test_more_samples_are_tighter() -> None:
    vae = _vae()
    one, ten, hundred = (np.mean([_bound(vae, k, seed) for seed in range(5)]) for k in (1, 10, 100))
    assert hundred < ten < one


def test_it_is_exact_where_the_picture_does_not_depend_on_the_latent() -> None:
    """Then p(x) is p(x | z) for any z, whatever the encoder says, and many samples find it."""
    vae = _vae()
    with torch.no_grad():
        vae.decoder[0].weight.zero_()
        vae.encoder[4].bias += 0.3
        exact = float(vae.cost(vae.decode(torch.zeros(400, 3), _data()[1]), _data()[0]).mean())
        elbo = float(terms(vae, *_data()).negative_elbo.mean())
    assert elbo > exact + 0.05
    assert _bound(vae, 3000) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "logistic"])
def test_bits_are_told_of_probabilities_alone(likelihood: str) -> None:
    found = bounds(_vae(likelihood=likelihood), _split(), samples=8)
    assert found.negative_elbo == pytest.approx(found.reconstruction + found.kl)
    assert found.importance_bound is not None
    assert found.importance_bound < found.negative_elbo
    if likelihood == "logistic":
        assert found.bits_per_dim == pytest.approx(found.importance_bound / 16 / math.log(2))
        assert found.as_dict()["test_bits_per_dim"] > 0
    else:
        assert found.bits_per_dim is None
        assert "test_bits_per_dim" not in found.as_dict()
    assert found.as_dict()["test_importance_bound_8_nats"] == round(found.importance_bound, 2)


def test_a_latent_is_alive_where_it_says_something() -> None:
    vae = _vae()
    with torch.no_grad():
        vae.encoder[4].weight.zero_()
        vae.encoder[4].bias.copy_(torch.tensor([1.0, 0.0, 0.1, 0.0, 0.0, 0.0]))  # KL ½, 0, 0.005
    assert bounds(vae, _split(), samples=2).latents_alive == 1


def test_without_samples_there_is_no_tighter_bound_and_the_rest_is_the_same() -> None:
    vae = _vae(likelihood="logistic")
    quick, whole = bounds(vae, _split()), bounds(vae, _split(), samples=2)
    assert (quick.importance_bound, quick.bits_per_dim) == (None, None)
    assert quick.as_dict().items() <= whole.as_dict().items()
    assert {name for name in whole.as_dict() if name not in quick.as_dict()} == {
        "test_importance_bound_2_nats",
        "test_bits_per_dim",
    }
