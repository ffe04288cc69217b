"""The figures of `treeprobe heads`: behaviour by layer, grids, the map of heads, and heads at work on sentences."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from attention import Behaviour, Example
from reporting import new_figure, save_formats
from reporting.attention_svg import attention_svg
from reporting.grids import head_grid
from reporting.head_attention import HeadExample, best_head_examples
from reporting.heads import behaviour_by_layer, head_map, head_name

SHARES = ("first_special", "last_special", "punctuation", "same", "previous", "next")
QUANTITIES = {
    "entropy": "entropy (nats)",
    "offset": "mean offset (words)",
    "reach": "mean distance (words)",
    "position_share": "share explained by position",
    "uuas": "UUAS of the head's tree",
}
COLUMNS = 3


def draw_heads(
    folder: Path, behaviour: Behaviour, heads: pd.DataFrame, relations: pd.DataFrame, examples: Sequence[Example]
) -> None:
    """Draw everything into `folder`, as PDF and PNG; single sentences also as SVG that stands alone."""
    folder.mkdir()
    figure, axes = new_figure((6.0, 3.6))
    behaviour_by_layer({name.replace("_", " "): getattr(behaviour, name) for name in SHARES}, axes)
    save_formats(figure, folder / "behaviour")
    figure, axes = new_figure((4.5, 3.0))
    behaviour_by_layer({"entropy": behaviour.entropy}, axes, label="entropy (nats)")
    save_formats(figure, folder / "entropy-by-layer")
    for name, label in QUANTITIES.items():
        draw_grid(folder / f"grid-{name.replace('_', '-')}", heads, name, label=label)
    draw_relations(folder, relations)
    figure, axes = new_figure((5.0, 4.4))
    names = [head_name(layer - 1, head - 1) for layer, head in zip(heads["layer"], heads["head"])]
    head_map(heads[["x", "y"]], axes, names=names, behaviours=heads["kind"].tolist())
    save_formats(figure, folder / "map")
    draw_examples(folder, examples)


def draw_grid(stem: Path, heads: pd.DataFrame, column: str, *, label: str) -> None:
    """One quantity of all heads."""
    grid = heads.pivot(index="layer", columns="head", values=column).to_numpy(dtype=float)
    figure, axes = new_figure((0.42 * grid.shape[1] + 1.4, 0.34 * grid.shape[0] + 1.0))
    head_grid(grid, axes, label=label, signed=column == "offset")
    save_formats(figure, stem)


def draw_relations(folder: Path, relations: pd.DataFrame, *, most: int = 8) -> None:
    """A grid of accuracies for each of the most frequent relations, dependents attending to heads."""
    to_head = relations[relations["direction"] == "to head"]
    frequent = to_head.groupby("relation")["n"].first().sort_values(ascending=False, kind="stable").index[:most]
    for relation in frequent:
        rows = to_head[to_head["relation"] == relation]
        draw_grid(folder / f"relation-{relation}", rows, "accuracy", label=f"{relation}: share of heads found")


def draw_examples(folder: Path, examples: Sequence[Example]) -> None:
    """The best heads at work: all in one figure, and each as an SVG of its own."""
    if not examples:
        return
    rows = -(-len(examples) // COLUMNS)
    longest = max(len(example.words) for example in examples)
    figure = Figure(figsize=(3.0 * COLUMNS, (0.16 * longest + 0.4) * rows), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    shown = [HeadExample(one.relation, one.layer, one.head, one.words, one.attention, one.pairs) for one in examples]
    best_head_examples(shown, list(panels))
    save_formats(figure, folder / "best-heads")
    for one in examples:
        name = head_name(one.layer, one.head)
        drawing = attention_svg(one.words, one.attention, marked=one.pairs, title=f"{one.relation}: head {name}")
        (folder / f"attention-{one.relation}-{name}.svg").write_text(drawing, encoding="utf-8")
