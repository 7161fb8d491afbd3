"""How far the inputs of a decoder's matrices reach, channel by channel, on a text that was not written for it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pressroom.adapters.models.reference import last_states
from pressroom.adapters.models.weights import Weights

Values = NDArray[np.float32]

# Letters, numbers, code, other scripts: whatever stirs channels that plain prose leaves alone.
TEXT = """The kettle stands on the stove by the window. It is made of steel, holds 1.7 litres and weighs 940 grams; \
the handle is cork, so that it stays cool. Anna bought it in 1998 for £24.50 and has mended it twice. "Why throw \
away what can be mended?" she asks.

Dear customer, thank you for your order no. 48213-B. We have sent it today, and it should be with you by Thursday \
at the latest. If anything is missing, call 0049 30 555 0142 or write to help@example.com - we answer within a day.

# Care
- wash by hand, at most 30 degrees
- dry flat; do NOT iron
- keep away from children under 3 years

{"sku": "LAMP-07", "name": "Reading lamp", "colours": ["oak", "black"], "price": 129.0, "in_stock": true}

def total(rows):
    return sum(row["price"] * row["count"] for row in rows if row["count"] > 0)

The council met on Monday evening. Nine of its eleven members were there, and after two hours they voted, seven to \
two, to keep the library open on Saturdays. The mayor, who had spoken against it in March, said that she had been \
wrong. Nobody laughed. Outside it had begun to snow, and the last bus had left.

Ein Stuhl aus Eiche, geölt, 46 cm breit. Une lampe de bureau en laiton, fabriquée à Lyon. Una manta de lana muy \
suave, hecha a mano. 手工制作的陶瓷咖啡杯，容量三百毫升。 Деревянная полка для книг, сосна, две секции.

Question: Which of the three blankets is the warmest? Answer: The grey one. It has 600 grams of wool to the square \
metre, the blue one 450, and the white one is cotton."""

MOST_TOKENS = 512


def reach(model: Weights, tokens: Sequence[int]) -> dict[str, Values]:
    """The largest magnitude (K,) that each channel of an input has over ``tokens`` (S,), of which the first
    ``MOST_TOKENS`` are looked at. Names are as ``last_states`` tells them."""
    found: dict[str, Values] = {}

    def seen(name: str, x: Values) -> None:
        found[name] = np.abs(x).max(axis=0)

    last_states(model, tokens[: min(MOST_TOKENS, model.geometry.context)], seen)
    return found
