"""A BERT of one block whose attention is known: it is a function of the two positions alone.

A word's state behind the block holds the words that it looks at, each as much as it is looked at, and nothing of the
others. So each method has to find the tree that is planted here, and finds none where the model ignores it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from tests.behaviour.word_models import word_tokenizer
from treeprobe.extraction import Encoder
from treeprobe.parsing import Sentence, Treebank

WORDS = tuple("bat cat dog eel fox hen jay kid owl pig rat yak".split())
MOST = 12
"""Words in a sentence at most."""
_DIM, _WORD = 64, 16


def tree_bank(sentences: int, *, seed: int = 0, least: int = 4) -> Treebank:
    """Sentences of random words over the first words of one random tree, in which each word hangs from an earlier."""
    generator = np.random.default_rng(seed)
    heads = planted_heads()
    bank = []
    for number in range(sentences):
        length = int(generator.integers(least, MOST + 1))
        bank.append(sentence_of(generator.choice(WORDS, length).tolist(), heads[:length], identifier=f"s{number}"))
    return Treebank(bank, name="planted")


def planted_heads() -> tuple[int, ...]:
    """The tree that the sentences are beginnings of; no chain, and not projective."""
    generator = np.random.default_rng(7)
    return (-1, *(int(generator.integers(0, word)) for word in range(1, MOST)))


def sentence_of(words: Sequence[str], heads: Sequence[int], *, identifier: str = "s") -> Sentence:
    count = len(words)
    return Sentence(
        words=tuple(words), heads=tuple(heads), relations=tuple("root" if head < 0 else "dep" for head in heads),
        upos=("NOUN",) * count, xpos=("NN",) * count, space_after=(True,) * count, identifier=identifier,
    )  # fmt: skip


def neighbours(heads: Sequence[int]) -> NDArray[np.float64]:
    """Logits of attention, (words, words), by which each word looks at its neighbours in the tree alone."""
    logits = np.full((len(heads), len(heads)), -9.0)
    for word, head in enumerate(heads):
        if head >= 0:
            logits[word, head] = logits[head, word] = 9.0
    return logits


def planted_encoder(logits: NDArray[np.float64], *, words: float = 0.0) -> tuple[Encoder, Encoder]:
    """A BERT of one block and one head with these logits between words, and the same with its masked-LM head.

    The head gives the words that a place looks at, so that a sentence of one word repeated is predicted at a place as
    far as its neighbours are seen.

    Args:
        logits: (words, words); position 0 and the position behind the last word are those of special tokens, which
            are not looked at.
        words: how much attention also depends on which two words they are.
    """
    tokenizer: PreTrainedTokenizerFast = word_tokenizer(WORDS)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=_DIM, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=MOST + 4, type_vocab_size=1, tie_word_embeddings=False,
    )  # fmt: skip
    model = BertForMaskedLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.weight.fill_(1.0)
        # Words in the first dimensions, balanced, so that the mean and variance of every embedding are the same.
        codes = torch.tensor(np.random.default_rng(1).permuted(np.tile([1.0, -1.0], (len(tokenizer), 8)), axis=1))
        embeddings = model.bert.embeddings
        embeddings.word_embeddings.weight[:, :_WORD] = codes.float()
        place, behind = slice(_WORD, _WORD + MOST + 4), slice(_DIM - _WORD, _DIM)
        embeddings.position_embeddings.weight[:, place] = torch.eye(MOST + 4)
        # LayerNorm is affine on these: the scale that it multiplies words and positions by.
        scale = float(
            model.bert(torch.tensor([[5]]), output_hidden_states=True).hidden_states[0][0, 0, :_WORD].abs()[0]
        )
        full = torch.full((MOST + 4, MOST + 4), -9.0)
        count = len(logits)
        full[1 : count + 1, 1 : count + 1] = torch.from_numpy(logits).float()
        full.fill_diagonal_(-9.0)
        attention = model.bert.encoder.layer[0].attention
        # Queries are positions, keys what they score: position i gives row i of the logits.
        attention.self.query.weight[place, place] = torch.eye(MOST + 4)
        attention.self.key.weight[place, place] = full * _DIM**0.5 / scale**2
        noise = torch.from_numpy(np.random.default_rng(2).normal(size=(_WORD, _WORD))).float()
        attention.self.query.weight[:_WORD, :_WORD] = torch.eye(_WORD)
        attention.self.key.weight[:_WORD, :_WORD] = words * noise / scale**2
        attention.self.value.weight[behind, :_WORD] = torch.eye(_WORD)
        attention.output.dense.weight.copy_(torch.eye(_DIM))
        model.cls.predictions.transform.dense.weight[:_WORD, behind] = 4 * torch.eye(_WORD)
        model.cls.predictions.decoder.weight[:, :_WORD] = 0.2 * codes.float()
    encoder = Encoder.from_parts(model.bert, tokenizer, name="planted")
    return encoder, Encoder.from_parts(model, tokenizer, name="planted")
