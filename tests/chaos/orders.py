"""What the clients of the chaos suite ask for: drawn from dice, so that a seed gives the same wishes."""

from dataclasses import dataclass
from random import Random
from typing import Any

from tests.acceptance.press import IMAGE_MODEL, TEXT_MODEL

# Longer than any step of a clock: no job is too late because of a fault.
_LONG_S = 5 * 24 * 3_600
_SHORT_S = 2


@dataclass(frozen=True, slots=True)
class Order:
    """One wish. ``number`` names it in the job's metadata; ``action`` is what the client does besides
    posting: nothing, ``twice`` (both at once), ``cancel``, ``erase``, ``follow`` or ``wait``."""

    number: int
    tenant: str
    kind: str
    key: str | None
    body: dict[str, Any]
    action: str

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {
            "number": self.number,
            "tenant": self.tenant,
            "kind": self.kind,
            "key": self.key,
            "params": self.body["params"],
            "trouble": trouble_of(self.body),
            "short": self.body["deadline_s"] == _SHORT_S,
        }


def trouble_of(body: dict[str, Any]) -> str:
    """What the prompt orders of the fake engine, such as ``<fail>``; empty: nothing."""
    prompt = str(body.get("input", {}).get("prompt", ""))
    return prompt.partition(" ")[0] if prompt.startswith("<") else ""


def drawn(number: int, dice: Random, tenants: tuple[str, ...], *, engine: str) -> Order:
    """The next wish."""
    fake = engine == "fake"
    image = dice.random() < (0.25 if fake else 0.6)
    (action,) = dice.choices(
        ("nothing", "twice", "cancel", "erase", "follow", "wait"), weights=(30, 15, 12, 6, 27, 10)
    )
    if image and action == "follow":
        action = "nothing"
    # A prompt with its trouble, and the few whose time is short.
    chance = dice.random()
    trouble = ""
    if fake and not image:
        trouble = "<fail> " if chance < 0.02 else "<fail:1> " if chance < 0.06 else ""
    short = 0.06 <= chance < 0.09
    body: dict[str, Any] = {
        "metadata": {"number": str(number)},
        "deadline_s": _SHORT_S if short else _LONG_S,
        "priority": dice.randint(3, 7),
    }
    if image:
        body |= {"model": IMAGE_MODEL, "params": {"seed": number, "n": dice.randint(1, 4), "scale": 1}}
    else:
        tokens = dice.randint(10, 120) if fake else dice.randint(4, 16)
        body |= {
            "model": TEXT_MODEL,
            "input": {"prompt": f"{trouble}Write order {number}."},
            "params": {"seed": number, "max_tokens": tokens, "n": dice.choice((1, 1, 1, 2, 3))},
        }
    keyed = action == "twice" or dice.random() < 0.7
    return Order(
        number=number,
        tenant=dice.choice(tenants),
        kind="image" if image else "text",
        key=f"order-{number}" if keyed else None,
        body=body,
        action=action,
    )


def crash(number: int, tenant: str) -> Order:
    """A text whose first attempt ends its worker."""
    body = {
        "model": TEXT_MODEL,
        "input": {"prompt": f"<crash:1> Write order {number}."},
        "params": {"seed": number, "max_tokens": 20, "n": 1},
        "metadata": {"number": str(number)},
        "deadline_s": _LONG_S,
        "priority": 9,
    }
    return Order(number, tenant, "text", f"order-{number}", body, "nothing")
