"""Copy by template: whose template and voice it is, what stands fast, what the model is asked, and what the guide lets it say.

    writing (template, facts, voice) ──find──> body, variables ──fill──> pieces ──> messages + params of a text job

From there on it is a job like any other; the worker ranks what comes (``judge``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pressroom.catalog.manifest import Manifest
from pressroom.catalog.templates import VERSION, shipped_templates
from pressroom.contract.copy import TemplateRequest, VoiceRequest, Writing
from pressroom.contract.jobs import JobInput, JobRequest, Message
from pressroom.domain.copy.brief import PLAIN, Brief, Example, Voice, brief
from pressroom.domain.copy.channels import CHANNELS
from pressroom.domain.copy.filling import Filled, fill
from pressroom.domain.copy.json_text import placed
from pressroom.domain.copy.lexicon import language_of
from pressroom.domain.copy.template import (
    Part,
    TemplateInvalid,
    Variable,
    check_variables,
    expand,
    facts_in,
    free,
    includes_in,
    parse,
)
from pressroom.domain.errors import (
    InputInvalid,
    LanguageUnsupported,
    TemplateUnknown,
    VoiceUnknown,
)
from pressroom.jobs.asked import resolved_params
from pressroom.jobs.copy_guide import check_ways, decided
from pressroom.jobs.copy_json import bounded, check_schema, check_text
from pressroom.jobs.copy_ports import MOST_NAMES, CopyKind, CopyStore, KeptCopy
from pressroom.jobs.copy_preview import Preview, preview
from pressroom.jobs.copy_shelf import Shelf

CANDIDATES = 4
_DECIDED = ("guide", "max_chars", "max_tokens", "min_tokens", "stop", "logprobs")
"""Params that the template decides about."""


@dataclass(frozen=True, slots=True)
class _Template:
    """A version, with all that it includes; ``parts`` and ``examples`` with the ways of its gaps, or free of them."""

    reference: str
    asked: TemplateRequest
    parts: tuple[Part, ...]
    variables: tuple[Variable, ...]
    examples: tuple[Example, ...]


class Copywriter:
    """The use cases behind ``/v1/templates`` and ``/v1/voices``, and what makes a text job of a writing."""

    def __init__(self, store: CopyStore) -> None:
        self._store = store
        self._opened = Shelf[_Template]()
        self._voices = Shelf[Voice]()
        self._includes = Shelf[tuple[str, ...]]()
        self._shipped = {name: _shipped(name, asked) for name, asked in shipped_templates().items()}

    # -- templates ---------------------------------------------------------------------------
    def templates(self, tenant: str) -> tuple[KeptCopy, ...]:
        """The newest version of each, the shipped ones too, by name. Raises DatabaseUnavailable."""
        own = {each.name: each for each in self._store.newest(tenant, "template")}
        return tuple(each for _, each in sorted((self._shipped | own).items()))

    def template(self, tenant: str, reference: str) -> KeptCopy:
        """Raises TemplateUnknown, DatabaseUnavailable."""
        name, version = _split(reference)
        found = self._store.find(tenant, "template", name, version)
        if found is None and version in (None, VERSION):
            found = self._shipped.get(name)
        if found is None:
            raise TemplateUnknown(
                f"There is no template {reference}; /v1/templates lists what there is.", field="template"
            )
        return found

    def keep_template(self, tenant: str, name: str, asked: TemplateRequest) -> KeptCopy:
        """Raises TemplateInvalid, InputInvalid, DatabaseUnavailable; then nothing is kept."""
        self._checked(tenant, name, asked)
        self._check_room(tenant, "template", name)
        return self._store.keep(tenant, "template", name, asked.model_dump(mode="json"))

    def preview(
        self,
        tenant: str,
        name: str,
        asked: TemplateRequest,
        facts: Mapping[str, str],
        gaps: Sequence[str] = (),
    ) -> Preview:
        """What a template would make of a row, and of ``gaps`` that are written already; nothing is kept.

        Raises TemplateInvalid, FactMissing, FactInvalid, FactsTooLong, DatabaseUnavailable."""
        parts = self._checked(tenant, name, asked)
        filled = _filled(asked, parts, _variables(asked), facts)
        return preview(filled, CHANNELS[asked.channel], asked.locale, gaps)

    def _checked(self, tenant: str, name: str, asked: TemplateRequest) -> tuple[Part, ...]:
        parts = _parts(name, self._bodies(tenant, name, asked.body), asked)
        check_variables(parts, _variables(asked))
        check_ways(parts, asked.locale)
        if asked.json_schema is not None:
            check_schema(asked.json_schema)
            check_text(parts, _variables(asked), CHANNELS[asked.channel], asked.locale)
        _examples(asked, parts)
        return parts

    def remove_template(self, tenant: str, name: str) -> None:
        """Raises TemplateUnknown, DatabaseUnavailable."""
        if not self._store.remove(tenant, "template", name):
            raise TemplateUnknown(
                f"You have no template {name}; those that are shipped stay.", field="template"
            )

    # -- voices ------------------------------------------------------------------------------
    def voices(self, tenant: str) -> tuple[KeptCopy, ...]:
        """The newest version of each, by name. Raises DatabaseUnavailable."""
        return self._store.newest(tenant, "voice")

    def voice(self, tenant: str, reference: str) -> KeptCopy:
        """Raises VoiceUnknown, DatabaseUnavailable."""
        found = self._store.find(tenant, "voice", *_split(reference))
        if found is None:
            raise VoiceUnknown(
                f"There is no voice {reference}: it was removed, or never made. /v1/voices lists what there is.",
                field="voice",
            )
        return found

    def keep_voice(self, tenant: str, name: str, asked: VoiceRequest) -> KeptCopy:
        """Raises InputInvalid, DatabaseUnavailable."""
        self._check_room(tenant, "voice", name)
        return self._store.keep(tenant, "voice", name, asked.model_dump(mode="json"))

    def remove_voice(self, tenant: str, name: str) -> None:
        """Raises VoiceUnknown, DatabaseUnavailable."""
        if not self._store.remove(tenant, "voice", name):
            raise VoiceUnknown(f"There is no voice {name}: it is removed already.", field="voice")

    # -- jobs --------------------------------------------------------------------------------
    def written(self, tenant: str, request: JobRequest, manifest: Manifest) -> JobRequest:
        """The same request as the text job that it means; one without a writing as it is.

        Raises TemplateUnknown, VoiceUnknown, TemplateInvalid, LanguageUnsupported, FactMissing, FactInvalid, FactsTooLong,
        InputInvalid, DatabaseUnavailable."""
        writing = request.input.writing
        if writing is None:
            return request
        _check_request(request, manifest)
        template = self._open(tenant, writing.template, without_ways=writing.free)
        check_language(manifest, template.asked.locale)
        kept = self.voice(tenant, writing.voice) if writing.voice is not None else None
        voice = PLAIN if kept is None else self._speaker(tenant, kept)
        _check_facts(template, writing.facts)
        channel = CHANNELS[template.asked.channel]
        filled = _filled(template.asked, template.parts, template.variables, writing.facts)
        told = brief(
            template.asked.what,
            template.asked.instructions,
            filled,
            voice,
            template.asked.locale,
            template.examples,
        )
        pinned = Writing(
            template=template.reference,
            facts=dict(filled.facts),
            voice=None if kept is None else f"{kept.name}@{kept.version}",
            free=writing.free,
            channel=channel.name,
            locale=template.asked.locale,
            json_schema=template.asked.json_schema,
        )
        params = {"n": CANDIDATES if filled.blanks else 1, **request.params}
        params |= decided(filled, voice, template.asked.locale)
        return request.model_copy(update={"input": _input(pinned, told, manifest), "params": params})

    def _open(self, tenant: str, reference: str, *, without_ways: bool) -> _Template:
        kept = self.template(tenant, reference)
        bodies = self._bodies(tenant, kept.name, str(kept.body["body"]))
        return self._opened.made(
            (tenant, kept.name, kept.version, without_ways),
            (kept.body, bodies),
            lambda: _opened(kept, bodies, without_ways=without_ways),
        )

    def _speaker(self, tenant: str, kept: KeptCopy) -> Voice:
        return self._voices.made((tenant, kept.name, kept.version), kept.body, lambda: _voice(kept))

    def _bodies(self, tenant: str, name: str, body: str) -> dict[str, str]:
        """The texts of a template and of all that it includes, as far as they are there."""
        bodies = {name: body}
        left = list(self._included(body))
        while left:
            other = left.pop()
            if other in bodies:
                continue
            try:
                found = self.template(tenant, other)
            except TemplateUnknown:
                continue  # whoever expands it says so
            bodies[other] = str(found.body["body"])
            left += self._included(bodies[other])
        return bodies

    def _included(self, body: str) -> tuple[str, ...]:
        return self._includes.made(body, body, lambda: includes_in(parse(body)))

    def _check_room(self, tenant: str, kind: CopyKind, name: str) -> None:
        others = [each for each in self._store.newest(tenant, kind) if each.name != name]
        if len(others) >= MOST_NAMES:
            raise InputInvalid(f"There are {MOST_NAMES} {kind}s, the most: remove one.", field=f"path.{kind}")


def check_language(manifest: Manifest, locale: str) -> None:
    """Raises LanguageUnsupported unless the model says that it speaks the language."""
    spoken = {language_of(each) for each in manifest.languages}
    if not spoken or language_of(locale) in spoken:
        return
    raise LanguageUnsupported(
        f"{manifest.name} speaks {', '.join(sorted(spoken))}, and the template is in {locale}. Import a model that speaks it: "
        "`pressroom models import FILE --name NAME` takes a GGUF file or a folder of safetensors.",
        field="model",
    )


def check_writer(manifest: Manifest, locales: Iterable[str], params: Mapping[str, Any]) -> None:
    """Whether a model may write in these languages with these params, whatever the facts will be.

    Raises LanguageUnsupported, InputInvalid."""
    _check_writes(manifest, "model")
    for locale in locales:
        check_language(manifest, locale)
    _check_decided(params)
    resolved_params(manifest, params)


def _check_writes(manifest: Manifest, field: str) -> None:
    if manifest.kind != "text":
        raise InputInvalid(f"{manifest.name} writes no text; name a text model.", field=field)


def _check_decided(params: Mapping[str, Any]) -> None:
    for name in _DECIDED:
        if params.get(name) is not None:
            raise InputInvalid(f"The template decides about {name}: leave it out.", field=f"params.{name}")


def _check_request(request: JobRequest, manifest: Manifest) -> None:
    given, writing = request.input, request.input.writing
    _check_writes(manifest, "input.writing")
    others = given.model_dump(exclude={"writing"}, exclude_none=True)
    if others:
        raise InputInvalid(
            "The template says what is asked: give input.writing alone.", field=f"input.{next(iter(others))}"
        )
    _check_decided(request.params)
    for name in ("channel", "locale", "json_schema"):
        if getattr(writing, name) is not None:
            raise InputInvalid(f"{name} is the template's: leave it out.", field=f"input.writing.{name}")


def _check_facts(template: _Template, facts: Mapping[str, str]) -> None:
    known = {variable.name for variable in template.variables}
    unknown = [name for name in facts if name not in known]
    if unknown:
        raise InputInvalid(
            f"{template.reference} has no variable {unknown[0]}. It has: {', '.join(sorted(known)) or 'none'}.",
            field=f"input.writing.facts.{unknown[0]}",
        )


def _input(pinned: Writing, told: Brief, manifest: Manifest) -> JobInput:
    if manifest.text is not None and not manifest.text.chat:
        turns = [f"{asked}\n\n{answer}" for asked, answer in told.examples]
        return JobInput(writing=pinned, prompt="\n\n".join([told.system, *turns, told.request, ""]))
    messages = [Message(role="system", content=told.system)]
    for asked, answer in told.examples:
        messages += [Message(role="user", content=asked), Message(role="assistant", content=answer)]
    messages.append(Message(role="user", content=told.request))
    return JobInput(writing=pinned, messages=tuple(messages))


def _parts(name: str, bodies: Mapping[str, str], asked: TemplateRequest) -> tuple[Part, ...]:
    """Raises TemplateInvalid."""
    if (asked.json_schema is not None) != (asked.channel == "json"):
        raise TemplateInvalid("json_schema and the channel json go together.", field="json_schema")
    parts = expand(name, bodies)
    return parts if asked.json_schema is None else placed(parts)


def _filled(
    asked: TemplateRequest,
    parts: tuple[Part, ...],
    variables: tuple[Variable, ...],
    facts: Mapping[str, str],
) -> Filled:
    """Raises FactMissing, FactInvalid, FactsTooLong."""
    schema, channel = asked.json_schema, CHANNELS[asked.channel]
    filled = fill(parts, variables, facts, channel, asked.locale, as_json=schema is not None)
    return filled if schema is None else bounded(filled, schema, asked.locale)


def _examples(asked: TemplateRequest, parts: tuple[Part, ...]) -> tuple[Example, ...]:
    """Raises TemplateInvalid where one cannot be filled, or has not as many gaps."""
    made = []
    for n, example in enumerate(asked.examples):
        try:
            filled = _filled(asked, parts, _variables(asked), example.facts)
        except InputInvalid as error:
            raise TemplateInvalid(f"Example {n + 1}: {error.message}", field=f"examples.{n}") from None
        if len(filled.blanks) != len(example.gaps):
            raise TemplateInvalid(
                f"Example {n + 1} has {len(example.gaps)} gaps, and the text has {len(filled.blanks)} with these facts.",
                field=f"examples.{n}.gaps",
            )
        made.append(Example(filled, example.gaps))
    return tuple(made)


def _opened(kept: KeptCopy, bodies: Mapping[str, str], *, without_ways: bool) -> _Template:
    """Raises TemplateInvalid."""
    asked = TemplateRequest.model_validate(dict(kept.body))
    parts = _parts(kept.name, bodies, asked)
    parts = free(parts) if without_ways else parts
    reference = f"{kept.name}@{kept.version}"
    return _Template(reference, asked, parts, _variables(asked), _examples(asked, parts))


def _variables(asked: TemplateRequest) -> tuple[Variable, ...]:
    return tuple(
        Variable(each.name, each.type, each.required, each.options, each.unit, each.description)
        for each in asked.variables
    )


def _voice(kept: KeptCopy) -> Voice:
    asked = VoiceRequest.model_validate(dict(kept.body))
    return Voice(kept.name, asked.locale, asked.tone, asked.audience, asked.use, asked.avoid, asked.examples)


def _shipped(name: str, asked: TemplateRequest) -> KeptCopy:
    return KeptCopy("template", name, VERSION, asked.model_dump(mode="json"))


def _split(reference: str) -> tuple[str, int | None]:
    name, _, version = reference.partition("@")
    return name, int(version) if version else None


def variables_of(kept: KeptCopy) -> tuple[str, ...]:
    """The names of a template's variables that its text has."""
    return facts_in(parse(str(kept.body["body"])))
