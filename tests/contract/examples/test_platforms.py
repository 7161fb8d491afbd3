"""The examples for n8n and Zapier, run by a stand-in for each platform."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import httpx
from tests.services.node import node
from tests.support.mini_stack import MiniStack

STAND_IN = Path(__file__).parent / "platforms.mjs"
EXAMPLES = Path(__file__).parents[3] / "clients" / "examples"


def run(stack: MiniStack, platform: str, file: Path, *, fails: bool = False) -> Any:
    """What came out; or what was complained of."""
    env = {
        **os.environ,
        "PRESSROOM_URL": stack.url,
        "PRESSROOM_API_KEY": stack.key,
        "PROMPT": f"a mug {uuid.uuid4()}",
    }
    command = [node(), str(STAND_IN), platform, str(file)]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode != 0) is fails, ended.stderr[-2_000:]
    return ended.stderr if fails else json.loads(ended.stdout)


def test_a_workflow_of_n8n_waits_for_its_callback_and_goes_on(stack: MiniStack) -> None:
    file = EXAMPLES / "n8n_workflow.json"
    made = run(stack, "n8n", file)
    assert made["node"] == "Description"
    assert made["item"]["sku"] == "mug-1"
    assert made["item"]["description"]
    job = _newest(stack, "n8n")
    assert job["outputs"][0]["text"] == made["item"]["description"]
    # Its key is of the execution: run again in the same one, it is the same job.
    run(stack, "n8n", file)
    assert _newest(stack, "n8n")["id"] == job["id"]


def test_a_workflow_has_no_secret_and_every_node_a_place() -> None:
    told = (EXAMPLES / "n8n_workflow.json").read_text(encoding="utf-8")
    workflow = json.loads(told)
    names = {each["name"] for each in workflow["nodes"]}
    assert len(names) == len(workflow["nodes"]) == len({each["id"] for each in workflow["nodes"]})
    reached = {
        way["node"] for ways in workflow["connections"].values() for branch in ways["main"] for way in branch
    }
    assert reached | {"When clicking Execute"} == names
    assert set(workflow["connections"]) <= names
    assert "pr_0" not in told


def test_a_zap_goes_on_when_it_is_called_back(stack: MiniStack) -> None:
    made = run(stack, "zapier", EXAMPLES / "zapier" / "write_text.js")
    assert set(made) == {"id", "text", "model", "price"}
    job = _newest(stack, "spring")
    assert (job["id"], job["outputs"][0]["text"]) == (made["id"], made["text"])


def test_what_went_wrong_is_told_to_the_platform(stack: MiniStack) -> None:
    """A budget without room: the platform gets the sentence that says what to do."""
    httpx.put(f"{stack.url}/v1/budgets/spring", json={"tokens": 1}, headers=stack.auth).raise_for_status()
    told = run(stack, "zapier", EXAMPLES / "zapier" / "write_text.js", fails=True)
    assert "budget_spent" in told
    assert "raise the budget" in told
    httpx.delete(f"{stack.url}/v1/budgets/spring", headers=stack.auth).raise_for_status()


def _newest(stack: MiniStack, campaign: str) -> Any:
    jobs = httpx.get(f"{stack.url}/v1/jobs?limit=100", headers=stack.auth).json()["items"]
    return next(job for job in jobs if job["campaign"] == campaign)
