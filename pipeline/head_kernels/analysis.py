"""How much of a model's syntax is convolution: heads' kernels, what they explain, and what is left when they rule."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import save_file

from convolution import (
    KernelFit,
    LogitSplit,
    LogitSplitError,
    PositionCode,
    RelationHits,
    compare_codes,
    fit_kernels,
    measure_offsets,
    position_embeddings,
    random_code,
    relation_table,
    sinusoidal_code,
    split_logits,
)
from convolution.relations import RelationSums
from convolution.statistics import OffsetSums
from extraction import Encoder, extract, stream_attention
from parsing import Treebank, TreebankError, load_treebank
from parsing.punctuation import PunctuationRule
from pipeline.head_kernels.figures import write_convolution_figures
from pipeline.head_kernels.survival import (
    ProbePlan,
    chain_uuas,
    kernel_conditions,
    measure_blocks,
    measure_losses,
    measure_relation_survival,
    measure_retrained,
    measure_survival,
    survival_sentence,
)
from pipeline.record import Stopwatch, versions, write_record
from pipeline.staging import check_free, staged_folder


@dataclass(frozen=True)
class Convolution:
    """What `convolve` wrote and found; frames are the tables of the same names in `out`."""

    out: Path
    kernels: pd.DataFrame
    relations: pd.DataFrame
    survival: pd.DataFrame
    replacement: pd.DataFrame
    sentence: str
    """How much of the model's syntax survives, in words."""


