"""Word-aligned hidden states and attention of any transformers checkpoint, and caches of them."""

from .attention import AttentionBatch, stream_attention
from .cache import open_states
from .checkpoint import CheckpointError, embedded_checkpoint
from .editing import edit_attention
from .encoder import Encoder
from .extract import extract
from .report import AlignmentReport
from .shards import CacheError
from .states import States

__all__ = [
    "AlignmentReport",
    "AttentionBatch",
    "CacheError",
    "CheckpointError",
    "Encoder",
    "States",
    "edit_attention",
    "embedded_checkpoint",
    "extract",
    "open_states",
    "stream_attention",
]
