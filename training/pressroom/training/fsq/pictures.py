"""Both stages as one thing that makes pictures."""

import torch
from torch import Tensor

from pressroom.training.fsq.model import Fsq, FsqConfig
from pressroom.training.fsq.tasks import sample_codes
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
        made = []
        for at in range(0, len(labels), _AT_ONCE):
            codes = sample_codes(
                self.gpt,
                labels[at : at + _AT_ONCE],
                kinds=self.fsq.config.codes,
                classes=self.classes,
                places=self.fsq.config.places,
                guidance=guidance,
                seed=seed * 1_000_003 + at,
            )
            made.append(torch.sigmoid(self.fsq.decode(codes)))
        return torch.cat(made)

    def weights(self) -> dict[str, dict[str, Tensor]]:
        return {"autoencoder": self.fsq.state_dict(), "prior": self.gpt.state_dict()}

    def load(self, weights: dict[str, dict[str, Tensor]]) -> None:
        self.fsq.load_state_dict(weights["autoencoder"])
        self.gpt.load_state_dict(weights["prior"])
