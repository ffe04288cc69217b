"""The base of every error that bad input raises."""


class TreeprobeError(Exception):
    """Input that cannot be used as asked. The message says where, what was found and what was expected.

    Every error that a package raises for bad input derives from it, beside the built-in error that it is; the command
    line turns any of them into one line and exit code 2.
    """


class OutputError(TreeprobeError, OSError):
    """An output file or folder that cannot be made where it was asked for."""


class BusyError(OutputError):
    """An output that another process is writing at this moment."""
