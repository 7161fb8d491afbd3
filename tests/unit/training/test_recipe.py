"""Recipes are what their files say; what a file says wrongly is one sentence, with the place."""

from pathlib import Path

import pytest

from pressroom.training.recipe import GaussianRecipe, RecipeInvalid, RecipeUnknown, VaeRecipe, load, names

VAE = """
kind = "vae"
title = "Mine"
data = "mnist"
[plan]
epochs = 3
"""


def _file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", names())
def test_each_that_is_shipped_can_be_read(name: str) -> None:
    recipe = load(name)
    assert recipe.title
    assert len(recipe.digest()) == 64


def test_the_article_s_network_is_as_the_article_has_it() -> None:
    recipe = load("vae-dense")
    assert isinstance(recipe, VaeRecipe)
    assert (recipe.data, recipe.hidden, recipe.latent) == ("mnist", (256, 512), 32)
    assert (recipe.plan.epochs, recipe.plan.batch, recipe.plan.learning_rate) == (50, 64, 1e-3)
    assert not recipe.conditional


def test_the_hash_is_of_what_is_made_and_not_of_its_title(tmp_path: Path) -> None:
    mine = load(_file(tmp_path, VAE))
    assert load(_file(tmp_path, VAE.replace("Mine", "Yours"))).digest() == mine.digest()
    assert load(_file(tmp_path, VAE + "batch = 7\n")).digest() != mine.digest()
    assert load(_file(tmp_path, VAE), seed=1).digest() != mine.digest()


def test_budget_and_seed_can_be_others(tmp_path: Path) -> None:
    recipe = load(_file(tmp_path, VAE), {"epochs": None, "cpu_seconds": 9.0}, 5)
    assert isinstance(recipe, VaeRecipe)
    assert (recipe.plan.epochs, recipe.plan.cpu_seconds, recipe.plan.seed) == (None, 9.0, 5)
    gaussian = load("gaussian", seed=7)
    assert isinstance(gaussian, GaussianRecipe)
    assert gaussian.seed == 7


@pytest.mark.parametrize("name", ["no-such", "no-such.toml", "", "../recipe", "."])
def test_an_unknown_one_names_those_that_are_known(name: str) -> None:
    with pytest.raises(RecipeUnknown, match=r"gaussian, .*vae-dense"):
        load(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = ", "no TOML"),
        ('kind = "gan"\ntitle = "t"', "mine.toml: "),
        ('title = "t"', "mine.toml: "),
        (VAE.replace("epochs = 3", ""), "budget in epochs or in cpu_seconds"),
        (VAE + "cpu_seconds = 3\n", "not in both"),
        (VAE + "speed = 3\n", r"plan\.speed: Extra"),
        (VAE.replace('"mnist"', '"cats"'), r"data: Input should be 'mnist' or 'fashion-mnist'"),
        (VAE.replace("epochs = 3", "epochs = 0"), r"plan\.epochs: .*greater"),
        ('kind = "vae"\ntitle = "t"\ndata = "mnist"\nplan = 3', "plan"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeInvalid, match=said):
        load(_file(tmp_path, text))


def test_what_has_no_budget_takes_none() -> None:
    with pytest.raises(RecipeInvalid, match="plan"):
        load("gaussian", {"epochs": 3})


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00kind")
    with pytest.raises(RecipeInvalid, match="no TOML"):
        load(str(path))


@pytest.mark.parametrize(
    "covariance", ["[[1.0, 0.5], [0.4, 1.0]]", "[[-1.0, 0.0], [0.0, 1.0]]", "[[1.0, 2.0], [2.0, 1.0]]"]
)
def test_a_matrix_that_is_no_covariance_is_refused(tmp_path: Path, covariance: str) -> None:
    text = f'kind = "gaussian"\ntitle = "t"\nmean = [0, 0]\ncovariance = {covariance}\npoints = 9\n'
    with pytest.raises(RecipeInvalid, match="symmetric"):
        load(_file(tmp_path, text))


def test_what_came_later_leaves_older_hashes_alone_until_it_says_something() -> None:
    told = {"kind": "vae", "title": "t", "data": "mnist", "plan": {"epochs": 1}}
    plain = VaeRecipe.model_validate(told)
    assert plain.digest() == VaeRecipe.model_validate({**told, "activation": "relu"}).digest()
    assert plain.digest() != VaeRecipe.model_validate({**told, "activation": "silu"}).digest()
    assert plain.digest() != VaeRecipe.model_validate({**told, "optimiser": "muon"}).digest()
