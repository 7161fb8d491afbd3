"""No route shows one tenant anything of another, or lets it touch it; and no key does more than its scopes.

Both are tested over every route that the app serves, so that a new one is in it from its first day: a
route with a part that no maker knows fails here until somebody says what to put there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.front import IMAGE_JOB, TEXT_JOB, Answer, Front, problem
from werkzeug.routing import Rule

from pressroom.domain.scopes import Scope

MARK = "zebra-of-acme"
OURS = {**TEXT_JOB, "input": {"prompt": f"about a {MARK}"}, "metadata": {"sku": MARK}}

# What stands in a path, by the name of its part: makes one that belongs to the front's own tenant.
MAKERS: dict[str, Callable[[Front], str]] = {
    "job_id": lambda front: str(front.done(OURS)["id"]),
    "n": lambda front: "0",
    "upload_id": lambda front: str(front.upload()["id"]),
    "webhook_id": lambda front: str(front.webhook()["id"]),
    "delivery_id": lambda front: str(front.delivery()["id"]),
    "batch_id": lambda front: str(front.post_batch([OURS]).json["id"]),
    "response_id": lambda front: f"resp_{front.done(OURS)['id']}",
    "file_id": lambda front: f"file-{front.parts.files.take('acme', [MARK.encode()]).id}",
    "campaign": lambda front: front.budget(MARK),
    "word_list": lambda front: front.word_list(MARK),
    "feed_id": lambda front: front.feed(MARK),
    "template": lambda front: front.template(MARK),
    "voice": lambda front: front.voice(MARK),
    "key_id": lambda front: front.parts.keyring.issue("acme", MARK).key.id,
    "tenant": lambda front: "acme",
    "pool": lambda front: "text",
    "owner": lambda front: "pressroom",
    "name": lambda front: "writer",
    "model": lambda front: "writer",
    "version": lambda front: "a" * 64,
    "rest": lambda front: "rest",
}
# Parts that are the same for everybody.
PUBLIC = {"owner", "name", "model", "version", "rest", "tenant", "pool"}
BODIES = {"POST": {}, "PUT": {"tokens": 1}}
# Whoever was given such an address may read what lies there: its token is all the proof there is.
BY_TOKEN = {"signed.get_signed"}
API = ("/v1/", "/openai/", "/replicate/")
# Routes that are the same for everybody.
OPEN = {
    "static",
    "health.get_health",
    "health.get_readiness",
    "reference.get_document",
    "reference.get_reference",
}
SESSIONS = {"sessions.sign_in_page", "sessions.begin_session", "sessions.end_session"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    made = Front(tmp_path_factory.mktemp("front"), max_wait_s=0)
    yield made
    made.parts.follower.stop()


def routes(front: Front, *, pages: bool) -> list[tuple[str, Rule]]:
    """Each method and rule that asks who is there, pages or API."""
    return [
        (method, rule)
        for rule in sorted(front.app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint not in OPEN | SESSIONS | BY_TOKEN and rule.rule.startswith(API) is not pages
    ]


def path_of(front: Front, rule: Rule, made: Callable[[str], str]) -> str:
    """The rule's path with its parts filled in."""
    assert rule.arguments <= set(MAKERS), f"{rule.rule}: say in MAKERS what {rule.arguments} are"
    with front.app.test_request_context():
        values: dict[str, Any] = {name: made(name) for name in rule.arguments}
        if "n" in values:
            values["n"] = int(values["n"])
        path = rule.build(values, append_unknown=False)
    assert path is not None
    return path[1]


def _nobodys(front: Front) -> Callable[[str], str]:
    """Parts of a path to something that never was, of the form that such ids have."""
    forms = {"n": "0", "response_id": f"resp_job_{'0' * 32}", "file_id": f"file-upl_{'0' * 32}"}
    return lambda name: MAKERS[name](front) if name in PUBLIC else forms.get(name, f"{name[:3]}_{'0' * 32}")


def code_of(answer: Any) -> str:
    """Of a problem, or of an error in a dialect's envelope."""
    told = answer.get_json()
    return str(told["error"]["code"] if "error" in told else told["code"])


