"""The encoder's session: a picture's latent, and how far it may be moved. One picture a run: its latent is nobody else's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.sessions import Session

Floats = NDArray[np.float32]


class Encoder:
    """Pixels to latents. A graph may ask for the class beside the picture."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, pixels: Floats, label: int) -> tuple[Floats, Floats]:
        """(H, W[, 3]) → the latent's mean (Z,), and its spread (Z,): how far is far, in each number. Raises ArithmeticError."""
        feeds: dict[str, NDArray[Any]] = {"pixels": pixels[None], "label": np.array([label], np.int64)}
        out = dict(
            zip(
                self._session.outputs,
                self._session.run({name: feeds[name] for name in self._session.inputs}),
                strict=True,
            )
        )
        mean: Floats = out["mean"][0]
        spread: Floats = out["spread"][0] if "spread" in out else np.ones_like(mean)
        if not np.isfinite(mean).all() or not np.isfinite(spread).all():
            raise ArithmeticError("the encoder gave latents that are no numbers")
        return mean, spread
