"""``python -m tests.acceptance.template SOCKET``: a process that has imported what Pressroom's processes import, and
forks one of them when it is asked to. What a start costs is mostly imports: seconds, in hundreds of starts.

The asker (``starter``) sends requests as JSON, one a packet, and gets an answer to each:

    {"module": …, "arguments": […], "environment": {…}, "cwd": …} and the descriptor of its stderr    {"pid": 17}
    {"wait": 17}                                                                                       {"status": 0}

It has one thread, and nothing of it depends on its environment: ``prometheus_client``, whose metrics do, is left to
the processes themselves. It ends when its asker does.
"""

import gc
import json
import os
import runpy
import signal
import socket
import sys
from importlib import import_module
from typing import Any

MOST_BYTES = 100_000
_LOADED = (
    "apiflask",
    "gunicorn.app.base",
    "pressroom.bootstrap.front",
    "pressroom.bootstrap.relay",
    "pressroom.bootstrap.worker",
    "tests.chaos.mutations",
)


def main() -> None:
    asker = socket.socket(fileno=int(sys.argv[1]))
    for module in _LOADED:
        import_module(module)
    assert "prometheus_client" not in sys.modules, "the front tells it by the environment where its files are"
    assert len(os.listdir("/proc/self/task")) == 1, "a process with more threads cannot be forked safely"
    gc.collect()
    gc.freeze()  # a collection in a child leaves these pages shared
    while True:
        packet, descriptors, _, _ = socket.recv_fds(asker, MOST_BYTES, 1)
        if not packet:
            return
        request = json.loads(packet)
        if "wait" in request:
            answer = {"status": os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])}
        elif pid := os.fork():
            os.close(descriptors[0])
            answer = {"pid": pid}
        else:
            _become(request, descriptors[0])
            return
        asker.send(json.dumps(answer).encode())


def _become(request: dict[str, Any], stderr: int) -> None:
    """Be ``python -m module arguments``, in a session of its own."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(stderr, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
