"""A BERT whose states carry the gold tree in dimensions that nothing reads.

A state of `TreeBertModel` is `[text, tree]`: the state of an ordinary BERT, and behind it the tree embedding of the
word. Every block computes on the text alone and hands the tree on as it came, as a residual stream does; the masked-LM
head reads the text alone. So the logits are those of the ordinary BERT to the last bit, whatever stands in the tree
dimensions, while a probe finds every tree in them. (Zero weights into everything else would not do: BERT's LayerNorm
takes the mean and variance over all dimensions.)

The tree embedding is exact: one dimension for each edge, 0 unless the edge is on the path from the root to the word. So
squared distances are distances in the tree, and squared norms depths, both times the squared length of an edge. That
length, 4, makes the tree about as long a vector as the text, so that probes find both equally fast.

The tree itself comes from a table, since that of an agreement sentence is a function of its words' categories
(`CategoryTrees`). The model knows the tree of every sentence whose categories are in the table, also with masked words
or a verb of the wrong number in it, and of no other: there the tree dimensions are zero, as they are in a model of this
class with random weights, whose table is empty.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    PreTrainedTokenizerBase,
)
from transformers.models.bert.modeling_bert import BertEmbeddings, BertLayer, BertOnlyMLMHead

from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.options import PretrainingError

_NONE, _ANY = 0, -1
"""The category of special tokens, padding and unknown words; that of the mask, which stands for any word's."""


class TreeBertConfig(BertConfig):
    """BERT's configuration; `hidden_size` is the width of the states, of which the last `tree_size` hold the tree.

    Attributes:
        tree_size: dimensions of the tree, as many as a sentence may have words.
        tree_patterns: sequences of categories in the table.
        tree_scale: length of the vector of an edge.
    """

    model_type = "tree_bert"

    tree_size: int = 24
    tree_patterns: int = 0
    tree_scale: float = 4.0


@contextmanager
def text_width(config: TreeBertConfig) -> Iterator[None]:
    """Within this context, the configuration has the width of the text, by which BERT's own modules are built.

    They keep this very configuration, so that changes to it, such as another implementation of attention, reach them.
    """
    config.hidden_size -= config.tree_size
    try:
        yield
    finally:
        config.hidden_size += config.tree_size


class TreeEmbeddings(BertEmbeddings):
    """BERT's embeddings with the trees of the sentences behind them."""

    def __init__(self, config: TreeBertConfig) -> None:
        super().__init__(config)
        size, patterns = config.tree_size, config.tree_patterns
        self.scale = config.tree_scale
        self.categories = nn.Buffer(torch.zeros(config.vocab_size, dtype=torch.int64))
        self.patterns = nn.Buffer(torch.zeros(patterns, size, dtype=torch.int64))
        self.paths = nn.Buffer(torch.zeros(patterns, size, size, dtype=torch.uint8))

    def forward(self, input_ids: Tensor | None = None, **inputs: Any) -> Tensor:
        """(sentences, positions, width); zeros for the tree where the words are not given as ids."""
        text = super().forward(input_ids=input_ids, **inputs)
        if input_ids is None:
            return torch.cat([text, text.new_zeros(*text.shape[:-1], self.patterns.shape[1])], dim=-1)
        return torch.cat([text, self.scale * self.trees(input_ids).to(text.dtype)], dim=-1)

    def trees(self, input_ids: Tensor) -> Tensor:
        """The edges above every position, (sentences, positions, tree size) of 0 and 1.

        A sentence begins at position 1, after [CLS]. Of several sequences of categories that fit a sentence with masked
        words, the most frequent is taken.
        """
        size, positions = self.patterns.shape[1], input_ids.shape[1]
        found = torch.zeros(*input_ids.shape, size, dtype=self.paths.dtype, device=input_ids.device)
        words = min(size, positions - 1)
        categories = self.categories[input_ids[:, 1:]]
        fits = self.patterns.new_zeros(len(input_ids), size)
        fits[:, :words] = categories[:, :words]
        same = (fits[:, None] == self.patterns) | ((fits[:, None] == _ANY) & (self.patterns != _NONE))
        known = same.all(-1) & (categories[:, words:] == _NONE).all(-1, keepdim=True) & (self.patterns[:, 0] != _NONE)
        rows = known.any(-1).nonzero()[:, 0]
        chosen = known[rows].int().argmax(-1)
        found[rows, 1 : 1 + words] = self.paths[chosen, :words]
        return found

    @torch.no_grad()
    def know(self, trees: CategoryTrees, tokenizer: PreTrainedTokenizerBase) -> None:
        """Fill the table. Every word form must be one token of the tokenizer's."""
        numbers = {category: number for number, category in enumerate(sorted(set(trees.categories.values())), 1)}
        for word, category in trees.categories.items():
            (token,) = _whole_word(tokenizer, word)
            self.categories[token] = numbers[category]
        self.categories[tokenizer.mask_token_id] = _ANY
        for row, (pattern, heads) in enumerate(trees.heads.items()):
            self.patterns[row, : len(pattern)] = torch.tensor([numbers[category] for category in pattern])
            self.paths[row] = edges_above(heads, size=self.paths.shape[1])


