"""A job that takes its process with it is found out, tried alone, and given up; nobody else pays for it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.acceptance.stack_process import Stacks, stacks

from pressroom.client import Client
from pressroom.client.calls import text_request
from pressroom.engines.fake.words import words
from pressroom.stack import valkey

pytestmark = [pytest.mark.redis, pytest.mark.timeout(180)]

MODEL = "smollm2-135m-instruct"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stacks]:
    home = tmp_path / "home"
    with stacks(home) as group:
        yield group
    runtime = valkey.runtime_dir(home)
    (runtime / "valkey.sock").unlink(missing_ok=True)
    runtime.rmdir()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_poison_job_is_given_up_alone_and_its_mates_and_the_stack_go_on(
    own: Stacks, database: str, request: pytest.FixtureRequest
) -> None:
    where: dict[str, str] = {}
    if database == "postgres":
        where = {"database_url": request.getfixturevalue("empty_postgres_url"), "artifacts_shared": "true"}
    stack = own.up(lease_s="1", fake_step_s="0.02", sweep_s="0.1", **where)
    with Client(stack.address, stack.key) as client:
        mates = [
            client.submit(text_request("Write.", model=MODEL, params={"seed": n, "max_tokens": 40}))
            for n in range(4)
        ]
        poison = client.submit(text_request("<crash> Write.", model=MODEL))
        ended = client.wait(poison.id, 90)
        assert (ended.status, ended.attempt) == ("failed", 3)
        assert ended.error is not None
        assert ended.error.code == "dead_letter"
        assert "alone" in ended.error.message
        for n, mate in enumerate(mates):
            job = client.wait(mate.id, 60)
            assert job.status == "succeeded"
            assert job.outputs[0].text == "".join(words(n, 0, 40))
            assert job.attempt <= 3, "it went down with the poison twice, and then was let alone"
        # What it was that died so often is there, and works.
        after = client.text("Hello", model=MODEL, timeout_s=60, max_tokens=4)
        assert after.status == "succeeded"
    assert stack.said.count("worker-text was ended by SIGSEGV") == 3
    assert httpx.get(f"{stack.address}/readyz").status_code == 200
    assert stack.stop() == 0
