"""Jobs, models and endings for tests of the stores, and a clock that a test moves."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from pressroom.adapters.sql.clock import Now
from pressroom.domain.ids import new_id
from pressroom.domain.job import Completion, Held, NewJob, Output, PinnedModel, Usage
from pressroom.domain.retry import Failure, FailureKind
from pressroom.domain.states import State
from pressroom.jobs.ports import LiveModel, WorkerCard

MODEL = PinnedModel("writer", "1", "a" * 64)
OTHER_MODEL = PinnedModel("painter", "2", "b" * 64)
LEASE_MS = 60_000


@dataclass
class Timepiece:
    """Milliseconds that stand still until ``pass_ms``; a database's clock as well as a memory store's."""

    wall: int = 1_800_000_000_000
    boot: str = "boot-1"
    since_boot: int = field(default=5_000_000)

    def __call__(self, connection: Connection | None = None) -> Any:
        return self.wall if connection is None else Now(self.wall, self.since_boot, self.boot)

    def pass_ms(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.since_boot += milliseconds

    def seconds(self) -> float:
        return self.since_boot / 1000


def new_job(tenant: str = "acme", **changes: Any) -> NewJob:
    """A small text job."""
    job = NewJob(
        id=new_id("job"),
        tenant=tenant,
        model=MODEL,
        kind="text",
        pool="text",
        priority=5,
        input={"prompt": "Write a line about a blue mug."},
        params={"max_tokens": 10, "n": 1, "seed": 7},
        metadata={"sku": "mug-1"},
        deadline_s=3_600,
        result_ttl_s=86_400,
        request_id="req_1",
    )
    return replace(job, **changes)


def live(model: PinnedModel = MODEL, provider: str = "cpu") -> LiveModel:
    return LiveModel(model.name, model.version, model.sha256, provider)


def card(worker: str = "worker-1", **changes: Any) -> WorkerCard:
    made = WorkerCard(worker, "text", "host-1", 4711, slots=4, free=3, models=(live(),))
    return replace(made, **changes)


def text_output(n: int = 0, text: str = "A mug, and blue.") -> Output:
    return Output(
        n=n,
        media_type="text/plain; charset=utf-8",
        size=len(text.encode()),
        sha256="c" * 64,
        finish_reason="stop",
        text=text,
    )


def picture(n: int, job_id: str, attempt: int) -> Output:
    return Output(
        n=n,
        media_type="image/png",
        size=99,
        sha256="d" * 64,
        finish_reason="done",
        artifact=f"{job_id}/{attempt}/{n}.png",
        width=112,
        height=112,
        label="sneaker",
    )


def success(*outputs: Output, **changes: Any) -> Completion:
    made = Completion(
        State.SUCCEEDED, "stop", outputs or (text_output(),), Usage(10, 20, 30), first_output_ms=12
    )
    return replace(made, **changes)


def partial(*outputs: Output, **changes: Any) -> Completion:
    return replace(Completion(State.FAILED, "error", outputs, Usage(1, 2, 3)), **changes)


def failure(kind: FailureKind = FailureKind.ERROR) -> Failure:
    return Failure(kind, "generation_failed", "The model failed.")


def older(held: Held) -> Held:
    """The attempt before this one."""
    return Held(held.job_id, held.attempt - 1)
