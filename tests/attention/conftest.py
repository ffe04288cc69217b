"""Sentences with trees, and a small model that reads them."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from tests.attention.planted import random_sentence
from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.parsing import Sentence


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    """The embedded checkpoint."""
    return Encoder.from_pretrained(embedded_checkpoint())


@pytest.fixture(scope="session")
def sentences() -> list[Sentence]:
    generator = np.random.default_rng(0)
    lengths = [1, *generator.integers(2, 12, size=119).tolist()]
    return [random_sentence(n, generator, ["nsubj", "obj", "det"]) for n in lengths]


@pytest.fixture(scope="session")
def small_encoder() -> Encoder:
    """A BERT of two blocks of two heads with random weights, that reads the sentences' words."""
    vocabulary = {
        token: number for number, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"])
    }
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        initializer_range=0.5,
    )
    return Encoder.from_parts(BertModel(config), fast, name="small")
