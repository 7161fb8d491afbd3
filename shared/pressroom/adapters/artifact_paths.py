"""The form of an artifact's path, checked by every artifact store before it touches anything."""

import re

from pressroom.domain.errors import OutputUnknown

# <job>/<attempt>/<n>.<ext>, of characters that no file system and no object store reads otherwise.
_JOB = r"[A-Za-z0-9_-]{1,64}"
_PATH = re.compile(rf"({_JOB})/([1-9][0-9]{{0,8}})/([0-9]{{1,4}}\.[a-z0-9]{{1,8}})", re.ASCII)
_JOB_ONLY = re.compile(_JOB, re.ASCII)


def parts_of(path: str) -> tuple[str, int, str]:
    """Job, attempt and file name of a path. Raises OutputUnknown for what cannot be one."""
    form = _PATH.fullmatch(path)
    if form is None:
        raise OutputUnknown(f"{path!r} is no artifact's path; one looks like job_…/1/0.png.")
    return form[1], int(form[2]), form[3]


def check_job(job_id: str) -> None:
    """Raises OutputUnknown for what cannot be the first part of a path."""
    if _JOB_ONLY.fullmatch(job_id) is None:
        raise OutputUnknown(f"{job_id!r} is no job's id.")


def not_there(path: str) -> OutputUnknown:
    return OutputUnknown(f"There is no artifact {path}; it was erased, or never written.")
