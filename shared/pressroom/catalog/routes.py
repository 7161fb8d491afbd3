"""What was decided about a model's versions: which one its name means, and which one is tried beside it.

    name            the stable version; while a canary flies, a share of the jobs gets that one
    name@stable     the stable one, always
    name@latest     the highest there is
    name@1.2.0      this one

A canary that does well is promoted, and what was stable before is remembered; one that does not is rolled back. Both are one
write of ``routes.json`` in the models folder, which fronts see within seconds; jobs that were accepted keep the version that they
were given.
"""

import fcntl
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from pressroom.domain.errors import ModelCorrupt, RouteInvalid

ROUTES_FILE = "routes.json"


class Route(BaseModel):
    """Of one model. ``stable`` None: the version whose folder bears the bare name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stable: str | None = None
    previous: str | None = None
    canary: str | None = None
    share: float = Field(0.0, ge=0, lt=1, description="Of the jobs that name no version.")

    def flying(self, version: str, share: float, *, stable: str) -> "Route":
        """With ``version`` as canary. Raises RouteInvalid."""
        if version == stable:
            raise RouteInvalid(f"{version} is stable already: there is nothing to try.")
        if not 0 < share < 1:
            raise RouteInvalid("A canary's share lies between 0 and 1; `promote` gives it all.")
        return self.model_copy(update={"canary": version, "share": share})

    def promoted(self, version: str | None, *, stable: str) -> "Route":
        """With ``version`` as stable; the canary, when None. Raises RouteInvalid."""
        chosen = version or self.canary
        if chosen is None:
            raise RouteInvalid("No canary flies: say which version is to be stable.")
        if chosen == stable:
            raise RouteInvalid(f"{chosen} is stable already.")
        return Route(stable=chosen, previous=stable)

    def rolled_back(self) -> "Route":
        """Without the canary; without one, with what was stable before. Raises RouteInvalid."""
        if self.canary is not None:
            return self.model_copy(update={"canary": None, "share": 0.0})
        if self.previous is None:
            raise RouteInvalid("No canary flies, and nothing was stable before: there is no way back.")
        return Route(stable=self.previous, previous=self.stable)

    def chosen(self, draw: float) -> str | None:
        """The version of a job that names none; ``draw`` in [0, 1) is the job's own. None: the stable one."""
        return self.canary if draw < self.share else self.stable


Routes = RootModel[dict[str, Route]]


def read_routes(models_dir: Path) -> Mapping[str, Route]:
    """By name; none where nothing was decided. Raises ModelCorrupt for a file that cannot be read as one."""
    path = models_dir / ROUTES_FILE
    try:
        return Routes.model_validate_json(path.read_bytes()).root
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise ModelCorrupt(
            f"{path} cannot be read ({type(error).__name__}). Remove it, and decide again which versions are stable."
        ) from error


def change_route(models_dir: Path, name: str, change: Callable[[Route], Route]) -> Route:
    """Replace one model's route, whole or not at all; two that change at once come one after the other.

    Raises what ``change`` raises, and ModelCorrupt; then nothing is changed."""
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / f".{ROUTES_FILE}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        routes = dict(read_routes(models_dir))
        routes[name] = change(routes.get(name, Route()))
        draft = models_dir / f".{ROUTES_FILE}.new"
        draft.write_text(
            Routes(routes).model_dump_json(indent=2, exclude_defaults=True) + "\n", encoding="utf-8"
        )
        os.replace(draft, models_dir / ROUTES_FILE)
        return routes[name]
