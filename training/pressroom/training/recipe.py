"""Recipes: what `pressroom train NAME` makes, as small typed files in ``recipes/``.

    name.toml ──> one of the kinds below ──> its room makes it (``commands.make``)

A recipe's hash is that of everything in it: a model's manifest names it, and a checkpoint belongs to it.

    RecipeError
    ├── RecipeUnknown    recipe_unknown    there is none of this name
    └── RecipeInvalid    recipe_invalid    the file does not say what its kind wants
"""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from pressroom.training.loop.plan import Plan

FOLDER = Path(__file__).with_name("recipes")
STAGES = ("first", "plan")
"""Where a recipe has its plans; another budget is that of each."""


class RecipeError(Exception):
    """Base of what can be wrong with a recipe. ``code`` is stable; the message says what to do."""

    code = "recipe_error"


class RecipeUnknown(RecipeError):
    code = "recipe_unknown"


class RecipeInvalid(RecipeError):
    code = "recipe_invalid"


class Recipe(BaseModel):
    """What every kind has. ``title`` is one line for people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    LATER: ClassVar[frozenset[str]] = frozenset()
    """Fields that came when recipes had hashes already: they count where they say something, so that older hashes stay."""

    kind: str
    title: str = Field(min_length=1)

    def digest(self) -> str:
        """sha256 of all that it says, but for the title, which changes nothing."""
        silent = {name for name in self.LATER if getattr(self, name) == type(self).model_fields[name].default}
        said = self.model_dump_json(exclude={"title", *silent})
        return hashlib.sha256(said.encode()).hexdigest()


class GaussianRecipe(Recipe):
    """Points in the plane, drawn in two steps: the article's first sampler."""

    kind: Literal["gaussian"]
    mean: tuple[float, float]
    covariance: tuple[tuple[float, float], tuple[float, float]]
    points: int = Field(ge=2)
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _is_a_covariance(self) -> Self:
        (a, b), (c, d) = self.covariance
        if b != c or a < 0 or a * d < b * c:
            raise ValueError("covariance must be symmetric, and no direction may have a negative variance")
        return self


class VaeRecipe(Recipe):
    """A variational autoencoder of pictures."""

    kind: Literal["vae"]
    data: Literal["mnist", "fashion-mnist"]
    conditional: bool = Field(False, description="Whether encoder and decoder are shown the class.")
    hidden: tuple[int, int] = (256, 512)
    channels: int = Field(
        0, ge=0, description="Of convolutions in place of the hidden layers; 0: there are none."
    )
    latent: int = Field(32, ge=1)
    likelihood: Literal["bernoulli", "gaussian", "logistic"] = Field(
        "bernoulli", description="Of the pixels; see ``vae/likelihood.py``."
    )
    beta: float = Field(1.0, gt=0, description="Of the KL; above 1 latents stay closer to the prior.")
    kl_warm_up_steps: int = Field(0, ge=0, description="So long the KL's weight rises to beta.")
    free_nats: float = Field(0.0, ge=0, description="Of KL a latent, which cost nothing.")
    label_dropout: float = Field(
        0.1, ge=0, lt=1, description="How often a conditional decoder sees no class."
    )
    activation: Literal["relu", "silu"] = Field("relu", description="Of hidden layers that are dense.")
    optimiser: Literal["adam", "muon"] = "adam"
    plan: Plan

    LATER: ClassVar[frozenset[str]] = frozenset({"activation", "optimiser"})


class GanRecipe(Recipe):
    """A generative adversarial network of pictures."""

    kind: Literal["gan"]
    data: Literal["mnist", "fashion-mnist"]
    latent: int = Field(64, ge=2)
    channels: int = Field(32, ge=1)
    penalty: float = Field(1.0, ge=0, description="γ of R1, which lets the game come to rest; 0: none.")
    plan: Plan


