"""Which cache row belongs to whom.

    slot   0    1    2   …   D-1 │  …free…  │ S-1
           running, side by side │          │ the prompt that is being filled

A decode runs on neighbouring rows, so running outputs lie at the front without a hole: when one
leaves, the last one moves into its place. The prompt that is being filled has the last slot to
itself, and is copied to the front when it is whole; so others come and go without touching it.
"""

from collections.abc import Callable, Iterator

from pressroom.engines.text.running import RunningGeneration, RunningOutput

Copy = Callable[[int, int, int], None]
"""``copy(source, target, tokens)``: the first ``tokens`` positions of a slot to another."""

Release = Callable[[int], None]
"""``release(slot)``: what lies there is not needed any more."""


class Slots:
    """Places outputs in slots and keeps them dense; moves rows with ``copy``. ``limit`` may be lowered:
    then fewer of the slots are used."""

    def __init__(self, count: int, copy: Copy, release: Release = lambda slot: None) -> None:
        self.count = self.limit = count
        self._copy = copy
        self._release = release
        self._running: list[RunningOutput] = []
        self.filling: RunningGeneration | None = None

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[RunningOutput]:
        """Running outputs; the n-th lies in slot n."""
        return iter(self._running)

    @property
    def free(self) -> int:
        """Slots for outputs that could begin now; below 0 while more run than ``limit`` allows."""
        return self.limit - len(self._running) - (self.filling is not None)

    @property
    def filling_slot(self) -> int:
        return self.count - 1

    def start_filling(self, generation: RunningGeneration) -> None:
        """Reserve the last slot. There must be a free one, and no other prompt being filled."""
        if self.filling is not None or self.free < 1:
            raise RuntimeError("no slot is free to fill a prompt into")
        self.filling = generation

    def stop_filling(self) -> None:
        """The prompt is whole or its generation ended: the last slot is free again.

        Its content stays until another prompt or output is placed there.
        """
        self.filling = None

    def place_filled(self, output: RunningOutput) -> None:
        """An output of the prompt that lies whole in the last slot joins the running rows."""
        self._place(output, self.filling_slot)

    def place_beside(self, output: RunningOutput, sibling: RunningOutput) -> None:
        """An output joins; its prompt is copied from the row of a running sibling."""
        self._place(output, self._running.index(sibling))

    def place_kept(self, output: RunningOutput) -> int:
        """An output joins whose row has yet to be written; its slot."""
        self._seat(output)
        return len(self._running) - 1

    def slot_of(self, output: RunningOutput) -> int:
        return self._running.index(output)

    def replace(self, old: RunningOutput, new: RunningOutput) -> None:
        """``new`` takes the row of its finished sibling: the prompt's part of it is still whole."""
        self._running[self._running.index(old)] = new

    def leave(self, output: RunningOutput) -> None:
        """Free the output's slot; the last running row moves into the hole."""
        hole = self._running.index(output)
        last = self._running.pop()
        if last is not output:
            self._copy(len(self._running), hole, last.length)
            self._running[hole] = last
        if len(self._running) != self.filling_slot:
            self._release(len(self._running))

    def _place(self, output: RunningOutput, source: int) -> None:
        self._seat(output)
        self._copy(source, len(self._running) - 1, output.length)

    def _seat(self, output: RunningOutput) -> None:
        if self.free < 1:
            raise RuntimeError("no slot is free for another output")
        self._running.append(output)
