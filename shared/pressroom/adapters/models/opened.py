"""Published files of a model, opened by what they are: a GGUF file, a folder of a decoder, a folder of an LSTM."""

from pathlib import Path

from pressroom.adapters.models.errors import ModelError
from pressroom.adapters.models.files import read_json
from pressroom.adapters.models.gguf_weights import GgufModel
from pressroom.adapters.models.hf_weights import CONFIG, FolderModel
from pressroom.adapters.models.recurrent import MODEL_TYPE, RecurrentModel


def opened_folder(path: Path) -> FolderModel | RecurrentModel:
    """Raises ``UnsupportedModel``."""
    recurrent = read_json(path / CONFIG).get("model_type") == MODEL_TYPE
    return RecurrentModel(path) if recurrent else FolderModel(path)


def opened_file(path: Path) -> GgufModel:
    """Raises ``UnsupportedModel``, and ``ModelError`` for what is no model's file."""
    if not path.is_file():
        raise ModelError(f"There is no {path}. Give the path of a .gguf file, or of a model's folder.")
    if path.suffix == ".safetensors":
        raise ModelError(
            f"{path.name} is one file of a model. Give its folder, with config.json and tokenizer.json."
        )
    return GgufModel(path)
