"""A generation's prompt as token ids, checked against the slot it must fit into."""

from pressroom.catalog.chat import TemplateRefused
from pressroom.catalog.prompt import PromptFormat
from pressroom.engines.base import GenerationFailed, PromptTooLong, TextGeneration


class PromptUnusable(GenerationFailed):
    """The request can never run on this model, e.g. messages for a model without a chat template."""

    code = "prompt_unusable"
    retryable = False


class PromptReader(PromptFormat):
    """Turns requests into token ids for one model."""

    def read(self, generation: TextGeneration, slot_tokens: int) -> list[int]:
        """Raises ``PromptTooLong`` with the counts, or ``PromptUnusable``."""
        try:
            if generation.messages:
                ids = self.encode(self.render(generation.messages))
            else:
                ids = self.encode_prompt(generation.prompt or "")
        except TemplateRefused as refusal:
            raise PromptUnusable(str(refusal)) from refusal
        if not ids:
            raise PromptUnusable("The prompt is empty. Send some text.")
        wanted = generation.params.max_tokens
        if len(ids) + wanted > slot_tokens:
            raise PromptTooLong(
                f"The prompt has {len(ids)} tokens and max_tokens is {wanted}, together {len(ids) + wanted}; "
                f"this model holds {slot_tokens}. Shorten the prompt or ask for fewer tokens."
            )
        return ids
