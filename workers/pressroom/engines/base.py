"""The one seam between a worker and a model: what an engine takes, says and promises.

    Generation --submit--> EngineLoop (one thread) --admit/step--> Engine --> Delta*, Outcome

An ``Engine`` is driven by exactly one thread, does no I/O but reading its weights when it is
opened, and gives the thread back after each short ``step`` so that cancels, deadlines and new
arrivals are seen. It never raises for one request's fault: that request's ``Outcome`` says so.

    EngineError
    ├── EngineUnavailable      engine_unavailable     the model or device cannot be opened
    ├── ProviderUnavailable    provider_unavailable   e.g. CUDA was asked for where there is none
    ├── PromptTooLong          prompt_too_long        prompt + max_tokens exceed the slot
    ├── NotOffered             not_offered            a label or kind of output the model does not have
    ├── GenerationFailed       generation_failed      the model failed on this request
    ├── ModelTooLarge          model_too_large        it does not fit below this worker's ceiling, even alone
    └── EngineOutOfMemory      engine_out_of_memory   the request does not fit, even alone
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pressroom.contract.params import ImageParams, ReadingParams, TextParams
from pressroom.domain.chances import TokenChance


class EngineError(Exception):
    """Base of all engine errors. ``code`` is stable; the message says what to do."""

    code = "engine_error"
    retryable = True


class EngineUnavailable(EngineError):
    code = "engine_unavailable"


class ProviderUnavailable(EngineUnavailable):
    code = "provider_unavailable"
    retryable = False


class PromptTooLong(EngineError):
    code = "prompt_too_long"
    retryable = False


class NotOffered(EngineError):
    code = "not_offered"
    retryable = False


class GenerationFailed(EngineError):
    code = "generation_failed"


class ModelTooLarge(EngineError):
    code = "model_too_large"
    retryable = False

    def __init__(self, ceiling: int) -> None:
        super().__init__(
            f"The model is larger than all that this worker's models may take ({ceiling / 2**20:.0f} MiB). Raise "
            "PRESSROOM_MODELS_BYTES, or ask for a smaller model."
        )


class EngineOutOfMemory(EngineError):
    code = "engine_out_of_memory"
    retryable = False

    def __init__(self) -> None:
        super().__init__(
            "The engine's memory does not do for this job, though it ran alone. Ask for less (a shorter prompt, "
            "fewer tokens), or give the engine more memory."
        )


@dataclass(frozen=True, slots=True)
class Key:
    """Names one numbered try of a job; the attempt is the fencing token."""

    job_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """One message of a conversation: role is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class TextGeneration:
    """A text request. Either ``prompt`` (continued as it stands) or ``messages`` (chat template).

    ``deadline`` is in seconds of ``time.monotonic``; ``params.seed`` is never None here. Requests of
    the same ``scope`` (a tenant) may share what their prompts have in common; scopes share the engine's time,
    and ``priority`` orders the requests of one: the higher goes first. ``model``: the hash of the weights, where an engine
    has several.
    """

    key: Key
    params: TextParams
    prompt: str | None = None
    messages: tuple[ChatTurn, ...] = ()
    deadline: float | None = None
    scope: str = ""
    priority: int = 0
    model: str = ""


Pixels = NDArray[np.uint8]
"""(H, W) grey, (H, W, 3) RGB or (H, W, 4) with alpha, uint8."""


@dataclass(frozen=True, slots=True)
class ImageGeneration:
    """A picture request; ``params.seed`` is never None here, ``model`` as in a text's. ``pictures`` are what its operation
    works on, ``mask`` (H, W) what is painted anew, ``words`` what an icon shows."""

    key: Key
    params: ImageParams
    deadline: float | None = None
    model: str = ""
    pictures: tuple[Pixels, ...] = field(default=(), compare=False)
    mask: Pixels | None = field(default=None, compare=False)
    words: str = ""


@dataclass(frozen=True, slots=True)
class ReadingGeneration:
    """A request for the numbers of ``texts``, none of which is empty."""

    key: Key
    params: ReadingParams
    texts: tuple[str, ...]
    deadline: float | None = None
    model: str = ""


