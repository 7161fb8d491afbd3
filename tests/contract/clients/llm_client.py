"""The command ``llm``, with Pressroom as one of its models."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from native import KEY, LONG, MODEL, URL, is_canceled, newest, passed

with tempfile.TemporaryDirectory() as home:
    models = [
        {"model_id": name, "model_name": model, "api_base": f"{URL}/openai/v1", "api_key_name": "press"}
        for name, model in (("press", MODEL), ("nobody", "nobody"))
    ]
    # What is JSON is YAML, too.
    (Path(home) / "extra-openai-models.yaml").write_text(json.dumps(models))
    (Path(home) / "keys.json").write_text(json.dumps({"press": KEY}))
    env = {**os.environ, "LLM_USER_PATH": home}

    def llm(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "llm", "prompt", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, check=False)

    # content, whole and streamed
    asked = ("-m", "press", "-o", "seed", "5", "-o", "max_tokens", "24", "Write about a blue mug.")
    whole = llm(*asked, "--no-stream")
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.strip() == newest()["outputs"][0]["text"].strip()
    assert llm(*asked).stdout == whole.stdout

    # an error
    missing = llm("-m", "nobody", "x")
    assert missing.returncode == 1
    assert "There is no model of this name" in missing.stderr

    # a cancel, by the key that people press
    long = [
        sys.executable,
        "-m",
        "llm",
        "prompt",
        "--key",
        KEY,
        "-m",
        "press",
        "-o",
        "max_tokens",
        str(LONG),
        "Write about a mug.",
    ]
    with subprocess.Popen(long, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as writing:
        assert writing.stdout is not None
        assert writing.stdout.read(1)
        writing.send_signal(signal.SIGINT)
        writing.wait(timeout=20)
    is_canceled(newest()["id"])

    # a time limit of whoever calls it
    try:
        llm("-m", "press", "-o", "max_tokens", str(LONG), "--no-stream", "Write about a mug.", timeout=3)
    except subprocess.TimeoutExpired:
        is_canceled(newest()["id"])
    else:
        raise AssertionError("it was faster than it can be")
passed("llm", "prompt", "stream", "error", "cancel", "timeout")
