"""What the command says to scripts and schedulers when it ends: the one list of its exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; `docs/operations.md` says them to users."""

    DONE = 0
    """Everything that was asked for is done."""
    FAILED = 1
    """The command came to its end, and something in it failed: tasks of a sweep, damaged files, a problem found."""
    BAD_INPUT = 2
    """Nothing could be done as asked: wrong options, or input that cannot be used; one message says why."""
    NOT_COMPARED = 3
    """What was given to `treeprobe reproduce` is not the published setting, so its numbers say nothing of that."""
    LEFT = 75
    """A signal asked the command to leave before it was done; the same command goes on. The EX_TEMPFAIL of sysexits."""
    INTERRUPTED = 130
    """Interrupted from the keyboard."""