Generation = TextGeneration | ImageGeneration | ReadingGeneration


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text that became final in this step: output ``index`` grew by ``text``.

    The deltas of an output, joined, equal its final text. Text that may still turn out to be the
    beginning of a stop string, or half of a character, is held back.
    """

    key: Key
    index: int
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class TextOutput:
    """``finish_reason``: ``stop`` (end of text or stop string), ``length``, or ``cut`` (ended from outside).
    ``logprobs``: of each token, where the request asked for it."""

    index: int
    text: str
    tokens: int
    finish_reason: str
    logprobs: tuple[TokenChance, ...] | None = None


@dataclass(frozen=True, slots=True)
class ImageOutput:
    """``pixels`` before magnification, which those that are not ``scalable`` never get: they have their original's size.
    ``label``: None of a model without classes. ``drawing`` is an SVG document instead, to be shown ``side`` pixels large;
    it has no pixels."""

    index: int
    pixels: Pixels
    label: str | None
    finish_reason: str = "done"
    scalable: bool = True
    drawing: str | None = None
    side: int = 0


Numbers = NDArray[np.float32]
"""(N, W) float32: of each text that was read its vector, or the chance of each category, from 0 to 1."""


class Ending(StrEnum):
    """Why a generation left the engine."""

    DONE = "done"
    CANCELED = "canceled"
    DEADLINE = "deadline"
    ABANDONED = "abandoned"  # the worker took it back: drain, or its lease was lost
    GIVEN_BACK = "given_back"  # the engine had no memory for it beside the others; not its fault
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Usage:
    """``engine_seconds`` is this generation's share of the engine's time: each step's duration
    divided by the generations in it, so that the sum over all generations is the time spent."""

    tokens_in: int = 0
    tokens_out: int = 0
    engine_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last word on a generation. On any ending but DONE the outputs hold what was finished
    until then (partial text included, but for ``numbers``, which come whole). ``first_output`` is in seconds of ``time.monotonic``."""

    key: Key
    ending: Ending
    texts: tuple[TextOutput, ...] = ()
    images: tuple[ImageOutput, ...] = ()
    numbers: Numbers | None = field(default=None, compare=False)
    usage: Usage = field(default_factory=Usage)
    first_output: float | None = None
    error: EngineError | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one step made: final text pieces, and the generations that ended in it. ``filled`` tokens of
    prompts were computed, and ``reused`` copied from prompts before; ``guessed`` tokens of outputs came without a
    step of their own."""

    deltas: tuple[Delta, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    filled: int = 0
    reused: int = 0
    guessed: int = 0


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine runs on: shown in ``/v1/models`` and logged at start.

    ``variant`` is a text model's weight format, and ``kernels`` says whose attention it uses.
    """

    model: str
    version: str
    provider: str
    slots: int
    variant: str = ""
    kernels: Literal["", "pressroom", "onnxruntime"] = ""


class Engine(Protocol):
    """A model on a device. All but ``info`` and ``slots_now`` are called from the engine thread only."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def slots_now(self) -> int:
        """Slots it works with at present: fewer than ``info.slots`` after memory ran out, never 0."""

    def admit(self, generation: Generation) -> None:
        """Take a generation; it waits inside the engine until a slot is free.

        Never raises for the generation's own fault (it ends FAILED in the next step)."""

    def step(self) -> Step:
        """Do one short piece of work (a decode step, a prefill chunk, a micro-batch).

        Also ends generations whose deadline passed. With nothing to do it returns an empty Step
        at once."""

    def end(self, key: Key, ending: Ending) -> None:
        """Make a generation leave before it is done; its Outcome comes with the next step.

        Unknown keys are ignored: the generation may just have ended by itself."""

    @property
    def load(self) -> int:
        """Generations inside the engine, waiting or running."""

    def warm_up(self) -> None:
        """Run the model once, so that the first request does not pay for lazy set-up."""

    def close(self) -> None: ...
