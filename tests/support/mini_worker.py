"""A worker without engines: it claims and completes through the ports, as the real one does.

What it makes follows from the job alone, so that tests can say what must come out: ``words_of`` and
``picture_of``.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import count
from time import monotonic

from PIL import Image, ImageDraw

from pressroom.catalog.manifest import Manifest
from pressroom.contract.events import Delta, End, Started
from pressroom.domain.job import Claim, Completion, Job, Output, Usage
from pressroom.domain.states import State
from pressroom.jobs.numbers import NUMBERS
from pressroom.jobs.ports import ArtifactStore, EventLog, JobStore, LiveModel, Numbered, WorkerCard

_WORDS = [
    "A",
    "warm",
    "blue",
    "mug",
    "for",
    "slow",
    "mornings,",
    "fired",
    "twice",
    "and",
    "made",
    "to",
    "last",
    "–",
    "keep",
    "it,",
    "use",
    "it,",
    "love",
    "it.",
]
_LEASE_MS = 60_000
_IDLE_S = 0.01
MOST_READ = 256


def words_of(seed: int, most: int, n: int = 0) -> list[str]:
    """The pieces of output ``n`` of a text job: they follow from its seed and ``max_tokens``."""
    first = (seed + n) % len(_WORDS)
    turned = _WORDS[first:] + _WORDS[:first]
    return [word if place == 0 else f" {word}" for place, word in enumerate(turned[:most])]


def picture_of(label: str, scale: int, form: str = "png") -> bytes:
    """A picture for a label: 28 × 28 pixels, grey, magnified."""
    small = Image.new("L", (28, 28), 12)
    draw = ImageDraw.Draw(small)
    draw.ellipse((5, 5, 22, 22), fill=90 + hashlib.sha256(label.encode()).digest()[0] // 2)
    draw.ellipse((10, 8, 16, 13), fill=250)
    made = BytesIO()
    small.resize((28 * scale, 28 * scale), Image.Resampling.NEAREST).save(made, form.upper())
    return made.getvalue()


def numbers_of(text: str, width: int) -> list[float]:
    """What it tells of a text: of one category a chance, which is high of a damn; else a vector of length 1."""
    if width == 1:
        return [0.9 if "damn" in text else 0.1]
    place = hashlib.sha256(text.encode()).digest()[0] % width
    return [1.0 if at == place else 0.0 for at in range(width)]


class MiniWorker:
    """One thread, one job at a time. ``step_s``: time between two words."""

    id = "mini-worker"

    def __init__(
        self,
        manifests: Sequence[Manifest],
        store: JobStore,
        artifacts: ArtifactStore,
        events: EventLog,
        *,
        step_s: float = 0.0,
    ) -> None:
        self._models = tuple(LiveModel(one.name, one.version, one.sha256, "cpu") for one in manifests)
        self._pools = sorted({one.pool for one in manifests})
        self._models_of = {
            pool: tuple(model for model, one in zip(self._models, manifests, strict=True) if one.pool == pool)
            for pool in self._pools
        }
        self._widths = {one.sha256: one.reading.width for one in manifests if one.reading is not None}
        self._store = store
        self._artifacts = artifacts
        self._events = events
        self._step_s = step_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mini-worker")

    def start(self) -> None:
        self.announce()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def announce(self) -> None:
        """Say that all models have a live worker."""
        for pool in self._pools:
            card = WorkerCard(
                f"{self.id}-{pool}", pool, "localhost", 1, slots=1, free=1, models=self._models_of[pool]
            )
            self._store.announce(card)

    def turn(self) -> bool:
        """Claim one job and end it. False: there is none."""
        claim = self._claim()
        if claim is not None:
            self._do(claim)
        return claim is not None

    def fail(self) -> bool:
        """Claim one job and fail at it. False: there is none."""
        claim = self._claim()
        if claim is not None:
            failed = Completion(
                State.FAILED, "error", (), Usage(), error_code="generation_failed", error_message="It failed."
            )
            self._store.complete(claim.held, failed)
        return claim is not None

    def _claim(self) -> Claim | None:
        for pool in self._pools:
            for claim in self._store.claim(
                worker=self.id, pool=pool, models=self._models, limit=1, lease_ms=_LEASE_MS, idle=True
            ):
                return claim
        return None

    def _work(self) -> None:
        announced = monotonic()
        while not self._stopping.is_set():
            if monotonic() - announced > 1:
                self.announce()
                announced = monotonic()
            if not self.turn():
                self._stopping.wait(_IDLE_S)

    def _do(self, claim: Claim) -> None:
        started = monotonic()
        numbers = count(1)
        self._say(claim, next(numbers), Started(attempt=claim.attempt))
        if claim.job.kind == "text":
            completion = self._write(claim, numbers)
        elif claim.job.kind == "image":
            completion = self._draw(claim.job, claim.attempt, started)
        else:
            completion = self._read(claim.job, claim.attempt, started)
        if self._store.complete(claim.held, completion):
            end = End(status=completion.state.value, finish_reason=completion.finish_reason)
            self._say(claim, next(numbers), end)

    def _write(self, claim: Claim, numbers: Iterator[int]) -> Completion:
        params, started = claim.job.params, monotonic()
        texts = [""] * params["n"]
        canceled = False
        for pieces in zip(
            *(words_of(params["seed"], params["max_tokens"], n) for n in range(params["n"])), strict=True
        ):
            canceled = claim.held in self._store.renew(self.id, [claim.held], _LEASE_MS).canceled
            if canceled or self._stopping.wait(self._step_s):
                break
            for n, piece in enumerate(pieces):
                self._say(claim, next(numbers), Delta(n=n, offset=len(texts[n]), text=piece))
                texts[n] += piece
        reason = "canceled" if canceled else "stop"
        outputs = tuple(
            Output(
                n=n,
                media_type="text/plain; charset=utf-8",
                size=len(text.encode()),
                sha256=hashlib.sha256(text.encode()).hexdigest(),
                finish_reason="cut" if canceled else "stop",
                text=text,
            )
            for n, text in enumerate(texts)
        )
        usage = Usage(tokens_in=12, tokens_out=sum(map(len, map(str.split, texts))), engine_ms=_ms(started))
        state = State.CANCELED if canceled else State.SUCCEEDED
        return Completion(state, reason, outputs, usage, first_output_ms=_ms(started))

    def _draw(self, job: Job, attempt: int, started: float) -> Completion:
        form, scale = job.params["format"], job.params["scale"]
        label = job.params["label"] or "sneaker"
        content = picture_of(label, scale, form)
        outputs = []
        for n in range(1 if job.params["sheet"] else job.params["n"]):
            path = f"{job.id}/{attempt}/{n}.{form}"
            self._artifacts.put(path, content, f"image/{form}")
            outputs.append(
                Output(
                    n=n,
                    media_type=f"image/{form}",
                    size=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                    finish_reason="done",
                    artifact=path,
                    width=28 * scale,
                    height=28 * scale,
                    label=label,
                )
            )
        usage = Usage(engine_ms=_ms(started))
        return Completion(State.SUCCEEDED, "done", tuple(outputs), usage, first_output_ms=_ms(started))

    def _read(self, job: Job, attempt: int, started: float) -> Completion:
        width, texts = self._widths[job.model.sha256], job.input["texts"]
        if any(len(text.split()) > MOST_READ for text in texts) and not job.params["cut"]:
            return Completion(
                State.FAILED, "error", (), Usage(), error_code="prompt_too_long", error_message="Too long."
            )
        content = json.dumps({"rows": [numbers_of(text, width) for text in texts]}).encode()
        path = f"{job.id}/{attempt}/0.json"
        self._artifacts.put(path, content, NUMBERS)
        digest = hashlib.sha256(content).hexdigest()
        output = Output(0, NUMBERS, len(content), digest, "done", artifact=path)
        usage = Usage(tokens_in=sum(len(text.split()) for text in texts), engine_ms=_ms(started))
        return Completion(State.SUCCEEDED, "done", (output,), usage, first_output_ms=_ms(started))

    def _say(self, claim: Claim, seq: int, event: Started | Delta | End) -> None:
        self._events.append([Numbered(claim.job.id, claim.attempt, seq, event)])


def _ms(since: float) -> int:
    return round((monotonic() - since) * 1000)