class Page:
    """A browser of a tenant, signed in."""

    def __init__(self, front: Front, key: str) -> None:
        self._client = front.app.test_client()
        form = self._client.get("/sign-in").get_data(as_text=True)
        self._csrf = form.partition('name="csrf" value="')[2].partition('"')[0]
        signed_in = self._client.post("/sign-in", data={"csrf": self._csrf, "key": key})
        assert signed_in.status_code == 303
        with self._client.session_transaction() as session:
            self._csrf = session["csrf"]

    def call(self, method: str, path: str) -> Any:
        data = {"csrf": self._csrf} if method == "POST" else None
        return self._client.open(path, method=method, data=data)


def state_of(front: Front) -> list[Any]:
    """Everything that the front's own tenant sees of its jobs."""
    items: list[Any] = front.call("GET", "/v1/jobs?limit=100").json["items"]
    return items


def belongs_to_us(front: Front, answer: Answer) -> bool:
    """Whether an answer's body or headers hold anything of the front's own tenant."""
    told = answer.get_data(as_text=True) + repr(list(answer.headers))
    ids = [job["id"] for job in state_of(front)]
    asked = answer.request.path
    return (MARK in told and MARK not in asked) or any(
        job_id in told for job_id in ids if job_id not in asked
    )


def test_no_route_shows_or_changes_anything_of_another_tenant(front: Front) -> None:
    other = front.other_key()
    for method, rule in routes(front, pages=False):
        path = path_of(front, rule, lambda name: MAKERS[name](front))
        unknown = path_of(front, rule, _nobodys(front))
        before = state_of(front)
        theirs = front.call(method, path, key=other, json=BODIES.get(method))
        nobody = front.call(method, unknown, key=other, json=BODIES.get(method))
        assert not belongs_to_us(front, theirs), (method, path, theirs.text)
        # Not even that it is there: the answer is that of something that never was.
        assert theirs.status_code == nobody.status_code, (method, path)
        if theirs.status_code >= 400:
            assert code_of(theirs) == code_of(nobody), (method, path)
        assert state_of(front) == before, (method, path)


def test_the_look_for_our_own_things_finds_them(front: Front) -> None:
    job_id = MAKERS["job_id"](front)
    for path in ("/v1/jobs", f"/v1/jobs/{job_id}"):
        assert belongs_to_us(front, front.call("GET", path))


def test_no_page_shows_or_changes_anything_of_another_tenant(front: Front) -> None:
    page = Page(front, front.other_key())
    for method, rule in routes(front, pages=True):
        path = path_of(front, rule, lambda name: MAKERS[name](front))
        before = state_of(front)
        theirs = page.call(method, path)
        assert not belongs_to_us(front, theirs), (method, path)
        assert rule.arguments == set() or theirs.status_code == 404, (method, path)
        assert state_of(front) == before, (method, path)


@given(
    actions=st.lists(
        st.tuples(
            st.sampled_from(["acme", "globex"]),
            st.sampled_from(["post", "picture", "cancel", "erase", "list", "look", "follow", "work"]),
            st.integers(0, 9),
        ),
        max_size=25,
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_whatever_two_tenants_do_each_sees_its_own(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str, int]]
) -> None:
    """Any order of any calls, with any of the ids that either has: what a tenant gets is its own."""
    front = Front(tmp_path_factory.mktemp("front"), max_wait_s=0)
    keys = {"acme": front.key, "globex": front.other_key()}
    owner: dict[str, str] = {}
    for tenant, action, pick in actions:
        ids = sorted(owner)
        job_id = ids[pick % len(ids)] if ids else "job_none"
        mine = owner.get(job_id) == tenant
        match action:
            case "post" | "picture":
                body = {**(TEXT_JOB if action == "post" else IMAGE_JOB), "metadata": {"of": tenant}}
                # Both use the same keys: they must not meet.
                headers = {"Idempotency-Key": f"{action}-{pick}"}
                made = front.post(body, key=keys[tenant], headers=headers)
                if made.status_code in (200, 202):
                    assert owner.setdefault(made.json["id"], tenant) == tenant
                    assert made.json["metadata"] == {"of": tenant}
                else:
                    problem(made, 410, "job_erased")
            case "work":
                front.worker.turn()
            case "list":
                found = front.call("GET", "/v1/jobs?limit=100", key=keys[tenant]).json["items"]
                assert {item["metadata"]["of"] for item in found} <= {tenant}
                assert {owner[item["id"]] for item in found} <= {tenant}
            case _:
                method, suffix = {
                    "cancel": ("POST", "/cancel"),
                    "erase": ("DELETE", ""),
                    "look": ("GET", ""),
                    "follow": ("GET", "/events"),
                }[action]
                if action == "follow" and mine:
                    continue  # it may not end
                answer = front.call(method, f"/v1/jobs/{job_id}{suffix}", key=keys[tenant])
                if mine:
                    assert answer.status_code in (200, 204, 410)
                else:
                    problem(answer, 404, "job_unknown")
    front.parts.follower.stop()


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_with_one_scope_does_that_and_nothing_else(front: Front, scope: Scope) -> None:
    """Every route asks for exactly one scope, and every scope opens some route."""
    key = front.parts.keyring.issue("acme", scopes=frozenset({scope})).token
    opened: set[tuple[str, str]] = set()
    for method, rule in routes(front, pages=False):
        path = path_of(front, rule, lambda name: MAKERS[name](front))
        answer = front.call(method, path, key=key, json=BODIES.get(method))
        if answer.status_code == 403:
            assert code_of(answer) == "scope_missing"
            assert f"`{scope}`" not in answer.text.partition("(it has")[0]
        else:
            opened.add((method, rule.rule))
    for method, path in opened:
        assert _wanted(method, path) is scope, (method, path)
    for method, rule in routes(front, pages=False):
        if rule.rule.startswith("/v1/jobs") and scope is {"GET": Scope.READ, "DELETE": Scope.ERASE}.get(
            method, Scope.WRITE
        ):
            assert (method, rule.rule) in opened


