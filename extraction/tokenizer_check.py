"""Whether a tokenizer can read text for a model: what a folder without tokenizer files gives cannot."""

from collections.abc import Iterator

from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from treeprobe.extraction.checkpoint import CheckpointError

EXPECTED = (
    "expected tokenizer files beside the weights (tokenizer.json, or vocab.txt, or vocab.json and merges.txt): save "
    "the tokenizer in the same folder"
)


def check_tokenizer(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str) -> None:
    """Refuse a tokenizer that reads every text as unknown, or that has entries which the model cannot embed.

    Where a checkpoint's folder holds no tokenizer files, transformers makes a tokenizer of special tokens alone: every
    word is then unknown or has no subword, and every vector the same.

    Raises:
        CheckpointError: it is such a tokenizer.
    """
    backend: Tokenizer = tokenizer.backend_tokenizer
    special = {*tokenizer.all_special_tokens, *(str(token) for token in tokenizer.get_added_vocab())}
    if not any(_has_letters(token) for token in _ordinary(backend, special)):
        raise CheckpointError(
            f"the tokenizer of checkpoint {name} has no entry with a letter ({backend.get_vocab_size()} in all), so "
            f"that it reads every word as unknown; {EXPECTED}"
        )
    rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    largest = max(_ids_in_use(backend, tokenizer))
    if rows is not None and largest >= rows:
        raise CheckpointError(
            f"the tokenizer of checkpoint {name} numbers its entries up to {largest}, but the model has {rows} "
            "embeddings; expected the tokenizer that the model was trained with"
        )


def _ordinary(backend: Tokenizer, special: set[str]) -> Iterator[str]:
    """The entries of a vocabulary that are no special tokens."""
    for number in range(backend.get_vocab_size(with_added_tokens=False)):
        token = backend.id_to_token(number)
        if token is not None and token not in special:
            yield token


def _has_letters(token: str) -> bool:
    """Whether an entry holds a letter or a digit of any script; "▁" and punctuation alone read no word."""
    return any(character.isalnum() for character in token)


def _ids_in_use(backend: Tokenizer, tokenizer: PreTrainedTokenizerBase) -> Iterator[int]:
    """The last entry of the vocabulary, special tokens around a text, and whatever else was added to be read.

    Tokens for padding and masking that were added without an embedding are never read, and do no harm.
    """
    yield backend.get_vocab_size(with_added_tokens=False) - 1
    yield from backend.encode("", add_special_tokens=True).ids
    special = set(tokenizer.all_special_tokens)
    yield from (number for token, number in tokenizer.get_added_vocab().items() if token not in special)
