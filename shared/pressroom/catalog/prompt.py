"""An input as token ids: chat template, control tokens; and how many there are, for the front.

Text of a user is never read as a control token: ``<|im_end|>`` in a message is spelled out in
ordinary tokens. A plain prompt, which its sender formats alone, may hold them. The text engine reads
prompts through the same class, so that what the front counts is what the model gets.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Never, Protocol, TypeVar

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pressroom.catalog.manifest import Manifest
from pressroom.catalog.text_spec import SPEC_FILE, TOKENIZER_FILE, TextSpec, read_text_spec
from pressroom.contract.jobs import JobInput, Message

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Stands for the n-th control token where a message spells one; requests cannot hold NUL characters.
_STAND_IN = "\0{}\0"

# What a tokenizer may add to a text, of which each other token stands for a byte at least: a token
# that begins it, and a space in front.
_ADDED = 2

T = TypeVar("T")


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
        try:
            return self._template.render(
                messages=turns,
                add_generation_prompt=True,
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


class PromptFormat(ChatFormat):
    """How one model is spoken to, down to its tokens."""

    def __init__(self, tokenizer: "Tokenizer", spec: TextSpec) -> None:
        super().__init__(spec)
        self._tokenizer = tokenizer
        # Control tokens are cut out here, before the tokenizer sees a text, so that only they count.
        self._tokenizer.encode_special_tokens = True

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``, in which control tokens count and their stand-ins are plain text."""
        ids: list[int] = []
        start = 0
        for match in self._splitter.finditer(text) if self._splitter else ():
            ids += self._encode_plain(text[start : match.start()])
            ids.append(self._control[match[0]])
            start = match.end()
        return ids + self._encode_plain(text[start:])

    def encode_prompt(self, prompt: str) -> list[int]:
        """Ids of a plain prompt, begun as the model expects it."""
        ids = self.encode(prompt)
        bos = self._spec.bos_id
        if not self._spec.add_bos or bos is None or ids[:1] == [bos]:
            return ids
        return [bos, *ids]

    def _encode_plain(self, text: str) -> list[int]:
        if not text:
            return []
        ids: list[int] = self._tokenizer.encode(self.spelled_out(text), add_special_tokens=False).ids
        return ids


def load_tokenizer(path: Path) -> "Tokenizer":
    """Read a ``tokenizer.json``. The library is loaded with the first one: it is large."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))


class PromptCounter:
    """Counts inputs for models built in ``models_dir``. Thread-safe; keeps ``keep`` models at most."""

    def __init__(self, models_dir: Path, *, keep: int = 2) -> None:
        self._models_dir = models_dir
        self._keep = keep
        self._lock = threading.Lock()
        self._chats: OrderedDict[Path, tuple[int, ChatFormat]] = OrderedDict()
        self._prompts: OrderedDict[Path, tuple[int, PromptFormat]] = OrderedDict()

    def count(self, manifest: Manifest, given: JobInput, enough: int) -> int | None:
        """Tokens that the model reads for this input, the chat template's included.

        None: the model is not built on this machine or cannot read this input; the worker has the
        last word. An answer of at most ``enough`` may be an upper bound: most inputs have so few
        bytes that they fit however they are cut, and no tokenizer has to be loaded for them."""
        folder = self._models_dir / manifest.name
        messages = given.messages or (Message(role="user", content=given.prompt or " "),)
        try:
            chat = self._kept(self._chats, folder / SPEC_FILE, lambda: ChatFormat(read_text_spec(folder)))
            text = chat.render(messages) if chat.chats or given.prompt is None else given.prompt
            most = len(chat.spelled_out(text).encode()) + _ADDED
            if most <= enough:
                return most
            shape = self._prompt_format(folder)
        except (OSError, ValueError):
            # No such files, broken ones, or messages that the template refuses.
            return None
        return len(shape.encode(text) if chat.chats else shape.encode_prompt(text))

    def load(self, manifest: Manifest) -> None:
        """Have the tokenizer of a model ready, if the model is built on this machine.

        Before a fork this lets all processes share the memory of one."""
        try:
            self._prompt_format(self._models_dir / manifest.name)
        except (OSError, ValueError):
            return

    def _prompt_format(self, folder: Path) -> PromptFormat:
        return self._kept(
            self._prompts,
            folder / TOKENIZER_FILE,
            lambda: PromptFormat(load_tokenizer(folder / TOKENIZER_FILE), read_text_spec(folder)),
        )

    def _kept(self, shelf: OrderedDict[Path, tuple[int, T]], file: Path, load: Callable[[], T]) -> T:
        """What ``load`` makes, made again when ``file`` has changed."""
        stamp = file.stat().st_mtime_ns
        with self._lock:
            kept = shelf.get(file)
            if kept is None or kept[0] != stamp:
                kept = (stamp, load())
                shelf[file] = kept
            shelf.move_to_end(file)
            while len(shelf) > self._keep:
                shelf.popitem(last=False)
            return kept[1]


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
