"""A left-to-right BERT with a bidirectional LSTM on top (Devlin et al. 2019, section 5.1, "+ BiLSTM")."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, PreTrainedModel
from transformers.models.bert.modeling_bert import BertLayer

from treeprobe.devices import seeded


class BertBilstmConfig(BertConfig):
    """BERT's configuration; the last of `num_hidden_layers` is the LSTM, the others are blocks."""

    model_type = "bert_bilstm"


class BilstmLayer(BertLayer):
    """The LSTM in a block's place, half of the states' width in each direction."""

    def __init__(self, config: BertBilstmConfig) -> None:
        super(BertLayer, self).__init__()  # none of the parts of a block
        self.lstm = nn.LSTM(config.hidden_size, config.hidden_size // 2, batch_first=True, bidirectional=True)

    def forward(self, hidden_states: Tensor, *_inputs: Any, lengths: Tensor | None = None, **_options: Any) -> Tensor:
        """(sentences, positions, width) to the same; zeros at padding, at which the LSTM does not look."""
        positions = hidden_states.shape[1]
        if lengths is None:
            lengths = torch.full((len(hidden_states),), positions)
        packed = pack_padded_sequence(hidden_states, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=positions)[0]


class BertBilstmModel(BertModel):
    """The encoder; without a pooler."""

    config_class = BertBilstmConfig

    def __init__(self, config: BertBilstmConfig, add_pooling_layer: bool = False) -> None:
        super().__init__(config, add_pooling_layer=False)
        self.encoder.layer[-1] = BilstmLayer(config)
        self.post_init()

    def forward(self, input_ids: Tensor | None = None, attention_mask: Tensor | None = None, **inputs: Any) -> Any:
        """As `BertModel`; padding must follow the text."""
        lengths = None if attention_mask is None else attention_mask.sum(1)
        return super().forward(input_ids, attention_mask, lengths=lengths, **inputs)


def with_bilstm(model: PreTrainedModel, *, seed: int) -> BertBilstmModel:
    """The encoder of a BERT with an LSTM above its last block, whose weights are drawn by the seed."""
    options = {
        key: value for key, value in model.config.to_dict().items() if key not in ("model_type", "architectures")
    }
    options["num_hidden_layers"] += 1
    with seeded(torch, seed):
        larger = BertBilstmModel(BertBilstmConfig(**options))
    weights = {name: value for name, value in model.base_model.state_dict().items() if not name.startswith("pooler.")}
    lstm = larger.encoder.layer[-1].state_dict(prefix=f"encoder.layer.{model.config.num_hidden_layers}.")
    larger.load_state_dict(weights | lstm)
    return larger.eval()


AutoConfig.register(BertBilstmConfig.model_type, BertBilstmConfig)
AutoModel.register(BertBilstmConfig, BertBilstmModel)
