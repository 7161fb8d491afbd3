"""What can go wrong with a job, whoever asks.

    PressroomError                         code
    ├── IllegalTransition                  illegal_transition
    ├── ModelCorrupt                       model_corrupt
    ├── RouteInvalid                       route_invalid
    ├── Refused                            (the client's request cannot be taken)
    │   ├── ModelUnknown                   model_unknown
    │   ├── InputInvalid                   input_invalid
    │   ├── PromptTooLong                  prompt_too_long
    │   ├── LanguageUnsupported            language_unsupported
    │   ├── KeyReused                      idempotency_key_reused
    │   ├── QueueFull                      queue_full
    │   ├── BudgetSpent                    budget_spent
    │   ├── TokensSpent                    tokens_spent
    │   ├── TooManyRequests                too_many_requests
    │   ├── QuoteInvalid                   quote_invalid
    │   ├── QuoteExpired                   quote_expired
    │   ├── PictureInvalid                 picture_invalid
    │   ├── PictureUnreachable             picture_unreachable
    │   ├── TooManyEndpoints               too_many_endpoints
    │   ├── TooManyRows                    too_many_rows
    │   ├── TooMuchFeedback                too_much_feedback
    │   └── CursorInvalid                  cursor_invalid
    ├── NotThere
    │   ├── JobUnknown                     job_unknown
    │   ├── OutputUnknown                  output_unknown
    │   ├── UploadUnknown                  upload_unknown
    │   ├── EndpointUnknown                endpoint_unknown
    │   ├── DeliveryUnknown                delivery_unknown
    │   ├── BudgetUnknown                  budget_unknown
    │   ├── PriceUnknown                   price_unknown
    │   ├── WordListUnknown                word_list_unknown
    │   ├── TemplateUnknown                template_unknown
    │   ├── VoiceUnknown                   voice_unknown
    │   ├── KeyUnknown                     api_key_unknown
    │   ├── BatchUnknown                   batch_unknown
    │   ├── BatchErased                    batch_erased
    │   └── JobErased                      job_erased
    ├── WrongState                         (it is not in a state for this)
    │   ├── NotRequeueable                 not_requeueable
    │   ├── NothingToRate                  nothing_to_rate
    │   ├── PromptErased                   prompt_erased
    │   ├── BatchGivenUp                   batch_given_up
    │   └── BatchEnded                     batch_ended
    ├── NotAllowed
    │   ├── KeyInvalid                     api_key_invalid
    │   └── Forbidden                      (the key is good, but not for this)
    │       ├── ScopeMissing               scope_missing
    │       ├── ModelNotAllowed            model_not_allowed
    │       └── PriorityNotAllowed         priority_not_allowed
    ├── SealBroken                         seal_broken
    └── Unavailable                        (try again later)
        ├── DatabaseUnavailable            database_unavailable
        ├── RedisUnavailable               redis_unavailable
        ├── ArtifactsUnavailable           artifacts_unavailable
        ├── Busy                           busy
        ├── NoRoom                         no_room
        └── SchemaMismatch                 schema_mismatch

``field`` points into the request (a JSON path such as ``params.top_p``) where one is at fault.
"""

from pressroom.domain.pace import Bound, Forecast


class PressroomError(Exception):
    """Base of all errors of the shared packages. ``code`` is stable; the message says what to do."""

    code = "error"

    def __init__(self, message: str, *, field: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s


class IllegalTransition(PressroomError):
    code = "illegal_transition"


class ModelCorrupt(PressroomError):
    """A model's file is not what its hash says; it is not opened."""

    code = "model_corrupt"


class RouteInvalid(PressroomError):
    """What is asked for cannot be done with the versions of a model as they stand."""

    code = "route_invalid"


class Refused(PressroomError):
    code = "refused"


class ModelUnknown(Refused):
    code = "model_unknown"


class InputInvalid(Refused):
    """``errors`` lists (field, what is wrong) where several fields are at fault."""

    code = "input_invalid"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: float | None = None,
        errors: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message, field=field, retry_after_s=retry_after_s)
        self.errors = errors


class PromptTooLong(Refused):
    code = "prompt_too_long"


