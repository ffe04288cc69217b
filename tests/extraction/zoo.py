"""Small models of every family with random weights, and tokenizers trained on a few sentences."""

from functools import cache

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModel, PreTrainedTokenizerFast

from treeprobe.extraction import Encoder
from treeprobe.training.tokenizer import train_vocabulary

CORPUS = (
    """
The chef who ran to the store was out of food . The old keys to the cabinet are on the table .
She said that the children had not eaten since yesterday morning , and he believed her .
Which books did the students that the teacher praised read before the examination ?
Running water wears away stones ; unfortunately nobody had remembered the unreadable instructions .
I do n't know whether they 'll come , but we can't wait any longer than twenty-five minutes !
""".strip().splitlines()
    * 4
)

SENTENCES = [
    ["The", "chef", "who", "ran", "to", "the", "store", "was", "out", "of", "food", "."],
    ["Unfortunately", ",", "nobody", "remembered", "the", "cabinet"],
    ["Keys"],
    ["She", "believed", "the", "unreadable", "instructions", "yesterday", ",", "did", "n't", "she", "?"],
]
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SHAPE = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}


@cache
def wordpiece() -> Tokenizer:
    """Like BERT's: lower case, "##" pieces, [CLS] and [SEP]; the same in every process."""
    tokenizer = Tokenizer(models.WordPiece(train_vocabulary(CORPUS, size=160), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return _around(tokenizer, "[CLS] $A [SEP]")


@cache
def byte_level(template: str, *, trim: bool = False) -> Tokenizer:
    """Like GPT-2's and RoBERTa's: bytes, spaces inside the pieces."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=trim)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIALS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    if not template:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim)
        return tokenizer
    return _around(tokenizer, template, trim=trim)


@cache
def unigram(template: str) -> Tokenizer:
    """Like SentencePiece's (T5, XLNet, DeBERTa-v3): "▁" marks a space, unknown characters are one unknown token."""
    learner, tokenizer = Tokenizer(models.BPE()), Tokenizer(models.Unigram())
    for each in (learner, tokenizer):
        each.normalizer = normalizers.NFKC()
        each.pre_tokenizer = pre_tokenizers.Metaspace()
        each.decoder = decoders.Metaspace()
    # Unigram's own trainer finds other pieces in every process; those of BPE are the same, early merges likelier.
    learner.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=120, special_tokens=SPECIALS))
    pieces = sorted(learner.get_vocab(), key=learner.token_to_id)
    tokenizer.model = models.Unigram([(piece, -i / 10) for i, piece in enumerate(pieces)], SPECIALS.index("[UNK]"))
    return _around(tokenizer, template)


def _around(tokenizer: Tokenizer, template: str, *, trim: bool = False) -> Tokenizer:
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    around = processors.TemplateProcessing(single=template, special_tokens=ids)
    if trim:
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), around])
    else:
        tokenizer.post_processor = around
    return tokenizer


FAMILIES = {
    "bert": (lambda: wordpiece(), hf.BertConfig, {"max_position_embeddings": 64}),
    "roberta": (
        lambda: byte_level("[CLS] $A [SEP]", trim=True),
        hf.RobertaConfig,
        {"max_position_embeddings": 65, "type_vocab_size": 1, "pad_token_id": 0},
    ),
    "distilbert": (
        lambda: wordpiece(),
        hf.DistilBertConfig,
        {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 64},
    ),
    "electra": (lambda: wordpiece(), hf.ElectraConfig, {"embedding_size": 8, "max_position_embeddings": 64}),
    "deberta-v2": (
        lambda: unigram("[CLS] $A [SEP]"),
        hf.DebertaV2Config,
        {
            "relative_attention": True,
            "position_buckets": 8,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "share_att_key": True,
            "max_position_embeddings": 64,
            "type_vocab_size": 0,
        },
    ),
    "xlnet": (
        lambda: unigram("$A:0 [SEP]:0 [CLS]:2"),
        hf.XLNetConfig,
        {"d_model": 16, "n_layer": 3, "n_head": 2, "d_inner": 32},
    ),
    "modernbert": (
        lambda: byte_level("[CLS] $A [SEP]"),
        hf.ModernBertConfig,
        {
            "max_position_embeddings": 64,
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "cls_token_id": 2,
            "sep_token_id": 3,
            "local_attention": 8,
        },
    ),
    "gpt2": (
        lambda: byte_level(""),
        hf.GPT2Config,
        {"n_embd": 16, "n_layer": 3, "n_head": 2, "n_positions": 64, "bos_token_id": 2, "eos_token_id": 3},
    ),
    "llama": (
        lambda: byte_level("[CLS] $A"),
        hf.LlamaConfig,
        {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "pad_token_id": 0},
    ),
    "t5": (
        lambda: unigram("$A [SEP]"),
        hf.T5Config,
        {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 3, "num_heads": 2},
    ),
    "albert": (lambda: wordpiece(), hf.AlbertConfig, {"embedding_size": 8, "max_position_embeddings": 64}),
}
NAMES = tuple(FAMILIES)
LEADING = {"xlnet": 0, "gpt2": 0, "t5": 0}
TRAILING = {"xlnet": 2, "gpt2": 0, "llama": 0}


@cache
def encoder(name: str) -> Encoder:
    """A model of that family with random weights, larger than usual so that every part of it matters."""
    make_tokenizer, config, options = FAMILIES[name]
    backend = make_tokenizer()
    own = () if "n_layer" in options or "n_layers" in options or "num_layers" in options else SHAPE.items()
    settings = {**dict(own), **options, "vocab_size": backend.get_vocab_size()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = AutoModel.from_config(config(**settings))
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.data.normal_(std=0.15)
    if model.config.is_encoder_decoder:
        model = model.get_encoder()
    return Encoder.from_parts(model, fast(backend), name=name)


def fast(backend: Tokenizer, **options: object) -> PreTrainedTokenizerFast:
    """A transformers tokenizer around a backend."""
    copy = Tokenizer.from_str(backend.to_str())
    return PreTrainedTokenizerFast(tokenizer_object=copy, unk_token="[UNK]", pad_token="[PAD]", **options)
