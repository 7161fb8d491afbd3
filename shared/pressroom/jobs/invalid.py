"""What a validation found, as the fields that are wrong and why."""

from pydantic import ValidationError


def wrong_fields(error: ValidationError, *within: str, whole: str = "") -> tuple[tuple[str, str], ...]:
    """(field, message) of each; ``within`` is where the validated value lies, ``whole`` names the value
    itself where no field of it is at fault."""
    return tuple(
        (".".join((*within, *map(str, item["loc"]))) or whole, item["msg"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
