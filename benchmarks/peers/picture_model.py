"""What every peer serves: the shipped decoder, a batch of seeds at a time, and PNG files of what it draws."""

import io
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

MAX_BATCH = 64


class PictureModel:
    """As our engine runs it: one thread, batches of ``MAX_BATCH`` at most, the class and guidance of each picture its own."""

    def __init__(self, folder: str) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            str(Path(folder) / "decoder.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def files(self, seeds: list[int]) -> list[bytes]:
        """A PNG for each seed."""
        made: list[bytes] = []
        for at in range(0, len(seeds), MAX_BATCH):
            part = seeds[at : at + MAX_BATCH]
            z = np.stack([np.random.default_rng(seed).standard_normal(32, dtype=np.float32) for seed in part])
            label = np.full(len(part), 7, np.int64)
            guidance = np.full(len(part), 1.5, np.float32)
            (pixels,) = self._session.run(None, {"z": z, "label": label, "guidance": guidance})
            for picture in np.rint(pixels * 255).astype(np.uint8):
                buffer = io.BytesIO()
                large = Image.fromarray(picture).resize((112, 112), Image.Resampling.LANCZOS)
                large.save(buffer, "PNG")
                made.append(buffer.getvalue())
        return made
