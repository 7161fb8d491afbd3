"""Each correction of the founding article: what must hold holds for the code here, and goes red with the article's version.

docs/article.md has the same list. A test says what must hold, once of ours, and once of what the article says.
"""

import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tests.support.bars import bars
from tests.unit.training.test_losses import slope
from torch import Tensor, nn

from pressroom.training import losses
from pressroom.training.data.idx import Split
from pressroom.training.gaussian import draw
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.sheets import grid
from pressroom.training.tensors import as_tensors
from pressroom.training.vae.model import Vae, VaeConfig, terms

pytestmark = pytest.mark.train

TRAINING = Path(__file__).parents[3] / "training"
SMALL = VaeConfig(height=4, width=4, classes=0, hidden=(8, 16), latent=3)


def _red(what_must_hold: Callable[[], None]) -> None:
    with pytest.raises(AssertionError):
        what_must_hold()


def _pixels(count: int = 50) -> Tensor:
    return torch.rand(count, 4, 4, generator=torch.Generator().manual_seed(0))


NO_LABEL = torch.zeros(50, dtype=torch.int64)


def test_latents_that_leave_the_prior_cost_something() -> None:
    """The article's encoder has no mean, no log-variance and its loss no KL: codes may lie anywhere, and N(0, 1) makes noise."""
    torch.manual_seed(0)
    vae = Vae(SMALL)
    pixels = _pixels()

    def shifted(by: float) -> Vae:
        """All latents farther off, and the decoder told to take that back: the same pictures."""
        other = Vae(SMALL)
        other.load_state_dict(vae.state_dict())
        with torch.no_grad():
            other.encoder[4].bias[:3] += by
            other.decoder[0].bias -= other.decoder[0].weight[:, :3].sum(1) * by
        return other

    def holds(loss: Callable[[Vae], float]) -> None:
        assert loss(shifted(5.0)) > loss(vae) + 1

    def ours(model: Vae) -> float:
        found = terms(model, pixels, NO_LABEL, noise=torch.zeros(50, 3))
        return float(found.negative_elbo.mean().detach())

    def the_article_s(model: Vae) -> float:
        code, _ = model.encode(pixels, NO_LABEL)
        return float(model.cost(model.decode(code, NO_LABEL), pixels).mean().detach())

    holds(ours)
    _red(lambda: holds(the_article_s))


def test_what_a_sigmoid_is_to_say_lies_between_0_and_1() -> None:
    """The article standardises pictures, and asks a sigmoid for them, which says neither -0.8 nor 2."""
    data = bars(100)

    def holds(prepared: Tensor) -> None:
        assert float(prepared.min()) >= 0
        assert float(prepared.max()) <= 1

    def the_article_s(split: Split) -> Tensor:
        pixels = torch.from_numpy(split.images.astype(np.float32))
        return (pixels - pixels.mean()) / pixels.std()

    holds(as_tensors(data)[0])
    _red(lambda: holds(the_article_s(data)))


def test_every_name_is_defined_and_every_import_is_used() -> None:
    """The article uses `inputs` and `vae.decoder`, which nobody made, and makes `build_generator`, which nobody uses."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    assert ruff is not None, "ruff is of the development environment: `make lint` installs it"

    def holds(*arguments: str, text: str | None = None) -> None:
        command = [ruff, "check", "--isolated", "--select", "F821,F841,F401", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout

    holds(str(TRAINING))
    _red(
        lambda: holds(
            "-",
            text="def build_vae():\n    hidden = dense(inputs)\n    unused = hidden\n    return vae.decoder(hidden)\n",
        )
    )


def test_the_encoder_looks_at_the_picture() -> None:
    """The article's pseudocode hands it noise."""
    torch.manual_seed(0)
    vae = Vae(SMALL)

    def holds(encode: Callable[[Tensor], Tensor]) -> None:
        pixels = _pixels().requires_grad_(True)
        code = encode(pixels).square().sum()
        assert code.requires_grad
        (felt,) = torch.autograd.grad(code, pixels, allow_unused=True)
        assert felt is not None
        assert float(felt.abs().min()) > 0

    holds(lambda pixels: vae.encode(pixels, NO_LABEL)[0])
    _red(lambda: holds(lambda pixels: vae.encode(torch.randn_like(pixels), NO_LABEL)[0]))


