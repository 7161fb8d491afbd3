"""What a decoder is, without its numbers: sizes, and what each layer does otherwise than the others.

All shapes that can be imported are one family, and differ in what is named here or seen from a tensor that is there
or is not: biases, norms of heads, norms behind a branch (``shape_of``).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.errors import UnsupportedModel


class Activation(StrEnum):
    """What the gate goes through."""

    SILU = "silu"
    GELU = "gelu"  # its tanh approximation


@dataclass(frozen=True, slots=True)
class Rope:
    """A rotary embedding (Su et al. 2021, RoFormer, section 3.2.2): angle = position x ``inverse``, radians.

    ``inverse`` has a number for each pair of a head that turns; cos and sin are multiplied by ``magnitude``."""

    inverse: tuple[float, ...]
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class LayerShape:
    """``rope``: which of the geometry's turns its queries and keys; None turns nothing. ``window``: how many
    positions a query sees, its own included; 0: all."""

    rope: int | None = 0
    window: int = 0


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of a decoder. ``rotary_pairs``: rows of q and k lie as neighbouring pairs, not as two halves.

    ``context`` is what the rotary embedding is good for; ``embed_scale`` multiplies embeddings, ``score_scale`` the
    products of queries and keys."""

    architecture: str
    width: int
    heads: int
    kv_heads: int
    head_size: int
    hidden: int
    vocab: int
    epsilon: float
    context: int
    ropes: tuple[Rope, ...]
    of_layer: tuple[LayerShape, ...]
    score_scale: float
    embed_scale: float = 1.0
    activation: Activation = Activation.SILU
    rotary_pairs: bool = False

    @property
    def layers(self) -> int:
        return len(self.of_layer)

    @property
    def plain(self) -> bool:
        """Whether all layers see all positions, and turn alike."""
        return len(self.ropes) == 1 and all(each == LayerShape() for each in self.of_layer)

    def head_order(self) -> NDArray[np.int64]:
        """Where each row of a head is taken from, (hd,), so that its pairs are row i and row i + hd/2.

        Rows that do not turn become pairs behind those that do; products of queries and keys stay as they are."""
        rows = np.arange(self.head_size, dtype=np.int64)
        if self.rotary_pairs:
            return rows.reshape(-1, 2).T.reshape(-1)
        turned = 2 * len(self.ropes[0].inverse) if self.ropes else 0
        first, second = rows[:turned].reshape(2, -1)
        still = rows[turned:].reshape(2, -1)
        return np.concatenate([first, still[0], second, still[1]])


def checked(geometry: Geometry) -> Geometry:
    """Itself. Raises ``UnsupportedModel`` for sizes that do not fit together, or that no kernel takes."""
    turned = {len(rope.inverse) for rope in geometry.ropes}
    if geometry.head_size < 8 or geometry.head_size % 8 or any(2 * n > geometry.head_size for n in turned):
        raise UnsupportedModel(
            f"Heads of {geometry.head_size} numbers are not supported, only multiples of 8."
        )
    if len(turned) > 1 or (geometry.rotary_pairs and turned != {geometry.head_size // 2}):
        raise UnsupportedModel(
            "Layers whose rotary embedding covers different parts of a head are not supported."
        )
    if geometry.kv_heads < 1 or geometry.heads % geometry.kv_heads:
        raise UnsupportedModel(
            f"{geometry.heads} heads cannot share {geometry.kv_heads} heads of keys and values evenly."
        )
    if min(geometry.layers, geometry.width, geometry.hidden, geometry.vocab, geometry.context) < 1:
        raise UnsupportedModel("The model's sizes are not whole: one of them is zero. Download it again.")
    return geometry
