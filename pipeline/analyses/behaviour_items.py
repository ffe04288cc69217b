"""Whether the trees recovered from minimal pairs' sentences have what each pair turns on, layer by layer."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from treeprobe.behaviour import (
    MinimalPair,
    WordFrequencies,
    association_table,
    covariates_of,
    critical_path,
    has_path,
    read_sentences,
)
from treeprobe.behaviour.choices import Written
from treeprobe.extraction import Reading, extract
from treeprobe.parsing.decoding.checks import groups_of_one_length
from treeprobe.parsing.decoding.spanning import prim
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SavedProbes
from treeprobe.pipeline.results.choices import HEADLINE
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.pipeline.words import is_punctuation
from treeprobe.reporting import association_by_layer, gain_by_layer, new_figure, save_formats

SENTENCES_AT_ONCE = 256
"""Sentences whose states are held: of BERT-base's 13 layers, 200 MB."""


@dataclass(frozen=True)
class ItemsFound:
    """What was found of the pairs' trees, and how it goes with the model's choices.

    Attributes:
        items: a row a pair and layer: pair, source, layer, path (edges of the critical path), linked (share of the
            seeds' trees that have all of it) and right.
        association: see `behaviour.association_table`.
        covariates: what the regressions know beside `linked`.
        layer: the layer that recovers trees best on dev, None where none is best.
    """

    items: pd.DataFrame
    association: pd.DataFrame
    covariates: Sequence[str]
    layer: int | None

    @property
    def details(self) -> dict[str, Any]:
        """What the record says."""
        return {"layer": self.layer, "covariates": list(self.covariates)}

    @property
    def sentence(self) -> str:
        """The result at the best layer for the source with the most pairs; empty where there is none."""
        shown = self.association[self.association["layer"] == self.layer]
        if shown.empty:
            return ""
        source = str(shown["source"].iloc[int(shown["n"].argmax())])
        found = shown[shown["source"] == source].set_index("measure")
        values = found["value"]
        named = "the grammar" if source == "grammar" else source
        if math.isnan(values["difference"]):
            share = f"{values['linked']:.1%} of the pairs of {named}"
            return f" The trees of layer {self.layer} have the edges in question in {share}."
        text = (
            f" Of the pairs of {named}, {values['right_linked']:.1%} are right where the tree of layer {self.layer}, "
            f"the best on dev, has the edges in question, and {values['right_unlinked']:.1%} where it has not"
        )
        if math.isnan(values["adjusted_log_odds_ratio"]):
            return f"{text}. There are too few on one side for a regression with {len(self.covariates)} covariates."
        ratio = np.exp([float(found[end]["adjusted_log_odds_ratio"]) for end in ("value", "low", "high")])
        return (
            f"{text}; beside {', '.join(self.covariates).replace('_', ' ')} the odds ratio is {ratio[0]:.2f} "
            f"({ratio[1]:.2f} to {ratio[2]:.2f})."
        )

    def draw(self, folder: Path) -> None:
        """For each source odds ratios by layer, and the gain over the covariates, where there are such."""
        drawings = {"association": ("log_odds_ratio", association_by_layer), "gain": ("gain", gain_by_layer)}
        for source, block in self.association.groupby("source", sort=False):
            for name, (measure, draw) in drawings.items():
                if block.loc[block["measure"] == measure, "value"].notna().any():
                    figure, axes = new_figure((5.2, 3.2))
                    draw(block, axes)
                    save_formats(figure, folder / f"{name}-{Path(str(source)).stem}")


def find_items(
    subject: Subject,
    saved: SavedProbes,
    pairs: Sequence[MinimalPair],
    table: pd.DataFrame,
    options: Options,
    *,
    frequencies: WordFrequencies | None,
) -> ItemsFound:
    """Recover the trees of the good sentences at every layer that has probes, and join them with the choices.

    Args:
        saved: whose distance probes of the largest rank recover trees; each seed has its own.
        pairs, table: what `score_pairs` was given and returned.
        frequencies: of words in the training text, where there is one.
    """
    paths = [critical_path(pair) for pair in pairs]
    kept = [bool(path) and not reason for path, reason in zip(paths, table["left_out"])]
    sentences: dict[Written, list[int]] = {}
    for number, pair in enumerate(pairs):
        if kept[number]:
            sentences.setdefault(read_sentences([pair], natural=options.text == "natural")[0], []).append(number)
    layers = sorted({probe.layer for probe in saved.distance if probe.layer is not None})
    linked = {layer: np.full(len(pairs), np.nan) for layer in layers}
    with subject.stage("recover trees of pairs"):
        written = list(sentences)
        for start in range(0, len(written), SENTENCES_AT_ONCE):
            some = written[start : start + SENTENCES_AT_ONCE]
            for layer, trees in _trees(subject, saved, some, layers, options):
                for one, found in zip(some, trees):
                    for number in sentences[one]:
                        linked[layer][number] = np.mean([has_path(heads, paths[number]) for heads in found])
    with subject.stage("associate"):
        covariates = covariates_of(table, pairs, frequencies=frequencies)
        association = association_table(table, pairs, linked, covariates=covariates, metric=HEADLINE)
    known = [number for number, keep in enumerate(kept) if keep]
    described = table.loc[known, ["pair", "source"]].assign(path=[len(paths[number]) for number in known])
    right = table.loc[known, f"{HEADLINE}_right"]
    parts = [described.assign(layer=layer, linked=found[known], right=right) for layer, found in linked.items()]
    return ItemsFound(
        pd.concat(parts, ignore_index=True)[["pair", "source", "layer", "path", "linked", "right"]],
        association,
        [str(name) for name in covariates if covariates[name].nunique() > 1],
        saved.record["details"]["best_layer"],
    )


def _trees(
    subject: Subject, saved: SavedProbes, sentences: Sequence[Written], layers: Sequence[int], options: Options
) -> Iterator[tuple[int, list[list[NDArray[np.int64]]]]]:
    """Of each layer, the heads of every sentence's trees, one for each seed; punctuation is left out of them."""
    states = extract(
        subject.encoder,
        [words for words, _ in sentences],
        space_after=[spaces for _, spaces in sentences] if options.text == "natural" else None,
        reading=Reading(layers=layers, pooling=options.pooling, context=options.context),
    )
    marks = [np.array([is_punctuation(word) for word in words]) for words, _ in sentences]
    for layer in layers:
        seeds = [_spanned(probe.predict(states), marks) for probe in saved.distance if probe.layer == layer]
        yield layer, [list(trees) for trees in zip(*seeds)]


def _spanned(distances: Sequence[NDArray[Any]], left_out: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.int64]]:
    """The heads of each sentence's minimum spanning tree over the words that are not left out."""
    heads: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(distances)
    for group in groups_of_one_length([len(mark) for mark in left_out]):
        found = prim(
            np.stack([distances[number] for number in group]), left_out=np.stack([left_out[number] for number in group])
        )
        for number, tree in zip(group, found):
            heads[number] = tree
    return heads
