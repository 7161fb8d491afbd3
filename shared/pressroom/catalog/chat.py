"""A model's chat template: messages as the text that the model was trained on.

Text of a user is never read as a control token: ``<|im_end|>`` in a message is spelled out in ordinary tokens.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Never, Protocol

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pressroom.catalog.text_spec import TextSpec

# Stands for the n-th control token where a message spells one; requests cannot hold NUL characters.
_STAND_IN = "\0{}\0"

# What no template says by itself.
_PROBE = "quill and ink"


class TemplateRefused(ValueError):
    """The model cannot read these messages; the text says why."""


class Turn(Protocol):
    """One message of a conversation."""

    @property
    def role(self) -> str: ...
    @property
    def content(self) -> str: ...


class ChatFormat:
    """The chat template of one model."""

    def __init__(self, spec: TextSpec) -> None:
        self._spec = spec
        self._hears_system: bool | None = None  # not known yet
        self._control = {text: i for i, text in spec.control_tokens.items()}
        longest_first = sorted(self._control, key=len, reverse=True)
        self._splitter = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._template = _environment().from_string(spec.chat_template) if spec.chat_template else None

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self._template is not None

    def render(self, messages: Iterable[Turn]) -> str:
        """The conversation in the model's chat format, up to where the answer begins.

        Control tokens that a message spells are replaced by stand-ins. Raises TemplateRefused."""
        if self._template is None:
            raise TemplateRefused("This model has no chat template. Send `prompt` instead of `messages`.")
        turns = [{"role": turn.role, "content": self._hide_control(turn.content)} for turn in messages]
        if turns and turns[0]["role"] == "system" and not self.hears_system:
            turns = _told_by_the_user(turns)
        return self._rendered(turns)

    @property
    def hears_system(self) -> bool:
        """Whether the template says what a system message says. One that refuses such a message, or leaves it out,
        does not: then its words go before the first words of the user."""
        if self._hears_system is None:
            probe = [{"role": "system", "content": _PROBE}, {"role": "user", "content": "?"}]
            try:
                self._hears_system = _PROBE in self._rendered(probe)
            except TemplateRefused:
                self._hears_system = False
        return self._hears_system

    def _rendered(self, turns: list[dict[str, str]]) -> str:
        assert self._template is not None
        try:
            return self._template.render(
                messages=turns,
                add_generation_prompt=True,
                # Where a model can think aloud first: what it is asked for is the text alone.
                enable_thinking=False,
                bos_token=self._text_of(self._spec.bos_id),
                eos_token=self._text_of(next(iter(self._spec.end_ids), None)),
            )
        except TemplateError as error:
            raise TemplateRefused(
                f"The model's chat template refuses these messages: {error}. Roles usually are an optional "
                "system message first, then user and assistant in turn."
            ) from error

    def spelled_out(self, text: str) -> str:
        """``text`` with its stand-ins as the messages spelled them."""
        if "\0" in text:
            for spelled, i in self._control.items():
                text = text.replace(_STAND_IN.format(i), spelled)
        return text

    def _hide_control(self, content: str) -> str:
        content = content.replace("\0", "")
        if self._splitter is None:
            return content
        return self._splitter.sub(lambda match: _STAND_IN.format(self._control[match[0]]), content)

    def _text_of(self, token: int | None) -> str:
        return "" if token is None else self._spec.control_tokens.get(token, "")


def _told_by_the_user(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    system, *rest = turns
    if not rest or rest[0]["role"] != "user":
        return [{"role": "user", "content": system["content"]}, *rest]
    return [{"role": "user", "content": f"{system['content']}\n\n{rest[0]['content']}"}, *rest[1:]]


class _Generation(Extension):
    """``{% generation %}…{% endgeneration %}`` marks what the assistant says; for training, and nothing to us."""

    tags = {"generation"}  # noqa: RUF012  (as the base class declares it)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> ImmutableSandboxedEnvironment:
    """Templates come with downloaded models: they are data, so they run in a sandbox."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = lambda pattern: datetime.now().astimezone().strftime(pattern)
    return environment


def _raise(message: str) -> Never:
    raise TemplateError(message)
