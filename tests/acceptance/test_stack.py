"""The embedded stack as its user meets it: started, used, stopped, killed, started again."""

import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.acceptance.processes import until
from tests.acceptance.stack_process import StackProcess, Stacks, gone, stacks

from pressroom.client import Client
from pressroom.client.calls import image_request, text_request
from pressroom.stack import valkey
from pressroom.stack.ports import front_ready

MODEL = "smollm2-135m-instruct"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "home"
    yield folder
    runtime = valkey.runtime_dir(folder)
    (runtime / "valkey.sock").unlink(missing_ok=True)
    runtime.rmdir()


@pytest.fixture
def own(home: Path) -> Iterator[Stacks]:
    with stacks(home) as group:
        yield group


def client_of(stack: StackProcess, key: str) -> Client:
    return Client(stack.address, key)


def test_a_text_and_a_picture_pass_and_ctrl_c_ends_all(own: Stacks, home: Path) -> None:
    stack = own.up()
    names = {"valkey", "front", "relay", "worker-text", "worker-image", "watchdog"}
    assert set(stack.children()) == names
    with client_of(stack, stack.key) as client:
        text = client.text("Hello", model=MODEL, timeout_s=30, max_tokens=8)
        picture = client.image(model="vae-fashion", label="sneaker", timeout_s=30)
        assert text.status == picture.status == "succeeded"
        assert text.outputs[0].text
        assert client.output(picture).startswith(b"\x89PNG")
    curl = next(line for line in stack.said.splitlines() if "curl -s" in line)
    assert stack.key in curl
    assert f"{stack.address}/v1/jobs" in curl
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600

    family, socket_folder = stack.family(), valkey.runtime_dir(home)
    assert stack.stop() == 0
    assert all(gone(member) for member in family)
    assert stack.said.rstrip().endswith("Stopped.")
    assert not (home / "stack.pids").exists()
    assert not socket_folder.exists()

    again = own.up()
    assert again.said.count("pr_") == 0, "the key is shown once"
    assert "pressroom admin keys create" in again.said
    with client_of(again, stack.key) as client:
        assert client.job(text.id).outputs == text.outputs
    again.signal(signal.SIGTERM)
    assert again.exit_status() == 0


def test_a_second_start_is_told_that_one_runs(own: Stacks) -> None:
    first = own.up()
    second = own.start()
    assert second.exit_status() == 1
    assert str(first.pid) in second.said
    assert first.address in second.said
    assert "Traceback" not in second.said
    assert httpx.get(f"{first.address}/readyz").status_code == 200, "the first one is left alone"
    assert first.stop() == 0


