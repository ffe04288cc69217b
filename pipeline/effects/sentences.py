"""The sentences that effects are measured on, and those that interventions are fitted on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from treeprobe.extraction import Encoder
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text
from treeprobe.parsing import Treebank, TreebankError
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.probes.states import evenly_spaced

Words = Sequence[Sequence[str]]
Spaces = Sequence[Sequence[bool]]

FITTED_ON = 4
"""Training sentences that probes and interventions are fitted on, for each sentence that effects are measured on."""

FEWEST = 20
"""Training sentences that are needed at least."""


def some_sentences(subject: Subject, options: Options) -> Subject:
    """The same subject with as many sentences as were asked for, spread evenly, of those that the model reads whole."""
    wanted = {"train": FITTED_ON * options.sentences, "dev": options.sentences}
    splits = {}
    for split in subject.splits:
        bank = subject.splits[split]
        longer = np.array([len(sentence) > 1 for sentence in bank])
        whole = np.flatnonzero(longer & read_whole(subject.encoder, bank.words, spaces(bank, options)))
        chosen = whole[evenly_spaced(len(whole), most=min(wanted[split], len(whole)))]
        if len(chosen) < (FEWEST if split == "train" else 2):
            raise TreebankError(
                f"{bank.path or bank.name}: {len(chosen)} sentences of which {subject.encoder.name} reads every word "
                f"in one piece; expected at least {FEWEST} of the training split and 2 of dev"
            )
        splits[split] = Treebank([bank[int(number)] for number in chosen], name=bank.name, path=bank.path)
    return subject.with_splits(splits)


def read_whole(encoder: Encoder, words: Words, space_after: Spaces | None) -> NDArray[np.bool_]:
    """(sentences,) whether a sentence fits the model, and each of its words has a subword of its own.

    Counterfactuals move all words of a sentence together.
    """
    found = Subwords.of(encoder, Text.checked(words, space_after), any_length=True)
    silent = np.logical_or.reduceat(~found.has_subwords, found.word_bounds[:-1])
    return ~found.too_long & ~silent
