"""What the stack runs, with which settings, and in which order it ends."""

from pathlib import Path

from pydantic import SecretStr

from pressroom.adapters.memory.jobs import MemoryJobStore
from pressroom.settings import Settings
from pressroom.stack import plan

SETTINGS = Settings(
    home=Path("/h"),
    redis_url="unix:///s",
    secret=SecretStr("words"),
    port=9,
    drain_s=7,
    text_slots=3,
    metrics_port=500,
)


def test_children_are_told_what_the_stack_has_decided() -> None:
    env = plan.environment(SETTINGS, {"PATH": "/bin", "PRESSROOM_PORT": "1"})
    assert env["PATH"] == "/bin"
    assert env["PRESSROOM_TEXT_SLOTS"] == "3"
    assert env["PRESSROOM_PORT"] == "9"
    assert env["PRESSROOM_HOME"] == "/h"
    assert env["PRESSROOM_REDIS_URL"] == "unix:///s"
    assert env["PRESSROOM_SECRET"] == "words"
    assert env["PRESSROOM_MODELS_DIR"] == "/h/models"


def test_a_front_a_relay_and_a_worker_for_each_pool() -> None:
    specs = {spec.name: spec for spec in plan.processes(SETTINGS, {}, MemoryJobStore())}
    assert set(specs) == {"front", "relay", "worker-text", "worker-image"}
    assert specs["worker-text"].command[1:] == ("-m", "pressroom.worker", "--pool", "text")
    assert specs["worker-image"].command[1:] == ("-m", "pressroom.worker", "--pool", "image")


def test_each_tells_its_metrics_on_a_port_of_its_own() -> None:
    told = {
        spec.name: spec.env["PRESSROOM_METRICS_PORT"]
        for spec in plan.processes(SETTINGS, {}, MemoryJobStore())
    }
    assert told == {"relay": "500", "worker-text": "501", "worker-image": "502", "front": "503"}
    silent = SETTINGS.model_copy(update={"metrics_port": 0})
    assert {
        spec.env.get("PRESSROOM_METRICS_PORT", "0") for spec in plan.processes(silent, {}, MemoryJobStore())
    } == {"0"}


def test_nothing_new_comes_in_while_the_rest_is_finished() -> None:
    specs = {spec.name: spec for spec in plan.processes(SETTINGS, {}, MemoryJobStore())}
    assert specs["front"].stage < specs["worker-text"].stage < plan.VALKEY_STAGE
    assert specs["relay"].stage < plan.VALKEY_STAGE
    assert specs["worker-text"].grace_s > SETTINGS.drain_s


def test_a_worker_is_ready_when_its_own_process_is_alive() -> None:
    store = MemoryJobStore()
    (worker,) = [spec for spec in plan.processes(SETTINGS, {}, store) if spec.name == "worker-text"]
    assert not worker.ready(1)


def test_threads_share_heaps_unless_the_operator_says_otherwise() -> None:
    assert plan.environment(SETTINGS, {})["MALLOC_ARENA_MAX"] == "2"
    assert plan.environment(SETTINGS, {"MALLOC_ARENA_MAX": "8"})["MALLOC_ARENA_MAX"] == "8"
