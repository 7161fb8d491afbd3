"""Makes the adapters of this process fail when the control file says so. Nothing of it is in the product.

The disk of the artifact store fills in the middle of a file. SQLite's is really full: a connection
that may not let its file grow gets SQLITE_FULL from SQLite itself. The clock is stepped where the SQL
adapter reads it: on SQLite the host's wall clock alone (the time since boot is nobody's to set), on
PostgreSQL the server's clock, which tells the leases too.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from tests.chaos.control import Control

from pressroom.adapters.files import store as files
from pressroom.adapters.sql import database, engine
from pressroom.adapters.sql.clock import Clock, HostClock, Now, server_clock

# SQLite's own bound of a file's pages.
_ANY_SIZE = 4_294_967_294
_FULL = "pressroom_chaos_full"


def break_when_told(control: Control) -> None:
    """Patch the adapters; call it before anything opens them."""
    replace_in(files, "_write", _filling(control, files._write))
    replace_in(engine, "_begin_sqlite", _bounded(control, engine._begin_sqlite))
    replace_in(database, "HostClock", lambda: _host_clock(control))
    replace_in(database, "server_clock", _server_clock(control))


def replace_in(owner: object, name: str, other: Callable[..., Any]) -> None:
    """Put ``other`` in the place of what ``owner`` calls by this name. Raises AttributeError where it
    calls nothing so: the product has changed, and the patch would be one in name only."""
    getattr(owner, name)
    setattr(owner, name, other)


def _filling(control: Control, write: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
    def filling(file: Path, content: bytes) -> None:
        if not control.state.files_full:
            return write(file, content)
        write(file, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

    return filling


def _bounded(control: Control, begin: Callable[[Connection], None]) -> Callable[[Connection], None]:
    def bounded(connection: Connection) -> None:
        full = control.state.sqlite_full
        if full != connection.info.get(_FULL, False):
            # A bound below the size that the file has is taken as that size.
            connection.exec_driver_sql(f"PRAGMA max_page_count={1 if full else _ANY_SIZE}").close()
            connection.info[_FULL] = full
        begin(connection)

    return bounded


def _host_clock(control: Control) -> Clock:
    told = HostClock()

    def stepped(connection: Connection) -> Now:
        now = told(connection)
        return replace(now, wall=now.wall + control.state.wall_ms)

    return stepped


def _server_clock(control: Control) -> Clock:
    def stepped(connection: Connection) -> Now:
        now = server_clock(connection)
        step = control.state.wall_ms
        return replace(now, wall=now.wall + step, lease=now.lease + step)

    return stepped
