"""Deep biaffine scores of heads and relations (Dozat & Manning 2017), on an encoder of any architecture."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput

from treeprobe.training.finetuning.shape import NOT_TRAINED


class BiaffineHead(nn.Module):
    """Scores of every word as the head of every other, and of the relation between them.

    From a word's state r four vectors are made, each by a layer of its own with a rectifier: as a dependent and as a
    head, for arcs (d, h) and for relations (d', h'), equations 4 and 5 of Dozat & Manning (2017). Then

        arc score of head j for dependent i      (Wdᵢ + u) · hⱼ                             equation 6
        score of relation k between them         d'ᵢᵀ Uₖ h'ⱼ + vₖ · (d'ᵢ ⊕ h'ⱼ) + bₖ           equation 3

    where the root is a head with a learned state. Everything learned is in linear layers and an embedding, which
    transformers initialises as it does the model's own.

    Args:
        dim: width of the states.
        relations: how many relations there are.
        arc_size, relation_size: widths of the vectors for arcs and for relations.
        dropout: of states and vectors, in training.
    """

    def __init__(self, dim: int, relations: int, *, arc_size: int, relation_size: int, dropout: float) -> None:
        super().__init__()
        self.root = nn.Embedding(1, dim)
        self.arc_dependent, self.arc_head = nn.Linear(dim, arc_size), nn.Linear(dim, arc_size)
        self.relation_dependent, self.relation_head = nn.Linear(dim, relation_size), nn.Linear(dim, relation_size)
        self.arc = nn.Linear(arc_size, arc_size)
        self.relation_pair = nn.Linear(relation_size, relations * relation_size, bias=False)
        self.relation_sum = nn.Linear(2 * relation_size, relations)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of arcs, and the vectors for relations.

        Args:
            states: of words, (sentences, words, dim).
            mask: which of them are words, (sentences, words).

        Returns:
            Scores of heads (sentences, words, 1 + words), the root first, -inf for the word itself and for padding;
            vectors of dependents (sentences, words, size) and of heads (sentences, 1 + words, size), for `relations`.
        """
        root = self.root.weight.expand(len(states), 1, -1)
        dependents, heads = self.dropout(states), self.dropout(torch.cat([root, states], dim=1))
        scores = self.arc(self._vectors(self.arc_dependent, dependents)) @ self._vectors(self.arc_head, heads).mT
        words = torch.arange(states.shape[1], device=states.device)
        impossible = torch.cat([torch.zeros_like(mask[:, :1]), ~mask], dim=1)[:, None].repeat(1, len(words), 1)
        impossible[:, words, words + 1] = True
        vectors = self._vectors(self.relation_dependent, dependents), self._vectors(self.relation_head, heads)
        return scores.masked_fill(impossible, -torch.inf), *vectors

    def relations(self, dependents: Tensor, heads: Tensor) -> Tensor:
        """Scores of relations, (..., relations), of pairs of vectors, (..., size)."""
        pair = self.relation_pair(dependents).unflatten(-1, (-1, heads.shape[-1]))
        return (pair @ heads[..., None])[..., 0] + self.relation_sum(torch.cat([dependents, heads], dim=-1))

    def all_relations(self, dependents: Tensor, heads: Tensor) -> Tensor:
        """The same for every dependent with every head: (sentences, words, 1 + words, relations)."""
        size = heads.shape[-1]
        pair = self.relation_pair(dependents).unflatten(-1, (-1, size))
        own, other = self.relation_sum.weight.split(size, dim=1)
        apart = (dependents @ own.T + self.relation_sum.bias)[:, :, None] + (heads @ other.T)[:, None]
        return torch.einsum("swkr,shr->swhk", pair, heads) + apart

    def _vectors(self, layer: nn.Linear, states: Tensor) -> Tensor:
        vectors: Tensor = self.dropout(relu(layer(states)))
        return vectors


