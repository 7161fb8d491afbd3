"""The weight format that a host has measured to be the fastest for it: ``chosen.json`` in the model's folder.

``pressroom models choose`` writes it; a worker that was given no variant opens this one.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pressroom.domain.errors import ModelCorrupt

CHOICE_FILE = "chosen.json"


class Rates(BaseModel):
    """Tokens a second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: float = Field(description="Of a prompt that is read alone.")
    alone: float = Field(description="Of a text that is written alone.")
    together: float = Field(description="Of several texts at once, the reading of their prompts included.")


class Choice(BaseModel):
    """``rates`` of every variant that was tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str
    rates: dict[str, Rates]


def choice_of(rates: dict[str, Rates]) -> Choice:
    """The variant with the largest product of ``alone`` and ``together``: neither is bought with the other."""
    return Choice(variant=max(rates, key=lambda name: rates[name].alone * rates[name].together), rates=rates)


def read_choice(folder: Path) -> Choice | None:
    """None where nothing was chosen. Raises ModelCorrupt when it cannot be read."""
    path = folder / CHOICE_FILE
    try:
        return Choice.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ModelCorrupt(
            f"{path} does not tell which variant was chosen ({type(error).__name__}). "
            f"Remove it, or run `pressroom models choose {folder.name}` again."
        ) from error


def write_choice(folder: Path, choice: Choice) -> None:
    """Whole, or not at all."""
    new = folder / f".{CHOICE_FILE}.new"
    new.write_text(choice.model_dump_json(indent=1), encoding="utf-8")
    os.replace(new, folder / CHOICE_FILE)
