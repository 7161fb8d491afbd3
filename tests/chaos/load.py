"""The clients: they post, cancel, erase, follow and look, and repeat a keyed post until they are told.

An answer that did not come, or a 503, means that nobody knows. With a key the client asks again until it
knows; without one the order is written down as unsettled.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any

import httpx
from tests.chaos.following import Follower
from tests.chaos.ledger import Ledger, digest
from tests.chaos.orders import Order, crash, drawn

TERMINAL = frozenset({"succeeded", "failed", "canceled", "expired"})
_TIMEOUT = httpx.Timeout(20, connect=3)
_PAUSE_S = (0.05, 0.4)
_POSTERS = 8
_WATCHERS = 2
_FOLLOWERS = 16


class Load:
    """``start`` and ``stop`` the posting; ``settle`` waits until every accepted job was seen to end."""

    def __init__(
        self,
        url: str,
        keys: dict[str, str],
        ledger: Ledger,
        seed: int,
        *,
        engine: str,
        most_open: int = 48,
    ) -> None:
        self._url = url
        self._keys = keys
        self._ledger = ledger
        self._seed = seed
        self._engine = engine
        self._most_open = most_open
        self._changed = threading.Condition()
        self._numbers = 0
        self._open: dict[str, str] = {}  # job: tenant
        self._ended: dict[str, tuple[str, str, str]] = {}  # job: tenant, state, digest
        self._known_refusals: set[tuple[str, str, int]] = set()
        self._stopped = threading.Event()
        self._settled = threading.Event()
        self._give_up_at = float("inf")
        self._threads: list[threading.Thread] = []
        self._watchers: list[threading.Thread] = []
        self._followers = ThreadPoolExecutor(_FOLLOWERS, "follower")
        self._following: list[Future[None]] = []
        self._local = threading.local()
        self._clients: list[httpx.Client] = []
        self.broken: list[str] = []

    # -- from outside ------------------------------------------------------------------------
    def start(self) -> None:
        for number in range(_POSTERS):
            self._threads.append(self._thread(self._post_on, number))
        for number in range(_WATCHERS):
            self._watchers.append(self._thread(self._watch, number))

    def stop(self) -> None:
        """No new orders; those in the middle are brought to their end."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> bool:
        """Whether all accepted jobs were seen to end, and all followers came to theirs, in time."""
        self._give_up_at = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.1, self._give_up_at - time.monotonic()))
        with self._changed:
            left = max(0.0, self._give_up_at - time.monotonic())
            all_ended = self._changed.wait_for(lambda: not self._open, left)
        self._settled.set()
        for following in self._following:
            following.result(max(0.1, self._give_up_at - time.monotonic()) + 30)
        for watcher in self._watchers:
            watcher.join(30)
        return all_ended

    def close(self) -> None:
        self._give_up_at = 0.0
        self.stop()
        self._settled.set()
        for thread in (*self._threads, *self._watchers):
            thread.join(30)
        self._followers.shutdown(wait=True, cancel_futures=True)
        for client in self._clients:
            client.close()

    def post_crash(self) -> None:
        """Order a crash of the engine; returns when it is accepted."""
        self._post(crash(self._number(), next(iter(self._keys))), Random(self._seed))

    # -- posting -----------------------------------------------------------------------------
    def _post_on(self, number: int) -> None:
        dice = Random(f"{self._seed}/poster/{number}")
        while not self._stopped.is_set():
            with self._changed:
                self._changed.wait_for(
                    lambda: self._stopped.is_set() or len(self._open) < self._most_open, timeout=1.0
                )
                if self._stopped.is_set() or len(self._open) >= self._most_open:
                    continue
            order = drawn(self._number(), dice, tuple(self._keys), engine=self._engine)
            self._carry_out(order, dice)

    def _carry_out(self, order: Order, dice: Random) -> None:
        if order.action == "twice":
            second = threading.Thread(target=self._post, args=(order, Random(order.number)), daemon=True)
            second.start()
            self._post(order, dice)
            second.join()
            return
        headers = {"Prefer": "wait=5"} if order.action == "wait" else {}
        job_id = self._post(order, dice, headers)
        if job_id is None:
            return
        if order.action == "follow":
            follower = Follower(self._ledger, job_id, Random(f"{self._seed}/{order.number}"))
            self._following.append(self._followers.submit(self._follow, follower, order.tenant))
        elif order.action in ("cancel", "erase"):
            time.sleep(dice.choice((0.0, dice.uniform(0.0, 0.5), dice.uniform(0.5, 2.0))))
            self._cancel(job_id, order.tenant) if order.action == "cancel" else self._erase(
                job_id, order.tenant
            )

    def _post(self, order: Order, dice: Random, headers: dict[str, str] | None = None) -> str | None:
        """The job's id; None: unsettled, or refused."""
        sent = {**(headers or {}), **({"Idempotency-Key": order.key} if order.key else {})}
        self._ledger.write("asked", **order.facts)
        while time.monotonic() < self._give_up_at:
            answer = self._ask(order.tenant, "POST", "/v1/jobs", json=order.body, headers=sent)
            if answer is not None and answer.status_code in (200, 202):
                view = answer.json()
                self._ledger.write("accepted", number=order.number, job=view["id"], status=answer.status_code)
                self._note(view["id"], order.tenant)
                if view["status"] in TERMINAL:
                    self._saw(view["id"], order.tenant, view)
                return str(view["id"])
            if answer is not None and answer.status_code not in (429, 503):
                self._refused("POST", f"order {order.number}", answer)
                return None
            if order.key is None and (answer is None or answer.status_code == 503):
                break
            time.sleep(dice.uniform(*_PAUSE_S))
        self._ledger.write("unsettled", number=order.number)
        return None

    def _cancel(self, job_id: str, tenant: str) -> None:
        answer = self._until_told(tenant, "POST", f"/v1/jobs/{job_id}/cancel")
        if answer is None:
            return
        if answer.status_code == 200:
            self._ledger.write("cancel", job=job_id, status=answer.json()["status"])
        else:
            self._refused("cancel", job_id, answer)

    def _erase(self, job_id: str, tenant: str) -> None:
        self._ledger.write("erasing", job=job_id)
        answer = self._until_told(tenant, "DELETE", f"/v1/jobs/{job_id}")
        if answer is None:
            return
        # 410: an earlier try of ours was answered, and the answer lost.
        if answer.status_code in (204, 410):
            self._ledger.write("erased", job=job_id)
        else:
            self._refused("DELETE", job_id, answer)

    def _follow(self, follower: Follower, tenant: str) -> None:
        http = self._http(tenant)
        follower.follow(http, lambda: time.monotonic() > self._give_up_at)

    # -- looking -----------------------------------------------------------------------------
    def _watch(self, number: int) -> None:
        dice = Random(f"{self._seed}/watcher/{number}")
        while not self._settled.is_set():
            with self._changed:
                open_now, ended = list(self._open.items()), list(self._ended.items())
            # What has ended must not change any more: some of the looks are for that.
            if ended and (not open_now or dice.random() < 0.2):
                job_id, (tenant, *_) = dice.choice(ended)
            elif open_now:
                job_id, tenant = dice.choice(open_now)
            else:
                time.sleep(0.05)
                continue
            self._look(job_id, tenant)
            time.sleep(0.02)

    def _look(self, job_id: str, tenant: str) -> None:
        with self._changed:
            # Asked before the answer: one that overtakes another is no change.
            had_ended = job_id in self._ended
        answer = self._ask(tenant, "GET", f"/v1/jobs/{job_id}")
        if answer is None or answer.status_code in (429, 503):
            return
        if answer.status_code == 410:
            self._end(job_id, tenant, "gone", "")
        elif answer.status_code != 200:
            self._refused("GET", job_id, answer)
        else:
            view = answer.json()
            if view["status"] in TERMINAL or had_ended:
                self._saw(job_id, tenant, view)

    def _saw(self, job_id: str, tenant: str, view: dict[str, Any]) -> None:
        outputs = digest((output["n"], output["sha256"]) for output in view["outputs"])
        self._end(job_id, tenant, view["status"], outputs)

    def _end(self, job_id: str, tenant: str, state: str, outputs: str) -> None:
        with self._changed:
            before = self._ended.get(job_id)
            self._ended[job_id] = (tenant, state, outputs)
            self._open.pop(job_id, None)
            self._changed.notify_all()
        if before != (tenant, state, outputs):
            self._ledger.write("saw", job=job_id, state=state, outputs=outputs)

    def _note(self, job_id: str, tenant: str) -> None:
        with self._changed:
            if job_id not in self._ended:
                self._open[job_id] = tenant

    # -- asking ------------------------------------------------------------------------------
    def _until_told(self, tenant: str, method: str, path: str) -> httpx.Response | None:
        while time.monotonic() < self._give_up_at:
            answer = self._ask(tenant, method, path)
            if answer is not None and answer.status_code not in (429, 503):
                return answer
            time.sleep(0.2)
        return None

    def _ask(self, tenant: str, method: str, path: str, **options: Any) -> httpx.Response | None:
        """The answer; None: none came, and nobody knows what happened."""
        try:
            return self._http(tenant).request(method, path, **options)
        except httpx.TransportError:
            return None

    def _refused(self, what: str, which: str, answer: httpx.Response) -> None:
        """An answer that is right only for a job that was erased meanwhile; the invariants decide."""
        job = which if which.startswith("job_") else None
        with self._changed:
            if (what, which, answer.status_code) in self._known_refusals:
                return
            self._known_refusals.add((what, which, answer.status_code))
        self._ledger.write(
            "refused", job=job, asked=f"{what} {which}", status=answer.status_code, said=answer.text[:400]
        )

    def _http(self, tenant: str) -> httpx.Client:
        """A connection pool for each thread, as clients on many machines would have."""
        mine: dict[str, httpx.Client] | None = getattr(self._local, "clients", None)
        if mine is None:
            mine = self._local.clients = {}
        if tenant not in mine:
            headers = {"Authorization": f"Bearer {self._keys[tenant]}"}
            mine[tenant] = httpx.Client(
                base_url=self._url, headers=headers, timeout=_TIMEOUT, trust_env=False
            )
            self._clients.append(mine[tenant])
        return mine[tenant]

    def _number(self) -> int:
        with self._changed:
            self._numbers += 1
            return self._numbers

    def _thread(self, work: Callable[[int], None], number: int) -> threading.Thread:
        def run() -> None:
            try:
                work(number)
            except Exception as error:  # a broken harness must not look like a good product
                self.broken.append(f"{work.__name__}: {error!r}")

        thread = threading.Thread(target=run, name=f"{work.__name__}-{number}", daemon=True)
        thread.start()
        return thread
