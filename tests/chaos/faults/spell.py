"""How long trouble lasts: a while that the dice choose."""

import time
from random import Random


def spell(dice: Random, least_s: float, most_s: float) -> None:
    """Let what is broken be broken for so long."""
    time.sleep(dice.uniform(least_s, most_s))
