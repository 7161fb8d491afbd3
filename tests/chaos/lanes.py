"""Faults in several lanes at once: what breaks in one lane is another thing than in the others.

In each lane every kind has its turn before one comes again, in an order that the seed shuffles; hits are
spread over the run's time, and come without a pause where the time is short. Where the machine is so slow that
a kind has had fewer than ``LEAST_HITS`` by then, its lane goes on, to three times the run's time at most.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random

from tests.chaos.fault import Fault, Stage
from tests.chaos.stage import NotBusy

LEAST_HITS = 3

_ROUNDS = 4
_PATIENCE = 3


class Lanes:
    """``run`` until the time is over. ``hits`` and ``misses`` (nothing ran then) are counted by name."""

    def __init__(
        self,
        stage: Stage,
        lanes: Mapping[str, Sequence[Fault]],
        seed: int,
        note: Callable[..., None],
    ) -> None:
        self._stage = stage
        self._lanes = {name: [one for one in faults if one.fits(stage)] for name, faults in lanes.items()}
        self._seed = seed
        self._note = note
        self._lock = threading.Lock()
        self.hits: Counter[str] = Counter()
        self.misses: Counter[str] = Counter()
        self.broken: list[str] = []
        for faults in self._lanes.values():
            for fault in faults:
                self.hits[fault.name] = 0

    def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._lane, args=(name, faults, seconds, until), name=f"lane-{name}")
            for name, faults in self._lanes.items()
            if faults
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = until - time.monotonic()
        if left > 0:
            time.sleep(left)

    def _lane(self, name: str, faults: Sequence[Fault], seconds: float, until: float) -> None:
        dice = Random(f"{self._seed}/lane/{name}")
        began = time.monotonic()
        gap_s = seconds / (_ROUNDS * len(faults))
        turn = 0
        while True:
            for fault in dice.sample(faults, len(faults)):
                pause = began + turn * gap_s - time.monotonic()
                over = time.monotonic() + max(pause, 0.0) >= until
                if over and (self._enough(faults) or time.monotonic() >= began + _PATIENCE * seconds):
                    return
                time.sleep(max(pause, 0.0))
                turn += 1
                if not self._hit(fault, Random(dice.random())):
                    return

    def _enough(self, faults: Sequence[Fault]) -> bool:
        with self._lock:
            return all(self.hits[fault.name] >= LEAST_HITS for fault in faults)

    def _hit(self, fault: Fault, dice: Random) -> bool:
        self._note("fault", name=fault.name, phase="begins")
        try:
            fault.hit(self._stage, dice)
        except NotBusy:
            with self._lock:
                self.misses[fault.name] += 1
            return True
        except Exception as error:  # the suite's own trouble, not the product's
            self.broken.append(f"{fault.name}: {error!r}")
            return False
        self._note("fault", name=fault.name, phase="over")
        with self._lock:
            self.hits[fault.name] += 1
        return True
