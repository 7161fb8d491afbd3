"""Stores that are away when told to be, and that lose the answer to a commit when told to."""

from collections.abc import Callable
from typing import Any

from pressroom.domain.errors import ArtifactsUnavailable, DatabaseUnavailable, RedisUnavailable


class Troubled:
    """Wraps a port; every call goes through unless trouble was ordered for its name.

    ``fail(name, times)``: the call does not happen. ``lose_answer(name, times)``: it happens, and
    then fails. ``times=None`` is for ever, until ``well`` is called."""

    def __init__(self, inner: Any, error: type[Exception] = DatabaseUnavailable) -> None:
        self._inner = inner
        self._error = error
        self._failing: dict[str, int | None] = {}
        self._losing: dict[str, int | None] = {}
        self.calls: list[str] = []

    def fail(self, name: str, times: int | None = 1) -> None:
        self._failing[name] = times

    def lose_answer(self, name: str, times: int | None = 1) -> None:
        self._losing[name] = times

    def well(self) -> None:
        self._failing.clear()
        self._losing.clear()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._inner, name)

        def troubled(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            if _due(self._failing, name):
                raise self._error(f"{name} is away")
            result = call(*arguments, **named)
            if _due(self._losing, name):
                raise self._error(f"the answer of {name} was lost")
            return result

        return troubled


def without_redis(inner: Any) -> Troubled:
    return Troubled(inner, RedisUnavailable)


def without_artifacts(inner: Any) -> Troubled:
    return Troubled(inner, ArtifactsUnavailable)


def _due(ordered: dict[str, int | None], name: str) -> bool:
    if name not in ordered:
        return False
    times = ordered[name]
    if times is None:
        return True
    if times <= 1:
        del ordered[name]
    else:
        ordered[name] = times - 1
    return True
