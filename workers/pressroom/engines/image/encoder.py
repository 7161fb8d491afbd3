"""The encoder's session: a picture's latent. One picture a run, so that it does not depend on anybody else's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pressroom.engines.sessions import Session

Floats = NDArray[np.float32]


class Encoder:
    """Pixels to latents. A graph may ask for the class beside the picture."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, pixels: Floats, label: int) -> Floats:
        """(H, W[, 3]) → the latent's mean (Z,). Raises ArithmeticError."""
        feeds: dict[str, NDArray[Any]] = {"pixels": pixels[None], "label": np.array([label], np.int64)}
        told = self._session.run({name: feeds[name] for name in self._session.inputs})
        mean: Floats = told[self._session.outputs.index("mean")][0]
        if not np.isfinite(mean).all():
            raise ArithmeticError("the encoder gave latents that are no numbers")
        return mean
