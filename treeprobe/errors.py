"""The base class of the errors that bad input raises."""

from treeprobe.exit_codes import ExitCode


class TreeprobeError(Exception):
    """Input that cannot be used as asked. The message says where, what was found and what was expected.

    Every package's errors for bad input derive from it and from the built-in error that they specialise, such as
    ValueError. The command line prints their message and ends with their exit code.
    """

    exit_code = ExitCode.BAD_INPUT


def first_line(error: BaseException) -> str:
    """The first line of a library's error message, or the error's class where it has none."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class OutputError(TreeprobeError, OSError):
    """An output file or folder that cannot be made where it was asked for."""


class BusyError(OutputError):
    """An output that another process is writing at this moment."""
