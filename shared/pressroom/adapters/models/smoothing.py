"""A decoder whose activations are easier to round: channels that reach far are made smaller, and the weights that
meet them larger, by the same factor. What it computes is the same.

    norm / s ──> x / s ──> W s      up / s ──> hidden / s ──> down s

Xiao et al. 2023, SmoothQuant, equation 4 with a migration strength of 1/2. The factors cost nothing at run time:
they go into the weights of the norm, or into the rows of ``up``, that make the input.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.blocks import EightBit, FourBit
from pressroom.adapters.models.geometry import Geometry
from pressroom.adapters.models.weights import EMBEDDING, HEAD, LAST_NORM, Weights

Values = NDArray[np.float32]
_TINY = np.float32(1e-5)


class SmoothedModel:
    """``model`` with smooth inputs, by their ``reach`` (see ``calibration``). Implements ``Weights``.

    A tied head becomes a matrix of its own, since an embedding is not multiplied."""

    def __init__(self, model: Weights, reach: Mapping[str, Values]) -> None:
        self._model = model
        self._columns: dict[str, Values] = {}
        self._divided: dict[str, Values] = {}
        for layer in range(model.geometry.layers):
            name = f"blk.{layer}"
            self._smooth(f"{name}.attn_norm.weight", [f"{name}.attn_{part}.weight" for part in "qkv"], reach)
            self._smooth(
                f"{name}.ffn_norm.weight", [f"{name}.ffn_{part}.weight" for part in ("gate", "up")], reach
            )
            down = f"{name}.ffn_down.weight"
            self._smooth(down, [down], reach, makes=f"{name}.ffn_up.weight")
        self._smooth(LAST_NORM, [HEAD], reach)

    @property
    def geometry(self) -> Geometry:
        return self._model.geometry

    def has(self, name: str) -> bool:
        return name == HEAD or self._model.has(name)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._model.shape(self._own(name))

    def dense(self, name: str) -> Values:
        values = self._model.dense(self._own(name))
        if (columns := self._columns.get(name)) is not None:
            values = values * columns
        if (divided := self._divided.get(name)) is not None:  # rows of a matrix, or a vector
            values = values / divided.reshape(-1, *[1] * (values.ndim - 1))
        return values

    def four_bit(self, name: str) -> FourBit | None:
        return None if self._changed(name) else self._model.four_bit(self._own(name))

    def eight_bit(self, name: str) -> EightBit | None:
        return None if self._changed(name) else self._model.eight_bit(self._own(name))

    def _smooth(
        self, source: str, meet: list[str], reach: Mapping[str, Values], makes: str | None = None
    ) -> None:
        """Divide what ``makes`` (else ``source`` itself) puts out, and multiply the columns of who ``meet`` it."""
        weights = np.max([np.abs(self._model.dense(self._own(name))).max(axis=0) for name in meet], axis=0)
        factors = np.sqrt(np.maximum(reach[source], _TINY) / np.maximum(weights, _TINY))
        factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
        self._columns.update(dict.fromkeys(meet, factors))
        made = makes or source
        self._divided[made] = self._divided[made.replace("weight", "bias")] = factors

    def _own(self, name: str) -> str:
        return EMBEDDING if name == HEAD and not self._model.has(HEAD) else name

    def _changed(self, name: str) -> bool:
        return name in self._columns or name in self._divided
