"""What is there when all is over: the rows, what the API tells of them, and the artifacts' bytes."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, func, select

from pressroom.adapters.sql.tables import erasure, idempotency_key, job, output
from pressroom.adapters.sql.webhook_tables import webhook_delivery
from pressroom.jobs.packs import piece_of


@dataclass(frozen=True, slots=True)
class OutputRow:
    """One row of ``output``."""

    n: int
    size: int
    sha256: str
    text: str | None = None
    artifact: str | None = None


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row of ``job`` with its outputs. ``number`` is the order's; None once it was erased."""

    id: str
    tenant: str
    state: str
    attempt: int = 1
    errors: int = 0
    crashes: int = 0
    number: int | None = None
    error_code: str | None = None
    erased: bool = False
    held: bool = False
    outputs: tuple[OutputRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What the API says of a job: its status code, view, and the SHA-256 of each output's bytes."""

    status: int
    view: Mapping[str, Any] = field(default_factory=dict)
    bytes_of: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One row of ``webhook_delivery``."""

    id: str
    event: str
    body: str


@dataclass(frozen=True, slots=True)
class Truth:
    """``artifacts`` maps each file's path, and each piece that an output names, to its SHA-256; ``keys`` each key of a tenant to its job;
    ``erasing`` are the jobs of which something is still to be erased; ``messages`` what each job's
    webhook deliveries say."""

    jobs: Mapping[str, JobRow]
    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    erasing: frozenset[str] = frozenset()
    messages: Mapping[str, tuple[Message, ...]] = field(default_factory=dict)


def unended(truth: Engine) -> int:
    """How many jobs have not ended and how many messages were not delivered, whether or not anybody
    waits for them."""
    jobs = select(func.count()).where(job.c.finished_at.is_(None))
    messages = select(func.count()).where(webhook_delivery.c.finished_at.is_(None))
    with truth.connect() as connection:
        return sum(connection.scalar(each) or 0 for each in (jobs, messages))


def collect(
    truth: Engine, artifacts: Path, url: str, keys: Mapping[str, str], accepted: Iterable[tuple[str, str]]
) -> Truth:
    """``accepted`` are jobs and their tenants; each is fetched through the API with all its outputs."""
    with truth.connect() as connection:
        outputs: dict[str, list[OutputRow]] = {}
        for row in connection.execute(select(output)).all():
            outputs.setdefault(row.job_id, []).append(
                OutputRow(row.n, row.size, row.sha256, row.text, row.artifact)
            )
        jobs = {
            row["id"]: _job_row(row, tuple(outputs.get(row["id"], ())))
            for row in connection.execute(select(job)).mappings()
        }
        names = {
            (row.tenant, row.key): row.job_id for row in connection.execute(select(idempotency_key)).all()
        }
        messages: dict[str, tuple[Message, ...]] = {}
        for told in connection.execute(select(webhook_delivery)).all():
            message = Message(told.id, told.event, told.body)
            messages[told.job_id] = (*messages.get(told.job_id, ()), message)
        erasing = frozenset(connection.execute(select(erasure.c.job_id)).scalars())
    return Truth(
        jobs=jobs,
        keys=names,
        told=_tell_all(url, keys, accepted),
        artifacts=_files(
            artifacts, {one.artifact for row in jobs.values() for one in row.outputs if one.artifact}
        ),
        erasing=erasing,
        messages=messages,
    )


def _job_row(row: Mapping[Any, Any], outputs: tuple[OutputRow, ...]) -> JobRow:
    number = (row["metadata"] or {}).get("number")
    return JobRow(
        id=row["id"],
        tenant=row["tenant"],
        state=row["state"],
        attempt=row["attempt"],
        errors=row["errors"],
        crashes=row["crashes"],
        number=int(number) if number is not None else None,
        error_code=row["error_code"],
        erased=row["erased_at"] is not None,
        held=row["worker"] is not None and row["lease_until"] is not None,
        outputs=tuple(sorted(outputs, key=lambda one: one.n)),
    )


def _tell_all(url: str, keys: Mapping[str, str], accepted: Iterable[tuple[str, str]]) -> dict[str, Told]:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:

        def ask(wanted: tuple[str, str]) -> tuple[str, Told]:
            job_id, tenant = wanted
            headers = {"Authorization": f"Bearer {keys[tenant]}"}
            answer = http.get(f"/v1/jobs/{job_id}", headers=headers)
            if answer.status_code != 200:
                return job_id, Told(answer.status_code)
            view = answer.json()
            found = {}
            for one in view["outputs"]:
                content = http.get(one["url"], headers=headers)
                found[one["n"]] = (
                    _sha256(content.content) if content.status_code == 200 else str(content.status_code)
                )
            return job_id, Told(200, view, found)

        with ThreadPoolExecutor(6) as at_once:
            return dict(at_once.map(ask, accepted))


def _files(root: Path, named: Collection[str]) -> dict[str, str]:
    """``<job>/<attempt>/<name>`` of each file, whole or left over; and each piece of one that is ``named``."""
    contents = {
        "/".join(file.relative_to(root).parts[1:]): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and not file.name.startswith(".probe")
    }
    found = {path: _sha256(content) for path, content in contents.items()}
    for artifact in named:
        path, start, end = piece_of(artifact)
        if path in contents:
            found[artifact] = _sha256(contents[path][start:end])
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