def convolve(
    model: str | Path,
    treebank: str | Path | Treebank,
    out: str | Path,
    *,
    train: str | Path | Treebank | None = None,
    rank: int = 128,
    training: Mapping[str, Any] | None = None,
    retrain: bool = False,
    punctuation: PunctuationRule = "xpos",
    seed: int = 0,
    overwrite: bool = False,
    progress: bool = True,
) -> Convolution:
    """Fit every head's kernel over `treebank`, replace heads by them, and write tables and figures into `out`.

    Distance probes are trained on the intact model, on `train` or, without it, on the first three quarters of
    `treebank`, and scored on the rest of it (all of it when `train` is given), with each condition's states: intact,
    every head replaced by its own kernel, by uniform attention, and by the kernel of a random other head.

    Args:
        model: a checkpoint folder or hub name.
        rank: rank of the probes; `training` goes to `DistanceProbe` (epochs, batch_size, ...).
        retrain: also train probes on the states of the model whose heads are all replaced, by their own kernels and
            by uniform attention: what is there to be found, wherever it has moved.
        seed: of the random heads, masks and probes.

    Raises:
        TreebankError, CheckpointError: an input cannot be used; nothing was written.
        OutputError: `out` holds files, or cannot be written.
    """
    check_free(Path(out).absolute(), overwrite=overwrite)
    bank = treebank if isinstance(treebank, Treebank) else load_treebank(treebank, split="dev")
    seen, held = _split(bank, train)
    first = max(1, len(seen) // 8)
    plan = ProbePlan(seen[first:], seen[:first], held, rank, seed, punctuation, training or {})
    stopwatch, encoder = Stopwatch(), Encoder.from_pretrained(model)
    with staged_folder(out, overwrite=overwrite) as folder:
        with stopwatch.stage("word kernels and relations"):
            words, hits = measure_words(encoder, bank)
        with stopwatch.stage("subword kernels"):
            subwords = fit_kernels(measure_offsets(stream_attention(encoder, bank.words, level="subwords")))
        with stopwatch.stage("relation kernels"):
            relations = relation_table(hits, words.free, bank)
        with stopwatch.stage("logit split"):
            split = _split_or_none(encoder, bank)
        with stopwatch.stage("position codes"):
            codes, code_table = _codes_or_none(encoder, seed)
        with stopwatch.stage("probes"):
            probes = plan.fit(encoder, progress=progress)
        conditions = kernel_conditions(encoder, subwords.free, seed=seed)
        with stopwatch.stage("replacement"):
            intact = extract(encoder, held.words)
            survival, moved = measure_survival(plan, probes, encoder, intact, conditions)
            moved = pd.concat([moved, measure_blocks(plan, encoder, intact, subwords.free)], ignore_index=True)
            relation_survival = measure_relation_survival(encoder, bank, hits, conditions)
            losses = measure_losses(model, encoder, held, subwords.free, seed=seed)
        if retrain:
            with stopwatch.stage("probes of replaced models"):
                survival = pd.concat([survival, measure_retrained(plan, encoder, conditions)], ignore_index=True)
        floor = chain_uuas(held, punctuation)
        sentence = survival_sentence(survival, floor)
        tables = {
            "kernels": words.frame,
            "subword-kernels": subwords.frame,
            "relations": relations,
            "relation-survival": relation_survival,
            "survival": survival,
            "replacement": moved,
            **({} if split is None else {"logits": split.frame}),
            **({} if codes is None else {"position-codes": code_table}),
            **({} if losses is None else {"masked-lm": losses}),
        }
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
        save_kernels(folder / "kernels.safetensors", words=words, subwords=subwords)
        write_convolution_figures(folder / "figures", words, survival=survival, codes=codes or [], floor=floor)
        write_record(
            folder / "convolution.json",
            {
                "checkpoint": {"name": encoder.name, "path": str(model), "digest": encoder.digest},
                "treebank": {"name": bank.name, "path": bank.path, "sentences": len(bank), "digest": bank.digest},
                "probes": {"trained on": len(plan.train), "validated on": len(plan.validation), "scored on": len(held)},
                "options": {"rank": rank, "punctuation": punctuation, "seed": seed},
                "masked-LM loss": "no masked-LM head" if losses is None else "in masked-lm.csv",
                "logit split": "not defined for this architecture" if split is None else "in logits.csv",
                "position codes": "no position embeddings" if codes is None else "in position-codes.csv",
                "result": sentence,
                "seconds": stopwatch.seconds,
                "versions": versions(),
            },
        )
    return Convolution(Path(out), words.frame, relations, survival, moved, sentence)


def measure_words(encoder: Encoder, bank: Treebank) -> tuple[KernelFit, RelationHits]:
    """Kernels of every head between words, and its right guesses of relations, in one pass over the treebank."""
    offsets, relations = OffsetSums(), RelationSums(bank)
    for batch in stream_attention(encoder, bank.words):
        offsets.add(batch)
        relations.add(batch)
    return fit_kernels(offsets.result()), relations.result()


def save_kernels(path: Path, *, words: KernelFit, subwords: KernelFit) -> None:
    """Write every fitted kernel as arrays (layers, heads, offsets), with logarithms of weights."""
    arrays = {
        f"{level}.{form}.{part}": np.ascontiguousarray(getattr(getattr(fit, form), f"log_{part}"))
        for level, fit in (("words", words), ("subwords", subwords))
        for form in ("free", "quadratic")
        for part in ("offsets", "specials")
    }
    save_file(arrays, path, metadata={"span": json.dumps({"words": words.free.span, "subwords": subwords.free.span})})


def _split(bank: Treebank, train: str | Path | Treebank | None) -> tuple[Treebank, Treebank]:
    """Sentences to train probes on, and sentences to score them on."""
    if train is not None:
        return (train if isinstance(train, Treebank) else load_treebank(train)), bank
    seen = 3 * len(bank) // 4
    if seen < 2 or all(len(sentence) < 2 for sentence in bank[seen:]):
        raise TreebankError(
            f"{bank.path or bank.name}: {len(bank)} sentences are too few to train probes on three quarters of them; "
            "give a treebank to train on"
        )
    return bank[:seen], bank[seen:]


def _split_or_none(encoder: Encoder, bank: Treebank) -> LogitSplit | None:
    try:
        return split_logits(encoder, bank.words)
    except LogitSplitError:
        return None


def _codes_or_none(encoder: Encoder, seed: int) -> tuple[list[PositionCode] | None, pd.DataFrame]:
    try:
        learned = position_embeddings(encoder)
    except ValueError:
        return None, pd.DataFrame()
    shape = learned.shape
    codes = {
        "learned": learned,
        "sinusoidal": sinusoidal_code(shape[0], shape[1] + shape[1] % 2),
        "random": random_code(*shape, seed=seed),
    }
    return compare_codes(codes)