class LanguageUnsupported(Refused):
    """The model does not speak the language of what it is to write."""

    code = "language_unsupported"


class KeyReused(Refused):
    code = "idempotency_key_reused"


class QueueFull(Refused):
    """``bound`` is the one that is reached, ``limit`` how many it allows, ``outlook`` when there is room."""

    code = "queue_full"

    def __init__(self, message: str, *, bound: Bound, limit: int, outlook: Forecast) -> None:
        super().__init__(message, retry_after_s=outlook.seconds)
        self.bound = bound
        self.limit = limit
        self.outlook = outlook


class BudgetSpent(Refused):
    """A campaign's budget has no room for what the job can cost. ``for_good``: it would have none either if
    all that is held for others came back."""

    code = "budget_spent"

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message, field="campaign")
        self.for_good = for_good


class TokensSpent(Refused):
    """A key has not so many tokens left today. ``for_good``: it has not so many on any day."""

    code = "tokens_spent"

    def __init__(self, message: str, *, for_good: bool, retry_after_s: float) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.for_good = for_good


class TooManyRequests(Refused):
    code = "too_many_requests"


class QuoteInvalid(Refused):
    """It is none, or it was made for another request."""

    code = "quote_invalid"


class QuoteExpired(Refused):
    code = "quote_expired"


class PictureInvalid(Refused):
    code = "picture_invalid"


class PictureUnreachable(Refused):
    """It lies on the web, and cannot be had from there."""

    code = "picture_unreachable"


class CursorInvalid(Refused):
    code = "cursor_invalid"


class TooManyEndpoints(Refused):
    code = "too_many_endpoints"


class TooManyRows(Refused):
    code = "too_many_rows"


class TooMuchFeedback(Refused):
    code = "too_much_feedback"


class NotThere(PressroomError):
    code = "not_there"


class JobUnknown(NotThere):
    code = "job_unknown"


class OutputUnknown(NotThere):
    code = "output_unknown"


class UploadUnknown(NotThere):
    code = "upload_unknown"


class EndpointUnknown(NotThere):
    code = "endpoint_unknown"


class DeliveryUnknown(NotThere):
    code = "delivery_unknown"


class BudgetUnknown(NotThere):
    code = "budget_unknown"


class PriceUnknown(NotThere):
    code = "price_unknown"


class WordListUnknown(NotThere):
    code = "word_list_unknown"


class TemplateUnknown(NotThere):
    code = "template_unknown"


class VoiceUnknown(NotThere):
    code = "voice_unknown"


class KeyUnknown(NotThere):
    code = "api_key_unknown"


class BatchUnknown(NotThere):
    code = "batch_unknown"


class BatchErased(NotThere):
    code = "batch_erased"


class JobErased(NotThere):
    code = "job_erased"


class WrongState(PressroomError):
    code = "wrong_state"


class NotRequeueable(WrongState):
    code = "not_requeueable"


class NothingToRate(WrongState):
    """The job has no outputs, or none yet."""

    code = "nothing_to_rate"


class PromptErased(WrongState):
    code = "prompt_erased"


class BatchGivenUp(WrongState):
    """Rows come for a batch that takes none any more."""

    code = "batch_given_up"


class BatchEnded(WrongState):
    code = "batch_ended"


class NotAllowed(PressroomError):
    code = "not_allowed"


class KeyInvalid(NotAllowed):
    code = "api_key_invalid"


class Forbidden(NotAllowed):
    code = "forbidden"


class ScopeMissing(Forbidden):
    code = "scope_missing"


class ModelNotAllowed(Forbidden):
    code = "model_not_allowed"


class PriorityNotAllowed(Forbidden):
    code = "priority_not_allowed"


class SealBroken(PressroomError):
    code = "seal_broken"


class Unavailable(PressroomError):
    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"


class RedisUnavailable(Unavailable):
    code = "redis_unavailable"


class ArtifactsUnavailable(Unavailable):
    code = "artifacts_unavailable"


class Busy(Unavailable):
    """This process does as much of it at once as it may."""

    code = "busy"


class NoRoom(Unavailable):
    """A disk is nearly full: new work is refused before anything breaks."""

    code = "no_room"


class SchemaMismatch(Unavailable):
    code = "schema_mismatch"
