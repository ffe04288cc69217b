"""A BERT with language embeddings: its token types are languages, as in Lample & Conneau (2019), figure 1.

Token types are transformers' own place for a vector that is added at every position. Who reads with such a model need
not say which language a sentence is in: the ids of its subwords do.
"""

from typing import Any

from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, BertConfig, BertForMaskedLM, BertModel

from treeprobe.training.tokenizer import SPECIAL_TOKENS


class LanguageBertConfig(BertConfig):
    """BERT's configuration; ids from `second_language` on are of the second language's subwords."""

    model_type = "language_bert"

    second_language: int = 0


class LanguageBertModel(BertModel):
    """BERT whose token types are languages: given, or else those of the sentences' subwords."""

    config_class = LanguageBertConfig

    def forward(self, input_ids: Tensor | None = None, token_type_ids: Tensor | None = None, **inputs: Any) -> Any:
        """As BERT's."""
        if token_type_ids is None and input_ids is not None:
            token_type_ids = languages_of(input_ids, self.config.second_language)
        return super().forward(input_ids=input_ids, token_type_ids=token_type_ids, **inputs)


class LanguageBertForMaskedLM(BertForMaskedLM):
    """`LanguageBertModel` with BERT's masked-LM head."""

    config_class = LanguageBertConfig

    def __init__(self, config: LanguageBertConfig) -> None:
        super().__init__(config)
        self.bert = LanguageBertModel(config, add_pooling_layer=False)
        self.post_init()


def languages_of(input_ids: Tensor, second_language: int) -> Tensor:
    """The language of each sentence at every position, (sentences, positions): 0, or 1 where most words are of it."""
    second = (input_ids >= second_language).sum(1, keepdim=True)
    special = (input_ids < len(SPECIAL_TOKENS)).sum(1, keepdim=True)
    return (2 * second > input_ids.shape[1] - special).long().expand_as(input_ids)


AutoConfig.register(LanguageBertConfig.model_type, LanguageBertConfig)
AutoModel.register(LanguageBertConfig, LanguageBertModel)
AutoModelForMaskedLM.register(LanguageBertConfig, LanguageBertForMaskedLM)
