"""Icons through few numbers: what is read of a set, that concepts stay together, drawing, and what the network learns."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pressroom.training.data.errors import DataCorrupt
from pressroom.training.data.icons import Icon, Icons, Split, draw, icons_of, split
from pressroom.training.icons.model import IconAutoencoder, IconConfig, between, cosines, varied
from pressroom.training.icons.pca import Pca
from pressroom.training.icons.room import make_from
from pressroom.training.measure.psnr import psnr
from pressroom.training.recipe import IconsRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train

SET = {
    "width": 10,
    "height": 10,
    "icons": {
        "red-square": {"body": '<path fill="#f00" d="M0 0h10v10H0z"/>'},
        "wide": {"body": '<path fill="#00f" d="M0 0h20v10H0z"/>', "width": 20},
        "gone": {"body": "", "hidden": True},
        "hand-dark-skin-tone": {"body": ""},
        "red-square-medium-light": {"body": ""},
        "red-square-dark": {"body": ""},
        "traffic-light": {"body": ""},
    },
}


def test_a_set_is_its_icons_but_for_hidden_ones_and_tones() -> None:
    icons = icons_of(json.dumps(SET).encode(), "mine")
    assert [icon.name for icon in icons] == ["red-square", "wide", "traffic-light"]
    assert 'viewBox="0 0 20 10"' in icons[1].svg


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"icons": {"a": {}}}', b'{"icons": 3}', b"\xff"])
def test_what_is_no_set_is_said(content: bytes) -> None:
    with pytest.raises(DataCorrupt, match="mine"):
        icons_of(content, "mine")


def test_an_icon_is_drawn_on_white_in_its_shape() -> None:
    square, wide = (draw(icon) for icon in icons_of(json.dumps(SET).encode(), "mine")[:2])
    assert square.shape == (3, 64, 64)
    assert (square == np.array([255, 0, 0])[:, None, None]).all()
    assert (wide[:, :10] == 255).all()  # above and below there is nothing
    assert (wide[:, 20:44] == np.array([0, 0, 255])[:, None, None]).all()
    with pytest.raises(DataCorrupt, match="broken cannot be drawn"):
        draw(Icon("mine", "broken", "<svg"))


def test_a_concept_is_on_one_side_in_all_sets() -> None:
    names = [f"thing-{number}" for number in range(400)]
    icons = [Icon("a", name, "") for name in names] + [Icon("b", name.replace("-", ""), "") for name in names]
    parts = split(Icons(icons, np.zeros((800, 3, 1, 1), np.uint8)))
    sides = [{icon.concept for icon in part.icons} for part in (parts.train, parts.held_out, parts.test)]
    assert sum(map(len, sides)) == 400
    assert len(sides[0] | sides[1] | sides[2]) == 400
    assert all(10 < len(side) < 35 for side in sides[1:])


def _drawings(count: int, seed: int) -> Icons:
    """Discs of any colour and place, which no few directions hold."""
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    pixels = np.full((count, 3, 64, 64), 255, np.uint8)
    for picture in pixels:
        for _ in range(2):
            inside = (x - dice.integers(10, 54)) ** 2 + (y - dice.integers(10, 54)) ** 2 < 100
            picture[:, inside] = dice.integers(0, 256, (3, 1))
    return Icons([Icon("a", str(number), "") for number in range(count)], pixels)


def test_components_are_exact_where_there_are_enough() -> None:
    flat = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) @ torch.randn(3, 40)
    torch.testing.assert_close(Pca.of(flat, 3).again(flat), flat, atol=1e-3, rtol=1e-3)
    few = flat[:30]  # by the products of pictures: there are more numbers than pictures
    torch.testing.assert_close(Pca.of(few, 3).again(few), few, atol=1e-3, rtol=1e-3)
    fewer = (Pca.of(flat, 2).again(flat) - flat).square().mean()
    _, _, directions = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    centred = flat - flat.mean(0)
    best = (centred @ directions[:2].T @ directions[:2] - centred).square().mean()
    assert float(fewer) == pytest.approx(float(best), rel=1e-3)


def test_few_components_of_many_pictures_are_nearly_exact() -> None:
    """Of so many, what is found within a part of the space is as good, and upright."""
    dice = torch.Generator().manual_seed(0)
    sizes = torch.arange(1, 1501) ** -0.5
    flat = torch.randn(1200, 1500, generator=dice) * sizes
    found = Pca.of(flat, 20)
    centred = flat - flat.mean(0)
    _, widths, directions = torch.linalg.svd(centred, full_matrices=False)
    assert len(found.directions) == 20
    torch.testing.assert_close(found.directions @ found.directions.T, torch.eye(20), atol=1e-3, rtol=0)
    held = (centred @ found.directions.T).square().sum()
    assert float(held) == pytest.approx(float(widths[:20].square().sum()), rel=1e-3)
    torch.testing.assert_close(
        (found.directions[-1] @ directions[0]).abs(), torch.tensor(1.0), atol=1e-3, rtol=0
    )


def test_it_learns_and_is_told_beside_its_components(tmp_path: Path) -> None:
    recipe = IconsRecipe.model_validate(
        {
            "kind": "icons",
            "title": "t",
            "latent": 64,
            "waves": 8,
            "channels": 12,
            "middle": 24,
            "blocks": 1,
            "plan": {"epochs": 6, "batch": 16, "learning_rate": 1e-2, "warm_up_steps": 10},
        }
    )
    parts = Split(_drawings(300, 0), _drawings(40, 1), _drawings(60, 2))
    found = make_from(parts, recipe, Run(tmp_path, lambda line: None, quiet=True))
    assert found["numbers_a_picture"] == 64
    blank = psnr(torch.ones(60, 3, 64, 64), torch.from_numpy(parts.test.pixels).float() / 255)
    assert found["test_psnr_db"] > blank + 4
    assert found["test_psnr_pca_db"] > blank + 4
    assert found["above_pca_db"] == pytest.approx(
        found["test_psnr_db"] - found["test_psnr_pca_db"], abs=0.011
    )
    assert {"reconstructions.png", "variations.png", "interpolations.png", "curves.png", "weights.pt"} <= {
        path.name for path in tmp_path.iterdir()
    }


def test_no_strength_is_the_very_picture_and_ends_of_a_way_are_the_network_s_own() -> None:
    torch.manual_seed(0)
    network = IconAutoencoder(IconConfig(12, 6, 8, 16, 1)).eval()
    pixels = torch.rand(3, 3, 64, 64)
    network.begin(torch.from_numpy(_drawings(60, 4).pixels).float() / 255)
    dice = torch.Generator().manual_seed(0)
    assert torch.equal(varied(network, pixels, 0.0, dice), pixels)
    assert not torch.equal(varied(network, pixels, 1.0, dice), pixels)
    way = between(network, pixels[:1], pixels[1:2], 5)
    torch.testing.assert_close(way[0], network(pixels[:1])[0].clamp(0, 1))
    torch.testing.assert_close(way[-1], network(pixels[1:2])[0].clamp(0, 1))


def test_it_begins_as_the_components_of_the_low_waves() -> None:
    pixels = torch.from_numpy(_drawings(120, 3).pixels).float() / 255
    torch.manual_seed(0)
    network = IconAutoencoder(IconConfig(32, 12, 8, 16, 1)).eval()
    network.begin(pixels)
    low = network._low(pixels)
    mirrored = network._low(pixels.flip(3))
    again = Pca.of(torch.cat([low, mirrored]), 32).again(low)
    wanted = network.waves.T @ again.view(-1, 3, 12, 12) @ network.waves
    with torch.no_grad():
        torch.testing.assert_close(network(pixels), wanted, atol=1e-3, rtol=1e-3)
        both = torch.cat([network.encode(pixels), network.encode(pixels.flip(3))])
    torch.testing.assert_close(both.std(0), torch.ones(32), atol=0.02, rtol=0.02)


def test_all_waves_together_are_the_picture() -> None:
    pixels = torch.rand(2, 3, 64, 64)
    waves = cosines(64)
    torch.testing.assert_close(waves.T @ (waves @ pixels @ waves.T) @ waves, pixels, atol=1e-4, rtol=1e-4)
