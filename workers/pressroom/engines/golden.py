"""Golden outputs: a few inputs and what the trained network made of them, which travel with a model. With them anyone can
hold a file, a runtime or a machine against the network itself, without having it.

Keys of ``golden.npz`` are ``ROLE/in/NAME`` and ``ROLE/out/NAME``.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pressroom.engines.sessions import Provider, open_session

FILE = "golden.npz"


def largest_difference(folder: Path, files: Mapping[str, str], provider: Provider = Provider.CPU) -> float:
    """Largest |file - golden| / max(1, |golden|) of a folder's graphs, which ``files`` names by role; infinite where shapes
    differ. Raises EngineUnavailable and OSError."""
    worst = 0.0
    with np.load(folder / FILE) as golden:
        for role, file in files.items():
            session = open_session(folder / file, provider)
            feeds = {name: golden[f"{role}/in/{name}"] for name in session.inputs}
            for name, got in zip(session.outputs, session.run(feeds), strict=True):
                want = golden[f"{role}/out/{name}"]
                if got.shape != want.shape:
                    return float("inf")
                worst = max(worst, float(np.max(np.abs(got - want) / np.maximum(1, np.abs(want)))))
    return worst
