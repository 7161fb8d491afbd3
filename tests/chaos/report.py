"""What a run of the chaos suite says of itself: one line of JSON, and whether it counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.invariants import DOUBLED, LOST, Violation
from tests.chaos.lanes import LEAST_HITS
from tests.chaos.story import Account
from tests.chaos.truth import Truth

_LEAST_ACCEPTED = 500
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Report:
    """``counts_not`` says why the run proves too little; empty: it counts."""

    facts: Mapping[str, Any]
    violations: Sequence[Violation]
    counts_not: Sequence[str]
    stories: Sequence[str] = field(default=())

    @property
    def good(self) -> bool:
        return not self.violations

    @property
    def lost(self) -> int:
        return int(self.facts["lost"])

    @property
    def doubled(self) -> int:
        return int(self.facts["doubled"])

    def line(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        shown = [
            {"kind": one.kind, "job": one.job, "what": one.what[:500]} for one in self.violations[:_SHOWN]
        ]
        return {
            **self.facts,
            "counts": not self.counts_not,
            "counts_not": list(self.counts_not),
            "violations": len(self.violations),
            "first_violations": shown,
        }


def report(
    account: Account,
    truth: Truth,
    found: Sequence[Violation],
    hits: Mapping[str, int],
    **about: Any,
) -> Report:
    """``hits``: how often each enabled fault hit while jobs ran; ``about``: seed, database and the like."""
    rows = [truth.jobs[job_id] for job_id in account.jobs if job_id in truth.jobs]
    states = Counter("erased" if row.erased else row.state for row in rows)
    reruns = sum(max(0, row.attempt - 1) for row in truth.jobs.values())
    facts: dict[str, Any] = {
        **about,
        "accepted": len(account.jobs),
        **{state: states.get(state, 0) for state in ("succeeded", "failed", "canceled", "expired", "erased")},
        "lost": len({one.job for one in found if one.kind == LOST}),
        "doubled": len({one.job for one in found if one.kind == DOUBLED}),
        "reruns": reruns,
        "dead_letters": sum(row.error_code == "dead_letter" for row in rows),
        "unsettled": len(account.unsettled),
        "messages": sum(map(len, truth.messages.values())),
        "delivered": len(account.delivered),
        "followed": sum(len(known.followed) for known in account.jobs.values()),
        "faults": dict(sorted(hits.items())),
    }
    return Report(facts, found, _counts_not(len(account.jobs), hits, reruns))


def _counts_not(accepted: int, hits: Mapping[str, int], reruns: int) -> list[str]:
    why = []
    if accepted < _LEAST_ACCEPTED:
        why.append(f"{accepted} accepted, at least {_LEAST_ACCEPTED} are needed")
    rare = {name: count for name, count in hits.items() if count < LEAST_HITS}
    if rare:
        why.append(f"too few hits of {rare}, at least {LEAST_HITS} of each are needed")
    if not reruns:
        why.append("nothing ran twice")
    return why