def test_a_taken_port_is_told_before_anything_starts(own: Stacks, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack = own.start(port=str(port))
        assert stack.exit_status() == 1
    assert f"127.0.0.1:{port}" in stack.said
    assert "PRESSROOM_PORT" in stack.said
    assert "Traceback" not in stack.said
    assert not (home / "logs").exists()
    assert not (home / "pressroom.db").exists()


def test_a_killed_stack_leaves_no_orphan_and_its_jobs_finish_later(own: Stacks) -> None:
    stack = own.up(fake_step_s="0.3")
    with client_of(stack, stack.key) as client:
        jobs = [
            client.submit(text_request(f"Number {n}", model=MODEL, params={"max_tokens": 40})).id
            for n in range(20)
        ]
        until(lambda: client.job(jobs[0]).status == "running", "the first job runs")
    key, family = stack.key, stack.family()
    stack.kill()
    again = own.up()
    orphans = [
        member for member in family if member not in again.children().values()
    ]  # Valkey may be adopted
    until(lambda: all(gone(member) for member in orphans), "nothing of the killed stack runs")
    with client_of(again, key) as client:
        for job in jobs:
            ended = client.wait(job, 60)
            assert ended.status == "succeeded"
            assert len(ended.outputs) == 1
    assert again.stop() == 0


def test_a_killed_stack_is_cleared_up_without_another_start(own: Stacks) -> None:
    stack = own.up()
    family = stack.family()
    stack.kill()
    until(lambda: all(gone(member) for member in family), "the watchdog has ended all")


def test_without_its_watchdog_the_next_start_adopts_valkey_and_ends_the_rest(own: Stacks) -> None:
    stack = own.up()
    key, children, family = stack.key, stack.children(), stack.family()
    with client_of(stack, key) as client:
        job = client.text("Hello", model=MODEL, timeout_s=30, max_tokens=8)
    children["watchdog"].kill()
    stack.kill()
    assert not gone(children["front"]), "the test is about leftovers"
    again = own.up()
    kept = again.children()["valkey"]
    assert kept == children["valkey"]
    until(lambda: [m.pid for m in family if not gone(m)] == [kept.pid], "all but Valkey have ended")
    assert "left" in again.said
    with client_of(again, key) as client:
        assert client.text("Again", model=MODEL, timeout_s=30, max_tokens=8).status == "succeeded"
        assert client.job(job.id).outputs == job.outputs
    assert again.stop() == 0
    until(lambda: gone(kept), "the adopted one is ended like the others")


def test_what_is_killed_is_started_again(own: Stacks) -> None:
    stack = own.up()
    before = stack.children()
    killed = ("valkey", "front", "relay", "worker-text")
    for name in killed:
        before[name].send_signal(signal.SIGKILL)

    def back() -> bool:
        now = stack.children()
        return all(name in now and now[name] != before[name] and not gone(now[name]) for name in killed)

    until(back, "all four have come back")
    until(lambda: front_ready("127.0.0.1", int(stack.address.rpartition(":")[2])), "the front serves again")
    with client_of(stack, stack.key) as client:
        job = client.text("Hello", model=MODEL, timeout_s=30, max_tokens=8)
    assert job.status == "succeeded"
    assert "worker-text was ended by SIGKILL; it is started again." in stack.said
    assert stack.stop() == 0


def test_a_child_that_cannot_start_ends_the_stack_with_its_reason(own: Stacks) -> None:
    stack = own.start(text_model="no-such-model")
    assert stack.exit_status() == 1
    assert "worker-text" in stack.said
    assert "model_unknown" in stack.said
    assert "Traceback" not in stack.said
    assert not (own.home / "stack.pids").exists()


def test_an_unreachable_redis_is_told(own: Stacks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    stack = own.start(redis_url=f"redis://127.0.0.1:{port}/0")
    assert stack.exit_status() == 1
    assert "PRESSROOM_REDIS_URL" in stack.said
    assert "Traceback" not in stack.said


def test_a_redis_of_somebody_else_is_used_and_left_alone(own: Stacks, redis_url: str) -> None:
    stack = own.up(redis_url=redis_url)
    assert "valkey" not in stack.children()
    with client_of(stack, stack.key) as client:
        job = client.wait(client.submit(image_request(model="vae-fashion", params={"n": 2})).id, 30)
    assert job.status == "succeeded"
    assert len(job.outputs) == 2
    assert stack.stop() == 0
    assert not (own.home / "valkey").exists()


def test_a_second_ctrl_c_does_not_wait_for_what_runs(own: Stacks) -> None:
    stack = own.up(fake_step_s="0.5", drain_s="60")
    with client_of(stack, stack.key) as client:
        job = client.submit(text_request("Hello", model=MODEL, params={"max_tokens": 500})).id
        until(lambda: client.job(job).status == "running", "the job runs")
    family, children = stack.family(), stack.children()
    stack.signal(signal.SIGINT)
    until(lambda: gone(children["front"]), "the front is gone, the worker drains")
    assert not gone(children["worker-text"])
    stack.signal(signal.SIGINT)
    assert stack.exit_status(20) == 0
    assert all(gone(member) for member in family)
