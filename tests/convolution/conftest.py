"""Small random models of several families over a toy vocabulary, and batches of attention that is known."""

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
    ModernBertConfig,
    ModernBertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

from tests.convolution.known_attention import VOCABULARY
from treeprobe.extraction import Encoder

SIZES = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 32}


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    names = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]", *VOCABULARY]
    raw = Tokenizer(WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]"))
    raw.pre_tokenizer = Whitespace()
    raw.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    special = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "CLS", "SEP", "UNK", "MASK")}
    return PreTrainedTokenizerFast(tokenizer_object=raw, **special)


@pytest.fixture(scope="session")
def models(tokenizer: PreTrainedTokenizerFast) -> dict[str, Encoder]:
    words = {"vocab_size": len(tokenizer), "pad_token_id": 0}
    torch.manual_seed(0)
    made = {
        "bert": BertModel(BertConfig(**words, **SIZES, max_position_embeddings=40)),
        "roberta": RobertaModel(RobertaConfig(**words, **SIZES, max_position_embeddings=42, type_vocab_size=1)),
        "distilbert": DistilBertModel(
            DistilBertConfig(**words, dim=24, n_layers=2, n_heads=3, hidden_dim=32, max_position_embeddings=40)
        ),
        "gpt2": GPT2Model(GPT2Config(**words, n_embd=24, n_layer=2, n_head=3, n_positions=40)),
        "modernbert": ModernBertModel(ModernBertConfig(**words, **SIZES, cls_token_id=1, sep_token_id=2)),
    }
    for model in made.values():
        for name, weight in model.named_parameters():
            # Initial weights are so small that heads are near uniform and biases zero; these are not.
            if "norm" not in name.lower():
                torch.nn.init.normal_(weight, std=0.3)
    return {name: Encoder.from_parts(model, tokenizer, name=name) for name, model in made.items()}


@pytest.fixture(scope="session")
def bert(models: dict[str, Encoder]) -> Encoder:
    return models["bert"]


@pytest.fixture(scope="session")
def masked_lm_folder(tokenizer: PreTrainedTokenizerFast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    config = BertConfig(vocab_size=len(tokenizer), pad_token_id=0, **SIZES, max_position_embeddings=40)
    model = BertForMaskedLM(config)
    for name, weight in model.named_parameters():
        if "norm" not in name.lower():
            torch.nn.init.normal_(weight, std=0.3)
    folder = tmp_path_factory.mktemp("masked-lm")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
