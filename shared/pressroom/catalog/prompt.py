"""An input as token ids: chat template, control tokens; and how many there are, for the front.

Text of a user is never read as a control token: ``<|im_end|>`` in a message is spelled out in
ordinary tokens. A plain prompt, which its sender formats alone, may hold them. The text engine reads
prompts through the same class, so that what the front counts is what the model gets.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pressroom.catalog.chat import ChatFormat
from pressroom.catalog.manifest import Manifest
from pressroom.catalog.text_spec import SPEC_FILE, TOKENIZER_FILE, TextSpec, read_text_spec
from pressroom.contract.jobs import JobInput, Message

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# What a tokenizer may add to a text, of which each other token stands for a byte at least: a token
# that begins it, and a space in front.
_ADDED = 2

T = TypeVar("T")


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
        folder = self._folder(manifest)
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
            self._prompt_format(self._folder(manifest))
        except (OSError, ValueError):
            return

    def _folder(self, manifest: Manifest) -> Path:
        beside = self._models_dir / manifest.reference
        return beside if beside.is_dir() else self._models_dir / manifest.name

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
