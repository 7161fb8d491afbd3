"""What can go wrong between a published model and its folder.

ModelError
├── FetchFailed         model_fetch_failed    the package index did not give the file
├── WeightsCorrupt      model_corrupt         bytes do not hash to what the manifest pins
├── UnsupportedModel    model_unsupported     an architecture, format or tokenizer we cannot build
├── UnknownVariant      model_unknown_variant not a weight format of this model
├── ModelExists         model_exists          the name is taken by other weights
└── ParityFailed        model_parity_failed   the built graph is not what its weights say
"""


class ModelError(Exception):
    """Base of all errors of this package. ``code`` is stable; the message says what to do."""

    code = "model_error"


class FetchFailed(ModelError):
    code = "model_fetch_failed"


class WeightsCorrupt(ModelError):
    code = "model_corrupt"


class UnsupportedModel(ModelError):
    code = "model_unsupported"


class UnknownVariant(ModelError):
    code = "model_unknown_variant"


class ModelExists(ModelError):
    code = "model_exists"


class ParityFailed(ModelError):
    code = "model_parity_failed"
