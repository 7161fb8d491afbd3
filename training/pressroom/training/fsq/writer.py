"""Codes are written: a place after the other, each with dice that somebody else has thrown.

    class ─> token ─> logits ─ none + w (asked − none) ─> chances ─ dice ─> code ─> token of the next place …

A text of codes is so a function of its dice, in training, in evaluation and in what is exported. Everything is read twice, once
as if no class had been asked for, which guidance needs (Ho and Salimans 2022, section 3.2).

Shapes: B texts, P places, K kinds of codes.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pressroom.training.language.gpt import Gpt, Place, angles

Carried = tuple[Tensor, Tensor, Tensor]
"""From place to place: tokens to read (2 B,), keys and values of what was read."""

Given = tuple[Tensor, Tensor, Tensor, Tensor]
"""To a place: dice (B,), its row among all (P,), its angles' cosine and sine."""

Turn = Callable[[Carried, Given], tuple[Carried, Tensor]]
Turns = Callable[[Turn, Carried, Given], tuple[Carried, Tensor]]


def one_by_one(turn: Turn, carried: Carried, given: Given) -> tuple[Carried, Tensor]:
    """A turn for each place: what is given has P places first; what they say is put together, (P, B)."""
    said = []
    for here in zip(*given, strict=True):
        carried, code = turn(carried, here)
        said.append(code)
    return carried, torch.stack(said)


class Writer(nn.Module):
    """The model reads a class, number ``kinds`` and on, then codes. Class number ``classes`` is none."""

    def __init__(self, gpt: Gpt, *, kinds: int, classes: int, places: int, turns: Turns = one_by_one) -> None:
        super().__init__()
        self.gpt, self.kinds, self.classes, self.places, self._turns = gpt, kinds, classes, places, turns

    def forward(self, dice: Tensor, labels: Tensor, guidance: Tensor) -> Tensor:
        """(B, P) in [0, 1), (B,), (B,) → codes (B, P): at each place the first at which the chances add up to more than its
        number."""
        config = self.gpt.config
        width = config.width // config.heads
        none = torch.full_like(labels, self.classes)
        read = self.kinds + torch.cat([labels, none])  # (2 B,)
        store = dice.new_zeros(config.layers, read.shape[0], config.heads, self.places, width)

        def turn(carried: Carried, given: Given) -> tuple[Carried, Tensor]:
            read, keys, values = carried
            thrown, *here = given
            logits, keys, values = self.gpt.read_one(read, Place(*here), keys, values)
            # (B, K) each; a class is never said.
            asked, free = logits[:, : self.kinds].unflatten(0, (2, -1))
            chances = (free + guidance[:, None] * (asked - free)).softmax(-1)
            over = chances.cumsum(-1) > thrown[:, None]
            # Sums of rounded chances may end a little below 1.
            code = (~over).sum(-1).clamp(max=self.kinds - 1)  # (B,)
            return (torch.cat([code, code]), keys, values), code

        given = (dice.T, torch.eye(self.places), *angles(self.places, width, dice.device))
        _, codes = self._turns(turn, (read, store, store.clone()), given)
        return codes.T
