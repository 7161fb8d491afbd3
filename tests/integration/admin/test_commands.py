"""``pressroom admin`` on a real SQLite file, through the command line as an operator types it."""

import json
from pathlib import Path

import click.testing
import pytest
from tests.support.desk import Desk
from tests.support.jobs import partial, success

from pressroom.bootstrap.admin import admin_parts
from pressroom.cli.main import app
from pressroom.domain.ending import WORKER_LOST
from pressroom.domain.errors import KeyInvalid
from pressroom.domain.job import PinnedModel
from pressroom.domain.retry import RetryPolicy
from pressroom.domain.scopes import Scope
from pressroom.jobs.ports import LiveModel, WorkerCard

Result = click.testing.Result


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PRESSROOM_DATABASE_URL", "PRESSROOM_CONFIG", "PRESSROOM_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PRESSROOM_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def migrated(home: Path) -> None:
    assert run("migrate").exit_code == 0


def run(*args: str) -> Result:
    return click.testing.CliRunner().invoke(app, ["admin", *args])


def issued(tenant: str, label: str = "") -> str:
    return run("keys", "create", "--tenant", tenant, "--label", label).stdout.strip()


def test_migrate_twice_does_no_harm(home: Path) -> None:
    first, second = run("migrate"), run("migrate")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "at version" in second.stderr
    assert (home / "var" / "pressroom.db").exists()


def test_migrate_says_the_phase_and_who_may_keep_running(home: Path) -> None:
    planned = run("migrate", "--plan")
    assert planned.exit_code == 0
    assert "empty" in planned.stderr
    assert run("keys", "list").exit_code == 3, "a plan does nothing"

    assert "processes of version 0001 or newer may keep running" in run("migrate").stderr
    assert "Nothing to do" in run("migrate").stderr
    assert "Nothing to do" in run("migrate", "--plan").stderr


@pytest.mark.parametrize("command", [["keys", "list"], ["keys", "create", "--tenant", "t"], ["stats"]])
def test_a_database_that_is_not_migrated(command: list[str]) -> None:
    result = run(*command)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "pressroom admin migrate" in result.stderr


@pytest.mark.usefixtures("migrated")
def test_a_key_is_made_shown_once_and_good() -> None:
    token = issued("shop", "feeds")
    with admin_parts() as parts:
        assert parts.keys.check(token).tenant == "shop"
    row = run("keys", "list").stdout.rstrip("\n").split("\t")
    assert row[0] == token.split("_")[1]
    assert (row[1], *row[3:]) == ("shop", "in use", "everything", "feeds", "-")
    assert token.split("_")[2] not in run("keys", "list").output


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("whole", [True, False])
def test_a_revoked_key_is_useless(whole: bool) -> None:
    token = issued("shop")
    result = run("keys", "revoke", token if whole else token.split("_")[1])
    assert result.exit_code == 0
    assert "revoked" in run("keys", "list").stdout
    with admin_parts() as parts, pytest.raises(KeyInvalid):
        parts.keys.check(token)
    assert token.split("_")[2] not in result.output


@pytest.mark.usefixtures("migrated")
def test_revoking_what_is_no_key_in_use() -> None:
    key_id = issued("shop").split("_")[1]
    run("keys", "revoke", key_id)
    for wrong in (key_id, "nothing"):
        result = run("keys", "revoke", wrong)
        assert result.exit_code == 1
        assert "admin keys list" in result.stderr


@pytest.mark.parametrize("tenant", ["", "  ", "a\nb", "x" * 65])
def test_tenants_that_cannot_be(tenant: str) -> None:
    result = run("keys", "create", "--tenant", tenant)
    assert result.exit_code == 2
    assert "--tenant" in result.stderr


@pytest.mark.usefixtures("migrated")
def test_stats() -> None:
    assert run("stats").stdout == "no live worker\n"
    model = LiveModel("m", "1", "a" * 64, "cpu")
    with admin_parts() as parts:
        parts.store.announce(WorkerCard("w", "text", "host", 1, 16, 7, (model,)))
    shown = run("stats").stdout
    assert "model m 1 on cpu: 1 worker" in shown
    assert "pool text: 0 queued, 7 free places" in shown


def test_a_database_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSROOM_DATABASE_URL", "mysql://host/name")
    result = run("stats")
    assert result.exit_code == 3
    assert "use SQLite or PostgreSQL" in result.stderr


def test_settings_that_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSROOM_LEASE_S", "soon")
    result = run("stats")
    assert result.exit_code == 2
    assert "PRESSROOM_LEASE_S" in result.stderr


def test_a_broken_configuration_of_the_client_does_not_matter(home: Path) -> None:
    (home / "config" / "pressroom").mkdir(parents=True)
    (home / "config" / "pressroom" / "config.json").write_text("{")
    assert run("migrate").exit_code == 0


