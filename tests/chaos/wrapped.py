"""``python -m tests.chaos.wrapped worker|relay|front …``: the real process, its adapters breakable."""

import os
import runpy
import sys
from pathlib import Path

from tests.chaos.control import VARIABLE, Control
from tests.chaos.mutations import go_without
from tests.chaos.patches import break_when_told

_ROLES = ("front", "relay", "worker")


def main() -> None:
    """Patch what the control file may break, then be ``python -m pressroom.<role> …``."""
    role, *arguments = sys.argv[1:]
    if role not in _ROLES:
        raise SystemExit(f"wrapped: {role} is none of {', '.join(_ROLES)}")
    control = Control(Path(os.environ[VARIABLE]))
    break_when_told(control)
    go_without(control.state.mutation)
    sys.argv = [f"pressroom.{role}", *arguments]
    runpy.run_module(f"pressroom.{role}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
