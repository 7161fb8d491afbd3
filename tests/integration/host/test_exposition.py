"""/metrics and /healthz over a real socket."""

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from pressroom.adapters.host.exposition import Exposition, MetricsPortTaken


class World:
    def __init__(self) -> None:
        registry = CollectorRegistry()
        Counter("apples", "Apples.", registry=registry).inc(3)
        self.wrong: str | None = None
        self.exposition = Exposition(registry, lambda: self.wrong, port=0, host="127.0.0.1")
        self.exposition.start()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.exposition.port}{path}", trust_env=False)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.exposition.stop()


def test_metrics_are_served(world: World) -> None:
    answer = world.get("/metrics")

    assert answer.status_code == 200
    assert "apples_total 3.0" in answer.text


def test_health_says_what_is_wrong(world: World) -> None:
    assert (world.get("/healthz").status_code, world.get("/healthz").text) == (200, "ok")

    world.wrong = "reap: the database is away"
    assert (world.get("/healthz").status_code, world.get("/healthz").text) == (503, world.wrong)


def test_anything_else_is_not_here(world: World) -> None:
    assert world.get("/").status_code == 404


def test_a_taken_port_is_an_error_at_once(world: World) -> None:
    with pytest.raises(MetricsPortTaken, match=r"in use.*PRESSROOM_METRICS_PORT"):
        Exposition(CollectorRegistry(), lambda: None, port=world.exposition.port, host="127.0.0.1")
