"""The server secret of a home: made at the first start, readable by its owner alone."""

import os
import secrets
from pathlib import Path


def server_secret(home: Path) -> str:
    """Read ``<home>/secret``, making it on the first call (mode 0600, whole or not at all)."""
    path = home / "secret"
    home.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = home / f".secret.{os.getpid()}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where somebody was faster: then theirs is the secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
