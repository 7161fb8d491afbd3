"""Pages: short where work is slow, long where it is quick, and no turn without an end."""

from pressroom.jobs.paging import Pages


class Table:
    """Rows to remove; each takes ``row_s``, and a transaction ``begin_s``."""

    def __init__(self, rows: int, row_s: float, begin_s: float = 0.001) -> None:
        self.rows = rows
        self.row_s = row_s
        self.begin_s = begin_s
        self.now = 0.0
        self.longest = 0.0

    def step(self, limit: int) -> int:
        moved = min(limit, self.rows)
        self.rows -= moved
        took = self.begin_s + moved * self.row_s
        self.now += took
        self.longest = max(self.longest, took)
        return moved


def _pages(table: Table, size: int = 100) -> Pages:
    return Pages(table.step, size=size, clock=lambda: table.now)


def test_all_is_moved_and_nothing_more_is_left() -> None:
    table = Table(250, 0.00001)
    assert _pages(table).turn() == (250, False)
    assert _pages(table).turn() == (0, False)


def test_a_turn_ends_in_its_time_and_the_next_goes_on() -> None:
    table = Table(100_000, 0.0001)
    pages = _pages(table)
    moved, more = pages.turn()
    assert more
    assert 0.5 <= table.now < 0.6
    turns = 1
    while more:
        some, more = pages.turn()
        moved, turns = moved + some, turns + 1
    assert moved == 100_000
    assert turns < 25


def test_slow_rows_make_short_pages() -> None:
    table = Table(10_000, 0.002)
    pages = _pages(table)
    pages.turn()
    assert pages.size <= 12
    table.longest = 0.0
    pages.turn()
    assert table.longest < 0.05, "after it has learned"


def test_one_slow_page_is_made_up_for() -> None:
    table = Table(1_000_000, 0.00001)
    pages = _pages(table)
    table.begin_s = 1.0
    pages.turn()
    assert pages.size < 100
    table.begin_s = 0.001
    for _ in range(3):
        pages.turn()
    assert pages.size == 200


def test_a_page_is_never_nothing() -> None:
    table = Table(1_000, 10.0)
    pages = _pages(table, size=10)
    for _ in range(5):
        assert pages.turn()[0] == 10
