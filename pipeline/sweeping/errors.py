"""What a sweep refuses at the door."""

from treeprobe.errors import TreeprobeError


class SweepError(TreeprobeError, ValueError):
    """A sweep, or a folder of one, that cannot be used as asked; finished tasks are never touched."""
