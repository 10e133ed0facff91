"""Every error that a user can mend, as one tree. Standard library only.

    DcganError
    ├── ArgumentError       a setting, an option or an argument has a value that it does not allow
    ├── DataError           images, or what is told of them, cannot be had or used
    ├── RunError            a run cannot start, go on or be read
    ├── ExportError         an export cannot be made, read or relied on
    ├── StorageError        a file cannot be written or read: the disk is full, or somebody else's
    └── OutOfMemoryError    there is not enough memory

They are raised where the fact is known. Their message says what was expected, what was received and what to
do. The command line prints that message and exits with 1. Any other exception is a bug.
"""

from __future__ import annotations


class DcganError(Exception):
    """What a user can mend; the message says how."""


class ArgumentError(DcganError, ValueError):
    """A setting, an option or an argument has a value that it does not allow."""


class DataError(DcganError, ValueError):
    """Images, or the labels and attributes that belong to them, cannot be had or used."""


class RunError(DcganError):
    """A run cannot start, go on or be read."""


class ExportError(DcganError):
    """An export cannot be made, read or relied on."""


class StorageError(DcganError):
    """A file cannot be written or read, for a reason that lies in the disk or in its permissions."""


class OutOfMemoryError(DcganError, MemoryError):
    """There is not enough memory for what was asked."""


def stop_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Return the stop during which an error was raised, or None.

    A stop that cuts into TensorFlow's own bookkeeping comes out of it as an error, such as the AssertionError
    "Concurrent access?".
    """
    seen: list[BaseException] = []
    behind: BaseException | None = error
    while behind is not None and behind not in seen:
        if isinstance(behind, KeyboardInterrupt):
            return behind
        seen.append(behind)
        behind = behind.__cause__ or behind.__context__
    return None
