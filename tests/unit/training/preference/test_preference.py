"""From what people chose to a model that makes more of it: read, shown again, learnt, told before and after, kept with its tenant."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from tests.support.bars import bars

from pressroom.catalog.catalog import Catalog
from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams
from pressroom.domain.errors import ModelUnknown
from pressroom.engines.base import ImageGeneration, Key
from pressroom.engines.image.opening import open_image_engine
from pressroom.training.cli import main
from pressroom.training.data import idx
from pressroom.training.data.errors import DataCorrupt, DataMissing
from pressroom.training.data.fashion_mnist import SOURCE
from pressroom.training.data.idx import Pictures
from pressroom.training.made import Made
from pressroom.training.preference.pairs import FILE, Pair, Shown, read, shown_again
from pressroom.training.preference.task import accuracy
from pressroom.training.recipe import PreferenceRecipe, VaeRecipe
from pressroom.training.run import Run
from pressroom.training.vae import room
from pressroom.training.vae.pictures import VaePictures

pytestmark = pytest.mark.train

LABELS = SOURCE.labels
Rater = Callable[[torch.Tensor], torch.Tensor]


def _row(job: int, chosen: int, rejected: list[int], **changes: Any) -> dict[str, Any]:
    return {
        "job": f"job_{job:032x}",
        "model": {"name": "mine", "version": "1", "sha256": "a" * 64},
        "seed": 500 + job,
        "input": {},
        "params": {"operation": "sample", "n": 1 + len(rejected), "guidance": 1.0, "truncation": 1.0},
        "chosen": {"n": chosen},
        "rejected": [{"n": n} for n in rejected],
        **changes,
    }


def _lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_a_choice_is_a_pair_with_each_that_was_not_chosen() -> None:
    pairs = read(_lines(_row(1, 2, [0, 1]), _row(2, 0, [1])))
    assert [(pair.chosen.n, pair.other.n) for pair in pairs] == [(2, 0), (2, 1), (0, 1)]
    assert pairs[0].chosen == Shown(501, 2, None, 1.0, 1.0)


def test_what_was_done_with_pictures_is_no_choice_among_samples() -> None:
    edit = _row(1, 0, [1], params={"operation": "edit", "n": 2})
    assert len(read(_lines(edit, _row(2, 0, [1])))) == 1
    with pytest.raises(DataMissing, match="no choice among pictures"):
        read(_lines(edit))


def test_choices_about_several_models_are_told_apart() -> None:
    other = _row(1, 0, [1], model={"name": "mine", "version": "2", "sha256": "b" * 64})
    rows = _lines(other, _row(2, 0, [1]), _row(3, 0, [1]))
    with pytest.raises(DataMissing, match=r"mine@1, mine@2.*--model"):
        read(rows)
    with pytest.raises(DataMissing, match="--model"):
        read(rows, "mine")
    assert len(read(rows, "mine@1")) == 2
    with pytest.raises(DataMissing, match="made by yours"):
        read(rows, "yours")


@pytest.mark.parametrize(
    "line",
    [
        b"what?",
        b"[]",
        b"3",
        b"{}",
        _lines(_row(1, 0, [1]))[:-20],
        b'{"job": "a", "model": null}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_choice_is_told_by_its_line(line: bytes) -> None:
    with pytest.raises(DataCorrupt, match="Line 2"):
        read(_lines(_row(1, 0, [1])) + line)


def test_jobs_are_on_one_side() -> None:
    pairs = [Pair(f"job-{n // 3}", Shown(1, n, None, 1, 1), Shown(1, n, None, 1, 1)) for n in range(900)]
    sides = {pair.job: {other.held_out for other in pairs if other.job == pair.job} for pair in pairs}
    assert all(len(side) == 1 for side in sides.values())
    assert 0.1 < np.mean([pair.held_out for pair in pairs]) < 0.3


def test_ties_are_half() -> None:
    assert accuracy(torch.tensor([1.0, -1.0, 0.0, 0.0])) == 0.5
    assert accuracy(torch.tensor([1.0, 2.0])) == 1.0


# -- a run from its base to a model of one tenant ---------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def pictures() -> Iterator[None]:
    data = Pictures(train=bars(7000), test=bars(600, 1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(idx, "load", lambda source, folder, say: data)
        yield


def _run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run for all, which takes the longest."""
    folder = tmp_path_factory.mktemp("trained")
    recipe = folder / "bars.toml"
    plan = "[plan]\nepochs = 20\nbatch = 64\nlearning_rate = 2e-3\n"
    recipe.write_text(
        f'kind = "vae"\ntitle = "Bars"\ndata = "fashion-mnist"\nlatent = 8\nhidden = [64, 64]\n{plan}',
        encoding="utf-8",
    )
    _run("train", recipe, "--out", folder / "base", "--quiet")
    return folder / "base"


