"""From a request to what the engine runs: its prompt in tokens, its guide, and what of the prompt is drawn anew."""

from pressroom.engines.base import Generation, NotOffered, TextGeneration
from pressroom.engines.text.guiding import Guide, Guides
from pressroom.engines.text.healing import Healer
from pressroom.engines.text.prompt import PromptReader
from pressroom.engines.text.running import RunningGeneration


class Intake:
    """``vocab`` is how many tokens the model knows; without ``guides`` none is taken."""

    def __init__(self, reader: PromptReader, healer: Healer, guides: Guides | None, vocab: int) -> None:
        self.reader = reader
        self.healer = healer
        self._guides = guides
        self._vocab = vocab

    def read(self, generation: Generation, slot_tokens: int) -> RunningGeneration:
        """Raises an EngineError for what this model cannot do, or what does not fit into ``slot_tokens``."""
        if not isinstance(generation, TextGeneration):
            raise NotOffered("This is a text model. Ask an image model for pictures.")
        if unknown := [token for token in generation.params.logit_bias if int(token) >= self._vocab]:
            raise NotOffered(
                f"logit_bias names token {unknown[0]}; this model has those below {self._vocab}."
            )
        prompt, guide, healing = self.reader.read(generation, slot_tokens), self._guide(generation), None
        if not generation.messages and guide is None:
            prompt, healing = self.healer.split(prompt)
        return RunningGeneration(generation, prompt, guide, healing)

    def _guide(self, generation: TextGeneration) -> Guide | None:
        wanted = generation.params.guide
        if wanted is None:
            return None
        if self._guides is None:
            raise NotOffered("This model takes no guide. Leave params.guide out, or use another model.")
        return self._guides.guide(wanted)
