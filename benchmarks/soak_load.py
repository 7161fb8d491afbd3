"""The soak's clients: texts waited for, followed, canceled and erased, pictures, batches, webhooks."""

import itertools
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from live_stack import ended_job
from models import default_text_manifest
from prompts import generation, request_for

from pressroom.client import Client, ClientError

sys.path.append(str(Path(__file__).parents[1]))
from tests.support.receiver import receiver

# More than the slots of the text worker, so that jobs always wait.
_TEXTS, _PICTURES = 24, 6
_ROWS = 40


class SoakLoad:
    """``running()`` keeps clients at work while its block lasts; ``told()`` says what they did."""

    def __init__(self, address: str, key: str) -> None:
        self._address = address
        self._key = key
        self._model = default_text_manifest().name
        self._numbers = itertools.count()
        self._done: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        ways: list[Callable[[Client, int], str]] = [
            *itertools.repeat(self._text, _TEXTS),
            *itertools.repeat(self._picture, _PICTURES),
            self._batch,
        ]
        threads = [threading.Thread(target=self._work_on, args=(way,), daemon=True) for way in ways]
        with receiver() as calls:
            self._hook(calls.url)
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._stopped.set()
                for thread in threads:
                    thread.join(60)
                self._count("webhooks heard", len(calls.calls))

    def told(self) -> dict[str, int]:
        """How often what happened."""
        with self._lock:
            return dict(sorted(self._done.items()))

    def _work_on(self, way: Callable[[Client, int], str]) -> None:
        with Client(self._address, self._key) as client:
            while not self._stopped.is_set():
                try:
                    self._count(way(client, next(self._numbers)))
                except ClientError as error:
                    self._count(f"refused: {getattr(error, 'code', type(error).__name__)}")
                    self._stopped.wait(0.5)

    def _count(self, what: str, times: int = 1) -> None:
        with self._lock:
            self._done[what] += times

    # -- what a client does ------------------------------------------------------------------
    def _text(self, client: Client, number: int) -> str:
        """One in six is followed, one in twelve canceled, one in twelve erased; the others are waited for."""
        request = request_for(generation(number, max_tokens=16 + number % 48), self._model)
        job = client.submit(request, idempotency_key=f"soak-{number}" if number % 2 else None)
        if number % 6 == 1:
            for _ in client.stream_text(job.id):
                pass
            return "texts followed"
        if number % 12 == 2:
            client.cancel(job.id)
            return "texts canceled"
        ended = ended_job(client, job.id)
        if number % 12 == 8:
            client.erase(job.id)
            return "texts erased"
        return f"texts {ended.status}"

    def _picture(self, client: Client, number: int) -> str:
        job = client.submit({"model": "vae-fashion", "params": {"seed": number, "n": 4}})
        ended = ended_job(client, job.id)
        with suppress(ClientError):  # its minute may be over
            client.output(ended, n=number % 4)
        return f"pictures {ended.status}"

    def _batch(self, client: Client, number: int) -> str:
        """Pictures, since the texts are many enough: rows and their results, which expire. (What is erased within a
        lease of its end leaves two notes in Redis for a day, and would be all that is seen to grow.)"""
        rows = [{"custom_id": f"{number}-{row}", "params": {"seed": row, "n": 1}} for row in range(_ROWS)]
        batch = client.batches.post(rows, model="vae-fashion")
        client.batches.wait(batch.id)
        for _ in client.batches.results(batch.id):
            pass
        return "batches"

    def _hook(self, url: str) -> None:
        answer = httpx.post(
            f"{self._address}/v1/webhooks",
            headers={"Authorization": f"Bearer {self._key}"},
            json={"url": url, "description": "soak"},
            trust_env=False,
        )
        answer.raise_for_status()