@pytest.fixture
def base(tmp_path: Path, trained: Path) -> Path:
    """The test's own copy."""
    return Path(shutil.copytree(trained, tmp_path / "base"))


def _vae(folder: Path) -> Any:
    recipe = Made.read(folder).recipe
    of = recipe.base if isinstance(recipe, PreferenceRecipe) else recipe
    assert isinstance(of, VaeRecipe)
    return room.opened(of, Run(folder, lambda line: None)).vae


_SEEN = 0.01


def _lightness(pictures: torch.Tensor) -> torch.Tensor:
    """A rater who likes it light."""
    return pictures.mean(dim=(1, 2))


def _rated(folder: Path, base: Path, jobs: int = 500) -> Path:
    """What this rater's feedback is exported as."""
    network = _vae(base)
    pairs = [
        Pair(f"{job}", Shown(500 + job, 0, None, 1.0, 1.0), Shown(500 + job, 1, None, 1.0, 1.0))
        for job in range(jobs)
    ]
    sides = shown_again(network, pairs, LABELS)
    better = _lightness(sides.chosen) - _lightness(sides.other)
    # Who sees no difference says nothing.
    rows = [
        _row(job, int(by < 0), [int(by > 0)]) for job, by in enumerate(better.tolist()) if abs(by) > _SEEN
    ]
    folder.mkdir()
    (folder / FILE).write_bytes(_lines(*rows))
    return folder


def test_choices_that_were_not_shown_are_foretold_and_samples_follow_them(tmp_path: Path, base: Path) -> None:
    feedback = _rated(tmp_path / "feedback", base)
    _run("train", base, "--from-feedback", feedback, "--epochs", 30, "--quiet")
    run = tmp_path / "base-preferred"
    made = Made.read(run)
    assert made.metrics["accuracy_before"] == 0.5
    assert made.metrics["accuracy"] >= 0.75
    assert made.metrics["frechet_distance"] <= 1.3 * made.metrics["frechet_distance_before"]
    asked = torch.arange(400) % 10
    before, after = (
        float(_lightness(VaePictures(_vae(folder)).sample(asked, seed=9)).mean()) for folder in (base, run)
    )
    assert after > before
    assert {"samples.png", "curves.png", "base.pt", FILE} <= {path.name for path in run.iterdir()}


def test_a_model_from_feedback_stays_with_its_tenant(tmp_path: Path, base: Path) -> None:
    feedback = _rated(tmp_path / "feedback", base, 120)
    for folder in (base, tmp_path / "own"):
        if folder != base:
            _run("train", base, "--from-feedback", feedback, "--epochs", 1, "--out", folder, "--quiet")
        _run("evaluate", folder, "--samples", 100)
    models = tmp_path / "models"
    _run("export", base, "--name", "bars", "--out", models / "bars")
    refused = _run(
        "export", tmp_path / "own", "--name", "bars", "--version", "2", "--out", models / "x", code=1
    )
    assert "--tenant" in refused.output
    assert not (models / "x").exists()

    before = _drawn(models / "bars")
    _run(
        "export",
        tmp_path / "own",
        "--name",
        "bars",
        "--version",
        "2",
        "--tenant",
        "acme",
        "--out",
        models / "bars@2",
    )

    catalog = Catalog(tmp_path / "none", models)
    assert catalog.choose("bars@2", 0.0, "acme").tenant == "acme"
    with pytest.raises(ModelUnknown):
        catalog.choose("bars@2", 0.0, "globex")
    for draw in (0.0, 0.5, 0.99):
        assert catalog.choose("bars", draw, "globex").version == "1.0.0"
    # Another tenant's pictures are what they were, to the last bit.
    assert all(np.array_equal(one, two) for one, two in zip(before, _drawn(models / "bars"), strict=True))
    own = _drawn(models / "bars@2")
    assert not all(np.array_equal(one, two) for one, two in zip(before, own, strict=True))


