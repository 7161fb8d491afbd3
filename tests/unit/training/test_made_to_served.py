"""Trained, evaluated, exported: the three commands on made-up pictures, and the engine opens what comes out."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.bars import bars

from pressroom.catalog.manifest import Manifest
from pressroom.contract.params import ImageParams
from pressroom.engines.base import Ending, ImageGeneration, Key
from pressroom.engines.image.opening import open_image_engine
from pressroom.training.cli import main
from pressroom.training.data import idx
from pressroom.training.data.idx import Pictures

pytestmark = pytest.mark.train

KINDS = {
    "vae": 'likelihood = "logistic"\n[plan]\nepochs = 2\n',
    "cvae": "conditional = true\n[plan]\nepochs = 2\n",
    "gan": "channels = 4\nlatent = 4\n[plan]\nepochs = 2\n",
    "fsq": "levels = [4, 3]\nchannels = 4\nwidth = 16\nlayers = 1\nheads = 2\n[first]\nepochs = 2\n[plan]\nepochs = 2\n",
    "flow": "channels = 4\nlatent = 4\nwidth = 16\nlayers = 1\n[first]\nepochs = 2\n[plan]\nepochs = 2\n",
}


@pytest.fixture(autouse=True)
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Pictures(train=bars(5200), test=bars(600, 1))
    monkeypatch.setattr(idx, "load", lambda source, folder, say: data)


def _run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exit_code == code, result.output
    return result


def _trained(folder: Path, kind: str) -> Path:
    name = "vae" if kind == "cvae" else kind
    recipe = folder / f"{kind}.toml"
    recipe.write_text(
        f'kind = "{name}"\ntitle = "Bars <of> mine"\ndata = "fashion-mnist"\n{KINDS[kind]}', encoding="utf-8"
    )
    _run("train", recipe, "--out", folder / "run", "--quiet")
    return folder / "run"


@pytest.mark.parametrize("kind", KINDS)
def test_an_evaluation_is_numbers_and_a_page_with_its_pictures(tmp_path: Path, kind: str) -> None:
    run = _trained(tmp_path, kind)
    result = _run("evaluate", run, "--samples", 300, "--guidance", 1.5, "--guidance", 1)
    told = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    metrics = told["metrics"]
    assert (
        told["recipe_sha256"] == json.loads((run / "made.json").read_text(encoding="utf-8"))["recipe_sha256"]
    )
    assert {"frechet_distance", "frechet_floor", "precision", "recall"} <= set(metrics)
    assert ("class_accuracy" in metrics) == (kind not in ("vae", "gan"))
    assert metrics["guidance"] == (1.0 if kind in ("vae", "gan") else 1.5)
    assert ("test_psnr_db" in metrics) == (kind != "gan")
    assert ("test_bits_per_dim" in metrics) == (kind == "vae")
    for name, value in metrics.items():
        assert f"{name} {value:g}" in result.output
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Bars &lt;of&gt; mine" in page
    shown = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert "samples.png" in shown
    assert "curves.png" in shown
    assert ("first/curves.png" in shown) == (kind in ("fsq", "flow"))
    assert ("reconstructions.png" in shown) == (kind != "gan")
    assert ("latents.png" in shown) == (kind in ("vae", "cvae", "flow"))
    assert all((run / file).is_file() for file in shown)


def test_what_is_exported_the_engine_opens(tmp_path: Path) -> None:
    run, out = _trained(tmp_path, "cvae"), tmp_path / "zoo" / "mine"
    early = _run("export", run, "--name", "mine", "--out", out, code=1)
    assert "`pressroom evaluate" in early.output
    _run("evaluate", run, "--samples", 100)
    _run("export", run, "--name", "mine", "--guidance", 1.5, "--out", out)
    manifest = Manifest.model_validate_json((out / "manifest.json").read_bytes())
    assert manifest.defaults == {"guidance": 1.5}
    assert "Zalando" in (out / "LICENSE").read_text(encoding="utf-8")
    assert (out / "samples.png").read_bytes() == (run / "samples.png").read_bytes()
    assert {"test_negative_elbo_nats", "class_accuracy", "test_psnr_db"} <= set(manifest.metrics)
    engine = open_image_engine(out, manifest, provider="cpu", gather_ms=0)
    engine.admit(ImageGeneration(Key("a", 1), ImageParams(label="bag", seed=1)))
    assert engine.step().outcomes[0].ending is Ending.DONE


def test_what_no_engine_opens_is_not_exported(tmp_path: Path) -> None:
    _run("train", "gaussian", "--out", tmp_path / "run", "--quiet")
    result = _run("export", tmp_path / "run", "--name", "mine", "--out", tmp_path / "zoo", code=1)
    assert "kind gaussian" in result.output
    assert not (tmp_path / "zoo").exists()


@pytest.mark.parametrize("command", [["evaluate"], ["export", "--name", "x"]])
def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path, command: list[str]) -> None:
    result = _run(*command, tmp_path, code=1)
    assert "train there first" in result.output
    for content, said in (("no json", "cannot be read"), ("{}", "cannot be read")):
        (tmp_path / "made.json").write_text(content, encoding="utf-8")
        assert said in _run(*command, tmp_path, code=1).output
    assert [path.name for path in tmp_path.iterdir()] == ["made.json"]


def test_a_recipe_that_was_changed_afterwards_is_seen(tmp_path: Path) -> None:
    run = _trained(tmp_path, "cvae")
    told = json.loads((run / "made.json").read_text(encoding="utf-8"))
    told["recipe"]["beta"] = 9.0
    (run / "made.json").write_text(json.dumps(told), encoding="utf-8")
    assert "was changed" in _run("evaluate", run, code=1).output
    assert not (run / "report.html").exists()


def test_weights_that_are_gone_or_damaged_are_one_sentence(tmp_path: Path) -> None:
    run = _trained(tmp_path, "cvae")
    (run / "weights.pt").write_bytes((run / "weights.pt").read_bytes()[:500])
    assert "cannot be read" in _run("evaluate", run, code=1).output
    (run / "weights.pt").unlink()
    assert "weights.pt" in _run("evaluate", run, code=1).output
