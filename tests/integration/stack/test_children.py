"""Children: readiness, restarts, stopping in order, logs; with real processes that do little."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pressroom.stack import valkey, watchdog
from pressroom.stack.children import EX_CONFIG, Children, ChildSpec
from pressroom.stack.errors import ChildFailed
from pressroom.stack.records import Record, Records, end

TOUCH_AND_WAIT = """
import pathlib, signal, sys, time
def leave(*_):
    pathlib.Path(sys.argv[2]).open('a').write(sys.argv[3] + '\\n')
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
pathlib.Path(sys.argv[1]).write_text('up')
while True:
    signal.pause()
"""
STUBBORN = "import signal, pathlib, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + (
    "pathlib.Path(sys.argv[1]).write_text('up')\nwhile True: time.sleep(60)"
)
WORKS_AND_DIES = """
import os, pathlib, signal, sys
pathlib.Path(sys.argv[1]).write_text('up')
os.kill(os.getpid(), signal.SIGSEGV)
"""
WORKS_ONCE = """
import os, pathlib, signal, sys
mark, before = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
if before.exists():
    print('the disk is gone')
    sys.exit(3)
before.write_text('once')
mark.write_text(str(os.getpid()))
signal.pause()
"""
WITH_GRANDCHILD = """
import subprocess, sys, pathlib, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(600)
"""


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path)


@pytest.fixture
def children(tmp_path: Path, records: Records) -> Iterator[Children]:
    made = Children(records, tmp_path / "logs", crash_limit=3, backoff_s=0.01)
    yield made
    made.stop(hurry=lambda: True)


def spec(tmp_path: Path, name: str, code: str, *, stage: int = 0, grace_s: float = 10.0) -> ChildSpec:
    mark = tmp_path / f"{name}.up"
    mark.unlink(missing_ok=True)
    command = (sys.executable, "-c", code, str(mark), str(tmp_path / "order"), name)
    return ChildSpec(name, command, dict(os.environ), lambda pid: mark.exists(), stage=stage, grace_s=grace_s)


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return True


def test_they_start_together_and_stop_stage_after_stage(tmp_path: Path, children: Children) -> None:
    for name, stage in (("last", 2), ("first", 0), ("middle", 1)):
        children.start(spec(tmp_path, name, TOUCH_AND_WAIT, stage=stage))
    assert children.await_ready()
    assert set(children.seconds_to_ready()) == {"last", "first", "middle"}
    pids = children.pids().values()
    children.stop()
    assert (tmp_path / "order").read_text().split() == ["first", "middle", "last"]
    assert all(gone(pid) for pid in pids)


def test_one_that_is_killed_comes_back(tmp_path: Path, records: Records) -> None:
    told: list[tuple[str, str]] = []
    children = Children(records, tmp_path / "logs", on_restart=lambda *said: told.append(said))
    children.start(spec(tmp_path, "a", TOUCH_AND_WAIT))
    try:
        assert children.await_ready()
        before = children.pids()["a"]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 20
        children.watch(stop=lambda: children.pids()["a"] != before or time.monotonic() > deadline)
        assert children.pids()["a"] != before
        assert told == [("a", "was ended by SIGKILL")]
    finally:
        children.stop(hurry=lambda: True)


def test_one_that_works_is_started_again_however_often_it_dies(tmp_path: Path, records: Records) -> None:
    told: list[tuple[str, str]] = []
    children = Children(
        records, tmp_path / "logs", crash_limit=3, backoff_s=0.01, on_restart=lambda *said: told.append(said)
    )
    children.start(spec(tmp_path, "a", WORKS_AND_DIES))
    try:
        deadline = time.monotonic() + 30
        children.watch(stop=lambda: len(told) >= 7 or time.monotonic() > deadline)
        assert told == [("a", "was ended by SIGSEGV")] * 7
    finally:
        children.stop(hurry=lambda: True)


def test_one_that_has_worked_and_cannot_start_any_more_ends_it(tmp_path: Path, children: Children) -> None:
    # Of which life the mark is: the next one is no worker because the last one's mark still lies there.
    mark = tmp_path / "a.up"
    made = spec(tmp_path, "a", WORKS_ONCE)
    children.start(replace(made, ready=lambda pid: mark.exists() and mark.read_text() == str(pid)))
    assert children.await_ready()
    os.kill(children.pids()["a"], signal.SIGKILL)
    with pytest.raises(ChildFailed, match="ended with status 3") as told:
        children.watch(stop=lambda: False)
    assert told.value.tail.count("the disk is gone") == 3, "lives without work, after the one that had some"


def test_a_life_that_is_too_short_is_none(tmp_path: Path, children: Children) -> None:
    brief = ChildSpec(
        "a",
        (sys.executable, "-c", "raise SystemExit(3)"),
        dict(os.environ),
        lambda pid: True,
        least_life_s=60,
    )
    children.start(brief)
    with pytest.raises(ChildFailed, match="ended with status 3"):
        children.watch(stop=lambda: False)


def test_one_that_keeps_dying_ends_it_with_its_last_words(tmp_path: Path, children: Children) -> None:
    children.start(spec(tmp_path, "a", "import sys; print('no model here'); sys.exit(3)"))
    with pytest.raises(ChildFailed, match="ended with status 3") as told:
        children.await_ready()
    assert "no model here" in str(told.value)
    assert str(tmp_path / "logs" / "a.log") in str(told.value)
    assert told.value.tail.count("no model here") == 2, "it had a second try"


def test_its_last_words_are_not_an_earlier_runs(tmp_path: Path, children: Children) -> None:
    (tmp_path / "logs" / "a.log").write_text("an earlier run\n" * 5)
    children.start(spec(tmp_path, "a", f"import sys; print('bad setting'); sys.exit({EX_CONFIG})"))
    with pytest.raises(ChildFailed) as told:
        children.await_ready()
    assert told.value.tail == "bad setting"


def test_one_that_is_set_wrongly_is_not_tried_again(tmp_path: Path, children: Children) -> None:
    children.start(spec(tmp_path, "a", f"import sys; print('bad setting'); sys.exit({EX_CONFIG})"))
    with pytest.raises(ChildFailed) as told:
        children.await_ready()
    assert told.value.tail.count("bad setting") == 1


def test_one_that_is_never_ready_is_given_up(tmp_path: Path, children: Children) -> None:
    never = ChildSpec("a", ("sleep", "600"), dict(os.environ), lambda pid: False, ready_within_s=0.2)
    children.start(never)
    with pytest.raises(ChildFailed, match="not ready within"):
        children.await_ready()


def test_waiting_ends_when_asked(tmp_path: Path, children: Children) -> None:
    children.start(ChildSpec("a", ("sleep", "600"), dict(os.environ), lambda pid: False))
    assert children.await_ready(stop=lambda: True) is False


def test_a_stubborn_one_is_killed_after_its_grace(tmp_path: Path, children: Children) -> None:
    children.start(spec(tmp_path, "a", STUBBORN, grace_s=0.3))
    assert children.await_ready()
    begun = time.monotonic()
    children.stop()
    assert 0.3 <= time.monotonic() - begun < 5
    assert gone(children.pids()["a"])


def test_hurry_cuts_the_grace_short(tmp_path: Path, children: Children) -> None:
    children.start(spec(tmp_path, "a", STUBBORN, grace_s=60))
    assert children.await_ready()
    asked = threading.Event()
    threading.Timer(0.2, asked.set).start()
    begun = time.monotonic()
    children.stop(hurry=asked.is_set)
    assert time.monotonic() - begun < 5


def test_one_that_ends_after_the_last_look_is_reaped(
    tmp_path: Path, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Children(records, tmp_path / "logs")
    made.start(spec(tmp_path, "a", TOUCH_AND_WAIT))
    assert made.await_ready()
    pid = made.pids()["a"]

    def kill(recorded: Iterable[Record], *, hurry: Callable[[], bool], reap: Callable[[], None]) -> None:
        os.killpg(pid, signal.SIGKILL)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)

    monkeypatch.setattr("pressroom.stack.children.end", kill)
    made.stop()
    assert not psutil.pid_exists(pid)


def test_what_a_child_has_started_ends_with_it(tmp_path: Path, children: Children) -> None:
    children.start(spec(tmp_path, "a", WITH_GRANDCHILD))
    assert children.await_ready()
    until(lambda: (tmp_path / "a.up").read_text() != "")
    grandchild = int((tmp_path / "a.up").read_text())
    children.stop()
    until(lambda: gone(grandchild))


TALKS = """
import os, pathlib, signal, sys
mark, name = pathlib.Path(sys.argv[1]), sys.argv[3]
for part in range(3):
    if os.fork() == 0:
        for n in range(200):
            os.write(1 + n % 2, f'{name} {part} {n} {"x" * (9000 if n % 50 == 0 else 40)}\\n'.encode())
        os._exit(0)
