"""The formulas of the VAE, against values worked out by hand or by chance."""

import math

import pytest
import torch

from pressroom.training.vae.likelihood import bernoulli
from pressroom.training.vae.model import (
    Vae,
    VaeConfig,
    kl_divergence,
    null_loss,
    reparameterise,
    terms,
)

pytestmark = pytest.mark.train


def _small() -> Vae:
    torch.manual_seed(0)
    return Vae(VaeConfig(height=4, width=4, classes=3, hidden=(8, 16), latent=5)).eval()


def test_kl_of_the_prior_to_itself_is_nothing() -> None:
    assert kl_divergence(torch.zeros(2, 3), torch.zeros(2, 3)).tolist() == [0.0, 0.0]


def test_kl_by_hand() -> None:
    # ½(μ² + σ² − 1 − ln σ²): μ = 2, σ² = 1 gives 2; μ = 0, σ² = e gives ½(e − 2); they add up.
    mean, log_variance = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert float(kl_divergence(mean, log_variance)) == pytest.approx(2 + (math.e - 2) / 2, rel=1e-6)


def test_kl_agrees_with_monte_carlo() -> None:
    mean, log_variance = torch.tensor([[0.7, -1.2, 0.1]]), torch.tensor([[-0.5, 0.3, -2.0]])
    noise = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(1))
    z = reparameterise(mean, log_variance, noise)
    log_q = (-0.5 * noise.square() - 0.5 * log_variance).sum(1)
    log_p = (-0.5 * z.square()).sum(1)
    samples = (log_q - log_p).double()
    error = float(samples.std()) / math.sqrt(len(samples))
    assert float(samples.mean()) == pytest.approx(float(kl_divergence(mean, log_variance)), abs=4 * error)


def test_reparameterised_noise_has_the_mean_and_spread_asked_for() -> None:
    noise = torch.tensor([[-1.0], [0.0], [2.0]])
    z = reparameterise(torch.full((3, 1), 10.0), torch.full((3, 1), math.log(9.0)), noise)
    assert z.flatten().tolist() == pytest.approx([7.0, 10.0, 16.0])


def test_the_elbo_is_its_two_parts_at_the_sampled_latent() -> None:
    model = _small()
    pixels, label = torch.rand(6, 4, 4), torch.tensor([0, 1, 2, 2, 0, 1])
    noise = torch.randn(6, 5)
    found = terms(model, pixels, label, noise=noise)
    mean, log_variance = model.encode(pixels, label)
    z = mean + torch.exp(log_variance / 2) * noise
    assert torch.allclose(found.z, z)
    assert torch.allclose(found.picture, bernoulli(model.decode(z, label), pixels))
    assert torch.allclose(found.kl, kl_divergence(mean, log_variance))
    assert torch.allclose(found.negative_elbo, found.picture + found.kl)
    assert found.negative_elbo.shape == (6,)


def _gradient(model: Vae, half: str) -> float:
    gradient = model.get_submodule(half)[0].weight.grad
    return 0.0 if gradient is None else float(gradient.abs().sum())


def test_gradients_reach_the_encoder_through_the_sample() -> None:
    model = _small()
    terms(model, torch.rand(6, 4, 4), torch.zeros(6, dtype=torch.int64)).picture.mean().backward()
    assert _gradient(model, "encoder") > 0
    assert _gradient(model, "decoder") > 0


def test_the_null_label_teaches_the_decoder_only() -> None:
    model = _small()
    pixels = torch.rand(6, 4, 4)
    found = terms(model, pixels, torch.zeros(6, dtype=torch.int64))
    cost = null_loss(model, pixels, found.z)
    assert torch.allclose(cost, bernoulli(model.decode(found.z, torch.full((6,), 3)), pixels))
    cost.mean().backward()
    assert _gradient(model, "decoder") > 0
    assert _gradient(model, "encoder") == 0


def test_guidance_mixes_logits_row_by_row() -> None:
    model = _small()
    z = torch.randn(1, 5).repeat(4, 1)
    label = torch.tensor([2, 2, 2, 2])
    guidance = torch.tensor([0.0, 1.0, 2.0, 1.0])
    null = model.decode(z, torch.full_like(label, 3))
    asked = model.decode(z, label)
    pixels = model.guided(z, label, guidance)
    assert torch.allclose(pixels[0], torch.sigmoid(null[0]), atol=1e-6)
    assert torch.allclose(pixels[1], torch.sigmoid(asked[1]), atol=1e-6)
    assert torch.allclose(pixels[2], torch.sigmoid(2 * asked[2] - null[2]), atol=1e-6)


@pytest.mark.parametrize("classes", [0, 3])
def test_convolutions_take_and_give_what_dense_layers_do(classes: int) -> None:
    torch.manual_seed(0)
    model = Vae(VaeConfig(height=8, width=12, classes=classes, latent=5, channels=4))
    pixels, label = torch.rand(6, 8, 12), torch.zeros(6, dtype=torch.int64)
    mean, log_variance = model.encode(pixels, label)
    assert mean.shape == log_variance.shape == (6, 5)
    assert model.decode(mean, label).shape == (6, 8, 12)
    terms(model, pixels, label).negative_elbo.mean().backward()
    assert all(weights.grad is not None and weights.grad.abs().sum() > 0 for weights in model.parameters())
    with torch.no_grad():
        other = model.encode(pixels, torch.ones(6, dtype=torch.int64))[0]
    assert torch.equal(mean.detach(), other) == (classes == 0)


def test_near_pixels_are_what_convolutions_look_at() -> None:
    """A pixel of the decoder's picture depends on few places of its smallest planes: a corner not on the opposite one."""
    torch.manual_seed(0)
    decoder = Vae(VaeConfig(height=28, width=28, classes=0, latent=5, channels=4)).decoder
    planes = torch.randn(1, 8, 7, 7, requires_grad=True)
    decoder.layers[3:-1](planes)[0, 0, 0, 0].backward()
    assert planes.grad is not None
    assert planes.grad[0, :, 0, 0].abs().sum() > 0
    assert planes.grad[0, :, 4:, 4:].abs().sum() == 0


def test_the_label_reaches_encoder_and_decoder() -> None:
    model = _small()
    pixels, z = torch.rand(1, 4, 4), torch.randn(1, 5)
    means = {tuple(model.encode(pixels, torch.tensor([label]))[0][0].tolist()) for label in range(4)}
    logits = {tuple(model.decode(z, torch.tensor([label])).flatten().tolist()) for label in range(4)}
    assert len(means) == len(logits) == 4
