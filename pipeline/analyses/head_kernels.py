"""What the heads of a checkpoint do as they are: kernels and what these explain, relations, logits, position codes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from treeprobe.attention import RelationCounts, best_heads, offset_baseline
from treeprobe.attention.relations import RelationTally, relations_of
from treeprobe.convolution import (
    KernelFit,
    LogitSplit,
    LogitSplitError,
    PositionCode,
    beyond_kernels,
    compare_codes,
    fit_kernels,
    measure_offsets,
    random_code,
    sinusoidal_code,
    split_logits,
)
from treeprobe.convolution.statistics import OffsetTally
from treeprobe.extraction import Encoder, position_embeddings
from treeprobe.parsing import Treebank
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject


@dataclass(frozen=True)
class HeadKernels:
    """Heads whose attention nobody has touched."""

    bank: Treebank
    """The sentences whose attention they were fitted to."""
    words: KernelFit
    """Kernels between words, which figures and tables show."""
    subwords: KernelFit
    """Kernels between subwords, which is what the model attends between."""
    counts: RelationCounts
    """Edges that heads find."""
    relations: pd.DataFrame
    """The best head of each relation and direction, and what kernels find of the same edges."""
    logits: LogitSplit | None
    """None where the architecture has no such split."""
    codes: Sequence[PositionCode]
    """Empty where the model has no table of position embeddings."""
    code_table: pd.DataFrame
    left_out: Sequence[int]
    """Sentences longer than the model takes."""

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that there are, by name."""
        return {
            "kernels": self.words.frame,
            "subword-kernels": self.subwords.frame,
            "relations": self.relations,
            **({} if self.logits is None else {"logits": self.logits.frame}),
            **({"position-codes": self.code_table} if self.codes else {}),
        }

    def save(self, path: Path) -> None:
        """Write every fitted kernel as arrays (layers, heads, offsets), with logarithms of weights."""
        arrays = {
            f"{level}.{form}.{part}": np.ascontiguousarray(getattr(getattr(fit, form), f"log_{part}"))
            for level, fit in (("words", self.words), ("subwords", self.subwords))
            for form in ("free", "quadratic")
            for part in ("offsets", "specials")
        }
        spans = {"words": self.words.free.span, "subwords": self.subwords.free.span}
        save_file(arrays, path, metadata={"span": json.dumps(spans)})


def fit_heads(subject: Subject, options: Options) -> HeadKernels:
    """Pass over attention between words and between subwords, and find what follows from the sums.

    Raises RelationError, before any pass, when the treebank has no edges or names no relations.
    """
    encoder, bank = subject.encoder, subject.splits["dev"]
    offsets, relations = OffsetTally(), RelationTally(relations_of(bank))
    with subject.stage("word kernels and relations"):
        stream = subject.attention(bank, options)
        for batch in stream:
            offsets.update(batch)
            relations.update(batch, bank)
        words, counts = fit_kernels(offsets.result()), relations.result()
    with subject.stage("subword kernels"):
        subwords = fit_kernels(measure_offsets(subject.attention(bank, options, level="subwords")))
    with subject.stage("relation kernels"):
        left_out = set(stream.report.skipped)
        read = [sentence for number, sentence in enumerate(bank) if number not in left_out]
        table = beyond_kernels(best_heads(counts, offset_baseline(counts)), words.free, read)
    with subject.stage("logit split"):
        logits = _split_or_none(encoder, bank)
    with subject.stage("position codes"):
        codes, code_table = _codes(encoder, seed=options.seeds[0])
    return HeadKernels(bank, words, subwords, counts, table, logits, codes, code_table, stream.report.skipped)


def _split_or_none(encoder: Encoder, bank: Treebank) -> LogitSplit | None:
    """The split of the first block's scores, where the architecture has one."""
    try:
        return split_logits(encoder, bank.words)
    except LogitSplitError:
        return None


def _codes(encoder: Encoder, *, seed: int) -> tuple[Sequence[PositionCode], pd.DataFrame]:
    """The learned code beside sinusoids and random vectors; nothing where positions have no embeddings."""
    try:
        learned = position_embeddings(encoder)
    except ValueError:
        return [], pd.DataFrame()
    positions, dim = learned.shape
    return compare_codes(
        {
            "learned": learned,
            "sinusoidal": sinusoidal_code(positions, dim + dim % 2),
            "random": random_code(positions, dim, seed=seed),
        }
    )
