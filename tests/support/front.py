"""The front over memory adapters as a WSGI app, without a socket, and a worker that turns by hand."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from pydantic import SecretStr
from tests.support.catalogs import ENLARGER, ICONS, PAINTER, RETOUCHER, WRITER, save
from tests.support.mini_worker import MiniWorker
from tests.support.outgoing import quiet_outgoing
from tests.support.pictures import QuickCleaner
from tests.support.troubled import Troubled, without_artifacts, without_redis
from werkzeug.test import TestResponse

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
from pressroom.bootstrap.front import FrontAdapters, assemble
from pressroom.domain.scopes import Scope
from pressroom.domain.states import TERMINAL, State
from pressroom.front.app import create_app
from pressroom.jobs.batch_keeping import BatchKeeping, BatchSweep
from pressroom.jobs.ports import QueueLimits
from pressroom.settings import Settings

TEXT_JOB = {"model": "writer", "input": {"prompt": "a blue mug"}, "params": {"seed": 7}}
IMAGE_JOB = {"model": "painter", "params": {"label": "boot", "n": 2}}


def _picture() -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((6, 4)).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = _picture()


class Answer(TestResponse):
    """An answer whose JSON is there."""

    @property
    def json(self) -> Any:
        return self.get_json()


class Narrow:
    """Room until a test says that there is none."""

    reason: str | None = None

    def trouble(self) -> str | None:
        return self.reason


class Front:
    """One tenant's view of a front; ``store``, ``redis`` parts and ``artifacts`` take orders for trouble."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        for manifest in (WRITER, PAINTER, RETOUCHER, ENLARGER, ICONS):
            save(manifest, folder / "zoo")
        self.keys = MemoryKeyStore()
        self.store: Any = Troubled(MemoryJobStore(keys=self.keys))
        self.batches: Any = Troubled(MemoryBatchStore(self.store._inner))
        self.cache: Any = without_redis(MemoryResultCache())
        self.events: Any = without_redis(MemoryEventLog())
        self.tickets: Any = without_redis(MemoryTickets())
        self.retentions = MemoryRetentionStore()
        self.room = Narrow()
        self.nudges: Any = without_redis(MemoryNudges())
        self.artifacts: Any = without_artifacts(MemoryArtifacts())
        adapters = FrontAdapters(
            self.store,
            self.keys,
            self.artifacts,
            self.events,
            self.cache,
            self.tickets,
            self.nudges,
            MemoryRequeueStore(self.store._inner),
            self.retentions,
            self.room,
            MemoryUploadStore(),
            QuickCleaner(),
            self.batches,
            self.store._inner.webhooks,
            quiet_outgoing(),
            MemoryFeedbackStore(self.store._inner),
            self.store._inner.spending,
            MemoryPieceStore(self.store._inner),
            MemoryTurnstile(),
            MemoryWordListStore(),
            MemoryCopyStore(),
        )
        fields = {
            "secret": SecretStr("s"),
            "zoo_dir": folder / "zoo",
            "models_dir": folder / "models",
            **settings,
        }
        self.parts = assemble(adapters, Settings(**fields))
        self.app = create_app(self.parts)
        self.key = self.parts.keyring.issue("acme").token
        self.admin_key = self.parts.keyring.issue("operators", scopes=frozenset(Scope)).token
        self.worker = MiniWorker(
            self.parts.catalog.all(), self.store._inner, self.artifacts._inner, self.events._inner
        )
        self.client = FlaskClient(self.app, Answer)

    def redis_down(self) -> None:
        for part, call in (
            (self.cache, "get"),
            (self.cache, "ping"),
            (self.events, "read"),
            (self.tickets, "send"),
        ):
            part.fail(call, times=None)

    def database_down(self) -> None:
        for call in (
            "submit",
            "job",
            "jobs",
            "cancel",
            "erase",
            "ping",
            "live_models",
            "waiting",
            "standings",
        ):
            self.store.fail(call, times=None)

    def call(self, method: str, path: str, *, key: str | None = None, **options: Any) -> Answer:
        """A request with the tenant's key, or with another one."""
        headers = {"Authorization": f"Bearer {key or self.key}", **options.pop("headers", {})}
        response = self.client.open(path, method=method, headers=headers, **options)
        assert isinstance(response, Answer)
        return response

    def post(self, body: Any = TEXT_JOB, **options: Any) -> Answer:
        """``POST /v1/jobs``."""
        return self.call("POST", "/v1/jobs", json=body, **options)

    def send(self, body: bytes, content_type: str = "application/json", **options: Any) -> Answer:
        """``POST /v1/jobs`` with these very bytes."""
        return self.call("POST", "/v1/jobs", data=body, content_type=content_type, **options)

    def webhook(self, url: str = "https://hooks.example.com/in", **fields: Any) -> dict[str, Any]:
        """A new endpoint, with its secret; the most that a tenant may have are made room for."""
        for old in self.call("GET", "/v1/webhooks").json["items"][:-10]:
            self.call("DELETE", f"/v1/webhooks/{old['id']}")
        made: dict[str, Any] = self.call("POST", "/v1/webhooks", json={"url": url, **fields}).json
        return made

    def delivery(self) -> dict[str, Any]:
        """A delivery of a new endpoint, which waits."""
        made: dict[str, Any] = self.call("POST", f"/v1/webhooks/{self.webhook()['id']}/test").json
        return made

    def budget(self, campaign: str = "spring", **bounds: Any) -> str:
        """A budget of the tenant's, by default a large one; its campaign."""
        answer = self.call("PUT", f"/v1/budgets/{campaign}", json=bounds or {"tokens": 10**9})
        assert answer.status_code == 200, answer.text
        return campaign

    def word_list(self, name: str = "rivals", *words: str) -> str:
        """A list of the tenant's; its name."""
        body = {"category": "competitors", "words": words or ["Acme"]}
        answer = self.call("PUT", f"/v1/word-lists/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return name

    def feed(self, title: str = "Oslo Lamp") -> str:
        """A feed of one row; its id."""
        answer = self.post_feed(f"id,title\n1,{title}\n", outputs=[{"template": "seo-title"}])
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def post_feed(
        self,
        table: str | bytes,
        *,
        name: str = "feed.csv",
        headers: dict[str, str] | None = None,
        **plan: Any,
    ) -> Answer:
        """``POST /v1/feeds``."""
        content = table.encode() if isinstance(table, str) else table
        data = {"plan": json.dumps(plan), "feed": (io.BytesIO(content), name)}
        return self.call("POST", "/v1/feeds", data=data, headers=headers or {})

    def template(self, name: str = "slogan") -> str:
        """A template of the tenant's; its name."""
        body = {
            "channel": "seo_title",
            "locale": "en",
            "what": "slogan",
            "body": "{{title}} [[what it is for | 2-5]]",
            "variables": [{"name": "title"}],
        }
        answer = self.call("PUT", f"/v1/templates/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return name

    def voice(self, name: str = "house") -> str:
        """A voice of the tenant's; its name."""
        answer = self.call(
            "PUT", f"/v1/voices/{name}", json={"locale": "en", "tone": "warm", "avoid": ["cheap"]}
        )
        assert answer.status_code == 200, answer.text
        return name

    def done(self, body: Any = TEXT_JOB) -> dict[str, Any]:
        """A job that has ended, as ``GET`` shows it. Jobs that wait before it end too."""
        job_id = self.post(body).json["id"]
        while True:
            assert self.worker.turn()
            found: dict[str, Any] = self.call("GET", f"/v1/jobs/{job_id}").json
            if State(found["status"]) in TERMINAL:
                return found

    def upload(self, picture: bytes = PICTURE) -> dict[str, Any]:
        """An upload of the tenant's, as its ``POST`` shows it."""
        answer = self.call("POST", "/v1/uploads", data=picture, content_type="image/png")
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json
        return made

    def post_batch(self, rows: Sequence[Any], query: str = "", **options: Any) -> Answer:
        """``POST /v1/batches`` with these rows; bytes are sent as they are."""
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        return self.send_batch(b"".join(line + b"\n" for line in lines), query, **options)

    def send_batch(self, body: bytes, query: str = "", **options: Any) -> Answer:
        """``POST /v1/batches`` with these very bytes."""
        options.setdefault("content_type", "application/x-ndjson")
        return self.call("POST", f"/v1/batches{query}", data=body, **options)

    def sweep(self, **limits: int) -> BatchSweep:
        """What the relay does for batches."""
        return BatchKeeping(self.batches, QueueLimits(**limits), receive_s=3_600).sweep()

    def results(self, batch_id: str, query: str = "") -> list[dict[str, Any]]:
        """The results of a batch so far."""
        answer = self.call("GET", f"/v1/batches/{batch_id}/results{query}")
        assert (answer.status_code, answer.content_type) == (200, "application/x-ndjson"), answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def other_key(self) -> str:
        """A key of another tenant."""
        return self.parts.keyring.issue("globex").token


def problem(response: TestResponse, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """Check that an answer is this problem, whole and well-formed; its body."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert (body["status"], body["code"]) == (status, code), body
    assert body["detail"]
    assert body["title"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert "Traceback" not in response.text
    if field is not None:
        assert body["field"] == field, body
        assert field in [error["field"] for error in body["errors"]], body
    return body
