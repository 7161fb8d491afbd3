"""What every network that makes pictures is to workers: one graph of noise, class and guidance.

    decoder.onnx   z (B, Z) float32 of N(0, 1), label (B,) int64, guidance (B,) float32 → pixels (B, H, W) in [0, 1]

All that a network draws at random is made of ``z``, so that a picture is a function of its seed, however many steps the way
to it has. Every row has its own class and guidance: one run serves a micro-batch of different requests.
"""

import torch
from torch import Tensor, nn

from pressroom.training.exporting.onnx_file import Graph

MEANINGS = {
    "z": "latents, of N(0, 1)",
    "label": "number of the class, from 0; one more than the last is none",
    "guidance": "how much the picture leans towards its class: 0 not at all, 1 as learnt",
    "pixels": "grey values from 0, black, to 1, white",
}


def sampler_graph(sampler: nn.Module, *, latent: int, classes: int) -> Graph:
    """``sampler(z, label, guidance)``, which looks at all three, as the file that workers draw with. It is not trained any more
    from here on."""
    sampler.requires_grad_(False)

    def example(rows: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        return (
            torch.randn(rows, latent, generator=generator),
            torch.randint(0, classes + 1, (rows,), generator=generator),
            torch.rand(rows, generator=generator) * 4,
        )

    return Graph("decoder", sampler, ("z", "label", "guidance"), ("pixels",), example, MEANINGS)
