"""The client in TypeScript: built from the document that the front serves, and run against a front."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook
from tests.services.node import node
from tests.support.mini_stack import MiniStack

from pressroom.front.openapi import document

SOURCES = Path(__file__).parents[3] / "clients" / "typescript"
SCENARIO = Path(__file__).parent / "scenario.mjs"
CHECKS = [
    "content",
    "picture",
    "streaming",
    "resuming",
    "errors",
    "cancel",
    "timeout",
    "retries",
    "quote",
    "webhooks",
]
NOW = 1_800_000_000


@pytest.fixture(scope="module")
def stack() -> Iterator[MiniStack]:
    with MiniStack(step_s=0.005) as made:
        yield made


@pytest.fixture(scope="module")
def built(stack: MiniStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled client; its types are those of the document."""
    node()
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("package.json", "package-lock.json", ".npmrc", "tsconfig.json"):
        shutil.copy(SOURCES / name, folder)
    shutil.copytree(SOURCES / "src", folder / "src", ignore=shutil.ignore_patterns("schema.ts"))
    (folder / "openapi.json").write_text(json.dumps(document(stack.app)), encoding="utf-8")
    shutil.copy(SCENARIO, folder)
    for command in (
        ["npm", "ci", "--no-audit", "--no-fund"],
        ["npm", "run", "schema"],
        ["npm", "run", "build"],
    ):
        _done(subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False))
    return folder


def _done(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 0, ended.stdout[-2_000:] + ended.stderr[-4_000:]


def _webhook() -> str:
    """A message that the reference library has signed."""
    secret = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
    body = '{"type":"job.succeeded","data":{"name":"Tasse «ä» 🫖"}}'
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(NOW, UTC), body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW), "webhook-signature": signature}
    return json.dumps({"body": body, "secret": secret, "now": NOW, "headers": headers})


@pytest.mark.parametrize("check", CHECKS)
def test_it_does_what_it_says(built: Path, stack: MiniStack, check: str) -> None:
    env = {
        **os.environ,
        "PRESSROOM_URL": stack.url,
        "PRESSROOM_API_KEY": stack.key,
        "WEBHOOK": _webhook(),
    }
    command = [node(), SCENARIO.name, check]
    _done(
        subprocess.run(command, cwd=built, env=env, capture_output=True, text=True, timeout=120, check=False)
    )


def test_every_check_is_run() -> None:
    told = SCENARIO.read_text(encoding="utf-8")
    assert [line.strip()[6:-4] for line in told.splitlines() if line.startswith("  async ")] == CHECKS


def test_a_wrong_request_is_found_when_it_is_compiled(built: Path) -> None:
    """Its types are the server's: a field that no request has is no program."""
    source = built / "src" / "wrong.ts"
    source.write_text(
        'import { Pressroom } from "./client.js";\n'
        'void new Pressroom("http://x", "k").submit({ model: "writer", prioritty: 9 });\n'
    )
    try:
        ended = subprocess.run(
            ["npx", "tsc", "--noEmit"], cwd=built, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        source.unlink()
    assert ended.returncode != 0
    assert "prioritty" in ended.stdout