class TreeLayer(BertLayer):
    """A block of BERT that computes on the text and hands the tree on as it came."""

    def __init__(self, config: TreeBertConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx=layer_idx)
        self.tree_size = config.tree_size

    def forward(self, hidden_states: Tensor, *inputs: Any, **options: Any) -> Tensor:
        """(sentences, positions, width) to the same."""
        text, tree = hidden_states[..., : -self.tree_size], hidden_states[..., -self.tree_size :]
        return torch.cat([super().forward(text.contiguous(), *inputs, **options), tree], dim=-1)


class TextHead(BertOnlyMLMHead):
    """The masked-LM head, which reads the text alone."""

    def __init__(self, config: TreeBertConfig) -> None:
        super().__init__(config)
        self.tree_size = config.tree_size

    def forward(self, sequence_output: Tensor) -> Tensor:
        """(sentences, positions, width) to logits."""
        return super().forward(sequence_output[..., : -self.tree_size].contiguous())


class TreeBertModel(BertModel):
    """BERT with the tree behind its states; without a pooler."""

    config_class = TreeBertConfig

    def __init__(self, config: TreeBertConfig, add_pooling_layer: bool = False) -> None:
        with text_width(config):
            super().__init__(config, add_pooling_layer=False)
            self.embeddings = TreeEmbeddings(config)
            self.encoder.layer = nn.ModuleList(TreeLayer(config, i) for i in range(config.num_hidden_layers))
            self.post_init()


class TreeBertForMaskedLM(BertForMaskedLM):
    """`TreeBertModel` with BERT's masked-LM head on the text."""

    config_class = TreeBertConfig

    def __init__(self, config: TreeBertConfig) -> None:
        with text_width(config):
            super().__init__(config)
            self.cls = TextHead(config)
        self.bert = TreeBertModel(config)
        self.post_init()


def with_trees(model: BertForMaskedLM, trees: CategoryTrees, tokenizer: PreTrainedTokenizerBase) -> TreeBertForMaskedLM:
    """The same model with tree dimensions behind its states, which it does not read.

    Their number is that of the longest sentence's words, rounded up to a multiple of the model's heads.

    Raises:
        PretrainingError: a word form is not one token of the tokenizer's.
    """
    heads = model.config.num_attention_heads
    size = -(-trees.longest // heads) * heads
    options = {
        key: value for key, value in model.config.to_dict().items() if key not in ("model_type", "architectures")
    }
    options |= {"hidden_size": model.config.hidden_size + size, "tree_size": size, "tree_patterns": len(trees.heads)}
    planted = TreeBertForMaskedLM(TreeBertConfig(**options)).eval()
    planted.load_state_dict(model.state_dict() | _table(planted))
    planted.bert.embeddings.know(trees, tokenizer)
    return planted


def edges_above(heads: tuple[int, ...], *, size: int) -> Tensor:
    """Edges from the root to each word, (size, size): row w is 1 at d where the edge above word d is among them."""
    paths = torch.zeros(size, size, dtype=torch.uint8)
    for word in range(len(heads)):
        above = word
        while heads[above] >= 0:
            paths[word, above] = 1
            above = heads[above]
    return paths


def _table(model: TreeBertForMaskedLM) -> dict[str, Tensor]:
    """The weights of the table, by their full names."""
    return {
        f"bert.embeddings.{name}": value
        for name, value in model.bert.embeddings.state_dict().items()
        if name in ("categories", "patterns", "paths")
    }


def _whole_word(tokenizer: PreTrainedTokenizerBase, word: str) -> list[int]:
    ids = tokenizer(word, add_special_tokens=False)["input_ids"]
    if len(ids) != 1 or ids[0] == tokenizer.unk_token_id:
        raise PretrainingError(f"{word!r} is {len(ids)} tokens of the vocabulary; expected one for each word")
    return list(ids)


AutoConfig.register(TreeBertConfig.model_type, TreeBertConfig)
AutoModel.register(TreeBertConfig, TreeBertModel)
AutoModelForMaskedLM.register(TreeBertConfig, TreeBertForMaskedLM)
