"""Names that stand in paths, checked as they would be in a body."""

from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError

from pressroom.contract.admin import Name
from pressroom.contract.copy import CopyName, CopyRef
from pressroom.contract.jobs import CampaignName
from pressroom.contract.word_lists import WordListName
from pressroom.domain.errors import InputInvalid

_CAMPAIGN: TypeAdapter[str] = TypeAdapter(CampaignName)
_COPY_NAME: TypeAdapter[str] = TypeAdapter(CopyName)
_COPY_REF: TypeAdapter[str] = TypeAdapter(CopyRef)
_WORD_LIST: TypeAdapter[str] = TypeAdapter(WordListName)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_MODEL: TypeAdapter[str] = TypeAdapter(
    Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63}|\*)$")]
)


_SMALL_LABEL = (
    "1 to 64 small letters, digits, dots, hyphens and underscores, and begins with a letter or a digit"
)
_LABEL = "1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit"


def campaign_of(given: str) -> str:
    """Raises InputInvalid."""
    return _read(_CAMPAIGN, given, "campaign", _LABEL)


def word_list_of(given: str) -> str:
    """Raises InputInvalid."""
    return _read(_WORD_LIST, given, "word_list", _LABEL)


def copy_name_of(given: str, part: str) -> str:
    """Of a template or a voice. Raises InputInvalid."""
    return _read(_COPY_NAME, given, part, _SMALL_LABEL)


def copy_ref_of(given: str, part: str) -> str:
    """The same, with a version behind an @ or without. Raises InputInvalid."""
    return _read(_COPY_REF, given, part, f"{_SMALL_LABEL}; a version may stand behind an @")


def model_of(given: str) -> str:
    """Of the price list: also ``*``. Raises InputInvalid."""
    return _read(_MODEL, given, "model", "the name of a model, or * for those without a line of their own")


def tenant_of(given: str) -> str:
    """Raises InputInvalid."""
    return _printable(given, "tenant")


def pool_of(given: str) -> str:
    """Raises InputInvalid."""
    return _printable(given, "pool")


def _printable(given: str, part: str) -> str:
    words = "1 to 64 printable characters"
    if not given.isprintable():
        raise InputInvalid(f"{part} is {words}.", field=f"path.{part}")
    return _read(_NAME, given, part, words)


def _read(shape: TypeAdapter[str], given: str, part: str, words: str) -> str:
    try:
        return shape.validate_python(given)
    except ValidationError:
        raise InputInvalid(f"{part} is {words}.", field=f"path.{part}") from None
