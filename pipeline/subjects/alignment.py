"""How the words of a subject meet its tokenizer: counted for the record, and warned of or refused beforehand."""

import warnings
from collections.abc import Mapping

from treeprobe.extraction import AlignmentReport, CheckpointError, Reading, alignment_report
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject, spaces

WARNED_SHARE = 0.05
"""Share of a split's words above which unknown or dropped ones are warned of."""
_EXAMPLES = 3


class AlignmentWarning(UserWarning):
    """Many words that a checkpoint's tokenizer does not know, or drops."""


def check_alignment(subject: Subject, options: Options) -> dict[Split, dict[str, int]]:
    """The counts of every split's alignment, for the record. Takes a pass of the tokenizer, none of the model.

    Warns where more than `WARNED_SHARE` of a split's words are unknown or dropped.

    Raises:
        CheckpointError: every word of a split is unknown or dropped, so that its vectors say nothing of the words.
    """
    reports = {
        split: alignment_report(
            subject.encoder, bank.words, reading=Reading(pooling=options.pooling), space_after=spaces(bank, options)
        )
        for split, bank in subject.splits.items()
    }
    for split, report in reports.items():
        if _lost(report) >= report.words:
            raise CheckpointError(
                f"the tokenizer of {subject.encoder.name} knows none of the {report.words:,} words of {split} "
                f"({subject.splits[split].name}), such as {_examples(report)}; expected a checkpoint of the treebank's "
                "language"
            )
    if any(_lost(report) > WARNED_SHARE * report.words for report in reports.values()):
        warnings.warn(_warning(subject, reports), AlignmentWarning, stacklevel=3)
    return {split: report.counts for split, report in reports.items()}


def lost_share(counts: Mapping[str, int]) -> float:
    """Share of the words that are unknown or dropped, from counts in a record."""
    return (counts["unknown"] + counts["dropped"]) / max(1, counts["words"])


def _lost(report: AlignmentReport) -> int:
    return len(report.unknown) + len(report.dropped)


def _warning(subject: Subject, reports: Mapping[Split, AlignmentReport]) -> str:
    counted = [
        f"{len(report.unknown):,} of {report.words:,} words of {split} ({len(report.unknown) / report.words:.1%})"
        + (f", and drops {len(report.dropped):,}" if report.dropped else "")
        for split, report in reports.items()
    ]
    worst = max(reports.values(), key=lambda report: _lost(report) / report.words)
    return (
        f"the tokenizer of {subject.encoder.name} does not know {'; '.join(counted)}: {_examples(worst)}. Vectors of "
        "unknown words say little of them, those of dropped words are zero; is it a checkpoint of the treebank's "
        "language?"
    )


def _examples(report: AlignmentReport) -> str:
    """A few of the words that are lost, each once."""
    texts = dict.fromkeys(text for _, _, text in (*report.unknown, *report.dropped))
    return ", ".join(repr(text) for text in list(texts)[:_EXAMPLES])