@pytest.mark.usefixtures("migrated")
def test_a_key_with_scopes_and_days() -> None:
    made = run("keys", "create", "--tenant", "shop", "--scope", "write", "--scope", "read", "--days", "7")
    with admin_parts() as parts:
        key = parts.keys.check(made.stdout.strip())
    assert key.scopes == {Scope.READ, Scope.WRITE}
    assert key.expires_at == key.created_at + 7 * 86_400_000
    row = run("keys", "list").stdout.rstrip("\n").split("\t")
    assert row[3].startswith("until 20")
    assert row[4] == "read,write"
    assert run("keys", "create", "--tenant", "shop", "--scope", "all").exit_code == 2


@pytest.mark.usefixtures("migrated")
def test_a_rotation_shows_the_new_key_and_keeps_the_old_one_for_a_while() -> None:
    old = issued("shop")
    result = run("keys", "rotate", old, "--overlap-hours", "2")
    new = result.stdout.strip()
    with admin_parts() as parts:
        assert parts.keys.check(new).replaces == old.split("_")[1]
        assert parts.keys.check(old).expires_at is not None
    assert "good for 2 h more" in result.stderr
    assert old.split("_")[2] not in result.output
    at_once = run("keys", "rotate", new, "--overlap-hours", "0")
    with admin_parts() as parts, pytest.raises(KeyInvalid):
        parts.keys.check(new)
    assert at_once.exit_code == 0
    assert run("keys", "rotate", "nothing").exit_code == 1


@pytest.mark.usefixtures("migrated")
def test_a_tenant_is_given_a_weight() -> None:
    result = run("weigh", "--tenant", "shop", "--pool", "text", "3")
    assert result.exit_code == 0
    assert "weight 3 in the pool text" in result.stderr
    with admin_parts() as parts:
        assert parts.store.backlog()[0].pool == "text"


@pytest.mark.parametrize("weight", ["0", "-1", "much", "nan", "inf"])
@pytest.mark.usefixtures("migrated")
def test_what_is_no_weight_is_refused(weight: str) -> None:
    assert run("weigh", "--tenant", "shop", "--pool", "text", "--", weight).exit_code == 2


def _poisoned(tenant: str = "acme") -> str:
    """A job that has crashed three times."""
    with admin_parts() as parts:
        zoo = parts.requeuer()._catalog.find("smollm2-135m-instruct")
        model = PinnedModel(zoo.name, zoo.version, zoo.sha256)
        desk = Desk(parts.store)
        job = desk.submit(tenant, model=model, input={"prompt": "a secret"})
        for _ in range(3):
            live = LiveModel(zoo.name, zoo.version, zoo.sha256, "cpu")
            (claim,) = parts.store.claim(
                worker="w", pool="text", models=[live], limit=1, lease_ms=60_000, idle=True
            )
            parts.store.release(claim.held, WORKER_LOST, partial(), RetryPolicy())
        return job.id


@pytest.mark.usefixtures("migrated")
def test_dead_letters_are_listed_and_requeued_once() -> None:
    assert "none" in run("dead-letters").stderr
    first, other = _poisoned(), _poisoned("globex")
    listed = run("dead-letters")
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == [other, first]
    assert "secret" not in listed.stdout
    assert run("dead-letters", "--tenant", "acme").stdout.split("\t")[0] == first
    (as_json,) = map(json.loads, run("dead-letters", "--json", "--limit", "1").stdout.splitlines())
    assert (as_json["id"], as_json["crashes"], as_json["requeued_as"]) == (other, 3, None)

    assert run("requeue", "--all-dead-letters", "--dry-run").stdout.split() == [other, first]
    assert "\t-" in run("dead-letters").stdout
    made = run("requeue", first)
    assert (made.exit_code, made.stdout.startswith("job_")) == (0, True)
    assert run("requeue", first).stdout == made.stdout
    rest = run("requeue", "--all-dead-letters")
    assert len(rest.stdout.split()) == 1
    assert run("requeue", "--all-dead-letters").stdout == ""
    with admin_parts() as parts:
        assert parts.store.job("acme", made.stdout.strip()).requeue_of == first


@pytest.mark.usefixtures("migrated")
def test_what_cannot_be_requeued_is_said_and_the_rest_is_done() -> None:
    good = _poisoned()
    result = run("requeue", "job_" + "0" * 32, "nonsense", good)
    assert result.exit_code != 0
    assert "2 of 3" in result.stderr
    assert "job_unknown" in result.stderr
    assert len(result.stdout.split()) == 1
    for wrong in ([], [good, "--all-dead-letters"], [good, "--tenant", "acme"]):
        assert run("requeue", *wrong).exit_code == 2


