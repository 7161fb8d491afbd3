"""Pictures as codes: the quantiser's levels, codes there and back, and that both stages learn."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.bars import bars
from torch import Tensor

from pressroom.training import weights
from pressroom.training.data.idx import Pictures
from pressroom.training.fsq.model import Fsq, FsqConfig, Quantiser
from pressroom.training.fsq.pictures import CodedPictures
from pressroom.training.fsq.room import fit, nats
from pressroom.training.fsq.tasks import AutoencoderTask, PriorTask
from pressroom.training.fsq.writer import Writer
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.loop.plan import Plan
from pressroom.training.loop.run import train
from pressroom.training.recipe import FsqRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train

LEVELS = (8, 6, 5)


def test_codes_go_there_and_back_and_all_are_different() -> None:
    quantiser = Quantiser(LEVELS)
    codes = torch.arange(math.prod(LEVELS))
    levels = quantiser.levels(codes)
    assert torch.equal(quantiser.codes(levels), codes)
    assert len({tuple(row) for row in levels.tolist()}) == 240
    assert float(levels.abs().max()) == 1


def test_every_level_can_be_reached_and_nothing_else() -> None:
    quantiser = Quantiser(LEVELS)
    z = torch.linspace(-9, 9, 4001)[:, None].expand(-1, 3)
    found = quantiser(z)
    assert [len(found[:, n].unique()) for n in range(3)] == list(LEVELS)
    codes = quantiser.codes(found)
    torch.testing.assert_close(quantiser.levels(codes), found)
    assert (found.diff(dim=0) >= 0).all()


def test_gradients_pass_the_rounding() -> None:
    z = torch.tensor([[0.1, -0.2, 0.3]], requires_grad=True)
    Quantiser(LEVELS)(z).sum().backward()
    assert z.grad is not None
    assert (z.grad > 0.1).all()


def _bars(count: int) -> tuple[Tensor, Tensor]:
    """White bars on black: upright ones are class 0, flat ones class 1."""
    dice = np.random.default_rng(0)
    pixels, labels = np.zeros((count, 16, 16), np.float32), dice.integers(0, 2, count)
    for picture, place, flat in zip(pixels, dice.integers(1, 11, count), labels, strict=True):
        if flat:
            picture[place : place + 4] = 1
        else:
            picture[:, place : place + 4] = 1
    return torch.from_numpy(pixels), torch.from_numpy(labels)


CONFIG = FsqConfig(16, 16, (4, 3), 8)


def test_a_picture_is_made_again_from_its_codes() -> None:
    fsq = Fsq(CONFIG).eval()
    pixels, _ = _bars(5)
    codes = fsq.encode(pixels)
    assert codes.shape == (5, CONFIG.places) == (5, 16)
    assert 0 <= int(codes.min()) <= int(codes.max()) < CONFIG.codes == 12
    torch.testing.assert_close(fsq.decode(codes), fsq(pixels))


def test_both_stages_learn_and_the_class_is_what_was_asked_for() -> None:
    torch.manual_seed(0)
    pixels, labels = _bars(900)
    fsq = Fsq(CONFIG)
    plan = Plan(epochs=12, batch=32, learning_rate=5e-3, warm_up_steps=5)
    first = train(AutoencoderTask(fsq, pixels, held_out=100), plan, recipe="a")
    assert first.best_score < 0.35 * first.history[0]["score"]
    with torch.no_grad():
        codes = fsq.encode(pixels)
    kinds, classes = CONFIG.codes, 2
    gpt = Gpt(GptConfig(kinds + classes + 1, CONFIG.places, 32, 2, 2, 0.0))
    prior = PriorTask(gpt, codes, labels, kinds=kinds, classes=classes, held_out=100)
    second = train(prior, plan, recipe="p")
    assert second.best_score < 0.5 * math.log(kinds)
    asked = torch.arange(60) % 2
    dice = torch.rand(60, CONFIG.places, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        writer = Writer(gpt.eval(), kinds=kinds, classes=classes, places=CONFIG.places)
        made = writer(dice, asked, torch.full((60,), 2.0))
    pictures = torch.sigmoid(fsq.decode(made)).detach()
    flat = pictures.mean(2).std(1) > pictures.mean(1).std(1)  # rows differ more than columns
    assert float((flat.long() == asked).float().mean()) > 0.9


def test_each_code_is_the_one_that_its_dice_say_given_those_before() -> None:
    torch.manual_seed(0)
    kinds, classes, places = 12, 2, 6
    gpt = Gpt(GptConfig(kinds + classes + 1, places, 32, 2, 2, 0.0)).eval()
    for weights_of in gpt.parameters():
        weights_of.data *= 8  # far from even chances
    dice, asked, guidance = torch.rand(20, places), torch.arange(20) % 2, torch.rand(20) * 3
    with torch.no_grad():
        codes = Writer(gpt, kinds=kinds, classes=classes, places=places)(dice, asked, guidance)
        read = {}
        for name, label in (("asked", asked), ("free", torch.full_like(asked, classes))):
            read[name] = gpt(torch.cat([(kinds + label)[:, None], codes[:, :-1]], dim=1))[..., :kinds]
        mixed = read["free"] + guidance[:, None, None] * (read["asked"] - read["free"])
    below = torch.cat([torch.zeros(20, places, 1), mixed.softmax(-1).cumsum(-1)], dim=-1)
    assert (below.gather(-1, codes[..., None])[..., 0] <= dice + 1e-5).all()
    assert (below.gather(-1, codes[..., None] + 1)[..., 0] >= dice - 1e-5).all()
    assert len(codes.unique()) > 3


def test_a_recipe_becomes_pictures_of_the_class_that_is_asked_for(tmp_path: Path) -> None:
    recipe = FsqRecipe.model_validate(
        {
            "kind": "fsq",
            "title": "t",
            "data": "mnist",
            "levels": [4, 3],
            "channels": 8,
            "width": 32,
            "layers": 2,
            "first": {"epochs": 4, "batch": 32, "learning_rate": 5e-3, "warm_up_steps": 5},
            "plan": {"epochs": 10, "batch": 32, "learning_rate": 5e-3, "warm_up_steps": 5},
        }
    )
    run = Run(tmp_path, lambda line: None, quiet=True)
    test = bars(100, 1)
    made = fit(Pictures(train=bars(1200), test=test), 4, recipe, run, held_out=200)
    labels = torch.arange(40) % 4
    pixels = made.sample(labels, guidance=2.0, seed=3)
    flat = pixels.mean(2).std(1) > pixels.mean(1).std(1)
    assert float((flat == (labels >= 2)).float().mean()) > 0.9
    found = nats(made, test)
    assert found["test_negative_elbo_nats"] == pytest.approx(
        found["test_reconstruction_nats"] + found["test_codes_nats"], abs=0.02
    )
    assert found["test_codes_nats"] < 49 * math.log(12)
    again = CodedPictures.of(recipe, 28, 28, 4)
    again.load(weights.read(tmp_path))
    assert torch.equal(again.sample(labels, guidance=2.0, seed=3), pixels)
