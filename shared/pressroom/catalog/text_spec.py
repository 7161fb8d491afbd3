"""``text.json`` of a built text model: what an engine must know besides the weights.

Written by the build, read by the text engine. The folder of a built model:

    manifest.json   tokenizer.json   text.json
    model-<variant>.onnx (+ .data)   model-<variant>.built.json (written last: the build is whole)
    model-<variant>.kernels.onnx     for workers with kernels of their own; i8 has weights of its own there (.data)
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SPEC_FILE = "text.json"
TOKENIZER_FILE = "tokenizer.json"


class TextSpec(BaseModel):
    """Geometry of the key/value cache, tokens with a meaning, and the chat template."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str
    context: int = Field(ge=1, description="Positions of the rotary tables.")
    vocab: int
    state: Literal["keys_values", "recurrent"] = Field(
        "keys_values", description="What is remembered of a text: all positions, or one state that moves on."
    )
    layers: int
    kv_heads: int
    head_size: int
    pieces: Literal["byte_level", "sentencepiece"] = Field(description="How token strings spell bytes.")
    add_bos: bool = Field(description="Whether a plain prompt begins with the bos token.")
    bos_id: int | None
    end_ids: tuple[int, ...] = Field(description="Tokens that end an output.")
    control_tokens: dict[int, str] = Field(description="Tokens that no user text may spell.")
    chat_template: str | None

    def row_bytes(self, tokens: int, head_bytes: int | None = None) -> int:
        """What a row of so many positions takes; ``head_bytes`` as below."""
        if self.state == "recurrent":
            return 2 * self.layers * self.head_size * 4
        return tokens * self.cache_bytes_per_token(head_bytes)

    def cache_bytes_per_token(self, head_bytes: int | None = None) -> int:
        """Keys and values of all layers for one position. ``head_bytes``: what one key of one head takes; four a
        number unless told."""
        return 2 * self.layers * self.kv_heads * (4 * self.head_size if head_bytes is None else head_bytes)


def graph_file(variant: str, *, kernels: bool = False) -> str:
    return f"model-{variant}.kernels.onnx" if kernels else f"model-{variant}.onnx"


def built_file(variant: str) -> str:
    return f"model-{variant}.built.json"


def read_text_spec(folder: Path) -> TextSpec:
    """Raises ``OSError`` if there is none, and pydantic's ``ValidationError`` if it is not one."""
    return TextSpec.model_validate_json((folder / SPEC_FILE).read_text(encoding="utf-8"))
