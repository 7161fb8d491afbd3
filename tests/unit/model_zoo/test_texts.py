"""Every committed language model: its weights are the manifest's, its recipe makes it again, and what is built of them says the same."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from pressroom.adapters.models.opened import opened_folder
from pressroom.adapters.models.original import likeliest, places
from pressroom.adapters.models.pull import pull
from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.parity import LIMITS
from pressroom.contract.params import TextParams
from pressroom.engines.base import Ending, Key, TextGeneration
from pressroom.engines.text.engine import run_to_end
from pressroom.engines.text.opening import open_text_engine
from pressroom.engines.text.parity import distance, kernels_of, logits_after
from pressroom.jobs.asked import resolved_params
from pressroom.training.recipe import load

ZOO = Path(__file__).parents[3] / "model_zoo"
MANIFESTS = [
    manifest
    for path in sorted(ZOO.glob("*/manifest.json"))
    if (manifest := Manifest.model_validate_json(path.read_text(encoding="utf-8"))).kind == "text"
    and manifest.files
]
every_model = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.name)
every_variant = pytest.mark.parametrize(
    ("manifest", "variant"),
    [(each, variant) for each in MANIFESTS for variant in each.text.variants],  # type: ignore[union-attr]
    ids=lambda value: getattr(value, "name", value),
)


def test_they_are_there() -> None:
    assert {"copy-gpt", "copy-rnn"} <= {manifest.name for manifest in MANIFESTS}


@every_model
def test_the_files_are_those_of_the_manifest_and_few_enough_to_commit(manifest: Manifest) -> None:
    check_files(ZOO / manifest.name, manifest.marks)
    lines = "".join(f"{file.sha256}  {file.path}\n" for file in manifest.files)
    assert hashlib.sha256(lines.encode()).hexdigest() == manifest.sha256
    assert manifest.size < 15_000_000
    notice = (ZOO / manifest.name / "LICENSE").read_text(encoding="utf-8")
    assert "Apache-2.0" in notice
    assert "Princeton University" in notice
    assert len((ZOO / manifest.name / "samples.txt").read_text(encoding="utf-8").splitlines()) == 12


@every_model
def test_its_recipe_is_the_one_that_is_shipped(manifest: Manifest) -> None:
    made = manifest.made
    assert made is not None
    assert load(made.recipe).digest() == made.recipe_sha256
    assert made.parity < 1e-4


@every_model
def test_it_is_less_surprised_than_one_that_counts(manifest: Manifest) -> None:
    assert manifest.metrics["held_out_perplexity"] < manifest.metrics["kneser_ney_5_perplexity"]


@every_variant
def test_what_is_built_says_what_the_weights_say(manifest: Manifest, variant: str, tmp_path: Path) -> None:
    built = pull(manifest, tmp_path, variant, shipped=ZOO / manifest.name)
    original = opened_folder(ZOO / manifest.name)
    tokens, after = places(original)
    expected = likeliest(original, tokens, after)
    for own in kernels_of(built, variant):
        whose, logits = logits_after(built, manifest, variant, tokens, after, threads=1, kernels=own)
        assert distance(expected, logits) < LIMITS[variant], whose


@every_model
def test_it_goes_on_in_the_manner_of_its_text(manifest: Manifest, tmp_path: Path) -> None:
    """Of a definition, lower case letters and spaces are nearly all; the model ends by itself; a seed gives it again."""
    built = pull(manifest, tmp_path, shipped=ZOO / manifest.name)
    engine = open_text_engine(built, provider="cpu", slots=8, slot_tokens=128)
    params = resolved_params(manifest, {"n": 8, "seed": 3})
    assert isinstance(params, TextParams)
    said = []
    for name in ("a", "b"):
        request = TextGeneration(Key(name, 1), params, prompt="umbrella:")
        (outcome,) = (each for step in run_to_end(engine, [request]) for each in step.outcomes)
        assert outcome.ending is Ending.DONE
        said.append([text.text for text in outcome.texts])
    engine.close()
    assert said[0] == said[1]
    assert len(set(said[0])) == 8
    letters = "".join(said[0])
    assert np.mean([each.islower() or each == " " for each in letters]) > 0.9
    assert sum(text.count("a ") + text.count("the ") + text.count("of ") for text in said[0]) >= 4
