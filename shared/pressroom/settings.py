"""Every setting of every process, typed, from the environment and an optional file.

Order: environment (``PRESSROOM_*``), then the file named by ``PRESSROOM_CONFIG`` (``NAME=value``
lines), then the default. ``python -m pressroom.settings`` prints the table in docs/settings.md.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One object for all processes; each reads the part that it needs."""

    model_config = SettingsConfigDict(env_prefix="PRESSROOM_", extra="ignore", frozen=True)

    # -- where things are ----------------------------------------------------------------------
    home: Path = Field(Path("var"), description="Folder of everything that Pressroom writes on this machine.")
    database_url: str = Field(
        "",
        description="SQLAlchemy URL; empty is SQLite in the home folder. PostgreSQL: postgresql+psycopg://…",
    )
    redis_url: str = Field("", description="Valkey or Redis; empty where the embedded stack starts its own.")
    redis_memory_mb: int = Field(
        1024, ge=0, description="Most memory of the embedded stack's own Valkey; 0 is no bound."
    )
    artifacts_url: str = Field(
        "", description="Artifact store: empty is a folder in the home, file:///path, or s3://bucket/prefix."
    )
    artifacts_shared: bool = Field(
        False, description="Declares that a file:// artifact store is one folder on all hosts (e.g. NFS)."
    )
    s3_endpoint_url: str = Field("", description="Endpoint of an S3-compatible server; empty is AWS.")
    zoo_dir: Path | None = Field(None, description="Folder of the shipped manifests and small models.")
    models_dir: Path | None = Field(
        None, description="Folder of pulled and imported models; default home/models."
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="Server secret for idempotency hashes, page sessions and sealed webhook secrets; the same "
        "on all fronts and relays.",
    )

    # -- front ---------------------------------------------------------------------------------
    host: str = Field("127.0.0.1", description="Address that the front listens on.")
    port: int = Field(8017, ge=0, le=65535, description="Port that the front listens on.")
    front_processes: int = Field(2, ge=1, le=64, description="Front processes.")
    front_threads: int = Field(
        700, ge=4, le=4096, description="Threads a front process; each open event stream holds one."
    )
    streams_per_process: int = Field(600, ge=1, description="Most open event streams a front process.")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body.")
    max_upload_bytes: int = Field(10_485_760, ge=1024, description="Largest picture file that is taken.")
    max_upload_side: int = Field(8_192, ge=1, le=65_535, description="Most pixels a side of an upload.")
    max_upload_pixels: int = Field(16_777_216, ge=1, description="Most pixels of an upload in all.")
    uploads_at_once: int = Field(2, ge=1, le=64, description="Pictures that a front process decodes at once.")
    upload_ttl_s: int = Field(86_400, ge=60, description="How long an upload is kept.")
    max_wait_s: int = Field(60, ge=0, le=600, description="Longest `Prefer: wait`.")
    quote_ttl_s: int = Field(600, ge=10, le=86_400, description="How long a quote's price holds.")
    dialect_wait_s: int = Field(
        600,
        ge=1,
        le=3_600,
        description="How long a request in another service's dialect waits for its job; then the job is canceled.",
    )
    max_queued_lane: int = Field(20_000, ge=1, description="Most queued jobs of one tenant in a pool.")
    max_batch_rows: int = Field(100_000, ge=1, le=10_000_000, description="Most rows of a batch.")
    max_batch_bytes: int = Field(
        1_073_741_824, ge=1024, description="Largest body of a batch, as it comes and when it is unpacked."
    )
    batches_at_once: int = Field(4, ge=1, le=64, description="Batches that a front process takes in at once.")
    batch_receive_s: float = Field(
        3_600.0, gt=0, description="How long the body of a batch may take to come; later it never runs."
    )
    max_queued_pool: int = Field(100_000, ge=1, description="Most queued jobs of a pool.")
    max_queued_total: int = Field(200_000, ge=1, description="Most queued jobs of all pools.")

    # -- watermarks ----------------------------------------------------------------------------
    disk_low_mb: int = Field(
        200,
        ge=0,
        le=1_000_000_000,
        description="With less free on a disk of the artifact store or of SQLite, new jobs, batches and uploads "
        "are refused and nothing is claimed; what runs is finished. 0 turns it off.",
    )

    # -- queue ---------------------------------------------------------------------------------
    lease_s: float = Field(60.0, ge=1, description="A worker silent for this long loses its jobs.")
    poll_s: float = Field(1.0, gt=0, description="How often an idle worker looks for jobs without a ticket.")
    sweep_s: float = Field(1.0, gt=0, description="How often the relay sweeps.")
    drain_s: float = Field(25.0, ge=0, description="Grace time for running jobs after SIGTERM.")
    errors_limit: int = Field(3, ge=1, description="A job fails after this many errors.")
    stream_ttl_s: int = Field(
        3_600, ge=10, description="How long Redis keeps a job's events after the last one."
    )
    cache_ttl_s: int = Field(3_600, ge=10, description="How long Redis keeps a finished job.")
    worker_seen_s: float = Field(
        15.0, gt=0, description="A worker counts as live this long after its last sign."
    )

    # -- worker --------------------------------------------------------------------------------
    engine: Literal["real", "fake"] = Field(
        "real", description="`fake` writes made-up words: for queue tests."
    )
    fake_step_s: float = Field(0.01, ge=0, description="Duration of a step of the fake engine.")
    provider: Literal["auto", "cpu", "cuda"] = Field("auto", description="ONNX Runtime execution provider.")
    cpu_fallback: bool = Field(False, description="Run on the CPU where `provider=cuda` finds no GPU.")
    text_model: str = Field("smollm2-135m-instruct", description="Model that a text worker opens first.")
    text_models: str = Field(
        "",
        description="More models that a text worker serves, by name, with commas between; `*` is every one there is. All "
        "versions of each are served.",
    )
    reading_models: str = Field(
        "*",
        description="Embedding and moderation models that a text worker serves beside, as `text_models`; they are opened when "
        "they are wanted.",
    )
    models_bytes: int = Field(
        0,
        ge=0,
        description="Most memory that the open models of a worker take; the least used one makes room. 0 is three quarters "
        "of this machine's.",
    )
    text_variant: str = Field(
        "",
        description="Weight format of the text model; empty is the one that `pressroom models choose` has found, "
        "else the manifest's first.",
    )
    text_threads: int = Field(
        0, ge=0, le=256, description="Intra-op threads of the text engine; 0 is all cores."
    )
    text_kernels: bool = Field(
        True, description="Use the project's own CPU kernels where they were compiled; else ONNX Runtime's."
    )
    text_slots: int = Field(16, ge=1, le=1024, description="Sequences that the text engine decodes at once.")
    text_slot_tokens: int = Field(2_048, ge=64, description="Most tokens of prompt and output of a sequence.")
    text_kv_bytes: int = Field(
        2_147_483_648,
        ge=1,
        description="Most memory for keys and values; outputs wait where all, at their longest, would take more.",
    )
    text_prefix_bytes: int = Field(
        128 << 20,
        ge=0,
        description="Most memory for what prompts of a tenant begin with alike; 0 computes all anew.",
    )
    image_model: str = Field("vae-fashion", description="Model that an image worker opens first.")
    image_models: str = Field("*", description="As `text_models`, for an image worker.")
    image_threads: int = Field(1, ge=1, le=256, description="Intra-op threads of the image engine.")
    image_batch: int = Field(64, ge=1, le=1024, description="Most pictures of a micro-batch.")
    image_gather_ms: float = Field(
        20.0,
        ge=0,
        le=1000,
        description="How long a picture waits for batch-mates; while more keep coming, up to ten times that.",
    )

    # -- the outside ---------------------------------------------------------------------------
    outgoing_allow: str = Field(
        "",
        description="Networks, addresses and host names that may be called although they are not public, "
        "separated by commas: `10.1.0.0/16, hooks.lan, .shop.internal`.",
    )
    outgoing_http: bool = Field(False, description="Allows calls without TLS.")
    webhook_threads: int = Field(
        32,
        ge=4,
        le=512,
        description="Webhooks that a relay delivers at once; a tenant gets at most a quarter.",
    )

    # -- telemetry -----------------------------------------------------------------------------
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["json", "console"] = Field("json", description="Format of the log lines.")
    log_turn_bytes: int = Field(
        10_000_000, ge=1024, description="`pressroom up` turns a process's log file before it grows larger."
    )
    log_keep: int = Field(3, ge=1, le=1000, description="Turned log files kept of each process.")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of a process's /metrics; 0 is none. A stack counts on from it."
    )

    @field_validator("home", "zoo_dir", "models_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value is not None else None

    @property
    def database(self) -> str:
        """The database's URL, the default resolved."""
        return self.database_url or f"sqlite:///{self.home / 'pressroom.db'}"

    @property
    def artifacts(self) -> str:
        """The artifact store's URL, the default resolved."""
        return self.artifacts_url or (self.home / "artifacts").as_uri()

    @property
    def models(self) -> Path:
        """The folder of pulled and imported models."""
        return self.models_dir or self.home / "models"


def load() -> Settings:
    """Read the environment and the file that ``PRESSROOM_CONFIG`` names.

    Raises pydantic's ValidationError with the names at fault."""
    file = os.environ.get("PRESSROOM_CONFIG")
    return Settings(_env_file=file) if file else Settings()


def what_is_wrong(error: ValidationError) -> str:
    """What ``load`` raised, in one sentence that names the variables and tells no value."""
    wrong = "; ".join(
        f"PRESSROOM_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    )
    return f"The settings are wrong. Correct {wrong}."


def table() -> str:
    """The settings as a Markdown table, made from the fields themselves."""
    rows = ["| variable | default | what it does |", "| --- | --- | --- |"]
    for name, info in Settings.model_fields.items():
        default = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
        shown = "" if default in ("", None) else f"`{default}`"
        rows.append(f"| `PRESSROOM_{name.upper()}` | {shown} | {info.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())  # noqa: T201
