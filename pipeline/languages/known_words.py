"""How much of each language a tokenizer knows."""

import pandas as pd

from treeprobe.extraction import CheckpointError, Reading, alignment_report
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.languages import joined_splits
from treeprobe.pipeline.subjects.subject import Subject, spaces


def language_table(subject: Subject, options: Options) -> pd.DataFrame:
    """Sentences and words of each language in each split, and how many the tokenizer does not know or drops.

    Raises CheckpointError for a language of which it knows no word.
    """
    rows = []
    for split, joined in joined_splits(subject.splits).items():
        for name in joined.languages:
            bank = joined.part(name)
            reading = Reading(pooling=options.pooling)
            report = alignment_report(subject.encoder, bank.words, reading=reading, space_after=spaces(bank, options))
            lost = len(report.unknown) + len(report.dropped)
            if lost >= report.words:
                raise CheckpointError(
                    f"the tokenizer of {subject.encoder.name} knows none of the {report.words:,} words of {name} "
                    f"({split}); expected a checkpoint of all the languages"
                )
            rows.append(
                {"language": name, "split": split, "sentences": len(bank), "words": report.words, "unknown": lost}
            )
    return pd.DataFrame(rows)
