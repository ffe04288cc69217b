"""Agreement pairs, the tokenizer of their words, and a minute model that was never trained."""

import pytest
import torch
from transformers import BertForMaskedLM, PreTrainedTokenizerFast

from treeprobe.parsing.stimuli import AGREEMENT_WORDS, AgreementPair, agreement_pairs
from treeprobe.training.models import new_model
from treeprobe.training.options import PretrainingOptions
from treeprobe.training.tokenizer import word_tokenizer


@pytest.fixture(scope="session")
def pairs() -> list[AgreementPair]:
    return agreement_pairs(900, seed=3)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return word_tokenizer(AGREEMENT_WORDS, max_subwords=32)


@pytest.fixture
def model(tokenizer: PreTrainedTokenizerFast) -> BertForMaskedLM:
    options = PretrainingOptions(layers=2, dim=16, heads=2, max_subwords=32, next_sentence=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return new_model(tokenizer, options).eval()
