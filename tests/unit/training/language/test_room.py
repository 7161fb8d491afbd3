"""From texts to a folder that the import takes, whose logits are the network's."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from pressroom.adapters.models.hf_weights import FolderModel
from pressroom.adapters.models.recurrent import RecurrentModel
from pressroom.training.exporting.errors import ParityBroken
from pressroom.training.language.folder import require_same, write_folder
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.language.lstm import Lstm, LstmConfig
from pressroom.training.language.room import make_from
from pressroom.training.language.tokens import learnt
from pressroom.training.recipe import LanguageRecipe
from pressroom.training.run import Run

pytestmark = pytest.mark.train

TEXTS = [
    f"{word}: a thing that is {how}" for how in ("red", "round", "sold", "old") for word in "abcdefghij" * 8
]


def _recipe(network: str, **changes: object) -> LanguageRecipe:
    said = {
        "kind": "language",
        "title": "t",
        "network": network,
        "vocabulary": 300,
        "context": 32,
        "embedding": 16,
        "width": 64,
        "layers": 1 if network == "lstm" else 2,
        "heads": 2,
        "plan": {
            "epochs": 20,
            "batch": 8,
            "learning_rate": 2e-2 if network == "lstm" else 1e-2,
            "warm_up_steps": 5,
        },
        **changes,
    }
    return LanguageRecipe.model_validate(said)


@pytest.mark.parametrize("network", ["lstm", "gpt"])
def test_a_recipe_becomes_a_folder_to_import(tmp_path: Path, network: str) -> None:
    said: list[str] = []
    metrics = make_from(TEXTS, _recipe(network), Run(tmp_path, said.append, quiet=True))
    assert {path.name for path in tmp_path.iterdir()} == {
        "checkpoint.pt",
        "curves.png",
        "model",
        "samples.txt",
        "tensorboard",
    }
    assert metrics["held_out_perplexity"] < 5
    assert metrics["parity"] < 1e-4
    model = FolderModel(tmp_path / "model") if network == "gpt" else RecurrentModel(tmp_path / "model")
    parts = model.tokenizer()
    assert parts.add_bos
    assert parts.end_ids
    assert "models import" in said[-1]
    lines = (tmp_path / "samples.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 12
    assert sum("a thing that is" in line for line in lines) >= 6


@pytest.mark.parametrize("network", ["lstm", "gpt"])
def test_weights_that_are_others_are_refused(tmp_path: Path, network: str) -> None:
    torch.manual_seed(0)
    tokenizer = learnt(["some text"], 300)
    size = tokenizer.get_vocab_size()
    made = Lstm(LstmConfig(size, 16, 24)) if network == "lstm" else Gpt(GptConfig(size, 32, 64, 2, 2))
    write_folder(made, tokenizer, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    name = next(name for name in weights if "hh_l0" in name or "k_proj" in name)
    weights[name] = weights[name] + 0.5
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ParityBroken, match="do not import"):
        require_same(made, tmp_path)
