"""Word-aligned hidden states and attention of any transformers checkpoint, and caches of them."""

from extraction.attention import AttentionBatch, stream_attention
from extraction.attention_file import write_attention
from extraction.cache import open_states
from extraction.caches import CacheEntry, find_cache, list_caches, remove_cache, verify_cache
from extraction.checkpoint import AttentionError, CheckpointError, embedded_checkpoint
from extraction.editing import edit_attention
from extraction.embeddings import EmbeddingParts, read_embeddings
from extraction.encoder import Encoder
from extraction.extract import StorageError, extract
from extraction.masked_lm import masked_lm_encoder, masked_lm_loss
from extraction.migration import (
    MigrationError,
    read_hdf5,
    read_predictor_params,
    write_hdf5,
    write_predictor_params,
)
from extraction.report import AlignmentReport
from extraction.shards import CacheError
from extraction.states import States

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
    "StorageError",
    "edit_attention",
    "embedded_checkpoint",
    "extract",
    "find_cache",
    "list_caches",
    "masked_lm_encoder",
    "masked_lm_loss",
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
