"""What is told of a run: a line an epoch, the logs that TensorBoard reads, and a bar."""

import io
import math
from pathlib import Path

import pytest
from rich.console import Console
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter

from pressroom.training import telling
from pressroom.training.loop.run import Epoch, Progress
from pressroom.training.run import Run
from pressroom.training.telling import line, minutes, told

pytestmark = pytest.mark.train

EPOCH = Epoch(2, 61.0, 1e-3, {"loss": 5.25, "kl": 1.5}, {"score": 6.125}, True)


def _scalars(folder: Path) -> dict[str, tuple[int, float]]:
    """Out of the log files: eight bytes of length, four of its sum, the event, four of its sum."""
    assert RecordWriter  # the format that is read here
    found = {}
    for path in folder.glob("events*"):
        content, at = path.read_bytes(), 0
        while at < len(content):
            length = int.from_bytes(content[at : at + 8], "little")
            event = Event.FromString(content[at + 12 : at + 12 + length])
            at += 16 + length
            for value in event.summary.value:
                found[value.tag] = (event.step, value.simple_value)
    return found


def test_an_epoch_is_a_line_and_in_the_logs(tmp_path: Path) -> None:
    said: list[str] = []
    with told(Run(tmp_path, said.append, quiet=True)) as watcher:
        watcher.step(Progress(2, 7, 0.5, 30.0, math.inf, {"loss": 5.0}))
        watcher.epoch(EPOCH)
    assert said == ["epoch   2: loss 5.25, kl 1.5; held out: score 6.125; 61 s of CPU *"]
    found = _scalars(tmp_path / "tensorboard")
    assert found["train_loss"] == (2, 5.25)
    assert found["score"] == (2, 6.125)
    assert found["rate"][1] == pytest.approx(1e-3)


def test_the_bar_shows_loss_and_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(telling, "Console", lambda stderr: screen)
    with told(Run(tmp_path, lambda line: None)) as watcher:
        watcher.step(Progress(3, 7, 0.25, 30.0, 90.0, {"loss": 1234.5}))
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "epoch 3" in shown
    assert "1234" in shown or "1235" in shown
    assert "1:30 to go" in shown


def test_only_the_best_is_marked() -> None:
    assert line(EPOCH).endswith("*")
    assert not line(Epoch(3, 1.0, 1.0, {"loss": 1.0}, {"score": 1.0}, False)).endswith("*")


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (125.9, "2:05"), (math.inf, "–")])
def test_minutes(seconds: float, shown: str) -> None:
    assert minutes(seconds) == shown
