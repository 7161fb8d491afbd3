"""The image engine: each step draws one micro-batch, a picture a turn from every waiting request.

    admit ──> turn (a ring of generations) ──step: up to max_batch pictures──> Decoder ──> Outcome

Requests of different jobs, tenants, labels and guidance share a batch, and one that wants 64
pictures gets one place a round, so it delays a single-picture request by one batch at most.

Gathering: one batch takes a millisecond or two, so requests that come one after the other would each
ride alone. A step that finds the batch not full waits for company: it returns an empty ``Step`` at
once though ``load`` is not 0. A lone request waits ``gather_ms``. Requests in a crowd (two wait now, or
two shared the last batch) wait until no other has come for 2.5 times as long, and 10 times as long at
most: a busy queue hands them out a few at a time, tens of milliseconds apart. A loop that sees an empty
step should wait a moment for arrivals (about 1 ms) and step again; ``gather_ms=0`` turns it all off.

When memory runs out the same pictures are drawn again in half as many at a time; nobody is given back.
A picture that does not fit alone fails its request.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pressroom.catalog.files import check_files
from pressroom.catalog.manifest import ImageTraits, Manifest
from pressroom.engines.base import (
    Ending,
    EngineError,
    EngineInfo,
    EngineOutOfMemory,
    EngineUnavailable,
    Generation,
    GenerationFailed,
    ImageGeneration,
    ImageOutput,
    Key,
    NotOffered,
    Outcome,
    Step,
    Usage,
)
from pressroom.engines.image.decoder import Decoder
from pressroom.engines.image.latents import drawn_label, latent
from pressroom.engines.memory import Breadth, is_out_of_memory
from pressroom.engines.sessions import Provider, open_session

Clock = Callable[[], float]

MAX_BATCH = 64
GATHER_MS = 20.0
# How long a crowd waits for the next to come, how long in all, and for how long one that was seen is
# remembered: each in times of what a lone request waits.
_CROWD_QUIET, _CROWD_MOST, _CROWD_SEEN = 2.5, 10, 10


@dataclass(slots=True, eq=False)
class _Work:
    """A generation inside the engine: which picture comes next, and what is done."""

    generation: ImageGeneration
    seed: int
    since: float
    next_index: int = 0
    images: list[ImageOutput] = field(default_factory=list)
    engine_seconds: float = 0.0
    first_output: float | None = None

    @property
    def key(self) -> Key:
        return self.generation.key

    @property
    def all_drawn(self) -> bool:
        return self.next_index >= self.generation.params.n

    def outcome(self, ending: Ending, error: EngineError | None = None) -> Outcome:
        return Outcome(
            key=self.key,
            ending=ending,
            images=tuple(self.images),
            usage=Usage(engine_seconds=self.engine_seconds),
            first_output=self.first_output,
            error=error,
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """One picture of a micro-batch."""

    work: _Work
    index: int
    label: int


class ImageEngine:
    """Implements ``Engine`` over a decoder. ``batches`` and ``pictures`` count what was drawn."""

    def __init__(
        self,
        decoder: Decoder,
        traits: ImageTraits,
        info: EngineInfo,
        *,
        gather_ms: float = GATHER_MS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._decoder = decoder
        self._traits = traits
        self._info = info
        self._gather = gather_ms / 1000
        self._clock = clock
        self._breadth = Breadth(decoder.largest, clock=clock)
        self._last_arrival = clock()
        self._crowd_at = -math.inf  # when works last shared a batch
        self._works: dict[Key, _Work] = {}
        self._turn: deque[_Work] = deque()  # works that still want pictures, the next one first
        self._ended: list[Outcome] = []  # told in the next step
        self.batches = 0
        self.pictures = 0

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def slots_now(self) -> int:
        return self._breadth.now

    @property
    def load(self) -> int:
        """Generations waiting or running, and those whose outcome is still to be told."""
        return len(self._works) + len(self._ended)

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Sizes that batches are padded to: the largest alone until ``warm_up``."""
        return self._decoder.sizes

    def admit(self, generation: Generation) -> None:
        """Take a generation. One that this model cannot draw ends FAILED in the next step.

        :raises ValueError: the key is inside already, which is the caller's mistake.
        """
        if generation.key in self._works:
            raise ValueError(f"{generation.key} is in the engine already")
        problem = self._problem(generation)
        if problem is not None:
            self._ended.append(Outcome(key=generation.key, ending=Ending.FAILED, error=problem))
            return
        assert isinstance(generation, ImageGeneration)
        assert generation.params.seed is not None
        self._last_arrival = self._clock()
        work = _Work(generation, generation.params.seed, since=self._last_arrival)
        self._works[work.key] = work
        self._turn.append(work)

    def step(self) -> Step:
        """Draw one micro-batch, end what is done, canceled or late. See the head for gathering."""
        self._end_late()
        if self._turn and not self._gathering():
            self._draw(self._take())
        outcomes, self._ended = tuple(self._ended), []
        return Step(outcomes=outcomes)

    def end(self, key: Key, ending: Ending) -> None:
        """Make a generation leave; what it has drawn until now is in its outcome."""
        work = self._works.get(key)
        if work is not None:
            self._leave(work, ending)

    def warm_up(self) -> None:
        """Run the model, and find the batch sizes that may be used (see ``Decoder``)."""
        self._decoder.verify()

    def close(self) -> None:
        """Nothing to give back but memory, which goes with the object."""

    def _problem(self, generation: Generation) -> EngineError | None:
        if not isinstance(generation, ImageGeneration):
            return NotOffered(f"{self._info.model} makes pictures, not text: send this job to a text model.")
        label = generation.params.label
        if label is not None and label not in self._traits.labels:
            known = ", ".join(self._traits.labels)
            use = f"use one of {known}" if known else "it knows no classes, so leave the label away"
            return NotOffered(f"{self._info.model} has no label {label!r}: {use}.")
        return None

    def _end_late(self) -> None:
        now = self._clock()
        late = [
            work
            for work in self._works.values()
            if work.generation.deadline is not None and work.generation.deadline <= now
        ]
        for work in late:
            self._leave(work, Ending.DEADLINE)

    def _leave(self, work: _Work, ending: Ending, error: EngineError | None = None) -> None:
        del self._works[work.key]
        if not work.all_drawn:
            self._turn.remove(work)
        self._ended.append(work.outcome(ending, error))

    def _gathering(self) -> bool:
        """Is it worth waiting for more requests before a batch is drawn?"""
        wanted = sum(work.generation.params.n - work.next_index for work in self._turn)
        if wanted >= self._breadth.now:
            return False
        now, oldest = self._clock(), min(work.since for work in self._turn)
        crowd = len(self._turn) > 1 or now - self._crowd_at < _CROWD_SEEN * self._gather
        if not crowd:
            return now - oldest < self._gather
        quiet, most = _CROWD_QUIET * self._gather, _CROWD_MOST * self._gather
        return now - self._last_arrival < quiet and now - oldest < most

    def _take(self) -> list[_Place]:
        """The next pictures to draw: one of each work in turn, round and round, until the batch is full."""
        places: list[_Place] = []
        while self._turn and len(places) < self._breadth.now:
            work = self._turn.popleft()
            places.append(_Place(work, work.next_index, self._label(work)))
            work.next_index += 1
            if not work.all_drawn:
                self._turn.append(work)
        return places

    def _label(self, work: _Work) -> int:
        wanted = work.generation.params.label
        if not self._traits.labels:
            return 0
        if wanted is None:
            return drawn_label(work.seed, work.next_index, len(self._traits.labels))
        return self._traits.labels.index(wanted)

    def _draw(self, places: list[_Place]) -> None:
        """Run the decoder on one micro-batch and hand the pictures to their works."""
        start = self._clock()
        works = list(dict.fromkeys(place.work for place in places))
        try:
            pixels = self._decoder.run(
                z=np.stack([latent(place.work.seed, place.index, self._traits.latent) for place in places]),
                label=np.array([place.label for place in places], dtype=np.int64),
                guidance=np.array(
                    [place.work.generation.params.guidance for place in places], dtype=np.float32
                ),
            )
            if not np.isfinite(pixels).all():
                raise ArithmeticError("it gave pixels that are no numbers")
        except (
            Exception
        ) as error:  # onnxruntime's classes have no public base; the batch's works fail, not the engine
            if is_out_of_memory(error):
                self._cannot_draw(places)
                return
            for work in works:
                failure = GenerationFailed(
                    f"the model failed on a batch of {len(places)}: {error}. Try again."
                )
                self._leave(work, Ending.FAILED, failure)
            return
        self._breadth.went_well()
        now = self._clock()
        if len(works) > 1:
            self._crowd_at = now
        self.batches += 1
        self.pictures += len(places)
        for work in works:
            work.engine_seconds += (now - start) / len(works)
            work.first_output = work.first_output or now
        grey = np.rint(pixels * 255).astype(np.uint8)
        for place, picture in zip(places, grey, strict=True):
            label = self._traits.labels[place.label] if self._traits.labels else None
            # A copy, so that a kept picture does not keep its whole batch in memory.
            place.work.images.append(ImageOutput(index=place.index, pixels=picture.copy(), label=label))
        for work in works:
            if work.all_drawn:
                self._leave(work, Ending.DONE)

    def _cannot_draw(self, places: list[_Place]) -> None:
        """The pictures go back to where they stood, and come again in smaller batches."""
        if len(places) == 1:
            self._leave(places[0].work, Ending.FAILED, EngineOutOfMemory())
            return
        self._breadth.narrow(len(places))
        for place in reversed(places):
            work = place.work
            if work in self._turn:
                self._turn.remove(work)
            work.next_index = place.index
            self._turn.appendleft(work)


