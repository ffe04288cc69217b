"""The text of a treebank as BERT's training examples: a vocabulary, and pairs of sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from treeprobe.parsing import Sentence

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Pair:
    """Two sentences; `random` when the second does not follow the first in the text."""

    first: str
    second: str
    random: bool


def train_tokenizer(texts: Iterable[str], *, vocabulary: int, max_subwords: int) -> PreTrainedTokenizerFast:
    """A lower-case WordPiece tokenizer of at most `vocabulary` subwords, with BERT's special tokens.

    The same text gives the same subwords with the same numbers.
    """
    tokenizer = splitting_as_bert(models.WordPiece(train_vocabulary(list(texts), size=vocabulary), unk_token="[UNK]"))
    separator, beginning = (("[SEP]", SPECIALS.index("[SEP]")), ("[CLS]", SPECIALS.index("[CLS]")))
    tokenizer.post_processor = processors.BertProcessing(separator, beginning)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_subwords,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS)),
    )


def train_vocabulary(texts: Sequence[str], *, size: int) -> dict[str, int]:
    """The subwords that the texts are best spelled with, numbered; special tokens come first.

    The trainer breaks ties between merges by the numbers of their parts, and numbers what continues a word in the order
    of a hash table, which is another in every run. Naming those characters beforehand, in order, settles both.
    """
    learner = splitting_as_bert(models.WordPiece(unk_token="[UNK]"))
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[*SPECIALS, *(f"##{letter}" for letter in continuing_letters(learner, texts))],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    return dict(sorted(learner.get_vocab().items(), key=lambda item: item[1]))


def continuing_letters(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """Every character that stands in a word behind its first, in order."""
    found: set[str] = set()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text)
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal):
            found.update(word[1:])
    return sorted(found)


def splitting_as_bert(model: models.WordPiece) -> Tokenizer:
    """A tokenizer that makes text lower-case and splits it at spaces and punctuation, as BERT does."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def documents(sentences: Sequence[Sentence]) -> list[list[str]]:
    """The sentences' text by document, as `# newdoc` comments divide it; one document where there are none."""
    found: list[list[str]] = []
    for sentence in sentences:
        if not found or any(key.startswith("newdoc") for key in sentence.metadata):
            found.append([])
        found[-1].append(sentence.text)
    return found


def draw_pairs(texts: Sequence[Sequence[str]], generator: np.random.Generator) -> list[Pair]:
    """Every sentence that another follows, with that one or, half of the time, one of another document.

    Devlin et al. (2019), section 3.1, task 2; with a single document, the other sentence may be any but the next.
    """
    places = [(number, line) for number, text in enumerate(texts) for line in range(len(text) - 1)]
    return [pair_at(texts, number, line, generator) for number, line in places]


def pair_at(texts: Sequence[Sequence[str]], number: int, line: int, generator: np.random.Generator) -> Pair:
    """The pair that begins at a line of a document."""
    first, following = texts[number][line], texts[number][line + 1]
    if generator.random() < 0.5:
        return Pair(first, following, random=False)
    while True:
        other = int(generator.integers(len(texts)))
        place = int(generator.integers(len(texts[other])))
        if other != number or (len(texts) == 1 and place != line + 1):
            return Pair(first, texts[other][place], random=True)
