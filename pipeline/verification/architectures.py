"""Small random models of many architectures, each with a vocabulary of its kind: what the table and the tests read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import torch
from tokenizers import Tokenizer
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    PreTrainedConfig,
    PreTrainedModel,
)

from treeprobe.devices import seeded
from treeprobe.pipeline.verification.vocabularies import byte_level, fast, unigram, wordpiece

Kind = Literal["encoder", "decoder", "encoder-decoder"]
WIDTH, BLOCKS, HEADS = 16, 3, 2

BERTS = MappingProxyType(
    {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "num_attention_heads": HEADS, "intermediate_size": 32}
)
"""The shape, in the words of BERT's configuration, which most have taken over."""
ENDS = MappingProxyType({"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3})
"""Special tokens, by their numbers in every vocabulary here."""
GROUPED = MappingProxyType({**BERTS, "num_attention_heads": 4, "num_key_value_heads": 2, **ENDS})
"""The shape of Llama and its kin: two heads of queries share one of keys and values."""
POSITIONS = MappingProxyType({"max_position_embeddings": 64})
NUMBERED_FROM_1 = MappingProxyType({**BERTS, "max_position_embeddings": 65, "type_vocab_size": 1, "pad_token_id": 0})
"""RoBERTa's: positions are numbered from just after the padding index."""
GPTS = MappingProxyType({"n_embd": WIDTH, "n_layer": BLOCKS, "n_head": HEADS, "n_positions": 64, **ENDS})
T5S = MappingProxyType({"d_model": WIDTH, "d_kv": 8, "d_ff": 32, "num_layers": BLOCKS, "num_heads": HEADS})
BARTS = MappingProxyType({
    "d_model": WIDTH, "encoder_layers": BLOCKS, "decoder_layers": BLOCKS, "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "decoder_start_token_id": 2,
    **POSITIONS, **ENDS,
})  # fmt: skip
XLMS = MappingProxyType({
    "emb_dim": WIDTH, "n_layers": BLOCKS, "n_heads": HEADS, "n_langs": 1, "use_lang_emb": False, "pad_index": 0,
    "unk_index": 1, "bos_index": 2, "eos_index": 3, "mask_index": 4, "pad_token_id": 0, **POSITIONS,
})  # fmt: skip


def berts() -> Tokenizer:
    """BERT's kind of vocabulary."""
    return wordpiece()


def robertas() -> Tokenizer:
    """RoBERTa's: bytes between special tokens, offsets without spaces."""
    return byte_level("[CLS] $A [SEP]", trim=True)


def modernberts() -> Tokenizer:
    """ModernBERT's: bytes between special tokens."""
    return byte_level("[CLS] $A [SEP]")


def debertas() -> Tokenizer:
    """DeBERTa-v3's: SentencePiece between special tokens."""
    return unigram("[CLS] $A [SEP]")


def xlnets() -> Tokenizer:
    """XLNet's: special tokens at the end, the last of a segment of its own."""
    return unigram("$A:0 [SEP]:0 [CLS]:2")


def gpts() -> Tokenizer:
    """GPT-2's: bytes, no special tokens."""
    return byte_level("")


def llamas() -> Tokenizer:
    """Llama's: bytes after one special token."""
    return byte_level("[CLS] $A")


def t5s() -> Tokenizer:
    """T5's: SentencePiece before one special token."""
    return unigram("$A [SEP]")


@dataclass(frozen=True)
class Architecture:
    """An architecture of transformers, and the small model that stands for it."""

    name: str
    """As transformers calls it (`model_type`), or a variant of it."""
    title: str
    """As its paper calls it."""
    kind: Kind
    positions: str
    """How positions enter."""
    attention: str
    """What a position attends to, and how heads share keys."""
    model_type: str
    vocabulary: Callable[[], Tokenizer]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def configuration(self) -> PreTrainedConfig:
        """The configuration of the small model."""
        size = self.vocabulary().get_vocab_size()
        return AutoConfig.for_model(self.model_type, **{**self.settings, "vocab_size": size})

    def model(self, loader: Any = AutoModel) -> PreTrainedModel:
        """The small model with random weights, larger than usual so that every part of it matters.

        Args:
            loader: the class of transformers that makes it, with or without a head.
        """
        config = self.configuration()
        with seeded(torch, 1):
            model = loader.from_config(config)
            for parameter in model.parameters():
                if parameter.dim() > 1:
                    parameter.data.normal_(std=0.15)
        return model

    def save(self, folder: Path) -> Path:
        """The small model with its language-model head, where it has one, as a checkpoint with its tokenizer."""
        config, loader = self.configuration(), AutoModel
        if not getattr(config, "is_encoder_decoder", False):
            if type(config) in MODEL_FOR_MASKED_LM_MAPPING:
                loader = AutoModelForMaskedLM
            elif type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
                loader = AutoModelForCausalLM
        self.model(loader).save_pretrained(folder)
        fast(self.vocabulary(), mask_token="[MASK]", bos_token="[CLS]").save_pretrained(folder)
        return folder


def _named(kind: Kind, rows: Sequence[tuple[Any, ...]]) -> list[Architecture]:
    return [Architecture(row[0], row[1], kind, *row[2:]) for row in rows]


_LEARNED, _SINES, _ROTARY, _RELATIVE, _ALIBI, _NONE = (
    "absolute, learned", "absolute, sines", "rotary", "relative", "ALiBi", "none",
)  # fmt: skip
_FULL, _CAUSAL, _SHARED, _SLIDING = "full", "causal", "causal, grouped heads", "causal, grouped heads, sliding windows"

ENCODERS = _named("encoder", [
    ("bert", "BERT", _LEARNED, _FULL, "bert", berts, {**BERTS, **POSITIONS}),
    ("roberta", "RoBERTa", _LEARNED, _FULL, "roberta", robertas, NUMBERED_FROM_1),
    ("xlm-roberta", "XLM-R", _LEARNED, _FULL, "xlm-roberta", debertas, NUMBERED_FROM_1),
    ("xlm-roberta-xl", "XLM-R XL", _LEARNED, _FULL, "xlm-roberta-xl", debertas, NUMBERED_FROM_1),
    ("distilbert", "DistilBERT", _LEARNED, _FULL, "distilbert", berts,
     {"dim": WIDTH, "n_layers": BLOCKS, "n_heads": HEADS, "hidden_dim": 32, **POSITIONS}),
    ("albert", "ALBERT", _LEARNED, "full, blocks share weights", "albert", berts,
     {**BERTS, "embedding_size": 8, **POSITIONS}),
    ("electra", "ELECTRA", _LEARNED, _FULL, "electra", berts, {**BERTS, "embedding_size": 8, **POSITIONS}),
    ("megatron-bert", "Megatron-BERT", _LEARNED, _FULL, "megatron-bert", berts, {**BERTS, **POSITIONS}),
    ("rembert", "RemBERT", _LEARNED, _FULL, "rembert", debertas,
     {**BERTS, **POSITIONS, "input_embedding_size": 8, "output_embedding_size": 8}),
    ("mobilebert", "MobileBERT", _LEARNED, _FULL, "mobilebert", berts,
     {**BERTS, **POSITIONS, "embedding_size": 16, "intra_bottleneck_size": 16, "num_feedforward_networks": 2}),
    ("mpnet", "MPNet", "absolute, learned, and relative", _FULL, "mpnet", berts,
     {**BERTS, "max_position_embeddings": 66, "pad_token_id": 1}),
    ("deberta", "DeBERTa", _RELATIVE, _FULL, "deberta", robertas,
     {**BERTS, **POSITIONS, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0,
      "position_biased_input": False}),
    ("deberta-v2", "DeBERTa-v2, v3", _RELATIVE, _FULL, "deberta-v2", debertas,
     {**BERTS, **POSITIONS, "relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"],
      "position_biased_input": False, "share_att_key": True, "type_vocab_size": 0}),
    ("deberta-v2-conv", "DeBERTa-v2 with a convolution", _RELATIVE, "full, and a convolution", "deberta-v2", debertas,
     {**BERTS, **POSITIONS, "relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"],
      "position_biased_input": False, "type_vocab_size": 0, "conv_kernel_size": 3, "conv_act": "gelu"}),
    ("xlnet", "XLNet", _RELATIVE, _FULL, "xlnet", xlnets,
     {"d_model": WIDTH, "n_layer": BLOCKS, "n_head": HEADS, "d_inner": 32}),
    ("convbert", "ConvBERT", _LEARNED, "full, and convolutions", "convbert", berts,
     {**BERTS, **POSITIONS, "embedding_size": 16, "head_ratio": 2, "conv_kernel_size": 3}),
    ("roformer", "RoFormer", _ROTARY, _FULL, "roformer", berts, {**BERTS, **POSITIONS, "embedding_size": WIDTH}),
    ("esm", "ESM", _ROTARY, _FULL, "esm", berts,
     {**BERTS, **POSITIONS, "position_embedding_type": "rotary", "pad_token_id": 0, "mask_token_id": 4}),
    ("modernbert", "ModernBERT", _ROTARY, "full and sliding windows", "modernbert", modernberts,
     {**BERTS, **POSITIONS, **ENDS, "cls_token_id": 2, "sep_token_id": 3, "local_attention": 8}),
    ("nomic_bert", "Nomic BERT", _ROTARY, _FULL, "nomic_bert", berts, {**BERTS, **POSITIONS}),
    ("eurobert", "EuroBERT", _ROTARY, "full, grouped heads", "eurobert", modernberts, {**GROUPED, **POSITIONS}),
    ("luke", "LUKE", _LEARNED, _FULL, "luke", robertas,
     {**NUMBERED_FROM_1, "entity_vocab_size": 10, "entity_emb_size": 8}),
    ("xlm", "XLM", _LEARNED, _FULL, "xlm", berts, XLMS),
    ("ibert", "I-BERT", _LEARNED, _FULL, "ibert", robertas, NUMBERED_FROM_1),
    ("squeezebert", "SqueezeBERT", _LEARNED, _FULL, "squeezebert", berts,
     {**BERTS, **POSITIONS, "embedding_size": WIDTH}),
    ("big_bird", "BigBird, full attention", _LEARNED, _FULL, "big_bird", debertas,
     {**BERTS, **POSITIONS, "attention_type": "original_full"}),
    ("nystromformer", "Nyströmformer", _LEARNED, "approximate", "nystromformer", berts,
     {**BERTS, **POSITIONS, "segment_means_seq_len": 64, "num_landmarks": 64}),
    ("yoso", "YOSO", _LEARNED, "sampled", "yoso", berts, {**BERTS, **POSITIONS}),
    ("longformer", "Longformer", _LEARNED, "sliding windows", "longformer", robertas,
     {**BERTS, "attention_window": 4, "max_position_embeddings": 66, "pad_token_id": 0}),
    ("fnet", "FNet", _LEARNED, "none: a Fourier transform", "fnet", berts,
     {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "intermediate_size": 32, **POSITIONS}),
])  # fmt: skip

DECODERS = _named("decoder", [
    ("gpt2", "GPT-2", _LEARNED, _CAUSAL, "gpt2", gpts, GPTS),
    ("openai-gpt", "GPT", _LEARNED, _CAUSAL, "openai-gpt", gpts, GPTS),
    ("gpt_bigcode", "StarCoder", _LEARNED, "causal, one head of keys", "gpt_bigcode", gpts, GPTS),
    ("gpt_neo", "GPT-Neo", _LEARNED, "causal, full and sliding windows", "gpt_neo", gpts,
     {"hidden_size": WIDTH, "num_layers": 2, "num_heads": HEADS, "attention_types": [[["global", "local"], 1]],
      "window_size": 8, **POSITIONS, **ENDS}),
    ("gptj", "GPT-J", _ROTARY, _CAUSAL, "gptj", gpts, {**GPTS, "rotary_dim": 4}),
    ("codegen", "CodeGen", _ROTARY, _CAUSAL, "codegen", gpts, {**GPTS, "n_head": 4, "rotary_dim": 4}),
    ("gpt_neox", "GPT-NeoX, Pythia", _ROTARY, _CAUSAL, "gpt_neox", gpts, {**BERTS, **POSITIONS, **ENDS}),
    ("opt", "OPT", _LEARNED, _CAUSAL, "opt", llamas,
     {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "num_attention_heads": HEADS, "ffn_dim": 32,
      "word_embed_proj_dim": WIDTH, **POSITIONS, **ENDS}),
    ("biogpt", "BioGPT", _LEARNED, _CAUSAL, "biogpt", llamas, {**BERTS, **POSITIONS, **ENDS}),
    ("xglm", "XGLM", _SINES, _CAUSAL, "xglm", llamas,
     {"d_model": WIDTH, "num_layers": BLOCKS, "attention_heads": HEADS, "ffn_dim": 32, **POSITIONS, **ENDS}),
    ("ctrl", "CTRL", _SINES, _CAUSAL, "ctrl", gpts, {**GPTS, "dff": 32}),
    ("bloom", "BLOOM", _ALIBI, _CAUSAL, "bloom", gpts,
     {"hidden_size": WIDTH, "n_layer": BLOCKS, "n_head": HEADS, **ENDS}),
    ("mpt", "MPT", _ALIBI, _CAUSAL, "mpt", gpts,
     {"d_model": WIDTH, "n_heads": HEADS, "n_layers": BLOCKS, "max_seq_len": 64, **ENDS}),
    ("falcon", "Falcon", _ROTARY, "causal, one head of keys", "falcon", gpts, {**BERTS, **POSITIONS, **ENDS}),
    ("llama", "Llama", _ROTARY, _SHARED, "llama", llamas,
     {**GROUPED, **POSITIONS}),
    ("mistral", "Mistral", _ROTARY, _SLIDING, "mistral", llamas, {**GROUPED, **POSITIONS, "sliding_window": 8}),
    ("mixtral", "Mixtral", _ROTARY, "causal, grouped heads, experts", "mixtral", llamas,
     {**GROUPED, **POSITIONS, "num_local_experts": 2}),
    ("qwen2", "Qwen2", _ROTARY, _SHARED, "qwen2", gpts, {**GROUPED, **POSITIONS}),
    ("qwen3", "Qwen3", _ROTARY, _SHARED, "qwen3", gpts, {**GROUPED, **POSITIONS, "head_dim": 4}),
    ("gemma", "Gemma", _ROTARY, _SHARED, "gemma", llamas, {**GROUPED, **POSITIONS, "head_dim": 4}),
    ("gemma2", "Gemma 2", _ROTARY, _SLIDING, "gemma2", llamas,
     {**GROUPED, **POSITIONS, "head_dim": 4, "sliding_window": 8}),
    ("gemma3_text", "Gemma 3", _ROTARY, _SLIDING, "gemma3_text", llamas,
     {**GROUPED, **POSITIONS, "head_dim": 4, "sliding_window": 8}),
    ("phi3", "Phi-3", _ROTARY, _SHARED, "phi3", llamas, {**GROUPED, **POSITIONS}),
    ("olmo2", "OLMo 2", _ROTARY, _SHARED, "olmo2", gpts, {**GROUPED, **POSITIONS}),
    ("cohere", "Command R", _ROTARY, _SHARED, "cohere", llamas, {**GROUPED, **POSITIONS}),
    ("smollm3", "SmolLM3", "rotary, or none", _SHARED, "smollm3", gpts, {**GROUPED, **POSITIONS}),
    ("mamba", "Mamba", _NONE, "none: a state space", "mamba", gpts,
     {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "state_size": 4}),
    ("rwkv", "RWKV", _NONE, "none: a recurrence", "rwkv", gpts,
     {"hidden_size": WIDTH, "num_hidden_layers": BLOCKS, "attention_hidden_size": WIDTH, "intermediate_size": 32,
      "context_length": 64}),
    ("recurrent_gemma", "RecurrentGemma", _ROTARY, "causal, some blocks recurrent", "recurrent_gemma", llamas,
     {**BERTS, **ENDS, "attention_window_size": 8}),
])  # fmt: skip

ENCODER_DECODERS = _named("encoder-decoder", [
    ("t5", "T5", _RELATIVE, _FULL, "t5", t5s, T5S),
    ("mt5", "mT5", _RELATIVE, _FULL, "mt5", t5s, T5S),
    ("umt5", "UMT5", "relative, each block its own", _FULL, "umt5", t5s, T5S),
    ("switch_transformers", "Switch", _RELATIVE, "full, experts", "switch_transformers", t5s,
     {**T5S, "num_experts": 2, "num_sparse_encoder_layers": 1, "num_sparse_decoder_layers": 1}),
    ("longt5", "LongT5", _RELATIVE, "sliding windows", "longt5", t5s,
     {**T5S, "encoder_attention_type": "local", "local_radius": 4}),
    ("bart", "BART", _LEARNED, _FULL, "bart", robertas, BARTS),
    ("pegasus", "PEGASUS", _SINES, _FULL, "pegasus", t5s, BARTS),
    ("marian", "Marian", _SINES, _FULL, "marian", t5s, BARTS),
    ("m2m_100", "M2M-100, NLLB", _SINES, _FULL, "m2m_100", debertas, BARTS),
    ("blenderbot", "BlenderBot", _LEARNED, _FULL, "blenderbot", robertas, BARTS),
    ("led", "LED", _LEARNED, "sliding windows", "led", robertas,
     {**BARTS, "attention_window": 4, "max_encoder_position_embeddings": 64, "max_decoder_position_embeddings": 64}),
    ("pegasus_x", "PEGASUS-X", _SINES, "blocks", "pegasus_x", t5s, BARTS),
    ("prophetnet", "ProphetNet", _LEARNED, _FULL, "prophetnet", berts,
     {"hidden_size": WIDTH, "num_encoder_layers": BLOCKS, "num_decoder_layers": BLOCKS,
      "num_encoder_attention_heads": HEADS, "num_decoder_attention_heads": HEADS, "encoder_ffn_dim": 32,
      "decoder_ffn_dim": 32, **POSITIONS}),
])  # fmt: skip

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {one.name: one for one in (*ENCODERS, *DECODERS, *ENCODER_DECODERS)}
)
"""Every architecture of the table, by its name."""