class FsqRecipe(Recipe):
    """Pictures as codes, and a language model of the codes."""

    kind: Literal["fsq"]
    data: Literal["mnist", "fashion-mnist"]
    levels: tuple[Annotated[int, Field(ge=2)], ...] = Field(
        (8, 6, 5), min_length=1, description="Of each number of a place; their product is the code book."
    )
    channels: int = Field(48, ge=1, description="Of the autoencoder's convolutions.")
    width: int = Field(96, ge=2, description="Numbers a code, of the language model.")
    layers: int = Field(3, ge=1)
    heads: int = Field(4, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    first: Plan = Field(description="Of the autoencoder.")
    plan: Plan = Field(description="Of the language model.")

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        _require_even_heads(self.width, self.heads)
        return self


class FlowRecipe(Recipe):
    """A variational autoencoder, and a flow from noise to its latents."""

    kind: Literal["flow"]
    data: Literal["mnist", "fashion-mnist"]
    channels: int = Field(32, ge=0, description="Of the autoencoder's convolutions; 0: it is dense.")
    latent: int = Field(32, ge=1)
    beta: float = Field(
        1.0, gt=0, description="Of the KL; below 1 latents say more, and it is the flow that finds them."
    )
    width: int = Field(256, ge=1, description="Of the flow's network.")
    layers: int = Field(4, ge=1)
    first: Plan = Field(description="Of the autoencoder.")
    plan: Plan = Field(description="Of the flow.")


PictureRecipe = VaeRecipe | GanRecipe | FsqRecipe | FlowRecipe
"""Of what draws a picture by a seed."""


class IconsRecipe(Recipe):
    """An autoencoder of icons in colour."""

    kind: Literal["icons"]
    latent: int = Field(512, ge=1, description="Numbers of a picture.")
    waves: int = Field(
        24, ge=1, le=64, description="Of the cosine transform, a side, that principal components see."
    )
    channels: int = Field(48, ge=1)
    middle: int = Field(128, ge=1, description="Channels where a picture is 8 by 8.")
    blocks: int = Field(2, ge=1)
    plan: Plan


class UpscaleRecipe(Recipe):
    """A network that makes pictures larger, converted from weights that others have trained."""

    kind: Literal["upscale"]
    times: Literal[2, 4]


class DrawingsRecipe(Recipe):
    """Icons that are found by words; nothing is trained."""

    kind: Literal["drawings"]


class PreferenceRecipe(Recipe):
    """A variational autoencoder that goes on with what people chose. ``base_sha256`` is of the weights that it goes on from,
    ``feedback_sha256`` of the choices."""

    kind: Literal["preference"]
    base: VaeRecipe
    base_sha256: str
    feedback_sha256: str
    model: str | None = Field(
        None, description="Whose pictures were chosen from, where the choices are about several."
    )
    sharpness: float = Field(0.05, gt=0, description="β: of a nat that the chosen one is likelier.")
    kept: float = Field(1.0, ge=0, description="Weight of the bound of real pictures.")
    plan: Plan


ServedRecipe = PictureRecipe | PreferenceRecipe | IconsRecipe | UpscaleRecipe | DrawingsRecipe
"""Of what picture workers open."""


class FeaturesRecipe(Recipe):
    """The network in whose features pictures are compared: a classifier of both data sets at once."""

    kind: Literal["features"]
    plan: Plan


class EmbeddingsRecipe(Recipe):
    """Vectors of words (skip-gram) from WordNet's definitions and examples."""

    kind: Literal["embeddings"]
    width: int = Field(100, ge=2, description="Numbers a word.")
    window: int = Field(5, ge=1, description="So many words to each side are beside a word, at most.")
    drawn: int = Field(5, ge=1, description="Words by chance for each pair.")
    kept: float = Field(1e-4, gt=0, description="A word that is a larger share of all is left out at times.")
    least_count: int = Field(5, ge=1, description="A word that comes less often is not known.")
    plan: Plan


class LanguageRecipe(Recipe):
    """A language model on WordNet's definitions and examples."""

    kind: Literal["language"]
    network: Literal["lstm", "gpt"]
    vocabulary: int = Field(
        4096, ge=300, description="Kinds of tokens: 256 bytes, and what is put together of them."
    )
    context: int = Field(128, ge=2, description="Tokens of a row.")
    embedding: int = Field(256, ge=1, description="Numbers a token, of an LSTM.")
    width: int = Field(256, ge=1)
    layers: int = Field(4, ge=1)
    heads: int = Field(4, ge=1, description="Of a transformer.")
    dropout: float = Field(0.1, ge=0, lt=1)
    optimiser: Literal["adam", "muon"] = "adam"
    precision: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="Of products while it learns: those in 16 bits are twice as fast where a processor has them.",
    )
    plan: Plan

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.network == "gpt":
            _require_even_heads(self.width, self.heads)
        return self


def _require_even_heads(width: int, heads: int) -> None:
    """Numbers of a head turn in pairs."""
    if width % (2 * heads):
        raise ValueError("width must be an even number of numbers for each head")


AnyRecipe = (
    GaussianRecipe
    | VaeRecipe
    | GanRecipe
    | FsqRecipe
    | FlowRecipe
    | IconsRecipe
    | UpscaleRecipe
    | DrawingsRecipe
    | PreferenceRecipe
    | FeaturesRecipe
    | EmbeddingsRecipe
    | LanguageRecipe
)
_ADAPTER: TypeAdapter[AnyRecipe] = TypeAdapter(Annotated[AnyRecipe, Field(discriminator="kind")])


def names() -> list[str]:
    """Of all recipes that are shipped."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str, budget: Mapping[str, Any] | None = None, seed: int | None = None) -> AnyRecipe:
    """The recipe of this name, or in the file of this path; ``budget`` takes the place of its plan's, ``seed`` of its seed.

    Raises RecipeUnknown and RecipeInvalid."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise RecipeUnknown(f"There is no recipe {name}. Known are {', '.join(names())}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeInvalid(f"{path} is no TOML file: {error}.") from error
    seeded = {} if seed is None else {"seed": seed}
    plans = [stage for stage in STAGES if isinstance(said.get(stage), dict)]
    for stage in plans:
        said[stage] = {**said[stage], **(budget or {}), **seeded}
    if not plans:
        said |= seeded | ({"plan": budget} if budget else {})
    return parse(said, path.name)


def parse(said: Mapping[str, Any], place: str) -> AnyRecipe:
    """What a file at ``place`` says, as the recipe of its kind. Raises RecipeInvalid."""
    try:
        return _ADAPTER.validate_python(said)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RecipeInvalid(f"{place}: {field or 'the recipe'}: {first['msg']}.") from error
