"""All errors that a user can correct, as one tree. This module needs the standard library only.

    DcganError
    ├── ArgumentError       a setting, an option or an argument has a value that it does not allow
    ├── DataError           images, labels or attributes cannot be loaded or used
    ├── RunError            a run cannot start, continue or be read
    │   ├── CollapseError   training went wrong, and does not go on
    │   └── WorkerLostError one of several machines is missing; all are to be started again
    ├── ExportError         an export cannot be made, read or trusted
    ├── StorageError        a file cannot be written or read, because of the disk or of permissions
    └── OutOfMemoryError    there is not enough memory

They are raised where the problem is found. Their message says what was expected, what was received and what
to do. The command line prints that message and exits with 1, with 3 for a CollapseError, or with 75 for a
WorkerLostError. Any other exception is a bug.
"""

from __future__ import annotations


class DcganError(Exception):
    """An error that a user can correct; the message says how."""


class ArgumentError(DcganError, ValueError):
    """A setting, an option or an argument has a value that it does not allow."""


class DataError(DcganError, ValueError):
    """Images, or the labels and attributes that belong to them, cannot be loaded or used."""


class RunError(DcganError):
    """A run cannot start, continue or be read."""


class CollapseError(RunError):
    """Training went wrong in a way that has a name, and could not or was not to go on."""


class WorkerLostError(RunError):
    """One of the machines that train together is missing; when all are started again, they continue."""


class ExportError(DcganError):
    """An export cannot be made, read or trusted."""


class StorageError(DcganError):
    """A file cannot be written or read, because of the disk or of permissions."""


class OutOfMemoryError(DcganError, MemoryError):
    """There is not enough memory for the request."""


def stop_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Return the KeyboardInterrupt during which an error was raised, or None.

    An interrupt in the middle of TensorFlow's own bookkeeping leaves it as another error, such as the
    AssertionError "Concurrent access?".
    """
    seen: list[BaseException] = []
    behind: BaseException | None = error
    while behind is not None and behind not in seen:
        if isinstance(behind, KeyboardInterrupt):
            return behind
        seen.append(behind)
        behind = behind.__cause__ or behind.__context__
    return None


def first_line(error: BaseException) -> str:
    """Return the first line of an error (TensorFlow's have many), or its type if it has no message."""
    return next(iter(str(error).splitlines()), type(error).__name__)
