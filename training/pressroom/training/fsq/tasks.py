"""Both stages under the loop: an autoencoder, then a language model of its codes that is told the class."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from pressroom.training.fsq.model import Fsq
from pressroom.training.language.gpt import Gpt
from pressroom.training.language.task import adam
from pressroom.training.loop.task import Now, OneLoss
from pressroom.training.vae.likelihood import bernoulli

HELD_OUT = 5_000
"""The last pictures of the training set are never trained on: they choose the epochs that are kept."""

_AT_ONCE = 500


class AutoencoderTask(OneLoss):
    """``pixels`` (N, H, W) in [0, 1]."""

    def __init__(self, network: Fsq, pixels: Tensor, *, held_out: int = HELD_OUT) -> None:
        super().__init__(network, torch.optim.Adam(network.parameters()))
        self.fsq, self._pixels, self._fit = network, pixels, len(pixels) - held_out

    @property
    def rows(self) -> int:
        return self._fit

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        pixels = self._pixels[rows]
        return {"loss": bernoulli(self.fsq(pixels), pixels).mean()}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """Nats a picture to make it again, and the share of the codes that held-out pictures use."""
        self.fsq.eval()
        total, used = 0.0, torch.zeros(self.fsq.config.codes, dtype=torch.bool)
        for part in self._pixels[self._fit :].split(_AT_ONCE):
            codes = self.fsq.encode(part)
            used[codes.unique()] = True
            total += float(bernoulli(self.fsq.decode(codes), part).sum())
        nats = total / (len(self._pixels) - self._fit)
        return {"score": nats, "loss": nats, "codes_used": float(used.float().mean())}


class PriorTask(OneLoss):
    """``codes`` (N, P), ``labels`` (N,). The model reads a class, then the codes; in place of one class in ten it reads that
    none was asked for, so that both can be mixed later (Ho and Salimans 2022)."""

    most_gradient = 1.0

    def __init__(
        self,
        network: Gpt,
        codes: Tensor,
        labels: Tensor,
        *,
        kinds: int,
        classes: int,
        label_dropout: float = 0.1,
        held_out: int = HELD_OUT,
    ) -> None:
        super().__init__(network, adam(network))
        self.gpt = network
        self._codes, self._labels, self._fit = codes, labels, len(codes) - held_out
        self._kinds, self._classes, self._label_dropout = kinds, classes, label_dropout

    @property
    def rows(self) -> int:
        return self._fit

    def losses(self, rows: Tensor, now: Now) -> Mapping[str, Tensor]:
        labels = self._labels[rows]
        dropped = torch.rand(len(rows)) < self._label_dropout
        return {"loss": self._cost(self._codes[rows], labels.masked_fill(dropped, self._classes)).mean()}

    @torch.no_grad()
    def score(self) -> Mapping[str, float]:
        """Nats a code of the pictures that were held out, their class known."""
        self.gpt.eval()
        parts = [
            self._cost(codes, labels)
            for codes, labels in zip(
                self._codes[self._fit :].split(_AT_ONCE),
                self._labels[self._fit :].split(_AT_ONCE),
                strict=True,
            )
        ]
        nats = float(torch.cat(parts).mean())
        return {"score": nats, "loss": nats}

    def _cost(self, codes: Tensor, labels: Tensor) -> Tensor:
        """(B, P), (B,) → (B, P): −ln P of each code given the class and those before it."""
        read = torch.cat([(self._kinds + labels)[:, None], codes[:, :-1]], dim=1)  # (B, P)
        logits = self.gpt(read)[..., : self._kinds]  # a class is never said
        return F.cross_entropy(logits.flatten(0, 1), codes.flatten(), reduction="none").view_as(codes)
