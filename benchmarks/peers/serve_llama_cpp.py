"""llama.cpp in a process of its own, by the checkout's python, which has its library.

    python serve_llama_cpp.py GGUF PARALLEL THREADS

Speaks as ``serve.py`` does. A server with more slots than there are prompts is slower, so there is one for each.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from llama_cpp import LlamaCpp
from peers.serve import answer


def main() -> None:
    gguf, parallel, threads = sys.argv[1:]
    answer("llama.cpp", LlamaCpp(Path(gguf), int(parallel), int(threads)))


if __name__ == "__main__":
    main()
