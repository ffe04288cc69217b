"""Attention that begins at the neighbours of a subword, which a small model on little text takes long to find.

A BERT that is pre-trained on the text of a treebank learns the frequencies of words and then stays there for long:
until a head happens to look at a neighbour, the context says nothing, and until the context says something, there is
nothing to learn by looking at it. Here the position has some dimensions of the embeddings for itself at first, where
words have zeros, and heads compare positions in these alone, each head at a distance of its own. All of it is trained
further.
"""

import math

import torch
from torch import Tensor
from transformers import PreTrainedModel

_SHARPNESS = 6.0
"""Of attention at first: a head of 32 dimensions gives the subword that it looks for some 4 nats more than others."""


@torch.no_grad()
def start_at_neighbours(model: PreTrainedModel) -> None:
    """Let the heads of a new BERT begin with attention to the subwords one before, one after, two before, and so on.

    The first dimensions of the embeddings, as many as a head has but a quarter at most, are given to the position:
    sines and cosines of wavelengths from 2π to 20π subwords, as large as BERT draws its embeddings, each beside its
    negative, so that the normalization of layers leaves them alone. Words and segments have zeros there, positions have
    zeros elsewhere. A head's queries are those sines turned by its distance, and its keys the sines as they are, on top
    of the weights that BERT draws.

    Args:
        model: a BERT with learned positions whose weights were drawn just now; changed in place.
    """
    config, encoder = model.config, model.base_model
    dims = config.hidden_size // config.num_attention_heads
    count = min(dims, config.hidden_size // 4) // 4
    rates = 10 ** (-torch.arange(count) / count)
    sines = config.initializer_range * math.sqrt(2) * _sines(config.max_position_embeddings, rates)
    own = slice(0, sines.shape[1])
    embeddings = encoder.embeddings
    embeddings.position_embeddings.weight.zero_()
    embeddings.position_embeddings.weight[:, own] = sines
    for table in (embeddings.word_embeddings, embeddings.token_type_embeddings):
        table.weight[:, own] = 0
    for block in encoder.encoder.layer:
        attention = block.attention.self
        for head in range(config.num_attention_heads):
            distance = (head // 2 + 1) * (1 if head % 2 else -1)
            rows = slice(head * dims, head * dims + own.stop)
            attention.query.weight[rows, own] += math.sqrt(_SHARPNESS) * _turned(rates, distance)
            attention.key.weight[rows, own] += math.sqrt(_SHARPNESS) * torch.eye(own.stop)


def _sines(positions: int, rates: Tensor) -> Tensor:
    """(positions, 4 · rates): sine and cosine of each rate, side by side, and then the negatives of all."""
    angles = torch.arange(positions)[:, None] * rates
    sines = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
    return torch.cat([sines, -sines], dim=1)


def _turned(rates: Tensor, distance: int) -> Tensor:
    """The matrix that takes the sines of a position to those of the position at a distance from it."""
    angles = rates * distance
    turns = torch.stack([angles.cos(), angles.sin(), -angles.sin(), angles.cos()], dim=-1).reshape(-1, 2, 2)
    return torch.block_diag(*turns, *turns)