@pytest.mark.usefixtures("migrated")
def test_a_tenants_policy_is_set_piece_by_piece() -> None:
    issued("acme")
    assert run("tenants", "list").stdout == "acme\t-\t-\t-\t-\n"
    assert run("tenants", "keep", "acme", "--results", "30d", "--prompts", "0s").exit_code == 0
    assert run("tenants", "keep", "acme", "--keys", "36h").stdout == "acme\t30d\t0d\t-\t36h\n"
    assert run("tenants", "keep", "acme", "--results", "default", "--events", "90s").exit_code == 0
    assert run("tenants", "keep", "globex", "--events", "1h").exit_code == 0
    assert run("tenants", "list").stdout == "acme\t-\t0d\t90s\t36h\nglobex\t-\t-\t1h\t-\n"


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize(
    "wrong",
    [
        ["acme"],
        ["", "--results", "1d"],
        ["acme", "--results", "1"],
        ["acme", "--results", "-1d"],
        ["acme", "--results", "1s"],
        ["acme", "--prompts", "400d"],
        ["acme", "--keys", "1e9d"],
    ],
)
def test_what_is_no_policy_changes_nothing(wrong: list[str]) -> None:
    result = run("tenants", "keep", *wrong)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    assert run("tenants", "list").stdout == ""


# -- bounds, prices, budgets, usage -------------------------------------------------------------
def test_a_key_is_bounded_when_it_is_made_and_later(migrated: None) -> None:
    made = run(
        "keys", "create", "--tenant", "shop", "--model", "writer", "--model", "poet", "--tokens-day", "9"
    )
    assert made.exit_code == 0
    assert run("keys", "list").stdout.strip().endswith("models=writer,poet tokens_day=9")
    key_id = made.stdout.split("_")[1]
    assert run("keys", "limit", made.stdout.strip(), "--concurrency", "2", "--priority", "0").exit_code == 0
    assert run("keys", "list").stdout.strip().endswith("concurrency=2 priority=0")
    assert run("keys", "limit", key_id).exit_code == 0
    assert run("keys", "list").stdout.strip().endswith("-")
    assert run("keys", "limit", "nope", "--priority", "1").exit_code == 1
    for wrong in (("--priority", "10"), ("--concurrency", "0"), ("--tokens-day", "x"), ("--model", "")):
        assert run("keys", "limit", key_id, *wrong).exit_code == 2


def test_the_scope_of_operators_must_be_named(migrated: None) -> None:
    run("keys", "create", "--tenant", "shop")
    run("keys", "create", "--tenant", "operators", "--scope", "admin")
    rows = [line.split("\t")[4] for line in run("keys", "list").stdout.splitlines()]
    assert sorted(rows) == ["admin", "everything"]


def test_prices_are_set_listed_and_removed(migrated: None) -> None:
    assert run("prices", "set", "writer", "--million-in", "0.15", "--million-out", "0.6").exit_code == 0
    assert run("prices", "set", "*", "--picture", "0.002").exit_code == 0
    assert run("prices", "list").stdout == "*\t0\t0\t0.002\nwriter\t0.15\t0.6\t0\n"
    assert run("prices", "remove", "*").exit_code == 0
    assert run("prices", "remove", "*").exit_code == 1
    for wrong in ("x", "-1", "0.0001", "NaN", "Infinity", "1e30"):
        assert run("prices", "set", "writer", f"--million-in={wrong}").exit_code == 2
    assert run("prices", "list").stdout == "writer\t0.15\t0.6\t0\n"


def test_budgets_are_set_listed_and_removed(migrated: None) -> None:
    assert run("budgets", "set", "shop", "spring", "--tokens", "1000", "--price", "2.5").exit_code == 0
    assert run("budgets", "list", "shop").stdout == "spring\t0\t0\t1000\t0\t0\t2.5\n"
    assert run("budgets", "set", "shop", "spring").exit_code == 2
    assert run("budgets", "remove", "shop", "spring").exit_code == 0
    assert run("budgets", "remove", "shop", "spring").exit_code == 1
    assert run("budgets", "list", "shop").stdout == ""


def test_usage_is_told_by_line(migrated: None) -> None:
    with admin_parts() as parts:
        claim = Desk(parts.store).running(tenant="shop")
        parts.store.complete(claim.held, success())
    (line,) = run("usage").stdout.splitlines()
    assert line.split("\t")[1:] == ["shop", "-", "writer", "-", "1", "1", "10", "20", "0", "0.030", "0"]
    assert run("usage", "--tenant", "other").stdout == ""
    assert run("usage", "--since", "2001-01-01", "--until", "2001-02-01").stdout == ""
    assert run("usage", "--since", "2001-02-01", "--until", "2001-01-01").exit_code == 2
    assert run("usage", "--since", "yesterday").exit_code == 2
