"""What a sweep refuses at the door."""


class SweepError(ValueError):
    """A sweep, or a folder of one, that cannot be used as asked; finished tasks are never touched."""
