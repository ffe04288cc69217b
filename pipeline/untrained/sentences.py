"""The sentences that every method reads."""

import numpy as np

from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text
from treeprobe.parsing import Treebank, TreebankError
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.probes.states import evenly_spaced


def parsed_sentences(subject: Subject, options: Options) -> tuple[Subject, dict[Split, int]]:
    """The same subject with as many sentences of each split as were asked for, spread evenly over those that every
    method can read: which fit the model, and whose subwords all belong to words.

    Returns:
        The subject, and how many sentences of each split no method could have read.

    Raises:
        TreebankError: there is none of a split.
    """
    splits, left_out = dict(subject.splits), {}
    for split in subject.scored:
        bank = subject.splits[split]
        found = Subwords.of(subject.encoder, Text(bank.words, spaces(bank, options)), any_length=True)
        owned = np.append(found.alignment.first_words >= 0, True)
        whole = np.logical_and.reduceat(owned, found.alignment.subword_bounds[:-1])
        counts = np.diff(found.alignment.subword_bounds)
        readable = np.flatnonzero(~found.too_long & whole & (counts > 0))
        if not len(readable):
            raise TreebankError(
                f"{bank.path or bank.name}: {subject.encoder.name} can read none of its {len(bank)} sentences in one "
                "piece; expected shorter ones"
            )
        chosen = readable[evenly_spaced(len(readable), most=min(options.sentences, len(readable)))]
        splits[split] = Treebank([bank[int(number)] for number in chosen], name=bank.name, path=bank.path)
        left_out[split] = len(bank) - len(readable)
    return subject.with_splits(splits), left_out