def _drawn(folder: Path) -> list[Any]:
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    engine = open_image_engine(folder, manifest, provider="cpu", gather_ms=0)
    engine.warm_up()
    engine.admit(ImageGeneration(Key("a", 1), ImageParams(n=8, seed=3)))
    found: list[Any] = []
    while engine.load:
        found += [image.pixels for outcome in engine.step().outcomes for image in outcome.images]
    return found


def test_what_the_engine_drew_is_what_is_shown_again(tmp_path: Path, base: Path) -> None:
    _run("evaluate", base, "--samples", 100)
    _run("export", base, "--name", "bars", "--out", tmp_path / "bars")
    seen = _drawn(tmp_path / "bars")
    pairs = [Pair("a", Shown(3, n, None, 1.0, 1.0), Shown(3, 7 - n, None, 1.0, 1.0)) for n in range(8)]
    sides = shown_again(_vae(base), pairs, LABELS)
    for n in range(8):
        off = np.abs(np.rint(sides.chosen[n].numpy() * 255).astype(int) - seen[n])
        assert off.max() <= 1  # another sum order, at the edge of a grey level


def test_broken_off_it_goes_on_with_the_same_weights(tmp_path: Path, base: Path) -> None:
    feedback = _rated(tmp_path / "feedback", base, 120)
    train = ("train", base, "--from-feedback", feedback, "--epochs", 3, "--quiet", "--out")
    _run(*train, tmp_path / "whole")
    _run(*train, tmp_path / "again")
    _run(*train, tmp_path / "again")  # done already
    one, two = (_vae(tmp_path / name).state_dict() for name in ("whole", "again"))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_bad_beginnings_are_one_sentence_and_leave_nothing(tmp_path: Path, base: Path) -> None:
    out = tmp_path / "out"
    few = tmp_path / "few"
    few.mkdir()
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b"what?\n")
    for arguments, said in (
        ((base, "--from-feedback", broken), "Line 1"),
        ((base, "--from-feedback", few), "feedback export"),
        ((tmp_path / "nowhere", "--from-feedback", broken), "train there first"),
    ):
        result = _run("train", *arguments, "--out", out, "--quiet", code=1)
        assert said in result.output
        assert "Traceback" not in result.output
        assert not out.exists()
    (few / FILE).write_bytes(_lines(*(_row(n, 0, [1]) for n in range(3))))
    assert "let people choose more" in " ".join(
        _run("train", base, "--from-feedback", few, "--out", out, "--quiet", code=1).output.split()
    )


def test_weights_and_choices_of_another_run_are_not_taken_for_its_own(tmp_path: Path, base: Path) -> None:
    feedback = _rated(tmp_path / "feedback", base, 120)
    out = tmp_path / "out"
    _run("train", base, "--from-feedback", feedback, "--epochs", 1, "--out", out, "--quiet")
    recipe = Made.read(out).recipe
    assert isinstance(recipe, PreferenceRecipe)
    from pressroom.training.preference.room import make

    for file in ("base.pt", FILE):
        content = (out / file).read_bytes()
        (out / file).write_bytes(content + b"\n")
        with pytest.raises(DataCorrupt, match="not what this run began with"):
            make(recipe, Run(out, lambda line: None, quiet=True))
        (out / file).unlink()
        with pytest.raises(DataMissing):
            make(recipe, Run(out, lambda line: None, quiet=True))
        (out / file).write_bytes(content)


def test_only_what_can_go_on_does(tmp_path: Path) -> None:
    _run("train", "gaussian", "--out", tmp_path / "points", "--quiet")
    feedback = tmp_path / "feedback"
    feedback.mkdir()
    (feedback / FILE).write_bytes(_lines(_row(1, 0, [1])))
    result = _run("train", tmp_path / "points", "--from-feedback", feedback, code=1)
    assert "kind gaussian" in result.output
