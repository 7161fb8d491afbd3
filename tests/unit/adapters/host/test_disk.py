"""Little room on a disk is said once it is little, and until there is clearly more."""

from pathlib import Path

from pressroom.adapters.host.disk import DiskRoom

HERE, THERE = Path("/here"), Path("/there")
MB = 1_000_000


class Disks:
    def __init__(self) -> None:
        self.free = {HERE: 900 * MB, THERE: 900 * MB}
        self.now = 0.0
        self.looks = 0
        self.room = DiskRoom((HERE, THERE), 500 * MB, free_bytes=self._free_bytes, clock=lambda: self.now)

    def _free_bytes(self, folder: Path) -> int:
        self.looks += 1
        if folder not in self.free:
            raise FileNotFoundError(folder)
        return self.free[folder]

    def trouble_at(self, free_mb: int, folder: Path = HERE) -> bool:
        """A second later, with so much free."""
        self.free[folder] = free_mb * MB
        self.now += 1.0
        return self.room.trouble() is not None


def test_below_the_mark_there_is_trouble_until_there_is_clearly_more() -> None:
    disks = Disks()
    told = [disks.trouble_at(mb) for mb in (900, 500, 499, 500, 600, 624, 625, 500, 499)]
    assert told == [False, False, True, True, True, True, False, False, True]


def test_any_disk_counts_and_the_sentence_says_which() -> None:
    disks = Disks()
    assert disks.trouble_at(100, THERE)
    assert "Only 100 MB are free where /there lies, less than 500 MB" in (disks.room.trouble() or "")
    assert "PRESSROOM_DISK_LOW_MB" in (disks.room.trouble() or "")


def test_it_is_looked_up_once_a_second_at_most() -> None:
    disks = Disks()
    for _ in range(1_000):
        assert disks.room.trouble() is None
    assert disks.looks == 2


def test_a_folder_that_is_not_there_yet_is_no_trouble() -> None:
    disks = Disks()
    disks.free.clear()
    disks.now += 1.0
    assert disks.room.trouble() is None


def test_without_a_mark_nothing_is_looked_up() -> None:
    assert DiskRoom((Path("/nowhere"),), 0).trouble() is None


def test_a_real_disk(tmp_path: Path) -> None:
    assert DiskRoom((tmp_path,), 1).trouble() is None
    assert DiskRoom((tmp_path,), 10**18).trouble() is not None
