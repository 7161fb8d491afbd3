"""A peer in a process of its own: what ``peers/serve.py`` and ``peers/serve_llama_cpp.py`` are asked, and answer."""

import json
import subprocess
from pathlib import Path
from typing import Any

SERVE = Path(__file__).with_name("peers") / "serve.py"
SERVE_LLAMA_CPP = SERVE.with_name("serve_llama_cpp.py")


class PeerProcess:
    """``version`` is its library's, ``flags`` are how it is set. It ends with the block that it is opened in."""

    def __init__(self, *command: Path | str) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        greeting = self._answer()
        self.version: str = greeting["version"]
        self.flags: dict[str, Any] = greeting["flags"]

    def __enter__(self) -> "PeerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:  # some libraries talk on stdout too
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
