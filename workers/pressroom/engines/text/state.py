"""What an engine remembers of each row, as a port: keys and values of all positions, or one state that moves on.

Decoder             a cache: any position can be gone back to       (``decoder``)
RecurrentDecoder    hidden and cell of an LSTM: only forward        (``recurrent``)
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.text_spec import TextSpec
from pressroom.engines.sessions import Session
from pressroom.engines.text.decoder import Decoder
from pressroom.engines.text.recurrent import RecurrentDecoder


class State(Protocol):
    """Rows (slots) that read tokens. What a call returns is overwritten by the next."""

    @property
    def can_look_ahead(self) -> bool:
        """Whether several tokens of several rows can be decoded at once, and to the last bit as one by one."""
        ...

    @property
    def can_keep(self) -> bool:
        """Whether rows can be ``read`` and written back."""
        ...

    @property
    def can_go_back(self) -> bool:
        """Whether the beginning of a row is still there when it has grown: it can be copied, and gone on from."""
        ...

    def prefill(self, slot: int, tokens: Sequence[int], start: int) -> NDArray[np.float32]:
        """Read ``tokens`` at positions ``start``.. of ``slot``; the logits (V,) after the last one. ``start`` 0 begins
        anew; else it is where the row has got to."""
        ...

    def decode(self, tokens: NDArray[np.int64], lengths: NDArray[np.int32]) -> NDArray[np.float32]:
        """Tokens (B, S) for slots 0..B-1; ``lengths`` (B,) count them all. Logits (B, S, V). If it raises, nothing has
        moved."""
        ...

    def copy(self, source: int, target: int, tokens: int) -> None:
        """The first ``tokens`` positions of a slot to another; without ``can_go_back`` that is all of them."""
        ...

    def release(self, slot: int) -> None:
        """Nobody needs what lies in the slot."""
        ...

    def read(self, slot: int, start: int, end: int) -> NDArray[Any]:
        """What is remembered of positions ``start..end``; without ``can_go_back`` ``end`` is where the row has got to."""
        ...

    def write(self, slot: int, start: int, values: NDArray[Any]) -> None:
        """Put what was read back, into any slot, at the same positions."""
        ...

    def close(self) -> None: ...


def open_state(session: Session, spec: TextSpec, slots: int, slot_tokens: int) -> State:
    """``slots`` rows of at most ``slot_tokens`` positions each, of the kind that the model has."""
    if spec.state == "recurrent":
        return RecurrentDecoder(session, spec, slots)
    return Decoder(session, spec, slots, slot_tokens)
