"""A small treebank and a small random checkpoint, so that the pipeline runs in seconds."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from tests.convolution.conftest import masked_lm_folder, tokenizer
from treeprobe.parsing import Sentence, Treebank, write_conllu

__all__ = ["masked_lm_folder", "tokenizer"]

WORDS = ("a", "cat", "dog", "sees", "the", "that", "runs", "old", "man", "here")


def random_tree(generator: np.random.Generator, words: int) -> tuple[int, ...]:
    """Heads of a random recursive tree: each word but the first hangs from an earlier one."""
    return (-1, *(int(generator.integers(0, word)) for word in range(1, words)))


def random_bank(count: int, *, seed: int, name: str) -> Treebank:
    """Sentences of random words with random trees, each ending in a full stop."""
    generator = np.random.default_rng(seed)
    sentences = []
    for number in range(count):
        length = int(generator.integers(5, 11))
        heads = random_tree(generator, length)
        sentences.append(
            Sentence(
                words=(*generator.choice(WORDS, size=length - 1).tolist(), "."),
                heads=heads,
                relations=tuple("root" if head < 0 else "dep" for head in heads),
                upos=("X",) * (length - 1) + ("PUNCT",),
                xpos=("NN",) * (length - 1) + (".",),
                space_after=(True,) * length,
                identifier=f"{name}-{number + 1}",
            )
        )
    return Treebank(sentences, name=name)


@pytest.fixture(scope="session")
def treebank_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """CoNLL-U files of a train, a dev and a test split."""
    folder = tmp_path_factory.mktemp("treebank")
    for seed, (split, count) in enumerate({"train": 40, "dev": 20, "test": 12}.items()):
        write_conllu(random_bank(count, seed=seed, name=split), folder / f"{split}.conllu")
    return {split: folder / f"{split}.conllu" for split in ("train", "dev", "test")}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BERT with two blocks and random weights, with a tokenizer that knows `WORDS`."""
    return tiny_bert(tmp_path_factory.mktemp("checkpoints") / "tiny-bert", words=(".", ",", *WORDS))


def tiny_bert(folder: Path, *, words: Iterable[str]) -> Path:
    """Write a BERT with two blocks and random weights, whose tokenizer knows these words, into a new folder."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder
