"""The demo: a stack of its own on a free port, one text job, one picture job, a feed of twelve rows, and what took how long.

The jobs go through HTTP with the project's client, in a thread beside the one that watches the stack,
so that a process that keeps dying ends the demo with its reason instead of leaving it waiting.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pressroom.cli import console
from pressroom.cli.demo_feed import run_feed
from pressroom.cli.saving import write_file
from pressroom.cli.stops import Interrupted, Stop
from pressroom.client import Client
from pressroom.client.calls import image_request, text_request
from pressroom.contract.jobs import JobView
from pressroom.settings import Settings
from pressroom.stack.ports import free_port
from pressroom.stack.stopping import Stopping
from pressroom.stack.up import RunningStack, running

Row = tuple[str, float]
_HOST = "127.0.0.1"
_JOB_S = 120.0
_FEED_S = 600.0
_STOP_SOON_S = 10.0


@dataclass(slots=True)
class _Jobs:
    """The two jobs, run beside the watching; ``over`` is set at their end, whatever it was."""

    work: Callable[["_Jobs"], None]
    rows: list[Row] = field(default_factory=list)
    error: BaseException | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._run, name="demo", daemon=True).start()

    def _run(self) -> None:
        try:
            self.work(self)
        except BaseException as error:  # raised again where it can be told
            self.error = error
        finally:
            self.over.set()


def run_demo(settings: Settings, *, out: Path, prompt: str, label: str, before: list[Row]) -> None:
    """Write ``out/copy.txt``, ``out/picture.png``, ``out/feed.csv`` and ``out/index.html``. Raises StackError, ClientError, Stop."""
    logging.getLogger().setLevel(logging.WARNING)  # structured lines are for processes
    began = time.monotonic()
    apart = _apart(settings)
    rows = list(before)
    with Stopping().installed() as stopping:
        console.say(f"Starting Pressroom (logs in {apart.home / 'logs'}).")
        with running(apart, stopping, console.say) as stack:
            if stack is None:
                raise Interrupted("Interrupted; everything is stopped.")
            started = time.monotonic()
            rows.append(("start everything", started - began))
            rows += [(f"  {name} ready", seconds) for name, seconds in stack.seconds.items()]
            jobs = _Jobs(lambda jobs: _both(jobs, stack, out, prompt, label))
            jobs.start()
            stack.watch(lambda: stopping() or jobs.over.is_set())
            stopped = time.monotonic()
        if stopping():
            raise Interrupted("Interrupted; everything is stopped.")
        if jobs.error is not None:
            raise jobs.error
    rows += [*jobs.rows, ("stop everything", time.monotonic() - stopped)]
    rows.append(("all", time.monotonic() - began + sum(seconds for _, seconds in before)))
    console.line()
    console.table(
        {"step": {}, "seconds": {"justify": "right"}}, [[step, f"{seconds:.2f}"] for step, seconds in rows]
    )


def _apart(settings: Settings) -> Settings:
    """A home, a database and a port of its own; only the models are shared."""
    return settings.model_copy(
        update={
            "home": settings.home / "demo",
            "models_dir": settings.models,
            "database_url": "",
            "artifacts_url": "",
            "host": _HOST,
            "port": free_port(_HOST),
            "front_processes": 1,
            "drain_s": _STOP_SOON_S,
        }
    )


def _both(jobs: _Jobs, stack: RunningStack, out: Path, prompt: str, label: str) -> None:
    issued = stack.admin.keys.issue("demo", "made by the demo")
    try:
        with Client(stack.address, issued.token) as client:
            jobs.rows += _text(client, stack.settings, prompt, out / "copy.txt")
            jobs.rows += _picture(client, stack.settings, label, out / "picture.png")
            jobs.rows += _feed(client, out)
    finally:
        stack.admin.keys.revoke(issued.key.id)


def _text(client: Client, settings: Settings, prompt: str, path: Path) -> list[Row]:
    console.say(f"\nText: {prompt}")
    request = text_request(prompt, model=settings.text_model, params={"max_tokens": 80, "seed": 7})
    pieces = []
    job = client.submit(request)
    for piece in client.stream_text(job.id, timeout_s=_JOB_S):
        console.write(piece)
        pieces.append(piece)
    console.line()
    write_file(path, ("".join(pieces) + "\n").encode())
    console.say(f"→ {path}")
    return _timings(_succeeded(client.job(job.id)), "text")


def _picture(client: Client, settings: Settings, label: str, path: Path) -> list[Row]:
    console.say(f"\nPicture: {label}")
    request = image_request(model=settings.image_model, params={"label": label, "seed": 7, "scale": 8})
    job = _succeeded(client.wait(client.submit(request).id, _JOB_S))
    write_file(path, client.output(job, 0))
    console.say(f"→ {path}")
    return _timings(job, "picture")


def _feed(client: Client, out: Path) -> list[Row]:
    console.say("\nFeed: twelve products to titles, descriptions, meta descriptions and icons")
    began = time.monotonic()
    pieces, ready = run_feed(client, out, _FEED_S)
    console.say(f"{ready} of {pieces} pieces have nothing that a person has to look at.")
    console.say(f"→ {out / 'feed.csv'}, {out / 'index.html'}")
    return [("feed of twelve rows", time.monotonic() - began)]


def _succeeded(job: JobView) -> JobView:
    if job.status != "succeeded":
        reason = job.error.message if job.error else "no reason was given"
        raise Stop(f"The {job.kind} job {job.id} ended {job.status}: {reason}")
    return job


def _timings(job: JobView, name: str) -> list[Row]:
    times = job.timings
    finished = times.finished_at or times.queued_at
    rows = [(name, (finished - times.queued_at) / 1000)]
    if times.started_at is not None:
        rows.append(("  waited", (times.started_at - times.queued_at) / 1000))
    if times.first_output_at is not None:
        rows.append(("  until the first output", (times.first_output_at - times.queued_at) / 1000))
    return rows