@dataclass
class ParserOutput(ModelOutput):
    """What a parser gives out.

    Attributes:
        loss: cross-entropy of heads plus that of relations at gold heads, means over words, in nats; where gold trees
            are given.
        logits: scores of heads, (sentences, words, 1 + words), the root first.
        best_relations: the best relation of each word to each head but `root`, by its number, of the same shape; where
            gold trees are not given.
    """

    loss: Tensor | None = None
    logits: Tensor | None = None
    best_relations: Tensor | None = None


class _Parser:
    """What parsers of all architectures have beside what transformers gives to models of theirs."""

    config: Any
    base_model: Any
    base_model_prefix: str

    def __init__(self, config: PreTrainedConfig) -> None:
        super().__init__(config)  # type: ignore[call-arg]
        setattr(self, self.base_model_prefix, AutoModel.from_config(config))
        self.biaffine = BiaffineHead(
            config.hidden_size,
            config.num_labels,
            arc_size=config.biaffine_arc_size,
            relation_size=config.biaffine_relation_size,
            dropout=config.biaffine_dropout,
        )
        self.post_init()  # type: ignore[attr-defined]

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        word_weights: Tensor,
        word_mask: Tensor,
        heads: Tensor | None = None,
        relations: Tensor | None = None,
        **inputs: Any,
    ) -> ParserOutput:
        """Scores of trees.

        Args:
            word_weights: the share of each position in each word's state, (sentences, words, positions).
            word_mask: which of them are words, (sentences, words).
            heads: gold heads, 0 for the root and words from 1; `NOT_TRAINED` where not known. (sentences, words)
            relations: gold relations by their numbers, likewise.
        """
        states = self.base_model(input_ids=input_ids, attention_mask=attention_mask, **inputs)[0]
        arcs, dependents, others = self.biaffine(word_weights.to(states.dtype) @ states, word_mask)
        if heads is None or relations is None:
            scores = self.biaffine.all_relations(dependents, others)
            scores[..., self.config.label2id["root"]] = -torch.inf
            return ParserOutput(logits=arcs, best_relations=scores.argmax(dim=-1))
        gold = heads.clamp_min(0)[..., None].expand(-1, -1, others.shape[-1])
        labels = self.biaffine.relations(dependents, others.gather(1, gold))
        known = torch.where(heads >= 0, relations, NOT_TRAINED)
        loss = mean_surprise(arcs, heads) + mean_surprise(labels, known)
        return ParserOutput(loss=loss, logits=arcs)


def mean_surprise(logits: Tensor, gold: Tensor) -> Tensor:
    """Mean cross-entropy in nats over the places whose answer is known, 0 where none is."""
    losses = cross_entropy(logits.flatten(0, 1), gold.flatten(), ignore_index=NOT_TRAINED, reduction="sum")
    return losses / (gold != NOT_TRAINED).sum().clamp_min(1)


class AutoModelForDependencyTrees:
    """Loads a checkpoint with a biaffine head, as transformers' `AutoModelFor…` classes do with theirs."""

    @staticmethod
    def from_pretrained(name: Any, *, config: PreTrainedConfig | None = None, **options: Any) -> PreTrainedModel:
        """The checkpoint of a folder or hub name with the head that it has, or with a new one that `config` describes.

        Raises:
            ValueError: the architecture has no encoder alone, or the configuration describes no such head.
        """
        config = config or AutoConfig.from_pretrained(name)
        if config.is_encoder_decoder or not hasattr(config, "biaffine_arc_size"):
            raise ValueError(f"{name}: {type(config).__name__} describes no encoder with a biaffine head")
        with torch.device("meta"):
            encoder: PreTrainedModel = AutoModel.from_config(config)
        found: PreTrainedModel = parser_class(type(encoder)).from_pretrained(name, config=config, **options)
        return found


def parser_class(encoder: type[PreTrainedModel]) -> type[PreTrainedModel]:
    """The class of parsers on an architecture: what transformers builds its own heads on, with the biaffine head."""
    ancestors = encoder.__mro__
    base = ancestors[ancestors.index(PreTrainedModel) - 1]
    name = f"{encoder.__name__.removesuffix('Model')}ForDependencyTrees"
    return type(name, (_Parser, base), {"config_class": encoder.config_class, "__module__": __name__})
