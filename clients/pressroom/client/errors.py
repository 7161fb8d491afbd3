"""What can go wrong between a program and Pressroom; each error says what to do.

ClientError
├── ApiProblem          the server refused: code, status, detail, field, request_id
├── ServerUnreachable   no answer from Pressroom, however often it was tried
├── BadAnswer           an answer that is not Pressroom's
├── TimedOut            the job still runs, but the caller's time is up
├── JobFailed           the job ended without its result: the job is in ``job``
├── StreamBroken        the event stream makes no sense any more
├── TextChanged         another attempt writes a text that differs from what was handed out
├── OutputDamaged       the bytes are not those that the worker wrote
└── NotSendable         the request cannot be put on the wire at all
"""

from pressroom.contract.jobs import JobView
from pressroom.contract.problem import FieldProblem, Problem


class ClientError(Exception):
    """Base of all errors of the client. The message says what happened and what to do.

    ``retry_after_s``: how long the server asked to be left alone, where it did."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s


class ApiProblem(ClientError):
    """The server answered with problem+json (RFC 9457). Branch on ``code``: it is stable."""

    def __init__(self, problem: Problem, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(_sentence(problem, status), retry_after_s=retry_after_s)
        self.problem = problem
        self.status = status

    @property
    def code(self) -> str:
        return self.problem.code

    @property
    def detail(self) -> str:
        return self.problem.detail

    @property
    def field(self) -> str | None:
        return self.problem.field

    @property
    def errors(self) -> tuple[FieldProblem, ...]:
        return self.problem.errors

    @property
    def request_id(self) -> str:
        return self.problem.request_id


class ServerUnreachable(ClientError):
    """Nothing that answers as Pressroom is at the address; a submit may yet have been accepted."""


class BadAnswer(ClientError):
    """The answer cannot be read: another service at the address, or a server too new for this client."""


class TimedOut(ClientError):
    """The job or batch has not ended in time. It goes on; ask again with its id."""

    def __init__(self, job_id: str, timeout_s: float, what: str = "Job") -> None:
        super().__init__(
            f"{what} {job_id} has not ended after {timeout_s:g} s. It goes on: wait for it again, or cancel it."
        )
        self.job_id = job_id


class JobFailed(ClientError):
    """The job ended failed, canceled or expired. ``job.outputs`` holds the partial text, if any."""

    def __init__(self, job: JobView) -> None:
        super().__init__(_why(job))
        self.job = job


class StreamBroken(ClientError):
    """The event stream skips text even when it is read from the start."""


class TextChanged(ClientError):
    """Another attempt of the job writes another text. What was read so far is void: fetch the job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Job {job_id} was begun anew by another worker, whose text differs from what was read so far. "
            "Throw that away and fetch the job when it has ended."
        )
        self.job_id = job_id


class OutputDamaged(ClientError):
    """The sha256 of the bytes is not the output's: something between here and the server changed them."""


class NotSendable(ClientError):
    """The base URL, the API key or the request has a form that HTTP or JSON cannot carry."""


def _sentence(problem: Problem, status: int) -> str:
    said = problem.detail or problem.title or f"The server answered {status}."
    others = [error for error in problem.errors if error.message not in said]
    if others:
        said += " " + "; ".join(f"{error.field}: {error.message}" for error in others)
    elif problem.field and problem.field not in said:
        said += f" (field {problem.field})"
    return said


def _why(job: JobView) -> str:
    match job.status:
        case "canceled":
            return f"Job {job.id} was canceled. Submit it again if it is still wanted."
        case "expired":
            return (
                f"Job {job.id} expired before a worker took it. Submit it again with a longer deadline, "
                "or start more workers."
            )
    if job.error is None:
        return f"Job {job.id} {job.status}. Submit it again, or ask the operator for the worker's log."
    return f"Job {job.id} {job.status} ({job.error.code}): {job.error.message}"
