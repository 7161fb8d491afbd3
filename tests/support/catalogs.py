"""A catalog of made-up models, and a built text model's tokenizer, for tests that need no weights."""

from pathlib import Path
from typing import Any

from pressroom.catalog.catalog import Catalog
from pressroom.catalog.manifest import File, ImageTraits, Manifest, ReadingTraits, TextTraits
from pressroom.catalog.text_spec import SPEC_FILE, TOKENIZER_FILE, TextSpec

LABELS = ("sneaker", "bag", "boot")

WRITER = Manifest(
    name="writer",
    version="1",
    kind="text",
    title="Writer",
    description="Writes.",
    licence="Apache-2.0",
    origin="made up",
    sha256="a" * 64,
    text=TextTraits(context=100, variants=("q8",)),
    defaults={"max_tokens": 20, "temperature": 0.5},
)
PAINTER = Manifest(
    name="painter",
    version="2",
    kind="image",
    title="Painter",
    description="Paints.",
    licence="Apache-2.0",
    origin="made up",
    sha256="b" * 64,
    files=(File(path="decoder.onnx", sha256="d" * 64, bytes=1),),
    image=ImageTraits(
        labels=LABELS, height=28, width=28, channels=1, latent=8, files={"decoder": "decoder.onnx"}
    ),
)
RETOUCHER = PAINTER.model_copy(
    update={
        "name": "retoucher",
        "sha256": "c" * 64,
        "files": tuple(
            File(path=path, sha256="d" * 64, bytes=1)
            for path in ("decoder.onnx", "encoder.onnx", "attributes.npz")
        ),
        "image": ImageTraits(
            operations=("sample", "reconstruct", "variation", "interpolate", "edit", "inpaint"),
            labels=LABELS,
            attributes=("light", "wide"),
            height=28,
            width=28,
            channels=1,
            latent=8,
            files={"decoder": "decoder.onnx", "encoder": "encoder.onnx", "attributes": "attributes.npz"},
        ),
    }
)
ENLARGER = PAINTER.model_copy(
    update={
        "name": "enlarger",
        "sha256": "e" * 64,
        "image": ImageTraits(
            operations=("upscale",),
            height=88,
            width=88,
            channels=3,
            times=4,
            files={"upscaler": "decoder.onnx"},
        ),
    }
)
ICONS = PAINTER.model_copy(
    update={
        "name": "icons",
        "sha256": "f" * 64,
        "image": ImageTraits(
            operations=("icon",), height=24, width=24, channels=3, files={"icons": "decoder.onnx"}
        ),
    }
)

EMBEDDER = Manifest(
    name="embedder",
    version="1",
    kind="embedding",
    title="Embedder",
    description="Tells vectors.",
    licence="Apache-2.0",
    origin="made up",
    sha256="1" * 64,
    reading=ReadingTraits(
        context=16, dimensions=8, files={"reader": "reader.onnx", "tokenizer": "tokenizer.json"}
    ),
)
MODERATOR = EMBEDDER.model_copy(
    update={
        "name": "moderator",
        "kind": "moderation",
        "sha256": "2" * 64,
        "reading": ReadingTraits(
            context=1_000, categories=("profanity",), files={"reader": "reader.onnx", "words": "words.json"}
        ),
    }
)

# ChatML, as the default model has it, without its default system message.
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def save(manifest: Manifest, folder: Path) -> Path:
    """Lay a manifest down; its folder."""
    home = folder / manifest.name
    home.mkdir(parents=True, exist_ok=True)
    (home / "manifest.json").write_text(manifest.model_dump_json())
    return home


def catalog(folder: Path) -> Catalog:
    """The writer and the painter."""
    for manifest in (WRITER, PAINTER):
        save(manifest, folder)
    return Catalog(folder, folder / "none", look_again_s=0)


def build_tokenizer(models_dir: Path, name: str = "writer", **changes: Any) -> Path:
    """``tokenizer.json`` and ``text.json`` of a model whose tokens are words and single characters."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    home = models_dir / name
    home.mkdir(parents=True, exist_ok=True)
    # The control tokens 1 and 2 are none of the words: only cutting them out of a text finds them.
    vocabulary = {"<unk>": 0, "word": 3, "system": 4, "user": 5}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(home / TOKENIZER_FILE))
    spec: dict[str, Any] = {
        "architecture": "llama",
        "context": 100,
        "vocab": len(vocabulary),
        "layers": 1,
        "kv_heads": 1,
        "head_size": 8,
        "pieces": "byte_level",
        "add_bos": False,
        "bos_id": 1,
        "end_ids": (2,),
        "control_tokens": {1: "<|im_start|>", 2: "<|im_end|>"},
        "chat_template": TEMPLATE,
    }
    (home / SPEC_FILE).write_text(TextSpec(**{**spec, **changes}).model_dump_json())
    return home
