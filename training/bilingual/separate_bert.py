"""Two BERTs in one checkpoint, one for each language, that share nothing: what transfer must not find."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from treeprobe.training.bilingual.language_bert import languages_of
from treeprobe.training.tokenizer import SPECIAL_TOKENS

_WORDS = "embeddings.word_embeddings.weight"


class SeparateBertConfig(BertConfig):
    """The configuration of either BERT; ids from `second_language` on are of the second language's subwords."""

    model_type = "separate_bert"

    second_language: int = 0


class SeparateBertModel(PreTrainedModel):
    """Each sentence is read by the BERT of its language."""

    config_class = SeparateBertConfig
    base_model_prefix = "separate"

    def __init__(self, config: SeparateBertConfig) -> None:
        super().__init__(config)
        self.first = BertModel(config, add_pooling_layer=False)
        self.second = BertModel(config, add_pooling_layer=False)
        self.post_init()

    def get_input_embeddings(self) -> Any:
        """Those of the first BERT."""
        return self.first.get_input_embeddings()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **options: Any) -> BaseModelOutput:
        """States of (sentences, positions, width), all layers' where they are asked for."""
        options.pop("token_type_ids", None)
        is_second = languages_of(input_ids, self.config.second_language)[:, :1, None].bool()
        ours, theirs = (one(input_ids, attention_mask, **options) for one in (self.first, self.second))
        hidden = None
        if ours.hidden_states is not None:
            pairs = zip(ours.hidden_states, theirs.hidden_states, strict=True)
            hidden = tuple(torch.where(is_second, second, first) for first, second in pairs)
        last = torch.where(is_second, theirs.last_hidden_state, ours.last_hidden_state)
        return BaseModelOutput(last_hidden_state=last, hidden_states=hidden)


def side_by_side(first: BertModel, second: BertModel, *, second_language: int) -> SeparateBertModel:
    """Two BERTs of one configuration and vocabulary, as a model of two languages.

    Args:
        first, second: the BERT of each language; both know the ids of the first language.
        second_language: the first id of the second language, whose subwords are in the order of the first's.
    """
    told = {key: value for key, value in first.config.to_dict().items() if key not in ("model_type", "architectures")}
    size = 2 * second_language - len(SPECIAL_TOKENS)
    model = SeparateBertModel(SeparateBertConfig(**told | {"vocab_size": size, "second_language": second_language}))
    for own, trained, is_second in ((model.first, first, False), (model.second, second, True)):
        own.load_state_dict(_widened(trained.state_dict(), size=size, is_second=is_second), strict=False)
    return model.eval()


def _widened(weights: Mapping[str, Tensor], *, size: int, is_second: bool) -> dict[str, Tensor]:
    """The weights with a table of both languages' subwords, those of the other language zero."""
    words, special = weights[_WORDS], len(SPECIAL_TOKENS)
    table = words.new_zeros(size, words.shape[1])
    table[: len(words)] = words
    if is_second:
        table[special : len(words)] = 0
        table[len(words) :] = words[special:]
    return {**weights, _WORDS: table}


AutoConfig.register(SeparateBertConfig.model_type, SeparateBertConfig)
AutoModel.register(SeparateBertConfig, SeparateBertModel)
