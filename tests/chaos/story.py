"""The ledger's lines put in order: what is known of each job, and of each order that was placed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.ledger import Entry


@dataclass(slots=True)
class Known:
    """What clients know of one accepted job."""

    id: str
    number: int
    order: Entry
    saw: list[tuple[str, str]] = field(default_factory=list)  # state, digest of outputs
    followed: list[Entry] = field(default_factory=list)
    stumbled: list[Entry] = field(default_factory=list)
    refused: list[Entry] = field(default_factory=list)
    cancel_asked: bool = False
    erase_asked: bool = False
    erased: bool = False

    @property
    def tenant(self) -> str:
        return str(self.order["tenant"])

    @property
    def n(self) -> int:
        return int(self.order["params"].get("n", 1))


@dataclass(slots=True)
class Account:
    """``jobs`` by their id; ``ids_of`` each order's ids (one, in a good run); ``orders`` by number;
    ``refused`` what no job is named in; ``unsettled`` orders; ``delivered`` each call of a webhook."""

    jobs: dict[str, Known] = field(default_factory=dict)
    ids_of: dict[int, set[str]] = field(default_factory=dict)
    orders: dict[int, Entry] = field(default_factory=dict)
    refused: list[Entry] = field(default_factory=list)
    unsettled: set[int] = field(default_factory=set)
    delivered: list[Entry] = field(default_factory=list)


def account(entries: Iterable[Entry]) -> Account:
    """Read the ledger. A line of a job that was never accepted is an error of the suite: KeyError."""
    whole = Account()
    for entry in entries:
        _take(whole, entry)
    return whole


def _take(whole: Account, entry: Entry) -> None:
    what, job_id = entry["what"], entry.get("job")
    known: Any = whole.jobs[job_id] if job_id is not None and what != "accepted" else None
    match what:
        case "asked":
            whole.orders[entry["number"]] = entry
        case "accepted":
            number = entry["number"]
            whole.ids_of.setdefault(number, set()).add(entry["job"])
            whole.jobs.setdefault(entry["job"], Known(entry["job"], number, whole.orders[number]))
        case "unsettled":
            whole.unsettled.add(entry["number"])
        case "refused":
            (whole.refused if known is None else known.refused).append(entry)
        case "cancel":
            known.cancel_asked = True
        case "erasing":
            known.erase_asked = True
        case "erased":
            known.erased = True
        case "saw":
            known.saw.append((entry["state"], entry["outputs"]))
        case "followed":
            known.followed.append(entry)
        case "stumbled":
            known.stumbled.append(entry)
        case "delivered":
            whole.delivered.append(entry)
