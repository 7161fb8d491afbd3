"""What a model's original says, to hold a built graph against: ``parity-<variant>.json`` in the model's folder.

Written when a model is imported, from a float32 reference of the published weights; looked at again by
``pressroom models check``, on whatever machine and runtime the model runs by then.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pressroom.domain.errors import ModelCorrupt

# The most that log-probabilities may be off, in nats, on the mean: what rounding costs in each format, and no more.
LIMITS = {"fp32": 0.01, "fp16": 0.05, "q8": 0.25, "q4lr": 0.25, "i8": 0.5}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Likely(_Part):
    """The likeliest tokens at one place, and their log-probabilities."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]


class Golden(_Part):
    """What the model writes behind a prompt, the likeliest token each time."""

    prompt: str
    tokens: tuple[int, ...]


class Parity(_Part):
    """``expected`` has an entry for each place in ``after``: what follows ``tokens[: place + 1]``."""

    tokens: tuple[int, ...]
    after: tuple[int, ...]
    expected: tuple[Likely, ...]
    distance: dict[str, float] = Field(
        description="Mean distance of the log-probabilities in nats when it was built, by whose kernels."
    )
    golden: tuple[Golden, ...]


def parity_file(variant: str) -> str:
    return f"parity-{variant}.json"


def read_parity(folder: Path, variant: str) -> Parity:
    """Raises ModelCorrupt when it is not there, or cannot be read."""
    path = folder / parity_file(variant)
    try:
        return Parity.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ModelCorrupt(
            f"{folder.name} has no {path.name}: it was not imported as {variant!r} from files of your own, so there "
            "is nothing to hold it against."
        ) from None
    except (OSError, ValidationError) as error:
        raise ModelCorrupt(
            f"{path} cannot be read ({type(error).__name__}). Import the model again."
        ) from error
