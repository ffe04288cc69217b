"""The text of a treebank as BERT's training examples: a vocabulary, and pairs of sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from parsing import Sentence

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Pair:
    """Two sentences; `random` when the second does not follow the first in the text."""

    first: str
    second: str
    random: bool


def train_tokenizer(texts: Iterable[str], *, vocabulary: int, max_subwords: int) -> PreTrainedTokenizerFast:
    """A lower-case WordPiece tokenizer of at most `vocabulary` subwords, with BERT's special tokens."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, min_frequency=2, special_tokens=list(SPECIALS), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    separator, beginning = (("[SEP]", SPECIALS.index("[SEP]")), ("[CLS]", SPECIALS.index("[CLS]")))
    tokenizer.post_processor = processors.BertProcessing(separator, beginning)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_subwords,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS)),
    )


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
