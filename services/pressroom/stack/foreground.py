"""A stack in the foreground of a terminal: says how to reach it, runs until Ctrl-C, stops in order."""

import shutil
import sys
from pathlib import Path

from pressroom.settings import Settings
from pressroom.stack.first_key import TENANT
from pressroom.stack.stopping import Stopping
from pressroom.stack.up import RunningStack, running


def keep_running(settings: Settings) -> None:
    """Returns once everything has stopped. Raises StackError, DatabaseUnavailable, RedisUnavailable."""
    with Stopping().installed() as stopping:
        print("Starting Pressroom.", flush=True)
        with running(settings, stopping, _say) as stack:
            if stack is not None:
                print(welcome(stack), flush=True)
                stack.watch(stopping)
            print("Stopping: what runs is finished first; Ctrl-C again ends it at once.", flush=True)
        print("Stopped.", flush=True)


def welcome(stack: RunningStack) -> str:
    """The page, the key, a command to try."""
    command = f"{_program()} admin keys create --tenant {TENANT}"
    if stack.new_key:
        key = f"{stack.new_key}\n           Keep it: it is not shown again. Another one: {command}"
    else:
        key = f"as made at the first start; another one: {command}"
    return "\n".join(
        (
            "",
            f"Pressroom runs at {stack.address}",
            f"  page     {stack.address}/",
            f"  API key  {key}",
            f"  logs     {stack.settings.home / 'logs'}",
            f"  try      {_curl(stack)}",
            "",
            "Ctrl-C stops it.",
        )
    )


def _curl(stack: RunningStack) -> str:
    token = stack.new_key or "$PRESSROOM_API_KEY"
    body = f'{{"model": "{stack.settings.text_model}", "input": {{"prompt": "Write one line about a blue mug."}}}}'
    return (
        f"curl -s {stack.address}/v1/jobs -H 'Content-Type: application/json' -H 'Prefer: wait=30' "
        f"-H \"Authorization: Bearer {token}\" -d '{body}'"
    )


def _program() -> str:
    if shutil.which("pressroom"):
        return "pressroom"
    beside = Path(sys.executable).parent / "pressroom"
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