def open_image_engine(
    model_dir: Path,
    manifest: Manifest,
    *,
    provider: str = Provider.AUTO,
    allow_cpu_fallback: bool = False,
    threads: int = 1,
    max_batch: int = MAX_BATCH,
    gather_ms: float = GATHER_MS,
) -> ImageEngine:
    """Open the picture model that ``manifest`` describes; its files lie in ``model_dir``.

    :param threads: intra-op threads of the session.
    :param max_batch: most pictures of one micro-batch.
    :param gather_ms: how long a lone request waits for company, in milliseconds.
    :raises EngineUnavailable: not a picture model, or its decoder cannot be opened.
    :raises ProviderUnavailable: CUDA was asked for and there is none.
    :raises ModelCorrupt: a file is not what the manifest's hashes say.
    """
    traits = manifest.image
    if traits is None or "decoder" not in traits.files:
        raise EngineUnavailable(f"{manifest.name} is no picture model with a decoder: see its manifest.json.")
    if max_batch < 1:
        raise ValueError(f"max_batch is {max_batch}: it must be 1 or more")
    check_files(model_dir, manifest.marks)
    session = open_session(
        model_dir / traits.files["decoder"], provider, threads, allow_cpu_fallback=allow_cpu_fallback
    )
    decoder = Decoder(session, latents=traits.latent, labels=max(1, len(traits.labels)), largest=max_batch)
    info = EngineInfo(manifest.name, manifest.version, session.provider.value, slots=max_batch)
    return ImageEngine(decoder, traits, info, gather_ms=gather_ms)
