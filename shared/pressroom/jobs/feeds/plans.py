"""A plan against a header: which column each variable is filled from, and what each row asks for. Checked before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from pressroom.contract.copy import TemplateRequest, Writing
from pressroom.contract.feeds import FeedOutput, FeedPicture, FeedPlan
from pressroom.contract.jobs import JobInput, JobRequest
from pressroom.domain.errors import InputInvalid
from pressroom.jobs.copy_ports import KeptCopy
from pressroom.jobs.feeds.pictures import model_of, params_of, row_input
from pressroom.jobs.feeds.presets import PRESETS, Columns, plain
from pressroom.jobs.feeds.reading import FeedRow


@dataclass(frozen=True, slots=True)
class Asked:
    """An output, with the columns that it is made from. ``template`` with its version; ``classes`` that a picture may be of."""

    column: str
    output: FeedOutput
    template: str | None
    facts: Mapping[str, str]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan that fits a header. ``continues``: the column without whose value a row goes on with the one before."""

    plan: FeedPlan
    key: str
    model: str
    outputs: tuple[Asked, ...]
    continues: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the export, behind the key."""
        return tuple(each.column for each in self.outputs)

    def requests(self, row: FeedRow) -> list[JobRequest | InputInvalid]:
        """What a row asks for, an output each; or what is wrong with it there. The other outputs are none the worse."""
        return [self._request(row, each) for each in self.outputs]

    def _request(self, row: FeedRow, asked: Asked) -> JobRequest | InputInvalid:
        values = row.values
        metadata = {"key": values.get(self.key, "")[:512], "row": str(row.n), "column": asked.column}
        picture = asked.output.picture
        try:
            if picture is not None:
                given, of_row = row_input(picture, asked.classes, values)
                model, params = model_of(picture), params_of(picture) | of_row
            else:
                facts = {name: values.get(column, "") for name, column in asked.facts.items()}
                voice = asked.output.voice or self.plan.voice
                writing = Writing(
                    template=asked.template or "", facts=facts, voice=voice, free=asked.output.free
                )
                given = JobInput(writing=writing)
                model, params = self.model, dict(self.plan.params)
            return JobRequest(
                model=model, input=given, params=params, metadata=metadata, campaign=self.plan.campaign
            )
        except ValidationError as error:
            return InputInvalid(f"{error.errors()[0]['msg']}.", field="row")
        except InputInvalid as error:
            return InputInvalid(error.message, field="row")


def compiled(
    plan: FeedPlan,
    header: Sequence[str],
    templates: Mapping[str, KeptCopy],
    model: str,
    classes: Mapping[str, tuple[str, ...]],
) -> Compiled:
    """``templates``: those that the plan names, as they are now; ``model``: the text model; ``classes`` of each picture model.

    Raises InputInvalid, which names the output, for columns that are not there and variables that nothing fills."""
    preset = PRESETS[plan.preset]
    key = plan.key or preset.key or header[0]
    if key not in header:
        raise InputInvalid(
            f"The feed has no column {key!r}, which names its rows. It has: {_listed(header)}.",
            field="plan.key",
        )
    outputs = tuple(
        _asked(n, each, header, preset, templates, classes) for n, each in enumerate(plan.outputs)
    )
    for n, each in enumerate(outputs):
        if each.column == key:
            # A table would have two columns of this name, and a JSON object the text in place of its key.
            raise InputInvalid(
                f"An output goes out as {key!r}, which names the rows: give it another column, or name another key.",
                field=f"plan.outputs.{n}.column",
            )
        if each.column in [other.column for other in outputs[:n]]:
            raise InputInvalid(
                f"Two outputs go out as {each.column!r}: give one a column.", field=f"plan.outputs.{n}.column"
            )
    continues = preset.continues if preset.continues in header else None
    return Compiled(plan, key, model, outputs, continues)


def _asked(
    n: int,
    output: FeedOutput,
    header: Sequence[str],
    preset: Columns,
    templates: Mapping[str, KeptCopy],
    classes: Mapping[str, tuple[str, ...]],
) -> Asked:
    if (picture := output.picture) is not None:
        _check_picture(n, picture, header)
        column = output.column or preset.outputs.get("picture", "picture")
        return Asked(column, output, None, {}, classes.get(model_of(picture), ()))
    kept = templates[output.template or ""]
    facts = _facts(n, output, TemplateRequest.model_validate(dict(kept.body)), header, preset)
    name = kept.name.removesuffix(".zh")
    column = output.column or preset.outputs.get(name, kept.name.replace("-", "_"))
    return Asked(column, output, f"{kept.name}@{kept.version}", facts)


def _facts(
    n: int, output: FeedOutput, template: TemplateRequest, header: Sequence[str], preset: Columns
) -> dict[str, str]:
    known = {variable.name for variable in template.variables}
    by_plain = {plain(column): column for column in reversed(header)}
    found: dict[str, str] = {}
    for variable, column in output.facts.items():
        if variable not in known:
            raise InputInvalid(
                f"{output.template} has no variable {variable!r}. It has: {_listed(sorted(known))}.",
                field=f"plan.outputs.{n}.facts.{variable}",
            )
        if column not in header:
            raise InputInvalid(
                f"The feed has no column {column!r}. It has: {_listed(header)}.",
                field=f"plan.outputs.{n}.facts.{variable}",
            )
        found[variable] = column
    for each in template.variables:
        names = (*preset.facts.get(each.name, ()), each.name)
        there = next((by_plain[plain(name)] for name in names if plain(name) in by_plain), None)
        if each.name not in found and there is not None:
            found[each.name] = there
    missing = [each.name for each in template.variables if each.required and each.name not in found]
    if missing:
        raise InputInvalid(
            f"No column fills {_listed(missing)} of {output.template}: name one in facts. The feed has: {_listed(header)}.",
            field=f"plan.outputs.{n}.facts",
        )
    return found


def _check_picture(n: int, picture: FeedPicture, header: Sequence[str]) -> None:
    for column in (*(picture.words or ()), *((picture.label,) if picture.label else ())):
        if column not in header:
            raise InputInvalid(
                f"The feed has no column {column!r}. It has: {_listed(header)}.",
                field=f"plan.outputs.{n}.picture",
            )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:30])
    return f"{shown}, …" if len(names) > 30 else shown
