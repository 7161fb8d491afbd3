"""llama.cpp in a process of its own, by the checkout's python, which has its library.

    python serve_llama_cpp.py GGUF PARALLEL THREADS

Speaks as ``serve.py`` does. A server with more slots than there are prompts is slower, so there is one for each.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from llama_cpp import LlamaCpp


def main() -> None:
    gguf, parallel, threads = sys.argv[1:]
    server = LlamaCpp(Path(gguf), int(parallel), int(threads))
    print(json.dumps({"peer": "xllamacpp", "version": version("xllamacpp")}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        prefill, decode = server.measure(asked["prompts"], asked["tokens"])
        print(json.dumps({"prefill": prefill, "decode": decode}), flush=True)


if __name__ == "__main__":
    main()
