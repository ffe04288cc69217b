"""Word-aligned hidden states and attention of any transformers checkpoint, and caches of them."""

from .cache import open_states
from .checkpoint import CheckpointError, embedded_checkpoint
from .encoder import Encoder
from .extract import extract
from .report import AlignmentReport
from .shards import CacheError
from .states import States

__all__ = [
    "AlignmentReport",
    "CacheError",
    "CheckpointError",
    "Encoder",
    "States",
    "embedded_checkpoint",
    "extract",
    "open_states",
]
