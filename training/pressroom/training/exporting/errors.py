"""What can stop an export.

ExportError
├── ParityBroken     parity_broken      the file and the network disagree
├── TooFarOff        too_far_off        weights of fewer bits change the pictures
└── NotServed        not_served         no engine opens a model of this kind
"""


class ExportError(Exception):
    """Base. ``code`` is stable; the message says what to do. Nothing was written."""

    code = "export_error"


class ParityBroken(ExportError):
    code = "parity_broken"


class TooFarOff(ExportError):
    code = "too_far_off"


class NotServed(ExportError):
    code = "not_served"