def test_a_loss_takes_what_it_is_given_and_gives_a_number_that_can_be_minimised() -> None:
    """The article's is called with other arguments than it takes, and returns nothing."""
    torch.manual_seed(0)
    vae = Vae(SMALL)

    def holds(loss: Callable[[], object]) -> None:
        try:
            found = loss()
        except TypeError as error:
            raise AssertionError(str(error)) from error
        assert isinstance(found, Tensor)
        assert found.requires_grad
        assert math.isfinite(float(found.detach()))

    def the_article_s(y_true: Tensor, y_pred: Tensor) -> None:
        nn.functional.mse_loss(y_pred, y_true)

    pixels = _pixels()
    holds(lambda: terms(vae, pixels, NO_LABEL).negative_elbo.mean())
    _red(lambda: holds(lambda: the_article_s(pixels, pixels, pixels)))  # type: ignore[call-arg]
    _red(lambda: holds(lambda: the_article_s(pixels, pixels)))


def test_a_covariance_is_not_a_scale() -> None:
    """The article hands the matrix over as a standard deviation."""
    mean, covariance = np.array([1.0, 2.0]), np.array([[1.0, 0.6], [0.6, 0.8]])
    dice = np.random.default_rng(0)

    def holds(points: NDArray[np.float64]) -> None:
        assert np.abs(np.cov(points.T) - covariance).max() < 0.05

    holds(draw(mean, covariance, 20_000, dice))
    _red(lambda: holds(mean + dice.normal(0, np.diag(covariance), (20_000, 2))))


def test_the_gradient_of_the_mean_square_error_has_its_factor() -> None:
    """The article's is (a - y), and its square is `^`, which Python takes for exclusive or."""
    dice = np.random.default_rng(0)
    a, y = dice.normal(size=5), dice.normal(size=5)

    def holds(gradient: NDArray[np.float64]) -> None:
        np.testing.assert_allclose(
            gradient, slope(lambda at: losses.mean_square_error(at, y)[0], a), atol=1e-8
        )

    holds(losses.mean_square_error(a, y)[1])
    _red(lambda: holds(a - y))
    assert losses.mean_square_error(np.array([3.0]), np.array([0.0]))[0] == 9
    assert 3 ^ 2 == 1


def test_the_chance_of_a_text_is_a_product_of_conditionals() -> None:
    """The article multiplies softmaxes that know nothing of one another, and calls that the conditional."""
    torch.manual_seed(0)
    gpt = Gpt(GptConfig(vocabulary=4, context=4, width=8, layers=1, heads=2, dropout=0.0)).eval()
    for weights in gpt.parameters():
        nn.init.normal_(weights)

    @torch.no_grad()
    def ours(text: tuple[int, ...]) -> float:
        """Of the tokens behind the first."""
        logits = gpt(torch.tensor([text[:-1]]))[0].log_softmax(-1)
        return float(logits[torch.arange(len(text) - 1), torch.tensor(text[1:])].sum().exp())

    @torch.no_grad()
    def the_article_s(text: tuple[int, ...]) -> float:
        alone = gpt(torch.tensor([[0]]))[0, 0].softmax(-1)
        return math.prod(float(alone[token]) for token in text[1:])

    def holds(chance: Callable[[tuple[int, ...]], float]) -> None:
        texts = [(0, *rest) for rest in product(range(4), repeat=3)]
        assert sum(map(chance, texts)) == pytest.approx(1, abs=1e-5)
        # What comes depends on what was there: another order is another chance.
        assert chance((0, 1, 2, 3)) != pytest.approx(chance((0, 3, 2, 1)), rel=1e-3)

    holds(ours)
    _red(lambda: holds(the_article_s))


def test_a_sheet_has_a_place_for_each_picture() -> None:
    """The article asks a grid of 10 by 10 for its 1,000th place."""
    pictures = np.zeros((1000, 4, 4), np.uint8)
    pictures[:, 1:3, 1:3] = 255

    def holds(show: Callable[[], int]) -> None:
        try:
            shown = show()
        except ValueError as error:
            raise AssertionError(str(error)) from error
        assert shown == 1000

    def ours() -> int:
        sheet = np.asarray(grid(pictures, 40, scale=1, gap=2))
        assert sheet.shape == (25 * 6 + 2, 40 * 6 + 2)
        return int((sheet == 255).sum()) // 4

    def the_article_s() -> int:
        figure = Figure()
        return len([figure.add_subplot(10, 10, number) for number in range(1, 1001)])

    holds(ours)
    _red(lambda: holds(the_article_s))
