"""Both stages as one thing that makes pictures."""

import torch
from torch import Tensor

from pressroom.training.fsq.model import Fsq, FsqConfig
from pressroom.training.fsq.writer import Turns, Writer, one_by_one
from pressroom.training.language.gpt import Gpt, GptConfig
from pressroom.training.recipe import FsqRecipe

_AT_ONCE = 500


class CodedPictures:
    """Implements ``PictureModel``: classes become codes become pictures."""

    def __init__(self, fsq: Fsq, gpt: Gpt, classes: int) -> None:
        self.fsq, self.gpt, self.classes = fsq.eval(), gpt.eval(), classes

    @classmethod
    def of(cls, recipe: FsqRecipe, height: int, width: int, classes: int) -> "CodedPictures":
        """As it is before anything was learnt."""
        fsq = Fsq(FsqConfig(height, width, recipe.levels, recipe.channels))
        # After the codes: a token a class, and one for none.
        vocabulary = fsq.config.codes + classes + 1
        sizes = GptConfig(
            vocabulary, fsq.config.places, recipe.width, recipe.layers, recipe.heads, recipe.dropout
        )
        return cls(fsq, Gpt(sizes), classes)

    @torch.no_grad()
    def encode(self, pixels: Tensor) -> Tensor:
        """(N, H, W) → (N, P)."""
        return torch.cat([self.fsq.encode(part) for part in pixels.split(_AT_ONCE)])

    @torch.no_grad()
    def reconstructed(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """(N, H, W) in [0, 1] → the same from codes alone."""
        return torch.cat([torch.sigmoid(self.fsq(part)) for part in pixels.split(_AT_ONCE)])

    @torch.no_grad()
    def sample(self, labels: Tensor, *, guidance: float = 1.0, seed: int = 0) -> Tensor:
        """(N,) → (N, H, W) in [0, 1]."""
        dice = torch.rand(len(labels), self.fsq.config.places, generator=torch.Generator().manual_seed(seed))
        made = []
        for thrown, asked in zip(dice.split(_AT_ONCE), labels.split(_AT_ONCE), strict=True):
            made.append(self.written(thrown, asked, torch.full(asked.shape, guidance)))
        return torch.cat(made)

    def written(self, dice: Tensor, labels: Tensor, guidance: Tensor) -> Tensor:
        """(B, P) in [0, 1), (B,), (B,) → (B, H, W) in [0, 1]; see ``writer``."""
        return torch.sigmoid(self.fsq.decode(self.writer()(dice, labels, guidance)))

    def writer(self, turns: Turns = one_by_one) -> Writer:
        """Writes codes of classes; ``turns`` goes from place to place."""
        sizes = self.fsq.config
        return Writer(self.gpt, kinds=sizes.codes, classes=self.classes, places=sizes.places, turns=turns)

    def weights(self) -> dict[str, dict[str, Tensor]]:
        return {"autoencoder": self.fsq.state_dict(), "prior": self.gpt.state_dict()}

    def load(self, weights: dict[str, dict[str, Tensor]]) -> None:
        self.fsq.load_state_dict(weights["autoencoder"])
        self.gpt.load_state_dict(weights["prior"])
