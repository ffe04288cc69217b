"""Small tokenizers of every kind, learnt from a few sentences: for models with random weights."""

from functools import cache

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from treeprobe.training.tokenizer import SPECIAL_TOKENS, train_vocabulary

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
"""Sentences of one and several subwords a word, the shortest of one word."""


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
        vocab_size=400,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
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
    trainer = trainers.BpeTrainer(vocab_size=120, special_tokens=list(SPECIAL_TOKENS), show_progress=False)
    learner.train_from_iterator(CORPUS, trainer)
    numbers = learner.get_vocab()
    pieces = sorted(numbers, key=numbers.__getitem__)
    scores = [(piece, -i / 10) for i, piece in enumerate(pieces)]
    tokenizer.model = models.Unigram(scores, SPECIAL_TOKENS.index("[UNK]"))
    return _around(tokenizer, template)


def _around(tokenizer: Tokenizer, template: str, *, trim: bool = False) -> Tokenizer:
    """The tokenizer with special tokens around each sentence."""
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    around = processors.TemplateProcessing(single=template, special_tokens=ids)
    if trim:
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), around])
    else:
        tokenizer.post_processor = around
    return tokenizer


def fast(backend: Tokenizer, **options: object) -> PreTrainedTokenizerFast:
    """A transformers tokenizer around a copy of a backend."""
    copy = Tokenizer.from_str(backend.to_str())
    return PreTrainedTokenizerFast(tokenizer_object=copy, unk_token="[UNK]", pad_token="[PAD]", **options)
