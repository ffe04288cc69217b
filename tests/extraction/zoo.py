"""Small models of every family with random weights, and tokenizers trained on a few sentences: those of `verify`."""

from functools import cache

from treeprobe.extraction import Encoder
from treeprobe.pipeline.verification.architectures import ARCHITECTURES, BERTS
from treeprobe.pipeline.verification.vocabularies import SENTENCES, byte_level, fast, unigram, wordpiece
from treeprobe.training.tokenizer import SPECIAL_TOKENS as SPECIALS

NAMES = (
    "bert", "roberta", "distilbert", "electra", "deberta-v2", "xlnet", "modernbert", "gpt2", "llama", "t5", "albert",
)  # fmt: skip
"""Families that the tests of each part go through; `tests/pipeline/test_verification.py` goes through all."""
SHAPE = dict(BERTS)
LEADING = {"xlnet": 0, "gpt2": 0, "t5": 0}
TRAILING = {"xlnet": 2, "gpt2": 0, "llama": 0}

__all__ = [
    "ARCHITECTURES",
    "LEADING",
    "NAMES",
    "SENTENCES",
    "SHAPE",
    "SPECIALS",
    "TRAILING",
    "byte_level",
    "encoder",
    "fast",
    "unigram",
    "wordpiece",
]


@cache
def encoder(name: str) -> Encoder:
    """The small model of that family; of an encoder-decoder, its encoder."""
    architecture = ARCHITECTURES[name]
    model = architecture.model()
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    return Encoder.from_parts(model, fast(architecture.vocabulary()), name=name)
