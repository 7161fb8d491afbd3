"""A model of latents, such as a VAE: a decoder, and for what is done with pictures its encoder and directions of attributes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pressroom.catalog.manifest import ImageTraits
from pressroom.contract.params import ImageParams
from pressroom.engines.base import GenerationFailed, ImageGeneration, NotOffered
from pressroom.engines.image.decoder import Decoder
from pressroom.engines.image.encoder import Encoder
from pressroom.engines.image.fitting import Frame
from pressroom.engines.image.latents import drawn_label, latent
from pressroom.engines.image.plans import (
    Changes,
    Floats,
    Inpainting,
    LatentRow,
    Reconstruction,
    Samples,
    Way,
    turned,
)
from pressroom.engines.image.studio import Plan


class LatentStudio:
    """Implements ``Studio``. ``attributes``: name to the move (Z,) of a latent that is one standard deviation of it."""

    def __init__(
        self,
        decoder: Decoder,
        traits: ImageTraits,
        *,
        name: str,
        encoder: Encoder | None = None,
        attributes: Mapping[str, NDArray[np.float32]] | None = None,
    ) -> None:
        self._decoder = decoder
        self._traits = traits
        self._name = name
        self._encoder = encoder
        self._attributes = attributes or {}
        self._frame = Frame(traits.height, traits.width, traits.channels)

    @property
    def largest(self) -> int:
        return self._decoder.largest

    @property
    def sizes(self) -> tuple[int, ...]:
        return self._decoder.sizes

    def verify(self) -> None:
        self._decoder.verify()

    def draw(self, rows: Sequence[LatentRow]) -> Sequence[Floats]:
        pixels = self._decoder.run(
            z=np.stack([row.z for row in rows]),
            label=np.array([row.label for row in rows], dtype=np.int64),
            guidance=np.array([row.guidance for row in rows], dtype=np.float32),
        )
        if not np.isfinite(pixels).all():
            raise ArithmeticError("it gave pixels that are no numbers")
        return list(pixels)

    def plan(self, generation: ImageGeneration) -> Plan[LatentRow]:
        params = generation.params
        self._check(params)
        if params.operation == "sample":
            return Samples(params, self._traits.latent, lambda n: self._label_of(params, n), self._named)
        try:
            return self._with_pictures(generation)
        except ArithmeticError as error:
            raise GenerationFailed(f"the model failed on this picture: {error}. Try another one.") from error

    def _with_pictures(self, generation: ImageGeneration) -> Plan[LatentRow]:
        params, pictures = generation.params, generation.pictures
        frame, size, seed = self._frame, self._traits.latent, params.seed or 0
        classes = self._traits.labels
        asked = (classes.index(params.label),) if params.label is not None else tuple(range(len(classes)))
        if params.operation == "inpaint":
            assert generation.mask is not None
            return Inpainting(
                picture=pictures[0],
                mask=generation.mask,
                frame=frame,
                encode=self._encode,
                seed=seed,
                size=size,
                count=params.n,
                labels=asked or (0,),
                named=self._named,
            )
        seen = [frame.seen(picture) for picture in pictures]
        if params.operation == "interpolate":
            # Of no class, which is the one that all pictures share.
            label = asked[0] if len(asked) == 1 else len(classes)
            ends = [self._encode(each, label) for each in seen]
            return Way((seen[0], seen[1]), (ends[0], ends[1]), params.n, label, params.label)
        label = self._class_of(seen[0], asked)
        z = self._encode(seen[0], label)
        named = self._named(label)
        match params.operation:
            case "reconstruct":
                return Reconstruction(z, label, named)
            case "variation":

                def moved(n: int) -> Floats:
                    return turned(z, latent(seed, n, size), params.strength)
            case _:
                direction = self._attributes[params.attribute or ""]

                def moved(n: int) -> Floats:
                    # Several are a row from a little of it to all of it.
                    return (z + np.float32(params.strength * (n + 1) / params.n) * direction).astype(
                        np.float32
                    )

        return Changes(pictures[0], frame, z, moved, params.n, label, named)

    def _class_of(self, seen: Floats, labels: tuple[int, ...]) -> int:
        """As which of these classes the model sees a picture: the one that it draws again with the least error."""
        if len(labels) < 2:
            return labels[0] if labels else 0
        again = self.draw([LatentRow(self._encode(seen, label), label) for label in labels])
        return min(zip(labels, again, strict=True), key=lambda each: float(np.square(each[1] - seen).sum()))[
            0
        ]

    def _check(self, params: ImageParams) -> None:
        """Raises NotOffered."""
        if params.operation not in self._traits.operations:
            offered = ", ".join(self._traits.operations)
            raise NotOffered(f"{self._name} does not {params.operation}: it offers {offered}.")
        if params.label is not None and params.label not in self._traits.labels:
            known = ", ".join(self._traits.labels)
            use = f"use one of {known}" if known else "it knows no classes, so leave the label away"
            raise NotOffered(f"{self._name} has no label {params.label!r}: {use}.")
        if params.operation == "edit" and params.attribute not in self._attributes:
            raise NotOffered(
                f"{self._name} has no attribute {params.attribute!r}: use one of {', '.join(self._attributes)}."
            )

    def _encode(self, seen: Floats, label: int) -> Floats:
        assert self._encoder is not None  # the manifest's operations say so
        return self._encoder.run(seen, label)

    def _label_of(self, params: ImageParams, n: int) -> int:
        labels = self._traits.labels
        if not labels:
            return 0
        if params.label is None:
            return drawn_label(params.seed or 0, n, len(labels))
        return labels.index(params.label)

    def _named(self, label: int) -> str | None:
        return self._traits.labels[label] if label < len(self._traits.labels) else None
