"""Signals, as a process of Pressroom hears them."""

import subprocess
import sys

_TO_ANOTHER_THREAD = """
import signal, threading, time
from pressroom.adapters.host.signals import StopSignals

signals = StopSignals()
signals.install()
signals.ready()
other = threading.Thread(target=time.sleep, args=(60,), daemon=True)
other.start()
threading.Timer(0.3, signal.pthread_kill, (other.ident, signal.SIGTERM)).start()
print(signals.wait(), flush=True)
"""


def test_a_signal_that_another_thread_gets_is_heard_too() -> None:
    """Nothing says which thread of a process gets a signal, and only the one that does is woken by it."""
    heard = subprocess.run(
        [sys.executable, "-c", _TO_ANOTHER_THREAD], capture_output=True, text=True, timeout=20, check=True
    )
    assert heard.stdout == "SIGTERM\n"
