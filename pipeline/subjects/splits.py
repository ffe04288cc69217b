"""What is asked of the splits of a treebank: sentences to score, and none that another split has already."""

import warnings
from collections.abc import Iterable, Mapping
from itertools import combinations

from treeprobe.parsing import Sentence, Treebank, TreebankError
from treeprobe.parsing.treebanks import Split

# Greetings and the like recur in every corpus: less than 1 % of the words of EWT's dev and test.
_TOLERATED = 0.05


class RepeatedSentences(UserWarning):
    """More than 5 % of the words of a split are in sentences that another split has too."""


def check_splits(splits: Mapping[Split, Treebank]) -> None:
    """Refuse splits that cannot serve: without a sentence of two words, or the same sentences twice.

    What trains, what chooses and what is reported must be different sentences: splits that share some are read with a
    RepeatedSentences warning.

    Raises:
        TreebankError: if a split has no sentence of two words or more, or is another split again.
    """
    for split, bank in splits.items():
        if all(len(sentence) < 2 for sentence in bank):
            raise TreebankError(
                f"{_place(bank)}: the {split} split has {len(bank)} sentences, none of two words or more; expected at "
                "least one"
            )
    for (earlier, first), (split, second) in combinations(splits.items(), 2):
        if first.digest == second.digest:
            raise TreebankError(
                f"{_place(second)}: the {split} treebank is the {earlier} treebank again; expected other sentences, as "
                "probes are not to be chosen or scored on the sentences that trained or chose them"
            )
        _warn_of_repeated(first, second, earlier, split)


def _warn_of_repeated(first: Treebank, second: Treebank, earlier: Split, split: Split) -> None:
    """Say how many sentences of the second split, word by word, are in the first, where they are many."""
    known = {sentence.words for sentence in first}
    repeated = [sentence for sentence in second if sentence.words in known]
    if _words(repeated) > _TOLERATED * _words(second):
        share = len(repeated) / len(second)
        warnings.warn(
            f"{_place(second)}: {len(repeated)} of {len(second)} sentences of {split} ({share:.1%}) are in {earlier} "
            f"too, such as {' '.join(repeated[0].words)!r}; expected other sentences, as scores on those that trained "
            "or chose probes say nothing of new ones",
            RepeatedSentences,
            stacklevel=2,
        )


def _words(sentences: Iterable[Sentence]) -> int:
    return sum(len(sentence) for sentence in sentences)


def _place(bank: Treebank) -> str:
    return str(bank.path or bank.name)
