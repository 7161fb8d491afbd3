"""A whole Pressroom in one process: the real front over memory adapters, and a small worker.

    with MiniStack() as stack:
        httpx.get(f"{stack.url}/v1/models", headers=stack.auth)

It lets batches in as a relay does; its worker is ``tests.support.mini_worker``; the models are those of the zoo, by name only.
"""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from apiflask import APIFlask
from pydantic import SecretStr
from tests.support.mini_worker import MiniWorker
from tests.support.outgoing import quiet_outgoing
from tests.support.pictures import QuickCleaner
from werkzeug.serving import BaseWSGIServer, make_server

from pressroom.adapters.memory.artifacts import MemoryArtifacts
from pressroom.adapters.memory.batches import MemoryBatchStore
from pressroom.adapters.memory.copy import MemoryCopyStore
from pressroom.adapters.memory.feedback import MemoryFeedbackStore
from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.adapters.memory.keys import MemoryKeyStore
from pressroom.adapters.memory.pieces import MemoryPieceStore
from pressroom.adapters.memory.redis import MemoryEventLog, MemoryNudges, MemoryResultCache, MemoryTickets
from pressroom.adapters.memory.requeues import MemoryRequeueStore
from pressroom.adapters.memory.retentions import MemoryRetentionStore
from pressroom.adapters.memory.uploads import MemoryUploadStore
from pressroom.adapters.memory.word_lists import MemoryWordListStore
from pressroom.adapters.redis.turnstile import MemoryTurnstile
from pressroom.bootstrap.front import FrontAdapters, FrontParts, assemble
from pressroom.front.app import create_app
from pressroom.jobs.batch_keeping import BatchKeeping
from pressroom.jobs.ports import QueueLimits
from pressroom.jobs.room import ENDLESS
from pressroom.settings import Settings

_SWEEP_S = 0.01
# No models folder: the manifests are those of the zoo.
_NOWHERE = Path(os.devnull) / "models"


class MiniStack:
    """The front on a free port, and one worker thread unless ``worker`` is False.

    ``step_s``: time between two words. ``settings``: fields of ``Settings`` to change."""

    tenant = "acme"

    def __init__(self, *, step_s: float = 0.0, worker: bool = True, **settings: Any) -> None:
        self.keys = MemoryKeyStore()
        self.store = MemoryJobStore(keys=self.keys)
        self.artifacts = MemoryArtifacts()
        self.events = MemoryEventLog()
        self.cache = MemoryResultCache()
        self.tickets = MemoryTickets()
        adapters = FrontAdapters(
            self.store,
            self.keys,
            self.artifacts,
            self.events,
            self.cache,
            self.tickets,
            MemoryNudges(),
            MemoryRequeueStore(self.store),
            MemoryRetentionStore(),
            ENDLESS,
            MemoryUploadStore(),
            QuickCleaner(),
            MemoryBatchStore(self.store),
            self.store.webhooks,
            quiet_outgoing(),
            MemoryFeedbackStore(self.store),
            self.store.spending,
            MemoryPieceStore(self.store),
            MemoryTurnstile(),
            MemoryWordListStore(),
            MemoryCopyStore(),
        )
        self._keeping = BatchKeeping(adapters.batches, QueueLimits(), receive_s=60)
        self.settings = Settings(**{"secret": SecretStr("mini"), "models_dir": _NOWHERE, **settings})
        self.parts: FrontParts = assemble(adapters, self.settings)
        self.app: APIFlask = create_app(self.parts)
        self.key = self.parts.keyring.issue(self.tenant, "mini stack").token
        self._relaying = threading.Thread(target=self._relay, name="mini-relay") if worker else None
        self._stopping = threading.Event()
        self._worker = (
            MiniWorker(self.parts.catalog.all(), self.store, self.artifacts, self.events, step_s=step_s)
            if worker
            else None
        )
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self.app, threaded=True)
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="mini-front")

    @property
    def url(self) -> str:
        """Base URL of the front."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def auth(self) -> dict[str, str]:
        """The header that lets a request in."""
        return {"Authorization": f"Bearer {self.key}"}

    def __enter__(self) -> Self:
        self._serving.start()
        if self._worker is not None:
            self._worker.start()
        if self._relaying is not None:
            self._relaying.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.parts.follower.stop()
        self._stopping.set()
        if self._relaying is not None:
            self._relaying.join(timeout=5)
        if self._worker is not None:
            self._worker.stop()
        self._server.shutdown()
        self._server.server_close()
        self._serving.join(timeout=5)

    def _relay(self) -> None:
        """Let the rows of batches in, as the relay does."""
        while not self._stopping.wait(_SWEEP_S):
            self._keeping.sweep()
