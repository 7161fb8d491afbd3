"""Encoder and decoder of convolutions, which know that near pixels belong together.

    encoder   pixels, label (B, P + C) ─> (B, 1 + C, H, W) ─ /2 ─> ─ /2 ─> (B, 2 N, H/4, W/4) ─> (B, 2 Z)
    decoder   z, label (B, Z + C) ─> (B, 2 N, H/4, W/4) ─ x2 ─> ─ x2 ─> (B, N, H, W) ─> (B, P)

They take and give what the dense halves do; a label is a plane of ones to the encoder. Strides and transposed strides of 2
with kernels of 4, which divide evenly, so that no pixel is counted more often than its neighbour (Odena et al. 2016,
"Deconvolution and Checkerboard Artifacts"). N channels.
"""

from torch import Tensor, cat, nn


class Encoder(nn.Module):
    """``outputs`` numbers a picture."""

    def __init__(self, height: int, width: int, classes: int, channels: int, outputs: int) -> None:
        super().__init__()
        self.size = (height, width)
        self.layers = nn.Sequential(
            nn.Conv2d(1 + classes, channels, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(channels, 2 * channels, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(2 * channels, 2 * channels, 3, 1, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * channels * (height // 4) * (width // 4), outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.size
        pixels, label = x[:, : height * width], x[:, height * width :]
        planes = label[:, :, None, None].expand(-1, -1, height, width)  # (B, C, H, W)
        found: Tensor = self.layers(cat([pixels.view(-1, 1, height, width), planes], dim=1))
        return found


class Decoder(nn.Module):
    """``inputs`` numbers a picture."""

    def __init__(self, height: int, width: int, inputs: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, 2 * channels * (height // 4) * (width // 4)),
            nn.SiLU(),
            nn.Unflatten(1, (2 * channels, height // 4, width // 4)),
            nn.ConvTranspose2d(2 * channels, 2 * channels, 4, 2, 1),
            nn.SiLU(),
            nn.ConvTranspose2d(2 * channels, channels, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(channels, 1, 3, 1, 1),
            nn.Flatten(),
        )

    def forward(self, z: Tensor) -> Tensor:
        pixels: Tensor = self.layers(z)
        return pixels
