"""What can go wrong with a data set.

DataError
├── DataMissing    data_missing    no folder has the files and none could be fetched
└── DataCorrupt    data_corrupt    a file is not the one that was published
"""


class DataError(Exception):
    """Base of what can go wrong with a data set. ``code`` is stable; the message says what to do."""

    code = "data_error"


class DataMissing(DataError):
    code = "data_missing"


class DataCorrupt(DataError):
    code = "data_corrupt"
