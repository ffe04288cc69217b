"""How well a language model predicts held-out text: its loss a subword, and its perplexity."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.behaviour import word_scores
from treeprobe.extraction import LanguageModel, language_model, masked_lm_losses
from treeprobe.extraction.subwords import Subwords
from treeprobe.extraction.text import Text
from treeprobe.parsing import Tally, Treebank
from treeprobe.parsing.scores import micro
from treeprobe.parsing.treebanks import document_numbers
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import Closing, Findings
from treeprobe.pipeline.results.scores import Measurement, Setting
from treeprobe.pipeline.results.tally_files import write_tallies
from treeprobe.pipeline.subjects.subject import Subject, spaces

LOSS = "loss"
"""Nats a predicted subword."""

PREDICTED = {
    "masked": "masked subwords, seen from both sides",
    "next": "every subword, seen from the left",
}
"""What the loss is of, by what the model predicts; the two are different quantities."""


def perplexity(subject: Subject, options: Options) -> Findings:
    """Measure the loss of the checkpoint's own objective on every scored split; perplexity is e to its power.

    A masked model predicts 15 % of each sentence's subwords, every one shown as the mask, the same ones in every model
    of one tokenizer (`masked_lm_losses`). Another model predicts every subword from those before it; a sentence longer
    than it takes is left out. Losses compare models of one vocabulary and one objective, and no others.

    Raises:
        CheckpointError: the checkpoint has no language-model head.
        ValueError: no sentence has a subword to predict.
    """
    model = language_model(subject.source, subject.encoder)
    measurements, rows = [], []
    for split in subject.scored:
        bank = subject.splits[split]
        with subject.stage(f"predict {split}"):
            tally = loss_tally(model, bank, options, progress=subject.progress is True)
        setting = Setting(subject.encoder.name, bank.name, split, model.prediction)
        measurements.append(Measurement(setting, {LOSS: tally}))
        rows.append(_row(setting, tally))
    table = pd.DataFrame(rows)
    return Findings(
        summary=_summary(subject, table.iloc[-1]),
        tables={"perplexity": table},
        artefacts={"tallies": partial(write_tallies, measurements=measurements, edges={})},
        details={"prediction": model.prediction},
        closing=Closing(table.to_string(index=False, float_format="{:.3f}".format), table),
    )


def loss_tally(model: LanguageModel, bank: Treebank, options: Options, *, progress: bool = False) -> Tally:
    """The loss of each sentence, summed over the subwords that are predicted, and how many these are."""
    encoder, space_after = model.encoder, spaces(bank, options)
    if model.prediction == "masked":
        sums, counts = masked_lm_losses(encoder, bank.words, space_after=space_after)
    else:
        subwords = Subwords.of(encoder, Text.checked(bank.words, space_after), any_length=True)
        lengths = np.diff(subwords.alignment.subword_bounds)
        counts = np.where(subwords.too_long, 0, lengths)
        read = np.flatnonzero(counts).tolist()
        scores = word_scores(
            model,
            [bank[number].words for number in read],
            space_after=None if space_after is None else [space_after[number] for number in read],
            progress=progress,
        )
        sums = np.zeros(len(bank))
        sums[read] = [-np.nansum(words) for words in scores]
    if not counts.sum():
        raise ValueError(f"{bank.path or bank.name}: no subword to predict; expected a sentence that the model takes")
    return micro(LOSS, sums, counts, documents=document_numbers(bank))


def _row(setting: Setting, tally: Tally) -> dict[str, Any]:
    """The loss and the perplexity of a split, with their 95 % intervals."""
    score = tally.score()
    loss = {"loss": score.value, "low": score.low, "high": score.high}
    powers = {
        name: float(np.exp(value))
        for name, value in zip(("perplexity", "perplexity_low", "perplexity_high"), loss.values())
    }
    where = {"checkpoint": setting.checkpoint, "treebank": setting.treebank, "split": setting.split}
    return {**where, "prediction": setting.probe, **loss, **powers, "n": score.n}


def _summary(subject: Subject, row: "pd.Series[float]") -> str:
    """The result in one sentence."""
    return (
        f"{subject.encoder.name}: perplexity {row['perplexity']:.1f} on {row['split']} ({row['treebank']}), "
        f"95 % interval {row['perplexity_low']:.1f} to {row['perplexity_high']:.1f}, of {row['n']:,} subwords: "
        f"{PREDICTED[str(row['prediction'])]}."
    )
