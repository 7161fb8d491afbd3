"""A generation's prompt as token ids: chat template, control tokens, length.

Text of a user is never read as a control token: ``<|im_end|>`` in a message is spelled out in
ordinary tokens. A plain prompt, which its sender formats alone, may hold them.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Never

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from pressroom.catalog.text_spec import TextSpec
from pressroom.engines.base import GenerationFailed, PromptTooLong, TextGeneration

# Stands for the n-th control token where a message spells one; requests cannot hold NUL characters.
_STAND_IN = "\0{}\0"


class PromptUnusable(GenerationFailed):
    """The request can never run on this model, e.g. messages for a model without a chat template."""

    code = "prompt_unusable"
    retryable = False


class PromptReader:
    """Turns requests into token ids for one model."""

    def __init__(self, tokenizer: Tokenizer, spec: TextSpec) -> None:
        self._tokenizer = tokenizer
        # Control tokens are cut out here, before the tokenizer sees a text, so that only they count.
        self._tokenizer.encode_special_tokens = True
        self._spec = spec
        self._control = {text: i for i, text in spec.control_tokens.items()}
        longest_first = sorted(self._control, key=len, reverse=True)
        self._splitter = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._template = _environment().from_string(spec.chat_template) if spec.chat_template else None

    def read(self, generation: TextGeneration, slot_tokens: int) -> list[int]:
        """Raises ``PromptTooLong`` with the counts, or ``PromptUnusable``."""
        if generation.messages:
            ids = self.encode(self.render(generation.messages))
        else:
            ids = self._with_bos(self.encode(generation.prompt or ""))
        if not ids:
            raise PromptUnusable("The prompt is empty. Send some text.")
        wanted = generation.params.max_tokens
        if len(ids) + wanted > slot_tokens:
            raise PromptTooLong(
                f"The prompt has {len(ids)} tokens and max_tokens is {wanted}, together {len(ids) + wanted}; "
                f"this model holds {slot_tokens}. Shorten the prompt or ask for fewer tokens."
            )
        return ids

    def render(self, messages: Iterable[Any]) -> str:
        """The conversation in the model's chat format, up to where the answer begins."""
        if self._template is None:
            raise PromptUnusable("This model has no chat template. Send `prompt` instead of `messages`.")
        turns = [{"role": turn.role, "content": self._hide_control(turn.content)} for turn in messages]
        try:
            return self._template.render(
                messages=turns,
                add_generation_prompt=True,
                bos_token=self._text_of(self._spec.bos_id),
                eos_token=self._text_of(next(iter(self._spec.end_ids), None)),
            )
        except TemplateError as error:
            raise PromptUnusable(
                f"The model's chat template refuses these messages: {error}. Roles usually are an optional "
                "system message first, then user and assistant in turn."
            ) from error

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``, in which control tokens count and their stand-ins are plain text."""
        ids: list[int] = []
        start = 0
        for match in self._splitter.finditer(text) if self._splitter else ():
            ids += self._encode_plain(text[start : match.start()])
            ids.append(self._control[match[0]])
            start = match.end()
        return ids + self._encode_plain(text[start:])

    def _encode_plain(self, text: str) -> list[int]:
        if not text:
            return []
        if "\0" in text:
            for spelled, i in self._control.items():
                text = text.replace(_STAND_IN.format(i), spelled)
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _hide_control(self, content: str) -> str:
        content = content.replace("\0", "")
        if self._splitter is None:
            return content
        return self._splitter.sub(lambda match: _STAND_IN.format(self._control[match[0]]), content)

    def _with_bos(self, ids: list[int]) -> list[int]:
        bos = self._spec.bos_id
        if not self._spec.add_bos or bos is None or ids[:1] == [bos]:
            return ids
        return [bos, *ids]

    def _text_of(self, token: int | None) -> str:
        return "" if token is None else self._spec.control_tokens.get(token, "")


def load_tokenizer(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))


def _environment() -> ImmutableSandboxedEnvironment:
    """Templates come with downloaded models: they are data, so they run in a sandbox."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = lambda pattern: datetime.now().astimezone().strftime(pattern)
    return environment


def _raise(message: str) -> Never:
    raise TemplateError(message)