def _wanted(method: str, path: str) -> Scope:
    """The one scope that a route of the API asks for."""
    if path.startswith(("/v1/webhooks", "/replicate/v1/webhooks")):
        return Scope.WEBHOOKS
    if path.startswith("/v1/admin/"):
        return Scope.ADMIN
    if path.startswith("/v1/budgets") and method != "GET":
        return Scope.BUDGETS
    return {"GET": Scope.READ, "DELETE": Scope.ERASE}.get(method, Scope.WRITE)


def test_no_key_has_the_scope_of_operators_unless_it_is_named(front: Front) -> None:
    assert Scope.ADMIN not in front.parts.keyring.issue("acme").key.scopes


def test_pages_ask_for_scopes_too(front: Front) -> None:
    reader = Page(front, front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ})).token)
    job_id = MAKERS["job_id"](front)
    assert reader.call("GET", f"/jobs/{job_id}").status_code == 200
    for path in ("/jobs", f"/jobs/{job_id}/cancel", f"/jobs/{job_id}/erase"):
        assert reader.call("POST", path).status_code == 403
    writer = Page(front, front.parts.keyring.issue("acme", scopes=frozenset({Scope.READ, Scope.WRITE})).token)
    assert writer.call("POST", f"/jobs/{job_id}/cancel").status_code == 303
    assert writer.call("POST", f"/jobs/{job_id}/erase").status_code == 403


def test_a_page_without_its_token_changes_nothing(front: Front) -> None:
    """Every form of every page, as another site would send it: with the session, without the token."""
    key = front.parts.keyring.issue("acme").token
    page = Page(front, key)
    for method, rule in routes(front, pages=True):
        if method != "POST":
            continue
        path = path_of(front, rule, lambda name: MAKERS[name](front))
        before = state_of(front)
        for data in ({}, {"csrf": ""}, {"csrf": "wrong"}):
            assert page._client.post(path, data=data).status_code == 403, path
        assert state_of(front) == before, path


def test_a_session_without_its_token_changes_nothing_through_the_api(front: Front) -> None:
    page = Page(front, front.parts.keyring.issue("acme", scopes=frozenset(Scope)).token)
    for method, rule in routes(front, pages=False):
        if method == "GET":
            continue
        path = path_of(front, rule, lambda name: MAKERS[name](front))
        before = state_of(front)
        answer = page._client.open(path, method=method, json={})
        assert (answer.status_code, code_of(answer)) == (403, "csrf_invalid"), path
        assert state_of(front) == before, path


def test_every_answer_says_how_a_browser_must_treat_it(front: Front, tmp_path: Path) -> None:
    """Pages, JSON, pictures, errors, redirects, static files."""
    job_id = MAKERS["job_id"](front)
    for path in (
        "/",
        "/sign-in",
        "/docs",
        "/openapi.json",
        "/v1/jobs",
        f"/v1/jobs/{job_id}/outputs/0",
        "/nowhere",
        "/static/desk.css",
    ):
        headers = front.call("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert "Server" not in headers or "/" not in headers["Server"], path
