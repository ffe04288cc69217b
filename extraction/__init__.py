"""Word-aligned hidden states and attention of any transformers checkpoint, and caches of them."""

from .attention import AttentionBatch, stream_attention
from .attention_file import write_attention
from .cache import open_states
from .caches import CacheEntry, find_cache, list_caches, remove_cache, verify_cache
from .checkpoint import AttentionError, CheckpointError, embedded_checkpoint
from .editing import edit_attention
from .embeddings import EmbeddingParts, read_embeddings
from .encoder import Encoder
from .extract import extract
from .migration import (
    MigrationError,
    read_hdf5,
    read_predictor_params,
    write_hdf5,
    write_predictor_params,
)
from .report import AlignmentReport
from .shards import CacheError
from .states import States

__all__ = [
    "AlignmentReport",
    "AttentionBatch",
    "AttentionError",
    "CacheEntry",
    "CacheError",
    "CheckpointError",
    "EmbeddingParts",
    "Encoder",
    "MigrationError",
    "States",
    "edit_attention",
    "embedded_checkpoint",
    "extract",
    "find_cache",
    "list_caches",
    "open_states",
    "read_embeddings",
    "read_hdf5",
    "read_predictor_params",
    "remove_cache",
    "stream_attention",
    "verify_cache",
    "write_attention",
    "write_hdf5",
    "write_predictor_params",
]
