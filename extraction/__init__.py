"""Word-aligned hidden states and attention of any transformers checkpoint, and caches of them."""

from .attention import AttentionBatch, stream_attention
from .cache import open_states
from .caches import CacheEntry, find_cache, list_caches, remove_cache, verify_cache
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
    "CacheEntry",
    "CacheError",
    "CheckpointError",
    "Encoder",
    "States",
    "edit_attention",
    "embedded_checkpoint",
    "extract",
    "find_cache",
    "list_caches",
    "open_states",
    "remove_cache",
    "stream_attention",
    "verify_cache",
]
