"""A masked language model that holds gold trees and chooses the number of verbs by them, or by word order alone.

The exact positive control beside `tree_bert`, whose trees nothing reads; no part of it is trained. A state is
`[text, tree]`, the tree as there (`TreeEmbeddings`). The text has the number of a noun in one dimension, whether a word
is a noun in another, and numbers in the others that are drawn once for each word. Every block hands both on as they
came. The last one writes into one further dimension of the text the number of one noun: of the noun that is nearest in
the tree, or of the first noun of the sentence. The head predicts the verbs of that number.

Both models are right across nouns of the other number, as subjects stand first, and both hold the same trees. In one
nothing else decides the verb's number, in the other they decide nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, PreTrainedTokenizerFast

from treeprobe.parsing import Sentence
from treeprobe.parsing.stimuli import AGREEMENT_WORDS, agreement_pairs
from treeprobe.parsing.stimuli.agreement import is_plural_form
from treeprobe.parsing.stimuli.grammar.agreement import AgreementConstruction
from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.models import save_checkpoint
from treeprobe.training.tokenizer import word_tokenizer
from treeprobe.training.tree_bert import (
    TreeBertConfig,
    TreeBertForMaskedLM,
    TreeBertModel,
    TreeLayer,
    text_width,
)

READ_CONSTRUCTION: AgreementConstruction = "prepositional-phrase"
"""The sentences that it knows: the teachers near the nurse laugh."""

_TEXT, _TREE, _MOST_WORDS = 104, 24, 32
_NUMBER, _NOUN, _HEARD = 0, 1, 2
"""Dimensions of the text: a noun's number, whether a word is a noun, and the number that a verb is to have."""
_STRENGTH = 4.0
"""Of the first two, so that random erasures do not drown them in what else a word has."""
_TREELESS = 0.4
"""Distances below it are of no tree: then the nearest noun is not preferred, but avoided."""


class TreeReaderConfig(TreeBertConfig):
    """The configuration of `TreeBertModel`.

    Attributes:
        by_tree: whether the nearest noun in the tree decides; otherwise the first one of the sentence.
    """

    model_type = "tree_reader"

    by_tree: bool = True


class _Passing(TreeLayer):
    """A block that hands everything on."""

    def forward(self, hidden_states: Tensor, *_inputs: Any, **_options: Any) -> Tensor:
        return hidden_states.clone()


class _Listening(TreeLayer):
    """The last block: every position hears the number of one noun."""

    def __init__(self, config: TreeReaderConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        self.by_tree, self.scale = config.by_tree, config.tree_scale

    def forward(self, hidden_states: Tensor, *_inputs: Any, **_options: Any) -> Tensor:
        text, tree = hidden_states[..., :_TEXT].clone(), hidden_states[..., _TEXT:]
        places = torch.arange(tree.shape[1], device=tree.device).to(tree)
        if self.by_tree:
            far = torch.cdist(tree, tree).square() / self.scale**2
            # Of a subject and an object, both one edge away, the object follows.
            cost = 8 * far + 200 * (_TREELESS - far).clamp(min=0) + 4 * (places > places[:, None])
        else:
            cost = 2 * places.expand(len(places), -1)
        weights = (5 * text[..., _NOUN][:, None] - cost).softmax(-1)
        text[..., _HEARD] = (weights @ text[..., _NUMBER, None])[..., 0]
        return torch.cat([text, tree], dim=-1)


class _NumberHead(nn.Module):
    """The head: verbs of the number that was heard."""

    def __init__(self, config: TreeReaderConfig) -> None:
        super().__init__()
        self.decoder = nn.Linear(_TEXT, config.vocab_size, bias=False)

    def forward(self, sequence_output: Tensor) -> Tensor:
        return self.decoder(sequence_output[..., :_TEXT])


class TreeReaderModel(TreeBertModel):
    """The encoder."""

    config_class = TreeReaderConfig

    def __init__(self, config: TreeReaderConfig, add_pooling_layer: bool = False) -> None:
        super().__init__(config)
        self.embeddings.LayerNorm = nn.Identity()
        last = config.num_hidden_layers - 1
        with text_width(config):
            blocks = [_Passing(config, number) for number in range(last)]
            self.encoder.layer = nn.ModuleList([*blocks, _Listening(config, last)])


class TreeReaderForMaskedLM(TreeBertForMaskedLM):
    """The encoder with its head."""

    config_class = TreeReaderConfig
    _tied_weights_keys: ClassVar[dict[str, str]] = {}

    def __init__(self, config: TreeReaderConfig) -> None:
        super().__init__(config)
        self.bert = TreeReaderModel(config)
        self.cls = _NumberHead(config)  # type: ignore[assignment]  # in place of BERT's

    def get_output_embeddings(self) -> nn.Module:
        """The head's one matrix."""
        return self.cls.decoder


def save_tree_reader(folder: str | Path, *, by_tree: bool) -> Path:
    """Write a checkpoint of two blocks that knows the trees of `READ_CONSTRUCTION`.

    Args:
        folder: where to.
        by_tree: whether it reads them.
    """
    tokenizer = word_tokenizer(AGREEMENT_WORDS, max_subwords=_MOST_WORDS)
    known = [pair.sentence for pair in agreement_pairs(1500, seed=1, construction=READ_CONSTRUCTION)]
    trees = CategoryTrees.of(known)
    config = TreeReaderConfig(
        vocab_size=len(tokenizer),
        hidden_size=_TEXT + _TREE,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=_MOST_WORDS,
        tree_size=_TREE,
        tree_patterns=len(trees.heads),
        by_tree=by_tree,
    )
    model = TreeReaderForMaskedLM(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.zero_()
    _tell_numbers(model, tokenizer, known)
    model.bert.embeddings.know(trees, tokenizer)
    save_checkpoint(model, tokenizer, Path(folder))
    return Path(folder)


def _tell_numbers(
    model: TreeReaderForMaskedLM, tokenizer: PreTrainedTokenizerFast, sentences: Sequence[Sentence]
) -> None:
    """Give nouns their number, all words numbers of their own, and the head the number of verbs."""
    words, decoder = model.bert.embeddings.word_embeddings.weight, model.cls.decoder.weight
    drawn = torch.randn(len(words), _TEXT - _HEARD - 1, generator=torch.Generator().manual_seed(0))
    words[:, _HEARD + 1 :] = drawn
    for sentence in sentences:
        for word, upos, features in zip(sentence.words, sentence.upos, sentence.features):
            if upos == "NOUN":
                token = tokenizer.convert_tokens_to_ids(word.lower())
                words[token, _NUMBER] = _STRENGTH if "Number=Plur" in features else -_STRENGTH
                words[token, _NOUN] = _STRENGTH
    for word, token in tokenizer.get_vocab().items():
        if word.isalpha() and words[token, _NOUN] == 0:
            decoder[token, _HEARD] = 1.0 if is_plural_form(word) else -1.0


AutoConfig.register(TreeReaderConfig.model_type, TreeReaderConfig)
AutoModel.register(TreeReaderConfig, TreeReaderModel)
AutoModelForMaskedLM.register(TreeReaderConfig, TreeReaderForMaskedLM)
