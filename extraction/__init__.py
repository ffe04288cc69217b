"""Word-aligned hidden states and attention of any transformers checkpoint, and caches of them."""

from treeprobe.extraction.attention import AttentionBatch, stream_attention
from treeprobe.extraction.cache import (
    CacheEntry,
    CacheError,
    find_cache,
    list_caches,
    open_states,
    remove_cache,
    verify_cache,
)
from treeprobe.extraction.checkpoint import AttentionError, CheckpointError, embedded_checkpoint
from treeprobe.extraction.editing_attention import edit_attention
from treeprobe.extraction.editing_states import EditError, StateEdit, WordEdit, edit_states, on_words
from treeprobe.extraction.embeddings import EmbeddingParts, InputParts, read_embeddings, read_input
from treeprobe.extraction.encoder import Encoder
from treeprobe.extraction.gathered import GatheredError, gather_states, unpadded
from treeprobe.extraction.hdf5 import Hdf5Error, read_hdf5, write_attention, write_hdf5
from treeprobe.extraction.hidden_states import alignment_report, extract
from treeprobe.extraction.language_model import (
    LanguageModel,
    TiedHeadAssumed,
    causal_lm_encoder,
    language_model,
    masked_lm_encoder,
)
from treeprobe.extraction.masked_lm import masked_lm_loss, masked_lm_losses
from treeprobe.extraction.parquet import ParquetError, read_parquet, write_parquet
from treeprobe.extraction.places import Places
from treeprobe.extraction.positions import PositionError, edit_positions, position_embeddings, positions_used
from treeprobe.extraction.reading import Reading
from treeprobe.extraction.report import AlignmentReport
from treeprobe.extraction.sentence_places import SpecialTokenError, sentence_units
from treeprobe.extraction.states import States
from treeprobe.extraction.stretches import StorageError
from treeprobe.extraction.tokens import TokenStates, read_tokens

__all__ = [
    "AlignmentReport",
    "AttentionBatch",
    "AttentionError",
    "CacheEntry",
    "CacheError",
    "CheckpointError",
    "EditError",
    "EmbeddingParts",
    "Encoder",
    "GatheredError",
    "Hdf5Error",
    "InputParts",
    "LanguageModel",
    "ParquetError",
    "Places",
    "PositionError",
    "Reading",
    "SpecialTokenError",
    "StateEdit",
    "States",
    "StorageError",
    "TiedHeadAssumed",
    "TokenStates",
    "WordEdit",
    "alignment_report",
    "causal_lm_encoder",
    "edit_attention",
    "edit_positions",
    "edit_states",
    "embedded_checkpoint",
    "extract",
    "find_cache",
    "gather_states",
    "language_model",
    "list_caches",
    "masked_lm_encoder",
    "masked_lm_loss",
    "masked_lm_losses",
    "on_words",
    "open_states",
    "position_embeddings",
    "positions_used",
    "read_embeddings",
    "read_hdf5",
    "read_input",
    "read_parquet",
    "read_tokens",
    "remove_cache",
    "sentence_units",
    "stream_attention",
    "unpadded",
    "verify_cache",
    "write_attention",
    "write_hdf5",
    "write_parquet",
]
