"""A WordPiece tokenizer like BERT's, trained on a text, the same in every process."""

from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def train_tokenizer(texts: Iterable[str], *, vocabulary_size: int, max_subwords: int) -> PreTrainedTokenizerFast:
    """Train a lower-casing WordPiece tokenizer with BERT's special tokens.

    The same texts give the same subwords with the same ids.

    Args:
        texts: sentences.
        vocabulary_size: most subwords, special tokens among them.
        max_subwords: the length to which the tokenizer truncates when asked to.
    """
    return as_berts(train_vocabulary(list(texts), size=vocabulary_size), max_subwords=max_subwords)


def word_tokenizer(words: Iterable[str], *, max_subwords: int) -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary is some lower-cased words, each one token; any other word is [UNK].

    Args:
        words: their order does not matter.
        max_subwords: as in `train_tokenizer`.
    """
    return as_berts({word: i for i, word in enumerate((*SPECIAL_TOKENS, *sorted(words)))}, max_subwords=max_subwords)


def as_berts(vocabulary: dict[str, int], *, max_subwords: int) -> PreTrainedTokenizerFast:
    """BERT's tokenizer with a vocabulary, which begins with `SPECIAL_TOKENS`."""
    tokenizer = _bert_tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    separator, beginning = (("[SEP]", SPECIAL_TOKENS.index("[SEP]")), ("[CLS]", SPECIAL_TOKENS.index("[CLS]")))
    tokenizer.post_processor = processors.BertProcessing(separator, beginning)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_subwords,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL_TOKENS)),
    )


def train_vocabulary(texts: Sequence[str], *, size: int) -> dict[str, int]:
    """Learn a WordPiece vocabulary of at most `size` subwords: subword to id, special tokens first.

    The trainer breaks ties between merges by the ids of their parts, and gives ids to the characters that continue a
    word in the order of a hash table, which differs from run to run. Naming those characters beforehand, sorted, makes
    both the same in every process.
    """
    learner = _bert_tokenizer(models.WordPiece(unk_token="[UNK]"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[*SPECIAL_TOKENS, *(f"##{character}" for character in _continuing_characters(learner, texts))],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    return dict(sorted(learner.get_vocab().items(), key=lambda item: item[1]))


def _continuing_characters(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """Every character that occurs in a word after its first, sorted."""
    found: set[str] = set()
    for text in texts:
        normalized = tokenizer.normalizer.normalize_str(text)
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized):
            found.update(word[1:])
    return sorted(found)


def _bert_tokenizer(model: models.WordPiece) -> Tokenizer:
    """A tokenizer that lower-cases and splits at white space and punctuation, as BERT's does."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer
