"""The figures of `treeprobe heads`: behaviour by layer, grids, the map of heads, and heads at work on sentences."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from treeprobe.attention import Behaviour, HeadExample
from treeprobe.pipeline.results.file_names import file_names
from treeprobe.reporting import (
    attention_svg,
    behaviour_by_layer,
    best_head_examples,
    head_grid,
    head_map,
    head_name,
    new_figure,
    save_formats,
)

SHARES = ("punctuation", "same", "previous", "next")
TARGETS = {"same": "the word itself", "previous": "the previous word", "next": "the next word"}
QUANTITIES = {
    "entropy": "entropy (nats)",
    "offset": "mean offset (words)",
    "reach": "mean distance (words)",
    "position_share": "share explained by position",
    "uuas": "UUAS of the head's tree",
}
LOSSES = {
    "masked_lm_loss": "change of masked-LM loss (nats)",
    "uuas": "greatest change of UUAS",
}
PANELS, COLUMNS = 9, 3


def draw_heads(
    folder: Path,
    *,
    behaviour: Behaviour,
    tables: Mapping[str, pd.DataFrame],
    examples: Sequence[HeadExample],
    specials: Mapping[str, str],
) -> None:
    """Draw everything into `folder`, as PDF and PNG; single sentences also as SVG that stands alone.

    Args:
        tables: the tables of the analysis: heads, relations, and ablation where heads were cut.
        specials: which special tokens stand before and after a sentence: {"first_special": "[CLS]", ...}.
    """
    heads = tables["heads"]
    _draw_behaviour(folder / "behaviour", behaviour, {**specials, **{name: name for name in SHARES}})
    figure, axes = new_figure((4.5, 3.0))
    behaviour_by_layer({"entropy": behaviour.entropy}, axes, label="entropy (nats)")
    save_formats(figure, folder / "entropy-by-layer")
    for name, label in QUANTITIES.items():
        _draw_grid(folder / f"grid-{name.replace('_', '-')}", heads, name, label=label, signed=name == "offset")
    _draw_relations(folder, tables["relations"])
    _draw_map(folder, heads, specials=specials)
    _draw_examples(folder, examples)
    if "ablation" in tables:
        _draw_ablation(folder, tables["ablation"])


def _draw_behaviour(stem: Path, behaviour: Behaviour, labels: Mapping[str, str]) -> None:
    """A panel for each share of attention, each on a scale of its own: separators take most, all else little."""
    figure = Figure(figsize=(7.2, 2.2 * -(-len(labels) // COLUMNS)), layout="constrained")
    panels = figure.subplots(-(-len(labels) // COLUMNS), COLUMNS, squeeze=False).ravel()
    for panel, (name, label) in zip(panels, labels.items()):
        behaviour_by_layer({label: getattr(behaviour, name)}, panel, label="share of attention")
        panel.set_ylim(bottom=0)
        panel.set_title(f"to {TARGETS.get(name, label)}", fontsize=9)
    for panel in panels[len(labels) :]:
        panel.set_visible(False)
    save_formats(figure, stem)


def _draw_map(folder: Path, heads: pd.DataFrame, *, specials: Mapping[str, str]) -> None:
    """Heads by likeness, coloured by what takes half of their attention or by being best at a relation; the best heads
    are named with at most two of their relations."""
    shown = {name.replace("_", " "): label for name, label in specials.items()}
    kinds = heads["kind"].map(lambda kind: shown.get(kind, kind)).where(heads["best_at"] == "", "best at a relation")
    names = [
        f"{head_name(layer - 1, head - 1)} {', '.join(relations.split()[:2])}" if relations else ""
        for layer, head, relations in zip(heads["layer"], heads["head"], heads["best_at"])
    ]
    figure, axes = new_figure((5.0, 4.6))
    head_map(heads[["x", "y"]], axes, names=names, behaviours=kinds.tolist(), named=len(names))
    save_formats(figure, folder / "map")


def _draw_grid(stem: Path, heads: pd.DataFrame, column: str, *, label: str, signed: bool = False) -> None:
    """One quantity of all heads."""
    grid = heads.pivot(index="layer", columns="head", values=column).to_numpy(dtype=float)
    # The label stands along the scale, so that a grid of few layers is as high as its label is long.
    height = max(0.34 * grid.shape[0] + 1.0, 0.075 * len(label) + 0.5)
    figure, axes = new_figure((0.42 * grid.shape[1] + 1.4, height))
    head_grid(grid, axes, label=label, signed=signed)
    save_formats(figure, stem)


def _draw_relations(folder: Path, relations: pd.DataFrame, *, most: int = 8) -> None:
    """A grid of accuracies for each of the most frequent relations, dependents attending to heads."""
    to_head = relations[relations["direction"] == "to head"]
    frequent = to_head.groupby("relation")["n"].first().sort_values(ascending=False, kind="stable").index[:most]
    for relation, file in file_names(frequent).items():
        rows = to_head[to_head["relation"] == relation]
        _draw_grid(folder / f"relation-{file}", rows, "accuracy", label=f"{relation}: accuracy to head")


def _draw_examples(folder: Path, examples: Sequence[HeadExample]) -> None:
    """The best heads at work: of the most frequent relations in one figure, and each as an SVG of its own."""
    if not examples:
        return
    shown = examples[:PANELS]
    rows = -(-len(shown) // COLUMNS)
    longest = max(len(example.words) for example in shown)
    figure = Figure(figsize=(3.0 * COLUMNS, (0.16 * longest + 0.4) * rows), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    best_head_examples(shown, list(panels))
    save_formats(figure, folder / "best-heads")
    files = file_names(one.relation for one in examples)
    for one in examples:
        name = head_name(one.block, one.head)
        drawing = attention_svg(one.words, one.attention, marked=one.pairs, title=f"{one.relation}: head {name}")
        (folder / f"attention-{files[one.relation]}-{name}.svg").write_text(drawing, encoding="utf-8")


def _draw_ablation(folder: Path, ablation: pd.DataFrame) -> None:
    """What is lost without each head: masked-LM loss, and the UUAS of the probe that loses most."""
    for metric, label in LOSSES.items():
        rows = ablation[ablation["metric"] == metric]
        if rows.empty:
            continue
        # A probe at a head's own layer and those above it are all cut from it: the greatest change is shown.
        most = rows.loc[rows.groupby(["layer", "head"])["difference"].apply(lambda change: change.abs().idxmax())]
        _draw_grid(folder / f"ablation-{metric.replace('_', '-')}", most, "difference", label=label, signed=True)
