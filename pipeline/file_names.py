"""What checkpoints, treebanks and tasks are called in the names of files and folders."""

import re


def label(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"[^\w.@+-]+", "-", name).strip("-.") or "unnamed"
