"""Checks that every command a README shows exists: ``readme_commands.py [FILE…]``.

Looks at code alone (fenced or between backticks): ``make target``, ``pressroom command --option`` and
``python -m pressroom.room``. Exit status 1 with a line for each that does not exist.
"""

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from pressroom.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md", "docs/clients.md", "docs/operations.md")
_FENCED = re.compile(r"^```(?:sh|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_ENVIRONMENT = re.compile(r"^(?:\w+=\S* )+")


def main(files: list[str]) -> int:
    """0 when all exist."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = [
        f"{name}: `{line}`: {reason}"
        for name in files or READMES
        for line in commands((ROOT / name).read_text())
        if (reason := trouble(line, targets))
    ]
    print("\n".join(wrong) or "All commands of the READMEs exist.", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


def commands(text: str) -> Iterator[str]:
    """Each line of code, without comments, continuations and leading assignments."""
    fenced = [line for block in _FENCED.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    inline = _INLINE.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for line in (*fenced, *inline):
        yield _ENVIRONMENT.sub("", re.sub(r"(^|\s)#.*", "", line).strip())


def trouble(line: str, targets: set[str]) -> str | None:
    """What is wrong with a command; None also for what is none of ours."""
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    match words:
        case ["make", *rest]:
            missing = [word for word in rest if "=" not in word and word not in targets]
            return f"no target {missing[0]}" if missing else None
        case ["pressroom", *rest]:
            return _pressroom_trouble(rest)
        case ["python", "-m", module, *_] if module.startswith("pressroom."):
            return None if _runs(module) else f"no module {module} to run"
    return None


def _pressroom_trouble(words: list[str]) -> str | None:
    command: click.Command = app
    context = click.Context(app, info_name="pressroom")
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            if word.partition("=")[0] not in known | {"--help"}:
                return f"{command.name} has no option {word}"
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            try:
                _, found, _ = command.resolve_command(context, [word])
            except click.UsageError as error:
                return error.format_message()
            assert found is not None
            command = found
    return None


def _runs(module: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{module}.__main__")
    except ModuleNotFoundError:
        return False
    return spec is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