for part in range(3):
    os.wait()
mark.write_text('up')
signal.pause()
"""


def test_logs_are_turned_while_several_write_and_no_line_is_lost_or_torn(
    tmp_path: Path, records: Records
) -> None:
    made = Children(records, tmp_path / "logs", log_bytes=20_000, log_keep=100)
    try:
        for name in ("a", "b"):
            made.start(spec(tmp_path, name, TALKS))
        assert made.await_ready()
    finally:
        made.stop(hurry=lambda: True)
    for name in ("a", "b"):
        files = list((tmp_path / "logs").glob(f"{name}.log*"))
        assert len(files) > 5, "it was turned many times"
        assert all(file.stat().st_size <= 20_000 for file in files)
        found = sorted(line for file in files for line in file.read_text().splitlines())
        assert found == sorted(
            f"{name} {part} {n} {'x' * (9000 if n % 50 == 0 else 40)}"
            for part in range(3)
            for n in range(200)
        )


def test_of_many_turned_logs_a_few_are_kept(tmp_path: Path, records: Records) -> None:
    made = Children(records, tmp_path / "logs", log_bytes=10_000, log_keep=2)
    try:
        made.start(spec(tmp_path, "a", TALKS))
        assert made.await_ready()
    finally:
        made.stop(hurry=lambda: True)
    assert sorted(file.name for file in (tmp_path / "logs").iterdir()) == ["a.log", "a.log.1", "a.log.2"]


def test_records_know_a_process_by_its_birth(tmp_path: Path, records: Records) -> None:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        record = records.add("a", process.pid, stage=0, grace_s=1.0)
        assert records.live() == [record]
        # The same pid, born at another moment, is somebody else and is left alone.
        path = tmp_path / "stack.pids"
        path.write_text(path.read_text().replace(record.birth, record.birth[:-1] + "x"))
        assert records.live() == []
        end(records.live())
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_torn_record_is_passed_over(tmp_path: Path, records: Records) -> None:
    (tmp_path / "stack.pids").write_text('["a", 1\nnull\n[]\n{"a": 1}\n')
    assert records.live() == []


OWNER = """
import os, sys, time, pathlib
from pathlib import Path
from pressroom.stack import watchdog
from pressroom.stack.children import Children, ChildSpec
from pressroom.stack.records import Records
home = Path(sys.argv[1])
records = Records(home)
dog = watchdog.start(home, records)
children = Children(records, home / 'logs')
children.start(ChildSpec('a', ('sleep', '600'), dict(os.environ), lambda pid: True))
children.start(ChildSpec('b', (sys.executable, '-c', 'import time; time.sleep(600)'), dict(os.environ), lambda pid: True))
print(*children.pids().values(), dog.process.pid, flush=True)
sys.stdin.read()
children.stop()
records.clear()
dog.close()
"""


def _owner(tmp_path: Path) -> tuple[subprocess.Popen[str], list[int]]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    return owner, [int(pid) for pid in owner.stdout.readline().split()]


def test_killing_the_owner_ends_its_children_and_the_watchdog(tmp_path: Path) -> None:
    owner, pids = _owner(tmp_path)
    assert len(pids) == 3
    owner.kill()
    owner.communicate()
    until(lambda: all(gone(pid) for pid in pids))


def test_an_orderly_end_leaves_no_watchdog(tmp_path: Path) -> None:
    owner, pids = _owner(tmp_path)
    owner.communicate()  # closes its input
    assert owner.returncode == 0
    assert all(gone(pid) for pid in pids)


def test_valkey_is_served_adopted_and_ended(
    tmp_path: Path, children: Children, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = valkey.own(tmp_path)
    try:
        children.start(server.spec(dict(os.environ), stage=0))
        assert children.await_ready()
        pid = children.pids()["valkey"]
        assert valkey.serving_pid(server.socket) == pid
        heir = Children(records, tmp_path / "logs")
        heir.adopt(server.spec(dict(os.environ), stage=0), pid)
        assert heir.await_ready()
        ended = threading.Thread(target=heir.stop)
        ended.start()
        until(lambda: children.pids() == {"valkey": pid} and _reaped(children, pid))
        ended.join(10)
        assert not valkey.ping(server.socket)
        assert valkey.serving_pid(server.socket) is None
    finally:
        valkey.runtime_dir(tmp_path).joinpath("valkey.sock").unlink(missing_ok=True)
        valkey.runtime_dir(tmp_path).rmdir()


def _reaped(children: Children, pid: int) -> bool:
    children._reap()  # by its owner: a status that was taken from elsewhere leaves a process that seems to run
    return gone(pid)


def test_a_watchdog_at_work_is_ended_by_the_next_stack(tmp_path: Path, records: Records) -> None:
    dog = watchdog.start(tmp_path, records)
    try:

        def reap() -> None:
            dog.process.poll()

        end(records.live(), reap=reap)
        assert dog.process.poll() is not None
    finally:
        os.close(dog.pipe)
