"""Heads for BERTs that read from left to right, alone or below an LSTM (Devlin et al. 2019, section 5.1)."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)
from transformers.models.bert.modeling_bert import BertPooler

from treeprobe.training.bilstm import BertBilstmConfig, BertBilstmModel


class BertLastForSequenceClassification(BertForSequenceClassification):
    """A class for a text, read off its last separator: in a left-to-right model, [CLS] sees nothing but itself."""

    def forward(self, input_ids: Tensor | None = None, attention_mask: Tensor | None = None, **inputs: Any) -> Any:
        """As its parent; padding must follow the text."""
        if attention_mask is None:
            raise ValueError("attention_mask is missing; expected it, since it tells where each text ends")
        last = attention_mask.sum(1) - 1

        def at_last(_pooler: nn.Module, states: tuple[Tensor]) -> Tensor:
            return states[0][torch.arange(len(last), device=last.device), last][:, None]

        hook = self.bert.pooler.register_forward_pre_hook(at_last)
        try:
            return super().forward(input_ids, attention_mask, **inputs)
        finally:
            hook.remove()


class BertBilstmForTokenClassification(BertForTokenClassification):
    """A class for each word on top of the LSTM."""

    config_class = BertBilstmConfig

    def __init__(self, config: BertBilstmConfig) -> None:
        super().__init__(config)
        self.bert = BertBilstmModel(config)
        self.post_init()


class BertBilstmForQuestionAnswering(BertForQuestionAnswering):
    """A span on top of the LSTM."""

    config_class = BertBilstmConfig

    def __init__(self, config: BertBilstmConfig) -> None:
        super().__init__(config)
        self.bert = BertBilstmModel(config)
        self.post_init()


class BertBilstmForSequenceClassification(BertForSequenceClassification):
    """A class for a text on top of the LSTM, whose state at [CLS] has seen all of it."""

    config_class = BertBilstmConfig

    def __init__(self, config: BertBilstmConfig) -> None:
        super().__init__(config)
        self.bert = BertBilstmModel(config)
        self.bert.pooler = BertPooler(config)
        self.post_init()


def reads_left_to_right(config: Any) -> bool:
    """Whether a model is a BERT whose [CLS] sees nothing of the text."""
    return isinstance(config, BertConfig) and not isinstance(config, BertBilstmConfig) and config.is_decoder


AutoModelForTokenClassification.register(BertBilstmConfig, BertBilstmForTokenClassification)
AutoModelForQuestionAnswering.register(BertBilstmConfig, BertBilstmForQuestionAnswering)
AutoModelForSequenceClassification.register(BertBilstmConfig, BertBilstmForSequenceClassification)
